/**
 * States, events, effects and tuning constants of the keys of a group call (`group_call.ts`).
 *
 * One machine is one device in one group call. A member is a leaf of the call group; who that is,
 * the shell knows. A leaf that was removed may be given to somebody else by the same commit, so who
 * came and who went is said with each epoch and never worked out from two sets of leaves.
 *
 * Not for: ringing (`call.ts`), the MLS group itself, media, or the call room's frames.
 */

import type { Code } from "./errors.ts";
import type { Digest } from "./ids.ts";

/**
 * From the first wish to come or to go until it is committed. Higher: more wishes share one change
 * of keys; lower: a leaver's keys end, and a joiner hears, sooner.
 */
export const GATHER_S = 0.1;

/**
 * How long each member waits for the one before it to commit. Higher: fewer commits at once on slow
 * networks; lower: a member that vanished holds up less.
 */
export const TAKE_OVER_S = 0.5;

/**
 * From the first epoch that senders do not use yet until they do, ready or not. Higher: slow
 * members lose fewer frames; lower: frames are sealed with keys that a leaver had for less long.
 */
export const SWITCH_S = 0.5;

/** Between two requests of a joiner that nobody let in. */
export const ASK_AGAIN_S = 3;

/**
 * Joiners in one commit. Higher: fewer changes of keys when many come at once; lower: smaller
 * messages (a key package takes 3 KiB).
 */
export const MAX_ADDS = 8;

/** Joiners who wait at once. Beyond it they are refused, and ask again. */
export const MAX_WISHES = 64;

/** Why this device is in the call no longer. */
export const LeftReason = {
  LEFT: "left",
  REMOVED: "removed",
  /** Nobody let it in before the time was over. */
  NOBODY: "nobody",
} as const;

export type LeftReason = (typeof LeftReason)[keyof typeof LeftReason];

// States

/** Nothing has happened yet. */
export type Idle = Readonly<{ kind: "idle" }>;

/** A joiner that waits to be let in; it holds no key of the call. */
export type Asking = Readonly<{
  kind: "asking";
  joiner: Digest;
  againAt: number;
  expiresAt: number;
}>;

/** A member of the call group. */
export type Inside = Readonly<{
  kind: "inside";
  /** Our leaf. */
  own: number;
  /** The newest epoch here, whose frames we can open. */
  epoch: number;
  /** Its members. */
  leaves: ReadonlySet<number>;
  /** The epoch that our frames are sealed with; null: nothing is sent yet. */
  sending: number | null;
  /** Members who said that they leave, whose connection ended, or who are to be removed. */
  going: ReadonlySet<number>;
  /** Who wants to come, oldest first. */
  joiners: readonly Digest[];
  /** When the first wish that is not committed yet came up. */
  wishedAt: number | null;
  /** The epoch that our own commit leads from, while the room has not answered it. */
  offered: number | null;
  /** The newest epoch that each other member said it can open. */
  ready: ReadonlyMap<number, number>;
  /** When senders switch, ready or not; null: they have. */
  switchAt: number | null;
  /** Whether the room can be reached. */
  inRoom: boolean;
}>;

/** Terminal: the keys are gone. */
export type Outside = Readonly<{ kind: "outside"; reason: LeftReason }>;

export type State = Idle | Asking | Inside | Outside;

// Events

/** A person wants to come into the call; `joiner` is the reference of our key package. */
export type JoinRequested = Readonly<{
  kind: "joinRequested";
  now: number;
  joiner: Digest;
  expiresAt: number;
}>;

/** A commit was applied here, or a Welcome, or we made the group. */
export type EpochBegan = Readonly<{
  kind: "epochBegan";
  /** Monotonic seconds. */
  now: number;
  /** The epoch it leads to. */
  epoch: number;
  /** Our leaf. */
  own: number;
  /** All members. */
  leaves: ReadonlySet<number>;
  /** Leaves that were added. */
  came: ReadonlySet<number>;
  /** Leaves that were removed. */
  went: ReadonlySet<number>;
  /** Key packages that were added. */
  admitted: readonly Digest[];
}>;

/** Somebody who may come wants to; the shell has checked their key package. */
export type JoinWished = Readonly<{ kind: "joinWished"; now: number; joiner: Digest }>;

