/**
 * What a person does with groups: begin one, ask people in, name it, remove, leave.
 *
 * Each of it is one commit, or a message of the conversation of two; what follows from it is
 * `group_membership.ts`'s. A rule that others would refuse us by is said to the person beforehand.
 */

import { type Bytes, compare, copy, equal, hex, uint, utf8 } from "../core/bytes.ts";
import { encodeInGroup, encodeOuter } from "../core/content.ts";
import type { GroupTerms } from "../core/content_group.ts";
import type { MessageFile, MessageText } from "../core/content_inner.ts";
import { AuthorizationError, Code, PeerError, UsageError } from "../core/errors.ts";
import { encodeTerms, leafDigest, signDeparture, sortedAccounts } from "../core/group_rules.ts";
import {
  type AccountId,
  Digest,
  GroupId,
  MessageId,
  random,
  SequencerHandle,
} from "../core/ids.ts";
import type { Books } from "./books.ts";
import type { Conversations } from "./conversation.ts";
import { PICTURE_DUE_KIND } from "./group_book.ts";
import { eraseGroup } from "./group_ending.ts";
import type { GroupInvites } from "./group_invites.ts";
import type { GroupMembership, Wanted } from "./group_membership.ts";
import { isContact, nameInGroup } from "./group_names.ts";
import { stepLocked } from "./group_steps.ts";
import { toldInGroup } from "./group_targets.ts";
import { accountsIn, extensionOf, leavesOf, termsIn } from "./group_tree.ts";
import { GroupKind, GroupRecord } from "./groups.ts";
import { entryInGroup, type Message } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import { Profile } from "./profile.ts";
import type { Sequencers } from "./sequencer.ts";
import type { Unit } from "./unit.ts";

/** A member of a group. */
export type Member = Readonly<{
  account: AccountId;
  /** A contact's name; of anybody else what they call themselves, unverified. */
  name: string;
  /** They are a contact of ours, under the key that we know. */
  contact: boolean;
  /** They may remove others and name keepers. */
  keeper: boolean;
  /** How many of theirs are in the group. */
  devices: number;
  /** It is we. */
  own: boolean;
}>;

/** A group, as the person sees it. */
export type PeopleGroup = Readonly<{
  group: GroupId;
  /** The same as text: the key of a list, the name of a page. Not for the person. */
  key: string;
  /** What it is called. */
  name: string;
  /** Who is in it, the longest there first. */
  members: readonly Member[];
  /** Names of those we asked who have not said yes. */
  invited: readonly string[];
  /** Its picture, if it has one and it is here. */
  picture: Bytes | undefined;
  /** "left" or "removed" of one we are out of. */
  state: "member" | "left" | "removed";
}>;

/** What `GroupActions` works with. */
type ActionParts = Readonly<{
  books: Books;
  /** For the word of leaving. */
  outbox: Outbox;
  /** Sends in groups. */
  conversations: Pick<Conversations, "sendInGroup">;
  /** To be at the newest epoch. */
  sequencers: Pick<Sequencers, "pull">;
  /** Asks people in. */
  invites: Pick<GroupInvites, "invite" | "given">;
  /** Makes commits. */
  membership: Pick<GroupMembership, "commit" | "look">;
  /** Told when something is to be sent or committed. */
  after: () => void;
}>;

/** Makes other terms, or the same. */
type Renewal = (terms: GroupTerms, members: readonly AccountId[]) => GroupTerms;

