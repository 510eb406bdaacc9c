/**
 * A group call as a page sees it: who is in it, who waits to be let in.
 *
 * A page subscribes to a call and reads its properties again each time it is told. A member has a
 * `GroupCall`, a guest a `GuestCall` (`guest.ts`); most of both is `CallOfMany`. Not for: how it is
 * carried on (`group_calls.ts`), one that rings (`group_call_incoming.ts`), or recording without
 * everybody's yes: there is none in the client, on purpose.
 */

import type { Reaction } from "../core/content_group_call.ts";
import type { Media } from "../core/content_records.ts";
import type { Code } from "../core/errors.ts";
import type { AccountId, GroupId, SignatureKey } from "../core/ids.ts";
import type { GroupLocal, GroupMediaStats, GroupRemote } from "../media/group_interfaces.ts";
import type { Tile } from "../media/tiles_wanted.ts";
import { SUITE_NAME } from "./call_objects.ts";
import type { GoingOn } from "./group_call_book.ts";
import type { Shows } from "./group_call_signs.ts";
import type { Met } from "./left_group_call.ts";
import { Feed, Signal } from "./lock.ts";
import { CallRecording } from "./recording_objects.ts";

/** Why a group call is over for this device. */
export const GroupCallEnd = {
  LEFT: "left",
  /** Others removed us, from the call or from the group. */
  REMOVED: "removed",
  /** There was no such call any more. */
  NOBODY: "nobody",
  /** Nobody let us in: the server, or those inside, cannot be reached now. */
  UNREACHED: "unreached",
  /** This browser cannot encrypt it, or can no longer: it was left. */
  NOT_ENCRYPTED: "not encrypted",
  /** To a guest: the host let us in no more, or never. */
  REFUSED: "refused",
  /** To a guest: the link was withdrawn, used up, or has expired. */
  CLOSED: "closed",
  /** To a guest: who answered is not who made the link. */
  IMPOSTOR: "impostor",
} as const;
export type GroupCallEnd = (typeof GroupCallEnd)[keyof typeof GroupCallEnd];

/** A device in a group call. */
export type InCall = Readonly<{
  /** Its place; what comes from it is sealed under it. */
  leaf: number;
  /** With which it signs: a place may be another's later, this is never. */
  key: SignatureKey;
  /** Whose it is; undefined for a guest, who has none. */
  account: AccountId | undefined;
  /** What to show. */
  name: string;
  /** It is this device. */
  own: boolean;
  /** A contact whose safety number was compared; never a guest. */
  verified: boolean;
  /** Somebody who came by a call link, under a name they chose themselves. */
  guest: boolean;
  /** What it says of itself: hand, microphone, camera, screen; undefined: nothing yet. */
  shows: Shows | undefined;
}>;

/** A member as it was shown, at its place. */
export type AtPlace = Pick<InCall, "leaf" | "key">;

/** Somebody who waits in the lobby of a call link of ours. */
export type AtDoor = Readonly<{
  /** What they want to be called. Nobody has verified it, whoever has that name elsewhere. */
  name: string;
  /** Unix seconds. */
  since: number;
  /** Let them into the call; false if they have gone, or the link is over. */
  admit(): Promise<boolean>;
  /** Do not let them in; they are told so. */
  refuse(): Promise<void>;
}>;

/** Of whom something is told. A guest chose their name themselves: whoever words it says so. */
export type Called = Pick<InCall, "name" | "guest">;

/** Something that a person should see of who is in a call. */
export type Change = Readonly<{
  /** Who came. */
  came: readonly Called[];
  /** Who went. */
  went: readonly Called[];
  /** So many are in the room who are no members of the call, if that changed: they hear nothing. */
  unlisted: number | undefined;
  /** Who raised a hand. */
  hand: Called | undefined;
  /** Who shows a reaction, and which. */
  reaction: (Called & Readonly<{ reaction: Reaction }>) | undefined;
  /** Who asks us to mute ourselves. Whether we do is for the person to say. */
  asks: (Called & Pick<InCall, "leaf">) | undefined;
  /** Name of who came into a lobby of ours and asks to be let in (`GroupCall.waiting`). */
  knocks: string | undefined;
}>;

