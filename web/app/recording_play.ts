/**
 * What plays when, of a recording in parts: each part is some seconds of one member's track, and a file
 * of its own.
 *
 * Pure. Not for: elements that play (`screens/recording_player.tsx`).
 */

import type { Part } from "./model_recording.ts";

/** All parts of one member's sound, picture or screen, in order of time. */
export type Track = Readonly<{
  key: string;
  name: string;
  kind: Part["kind"];
  parts: readonly Part[];
}>;

/** Return the tracks of a recording; those of one member stand together. */
export function tracksOf(parts: readonly Part[]): readonly Track[] {
  const all = new Map<string, Part[]>();
  for (const part of parts) {
    const key = JSON.stringify([part.name, part.kind]);
    all.set(key, [...(all.get(key) ?? []), part]);
  }
  return [...all.entries()].map(([key, some]) => {
    const sorted = some.toSorted((a, b) => a.at - b.at);
    return { key, name: some[0]?.name ?? "", kind: some[0]?.kind ?? "audio", parts: sorted };
  });
}

/** Return the part that plays at a time; none in a pause. */
export function partAt({ parts }: Track, time: number): Part | undefined {
  return parts.findLast(({ at, length }) => at <= time && time < at + length);
}

/** Return the part that comes next after a time. */
export function partAfter({ parts }: Track, time: number): Part | undefined {
  return parts.find(({ at }) => at > time);
}

/** Return when the last part ends, in seconds. */
export function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((end, { at, length }) => Math.max(end, at + length), 0);
}

/** Seconds before a part begins in which it is opened. Lower: a gap; higher: keys asked for in vain. */
const AHEAD_S = 4;

/** Return what has to be open at a time: what plays, and what comes soon. */
export function openAt(track: Track, time: number): readonly Part[] {
  const [now, next] = [partAt(track, time), partAfter(track, time)];
  const soon = next !== undefined && next.at - time <= AHEAD_S ? [next] : [];
  return now ? [now, ...soon] : soon;
}

/** How far an element may be from where it should be, in seconds, before it is set there. */
export const DRIFT_S = 0.25;
