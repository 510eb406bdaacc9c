/**
 * Groups of people of the client, as screens see them and ask of them.
 *
 * The client reads who is in a group out of its MLS state, which takes a moment: this looks again
 * whenever something was told, one look at a time, and shows what it found as a whole.
 */

import type { Client, Contact, GroupInvitation, Member, Message } from "../client/client.ts";
import type { PeopleGroup } from "../client/client_groups.ts";
import { type Bytes, copy, equal, hex } from "../core/bytes.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import { fileType } from "../core/file_type.ts";
import { Again } from "./again.ts";
import { sendingOf, smallPicture } from "./live_files.ts";
import { entriesOf, newsOf, standingOf } from "./live_group_news.ts";
import type { LiveModel } from "./live_model.ts";
import { countOfTheirs } from "./live_people.ts";
import type { PersonId, Thread } from "./model.ts";
import type { FileStep } from "./model_actions.ts";
import type {
  Author,
  CallLinkView,
  GroupActions,
  GroupInvite,
  GroupKey,
  Groups,
  GroupView,
  MemberView,
} from "./model_groups.ts";
import { resembles } from "./names.ts";

/** Before there is a profile. */
export const NO_GROUPS: Groups = { all: [], invites: [] };

/** The longer side of a group's picture, in pixels: sharp at the largest size that a page shows. */
const EDGE = 288;
/** It has to fit 48 KiB: at this quality even noise of that size does. */
const QUALITY = 0.75;

/** Topics after which groups may be other than before. */
const TOPICS: ReadonlySet<string> = new Set(["groups", "messages", "notices", "contacts", "calls"]);

/** Where it is shown, and whose client is asked. */
type Shown = Pick<LiveModel, "client" | "contact" | "set" | "snapshot">;

/** What a thread was made of, to make it again only when something of it changed. */
type Parts = readonly [history: unknown, notices: unknown, authors: string, unread: number];

type Kept = Readonly<{ of: PeopleGroup; view: GroupView; parts: Parts }>;

export class LiveGroups implements GroupActions {
  readonly #model: Shown;
  #kept: ReadonlyMap<GroupKey, Kept> = new Map();
  #asked: ReadonlyMap<string, GroupInvitation> = new Map();
  readonly #read = new Map<GroupKey, number>();
  /** Looks at the groups of the client that is followed now; `anew`: also at who is in them. */
  #look: (how: Readonly<{ anew: boolean }>) => Promise<void> = async () => undefined;

  constructor(model: Shown) {
    this.#model = model;
  }

  /** Show the groups of a client, and each change of them, until the signal ends that. */
  async follow(client: Client, signal: AbortSignal): Promise<void> {
    let groups: readonly PeopleGroup[] = [];
    let areOld = true;
    this.#read.clear();
    const looks = new Again(async () => {
      if (areOld) {
        areOld = false;
        groups = await client.groups();
      }
      const kept: Kept[] = [];
      for (const group of groups) kept.push(await this.#keptOf(client, group));
      if (!signal.aborted) this.#show(client, kept);
    });
    this.#look = ({ anew }) => {
      areOld ||= anew;
      return looks.run();
    };
    const stop = client.subscribe((topic) => {
      // Who is in it has not changed by what somebody says.
      const anew = topic !== "messages" && topic !== "calls";
      if (TOPICS.has(topic)) this.#lookSoon(signal, { anew });
    });
    signal.addEventListener("abort", () => {
      stop();
      this.#kept = new Map();
      this.#asked = new Map();
      this.#model.set({ groups: NO_GROUPS });
    });
    for (const one of await client.groups()) {
      this.#read.set(one.key, countOfTheirs(client.groupHistory(one)));
    }
    await this.#look({ anew: true });
  }

