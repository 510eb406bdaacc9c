/** Strict readers for the vectors of the group call machine; see `machine_readers.ts`. */

import { Code } from "../core/errors.ts";
import { type Effect, type Event, LeftReason, type State } from "../core/group_call_types.ts";
import { Digest } from "../core/ids.ts";
import {
  fixed,
  list,
  nullOr,
  number,
  oneOfKind,
  type Read,
  setOf,
  truth,
  word,
} from "./machine_readers.ts";
import { MismatchError } from "./vector_element.ts";

/** Read a list of pairs of numbers; no key stands in it twice. */
const numbers: Read<ReadonlyMap<number, number>> = (value) => {
  const pairs = list(list(number))(value).map(([key, item, ...more]): [number, number] => {
    if (key === undefined || item === undefined || more.length > 0) {
      throw new MismatchError("not a pair");
    }
    return [key, item];
  });
  const map = new Map(pairs);
  if (map.size !== pairs.length) throw new MismatchError("twice in a mapping");
  return map;
};

const joiner = fixed(Digest);
const joiners = list(joiner);
const leaves = setOf(number);
const inOrder = list(number);
const reason = word(LeftReason);

export const groupState = oneOfKind<State>({
  idle: {},
  asking: { joiner, againAt: number, expiresAt: number },
  inside: {
    own: number,
    epoch: number,
    leaves,
    sending: nullOr(number),
    going: leaves,
    joiners,
    wishedAt: nullOr(number),
    offered: nullOr(number),
    ready: numbers,
    switchAt: nullOr(number),
    inRoom: truth,
  },
  outside: { reason },
});

export const groupEvent = oneOfKind<Event>({
  joinRequested: { now: number, joiner, expiresAt: number },
  epochBegan: {
    now: number,
    epoch: number,
    own: number,
    leaves,
    came: leaves,
    went: leaves,
    admitted: joiners,
  },
  joinWished: { now: number, joiner },
  joinWithdrawn: { now: number, joiner },
  memberGoing: { now: number, leaf: number },
  memberBack: { now: number, leaf: number },
  commitLost: { now: number, epoch: number },
  readyReceived: { now: number, leaf: number, epoch: number },
  roomLost: { now: number },
  roomEntered: { now: number },
  leaveRequested: {},
  wasRemoved: {},
  deadlineReached: { now: number },
});

export const groupEffect = oneOfKind<Effect>({
  askToJoin: {},
  commit: { add: joiners, remove: inOrder },
  dropLeaves: { leaves: inOrder },
  installKeys: { epoch: number },
  sendReady: { epoch: number },
  switchSending: { epoch: number },
  evict: { leaves: inOrder },
  announce: { came: inOrder, went: inOrder },
  sayLeaving: {},
  wipeKeys: {},
  reportOutside: { reason },
  setDeadline: { at: nullOr(number) },
  reject: { code: word(Code) },
});
