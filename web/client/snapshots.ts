/**
 * What a page shows: contacts, messages, notices, requests and the connection, as of now.
 *
 * A page asks synchronously and often; what it gets is the same object until something has changed.
 * What changes is seen where all changes pass, in the store: `WatchedStore` notes which kinds of
 * rows a unit of work wrote, and once it is on disk, `Snapshots` drops what was made of them and
 * tells the listeners. So no part of the client has to remember to tell.
 *
 * Not for: what is streamed (`history.ts`), nor for deciding anything.
 */

import { type Bytes, equal, hex } from "../core/bytes.ts";
import type { Entry } from "../core/call_entry.ts";
import type { Rules } from "../core/contact_rules.ts";
import { AuthorizationError, Code, VisavisError } from "../core/errors.ts";
import type { AccountId, GroupId } from "../core/ids.ts";
import { DEFAULT, type Settings } from "../core/keeping.ts";
import { AWAITED_KIND, type AwaitedContact, awaitedContact } from "./awaited.ts";
import type { Books } from "./books.ts";
import { CONTACT_KIND, type Known, SIBLING_KIND } from "./contact_book.ts";
import { ASKED_KIND, type Waiting } from "./contact_records.ts";
import { isVerified } from "./decisions.ts";
import { ASKED_IN_KIND, GIVEN_KIND } from "./group_asking.ts";
import {
  LIST_KIND as LIST_OF_GROUP_KIND,
  MEMBER_KIND,
  PAST_KIND,
  PICTURE_KIND,
  TERMS_KIND,
} from "./group_book.ts";
import { GOING_ON_KIND } from "./group_call_book.ts";
import { groupThread } from "./group_thread.ts";
import { callMessage, type Message, type Notice } from "./history.ts";
import { KIND as LIST_KIND } from "./lists.ts";
import type { Session } from "./session.ts";
import type { Item, Unit, UnitStore } from "./unit.ts";

/** What may change under a page. */
export type Topic =
  | "contacts"
  | "messages"
  | "notices"
  | "requests"
  | "connection"
  | "calls"
  | "groups"
  | "devices";

/** How it stands with the server. "connecting" turns to "offline" after ten seconds without it. */
export type Connection = "online" | "connecting" | "offline" | Readonly<{ stopped: Code }>;

/** A contact, as the person sees it. */
export type Contact = Readonly<{
  /** Their account. */
  account: AccountId;
  /** The same as text: the key of a list, the name of a page. Not for the person. */
  key: string;
  /** Their handle, for example anna.48213. */
  name: string;
  state: "contact" | "rejoining" | "identity changed" | "blocked";
  /** How many devices they have. */
  devices: number;
  /** The safety number was compared, with the very key they have now. */
  verified: boolean;
  /** Which of their calls ring, and when. */
  rules: Rules;
  /** They told us that they are never to be recorded. */
  neverRecorded: boolean;
}>;

/** Seconds without the server after which "connecting" becomes "offline". */
const OFFLINE_S = 10;

/** Kinds of rows from which groups of people, invites into them and their calls are shown. */
const OF_GROUPS = [
  ASKED_IN_KIND,
  GIVEN_KIND,
  GOING_ON_KIND,
  LIST_OF_GROUP_KIND,
  MEMBER_KIND,
  PAST_KIND,
  PICTURE_KIND,
  TERMS_KIND,
] as const;

/** Kinds of rows (up to a first "/"), and what a page shows of them. */
const SHOWN: Readonly<Record<string, readonly Topic[]>> = {
  [CONTACT_KIND]: ["contacts", "requests"],
  [AWAITED_KIND]: ["contacts", "requests"],
  [LIST_KIND]: ["contacts", "devices"],
  [SIBLING_KIND]: ["devices"],
  [ASKED_KIND]: ["requests"],
  ...Object.fromEntries(OF_GROUPS.map((kind) => [kind, ["groups"]])),
  message: ["messages"],
  notice: ["notices"],
};

