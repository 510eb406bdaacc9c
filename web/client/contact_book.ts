/**
 * Contacts and own devices as this device knows them: names, addresses, standing.
 *
 * A contact's newest device list is in `lists.ts`; a device whose address stands here but that is
 * not on the newest list is never sent to (CK-574).
 */

import { addressFromCbor, addressToCbor, type ContactAddress } from "../core/address.ts";
import { type Bytes, compare, copy, equal, hex, utf8 } from "../core/bytes.ts";
import { decode, encode, isBytes, isList, type Value } from "../core/cbor.ts";
import { ALL_RING, decodeRules, encodeRules, type Rules } from "../core/contact_rules.ts";
import { decodeRecord, encodeRecord } from "../core/content.ts";
import {
  type ContactRecord,
  Decided,
  type DeviceAddress,
  NeverSaid,
  Standing,
} from "../core/content_records.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { Code, FatalError } from "../core/errors.ts";
import { isHandle } from "../core/handle.ts";
import { AccountId, DeviceId, GroupId, IdentityKey, SequencerHandle } from "../core/ids.ts";
import type { Awaited } from "./awaited.ts";
import type { DeviceLists } from "./lists.ts";
import type { Reader, Unit } from "./unit.ts";

export { JOINING_KIND, type Joining, JoiningDevices } from "./joining_devices.ts";

export const CONTACT_KIND = "contact";
export const SIBLING_KIND = "sibling";
/**
 * Hex digits of the account id that tell two contacts of one name apart. Account ids are chosen by
 * their owners: fewer digits are easier on the eye and easier to hit on purpose.
 */
export const MARK_DIGITS = 12;

export const NEVER: Decided = { standing: 0, verified: 0, rules: 0 };

/** Bytes, so that name and mark stay within the field's bound. */
const NAME_KEPT = 100;

/** Devices and their addresses, by the hex of the device's id. */
export type DeviceAddresses = Map<string, DeviceAddress>;

/** Return the map of these devices, in the order of their ids. */
export function deviceAddresses(entries: Iterable<DeviceAddress>): DeviceAddresses {
  const ordered = [...entries].sort((a, b) => compare(a.device, b.device));
  return new Map(ordered.map((entry) => [hex(entry.device), entry]));
}

/** The state of a contact in a word. */
export type ContactState = "blocked" | "identity changed" | "contact" | "rejoining";

type KnownOptions = Readonly<{
  addresses?: DeviceAddresses;
  standing?: Standing;
  member?: boolean;
  identityChanged?: boolean;
  verified?: IdentityKey | undefined;
  thread?: GroupId | undefined;
  rules?: Rules;
  decided?: Decided;
  named?: number;
  neverSaid?: NeverSaid | undefined;
  last?: DeviceAddress | undefined;
}>;

/** A contact; changed in place, then saved. */
export class Known {
  readonly account: AccountId;
  /** Its handle, as it told us. */
  name: string;
  /** The conversation we send in. */
  group: GroupId;
  /** The conversation's sequencer. */
  sequencer: SequencerHandle;
  /** Its devices' addresses for us; none while we wait for the word of another. */
  addresses: DeviceAddresses;
  standing: Standing;
  /** We are in the group; false while we wait to be added again (P5). */
  member: boolean;
  /** Another identity key turned up; nothing is sent until the person decides. */
  identityChanged: boolean;
  /** The identity key whose safety number was compared. */
  verified: IdentityKey | undefined;
  /** The first group of the thread, if `group` came after it. */
  thread: GroupId | undefined;
  /** Which calls of it ring here. */
  rules: Rules;
  /** When `standing`, `verified` and `rules` were decided last. */
  decided: Decided;
  /** Which of its handles `name` was made of (`core/handle.ts`); 0: its first. */
  named: number;
  /** What it said of being recorded (`never_record.ts`). */
  neverSaid: NeverSaid | undefined;
  /**
   * While there is no address, the one that went last: records must have one (CK-271). It opens
   * nothing, and nothing is sent to it.
   */
  last: DeviceAddress | undefined;

  constructor(
    account: AccountId,
    name: string,
    group: GroupId,
    sequencer: SequencerHandle,
    options: KnownOptions = {},
  ) {
    this.account = account;
    this.name = name;
    this.group = group;
    this.sequencer = sequencer;
    this.addresses = options.addresses ?? new Map();
    this.standing = options.standing ?? Standing.CONTACT;
    this.member = options.member ?? true;
    this.identityChanged = options.identityChanged ?? false;
    this.verified = options.verified;
    this.thread = options.thread;
    this.rules = options.rules ?? ALL_RING;
    this.decided = options.decided ?? NEVER;
    this.named = options.named ?? 0;
    this.neverSaid = options.neverSaid;
    this.last = options.last;
  }

  /** What records say of its devices: one at least, if there ever was one. */
  get devices(): readonly DeviceAddress[] {
    const found = [...deviceAddresses(this.addresses.values()).values()];
    return found.length > 0 || this.last === undefined ? found : [this.last];
  }

