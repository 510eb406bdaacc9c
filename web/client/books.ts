/**
 * All that this device keeps, and the means every part of the client works with.
 *
 * One `Books` per open profile. The parts (conversations, contacts, devices, vault) hold no state of
 * their own beyond it, so that everything they know survives a restart.
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, equal, hex, type Rng } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Standing } from "../core/content_records.ts";
import { credentialIdentity } from "../core/credential.ts";
import type { DeviceList } from "../core/device_list.ts";
import { Code, FatalError } from "../core/errors.ts";
import { EXTENSION } from "../core/group_rules.ts";
import { type AccountId, type DeviceId, GroupId, random } from "../core/ids.ts";
import {
  type Extension,
  Group,
  KeyPackageBundle,
  newKeyPackage,
  SUITE_ID,
} from "../core/mls/index.ts";
import { Addresses, type Given, Purpose } from "./addresses.ts";
import { Awaited } from "./awaited.ts";
import { CallHistory } from "./call_history.ts";
import { LinkBook } from "./call_link_book.ts";
import { OwnConsents } from "./consent_book.ts";
import { ContactBook, JoiningDevices, Siblings } from "./contact_book.ts";
import { GroupBook } from "./group_book.ts";
import { GroupCallBook } from "./group_call_book.ts";
import { GroupKind, Groups } from "./groups.ts";
import { History } from "./history.ts";
import { DeviceLists } from "./lists.ts";
import { OwnHandle } from "./own_handle.ts";
import { Profile } from "./profile.ts";
import { RecordingsBook } from "./recordings_book.ts";
import type { Reader, Unit, UnitStore } from "./unit.ts";

export const BUNDLE_KIND = "bundle";
export const DAY_S = 86_400;
/** Lifetime of a key package and a leaf. Longer spares uploads, shorter limits an old key's use. */
export const KEY_PACKAGE_S = 90 * DAY_S;
/** How far clocks may differ: a key package is good from an hour before it was made. */
export const CLOCK_SLACK_S = 3_600;

/** Return whole unix seconds. */
export function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}

/** Return seconds that never go backwards. */
export function monotonicNow(): number {
  return performance.now() / 1000;
}

