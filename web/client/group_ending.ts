/** The end of a group of people for this device: its keys go, its thread stays. */

import { equal } from "../core/bytes.ts";
import { Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import type { PastGroup } from "./group_book.ts";
import type { GroupRecord } from "./groups.ts";
import type { Unit } from "./unit.ts";

/**
 * Forget a group but for its messages and its name; inside a transaction.
 *
 * @param why For whoever reads the thread.
 * @param options.keepAddress We are about to come in again by the address that was given.
 */
export function eraseGroup(
  unit: Unit,
  books: Books,
  record: GroupRecord,
  why: PastGroup["why"],
  { keepAddress = false }: Readonly<{ keepAddress?: boolean }> = {},
): void {
  const { addresses, callLinks, groupBook, groupCalls, groups } = books;
  const { groupId: group } = record;
  const name = groupBook.terms(unit, group)?.name ?? "";
  if (!keepAddress) {
    for (const purpose of [Purpose.GROUP, Purpose.GROUP_BEFORE]) {
      for (const given of addresses.all(unit, purpose)) {
        if (equal(given.subject, group)) addresses.revoke(unit, given, books.now());
      }
    }
  }
  groups.remove(unit, record);
  groupBook.drop(unit, group);
  groupCalls.drop(unit, group);
  callLinks.drop(unit, group);
  groupBook.putPast(unit, { group, name, why, at: books.now() });
}
