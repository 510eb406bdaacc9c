/**
 * A profile at work: sockets, inbox, outbox, housekeeping; and the seam that calls are built on.
 *
 * One `Session` per open profile. It owns every task it starts and ends them on `close`.
 *
 * Not for applications: they use `Client` (`client.ts`). How contents leave is in
 * `session_sending.ts`.
 */

import type { ContactAddress } from "../core/address.ts";
import * as base64url from "../core/base64url.ts";
import type { Rng } from "../core/bytes.ts";
import { encodeOuter } from "../core/content.ts";
import type { Inner } from "../core/content_inner.ts";
import type { Outer } from "../core/content_outer.ts";
import type { DeviceAddress, Media, Rules } from "../core/content_records.ts";
import type { Sibling } from "../core/content_self.ts";
import { Code, FatalError, UsageError, VisavisError } from "../core/errors.ts";
import type { AccountId, DeviceId } from "../core/ids.ts";
import type { KeyPackageBundle } from "../core/mls/index.ts";
import { Books, type Means } from "./books.ts";
import { ByHandle } from "./by_handle.ts";
import { Conversations } from "./conversation.ts";
import { Decisions, granted, isVerified, mayRing } from "./decisions.ts";
import { FirstContact } from "./first_contact.ts";
import { forget } from "./forgetting.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Inbox } from "./inbox.ts";
import { withTimeout } from "./lock.ts";
import { Membership } from "./membership.ts";
import { Outbox } from "./outbox.ts";
import type {
  CallSeam,
  Delivered,
  InnerHandler,
  KeyMaterial,
  OuterHandler,
  SelfHandler,
  Spawned,
  TurnServer,
} from "./seam.ts";
import { Sequencers } from "./sequencer.ts";
import { ownAddress, presented, Sending, toldOfCommits } from "./session_sending.ts";
import type { Store } from "./store.ts";
import { Syncing } from "./syncing.ts";
import { Tasks } from "./tasks.ts";
import { AnonymousApi } from "./transport/anonymous.ts";
import { DeviceApi } from "./transport/api.ts";
import { Http } from "./transport/http.ts";
import { type ConnectionListener, ReceiveSocket } from "./transport/receive_socket.ts";
import { SendSocket } from "./transport/send_socket.ts";
import type { Unit, UnitStore } from "./unit.ts";
import { Vault } from "./vault.ts";
import { Welcomes } from "./welcomes.ts";

