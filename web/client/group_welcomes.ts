/**
 * How this device comes into a group of people: by a Welcome that it expects, checked whole.
 *
 * Who brought it over which address, who made it, what terms the group has and who else is in it.
 * Not for: invites (`group_invites.ts`), or conversations of two (`welcomes.ts`).
 */

import { requireServer } from "../core/address.ts";
import { equal } from "../core/bytes.ts";
import type { GroupWelcome } from "../core/content_outer.ts";
import { Standing } from "../core/content_records.ts";
import { checkAlone } from "../core/credential.ts";
import { Code, PeerError } from "../core/errors.ts";
import { checkRoster } from "../core/group_rules.ts";
import type { GroupId } from "../core/ids.ts";
import { Group, type MemberInfo, welcomeReferences } from "../core/mls/index.ts";
import { type Given, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import type { Mark } from "./group_changes.ts";
import { eraseGroup } from "./group_ending.ts";
import type { GroupInvites } from "./group_invites.ts";
import { isDevice } from "./group_targets.ts";
import { epochOf, leavesOf, termsIn } from "./group_tree.ts";
import { deviceOf, GroupKind, GroupRecord } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import type { Unit } from "./unit.ts";

/** Welcomes to groups of people. */
export class GroupWelcomes {
  readonly #books: Books;
  readonly #invites: Pick<GroupInvites, "joining" | "isIn">;
  readonly #mark: Mark;

  constructor(books: Books, invites: Pick<GroupInvites, "joining" | "isIn">, mark: Mark) {
    this.#books = books;
    this.#invites = invites;
    this.#mark = mark;
  }

  /** Say whether we said yes to a group and are not in it yet. */
  awaits(group: Uint8Array): boolean {
    return this.#invites.joining(this.#books.store, group) !== undefined;
  }

  /**
   * Join a group that this device was added to.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async receive(given: Given, content: GroupWelcome): Promise<void> {
    const { groups, store } = this.#books;
    await groups
      .lock({ groupId: content.group })
      .run(() => store.transaction((unit) => this.#take(unit, given, content)));
  }

  async #take(unit: Unit, given: Given, content: GroupWelcome): Promise<void> {
    const books = this.#books;
    const { group, sequencer } = content;
    const present = books.groups.get(unit, group);
    // CK-584: the id is unique among our groups, or another could be put in the place of one.
    if (present !== undefined && present.kind !== GroupKind.GROUP) {
      throw new PeerError(Code.WRONG_GROUP, "CK-584: a Welcome to a group that is another's");
    }
    if (present !== undefined && (await books.groups.state(unit, present)).isActive) {
      throw new PeerError(Code.UNEXPECTED, "we are in this group already");
    }
    if (present !== undefined) {
      eraseGroup(unit, books, present, "removed", { keepAddress: true });
    }
    const record = new GroupRecord(group, GroupKind.GROUP, books.account, sequencer);
    const state = await this.#join(unit, given, content);
    books.groups.save(unit, record, state);
    await this.#learn(unit, state, content);
    this.#invites.isIn(unit, group);
    books.groupBook.forgetPast(unit, group);
    const terms = termsIn(state);
    books.groupBook.putTerms(unit, group, terms);
    const about = { count: Number(state.epoch), name: terms.name };
    books.history.groupNotice(unit, NoticeKind.GROUP_JOINED, group, about, books.now());
    unit.after(() => this.#mark(record));
  }

  async #join(unit: Unit, given: Given, content: GroupWelcome): Promise<Group> {
    const books = this.#books;
    const bundle = books.findBundle(unit, welcomeReferences(content.message));
    if (bundle === undefined) {
      throw new PeerError(Code.UNEXPECTED, "a Welcome for no key package of ours");
    }
    const state = await Group.join(content.message, bundle, {
      now: books.now(),
      validator: alone,
      presentValidator: alone,
    });
    if (!equal(state.groupId, content.group)) {
      throw new PeerError(Code.WRONG_GROUP, "the Welcome is for another group than it says");
    }
    const epoch = await epochOf(state); // CK-830
    checkRoster(epoch); // CK-837, CK-838
    await this.#requireExpected(unit, given, content.group, state.welcomedBy);
    for (const { account, list } of epoch.leaves) {
      const known = books.lists.newest(unit, account);
      // CK-841: a contact of ours, or we ourselves, under a key that is not theirs.
      if (known !== undefined && !equal(known.identityKey, list.identityKey)) {
        throw new PeerError(Code.BAD_CREDENTIAL, "CK-841: a known account under another key");
      }
    }
    books.spendBundle(unit, bundle);
    return state;
  }

  /** Refuse a Welcome from anybody but who we said yes to, or a device of ours (CK-840). */
  async #requireExpected(
    unit: Unit,
    given: Given,
    group: GroupId,
    maker: MemberInfo | null,
  ): Promise<void> {
    const by = maker === null ? undefined : await deviceOf(maker);
    const { account: ours, contacts, lists } = this.#books;
    const asked = this.#invites.joining(unit, group);
    const inviter = given.purpose === Purpose.SIBLING ? ours : asked?.inviter;
    const isGood =
      given.purpose === Purpose.SIBLING ||
      (asked !== undefined &&
        contacts.get(unit, asked.inviter)?.standing === Standing.CONTACT &&
        equal(given.subject, group));
    const isBy = by !== undefined && inviter !== undefined && equal(by.account, inviter);
    // CK-598: a stolen device that was shut out could else draw others into a group of its own.
    if (!isGood || !isBy || given.retiredAt !== 0 || !lists.stands(unit, by.account, by.device)) {
      throw new PeerError(Code.REFUSED, "CK-840: a Welcome to a group that nobody said yes to");
    }
  }

  /** Note where the members are reached, as far as whoever let us in knows. */
  async #learn(unit: Unit, state: Group, { group, members }: GroupWelcome): Promise<void> {
    const books = this.#books;
    const leaves = await leavesOf(state);
    for (const { list } of leaves) await books.groupBook.learn(unit, group, list);
    for (const member of members) {
      const isIn = leaves.some((leaf) => isDevice(leaf, member));
      if (!isIn || isDevice(member, books)) continue;
      requireServer(member.address, books.profile.origin);
      books.groupBook.putMember(unit, group, member);
    }
  }
}

/** Judge leaves by themselves: with what else is in the tree they are judged together. */
async function alone(member: MemberInfo): Promise<void> {
  await checkAlone(member);
}