const NO_CHANGE: Change = {
  came: [],
  went: [],
  unlisted: undefined,
  hand: undefined,
  reaction: undefined,
  asks: undefined,
  knocks: undefined,
};

/** What a group call's security rests on, for people who look: the same object until it changes. */
export type GroupSecurity = Readonly<{
  suite: string;
  /** Of the call's group; undefined before we are in it. */
  epoch: number | undefined;
}>;

/** What we show and say in a group call, and where the others' goes. */
export type GroupEnds = Readonly<{
  /** It is the call's from now on, and closed on an error too. */
  local: GroupLocal;
  /** Likewise. */
  remote: GroupRemote;
}>;

/** Free both. Harmless when repeated. */
export function closeGroupEnds({ local, remote }: GroupEnds): void {
  local.close();
  remote.close();
}

/** What a stay's media tell and are told. */
export type Followed = Readonly<{
  stats(): GroupMediaStats;
  speaking(): readonly number[];
  look(tiles: readonly Tile[] | undefined): void;
}>;

/** What anybody can do in a call. */
export type Steps = Readonly<{
  /** Ends it here. */
  leave(): void;
  /** Shows something of ourselves. */
  showOwn(changes: Partial<Shows>): void;
  /** Shows a reaction. */
  react(reaction: Reaction): void;
  /** Asks a member to mute itself; CONFLICT (CK-876). */
  askToMute(member: AtPlace): void;
}>;

/** What a member can do beside that. */
export type MemberSteps = Steps &
  Readonly<{
    /** Has a member removed; CONFLICT (CK-876). */
    remove(member: AtPlace): void;
  }>;

const NO_STATS: GroupMediaStats = {
  path: "none",
  opened: new Map(),
  refused: 0,
  unopened: new Set(),
  lacksSfu: false,
};

/** One call of many on this device, from the first knock to its end. */
export class CallOfMany {
  /** Who asks to record it, and what is recorded. */
  readonly recording = new CallRecording(() => this.tell());
  readonly #steps: Steps;
  readonly #listeners = new Set<() => void>();
  readonly #changes = new Feed<Change>();
  readonly #over = new Signal();
  readonly #moved = new Signal();
  #members: readonly InCall[] = [];
  #wasInside = false;
  #isInside = false;
  #security: GroupSecurity = { suite: SUITE_NAME, epoch: undefined };
  #end: GroupCallEnd | undefined;
  #code: Code | undefined;
  #media: Followed | undefined;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  /** Everybody who can hear, by their places; us among them. Empty until we are in. */
  get members(): readonly InCall[] {
    return this.#members;
  }

  /** Members of whom something comes without the call's keys; nobody hears or sees it. */
  get unopened(): readonly InCall[] {
    const { unopened } = this.stats();
    return this.#members.filter(({ leaf, own }) => !own && unopened.has(leaf));
  }

  /** Whether we are in it; false before, and while we come in again after we were cut off. */
  get isInside(): boolean {
    return this.#isInside;
  }

  /** What the security of this call rests on. */
  get security(): GroupSecurity {
    return this.#security;
  }

