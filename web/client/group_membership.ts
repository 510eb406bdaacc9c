/**
 * Who is in our groups of people: devices that come and go, and what everybody is told.
 *
 * As in `membership.ts`, the wish is declared and `reconcile` makes the commit that is missing: of
 * those who said yes to us, of our own other devices, of devices of ours that were shut out, and of
 * members who said that they leave. The last is for all members to do: the device in the lowest leaf
 * does it at once, the next one a minute later if nothing came of it, and so on.
 *
 * Not for: what a person wants changed (`group_actions.ts`), the rules (`core/group_rules.ts`), or
 * our address (`group_announcing.ts`).
 */

import { type Bytes, copy, equal, hex, uint } from "../core/bytes.ts";
import { encodeChange, encodeOuter } from "../core/content.ts";
import type { Departure, GroupTerms } from "../core/content_group.ts";
import { MAX_LEAVES } from "../core/content_records.ts";
import { UnverifiedCredential } from "../core/credential.ts";
import type { DeviceList } from "../core/device_list.ts";
import { PeerError } from "../core/errors.ts";
import { checkDeparture, EXTENSION, keepersAfter, type Leaf } from "../core/group_rules.ts";
import { AccountId, type DeviceId } from "../core/ids.ts";
import { type Group, UnverifiedKeyPackage } from "../core/mls/index.ts";
import type { Books } from "./books.ts";
import type { GroupAnnouncing } from "./group_announcing.ts";
import { ENDING_KIND, numberOf, slotOf } from "./group_book.ts";
import type { Mark } from "./group_changes.ts";
import { eraseGroup } from "./group_ending.ts";
import { type GroupInvites, requireFit } from "./group_invites.ts";
import { isDevice } from "./group_targets.ts";
import { extensionOf, leavesOf, termsIn } from "./group_tree.ts";
import type { GroupRecord } from "./groups.ts";
import type { Send, Target } from "./pending_commit.ts";
import { Profile } from "./profile.ts";
import { newestRecord, type Plan, type Sequencers } from "./sequencer.ts";
import type { Unit } from "./unit.ts";

/**
 * Seconds that the next device waits for the one before it to remove whoever left. Longer spares lost
 * races; shorter has who left out sooner when the first device is away.
 */
export const TURN_S = 60;
/** Seconds until a device of ours that knew no groups is asked for another key package. */
export const UNFIT_S = 86_400;

/** By device: when its key package showed that it knows no groups (unix seconds). */
const UNFIT_KIND = "group.unfit";

/** A device that comes in, and the key package it comes in by. */
export type Newcomer = Target & Readonly<{ data: Bytes }>;

/** What a commit of ours shall do. */
export type Change = Readonly<{
  add?: readonly Newcomer[];
  /** Leaves. */
  remove?: readonly number[];
  /** What shall hold, if it changes; keepers follow from who stays. */
  terms?: GroupTerms;
  /** Why members are removed that left. */
  left?: readonly Departure[];
}>;

/** Looks at the newest state and says what to do; nothing: nothing is left to do. */
export type Wanted = (unit: Unit, state: Group) => Promise<Change | undefined>;

/** What `GroupMembership` works with. */
type MembershipParts = Readonly<{
  books: Books;
  sequencers: Sequencers;
  /** Who said yes. */
  invites: Pick<GroupInvites, "joiners" | "dropJoiners">;
  /** Tells the members our address. */
  announcing: GroupAnnouncing;
  /** Finds a key package of a device of ours. */
  keyPackage: (record: GroupRecord, device: DeviceId) => Promise<Bytes | undefined>;
  /** Has a group looked at again at a time. */
  postpone: (record: GroupRecord, at: number) => void;
  mark: Mark;
}>;

/** Members of groups of people. */
export class GroupMembership {
  readonly #parts: MembershipParts;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** Have a group looked at soon. */
  look(record: GroupRecord): void {
    this.#parts.mark(record);
  }

