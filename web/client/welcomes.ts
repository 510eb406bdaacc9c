/**
 * How this device comes into groups that stand, and how others ask to: Welcomes and rejoins (P5).
 *
 * A Welcome is checked before anything of it is kept: who sent it over which address, who made it,
 * and who else is in the group. A rejoin is only noted here; `membership.ts` makes the commit.
 */

import { requireServer } from "../core/address.ts";
import { type Bytes, compare, equal, hex } from "../core/bytes.ts";
import type {
  ContactRejoin,
  ConversationWelcome,
  DeviceLink,
  SelfWelcome,
} from "../core/content_outer.ts";
import { Standing } from "../core/content_records.ts";
import { verifyLateRejoin, verifyRejoin } from "../core/content_signed.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { Code, PeerError, VisavisError } from "../core/errors.ts";
import { AccountId, type DeviceId, GroupId, random, SequencerHandle } from "../core/ids.ts";
import { Group, type MemberInfo, welcomeReferences } from "../core/mls/index.ts";
import { type Given, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import { Known } from "./contact_book.ts";
import { restore } from "./decisions.ts";
import { noteIdentityChanged } from "./group_steps.ts";
import { credentialOf, deviceOf, GroupKind, GroupRecord, seatKey } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import { Signal } from "./lock.ts";
import type { Reader, Unit } from "./unit.ts";

/** Who is told of groups that were joined or asked for. */
export type WelcomesOptions = Readonly<{
  /** Has a group looked at soon. */
  mark: (record: GroupRecord) => void;
  /** Told when the vault says less than we know; inside a transaction. */
  vaultStale: (unit: Unit) => void;
}>;

/** A rejoin that was checked. */
type Rejoin = Readonly<{
  offered: DeviceList;
  /** Its list is news, so its key packages are, too. */
  fresh: boolean;
}>;

/** What arrives about groups that this device or another is to join. */
export class Welcomes {
  /** Set once this device was let into the self group. */
  readonly linked = new Signal();
  readonly #books: Books;
  readonly #mark: (record: GroupRecord) => void;
  readonly #vaultStale: (unit: Unit) => void;

  constructor(books: Books, { mark, vaultStale }: WelcomesOptions) {
    this.#books = books;
    this.#mark = mark;
    this.#vaultStale = vaultStale;
  }

  /**
   * Join a conversation that our device was added to.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async receiveWelcome(given: Given, content: ConversationWelcome): Promise<void> {
    const books = this.#books;
    const offered = await UnverifiedDeviceList.parse(content.list).verify();
    const account = offered.accountId;
    // CK-577: a contact lets us into its own conversation only; our own devices into any.
    if (given.purpose === Purpose.CONTACT && !equal(given.subject, account)) {
      throw new PeerError(Code.WRONG_GROUP, "CK-577: a Welcome to another contact's conversation");
    }
    if (equal(account, books.account)) {
      throw new PeerError(Code.MALFORMED, "a conversation with ourselves");
    }
    try {
      await books.groups
        .lock({ groupId: content.group })
        .run(() => books.store.transaction((unit) => this.#join(unit, given, content, offered)));
    } catch (error) {
      if (error instanceof VisavisError && error.code === Code.IDENTITY_CHANGED) {
        await noteIdentityChanged(books, account);
      }
      throw error;
    }
  }

  async #join(
    unit: Unit,
    given: Given,
    content: ConversationWelcome,
    offered: DeviceList,
  ): Promise<void> {
    const books = this.#books;
    const account = offered.accountId;
    const { group, sequencer } = content;
    const before = books.contacts.get(unit, account);
    // CK-577: only our own devices bring new contacts, by an address that is good. Else one we
    // removed comes back by an envelope from before, or a revoked device brings its friends.
    const byDevice = given.purpose === Purpose.SIBLING && given.retiredAt === 0;
    const isRefused = before === undefined || before.standing === Standing.BLOCKED;
    if (isRefused && !byDevice) {
      throw new PeerError(Code.REFUSED, "CK-577: a Welcome from somebody who is no contact");
    }
    books.awaited.requireSame(unit, offered); // our other devices do not know whom we wait for
    books.lists.learn(unit, offered);
    const state = await join(unit, books, content.message, group, [account, books.account]);
    const thread = content.thread ?? undefined;
    const record = new GroupRecord(group, GroupKind.CONVERSATION, account, sequencer, { thread });
    books.groups.save(unit, record, state);
    const name = before?.name ?? books.contacts.nameFor(unit, account, content.name);
    const known = before ?? new Known(account, name, group, sequencer);
    known.group = group;
    known.sequencer = sequencer;
    known.member = true;
    await this.#takeAddresses(known, state, given, content);
    if (known.devices.length === 0) {
      // It could not be read again, nor answered.
      throw new PeerError(
        Code.BAD_CREDENTIAL,
        "CK-576: a new contact without an address of its own",
      );
    }
    books.contacts.save(unit, known);
    if (before === undefined) restore(unit, books, known);
    books.history.notice(unit, NoticeKind.REJOINED, account, undefined, books.now());
    unit.after(() => this.#mark(record));
  }

  /**
   * Note the addresses that came with a Welcome.
   *
   * CK-576: a device of the contact speaks for its own address only; a device of ours tells of all.
   * A sibling is known by both, the address it uses and its signature under the Welcome.
   */
  async #takeAddresses(
    known: Known,
    state: Group,
    given: Given,
    content: ConversationWelcome,
  ): Promise<void> {
    const { account: ours, profile } = this.#books;
    const maker = await deviceOf(welcomedBy(state));
    const bySibling = given.purpose === Purpose.SIBLING && equal(maker.account, ours);
    for (const { device, address } of content.devices) {
      const isMaker = equal(known.account, maker.account) && equal(device, maker.device);
      if (!bySibling && !isMaker) continue;
      known.addresses.set(hex(device), {
        device,
        address: requireServer(address, profile.origin),
      });
    }
  }

  /**
   * Join the group of our own devices.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async receiveSelfWelcome(given: Given, content: SelfWelcome | DeviceLink): Promise<void> {
    const { store, groups } = this.#books;
    if (given.purpose !== Purpose.SIBLING) {
      throw new PeerError(Code.WRONG_GROUP, "CK-577: only our own devices let us in there");
    }
    // The one whose state it ends must not be in the middle of a commit.
    const present = groups.selfGroup(store) ?? { groupId: content.group };
    await groups
      .lock(present)
      .run(() => store.transaction((unit) => this.#joinSelf(unit, content)));
  }

  async #joinSelf(unit: Unit, content: SelfWelcome | DeviceLink): Promise<void> {
    const books = this.#books;
    const present = books.groups.selfGroup(unit);
    // Two devices may each have begun a self group; both keep the one with the lower id.
    if (present !== undefined && compare(present.groupId, content.group) <= 0) {
      throw new PeerError(Code.UNEXPECTED, "there is a self group already");
    }
    const { message, group, sequencer } = content;
    const state = await join(unit, books, message, group, [books.account]);
    if (present !== undefined) books.groups.remove(unit, present);
    const record = new GroupRecord(group, GroupKind.SELF, books.account, sequencer);
    books.groups.save(unit, record, state);
    this.#saveSiblings(unit, content.devices);
    unit.after(() => {
      this.#mark(record);
      this.linked.set();
    });
  }

  #saveSiblings(unit: Unit, devices: SelfWelcome["devices"]): void {
    const { device: own, siblings, profile } = this.#books;
    for (const { device, address } of devices) {
      if (equal(device, own)) continue;
      siblings.save(unit, device, requireServer(address, profile.origin));
    }
  }

  // Devices that lost their state (P5)

  /**
   * Take note of a new device of a contact, or of ours, that asks to be added.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async receiveRejoin(given: Given, rejoin: ContactRejoin): Promise<void> {
    const books = this.#books;
    const isOurs = given.purpose === Purpose.SIBLING;
    const account = isOurs ? books.account : new AccountId(given.subject);
    try {
      await books.store.transaction((unit) => this.#note(unit, account, rejoin));
    } catch (error) {
      if (error instanceof PeerError && error.code === Code.IDENTITY_CHANGED) {
        await noteIdentityChanged(books, account);
      }
      throw error;
    }
  }

  async #note(unit: Unit, account: AccountId, rejoin: ContactRejoin): Promise<void> {
    const books = this.#books;
    const { offered, fresh } = await this.#verified(unit, account, rejoin);
    if (fresh) books.lists.learn(unit, offered);
    const isOurs = equal(account, books.account);
    if (isOurs) this.#saveSiblings(unit, rejoin.devices);
    else this.#saveAddresses(unit, account, rejoin.devices);
    for (const { device, keyPackage } of fresh ? rejoin.devices : []) {
      books.joining.put(unit, device, { account, keyPackages: [keyPackage] });
    }
    this.#vaultStale(unit);
    if (isOurs) await this.ensureSelfGroup(unit);
    const marked = books.groups
      .all(unit)
      .filter((record) => isOurs || equal(record.account, account));
    unit.after(() => {
      for (const record of marked) this.#mark(record);
    });
  }

  #saveAddresses(unit: Unit, account: AccountId, devices: ContactRejoin["devices"]): void {
    const { contacts, profile } = this.#books;
    const known = contacts.get(unit, account);
    const entries = devices.map(({ device, address }) => ({
      device,
      address: requireServer(address, profile.origin),
    }));
    if (known === undefined) return;
    for (const entry of entries) known.addresses.set(hex(entry.device), entry);
    contacts.save(unit, known);
  }

  async #verified(unit: Unit, account: AccountId, rejoin: ContactRejoin): Promise<Rejoin> {
    const { lists, account: ours } = this.#books;
    const newest = lists.newest(unit, account);
    if (newest === undefined) throw new PeerError(Code.WRONG_GROUP, "a rejoin of a stranger");
    try {
      return { offered: await verifyRejoin(rejoin, newest, ours), fresh: true };
    } catch (error) {
      if (!(error instanceof PeerError && error.code === Code.REPLAYED)) throw error;
      if (!(await this.#hasHeardOfAny(unit, account, rejoin.devices))) {
        // CK-686: another device's newer list came first; this one waits to be let in.
        await verifyLateRejoin(rejoin, newest, ours);
        return { offered: newest, fresh: true };
      }
      const before = lists.before(unit, account);
      if (before === undefined || !equal(rejoin.list, newest.data)) throw error;
      // The list came with somebody's commit first; the address is still news.
      return { offered: await verifyRejoin(rejoin, before, ours), fresh: false };
    }
  }

  /** Say whether we know where a device of these is reached, or have it in a group. */
  async #hasHeardOfAny(
    reader: Reader,
    account: AccountId,
    devices: readonly Readonly<{ device: DeviceId }>[],
  ): Promise<boolean> {
    const { contacts, siblings, joining, groups } = this.#books;
    const reached = contacts.get(reader, account)?.addresses ?? siblings.addresses(reader);
    const isKnown = ({ device }: Readonly<{ device: DeviceId }>) =>
      reached.has(hex(device)) || joining.get(reader, device) !== undefined;
    if (devices.some(isKnown)) return true;
    for (const record of groups.all(reader)) {
      if (record.kind === GroupKind.GROUP) continue; // where it is reached stands in no group
      const members = await groups.members(reader, record);
      if (devices.some(({ device }) => members.has(seatKey(account, device)))) return true;
    }
    return false;
  }

  /** Return the self group, begun if there is none; inside a transaction. */
  async ensureSelfGroup(unit: Unit): Promise<GroupRecord> {
    const books = this.#books;
    const present = books.groups.selfGroup(unit);
    if (present !== undefined) return present;
    const state = await books.createGroup(unit);
    const groupId = new GroupId(state.groupId);
    const sequencer = random(SequencerHandle, books.rng);
    const how = { sequenced: false };
    const record = new GroupRecord(groupId, GroupKind.SELF, books.account, sequencer, how);
    books.groups.save(unit, record, state);
    unit.after(() => this.#mark(record));
    return record;
  }
}

