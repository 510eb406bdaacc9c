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
import { encodeOuter } from "../core/content.ts";
import type { Inner } from "../core/content_inner.ts";
import type { Outer } from "../core/content_outer.ts";
import type { Sibling } from "../core/content_self.ts";
import { Code, FatalError, VisavisError } from "../core/errors.ts";
import type { AccountId } from "../core/ids.ts";
import { Books, type Means } from "./books.ts";
import { ByHandle } from "./by_handle.ts";
import { CallControl } from "./call_control.ts";
import { moveCalls } from "./call_rows_before.ts";
import { ConsentTelling } from "./consent_telling.ts";
import { Conversations } from "./conversation.ts";
import { Decisions } from "./decisions.ts";
import { FirstContact } from "./first_contact.ts";
import { forget } from "./forgetting.ts";
import { GroupParts } from "./group_parts.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Inbox } from "./inbox.ts";
import { withTimeout } from "./lock.ts";
import { Membership } from "./membership.ts";
import { MyCallReceipts } from "./my_call_receipts.ts";
import { MyConsents } from "./my_consents.ts";
import { isNeverWith, NeverTelling } from "./never_record.ts";
import { Outbox } from "./outbox.ts";
import { HandleTelling } from "./own_handle.ts";
import { TapeRecorder } from "./recorder.ts";
import type { RecordingMeans } from "./recording_means.ts";
import { Recordings } from "./recordings.ts";
import { explainRefusal } from "./refusal.ts";
import type {
  CallSeam,
  Delivered,
  InnerHandler,
  OuterHandler,
  SelfHandler,
  Spawned,
  TurnServer,
} from "./seam.ts";
import { Sequencers } from "./sequencer.ts";
import { serverShares } from "./server_shares.ts";
import { SessionSeam } from "./session_seam.ts";
import { ownAddress, presented, Sending, toldOfCommits } from "./session_sending.ts";
import type { Store } from "./store.ts";
import { Syncing } from "./syncing.ts";
import { Tasks } from "./tasks.ts";
import { AnonymousApi } from "./transport/anonymous.ts";
import { DeviceApi } from "./transport/device_api.ts";
import { Http } from "./transport/http.ts";
import { type ConnectionListener, ReceiveSocket } from "./transport/receive_socket.ts";
import { SendSocket } from "./transport/send_socket.ts";
import type { Unit, UnitStore } from "./unit.ts";
import { Vault } from "./vault.ts";
import { Welcomes } from "./welcomes.ts";

