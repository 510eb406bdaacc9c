/**
 * Another name of a contact: what it calls itself now, beside what it was called (twin of
 * `src/visavis/sdk/contact_names.py`).
 *
 * The newest of a contact's handles stands, in whatever order they are told (CK-765). A name is never
 * changed unseen: the person is told which name took the place of which, and a name that another
 * contact has gets the mark that tells the two apart (CK-587). What was decided about the contact
 * hangs on its account and key and stays.
 *
 * Not for: who may change it (`received.ts`).
 */

import type { ContactRecord } from "../core/content_records.ts";
import { UnverifiedDeviceList } from "../core/device_list.ts";
import type { Renamed } from "../core/handle.ts";
import { isHandle } from "../core/handle.ts";
import type { Books } from "./books.ts";
import type { Known } from "./contact_book.ts";
import { NoticeKind } from "./history.ts";
import type { Unit } from "./unit.ts";

/** Take over the handle that a contact has told us; say whether it is newer. */
export function takeName(unit: Unit, books: Books, known: Known, said: Renamed): boolean {
  return take(unit, books, known, said);
}

/** Take over the name of a contact as another device of ours knows it, if it is newer. */
export async function takeToldName(
  unit: Unit,
  books: Books,
  { list, name, named }: ContactRecord,
): Promise<boolean> {
  const { accountId } = await UnverifiedDeviceList.parse(list).verify();
  const known = books.contacts.get(unit, accountId);
  if (known === undefined || named === null) return false;
  return take(unit, books, known, { handle: name, count: named });
}

function take(unit: Unit, books: Books, known: Known, { handle, count }: Renamed): boolean {
  if (count <= known.named) return false; // CK-765: told late, or told again
  const { contacts, history, now } = books;
  const was = known.name;
  // One that is no handle has its mark already: it was given where the contact was heard.
  const name = isHandle(handle) ? contacts.nameFor(unit, known.account, handle) : handle;
  known.name = name;
  known.named = count;
  contacts.save(unit, known);
  if (name !== was) {
    const names = { was, name, count };
    history.renamed(unit, NoticeKind.CONTACT_RENAMED, known.account, names, now());
  }
  return true;
}
