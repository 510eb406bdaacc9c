/**
 * Contents of application messages in the self group: between the devices of one account (P3).
 *
 * Map {"v": 1, "t": type, ...}.
 */

import {
  array,
  type ContentOf,
  type ContentType,
  content,
  nested,
  type Schema,
  uint,
  word,
} from "./content_fields.ts";
import { ADDRESSES, CALL, ContactRecord, DEVICE, LIST, NAME } from "./content_records.ts";

/** Contacts in one message; more go in further messages. */
export const MAX_RECORDS = 64;

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

export type Sibling = SelfContacts | SelfCallHandled | SelfDeviceAdded | SelfDevices | SelfVault;

/** All of them, to look them up. */
export const SIBLING = [
  SelfContacts,
  SelfCallHandled,
  SelfDeviceAdded,
  SelfDevices,
  SelfVault,
] as const;
