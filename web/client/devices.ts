/**
 * The account's devices: listed, and shut out (P3, R-93).
 *
 * Revoking: a new list without the device, signed with the identity key that password or passkey unwrap;
 * the device is deleted at the server; its leaf goes from every group; contacts and our other devices
 * get fresh addresses; the vault goes over to a new data key. Each step may be repeated: what a crash
 * cut short, revoking again (or the next housekeeping) completes.
 */

import { type Bytes, compare, concat, copy, equal, hex } from "../core/bytes.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import { DeviceId } from "../core/ids.ts";
import { type Proof, setPassword } from "./account.ts";
import { ROTATE_KIND } from "./addresses.ts";
import { systemRng } from "./books.ts";
import { catchUp, remember, requireStanding, signNext } from "./device_chain.ts";
import { NoticeKind } from "./history.ts";
import type { Login } from "./login.ts";
import { requirePassword } from "./password_check.ts";
import { Profile } from "./profile.ts";
import type { Session } from "./session.ts";
import type { Unit } from "./unit.ts";
import { proved } from "./ways_in.ts";

export const SHORT_BYTES = 3;
/** Devices whose revocation has begun here and has not come to its end. */
export const REVOKING_KIND = "revoking";

const KEY_BYTES = 32;
const NOTHING: Bytes = new Uint8Array();

/** One device of our account, for the person. */
export type Device = Readonly<{
  /** Six hex digits. */
  shortId: string;
  /** It is this one. */
  current: boolean;
  /** ISO day. */
  created: string;
  /** ISO day. */
  lastSeen: string;
  /** It is on the signed device list; a device at the server that is not can do nothing. */
  listed: boolean;
}>;

/**
 * Return our devices, as the signed list and the server know them.
 *
 * @throws UnavailableError The server cannot be reached.
 */
export async function listDevices(session: Session): Promise<readonly Device[]> {
  const { books, deviceApi } = session;
  const rows = new Map((await deviceApi.devices()).map((row) => [hex(row.deviceId), row]));
  const { devices } = books.ownList(books.store);
  const listed = new Set(devices.map(({ deviceId }) => hex(deviceId)));
  return [...new Set([...listed, ...rows.keys()])].sort().map((id) => ({
    shortId: id.slice(0, 2 * SHORT_BYTES),
    current: id === hex(books.device),
    created: rows.get(id)?.createdDay ?? "",
    lastSeen: rows.get(id)?.lastSeenDay ?? "",
    listed: listed.has(id),
  }));
}

/**
 * Shut a device out, everywhere; when it next connects, it erases what it holds.
 *
 * @throws AuthorizationError `LOGIN_FAILED`; `PASSKEY_REFUSED`; `UNKNOWN_DEVICE`, also for this one;
 *   `REFUSED`, this device was shut out itself.
 * @throws PeerError `ROLLED_BACK`, the server shows an old keystore.
 * @throws UnavailableError What remains is done at the next start; revoking again is harmless.
 */
export async function revoke(session: Session, shortId: string, proof: Proof): Promise<void> {
  const { books } = session;
  const device = await find(session, shortId.trim().toLowerCase());
  await proved(session, proof, async (login) => {
    await refresh(session, login);
    await unlist(session, device, login);
    await login.shutOut(device);
    await session.membership.reconcileAll();
    await rekey(session, login);
  });
  await session.vault.rewrite();
  await books.store.transaction((unit) => unit.delete(REVOKING_KIND, copy(device)));
  await session.sync();
}

