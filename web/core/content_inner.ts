/**
 * Contents of application messages in a conversation group: what contacts say to each other.
 *
 * Map {"v": 1, "t": type, "id": 16 bytes, "at": unix seconds, ...}. Of calls, only ringing goes here
 * (protocol.md P9); everything after the answer is in the call group (`content_call.ts`).
 */

import {
  array,
  blob,
  type ContentOf,
  type ContentType,
  content,
  FLAG,
  fixed,
  maybe,
  type Schema,
  text,
  uint,
  word,
} from "./content_fields.ts";
import {
  ADDRESSES,
  CALL,
  DEVICE,
  GROUP,
  HANDLE,
  JOINING,
  KEY_PACKAGE,
  LIST,
  MAX_LEAVES,
  MEDIA,
  NAME,
  NAMED,
  NONCE,
  SDP,
  TIME,
  TOKEN,
} from "./content_records.ts";
import { MAX_NAME_BYTES } from "./file_name.ts";
import { FileType, MAX_FILE_BYTES } from "./file_type.ts";
import { BlobId, Digest, FileKey, MessageId } from "./ids.ts";
import { MAX_SIGNED } from "./recording_statements.ts";

export const MAX_BODY_BYTES = 16_384;
/**
 * A thumbnail that fits an envelope of 64 KiB. Senders make smaller ones: with 5,000 bytes it fits
 * one of 8 KiB, and the quota of a day is used up eight times later.
 */
export const MAX_THUMBNAIL_BYTES = 16_384;
/** Seconds a call rings. Longer gives people time; the callee counts from receipt. */
export const RING_S = 45;
/** Calls in one request to forget; more go in further requests. */
export const MAX_FORGET = 256;

/** What every message of a conversation has. */
const HEAD = { id: fixed(MessageId), at: TIME };

function inner<K extends string, S extends Schema>(kind: K, schema: S) {
  const whole: typeof HEAD & S = { ...HEAD, ...schema };
  return content(kind, { t: kind }, whole) satisfies ContentType<K, Schema>;
}

/** A text message. */
export const MessageText = inner("message.text", { body: text(MAX_BODY_BYTES) });
export type MessageText = ContentOf<typeof MessageText>;

/**
 * A file: where it lies, sealed (`file_seal.ts`), and what opens and proves it.
 *
 * All of it is the sender's word. What the file is its content says, once it was fetched and checked
 * (`file_type.ts`); the name is shown and saved only as `safeName` makes it.
 */
export const MessageFile = inner("message.file", {
  name: text(MAX_NAME_BYTES, { line: true }),
  mediaType: word(FileType),
  size: uint(MAX_FILE_BYTES, 1),
  sha256: fixed(Digest),
  key: fixed(FileKey),
  blob: fixed(BlobId),
  thumbnail: maybe(blob(MAX_THUMBNAIL_BYTES)),
});
export type MessageFile = ContentOf<typeof MessageFile>;

/**
 * The caller rings. Repeated with the same call id after a reconnect.
 *
 * With `again` nobody is rung: the caller lost that call to a reload and asks to go on (CK-380).
 */
export const CallInvite = inner("call.invite", {
  call: CALL,
  media: MEDIA,
  /** SDP without candidates: nothing in it leads to an address. */
  offer: SDP,
  /** `sas.commit` of the caller's nonce (P11). */
  commit: fixed(Digest),
  expiresS: uint(RING_S, 1),
  /** Both sides keep nothing of it, share no screen, and send pictures of few sizes. */
  confidential: FLAG,
  again: maybe(CALL),
});
export type CallInvite = ContentOf<typeof CallInvite>;

/** A device of the callee rings: said only to a contact that may see it (CK-383). */
export const CallRinging = inner("call.ringing", { call: CALL });
export type CallRinging = ContentOf<typeof CallRinging>;

/** One device of the callee takes the call, if the caller says so (`CallTaken`). */
export const CallAccept = inner("call.accept", {
  call: CALL,
  device: DEVICE,
  media: MEDIA,
  answer: SDP,
  nonce: NONCE,
  keyPackage: KEY_PACKAGE,
});
export type CallAccept = ContentOf<typeof CallAccept>;

/** The caller's verdict on which device took the call; the others stop ringing. */
export const CallTaken = inner("call.taken", { call: CALL, device: DEVICE });
export type CallTaken = ContentOf<typeof CallTaken>;

/** The caller gave up before anybody answered. */
export const CallCancel = inner("call.cancel", { call: CALL });
export type CallCancel = ContentOf<typeof CallCancel>;

/** Durable note after a cancel or timeout, unless the caller leaves no trace. */
export const CallMissed = inner("call.missed", { call: CALL, media: MEDIA });
export type CallMissed = ContentOf<typeof CallMissed>;

/** The sender asks us to take calls out of our history. Nothing is answered. */
export const CallsForget = inner("calls.forget", { calls: array(CALL, MAX_FORGET) });
export type CallsForget = ContentOf<typeof CallsForget>;

/** The sender's newest device list and an address for each of its devices. */
export const ContactDevices = inner("contact.devices", { list: LIST, devices: ADDRESSES });
export type ContactDevices = ContentOf<typeof ContactDevices>;

/** The sender's account has another handle; see `handle.ts`. */
export const ContactName = inner("contact.name", { name: HANDLE, count: NAMED });
export type ContactName = ContentOf<typeof ContactName>;

/** The sender asks us into a group; nobody stands in one who did not say yes (ADR 24). */
export const GroupInvite = inner("group.invite", {
  group: GROUP,
  name: NAME,
  /** How many people are in it. */
  members: uint(MAX_LEAVES, 1),
  /** Comes back in the answer, once, within seven days. */
  token: TOKEN,
});
export type GroupInvite = ContentOf<typeof GroupInvite>;

/** Yes to an invite, with what it takes to be let in; a no is silence. */
export const GroupJoin = inner("group.join", { token: TOKEN, name: NAME, devices: JOINING });
export type GroupJoin = ContentOf<typeof GroupJoin>;

/**
 * The sender is never to be recorded in calls with us, or no longer.
 *
 * Said in the conversation, so that it is known before any call. What holds in a call stands in the
 * leaf of its group (`recording_leaf.ts`). `at` is later than in all that the sender's account said
 * before: the newest stands (CK-991).
 */
export const RecordingNever = inner("recording.never", { never: FLAG });
export type RecordingNever = ContentOf<typeof RecordingNever>;

/**
 * A yes to a recording was taken back after the call: said where the call was, to who recorded.
 *
 * Who signed it the statement says; whoever sends it need not be the same (CK-993).
 */
export const RecordingWithdrawn = inner("recording.withdrawn", {
  /** A `recording.withdrawal`, as `signStatement` makes it. */
  statement: blob(MAX_SIGNED),
});
export type RecordingWithdrawn = ContentOf<typeof RecordingWithdrawn>;

export type Inner =
  | MessageText
  | MessageFile
  | CallInvite
  | CallRinging
  | CallAccept
  | CallTaken
  | CallCancel
  | CallMissed
  | CallsForget
  | ContactDevices
  | ContactName
  | GroupInvite
  | GroupJoin
  | RecordingNever
  | RecordingWithdrawn;

/** All of them, to look them up. */
export const INNER = [
  MessageText,
  MessageFile,
  CallInvite,
  CallRinging,
  CallAccept,
  CallTaken,
  CallCancel,
  CallMissed,
  CallsForget,
  ContactDevices,
  ContactName,
  GroupInvite,
  GroupJoin,
  RecordingNever,
  RecordingWithdrawn,
] as const;
