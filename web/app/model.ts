/**
 * What the screens read and what they can ask for: the whole border between views and the client.
 *
 * Two things stand behind it: `live_model.ts` (the client at work) and `scenes/` (states for
 * pictures and tests). A state is one frozen snapshot; screens read parts of it through
 * `model_hooks.tsx`. Actions return promises that reject with a `VisavisError`; the code says which
 * sentence a person reads.
 *
 * Not for: deciding anything about keys, contacts or calls. That is `web/client` and `web/core`.
 */

import type { Code } from "../core/codes.ts";
import type { Line } from "../core/realtime_text.ts";

/** An account, as hexadecimal digits: a key in lists and routes. */
export type PersonId = string;

/** Where the app stands before and around everything else. */
export type Phase =
  | { kind: "starting" }
  /** No profile here. */
  | { kind: "welcome" }
  /** Just signed up: the code to write down, shown this once. */
  | { kind: "recovery"; code: string }
  /** There is a profile and it wants its password. */
  | { kind: "locked"; handle: string | undefined }
  /** Another tab has the profile. */
  | { kind: "elsewhere" }
  /** This device was shut out. */
  | { kind: "revoked" }
  /** The store cannot be used; nothing is done with it. */
  | { kind: "broken"; code: Code }
  | { kind: "ready" };

export type Connection = "online" | "connecting" | "offline";

export type Media = "voice" | "video";

export type PersonState = "contact" | "rejoining" | "changed" | "blocked";

/** Which calls of somebody ring here. */
export type MayCall = "video" | "voice" | "nothing";

/** A span of the day, on some days: 0 is Monday, minutes count from midnight. */
export type Hours = Readonly<{ days: readonly number[]; start: number; end: number }>;

/** Without hours calls ring at any time. */
export type Rules = Readonly<{
  calls: MayCall;
  hours: readonly Hours[] | undefined;
  /** They may see that it rings here. */
  seesRinging: boolean;
  /** A call with them may take the direct path, if they allow it too. */
  direct: boolean;
}>;

export type Person = Readonly<{
  id: PersonId;
  /** As they call themselves: text of a stranger; show it with `<Name>` only. */
  name: string;
  state: PersonState;
  /** The safety number was compared, for the very key we hold. */
  verified: boolean;
  devices: number;
  /** Found by handle: a look-up cannot prove who it found. */
  byHandle: boolean;
  /** Unix seconds since when we have this key; undefined if this device was not there. */
  since: number | undefined;
  /** The name of another contact that theirs could be taken for. */
  resembles: string | undefined;
  rules: Rules;
}>;

export type Entry = Readonly<{ id: string; at: number; own: boolean }> &
  (
    | Readonly<{ kind: "text"; text: string }>
    | Readonly<{ kind: "file"; name: string; size: number; thumbnail: Blob | undefined }>
    | Readonly<{ kind: "missed"; media: Media | undefined }>
    | Readonly<{ kind: "ended"; media: Media; seconds: number }>
    | Readonly<{ kind: "unanswered"; media: Media }>
    | Readonly<{ kind: "notice"; what: NoticeKind }>
  );

export type NoticeKind =
  | "added"
  | "addedByHandle"
  | "newDevice"
  | "deviceRemoved"
  | "rejoined"
  | "identityChanged"
  | "ownDeviceAdded"
  | "ownDeviceRemoved"
  | "vaultRolledBack"
  | "keysRolledBack";

export type Thread = Readonly<{ entries: readonly Entry[]; unread: number }>;

/** Somebody who waits for a tap. */
export type Request = Readonly<{ id: PersonId; name: string; byHandle: boolean }>;

/** Something about the account that a person should see until they have. */
export type Alert = Readonly<{
  id: string;
  at: number;
  what: NoticeKind;
  device: string | undefined;
}>;

export type Device = Readonly<{
  shortId: string;
  current: boolean;
  /** ISO days; "" if the server does not know. */
  created: string;
  lastSeen: string;
  listed: boolean;
}>;

export type CallState = "calling" | "connecting" | "inCall" | "reconnecting" | "ended";

export type Quality = "unknown" | "good" | "fair" | "poor";

/** What the two of a call write while they talk. */
export type TextView = Readonly<{
  isOpen: boolean;
  isOpenThere: boolean;
  /** Finished lines of both, oldest first. */
  lines: readonly Line[];
  /** Unfinished lines. */
  own: string;
  theirs: string;
}>;

