/**
 * What stands in WebM before its frames: head, Info, Tracks, and where things are (twin of
 * `src/visavis/core/webm_heads.py`).
 *
 * RFC 9559, 5.1, and the WebM container guidelines; of Opus RFC 7845, 5.1. No date, nothing random.
 * Not for: frames (`webm.ts`).
 */

import { type Bytes, concat, uint, utf8 } from "./bytes.ts";
import {
  child,
  double,
  type Element,
  element,
  fixed,
  packed,
  readDouble,
  readUnsigned,
  shortest,
  text,
  unsigned,
} from "./ebml.ts";
import { Code, PeerError } from "./errors.ts";
import { latin1 } from "./file_bytes.ts";
import type { Track } from "./webm_types.ts";

const OPUS_RATE = 48_000;
/**
 * Samples that an Opus encoder looks ahead (6.5 ms), by which sound comes out later than it went in.
 * Players drop them at the beginning and play all by as much earlier (RFC 7845, 4.2).
 */
const PRE_SKIP = 312;

const SEEK_PRE_ROLL_NS = 80_000_000; // RFC 7845, 4.6: what a decoder needs until it is right
const NS = 1_000_000_000;
const APP = "visavis";
const [VIDEO, AUDIO] = [1, 2]; // TrackType

/** Elements (RFC 8794, 11.2; RFC 9559, 5.1). */
export const Id = {
  EBML: 0x1a45dfa3,
  EBML_VERSION: 0x4286,
  EBML_READ_VERSION: 0x42f7,
  EBML_MAX_ID_LENGTH: 0x42f2,
  EBML_MAX_SIZE_LENGTH: 0x42f3,
  DOC_TYPE: 0x4282,
  DOC_TYPE_VERSION: 0x4287,
  DOC_TYPE_READ_VERSION: 0x4285,
  SEGMENT: 0x18538067,
  SEEK_HEAD: 0x114d9b74,
  SEEK: 0x4dbb,
  SEEK_ID: 0x53ab,
  SEEK_POSITION: 0x53ac,
  INFO: 0x1549a966,
  TIMESTAMP_SCALE: 0x2ad7b1,
  DURATION: 0x4489,
  MUXING_APP: 0x4d80,
  WRITING_APP: 0x5741,
  TRACKS: 0x1654ae6b,
  TRACK_ENTRY: 0xae,
  TRACK_NUMBER: 0xd7,
  TRACK_UID: 0x73c5,
  TRACK_TYPE: 0x83,
  FLAG_LACING: 0x9c,
  NAME: 0x536e,
  LANGUAGE: 0x22b59c,
  CODEC_ID: 0x86,
  CODEC_PRIVATE: 0x63a2,
  CODEC_DELAY: 0x56aa,
  SEEK_PRE_ROLL: 0x56bb,
  VIDEO: 0xe0,
  PIXEL_WIDTH: 0xb0,
  PIXEL_HEIGHT: 0xba,
  AUDIO: 0xe1,
  SAMPLING_FREQUENCY: 0xb5,
  CHANNELS: 0x9f,
  CUES: 0x1c53bb6b,
  CUE_POINT: 0xbb,
  CUE_TIME: 0xb3,
  CUE_TRACK_POSITIONS: 0xb7,
  CUE_TRACK: 0xf7,
  CUE_CLUSTER_POSITION: 0xf1,
  CLUSTER: 0x1f43b675,
  TIMESTAMP: 0xe7,
  SIMPLE_BLOCK: 0xa3,
} as const;

export const HEAD = element(
  Id.EBML,
  unsigned(Id.EBML_VERSION, 1),
  unsigned(Id.EBML_READ_VERSION, 1),
  unsigned(Id.EBML_MAX_ID_LENGTH, 4),
  unsigned(Id.EBML_MAX_SIZE_LENGTH, 8),
  text(Id.DOC_TYPE, "webm"),
  unsigned(Id.DOC_TYPE_VERSION, 4),
  unsigned(Id.DOC_TYPE_READ_VERSION, 2),
);

/** An element of the Segment, and its id. */
export type Top = readonly [ident: number, data: Bytes];

/** When a key frame is, and how far its Cluster is behind the first. */
export type Point = readonly [when: number, behind: number];

/**
 * Return what is said of the whole.
 *
 * @param length How long it is, milliseconds.
 */
export function info(length: number): Bytes {
  return element(
    Id.INFO,
    unsigned(Id.TIMESTAMP_SCALE, NS / 1000),
    double(Id.DURATION, length),
    text(Id.MUXING_APP, APP),
    text(Id.WRITING_APP, APP),
  );
}

/**
 * Return what is said of a track.
 *
 * @param number From 1.
 * @param name What players call it; empty: nothing.
 */