  /** Forget where devices are reached that are gone; the last address is kept as `last`. */
  forgetDevices(isGone: (device: DeviceId) => boolean): void {
    const [first] = this.devices;
    const left = [...this.addresses.values()].filter(({ device }) => !isGone(device));
    this.addresses = deviceAddresses(left);
    this.last = left.length > 0 ? undefined : first;
  }

  /** Say in a word how the contact stands. */
  get state(): ContactState {
    if (this.standing === Standing.BLOCKED) return "blocked";
    if (this.identityChanged) return "identity changed";
    return this.member ? "contact" : "rejoining";
  }
}

/** Is told, in the unit of work that writes it, that a contact has other rules, or none any more. */
type Following = (unit: Unit, account: AccountId) => void;

/** All contacts, by account. */
export class ContactBook {
  readonly #lists: DeviceLists;
  readonly #awaited: Pick<Awaited, "all">;
  readonly #listeners: ((account: AccountId) => void)[] = [];
  readonly #writing: Following[] = [];

  /**
   * @param awaited Whose names are taken as well.
   */
  constructor(lists: DeviceLists, awaited: Pick<Awaited, "all">) {
    this.#lists = lists;
    this.#awaited = awaited;
  }

  /** Register who is told of each contact that was written or removed, once it is on disk. */
  onSaved(listener: (account: AccountId) => void): void {
    this.#listeners.push(listener);
  }

  /** Register who follows what is kept of a contact's calls, in the unit that changes it. */
  onKeeps(listener: Following): void {
    this.#writing.push(listener);
  }

  /** Return a contact, or undefined. */
  get(reader: Reader, account: AccountId): Known | undefined {
    const data = reader.get(CONTACT_KIND, copy(account));
    return data === undefined ? undefined : knownOf(account, data);
  }

  /** Return all contacts, by name. */
  all(reader: Reader): Known[] {
    const known = reader
      .items(CONTACT_KIND)
      .map(([key, data]) => knownOf(new AccountId(key), data));
    // As UTF-8, which is the order of code points. Those of one name stay in the order of accounts.
    return known
      .map((contact) => ({ contact, name: utf8(contact.name) }))
      .sort((one, other) => compare(one.name, other.name))
      .map(({ contact }) => contact);
  }

  /**
   * Write a contact.
   *
   * Not as a `ContactRecord`: that one has bounds for what others sent, and refuses a contact of
   * whom no address is known just now. What is written here must be read again.
   *
   * What is not on its device list goes: a contact that changes its devices again and again would
   * have us write more addresses than a record may hold, and the vault would open no more.
   *
   * @throws FatalError UNEXPECTED, its device list has not been learnt before.
   */
  save(unit: Unit, known: Known): void {
    const newest = this.#newest(unit, known.account);
    known.forgetDevices((device) => newest.find(device) === null);
    const devices = [...known.addresses.values()];
    const value = [
      known.name,
      known.group,
      known.sequencer,
      devices.map(({ device, address }) => [device, addressToCbor(address)]),
      known.standing,
      known.member,
      known.identityChanged,
      known.verified ?? null,
      known.thread ?? null,
      encodeRules(known.rules),
      encodeRecord(Decided, known.decided),
      known.last === undefined ? null : [known.last.device, addressToCbor(known.last.address)],
      known.named,
      known.neverSaid === undefined ? null : encodeRecord(NeverSaid, known.neverSaid),
    ];
    const keeps = this.get(unit, known.account)?.rules.keeps ?? null;
    unit.put(CONTACT_KIND, copy(known.account), encode(value));
    if (keeps !== known.rules.keeps) this.#follow(unit, known.account);
    this.#tellAfter(unit, known.account);
  }

  /**
   * Return the name to show for an account that calls itself `wished`.
   *
   * CK-587: nobody vouches for the name in a request. One that another contact has, or that no
   * server hands out (look-alikes, spaces), gets a mark that tells the two apart. So does that of
   * somebody whom we wait for since we moved: it stands in the history.
   */
  nameFor(reader: Reader, account: AccountId, wished: string): string {
    const isTaken = [...this.all(reader), ...this.#awaited.all(reader)].some(
      (known) => known.name === wished && !equal(known.account, account),
    );
    return isHandle(wished) && !isTaken ? wished : ContactBook.markedName(account, wished);
  }

  /** Return a name with a mark that tells its account from others of this name (CK-587). */
  static markedName(account: AccountId, wished: string): string {
    // As a stream, so that a character that was cut through at the end is left out.
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const short = decoder.decode(utf8(wished).subarray(0, NAME_KEPT), { stream: true });
    return `${short}~${hex(account).slice(0, MARK_DIGITS)}`;
  }

  /** Forget a contact. */
  remove(unit: Unit, account: AccountId): void {
    unit.delete(CONTACT_KIND, copy(account));
    this.#follow(unit, account);
    this.#tellAfter(unit, account);
  }

  #follow(unit: Unit, account: AccountId): void {
    for (const listener of this.#writing) listener(unit, account);
  }

  #tellAfter(unit: Unit, account: AccountId): void {
    unit.after(() => {
      for (const listener of this.#listeners) listener(account);
    });
  }

