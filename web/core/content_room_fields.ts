/** Bounds, words and records that the messages of a call room share (`content_room.ts`). */

import { array, blob, fixed, maybe, type RecordOf, record, text, uint } from "./content_fields.ts";
import { Digest, FeedId, RoomId, RoomKey } from "./ids.ts";

/** Bytes of one message in either direction. */
export const MAX_ROOM_MESSAGE = 262_144;

export const MAX_SAID = 65_536;
/** Bytes of a commit; as an MLS message in an envelope. */
export const MAX_COMMIT = 250_000;
/** Bytes of what somebody at the door says: a key package, sealed. */
export const MAX_KNOCK = 24_576;

export const MAX_MEMBERS = 200;
export const MAX_NUMBER = 2 ** 32 - 1;
export const MAX_EPOCH = 2 ** 53 - 1;
export const MAX_PUBLISH_SDP = 65_536;
export const MAX_WATCH_SDP = 240_000;
export const MAX_MIDS = 3;
export const MAX_STREAMS = 400;
export const MAX_LAYER = 2;

export const ROOM = fixed(RoomId);
export const ROOM_KEY = fixed(RoomKey);
export const KEY_HASH = fixed(Digest);
export const FEED = fixed(FeedId);
export const MEMBER = uint(MAX_NUMBER);
export const EPOCH = uint(MAX_EPOCH);
export const SAID = blob(MAX_SAID);
export const COMMIT = blob(MAX_COMMIT);
export const KNOCK = blob(MAX_KNOCK);
export const MID = text(16, { line: true });

/** Why a member is no longer in the room. */
export const Why = { LEFT: "left", LOST: "lost", EVICTED: "evicted" } as const;
export type Why = (typeof Why)[keyof typeof Why];

/** Why the room did not do something; words of `Code`. */
export const Refusal = {
  REFUSED: "refused",
  MALFORMED: "malformed",
  QUOTA: "quota",
  CONFLICT: "conflict",
  UNEXPECTED: "unexpected",
  UNAVAILABLE: "unavailable",
  NO_SFU: "no_sfu",
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

/** What one member sends to the SFU. */
export const Feed = record("Feed", { feed: FEED, member: MEMBER });
export type Feed = RecordOf<typeof Feed>;

/** A feed that a member wants to get; without `mids`, all of it. */
export const WatchedFeed = record("WatchedFeed", {
  feed: FEED,
  mids: maybe(array(MID, MAX_MIDS)),
});
export type WatchedFeed = RecordOf<typeof WatchedFeed>;

/** Whose media a section of an offer carries: `source` is its name where it is sent. */
export const OfferedSection = record("OfferedSection", { mid: MID, feed: FEED, source: MID });
export type OfferedSection = RecordOf<typeof OfferedSection>;
