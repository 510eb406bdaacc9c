/**
 * Devices that talk to each other without a server, for tests of the client's conversations.
 *
 * Real books, groups and contents on stores in memory; the network and the sequencers are a few
 * maps. Every delivery, clock and failure is the test's own.
 */

import { vi } from "vitest";
import { Addresses, type Given } from "../../client/addresses.ts";
import { Books, systemRng } from "../../client/books.ts";
import { Conversations } from "../../client/conversation.ts";
import { FirstContact } from "../../client/first_contact.ts";
import { GroupParts } from "../../client/group_parts.ts";
import { GroupKind, type GroupRecord, seatKey } from "../../client/groups.ts";
import { type HandleOpener, Inbox } from "../../client/inbox.ts";
import { DeviceLists } from "../../client/lists.ts";
import { Membership } from "../../client/membership.ts";
import { Outbox } from "../../client/outbox.ts";
import { Profile } from "../../client/profile.ts";
import { type Plan, Sequencers } from "../../client/sequencer.ts";
import { presented, toldOfCommits } from "../../client/session_sending.ts";
import type { Delivery } from "../../client/transport/receive_socket.ts";
import { Welcomes } from "../../client/welcomes.ts";
import type { ContactAddress } from "../../core/address.ts";
import { type Bytes, compare, equal, hex } from "../../core/bytes.ts";
import { encodeOuter } from "../../core/content.ts";
import type { Outer } from "../../core/content_outer.ts";
import {
  type DeviceList,
  type ListedDevice,
  signFirst,
  signSuccessor,
} from "../../core/device_list.ts";
import { seal } from "../../core/envelope.ts";
import { Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { generateIdentityKey } from "../../core/identity.ts";
import {
  AccountId,
  DeviceId,
  type GroupId,
  MailboxId,
  random,
  SignatureKey,
} from "../../core/ids.ts";
import { generateSignatureKey, SUITE_ID, signaturePublicKey } from "../../core/mls/index.ts";
import { FakeServer, type SequencerApi } from "./fake_server.ts";
import { MemoryStore } from "./memory_store.ts";

export const ORIGIN = "https://visavis.test";
const rng = systemRng;

/** An account: what only its owner's login unlocks, and who its devices are. */
export class Account {
  readonly handle: string;
  readonly id: AccountId;
  readonly identityPrivate = generateIdentityKey(rng);
  list: DeviceList | undefined;

  constructor(handle: string, id: AccountId) {
    this.handle = handle;
    this.id = id;
  }

  async add(device: ListedDevice): Promise<DeviceList> {
    this.list = this.list
      ? await signSuccessor(this.list, this.identityPrivate, [...this.list.devices, device])
      : await signFirst(this.id, this.identityPrivate, [device]);
    return this.list;
  }

  async remove(device: DeviceId): Promise<DeviceList> {
    if (this.list === undefined) throw new Error("no list");
    const left = this.list.devices.filter((entry) => !equal(entry.deviceId, device));
    this.list = await signSuccessor(this.list, this.identityPrivate, left);
    return this.list;
  }
}

/** The server, and everybody on it. */
export class World extends FakeServer {
  /** Make an account with one device. */
  async signUp(handle: string, id = random(AccountId, rng)): Promise<Party> {
    return await this.newDevice(new Account(`${handle}.12345`, id));
  }

  /** Two people who are contacts of each other; the first has the lower account id. */
  async pair(): Promise<readonly [anna: Party, bob: Party]> {
    const ids = [random(AccountId, rng), random(AccountId, rng)].sort(compare);
    const [anna, bob] = [await this.signUp("anna", ids[0]), await this.signUp("bob", ids[1])];
    await this.befriend(anna, bob);
    return [anna, bob];
  }

  async befriend(one: Party, other: Party): Promise<void> {
    const link = await one.firstContact.createInvite({ singleUse: true, days: 1 });
    await other.firstContact.follow(link);
    await settle(one, other);
  }

  async newDevice(account: Account): Promise<Party> {
    const store = new MemoryStore();
    const device = random(DeviceId, rng);
    const signature = generateSignatureKey(SUITE_ID, rng);
    const signatureKey = new SignatureKey(await signaturePublicKey(SUITE_ID, signature));
    const list = await account.add({ deviceId: device, signatureKey });
    const lists = await DeviceLists.load(store);
    const mailbox = random(MailboxId, rng);
    await store.transaction((unit) => {
      const { handle, id } = account;
      new Profile(ORIGIN, handle, id, device, signature, rng(48), mailbox, rng(32), true).save(
        unit,
      );
      Addresses.makePool(unit, rng);
      lists.learn(unit, list);
    });
    return await Party.open(this, account, store);
  }

  /**
   * Add a device to an account as pairing does: each of the two knows the other's address, and the
   * older one has a key package for each group.
   */
  async link(first: Party): Promise<Party> {
    const second = await this.newDevice(first.account);
    const { books } = first;
    const address = await first.siblingAddress();
    const theirs = await second.siblingAddress();
    await second.books.store.transaction((unit) =>
      second.books.siblings.save(unit, books.device, address),
    );
    const packages = await second.keyPackages(4);
    await books.store.transaction(async (unit) => {
      books.lists.learn(unit, second.list);
      books.siblings.save(unit, second.books.device, theirs);
      const joining = { account: books.account, keyPackages: packages, paired: true };
      books.joining.put(unit, second.books.device, joining);
      await first.welcomes.ensureSelfGroup(unit);
    });
    for (const record of books.groups.all(books.store)) first.membership.mark(record);
    return second;
  }
}

/** One device at work, as the session wires it, with nothing that runs by itself. */
export class Party {
  readonly world: World;
  readonly account: Account;
  readonly store: MemoryStore;
  /** This device's way to the server, to be cut where a test likes. */
  readonly api: SequencerApi;
  readonly books: Books;
  readonly outbox: Outbox;
  readonly sequencers: Sequencers;
  readonly conversations: Conversations;
  readonly membership: Membership;
  readonly people: GroupParts;
  readonly welcomes: Welcomes;
  readonly firstContact: FirstContact;
  readonly inbox: Inbox;
  readonly vaultStale = vi.fn();
  readonly vaultChanged = vi.fn();
  readonly vaultSeen = vi.fn();
  readonly sent = vi.fn();
  /** Our handle is hidden, unless a test shows it. */
  byHandle: HandleOpener = {
    open: async () => {
      throw new PeerError(Code.DECRYPTION, "hidden");
    },
  };
  /** What `catchUp` does. */
  catchUp = async (): Promise<void> => await this.receive();

  private constructor(world: World, account: Account, store: MemoryStore, books: Books) {
    this.world = world;
    this.account = account;
    this.store = store;
    this.books = books;
    this.api = { ...world.api };
    this.outbox = new Outbox(
      store,
      (reader, of, device) => books.resolve(reader, of, device),
      async (address, content) => {
        this.sent(content);
        await world.send(address, content, true);
      },
      books.now,
    );
    this.sequencers = new Sequencers({
      store,
      groups: books.groups,
      outbox: this.outbox,
      api: this.api,
      present: (record) => presented(books, record),
      applied: (unit, change) => this.people.applied(unit, change),
      refused: (record) => this.people.refused(record),
      targets: (reader, record) => toldOfCommits(books, reader, record),
      now: books.now,
      rng: books.rng,
    });
    this.conversations = new Conversations(books, this.outbox, this.sequencers, {
      sendLive: (address, content) => world.send(address, encodeOuter(content), false),
      dirty: (record) => this.membership.mark(record),
      vaultSeen: this.vaultSeen,
      vaultStale: this.vaultStale,
      vaultChanged: this.vaultChanged,
      groupInvites: () => this.people.invites,
      inGroup: (unit, record, said, content, how) =>
        this.people.talk.receive(unit, record, said, content, how),
      catchUp: () => this.catchUp(),
    });
    const { conversations, outbox, sequencers, vaultStale } = this;
    this.membership = new Membership(books, this.sequencers, conversations, this.api, {
      vaultStale,
      groups: () => this.people.membership,
    });
    const { membership } = this;
    const around = { books, outbox, conversations, sequencers, membership, after: vi.fn() };
    this.people = new GroupParts(around);
    this.welcomes = new Welcomes(books, { mark: (r) => this.membership.mark(r), vaultStale });
    this.firstContact = new FirstContact(books, this.outbox, this.membership, vi.fn());
    const byHandle = { open: (envelope: Bytes) => this.byHandle.open(envelope) };
    const { welcomes } = this.people;
    const receivers = [this.welcomes, welcomes, this.firstContact, byHandle] as const;
    this.inbox = new Inbox(books, conversations, ...receivers, {
      ack: vi.fn(),
      after: vi.fn(),
    });
  }

  static async open(world: World, account: Account, store: MemoryStore): Promise<Party> {
    const books = await Books.open(store, { now: () => world.time, rng });
    return new Party(world, account, store, books);
  }

  /** The same device after a crash: what was in memory is gone. */
  async restarted(): Promise<Party> {
    return await Party.open(this.world, this.account, this.store);
  }

  get list(): DeviceList {
    return this.books.ownList(this.store);
  }

  get device(): DeviceId {
    return this.books.device;
  }

  get mailbox(): Delivery[] {
    return this.world.mail.get(hex(this.books.profile.mailbox)) ?? [];
  }

  set mailbox(left: Delivery[]) {
    this.world.mail.set(hex(this.books.profile.mailbox), left);
  }

  get drops(): Record<string, number> {
    return Object.fromEntries(this.books.counters.dropped);
  }

  get notices(): string[] {
    return this.books.history.allNotices(this.store).map(({ kind }) => kind);
  }

  texts(other: Party): string[] {
    return this.books.history.messages(this.store, other.account.id).map(({ text }) => text);
  }

  conversation(other?: Party): GroupRecord {
    const found = this.books.groups
      .all(this.store)
      .filter(({ kind }) => kind === GroupKind.CONVERSATION)
      .filter(({ account }) => other === undefined || equal(account, other.account.id));
    const [record] = found;
    if (record === undefined || found.length > 1) throw new Error(`${found.length} conversations`);
    return record;
  }

  /** The group that we send to somebody in now; earlier ones of the thread may stand beside it. */
  conversationNow(other: Party): GroupId {
    const known = this.books.contacts.get(this.store, other.account.id);
    if (known === undefined) throw new Error("no contact");
    return known.group;
  }

  selfGroup(): GroupRecord {
    const record = this.books.groups.selfGroup(this.store);
    if (record === undefined) throw new Error("no self group");
    return record;
  }

  async epoch(record: GroupRecord): Promise<number> {
    return Number((await this.books.groups.state(this.store, record)).epoch);
  }

  async authenticator(record: GroupRecord): Promise<string> {
    return hex((await this.books.groups.state(this.store, record)).epochAuthenticator);
  }

  async has(record: GroupRecord, other: Party): Promise<boolean> {
    const seats = await this.books.groups.members(this.store, record);
    return seats.has(seatKey(other.account.id, other.device));
  }

  async leafOf(record: GroupRecord, other: Party): Promise<number> {
    const seats = await this.books.groups.members(this.store, record);
    return seats.get(seatKey(other.account.id, other.device))?.leafIndex ?? -1;
  }

  /** Commit as it is, whether or not it makes sense. */
  async commit(record: GroupRecord, plan: Plan): Promise<boolean> {
    return await this.books.groups
      .lock(record)
      .run(() => this.sequencers.commit(record, () => plan));
  }

  async pull(record: GroupRecord): Promise<number> {
    return await this.books.groups.lock(record).run(() => this.sequencers.pull(record));
  }

  async siblingAddress(): Promise<ContactAddress> {
    return this.books.addresses.address(await this.givenToSiblings());
  }

  async givenToSiblings(): Promise<Given> {
    return await this.store.transaction((unit) => this.books.siblingAddress(unit));
  }

  async givenTo(other: Party): Promise<Given> {
    return await this.store.transaction((unit) =>
      this.books.contactAddress(unit, other.account.id),
    );
  }

  async keyPackages(count: number): Promise<Bytes[]> {
    return await this.store.transaction(async (unit) => {
      const made: Bytes[] = [];
      for (let i = 0; i < count; i++) made.push(await this.books.keepKeyPackage(unit));
      return made;
    });
  }

  /** Put a content into this device's hands that came over one of its addresses. */
  async deliver(given: Given, content: Outer, { durable = true } = {}): Promise<boolean> {
    const { mailbox } = this.books.profile;
    const envelope = await seal(mailbox, given.sealKey, encodeOuter(content), rng);
    return await this.inbox.process({ deliveryId: rng(16), durable, envelope });
  }

  /** Process what lies in the mailbox, once; keep there what could not be judged. */
  async receive(): Promise<void> {
    const waiting = this.mailbox;
    this.mailbox = [];
    for (const delivery of waiting) {
      const isDone = await this.inbox.process(delivery);
      if (!isDone) this.mailbox = [...this.mailbox, delivery];
    }
  }

  /** Do what is due, as housekeeping does. */
  async tidy(): Promise<void> {
    try {
      await this.membership.reconcileAll();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
    await this.books.addresses.flush(this.store, {
      addCapabilities: async () => {},
      revokeCapabilities: async (hashes) => {
        for (const hash of hashes) this.world.dead.add(hex(hash));
      },
    });
    await this.outbox.flush();
  }
}

/** Let everybody receive and tidy up until nothing moves any more. */
export async function settle(...parties: Party[]): Promise<void> {
  for (let round = 0; round < 4; round++) {
    for (const party of parties) {
      await party.receive();
      await party.tidy();
    }
  }
}

/** What a promise was rejected with. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error && "code" in error) return `${error.name} ${error.code}`;
    throw error;
  }
  return "none";
}