  /**
   * Make the commit that a group lacks, if it lacks one, and announce our address.
   *
   * @throws UnavailableError Later.
   * @throws PeerError A commit is there that breaks the rules: the group goes no further.
   */
  async reconcile(record: GroupRecord): Promise<void> {
    const { announcing, books } = this.#parts;
    const isOurs = await books.groups.lock(record).run(() => this.#completed(record));
    if (isOurs) await announcing.announce(record);
  }

  /** Make the commit that is lacking; say whether we are in the group. The caller has the lock. */
  async #completed(found: GroupRecord): Promise<boolean> {
    const { books, invites, sequencers } = this.#parts;
    const { groups, joining, store } = books;
    if (await this.#ended(found)) return false;
    await sequencers.ensure(found);
    const record = newestRecord(groups, store, found);
    const packages = await this.#packagesOfOurs(record);
    const wanted: Wanted = (unit, state) => this.#lacking(unit, record, state, packages);
    const lacks = await store.transaction(async (unit) =>
      wanted(unit, await groups.state(unit, record)),
    );
    if (lacks === undefined) return true;
    try {
      await this.commit(record, wanted);
    } catch (error) {
      // Perhaps by a key package: whoever said yes with it has to be asked again, or nobody would
      // come in, nor be removed, ever.
      if (error instanceof PeerError) await invites.dropJoiners(record.groupId);
      throw error;
    }
    await store.transaction((unit) => {
      for (const { device, data } of packages) joining.spend(unit, device, data);
    });
    return !(await this.#ended(record));
  }

  /** Erase a group that we are out of; say whether it is one. */
  async #ended(record: GroupRecord): Promise<boolean> {
    const { books } = this.#parts;
    return await books.store.transaction(async (unit) => {
      const newest = newestRecord(books.groups, unit, record);
      const why = unit.get(ENDING_KIND, copy(record.groupId));
      if (why === undefined && (await books.groups.state(unit, newest)).isActive) return false;
      const isLeft = why !== undefined && new TextDecoder().decode(why) === "left";
      eraseGroup(unit, books, newest, isLeft ? "left" : "removed");
      return true;
    });
  }

  // What is missing

  /** Return a key package for each device of ours that is not in the group yet. */
  async #packagesOfOurs(record: GroupRecord): Promise<readonly Newcomer[]> {
    const { books, keyPackage } = this.#parts;
    const { account, counters, groups, now, store } = books;
    const leaves = await leavesOf(await groups.state(store, record));
    const found: Newcomer[] = [];
    for (const { deviceId: device } of books.ownList(store).devices) {
      const who = { account, device };
      const isIn = isDevice(who, books) || leaves.some((leaf) => isDevice(leaf, who));
      if (isIn || this.#isUnfit(device)) continue;
      const data = await keyPackage(record, device);
      if (data === undefined) continue;
      try {
        await requireFit(books, store, who, data);
        found.push({ ...who, data });
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        // CK-845: a device that knows no groups is left out, and the group goes on.
        counters.drop(`group ${error.code}`);
        await store.transaction((unit) => unit.put(UNFIT_KIND, copy(device), uint(now(), 8)));
      }
    }
    return found;
  }

  /**
   * Say whether a device of ours is known to know no groups.
   *
   * It is asked again a day later: each key package that is fetched is one less for others.
   */
  #isUnfit(device: DeviceId): boolean {
    const { joining, now, store } = this.#parts.books;
    const [first] = joining.get(store, device)?.keyPackages ?? [];
    if (first !== undefined) {
      const { leafNode } = UnverifiedKeyPackage.parse(first).struct;
      return !leafNode.capabilities.extensions.includes(EXTENSION);
    }
    const data = store.get(UNFIT_KIND, copy(device));
    return data !== undefined && numberOf(data) + UNFIT_S > now();
  }

