/**
 * Where the members of a group of people are reached, and whose capability its sequencer is shown.
 *
 * Members need not be contacts: each group has addresses of its own (P13), and what is known of them
 * is in `group_book.ts`.
 */

import type { ContactAddress } from "../core/address.ts";
import { equal } from "../core/bytes.ts";
import { Code, PeerError } from "../core/errors.ts";
import { AccountId } from "../core/ids.ts";
import { type Given, isOfGroup, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import { slotOf } from "./group_book.ts";
import { leavesOf } from "./group_tree.ts";
import { GroupKind, type GroupRecord } from "./groups.ts";
import type { Target } from "./pending_commit.ts";
import type { Reader } from "./unit.ts";

/**
 * Addresses shown to a sequencer, one after the other, before our own. More of them reach it after
 * more members were removed at once; each costs a question.
 */
const PRESENTED = 4;

/** Say whether this is a certain device. */
export function isDevice(one: Target, other: Target): boolean {
  return equal(one.account, other.account) && equal(one.device, other.device);
}

/**
 * Return to whom goes what is said in a group: `Books.resolve` knows their addresses.
 *
 * A device whose address nobody has told us yet is left out; it announces it. Devices of ours are
 * reached over their own address until then.
 */
export async function toldInGroup(
  books: Books,
  reader: Reader,
  record: GroupRecord,
): Promise<Target[]> {
  const { groupId: group } = record;
  const found: Target[] = [];
  for (const leaf of await leavesOf(await books.groups.state(reader, record))) {
    if (isDevice(leaf, books)) continue;
    if (books.groupBook.member(reader, group, leaf) !== undefined) {
      found.push({ account: new AccountId(group), device: slotOf(group, leaf) });
    } else if (equal(leaf.account, books.account)) {
      found.push({ account: leaf.account, device: leaf.device });
    }
  }
  return found;
}

/**
 * Return the addresses whose capabilities may be shown to the group's sequencer.
 *
 * All members show the one of the lowest leaf, so that the server does not see at a sequencer who is
 * in a group (P8); only if it is refused the next ones, and our own last.
 */
export async function presentedInGroup(
  books: Books,
  record: GroupRecord,
): Promise<ContactAddress[]> {
  const { addresses, groupBook, groups, store } = books;
  const { groupId: group } = record;
  const given =
    addresses.current(store, Purpose.GROUP, group) ??
    (await store.transaction((unit) => books.groupAddress(unit, group)));
  const found: ContactAddress[] = [];
  for (const leaf of await leavesOf(await groups.state(store, record))) {
    if (isDevice(leaf, books)) break;
    const member = groupBook.member(store, group, leaf);
    if (member !== undefined && found.length < PRESENTED) found.push(member.address);
  }
  return [...found, addresses.address(given)];
}

/**
 * Refuse what does not come over the way of this group, or from our other devices.
 *
 * @throws PeerError WRONG_GROUP.
 */
export function requireWay({ purpose, subject }: Given, record: GroupRecord): void {
  if (purpose === Purpose.SIBLING) return;
  if (record.kind === GroupKind.GROUP) {
    // CK-840: each group has an address of its own (P13), and over it comes nothing else.
    if (isOfGroup(purpose) && equal(subject, record.groupId)) return;
    throw new PeerError(Code.WRONG_GROUP, "CK-840: not over an address of this group");
  }
  // CK-571: what comes over the address of one contact is never for another's conversation.
  if (!equal(subject, record.account)) {
    throw new PeerError(Code.WRONG_GROUP, "CK-571: another contact's conversation");
  }
}
