/**
 * Contents of envelopes, outside of any MLS group (docs/protocol/envelope.md).
 *
 * Map {"v": 1, "k": kind, ...}. What is said *inside* a conversation is in `content_inner.ts`.
 */

import {
  ADDRESS,
  array,
  blob,
  type ContentOf,
  type ContentType,
  content,
  fixed,
  maybe,
  nested,
  type Schema,
  uint,
} from "./content_fields.ts";
import {
  ADDRESSES,
  DEVICE,
  GROUP,
  JOINING,
  KEY,
  LIST,
  MAX_COUNT,
  MAX_KEY_PACKAGE_BYTES,
  MAX_LEAVES,
  MemberDevice,
  MLS,
  NAME,
  NONCE,
  SEQUENCER,
  SIGNATURE,
  TOKEN,
} from "./content_records.ts";
import { Digest } from "./ids.ts";

/** Conversations a new device is added to at once; more go in further `pair.request`s. */
export const MAX_PAIR_KEY_PACKAGES = 64;
/** Groups and conversations that one device can be in. */
const MAX_GROUPS = 4096;

function outer<K extends string, S extends Schema>(kind: K, schema: S): ContentType<K, S> {
  return content(kind, { k: kind }, schema);
}

/** An MLS PrivateMessage of a conversation, call or self group. */
export const Mls = outer("mls", { message: MLS });
export type Mls = ContentOf<typeof Mls>;

/** A commit was accepted by the group's sequencer: pull it. Losing this loses nothing. */
export const CommitHint = outer("commit", {
  group: GROUP,
  /** The epoch the group has reached. */
  epoch: uint(MAX_COUNT),
});
export type CommitHint = ContentOf<typeof CommitHint>;

/** The Welcome to a call group, for the one device that took the call. */
export const CallWelcome = content("welcome.call", { k: "welcome", w: "call" }, { message: MLS });
export type CallWelcome = ContentOf<typeof CallWelcome>;

/**
 * The Welcome to a conversation for a device added later (recovered or linked).
 *
 * It comes from the contact (after `contact.rejoin`) or from an own device (after pairing); in both
 * cases `list`, `name` and `devices` are the contact's.
 */
export const ConversationWelcome = content(
  "welcome.conversation",
  { k: "welcome", w: "conversation" },
  {
    message: MLS,
    group: GROUP,
    sequencer: SEQUENCER,
    list: LIST,
    name: NAME,
    devices: ADDRESSES,
    /** The group whose thread goes on in this one, if every member had lost its state. */
    thread: maybe(GROUP),
  },
);
export type ConversationWelcome = ContentOf<typeof ConversationWelcome>;

/** The Welcome to the group of one's own devices, outside of pairing. */
export const SelfWelcome = content(
  "welcome.self",
  { k: "welcome", w: "self" },
  { message: MLS, group: GROUP, sequencer: SEQUENCER, devices: ADDRESSES },
);
export type SelfWelcome = ContentOf<typeof SelfWelcome>;

/** The Welcome to a group of people, from a member that we said yes to, or a device of ours. */
export const GroupWelcome = content(
  "welcome.group",
  { k: "welcome", w: "group" },
  {
    message: MLS,
    group: GROUP,
    sequencer: SEQUENCER,
    /** Where its devices are reached, as far as the sender knows; the sender's is one of them. */
    members: array(nested(MemberDevice), MAX_LEAVES),
  },
);
export type GroupWelcome = ContentOf<typeof GroupWelcome>;

/** Somebody who holds an invite asks to be a contact (P2). Signed with `device`'s key. */
export const ContactRequest = outer("contact.request", {
  token: TOKEN,
  list: LIST,
  name: NAME,
  devices: JOINING,
  /** The device that sent and signed it; on `list`. */
  device: DEVICE,
  signature: SIGNATURE,
});
export type ContactRequest = ContentOf<typeof ContactRequest>;

/** The answer to a request: the conversation. Signed with `device`'s key. */
export const ContactAccept = outer("contact.accept", {
  token: TOKEN,
  list: LIST,
  name: NAME,
  devices: ADDRESSES,
  /** The Welcome. */
  message: MLS,
  group: GROUP,
  sequencer: SEQUENCER,
  device: DEVICE,
  signature: SIGNATURE,
});
export type ContactAccept = ContentOf<typeof ContactAccept>;

/** A contact who lost its state asks to be added again (P5). Signed by the identity key. */
export const ContactRejoin = outer("contact.rejoin", {
  list: LIST,
  devices: JOINING,
  signature: SIGNATURE,
});
export type ContactRejoin = ContentOf<typeof ContactRejoin>;

/** Pairing, 1: the existing device answers the new one's link and commits to its nonce. */
export const PairOffer = outer("pair.offer", {
  /** `sas.commit` of the existing device's nonce. */
  commitment: fixed(Digest),
  device: DEVICE,
  key: KEY,
  address: ADDRESS,
});
export type PairOffer = ContentOf<typeof PairOffer>;

/** Pairing, 2: the new device shows its key (whose hash is in the link) and its nonce. */
export const PairAnswer = outer("pair.answer", { device: DEVICE, key: KEY, nonce: NONCE });
export type PairAnswer = ContentOf<typeof PairAnswer>;

/** Pairing, 3: the existing device reveals; both now show six digits to compare. */
export const PairReveal = outer("pair.reveal", {
  nonce: NONCE,
  /** Groups the new device will be added to: it makes as many key packages. */
  groups: uint(MAX_GROUPS),
});
export type PairReveal = ContentOf<typeof PairReveal>;

/** Pairing, 4: the digits were confirmed; the new device's list entry and key packages. */
export const PairRequest = outer("pair.request", {
  /** Signed with the identity key that the new device unwrapped with password or code. */
  list: LIST,
  address: ADDRESS,
  keyPackages: array(blob(MAX_KEY_PACKAGE_BYTES), MAX_PAIR_KEY_PACKAGES),
});
export type PairRequest = ContentOf<typeof PairRequest>;

/** Pairing, 5: Welcome to the self group. Conversations follow as `welcome`s of their own. */
export const DeviceLink = outer("device.link", {
  message: MLS,
  group: GROUP,
  sequencer: SEQUENCER,
  /** Addresses of the account's other devices, for the new one alone. */
  devices: ADDRESSES,
  conversations: uint(MAX_GROUPS),
});
export type DeviceLink = ContentOf<typeof DeviceLink>;

export type Outer =
  | Mls
  | CommitHint
  | CallWelcome
  | ConversationWelcome
  | SelfWelcome
  | GroupWelcome
  | ContactRequest
  | ContactAccept
  | ContactRejoin
  | PairOffer
  | PairAnswer
  | PairReveal
  | PairRequest
  | DeviceLink;

/** All of them, to look them up. */
export const OUTER = [
  Mls,
  CommitHint,
  CallWelcome,
  ConversationWelcome,
  SelfWelcome,
  GroupWelcome,
  ContactRequest,
  ContactAccept,
  ContactRejoin,
  PairOffer,
  PairAnswer,
  PairReveal,
  PairRequest,
  DeviceLink,
] as const;
