/**
 * What a page shows of a client, synchronously: first half of the facade (`client.ts`).
 *
 * Not for: doing anything.
 */

import type { AccountId } from "../core/ids.ts";
import type { Diagnostics } from "./client_options.ts";
import type { Waiting } from "./contact_records.ts";
import type { Message, Notice } from "./history.ts";
import { findContact } from "./knowing.ts";
import type { Session } from "./session.ts";
import type { Connection, Contact, Snapshots, Topic } from "./snapshots.ts";

/** A client as a page looks at it. */
export abstract class Shown {
  protected readonly session: Session;
  protected readonly snapshots: Snapshots;

  protected constructor(session: Session, snapshots: Snapshots) {
    this.session = session;
    this.snapshots = snapshots;
  }

  /** Our handle at the server, for example anna.48213. */
  get handle(): string {
    return this.session.books.profile.handle;
  }

  /** The origin of our server. */
  get origin(): string {
    return this.session.books.profile.origin;
  }

  /** Our account. */
  get account(): AccountId {
    return this.session.books.account;
  }

  /**
   * Have a listener told, after the fact, what has changed: then the snapshots of this topic are new
   * objects. Several changes at once are told once. Returns what ends it.
   */
  subscribe(listener: (topic: Topic) => void): () => void {
    return this.snapshots.subscribe(listener);
  }

  /** Our contacts, by name (topic "contacts"). */
  contacts(): readonly Contact[] {
    return this.snapshots.contacts();
  }

  /** The conversation with a contact, calls among it, oldest first (topic "messages"). */
  history(contact: Contact): readonly Message[] {
    return this.snapshots.history(contact.account);
  }

  /** Every notice kept on this device, oldest first (topic "notices"). */
  notices(): readonly Notice[] {
    return this.snapshots.notices();
  }

  /** Who waits for a tap: they followed a multi-use link, or asked for our handle ("requests"). */
  requests(): readonly Waiting[] {
    return this.snapshots.requests();
  }

  /** How it stands with the server (topic "connection"); `stopped` is for good, and says why. */
  get connection(): Connection {
    return this.snapshots.connection;
  }

  /** Yield the messages that came since the profile was opened, then each as it comes. */
  incomingMessages(): AsyncIterable<Message> {
    return this.session.books.history.incoming.read();
  }

  /** Yield what a person should be told: those since the profile was opened, then each one. */
  incomingNotices(): AsyncIterable<Notice> {
    return this.session.books.history.notices.read();
  }

  /**
   * Return the contact of this name, or the only one whose name begins so.
   *
   * @throws AuthorizationError UNKNOWN_CONTACT, there is none, or more than one.
   */
  findContact(prefix: string): Contact {
    return findContact(this.contacts(), prefix);
  }

  /** Return counts without content, for the page that says what is wrong, and for tests. */
  diagnostics(): Diagnostics {
    const { books, inbox, outbox } = this.session;
    return { dropped: books.counters.dropped, waiting: outbox.waiting(), kept: inbox.kept };
  }
}
