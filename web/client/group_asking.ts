/** Invites into groups as they are kept: ours, those we got, and who said yes. */

import { type Bytes, copy } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import type { MemberDevice } from "../core/content_records.ts";
import { Code, FatalError } from "../core/errors.ts";
import { AccountId, GroupId, RequestToken } from "../core/ids.ts";
import type { Item } from "./unit.ts";

/** By token: an invite of ours that nobody said yes to yet. */
export const GIVEN_KIND = "group.given";
/** By group and inviter: an invite that waits for the person. */
export const ASKED_IN_KIND = "group.asked";
/** By group: an invite that was said yes to, until we are in. */
export const JOINING_GROUP_KIND = "group.joining";

/** An invite of ours. */
export type Invited = Readonly<{
  /** What the answer brings back. */
  token: RequestToken;
  /** Into which group. */
  group: GroupId;
  /** Whom we asked. */
  account: AccountId;
  /** Unix seconds. */
  at: number;
}>;

/** An invite that we got. */
export type Asked = Readonly<{
  /** Into which group. */
  group: GroupId;
  /** Who asks; a contact. */
  inviter: AccountId;
  /** What they say it is called. */
  name: string;
  /** How many they say are in it. */
  members: number;
  /** For the answer. */
  token: RequestToken;
  /** Unix seconds when it came, by our clock. */
  at: number;
  /** Our yes is on its way. False also while the person has not answered. */
  sent: boolean;
}>;

/** A device that waits to be added: what it sent, and what its owner calls themselves. */
export type Joiner = Readonly<{ member: MemberDevice; keyPackage: Bytes }>;

/** Return the stored form of an invite of ours. */
export function invitedToBytes({ group, account, at }: Omit<Invited, "token">): Bytes {
  return encode([group, account, at]);
}

/** Read an invite of ours. */
export function invitedOf([token, data]: Item): Invited {
  const value = decode(data);
  const [group, account, at] = isList(value) && value.length === 3 ? value : [];
  if (!isBytes(group) || !isBytes(account) || typeof at !== "number") throw unreadable();
  const whom = new AccountId(account);
  return { token: new RequestToken(token), group: new GroupId(group), account: whom, at };
}

/** Return the stored form of an invite that we got. */
export function askedToBytes({ inviter, name, members, token, at, sent }: Asked): Bytes {
  return encode([inviter, name, members, token, at, sent]);
}

/** Read an invite that we got; its key begins with the group. */
export function askedOf([key, data]: Item): Asked {
  const value = decode(data);
  const fields = isList(value) && value.length === 6 ? value : [];
  const [inviter, name, members, token, at, sent] = fields;
  if (
    !isBytes(inviter) ||
    typeof name !== "string" ||
    typeof members !== "number" ||
    !isBytes(token) ||
    typeof at !== "number" ||
    typeof sent !== "boolean"
  ) {
    throw unreadable();
  }
  return {
    group: new GroupId(copy(key.subarray(0, GroupId.LENGTH))),
    inviter: new AccountId(inviter),
    name,
    members,
    token: new RequestToken(token),
    at,
    sent,
  };
}

function unreadable(): FatalError {
  return new FatalError(Code.MALFORMED, "an invite of the store cannot be read");
}
