/** What a blurred background is to who uses it. */

import type { BlurFigures } from "./blur_protocol.ts";

/** Who blurs: the browser or the system below it, a worker of ours, or nobody can. */
export type BlurredBy = "browser" | "own" | "none";

export const BlurTrouble = {
  /** The person cannot be told from the room: the whole picture is blurred and stays so. */
  WHOLE: "whole",
  /** No picture is sent any more: blurring failed, or the worker died. */
  NO_PICTURE: "no_picture",
  /**
   * The browser's own blur was switched off from outside (the system's camera menu). The track has
   * ended; start again with `own: true`.
   */
  SWITCHED_OFF: "switched_off",
} as const;

export type BlurTrouble = (typeof BlurTrouble)[keyof typeof BlurTrouble];

/** A camera's track with a blurred background. */
export type BlurredBackground = Readonly<{
  /** To be sent and shown. It ends with the camera's. */
  track: MediaStreamTrack;
  by: "browser" | "own";
  /** Kept once persons are left clear; never if everything stays blurred. */
  clear: Promise<void>;
  /** Be told of trouble, also of what came before; what it returns ends that. */
  onTrouble(listener: (trouble: BlurTrouble) => void): () => void;
  /** What it costs; undefined if the browser blurs. */
  figures(): Promise<BlurFigures | undefined>;
  /** End the track and free what it holds. The camera's stays open. Harmless when repeated. */
  stop(): void;
}>;
