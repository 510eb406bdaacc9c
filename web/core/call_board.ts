/**
 * All calls of one device: at most one is live; busy and glare are settled here.
 *
 * Pure, in the style of `call.ts`, which it runs. It routes by call id and contact, remembers which
 * calls are over (so that a late or doubled invite rings nobody), stays silent when busy, and
 * settles glare: both rang each other at once, the lower call id stands and is accepted without
 * another tap, with the lesser media (P9). It also lets a device come back whose page was reloaded
 * in the middle of a call: with a new call, which names the one that it was in (`again`).
 *
 * Not for: what happens inside a call (`call.ts`), or doing any of it.
 *
 * The twin of `src/visavis/core/call_board.py`: see `vectors/machine-call-board.json`.
 */

import { compare, equal } from "./bytes.ts";
import { step } from "./call.ts";
import { type Effect, lesser, type Media } from "./call_effects.ts";
import type { Event, InviteReceived } from "./call_events.ts";
import { otherOf, type State, type Trace } from "./call_types.ts";
import type { MaySee } from "./content_records.ts";
import { Code, UsageError } from "./errors.ts";
import type { AccountId, CallId, DeviceId, Digest } from "./ids.ts";
import { assertNever } from "./never.ts";

/**
 * Ids of calls that are over. Higher: a later repeat is still known; lower: less is remembered of
 * whom we talked to. In memory only.
 */
export const REMEMBERED_CALLS = 64;

/** The one call that is under way, and with whom. */
export type LiveCall = Readonly<{ contact: AccountId; call: CallId; state: State }>;

/** The calls of the device `own`. */
export type Board = Readonly<{
  own: DeviceId;
  live: LiveCall | null;
  /** Oldest first, at most `REMEMBERED_CALLS`. */
  over: readonly CallId[];
}>;

/** Return the board of a device that has not called yet. */
export function emptyBoard(own: DeviceId): Board {
  return { own, live: null, over: [] };
}

// Events

/** A person calls `contact`; `call` is a fresh random id. */
export type CallWanted = Readonly<{
  kind: "callWanted";
  now: number;
  contact: AccountId;
  call: CallId;
  media: Media;
  trace: Trace;
}>;

/** A `call.invite` from `device` of `contact`. */
export type InviteArrived = Readonly<{
  kind: "inviteArrived";
  now: number;
  contact: AccountId;
  device: DeviceId;
  call: CallId;
  media: Media;
  commitment: Digest;
  /** The call that it would go on with, if the device lost one to a reload. */
  again: CallId | null;
  /** What this contact may see of a call that rings here. */
  maySee: MaySee | null;
}>;

/** A durable `call.missed` from `device` of `contact`, perhaps days later. */
export type MissedArrived = Readonly<{
  kind: "missedArrived";
  contact: AccountId;
  device: DeviceId;
  call: CallId;
  media: Media;
}>;

/** Anything else that concerns `call`. `contact` is null for what comes from this account. */
export type Happened = Readonly<{
  kind: "happened";
  call: CallId;
  contact: AccountId | null;
  event: Event;
}>;

export type BoardEvent = CallWanted | InviteArrived | MissedArrived | Happened;

// Effects

/** Carry out one effect of one call's machine. */
export type Act = Readonly<{ kind: "act"; contact: AccountId; call: CallId; effect: Effect }>;

/** Why a call did not ring, or rang in vain. */
export const WhyMissed = { BUSY: "busy", AWAY: "away" } as const;

export type WhyMissed = (typeof WhyMissed)[keyof typeof WhyMissed];

/** Tell the person, on this device only, that somebody called. */
export type NoteMissed = Readonly<{
  kind: "noteMissed";
  contact: AccountId;
  call: CallId;
  media: Media;
  why: WhyMissed;
}>;

/** What the person did with `givenUp` goes on as `standing`, without a new tap. */
export type Exchange = Readonly<{ kind: "exchange"; givenUp: CallId; standing: CallId }>;

