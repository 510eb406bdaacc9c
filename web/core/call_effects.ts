/**
 * What the call machine asks its shell to do: imperatives, each safe to repeat.
 *
 * The shell carries them out in order. Sending goes to the conversation group (invite, accept,
 * taken, cancel, missed: P9), to the own devices (`tellSiblings`), or to the call group (the rest).
 */

import type { HangupReason } from "./content_call.ts";
import { Media, type Path } from "./content_records.ts";
import type { Handled } from "./content_self.ts";
import type { Code } from "./errors.ts";
import type { DeviceId, Digest, Nonce32 } from "./ids.ts";

export { HangupReason } from "./content_call.ts";
export { Media, Path } from "./content_records.ts";
export { Handled } from "./content_self.ts";

/** Return what both wanted: a picture only if both did. */
export function lesser(one: Media, other: Media): Media {
  return one === Media.VIDEO && other === Media.VIDEO ? Media.VIDEO : Media.VOICE;
}

/** Why a call ended, as this device knows it. */
export const EndReason = {
  HUNG_UP: "hung_up",
  HUNG_UP_THERE: "hung_up_there",
  CANCELLED: "cancelled",
  CANCELLED_THERE: "cancelled_there",
  NO_ANSWER: "no_answer",
  DECLINED: "declined",
  EXPIRED: "expired",
  ANSWERED_ELSEWHERE: "answered_elsewhere",
  DECLINED_ELSEWHERE: "declined_elsewhere",
  GAVE_WAY: "gave_way",
  WITHDRAWN: "withdrawn",
  NO_WELCOME: "no_welcome",
  NOT_CONNECTED: "not_connected",
  LOST: "lost",
  FAILED: "failed",
  KEY_CHANGED: "key_changed",
} as const;

export type EndReason = (typeof EndReason)[keyof typeof EndReason];

// To the conversation group.

/** Seal `call.invite` to each device of the callee; the first time, make offer and nonce. */
export type SendInvite = Readonly<{ kind: "sendInvite" }>;

/** Seal `call.ringing`: this contact may see that it rings here (CK-383). */
export type SendRinging = Readonly<{ kind: "sendRinging" }>;

/** Seal `call.accept`; the first time, make the answer, key package and nonce. */
export type SendAccept = Readonly<{ kind: "sendAccept"; media: Media }>;

/** Seal `call.taken` to all the callee's devices. */
export type SendTaken = Readonly<{ kind: "sendTaken"; device: DeviceId }>;

/** Seal `call.cancel`: a caller stops the ringing, a callee takes its accept back. */
export type SendCancel = Readonly<{ kind: "sendCancel" }>;

/** Seal a durable `call.missed`. */
export type SendMissed = Readonly<{ kind: "sendMissed" }>;

/** Seal `self.call_handled` to the own other devices. Never to the caller. */
export type TellSiblings = Readonly<{ kind: "tellSiblings"; how: Handled }>;

// To the call group.

/** Make the call group with this device's key package (once) and send it the Welcome. */
export type SendWelcome = Readonly<{ kind: "sendWelcome"; device: DeviceId }>;

/** Say that the receive keys are in place. */
export type SendReady = Readonly<{ kind: "sendReady" }>;

/** Reveal this side's nonce (P11). */
export type SendReveal = Readonly<{ kind: "sendReveal" }>;

/** Send our relay candidates. */
export type SendCandidates = Readonly<{ kind: "sendCandidates"; candidates: readonly string[] }>;

/** Say which path this side allows (CK-384). */
export type SendPath = Readonly<{ kind: "sendPath"; path: Path }>;

/** Tell the other side that the call is over. */
export type SendHangup = Readonly<{ kind: "sendHangup"; reason: HangupReason }>;

// On this device.

/** Show and sound an incoming call. */
export type StartRinging = Readonly<{ kind: "startRinging"; media: Media }>;

/** Show that it rings at the other side. */
export type ShowRinging = Readonly<{ kind: "showRinging" }>;

/** Stop showing and sounding it. */
export type StopRinging = Readonly<{ kind: "stopRinging" }>;

/** Hold the media connection to `media`, then give it the accepter's SDP answer (CK-369). */
export type ApplyAnswer = Readonly<{ kind: "applyAnswer"; media: Media }>;

/** Fetch TURN credentials and gather: the first packets that leave for this call. */
export type GatherCandidates = Readonly<{ kind: "gatherCandidates" }>;

/** Give the other side's candidates to the media connection. */
export type AddCandidates = Readonly<{ kind: "addCandidates"; candidates: readonly string[] }>;

/** Derive the SFrame keys from the call group and be ready to receive. */
export type InstallFrameKeys = Readonly<{ kind: "installFrameKeys" }>;

/** Open the gate for our own frames. */
export type StartFrames = Readonly<{ kind: "startFrames" }>;

/** Let no frame pass any more, either way, at once: before anything that is in line (CK-385). */
export type StopFrames = Readonly<{ kind: "stopFrames" }>;

/** Compute the short authentication string with the other side's revealed nonce. */
export type ShowSas = Readonly<{ kind: "showSas"; nonce: Nonce32 }>;

/** Fetch fresh TURN credentials, make a new offer for this path and send it. */
export type RestartIce = Readonly<{ kind: "restartIce"; path: Path }>;

/** Fetch fresh TURN credentials, answer this restart offer, gather for this path. */
export type AnswerRestart = Readonly<{ kind: "answerRestart"; sdp: string; path: Path }>;

/** Give the answer to this restart offer of ours to the media connection, if it is the open one. */
export type ApplyRestartAnswer = Readonly<{
  kind: "applyRestartAnswer";
  sdp: string;
  /** SHA-256 of the offer. */
  offer: Digest;
}>;

/** Feed `deadlineReached` at this monotonic second; replaces the deadline set before. */
export type SetDeadline = Readonly<{ kind: "setDeadline"; at: number }>;

/** Close the media connection and its TURN allocations. */
export type StopMedia = Readonly<{ kind: "stopMedia" }>;

/** Wipe the call group, frame keys, key package and nonces of this call. */
export type EraseKeys = Readonly<{ kind: "eraseKeys" }>;

/** Tell the person that and why it is over; `code` says more where something failed. */
export type ReportEnd = Readonly<{ kind: "reportEnd"; reason: EndReason; code: Code | null }>;

/** The other side or the server broke the protocol; the state is unchanged. */
export type Reject = Readonly<{ kind: "reject"; code: Code }>;

/** What is nothing but an envelope. */
export type Sending =
  | SendInvite
  | SendRinging
  | SendAccept
  | SendTaken
  | SendCancel
  | SendMissed
  | TellSiblings
  | SendWelcome
  | SendReady
  | SendReveal
  | SendCandidates
  | SendPath
  | SendHangup;

/** What is done on this device; the two restarts send once they have found a relay. */
export type Local =
  | StartRinging
  | ShowRinging
  | StopRinging
  | ApplyAnswer
  | GatherCandidates
  | AddCandidates
  | InstallFrameKeys
  | StartFrames
  | StopFrames
  | ShowSas
  | RestartIce
  | AnswerRestart
  | ApplyRestartAnswer
  | SetDeadline
  | StopMedia
  | EraseKeys
  | ReportEnd
  | Reject;

export type Effect = Sending | Local;
