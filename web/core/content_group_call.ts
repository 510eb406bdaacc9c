/**
 * Contents of application messages in the group of a group call (docs/protocol/group-call.md).
 *
 * Map {"v": 1, "t": type, ...}. No id and no time: the group lives as long as the call. They go
 * through the call room to all members at once.
 */

import { CANDIDATES } from "./content_call.ts";
import {
  array,
  type ContentOf,
  type ContentType,
  content,
  FLAG,
  fixed,
  maybe,
  type Schema,
  uint,
  word,
} from "./content_fields.ts";
import { ReceiptAsk, ReceiptRefused, ReceiptSigned } from "./content_receipt.ts";
import { RecordingSaid } from "./content_recording.ts";
import { SDP } from "./content_records.ts";
import { Digest, FeedId } from "./ids.ts";

export const MAX_EPOCH = 2 ** 32 - 1;
export const MAX_ROOM_MEMBER = 2 ** 32 - 1;

/** Requests that one member can know: each member has one at a time. */
export const MAX_ASKED = 64;

function inGroupCall<K extends string, S extends Schema>(kind: K, schema: S): ContentType<K, S> {
  return content(kind, { t: kind }, schema);
}

/**
 * The sender can open frames of this epoch; its number in the call room, what it sends, and what is
 * asked.
 */
export const GroupCallReady = inGroupCall("groupcall.ready", {
  epoch: uint(MAX_EPOCH),
  member: uint(MAX_ROOM_MEMBER),
  /** Its feed at the SFU, once it has one: frames of any other are shown to nobody (P14). */
  feed: maybe(fixed(FeedId)),
  /** All requests to record that it knows to go on (`askDigest`): whoever comes waits for them. */
  asks: array(fixed(Digest), MAX_ASKED, 0),
});
export type GroupCallReady = ContentOf<typeof GroupCallReady>;

/** The sender leaves the call; whoever commits next removes it. */
export const GroupCallLeaving = inGroupCall("groupcall.leaving", {});
export type GroupCallLeaving = ContentOf<typeof GroupCallLeaving>;

const CONNECTION = {
  /** The offerer's count of its offers to this member; an answer names it. */
  attempt: uint(2 ** 16 - 1),
  /** Without candidates. */
  sdp: SDP,
  /** Relayed ones. */
  candidates: CANDIDATES,
};

/** To one member of a small call: a connection between the two of them. */
export const GroupCallOffer = inGroupCall("groupcall.offer", CONNECTION);
export type GroupCallOffer = ContentOf<typeof GroupCallOffer>;

/** The answer to `GroupCallOffer`. */
export const GroupCallAnswer = inGroupCall("groupcall.answer", CONNECTION);
export type GroupCallAnswer = ContentOf<typeof GroupCallAnswer>;

/**
 * What the sender shows of itself; the newest counts.
 *
 * Nobody is heard or seen by it: who says to be muted and is not is heard all the same.
 */
export const GroupCallState = inGroupCall("groupcall.state", {
  /** It would like to say something. */
  hand: FLAG,
  microphone: FLAG,
  camera: FLAG,
  /** It shares a screen; in a mesh it goes in the camera's place. */
  screen: FLAG,
});
export type GroupCallState = ContentOf<typeof GroupCallState>;

/** What a member shows everybody for some seconds. */
export const Reaction = {
  THUMBS_UP: "thumbs_up",
  CLAP: "clap",
  HEART: "heart",
  LAUGH: "laugh",
  SURPRISED: "surprised",
  CELEBRATE: "celebrate",
} as const;
export type Reaction = (typeof Reaction)[keyof typeof Reaction];

/** The sender shows everybody a reaction, once. */
export const GroupCallReaction = inGroupCall("groupcall.reaction", { reaction: word(Reaction) });
export type GroupCallReaction = ContentOf<typeof GroupCallReaction>;

/** To one member: the sender asks it to mute itself. Nothing happens but that it is asked. */
export const GroupCallPleaseMute = inGroupCall("groupcall.please_mute", {});
export type GroupCallPleaseMute = ContentOf<typeof GroupCallPleaseMute>;

/** All of them, to look them up. */
export const IN_GROUP_CALL = [
  GroupCallReady,
  GroupCallLeaving,
  GroupCallOffer,
  GroupCallAnswer,
  GroupCallState,
  GroupCallReaction,
  GroupCallPleaseMute,
  RecordingSaid,
  ReceiptAsk,
  ReceiptSigned,
  ReceiptRefused,
] as const;

export type InGroupCall = ContentOf<(typeof IN_GROUP_CALL)[number]>;

/** What is said to one member alone. */
export type ToOne = GroupCallOffer | GroupCallAnswer | GroupCallPleaseMute;

/** What a member shows, or asks for: it concerns people alone. */
export type Sign = GroupCallState | GroupCallReaction | GroupCallPleaseMute;
