/** What a person reads for the members of a group: a contact's name, or one that nobody verified. */

import { equal } from "../core/bytes.ts";
import type { AccountId, GroupId } from "../core/ids.ts";
import type { Books } from "./books.ts";
import { ContactBook } from "./contact_book.ts";
import { Profile } from "./profile.ts";
import type { Reader } from "./unit.ts";

/** For who has not said yet what they are called; the mark tells them apart. */
export const UNNAMED = "member";

/** Say whether a member is a contact of ours, under the key that we know (CK-841). */
export async function isContact(
  { contacts, groupBook }: Books,
  reader: Reader,
  group: GroupId,
  account: AccountId,
): Promise<boolean> {
  if (contacts.get(reader, account) === undefined) return false;
  return (await groupBook.newest(reader, group, account)) !== undefined;
}

/**
 * Return the name to show for a member.
 *
 * A contact has the name that we know it by. Anybody else has what they call themselves, with a mark
 * if that is a contact's, or no name that a server hands out (CK-587).
 */
export async function nameInGroup(
  books: Books,
  reader: Reader,
  group: GroupId,
  account: AccountId,
): Promise<string> {
  if (equal(account, books.account)) return Profile.load(reader).handle;
  const { contacts, groupBook } = books;
  const known = contacts.get(reader, account);
  if (known === undefined) {
    const said = groupBook.nameOf(reader, group, account);
    return contacts.nameFor(reader, account, said || UNNAMED);
  }
  if (await isContact(books, reader, group, account)) return known.name;
  return ContactBook.markedName(account, `not ${known.name}`);
}
