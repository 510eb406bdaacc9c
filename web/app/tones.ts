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

/** While something is recorded: once when it begins, softly again and again, and once at the end. */
export type RecordedTone = "begins" | "goesOn" | "ends";

/** Two knocks of a low voice, unlike anything else here: hertz, start and length in seconds. */
export const RECORDED_TONES: Readonly<
  Record<RecordedTone, readonly (readonly [number, number, number])[]>
> = {
  begins: [
    [392, 0, 0.22],
    [392, 0.3, 0.22],
    [587.33, 0.6, 0.4],
  ],
  goesOn: [[392, 0, 0.22]],
  ends: [
    [587.33, 0, 0.22],
    [392, 0.3, 0.45],
  ],
};

/** Higher: somebody forgets that it goes on; lower: people cannot talk beside it. */
export const RECORDED_EVERY_MS = 15_000;
const RECORDED_LOUDNESS: Readonly<Record<RecordedTone, number>> = {
  begins: 0.09,
  goesOn: 0.03,
  ends: 0.09,
};

/** What is heard of recordings, as they begin and end. No setting turns it off. */
export class RecordedTones {
  readonly #sound: (tone: RecordedTone) => void;
  #known: ReadonlySet<string> = new Set();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(sound: (tone: RecordedTone) => void) {
    this.#sound = sound;
  }

  /** These are recorded from now on, by their ids. */
  show(ids: readonly string[]): void {
    const begins = ids.some((id) => !this.#known.has(id));
    const ends = ids.length === 0 && this.#known.size > 0;
    this.#known = new Set(ids);
    if (!begins && !ends) return;
    clearInterval(this.#timer);
    this.#sound(begins ? "begins" : "ends");
    if (begins) this.#timer = setInterval(() => this.#sound("goesOn"), RECORDED_EVERY_MS);
  }
}

/** Return what sounds them, in a context that is made when it is first needed. */
export function soundRecorded(): (tone: RecordedTone) => void {
  let context: AudioContext | undefined;
  return (tone) => {
    context ??= new AudioContext();
    void context.resume().catch(() => undefined); // a page that nobody has touched yet is silent
    for (const [hertz, start, length] of RECORDED_TONES[tone]) {
      play(context, hertz, start, length, RECORDED_LOUDNESS[tone]);
    }
  };
}
