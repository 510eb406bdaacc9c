/**
 * What this device keeps of each group of people beside its MLS state.
 *
 * Where its members are reached and what they call themselves; their newest device lists, apart from
 * those of contacts, because what one group says of a stranger must not decide who they are
 * elsewhere; who said that they leave; what of the terms a person was shown; the picture.
 *
 * Not for: invites (`group_invites.ts`), or what it means (`group_membership.ts`).
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, concat, copy, equal, uint, utf8 } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { decodeRecord, encodeRecord } from "../core/content.ts";
import { Departure, GroupTerms } from "../core/content_group.ts";
import { MemberDevice } from "../core/content_records.ts";
import { acceptList, type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { Code, FatalError, PeerError } from "../core/errors.ts";
import { type AccountId, DeviceId, GroupId } from "../core/ids.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { DeviceLists } from "./lists.ts";
import type { Target } from "./pending_commit.ts";
import type { Item, Reader, Unit } from "./unit.ts";

export const MEMBER_KIND = "group.member";
export const LIST_KIND = "group.list";
export const TERMS_KIND = "group.terms";
export const PICTURE_KIND = "group.picture";
export const PAST_KIND = "group.past";
/** Groups that we are out of, and whose keys go with the next look. */
export const ENDING_KIND = "group.ending";
/** Groups that must get a new address of ours: somebody was removed (P13). */
export const ROTATE_GROUP_KIND = "group.rotate";
/** Groups whose picture is to be sent: to those who came, or because it is new. */
export const PICTURE_DUE_KIND = "group.picture.due";
/** By group, account and device: what it takes to add somebody who said yes. */
export const JOINER_KIND = "group.joiner";

const LEFT_KIND = "group.left";
const HEARD_KIND = "group.heard";
const OF_A_GROUP = [
  MEMBER_KIND,
  LIST_KIND,
  LEFT_KIND,
  TERMS_KIND,
  PICTURE_KIND,
  HEARD_KIND,
  ENDING_KIND,
  ROTATE_GROUP_KIND,
  JOINER_KIND,
  PICTURE_DUE_KIND,
];

/** A member's word that it leaves, and when we heard it (unix seconds). */
export type Left = Readonly<{ word: Departure; at: number }>;

/** A group that we are out of: its thread stays until the person deletes it. */
export type PastGroup = Readonly<{
  group: GroupId;
  /** What it was called last. */
  name: string;
  why: "left" | "removed";
  /** Unix seconds. */
  at: number;
}>;

/**
 * Return the name of a member's device within a group.
 *
 * Device ids are chosen by their owners, so that those of two accounts may be one.
 */
export function slotOf(group: GroupId, { account, device }: Target): DeviceId {
  const whole = concat(utf8("visavis group slot\0"), group, account, device);
  return new DeviceId(SHA256.hash(whole).subarray(0, DeviceId.LENGTH));
}

/** Return the key of what is kept of a device in a group. */
export function deviceKey(group: GroupId, { account, device }: Target): Bytes {
  return concat(group, account, device);
}

/** Return the rows of a kind that are of one group. */
export function itemsOf(reader: Reader, kind: string, group: GroupId): Item[] {
  return reader.items(kind).filter(([key]) => equal(key.subarray(0, GroupId.LENGTH), group));
}

/** What is kept of groups. */
export class GroupBook {
  readonly #lists: DeviceLists;

  constructor(lists: DeviceLists) {
    this.#lists = lists;
  }

  // Where members are reached

  /** Note where a device is reached for this group, and how its owner is called. */
  putMember(unit: Unit, group: GroupId, member: MemberDevice): void {
    unit.put(MEMBER_KIND, deviceKey(group, member), encodeRecord(MemberDevice, member));
  }

  /** Return what is known of a device, or undefined. */
  member(reader: Reader, group: GroupId, who: Target): MemberDevice | undefined {
    const data = reader.get(MEMBER_KIND, deviceKey(group, who));
    return data === undefined ? undefined : decodeRecord(MemberDevice, data);
  }

  /** Return all devices whose address is known: of members, of joiners, of who just went. */
  members(reader: Reader, group: GroupId): MemberDevice[] {
    return itemsOf(reader, MEMBER_KIND, group).map(([, data]) => decodeRecord(MemberDevice, data));
  }

  /** Forget a device that was removed. */
  forgetDevice(unit: Unit, group: GroupId, who: Target): void {
    unit.delete(MEMBER_KIND, deviceKey(group, who));
  }

  /** Return the address of the member's device in this slot. */
  addressAt(reader: Reader, group: GroupId, slot: DeviceId): ContactAddress | undefined {
    return this.members(reader, group).find((one) => equal(slotOf(group, one), slot))?.address;
  }

  /** Return what an account calls itself in this group; "" if it has not said. */
  nameOf(reader: Reader, group: GroupId, account: AccountId): string {
    const found = this.members(reader, group).find((one) => equal(one.account, account));
    return found?.name ?? "";
  }

  // Their device lists

