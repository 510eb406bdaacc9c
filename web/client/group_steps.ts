/**
 * Steps of a group's state: under the group's lock, in one transaction, with the record as it is now.
 *
 * A state that is read before the lock, or written from an object that was read before the
 * transaction, would undo what another step did meanwhile, and use its message keys again (P5).
 *
 * Not for commits: they wait for the server between transactions (`sequencer.ts`).
 */

import { equal } from "../core/bytes.ts";
import { Standing } from "../core/content_records.ts";
import { AuthorizationError, Code, UnavailableError, VisavisError } from "../core/errors.ts";
import type { AccountId } from "../core/ids.ts";
import type { Books } from "./books.ts";
import type { Known } from "./contact_book.ts";
import type { GroupRecord } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import { newestRecord } from "./sequencer.ts";
import type { Reader, Unit } from "./unit.ts";

/** A contact and its conversation. */
export type Standpoint = Readonly<{ known: Known; record: GroupRecord }>;

/** What is done with a group in a transaction. */
export type Work<T> = (unit: Unit, record: GroupRecord) => Promise<T>;

/**
 * Return a contact and its conversation, if we may send to it now.
 *
 * @throws AuthorizationError REFUSED, no contact of ours, or blocked; IDENTITY_CHANGED (CK-563:
 *   nothing is sent until the person has decided).
 * @throws UnavailableError We wait to be let in again (P5), or for the address of a device that the
 *   contact has now: what is said until then would reach nobody.
 */
export function requireConversation(books: Books, reader: Reader, contact: AccountId): Standpoint {
  const known = books.contacts.get(reader, contact);
  if (known === undefined || known.standing === Standing.BLOCKED) {
    throw new AuthorizationError(Code.REFUSED, "not a contact, or blocked");
  }
  if (known.identityChanged) {
    throw new AuthorizationError(Code.IDENTITY_CHANGED, "CK-563: the person has to decide");
  }
  const record = books.groups.get(reader, known.group);
  if (record === undefined || !known.member) {
    throw new UnavailableError(Code.UNAVAILABLE, "not (yet) back in this conversation");
  }
  if (books.contacts.addresses(reader, contact).size === 0) {
    throw new UnavailableError(Code.UNAVAILABLE, "no device of the contact is known just now");
  }
  return { known, record };
}

/** Take a step in the conversation with a contact; throws as `requireConversation`. */
export async function stepConversation<T>(
  books: Books,
  contact: AccountId,
  work: Work<T>,
): Promise<T> {
  for (;;) {
    const { record } = requireConversation(books, books.store, contact);
    const done = await stepGroup(books, record, async (unit) => {
      const { record: newest } = requireConversation(books, unit, contact);
      // While we waited for the lock the conversation may have begun anew, in another group.
      if (!equal(newest.groupId, record.groupId)) return undefined;
      return [await work(unit, newest)] as const;
    });
    if (done !== undefined) return done[0];
  }
}

/** Take a step in a group. */
export async function stepGroup<T>(books: Books, record: GroupRecord, work: Work<T>): Promise<T> {
  return await books.groups.lock(record).run(() => stepLocked(books, record, work));
}

/**
 * Take a step in a group whose lock the caller holds.
 *
 * An identity that changed is written down, so that sending stops (CK-563).
 */
export async function stepLocked<T>(books: Books, record: GroupRecord, work: Work<T>): Promise<T> {
  const { store, groups } = books;
  try {
    return await store.transaction((unit) => work(unit, newestRecord(groups, unit, record)));
  } catch (error) {
    if (error instanceof VisavisError && error.code === Code.IDENTITY_CHANGED) {
      await noteIdentityChanged(books, record.account);
    }
    throw error;
  }
}

/** Stop sending to a contact until the person has decided, and tell the person. */
export async function noteIdentityChanged(books: Books, account: AccountId): Promise<void> {
  await books.store.transaction((unit) => {
    const known = books.contacts.get(unit, account);
    if (known === undefined || known.identityChanged) return;
    known.identityChanged = true;
    books.contacts.save(unit, known);
    books.history.notice(unit, NoticeKind.IDENTITY_CHANGED, account, undefined, books.now());
  });
}
