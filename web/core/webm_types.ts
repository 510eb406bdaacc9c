/** Tracks and frames of recordings, and the bounds of a part (`webm.ts`). Times are in milliseconds. */

import type { Bytes } from "./bytes.ts";

/** Bytes of a part: what fits into a sealed one beside its tag. */
export const MAX_BYTES = 4 * 2 ** 20 - 16;

/**
 * Milliseconds of a part. Higher: less of a recording survives a crash; lower: nothing is gained, a
 * part has some seconds.
 */
export const MAX_LENGTH = 600_000;

/**
 * Frames of a part: ten minutes of sound in frames of 10 ms, and some. Higher: a hostile part of
 * tiny frames takes more memory.
 */
export const MAX_FRAMES = 65_536;

/** Opus, 48 kHz, of 1 or 2 channels. */
export type AudioTrack = Readonly<{ kind: "audio"; channels: number }>;

/** VP8; the size of its first picture in pixels. Later key frames may have another. */
export type VideoTrack = Readonly<{ kind: "video"; width: number; height: number }>;

export type Track = AudioTrack | VideoTrack;

/** What an encoder gave for one moment. */
export type Frame = Readonly<{
  /** When it begins: since the part does; in an export since the recording does. */
  at: number;
  /** An Opus packet or a VP8 frame. */
  data: Bytes;
}>;

/** What a part holds. */
export type Media = Readonly<{
  /** Of what its frames are. */
  track: Track;
  /** How long it is. A frame lasts until the next one begins, the last until then. */
  length: number;
  /** In order of time. Video begins with a key frame. */
  frames: readonly Frame[];
}>;

/** One track of an export. */
export type Source = Readonly<{
  /** Of what its frames are. */
  track: Track;
  /** What players call it; empty: nothing. */
  name: string;
  /** In order of time; asked for one at a time. Video begins with a key frame. */
  frames: AsyncIterable<Frame> | Iterable<Frame>;
}>;
