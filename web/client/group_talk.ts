/**
 * What is said in groups of people: kept when it comes.
 *
 * Everything received here is kept in the transaction that also keeps the group's new state. Words of
 * a contact that is blocked are not kept; the group stays, and they may read what we write there.
 *
 * Not for: decrypting it (`conversation.ts`), commits (`group_membership.ts`), or what becomes of calls
 * (`group_calls.ts`).
 */

import { requireServer } from "../core/address.ts";
import { type Bytes, copy, equal, utf8 } from "../core/bytes.ts";
import type {
  GroupCallBegan,
  GroupDevices,
  GroupLeave,
  GroupPicture,
  InGroup,
} from "../core/content_group.ts";
import { Standing } from "../core/content_records.ts";
import { UnverifiedDeviceList } from "../core/device_list.ts";
import { AuthorizationError, Code, PeerError } from "../core/errors.ts";
import { FileType, fileType } from "../core/file_type.ts";
import { checkDeparture } from "../core/group_rules.ts";
import { type AccountId, Digest } from "../core/ids.ts";
import { assertNever } from "../core/never.ts";
import type { Books } from "./books.ts";
import { ENDING_KIND } from "./group_book.ts";
import { goingOnOf } from "./group_call_book.ts";
import type { Mark } from "./group_changes.ts";
import { nameInGroup } from "./group_names.ts";
import { isDevice } from "./group_targets.ts";
import { leavesOf, termsIn } from "./group_tree.ts";
import type { GroupRecord } from "./groups.ts";
import { entryInGroup, NoticeKind } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import type { Said } from "./received.ts";
import type { Unit } from "./unit.ts";

/** What the picture of a group may be. */
export const PICTURES: ReadonlySet<FileType> = new Set<FileType>([
  FileType.JPEG,
  FileType.PNG,
  FileType.WEBP,
]);

/** Contents of groups of people. */
export class GroupTalk {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #mark: Mark;

  constructor(books: Books, outbox: Outbox, mark: Mark) {
    this.#books = books;
    this.#outbox = outbox;
    this.#mark = mark;
  }

  /**
   * Keep what a member says.
   *
   * @param options.live It came in the call class.
   * @throws PeerError It is refused and changes nothing.
   */
  async receive(
    unit: Unit,
    record: GroupRecord,
    said: Said,
    content: InGroup,
    { live }: Readonly<{ live: boolean }>,
  ): Promise<void> {
    const books = this.#books;
    switch (content.kind) {
      case "message.text":
      case "message.file": {
        if (this.#isBlocked(unit, said.account)) return;
        const outgoing = equal(said.account, books.account);
        const message = entryInGroup(record.groupId, said.account, content, { outgoing });
        books.history.add(unit, message, content.id, said.count);
        return;
      }
      case "group.devices":
        return await this.#learn(unit, record, said, content);
      case "group.leave":
        return await this.#leaves(unit, record, said, content);
      case "group.picture":
        return await this.#picture(unit, record, content);
      case "groupcall.began":
        return await this.#callBegan(unit, record, said, content, live);
      case "groupcall.over":
        return books.groupCalls.over(unit, record.groupId, content.call);
      case "recording.withdrawn":
        await books.recordings.withdrawn(unit, content.statement);
        return;
      default:
        return assertNever(content);
    }
  }

  async #callBegan(
    unit: Unit,
    { groupId: group }: GroupRecord,
    { account }: Said,
    content: GroupCallBegan,
    live: boolean,
  ): Promise<void> {
    const books = this.#books;
    const now = books.now();
    // CK-852: what a member dates into the future would stand for good.
    const at = Math.min(content.at, now);
    const going = { ...goingOnOf(group, account, content), at };
    const rings = live && !this.#isBlocked(unit, account);
    const isNews = books.groupCalls.began(unit, going, { live: rings });
    const terms = books.groupBook.terms(unit, group);
    if (!isNews || equal(account, books.account) || terms === undefined) return;
    const by = await nameInGroup(books, unit, group, account);
    const about = { count: at, name: terms.name, by };
    books.history.groupNotice(unit, NoticeKind.GROUP_CALL_BEGAN, group, about, now);
  }

  #isBlocked(unit: Unit, account: AccountId): boolean {
    return this.#books.contacts.get(unit, account)?.standing === Standing.BLOCKED;
  }

  async #picture(unit: Unit, record: GroupRecord, { picture }: GroupPicture): Promise<void> {
    const { groupBook, groups } = this.#books;
    const { picture: named } = termsIn(await groups.state(unit, record));
    // CK-844: shown is what the terms name, and only if it is a picture by its content.
    const isNamed = named !== null && equal(named, Digest.sha256(picture));
    if (isNamed && isPicture(picture)) groupBook.putPicture(unit, record.groupId, picture);
  }

  async #learn(unit: Unit, record: GroupRecord, said: Said, content: GroupDevices): Promise<void> {
    const { groupBook, groups, profile } = this.#books;
    const { groupId: group } = record;
    const { account, device } = said;
    const offered = await UnverifiedDeviceList.parse(content.list).verify();
    if (!equal(offered.accountId, account)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-576: another account's device list");
    }
    await groupBook.learn(unit, group, offered);
    if (!groupBook.isNews(unit, group, said)) return;
    // CK-576: a device speaks for its own address only.
    const own = content.devices.findLast((entry) => equal(entry.device, device));
    if (own !== undefined) {
      const address = requireServer(own.address, profile.origin);
      groupBook.putMember(unit, group, { account, device, name: content.name, address });
    }
    // What is news of a contact's devices is news there, too.
    const marked = groups
      .all(unit)
      .filter((one) => equal(one.groupId, group) || equal(one.account, account));
    unit.after(() => {
      this.#outbox.kick();
      for (const one of marked) this.#mark(one);
    });
  }

  async #leaves(
    unit: Unit,
    record: GroupRecord,
    said: Said,
    { departure: word }: GroupLeave,
  ): Promise<void> {
    const { account, groupBook, groups, now } = this.#books;
    const { groupId: group } = record;
    // CK-834: an account's word is its own, given by the device that says it.
    if (!isDevice(word, said)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-834: the word of another member");
    }
    await checkDeparture(group, word, await leavesOf(await groups.state(unit, record)));
    if (equal(said.account, account)) unit.put(ENDING_KIND, copy(group), utf8("left"));
    else groupBook.noteLeft(unit, group, word, now());
    unit.after(() => this.#mark(record));
  }
}

/** Say whether these bytes are a picture that a group may have. */
function isPicture(data: Bytes): boolean {
  try {
    return PICTURES.has(fileType(data, "picture"));
  } catch (error) {
    if (error instanceof AuthorizationError) return false;
    throw error;
  }
}
