/** Tones that are made here: no file, nothing to fetch. */

import { useEffect, useRef } from "react";
import type { Announcement } from "./model_group_call.ts";

/**
 * Play one note.
 *
 * @param start seconds from now
 * @param length seconds
 * @param loudness 0 to 1
 */
export function play(
  context: AudioContext,
  hertz: number,
  start: number,
  length: number,
  loudness: number,
): void {
  const at = context.currentTime + start;
  const voice = new OscillatorNode(context, { type: "triangle", frequency: hertz });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loudness, at + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, at + length);
  voice.connect(gain).connect(context.destination);
  voice.start(at);
  voice.stop(at + length);
}

/** Up for who came, down for who went: hertz, start and length in seconds. */
export const CHIMES: Readonly<
  Record<Announcement["what"], readonly (readonly [number, number, number])[]>
> = {
  came: [
    [523.25, 0, 0.18],
    [783.99, 0.11, 0.3],
  ],
  went: [
    [523.25, 0, 0.18],
    [349.23, 0.11, 0.3],
  ],
};

/** Quieter than a ring tone: people are talking. */
const SOFTLY = 0.05;
/** Of several who come within this, one is heard. Lower: a meeting that begins is a carillon. */
const PAUSE_MS = 1500;

/**
 * Return what is to be heard of announcements, and those that were known then.
 *
 * @param known ids that were heard or passed over before
 * @param quietUntil no sooner, in milliseconds
 */
export function chimeOf(
  announcements: readonly Announcement[],
  known: ReadonlySet<string>,
  now: number,
  quietUntil: number,
): Announcement["what"] | undefined {
  const fresh = announcements.findLast(({ id }) => !known.has(id));
  return fresh !== undefined && now >= quietUntil ? fresh.what : undefined;
}

/** Have everybody who comes or goes be heard. */
export function useChimes(announcements: readonly Announcement[]): void {
  const context = useRef<AudioContext>(undefined);
  const known = useRef<ReadonlySet<string>>(new Set());
  const quietUntil = useRef(0);
  useEffect(() => {
    const now = Date.now();
    const chime = chimeOf(announcements, known.current, now, quietUntil.current);
    known.current = new Set(announcements.map(({ id }) => id));
    if (chime === undefined) return;
    quietUntil.current = now + PAUSE_MS;
    context.current ??= new AudioContext();
    for (const [hertz, start, length] of CHIMES[chime]) {
      play(context.current, hertz, start, length, SOFTLY);
    }
  }, [announcements]);
  useEffect(
    () => () => {
      void context.current?.close();
      context.current = undefined;
    },
    [],
  );
}
