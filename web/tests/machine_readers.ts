/**
 * Strict readers for the machines' vectors: JSON in, the machines' own types out.
 *
 * A reader takes exactly the fields of its type: one more, one less, an unknown kind or word, or
 * bytes of another length fail. The compiler sees to it that no kind and no field lacks a reader.
 */

import { fromHex } from "../core/bytes.ts";
import type { Board } from "../core/call_board.ts";
import { type BoardEffect, type BoardEvent, WhyMissed } from "../core/call_board.ts";
import { type Effect, EndReason, Handled, HangupReason, Media } from "../core/call_effects.ts";
import type { Event } from "../core/call_events.ts";
import {
  type Invite,
  type Link,
  Missing,
  Path,
  type Paths,
  type State,
  Trace,
  Turn,
} from "../core/call_types.ts";
import type * as contact from "../core/contact_types.ts";
import { EndReason as ContactEnd, LinkUse } from "../core/contact_types.ts";
import { MaySee } from "../core/content_records.ts";
import { Code } from "../core/errors.ts";
import {
  AccountId,
  CallId,
  DeviceId,
  Digest,
  type FixedBytes,
  type FixedKind,
  IdentityKey,
  Nonce32,
  RequestToken,
} from "../core/ids.ts";
import { MismatchError } from "./vector_element.ts";

/** Take a JSON value as a T, or throw. */
export type Read<T> = (value: unknown) => T;

type Fields = Readonly<Record<string, unknown>>;
type Readers<T> = { readonly [F in keyof T]: Read<T[F]> };
type Kinds<U extends { kind: string }> = {
  readonly [K in U["kind"]]: Readers<Omit<Extract<U, { kind: K }>, "kind">>;
};

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Read an object with exactly these fields. */
export function record<T extends object>(readers: Readers<T>): Read<T> {
  const wanted = Object.entries<Read<unknown>>(readers);
  return (value) => {
    if (!isFields(value)) throw new MismatchError("not an object");
    const surplus = Object.keys(value).filter((name) => !Object.hasOwn(readers, name));
    if (surplus.length > 0) throw new MismatchError(`unknown fields: ${surplus.join(", ")}`);
    const entries = wanted.map(([name, read]) => {
      if (!Object.hasOwn(value, name)) throw new MismatchError(`no field ${name}`);
      return [name, read(value[name])] as const;
    });
    return Object.fromEntries(entries) as T;
  };
}

/** Read an object that says of which kind it is. */
export function oneOfKind<U extends { kind: string }>(kinds: Kinds<U>): Read<U> {
  const byKind = new Map(
    Object.entries<Readers<object>>(kinds).map(([kind, readers]) => [kind, record(readers)]),
  );
  return (value) => {
    if (!isFields(value)) throw new MismatchError("not an object");
    const { kind, ...fields } = value;
    const read = typeof kind === "string" ? byKind.get(kind) : undefined;
    if (read === undefined) throw new MismatchError(`unknown kind: ${String(kind)}`);
    return { kind, ...read(fields) } as U;
  };
}

/** Read a number. */
export const number: Read<number> = (value) => {
  if (typeof value !== "number") throw new MismatchError("not a number");
  return value;
};

/** Read true or false. */
export const truth: Read<boolean> = (value) => {
  if (typeof value !== "boolean") throw new MismatchError("neither true nor false");
  return value;
};

/** Read a text. */
export const text: Read<string> = (value) => {
  if (typeof value !== "string") throw new MismatchError("not a text");
  return value;
};

/** Read a list. */
export function list<T>(read: Read<T>): Read<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new MismatchError("not a list");
    return value.map((item: unknown) => read(item));
  };
}

/** Read an object whose names are not known before. */
export function named<T>(read: Read<T>): Read<ReadonlyMap<string, T>> {
  return (value) => {
    if (!isFields(value)) throw new MismatchError("not an object");
    return new Map(Object.entries(value).map(([name, item]) => [name, read(item)]));
  };
}

/** Read a list as a set; nothing stands in it twice. */
export function setOf<T>(read: Read<T>): Read<ReadonlySet<T>> {
  return (value) => {
    const items = list(read)(value);
    const set = new Set(items);
    if (set.size !== items.length) throw new MismatchError("twice in a set");
    return set;
  };
}

/** Read null, or what is there. */
export function nullOr<T>(read: Read<T>): Read<T | null> {
  return (value) => (value === null ? null : read(value));
}

/** Read one of these words. */
export function word<T extends string>(words: Readonly<Record<string, T>>): Read<T> {
  return (value) => {
    const found = Object.values(words).find((one) => one === value);
    if (found === undefined) throw new MismatchError(`unknown word: ${String(value)}`);
    return found;
  };
}

/** Read bytes of one length. */
export function fixed<T extends FixedBytes>(kind: FixedKind<T>): Read<T> {
  return (value) => new kind(fromHex(text(value)));
}

const account = fixed(AccountId);
const call = fixed(CallId);
const device = fixed(DeviceId);
const digest = fixed(Digest);
const token = fixed(RequestToken);
const identityKey = fixed(IdentityKey);
const nonce = fixed(Nonce32);
const media = word(Media);
const code = word(Code);
const candidates = list(text);

// The call machine

const invite = record<Invite>({ call, media, own: device, caller: device, commitment: digest });
const link = oneOfKind<Link>({
  caller: { call, media, other: device },
  callee: { invite, media },
});
const maySee = nullOr(word(MaySee));
const path = word(Path);
const paths = record<Paths>({ ours: path, theirs: path, taken: path });
const awaiting = { invite, media, deadline: number };

