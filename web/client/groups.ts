/**
 * The MLS groups of this device: what we know of each, its state, and who may touch it when.
 *
 * A group's state is written before anything made with it leaves the device (P5: a state that is
 * used twice reuses keys). Each use decodes its own copy from the store and writes back what became
 * of it, so a step that fails half-way leaves nothing behind. Whoever changes a state holds the
 * group's lock from reading to writing it.
 */

import { type Bytes, copy, equal, hex } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { type Credential, makeTreeValidator, UnverifiedCredential } from "../core/credential.ts";
import type { DeviceList } from "../core/device_list.ts";
import { Code, FatalError } from "../core/errors.ts";
import { AccountId, type DeviceId, GroupId, SequencerHandle } from "../core/ids.ts";
import { type CredentialValidator, Group, type MemberInfo } from "../core/mls/index.ts";
import type { DeviceLists } from "./lists.ts";
import { Lock } from "./lock.ts";
import { deletePending } from "./pending_commit.ts";
import type { Reader, Unit } from "./unit.ts";

export const RECORD_KIND = "group";
export const STATE_KIND = "group.state";
/** Group id and device -> count of the device's newest announcement of its address. */
export const ANNOUNCED_KIND = "announced";
/** How far a count may run ahead of what we have seen: more than a month away brings. */
export const MAX_LEAP = 2 ** 20;

/** What a group is for. Call groups live in memory only and are not here. */
export const GroupKind = { CONVERSATION: "conversation", SELF: "self", GROUP: "group" } as const;
export type GroupKind = (typeof GroupKind)[keyof typeof GroupKind];

const KINDS: readonly string[] = Object.values(GroupKind);

type GroupOptions = Readonly<{
  sequenced?: boolean;
  announced?: Bytes;
  thread?: GroupId | undefined;
  count?: number;
}>;

/** What we keep about one group beside its MLS state; changed in place, then saved. */
export class GroupRecord {
  readonly groupId: GroupId;
  readonly kind: GroupKind;
  /** The contact; our own account for all but conversations of two. */
  account: AccountId;
  /** Its sequencer's handle. */
  sequencer: SequencerHandle;
  /** The sequencer exists at the server. */
  sequenced: boolean;
  /** Name of our address that the others were told last; empty for none. */
  announced: Bytes;
  /** The first group of the thread, if this one came after it. */
  thread: GroupId | undefined;
  /**
   * The highest count seen in it. Each application message carries one more than its sender had
   * seen, as authenticated data, so that what was said within one second is in the order of cause
   * and effect (P7: the order of delivery is unspecified).
   */
  count: number;

  constructor(
    groupId: GroupId,
    kind: GroupKind,
    account: AccountId,
    sequencer: SequencerHandle,
    { sequenced = true, announced = new Uint8Array(), thread, count = 0 }: GroupOptions = {},
  ) {
    this.groupId = groupId;
    this.kind = kind;
    this.account = account;
    this.sequencer = sequencer;
    this.sequenced = sequenced;
    this.announced = announced;
    this.thread = thread;
    this.count = count;
  }

  /** Take note of a count; a leap (CK-582) is not followed, it would end all order. */
  heard(count: number): void {
    if (this.count < count && count <= this.count + MAX_LEAP) this.count = count;
  }

  /** Return the stored form. */
  toBytes(): Bytes {
    return encode([
      this.kind,
      this.account,
      this.sequencer,
      this.sequenced,
      this.announced,
      this.thread ?? null,
      this.count,
    ]);
  }

  /**
   * Read the stored form.
   *
   * @throws FatalError MALFORMED.
   */
  static fromBytes(groupId: Bytes, data: Bytes): GroupRecord {
    const value = decode(data);
    const fields = isList(value) && value.length === 7 ? value : [];
    const [kind, account, sequencer, sequenced, announced, thread, count] = fields;
    if (
      !isKind(kind) ||
      !isBytes(account) ||
      !isBytes(sequencer) ||
      typeof sequenced !== "boolean" ||
      !isBytes(announced) ||
      !(thread === null || isBytes(thread)) ||
      typeof count !== "number"
    ) {
      throw new FatalError(Code.MALFORMED, "a group of the store cannot be read");
    }
    return new GroupRecord(
      new GroupId(groupId),
      kind,
      new AccountId(account),
      new SequencerHandle(sequencer),
      { sequenced, announced, thread: thread === null ? undefined : new GroupId(thread), count },
    );
  }
}

function isKind(value: unknown): value is GroupKind {
  return typeof value === "string" && KINDS.includes(value);
}

/** A device that is in a group, and where. */
export type Seat = Readonly<{
  account: AccountId;
  device: DeviceId;
  leafIndex: number;
  /** With which it signs. */
  signatureKey: Bytes;
}>;

/** Return the key of `Groups.members` for one device. */
export function seatKey(account: AccountId, device: DeviceId): string {
  return hex(account) + hex(device);
}

/** Return a member's credential. The validator has accepted it before. */
export function credentialOf(member: MemberInfo): Promise<Credential> {
  return UnverifiedCredential.parse(member.identity).verify(member.signatureKey);
}

