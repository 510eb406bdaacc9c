/**
 * What screens read of groups of people, and what they can ask about them: part of the border
 * (`model.ts`). Names of groups and of people are texts of strangers: show them with `<Name>` only.
 */

import type { Media, PersonId, Thread } from "./model.ts";
import type { FileStep } from "./model_actions.ts";

/** A group, as hexadecimal digits: a key in lists and routes. */
export type GroupKey = string;

/** Who said something. */
export type Author = Readonly<{
  id: PersonId;
  name: string;
  /** A contact whose safety number was compared, for the very key they have in the group. */
  verified: boolean;
}>;

export type MemberView = Author &
  Readonly<{
    /** One of our contacts; of anybody else the name is what they call themselves. */
    contact: boolean;
    /** May remove others and name keepers. */
    keeper: boolean;
    /** It is we. */
    own: boolean;
    /** The contact whose name theirs could be taken for. */
    resembles: string | undefined;
  }>;

/**
 * How we stand to a group. "broken": a commit against its rules stopped it, and nothing can change in
 * it any more; "left", "removed": we are out, and what was said is here.
 */
export type GroupStanding = "member" | "broken" | "left" | "removed";

export type GroupView = Readonly<{
  id: GroupKey;
  name: string;
  picture: Blob | undefined;
  /** The longest there first; nobody in one that we are out of. */
  members: readonly MemberView[];
  /** Names of contacts that were asked and have not said yes. */
  invited: readonly string[];
  state: GroupStanding;
  thread: Thread;
  /** As what a call was begun that can be come into; undefined: none goes on, as far as we know. */
  goingOn: Media | undefined;
}>;

/** A contact asks us into a group. */
export type GroupInvite = Readonly<{
  id: string;
  /** What they say it is called. */
  name: string;
  inviter: Author;
  /** How many they say are in it. */
  members: number;
}>;

export type Groups = Readonly<{
  all: readonly GroupView[];
  invites: readonly GroupInvite[];
}>;

/** A link by which people without an account ask to come into the calls of a group. */
export type CallLinkView = Readonly<{
  link: string;
  /** Unix seconds. */
  expiresAt: number;
  /** It ends with the first one who is let in. */
  once: boolean;
}>;

/** What became of a group, told between what is said in it. */
export type GroupNews =
  | "invited"
  | "joined"
  | "memberJoined"
  | "memberLeft"
  | "memberRemoved"
  | "renamed"
  | "picture"
  | "keeper"
  | "removedUs"
  | "called"
  | "broken";

export interface GroupActions {
  /** Begin a group with ourselves as its keeper. */
  create(name: string): Promise<GroupKey>;
  /** Ask a contact in; they are in it once they said yes. */
  ask(id: GroupKey, person: PersonId): Promise<void>;
  accept(invite: GroupInvite): Promise<void>;
  /** Whoever asked is told nothing. */
  decline(invite: GroupInvite): Promise<void>;
  rename(id: GroupKey, name: string): Promise<void>;
  /** A photo is made small, and nothing else of it is sent; undefined takes the picture away. */
  setPicture(id: GroupKey, picture: File | undefined): Promise<void>;
  setKeeper(id: GroupKey, member: PersonId, keeper: boolean): Promise<void>;
  remove(id: GroupKey, member: PersonId): Promise<void>;
  leave(id: GroupKey): Promise<void>;
  /** Links of this device into the calls of a group. */
  links(id: GroupKey): Promise<readonly CallLinkView[]>;
  makeLink(id: GroupKey, how: Readonly<{ once: boolean; hours: number }>): Promise<CallLinkView>;
  /** A link leads nowhere from then on; who came in by it stays. */
  withdrawLink(link: CallLinkView): Promise<void>;
  sendText(id: GroupKey, text: string): Promise<void>;
  /** As `FileActions.send`. */
  sendFile(
    id: GroupKey,
    file: File,
    onStep: (step: FileStep) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** The person has what was said before their eyes. */
  read(id: GroupKey): void;
}
