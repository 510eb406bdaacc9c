/**
 * How a profile comes to be: a device's keys and store, and its place on the list of an account.
 *
 * The profile is on disk before the server learns of the device, and marked active after; what fails
 * in between is taken back on both sides. Root and identity key live in memory for the length of this
 * and are wiped (`UnlockedAccount`).
 *
 * Not for: a new account (`sign_up.ts`), or what the new device then does (`entering.ts`).
 */

import * as base64url from "../core/base64url.ts";
import { type Bytes, concat, equal } from "../core/bytes.ts";
import type { DeviceList, ListedDevice } from "../core/device_list.ts";
import { Code, PeerError, VisavisError } from "../core/errors.ts";
import { type AccountId, DeviceId, MailboxId, random, SignatureKey } from "../core/ids.ts";
import { generateSignatureKey, SUITE_ID, signaturePublicKey } from "../core/mls/index.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { Addresses } from "./addresses.ts";
import { systemRng } from "./books.ts";
import { Database } from "./database.ts";
import { remember, requireRoom, signNext } from "./device_chain.ts";
import { DeviceLists } from "./lists.ts";
import { sleep } from "./lock.ts";
import { type Login, requireNewer } from "./login.ts";
import { Profile } from "./profile.ts";
import { Store, type StoreOptions } from "./store.ts";
import type { DeviceRegistration } from "./transport/api.ts";
import { DeviceApi } from "./transport/device_api.ts";
import { Http } from "./transport/http.ts";
import { type Contents, readVault } from "./vault_read.ts";

export { enter, queueRejoins } from "./entering.ts";
export { requirePassword } from "./password_check.ts";

/**
 * Seconds to wait for a sibling that is changing the vault's key. More waits longer before an
 * altered vault is called one.
 */
export const REKEY_WAITS_S: readonly number[] = [0, 0.25, 0.5, 1];

/** Where a profile is made: the name of its database, and how that is locked. */
export type Place = StoreOptions & Readonly<{ profile: string }>;

/** What the server and the profile are told of an account. */
type Belonging = Readonly<{
  origin: string;
  handle: string;
  account: AccountId;
  vaultKeys: Bytes;
}>;

/** A device in the making: its profile in a store, and what the server is to be told. */
export class NewDevice {
  readonly store: Store;
  readonly registration: DeviceRegistration;
  profile: Profile;

  constructor(store: Store, profile: Profile, registration: DeviceRegistration) {
    this.store = store;
    this.profile = profile;
    this.registration = registration;
  }

  /** Return the entry for the device list. */
  async listed(): Promise<ListedDevice> {
    const key = await signaturePublicKey(SUITE_ID, this.profile.signaturePrivate);
    return { deviceId: this.profile.deviceId, signatureKey: new SignatureKey(key) };
  }
}

/**
 * Make a device's keys and write them to a new store.
 *
 * @throws AuthorizationError `STORE_LOCKED`, there is a profile of this name already.
 * @throws UnavailableError `STORE_BUSY`, `DISK_FULL`.
 */
export async function makeDevice(place: Place, of: Belonging): Promise<NewDevice> {
  const store = await Store.create(place.profile, place);
  return orDestroy(store, async () => {
    const deviceId = random(DeviceId, systemRng);
    const profile = new Profile(
      of.origin,
      of.handle,
      of.account,
      deviceId,
      generateSignatureKey(SUITE_ID, systemRng),
      concat(deviceId, systemRng(32)),
      random(MailboxId, systemRng),
      of.vaultKeys,
    );
    const hashes = await store.transaction((unit) => {
      profile.save(unit);
      return Addresses.makePool(unit, systemRng);
    });
    return new NewDevice(store, profile, {
      deviceId,
      tokenHash: SHA256.hash(profile.token),
      mailboxId: profile.mailbox,
      capabilityHashes: hashes,
    });
  });
}

/** Do what comes next; if it fails, the store was for nothing. */
export async function orDestroy<T>(store: Store, next: () => Promise<T>): Promise<T> {
  try {
    return await next();
  } catch (error) {
    await store.destroy().catch(() => undefined); // must not hide the error that brought us here
    throw error;
  }
}

/** A device that is registered, has read the vault and stands on the newest device list. */
export type Joined = Readonly<{
  device: NewDevice;
  /** The list before it came. */
  before: DeviceList;
  /** The list it stands on: in the keystore, and not yet shown to anybody. */
  ownList: DeviceList;
  /** The vault; undefined if sign-up was cut short before the first write. */
  contents: Contents | undefined;
  /** The devices that were shut out. */
  lost: readonly DeviceId[];
}>;