  /**
   * Return the form for the vault and for siblings: no MLS state in it (P5).
   *
   * @throws FatalError UNEXPECTED, there is no device list of the contact.
   */
  record(reader: Reader, known: Known): ContactRecord {
    return {
      list: this.#newest(reader, known.account).data,
      name: known.name,
      devices: known.devices,
      sequencer: known.sequencer,
      group: known.group,
      standing: known.standing,
      verified: known.verified ?? null,
      thread: known.thread ?? null,
      rules: equal(encodeRules(known.rules), encodeRules(ALL_RING)) ? null : known.rules,
      decided: Object.values(known.decided).some((at) => at > 0) ? known.decided : null,
      named: known.named > 0 ? known.named : null,
      neverSaid: known.neverSaid ?? null,
    };
  }

  /** Return the addresses of a contact's devices that are on its newest list (CK-574). */
  addresses(reader: Reader, account: AccountId): DeviceAddresses {
    const known = this.get(reader, account);
    if (known === undefined) return new Map();
    const newest = this.#lists.newest(reader, account);
    const standing = [...known.addresses.values()].filter(({ device }) => newest?.find(device));
    return deviceAddresses(standing);
  }

  #newest(reader: Reader, account: AccountId): DeviceList {
    const newest = this.#lists.newest(reader, account);
    if (newest === undefined) {
      throw new FatalError(Code.UNEXPECTED, "a contact without a device list");
    }
    return newest;
  }
}

/**
 * Return a contact from its record.
 *
 * @throws PeerError The device list in it is not signed, or malformed.
 */
export async function knownFromRecord(
  record: ContactRecord,
  { member }: Readonly<{ member: boolean }>,
): Promise<Known> {
  const { accountId } = await UnverifiedDeviceList.parse(record.list).verify();
  return new Known(accountId, record.name, record.group, record.sequencer, {
    member,
    addresses: deviceAddresses(record.devices),
    standing: record.standing,
    verified: record.verified ?? undefined,
    thread: record.thread ?? undefined,
    rules: record.rules ?? ALL_RING,
    decided: record.decided ?? NEVER,
    named: record.named ?? 0,
    neverSaid: record.neverSaid ?? undefined,
  });
}

function knownOf(account: AccountId, data: Bytes): Known {
  const value = decode(data);
  // Those written before a contact could have another name, or say a word of recording, have fewer.
  const fields = isList(value) && value.length >= 12 && value.length <= 14 ? value : [];
  const [name, group, sequencer, devices, standing, member, identityChanged] = fields;
  const [verified, thread, rules, decided, last, named = 0, neverSaid = null] = fields.slice(7);
  if (
    typeof name !== "string" ||
    !isBytes(group) ||
    !isBytes(sequencer) ||
    !isList(devices) ||
    !isStanding(standing) ||
    typeof member !== "boolean" ||
    typeof identityChanged !== "boolean" ||
    !(verified === null || isBytes(verified)) ||
    !(thread === null || isBytes(thread)) ||
    !isBytes(rules) ||
    !isBytes(decided) ||
    last === undefined ||
    typeof named !== "number" ||
    !(neverSaid === null || isBytes(neverSaid))
  ) {
    throw unreadable();
  }
  return new Known(account, name, new GroupId(group), new SequencerHandle(sequencer), {
    addresses: deviceAddresses(devices.map(deviceAddressOf)),
    standing,
    member,
    identityChanged,
    verified: verified === null ? undefined : new IdentityKey(verified),
    thread: thread === null ? undefined : new GroupId(thread),
    rules: decodeRules(rules),
    decided: decodeRecord(Decided, decided),
    last: last === null ? undefined : deviceAddressOf(last),
    named,
    neverSaid: neverSaid === null ? undefined : decodeRecord(NeverSaid, neverSaid),
  });
}

function deviceAddressOf(value: Value): DeviceAddress {
  const [device, address] = isList(value) && value.length === 2 ? value : [];
  if (!isBytes(device) || address === undefined) throw unreadable();
  return { device: new DeviceId(device), address: addressFromCbor(address) };
}

function isStanding(value: unknown): value is Standing {
  return value === Standing.CONTACT || value === Standing.BLOCKED;
}

function unreadable(): FatalError {
  return new FatalError(Code.MALFORMED, "a contact of the store cannot be read");
}

/** Our other devices: where they are reached. */
export class Siblings {
  /** Return the address of each. */
  addresses(reader: Reader): DeviceAddresses {
    const entries = reader.items(SIBLING_KIND).map(([key, data]) => ({
      device: new DeviceId(key),
      address: addressFromCbor(decode(data)),
    }));
    return deviceAddresses(entries);
  }

  /** Write a sibling's address. */
  save(unit: Unit, device: DeviceId, address: ContactAddress): void {
    unit.put(SIBLING_KIND, copy(device), encode(addressToCbor(address)));
  }

  /** Forget a sibling (revoked). */
  remove(unit: Unit, device: DeviceId): void {
    unit.delete(SIBLING_KIND, copy(device));
  }
}
