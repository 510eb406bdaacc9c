/**
 * Tells who recorded that a yes was taken back after the call, where the call was (twin of
 * `src/visavis/sdk/consent_telling.py`).
 *
 * What deletes our share is done beside this, and waits for nobody. Once whoever recorded has the
 * statement, their file proves that it was taken back.
 *
 * Not for: what they do with it (`recordings_book.ts`).
 */

import type { RecordingWithdrawn } from "../core/content_inner.ts";
import { AuthorizationError, PeerError, UnavailableError } from "../core/errors.ts";
import { MessageId, random } from "../core/ids.ts";
import type { Books } from "./books.ts";
import type { Untold } from "./consent_book.ts";
import type { Conversations } from "./conversation.ts";
import type { Unit } from "./unit.ts";

/** Says what was taken back, once each. */
export class ConsentTelling {
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "sendInnerMade" | "sendInGroup">;

  /**
   * @param books What this device keeps.
   * @param conversations To say it in.
   */
  constructor(books: Books, conversations: Pick<Conversations, "sendInnerMade" | "sendInGroup">) {
    this.#books = books;
    this.#conversations = conversations;
  }

  /** Tell what can be told now; the rest when it can be, also after a restart. */
  async tell(): Promise<void> {
    const { consents, now, store } = this.#books;
    for (const untold of consents.untold()) {
      // Nothing of the recording is played any more: there is nothing to be told.
      if (untold.until <= now()) {
        await store.transaction((unit) => void consents.told(unit, untold.which));
        continue;
      }
      try {
        await this.#tell(untold);
      } catch (error) {
        // What was written is in the outbox, whether or not the server was there.
        const isToldLater = error instanceof AuthorizationError || error instanceof PeerError;
        if (!isToldLater && !(error instanceof UnavailableError)) throw error;
      }
    }
  }

  async #tell({ which, statement }: Untold): Promise<void> {
    const { consents, contacts, groups, now, rng, store } = this.#books;
    const { contact = null, group = null } = consents.get(which)?.where ?? {};
    /** In the transaction that sends it, so that it is said once. */
    const make = (unit: Unit): RecordingWithdrawn | undefined => {
      if (!consents.told(unit, which)) return undefined;
      return { kind: "recording.withdrawn", id: random(MessageId, rng), at: now(), statement };
    };
    if (contact !== null) {
      const isContact = contacts.get(store, contact)?.state === "contact";
      if (!isContact || contacts.addresses(store, contact).size === 0) return;
      await this.#conversations.sendInnerMade(contact, make, { durable: true });
    }
    const record = group === null ? undefined : groups.get(store, group);
    if (record !== undefined) await this.#conversations.sendInGroup(record, make);
  }
}
