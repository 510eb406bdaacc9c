/**
 * What the person decided about a contact: blocked or not, which calls ring, verified or not (twin of
 * `src/visavis/sdk/decisions.py`).
 *
 * A decision is kept with the contact, told to our other devices, and stands in the vault for the next
 * one. Of two about the same thing the newest stands, in whatever order they come (CK-688); each is
 * later than all that its device knew of. Blocking revokes the address that the contact has of this
 * device, and each of our devices does the same with its own: from then on the server refuses the
 * contact's envelopes, alike to a stranger's. Unblocking makes a fresh address, which is announced in
 * the conversation.
 *
 * Not for removing a contact (`forgetting.ts`), nor for what calls do then (`core/contact_rules.ts`).
 */

import { type Bytes, compare, copy, equal, uint } from "../core/bytes.ts";
import { ALL_RING, decide, encodeRules } from "../core/contact_rules.ts";
import { encodeRecord } from "../core/content.ts";
import {
  type ContactRecord,
  MAX_TIME,
  type Media,
  Rules,
  Standing,
} from "../core/content_records.ts";
import { UnverifiedDeviceList } from "../core/device_list.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import { AccountId } from "../core/ids.ts";
import { hasMovedWith } from "../core/moved_contact.ts";
import { LOOK, Purpose, ROTATE_KIND } from "./addresses.ts";
import type { Books } from "./books.ts";
import { type Known, NEVER } from "./contact_book.ts";
import type { Conversations } from "./conversation.ts";
import type { Housekeeping } from "./housekeeping.ts";
import { checkNumberWith } from "./knowing.ts";
import { tellSoon } from "./never_record.ts";
import type { Unit } from "./unit.ts";

/** What is decided, each by itself. */
const NAMES = ["standing", "verified", "rules"] as const;
type Name = (typeof NAMES)[number];

/** Accounts about whom something was decided here that our other devices were not told yet. */
export const UNTOLD_KIND = "untold";

const NOTHING: Bytes = new Uint8Array();
const MS_PER_S = 1_000;
const MINUTES_PER_HOUR = 60;

/** Makes decisions, and tells our other devices. All throw AuthorizationError UNKNOWN_CONTACT. */
export class Decisions {
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "sendSelfMade">;
  readonly #housekeeping: Pick<Housekeeping, "kick">;
  readonly #vaultStale: (unit: Unit) => void;

  /**
   * @param books What this device keeps.
   * @param conversations To tell our other devices.
   * @param housekeeping Revokes and announces addresses.
   * @param vaultStale Has the vault written at once: the next device must not begin with what was.
   */
  constructor(
    books: Books,
    conversations: Pick<Conversations, "sendSelfMade">,
    housekeeping: Pick<Housekeeping, "kick">,
    vaultStale: (unit: Unit) => void,
  ) {
    this.#books = books;
    this.#conversations = conversations;
    this.#housekeeping = housekeeping;
    this.#vaultStale = vaultStale;
  }

  /**
   * Say which calls of a contact ring, and when.
   *
   * @throws UsageError The rules are out of bounds.
   */
  async setRules(account: AccountId, rules: Rules): Promise<void> {
    encodeRules(rules);
    await this.#decide(account, (known, unit) => {
      const isOther = known.rules.neverRecord !== rules.neverRecord;
      if (isOther) tellSoon(unit, this.#books, [account]);
      known.rules = rules;
    });
  }

  /**
   * Note that the safety number was compared and is the same, or take that back.
   *
   * The mark is bound to the key: for another one it says nothing.
   */
  async setVerified(account: AccountId, verified: boolean): Promise<void> {
    await this.#decide(account, (known, unit) => {
      const theirs = this.#books.lists.newest(unit, account);
      known.verified = verified ? theirs?.identityKey : undefined;
    });
  }

  /**
   * Compare what the QR code on a contact's screen says; if it is the same, note that.
   *
   * @throws PeerError As `checkNumberWith`; nothing was changed then.
   */
  async verifyByText(account: AccountId, text: string): Promise<void> {
    await this.#decide(account, (known, unit) => {
      known.verified = checkNumberWith(this.#books, unit, account, text);
    });
  }

  /** Block a contact, or unblock it. */
  async setStanding(account: AccountId, standing: Standing): Promise<void> {
    await this.#decide(account, (known) => {
      known.standing = standing;
    });
  }

  async #decide(account: AccountId, change: (known: Known, unit: Unit) => void): Promise<void> {
    const { contacts, now, store } = this.#books;
    await store.transaction((unit) => {
      const known = contacts.get(unit, account);
      if (known === undefined) {
        throw new AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours");
      }
      const { standing } = known;
      const before = ranksOf(known);
      change(known, unit);
      const after = ranksOf(known);
      const changed = NAMES.filter((name) => !equal(before[name], after[name]));
      if (changed.length === 0) return;
      const { decided } = known;
      const at = (name: Name) => Math.min(Math.max(now(), decided[name] + 1), MAX_TIME);
      known.decided = {
        ...decided,
        ...Object.fromEntries(changed.map((name) => [name, at(name)])),
      };
      stand(unit, this.#books, known, standing);
      unit.put(UNTOLD_KIND, copy(account), NOTHING);
      this.#vaultStale(unit);
    });
    this.#housekeeping.kick();
    await this.tell();
  }

  /** Tell our other devices what they were not told yet; again after a crash. */
  async tell(): Promise<void> {
    const { contacts, store } = this.#books;
    for (const [key] of store.items(UNTOLD_KIND)) {
      await this.#conversations.sendSelfMade(
        (unit) => {
          const known = contacts.get(unit, new AccountId(key));
          // A record needs an address (CK-271): it is told when there is one again.
          if (known?.devices.length === 0) return undefined;
          unit.delete(UNTOLD_KIND, key);
          return known && { kind: "self.contacts", records: [contacts.record(unit, known)] };
        },
        { durable: true },
      );
    }
  }
}

