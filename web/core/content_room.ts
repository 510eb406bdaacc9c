/**
 * Messages between a member and a call room at the server (docs/protocol/call-room.md).
 *
 * Map {"v": 1, "t": type, ...}, one in each WebSocket message. Two families, by direction:
 *
 *     encodeToRoom, decodeToRoom         what a member says to the room
 *     encodeFromRoom, decodeFromRoom     what the room says to a member
 *
 * Unlike sealed content, the server reads these. What people say to each other stands inside
 * `body`, sealed by the call group; descriptions (SDP) hold no address of a member (CK-814).
 */

import type { Bytes } from "./bytes.ts";
import { Family } from "./content_family.ts";
import {
  array,
  type ContentOf,
  type ContentType,
  content,
  FLAG,
  fixed,
  maybe,
  nested,
  type Schema,
  text,
  uint,
  word,
} from "./content_fields.ts";
import {
  COMMIT,
  EPOCH,
  FEED,
  Feed,
  KEY_HASH,
  KNOCK,
  MAX_LAYER,
  MAX_MEMBERS,
  MAX_PUBLISH_SDP,
  MAX_ROOM_MESSAGE,
  MAX_STREAMS,
  MAX_WATCH_SDP,
  MEMBER,
  MID,
  OfferedSection,
  Refusal,
  ROOM,
  ROOM_KEY,
  SAID,
  WatchedFeed,
  Why,
} from "./content_room_fields.ts";
import { Code, PeerError } from "./errors.ts";
import { Capability, MailboxId } from "./ids.ts";

function message<K extends string, S extends Schema>(kind: K, schema: S): ContentType<K, S> {
  return content(kind, { t: kind }, schema);
}

// ---- To the room

/** Make a room and enter it; the only message that presents a capability (P12). */
export const RoomCreate = message("room.create", {
  room: ROOM,
  mailbox: fixed(MailboxId),
  capability: fixed(Capability),
  /** Epoch of the call group that the first commit leads from. */
  n: EPOCH,
  /** SHA-256 of that epoch's room key. */
  key: KEY_HASH,
});
export type RoomCreate = ContentOf<typeof RoomCreate>;

/** Enter a room with its present key. */
export const RoomEnter = message("room.enter", { room: ROOM, key: ROOM_KEY });
export type RoomEnter = ContentOf<typeof RoomEnter>;

/** Ask those inside to be let in, from outside; again to ask again. */
export const RoomKnock = message("room.knock", { room: ROOM, body: KNOCK });
export type RoomKnock = ContentOf<typeof RoomKnock>;

/** Answer somebody at the door: with what lets them into the call group. */
export const RoomLetIn = message("room.let_in", { knock: MEMBER, body: COMMIT });
export type RoomLetIn = ContentOf<typeof RoomLetIn>;

/** Pass something on to all others, or to one. */
export const RoomSay = message("room.say", { body: SAID, to: maybe(MEMBER) });
export type RoomSay = ContentOf<typeof RoomSay>;

/** Offer a commit that leads from epoch `n`; it rolls the room's key (P8). */
export const RoomCommit = message("room.commit", {
  n: EPOCH,
  key: ROOM_KEY,
  body: COMMIT,
  next: KEY_HASH,
});
export type RoomCommit = ContentOf<typeof RoomCommit>;

/** Ask for the commits numbered `first` and above. */
export const RoomPull = message("room.pull", { first: EPOCH });
export type RoomPull = ContentOf<typeof RoomPull>;

/** Cut a member off; with the present key of the room. */
export const RoomEvict = message("room.evict", { member: MEMBER, key: ROOM_KEY });
export type RoomEvict = ContentOf<typeof RoomEvict>;

/** Leave. */
export const RoomLeave = message("room.leave", {});
export type RoomLeave = ContentOf<typeof RoomLeave>;

/** The answer to `RoomPing`. */
export const RoomPong = message("room.pong", {});
export type RoomPong = ContentOf<typeof RoomPong>;

/** Send media to the SFU, or change what is sent: an offer without candidates. */
export const RoomPublish = message("room.publish", { sdp: text(MAX_PUBLISH_SDP) });
export type RoomPublish = ContentOf<typeof RoomPublish>;

/** Get these feeds and no others; none ends the connection for receiving. */
export const RoomWatch = message("room.watch", {
  feeds: array(nested(WatchedFeed), MAX_MEMBERS, 0),
});
export type RoomWatch = ContentOf<typeof RoomWatch>;

/** The answer to the newest `RoomOffer`, without candidates. */
export const RoomAnswer = message("room.answer", { sdp: text(MAX_WATCH_SDP) });
export type RoomAnswer = ContentOf<typeof RoomAnswer>;

/** Choose which simulcast layer of a section is got: 0 is the smallest. */
export const RoomLayers = message("room.layers", {
  mid: MID,
  substream: uint(MAX_LAYER),
  temporal: uint(MAX_LAYER),
});
export type RoomLayers = ContentOf<typeof RoomLayers>;

/** What a member says, to look it up. */
export const TO_ROOM = [
  RoomCreate,
  RoomEnter,
  RoomKnock,
  RoomLetIn,
  RoomSay,
  RoomCommit,
  RoomPull,
  RoomEvict,
  RoomLeave,
  RoomPong,
  RoomPublish,
  RoomWatch,
  RoomAnswer,
  RoomLayers,
] as const;

export type ToRoom = ContentOf<(typeof TO_ROOM)[number]>;

// ---- From the room