export function trackEntry(number: number, track: Track, name = ""): Bytes {
  const isVideo = track.kind === "video";
  return element(
    Id.TRACK_ENTRY,
    unsigned(Id.TRACK_NUMBER, number),
    unsigned(Id.TRACK_UID, number),
    unsigned(Id.TRACK_TYPE, isVideo ? VIDEO : AUDIO),
    unsigned(Id.FLAG_LACING, 0),
    name === "" ? new Uint8Array() : text(Id.NAME, name),
    text(Id.LANGUAGE, "und"),
    isVideo ? vp8(track.width, track.height) : opus(track.channels),
  );
}

function opus(channels: number): Bytes {
  const head = concat(
    utf8("OpusHead\x01"),
    Uint8Array.of(channels),
    uint(PRE_SKIP, 2).reverse(),
    uint(OPUS_RATE, 4).reverse(),
    new Uint8Array(3), // no gain; mono or stereo
  );
  const rate = double(Id.SAMPLING_FREQUENCY, OPUS_RATE);
  return concat(
    text(Id.CODEC_ID, "A_OPUS"),
    element(Id.CODEC_PRIVATE, head),
    unsigned(Id.CODEC_DELAY, (PRE_SKIP * NS) / OPUS_RATE),
    unsigned(Id.SEEK_PRE_ROLL, SEEK_PRE_ROLL_NS),
    element(Id.AUDIO, rate, unsigned(Id.CHANNELS, channels)),
  );
}

function vp8(width: number, height: number): Bytes {
  const sides = [unsigned(Id.PIXEL_WIDTH, width), unsigned(Id.PIXEL_HEIGHT, height)];
  return concat(text(Id.CODEC_ID, "V_VP8"), element(Id.VIDEO, ...sides));
}

/**
 * Return where elements are (RFC 9559, 5.1.1).
 *
 * @param top They, one after the other.
 * @param start Where the first stands, counted from the beginning of the Segment's content.
 */
export function seekHead(top: readonly Top[], start: number): Bytes {
  let at = start;
  const seeks = top.map(([ident, data]) => {
    const where = position(Id.SEEK_POSITION, at);
    at += data.length;
    return element(Id.SEEK, element(Id.SEEK_ID, shortest(ident)), where);
  });
  return element(Id.SEEK_HEAD, ...seeks);
}

/**
 * Return where key frames are (RFC 9559, 5.1.5).
 *
 * @param points They.
 * @param at Where the first Cluster stands, counted as in `seekHead`.
 */
export function cues(points: readonly Point[], at: number): Bytes {
  const written = points.map(([when, behind]) => {
    const where = position(Id.CUE_CLUSTER_POSITION, at + behind);
    const positions = element(Id.CUE_TRACK_POSITIONS, unsigned(Id.CUE_TRACK, 1), where);
    return element(Id.CUE_POINT, unsigned(Id.CUE_TIME, when), positions);
  });
  return element(Id.CUES, packed(written));
}

/** Return a place. Each has four bytes, so no length depends on what stands where. */
function position(ident: number, at: number): Bytes {
  return element(ident, fixed(at, 4));
}

/**
 * Return how long the whole is, milliseconds.
 *
 * @throws PeerError MALFORMED (CK-951, CK-953), it does not say that.
 */
export function readInfo(data: Uint8Array, whole: Element): number {
  const length = readDouble(data, child(data, whole, Id.DURATION));
  if (!Number.isInteger(length)) {
    throw new PeerError(Code.MALFORMED, "CK-953 part: a length that is no number of milliseconds");
  }
  return length + 0; // there is a zero below zero too, which is written otherwise
}

/**
 * Return the first track.
 *
 * @throws PeerError MALFORMED (CK-951, CK-952), it is neither Opus nor VP8.
 */
export function readTracks(data: Uint8Array, tracks: Element): Track {
  const entry = child(data, tracks, Id.TRACK_ENTRY);
  const unsignedIn = (parent: Element, ident: number) =>
    readUnsigned(data, child(data, parent, ident));
  const codec = child(data, entry, Id.CODEC_ID);
  switch (latin1(data, codec.start, codec.end)) {
    case "A_OPUS": {
      const audio = child(data, entry, Id.AUDIO);
      return { kind: "audio", channels: unsignedIn(audio, Id.CHANNELS) };
    }
    case "V_VP8": {
      const video = child(data, entry, Id.VIDEO);
      const width = unsignedIn(video, Id.PIXEL_WIDTH);
      return { kind: "video", width, height: unsignedIn(video, Id.PIXEL_HEIGHT) };
    }
  }
  throw new PeerError(Code.MALFORMED, "CK-952 part: neither Opus nor VP8");
}
