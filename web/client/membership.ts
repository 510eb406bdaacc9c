/**
 * Who is in our groups: devices that come, devices that go, and what each is told.
 *
 * The wish is declared, not remembered: a group should hold the devices on the newest lists of its
 * accounts, and everybody in it should know our present address. `reconcile` compares and makes the
 * commit that is missing, so a crash between two steps is repaired by the next look. Several devices
 * may try at once; the sequencer lets one win and the others find nothing left to do.
 *
 * Not for: whose key packages are taken, and what a Welcome says (`letting_in.ts`).
 */

import { type Bytes, concat, equal, fromHex, hex } from "../core/bytes.ts";
import type { Inner } from "../core/content_inner.ts";
import { Standing } from "../core/content_records.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../core/errors.ts";
import { AccountId, type DeviceId, MessageId, random } from "../core/ids.ts";
import type { Group, MemberInfo } from "../core/mls/index.ts";
import { LOOK, Purpose, ROTATE_KIND } from "./addresses.ts";
import type { Books } from "./books.ts";
import type { Known } from "./contact_book.ts";
import type { Conversations } from "./conversation.ts";
import { credentialOf, GroupKind, type GroupRecord, seatKey, seatsOf } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import { type Fresh, LettingIn } from "./letting_in.ts";
import { Lock } from "./lock.ts";
import { Profile } from "./profile.ts";
import {
  type Applied,
  newestRecord,
  type Plan,
  type Sequencers,
  type Target,
} from "./sequencer.ts";
import type { AnonymousApi } from "./transport/anonymous.ts";
import type { Reader, Unit } from "./unit.ts";

export const VAULT_LABEL = "visavis vault";
/** Seconds until a group is looked at again for which no key package was to be had today. */
export const QUOTA_S = 6 * 3_600;

const NOTHING: Bytes = new Uint8Array();

/** Who is told of what membership changes. */
export type MembershipOptions = Readonly<{
  /** Told when somebody cannot be reached any more by what the vault says; in a transaction. */
  vaultStale: (unit: Unit) => void;
  /** Looks after groups of people; made later, for it asks this for key packages. */
  groups: () => Readonly<{ reconcile(record: GroupRecord): Promise<void> }>;
}>;

/** Members of conversations and of the self group. */
export class Membership {
  /** Groups to be looked at soon, by the hex of their ids. In memory: at first it is all of them. */
  readonly dirty: Set<string>;
  readonly #books: Books;
  readonly #sequencers: Sequencers;
  readonly #conversations: Conversations;
  readonly #lettingIn: LettingIn;
  readonly #vaultStale: (unit: Unit) => void;
  readonly #groups: MembershipOptions["groups"];
  readonly #round = new Lock();
  readonly #postponed = new Map<string, number>();

