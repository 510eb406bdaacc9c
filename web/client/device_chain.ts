/**
 * The account's device lists are one chain: each successor is signed on top of the newest (ADR 11).
 *
 * Two lists with one version would fork the account for good: whoever has seen one refuses the other
 * (CK-263). So the keystore is the head of the chain. A successor is signed on the list in there, and
 * stands in there, by compare-and-set, before anybody is shown it (CK-681). Who comes second signs
 * again, on top of the first.
 *
 *     read keystore -> sign on its list -> compare-and-set -> show the list: rejoin, pairing, vault
 *          ^                                     |
 *          +------------ conflict ---------------+
 *
 * A device that dies after the compare-and-set leaves a list that shows it and nothing behind it. The
 * next list follows that one; the dead device can be revoked like any other.
 *
 * Not for: who is told of a list (`enrol.ts`, `devices.ts`).
 */

import { compare, equal, uint, utf8 } from "../core/bytes.ts";
import {
  type DeviceList,
  type ListedDevice,
  MAX_DEVICES,
  sameListed,
  signSuccessor,
} from "../core/device_list.ts";
import { AuthorizationError, Code, FatalError, PeerError } from "../core/errors.ts";
import type { DeviceId } from "../core/ids.ts";
import { type Books, systemRng } from "./books.ts";
import { NoticeKind } from "./history.ts";
import { type Login, requireNewer } from "./login.ts";
import { haveAllTold } from "./own_handle.ts";
import type { Reader, Unit } from "./unit.ts";

export const KIND = "keystore";
const REVISION = utf8("revision");

/** What `signNext` did. */
export type Signed = Readonly<{
  /** The list that was the newest until then. */
  before: DeviceList;
  /** The newest now; the same if there was nothing to change. */
  newest: DeviceList;
}>;

/** Chooses the devices of a list, given the one it follows. */
export type Choose = (head: DeviceList) => readonly ListedDevice[];

/**
 * Have the list with the chosen devices be the account's newest.
 *
 * @param login Of the account.
 * @param choose Asked again each time another device has signed a list meanwhile.
 * @throws AuthorizationError `TOO_MANY_DEVICES` (CK-685), or what `choose` throws. Nothing was
 *   signed.
 * @throws UnavailableError It may stand in the keystore or not; nobody was shown it.
 */
export async function signNext(login: Login, choose: Choose): Promise<Signed> {
  let before = login.keys.head;
  // CK-681: whoever is shown a list may find it in the keystore, so no other has its version.
  await login.amend(async () => {
    before = login.keys.head;
    const chosen = [...choose(before)].sort((a, b) => compare(a.deviceId, b.deviceId));
    if (sameDevices(chosen, before.devices)) return undefined;
    requireRoom(chosen.length);
    const ownList = await signSuccessor(before, login.keys.identityPrivate, chosen);
    return login.keystore.successor(login.keys, { ownList }, systemRng);
  });
  return { before, newest: login.keys.head };
}

function sameDevices(one: readonly ListedDevice[], other: readonly ListedDevice[]): boolean {
  return one.length === other.length && one.every((d, i) => sameListed(d, other[i] ?? null));
}

/**
 * Check that a list of so many devices can be signed.
 *
 * @throws AuthorizationError `TOO_MANY_DEVICES` (CK-685): the keystore has one size for everybody.
 */
export function requireRoom(count: number): void {
  if (count > MAX_DEVICES) {
    throw new AuthorizationError(Code.TOO_MANY_DEVICES, "CK-685: the device list is full");
  }
}

/**
 * Take over the newest list from the keystore; say whether it is news.
 *
 * @throws PeerError `IDENTITY_CHANGED` (CK-594): the server answered with the record of somebody who
 *   has the same password, and we would have changed that account. `ROLLED_BACK` (CK-682): it shows
 *   an older keystore than this device has seen; the person is told.
 * @throws AuthorizationError `REFUSED` (CK-684), this device was shut out meanwhile.
 */
export async function catchUp(books: Books, login: Login): Promise<boolean> {
  const { head } = login.keys;
  const own = books.ownList(books.store);
  if (!equal(head.identityKey, own.identityKey)) {
    throw new PeerError(Code.IDENTITY_CHANGED, "CK-594: the keystore is of another identity");
  }
  try {
    requireNewer(own, head);
    requireRevision(books.store, login);
  } catch (error) {
    if (error instanceof PeerError) {
      await books.store.transaction((unit) => {
        books.history.notice(
          unit,
          NoticeKind.KEYS_ROLLED_BACK,
          books.account,
          undefined,
          books.now(),
        );
      });
    }
    throw error;
  }
  requireStanding(head, books.device);
  return books.store.transaction((unit) => {
    remember(unit, login);
    takeHandle(unit, books, login);
    return books.lists.learn(unit, head);
  });
}

/**
 * Take over the handle that the keystore names.
 *
 * CK-767: the keystore's stands, whatever was typed or lies under a passkey. Who learns it here tells
 * contacts as well: the device that changed it may never come back.
 */
function takeHandle(unit: Unit, books: Books, { keys }: Login): void {
  const isOurs = keys.handle !== undefined && keys.handle.handle === books.ownHandle.offered(unit);
  if (books.ownHandle.take(unit, keys.handle, { notice: !isOurs })) haveAllTold(unit, books);
}

/**
 * Check that the device that is about to change the list stands on it.
 *
 * CK-684: a device that was shut out, and does not know yet, would else sign itself back in or
 * others out: its person looks at a list that is not the account's any more.
 *
 * @throws AuthorizationError `REFUSED`.
 */
export function requireStanding(head: DeviceList, device: DeviceId): void {
  if (head.find(device) === null) {
    throw new AuthorizationError(Code.REFUSED, "CK-684: this device is not on the newest list");
  }
}

/** Note how far the keystore has come, to notice an older one (CK-682). */
export function remember(unit: Unit, login: Login): void {
  unit.put(KIND, REVISION, uint(login.keys.revision, 8));
}

function requireRevision(reader: Reader, login: Login): void {
  const data = reader.get(KIND, REVISION);
  if (data === undefined) return;
  if (data.length !== 8) throw new FatalError(Code.MALFORMED, "the keystore's revision");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (BigInt(login.keys.revision) < view.getBigUint64(0)) {
    throw new PeerError(Code.ROLLED_BACK, "CK-682: the server shows an older keystore");
  }
}
