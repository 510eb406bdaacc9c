/**
 * The handle of our account, as this device knows it, and who has yet to be told of it (R-82; twin of
 * `src/visavis/sdk/own_handle.py`).
 *
 * The keystore says which handle holds. A device hears of it by a login, from another device of ours
 * (`self.handle`) or from the vault; the newest stands, in whatever order they come (CK-765).
 *
 * A change whose answer never came may have been made or not. So the handle that was offered is noted
 * before the server is asked, and a login tries it when the one we know fails (`ways_in.ts`).
 *
 * Not for: making the change (`rename.ts`).
 */

import { type Bytes, copy, equal, utf8 } from "../core/bytes.ts";
import { decode, encode } from "../core/cbor.ts";
import { AuthorizationError, PeerError, UnavailableError } from "../core/errors.ts";
import { isNewer, type Renamed, renamedFromCbor, renamedToCbor } from "../core/handle.ts";
import { AccountId, MessageId, random } from "../core/ids.ts";
import type { Books } from "./books.ts";
import type { Conversations } from "./conversation.ts";
import { type History, NoticeKind } from "./history.ts";
import { Profile } from "./profile.ts";
import type { Reader, Unit } from "./unit.ts";

export const KIND = "handle";
export const NEWEST = utf8("newest");
const OFFERED = utf8("offered");
/** By account: contacts, and our own devices, that this device has yet to tell of our handle. */
const UNTOLD_KIND = "handle.untold";

const NOTHING: Bytes = new Uint8Array();

/** Which handle is ours. */
export class OwnHandle {
  readonly #history: History;
  readonly #now: () => number;

  constructor(history: History, now: () => number) {
    this.#history = history;
    this.#now = now;
  }

  /** The newest that we know; undefined if it was never changed. */
  newest(reader: Reader): Renamed | undefined {
    const data = reader.get(KIND, NEWEST);
    return data === undefined ? undefined : renamedFromCbor(decode(data));
  }

  /** The handle of a change that may have been made or not. */
  offered(reader: Reader): string | undefined {
    const data = reader.get(KIND, OFFERED);
    return data === undefined ? undefined : new TextDecoder().decode(data);
  }

  /** Note what the server is about to be asked for; undefined if that is settled. */
  offer(unit: Unit, handle: string | undefined): void {
    if (handle === undefined) unit.delete(KIND, OFFERED);
    else unit.put(KIND, OFFERED, utf8(handle));
  }

  /**
   * Take over a handle if it is newer (CK-765); say whether it was.
   *
   * @param said By keystore, vault or another device of ours.
   * @param notice The person is to be told: it was changed elsewhere.
   */
  take(unit: Unit, said: Renamed | undefined, { notice }: Readonly<{ notice: boolean }>): boolean {
    if (said === undefined || !isNewer(said, this.newest(unit))) return false;
    const profile = Profile.load(unit);
    const { handle: was, accountId } = profile;
    unit.put(KIND, NEWEST, encode(renamedToCbor(said)));
    profile.with({ handle: said.handle }).save(unit);
    if (notice && was !== said.handle) {
      const names = { was, name: said.handle, count: said.count };
      this.#history.renamed(unit, NoticeKind.OWN_HANDLE_CHANGED, accountId, names, this.#now());
    }
    return true;
  }

  /**
   * Return the name with which to answer a request.
   *
   * Who asked for one handle takes an answer under no other (CK-289): they are answered under the one
   * they asked for, and told the present one in the conversation.
   *
   * @param askedFor Our handle when they did; "" if they came over a link.
   */
  towards(unit: Unit, account: AccountId, askedFor: string): string {
    const { handle } = Profile.load(unit);
    if (askedFor === "" || askedFor === handle) return handle;
    this.haveTold(unit, [account]);
    return askedFor;
  }

  /** Have these accounts told: contacts, and our own for our other devices. */
  haveTold(unit: Unit, accounts: readonly AccountId[]): void {
    for (const account of accounts) unit.put(UNTOLD_KIND, copy(account), NOTHING);
  }
}

/** Have all contacts told which handle is ours, and our other devices. */
export function haveAllTold(unit: Unit, { account, contacts, ownHandle }: Books): void {
  ownHandle.haveTold(unit, [...contacts.all(unit).map((known) => known.account), account]);
}

/** Tells contacts and our other devices which handle is ours. */
export class HandleTelling {
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "sendInnerMade" | "sendSelf">;

  /**
   * @param books What this device keeps.
   * @param conversations To tell them.
   */
  constructor(books: Books, conversations: Pick<Conversations, "sendInnerMade" | "sendSelf">) {
    this.#books = books;
    this.#conversations = conversations;
  }

  /** Tell everybody who can be told now; the others when they can be, also after a crash. */
  async tell(): Promise<void> {
    const { account, store } = this.#books;
    for (const [key] of store.items(UNTOLD_KIND)) {
      try {
        if (equal(key, account)) await this.#tellSiblings();
        else await this.#tellContact(new AccountId(key));
      } catch (error) {
        // What was written is in the outbox, whether or not the server was there.
        const isToldLater = error instanceof AuthorizationError || error instanceof PeerError;
        if (!isToldLater && !(error instanceof UnavailableError)) throw error;
      }
    }
  }

  async #tellSiblings(): Promise<void> {
    const { account, ownHandle, store } = this.#books;
    // Before it is said: a crash in between is made good by the vault, and a server that is away
    // would have it said again and again.
    await store.transaction((unit) => unit.delete(UNTOLD_KIND, copy(account)));
    const newest = ownHandle.newest(store);
    if (newest === undefined) return;
    await this.#conversations.sendSelf({ kind: "self.handle", ...newest }, { durable: true });
  }

  async #tellContact(account: AccountId): Promise<void> {
    const { contacts, now, ownHandle, rng, store } = this.#books;
    const known = contacts.get(store, account);
    if (known === undefined) {
      await store.transaction((unit) => unit.delete(UNTOLD_KIND, copy(account)));
    }
    if (known?.state !== "contact" || contacts.addresses(store, account).size === 0) return;
    await this.#conversations.sendInnerMade(
      account,
      // In the transaction that sends it, so that it is said once.
      (unit) => {
        const newest = ownHandle.newest(unit);
        if (newest === undefined || !unit.delete(UNTOLD_KIND, copy(account))) return undefined;
        const { handle: name, count } = newest;
        return { kind: "contact.name", id: random(MessageId, rng), at: now(), name, count };
      },
      { durable: true },
    );
  }
}
