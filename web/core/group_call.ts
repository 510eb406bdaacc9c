/**
 * Keys of a group call on one device: `step(state, event)` returns the next state and the effects.
 *
 * Pure: no clock, randomness, socket or key. It decides who commits when, and when senders switch to
 * new keys; the rules and the drawing are in `docs/protocol/group-call.md`, the words in
 * `group_call_types.ts`.
 *
 *     wish to come or go -> 100 ms -> lowest active leaf commits -> (500 ms) -> the next one ...
 *     epoch begins -> receive keys at once, "ready" -> all ready, or 500 ms -> sending keys
 *
 * A member's breach gives `reject` with the state unchanged; our own misuse throws `UsageError`.
 * What comes late, for a call that is over, is swallowed.
 *
 * The twin of `src/visavis/core/group_call.py`: `vectors/machine-group-call.json` has every move of
 * it.
 */

import { equal } from "./bytes.ts";
import { Code, UsageError } from "./errors.ts";
import {
  ASK_AGAIN_S,
  type Asking,
  type Effect,
  type EpochBegan,
  type Event,
  GATHER_S,
  goOn,
  type Idle,
  type Inside,
  type JoinWished,
  LeftReason,
  MAX_ADDS,
  MAX_WISHES,
  type MemberGoing,
  type ReadyReceived,
  type SetDeadline,
  type State,
  type Step,
  SWITCH_S,
  TAKE_OVER_S,
} from "./group_call_types.ts";
import type { Digest } from "./ids.ts";
import { assertNever } from "./never.ts";

/**
 * Advance one device in one group call by one event.
 *
 * @param state What the previous step returned, or `idle`.
 * @param event One thing that happened.
 * @returns The next state, and effects to carry out in order.
 * @throws UsageError The shell told of something that cannot be.
 */
export function step(state: State, event: Event): Step {
  switch (state.kind) {
    case "idle":
      return fromIdle(state, event);
    case "asking":
      return fromAsking(state, event);
    case "inside":
      return fromInside(state, event);
    case "outside":
      return goOn(state);
    default:
      return assertNever(state);
  }
}

function fromIdle(_: Idle, event: Event): Step {
  switch (event.kind) {
    case "joinRequested": {
      const { now, joiner, expiresAt } = event;
      return ask({ kind: "asking", joiner, againAt: now, expiresAt }, now);
    }
    case "epochBegan":
      return begin(event);
    default:
      throw new UsageError("this call has not begun here");
  }
}

function fromAsking(state: Asking, event: Event): Step {
  switch (event.kind) {
    case "epochBegan":
      // CK-860: a Welcome for another key package would put us where we did not ask to be.
      return has(event.admitted, state.joiner) ? begin(event) : reject(state, Code.UNEXPECTED);
    case "deadlineReached":
      if (event.now >= state.expiresAt) return outside(LeftReason.NOBODY);
      return event.now >= state.againAt ? ask(state, event.now) : goOn(state);
    case "roomEntered":
      return ask(state, event.now); // Whoever was asked may not have heard it.
    case "leaveRequested":
      return outside(LeftReason.LEFT);
    case "joinRequested":
      throw new UsageError("this device asks already");
    default:
      return goOn(state);
  }
}

function ask(state: Asking, now: number): Step {
  const again = { ...state, againAt: now + ASK_AGAIN_S };
  const at = Math.min(again.againAt, again.expiresAt);
  return goOn(again, { kind: "askToJoin" }, { kind: "setDeadline", at });
}

function fromInside(state: Inside, event: Event): Step {
  switch (event.kind) {
    case "epochBegan":
      return nextEpoch(state, event);
    case "joinWished":
      return joinWished(state, event);
    case "joinWithdrawn":
      return settled({ ...state, joiners: without(state.joiners, [event.joiner]) }, event.now);
    case "memberGoing":
      return memberGoing(state, event);
    case "memberBack":
      return settled({ ...state, going: less(state.going, new Set([event.leaf])) }, event.now);
    case "commitLost":
      // A late answer: what we offered since is still under way, and must be our only one.
      if (event.epoch !== state.offered) return goOn(state);
      // What won is on its way; if it was none, our turn comes again after a while.
      return settled({ ...state, offered: null, wishedAt: null }, event.now);
    case "readyReceived":
      return readyReceived(state, event);
    case "roomLost":
      return settled({ ...state, inRoom: false, offered: null }, event.now);
    case "roomEntered": {
      const back = { ...state, inRoom: true, wishedAt: null };
      return settled(back, event.now, { kind: "sendReady", epoch: state.epoch });
    }
    case "leaveRequested":
      return outside(LeftReason.LEFT, { kind: "sayLeaving" });
    case "wasRemoved":
      return outside(LeftReason.REMOVED);
    case "deadlineReached":
      return settled(state, event.now);
    case "joinRequested":
      throw new UsageError("this device is in the call already");
    default:
      return assertNever(event);
  }
}

/** Enter the call with its first epoch here. */
function begin({ now, epoch, own, leaves }: EpochBegan): Step {
  if (!leaves.has(own)) throw new UsageError("a member is one of the members");
  const others = less(leaves, new Set([own]));
  const state: Inside = {
    kind: "inside",
    own,
    epoch,
    leaves,
    sending: null,
    going: new Set(),
    joiners: [],
    wishedAt: null,
    offered: null,
    ready: new Map(),
    switchAt: now + SWITCH_S,
    inRoom: true,
  };
  const effects: Effect[] = [
    { kind: "installKeys", epoch },
    { kind: "sendReady", epoch },
  ];
  if (others.size > 0) effects.push({ kind: "announce", came: sorted(others), went: [] });
  return settled(state, now, ...effects);
}

