/**
 * What a person decides about contacts: which one is meant, whether it is they (the second as in `src/visavis/sdk/knowing.py`).
 */

import { AuthorizationError, Code } from "../core/errors.ts";
import type { AccountId, IdentityKey } from "../core/ids.ts";
import { checkText, type SafetyNumber, safetyNumber } from "../core/safety_number.ts";
import type { Known } from "./contact_book.ts";
import { NoticeKind } from "./history.ts";
import type { Session } from "./session.ts";
import type { Contact } from "./snapshots.ts";
import type { Reader } from "./unit.ts";

type Parts = Pick<Session, "books" | "vault">;

/**
 * Return the contact of this name, or the only one whose name begins so.
 *
 * @throws AuthorizationError UNKNOWN_CONTACT, there is none, or more than one.
 */
export function findContact(everybody: readonly Contact[], prefix: string): Contact {
  const exact = everybody.filter((contact) => contact.name === prefix);
  const alike = everybody.filter((contact) => contact.name.startsWith(prefix));
  const [first, ...others] = exact.length > 0 ? exact : alike;
  if (first === undefined || others.length > 0) {
    const which = first === undefined ? "no contact" : "more than one contact";
    throw new AuthorizationError(Code.UNKNOWN_CONTACT, `${which} of this name`);
  }
  return first;
}

/**
 * Compute the safety number with a contact.
 *
 * @throws AuthorizationError UNKNOWN_CONTACT.
 */
export function safetyNumberWith(
  { books }: Pick<Parts, "books">,
  account: AccountId,
): SafetyNumber {
  const theirs = books.lists.newest(books.store, account);
  if (theirs === undefined) throw unknown();
  return safetyNumber(books.ownList(books.store), theirs);
}

/**
 * Compare what the QR code of a contact's safety number says with what we hold.
 *
 * @returns The identity key that was compared.
 * @throws AuthorizationError UNKNOWN_CONTACT.
 * @throws PeerError As `checkText`.
 */
export function checkNumberWith(
  books: Parts["books"],
  reader: Reader,
  account: AccountId,
  text: string,
): IdentityKey {
  const theirs = books.lists.newest(reader, account);
  if (theirs === undefined) throw unknown();
  checkText(books.ownList(reader), theirs, text);
  return theirs.identityKey;
}

/** Go on with the key we know, after an identity change was shown and found to be false. */
export async function keepIdentity({ books }: Parts, account: AccountId): Promise<void> {
  await books.store.transaction((unit) => {
    const known = require(books, unit, account);
    known.identityChanged = false;
    books.contacts.save(unit, known);
    books.history.forgetNotice(unit, NoticeKind.IDENTITY_CHANGED, account);
  });
}

function require(books: Parts["books"], reader: Reader, account: AccountId): Known {
  const known = books.contacts.get(reader, account);
  if (known === undefined) throw unknown();
  return known;
}

function unknown(): AuthorizationError {
  return new AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours");
}
