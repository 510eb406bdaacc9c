/** Files of a conversation: handed to the client with a small picture, taken from it when opened. */

import type { SendFileOptions } from "../client/client.ts";
import { copy } from "../core/bytes.ts";
import { Code, VisavisError } from "../core/errors.ts";
import { SHOWN_TYPES } from "../core/file_type.ts";
import type { LiveModel } from "./live_model.ts";
import { messageOf } from "./live_people.ts";
import type { FileActions, FileStep } from "./model_actions.ts";

const EDGE = 96;
const QUALITY = 0.6;

export function fileActions(model: LiveModel): FileActions {
  return {
    async send(id, file, onStep, signal) {
      const how = await sendingOf(file, onStep, signal);
      await model.client().sendFile(model.contact(id), file, file.name, how);
    },
    async open(entry, onStep, signal) {
      const message = messageOf(entry);
      if (message === undefined) throw new VisavisError(Code.EXPIRED);
      const file = await model.client().openFile(message, {
        onProgress: ({ step, done, total }) => onStep(stepOf(step, done, total)),
        signal,
      });
      // Only types that a browser shows without running anything; all others are saved.
      return { file, shown: [...SHOWN_TYPES].some((type) => type === file.type) };
    },
  };
}

/** Return how a file is sent: with a small picture of it, if it is one, and telling how far it is. */
export async function sendingOf(
  file: File,
  onStep: (step: FileStep) => void,
  signal: AbortSignal,
): Promise<SendFileOptions> {
  const thumbnail = await smallPicture(file, EDGE, QUALITY);
  return {
    ...(thumbnail && { thumbnail: copy(new Uint8Array(await thumbnail.arrayBuffer())) }),
    onProgress: ({ step, done, total }) => onStep(stepOf(step, done, total)),
    signal,
  };
}

function stepOf(step: string, done: number, total: number): FileStep {
  // A browser tells nothing of an upload under way, but in XMLHttpRequest: and that one sends what
  // is anonymous over connections that carried an account's credential (CK-554).
  const part = step === "sending" || total === 0 ? undefined : done / total;
  return { sending: step === "sending", part };
}

/**
 * Return a small JPEG made from the pixels alone, so nothing else of the picture is in it; undefined,
 * if it is no picture that this browser reads.
 *
 * @param edge The longer side at most, in pixels.
 * @param quality 0 to 1. Higher: larger, and closer to what it was.
 */
export async function smallPicture(
  file: File,
  edge: number,
  quality: number,
): Promise<Blob | undefined> {
  if (!file.type.startsWith("image/")) return undefined;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
    const width = Math.max(1, Math.round(picture.width * scale));
    const height = Math.max(1, Math.round(picture.height * scale));
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, width, height);
    picture.close();
    return await canvas.convertToBlob({ type: "image/jpeg", quality });
  } catch {
    return undefined;
  }
}