/** Everything a device does between opening and closing its profile. */
export class Session implements CallSeam {
  readonly store: Store;
  readonly books: Books;
  readonly deviceApi: DeviceApi;
  readonly anonymous: AnonymousApi;
  readonly outbox: Outbox;
  readonly sequencers: Sequencers;
  readonly vault: Vault;
  readonly conversations: Conversations;
  readonly membership: Membership;
  readonly welcomes: Welcomes;
  readonly firstContact: FirstContact;
  readonly byHandle: ByHandle;
  readonly receiver: ReceiveSocket;
  readonly housekeeping: Housekeeping;
  readonly inbox: Inbox;
  readonly decisions: Decisions;
  readonly #deviceHttp: Http;
  readonly #sendSocket: SendSocket;
  readonly #sending: Sending;
  readonly #syncing: Syncing;
  readonly #tasks = new Tasks((error) => this.#died(error));
  readonly #stopListeners: (() => void)[] = [];
  #lost: VisavisError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(store: Store, books: Books) {
    this.store = store;
    this.books = books;
    const { origin, token } = books.profile;
    this.#deviceHttp = new Http(origin, base64url.encode(token));
    this.deviceApi = new DeviceApi(this.#deviceHttp);
    this.anonymous = new AnonymousApi(new Http(origin));
    this.#sendSocket = new SendSocket(origin, { onOpen: () => this.receiver.hurry() });
    this.#sending = new Sending(books, this.#sendSocket);
    this.outbox = new Outbox(
      books.store,
      (reader, account, device) => books.resolve(reader, account, device),
      (address, content) => this.#sending.durable(address, content),
      () => books.now(),
    );
    this.sequencers = new Sequencers({
      store: books.store,
      groups: books.groups,
      outbox: this.outbox,
      api: this.anonymous,
      present: (record) => presented(books, record),
      applied: (unit, change) => this.membership.applied(unit, change),
      targets: (reader, record) => toldOfCommits(books, reader, record),
      now: () => books.now(),
      rng: books.rng,
    });
    this.vault = new Vault(books, this.deviceApi, (counter) => this.#tellVault(counter));
    const vaultStale = (unit: Unit) => this.vault.writeSoon(unit);
    this.conversations = new Conversations(books, this.outbox, this.sequencers, {
      sendLive: (address, content, onHanded) => this.#sending.live(address, content, onHanded),
      dirty: (record) => this.membership.mark(record),
      vaultSeen: (unit, said) => this.vault.seen(unit, said.counter),
      vaultStale,
      catchUp: () => this.#syncing.tryToCatchUp(),
    });
    this.membership = new Membership(books, this.sequencers, this.conversations, this.anonymous, {
      vaultStale,
    });
    const mark = this.membership.mark.bind(this.membership);
    this.welcomes = new Welcomes(books, { mark, vaultStale });
    const changed = (unit: Unit) => this.vault.changed(unit);
    this.firstContact = new FirstContact(books, this.outbox, this.membership, changed);
    this.byHandle = new ByHandle(books, this.outbox, this.deviceApi);
    this.receiver = new ReceiveSocket(origin, token, (delivery) => {
      this.#syncing.heard();
      this.inbox.put(delivery);
    });
    this.housekeeping = new Housekeeping(
      books,
      this.membership,
      this.firstContact,
      this.vault,
      this.outbox,
      this.deviceApi,
    );
    this.inbox = new Inbox(
      books,
      this.conversations,
      this.welcomes,
      this.firstContact,
      this.byHandle,
      { ack: (id) => this.receiver.ack(id), after: () => this.#processed() },
    );
    this.decisions = new Decisions(books, this.conversations, this.housekeeping, vaultStale);
    const { receiver, inbox, outbox, housekeeping } = this;
    const monotonic = () => this.monotonic();
    this.#syncing = new Syncing({ receiver, inbox, outbox, housekeeping, monotonic });
  }

  /**
   * Make the session of a profile; nothing runs before `start`.
   *
   * @param store Open, with a profile in it; closed by `close`.
   * @param seen What the books read and write through, if not the store itself.
   * @param means Time and chance, for tests.
   */
  static async open(store: Store, seen: UnitStore = store, means: Means = {}): Promise<Session> {
    return new Session(store, await Books.open(seen, means));
  }

  // Life

  /** Start sending and housekeeping, and receiving unless told otherwise. */
  async start(options: Readonly<{ receive?: boolean }> = {}): Promise<void> {
    const { books } = this;
    await books.store.transaction((unit) => books.addresses.purge(unit, books.now()));
    this.receiver.onConnection((connected) => {
      if (!connected) return;
      this.#sendSocket.hurry();
      this.#syncing.heard();
      this.outbox.kick();
      this.housekeeping.kick();
    });
    this.spawn((signal) => this.outbox.run(signal));
    this.spawn((signal) => this.inbox.run(signal));
    this.spawn((signal) => this.housekeeping.run(signal));
    this.spawn(() => this.decisions.tell());
    if (options.receive ?? true) {
      this.spawn(async (signal) => {
        await this.receiver.run(signal);
        this.#tellStopped();
      });
    }
  }

  /** End every task and connection, and lock the store. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#tasks.abort();
    // First, for tasks that wait for the server end with that.
    await this.#sendSocket.close();
    await this.anonymous.close();
    await this.#deviceHttp.close();
    await this.#tasks.ended();
    this.books.history.incoming.close();
    this.books.history.notices.close();
    await this.store.close();
  }

  /** Why nothing goes on any more, if so. */
  get stopped(): VisavisError | undefined {
    const { receiver, inbox, housekeeping } = this;
    return this.#lost ?? receiver.stopped ?? inbox.failed ?? housekeeping.failed;
  }

  /** The store is ours no more: stop at once. */
  lose(why: VisavisError): void {
    this.#lost = why;
    this.#tasks.abort();
    this.#tellStopped();
  }

  /** A task of ours that dies is a bug or a failed store: say so at the next `sync`. */
  #died(error: unknown): void {
    const kind = error instanceof Error ? error.name : typeof error;
    const unknown = new FatalError(Code.USAGE, `a background task ended: ${kind}`);
    this.housekeeping.fail(error instanceof FatalError ? error : unknown);
    this.#tellStopped();
  }

  /** Have a listener called when `stopped` may have come to be. */
  onStopped(listener: () => void): void {
    this.#stopListeners.push(listener);
  }

  #tellStopped(): void {
    if (this.stopped !== undefined) for (const listener of this.#stopListeners) listener();
  }

  /**
   * Receive and process all that is waiting, and send all that can be sent.
   *
   * @throws UnavailableError The server cannot be reached; what was received is kept.
   * @throws AuthorizationError REFUSED, this device was revoked.
   * @throws FatalError This profile cannot be used any more; say why.
   */
  async sync(timeoutS = 30): Promise<void> {
    const { signal } = this.#tasks;
    await withTimeout(timeoutS, (stop) => this.#syncing.sync(stop), { signal });
  }

  #processed(): void {
    this.housekeeping.kick();
    this.#tellStopped();
  }

  #tellVault(counter: number): void {
    this.spawn(async () => {
      try {
        await this.conversations.sendSelf({ kind: "self.vault", counter }, { durable: true });
      } catch (error) {
        if (!(error instanceof VisavisError)) throw error; // gossip: the next write tells it again
      }
    });
  }