/**
 * Take over what another device of ours decided, if it is newer; inside a transaction.
 *
 * Nothing but the decision is taken: lists and addresses have their own ways, and a contact comes by a
 * Welcome only (CK-577).
 */
export async function takeDecision(unit: Unit, books: Books, record: ContactRecord): Promise<void> {
  const { accountId } = await UnverifiedDeviceList.parse(record.list).verify();
  const known = books.contacts.get(unit, accountId);
  const { decided } = record;
  if (known === undefined || decided === null) return;
  const before = known.standing;
  const theirs = {
    standing: record.standing,
    verified: record.verified ?? undefined,
    rules: record.rules ?? ALL_RING,
  };
  const [ranks, ours] = [ranksOf(theirs), ranksOf(known)];
  // CK-688: the newest of each stands, whichever came first; of two of one second the same one
  // everywhere.
  const newer = NAMES.filter((name) => {
    const later = decided[name] - known.decided[name];
    return later > 0 || (later === 0 && compare(ranks[name], ours[name]) > 0);
  });
  if (newer.length === 0) return;
  Object.assign(known, Object.fromEntries(newer.map((name) => [name, theirs[name]])));
  const when = Object.fromEntries(newer.map((name) => [name, decided[name]]));
  known.decided = { ...known.decided, ...when };
  stand(unit, books, known, before);
}

/**
 * Give a new contact what held before we moved here, if it is who we wait for.
 *
 * Its list was learnt in this unit, and it is written.
 */
export function restore(unit: Unit, books: Books, known: Known): void {
  const awaited = books.awaited.get(unit, known.account);
  const newest = books.lists.newest(unit, known.account);
  // CK-733: a mark is bound to its key; asked once more where it is given.
  if (awaited === undefined || newest === undefined || !hasMovedWith(awaited, newest)) return;
  const before = known.standing;
  known.verified = awaited.verified ?? undefined;
  known.standing = awaited.standing;
  known.rules = awaited.rules ?? ALL_RING;
  known.decided = awaited.decided ?? NEVER;
  stand(unit, books, known, before);
  books.awaited.remove(unit, known.account);
  unit.put(UNTOLD_KIND, copy(known.account), NOTHING);
}

/** Keep a contact, and have its address follow its standing. */
function stand(unit: Unit, books: Books, known: Known, before: Standing): void {
  const { addresses, contacts, now } = books;
  contacts.save(unit, known);
  if (known.standing === before) return;
  if (known.standing === Standing.CONTACT) {
    // The address of before is revoked. One that was made since was told to nobody: a device that
    // came meanwhile may have it in a rejoin that waits.
    const key = copy(known.account);
    if (unit.get(ROTATE_KIND, key) === undefined) unit.put(ROTATE_KIND, key, LOOK);
    return;
  }
  const given = addresses.current(unit, Purpose.CONTACT, known.account);
  if (given !== undefined) addresses.revoke(unit, given, now());
}

/**
 * Return the bytes by which two decisions of one second are told apart; the twin has the same.
 *
 * Blocked is more than not blocked.
 */
function ranksOf(decision: Pick<Known, Name>): Readonly<Record<Name, Bytes>> {
  const { standing, verified, rules } = decision;
  return {
    standing: uint(standing === Standing.BLOCKED ? 1 : 0, 1),
    verified: verified === undefined ? NOTHING : copy(verified),
    rules: encodeRecord(Rules, rules),
  };
}

// What calls ask

/** Return as what a call of this contact may ring now; undefined: nothing rings. */
export function mayRing(
  books: Books,
  contact: AccountId,
  media: Media,
  { called }: Readonly<{ called: boolean }>,
): Media | undefined {
  const known = books.contacts.get(books.store, contact);
  if (known?.state !== "contact") return undefined;
  if (called) return media;
  const at = new Date(books.now() * MS_PER_S);
  const weekday = (at.getDay() + 6) % 7; // 0 is Sunday there
  const minute = MINUTES_PER_HOUR * at.getHours() + at.getMinutes();
  const decision = decide(known.rules, media, weekday, minute);
  return decision.kind === "ring" ? decision.media : undefined;
}

/** Return a contact's rules, for what they grant beyond ringing: nothing to whoever may not ring. */
export function granted(books: Books, contact: AccountId): Rules {
  const known = books.contacts.get(books.store, contact);
  return known?.state === "contact" ? known.rules : ALL_RING;
}

/** Say whether the contact's safety number was compared, with the key it has now. */
export function isVerified(books: Books, known: Known | undefined): boolean {
  if (known?.verified === undefined || known.identityChanged) return false;
  const newest = books.lists.newest(books.store, known.account);
  return newest !== undefined && equal(known.verified, newest.identityKey);
}
