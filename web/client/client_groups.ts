/**
 * What a client does with groups of people: part of the facade (`client.ts`).
 *
 * Topic "groups" says to ask again for groups and invitations; what is said in them is told with topic
 * "messages". Not for: calls in groups, or what members may do (`core/group_rules.ts`).
 */

import { MAX_PICTURE_BYTES } from "../core/content_group.ts";
import { AuthorizationError, Code, PeerError } from "../core/errors.ts";
import { MessageId, random } from "../core/ids.ts";
import { Filing } from "./client_files.ts";
import type { PreparedFile, SendFileOptions } from "./files.ts";
import type { Member, PeopleGroup } from "./group_actions.ts";
import type { Asked } from "./group_asking.ts";
import { PICTURES } from "./group_talk.ts";
import type { Message } from "./history.ts";
import type { Contact } from "./snapshots.ts";

export type { Member, PeopleGroup } from "./group_actions.ts";

/** Somebody asks us into a group. */
export type GroupInvitation = Readonly<{
  /** What they say it is called. */
  name: string;
  /** Whose invite it is; a contact. */
  inviter: string;
  /** How many they say are in it. */
  members: number;
  /** For `acceptGroup` and `declineGroup`. */
  asked: Asked;
}>;

/** The part of `Client` that is about groups of people. */
export class Grouping extends Filing {
  /** Return the groups that we are in, and those of before whose thread is here (topic "groups"). */
  async groups(): Promise<readonly PeopleGroup[]> {
    return await this.session.people.actions.all();
  }

  /**
   * Return the group of this name, or the only one whose name begins so.
   *
   * One that we are in goes before one that we are out of.
   *
   * @throws AuthorizationError REFUSED, there is none, or more than one.
   */
  async findGroup(prefix: string): Promise<PeopleGroup> {
    const everything = await this.groups();
    for (const isOurs of [true, false]) {
      const among = everything.filter(({ state }) => (state === "member") === isOurs);
      const exact = among.filter(({ name }) => name === prefix);
      const found = exact.length > 0 ? exact : among.filter(({ name }) => name.startsWith(prefix));
      const [only, second] = found;
      if (second !== undefined) {
        throw new AuthorizationError(Code.REFUSED, "more than one group of this name");
      }
      if (only !== undefined) return only;
    }
    throw new AuthorizationError(Code.REFUSED, "no group of this name");
  }

  /**
   * Begin a group with ourselves in it, as its keeper.
   *
   * @throws UsageError The name is empty, too long (128 bytes), or is no line of text.
   */
  async createGroup(name: string): Promise<PeopleGroup> {
    return await this.session.people.actions.create(name);
  }

  /**
   * Ask a contact into a group. They are in it once they said yes, within a week.
   *
   * @throws UsageError They are in it.
   * @throws AuthorizationError REFUSED, we are in no such group, or they are no contact.
   * @throws UnavailableError We wait to be let into the conversation with them.
   */
  async inviteToGroup({ group }: PeopleGroup, { account }: Contact): Promise<void> {
    await this.session.people.actions.invite(group, account);
  }

  /** Return the invites that wait for an answer (topic "groups"). */
  groupInvitations(): readonly GroupInvitation[] {
    const { books, people } = this.session;
    return people.invites.asked(books.store).flatMap((asked) => {
      const known = books.contacts.get(books.store, asked.inviter);
      if (known === undefined) return [];
      return [{ name: asked.name, inviter: known.name, members: asked.members, asked }];
    });
  }

  /**
   * Say yes. We are in the group once whoever asked has let us in.
   *
   * @throws AuthorizationError EXPIRED, it is a week old; REFUSED, it is not there any more.
   * @throws UnavailableError We wait to be let into the conversation with them.
   */
  async acceptGroup({ asked }: GroupInvitation): Promise<void> {
    await this.session.people.invites.accept(asked);
  }

  /** Forget an invite. Whoever asked is told nothing. */
  async declineGroup({ asked }: GroupInvitation): Promise<void> {
    await this.session.people.invites.decline(asked);
  }

