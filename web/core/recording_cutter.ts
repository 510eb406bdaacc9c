/**
 * One member's track, cut into parts of some seconds (docs/protocol/recording.md, "The file"). The
 * twin of `src/visavis/core/recording_cutter.py`, held to it by vectors/core-cutter.json.
 *
 *     frames, as they are opened -> Cut ...    each a part that plays by itself
 *
 * Sound is cut anywhere; packets that come a little late still find their place. Video is cut at a key
 * frame, because a part begins with one: so a cutter says when it wants one, and what comes between a
 * part that grew too long and the next key frame is not recorded.
 *
 * Frames come from others: whatever they are, no part is made that readers refuse. Pure. Times are in
 * milliseconds since the recording began. Not for: who may be recorded (`recording.ts`), or writing
 * and sealing parts (`webm.ts`, `vvrec.ts`).
 */

import type { Bytes } from "./bytes.ts";
import { PeerError } from "./errors.ts";
import { keyFrameSize } from "./vp8.ts";
import type { Frame, Media, Track, VideoTrack } from "./webm_types.ts";

/** How long a part is to be. Lower: less is lost in a crash; higher: fewer key frames are wanted. */
export const PART_MS = 5_000;

/**
 * How late a packet of sound may be. Higher: a part is there later; lower: packets are lost where one
 * part ends and the next begins.
 */
export const LATE_MS = 200;

/** How long a part of video may become while no key frame comes. */
export const LONGEST_MS = 30_000;

/** Bytes of frames in a part; with heads and tags it still is one (`MAX_BYTES` of `webm_types.ts`). */
export const MOST_BYTES = 3 * 2 ** 20;

/**
 * Frames of video in a part: 30 s of 120 a second, and some. Higher: heads of tiny frames become more
 * than a part may have.
 */
export const MOST_FRAMES = 4_096;

/** RFC 6716, 3.1: the bit of the first byte. */
const STEREO = 0x04;

/** A part that is whole. */
export type Cut = Readonly<{
  /** When it begins. */
  at: number;
  /** What is in it. */
  media: Media;
}>;

/** Cuts Opus. */
export class SoundCutter {
  #frames: Frame[] = [];
  /** Nothing of before belongs into what comes. */
  #begin = 0;
  #size = 0;

  /**
   * Take a packet; return the part that is whole by it.
   *
   * What is empty, comes twice or later than `LATE_MS`, or is too much, is left out.
   */
  add(at: number, data: Bytes): Cut | undefined {
    if (this.#frames.length === 0) this.#begin = Math.max(this.#begin, at);
    const where = firstFrom(this.#frames, at);
    const isThere = this.#frames[where]?.at === at;
    const isTooMuch = this.#size + data.length > MOST_BYTES;
    if (data.length === 0 || at < this.#begin || isThere || isTooMuch) return undefined;
    this.#frames.splice(where, 0, { at, data });
    this.#size += data.length;
    const newest = this.#frames.at(-1)?.at ?? at;
    if (newest < this.#begin + PART_MS + LATE_MS) return undefined;
    return this.#cut(this.#begin + PART_MS);
  }

  /** Return what there is of a part, as it ends now; nothing of before comes after that. */
  end(at: number): Cut | undefined {
    const last = this.#frames.at(-1);
    if (last === undefined) return undefined;
    const end = Math.min(at, this.#begin + PART_MS + LATE_MS);
    return this.#cut(Math.max(end, last.at + 1));
  }

  #cut(end: number): Cut {
    const begin = this.#begin;
    const frames = this.#frames.splice(0, firstFrom(this.#frames, end));
    this.#begin = this.#frames[0]?.at ?? end;
    this.#size = this.#frames.reduce((sum, { data }) => sum + data.length, 0);
    const isStereo = frames.some(({ data: [first = 0] }) => (first & STEREO) !== 0);
    return part({ kind: "audio", channels: isStereo ? 2 : 1 }, begin, end, frames);
  }
}

/** The part that grows now; it began with a key frame. */
class Pictures {
  readonly track: VideoTrack;
  readonly begin: number;
  readonly frames: Frame[] = [];
  size = 0;

  constructor([width, height]: readonly [number, number], begin: number) {
    this.track = { kind: "video", width, height };
    this.begin = begin;
  }

  add(frame: Frame): void {
    this.frames.push(frame);
    this.size += frame.data.length;
  }

  cut(end: number): Cut {
    // If nothing came for long, a player need not show the last picture all the while.
    return part(this.track, this.begin, Math.min(end, this.begin + LONGEST_MS), this.frames);
  }
}

/** Cuts VP8. */
export class PictureCutter {
  #wantsKeyFrame = false;
  #last = 0;
  #growing: Pictures | undefined;

  /** Whether a part waits for a key frame, to begin or to end. */
  get wantsKeyFrame(): boolean {
    return this.#wantsKeyFrame;
  }

  /**
   * Take a frame, in the order of decoding; return the part that is whole by it.
   *
   * What no decoder takes for a frame is left out, and so is what comes before a key frame.
   */
  add(at: number, data: Bytes): Cut | undefined {
    let sides: ReturnType<typeof keyFrameSize>;
    try {
      sides = keyFrameSize(data);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return undefined;
    }
    // They are decoded in this order, so none can be earlier than the one before it.
    this.#last = Math.max(at, this.#last);
    const frame = { at: this.#last, data };
    let whole: Cut | undefined;
    if (this.#growing !== undefined && ends(this.#growing, frame, sides)) {
      whole = this.#growing.cut(frame.at);
      this.#growing = undefined;
    }
    if (this.#growing === undefined && sides !== undefined && data.length <= MOST_BYTES) {
      this.#growing = new Pictures(sides, frame.at);
    }
    this.#growing?.add(frame);
    this.#wantsKeyFrame = this.#growing === undefined || frame.at - this.#growing.begin >= PART_MS;
    return whole;
  }

  /** Return what there is of a part, as it ends now; the next begins with a key frame. */
  end(at: number): Cut | undefined {
    this.#last = Math.max(at, this.#last);
    const growing = this.#growing;
    this.#growing = undefined;
    this.#wantsKeyFrame = false;
    return growing?.cut(this.#last);
  }
}

/** Say whether a part ends before a frame. */
function ends(
  { begin, frames, size, track }: Pictures,
  { at, data }: Frame,
  sides: readonly [number, number] | undefined,
): boolean {
  const length = at - begin;
  if (size + data.length > MOST_BYTES || frames.length === MOST_FRAMES) return true;
  if (length >= LONGEST_MS) return true;
  if (sides === undefined) return false;
  return length >= PART_MS || sides[0] !== track.width || sides[1] !== track.height;
}

/** Return where the first frame of a time or later is. */
function firstFrom(frames: readonly Frame[], at: number): number {
  let where = frames.length;
  // From the end: nearly all packets come in order.
  while (where > 0 && (frames[where - 1]?.at ?? 0) >= at) where -= 1;
  return where;
}

/** Return a part; its frames count from where it begins. */
function part(track: Track, begin: number, end: number, frames: readonly Frame[]): Cut {
  const moved = frames.map(({ at, data }) => ({ at: at - begin, data }));
  return { at: begin, media: { track, length: end - begin, frames: moved } };
}
