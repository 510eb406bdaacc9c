/**
 * Contents that carry a signature of their own, because no MLS group stands behind them yet.
 *
 * A contact request, its answer and a rejoin arrive from whoever holds an address; what makes them
 * somebody's is a signature over the whole content and over where it was meant to go. Without the
 * latter a contact of Anna's could pass Anna's key packages on to a stranger under Anna's name, with
 * addresses of its own, and collect the answer.
 *
 *     signed = label || deterministic CBOR of [context, content without `signature`]
 */

import { type Bytes, equal, hex } from "./bytes.ts";
import { encode } from "./cbor.ts";
import { type AnyContentType, encodeFields } from "./content_fields.ts";
import { ContactAccept, ContactRejoin, ContactRequest } from "./content_outer.ts";
import { acceptList, type DeviceList, sameListed, UnverifiedDeviceList } from "./device_list.ts";
import { Code, PeerError } from "./errors.ts";
import { sign, verify } from "./identity.ts";
import type { AccountId, DeviceId, MailboxId, RequestToken } from "./ids.ts";
import { checkInviter, type Invite } from "./invite.ts";

type Signed = ContactRequest | ContactAccept | ContactRejoin;

const TYPES: Readonly<Record<Signed["kind"], AnyContentType>> = {
  "contact.request": ContactRequest,
  "contact.accept": ContactAccept,
  "contact.rejoin": ContactRejoin,
};

/**
 * Sign a contact request with the signature key of `request.device`.
 *
 * @param request With `UNSIGNED` for a signature.
 * @param devicePrivate 32 bytes.
 * @param destination The mailbox in the invite it answers, or `handleDestination`.
 */
export function signRequest(
  request: ContactRequest,
  devicePrivate: Bytes,
  destination: Bytes,
): Promise<ContactRequest> {
  return signContent(request, devicePrivate, destination);
}

/**
 * Check a contact request that arrived in our mailbox.
 *
 * Key packages in it are opaque here: `UnverifiedKeyPackage` checks each, and the validator that its
 * device is on the list returned here.
 *
 * @param request As decoded.
 * @param destination Our mailbox that it was taken from, or `handleDestination`.
 * @returns The requester's device list.
 * @throws PeerError `BAD_SIGNATURE` (CK-273), `BAD_CREDENTIAL` for a device that is not on the list
 *   or stands twice (CK-274), or as `UnverifiedDeviceList.verify`.
 */
export async function verifyRequest(
  request: ContactRequest,
  destination: Bytes,
): Promise<DeviceList> {
  const deviceList = await UnverifiedDeviceList.parse(request.list).verify();
  requireListed(deviceList, devicesOf(request));
  await verifyContent(request, listedKey(deviceList, request.device), destination);
  return deviceList;
}

/**
 * Sign the answer to a request with the signature key of `accept.device`.
 *
 * @param accept With `UNSIGNED` for a signature.
 * @param devicePrivate 32 bytes.
 * @param requestMailbox The requester's mailbox that this copy goes to: sign one per device.
 */
export function signAccept(
  accept: ContactAccept,
  devicePrivate: Bytes,
  requestMailbox: MailboxId,
): Promise<ContactAccept> {
  return signContent(accept, devicePrivate, requestMailbox);
}

/**
 * Check the answer to our request.
 *
 * @param accept As decoded.
 * @param invite The invite we answered; its hash pins who may accept. Null if we asked by handle:
 *   then whoever could open the request may.
 * @param token The token of our request.
 * @param ownMailbox Our mailbox that it was taken from.
 * @returns The inviter's device list, under the pinned identity if there is one.
 * @throws PeerError `UNEXPECTED` for another token (CK-275), `IDENTITY_CHANGED` for another identity
 *   (CK-270), else as `verifyRequest`.
 */
export async function verifyAccept(
  accept: ContactAccept,
  invite: Invite | null,
  token: RequestToken,
  ownMailbox: MailboxId,
): Promise<DeviceList> {
  // CK-275: an answer pairs with one request of ours; a replayed one pairs with none.
  if (!equal(accept.token, token)) {
    throw new PeerError(Code.UNEXPECTED, "CK-275 answer to no request of ours");
  }
  const deviceList = await UnverifiedDeviceList.parse(accept.list).verify();
  if (invite !== null) checkInviter(invite, deviceList.identityKey);
  requireListed(deviceList, devicesOf(accept));
  await verifyContent(accept, listedKey(deviceList, accept.device), ownMailbox);
  return deviceList;
}

