/**
 * What the screens can ask the client for, and what they get: half of the border (`model.ts`).
 *
 * Actions return promises that reject with a `VisavisError`; the code says which sentence a person
 * reads.
 */

import type { Effect, Entry, Media, PersonId, Request, Rules } from "./model.ts";

export type Device = Readonly<{
  shortId: string;
  current: boolean;
  /** ISO days; "" if the server does not know. */
  created: string;
  lastSeen: string;
  listed: boolean;
}>;

export type Passkey = Readonly<{
  shortId: string;
  /** ISO day. */
  created: string;
}>;

/** How the account is opened, beside the recovery code. */
export type WaysIn = Readonly<{ password: boolean; passkeys: readonly Passkey[] }>;

/** It is you: the password, or a passkey of the account. */
export type Proof = string | Readonly<{ passkey: true }>;

export type SignInStep =
  | { kind: "working" }
  | { kind: "showLink"; link: string }
  | { kind: "compare"; digits: string };

export type CheckResult = "good" | "note" | "bad" | "running";

export type DoctorCheck = Readonly<{
  name: DoctorName;
  result: CheckResult;
  /** Which sentence stands beside it; see the catalogue, `doctor.NAME.FINDING`. */
  finding: string;
  value?: string;
}>;

export type DoctorName =
  | "browser"
  | "secure"
  | "encryption"
  | "storage"
  | "server"
  | "arrived"
  | "camera"
  | "microphone"
  | "relay"
  | "leak"
  | "notifications";

export type PasswordRating = Readonly<{
  accepted: boolean;
  /** 0 to 4. */
  strength: number;
  /** Reasons why it is refused, or advice; keys of the catalogue without `password.`. */
  reasons: readonly string[];
}>;

/** What a person can do before there is a profile. */
export interface DoorActions {
  ratePassword(password: string, handle: string): Promise<PasswordRating>;
  /** Without a password the account begins with a passkey. */
  signUp(link: string, name: string, password: string | undefined): Promise<void>;
  /** The passkey knows whose account it is. */
  signInWithPasskey(): Promise<void>;
  /** The code was written down. */
  recoveryNoted(): void;
  signIn(
    handle: string,
    password: string,
    how: { recoveryCode: string; lostDevices: boolean } | "pair",
    onStep: (step: SignInStep) => void,
    signal: AbortSignal,
  ): Promise<void>;
  unlock(password: string): Promise<void>;
  /** Take the profile over from the other tab, or load again. */
  retry(): void;
  /** Remove everything of this profile from this browser. */
  erase(): Promise<void>;
}

export type SafetyNumber = Readonly<{
  groups: readonly string[];
  /** What our QR code says. */
  text: string;
}>;

/** "other": the code says something else altogether. */
export type Comparison = "same" | "differs" | "other";

export interface PeopleActions {
  createInvite(singleUse: boolean): Promise<string>;
  acceptInvite(link: string): Promise<PersonId | undefined>;
  requestByHandle(handle: string): Promise<PersonId | undefined>;
  approve(request: Request): Promise<void>;
  decline(request: Request): Promise<void>;
  /** Wait for a contact of before the move no longer: whoever comes as them is a stranger. */
  forgetAwaited(id: PersonId): Promise<void>;
  findable(): Promise<boolean>;
  setFindable(findable: boolean): Promise<void>;
  safetyNumber(id: PersonId): Promise<SafetyNumber>;
  /** Compare what the QR code on somebody's screen says; they are marked only if it is the same. */
  compareCode(id: PersonId, text: string): Promise<Comparison>;
  markVerified(id: PersonId, verified: boolean): Promise<void>;
  keepIdentity(id: PersonId): Promise<void>;
  forget(id: PersonId): Promise<void>;
  setBlocked(id: PersonId, blocked: boolean): Promise<void>;
  setRules(id: PersonId, rules: Rules): Promise<void>;
  sendText(id: PersonId, text: string): Promise<void>;
  /** The person has a conversation before their eyes. */
  read(id: PersonId): void;
  dismissAlert(id: string): void;
}

/** How far a file is; without `part` nobody can say. */
export type FileStep = Readonly<{ sending: boolean; part: number | undefined }>;

