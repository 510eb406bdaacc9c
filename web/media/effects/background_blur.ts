/**
 * Blurs what is behind a person, on this device: by the browser where it can, else by a worker of
 * ours. Nothing is loaded before it is asked for, and nothing from anywhere but our own origin
 * (2.9 MB, 0.7 MB as they are sent).
 *
 * It fails closed: the camera's own picture is never handed on. Until the person is found everything
 * is blurred, also if that never happens; if pictures cannot be blurred at all, none come. It hides a
 * room from a glance and from a screenshot, not from somebody who knows what to look for.
 */

import { Code, UnavailableError } from "../../core/errors.ts";
import { type BlurredBackground, BlurTrouble } from "./blurred.ts";
import { blurHere } from "./own_blur.ts";
import { blurSupport, browserBlurs } from "./support.ts";
import { Told } from "./told.ts";

export type { BlurFigures } from "./blur_protocol.ts";
export { type BlurredBackground, type BlurredBy, BlurTrouble } from "./blurred.ts";
export { blurSupport };

export type BlurOptions = Readonly<{
  /** Blur ourselves, whatever the browser can. */
  own?: boolean;
}>;

/**
 * Blur what is behind the person that a camera sees.
 *
 * @param camera Stays the caller's. While it is blurred, its own pictures should go nowhere.
 * @throws UnavailableError Nobody can blur here.
 */
export async function blurBackground(
  camera: MediaStreamTrack,
  options: BlurOptions = {},
): Promise<BlurredBackground> {
  if (!options.own && browserBlurs(camera)) {
    const blurred = await blurThere(camera);
    if (blurred !== undefined) return blurred;
  }
  if (blurSupport() === "none") {
    throw new UnavailableError(Code.UNAVAILABLE, "no blur in this browser");
  }
  return blurHere(camera);
}

/** The browser's own blur, on a copy of the track; undefined if it does not come. */
async function blurThere(camera: MediaStreamTrack): Promise<BlurredBackground | undefined> {
  const track = camera.clone();
  const isBlurred = () => track.getSettings().backgroundBlur === true;
  try {
    const constraints = { ...track.getConstraints(), backgroundBlur: { exact: true } };
    await track.applyConstraints(constraints);
  } catch {
    // What it is set to counts.
  }
  if (!isBlurred()) {
    track.stop();
    return undefined;
  }
  const troubles = new Told<BlurTrouble>();
  track.addEventListener("configurationchange", () => {
    if (isBlurred() || track.readyState === "ended") return;
    track.stop();
    track.dispatchEvent(new Event("ended"));
    troubles.tell(BlurTrouble.SWITCHED_OFF);
  });
  return {
    track,
    by: "browser",
    clear: Promise.resolve(),
    onTrouble: (listener) => troubles.listen(listener),
    figures: async () => undefined,
    stop: () => track.stop(),
  };
}