/**
 * Sign a rejoin with the account identity key, for one contact.
 *
 * @param rejoin With `UNSIGNED` for a signature.
 * @param identityPrivate 32 bytes.
 * @param contact The account it goes to, so that this contact cannot pass it on to another.
 */
export function signRejoin(
  rejoin: ContactRejoin,
  identityPrivate: Bytes,
  contact: AccountId,
): Promise<ContactRejoin> {
  return signContent(rejoin, identityPrivate, contact);
}

/**
 * Check a contact's rejoin against the newest list we know of it.
 *
 * @param rejoin As decoded.
 * @param known The newest list we hold of the contact whose address it came to.
 * @param ownAccount Our account.
 * @returns The contact's newer device list.
 * @throws PeerError `REPLAYED`, the list is not newer than ours (CK-276); `IDENTITY_CHANGED` or
 *   `BAD_CREDENTIAL` as `acceptList`; else as `verifyRequest`.
 */
export async function verifyRejoin(
  rejoin: ContactRejoin,
  known: DeviceList,
  ownAccount: AccountId,
): Promise<DeviceList> {
  const offered = await UnverifiedDeviceList.parse(rejoin.list).verify();
  // CK-276: a rejoin always comes with a new device, so with a new list. An old one, replayed by the
  // server, would have us remove leaves that live.
  if (acceptList(known, offered) === known) {
    throw new PeerError(Code.REPLAYED, "CK-276 rejoin with a list we know");
  }
  requireListed(offered, devicesOf(rejoin));
  await verifyContent(rejoin, offered.identityKey, ownAccount);
  return offered;
}

/**
 * Check a rejoin that another one overtook: its list is not newer than the one we know.
 *
 * Two devices that join at the same moment send lists that follow each other, and mailboxes deliver
 * in any order. The caller has to make sure that it never heard of these devices, or a rejoin that
 * was repeated would bring back an address that was replaced (CK-686).
 *
 * @param rejoin As decoded.
 * @param known As in `verifyRejoin`; it stays the newest.
 * @param ownAccount Our account.
 * @throws PeerError `REPLAYED`, a device of it is not on the newest list with the same key (CK-686);
 *   else as `verifyRejoin`.
 */
export async function verifyLateRejoin(
  rejoin: ContactRejoin,
  known: DeviceList,
  ownAccount: AccountId,
): Promise<void> {
  const offered = await UnverifiedDeviceList.parse(rejoin.list).verify();
  acceptList(known, offered);
  const devices = devicesOf(rejoin);
  requireListed(offered, devices);
  await verifyContent(rejoin, offered.identityKey, ownAccount);
  // CK-686: only the newest list says who stands. The rejoin of a device that was revoked since,
  // kept back or repeated by the server, brings nobody in.
  if (!devices.every((device) => sameListed(known.find(device), offered.find(device)))) {
    throw new PeerError(Code.REPLAYED, "CK-686 rejoin of a device that is not on the newest list");
  }
}

function label(content: Signed): string {
  return `visavis ${content.kind} v1\0`;
}

function signedBytes(content: Signed, context: Bytes): Bytes {
  const fields = encodeFields(TYPES[content.kind], content);
  fields.delete("signature");
  return encode([context, fields]);
}

async function signContent<C extends Signed>(
  content: C,
  privateKey: Bytes,
  context: Bytes,
): Promise<C> {
  const signature = await sign(privateKey, label(content), signedBytes(content, context));
  return { ...content, signature };
}

async function verifyContent(content: Signed, publicKey: Bytes, context: Bytes): Promise<void> {
  // CK-273: binds every field and the destination to a key on the list.
  await verify(publicKey, label(content), signedBytes(content, context), content.signature);
}

function devicesOf(content: Signed): readonly DeviceId[] {
  return content.devices.map((entry) => entry.device);
}

function requireListed(deviceList: DeviceList, devices: readonly DeviceId[]): void {
  // CK-274: no address for a device that the account's owner did not sign, none twice.
  const isOnce = new Set(devices.map(hex)).size === devices.length;
  if (!isOnce || devices.some((device) => deviceList.find(device) === null)) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-274 device not on the list, or named twice");
  }
}

function listedKey(deviceList: DeviceList, device: DeviceId): Bytes {
  const listed = deviceList.find(device);
  if (listed === null) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-274 signed by a device not on the list");
  }
  return listed.signatureKey;
}