export interface FileActions {
  /** What would tell of place and device is taken out of pictures; what could run is refused. */
  send(
    id: PersonId,
    file: File,
    onStep: (step: FileStep) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Fetch and open a file; `shown` says that it may be shown here, by its content. */
  open(
    entry: Entry,
    onStep: (step: FileStep) => void,
    signal: AbortSignal,
  ): Promise<{ file: File; shown: boolean }>;
}

export interface DeviceActions {
  list(): Promise<readonly Device[]>;
  approve(
    link: string,
    confirm: (digits: string) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<string>;
  revoke(shortId: string, proof: Proof): Promise<void>;
  changePassword(proof: Proof, fresh: string): Promise<void>;
  waysIn(): Promise<WaysIn>;
  /** Returns the new passkey's short id. */
  addPasskey(proof: Proof): Promise<string>;
  removePasskey(shortId: string, proof: Proof): Promise<void>;
  /** Lock this browser's copy with a passphrase, or with `undefined` no more. */
  setPassphrase(passphrase: string | undefined): Promise<void>;
  doctor(onCheck: (check: DoctorCheck) => void): Promise<void>;
  /** What the browser allows now. */
  permissions(): Promise<Permissions>;
  /** When it was used, newest first; known to this device only. */
  uses(): readonly Use[];
  clearUses(): Promise<void>;
  /** Note that something is used, from now on until what this returns is called. */
  use(what: Permitted): () => void;
}

/** Whether this device can be rung while nothing is open, and if not, why; and whether it is. */
export type PushStanding = Readonly<{ can: "yes" | "server" | "browser"; on: boolean }>;

/**
 * What became of switching it: "denied" by the browser or person, "refused" by the server, "failed"
 * at the browser. In these three nothing is switched on.
 */
export type PushOutcome = "on" | "off" | "denied" | "refused" | "failed";

/** Somebody outside the server who learns something; kinds are in the catalogue. */
export type Recipient = Readonly<{ kind: string; host: string }>;

export interface PushActions {
  look(): Promise<PushStanding>;
  turnOn(): Promise<PushOutcome>;
  turnOff(): Promise<PushOutcome>;
  recipients(): Promise<readonly Recipient[]>;
}

/** What a browser asks about before a page may use it. */
export type Permitted = "camera" | "microphone" | "notifications";

/** "unknown": this browser does not say. */
export type Permission = "granted" | "denied" | "prompt" | "unknown";

export type Permissions = Readonly<Record<Permitted, Permission>>;

export type Use = Readonly<{
  kind: Permitted;
  /** Unix seconds. */
  at: number;
  /** Undefined if it goes on, or the page was closed in the middle of it. */
  seconds: number | undefined;
}>;

/**
 * "traceless": nothing of it is kept here, and they are not told if they do not answer;
 * "confidential": nothing is kept at either end, for people whose safety number was compared.
 */
export type CallKind = "usual" | "traceless" | "confidential";

export interface CallActions {
  /** Open or close devices for a preview; `undefined` closes everything. */
  preview(wanted: { camera?: boolean; microphone?: boolean } | undefined): Promise<void>;
  choose(kind: "camera" | "microphone" | "speaker", id: string): Promise<void>;
  /** Blur the background, or filter noise, from now on: what is open, and whatever is opened later. */
  setEffect(effect: Effect, on: boolean): Promise<void>;
  /** Loudness of the open microphone, 0 to 1, now. */
  level(): number;
  /** A call is about to be started: make ready for it, and send nothing. Undefined: none is any more. */
  expect(wanted: { media: Media; confidential: boolean } | undefined): Promise<void>;
  start(id: PersonId, media: Media, how: CallKind): Promise<void>;
  accept(media: Media): Promise<void>;
  /** With words: they go as a message, so the caller learns that somebody was there. */
  decline(words?: string): Promise<void>;
  hangUp(): Promise<void>;
  setMic(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  /** Ask the browser for a screen or window; what comes is shown before it is sent. */
  pickScreen(): Promise<MediaStream | undefined>;
  share(stream: MediaStream | undefined): Promise<void>;
  /** Open or close real-time text; opening it shows it to the other person too. */
  setText(open: boolean): void;
  /** Make one's unfinished line this one; with a new line at its end it is finished. */
  write(line: string): void;
  /** Put an ended call away. */
  dismiss(): void;
}