  /** Be told whenever something may have changed; what it returns ends that. */
  subscribe(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Wait until we were in it; false if it ended before. */
  async inside(): Promise<boolean> {
    await this.#moved.wait();
    return this.#wasInside;
  }

  /**
   * Yield what changed of who is in it, from the beginning to its end; to any number of readers.
   *
   * @throws The signal's reason.
   */
  changes(signal?: AbortSignal): AsyncGenerator<Change, void, undefined> {
    return this.#changes.read(signal);
  }

  /** Leave; the others go on. Its keys are gone when this returns. Harmless when repeated. */
  async leave(): Promise<void> {
    this.#steps.leave();
    await this.ended();
  }

  /**
   * Tell the others that our hand is up, or what we send; what is not named stays.
   *
   * It is a sign for people, and mutes nothing: that is the local media's to do.
   */
  showOwn(changes: Partial<Shows>): void {
    this.#steps.showOwn(changes);
  }

  /** Show everybody a reaction. */
  react(reaction: Reaction): void {
    this.#steps.react(reaction);
  }

  /**
   * Ask a member to mute itself. Nobody can be muted by others.
   *
   * @throws UnavailableError CONFLICT: they have gone, or their place is another's now.
   */
  askToMute(member: AtPlace): void {
    this.#steps.askToMute(member);
  }

  /** Wait until it is over here; return why. */
  async ended(): Promise<GroupCallEnd> {
    await this.#over.wait();
    return this.#end ?? GroupCallEnd.LEFT;
  }

  /** Why it is over, once it is. */
  get endReason(): GroupCallEnd | undefined {
    return this.#end;
  }

  /** What failed, once it is over and if something did. */
  get endCode(): Code | undefined {
    return this.#code;
  }

  /**
   * Return the leaves of who speaks, the one to be shown large first; never our own.
   *
   * Measured here, from what this device decoded: nobody says how loud they are.
   */
  speaking(): readonly number[] {
    return this.#media?.speaking() ?? [];
  }

  /**
   * Get pictures of these tiles alone; sound comes of everybody.
   *
   * @param tiles In their order on the page; undefined: pictures of everybody, as it is at first, and
   *   again whenever we had to come in anew and leaves are others'.
   */
  look(tiles: readonly Tile[] | undefined): void {
    this.#media?.look(tiles);
  }

  /** Return the figures of the media since we came in last. */
  stats(): GroupMediaStats {
    return this.#media?.stats() ?? NO_STATS;
  }

  // For the service.

  /** Take figures and who speaks from other connections from here on. */
  follow(media: Followed): void {
    this.#media = media;
  }

  /** Note who is in it now, and in which epoch. */
  show(members: readonly InCall[], epoch: number): void {
    this.#members = members;
    this.#isInside = members.some(({ own }) => own);
    if (this.#isInside) {
      this.#wasInside = true;
      this.#moved.set();
    }
    if (this.#security.epoch !== epoch) this.#security = { ...this.#security, epoch };
    this.tell();
  }

  /** Note what a person should see. */
  changed(change: Partial<Change>): void {
    this.#changes.push({ ...NO_CHANGE, ...change });
    this.tell();
  }

  /** We are out of it, for now or for good. */
  outside(): void {
    this.#isInside = false;
    this.tell();
  }

  /** Note that it is over. */
  end(why: GroupCallEnd, code?: Code): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    this.#code = code;
    this.#members = [];
    this.#isInside = false;
    this.#changes.close();
    this.#moved.set();
    this.#over.set();
    this.tell();
  }

  /** Have whoever subscribed look again. */
  protected tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** One call of a group on the device of a member. */
export class GroupCall extends CallOfMany {
  /** The call; another one's after two were begun at once. For the service. */
  going: GoingOn;
  /** Who was met in it so far; undefined: nobody. Set by the service. */
  met: Met | undefined;
  readonly #may: MemberSteps;
  #waiting: readonly AtDoor[] = [];
  #isLobbyTaken = false;

  constructor(going: GoingOn, steps: MemberSteps) {
    super(steps);
    this.going = going;
    this.#may = steps;
  }

  /** The group that it is a call of. */
  get group(): GroupId {
    return this.going.group;
  }

  /** As what it began. */
  get media(): Media {
    return this.going.media;
  }

  /** Who asks to be let in as a guest, by a link that this device made; the longest first. */
  get waiting(): readonly AtDoor[] {
    return this.#waiting;
  }

  /** Whether somebody who has a link of ours sits in its lobby in our place: withdraw it. */
  get isLobbyTaken(): boolean {
    return this.#isLobbyTaken;
  }

  /**
   * Have a member removed from this call; everybody sees it. They may come in again.
   *
   * A guest may not, if it was this device that let them in.
   *
   * @throws UnavailableError CONFLICT: they have gone, or their place is another's now.
   */
  remove(member: AtPlace): void {
    this.#may.remove(member);
  }

  // For the service.

  /** Note whether somebody sits in a lobby of ours. */
  lobbyTaken(isTaken: boolean): void {
    if (isTaken === this.#isLobbyTaken) return;
    this.#isLobbyTaken = isTaken;
    this.tell();
  }

  /** Note who asks to be let in, and who of them is new. */
  waits(waiting: readonly AtDoor[], fresh?: AtDoor): void {
    this.#waiting = waiting;
    if (fresh === undefined) this.tell();
    else this.changed({ knocks: fresh.name });
  }
}
