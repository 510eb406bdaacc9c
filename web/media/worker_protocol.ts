/**
 * What page and worker say to each other. The page numbers its requests, the worker answers each,
 * in order; what the worker says without being asked has a `want`. Only types.
 */

import type { Bytes } from "../core/bytes.ts";
import type { Code } from "../core/errors.ts";
import type { Kind, PictureKind } from "../core/frame_keys.ts";
import type { Statement } from "../core/recording_statements.ts";
import type { Counts } from "./frames_keys.ts";

/**
 * What `RTCRtpScriptTransform` is given: which end of which pipe it is. Of what is received in a call
 * of several, also the place (`heard_places.ts`).
 */
export type PipeOptions = Readonly<{
  kind: Kind;
  direction: "send" | "receive";
  place?: string;
  /** A screen is sent by it, and no camera. */
  screen?: boolean;
  /** Either may be sent by it: the page says by this name which (`pictures_sent.ts`). */
  way?: string;
}>;

/** Places with who says that they are theirs; none: nobody is heard there. Others stay as they are. */
export type Places = ReadonlyMap<string, readonly number[]>;

/** A request, without its number. */
export type Order =
  | Readonly<{ op: "install"; epoch: bigint; baseKey: Bytes; members: readonly number[] }>
  | Readonly<{ op: "sendIn"; epoch: bigint; baseKey: Bytes; leaf: number }>
  | Readonly<{ op: "removeLeaf"; leaf: number }>
  | Readonly<{ op: "places"; places: Places; screens: ReadonlySet<string> | undefined }>
  | Readonly<{ op: "pictures"; way: string; of: PictureKind | undefined }>
  | Readonly<{ op: "leaves"; leaves: ReadonlyMap<number, Bytes> }>
  | Readonly<{ op: "hold" | "release" | "wipe" | "closeVideo" | "steady" | "counts" | "textBeat" }>
  | TextOrder
  | RecordingOrder;

/** A block of real-time text to be sealed or opened. */
export type TextOrder = Readonly<{ op: "sealText" | "openText"; text: Bytes }>;

/** An order about one recording (`tapes.ts`), which the hex of its request names. */
export type RecordingOrder = Readonly<{ op: "tape"; ask: string; tape: TapeOrder }>;

/** A recording begins. What is secret in it is transferred, and overwritten at its end. */
export type BeginTape = Readonly<{
  do: "begin";
  /** As it was signed. */
  request: Bytes;
  /** Our half of its keys. */
  secret: Bytes;
  /** Of our consent key: it signs marks. */
  privateKey: Bytes;
  /** Our consent key. */
  own: Bytes;
}>;

export type TapeOrder =
  | BeginTape
  | Readonly<{ do: "said"; signed: Bytes; statement: Statement }>
  | Readonly<{ do: "share"; key: Bytes; share: Bytes }>
  | Readonly<{ do: "among"; members: readonly Bytes[] }>
  | Readonly<{ do: "pause" | "mark" | "end" }>;

/** What is written of a recording, sealed; or that something of it could not be. */
export type Taped =
  | Readonly<{ taped: string; chunk: Bytes }>
  | Readonly<{ taped: string; failed: true }>;

export type Request = Readonly<{ id: number; order: Order }>;

export type Reply =
  | Readonly<{ id: number; counts: Counts }>
  | Readonly<{ id: number; text: Bytes }>
  | Readonly<{ id: number; error: Readonly<{ code: Code; detail: string }> }>;

/**
 * A key frame: the encoder of our pictures owes one, and the worker has no way to ask it. A block of
 * text: it is time for one (`BLOCK_EVERY_S`).
 */
export type Want = Readonly<{ want: "keyFrame" | "textBlock" }>;
