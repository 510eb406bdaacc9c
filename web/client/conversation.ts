/**
 * Messages of conversations, of groups of people and of the self group: sent and received.
 *
 * Sending: one MLS message, sealed afresh for each device. The group's new state and the rows of the
 * outbox are on disk in one transaction before anything leaves. Receiving: decrypted, checked, and
 * what it changes is on disk in one transaction (`received.ts`); only then is the envelope
 * acknowledged (`inbox.ts`).
 *
 * Every step of a group's state is taken under the group's lock and in one transaction, from reading
 * the state to writing it: two messages that were sent at once never share a key.
 *
 * Not for: who is in a group (`membership.ts`), or what calls mean (`calls.ts`).
 */

import { type Bytes, concat, equal } from "../core/bytes.ts";
import {
  decodeInGroup,
  decodeInner,
  decodeSibling,
  encodeInGroup,
  encodeInner,
  encodeSibling,
} from "../core/content.ts";
import type { InGroup } from "../core/content_group.ts";
import type { Inner, MessageFile, MessageText } from "../core/content_inner.ts";
import type { CommitHint, Mls } from "../core/content_outer.ts";
import type { Sibling } from "../core/content_self.ts";
import { AuthorizationError, Code, PeerError } from "../core/errors.ts";
import { AccountId, DeviceId, MessageId, random } from "../core/ids.ts";
import type { Bucket } from "../core/meter.ts";
import { peek } from "../core/mls/index.ts";
import type { Given } from "./addresses.ts";
import type { Books } from "./books.ts";
import {
  requireConversation,
  type Standpoint,
  stepConversation,
  stepGroup,
  stepLocked,
} from "./group_steps.ts";
import { requireWay, toldInGroup } from "./group_targets.ts";
import { deviceOf, GroupKind, type GroupRecord } from "./groups.ts";
import { entryOf, type Message } from "./history.ts";
import { devicesOf, Letters, ownOthers, type SendOuter } from "./letters.ts";
import type { Outbox } from "./outbox.ts";
import {
  type HandedOn,
  PENDING_INNER_KIND,
  ReceivedContents,
  type ReceivedOptions,
  type Said,
} from "./received.ts";
import type { Delivered, InnerHandler, InnerReceived, SelfHandler } from "./seam.ts";
import { newestRecord, type Sequencers, type Target } from "./sequencer.ts";
import type { Reader, Unit } from "./unit.ts";

export { noteIdentityChanged } from "./group_steps.ts";

/** Seconds a live content waits for somebody to listen: as long as a call rings. */
export const UNHEARD_S = 45;

/** A message of a later epoch than ours: nothing was done with it. */
const LATER = Symbol("later");

/** What conversations need of the session. */
export type ConversationsOptions = ReceivedOptions &
  Readonly<{
    /** Sends one content in the call class. */
    sendLive: SendOuter;
    /** Keeps what was said in a group of people; inside the transaction. */
    inGroup: (
      unit: Unit,
      record: GroupRecord,
      said: Said,
      content: InGroup,
      options: Readonly<{ live: boolean }>,
    ) => Promise<void>;
    /** Waits until what lies in the mailbox was processed. */
    catchUp: () => Promise<void>;
  }>;

/**
 * Makes a content in the transaction that sends it; nothing, if there is nothing to say after all.
 * What it changes of the record is written with it.
 */
export type Making<C> = (unit: Unit, record: GroupRecord) => C | undefined | Promise<C | undefined>;

/** Application messages. */
export class Conversations {
  readonly innerHandlers: InnerHandler[] = [];
  readonly selfHandlers: SelfHandler[] = [];
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #sequencers: Sequencers;
  readonly #options: ConversationsOptions;
  readonly #contents: ReceivedContents;
  readonly #letters: Letters;
  #unheard: (readonly [received: InnerReceived, until: number])[] = [];

  constructor(books: Books, outbox: Outbox, sequencers: Sequencers, options: ConversationsOptions) {
    this.#books = books;
    this.#outbox = outbox;
    this.#sequencers = sequencers;
    this.#options = options;
    this.#contents = new ReceivedContents(books, outbox, options);
    this.#letters = new Letters(books, outbox, options.sendLive);
  }

