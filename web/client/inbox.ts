/**
 * What arrives: opened, told apart by the address it came over, handed on, acknowledged last.
 *
 * An envelope is acknowledged only when what it changed is on disk. One that can never be accepted
 * is dropped, counted by its reason and acknowledged too, so that it cannot block the mailbox. One
 * that cannot be judged now (the server does not answer, the disk is full) is kept and tried again.
 *
 * The address says what may come over it (CK-570): requests over an invite or our handle, an answer
 * over the address of our request, pairing over a pairing link. So holding one address never opens
 * another door.
 */

import { type Bytes, hex } from "../core/bytes.ts";
import { decodeOuter } from "../core/content.ts";
import type {
  ContactAccept,
  ContactRequest,
  Mls,
  Outer,
  PairAnswer,
  PairOffer,
  PairRequest,
  PairReveal,
} from "../core/content_outer.ts";
import { openEnvelope } from "../core/envelope.ts";
import { Code, FatalError, PeerError, UnavailableError, VisavisError } from "../core/errors.ts";
import { AccountId } from "../core/ids.ts";
import type { Bucket } from "../core/meter.ts";
import { peek } from "../core/mls/index.ts";
import { assertNever } from "../core/never.ts";
import { type Given, isOfGroup, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import type { Conversations } from "./conversation.ts";
import type { GroupWelcomes } from "./group_welcomes.ts";
import { Signal } from "./lock.ts";
import type { OuterHandler } from "./seam.ts";
import type { Delivery } from "./transport/receive_socket.ts";
import type { Welcomes } from "./welcomes.ts";

const GROUP: readonly Outer["kind"][] = ["mls", "commit", "welcome.call", "welcome.conversation"];

/**
 * What may come over an address, by whom it was given to (CK-570). What a contact sends right after it
 * has answered our request may come before that: it is kept until the answer is here.
 */
export const ALLOWED: Readonly<Record<Purpose, readonly Outer["kind"][]>> = {
  invite: ["contact.request"],
  handle: ["contact.request"],
  request: ["contact.accept"],
  contact: [...GROUP, "contact.accept", "contact.rejoin"],
  sibling: [...GROUP, "welcome.group", "welcome.self", "device.link", "contact.rejoin"],
  pairing: ["pair.offer", "pair.answer", "pair.reveal", "pair.request"],
  group: ["mls", "commit", "welcome.group"],
  "group.before": ["mls", "commit"],
  link: [],
  own: [],
};

/** Seconds for which a live envelope is tried again: as long as a server may hold it. */
export const LIVE_S = 60;

export type PairMessage = PairOffer | PairAnswer | PairReveal | PairRequest;

/** What was inside an envelope, and the address of ours it came over. */
export type Opened = Readonly<{ given: Given; content: Bytes }>;

/** What the inbox asks of `FirstContact`. */
export type RequestReceiver = Readonly<{
  receiveRequest(given: Given, request: ContactRequest): Promise<void>;
  receiveAccept(given: Given, accept: ContactAccept): Promise<void>;
}>;

/** What the inbox asks of `ByHandle`. */
export type HandleOpener = Readonly<{ open(envelope: Bytes): Promise<Opened> }>;

/** What the inbox tells the session. */
export type InboxOptions = Readonly<{
  /** Acknowledges a delivery. */
  ack: (deliveryId: Bytes) => Promise<void>;
  /** Called when something was processed (there may be things to send or commit). */
  after: () => void;
}>;

/** A delivery that could not be judged yet. */
type Kept = Readonly<{ delivery: Delivery; until: number }>;

/** Processes deliveries one at a time. */
export class Inbox {
  readonly outerHandlers: OuterHandler[] = [];
  readonly pairHandlers: ((given: Given, message: PairMessage) => void)[] = [];
  /** Why the store cannot be trusted any more. */
  failed: FatalError | undefined;
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "receive" | "receiveHint">;
  readonly #welcomes: Pick<Welcomes, "receiveWelcome" | "receiveSelfWelcome" | "receiveRejoin">;
  readonly #groupWelcomes: Pick<GroupWelcomes, "receive" | "awaits">;
  readonly #firstContact: RequestReceiver;
  readonly #byHandle: HandleOpener;
  readonly #options: InboxOptions;
  readonly #queue: Delivery[] = [];
  readonly #arrived = new Signal();
  /** Set while nothing is in the queue or being processed. */
  readonly #settled = new Signal();
  /** By the hex of the delivery's id. */
  readonly #kept = new Map<string, Kept>();
  #open = 0;

  constructor(
    books: Books,
    conversations: Pick<Conversations, "receive" | "receiveHint">,
    welcomes: Pick<Welcomes, "receiveWelcome" | "receiveSelfWelcome" | "receiveRejoin">,
    groupWelcomes: Pick<GroupWelcomes, "receive" | "awaits">,
    firstContact: RequestReceiver,
    byHandle: HandleOpener,
    options: InboxOptions,
  ) {
    this.#books = books;
    this.#conversations = conversations;
    this.#welcomes = welcomes;
    this.#groupWelcomes = groupWelcomes;
    this.#firstContact = firstContact;
    this.#byHandle = byHandle;
    this.#options = options;
    this.#settled.set();
  }

  /** Take a delivery from the socket. */
  put(delivery: Delivery): void {
    this.#open += 1;
    this.#settled.clear();
    this.#queue.push(delivery);
    this.#arrived.set();
  }

  /**
   * Wait until everything that arrived was looked at.
   *
   * @throws FatalError The store cannot be trusted any more.
   */
  async idle(signal?: AbortSignal): Promise<void> {
    while (this.#open > 0) await this.#settled.wait(signal);
    if (this.failed !== undefined) throw this.failed;
  }

  /** How many deliveries wait for another attempt. */
  get kept(): number {
    return this.#kept.size;
  }

  /** Look again at what could not be judged before. */
  retry(): void {
    for (const [id, { delivery, until }] of [...this.#kept]) {
      if (delivery.durable || this.#books.now() < until) this.put(delivery);
      else this.#kept.delete(id);
    }
  }

  /** Process deliveries until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#arrived.wait(signal);
      const delivery = this.#queue.shift();
      if (delivery === undefined) {
        this.#arrived.clear();
        continue;
      }
      try {
        if (await this.process(delivery)) await this.#options.ack(delivery.deliveryId);
      } finally {
        this.#open -= 1;
        if (this.#open === 0) this.#settled.set();
        this.#options.after();
      }
    }
  }

  /** Process one delivery; say whether it is done with and may be acknowledged. */
  async process(delivery: Delivery): Promise<boolean> {
    const { counters, now } = this.#books;
    const id = hex(delivery.deliveryId);
    try {
      await this.#handle(delivery);
    } catch (error) {
      if (error instanceof UnavailableError) {
        if (!this.#kept.has(id)) this.#kept.set(id, { delivery, until: now() + LIVE_S });
        return false;
      }
      if (error instanceof FatalError) {
        this.failed = error;
        return false;
      }
      // One bad envelope must not stop all others, whatever it did to our program.
      if (error instanceof VisavisError) counters.drop(error.code);
      else counters.drop(`internal ${error instanceof Error ? error.name : typeof error}`);
    }
    this.#kept.delete(id);
    return true;
  }

  async #handle(delivery: Delivery): Promise<void> {
    const { given, content: data } = await this.#opened(delivery.envelope);
    const content = decodeOuter(data);
    if (!ALLOWED[given.purpose].includes(content.kind)) {
      if (given.purpose === Purpose.REQUEST && GROUP.includes(content.kind)) {
        // A server hands out what waited in no order: the answer may be behind it.
        throw new UnavailableError(Code.UNAVAILABLE, "our request is not answered yet");
      }
      throw new PeerError(Code.UNEXPECTED, "CK-570: not over this address");
    }
    const envelope = { size: delivery.envelope.length, durable: delivery.durable };
    switch (content.kind) {
      case "mls":
        return await this.#mls(given, content, envelope);
      case "commit":
        return await this.#conversations.receiveHint(given, content);
      case "welcome.call":
        return await this.#call(given, content, envelope);
      case "welcome.conversation":
        return await this.#welcomes.receiveWelcome(given, content);
      case "welcome.group":
        await this.#groupWelcomes.receive(given, content);
        return this.retry();
      case "welcome.self":
      case "device.link":
        return await this.#welcomes.receiveSelfWelcome(given, content);
      case "contact.request":
        return await this.#firstContact.receiveRequest(given, content);
      case "contact.accept":
        await this.#firstContact.receiveAccept(given, content);
        return this.retry();
      case "contact.rejoin":
        return await this.#welcomes.receiveRejoin(given, content);
      case "pair.offer":
      case "pair.answer":
      case "pair.reveal":
      case "pair.request":
        for (const handler of [...this.pairHandlers]) handler(given, content);
        return;
      default:
        return assertNever(content);
    }
  }

  async #opened(envelope: Bytes): Promise<Opened> {
    const { store, addresses, profile } = this.#books;
    const keys = addresses.sealKeys(store);
    try {
      const { name, content } = await openEnvelope(profile.mailbox, keys, envelope);
      return { given: addresses.given(store, name), content };
    } catch (error) {
      if (!(error instanceof PeerError && error.code === Code.DECRYPTION)) throw error;
      return await this.#byHandle.open(envelope);
    }
  }

  async #mls(given: Given, content: Mls, envelope: Bucket): Promise<void> {
    const { store, groups } = this.#books;
    const { groupId } = peek(content.message);
    const isOurs = groupId !== null && groups.get(store, groupId) !== undefined;
    if (isOurs) {
      await this.#conversations.receive(given, content, envelope);
    } else if (isOfGroup(given.purpose) && this.#groupWelcomes.awaits(given.subject)) {
      // A server hands out what waited in no order: the Welcome may be behind it.
      throw new UnavailableError(Code.UNAVAILABLE, "we are not let into this group yet");
    } else {
      await this.#call(given, content, envelope);
    }
  }

  /** Hand on what belongs to a call group; whether there is such a call, calls know. */
  async #call(given: Given, content: Outer, envelope: Bucket): Promise<void> {
    if (given.purpose !== Purpose.CONTACT && given.purpose !== Purpose.SIBLING) {
      throw new PeerError(Code.WRONG_GROUP, "no group of ours");
    }
    const contact = new AccountId(given.subject);
    for (const handler of [...this.outerHandlers]) {
      await handler({ contact, content, envelope });
    }
  }
}