/** Return random bytes of the platform. */
export function systemRng(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

/** Counts without content, for diagnostics and tests. */
export class Counters {
  /** Dropped envelopes, by the reason's code. */
  readonly dropped = new Map<string, number>();

  /** Count an envelope that was dropped. */
  drop(code: string): void {
    this.dropped.set(code, (this.dropped.get(code) ?? 0) + 1);
  }
}

/** Where time and chance come from; the platform's unless a test says otherwise. */
export type Means = Readonly<{
  /** Unix seconds, whole. */
  now?: () => number;
  /** Seconds that never go backwards. */
  monotonic?: () => number;
  rng?: Rng;
}>;

type KeyPackageOptions = Readonly<{
  lastResort?: boolean;
  /** Of its leaf, beside ours. */
  leafExtensions?: readonly Extension[];
}>;

/** What one open profile knows. */
export class Books {
  readonly store: UnitStore;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly rng: Rng;
  /** Our account. */
  readonly account: AccountId;
  /** This device. */
  readonly device: DeviceId;
  readonly lists: DeviceLists;
  readonly addresses: Addresses;
  readonly groups: Groups;
  readonly groupBook: GroupBook;
  readonly groupCalls = new GroupCallBook(() => this.now());
  readonly callLinks: LinkBook;
  readonly awaited = new Awaited();
  readonly contacts: ContactBook;
  readonly siblings = new Siblings();
  readonly joining = new JoiningDevices();
  readonly history = new History();
  readonly ownHandle: OwnHandle;
  readonly calls: CallHistory;
  readonly consents: OwnConsents;
  readonly recordings: RecordingsBook;
  readonly counters = new Counters();

  private constructor(store: UnitStore, lists: DeviceLists, means: Means) {
    this.store = store;
    this.now = means.now ?? unixNow;
    this.monotonic = means.monotonic ?? monotonicNow;
    this.rng = means.rng ?? systemRng;
    const { accountId, deviceId, origin, mailbox } = Profile.load(store);
    this.account = accountId;
    this.device = deviceId;
    this.lists = lists;
    this.addresses = new Addresses(origin, mailbox, this.rng);
    this.callLinks = new LinkBook(store, this.addresses, () => this.now());
    this.groups = new Groups(lists);
    this.groupBook = new GroupBook(lists);
    this.contacts = new ContactBook(lists, this.awaited);
    this.ownHandle = new OwnHandle(this.history, () => this.now());
    const keeps = (reader: Reader, account: AccountId) => {
      const known = this.contacts.get(reader, account) ?? this.awaited.get(reader, account);
      return known?.rules?.keeps ?? null;
    };
    this.calls = new CallHistory(store, deviceId, keeps, () => this.now(), this.rng);
    this.consents = new OwnConsents(store, () => this.now());
    this.recordings = new RecordingsBook(store);
    this.contacts.onKeeps((unit) => this.calls.expire(unit));
  }

  /**
   * Open the books of a profile.
   *
   * @param store Open and unlocked, with a `Profile` in it.
   * @throws FatalError MALFORMED, there is no profile in it or it cannot be read.
   */
  static async open(store: UnitStore, means: Means = {}): Promise<Books> {
    return new Books(store, await DeviceLists.load(store), means);
  }

  /**
   * This device as it stands on disk; inside a unit that changes it ask `Profile.load(unit)`.
   *
   * A snapshot: what changes it is `profile.with({...}).save(unit)`, or `profile.activate(unit)`.
   */
  get profile(): Profile {
    return Profile.load(this.store);
  }

  /**
   * Return the newest device list of our account.
   *
   * @throws FatalError There is none, so the profile is damaged.
   */
  ownList(reader: Reader): DeviceList {
    const newest = this.lists.newest(reader, this.account);
    if (newest === undefined) {
      throw new FatalError(Code.UNEXPECTED, "the profile holds no device list of its own");
    }
    return newest;
  }

  /** Return this device's credential identity, with the newest list. */
  credential(reader: Reader): Bytes {
    return credentialIdentity(this.device, this.ownList(reader));
  }

  /**
   * Return the present address of a device of a contact, of ours, or of a group's member.
   *
   * For a member of a group, `account` is the group's id and `device` the member's slot there
   * (`slotOf`): each group has addresses of its own (P13).
   */
  resolve(reader: Reader, account: AccountId, device: DeviceId): ContactAddress | undefined {
    const group = this.groups.get(reader, account);
    if (group?.kind === GroupKind.GROUP) {
      return this.groupBook.addressAt(reader, group.groupId, device);
    }
    if (!equal(account, this.account)) {
      // CK-599: what waits for a blocked contact waits until it is unblocked.
      if (this.contacts.get(reader, account)?.standing === Standing.BLOCKED) return undefined;
      return this.contacts.addresses(reader, account).get(hex(device))?.address;
    }
    if (!this.lists.stands(reader, account, device)) return undefined;
    return this.siblings.addresses(reader).get(hex(device))?.address;
  }

  /** Return the one address that our other devices have of this one. */
  siblingAddress(unit: Unit): Given {
    return this.addresses.currentOrMint(unit, Purpose.SIBLING, this.account);
  }

  /** Return the address that a contact has of this device. */
  contactAddress(unit: Unit, account: AccountId): Given {
    return this.addresses.currentOrMint(unit, Purpose.CONTACT, account);
  }

  /** Return the address that the members of a group have of this device. */
  groupAddress(unit: Unit, group: GroupId): Given {
    return this.addresses.currentOrMint(unit, Purpose.GROUP, group);
  }

  /** Make a group with this device alone in it, under a random id; kept by nobody yet. */
  createGroup(reader: Reader, extensions: readonly Extension[] = []): Promise<Group> {
    const now = this.now();
    return Group.create({
      groupId: random(GroupId, this.rng),
      suiteId: SUITE_ID,
      identity: this.credential(reader),
      signaturePrivate: Profile.load(reader).signaturePrivate,
      rng: this.rng,
      validator: this.lists.validator(reader),
      lifetime: [now - CLOCK_SLACK_S, now + KEY_PACKAGE_S],
      extensions,
      supports: [EXTENSION],
    });
  }

  /** Make a key package of this device, kept by nobody yet. */
  makeKeyPackage(
    reader: Reader,
    { lastResort = false, leafExtensions = [] }: KeyPackageOptions = {},
  ): Promise<KeyPackageBundle> {
    // CK-640: the server reads key packages; a lifetime to the second would tell it when each was
    // made, so when a contact took the one before. Whole days: both round down.
    const firstDay = Math.floor((this.now() - CLOCK_SLACK_S) / DAY_S);
    return newKeyPackage({
      identity: this.credential(reader),
      signaturePrivate: Profile.load(reader).signaturePrivate,
      notBefore: firstDay * DAY_S,
      notAfter: firstDay * DAY_S + KEY_PACKAGE_S,
      rng: this.rng,
      supports: [EXTENSION],
      lastResort,
      leafExtensions,
    });
  }

  /** Make a key package, keep its private keys, and return what others are given. */
  async keepKeyPackage(unit: Unit, options: KeyPackageOptions = {}): Promise<Bytes> {
    const bundle = await this.makeKeyPackage(unit, options);
    const kept = [options.lastResort ?? false, this.now(), bundle.toBytes()];
    unit.put(BUNDLE_KIND, bundle.reference, encode(kept));
    bundle.wipe();
    return bundle.keyPackage;
  }

  /** Return the private keys for one of the references in a Welcome, or undefined. */
  findBundle(reader: Reader, references: readonly Bytes[]): KeyPackageBundle | undefined {
    for (const reference of references) {
      const kept = reader.get(BUNDLE_KIND, reference);
      if (kept !== undefined) return KeyPackageBundle.fromBytes(bundleOf(kept).data);
    }
    return undefined;
  }

  /**
   * Forget a used key package: what it opened cannot be opened again.
   *
   * The last resort stays, it may have been given to several.
   */
  spendBundle(unit: Unit, bundle: KeyPackageBundle): void {
    const kept = unit.get(BUNDLE_KIND, bundle.reference);
    if (kept !== undefined && !bundleOf(kept).lastResort) {
      unit.delete(BUNDLE_KIND, bundle.reference);
    }
    bundle.wipe();
  }

  /** Forget the private keys of key packages that are out of date. */
  dropOldBundles(unit: Unit): void {
    for (const [reference, kept] of unit.items(BUNDLE_KIND)) {
      if (bundleOf(kept).madeAt + KEY_PACKAGE_S < this.now()) unit.delete(BUNDLE_KIND, reference);
    }
  }
}

type KeptBundle = Readonly<{ lastResort: boolean; madeAt: number; data: Bytes }>;

function bundleOf(kept: Bytes): KeptBundle {
  const value = decode(kept);
  const [lastResort, madeAt, data] = isList(value) && value.length === 3 ? value : [];
  if (typeof lastResort !== "boolean" || typeof madeAt !== "number" || !isBytes(data)) {
    throw new FatalError(Code.MALFORMED, "a key package of the store cannot be read");
  }
  return { lastResort, madeAt, data };
}