export type CallView = Readonly<{
  person: Person;
  outgoing: boolean;
  media: Media;
  state: CallState;
  /** It rings there, as far as they let us see that. */
  ringsThere: boolean;
  /** Milliseconds since the epoch, once both could hear each other. */
  connectedAt: number | undefined;
  /** Four words, once there are any. */
  words: readonly string[];
  suite: string;
  epoch: number | undefined;
  path: "relayed" | "direct" | "none";
  rttMs: number | undefined;
  quality: Quality;
  remote: MediaStream | undefined;
  /** They send a picture now. */
  remotePicture: boolean;
  self: MediaStream | undefined;
  micOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  /** What both write while they talk; text of a stranger, gone when the call ends. */
  text: TextView;
  /** Nothing is noted, and no screen is shared. */
  confidential: boolean;
  /** How it ended, and what failed, if something did. */
  end: string | undefined;
  endCode: Code | undefined;
  seconds: number;
}>;

export type Incoming = Readonly<{
  person: Person;
  media: Media;
  /** There was no call with them before, as far as this device knows. */
  firstCall: boolean;
  /** Nothing is noted at either end, and no screen is shared. */
  confidential: boolean;
}>;

/** Cameras, microphones and speakers, and what comes from those that are open. */
export type Desk = Readonly<{
  cameras: readonly DeskDevice[];
  microphones: readonly DeskDevice[];
  speakers: readonly DeskDevice[];
  camera: string | undefined;
  microphone: string | undefined;
  speaker: string | undefined;
  cameraOn: boolean;
  micOn: boolean;
  /** What is open, for the preview. */
  stream: MediaStream | undefined;
  /** Why a device that was wanted is not open; "blur": closed, for the background stayed clear. */
  cameraTrouble: DeskTrouble | "blur" | undefined;
  micTrouble: DeskTrouble | undefined;
  blur: BlurState;
  noise: NoiseState;
}>;

export type DeskDevice = Readonly<{ id: string; label: string }>;

/** "gone": it was open, and stopped by itself. */
export type DeskTrouble = "denied" | "missing" | "busy" | "gone";

/** What is done to picture and sound on this device before they are sent. */
export type Effect = "blur" | "noise";

/** "starting": all is blurred until the person is found; "whole": all stays so. */
export type BlurState = "off" | "starting" | "on" | "whole" | "failed";

/** "browser": ours cannot run here, the browser's own filter does; "failed": none does. */
export type NoiseState = "off" | "starting" | "on" | "browser" | "failed";

/** What this client cannot do yet. The screens leave it out; nothing pretends. */
export type Feature =
  | "blur"
  | "noise"
  | "screenShare"
  | "switchDevices"
  | "passphrase"
  | "markVerified";

/** Whether this page can ask for passkeys, or what is missing. */
export type PasskeysHere = "possible" | "address" | "browser";

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

export type Self = Readonly<{ handle: string; id: PersonId; locked: boolean }>;

export type AppState = Readonly<{
  phase: Phase;
  connection: Connection;
  self: Self | undefined;
  people: readonly Person[];
  threads: ReadonlyMap<PersonId, Thread>;
  requests: readonly Request[];
  alerts: readonly Alert[];
  incoming: Incoming | undefined;
  call: CallView | undefined;
  desk: Desk;
  unsupported: ReadonlySet<Feature>;
  passkeys: PasskeysHere;
}>;

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

export interface CallActions {
  /** Open or close devices for a preview; `undefined` closes everything. */
  preview(wanted: { camera?: boolean; microphone?: boolean } | undefined): Promise<void>;
  choose(kind: "camera" | "microphone" | "speaker", id: string): Promise<void>;
  /** Blur the background, or filter noise, from now on: what is open, and whatever is opened later. */
  setEffect(effect: Effect, on: boolean): Promise<void>;
  /** Loudness of the open microphone, 0 to 1, now. */
  level(): number;
  /** A confidential call is for people whose safety number was compared; it leaves no trace. */
  start(id: PersonId, media: Media, confidential: boolean): Promise<void>;
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

export interface AppModel {
  subscribe(listener: () => void): () => void;
  snapshot(): AppState;
  readonly door: DoorActions;
  readonly people: PeopleActions;
  readonly files: FileActions;
  readonly devices: DeviceActions;
  readonly push: PushActions;
  readonly calls: CallActions;
}