/** A store that tells which kinds of rows each unit of work has changed. */
export class WatchedStore implements UnitStore {
  readonly #store: UnitStore;
  /** Told once the unit is on disk. */
  changed: (kinds: ReadonlySet<string>) => void = () => undefined;

  constructor(store: UnitStore) {
    this.#store = store;
  }

  get(kind: string, key: Bytes): Bytes | undefined {
    return this.#store.get(kind, key);
  }

  items(kind: string): readonly Item[] {
    return this.#store.items(kind);
  }

  count(kind: string): number {
    return this.#store.count(kind);
  }

  transaction<T>(work: (unit: Unit) => T | Promise<T>): Promise<T> {
    const kinds = new Set<string>();
    return this.#store.transaction((unit) => {
      // First of all: who is told of the unit by itself finds the snapshots new.
      unit.after(() => {
        if (kinds.size > 0) this.changed(kinds);
      });
      return work({
        get: (kind, key) => unit.get(kind, key),
        items: (kind) => unit.items(kind),
        count: (kind) => unit.count(kind),
        put: (kind, key, value) => {
          kinds.add(kind);
          unit.put(kind, key, value);
        },
        delete: (kind, key) => {
          const wasThere = unit.delete(kind, key);
          if (wasThere) kinds.add(kind);
          return wasThere;
        },
        meanwhile: (done) => unit.meanwhile(done),
        after: (done) => unit.after(done),
      });
    });
  }
}

