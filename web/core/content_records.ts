/** Records that several sealed contents share, and the bounds they have in common. */

import {
  ADDRESS,
  array,
  blob,
  FLAG,
  fixed,
  MARK,
  maybe,
  nested,
  type RecordOf,
  record,
  text,
  uint,
  word,
} from "./content_fields.ts";
import { MAX_DEVICES, MAX_LIST_BYTES } from "./device_list.ts";
import {
  AccountId,
  CallId,
  DeviceId,
  GroupId,
  IdentityKey,
  Nonce32,
  RequestToken,
  SequencerHandle,
  Signature,
  SignatureKey,
} from "./ids.ts";

/** An MLS message in an envelope; larger trees and commits go as blobs (P8). */
export const MAX_MLS_BYTES = 250_000;
export const MAX_KEY_PACKAGE_BYTES = 16_384;
export const MAX_NAME_BYTES = 128;
export const MIN_HANDLE_BYTES = 8;
export const MAX_HANDLE_BYTES = 30;
export const MAX_SDP_BYTES = 65_536;
export const MAX_TIME = 2 ** 40;
export const MAX_COUNT = 2 ** 32 - 1;
/** Devices in a group: with more, a Welcome with its tree would not fit an envelope. */
export const MAX_LEAVES = 64;
/** Spans of time in the rules for one contact: two for each day, and two more. */
export const MAX_HOURS = 16;
export const MINUTES_A_DAY = 1_440;
/** Hours that stand for no end: a person chose to keep the history of calls until they delete it. */
export const KEEP_EVER = 2 ** 20;

/** Stands in a content that `content_signed.ts` has yet to sign. */
export const UNSIGNED = new Signature(new Uint8Array(64));

/** What a call carries. */
export const Media = { VOICE: "voice", VIDEO: "video" } as const;
export type Media = (typeof Media)[keyof typeof Media];

/** How a call's packets travel: through the relay, or straight to the other device. */
export const Path = { RELAYED: "relayed", DIRECT: "direct" } as const;
export type Path = (typeof Path)[keyof typeof Path];

/** How a contact stands with us. */
export const Standing = { CONTACT: "contact", BLOCKED: "blocked" } as const;
export type Standing = (typeof Standing)[keyof typeof Standing];

export const ACCOUNT = fixed(AccountId);
export const CALL = fixed(CallId);
export const DEVICE = fixed(DeviceId);
export const GROUP = fixed(GroupId);
export const KEY = fixed(SignatureKey);
export const NONCE = fixed(Nonce32);
export const SEQUENCER = fixed(SequencerHandle);
export const SIGNATURE = fixed(Signature);
export const TOKEN = fixed(RequestToken);
export const LIST = blob(MAX_LIST_BYTES);
export const MLS = blob(MAX_MLS_BYTES);
export const KEY_PACKAGE = blob(MAX_KEY_PACKAGE_BYTES);
export const NAME = text(MAX_NAME_BYTES, { line: true });
/** A handle, for now by its length; what it must look like is asked where it is taken (CK-764). */
export const HANDLE = text(MAX_HANDLE_BYTES, { shortest: MIN_HANDLE_BYTES, line: true });
/** The how manieth handle of its account it is (`handle.ts`). */
export const NAMED = uint(MAX_COUNT, 1);
export const SDP = text(MAX_SDP_BYTES);
export const TIME = uint(MAX_TIME);
export const MEDIA = word(Media);
export const PATH = word(Path);

/** Where one device may be reached. */
export const DeviceAddress = record("DeviceAddress", { device: DEVICE, address: ADDRESS });
export type DeviceAddress = RecordOf<typeof DeviceAddress>;

/** One device that asks to be added: its key package and where it may be reached. */
export const JoiningDevice = record("JoiningDevice", {
  device: DEVICE,
  keyPackage: KEY_PACKAGE,
  address: ADDRESS,
});
export type JoiningDevice = RecordOf<typeof JoiningDevice>;

/** One device of a member of a group: whose, what they call themselves, where it is reached. */
export const MemberDevice = record("MemberDevice", {
  account: ACCOUNT,
  device: DEVICE,
  name: NAME,
  address: ADDRESS,
});
export type MemberDevice = RecordOf<typeof MemberDevice>;

export const ADDRESSES = array(nested(DeviceAddress), MAX_DEVICES);
export const JOINING = array(nested(JoiningDevice), MAX_DEVICES);

/** What a contact may call us with, at most. */
export const MayCall = { VIDEO: "video", VOICE: "voice", NOTHING: "nothing" } as const;
export type MayCall = (typeof MayCall)[keyof typeof MayCall];

