/**
 * What a commit of a group of people changed: addresses, lists, and what the person is told.
 *
 * Called inside the transaction of the commit, ours or another member's, once it was judged
 * (`group_tree.ts`). Not for: making commits (`group_membership.ts`).
 */

import { requireServer } from "../core/address.ts";
import { type Bytes, compare, copy, equal, hex, utf8 } from "../core/bytes.ts";
import { decodeChange, encodeOuter } from "../core/content.ts";
import type { GroupChange } from "../core/content_group.ts";
import type { MemberDevice } from "../core/content_records.ts";
import type { DeviceList } from "../core/device_list.ts";
import { PeerError } from "../core/errors.ts";
import type { AccountId, GroupId } from "../core/ids.ts";
import type { Books } from "./books.ts";
import {
  deviceKey,
  ENDING_KIND,
  JOINER_KIND,
  PICTURE_DUE_KIND,
  ROTATE_GROUP_KIND,
} from "./group_book.ts";
import { nameInGroup } from "./group_names.ts";
import { isDevice } from "./group_targets.ts";
import { termsIn } from "./group_tree.ts";
import { credentialOf, type GroupRecord } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import type { Target } from "./pending_commit.ts";
import type { Applied } from "./sequencer.ts";
import type { Unit } from "./unit.ts";

const NOTHING: Bytes = new Uint8Array();
/** Notices of one commit are counted apart: more than any commit can cause. */
const NOTICES = 256;

/** Has a group looked at soon; from inside a transaction by `unit.after`. */
export type Mark = (record: GroupRecord) => void;

type Seat = Target & Readonly<{ list: DeviceList }>;

/** Takes note of commits. */
export class GroupChanges {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #mark: Mark;

  constructor(books: Books, outbox: Outbox, mark: Mark) {
    this.#books = books;
    this.#outbox = outbox;
    this.#mark = mark;
  }

  /** Note what a commit changed. Called inside its transaction. */
  async applied(unit: Unit, change: Applied): Promise<void> {
    const books = this.#books;
    const { record } = change;
    const { groupId: group } = record;
    const said = decodeChange(change.data);
    const seats = await Promise.all(
      change.members.map(async (member): Promise<Seat> => {
        const { accountId, device, deviceList } = await credentialOf(member);
        return { account: accountId, device: device.deviceId, list: deviceList };
      }),
    );
    for (const { list } of seats) await books.groupBook.learn(unit, group, list);
    unit.after(() => this.#mark(record));
    if (change.selfRemoved) return await this.#thrownOut(unit, record, change, said);
    for (const one of said.joined) {
      // Of devices that it adds, and no others (CK-839).
      if (!isDevice(one, books)) this.#takeAddress(unit, group, one);
    }
    for (const who of change.added) unit.delete(JOINER_KIND, deviceKey(group, who));
    await this.#tell(unit, change, said, seats);
    const { epoch } = await books.groups.state(unit, record);
    for (const who of change.removed) {
      const gone = books.groupBook.member(unit, group, who);
      if (change.own && gone !== undefined) {
        // So that they hear of it, and pull it.
        const hint = encodeOuter({ kind: "commit", group, epoch: Number(epoch) });
        this.#outbox.putFixed(unit, gone.address, hint);
      }
      books.groupBook.forgetDevice(unit, group, who);
      books.groupBook.forgetLeft(unit, group, who.account);
    }
    // What they knew of addresses must be worth nothing (P13).
    if (change.removed.length > 0) unit.put(ROTATE_GROUP_KIND, copy(group), NOTHING);
    if (change.added.length > 0 && change.own) unit.put(PICTURE_DUE_KIND, copy(group), NOTHING);
  }

  /** Tell the person that a member has stopped a group: nobody goes along with its commit. */
  async broken(record: GroupRecord): Promise<void> {
    const { groupBook, groups, history, now, store } = this.#books;
    const { groupId: group } = record;
    await store.transaction(async (unit) => {
      const terms = groupBook.terms(unit, group);
      if (terms === undefined) return;
      const count = Number((await groups.state(unit, record)).epoch);
      const about = { count, name: terms.name };
      history.groupNotice(unit, NoticeKind.GROUP_BROKEN, group, about, now());
    });
  }

  #takeAddress(unit: Unit, group: GroupId, member: MemberDevice): void {
    const { counters, groupBook, profile } = this.#books;
    try {
      requireServer(member.address, profile.origin);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      counters.drop(`group ${error.code}`);
      return;
    }
    groupBook.putMember(unit, group, member);
  }