/** The snapshots of one session, and who is told of new ones. */
export class Snapshots {
  readonly #session: Session;
  readonly #listeners = new Set<(topic: Topic) => void>();
  /** Topics to be told at the end of this turn. */
  readonly #due = new Set<Topic>();
  #contacts: readonly Contact[] | undefined;
  #awaited: readonly AwaitedContact[] | undefined;
  #notices: readonly Notice[] | undefined;
  #requests: readonly Waiting[] | undefined;
  readonly #histories = new Map<string, readonly Message[]>();
  #calls: readonly Entry[] = [];
  #settings = DEFAULT;
  #connection: Connection = "connecting";
  #patience: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * @param session Not started yet.
   * @param watched The store that its books write through.
   */
  constructor(session: Session, watched: WatchedStore) {
    this.#session = session;
    watched.changed = (kinds) => this.#changed(kinds);
    session.onConnection(() => this.#look());
    session.onStopped(() => this.#look());
    session.books.calls.onChange(() => {
      this.#histories.clear();
      this.tell("messages");
    });
    this.#look();
  }

  /** Have a listener told what has changed; returns what ends that. */
  subscribe(listener: (topic: Topic) => void): () => void {
    const own = (topic: Topic) => listener(topic);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  contacts(): readonly Contact[] {
    this.#contacts ??= this.#read(({ contacts, store }) =>
      contacts.all(store).map((known) => this.#contactOf(known)),
    );
    return this.#contacts;
  }

  awaited(): readonly AwaitedContact[] {
    this.#awaited ??= this.#read(({ awaited, store }) => awaited.all(store).map(awaitedContact));
    return this.#awaited;
  }

  /**
   * Return one contact.
   *
   * @throws AuthorizationError UNKNOWN_CONTACT.
   */
  contact(account: AccountId): Contact {
    const known = this.#books.contacts.get(this.#books.store, account);
    if (known !== undefined) return this.#contactOf(known);
    throw new AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours");
  }

  history(account: AccountId): readonly Message[] {
    const key = hex(account);
    const kept = this.#histories.get(key);
    if (kept !== undefined) return kept;
    const read = this.#read(({ history, store }) => {
      const theirs = this.calls().filter(({ members }) =>
        members.some((one) => equal(one, account)),
      );
      const calls = theirs.map((entry) => callMessage(account, entry)).reverse();
      return [...calls, ...history.messages(store, account)].sort(
        (one, other) => one.at - other.at,
      );
    });
    this.#histories.set(key, read);
    return read;
  }

  groupHistory(group: GroupId): readonly Message[] {
    const key = groupThread(group);
    const kept = this.#histories.get(key);
    if (kept !== undefined) return kept;
    const read = this.#read(({ history, store }) => history.groupMessages(store, group));
    this.#histories.set(key, read);
    return read;
  }

  notices(): readonly Notice[] {
    this.#notices ??= this.#read(({ history, store }) => history.allNotices(store));
    return this.#notices;
  }

  requests(): readonly Waiting[] {
    this.#requests ??= this.#read(() => this.#session.firstContact.waiting());
    return this.#requests;
  }

  /** Return the history of calls, newest first. */
  calls(): readonly Entry[] {
    const { calls } = this.#books;
    this.#calls = this.#last(() => calls.entries()) ?? this.#calls;
    return this.#calls;
  }

  /** Return what the person decided about what is kept. */
  settings(): Settings {
    const { calls, store } = this.#books;
    this.#settings = this.#last(() => calls.settings(store)) ?? this.#settings;
    return this.#settings;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Tell everybody of a topic, once, when what goes on at this moment is done. */
  tell(topic: Topic): void {
    if (this.#due.size === 0) queueMicrotask(() => this.#tellDue());
    this.#due.add(topic);
  }

  /** Tell nobody of anything any more. What was shown stays. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#patience);
    this.#listeners.clear();
  }

  #tellDue(): void {
    const topics = [...this.#due];
    this.#due.clear();
    for (const topic of topics) {
      for (const listener of [...this.#listeners]) calmly(() => listener(topic));
    }
  }

  /** Read for a page. When all is over (another page took the profile), it must still draw itself. */
  #read<T>(read: (books: Books) => readonly T[]): readonly T[] {
    return this.#last(() => read(this.#books)) ?? [];
  }

  /** Read; undefined, when all is over. */
  #last<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof VisavisError && (this.#isClosed || this.#session.stopped)) {
        return undefined;
      }
      throw error;
    }
  }

  get #books(): Books {
    return this.#session.books;
  }

  #contactOf(known: Known): Contact {
    const { account, name, state, rules } = known;
    const devices = this.#books.lists.newest(this.#books.store, account)?.devices.length ?? 0;
    const verified = isVerified(this.#books, known);
    const neverRecorded = known.neverSaid?.never ?? false;
    return { account, key: hex(account), name, state, devices, verified, rules, neverRecorded };
  }

  #changed(kinds: ReadonlySet<string>): void {
    if (this.#isClosed) return;
    for (const kind of kinds) {
      const [head = kind, rest] = kind.split("/");
      if (head === "message" && rest !== undefined) this.#histories.delete(rest);
      for (const topic of SHOWN[head] ?? []) {
        if (topic === "contacts") {
          this.#contacts = undefined;
          this.#awaited = undefined;
        }
        if (topic === "notices") this.#notices = undefined;
        if (topic === "requests") this.#requests = undefined;
        this.tell(topic);
      }
    }
  }

  /** Look how it stands with the server. */
  #look(): void {
    const { receiver, stopped } = this.#session;
    if (stopped !== undefined) {
      this.#connected({ stopped: stopped.code });
    } else if (receiver.connected) {
      this.#connected("online");
    } else if (this.#patience === undefined) {
      if (this.#connection === "online") this.#connected("connecting");
      this.#patience = setTimeout(() => this.#connected("offline"), OFFLINE_S * 1000);
    }
  }

  #connected(connection: Connection): void {
    if (this.#isClosed) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    if (typeof this.#connection === "object") return; // it was stopped for good
    if (this.#connection !== connection) this.tell("connection");
    this.#connection = connection;
  }
}

/** Call a listener of a page; its error is its own, and reported as uncaught. */
function calmly(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