export const callState = oneOfKind<State>({
  idle: {},
  calling: { call, media, trace: word(Trace), expiresAt: number },
  ringing: { invite, expiresAt: number },
  accepting: awaiting,
  welcomed: { ...awaiting, joinedAt: number },
  taken: { ...awaiting, candidates },
  connecting: { link, missing: setOf(word(Missing)), deadline: number, paths },
  inCall: { link, paths },
  reconnecting: { link, turn: word(Turn), deadline: number, retryAt: number, paths },
  ended: { call, reason: word(EndReason) },
});

export const callEvent = oneOfKind<Event>({
  callPlaced: { now: number, call, media, trace: word(Trace) },
  acceptRequested: { now: number, media },
  declineRequested: {},
  hangUpRequested: {},
  pathDecided: { now: number, path },
  keyChanged: {},
  gaveWay: {},
  inviteReceived: { now: number, call, media, device, own: device, commitment: digest, maySee },
  ringingReceived: {},
  acceptReceived: { now: number, device, media },
  takenReceived: { sender: device, device },
  cancelReceived: { sender: device },
  missedReceived: { sender: device },
  siblingHandled: { how: word(Handled) },
  welcomeReceived: { now: number },
  readyReceived: {},
  revealReceived: { nonce },
  candidatesReceived: { candidates },
  pathReceived: { now: number, path },
  offerReceived: { now: number, sdp: text, path },
  answerReceived: { sdp: text, offer: digest },
  hangupReceived: {},
  candidatesGathered: { candidates },
  mediaConnected: {},
  mediaLost: { now: number },
  restartFailed: { now: number },
  failed: { code },
  networkRestored: { now: number },
  deadlineReached: { now: number },
});

export const callEffect = oneOfKind<Effect>({
  sendInvite: {},
  sendRinging: {},
  sendAccept: { media },
  sendTaken: { device },
  sendCancel: {},
  sendMissed: {},
  tellSiblings: { how: word(Handled) },
  sendWelcome: { device },
  sendReady: {},
  sendReveal: {},
  sendCandidates: { candidates },
  sendPath: { path },
  sendHangup: { reason: word(HangupReason) },
  startRinging: { media },
  showRinging: {},
  stopRinging: {},
  applyAnswer: { media },
  gatherCandidates: {},
  addCandidates: { candidates },
  installFrameKeys: {},
  startFrames: {},
  stopFrames: {},
  showSas: { nonce },
  restartIce: { path },
  answerRestart: { sdp: text, path },
  applyRestartAnswer: { sdp: text, offer: digest },
  setDeadline: { at: number },
  stopMedia: {},
  eraseKeys: {},
  reportEnd: { reason: word(EndReason), code: nullOr(code) },
  reject: { code },
});

// The board

export const board = record<Board>({
  own: device,
  live: nullOr(record({ contact: account, call, state: callState })),
  over: list(call),
});

export const boardEvent = oneOfKind<BoardEvent>({
  callWanted: { now: number, contact: account, call, media, trace: word(Trace) },
  inviteArrived: {
    now: number,
    contact: account,
    device,
    call,
    media,
    commitment: digest,
    again: nullOr(call),
    maySee,
  },
  missedArrived: { contact: account, device, call, media },
  happened: { call, contact: nullOr(account), event: callEvent },
});

export const boardEffect = oneOfKind<BoardEffect>({
  act: { contact: account, call, effect: callEffect },
  noteMissed: { contact: account, call, media, why: word(WhyMissed) },
  exchange: { givenUp: call, standing: call },
  drop: { code },
});

// The contact machine

const person = record<contact.Person>({ accountId: account, identityKey, listVersion: number });
const accepted = { person, token };
const asked = { person, token, expiresAt: number };
const suspended = { person, offered: person, token };

export const contactState = oneOfKind<contact.State>({
  stranger: {},
  invited: { use: word(LinkUse), expiresAt: number },
  requested: { inviter: nullOr(digest), own: digest, token, expiresAt: number },
  asked,
  accepted,
  suspended,
  blocked: { former: oneOfKind<contact.Blocked["former"]>({ asked, accepted, suspended }) },
  ended: { reason: word(ContactEnd) },
});

export const contactEvent = oneOfKind<contact.Event>({
  inviteCreated: { use: word(LinkUse), expiresAt: number },
  inviteWithdrawn: {},
  inviteFollowed: { inviter: nullOr(digest), own: digest, token, now: number },
  requestApproved: {},
  requestDeclined: {},
  identityTrusted: { identityKey },
  contactBlocked: {},
  contactUnblocked: {},
  contactRemoved: {},
  requestReceived: { person, token, waiting: number, now: number },
  acceptReceived: { person, token, now: number },
  devicesChanged: { person },
  rejoinReceived: { person },
  deadlineReached: { now: number },
});

export const contactEffect = oneOfKind<contact.Effect>({
  setDeadline: { at: number },
  revokeLink: {},
  sendRequest: { token },
  beginContact: { person, token },
  askPerson: { person },
  createConversation: { person, token },
  joinConversation: { person },
  recordDevices: { person },
  announceDevices: { person },
  readdDevices: { person },
  warnIdentityChanged: { offered: person },
  pinIdentity: { person },
  retryHeld: {},
  revokeAddresses: {},
  mintAddresses: {},
  forgetContact: {},
  reject: { code },
});
