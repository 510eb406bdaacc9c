/**
 * Contents of application messages in the self group: between the devices of one account (P3).
 *
 * Map {"v": 1, "t": type, ...}.
 */

import { GONE_BYTES } from "./call_entry.ts";
import {
  array,
  blob,
  type ContentOf,
  type ContentType,
  content,
  nested,
  type Schema,
  uint,
  word,
} from "./content_fields.ts";
import {
  ADDRESSES,
  CALL,
  ContactRecord,
  DEVICE,
  HANDLE,
  LIST,
  MAX_COUNT,
  NAME,
  NAMED,
  Settings,
  TIME,
} from "./content_records.ts";

/** Contacts in one message; more go in further messages. */
export const MAX_RECORDS = 64;
/** Deleted calls in one message; more go in further messages. */
export const MAX_GONE = 1_000;

/** How one of our devices dealt with a call, so that the others stop ringing. */
export const Handled = { ACCEPTED: "accepted", DECLINED: "declined" } as const;
export type Handled = (typeof Handled)[keyof typeof Handled];

function sibling<K extends string, S extends Schema>(kind: K, schema: S): ContentType<K, S> {
  return content(kind, { t: kind }, schema);
}

/** Contacts as one device knows them, for the others. */
export const SelfContacts = sibling("self.contacts", {
  records: array(nested(ContactRecord), MAX_RECORDS),
});
export type SelfContacts = ContentOf<typeof SelfContacts>;

/** A call was accepted or declined on the sending device. */
export const SelfCallHandled = sibling("self.call_handled", { call: CALL, how: word(Handled) });
export type SelfCallHandled = ContentOf<typeof SelfCallHandled>;

/** A device was added to the account: shown as an alert on each of the others. */
export const SelfDeviceAdded = sibling("self.device_added", { device: DEVICE, name: NAME });
export type SelfDeviceAdded = ContentOf<typeof SelfDeviceAdded>;

/** The account's newest device list and the sender's fresh addresses for its siblings. */
export const SelfDevices = sibling("self.devices", { list: LIST, devices: ADDRESSES });
export type SelfDevices = ContentOf<typeof SelfDevices>;

/** The highest vault counter the sender has seen: rollback is noticed (P6). */
export const SelfVault = sibling("self.vault", { counter: uint(Number.MAX_SAFE_INTEGER) });
export type SelfVault = ContentOf<typeof SelfVault>;

/** Calls that were deleted from the history: told at once, and stand in the vault later. */
export const SelfCallsGone = sibling("self.calls_gone", {
  /** Their marks (`goneMark` of `call_entry.ts`). */
  gone: array(blob(GONE_BYTES, GONE_BYTES), MAX_GONE),
});
export type SelfCallsGone = ContentOf<typeof SelfCallsGone>;

/** Every call that began by then was deleted from the history (`Cut` of `call_entry.ts`). */
export const SelfCallsCut = sibling("self.calls_cut", { count: uint(MAX_COUNT, 1), at: TIME });
export type SelfCallsCut = ContentOf<typeof SelfCallsCut>;

/** The account's settings, as decided on the sending device. */
export const SelfSettings = sibling("self.settings", { settings: nested(Settings) });
export type SelfSettings = ContentOf<typeof SelfSettings>;

/** The account has another handle; see `handle.ts`. */
export const SelfHandle = sibling("self.handle", { handle: HANDLE, count: NAMED });
export type SelfHandle = ContentOf<typeof SelfHandle>;

export type Sibling =
  | SelfContacts
  | SelfCallHandled
  | SelfDeviceAdded
  | SelfDevices
  | SelfVault
  | SelfCallsGone
  | SelfCallsCut
  | SelfSettings
  | SelfHandle;

/** All of them, to look them up. */
export const SIBLING = [
  SelfContacts,
  SelfCallHandled,
  SelfDeviceAdded,
  SelfDevices,
  SelfVault,
  SelfCallsGone,
  SelfCallsCut,
  SelfSettings,
  SelfHandle,
] as const;
