/** Records that several sealed contents share, and the bounds they have in common. */

import {
  ADDRESS,
  array,
  blob,
  fixed,
  maybe,
  nested,
  type RecordOf,
  record,
  text,
  uint,
  word,
} from "./content_fields.ts";
import { MAX_DEVICES, MAX_LIST_BYTES } from "./identity.ts";
import {
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
export const MAX_SDP_BYTES = 65_536;
export const MAX_TIME = 2 ** 40;
export const MAX_COUNT = 2 ** 32 - 1;

/** Stands in a content that `content_signed.ts` has yet to sign. */
export const UNSIGNED = new Signature(new Uint8Array(64));

/** What a call carries. */
export const Media = { VOICE: "voice", VIDEO: "video" } as const;
export type Media = (typeof Media)[keyof typeof Media];

/** How a contact stands with us. */
export const Standing = { CONTACT: "contact", BLOCKED: "blocked" } as const;
export type Standing = (typeof Standing)[keyof typeof Standing];

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
export const SDP = text(MAX_SDP_BYTES);
export const TIME = uint(MAX_TIME);
export const MEDIA = word(Media);

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

export const ADDRESSES = array(nested(DeviceAddress), MAX_DEVICES);
export const JOINING = array(nested(JoiningDevice), MAX_DEVICES);

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
});
export type ContactRecord = RecordOf<typeof ContactRecord>;
