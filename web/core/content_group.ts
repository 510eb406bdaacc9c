/**
 * Contents inside a group of people: what its members say, agree on, and commit to (ADR 24).
 *
 * Three places: application messages of the group (`InGroup`); the group context extension
 * (`GroupTerms`), which is what everybody agrees on; and the authenticated data of each commit
 * (`GroupChange`), so that nobody can apply a commit without what explains it.
 *
 * Not for: what a commit may do (`group_rules.ts`), or how somebody is asked in (`content_inner.ts`).
 */

import {
  array,
  blob,
  type ContentOf,
  type ContentType,
  content,
  fixed,
  maybe,
  nested,
  type RecordOf,
  record,
  type Schema,
} from "./content_fields.ts";
import { MessageFile, MessageText, RecordingWithdrawn } from "./content_inner.ts";
import {
  ACCOUNT,
  ADDRESSES,
  DEVICE,
  LIST,
  MAX_LEAVES,
  MEDIA,
  MemberDevice,
  NAME,
  SIGNATURE,
  TIME,
} from "./content_records.ts";
import { CallId, Digest, DoorKey, MessageId, RoomId } from "./ids.ts";

/** The picture of a group, which travels whole in one envelope of 64 KiB. */
export const MAX_PICTURE_BYTES = 49_152;

const HEAD = { id: fixed(MessageId), at: TIME };

function inGroup<K extends string, S extends Schema>(kind: K, schema: S) {
  const whole: typeof HEAD & S = { ...HEAD, ...schema };
  return content(kind, { t: kind }, whole) satisfies ContentType<K, Schema>;
}

/** What all members of an epoch agree on: the group context extension. */
export const GroupTerms = record("GroupTerms", {
  name: NAME,
  /** Who may remove others and name keepers: sorted, none twice, all of them members. */
  keepers: array(ACCOUNT, MAX_LEAVES),
  /** SHA-256 of the group's picture. */
  picture: maybe(fixed(Digest)),
});
export type GroupTerms = RecordOf<typeof GroupTerms>;

/** An account's word that it leaves, signed by one of its devices (docs/protocol/group.md). */
export const Departure = record("Departure", {
  account: ACCOUNT,
  device: DEVICE,
  /** SHA-256 of the encryption key in that device's leaf: for this stay in the group only. */
  leaf: fixed(Digest),
  signature: SIGNATURE,
});
export type Departure = RecordOf<typeof Departure>;

/** What a commit says beside its proposals: authenticated data of its PrivateMessage. */
export const GroupChange = content(
  "group.change",
  { t: "group.change" },
  {
    /** Where the devices that it adds are reached, as far as the committer knows. */
    joined: array(nested(MemberDevice), MAX_LEAVES, 0),
    /** Why it removes accounts that a keeper did not remove. */
    left: array(nested(Departure), MAX_LEAVES, 0),
  },
);
export type GroupChange = ContentOf<typeof GroupChange>;

/** The sender's newest device list, its name, and the address of the device that says it. */
export const GroupDevices = inGroup("group.devices", {
  list: LIST,
  name: NAME,
  devices: ADDRESSES,
});
export type GroupDevices = ContentOf<typeof GroupDevices>;

/** The sender leaves, with all its devices, and has erased its keys when this arrives. */
export const GroupLeave = inGroup("group.leave", { departure: nested(Departure) });
export type GroupLeave = ContentOf<typeof GroupLeave>;

/** The group's picture: shown if the terms name its digest, and dropped otherwise. */
export const GroupPicture = inGroup("group.picture", { picture: blob(MAX_PICTURE_BYTES) });
export type GroupPicture = ContentOf<typeof GroupPicture>;

/**
 * The sender began a call; whoever is in the group may come in (docs/protocol/group-call.md).
 *
 * Said twice: live, which rings, and kept, for who is not there now.
 */
export const GroupCallBegan = inGroup("groupcall.began", {
  call: fixed(CallId),
  /** Where the call is, at the server. */
  room: fixed(RoomId),
  /** Seals what is said at its door. */
  door: fixed(DoorKey),
  media: MEDIA,
});
export type GroupCallBegan = ContentOf<typeof GroupCallBegan>;

/** The sender was the last one in a call: nobody can come in any more. */
export const GroupCallOver = inGroup("groupcall.over", { call: fixed(CallId) });
export type GroupCallOver = ContentOf<typeof GroupCallOver>;

/** All of them, to look them up. */
export const IN_GROUP = [
  MessageText,
  MessageFile,
  GroupDevices,
  GroupLeave,
  GroupPicture,
  GroupCallBegan,
  GroupCallOver,
  RecordingWithdrawn,
] as const;

export type InGroup =
  | MessageText
  | MessageFile
  | GroupDevices
  | GroupLeave
  | GroupPicture
  | GroupCallBegan
  | GroupCallOver
  | RecordingWithdrawn;