/** Groups, for whoever acts in them. */
export class GroupActions {
  readonly #parts: ActionParts;

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  get #books(): Books {
    return this.#parts.books;
  }

  // Looking

  /** Return the groups that we are in, and those whose thread is here, by name. */
  async all(): Promise<PeopleGroup[]> {
    const { groupBook, groups, store } = this.#books;
    const found: PeopleGroup[] = groupBook.past(store).map(({ group, name, why }) => {
      const nobody = { members: [], invited: [], picture: undefined };
      return { group, key: hex(group), name, ...nobody, state: why };
    });
    for (const record of groups.all(store)) {
      if (record.kind === GroupKind.GROUP && (await groups.state(store, record)).isActive) {
        found.push(await this.#shown(record));
      }
    }
    const byName = (one: PeopleGroup, other: PeopleGroup) =>
      compare(utf8(one.name), utf8(other.name)) || compare(one.group, other.group);
    return found.sort(byName);
  }

  /**
   * Return a group that we are in.
   *
   * @throws AuthorizationError REFUSED, we are in no such group.
   */
  async require(group: GroupId): Promise<GroupRecord> {
    const { groups, store } = this.#books;
    const record = groups.get(store, group);
    const isOurs = record?.kind === GroupKind.GROUP && (await groups.state(store, record)).isActive;
    if (record === undefined || !isOurs) {
      throw new AuthorizationError(Code.REFUSED, "in no such group");
    }
    return record;
  }

  /** Return a group as the person sees it. */
  async #shown(record: GroupRecord): Promise<PeopleGroup> {
    const books = this.#books;
    const { contacts, groupBook, groups, store } = books;
    const { groupId: group } = record;
    const state = await groups.state(store, record);
    const [terms, leaves] = [termsIn(state), await leavesOf(state)];
    const members: Member[] = [];
    for (const account of accountsIn(leaves)) {
      members.push({
        account,
        name: await nameInGroup(books, store, group, account),
        contact: await isContact(books, store, group, account),
        keeper: terms.keepers.some((one) => equal(one, account)),
        devices: leaves.filter((leaf) => equal(leaf.account, account)).length,
        own: equal(account, books.account),
      });
    }
    const asked = this.#parts.invites.given(store, group);
    const invited = asked.flatMap(({ account }) => contacts.get(store, account)?.name ?? []);
    const kept = groupBook.picture(store, group);
    const isNamed = kept && terms.picture !== null && equal(terms.picture, Digest.sha256(kept));
    const picture = isNamed ? kept : undefined;
    const { name } = terms;
    return {
      group,
      key: hex(group),
      name,
      members,
      invited: invited.sort(),
      picture,
      state: "member",
    };
  }

  /** Return the name to show for who is, or was, in a group. */
  async nameOf(group: GroupId, account: AccountId): Promise<string> {
    return await nameInGroup(this.#books, this.#books.store, group, account);
  }

  // Beginning, naming

  /**
   * Begin a group with ourselves in it, as its keeper.
   *
   * @throws UsageError The name is empty, too long, or has characters that no line has.
   * @throws UnavailableError QUOTA, no address is left to give.
   */
  async create(name: string): Promise<PeopleGroup> {
    const books = this.#books;
    const terms: GroupTerms = { name, keepers: [books.account], picture: null };
    encodeTerms(terms);
    const record = await books.store.transaction(async (unit) => {
      const state = await books.createGroup(unit, extensionOf(terms));
      const sequencer = random(SequencerHandle, books.rng);
      const [id, how] = [new GroupId(state.groupId), { sequenced: false }];
      const made = new GroupRecord(id, GroupKind.GROUP, books.account, sequencer, how);
      books.groups.save(unit, made, state);
      books.groupBook.putTerms(unit, id, terms);
      for (const { list } of await leavesOf(state)) await books.groupBook.learn(unit, id, list);
      unit.after(() => this.#parts.membership.look(made));
      return made;
    });
    this.#parts.after();
    return await this.#shown(record);
  }

  /** Ask a contact into a group; throws as `GroupInvites.invite`. */
  async invite(group: GroupId, contact: AccountId): Promise<void> {
    const { groupBook, groups, store } = this.#books;
    const state = await groups.state(store, await this.require(group));
    const leaves = await leavesOf(state);
    // Who lost all devices that are in it may be asked again, and comes in with the new one.
    const stands = await Promise.all(leaves.map((leaf) => groupBook.stands(store, group, leaf)));
    const members = accountsIn(leaves.filter((_, i) => stands[i]));
    const { name } = termsIn(state);
    await this.#parts.invites.invite(group, { name, members, contact });
  }

  /**
   * Call a group otherwise; anybody may.
   *
   * @throws UsageError As `create`.
   * @throws AuthorizationError REFUSED, we are in no such group.
   * @throws UnavailableError The server is away; it goes on with the next look.
   */
  async rename(group: GroupId, name: string): Promise<void> {
    encodeTerms({ name, keepers: [this.#books.account], picture: null });
    await this.#change(group, (terms) => ({ ...terms, name }));
  }

  /**
   * Give a group a picture, or take it away; throws as `rename`.
   *
   * @param picture Stripped and small (`MAX_PICTURE_BYTES`); undefined for none.
   */
  async setPicture(group: GroupId, picture: Bytes | undefined): Promise<void> {
    const { groupBook, store } = this.#books;
    await this.require(group);
    if (picture !== undefined) {
      await store.transaction((unit) => groupBook.putPicture(unit, group, picture));
    }
    const digest = picture === undefined ? null : Digest.sha256(picture);
    await this.#change(group, (terms) => ({ ...terms, picture: digest }));
    if (picture === undefined) return;
    const record = await this.require(group);
    await store.transaction((unit) => {
      unit.put(PICTURE_DUE_KIND, copy(group), new Uint8Array());
      unit.after(() => this.#parts.membership.look(record));
    });
    this.#parts.after();
  }

  /**
   * Name a member a keeper, or take that back.
   *
   * @throws AuthorizationError REFUSED, only keepers may.
   * @throws UsageError No member; or nobody would be a keeper.
   * @throws UnavailableError As `rename`.
   */
  async nameKeeper(
    group: GroupId,
    account: AccountId,
    { keeper }: Readonly<{ keeper: boolean }>,
  ): Promise<void> {
    await this.#change(group, (terms, members) => {
      this.#requireKeeper(terms);
      if (!members.some((one) => equal(one, account))) {
        throw new UsageError("no member of this group");
      }
      const others = terms.keepers.filter((one) => !equal(one, account));
      const keepers = sortedAccounts(keeper ? [...others, account] : others);
      if (keepers.length === 0) throw new UsageError("a group has a keeper");
      return { ...terms, keepers };
    });
  }

  /**
   * Remove a member, with all their devices.
   *
   * @throws AuthorizationError REFUSED, only keepers may.
   * @throws UsageError No member, or we ourselves: that is `leave`.
   * @throws UnavailableError As `rename`.
   */
  async remove(group: GroupId, account: AccountId): Promise<void> {
    const { account: ours, groups, store } = this.#books;
    const record = await this.require(group);
    if (equal(account, ours)) throw new UsageError("nobody removes themselves");
    const present = await leavesOf(await groups.state(store, record));
    if (!present.some((leaf) => equal(leaf.account, account))) {
      throw new UsageError("no member of this group");
    }
    await this.#commit(record, async (_, state) => {
      this.#requireKeeper(termsIn(state));
      const theirs = (await leavesOf(state)).filter((leaf) => equal(leaf.account, account));
      return theirs.length > 0 ? { remove: theirs.map(({ index }) => index) } : undefined;
    });
  }

  async #change(group: GroupId, change: Renewal): Promise<void> {
    await this.#commit(await this.require(group), async (_, state) => {
      const before = termsIn(state);
      const terms = change(before, accountsIn(await leavesOf(state)));
      return equal(encodeTerms(terms), encodeTerms(before)) ? undefined : { terms };
    });
  }

  async #commit(record: GroupRecord, wanted: Wanted): Promise<void> {
    const { membership, after } = this.#parts;
    await this.#books.groups.lock(record).run(() => membership.commit(record, wanted));
    after();
  }

  #requireKeeper({ keepers }: GroupTerms): void {
    if (!keepers.some((one) => equal(one, this.#books.account))) {
      throw new AuthorizationError(Code.REFUSED, "CK-832: only a keeper may do this");
    }
  }

  // Leaving

  /**
   * Leave a group, with all our devices: our keys are erased at once.
   *
   * The others remove us on our signed word; MLS lets nobody remove themselves.
   *
   * @throws AuthorizationError REFUSED, we are in no such group.
   * @throws UnavailableError The server is away: nothing was changed.
   */
  async leave(group: GroupId): Promise<void> {
    const { after, outbox, sequencers } = this.#parts;
    const books = this.#books;
    const record = await this.require(group);
    await books.groups.lock(record).run(async () => {
      try {
        await sequencers.pull(record);
      } catch (error) {
        // Somebody has broken the group: whoever is in it can still go.
        if (!(error instanceof PeerError)) throw error;
        books.counters.drop("group broken");
      }
      await stepLocked(books, record, async (unit, newest) => {
        await this.#sayFarewell(unit, newest);
        eraseGroup(unit, books, newest, "left");
      });
    });
    try {
      await outbox.attempt();
    } finally {
      after();
    }
  }

  async #sayFarewell(unit: Unit, record: GroupRecord): Promise<void> {
    const books = this.#books;
    const { account, device, now, rng } = books;
    const state = await books.groups.state(unit, record);
    if (!state.isActive) return;
    const leaf = leafDigest(state.encryptionKey(state.ownLeaf));
    const { signaturePrivate } = Profile.load(unit);
    const word = { account, device, leaf };
    const departure = await signDeparture(record.groupId, word, signaturePrivate);
    const id = random(MessageId, rng);
    const said = encodeInGroup({ kind: "group.leave", id, at: now(), departure });
    const authenticatedData = uint(record.count + 1, 8);
    const message = await state.encrypt(said, { authenticatedData, rng });
    const content = encodeOuter({ kind: "mls", message });
    for (const to of await toldInGroup(books, unit, record)) {
      const address = books.resolve(unit, to.account, to.device);
      // Kept by itself: the group is gone in a moment.
      if (address !== undefined) this.#parts.outbox.putFixed(unit, address, content);
    }
  }

  // Talking

  /**
   * Send a text or a file to everybody in a group; returns the entry that it makes.
   *
   * @throws AuthorizationError REFUSED, we are in no such group.
   */
  async say(group: GroupId, content: MessageText | MessageFile): Promise<Message> {
    const { account, history } = this.#books;
    const record = await this.require(group);
    const entry = entryInGroup(group, account, content, { outgoing: true });
    await this.#parts.conversations.sendInGroup(record, (unit, newest) => {
      history.add(unit, entry, content.id, newest.count + 1);
      return content;
    });
    return entry;
  }
}
