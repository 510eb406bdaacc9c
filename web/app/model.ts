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
import type { Reading } from "../core/meter.ts";
import type { Line } from "../core/realtime_text.ts";
import type {
  CallActions,
  DeviceActions,
  DoorActions,
  FileActions,
  PeopleActions,
  PushActions,
} from "./model_actions.ts";
import type { DataActions, GivenReceipt } from "./model_data.ts";
import type { GroupCallActions, GroupCallView, IncomingGroup } from "./model_group_call.ts";
import type { Author, GroupActions, GroupNews, Groups } from "./model_groups.ts";
import type { CallHistory, HistoryActions } from "./model_history.ts";
import type { MoveActions } from "./model_move.ts";
import type { RecordingActions, RecordingState } from "./model_recording.ts";

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
  /** The server says that it does not know this device. */
  | { kind: "refused" }
  /** The account has signed that this device is shut out; what it held is erased. */
  | { kind: "shutOut" }
  /** The account was closed just now. */
  | { kind: "closed"; receipt: GivenReceipt }
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
  /** For how many hours calls with them stay in the history; undefined: as for everybody. */
  keepsHours: number | undefined;
  /** They may bring you into groups; absent: you are asked. */
  adds?: "at_once" | "never" | undefined;
  /** In a call with them one is never to be recorded, and nobody is asked. */
  neverRecord?: boolean | undefined;
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
  /** They told us that they are never to be recorded. */
  neverRecorded?: boolean | undefined;
  rules: Rules;
}>;

/**
 * A contact of before the move to this server, who is not here yet: nobody to call or to write to.
 * Their name stands in the history.
 */
export type AwaitedPerson = Readonly<{
  id: PersonId;
  /** At the server of before. */
  name: string;
  /** The safety number was compared, for the key they had. */
  verified: boolean;
  /** They are refused here as well. */
  blocked: boolean;
  rules: Pick<Rules, "keepsHours">;
}>;

/** `by`: who said it, in a group. */
export type Entry = Readonly<{ id: string; at: number; own: boolean; by?: Author }> &
  (
    | Readonly<{ kind: "text"; text: string }>
    | Readonly<{ kind: "file"; name: string; size: number; thumbnail: Blob | undefined }>
    | Readonly<{ kind: "missed"; media: Media | undefined }>
    | Readonly<{ kind: "ended"; media: Media; seconds: number }>
    | Readonly<{ kind: "unanswered"; media: Media }>
    | Readonly<{ kind: "notice"; what: NoticeKind; names?: Names }>
    /** `who`: whom it is about; `name`: what the group was called from then on. */
    | Readonly<{ kind: "group"; what: GroupNews; who: string; name: string }>
  );

/** Which name took the place of which. */
export type Names = Readonly<{ was: string; name: string }>;

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
  | "keysRolledBack"
  | "renamed"
  | "ownHandleChanged";

export type Thread = Readonly<{ entries: readonly Entry[]; unread: number }>;

/** Somebody who waits for a tap. */
export type Request = Readonly<{
  id: PersonId;
  name: string;
  byHandle: boolean;
  /** The name of the contact of before the move here whose key they have; "" if none. */
  was: string;
}>;

/** Something about the account that a person should see until they have. */
export type Alert = Readonly<{
  id: string;
  at: number;
  what: NoticeKind;
  device: string | undefined;
  names?: Names;
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
  /** Nothing of it is kept here, and it was not told where nobody answered. */
  traceless: boolean;
  /** How it ended, and what failed, if something did. */
  end: string | undefined;
  endCode: Code | undefined;
  seconds: number;
  /** What others could see of it, once it has ended; kept nowhere. */
  meter: Reading;
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
  awaited: readonly AwaitedPerson[];
  threads: ReadonlyMap<PersonId, Thread>;
  groups: Groups;
  /** All calls that are kept, and how long they are. */
  history: CallHistory;
  requests: readonly Request[];
  alerts: readonly Alert[];
  incoming: Incoming | undefined;
  call: CallView | undefined;
  incomingGroup: IncomingGroup | undefined;
  groupCall: GroupCallView | undefined;
  desk: Desk;
  unsupported: ReadonlySet<Feature>;
  passkeys: PasskeysHere;
  /** Undefined: this client has nothing to do with recording, and screens leave it out. */
  recording?: RecordingState | undefined;
}>;

export interface AppModel {
  subscribe(listener: () => void): () => void;
  snapshot(): AppState;
  readonly door: DoorActions;
  readonly people: PeopleActions;
  readonly groups: GroupActions;
  readonly files: FileActions;
  readonly devices: DeviceActions;
  readonly push: PushActions;
  readonly calls: CallActions;
  readonly groupCall: GroupCallActions;
  readonly history: HistoryActions;
  readonly data: DataActions;
  readonly move: MoveActions;
  /** There whenever the state has a `recording`. */
  readonly recording?: RecordingActions;
}
