/** Removing a contact: its groups, keys and addresses go, and what it holds of ours is refused. */

import { copy, equal } from "../core/bytes.ts";
import type { AccountId } from "../core/ids.ts";
import { Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import { ACCEPTED_KIND } from "./contact_records.ts";
import { GroupKind } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import { forgetTold } from "./never_record.ts";
import type { Unit } from "./unit.ts";

/** Remove what the books hold of a contact, but for the history of messages. */
export function forget(unit: Unit, books: Books, account: AccountId): void {
  const { addresses, contacts, groups, history, lists, now } = books;
  const given = addresses.current(unit, Purpose.CONTACT, account);
  if (given !== undefined) addresses.revoke(unit, given, now());
  for (const record of groups.all(unit)) {
    const isTheirs = record.kind === GroupKind.CONVERSATION && equal(record.account, account);
    if (isTheirs) groups.remove(unit, record);
  }
  contacts.remove(unit, account);
  lists.forget(unit, account);
  unit.delete(ACCEPTED_KIND, copy(account));
  history.forgetNotice(unit, NoticeKind.IDENTITY_CHANGED, account);
  history.forgetNotice(unit, NoticeKind.CONTACT_ADDED, account);
  history.forgetNotice(unit, NoticeKind.CONTACT_BY_HANDLE, account);
  history.forgetRenamed(unit, account);
  forgetTold(unit, account);
}