  /**
   * Call a group otherwise; any member may.
   *
   * @throws UsageError As `createGroup`.
   * @throws AuthorizationError REFUSED, we are in no such group.
   * @throws UnavailableError The server cannot be reached.
   */
  async renameGroup({ group }: PeopleGroup, name: string): Promise<void> {
    await this.session.people.actions.rename(group, name);
  }

  /**
   * Give a group a picture (JPEG, PNG or WebP), or take it away; any member may.
   *
   * @throws AuthorizationError UNSAFE_FILE, it is no such picture; REFUSED, in no such group.
   * @throws PeerError TOO_LARGE, more than 48 KiB.
   * @throws UnavailableError The server cannot be reached.
   */
  async setGroupPicture({ group }: PeopleGroup, picture: Blob | undefined): Promise<void> {
    const prepared = picture && (await this.prepareFile(picture, "picture"));
    if (prepared !== undefined && !PICTURES.has(prepared.type)) {
      throw new AuthorizationError(Code.UNSAFE_FILE, "CK-844: no picture that a group may have");
    }
    if (prepared !== undefined && prepared.data.length > MAX_PICTURE_BYTES) {
      throw new PeerError(Code.TOO_LARGE, "the picture of a group is small");
    }
    await this.session.people.actions.setPicture(group, prepared?.data);
  }

  /**
   * Name a member a keeper, who may remove others and name keepers; or take that back.
   *
   * @throws AuthorizationError REFUSED, only a keeper may.
   * @throws UsageError Nobody would be a keeper.
   * @throws UnavailableError The server cannot be reached.
   */
  async nameKeeper(
    { group }: PeopleGroup,
    { account }: Member,
    { keeper = true }: Readonly<{ keeper?: boolean }> = {},
  ): Promise<void> {
    await this.session.people.actions.nameKeeper(group, account, { keeper });
  }

  /**
   * Remove a member with all their devices; only a keeper may.
   *
   * @throws AuthorizationError REFUSED, only a keeper may.
   * @throws UsageError It is ourselves: `leaveGroup`.
   * @throws UnavailableError The server cannot be reached.
   */
  async removeFromGroup({ group }: PeopleGroup, { account }: Member): Promise<void> {
    await this.session.people.actions.remove(group, account);
  }

  /**
   * Leave a group with all our devices. Its keys are erased at once, its thread stays.
   *
   * @throws AuthorizationError REFUSED, we are in no such group.
   * @throws UnavailableError The server cannot be reached: nothing was changed.
   */
  async leaveGroup({ group }: PeopleGroup): Promise<void> {
    await this.session.people.actions.leave(group);
  }

  /**
   * Send a text to everybody in a group: kept here, and resent until the server has it.
   *
   * @throws AuthorizationError REFUSED, we are in no such group.
   */
  async sendGroupMessage({ group }: PeopleGroup, text: string): Promise<void> {
    const { people, rng } = this.session;
    const [id, at] = [random(MessageId, rng), this.session.now()];
    await people.actions.say(group, { kind: "message.text", id, at, body: text });
  }

  /** Send a file to everybody in a group; as `sendFile`. */
  async sendGroupFile(
    { group }: PeopleGroup,
    file: Blob | PreparedFile,
    name: string,
    options: SendFileOptions = {},
  ): Promise<Message> {
    const files = await import("./files.ts");
    const prepared = file instanceof Blob ? await files.prepareFile(file, name) : file;
    return await files.sendGroupFile(this.session, group, prepared, options);
  }

  /** What was said in a group, oldest first (topic "messages"). */
  groupHistory({ group }: PeopleGroup): readonly Message[] {
    return this.snapshots.groupHistory(group);
  }

  /** Return who said something in a group, as `Member.name`. */
  async nameOfAuthor({ group }: PeopleGroup, { contact }: Message): Promise<string> {
    return await this.session.people.actions.nameOf(group, contact);
  }
}