/** What a contact may see of this device before a person acts: nothing, unless it says so. */
export const MaySee = { RINGING: "ringing" } as const;
export type MaySee = (typeof MaySee)[keyof typeof MaySee];

/** Over which path a call may go beside the relay: over none, unless it says so (ADR 17). */
export const MayGo = { DIRECT: "direct" } as const;
export type MayGo = (typeof MayGo)[keyof typeof MayGo];

/** May a contact bring us into groups: the person is asked, unless it says so. */
export const MayAdd = { AT_ONCE: "at_once", NEVER: "never" } as const;
export type MayAdd = (typeof MayAdd)[keyof typeof MayAdd];

/**
 * A span of minutes on some days of the week, in local time, wherever the device is.
 *
 * If it does not end later in the day than it begins, it ends on the day after.
 */
export const Hours = record("Hours", {
  /** On which days it begins: bit 0 is Monday. */
  days: uint(127, 1),
  /** Its first minute of the day. */
  start: uint(MINUTES_A_DAY - 1),
  /** The minute after its last. */
  end: uint(MINUTES_A_DAY, 1),
});
export type Hours = RecordOf<typeof Hours>;

/**
 * What one contact may do here: its calls, and bringing us into groups; see
 * `contact_rules.ts`.
 */
export const Rules = record("Rules", {
  calls: word(MayCall),
  /** When they ring; null: at any time. */
  hours: maybe(array(nested(Hours), MAX_HOURS)),
  /** What it sees of a call that rings here; null: nothing. */
  sees: maybe(word(MaySee)),
  /** Which path a call with it may take beside the relay; null: none. */
  path: maybe(word(MayGo)),
  /** Hours for which calls with it stay in our history, 0 for none; null: as `Settings` say. */
  keeps: maybe(uint(KEEP_EVER)),
  /** Whether it may bring us into groups; null: we are asked each time. */
  adds: maybe(word(MayAdd)),
  /** In calls with it we are never to be recorded, and nobody is asked. */
  neverRecord: MARK,
});
export type Rules = RecordOf<typeof Rules>;

/** What the person decided for the whole account; see `keeping.ts`. */
export const Settings = record("Settings", {
  /** Hours for which calls stay in the history; 0: no history. */
  keep: uint(KEEP_EVER),
  /** Path, cipher suite and quality are kept with them. */
  details: FLAG,
  /** Our other devices get them, through the vault. */
  sync: FLAG,
  /** Whom we call in vain is told so, and sees a missed call. */
  trace: FLAG,
  /** One more than the count of what it takes the place of: the highest stands (CK-702). */
  count: uint(MAX_COUNT),
  /** Where it was decided; null: nowhere yet. */
  device: maybe(DEVICE),
  /** We are never to be recorded, in no call, and nobody is asked. */
  neverRecord: MARK,
});
export type Settings = RecordOf<typeof Settings>;

/**
 * When the person decided each of these last, 0 for never: the newest of each stands (CK-688).
 *
 * Each by itself: who blocks somebody on one device, and marks them as verified on another that has
 * not heard of it, has done both.
 */
export const Decided = record("Decided", { standing: TIME, verified: TIME, rules: TIME });
export type Decided = RecordOf<typeof Decided>;

/** Whether somebody is never to be recorded, as they said it last (`RecordingNever`). */
export const NeverSaid = record("NeverSaid", {
  never: FLAG,
  /** By their clock: the newest stands (CK-991). */
  at: TIME,
});
export type NeverSaid = RecordOf<typeof NeverSaid>;

/**
 * What an account knows of one contact: in the vault and between its own devices.
 *
 * MLS state is not in it and never will be (protocol.md P5).
 */
export const ContactRecord = record("ContactRecord", {
  /** The newest signed device list; account id and identity key are in it. */
  list: LIST,
  name: NAME,
  devices: ADDRESSES,
  sequencer: SEQUENCER,
  group: GROUP,
  standing: word(Standing),
  /** The identity key whose safety number was compared, if one was: a mark is bound to its key. */
  verified: maybe(fixed(IdentityKey)),
  /** The first group of this thread, if `group` came after it. */
  thread: maybe(GROUP),
  /** What calls may ring; null: all, at any time. */
  rules: maybe(nested(Rules)),
  /** When the person decided `standing`, `verified` and `rules`; null: never. */
  decided: maybe(nested(Decided)),
  /** Which of the contact's handles `name` is (`handle.ts`); null: its first. */
  named: maybe(NAMED),
  /** What the contact said of being recorded; null: nothing. */
  neverSaid: maybe(nested(NeverSaid)),
});
export type ContactRecord = RecordOf<typeof ContactRecord>;
