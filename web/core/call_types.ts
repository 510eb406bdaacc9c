/**
 * States, tuning constants and results of the call machine (`call.ts`).
 *
 * One machine is one call on one device; what happens is in `call_events.ts`, what must be done in
 * `call_effects.ts`. The drawing, made by running the machine, is in `docs/protocol/call.md`.
 *
 * Not for: several calls on one device (`call_board.ts`), keys, sockets or media. A state holds
 * nothing secret: SDP, nonces and keys stay with the shell, which never writes any of this to disk.
 */

import { type Effect, type EndReason, type Media, Path } from "./call_effects.ts";
import { Code } from "./errors.ts";
import type { CallId, DeviceId, Digest } from "./ids.ts";

export { EndReason, Media, Path } from "./call_effects.ts";

/**
 * Caller: from the first invite. Callee: from receipt. Higher: more time to reach a telephone;
 * lower: a lost `call.cancel` rings for less long (P9).
 */
export const RING_TIMEOUT_S = 45;

/**
 * Callee: from accepting until `taken` and Welcome are both there (P9). Higher: slower networks
 * still get through; lower: a caller that vanished is noticed sooner.
 */
export const WELCOME_TIMEOUT_S = 5;

/**
 * From `taken` (caller) or Welcome (callee) until readiness, reveal and media are all there.
 * Higher: slow relays still get through; lower: a dead set-up is reported sooner.
 */
export const CONNECT_TIMEOUT_S = 20;

/**
 * From losing the media until the call ends. Higher: survives longer tunnels; lower: nobody talks
 * to a dead line for long.
 */
export const RECONNECT_TIMEOUT_S = 30;

/**
 * Between two ICE restarts that were sent but brought nothing. Lower: faster recovery, but each
 * costs two envelopes of the ten a minute that a capability has (P12).
 */
export const RESTART_INTERVAL_S = 10;

/** After an ICE restart that failed on this side (no relay): nothing was sent, so it is cheap. */
export const RESTART_RETRY_S = 2;

/** Whether an unanswered call may leave a mark on the callee's devices. */
export const Trace = { KEEP: "keep", LEAVE_NONE: "leave_none" } as const;

export type Trace = (typeof Trace)[keyof typeof Trace];

/** What a call still needs before it counts as connected. */
export const Missing = { READY: "ready", REVEAL: "reveal", MEDIA: "media" } as const;

export type Missing = (typeof Missing)[keyof typeof Missing];

/** Whose ICE restart is under way. */
export const Turn = { OURS: "ours", THEIRS: "theirs" } as const;

export type Turn = (typeof Turn)[keyof typeof Turn];

/** What a callee knows of a call: `caller` is the one device that may speak for it. */
export type Invite = Readonly<{
  call: CallId;
  media: Media;
  own: DeviceId;
  caller: DeviceId;
  /** `commit` of the caller's nonce (`sas.ts`, P11). */
  commitment: Digest;
}>;

/** The caller's view of a call that was accepted by the device `other`. */
export type CallerLink = Readonly<{
  kind: "caller";
  call: CallId;
  media: Media;
  other: DeviceId;
}>;

/** The callee's view of a call that it accepted with `media`. */
export type CalleeLink = Readonly<{ kind: "callee"; invite: Invite; media: Media }>;

export type Link = CallerLink | CalleeLink;

/** Which path each side allows, and for which one the newest transport was made (CK-384). */
export type Paths = Readonly<{ ours: Path; theirs: Path; taken: Path }>;

/** How every call begins: over the relay. */
export const RELAY_ONLY: Paths = {
  ours: Path.RELAYED,
  theirs: Path.RELAYED,
  taken: Path.RELAYED,
};

/** Return the direct path if both sides allow it, else the relay. */
export function allowedBy({ ours, theirs }: Paths): Path {
  return ours === Path.DIRECT && theirs === Path.DIRECT ? Path.DIRECT : Path.RELAYED;
}

/** Nothing has happened yet. */
export type Idle = Readonly<{ kind: "idle" }>;

/** Caller: the invite is out. Decline, ignore, busy, offline and expired all look like this. */
export type Calling = Readonly<{
  kind: "calling";
  call: CallId;
  media: Media;
  trace: Trace;
  expiresAt: number;
}>;

/** Callee: ringing. Nothing leaves this device until a person accepts. */
export type Ringing = Readonly<{ kind: "ringing"; invite: Invite; expiresAt: number }>;

/** Callee: the accept is out; the caller has not said whom it took. */
export type Accepting = Readonly<{
  kind: "accepting";
  invite: Invite;
  media: Media;
  deadline: number;
}>;

/** Callee: the Welcome overtook `call.taken`; it is held, and nothing is sent (CK-356). */
export type Welcomed = Readonly<{
  kind: "welcomed";
  invite: Invite;
  media: Media;
  deadline: number;
  joinedAt: number;
}>;

/** Callee: the caller took this device; the Welcome is still to come. */
export type Taken = Readonly<{
  kind: "taken";
  invite: Invite;
  media: Media;
  deadline: number;
  /** Ours, waiting for the call group that carries them. */
  candidates: readonly string[];
}>;

/** Both sides are in the call group or on the way; `missing` says what is still awaited. */
export type Connecting = Readonly<{
  kind: "connecting";
  link: Link;
  missing: ReadonlySet<Missing>;
  deadline: number;
  paths: Paths;
}>;

/** Both hear each other. */
export type InCall = Readonly<{ kind: "inCall"; link: Link; paths: Paths }>;

/** The media stopped; ICE restarts until it flows again or `deadline` passes. */
export type Reconnecting = Readonly<{
  kind: "reconnecting";
  link: Link;
  turn: Turn;
  deadline: number;
  retryAt: number;
  paths: Paths;
}>;

/** Terminal: everything was torn down. */
export type Ended = Readonly<{ kind: "ended"; call: CallId; reason: EndReason }>;

export type State =
  | Idle
  | Calling
  | Ringing
  | Accepting
  | Welcomed
  | Taken
  | Connecting
  | InCall
  | Reconnecting
  | Ended;

export type AwaitingWelcome = Accepting | Welcomed | Taken;

/** The next state, and the effects to carry out in order. */
export type Step = Readonly<{ state: State; effects: readonly Effect[] }>;

/** Go on in this state. */
export function goOn(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

/** Refuse what the other side did; nothing is changed and nothing is sent. */
export function reject(state: State, code: Code = Code.UNEXPECTED): Step {
  return { state, effects: [{ kind: "reject", code }] };
}

/** Return the id of the call that a link belongs to. */
export function callOf(link: Link): CallId {
  return link.kind === "caller" ? link.call : link.invite.call;
}

/** Return the device at the other end of a link. */
export function otherOf(link: Link): DeviceId {
  return link.kind === "caller" ? link.other : link.invite.caller;
}
