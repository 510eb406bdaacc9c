/**
 * States, events, effects and tuning constants of consent to a recording (`recording.ts`).
 *
 * One machine is one device in one call. People are the consent keys of their devices, which stand
 * in the leaves of the call's group: whoever is in the group has one, and everybody knows whose it
 * is.
 *
 * Not for: how statements are signed (`recording_statements.ts`), or what a recording is.
 */

import type { ByteMap, ByteSet } from "./byte_sets.ts";
import type { Code } from "./errors.ts";
import type { ConsentKey, Digest } from "./ids.ts";

/**
 * For how long a joiner waits to hear from each member whether anybody asks to record, before it
 * hears and is heard. Higher: a member that hangs holds a joiner up; lower: more joiners are asked
 * only after they were heard (and not recorded: nothing is, while somebody has not agreed).
 */
export const HOLD_S = 5;

/** How often one member may ask in one call. Higher lets somebody be asked until they give in. */
export const MAX_ASKS = 3;

/** What is recorded; each is agreed to by itself. */
export const Kind = {
  AUDIO: "audio",
  VIDEO: "video",
  SCREEN: "screen",
  TRANSCRIPT: "transcript",
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export type Kinds = ReadonlySet<Kind>;
export type Members = ByteSet<ConsentKey>;

/** Why nobody asks, or records, any more. */
export const OverReason = {
  /** Somebody does not agree. The call goes on. */
  REFUSED: "refused",
  /** Somebody who had agreed does not any more. */
  WITHDRAWN: "withdrawn",
  /** Who asked has ended it. */
  STOPPED: "stopped",
  /** Who asked is in the call no longer. */
  GONE: "gone",
  /** The call is over here. */
  CALL_OVER: "call_over",
} as const;
export type OverReason = (typeof OverReason)[keyof typeof OverReason];

// States

/** Somebody's yes. */
export type Grant = Readonly<{
  /** To what. */
  kinds: Kinds;
  /** Among whom. It stands while members only leave (P17). */
  members: Members;
}>;

/** A request to record that is neither refused nor over. */
export type Ask = Readonly<{
  /** Who asks, and would record. */
  by: ConsentKey;
  /** What. */
  kinds: Kinds;
  /** Who agreed; the newest of each. */
  grants: ByteMap<ConsentKey, Grant>;
  /** What is recorded, as who asks says; of our own, what we do record. */
  recorded: Kinds;
  /** What the person here is shown to be recorded. */
  shown: Kinds;
}>;

/** This device is in the call. */
export type InCall = Readonly<{
  kind: "inCall";
  /** Our consent key. */
  own: ConsentKey;
  /** Whose are in the call's group now, ours among them. */
  members: Members;
  /** Of these, who said that they are never to be recorded. */
  never: Members;
  /** By its hash, each set of members among whom a yes that was said can still stand. */
  sets: ByteMap<Digest, Members>;
  /** What is asked now, by the hash of the request. */
  asks: ByteMap<Digest, Ask>;
  /** Requests that are over: what comes late of them is swallowed. */
  over: ByteSet<Digest>;
  /** The number of the last statement of each other member. */
  numbers: ByteMap<ConsentKey, number>;
  /** The number of our own last one. */
  said: number;
  /** How often each member asked. */
  counts: ByteMap<ConsentKey, number>;
  /** As a joiner: who has not told us yet what is asked. */
  waits: Members;
  /** As a joiner: what somebody said is asked, and has not come yet. */
  named: ByteSet<Digest>;
  /** Until when we wait for that; null: we do not. */
  holdUntil: number | null;
  /** Whether we neither hear nor are heard yet. */
  held: boolean;
}>;

/** Terminal: nothing is recorded any more. */
export type CallOver = Readonly<{ kind: "callOver" }>;

export type State = InCall | CallOver;

// Events

/** The call's group has a new epoch; told before any frame of it is opened or sealed. */
export type MembersChanged = Readonly<{ kind: "membersChanged"; members: Members; never: Members }>;

/** A member can open frames of the newest epoch, and says what it knows to be asked. */
export type MemberReady = Readonly<{ kind: "memberReady"; by: ConsentKey; asks: ByteSet<Digest> }>;

/** The person here wants to record. */
export type AskWanted = Readonly<{ kind: "askWanted"; ask: Digest; kinds: Kinds }>;

/** A member wants to record; `ask` is the hash of its signed request. */
export type AskReceived = Readonly<{
  kind: "askReceived";
  by: ConsentKey;
  number: number;
  ask: Digest;
  kinds: Kinds;
}>;

/** The person here agrees to these kinds. */
export type PersonAgreed = Readonly<{ kind: "personAgreed"; ask: Digest; kinds: Kinds }>;

/** The person here does not agree. */
export type PersonRefused = Readonly<{ kind: "personRefused"; ask: Digest }>;

/** The person here agreed, and does not any more. */
export type PersonWithdrew = Readonly<{ kind: "personWithdrew"; ask: Digest }>;

/** The person here asked, and ends it. */
export type PersonStopped = Readonly<{ kind: "personStopped"; ask: Digest }>;

/** A member agrees; `members` is the hash of those among whom. */
export type GrantReceived = Readonly<{
  kind: "grantReceived";
  by: ConsentKey;
  number: number;
  ask: Digest;
  kinds: Kinds;
  members: Digest;
}>;

/** A member does not agree. */
export type RefusalReceived = Readonly<{
  kind: "refusalReceived";
  by: ConsentKey;
  number: number;
  ask: Digest;
}>;

/** A member does not agree any more. */
export type WithdrawalReceived = Readonly<{
  kind: "withdrawalReceived";
  by: ConsentKey;
  number: number;
  ask: Digest;
}>;

/** Who asked says what is recorded from now on; nothing: it pauses. */
export type ProgressReceived = Readonly<{
  kind: "progressReceived";
  by: ConsentKey;
  number: number;
  ask: Digest;
  kinds: Kinds;
}>;

/** Who asked ends it. */
export type EndReceived = Readonly<{
  kind: "endReceived";
  by: ConsentKey;
  number: number;
  ask: Digest;
}>;

/** The time of `holdMedia` has come. */
export type HoldEnded = Readonly<{ kind: "holdEnded"; now: number }>;

/** This device is in the call no longer. */
export type CallEnded = Readonly<{ kind: "callEnded" }>;

export type Event =
  | MembersChanged
  | MemberReady
  | AskWanted
  | AskReceived
  | PersonAgreed
  | PersonRefused
  | PersonWithdrew
  | PersonStopped
  | GrantReceived
  | RefusalReceived
  | WithdrawalReceived
  | ProgressReceived
  | EndReceived
  | HoldEnded
  | CallEnded;

// Effects

/** Let nothing be heard, and send nothing, until `releaseMedia`; tell `holdEnded` then. */
export type HoldMedia = Readonly<{ kind: "holdMedia"; until: number }>;

/** Hear, and be heard. */
export type ReleaseMedia = Readonly<{ kind: "releaseMedia" }>;

/** Ask the person here, with equal buttons and nothing chosen. */
export type AskPerson = Readonly<{ kind: "askPerson"; ask: Digest }>;

/** Sign our request under this number, and send it. */
export type SendAsk = Readonly<{ kind: "sendAsk"; ask: Digest; number: number }>;

/** Send our request once more as it was, for who has come since. */
export type SendAskAgain = Readonly<{ kind: "sendAskAgain"; ask: Digest }>;

/** Sign a yes and send it. */
export type SendGrant = Readonly<{
  kind: "sendGrant";
  ask: Digest;
  number: number;
  kinds: Kinds;
  members: Digest;
}>;

/** Sign a no and send it. */
export type SendRefusal = Readonly<{ kind: "sendRefusal"; ask: Digest; number: number }>;

/** Sign that we do not agree any more, send it, and delete our share of the key. */
export type SendWithdrawal = Readonly<{ kind: "sendWithdrawal"; ask: Digest; number: number }>;

/** Sign what is recorded from now on and who is there, and send it. */
export type SendProgress = Readonly<{
  kind: "sendProgress";
  ask: Digest;
  number: number;
  kinds: Kinds;
}>;

/** Sign that we have ended it, and send that. */
export type SendEnd = Readonly<{ kind: "sendEnd"; ask: Digest; number: number }>;

/** Record exactly these kinds of all members from now on; none: record nothing. */
export type Record = Readonly<{ kind: "record"; ask: Digest; kinds: Kinds }>;

/** Show the person, unhideably and audibly, what is or may be recorded; none: nothing. */
export type Show = Readonly<{ kind: "show"; ask: Digest; by: ConsentKey; kinds: Kinds }>;

/** Say to the person that nobody asks or records any more, and why. */
export type TellOver = Readonly<{ kind: "tellOver"; ask: Digest; reason: OverReason }>;

/** A member broke the protocol; the state is unchanged. */
export type Reject = Readonly<{ kind: "reject"; code: Code }>;

export type Effect =
  | HoldMedia
  | ReleaseMedia
  | AskPerson
  | SendAsk
  | SendAskAgain
  | SendGrant
  | SendRefusal
  | SendWithdrawal
  | SendProgress
  | SendEnd
  | Record
  | Show
  | TellOver
  | Reject;

/** The next state, and the effects to carry out in order. */
export type StepTo<S extends State> = Readonly<{ state: S; effects: readonly Effect[] }>;
export type Step = StepTo<State>;

/** Go on in this state. */
export function goOn<S extends State>(state: S, ...effects: readonly Effect[]): StepTo<S> {
  return { state, effects };
}
