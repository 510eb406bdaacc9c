/**
 * Never record me: whether it holds, who told us so, and to whom we have yet to say it (twin of
 * `src/visavis/sdk/never_record.py`).
 *
 * The person says it for all calls (`Settings.neverRecord`) or for those with one contact
 * (`Rules.neverRecord`). In a call it stands in our leaf; contacts are told in the conversation, so
 * that they know before any call. The device where it was decided tells them at once. Our other
 * devices tell what is still untold an hour later: until then they may have heard of what was told,
 * and not yet of what was decided.
 *
 * Not for: what the word does in a call (`core/recording.ts`).
 */

import { copy, hex, uint } from "../core/bytes.ts";
import { decodeRecord, encodeRecord } from "../core/content.ts";
import type { RecordingNever } from "../core/content_inner.ts";
import { type ContactRecord, MAX_TIME, NeverSaid } from "../core/content_records.ts";
import { UnverifiedDeviceList } from "../core/device_list.ts";
import { AuthorizationError, PeerError, UnavailableError } from "../core/errors.ts";
import { type AccountId, MessageId, random } from "../core/ids.ts";
import type { Books } from "./books.ts";
import type { Known } from "./contact_book.ts";
import type { Conversations } from "./conversation.ts";
import type { Reader, Unit } from "./unit.ts";

/** By account: what our account said to this contact last. */
const TOLD_KIND = "never.told";
/** By account: when this device tells the contact, unix seconds. */
const DUE_KIND = "never.due";
/**
 * What another device decided is left to it for so long. Longer says less twice; if that device is
 * gone, contacts learn it later.
 */
export const WITHIN_S = 3_600;

/** Say whether we are never to be recorded in a call with these accounts, contacts or not. */
export function isNeverWith(
  { calls, contacts }: Pick<Books, "calls" | "contacts">,
  reader: Reader,
  accounts: readonly AccountId[],
): boolean {
  if (calls.settings(reader).neverRecord) return true;
  return accounts.some((account) => contacts.get(reader, account)?.rules.neverRecord);
}

/** Take over what a contact said of being recorded, if it is newer; say whether it was. */
export function takeNever(unit: Unit, books: Books, known: Known, said: NeverSaid): boolean {
  // CK-991: of two of one second no recording stands.
  if (known.neverSaid !== undefined && !isLater(said, known.neverSaid)) return false;
  known.neverSaid = said;
  books.contacts.save(unit, known);
  return true;
}

/** Take over what a contact said to another device of ours, if it is newer. */
export async function takeToldNever(
  unit: Unit,
  books: Books,
  { list, neverSaid }: ContactRecord,
): Promise<boolean> {
  const { accountId } = await UnverifiedDeviceList.parse(list).verify();
  const known = books.contacts.get(unit, accountId);
  if (known === undefined || neverSaid === null) return false;
  return takeNever(unit, books, known, neverSaid);
}

/** Note what a device of ours said to a contact. */
export function noteTold(unit: Unit, account: AccountId, said: NeverSaid): void {
  const before = toldOf(unit, account);
  if (before !== undefined && !isLater(said, before)) return;
  unit.put(TOLD_KIND, copy(account), encodeRecord(NeverSaid, said));
}

/** Have this device tell these contacts what was decided here. */
export function tellSoon(unit: Unit, { now }: Books, accounts: readonly AccountId[]): void {
  for (const account of accounts) unit.put(DUE_KIND, copy(account), uint(now(), 8));
}

/** Have a contact told that knows nothing of us (any more). */
export function tellAnew(unit: Unit, books: Books, account: AccountId): void {
  unit.delete(TOLD_KIND, copy(account));
  tellSoon(unit, books, [account]);
}

/** Forget what a contact was told. */
export function forgetTold(unit: Unit, account: AccountId): void {
  unit.delete(TOLD_KIND, copy(account));
  unit.delete(DUE_KIND, copy(account));
}

/** Tells contacts whether we are never to be recorded in calls with them. */
export class NeverTelling {
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "sendInnerMade">;
  /** Something changed since it was last looked who has to be told. */
  #isStale = true;

  /**
   * @param books What this device keeps.
   * @param conversations To tell them.
   */
  constructor(books: Books, conversations: Pick<Conversations, "sendInnerMade">) {
    this.#books = books;
    this.#conversations = conversations;
    const look = () => {
      this.#isStale = true;
    };
    books.contacts.onSaved(look);
    books.calls.onVaultStale((unit) => unit.after(look));
  }

  /** Tell everybody who can be told now; the others when they can be, also after a crash. */
  async tell(): Promise<void> {
    const { contacts, store } = this.#books;
    for (const account of await this.#due()) {
      const isContact = contacts.get(store, account)?.state === "contact";
      if (!isContact || contacts.addresses(store, account).size === 0) continue;
      try {
        await this.#conversations.sendInnerMade(account, (unit) => this.#make(unit, account), {
          durable: true,
          toSiblings: true,
        });
      } catch (error) {
        // What was written is in the outbox, whether or not the server was there.
        const isToldLater = error instanceof AuthorizationError || error instanceof PeerError;
        if (!isToldLater && !(error instanceof UnavailableError)) throw error;
      }
    }
  }

  /** Return whom this device has to tell now; note when it has to tell others. */
  async #due(): Promise<readonly AccountId[]> {
    const { contacts, store } = this.#books;
    const now = this.#books.now();
    const noted = store.items(DUE_KIND);
    if (!this.#isStale && noted.every(([, at]) => timeOf(at) > now)) return [];
    this.#isStale = false;
    return await store.transaction((unit) => {
      const due = new Map(unit.items(DUE_KIND).map(([key, at]) => [hex(key), timeOf(at)]));
      return contacts.all(unit).flatMap(({ account }) => {
        const at = due.get(hex(account));
        if (this.#untold(unit, account) === undefined) {
          if (at !== undefined) unit.delete(DUE_KIND, copy(account));
          return [];
        }
        if (at === undefined) unit.put(DUE_KIND, copy(account), uint(now + WITHIN_S, 8));
        return at !== undefined && at <= now ? [account] : [];
      });
    });
  }

  /** Return what a contact has yet to be told, as of now. */
  #untold(reader: Reader, account: AccountId): NeverSaid | undefined {
    const told = toldOf(reader, account);
    const never = isNeverWith(this.#books, reader, [account]);
    if (never === (told?.never ?? false)) return undefined;
    // CK-991: later than all that we said, whatever our clocks say.
    const at = Math.max(this.#books.now(), told === undefined ? 0 : told.at + 1);
    return { never, at: Math.min(at, MAX_TIME) };
  }

  /** Make the content in the transaction that sends it, so that it is said once. */
  #make(unit: Unit, account: AccountId): RecordingNever | undefined {
    const said = this.#untold(unit, account);
    unit.delete(DUE_KIND, copy(account));
    if (said === undefined) return undefined;
    unit.put(TOLD_KIND, copy(account), encodeRecord(NeverSaid, said));
    return { kind: "recording.never", id: random(MessageId, this.#books.rng), ...said };
  }
}

function toldOf(reader: Reader, account: AccountId): NeverSaid | undefined {
  const data = reader.get(TOLD_KIND, copy(account));
  return data === undefined ? undefined : decodeRecord(NeverSaid, data);
}

function isLater(one: NeverSaid, other: NeverSaid): boolean {
  return one.at > other.at || (one.at === other.at && one.never && !other.never);
}

function timeOf(data: Uint8Array): number {
  return Number(new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(0));
}
