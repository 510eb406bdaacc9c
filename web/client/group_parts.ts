/** Everything that looks after groups of people, wired together; one for each session. */

import type { GroupId } from "../core/ids.ts";
import type { Books } from "./books.ts";
import type { Conversations } from "./conversation.ts";
import { GroupActions } from "./group_actions.ts";
import { GroupAnnouncing } from "./group_announcing.ts";
import { GroupChanges } from "./group_changes.ts";
import { GroupInvites } from "./group_invites.ts";
import { GroupMembership } from "./group_membership.ts";
import { GroupTalk } from "./group_talk.ts";
import { GroupWelcomes } from "./group_welcomes.ts";
import { GroupKind, type GroupRecord } from "./groups.ts";
import type { Membership } from "./membership.ts";
import type { Outbox } from "./outbox.ts";
import type { Applied, Sequencers } from "./sequencer.ts";
import type { Unit } from "./unit.ts";

/** What they work with. */
type Surroundings = Readonly<{
  books: Books;
  outbox: Outbox;
  conversations: Conversations;
  sequencers: Sequencers;
  /** Of conversations and the self group; knows when which group is to be looked at. */
  membership: Membership;
  /** Told when something is to be sent or committed. */
  after: () => void;
}>;

/** The parts of a session that are about groups of people. */
export class GroupParts {
  readonly talk: GroupTalk;
  readonly invites: GroupInvites;
  readonly membership: GroupMembership;
  readonly actions: GroupActions;
  readonly welcomes: GroupWelcomes;
  readonly #changes: GroupChanges;
  readonly #others: Membership;
  readonly #listeners: ((group: GroupId) => void)[] = [];

  constructor(surroundings: Surroundings) {
    const { books, outbox, conversations, sequencers, membership: others, after } = surroundings;
    const mark = others.mark.bind(others);
    const postpone = others.postpone.bind(others);
    const keyPackage = others.keyPackage.bind(others);
    const invites = new GroupInvites(books, conversations, { mark, after });
    const announcing = new GroupAnnouncing(books, conversations, postpone);
    const parts = { books, sequencers, invites };
    const membership = new GroupMembership({ ...parts, announcing, keyPackage, postpone, mark });
    this.talk = new GroupTalk(books, outbox, mark);
    this.invites = invites;
    this.membership = membership;
    this.actions = new GroupActions({ ...parts, outbox, conversations, membership, after });
    this.welcomes = new GroupWelcomes(books, invites, mark);
    this.#changes = new GroupChanges(books, outbox, mark);
    this.#others = others;
  }

  /** Register who is told, once it is on disk, that a commit changed a group of people. */
  onChanged(listener: (group: GroupId) => void): void {
    this.#listeners.push(listener);
  }

  /** Have a commit noted by whom it concerns; inside its transaction. */
  async applied(unit: Unit, change: Applied): Promise<void> {
    const { groupId, kind } = change.record;
    if (kind !== GroupKind.GROUP) return await this.#others.applied(unit, change);
    await this.#changes.applied(unit, change);
    unit.after(() => {
      for (const listener of this.#listeners) listener(groupId);
    });
  }

  /** Take note of a group in which a member's commit breaks the rules. */
  async refused(record: GroupRecord): Promise<void> {
    if (record.kind === GroupKind.GROUP) await this.#changes.broken(record);
  }
}