export type Register = Readonly<{
  origin: string;
  /** The account's handle. */
  handle: string;
  /** All other devices are lost: the new list holds this one only (P5). */
  alone: boolean;
}>;

/**
 * Register this profile as a device of the account that was logged in to.
 *
 * @param place For the profile.
 * @param login A fresh login.
 * @throws AuthorizationError `TOO_MANY_DEVICES`.
 * @throws PeerError `DECRYPTION`, `BAD_SIGNATURE` or `ROLLED_BACK`, the server showed an altered or
 *   an old account.
 */
export async function registerDevice(
  place: Place,
  login: Login,
  { origin, handle, alone }: Register,
): Promise<Joined> {
  const { keys } = login;
  requireRoom(alone ? 1 : keys.head.devices.length + 1);
  const { accountId: account } = keys;
  const vaultKeys = concat(...keys.vaultKeys);
  const device = await makeDevice(place, { origin, handle, account, vaultKeys });
  return orDestroy(device.store, async () => {
    await login.ask((api) => api.addDevice(device.registration));
    const before = keys.head;
    const http = new Http(origin, base64url.encode(device.profile.token));
    try {
      return await readAndSign(device, login, new DeviceApi(http), alone);
    } catch (error) {
      await takeBack(login, device.profile.deviceId, before);
      throw error;
    } finally {
      await http.close();
    }
  });
}

/**
 * Undo a registration that did not come to an end, as far as the server can be reached.
 *
 * What cannot be undone stays on the list with no device behind it, and can be revoked.
 *
 * @param login Still open.
 * @param device The device that is not to be.
 * @param before The list before it, for when nobody else is on the list (`alone`).
 */
export async function takeBack(login: Login, device: DeviceId, before: DeviceList): Promise<void> {
  const without = (head: DeviceList) => {
    if (head.find(device) === null) return head.devices;
    const rest = head.devices.filter((entry) => !equal(entry.deviceId, device));
    return rest.length > 0 ? rest : before.devices;
  };
  // Nothing here may hide the error that brought us here.
  await suppressed(async () => {
    await login.reread(); // the list may have been stored although we were told nothing
    await signNext(login, without);
  });
  await suppressed(() => login.shutOut(device));
}

async function suppressed(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
  }
}

async function readAndSign(
  device: NewDevice,
  login: Login,
  api: DeviceApi,
  alone: boolean,
): Promise<Joined> {
  const { keys } = login;
  const { deviceId } = device.profile;
  const contents = await readContents(api, login);
  // Read after the vault: what an honest server shows now is as new as the vault, or newer.
  await login.reread();
  if (contents !== undefined) {
    if (!equal(contents.ownList.identityKey, await keys.identityKey())) {
      throw new PeerError(Code.IDENTITY_CHANGED, "CK-594: the vault is of another identity");
    }
    // CK-683: this device has nothing to remember, but the vault's list was in the keystore before
    // it was in the vault. A server that rolls back only one of the two shows itself.
    requireNewer(contents.ownList, keys.head, "CK-683");
  }
  const listed = await device.listed();
  const isOther = (entry: ListedDevice) => !equal(entry.deviceId, deviceId);
  const { before, newest } = await signNext(login, (head) => [
    ...(alone ? [] : head.devices.filter(isOther)),
    listed,
  ]);
  const lists = await DeviceLists.load(device.store);
  device.profile = device.profile.with({ vaultKeys: concat(...keys.vaultKeys) });
  await device.store.transaction((unit) => {
    device.profile.save(unit);
    lists.learn(unit, before);
    remember(unit, login);
  });
  const gone = before.devices.filter(isOther).map((entry) => entry.deviceId);
  return { device, before, ownList: newest, contents, lost: alone ? gone : [] };
}

/**
 * Read the vault; undefined if nothing was ever written.
 *
 * A sibling that revokes a device may have written it under its next key and be about to put that
 * key into the keystore: then the keystore is read again, a little later.
 */
async function readContents(api: DeviceApi, login: Login): Promise<Contents | undefined> {
  if ((await api.vault()).counter === 0) return undefined;
  const read = async () => {
    const { vaultKeys, accountId } = login.keys;
    return (await readVault(api, vaultKeys, accountId)).contents;
  };
  for (const wait of REKEY_WAITS_S) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof PeerError) || error.code !== Code.DECRYPTION) throw error;
    }
    await sleep(wait);
    await login.reread();
  }
  return read();
}

/** Remove the store of a profile that did not come to be; it is closed. */
export async function removeProfile(
  profile: string,
  databases: IDBFactory = indexedDB,
): Promise<void> {
  await Database.destroy(databases, profile);
}