/** Return the other device of this account that has this short id. */
async function find({ books, deviceApi }: Session, shortId: string): Promise<DeviceId> {
  const ids = [
    ...books.ownList(books.store).devices.map(({ deviceId }) => copy(deviceId)),
    ...(await deviceApi.devices()).map(({ deviceId }) => deviceId),
    // One that died half-way can be repeated, when list and server know the device no more.
    ...books.store.items(REVOKING_KIND).map(([key]) => key),
  ];
  const matches = ids
    .filter((id) => hex(id.subarray(0, SHORT_BYTES)) === shortId)
    .sort(compare)
    .filter((id, i, sorted) => i === 0 || !equal(id, sorted[i - 1] ?? NOTHING));
  const [match] = matches;
  if (match === undefined || matches.length !== 1 || equal(match, books.device)) {
    throw new AuthorizationError(Code.UNKNOWN_DEVICE, "no such other device of this account");
  }
  return new DeviceId(match);
}

/**
 * Change the account's password, or set one where there is none. The recovery code stays.
 *
 * @param proof The old one, or a passkey.
 * @throws AuthorizationError `LOGIN_FAILED`, the old one is wrong; `PASSKEY_REFUSED`.
 * @throws PeerError `WEAK_PASSWORD`.
 */
export async function changePassword(session: Session, proof: Proof, fresh: string): Promise<void> {
  const { books } = session;
  await requirePassword(fresh, books.profile.handle);
  await proved(session, proof, async (login) => {
    await refresh(session, login);
    await setPassword(login, fresh);
    await books.store.transaction((unit) => remember(unit, login));
  });
}

/** Take over the newest device list with a fresh login; errors as in `catchUp`. */
export async function refresh(session: Session, login: Login): Promise<void> {
  if (!(await catchUp(session.books, login))) return;
  const { groups, store } = session.books;
  for (const record of groups.all(store)) session.membership.mark(record);
}

/** Sign and learn the list without the device, and have everything else follow from it. */
async function unlist(session: Session, device: DeviceId, login: Login): Promise<void> {
  const { books, membership } = session;
  const { newest } = await signNext(login, (head) => {
    requireStanding(head, books.device);
    return head.devices.filter((entry) => !equal(entry.deviceId, device));
  });
  await books.store.transaction((unit) => {
    const { account, history } = books;
    books.lists.learn(unit, newest);
    remember(unit, login);
    unit.put(REVOKING_KIND, copy(device), NOTHING);
    books.siblings.remove(unit, device);
    books.joining.forget(unit, device);
    // What the device has seen of our addresses, and of our contacts', is replaced.
    unit.put(ROTATE_KIND, copy(account), NOTHING);
    for (const known of books.contacts.all(unit))
      unit.put(ROTATE_KIND, copy(known.account), NOTHING);
    history.notice(unit, NoticeKind.OWN_DEVICE_REMOVED, account, device, books.now());
    const records = books.groups.all(unit);
    unit.after(() => {
      for (const record of records) membership.mark(record);
    });
  });
}

/** Put the vault data key of the self group's new epoch into the keystore. */
async function rekey(session: Session, login: Login): Promise<void> {
  const { books } = session;
  await books.store.transaction((unit) => {
    const profile = Profile.load(unit);
    const alone = books.ownList(unit).devices.length === 1;
    if (!alone || !equal(newestKey(profile), login.keys.vaultKey)) return;
    // There was no group to take it from (the device never got into one). Not while we have other
    // devices: nothing would tell them this key, and the vault would be shut to them.
    freshKey(unit, profile, books.rng(KEY_BYTES));
  });
  await login.amend(async () => {
    const newest = newestKey(books.profile);
    // Another device, which went through the same epoch, was first.
    if (login.keys.vaultKeys.some((key) => equal(key, newest))) return undefined;
    return login.keystore.successor(login.keys, { vaultKey: newest }, systemRng);
  });
  await books.store.transaction((unit) => remember(unit, login));
}

function newestKey(profile: Profile): Bytes {
  return copy(profile.vaultKeys.subarray(0, KEY_BYTES));
}

function freshKey(unit: Unit, profile: Profile, key: Bytes): void {
  profile.with({ vaultKeys: concat(key, newestKey(profile)) }).save(unit);
}
