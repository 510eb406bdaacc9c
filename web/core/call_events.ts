/**
 * What can happen to a call: past participles.
 *
 * `Unverified` input never gets here: the shell has opened the envelope, decrypted the message,
 * checked the sender's leaf and, for a Welcome, joined the call group. A sender is the device that
 * MLS says it is. `now` is monotonic seconds.
 */

import type { Handled, Media, Path } from "./call_effects.ts";
import type { Trace } from "./call_types.ts";
import type { MaySee } from "./content_records.ts";
import type { Code } from "./errors.ts";
import type { CallId, DeviceId, Digest, Nonce32 } from "./ids.ts";

// A person did it, here.

/** A person calls a contact. */
export type CallPlaced = Readonly<{
  kind: "callPlaced";
  now: number;
  call: CallId;
  media: Media;
  trace: Trace;
}>;

/** A person accepts, with at most this media. */
export type AcceptRequested = Readonly<{ kind: "acceptRequested"; now: number; media: Media }>;

/** A person declines. Ignoring is no event at all. */
export type DeclineRequested = Readonly<{ kind: "declineRequested" }>;

/** A person ends the call, or stops calling. */
export type HangUpRequested = Readonly<{ kind: "hangUpRequested" }>;

/** Which path the person here allows, of a call that is connected; another than before. */
export type PathDecided = Readonly<{ kind: "pathDecided"; now: number; path: Path }>;

/** The contact has another identity key than before: the person has to decide. */
export type KeyChanged = Readonly<{ kind: "keyChanged" }>;

/** Another call of the same two stands: glare (P9), or one that comes back after a reload. */
export type GaveWay = Readonly<{ kind: "gaveWay" }>;

// From the conversation group.

/** `call.invite` from `device`, which `maySee` this much; `own` is this device. */
export type InviteReceived = Readonly<{
  kind: "inviteReceived";
  now: number;
  call: CallId;
  media: Media;
  device: DeviceId;
  own: DeviceId;
  commitment: Digest;
  maySee: MaySee | null;
}>;

/** `call.ringing` from a device of the contact: it rings there. */
export type RingingReceived = Readonly<{ kind: "ringingReceived" }>;

/** `call.accept` from `device`, with a key package that is verified to be that device's. */
export type AcceptReceived = Readonly<{
  kind: "acceptReceived";
  now: number;
  device: DeviceId;
  media: Media;
}>;

/** `call.taken`: `sender` says that it took `device`. */
export type TakenReceived = Readonly<{
  kind: "takenReceived";
  sender: DeviceId;
  device: DeviceId;
}>;

/** `call.cancel` from `sender`. */
export type CancelReceived = Readonly<{ kind: "cancelReceived"; sender: DeviceId }>;

/** `call.missed` from `sender`: the durable word that it is over. */
export type MissedReceived = Readonly<{ kind: "missedReceived"; sender: DeviceId }>;

/** `self.call_handled`: a person used another of our devices. */
export type SiblingHandled = Readonly<{ kind: "siblingHandled"; how: Handled }>;

// From the call group.

/** The Welcome was processed: the call group holds the caller's device and this one only. */
export type WelcomeReceived = Readonly<{ kind: "welcomeReceived"; now: number }>;

/** The other side has its receive keys. */
export type ReadyReceived = Readonly<{ kind: "readyReceived" }>;

/** The other side's nonce. */
export type RevealReceived = Readonly<{ kind: "revealReceived"; nonce: Nonce32 }>;

/** The other side's relay candidates. */
export type CandidatesReceived = Readonly<{
  kind: "candidatesReceived";
  candidates: readonly string[];
}>;

/** Which path the other side allows. */
export type PathReceived = Readonly<{ kind: "pathReceived"; now: number; path: Path }>;

/** The other side restarts ICE, for this path. */
export type OfferReceived = Readonly<{
  kind: "offerReceived";
  now: number;
  sdp: string;
  path: Path;
}>;

/** The other side answers our restart. */
export type AnswerReceived = Readonly<{
  kind: "answerReceived";
  sdp: string;
  /** SHA-256 of the offer that it answers. */
  offer: Digest;
}>;

/** The other side ended the call. */
export type HangupReceived = Readonly<{ kind: "hangupReceived" }>;

// From this device's media, network and clock.

/** Our relay candidates are known. */
export type CandidatesGathered = Readonly<{
  kind: "candidatesGathered";
  candidates: readonly string[];
}>;

/** ICE and DTLS are through. */
export type MediaConnected = Readonly<{ kind: "mediaConnected" }>;

/** Nothing arrives any more. */
export type MediaLost = Readonly<{ kind: "mediaLost"; now: number }>;

/** Our ICE restart found no relay; nothing was sent. */
export type RestartFailed = Readonly<{ kind: "restartFailed"; now: number }>;

/** It cannot go on: refused, no relay, hostile SDP, or it would not be encrypted. */
export type Failed = Readonly<{ kind: "failed"; code: Code }>;

/** The connection to the server is back. */
export type NetworkRestored = Readonly<{ kind: "networkRestored"; now: number }>;

/** The time of some `setDeadline` has come; a late one is harmless. */
export type DeadlineReached = Readonly<{ kind: "deadlineReached"; now: number }>;

export type Event =
  | CallPlaced
  | AcceptRequested
  | DeclineRequested
  | HangUpRequested
  | PathDecided
  | KeyChanged
  | GaveWay
  | InviteReceived
  | RingingReceived
  | AcceptReceived
  | TakenReceived
  | CancelReceived
  | MissedReceived
  | SiblingHandled
  | WelcomeReceived
  | ReadyReceived
  | RevealReceived
  | CandidatesReceived
  | PathReceived
  | OfferReceived
  | AnswerReceived
  | HangupReceived
  | CandidatesGathered
  | MediaConnected
  | MediaLost
  | RestartFailed
  | Failed
  | NetworkRestored
  | DeadlineReached;

/** Events that only the calling device may cause on a callee's device. */
export type FromCaller = TakenReceived | CancelReceived | MissedReceived;
