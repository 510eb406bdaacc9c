/** How well a call goes, out of what is counted: pure, so that its words can be tested. */

import { qualityOfTrip } from "../core/call_entry.ts";
import type { Quality } from "./model.ts";

/** What is counted of a call. */
export type Counted = Readonly<{ framesDecoded: number; audioDecodedS: number }>;

/** What flows: counts, and when they last rose (milliseconds). */
export type Flow = Readonly<{
  frames: number;
  framesAt: number;
  sound: number;
  soundAt: number;
  /** Pictures are coming now. */
  pictured: boolean;
}>;

export const NO_FLOW: Flow = { frames: 0, framesAt: 0, sound: 0, soundAt: 0, pictured: false };

/** A picture that stands still for so long is taken off the screen: it would pass for the present. */
const PICTURE_MS = 3000;
/** Silence of the line, not of the person: Opus sends frames also when nobody speaks. */
const GAP_MS = 2500;

/** Return the flow after a look at the counts. */
export function flowOf(before: Flow, { framesDecoded, audioDecodedS }: Counted, now: number): Flow {
  const framesAt = framesDecoded > before.frames ? now : before.framesAt;
  const soundAt = audioDecodedS > before.sound ? now : before.soundAt;
  const pictured = framesDecoded > 0 && now - framesAt < PICTURE_MS;
  return { frames: framesDecoded, framesAt, sound: audioDecodedS, soundAt, pictured };
}

/** Return how well it goes, for a word. */
export function qualityOf(rttMs: number | undefined, flow: Flow, now: number): Quality {
  if (flow.soundAt > 0 && now - flow.soundAt > GAP_MS) return "poor";
  return qualityOfTrip(rttMs);
}