/** Return whose device a member is, and which. */
export async function deviceOf(
  member: MemberInfo,
): Promise<Readonly<{ account: AccountId; device: DeviceId }>> {
  const credential = await credentialOf(member);
  return { account: credential.accountId, device: credential.device.deviceId };
}

/** Return the devices in a group by `seatKey`, in the order of their leaves. */
export async function seatsOf(group: Group): Promise<ReadonlyMap<string, Seat>> {
  const seats = await Promise.all(
    group.members().map(async (member) => {
      const { leafIndex, signatureKey } = member;
      if (leafIndex === null) return [];
      return [{ ...(await deviceOf(member)), leafIndex, signatureKey }];
    }),
  );
  return new Map(seats.flat().map((seat) => [seatKey(seat.account, seat.device), seat]));
}

/** The device lists in a group's own tree: by nothing else is a leaf of it judged (CK-831). */
class Tree {
  state: Group | undefined;
  #epoch: bigint | undefined;
  #lists = new Map<string, DeviceList>();

  /** Return the newest list that a leaf of the account carries. */
  async newest(account: AccountId): Promise<DeviceList | null> {
    const { state } = this;
    if (state === undefined) {
      throw new FatalError(Code.UNEXPECTED, "a group that is judged by no tree");
    }
    if (this.#epoch !== state.epoch) {
      this.#lists = new Map();
      for (const member of state.members()) {
        const { deviceList } = await credentialOf(member);
        const known = this.#lists.get(hex(deviceList.accountId));
        if (known === undefined || known.version < deviceList.version) {
          this.#lists.set(hex(deviceList.accountId), deviceList);
        }
      }
      this.#epoch = state.epoch;
    }
    return this.#lists.get(hex(account)) ?? null;
  }
}

/** All groups of this device, by id. */
export class Groups {
  readonly #lists: DeviceLists;
  readonly #locks = new Map<string, Lock>();

  constructor(lists: DeviceLists) {
    this.#lists = lists;
  }

  /** Return the validator for groups that are read or made with this reader. */
  validator(reader: Reader): CredentialValidator {
    return this.#lists.validator(reader);
  }

  /** Return the record of a group, or undefined if it is none of ours. */
  get(reader: Reader, groupId: Bytes): GroupRecord | undefined {
    const data = reader.get(RECORD_KIND, copy(groupId));
    return data === undefined ? undefined : GroupRecord.fromBytes(groupId, data);
  }

  /** Return all records. */
  all(reader: Reader): GroupRecord[] {
    return reader.items(RECORD_KIND).map(([id, data]) => GroupRecord.fromBytes(id, data));
  }

  /** Return the group of our own devices, if there is more than one device. */
  selfGroup(reader: Reader): GroupRecord | undefined {
    return this.all(reader).find((record) => record.kind === GroupKind.SELF);
  }

  /** Return the lock that serialises everything done with a group's state. */
  lock(record: Pick<GroupRecord, "groupId">): Lock {
    const key = hex(record.groupId);
    const lock = this.#locks.get(key) ?? new Lock();
    this.#locks.set(key, lock);
    return lock;
  }

  /**
   * Return a copy of a group's MLS state; see `open`.
   *
   * @throws FatalError There is none (WRONG_GROUP), or it is damaged.
   */
  async state(reader: Reader, { groupId }: Pick<GroupRecord, "groupId">): Promise<Group> {
    const data = reader.get(STATE_KIND, copy(groupId));
    if (data === undefined) throw new FatalError(Code.WRONG_GROUP, "a group has no state");
    return await this.open(reader, this.get(reader, groupId)?.kind ?? GroupKind.CONVERSATION, data);
  }

  /**
   * Read a group's MLS state, with the validator that is right for its kind: it judges leaves by the
   * lists in `reader`; those of a group of people by its own tree.
   */
  async open(reader: Reader, kind: GroupKind, data: Bytes): Promise<Group> {
    if (kind !== GroupKind.GROUP) {
      return await Group.fromBytes(data, { validator: this.validator(reader) });
    }
    const tree = new Tree();
    const validator = makeTreeValidator((account) => tree.newest(account));
    const state = await Group.fromBytes(data, { validator });
    tree.state = state;
    return state;
  }

  /** Write a record, and its MLS state if it is given. */
  save(unit: Unit, record: GroupRecord, state?: Group): void {
    const key = copy(record.groupId);
    unit.put(RECORD_KIND, key, record.toBytes());
    if (state !== undefined) unit.put(STATE_KIND, key, state.toBytes());
  }

  /** Forget a group for good, and whatever is kept by its id, its keys included. */
  remove(unit: Unit, { groupId }: Pick<GroupRecord, "groupId">): void {
    const id = copy(groupId);
    unit.delete(RECORD_KIND, id);
    unit.delete(STATE_KIND, id);
    deletePending(unit, id);
    for (const [key] of unit.items(ANNOUNCED_KIND)) {
      if (equal(key.subarray(0, id.length), id)) unit.delete(ANNOUNCED_KIND, key);
    }
  }

  /** Return the devices in a group by `seatKey`; of a group at hand, `seatsOf` tells. */
  async members(
    reader: Reader,
    record: Pick<GroupRecord, "groupId">,
  ): Promise<ReadonlyMap<string, Seat>> {
    return seatsOf(await this.state(reader, record));
  }
}