/** A message broke the rules or came too late; nothing was changed. */
export type Drop = Readonly<{ kind: "drop"; code: Code }>;

export type BoardEffect = Act | NoteMissed | Exchange | Drop;

/** The next board, and effects to carry out in order. */
export type BoardStep = Readonly<{ board: Board; effects: readonly BoardEffect[] }>;

/**
 * Advance this device's calls by one event.
 *
 * @param board What the previous step returned, or `emptyBoard`.
 * @param event One thing that happened.
 * @returns The next board, and effects to carry out in order.
 * @throws UsageError A second call was wanted, or our own code caused a senseless event.
 */
export function boardStep(board: Board, event: BoardEvent): BoardStep {
  switch (event.kind) {
    case "callWanted":
      return wanted(board, event);
    case "inviteArrived":
      return invited(board, event);
    case "missedArrived":
      return missed(board, event);
    case "happened":
      return happened(board, event);
    default:
      return assertNever(event);
  }
}

/** As `boardStep` with an invite, while this device is in the call of a group: nothing rings. */
export function busyStep(board: Board, event: InviteArrived): BoardStep {
  if (isOver(board, event.call)) return drop(board, Code.REPLAYED);
  // CK-380: it goes on with no call of ours.
  return event.again === null ? busy(board, event) : drop(board, Code.UNEXPECTED);
}

function wanted(board: Board, event: CallWanted): BoardStep {
  const { live } = board;
  const { now, contact, call, media, trace } = event;
  if (live === null) {
    const fresh: LiveCall = { contact, call, state: { kind: "idle" } };
    return run(board, fresh, { kind: "callPlaced", now, call, media, trace });
  }
  if (live.state.kind === "ringing" && equal(live.contact, contact)) {
    // Their call is already here, and the person just said that they want to talk.
    const accepted = run(board, live, { kind: "acceptRequested", now, media });
    const exchange: Exchange = { kind: "exchange", givenUp: call, standing: live.call };
    return { ...accepted, effects: [exchange, ...accepted.effects] };
  }
  throw new UsageError("one call at a time: hang up first");
}

function invited(board: Board, event: InviteArrived): BoardStep {
  const { live, own } = board;
  const { now, contact, device, call, media, commitment, maySee } = event;
  // CK-360: doubled, late, or repeated after we declined: it rings no second time.
  if (isOver(board, call)) return drop(board, Code.REPLAYED);
  const received: InviteReceived = {
    kind: "inviteReceived",
    now,
    call,
    media,
    device,
    own,
    commitment,
    maySee,
  };
  if (live !== null && equal(live.call, call)) {
    return happened(board, { kind: "happened", call, contact, event: received });
  }
  if (event.again !== null) return cameBack(board, event, event.again, received);
  if (live === null) return run(board, { contact, call, state: { kind: "idle" } }, received);
  switch (live.state.kind) {
    case "calling":
      if (!equal(live.contact, contact)) return busy(board, event);
      return glare(board, live, live.state.media, event, received);
    case "ringing":
    case "accepting":
    case "welcomed":
    case "taken":
    case "connecting":
    case "inCall":
    case "reconnecting":
      return busy(board, event);
    case "idle":
    case "ended":
      throw new UsageError("a call is live from its first event to its last");
    default:
      return assertNever(live.state);
  }
}

/** Stay silent: not a byte leaves, so it looks like nobody there (CK-350). */
function busy(board: Board, { contact, call, media }: InviteArrived): BoardStep {
  const note: NoteMissed = { kind: "noteMissed", contact, call, media, why: WhyMissed.BUSY };
  return { board: finish(board, call), effects: [note] };
}

/** What is left out where a call is accepted before it rang. */
const RINGING: ReadonlySet<string> = new Set(["startRinging", "sendRinging", "stopRinging"]);