  /** Remove a contact with its groups, keys and addresses; history stays. */
  async forgetContact(account: AccountId): Promise<void> {
    await this.books.store.transaction((unit) => {
      forget(unit, this.books, account);
      this.vault.removed(unit, account);
    });
    this.housekeeping.kick();
  }

  // The seam for calls (see `seam.ts`)

  get rng(): Rng {
    return this.books.rng;
  }

  get account(): AccountId {
    return this.books.account;
  }

  get device(): DeviceId {
    return this.books.device;
  }

  async keyMaterial(): Promise<KeyMaterial> {
    const { account, device, lists, profile, store } = this.books;
    const { signaturePrivate } = profile;
    const credential = this.books.credential(store);
    return { account, device, credential, signaturePrivate, validator: lists.validator(store) };
  }

  now(): number {
    return this.books.now();
  }

  monotonic(): number {
    return this.books.monotonic();
  }

  newKeyPackage(): Promise<KeyPackageBundle> {
    return this.books.makeKeyPackage(this.books.store);
  }

  mayRing(contact: AccountId, media: Media, { called = false } = {}): Media | undefined {
    return mayRing(this.books, contact, media, { called });
  }

  granted(contact: AccountId): Rules {
    return granted(this.books, contact);
  }

  isChanged(contact: AccountId): boolean {
    return this.books.contacts.get(this.books.store, contact)?.identityChanged ?? false;
  }

  isVerified(contact: AccountId): boolean {
    return isVerified(this.books, this.books.contacts.get(this.books.store, contact));
  }

  contactName(contact: AccountId): string {
    const known = this.books.contacts.get(this.books.store, contact);
    if (known === undefined) throw new UsageError("no contact of ours");
    return known.name;
  }

  async contactDevices(contact: AccountId): Promise<readonly DeviceAddress[]> {
    return [...this.books.contacts.addresses(this.books.store, contact).values()];
  }

  async siblingDevices(): Promise<readonly DeviceAddress[]> {
    const { account, lists, siblings, store } = this.books;
    const known = [...siblings.addresses(store).values()];
    return known.filter(({ device }) => lists.stands(store, account, device));
  }

  sendInner(
    contact: AccountId,
    content: Inner,
    options: Delivered & Readonly<{ toSiblings?: boolean }>,
  ): Promise<void> {
    return this.conversations.sendInner(contact, content, options);
  }

  async sendOuter(
    address: ContactAddress,
    content: Outer,
    { durable, onHanded }: Delivered,
  ): Promise<void> {
    if (!durable) return await this.#sending.live(address, content, onHanded);
    await this.outbox.sendFixed(address, encodeOuter(content));
  }

  sendSelf(content: Sibling, options: Delivered): Promise<void> {
    return this.conversations.sendSelf(content, options);
  }

  turn(address: ContactAddress): Promise<TurnServer> {
    return this.anonymous.turn(address);
  }

  ownTurnAddress(): Promise<ContactAddress> {
    return ownAddress(this.books);
  }

  onInner(handler: InnerHandler): void {
    this.conversations.innerHandlers.push(handler);
    this.spawn(() => this.conversations.redispatch());
  }

  onUnknownGroup(handler: OuterHandler): void {
    this.inbox.outerHandlers.push(handler);
  }

  onSelf(handler: SelfHandler): void {
    this.conversations.selfHandlers.push(handler);
  }

  onContact(handler: (contact: AccountId) => void): void {
    this.books.contacts.onSaved(handler);
  }

  onConnection(handler: ConnectionListener): void {
    this.receiver.onConnection(handler);
  }

  doubtConnections(): void {
    this.receiver.doubt();
    this.#sendSocket.doubt();
  }

  spawn(work: (signal: AbortSignal) => Promise<void>): Spawned {
    return this.#tasks.spawn(work);
  }
}
