/**
 * Contents of application messages in a call group: everything after the answer (P9).
 *
 * Map {"v": 1, "t": type, ...}. No id and no time: the group lives as long as the call.
 */

import {
  array,
  type ContentOf,
  type ContentType,
  content,
  fixed,
  type Schema,
  text,
  word,
} from "./content_fields.ts";
import { type AboutReceipt, ReceiptAsk, ReceiptRefused, ReceiptSigned } from "./content_receipt.ts";
import { RecordingSaid } from "./content_recording.ts";
import { NONCE, PATH, SDP } from "./content_records.ts";
import { Digest } from "./ids.ts";

export const MAX_CANDIDATES = 32;
export const MAX_CANDIDATE_BYTES = 512;

/** Why a call ends, as far as the other side is told. */
export const HangupReason = {
  ENDED: "ended",
  FAILED: "failed",
  LOST: "lost",
  REPLACED: "replaced",
  NOT_ENCRYPTED: "not_encrypted",
} as const;
export type HangupReason = (typeof HangupReason)[keyof typeof HangupReason];

function inCall<K extends string, S extends Schema>(kind: K, schema: S): ContentType<K, S> {
  return content(kind, { t: kind }, schema);
}

/** The caller's nonce, once the call group stands (P11). */
export const CallReveal = inCall("call.reveal", { nonce: NONCE });
export type CallReveal = ContentOf<typeof CallReveal>;

export const CANDIDATES = array(text(MAX_CANDIDATE_BYTES, { line: true }), MAX_CANDIDATES);

/** ICE candidates (RFC 8838), relayed ones unless both sides granted direct. */
export const CallCandidates = inCall("call.candidates", {
  /** Media stream identification tag (RFC 5888); empty for the bundle. */
  mid: text(16, { shortest: 0, line: true }),
  candidates: CANDIDATES,
});
export type CallCandidates = ContentOf<typeof CallCandidates>;

/** The sender holds the receive keys of this epoch. */
export const CallReady = inCall("call.ready", {});
export type CallReady = ContentOf<typeof CallReady>;

/** The sender leaves the call; keys are erased on both sides. */
export const CallHangup = inCall("call.hangup", { reason: word(HangupReason) });
export type CallHangup = ContentOf<typeof CallHangup>;

/** Which path the sender allows for this call, from now on; before it, the relay only. */
export const CallPath = inCall("call.path", { path: PATH });
export type CallPath = ContentOf<typeof CallPath>;

/** A new SDP offer: an ICE restart, or media added or dropped. */
export const CallOffer = inCall("call.offer", {
  sdp: SDP,
  /** For which path it is made. */
  path: PATH,
});
export type CallOffer = ContentOf<typeof CallOffer>;

/** The answer to `CallOffer`. */
export const CallAnswer = inCall("call.answer", {
  sdp: SDP,
  /** SHA-256 of the offer that it answers (CK-386). */
  offer: fixed(Digest),
});
export type CallAnswer = ContentOf<typeof CallAnswer>;

export type InCall =
  | CallReveal
  | CallCandidates
  | CallReady
  | CallHangup
  | CallPath
  | CallOffer
  | CallAnswer
  | RecordingSaid
  | AboutReceipt;

/** All of them, to look them up. */
export const IN_CALL = [
  CallReveal,
  CallCandidates,
  CallReady,
  CallHangup,
  CallPath,
  CallOffer,
  CallAnswer,
  RecordingSaid,
  ReceiptAsk,
  ReceiptSigned,
  ReceiptRefused,
] as const;
