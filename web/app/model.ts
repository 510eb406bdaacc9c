/**
 * What the screens read: with what they can ask for (`model_actions.ts`) the whole border between
 * views and the client.
 *
 * Two things stand behind it: `live_model.ts` (the client at work) and `scenes/` (states for
 * pictures and tests). A state is one frozen snapshot; screens read parts of it through
 * `model_hooks.tsx`.
 *
 * Not for: deciding anything about keys, contacts or calls. That is `web/client` and `web/core`.
 */

import type { Code } from "../core/codes.ts";
import type { Line } from "../core/realtime_text.ts";
import type {
  CallActions,
  DeviceActions,
  DoorActions,
  FileActions,
  PeopleActions,
  PushActions,
} from "./model_actions.ts";

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
/** What is opened for a call. */
export type Input = "camera" | "microphone";

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