/** Everything a device does between opening and closing its profile. */
export class Session extends SessionSeam implements CallSeam {
  readonly store: Store;
  readonly deviceApi: DeviceApi;
  readonly anonymous: AnonymousApi;
  readonly outbox: Outbox;
  readonly sequencers: Sequencers;
  readonly vault: Vault;
  readonly conversations: Conversations;
  readonly membership: Membership;
  readonly people: GroupParts;
  readonly welcomes: Welcomes;
  readonly firstContact: FirstContact;
  readonly byHandle: ByHandle;
  readonly receiver: ReceiveSocket;
  readonly housekeeping: Housekeeping;
  readonly handleTelling: HandleTelling;
  readonly inbox: Inbox;
  readonly decisions: Decisions;
  readonly callControl: CallControl;
  readonly recordings: Recordings;
  readonly consents: MyConsents;
  readonly callReceipts: MyCallReceipts;
  /** What calls are given for recordings. */
  readonly recording: RecordingMeans;
  readonly #deviceHttp: Http;
  readonly #sendSocket: SendSocket;
  readonly #sending: Sending;
  readonly #syncing: Syncing;
  readonly #tasks = new Tasks((error) => this.#died(error));
  readonly #stopListeners: (() => void)[] = [];
  #lost: VisavisError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(store: Store, books: Books) {
    super(books);
    this.store = store;
    const { origin, token } = books.profile;
    this.#deviceHttp = new Http(origin, base64url.encode(token));
    this.deviceApi = new DeviceApi(this.#deviceHttp);
    this.anonymous = new AnonymousApi(new Http(origin));
    this.#sendSocket = new SendSocket(origin, { onOpen: () => this.receiver.hurry() });
    this.#sending = new Sending(books, this.#sendSocket);
    this.outbox = new Outbox(
      books.store,
      (reader, account, device) => books.resolve(reader, account, device),
      (address, content, onLeft) => this.#sending.durable(address, content, onLeft),
      () => books.now(),
    );
    this.sequencers = new Sequencers({
      store: books.store,
      groups: books.groups,
      outbox: this.outbox,
      api: this.anonymous,
      present: (record) => presented(books, record),
      applied: (unit, change) => this.people.applied(unit, change),
      refused: (record) => this.people.refused(record),
      targets: (reader, record) => toldOfCommits(books, reader, record),
      now: () => books.now(),
      rng: books.rng,
    });
    this.vault = new Vault(books, this.deviceApi, (counter) => this.#tellVault(counter));
    books.calls.onVaultStale((unit) => this.vault.changed(unit));
    const vaultStale = (unit: Unit) => this.vault.writeSoon(unit);
    this.conversations = new Conversations(books, this.outbox, this.sequencers, {
      sendLive: (address, content, onLeft) => this.#sending.live(address, content, onLeft),
      dirty: (record) => this.membership.mark(record),
      vaultSeen: (unit, said) => {
        this.vault.seen(unit, said.counter);
        unit.after(() => this.housekeeping.kick()); // it reads what a sibling has written
      },
      vaultStale,
      vaultChanged: (unit) => this.vault.changed(unit),
      groupInvites: () => this.people.invites,
      inGroup: (unit, record, said, content, how) =>
        this.people.talk.receive(unit, record, said, content, how),
      catchUp: () => this.#syncing.tryToCatchUp(),
    });
    this.membership = new Membership(books, this.sequencers, this.conversations, this.anonymous, {
      vaultStale,
      groups: () => this.people.membership,
    });
    const { outbox, conversations, sequencers, membership } = this;
    const after = () => this.housekeeping.kick();
    const around = { books, outbox, conversations, sequencers, membership, after };
    this.people = new GroupParts(around);
    const mark = membership.mark.bind(membership);
    this.welcomes = new Welcomes(books, { mark, vaultStale });
    const changed = (unit: Unit) => this.vault.changed(unit);
    this.firstContact = new FirstContact(books, this.outbox, this.membership, changed);
    this.byHandle = new ByHandle(books, this.outbox, this.deviceApi);
    this.receiver = new ReceiveSocket(
      origin,
      token,
      (delivery) => {
        this.#syncing.heard();
        this.inbox.put(delivery);
      },
      (error) => explainRefusal(books, this.deviceApi, error),
    );
    this.handleTelling = new HandleTelling(books, this.conversations);
    const shares = serverShares(this.anonymous, () => this.ownTurnAddress());
    const { consents, recordings: book } = books;
    consents.onChanged(changed);
    consents.onForgot((unit, item) => this.vault.removed(unit, item));
    consents.onDue(after);
    this.recordings = new Recordings(book, store, shares, books.now);
    this.consents = new MyConsents(consents, shares, books.now);
    const { monotonic, rng } = books;
    const spawn = (work: () => Promise<void>) => this.spawn(work);
    const kept = { book, rows: store, rng, monotonic, spawn, after };
    const recorder: RecordingMeans["recorder"] = (call) => new TapeRecorder(call, kept);
    const never = (accounts: readonly AccountId[]) => isNeverWith(books, store, accounts);
    this.callReceipts = new MyCallReceipts(books);
    const receipts = this.callReceipts.book;
    this.recording = { shares, book: consents, recorder, never, receipts };
    this.housekeeping = new Housekeeping(
      books,
      this.membership,
      this.firstContact,
      this.vault,
      this.outbox,
      this.deviceApi,
      this.handleTelling,
      this.people.invites,
      [new NeverTelling(books, this.conversations), new ConsentTelling(books, this.conversations)],
      { recordings: this.recordings, consents: this.consents },
    );
    this.inbox = new Inbox(
      books,
      this.conversations,
      this.welcomes,
      this.people.welcomes,
      this.firstContact,
      this.byHandle,
      { ack: (id) => this.receiver.ack(id), after: () => this.#processed() },
    );
    this.decisions = new Decisions(books, this.conversations, this.housekeeping, vaultStale);
    this.callControl = new CallControl(books, this.conversations, after);
    const { receiver, inbox, housekeeping } = this;
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
    await books.store.transaction((unit) => {
      books.addresses.purge(unit, books.now());
      moveCalls(unit, books);
    });
    await books.callLinks.purge();
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
    this.spawn(() => this.callControl.tell());
    this.spawn((signal) => books.calls.prepare(signal));
    if (options.receive ?? true) {
      this.spawn(async (signal) => {
        await this.receiver.run(signal);
        this.#tellStopped();
        // Not awaited, for it waits for this; whoever closes gets the same promise, and its error.
        if (this.stopped?.code === Code.SHUT_OUT) void this.close().catch(() => undefined);
      });
    }
  }

  /** End every task and connection, and lock the store; erase it if we are shut out. */
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
    if (this.stopped?.code === Code.SHUT_OUT) await this.store.destroy();
    else await this.store.close();
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
   * @throws AuthorizationError SHUT_OUT, our account has shut this device out: what it held is
   *   erased. REFUSED, the server says that there is no such device.
   * @throws FatalError This profile cannot be used any more; say why.
   */
  async sync(timeoutS = 30): Promise<void> {
    const { stopped } = this;
    if (stopped !== undefined) throw stopped;
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

  // The seam for calls (see `seam.ts`), beside what its books are asked for (`session_seam.ts`)

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
    { durable, onHanded, onLeft }: Delivered,
  ): Promise<void> {
    const handed = (size: number) => {
      onLeft?.(size);
      onHanded?.();
    };
    if (!durable) return await this.#sending.live(address, content, handed);
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