function nextEpoch(state: Inside, event: EpochBegan): Step {
  const { now, epoch, own, leaves, came, went } = event;
  if (epoch !== state.epoch + 1 || own !== state.own || !leaves.has(own)) {
    throw new UsageError("epochs begin one after the other, for the leaf that we have");
  }
  // A leaf that went may be somebody else's already: what was said of it is void.
  const stayed = less(leaves, went);
  const going = new Set([...state.going].filter((leaf) => stayed.has(leaf) && !came.has(leaf)));
  const ready = new Map([...state.ready].filter(([leaf]) => stayed.has(leaf)));
  const ours = state.offered === state.epoch;
  const after: Inside = {
    ...state,
    epoch,
    leaves,
    going,
    joiners: without(state.joiners, event.admitted),
    wishedAt: null,
    offered: null,
    ready,
    switchAt: state.switchAt ?? now + SWITCH_S,
  };
  const effects: Effect[] = [];
  // CK-861: first, so that no frame of theirs is shown that is still on its way.
  if (went.size > 0) effects.push({ kind: "dropLeaves", leaves: sorted(went) });
  effects.push({ kind: "installKeys", epoch }, { kind: "sendReady", epoch });
  if (went.size > 0 && (ours || own === Math.min(...less(leaves, going)))) {
    effects.push({ kind: "evict", leaves: sorted(went) });
  }
  if (came.size > 0 || went.size > 0) {
    effects.push({ kind: "announce", came: sorted(came), went: sorted(went) });
  }
  return settled(after, now, ...effects);
}

function joinWished(state: Inside, { now, joiner }: JoinWished): Step {
  if (has(state.joiners, joiner)) return goOn(state);
  // CK-862: strangers cannot make a member remember any number of them.
  if (state.joiners.length >= MAX_WISHES) return reject(state, Code.QUOTA);
  return settled({ ...state, joiners: [...state.joiners, joiner] }, now);
}

function memberGoing(state: Inside, { now, leaf }: MemberGoing): Step {
  if (leaf === state.own) {
    throw new UsageError("a device says of itself that it leaves with LeaveRequested");
  }
  if (!state.leaves.has(leaf)) return goOn(state);
  return settled({ ...state, going: new Set([...state.going, leaf]) }, now);
}

function readyReceived(state: Inside, { now, leaf, epoch }: ReadyReceived): Step {
  // CK-863: nobody is ready for an epoch that does not exist, nor is who is not in it.
  if (leaf === state.own || !state.leaves.has(leaf) || epoch > state.epoch) {
    return reject(state, Code.UNEXPECTED);
  }
  if (readyFor(state, leaf) >= epoch) return goOn(state);
  return settled({ ...state, ready: new Map([...state.ready, [leaf, epoch]]) }, now);
}

/**
 * Do whatever is due now, and say when to look again.
 *
 * Wishes without a time (`wishedAt`) are gathered from now on.
 */
function settled(before: Inside, now: number, ...first: readonly Effect[]): Step {
  const wished = before.joiners.length > 0 || before.going.size > 0;
  let state: Inside = { ...before, wishedAt: wished ? (before.wishedAt ?? now) : null };
  const effects = [...first];
  if (state.switchAt !== null && (now >= state.switchAt || allReady(state))) {
    state = { ...state, sending: state.epoch, switchAt: null };
    effects.push({ kind: "switchSending", epoch: state.epoch });
  }
  const turn = turnOf(state);
  if (turn !== null && now >= turn) {
    const add = state.joiners.slice(0, MAX_ADDS);
    effects.push({ kind: "commit", add, remove: sorted(state.going) }, deadline(state.switchAt));
    return goOn({ ...state, offered: state.epoch }, ...effects);
  }
  return goOn(state, ...effects, deadline(earlier(turn, state.switchAt)));
}

/** Say whether every other member that is still there can open the newest epoch. */
function allReady(state: Inside): boolean {
  const { leaves, going, own, epoch } = state;
  const awaited = [...less(leaves, going)].filter((leaf) => leaf !== own);
  return awaited.every((leaf) => readyFor(state, leaf) >= epoch);
}

function readyFor(state: Inside, leaf: number): number {
  return state.ready.get(leaf) ?? -1;
}

/** Return when we commit what is wished, if nobody else does before; null: not at all. */
function turnOf({ wishedAt, offered, inRoom, leaves, going, own }: Inside): number | null {
  if (wishedAt === null || offered !== null || !inRoom) return null;
  // Whoever is on the way out commits nothing; that we are is what others say.
  const before = [...less(leaves, going)].filter((leaf) => leaf < own).length;
  return wishedAt + GATHER_S + before * TAKE_OVER_S;
}

/** Tear down: the last word while the keys are there, then the keys, then the report. */
function outside(reason: LeftReason, ...last: readonly Effect[]): Step {
  return goOn({ kind: "outside", reason }, ...last, { kind: "wipeKeys" }, deadline(null), {
    kind: "reportOutside",
    reason,
  });
}

function reject(state: State, code: Code): Step {
  return goOn(state, { kind: "reject", code });
}

function deadline(at: number | null): SetDeadline {
  return { kind: "setDeadline", at };
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

function less(leaves: ReadonlySet<number>, others: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...leaves].filter((leaf) => !others.has(leaf)));
}

function sorted(leaves: ReadonlySet<number>): readonly number[] {
  return [...leaves].sort((one, other) => one - other);
}

function has(joiners: readonly Digest[], joiner: Digest): boolean {
  return joiners.some((one) => equal(one, joiner));
}

function without(joiners: readonly Digest[], gone: readonly Digest[]): readonly Digest[] {
  return joiners.filter((one) => !has(gone, one));
}
