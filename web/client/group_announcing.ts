/**
 * What the members of a group are told of this device: the address that it has for the group, made
 * anew after a removal (P13), and the group's picture, for those who came.
 *
 * Not for: who is in it (`group_membership.ts`).
 */

import { type Bytes, copy, equal, uint } from "../core/bytes.ts";
import type { InGroup } from "../core/content_group.ts";
import { Digest, MessageId, random } from "../core/ids.ts";
import { Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import type { Conversations } from "./conversation.ts";
import { numberOf, PICTURE_DUE_KIND, ROTATE_GROUP_KIND } from "./group_book.ts";
import { toldInGroup } from "./group_targets.ts";
import { termsIn } from "./group_tree.ts";
import type { GroupRecord } from "./groups.ts";
import { Profile } from "./profile.ts";
import type { Unit } from "./unit.ts";

/**
 * Seconds for which the address of before is still good. When somebody is removed all members replace
 * theirs at once; what one sends to the old address of another must arrive (P13).
 */
export const BEFORE_S = 3_600;

/** By name of an address: when it is revoked (unix seconds). */
const RETIRE_KIND = "group.retire";

/** Announces. */
export class GroupAnnouncing {
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "sendInGroup">;
  readonly #postpone: (record: GroupRecord, at: number) => void;

  /** @param postpone Has a group looked at again at a time. */
  constructor(
    books: Books,
    conversations: Pick<Conversations, "sendInGroup">,
    postpone: (record: GroupRecord, at: number) => void,
  ) {
    this.#books = books;
    this.#conversations = conversations;
    this.#postpone = postpone;
  }

  /** Tell the members our present address, if they were told another last, and send the picture. */
  async announce(found: GroupRecord): Promise<void> {
    const books = this.#books;
    const { groupId: group } = found;
    await books.store.transaction((unit) => {
      this.#rotate(unit, found);
      this.#retire(unit, found);
    });
    const record = books.groups.get(books.store, group);
    if (record === undefined) return; // we left meanwhile
    const present = books.addresses.current(books.store, Purpose.GROUP, group);
    const isTold = present !== undefined && equal(present.name, record.announced);
    if (!isTold && (await toldInGroup(books, books.store, record)).length > 0) {
      await this.#conversations.sendInGroup(record, (unit, newest) =>
        this.#announcement(unit, newest),
      );
    }
    await this.#sendPicture(record);
  }

  #announcement(unit: Unit, record: GroupRecord): InGroup | undefined {
    const books = this.#books;
    const given = books.groupAddress(unit, record.groupId);
    if (equal(record.announced, given.name)) return undefined;
    record.announced = given.name; // written with the group's state when it is sent
    const id = random(MessageId, books.rng);
    const devices = [{ device: books.device, address: books.addresses.address(given) }];
    const { handle: name } = Profile.load(unit);
    const list = books.ownList(unit).data;
    return { kind: "group.devices", id, at: books.now(), list, name, devices };
  }

  /**
   * Replace the address that somebody has seen who was removed (P13).
   *
   * The one of before is good for an hour more: all members replace theirs at the same time, and each
   * learns the new one of another over the old one of its own.
   */
  #rotate(unit: Unit, { groupId: group }: GroupRecord): void {
    const { addresses, now } = this.#books;
    if (!unit.delete(ROTATE_GROUP_KIND, copy(group))) return;
    const old = addresses.current(unit, Purpose.GROUP, group);
    if (old === undefined) return;
    addresses.rebind(unit, old, Purpose.GROUP_BEFORE, group);
    unit.put(RETIRE_KIND, old.name, uint(now() + BEFORE_S, 8));
  }

  /** Revoke the addresses of before whose hour is over. */
  #retire(unit: Unit, record: GroupRecord): void {
    const { addresses, now } = this.#books;
    for (const given of addresses.all(unit, Purpose.GROUP_BEFORE)) {
      if (!equal(given.subject, record.groupId)) continue;
      const at = hourOf(unit.get(RETIRE_KIND, given.name));
      if (at <= now()) {
        addresses.revoke(unit, given, now());
        unit.delete(RETIRE_KIND, given.name);
      } else {
        unit.after(() => this.#postpone(record, at));
      }
    }
  }

  async #sendPicture(record: GroupRecord): Promise<void> {
    const { groupBook, groups, now, rng, store } = this.#books;
    const { groupId: group } = record;
    if (store.get(PICTURE_DUE_KIND, copy(group)) === undefined) return;
    const made = async (unit: Unit, newest: GroupRecord): Promise<InGroup | undefined> => {
      unit.delete(PICTURE_DUE_KIND, copy(group));
      const picture = groupBook.picture(unit, group);
      const { picture: digest } = termsIn(await groups.state(unit, newest));
      const isNamed = picture && digest !== null && equal(digest, Digest.sha256(picture));
      if (!isNamed) return undefined;
      return { kind: "group.picture", id: random(MessageId, rng), at: now(), picture };
    };
    await this.#conversations.sendInGroup(record, made);
  }
}

function hourOf(data: Bytes | undefined): number {
  return data === undefined ? 0 : numberOf(data);
}