  /**
   * Return a contact and its conversation, if we may send to it now.
   *
   * @throws AuthorizationError REFUSED, no contact of ours, or blocked; IDENTITY_CHANGED (CK-563:
   *   nothing is sent until the person has decided).
   * @throws UnavailableError We wait to be let in again (P5), or for the address of a device that
   *   the contact has now: what is said until then would reach nobody.
   */
  require(contact: AccountId): Standpoint {
    return requireConversation(this.#books, this.#books.store, contact);
  }

  // Sending

  /**
   * Send a text message, durably, to the contact's devices and to our own others.
   *
   * @throws AuthorizationError As `require`; REFUSED also when every device of the contact refuses
   *   it: then it is taken back.
   * @throws UnavailableError As `require`. A server that is away is no error: the message waits.
   */
  async sendText(contact: AccountId, text: string): Promise<void> {
    const { rng, now } = this.#books;
    const id = random(MessageId, rng);
    await this.say(contact, { kind: "message.text", id, at: now(), body: text });
  }

  /** As `sendText`, for any message of a thread; returns the entry that it makes. */
  async say(contact: AccountId, content: MessageText | MessageFile): Promise<Message> {
    const books = this.#books;
    const { store, history } = books;
    const { id } = content;
    const message = entryOf(contact, content, { outgoing: true });
    const { targets, rows } = await stepConversation(books, contact, async (unit, record) => {
      const letter = await this.#letters.write(unit, record, encodeInner(content), {
        targets: [...devicesOf(books, unit, contact), ...ownOthers(books, unit)],
        durable: true,
      });
      history.add(unit, message, id, record.count);
      return letter;
    });
    const theirs = rows.filter((_, i) => isOf(contact, targets[i]));
    await this.#outbox.attempt();
    if (this.#outbox.refused(theirs)) {
      // Perhaps they have just replaced their address: the new one is in our mailbox then.
      await this.#options.catchUp();
      await this.#outbox.attempt();
    }
    if (this.#outbox.refused(theirs)) {
      await store.transaction((unit) => {
        this.#outbox.drop(unit, rows);
        history.takeBack(unit, contact, id);
      });
      throw new AuthorizationError(Code.REFUSED, "no device of the contact accepts it any more");
    }
    return message;
  }

  /** Send one content; see `CallSeam.sendInner`. */
  async sendInner(
    contact: AccountId,
    content: Inner,
    options: Delivered & Readonly<{ toSiblings?: boolean }>,
  ): Promise<void> {
    await this.sendInnerMade(contact, () => content, options);
  }

  /** As `sendInner`, for a content that is made in the transaction that sends it. */
  async sendInnerMade(
    contact: AccountId,
    make: Making<Inner>,
    { durable, toSiblings = false, ...how }: Delivered & Readonly<{ toSiblings?: boolean }>,
  ): Promise<void> {
    const books = this.#books;
    const letter = await stepConversation(books, contact, async (unit, record) => {
      const content = await make(unit, record);
      if (content === undefined) return undefined;
      const theirs = devicesOf(books, unit, contact);
      const targets = toSiblings ? [...theirs, ...ownOthers(books, unit)] : theirs;
      return await this.#letters.write(unit, record, encodeInner(content), { targets, durable });
    });
    if (letter === undefined) return;
    if (!durable) return await this.#letters.sendNow(letter, how);
    if (how.onLeft !== undefined) this.#outbox.count(letter.rows, how.onLeft);
    await this.#outbox.attempt();
    if (this.#outbox.refused(letter.rows)) {
      throw new AuthorizationError(Code.REFUSED, "no device of the contact accepts it");
    }
  }

  /** Send one content to our other devices; nothing happens when there are none. */
  async sendSelf(content: Sibling, options: Delivered): Promise<void> {
    await this.sendSelfMade(() => content, options);
  }

  /** As `sendSelf`, for a content that is made in the transaction that sends it. */
  async sendSelfMade(make: Making<Sibling>, { durable, ...how }: Delivered): Promise<void> {
    const books = this.#books;
    const { store, groups } = books;
    const found = groups.selfGroup(store);
    if (found === undefined || ownOthers(books, store).length === 0) return;
    const letter = await stepGroup(books, found, async (unit, record) => {
      const targets = ownOthers(books, unit);
      const content = targets.length > 0 ? await make(unit, record) : undefined;
      if (content === undefined) return undefined;
      return await this.#letters.write(unit, record, encodeSibling(content), { targets, durable });
    });
    if (letter === undefined) return;
    if (durable) await this.#outbox.attempt();
    else await this.#letters.sendNow(letter, how);
  }

  /**
   * Send one content to a group of people, made in the transaction that sends it.
   *
   * @param options.durable Kept and resent until the server has it; else one attempt is made.
   * @returns Whether every device that it went to refused it: none was reached.
   * @throws PeerError WRONG_GROUP, we are out of it; CK-062.
   * @throws UnavailableError As `sendInner`, if it is not durable.
   */
  async sendInGroup(
    found: GroupRecord,
    make: Making<InGroup>,
    { durable }: Readonly<{ durable: boolean }> = { durable: true },
  ): Promise<boolean> {
    const letter = await stepGroup(this.#books, found, async (unit, record) => {
      const content = await make(unit, record);
      if (content === undefined) return undefined;
      const targets = await toldInGroup(this.#books, unit, record);
      const plain = encodeInGroup(content);
      return await this.#letters.write(unit, record, plain, { targets, durable });
    });
    if (letter === undefined) return false;
    if (!durable) {
      await this.#letters.sendNow(letter);
      return false;
    }
    await this.#outbox.attempt();
    return this.#outbox.refused(letter.rows);
  }

  // Receiving

  /**
   * Pull what the hint speaks of; the hint itself is not believed.
   *
   * @throws PeerError WRONG_GROUP.
   * @throws UnavailableError The server cannot answer now.
   */
  async receiveHint(given: Given, hint: CommitHint): Promise<void> {
    const record = this.#requireGroup(this.#books.store, given, hint.group);
    await this.#books.groups.lock(record).run(async () => {
      if ((await this.#epoch(record)) < hint.epoch) await this.#sequencers.pull(record);
    });
  }

  /**
   * Decrypt, check and keep an application message of a conversation or the self group.
   *
   * @throws PeerError It is refused and changes nothing.
   * @throws UnavailableError It is from a later epoch and the server cannot be asked now.
   */
  async receive(given: Given, content: Mls, options: Came): Promise<void> {
    const { store, groups } = this.#books;
    const { groupId } = peek(content.message);
    const found = this.#requireGroup(store, given, groupId ?? new Uint8Array());
    let handing = undefined as Promise<void> | undefined;
    const step = () =>
      stepLocked(this.#books, found, async (unit, record) => {
        const opened = await this.#open(unit, record, content.message, options);
        if (opened === undefined || opened === LATER || options.durable) return opened;
        // What is live is of now or of nothing: it rings while what it changed here is written.
        unit.meanwhile(() => {
          handing = this.#dispatch(opened, envelopeOf(options));
        });
        return opened;
      });
    let opened: HandedOn | typeof LATER | undefined;
    try {
      opened = await groups.lock(found).run(async () => {
        const first = await step();
        if (first !== LATER) return first;
        await this.#sequencers.pull(found);
        return await step();
      });
    } finally {
      await handing;
    }
    if (opened === LATER) {
      throw new PeerError(Code.WRONG_EPOCH, "CK-578: an epoch that no sequencer knows");
    }
    if (opened !== undefined && handing === undefined) {
      await this.#dispatch(opened, envelopeOf(options));
    }
  }

  /** Hand out what came before there was a handler, or before a crash. */
  async redispatch(): Promise<void> {
    const { store, now } = this.#books;
    const unheard = this.#unheard;
    this.#unheard = [];
    for (const [received, until] of unheard) {
      if (now() < until) await this.#dispatch({ received, key: undefined });
    }
    for (const [key, data] of store.items(PENDING_INNER_KIND)) {
      const contact = new AccountId(data.subarray(0, 16));
      const device = new DeviceId(data.subarray(16, 32));
      const content = decodeInner(data.subarray(33));
      const received = { contact, device, own: data[32] === 1, content, live: false };
      await this.#dispatch({ received: { kind: "inner", ...received }, key });
    }
  }

  #requireGroup(reader: Reader, given: Given, groupId: Bytes): GroupRecord {
    const record = this.#books.groups.get(reader, groupId);
    if (record === undefined) throw new PeerError(Code.WRONG_GROUP, "no group of ours");
    requireWay(given, record);
    return record;
  }

  async #epoch(record: GroupRecord): Promise<bigint> {
    const { store, groups } = this.#books;
    return (await groups.state(store, newestRecord(groups, store, record))).epoch;
  }

  async #open(
    unit: Unit,
    record: GroupRecord,
    message: Bytes,
    options: Delivered,
  ): Promise<HandedOn | typeof LATER | undefined> {
    const { groupBook, groups, lists, account: ours, now } = this.#books;
    const state = await groups.state(unit, record);
    const { epoch } = peek(message);
    if (epoch !== null && epoch > state.epoch) return LATER;
    const result = await state.process(message, { now: now() });
    // CK-572: a commit is believed only when the sequencer stored it (a member that sends it around
    // by hand would split the group); proposals by themselves are not used.
    if (result.kind !== "application") {
      throw new PeerError(Code.UNEXPECTED, "CK-572: a handshake outside the sequencer");
    }
    const sender = await deviceOf(result.sender);
    const { account, device } = sender;
    const isOfPeople = record.kind === GroupKind.GROUP; // the roster is checked where it changes
    if (!isOfPeople && !equal(account, record.account) && !equal(account, ours)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-575: a stranger in the group");
    }
    // CK-575: a revoked device still holds keys of the epochs before its removal.
    const stands = isOfPeople
      ? await groupBook.stands(unit, record.groupId, sender)
      : lists.stands(unit, account, device);
    if (!stands) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-575: the device was revoked");
    }
    const said = { account, device, count: countOf(result.authenticatedData) };
    record.heard(said.count);
    groups.save(unit, record, state);
    if (record.kind === GroupKind.SELF) {
      return await this.#contents.sibling(unit, record, said, decodeSibling(result.content));
    }
    if (isOfPeople) {
      const live = !options.durable;
      await this.#options.inGroup(unit, record, said, decodeInGroup(result.content), { live });
      return undefined;
    }
    return await this.#contents.inner(unit, record, said, decodeInner(result.content), options);
  }

  async #dispatch({ received: plain, key }: HandedOn, envelope?: Bucket): Promise<void> {
    const { store, now } = this.#books;
    const received = envelope === undefined ? plain : { ...plain, envelope };
    if (received.kind === "self") {
      for (const handler of [...this.selfHandlers]) await handler(received);
    } else if (this.innerHandlers.length === 0) {
      // Calls are not up yet: a ring is kept as long as it could still be answered.
      if (key === undefined) this.#unheard.push([received, now() + UNHEARD_S]);
      return;
    } else {
      for (const handler of [...this.innerHandlers]) await handler(received);
    }
    if (key === undefined) return;
    await store.transaction((unit) => {
      unit.delete(PENDING_INNER_KIND, key);
    });
  }
}

function isOf(account: AccountId, target: Target | undefined): boolean {
  return target !== undefined && equal(target.account, account);
}

/**
 * Read the count that a message carries.
 *
 * One beyond all counting is somebody's leap (CK-582): it is the last in order, and that is all.
 */
function countOf(authenticatedData: Bytes): number {
  const count = concat(new Uint8Array(8), authenticatedData.subarray(0, 8)).subarray(-8);
  const exact = new DataView(count.buffer, count.byteOffset).getBigUint64(0);
  return Math.min(Number(exact), Number.MAX_SAFE_INTEGER);
}

/** How a message came; the envelope's size, if the metadata meter is to count it. */
type Came = Readonly<{ durable: boolean; size?: number }>;

function envelopeOf({ durable, size }: Came): Bucket | undefined {
  return size === undefined ? undefined : { durable, size };
}