/** Settle that both rang each other: both sides compare the same two ids (P9). */
function glare(
  board: Board,
  live: LiveCall,
  media: Media,
  event: InviteArrived,
  received: InviteReceived,
): BoardStep {
  if (compare(live.call, event.call) < 0) {
    // Ours stands. The other side does the same sum and answers it.
    return { board: finish(board, event.call), effects: [] };
  }
  return carryOn(board, live, media, event, received);
}

/** Go on with a device that lost its call to a reload; an invite of this kind rings nobody. */
function cameBack(
  board: Board,
  event: InviteArrived,
  again: CallId,
  received: InviteReceived,
): BoardStep {
  const { live } = board;
  if (live === null || !equal(live.contact, event.contact)) return drop(board, Code.UNEXPECTED);
  const { state } = live;
  // Both reloaded.
  if (state.kind === "calling") return glare(board, live, state.media, event, received);
  // CK-380: it names the call that is live here, and comes from the device at its other end.
  const isTalk = state.kind === "inCall" || state.kind === "reconnecting";
  if (!isTalk || !equal(live.call, again) || !equal(otherOf(state.link), event.device)) {
    return drop(board, Code.UNEXPECTED);
  }
  // CK-381: with the media that was agreed, or less.
  return carryOn(board, live, state.link.media, event, received);
}

/** Answer another call of the same two in the place of the live one, with the lesser media. */
function carryOn(
  board: Board,
  live: LiveCall,
  agreed: Media,
  event: InviteArrived,
  received: InviteReceived,
): BoardStep {
  const { now, contact, call } = event;
  const gaveWay = run(board, live, { kind: "gaveWay" });
  const rung = step({ kind: "idle" }, received);
  const media = lesser(agreed, event.media);
  const accepted = step(rung.state, { kind: "acceptRequested", now, media });
  const silent = [...rung.effects, ...accepted.effects]
    // Nothing rings: the person already has the telephone in their hand.
    .filter(({ kind }) => !RINGING.has(kind))
    .map((effect): Act => ({ kind: "act", contact, call, effect }));
  const exchange: Exchange = { kind: "exchange", givenUp: live.call, standing: call };
  return {
    board: { ...gaveWay.board, live: { contact, call, state: accepted.state } },
    effects: [exchange, ...gaveWay.effects, ...silent],
  };
}

function missed(board: Board, { contact, device, call, media }: MissedArrived): BoardStep {
  if (board.live !== null && equal(board.live.call, call)) {
    const event: Event = { kind: "missedReceived", sender: device };
    return happened(board, { kind: "happened", call, contact, event });
  }
  if (isOver(board, call)) return { board, effects: [] }; // The person was there when it rang.
  const note: NoteMissed = { kind: "noteMissed", contact, call, media, why: WhyMissed.AWAY };
  return { board: finish(board, call), effects: [note] };
}

function happened(board: Board, { call, contact, event }: Happened): BoardStep {
  const { live } = board;
  if (live === null || !equal(live.call, call)) return drop(board, Code.UNEXPECTED);
  if (contact !== null && !equal(contact, live.contact)) {
    // CK-361: a call id that leaked gives another contact no say in the call.
    return drop(board, Code.UNEXPECTED);
  }
  return run(board, live, event);
}

function run(board: Board, live: LiveCall, event: Event): BoardStep {
  const { contact, call } = live;
  const { state, effects } = step(live.state, event);
  const acts = effects.map((effect): Act => ({ kind: "act", contact, call, effect }));
  if (state.kind === "ended") {
    return { board: { ...finish(board, call), live: null }, effects: acts };
  }
  return { board: { ...board, live: { contact, call, state } }, effects: acts };
}

function drop(board: Board, code: Code): BoardStep {
  return { board, effects: [{ kind: "drop", code }] };
}

function isOver(board: Board, call: CallId): boolean {
  return board.over.some((over) => equal(over, call));
}

function finish(board: Board, call: CallId): Board {
  return { ...board, over: [...board.over, call].slice(-REMEMBERED_CALLS) };
}