/** You are in. */
export const RoomEntered = message("room.entered", {
  /** Your number; the room gives none twice. */
  member: MEMBER,
  /** The others'. */
  members: array(MEMBER, MAX_MEMBERS, 0),
  /** Number that the next commit will have. */
  n: EPOCH,
  /** Whether there can be more than three. */
  hasSfu: FLAG,
  /** How many the room holds. */
  most: uint(MAX_MEMBERS, 1),
});
export type RoomEntered = ContentOf<typeof RoomEntered>;

/** Somebody came in. */
export const RoomCame = message("room.came", { member: MEMBER });
export type RoomCame = ContentOf<typeof RoomCame>;

/** Somebody is in no more; to yourself it is the last message. */
export const RoomGone = message("room.gone", { member: MEMBER, why: word(Why) });
export type RoomGone = ContentOf<typeof RoomGone>;

/** Somebody is at the door; `knock` is its number there. */
export const RoomKnocked = message("room.knocked", { knock: MEMBER, body: KNOCK });
export type RoomKnocked = ContentOf<typeof RoomKnocked>;

/** To who is at the door: what a member answers. */
export const RoomAnswered = message("room.answered", { body: COMMIT });
export type RoomAnswered = ContentOf<typeof RoomAnswered>;

/** What a member said. */
export const RoomSaid = message("room.said", { member: MEMBER, body: SAID });
export type RoomSaid = ContentOf<typeof RoomSaid>;

/** What became of your commit; not accepted: another one won, and it comes or came. */
export const RoomCommitted = message("room.committed", { n: EPOCH, accepted: FLAG });
export type RoomCommitted = ContentOf<typeof RoomCommitted>;

/** The one commit that leads from epoch `n`. */
export const RoomOrdered = message("room.ordered", { n: EPOCH, body: COMMIT });
export type RoomOrdered = ContentOf<typeof RoomOrdered>;

/** The end of what `RoomPull` asked for: the next commit wanted from here is `n`. */
export const RoomPulled = message("room.pulled", { n: EPOCH });
export type RoomPulled = ContentOf<typeof RoomPulled>;

/** Are you there? Answer with `RoomPong`. */
export const RoomPing = message("room.ping", {});
export type RoomPing = ContentOf<typeof RoomPing>;

/** The SFU's answer to your offer, and the id by which the others get it. */
export const RoomPublished = message("room.published", { sdp: text(MAX_PUBLISH_SDP), feed: FEED });
export type RoomPublished = ContentOf<typeof RoomPublished>;

/** All feeds that can be watched now. A hint: which feed is whose is said in the call group. */
export const RoomFeeds = message("room.feeds", { feeds: array(nested(Feed), MAX_MEMBERS, 0) });
export type RoomFeeds = ContentOf<typeof RoomFeeds>;

/** The SFU's description of what you get now. */
export const RoomOffer = message("room.offer", {
  sdp: text(MAX_WATCH_SDP),
  streams: array(nested(OfferedSection), MAX_STREAMS, 0),
});
export type RoomOffer = ContentOf<typeof RoomOffer>;

/** The SFU died; all feeds are gone with it. */
export const RoomSfuLost = message("room.sfu_lost", {});
export type RoomSfuLost = ContentOf<typeof RoomSfuLost>;

/** The SFU is there again: publish and watch anew. */
export const RoomSfuBack = message("room.sfu_back", {});
export type RoomSfuBack = ContentOf<typeof RoomSfuBack>;

/** Something that you asked for was not done, and changed nothing. */
export const RoomRefused = message("room.refused", {
  code: word(Refusal),
  /** The `t` of what you asked for. */
  asked: MID,
});
export type RoomRefused = ContentOf<typeof RoomRefused>;

/** What the room says, to look it up. */
export const FROM_ROOM = [
  RoomEntered,
  RoomCame,
  RoomGone,
  RoomKnocked,
  RoomAnswered,
  RoomSaid,
  RoomCommitted,
  RoomOrdered,
  RoomPulled,
  RoomPing,
  RoomPublished,
  RoomFeeds,
  RoomOffer,
  RoomSfuLost,
  RoomSfuBack,
  RoomRefused,
] as const;

export type FromRoom = ContentOf<(typeof FROM_ROOM)[number]>;

// CK-801: one type of this direction, exactly its fields, within their bounds.
const BOUNDS = {
  most: MAX_ROOM_MESSAGE,
  unknown: "CK-801: no such message to a room, or from one",
};
const TO = new Family<ToRoom>(TO_ROOM, BOUNDS);
const FROM = new Family<FromRoom>(FROM_ROOM, BOUNDS);

/**
 * Encode what a member says.
 *
 * @throws PeerError `TOO_LARGE`.
 * @throws UsageError The room would refuse it.
 */
export function encodeToRoom(said: ToRoom): Bytes {
  return TO.encode(said);
}

/**
 * Decode what a member said.
 *
 * @throws PeerError `MALFORMED` (CK-250, CK-271, CK-801).
 */
export function decodeToRoom(data: Uint8Array): ToRoom {
  return TO.decode(bounded(data));
}

/** Encode what the room says; throws as `encodeToRoom`. */
export function encodeFromRoom(said: FromRoom): Bytes {
  return FROM.encode(said);
}

/** Decode what the room said; throws as `decodeToRoom`. */
export function decodeFromRoom(data: Uint8Array): FromRoom {
  return FROM.decode(bounded(data));
}

function bounded(data: Uint8Array): Uint8Array {
  if (data.length > MAX_ROOM_MESSAGE) {
    throw new PeerError(Code.MALFORMED, "CK-801: a room message beyond the largest");
  }
  return data;
}
