/**
 * The frames of a call as a recording takes them: opened ones of others, our own before sealing (twin:
 * `media/frame_tap.py`). It runs in the worker, and only while something is recorded.
 *
 *     others    after a frame was opened, at a place that is its sender's, with its time by RTP
 *     our own   as one of our encoders made it. In a mesh there is one for each member, to an SFU one
 *               for each size of the picture: one counts
 *
 * Of our encoders the one counts that came first, until another one's key frame is larger, or nothing
 * came of it for `SILENT_S`. A picture of another encoder begins with a key frame.
 *
 * Not for: who may be recorded (`core/recording_tape.ts` drops the rest), or writing anything.
 */

import { type Bytes, copy } from "../core/bytes.ts";
import { PeerError } from "../core/errors.ts";
import { keyFrameSize } from "../core/vp8.ts";

/** What a frame is of. */
export type Track = "audio" | "video" | "screen";

/**
 * Takes whose frame (a leaf; undefined: our own), of what, when it is to be heard or seen (seconds
 * that never go back), and the frame; says whether a key frame of that track is wanted.
 */
export type Take = (leaf: number | undefined, track: Track, at: number, data: Bytes) => boolean;

/** Ticks of RTP in a second (RFC 7587, 4.1; RFC 7741, 4.2). */
export const RATES: Readonly<Record<Track, number>> = {
  audio: 48_000,
  video: 90_000,
  screen: 90_000,
};

/**
 * Seconds that a clock of RTP may be from when frames come. Higher: a slow network shifts what was
 * said; lower: jitter gets into the recording. It also is how late a cutter takes a packet.
 */
export const OFF_S = 0.2;

/** After so many seconds without a frame of one encoder of ours another one counts. */
export const SILENT_S = 0.5;

const WRAP = 2 ** 32;

/** Turns RTP timestamps of one track into seconds that never go back. */
export class FrameClock {
  readonly #rate: number;
  #last: Readonly<{ timestamp: number; at: number }> | undefined;

  /** @param rate Ticks in a second. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /**
   * Return when a frame is to be heard or seen; anew from `now` if that is far off.
   *
   * @param timestamp Of RTP (RFC 3550, 5.1), which wraps; undefined where a browser tells none.
   * @param now When it came.
   */
  at(timestamp: number | undefined, now: number): number {
    if (timestamp === undefined) return now;
    let at = now;
    if (this.#last !== undefined) {
      // Wrapped into half a turn to both sides: what comes late is before, not 13 hours ahead.
      const turns = (timestamp - this.#last.timestamp + WRAP / 2) % WRAP;
      const ahead = (turns < 0 ? turns + WRAP : turns) - WRAP / 2;
      const told = this.#last.at + ahead / this.#rate;
      if (Math.abs(told - now) <= OFF_S) at = told;
    }
    this.#last = { timestamp, at };
    return at;
  }
}

/** Which encoder of ours counts, since when it was silent, and how large its picture is. */
type Own = {
  readonly encoder: object;
  readonly clock: FrameClock;
  last: number;
  pixels: number;
};

/** Hands on what passes in one call. */
export class FrameTap {
  readonly #take: Take;
  readonly #monotonic: () => number;
  readonly #clocks = new Map<string, FrameClock>();
  readonly #own = new Map<Track, Own>();

  /** @param monotonic Seconds that never go back. */
  constructor(take: Take, monotonic: () => number) {
    this.#take = take;
    this.#monotonic = monotonic;
  }

  /** Hand on a frame of a member; say whether a key frame of them is wanted. */
  opened(leaf: number, track: Track, timestamp: number | undefined, data: Bytes): boolean {
    const name = `${leaf} ${track}`;
    const clock = this.#clocks.get(name) ?? new FrameClock(RATES[track]);
    this.#clocks.set(name, clock);
    // A copy: the frame itself goes on to the decoder.
    return this.#take(leaf, track, clock.at(timestamp, this.#monotonic()), copy(data));
  }

  /**
   * Hand on a frame of ours that was sent; say whether a key frame of that encoder is wanted.
   *
   * @param encoder Which of ours made it.
   * @param data As it was made.
   */
  sent(encoder: object, track: Track, timestamp: number | undefined, data: Bytes): boolean {
    const now = this.#monotonic();
    let own = this.#own.get(track);
    const pixels = track === "audio" ? undefined : pixelsOf(data);
    if (own?.encoder !== encoder) {
      const isSilent = own === undefined || now - own.last > SILENT_S;
      const isLarger = own !== undefined && pixels !== undefined && pixels > own.pixels;
      if (!isSilent && !isLarger) return false;
      // What comes before a key frame changes a picture that nobody has recorded.
      if (track !== "audio" && pixels === undefined) return true;
      own = { encoder, clock: new FrameClock(RATES[track]), last: now, pixels: 0 };
      this.#own.set(track, own);
    }
    own.last = now;
    own.pixels = pixels ?? own.pixels;
    return this.#take(undefined, track, own.clock.at(timestamp, now), copy(data));
  }
}

/** Return how large a key frame is; undefined for any other. */
function pixelsOf(data: Bytes): number | undefined {
  try {
    const size = keyFrameSize(data);
    return size && size[0] * size[1];
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return undefined;
  }
}