  /**
   * Keep a member's device list if it is newer than what we have.
   *
   * What does not follow is not taken, and refuses nothing: others may see it otherwise, and whether a
   * commit holds is decided alike by all (CK-831).
   */
  async learn(unit: Unit, group: GroupId, offered: DeviceList): Promise<void> {
    const { accountId: account } = offered;
    const known = await this.#kept(unit, group, account);
    try {
      if (known === undefined || acceptList(known, offered) !== known) {
        unit.put(LIST_KIND, concat(group, account), offered.data);
      }
      if (this.#lists.newest(unit, account) !== undefined) this.#lists.learn(unit, offered);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
    }
  }

  /**
   * Return the newest list of a member: of what this group and what we know otherwise.
   *
   * Undefined also for an account that we know under another identity key (CK-841): what is said in
   * its name in this group is not taken for its own.
   */
  async newest(
    reader: Reader,
    group: GroupId,
    account: AccountId,
  ): Promise<DeviceList | undefined> {
    const here = await this.#kept(reader, group, account);
    const known = this.#lists.newest(reader, account);
    if (here === undefined || known === undefined) return here ?? known;
    if (!equal(here.identityKey, known.identityKey)) return undefined;
    return known.version > here.version ? known : here;
  }

  async #kept(reader: Reader, group: GroupId, account: AccountId): Promise<DeviceList | undefined> {
    const data = reader.get(LIST_KIND, concat(group, account));
    return data && (await UnverifiedDeviceList.parse(data).verify());
  }

  /** Say whether a device is on the newest list of its account. */
  async stands(reader: Reader, group: GroupId, { account, device }: Target): Promise<boolean> {
    const newest = await this.newest(reader, group, account);
    return newest !== undefined && newest.find(device) !== null;
  }

  /** Say whether a device announces later than it last did here, and note it (CK-588). */
  isNews(unit: Unit, group: GroupId, who: Target & Readonly<{ count: number }>): boolean {
    const key = concat(group, slotOf(group, who));
    const last = unit.get(HEARD_KIND, key);
    if (last !== undefined && who.count <= numberOf(last)) return false;
    unit.put(HEARD_KIND, key, uint(who.count, 8));
    return true;
  }

  // Who leaves

  /** Keep a member's word until it is removed. */
  noteLeft(unit: Unit, group: GroupId, word: Departure, now: number): void {
    const kept = encode([encodeRecord(Departure, word), now]);
    unit.put(LEFT_KIND, concat(group, word.account), kept);
  }

  /** Return who said that they leave and is not removed yet. */
  left(reader: Reader, group: GroupId): Left[] {
    return itemsOf(reader, LEFT_KIND, group).map(([, data]) => {
      const value = decode(data);
      const [word, at] = isList(value) && value.length === 2 ? value : [];
      if (!isBytes(word) || typeof at !== "number") throw unreadable("a departure");
      return { word: decodeRecord(Departure, word), at };
    });
  }

  /** Drop a word: it is done, or holds no more. */
  forgetLeft(unit: Unit, group: GroupId, account: AccountId): void {
    unit.delete(LEFT_KIND, concat(group, account));
  }

  // What was shown

  /** Return the terms that a person was told of last. */
  terms(reader: Reader, group: GroupId): GroupTerms | undefined {
    const data = reader.get(TERMS_KIND, copy(group));
    return data === undefined ? undefined : decodeRecord(GroupTerms, data);
  }

  /** Note the terms that a person is told of now. */
  putTerms(unit: Unit, group: GroupId, terms: GroupTerms): void {
    unit.put(TERMS_KIND, copy(group), encodeRecord(GroupTerms, terms));
  }

  /** Return the picture that came last; whether it still holds the terms say. */
  picture(reader: Reader, group: GroupId): Bytes | undefined {
    return reader.get(PICTURE_KIND, copy(group));
  }

  /** Keep a picture. */
  putPicture(unit: Unit, group: GroupId, picture: Bytes): void {
    unit.put(PICTURE_KIND, copy(group), picture);
  }

  // The end

  /** Forget all that is kept of a group. */
  drop(unit: Unit, group: GroupId): void {
    for (const kind of OF_A_GROUP) {
      for (const [key] of itemsOf(unit, kind, group)) unit.delete(kind, key);
    }
  }

  /** Note that we are out of a group, so that its thread still has a name. */
  putPast(unit: Unit, { group, name, why, at }: PastGroup): void {
    unit.put(PAST_KIND, copy(group), encode([name, why, at]));
  }

  /** We are in it again. */
  forgetPast(unit: Unit, group: GroupId): void {
    unit.delete(PAST_KIND, copy(group));
  }

  /** Return the groups that we are out of. */
  past(reader: Reader): PastGroup[] {
    return reader.items(PAST_KIND).map(([key, data]) => {
      const value = decode(data);
      const [name, why, at] = isList(value) && value.length === 3 ? value : [];
      const isWhy = why === "left" || why === "removed";
      if (typeof name !== "string" || !isWhy || typeof at !== "number") {
        throw unreadable("a group of before");
      }
      return { group: new GroupId(key), name, why, at };
    });
  }
}

/** Read eight bytes as a number that was written so. */
export function numberOf(data: Bytes): number {
  return Number(new DataView(data.buffer, data.byteOffset).getBigUint64(0));
}

function unreadable(what: string): FatalError {
  return new FatalError(Code.MALFORMED, `${what} of the store cannot be read`);
}