/**
 * Join by a Welcome with a key package of ours; inside a transaction.
 *
 * A device that its account has shut out may still stand in the group (another member did not know
 * yet). The caller marks the group, and the next look removes it.
 *
 * @param accounts Whose devices may be in it.
 * @throws PeerError UNEXPECTED, it is for no key package we have (a repetition); WRONG_GROUP;
 *   BAD_CREDENTIAL, somebody else is in the group (CK-580); UNEXPECTED, it has extensions (CK-586).
 */
export async function join(
  unit: Unit,
  books: Books,
  welcome: Bytes,
  groupId: GroupId,
  accounts: readonly AccountId[],
): Promise<Group> {
  const isOfAccounts = (other: AccountId) => accounts.some((account) => equal(account, other));
  const bundle = books.findBundle(unit, welcomeReferences(welcome));
  if (bundle === undefined) {
    throw new PeerError(Code.UNEXPECTED, "a Welcome for no key package of ours");
  }
  const state = await Group.join(welcome, bundle, {
    now: books.now(),
    validator: books.lists.validator(unit),
    presentValidator: books.lists.presentValidator(unit),
  });
  if (!equal(state.groupId, groupId)) {
    throw new PeerError(Code.WRONG_GROUP, "the Welcome is for another group than it says");
  }
  if (state.extensions.length > 0) {
    throw new PeerError(Code.UNEXPECTED, "CK-586: a group with extensions");
  }
  // CK-584: the id is unique among our groups (RFC 9420, 12.4.3.1), or a contact that learned one
  // could put its own group in the place of that group.
  const present = books.groups.get(unit, groupId);
  const kind = accounts.length > 1 ? GroupKind.CONVERSATION : GroupKind.SELF;
  if (present !== undefined && (present.kind !== kind || !isOfAccounts(present.account))) {
    throw new PeerError(Code.WRONG_GROUP, "CK-584: a Welcome to a group that is another's");
  }
  for (const member of state.members()) {
    const { accountId, deviceList } = await credentialOf(member);
    // CK-580: nobody listens in whom the two sides of the conversation do not know.
    if (!isOfAccounts(accountId)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-580: a stranger in the group");
    }
    books.lists.learn(unit, deviceList);
  }
  const maker = await deviceOf(welcomedBy(state));
  // CK-598: a stolen device that was shut out could else draw others into a group of its making.
  if (!books.lists.stands(unit, maker.account, maker.device)) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-598: invited by a device that was revoked");
  }
  books.spendBundle(unit, bundle);
  return state;
}

function welcomedBy(state: Group): MemberInfo {
  // There is always one when we have just joined.
  if (state.welcomedBy === null) throw new PeerError(Code.UNEXPECTED, "a group without a Welcome");
  return state.welcomedBy;
}