  #lookSoon(signal: AbortSignal, how: Readonly<{ anew: boolean }>): void {
    this.#look(how).catch((error: unknown) => {
      if (!signal.aborted) reportError(error);
    });
  }

  // Looking

  #show(client: Client, kept: readonly Kept[]): void {
    this.#kept = new Map(kept.map((one) => [one.of.key, one]));
    const invitations = client.groupInvitations();
    this.#asked = new Map(invitations.map((one) => [idOf(one), one]));
    const contacts = client.contacts();
    const { groups: before } = this.#model.snapshot();
    const invites = invitations.map((one) => inviteOf(one, contacts));
    const all = kept.map(({ view }) => view);
    // What did not change stays the same object, so that nothing is drawn again for it.
    const isSame = all.length === before.all.length && all.every((one, i) => one === before.all[i]);
    const areSame = JSON.stringify(invites) === JSON.stringify(before.invites);
    if (isSame && areSame) return;
    const groups = {
      all: isSame ? before.all : all,
      invites: areSame ? before.invites : invites,
    };
    this.#model.set({ groups });
  }

  async #keptOf(client: Client, group: PeopleGroup): Promise<Kept> {
    const { key } = group;
    const before = this.#kept.get(key);
    const contacts = client.contacts();
    const [history, notices] = [client.groupHistory(group), client.notices()];
    const members = group.members.map((member) => memberOf(member, contacts));
    const authors = await authorsOf(client, group, members, history);
    const unread = Math.max(0, countOfTheirs(history) - (this.#read.get(key) ?? 0));
    const parts: Parts = [history, notices, JSON.stringify([...authors]), unread];
    const isTold = before?.parts.every((part, i) => part === parts[i]) ?? false;
    const news = newsOf(notices, key);
    const entries = () => entriesOf(history, news, ({ contact }) => authors.get(hex(contact)));
    const thread: Thread = isTold && before ? before.view.thread : { entries: entries(), unread };
    const { name, invited } = group;
    const state = standingOf(group.state, news);
    const picture = pictureOf(group.picture, before);
    const goingOn = client.groupCalls?.goingOn(group.group)?.media;
    const view = { id: key, name, picture, members, invited, state, thread, goingOn };
    const isSame =
      before !== undefined &&
      before.view.thread === thread &&
      before.view.picture === picture &&
      factsOf(before.view) === factsOf(view);
    return { of: group, view: isSame ? before.view : view, parts };
  }

  #group(id: GroupKey): PeopleGroup {
    const found = this.#kept.get(id)?.of;
    if (found === undefined) throw new AuthorizationError(Code.REFUSED, "no such group");
    return found;
  }

  #member(id: GroupKey, member: PersonId): Member {
    const found = this.#group(id).members.find(({ account }) => hex(account) === member);
    if (found === undefined) throw new AuthorizationError(Code.REFUSED, "no such member");
    return found;
  }

  #invitation({ id }: GroupInvite): GroupInvitation {
    const found = this.#asked.get(id);
    if (found === undefined) throw new AuthorizationError(Code.EXPIRED, "no such invite");
    return found;
  }

  // What a person asks for

  async create(name: string): Promise<GroupKey> {
    const client = this.#client();
    const made = await client.createGroup(name);
    await this.#look({ anew: true }); // it is there before anybody goes to its page
    return made.key;
  }

  async ask(id: GroupKey, person: PersonId): Promise<void> {
    await this.#client().inviteToGroup(this.#group(id), this.#model.contact(person));
  }

  async accept(invite: GroupInvite): Promise<void> {
    await this.#client().acceptGroup(this.#invitation(invite));
  }

  async decline(invite: GroupInvite): Promise<void> {
    await this.#client().declineGroup(this.#invitation(invite));
  }

  async rename(id: GroupKey, name: string): Promise<void> {
    await this.#client().renameGroup(this.#group(id), name);
  }

  async setPicture(id: GroupKey, picture: File | undefined): Promise<void> {
    const small = picture && (await smallPicture(picture, EDGE, QUALITY));
    if (picture !== undefined && small === undefined) {
      throw new AuthorizationError(Code.UNSAFE_FILE, "no picture that this browser reads");
    }
    await this.#client().setGroupPicture(this.#group(id), small);
  }

  async setKeeper(id: GroupKey, member: PersonId, keeper: boolean): Promise<void> {
    await this.#client().nameKeeper(this.#group(id), this.#member(id, member), { keeper });
  }

  async remove(id: GroupKey, member: PersonId): Promise<void> {
    await this.#client().removeFromGroup(this.#group(id), this.#member(id, member));
  }

  async leave(id: GroupKey): Promise<void> {
    await this.#client().leaveGroup(this.#group(id));
  }

  async links(id: GroupKey): Promise<readonly CallLinkView[]> {
    const links = await this.#client().callLinks();
    return links.filter(({ group }) => group.key === id);
  }

  async makeLink(
    id: GroupKey,
    how: Readonly<{ once: boolean; hours: number }>,
  ): Promise<CallLinkView> {
    return await this.#client().createCallLink(this.#group(id), how);
  }

  async withdrawLink({ link }: CallLinkView): Promise<void> {
    await this.#client().withdrawCallLink(link);
  }

  async sendText(id: GroupKey, text: string): Promise<void> {
    await this.#client().sendGroupMessage(this.#group(id), text);
  }

  async sendFile(
    id: GroupKey,
    file: File,
    onStep: (step: FileStep) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const how = await sendingOf(file, onStep, signal);
    await this.#client().sendGroupFile(this.#group(id), file, file.name, how);
  }

  read(id: GroupKey): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#read.set(id, countOfTheirs(this.#client().groupHistory(kept.of)));
    if (kept.view.thread.unread > 0)
      this.#look({ anew: false }).catch((error: unknown) => reportError(error));
  }

  #client(): Client {
    return this.#model.client();
  }
}