  constructor(
    books: Books,
    sequencers: Sequencers,
    conversations: Conversations,
    api: Pick<AnonymousApi, "fetchKeyPackage">,
    { vaultStale, groups }: MembershipOptions,
  ) {
    this.#books = books;
    this.#sequencers = sequencers;
    this.#conversations = conversations;
    this.#vaultStale = vaultStale;
    this.#groups = groups;
    this.#lettingIn = new LettingIn(books, api, (record) => {
      this.postpone(record, books.now() + QUOTA_S);
    });
    this.dirty = new Set(books.groups.all(books.store).map((record) => hex(record.groupId)));
  }

  /** Have a group looked at soon; from inside a transaction by `unit.after`. */
  mark(record: Pick<GroupRecord, "groupId">): void {
    this.dirty.add(hex(record.groupId));
  }

  /** Have a group looked at once a time has come (unix seconds). */
  postpone({ groupId }: Pick<GroupRecord, "groupId">, at: number): void {
    const earlier = this.#postponed.get(hex(groupId)) ?? at;
    this.#postponed.set(hex(groupId), Math.min(at, earlier));
  }

  /** Return a verified key package of a device of ours for a group, if there is one. */
  async keyPackage(record: GroupRecord, device: DeviceId): Promise<Bytes | undefined> {
    return await this.#lettingIn.keyPackage(record, this.#books.account, device);
  }

  // What commits changed

  /**
   * Note what a commit changed. Called inside its transaction.
   *
   * @throws PeerError The commit is refused and changes nothing.
   */
  async applied(unit: Unit, change: Applied): Promise<void> {
    const books = this.#books;
    const { record } = change;
    await this.#learnLists(unit, record, change.members);
    const known = books.contacts.get(unit, record.account);
    if (change.selfRemoved) {
      this.#thrownOut(unit, record, known, change.by);
      return;
    }
    for (const came of change.added) this.#noteArrival(unit, record, came);
    if (change.added.length > 0 && !change.own) {
      // Who comes in was told the address of the member that let it in, not ours.
      record.announced = NOTHING;
      books.groups.save(unit, record);
    }
    for (const gone of change.removed) this.#noteLeaving(unit, record, known, gone);
    if (record.kind === GroupKind.SELF && change.removed.length > 0) {
      await this.#rotateVaultKey(unit, record);
    }
    unit.after(() => this.mark(record));
  }

  async #learnLists(
    unit: Unit,
    record: GroupRecord,
    members: readonly MemberInfo[],
  ): Promise<void> {
    const { account, lists } = this.#books;
    for (const member of members) {
      const { accountId, deviceList } = await credentialOf(member);
      // CK-580: a member brings in devices of the two sides and nobody else's.
      if (!equal(accountId, record.account) && !equal(accountId, account)) {
        throw new PeerError(Code.BAD_CREDENTIAL, "CK-580: a stranger in the group");
      }
      lists.learn(unit, deviceList);
    }
  }

  #noteArrival(unit: Unit, record: GroupRecord, { account, device }: Target): void {
    const { history, account: ours, now } = this.#books;
    const { CONVERSATION, SELF } = GroupKind;
    if (equal(account, record.account) && record.kind === CONVERSATION) {
      history.notice(unit, NoticeKind.NEW_DEVICE, account, device, now());
    } else if (equal(account, ours) && record.kind === SELF) {
      history.notice(unit, NoticeKind.OWN_DEVICE_ADDED, account, device, now());
    }
  }

  #noteLeaving(
    unit: Unit,
    record: GroupRecord,
    known: Known | undefined,
    { account, device }: Target,
  ): void {
    const books = this.#books;
    // What the removed device knew of addresses must be worth nothing (P3).
    unit.put(ROTATE_KIND, record.account, NOTHING);
    if (equal(account, books.account)) {
      // CK-583: a contact can throw our device out of its conversation (`reconcile` puts it back);
      // whether the device is still ours is not the contact's to say.
      if (record.kind !== GroupKind.SELF && books.lists.stands(unit, account, device)) return;
      books.siblings.remove(unit, device);
      books.joining.forget(unit, device);
      unit.put(ROTATE_KIND, books.account, NOTHING);
    } else if (known !== undefined) {
      known.forgetDevices((other) => equal(other, device));
      books.contacts.save(unit, known);
      this.#vaultStale(unit);
      books.history.notice(unit, NoticeKind.DEVICE_REMOVED, account, device, books.now());
    }
  }

  /** Note that this device is out of a group: for good, or by a contact's doing (CK-583). */
  #thrownOut(unit: Unit, record: GroupRecord, known: Known | undefined, by: AccountId): void {
    const { account, device, history, contacts, now } = this.#books;
    if (equal(by, account)) {
      history.notice(unit, NoticeKind.REVOKED, account, device, now());
    } else if (known !== undefined && equal(known.group, record.groupId)) {
      known.member = false;
      contacts.save(unit, known);
    }
  }

  /**
   * Take the vault data key from the epoch that began without the removed device (P3).
   *
   * Every remaining device passes through this epoch, so none needs to be told the key.
   */
  async #rotateVaultKey(unit: Unit, record: GroupRecord): Promise<void> {
    const state = await this.#books.groups.state(unit, record);
    const key = await state.exporter(VAULT_LABEL, NOTHING, 32);
    const profile = Profile.load(unit);
    profile.with({ vaultKeys: concat(key, profile.vaultKeys.subarray(0, 32)) }).save(unit);
  }

  // What is to be done

  /**
   * Look at every group that may need it.
   *
   * @throws UnavailableError Some could not be done now; they stay marked.
   */
  async reconcileAll(): Promise<void> {
    await this.#round.run(() => this.#reconcileDirty());
  }

  async #reconcileDirty(): Promise<void> {
    const { store, groups, counters, now } = this.#books;
    await this.#rotate();
    for (const [groupId, at] of this.#postponed) {
      if (at > now()) continue;
      this.#postponed.delete(groupId);
      this.dirty.add(groupId);
    }
    let later: UnavailableError | undefined;
    for (const groupId of [...this.dirty].sort()) {
      this.dirty.delete(groupId);
      const record = groups.get(store, fromHex(groupId));
      if (record === undefined) continue;
      try {
        await this.reconcile(record);
      } catch (error) {
        if (error instanceof UnavailableError) {
          this.dirty.add(groupId);
          later = error;
        } else if (error instanceof PeerError || error instanceof AuthorizationError) {
          // One group that a member has blocked must not keep the others from being done.
          counters.drop(`group ${error.code}`);
        } else {
          throw error;
        }
      }
    }
    if (later !== undefined) throw later;
  }

  /** Make the commit that a group lacks, if it lacks one, and announce our address. */
  async reconcile(record: GroupRecord): Promise<void> {
    const { contacts, groups, store } = this.#books;
    if (record.kind === GroupKind.GROUP) return await this.#groups().reconcile(record);
    // CK-599: it waits until they are unblocked.
    if (contacts.get(store, record.account)?.standing === Standing.BLOCKED) return;
    const isOurs = await groups.lock(record).run(() => this.#completed(record));
    if (isOurs) await this.#announce(record);
  }

  /** Make the commit that is lacking; say whether we are in the group. The caller has the lock. */
  async #completed(found: GroupRecord): Promise<boolean> {
    const { store, groups, joining } = this.#books;
    await this.#sequencers.ensure(found);
    const record = newestRecord(groups, store, found);
    const state = await groups.state(store, record);
    if (!state.isActive) return false;
    const packages = await this.#lettingIn.keyPackages(record, state);
    if (packages.length > 0 || (await this.#stale(store, state)).length > 0) {
      await this.#sequencers.commit(record, (unit, now) => this.#plan(unit, record, now, packages));
      await store.transaction((unit) => {
        for (const { device, data } of packages) joining.spend(unit, device, data);
      });
    }
    return true;
  }

  async #plan(
    unit: Unit,
    found: GroupRecord,
    state: Group,
    packages: readonly Fresh[],
  ): Promise<Plan | undefined> {
    const record = newestRecord(this.#books.groups, unit, found);
    const seats = await seatsOf(state);
    const fresh = packages.filter(({ account, device }) => !seats.has(seatKey(account, device)));
    const remove = await this.#stale(unit, state);
    if (fresh.length === 0 && remove.length === 0) return undefined;
    return {
      add: fresh.map(({ data }) => data),
      remove,
      welcome: async (inner, welcome) => this.#lettingIn.welcomes(inner, record, welcome, fresh),
    };
  }

  /** Return the leaves of devices that are not on the newest lists of their accounts. */
  async #stale(reader: Reader, state: Group): Promise<number[]> {
    const { lists } = this.#books;
    const seats = [...(await seatsOf(state)).values()];
    return seats
      .filter((seat) => seat.leafIndex !== state.ownLeaf)
      .filter(({ account, device }) => !lists.stands(reader, account, device))
      .map(({ leafIndex }) => leafIndex);
  }

  // Announcing and rotating our addresses

  /**
   * Replace the addresses that a removed device has seen.
   *
   * The one that a contact has stands as long as we know none of theirs: nobody could be told the
   * new one, and the device that they have now would find the door shut, for good.
   */
  async #rotate(): Promise<void> {
    const { store, account: ours, addresses, contacts, groups, now } = this.#books;
    for (const [key, why] of store.items(ROTATE_KIND)) {
      const account = new AccountId(key);
      const isContact = contacts.get(store, account)?.standing === Standing.CONTACT;
      if (isContact && contacts.addresses(store, account).size === 0) continue;
      const isOurs = equal(account, ours);
      await store.transaction((unit) => {
        const old = addresses.current(unit, isOurs ? Purpose.SIBLING : Purpose.CONTACT, account);
        if (old !== undefined && !equal(why, LOOK)) addresses.revoke(unit, old, now());
        unit.delete(ROTATE_KIND, key);
        if (isOurs) this.#vaultStale(unit); // our next device looks there for the way to this one
        const marked = groups.all(unit).filter((record) => equal(record.account, account));
        unit.after(() => {
          for (const record of marked) this.mark(record);
        });
      });
    }
  }

  /**
   * Tell the others our present address, if they were told another one last.
   *
   * That they were told is written with the message that tells them.
   */
  async #announce({ kind, account, groupId }: GroupRecord): Promise<void> {
    const books = this.#books;
    if (kind === GroupKind.SELF) {
      await this.#conversations.sendSelfMade(
        (unit, record) => {
          const given = books.siblingAddress(unit);
          if (equal(record.announced, given.name)) return undefined;
          record.announced = given.name;
          const devices = [{ device: books.device, address: books.addresses.address(given) }];
          return { kind: "self.devices", list: books.ownList(unit).data, devices };
        },
        { durable: true },
      );
      return;
    }
    const known = books.contacts.get(books.store, account);
    if (known === undefined || !equal(known.group, groupId) || known.identityChanged) return;
    const told = books.addresses.current(books.store, Purpose.CONTACT, account)?.name;
    const announced = books.groups.get(books.store, groupId)?.announced;
    if (told !== undefined && announced !== undefined && equal(told, announced)) return;
    // While no device of theirs is known nobody can be told; its address marks the group.
    if (books.contacts.addresses(books.store, account).size === 0) return;
    try {
      await this.#conversations.sendInnerMade(
        account,
        (unit, record) => this.#announcement(unit, account, record),
        { durable: true },
      );
    } catch (error) {
      // Both sides replace their addresses when a device is shut out, so ours may go to one that
      // stands no more. It lies in the outbox and goes out with their next one.
      if (!(error instanceof AuthorizationError && error.code === Code.REFUSED)) throw error;
    }
  }

  /** Make the word of our present address, unless they have it; written with what sends it. */
  #announcement(unit: Unit, account: AccountId, record: GroupRecord): Inner | undefined {
    const books = this.#books;
    const given = books.contactAddress(unit, account);
    if (equal(record.announced, given.name)) return undefined;
    record.announced = given.name;
    const devices = [{ device: books.device, address: books.addresses.address(given) }];
    const id = random(MessageId, books.rng);
    const list = books.ownList(unit).data;
    return { kind: "contact.devices", id, at: books.now(), list, devices };
  }
}