  /** Note that we are out: the keys go with the next look, and a person is told. */
  async #thrownOut(
    unit: Unit,
    { groupId: group }: GroupRecord,
    change: Applied,
    said: GroupChange,
  ): Promise<void> {
    const books = this.#books;
    const ours =
      equal(change.by, books.account) ||
      said.left.some(({ account }) => equal(account, books.account));
    unit.put(ENDING_KIND, copy(group), utf8(ours ? "left" : "removed"));
    const terms = books.groupBook.terms(unit, group);
    if (ours || terms === undefined) return;
    const by = await nameInGroup(books, unit, group, change.by);
    const now = books.now();
    const about = { count: now, name: terms.name, by };
    books.history.groupNotice(unit, NoticeKind.GROUP_REMOVED_US, group, about, now);
  }

  /** Tell the person what others see too: who came, who went, what it is called. */
  async #tell(
    unit: Unit,
    change: Applied,
    said: GroupChange,
    seats: readonly Seat[],
  ): Promise<void> {
    const books = this.#books;
    const { groupId: group } = change.record;
    const state = await books.groups.state(unit, change.record);
    const [now, terms] = [books.now(), termsIn(state)];
    const here = seats.map(({ account }) => account);
    const left = said.left.map(({ account }) => account);
    const gone = change.removed.map(({ account }) => account);
    const came = here.filter((account) => isNew(change, seats, account));
    const notices: (readonly [NoticeKind, AccountId])[] = [];
    for (const who of inOrder(came)) notices.push([NoticeKind.GROUP_MEMBER_JOINED, who]);
    for (const who of inOrder(gone.filter((one) => !includes(here, one)))) {
      const isOwnWord = includes(left, who);
      const { GROUP_MEMBER_LEFT, GROUP_MEMBER_REMOVED } = NoticeKind;
      notices.push([isOwnWord ? GROUP_MEMBER_LEFT : GROUP_MEMBER_REMOVED, who]);
    }
    const before = books.groupBook.terms(unit, group) ?? terms;
    if (before.name !== terms.name && !change.own) {
      notices.push([NoticeKind.GROUP_RENAMED, change.by]);
    }
    if (!isSame(before.picture, terms.picture) && !change.own) {
      notices.push([NoticeKind.GROUP_PICTURE, change.by]);
    }
    const named = terms.keepers.filter((one) => !includes(before.keepers, one));
    for (const who of inOrder(named)) notices.push([NoticeKind.GROUP_KEEPERS, who]);
    for (const [number, [kind, who]] of notices.entries()) {
      const count = Number(state.epoch) * NOTICES + number;
      const by = await nameInGroup(books, unit, group, who);
      books.history.groupNotice(unit, kind, group, { count, name: terms.name, by }, now);
    }
    books.groupBook.putTerms(unit, group, terms);
  }
}

/** Say whether an account came with this commit: all its devices did, and none was there before. */
function isNew({ added, removed }: Applied, seats: readonly Seat[], account: AccountId): boolean {
  const isOf = (one: Target) => equal(one.account, account);
  const theirs = seats.filter(isOf);
  const isAdded = (seat: Seat) => added.some((one) => isDevice(one, seat));
  return theirs.every(isAdded) && !removed.some(isOf);
}

function includes(accounts: readonly AccountId[], wanted: AccountId): boolean {
  return accounts.some((one) => equal(one, wanted));
}

/** Return accounts, each once, in the order of their ids. */
function inOrder(accounts: readonly AccountId[]): AccountId[] {
  return [...new Map(accounts.map((one) => [hex(one), one])).values()].sort(compare);
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : equal(one, other);
}