function memberOf(member: Member, contacts: readonly Contact[]): MemberView {
  const { name, contact, keeper, own } = member;
  const id = hex(member.account);
  const known = contacts.find(({ key }) => key === id);
  const isStranger = !contact && !own;
  const other = isStranger ? contacts.find((one) => resembles(one.name, name)) : undefined;
  return {
    id,
    name,
    verified: contact && (known?.verified ?? false),
    contact,
    keeper,
    own,
    resembles: other?.name,
  };
}

/** Return who said something, by account. */
async function authorsOf(
  client: Client,
  group: PeopleGroup,
  members: readonly MemberView[],
  history: readonly Message[],
): Promise<ReadonlyMap<PersonId, Author>> {
  const found = new Map<PersonId, Author>(
    members.map(({ id, name, verified }) => [id, { id, name, verified }]),
  );
  for (const message of history) {
    const id = hex(message.contact);
    // Who is not in it any more has a name, too; of whom it is was not judged.
    if (found.has(id)) continue;
    found.set(id, { id, name: await client.nameOfAuthor(group, message), verified: false });
  }
  return found;
}

function idOf({ asked: { group, inviter } }: GroupInvitation): string {
  return `${hex(group)} ${hex(inviter)}`;
}

function inviteOf(invitation: GroupInvitation, contacts: readonly Contact[]): GroupInvite {
  const { name, inviter, members, asked } = invitation;
  const id = hex(asked.inviter);
  const verified = contacts.find(({ key }) => key === id)?.verified ?? false;
  return { id: idOf(invitation), name, inviter: { id, name: inviter, verified }, members };
}

/** Return the same picture for the same bytes, so that it is not loaded again with each change. */
function pictureOf(bytes: Bytes | undefined, before: Kept | undefined): Blob | undefined {
  if (bytes === undefined) return undefined;
  const kept = before?.of.picture;
  if (kept !== undefined && equal(kept, bytes)) return before?.view.picture;
  return new Blob([copy(bytes)], { type: fileType(bytes, "picture") });
}

/** Return what tells one view of a group from another, thread and picture excepted. */
function factsOf({ goingOn, name, members, invited, state }: GroupView): string {
  return JSON.stringify([goingOn, name, members, invited, state]);
}