/** A joiner does not want to any more, or its key package is no good. */
export type JoinWithdrawn = Readonly<{ kind: "joinWithdrawn"; now: number; joiner: Digest }>;

/** A member said that it leaves, its connection ended, or it is to be removed. */
export type MemberGoing = Readonly<{ kind: "memberGoing"; now: number; leaf: number }>;

/** A member whose connection ended is there again, before it was removed. */
export type MemberBack = Readonly<{ kind: "memberBack"; now: number; leaf: number }>;

/** Our commit of this epoch was not the first of it, or the room did not take it. */
export type CommitLost = Readonly<{ kind: "commitLost"; now: number; epoch: number }>;

/** A member can open frames of this epoch. */
export type ReadyReceived = Readonly<{
  kind: "readyReceived";
  now: number;
  leaf: number;
  epoch: number;
}>;

/** The connection to the call room ended. */
export type RoomLost = Readonly<{ kind: "roomLost"; now: number }>;

/** The call room is there again, and every commit we lacked was applied. */
export type RoomEntered = Readonly<{ kind: "roomEntered"; now: number }>;

/** A person leaves the call. */
export type LeaveRequested = Readonly<{ kind: "leaveRequested" }>;

/** A commit removed us. */
export type WasRemoved = Readonly<{ kind: "wasRemoved" }>;

/** The time of the last `setDeadline`, or an earlier one, has come. */
export type DeadlineReached = Readonly<{ kind: "deadlineReached"; now: number }>;

export type Event =
  | JoinRequested
  | EpochBegan
  | JoinWished
  | JoinWithdrawn
  | MemberGoing
  | MemberBack
  | CommitLost
  | ReadyReceived
  | RoomLost
  | RoomEntered
  | LeaveRequested
  | WasRemoved
  | DeadlineReached;

// Effects

/** Send our key package to the members. */
export type AskToJoin = Readonly<{ kind: "askToJoin" }>;

/** Make a commit of the present epoch and offer it to the room. */
export type Commit = Readonly<{
  kind: "commit";
  add: readonly Digest[];
  remove: readonly number[];
}>;

/** Open no frame of these leaves any more, in any epoch so far; before `installKeys`. */
export type DropLeaves = Readonly<{ kind: "dropLeaves"; leaves: readonly number[] }>;

/** Open frames of this epoch from now on. */
export type InstallKeys = Readonly<{ kind: "installKeys"; epoch: number }>;

/** Say to the members that frames of this epoch can be opened here. */
export type SendReady = Readonly<{ kind: "sendReady"; epoch: number }>;

/** Seal frames with the keys of this epoch, and wipe the sending keys of the one before. */
export type SwitchSending = Readonly<{ kind: "switchSending"; epoch: number }>;

/** Have the room cut these leaves off; the shell knows their numbers there. */
export type Evict = Readonly<{ kind: "evict"; leaves: readonly number[] }>;

/** Say to the person, visibly and audibly, who came and who went. */
export type Announce = Readonly<{
  kind: "announce";
  came: readonly number[];
  went: readonly number[];
}>;

/** Say to the members that we leave. */
export type SayLeaving = Readonly<{ kind: "sayLeaving" }>;

/** Drop every key of the call, and leave the room. */
export type WipeKeys = Readonly<{ kind: "wipeKeys" }>;

/** Say to the person why this device is in the call no longer. */
export type ReportOutside = Readonly<{ kind: "reportOutside"; reason: LeftReason }>;

/** Tell `deadlineReached` at this time, and not at any time set before; null: at no time. */
export type SetDeadline = Readonly<{ kind: "setDeadline"; at: number | null }>;

/** A member or the room broke the protocol; the state is unchanged. */
export type Reject = Readonly<{ kind: "reject"; code: Code }>;

export type Effect =
  | AskToJoin
  | Commit
  | DropLeaves
  | InstallKeys
  | SendReady
  | SwitchSending
  | Evict
  | Announce
  | SayLeaving
  | WipeKeys
  | ReportOutside
  | SetDeadline
  | Reject;

/** The next state, and the effects to carry out in order. */
export type Step = Readonly<{ state: State; effects: readonly Effect[] }>;

/** Go on in this state. */
export function goOn(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}
