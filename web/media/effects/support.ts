/** Who would blur or filter in this browser. Loads nothing else, so that a page can ask early. */

import type { BlurredBy } from "./blurred.ts";

/** Who filters: we do, the browser does, or nobody can. */
export type NoiseFilter = "own" | "browser" | "none";

/**
 * Return who would blur here.
 *
 * @param camera A camera that is open, if there is one: only it tells what the browser can.
 */
export function blurSupport(camera?: MediaStreamTrack): BlurredBy {
  if (camera !== undefined && browserBlurs(camera)) return "browser";
  const needed = ["Worker", "WebAssembly", "OffscreenCanvas", "createImageBitmap"];
  return needed.every((name) => name in globalThis) ? "own" : "none";
}

/** Return whether the browser, or the system below it, blurs what this camera sees. */
export function browserBlurs(camera: MediaStreamTrack): boolean {
  // Safari's answer is an empty list where it cannot; others leave it out.
  return camera.getCapabilities?.().backgroundBlur?.includes(true) === true;
}

/** Return who would take noise out of sound here. */
export function noiseSupport(): NoiseFilter {
  if ("AudioWorkletNode" in globalThis && "WebAssembly" in globalThis) return "own";
  return browserFilters() ? "browser" : "none";
}

/** Return whether this browser has a noise filter of its own. */
export function browserFilters(): boolean {
  return navigator.mediaDevices?.getSupportedConstraints().noiseSuppression === true;
}