  /** Say what a group lacks; nothing, if it lacks nothing. */
  async #lacking(
    unit: Unit,
    record: GroupRecord,
    state: Group,
    packages: readonly Newcomer[],
  ): Promise<Change | undefined> {
    const { books, invites } = this.#parts;
    const leaves = await leavesOf(state);
    const joiners = invites.joiners(unit, record.groupId).map(({ member, keyPackage }) => {
      const { account, device } = member;
      return { account, device, data: keyPackage };
    });
    const wanted = [...packages, ...joiners].filter(
      (one) => !leaves.some((leaf) => isDevice(leaf, one)),
    );
    const gone = new Set<number>();
    for (const { index, account, device } of leaves) {
      const isOther = index !== state.ownLeaf && equal(account, books.account);
      if (isOther && !books.lists.stands(unit, account, device)) gone.add(index);
    }
    const left = await this.#left(unit, record, state, leaves);
    for (const { index, account } of leaves) {
      if (left.some((word) => equal(word.account, account))) gone.add(index);
    }
    for (const newcomer of wanted) {
      for (const index of await outdated(leaves, newcomer)) gone.add(index);
    }
    const add = wanted.slice(0, Math.max(0, MAX_LEAVES - leaves.length + gone.size));
    if (add.length === 0 && gone.size === 0) return undefined;
    return { add, remove: [...gone].sort((one, other) => one - other), left };
  }

  /** Return the words of members that left and whose removal is our turn. */
  async #left(
    unit: Unit,
    record: GroupRecord,
    state: Group,
    leaves: readonly Leaf[],
  ): Promise<readonly Departure[]> {
    const { books, postpone } = this.#parts;
    const { groupId: group } = record;
    const words = books.groupBook.left(unit, group);
    const going = new Set(words.map(({ word }) => hex(word.account)));
    const staying = leaves.filter(({ account }) => !going.has(hex(account)));
    const place = staying.findIndex(({ index }) => index === state.ownLeaf);
    const turn = place < 0 ? staying.length : place;
    const found: Departure[] = [];
    for (const { word, at } of words) {
      try {
        await checkDeparture(group, word, leaves);
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        books.groupBook.forgetLeft(unit, group, word.account);
        continue;
      }
      const due = at + turn * TURN_S;
      if (due <= books.now()) found.push(word);
      else unit.after(() => postpone(record, due));
    }
    return found;
  }

  // Committing

  /**
   * Make a commit, anew as long as another member is first; the caller holds the lock.
   *
   * @throws UnavailableError It goes on with the next look.
   * @throws PeerError It would break a rule: nothing was offered.
   */
  async commit(record: GroupRecord, wanted: Wanted): Promise<boolean> {
    return await this.#parts.sequencers.commit(record, async (unit, state) => {
      const change = await wanted(unit, state);
      return change && (await this.#plan(unit, record, state, change));
    });
  }

  async #plan(
    unit: Unit,
    record: GroupRecord,
    state: Group,
    { add = [], remove = [], terms: wished, left = [] }: Change,
  ): Promise<Plan> {
    const { groupBook } = this.#parts.books;
    const leaves = await leavesOf(state);
    const staying = leaves.filter(({ index }) => !remove.includes(index));
    const before = termsIn(state);
    let terms = wished ?? before;
    const stays = (account: AccountId) => staying.some((leaf) => equal(leaf.account, account));
    if (!terms.keepers.every(stays)) {
      terms = { ...terms, keepers: keepersAfter(terms.keepers, staying) };
    }
    const joined = add.flatMap((one) => groupBook.member(unit, record.groupId, one) ?? []);
    return {
      add: add.map(({ data }) => data),
      remove,
      welcome: async (inner, welcome) => this.#welcomes(inner, record, staying, welcome, add),
      extensions: terms === before ? undefined : extensionOf(terms),
      data: encodeChange({ kind: "group.change", joined, left }),
    };
  }

  /** Make what brings the Welcome to each device that was let in; inside a transaction. */
  #welcomes(
    unit: Unit,
    { groupId: group, sequencer }: GroupRecord,
    staying: readonly Leaf[],
    message: Bytes,
    add: readonly Newcomer[],
  ): Send[] {
    const { books } = this.#parts;
    const { account, device, addresses, groupBook } = books;
    const { handle: name } = Profile.load(unit);
    const address = addresses.address(books.groupAddress(unit, group));
    const known = [...staying, ...add].flatMap((one) => groupBook.member(unit, group, one) ?? []);
    const members = [{ account, device, name, address }, ...known];
    return add.map((one) => {
      const others = members.filter((member) => !isDevice(member, one));
      const content = encodeOuter({
        kind: "welcome.group",
        message,
        group,
        sequencer,
        members: others,
      });
      if (equal(one.account, account)) return { account, device: one.device, content };
      return { account: new AccountId(group), device: slotOf(group, one), content };
    });
  }
}

/** Return the leaves that a key package shows to be shut out by their account (CK-832). */
async function outdated(leaves: readonly Leaf[], newcomer: Newcomer): Promise<readonly number[]> {
  const theirs = leaves.filter(({ account }) => equal(account, newcomer.account));
  if (theirs.length === 0) return [];
  const newest = await listIn(newcomer.data);
  return theirs
    .filter(({ list, device }) => newest.version > list.version && newest.find(device) === null)
    .map(({ index }) => index);
}

async function listIn(keyPackage: Bytes): Promise<DeviceList> {
  const { credential, signatureKey } = UnverifiedKeyPackage.parse(keyPackage).struct.leafNode;
  return (await UnverifiedCredential.parse(credential.body).verify(signatureKey)).deviceList;
}
