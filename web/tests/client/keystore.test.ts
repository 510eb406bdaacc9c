/** The keystore: opens with its secrets only, is the account's own, shows nothing by its lengths. */

import { expect, test } from "vitest";
import { Keystore, SIZE, UnlockedAccount } from "../../client/keystore.ts";
import { type Bytes, concat } from "../../core/bytes.ts";
import { decodeVersioned, encode, isBytes } from "../../core/cbor.ts";
import { type DeviceList, MAX_DEVICES, signFirst, signSuccessor } from "../../core/device_list.ts";
import { AuthorizationError, Code, PeerError, UsageError } from "../../core/errors.ts";
import { AccountId, DeviceId, SignatureKey } from "../../core/ids.ts";
import { SUITE_ID, signaturePublicKey } from "../../core/mls/index.ts";
import { RecoveryCode } from "../../core/recovery.ts";

const EXPORT_KEY = new Uint8Array(64).fill(101);
const CODE = new RecoveryCode(new Uint8Array(16).fill(114));

function rng(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

function account(fill: number): UnlockedAccount {
  return UnlockedAccount.generate(new AccountId(new Uint8Array(16).fill(fill)), rng);
}

async function listOf(keys: UnlockedAccount, count = 1): Promise<DeviceList> {
  const devices = Array.from({ length: count }, async (_, i) => ({
    deviceId: new DeviceId(new Uint8Array(16).fill(i)),
    signatureKey: new SignatureKey(
      await signaturePublicKey(SUITE_ID, new Uint8Array(32).fill(i + 1)),
    ),
  }));
  return signFirst(keys.accountId, keys.identityPrivate, await Promise.all(devices));
}

/** Put parts of one stored keystore into another. */
function mixed(into: Keystore, from: Keystore, ...parts: readonly string[]): Keystore {
  const fields = fieldsOf(into);
  for (const part of parts) {
    const value = fieldsOf(from).get(part);
    if (value !== undefined) fields.set(part, value);
  }
  const body = encode(new Map<string, Bytes | number>([...fields, ["v", 2]]));
  const data = new Uint8Array(SIZE);
  data.set(concat(body, Uint8Array.of(0x80)));
  return Keystore.fromBytes(data);
}

function fieldsOf(keystore: Keystore): Map<string, Bytes> {
  const data = keystore.toBytes();
  const end = data.findLastIndex((byte) => byte !== 0);
  const fields = new Map<string, Bytes>();
  for (const [name, value] of decodeVersioned(data.subarray(0, end), 2)) {
    if (isBytes(value)) fields.set(name, value);
  }
  return fields;
}

test("CK-561: it opens with its secrets only", async () => {
  const keys = account(1);
  const stored = await Keystore.make(keys, await listOf(keys), EXPORT_KEY, CODE, rng);
  const data = stored.toBytes();
  expect(data.length).toBe(SIZE);
  const read = Keystore.fromBytes(data);
  expect(read.equals(stored)).toBe(true);
  expect(read.digest).toEqual(stored.digest);
  const byPassword = await read.openWithPassword(EXPORT_KEY);
  for (const opened of [byPassword, await read.openWithRecovery(CODE)]) {
    expect(opened.identityPrivate).toEqual(keys.identityPrivate);
    expect(opened.root).toEqual(keys.root);
    expect(opened.vaultKeys).toEqual(keys.vaultKeys);
    expect(opened.head.data).toEqual((await listOf(keys)).data);
    expect(opened.revision).toBe(1);
  }
  const vaultKey = new Uint8Array(32).fill(118);
  const next = await read.successor(byPassword, { vaultKey }, rng);
  const rotated = await next.openWithPassword(EXPORT_KEY);
  expect(rotated.vaultKeys).toEqual([vaultKey, keys.vaultKey]);
  expect([rotated.head.data, rotated.revision]).toEqual([byPassword.head.data, 2]);

  const stranger = account(2);
  const other = await Keystore.make(stranger, await listOf(stranger), EXPORT_KEY, CODE, rng);
  const bad = [
    () => read.openWithPassword(new Uint8Array(64).fill(1)),
    () => read.openWithRecovery(new RecoveryCode(new Uint8Array(16))),
    () => mixed(other, stored, "account", "state").openWithPassword(EXPORT_KEY),
    () => mixed(stored, other, "state").openWithPassword(EXPORT_KEY),
    () => mixed(stored, other, "password").openWithPassword(EXPORT_KEY),
  ];
  for (const open of bad) {
    const error: unknown = await open().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthorizationError);
    expect(error).toHaveProperty("code", Code.LOGIN_FAILED);
  }
  // The control: putting a keystore together again alters nothing.
  await mixed(stored, stored, "state").openWithPassword(EXPORT_KEY);
});

test("what is no keystore is refused", async () => {
  const keys = account(1);
  const data = (await Keystore.make(keys, await listOf(keys), EXPORT_KEY, CODE, rng)).toBytes();
  const longer = concat(data, new Uint8Array(1));
  const unpadded = data.map((byte, i) => (i === lastOf(data) ? 0 : byte));
  for (const bad of [longer, unpadded, data.slice(1), new Uint8Array(SIZE), new Uint8Array()]) {
    expect(() => Keystore.fromBytes(bad)).toThrow(PeerError);
  }
});

function lastOf(data: Bytes): number {
  return data.findLastIndex((byte) => byte !== 0);
}

test("CK-561: the list in it is its account's own", async () => {
  const [keys, others] = [account(1), account(1)];
  const foreign = await Keystore.make(keys, await listOf(others), EXPORT_KEY, CODE, rng);
  await expect(foreign.openWithPassword(EXPORT_KEY)).rejects.toThrow("CK-561");
  const list = await listOf(keys);
  const renamed = new UnlockedAccount(
    new AccountId(new Uint8Array(16).fill(3)),
    keys.root,
    keys.identityPrivate,
    keys.vaultKeys,
  );
  const elsewhere = await Keystore.make(renamed, list, EXPORT_KEY, CODE, rng);
  await expect(elsewhere.openWithPassword(EXPORT_KEY)).rejects.toThrow("CK-561");
});

test("CK-560: keys are printed nowhere, and wiped", () => {
  const keys = account(1);
  const secret = Buffer.from(keys.root).toString("hex");
  const printed = [String(keys), JSON.stringify(keys), JSON.stringify({ keys })].join();
  expect(printed).not.toContain(secret.slice(0, 12));
  expect(printed).toContain("UnlockedAccount");
  expect(() => keys.head).toThrow(UsageError);
  keys.wipe();
  expect([keys.root, keys.identityPrivate]).toEqual([new Uint8Array(32), new Uint8Array(32)]);
});

test("CK-685: neither devices nor rotations show in its lengths", async () => {
  const keys = account(1);
  const first = await Keystore.make(keys, await listOf(keys), EXPORT_KEY, CODE, rng);
  const opened = await first.openWithPassword(EXPORT_KEY);
  const { devices } = await listOf(keys, MAX_DEVICES);
  const full = await signSuccessor(opened.head, keys.identityPrivate, devices);
  opened.revision = 2 ** 50;
  const exportKey = new Uint8Array(64).fill(102);
  const changes = { ownList: full, vaultKey: new Uint8Array(32).fill(118), exportKey };
  const later = await first.successor(opened, changes, rng);
  const lengths = (keystore: Keystore) => [...fieldsOf(keystore)].map(([n, v]) => [n, v.length]);
  expect(lengths(later)).toEqual(lengths(first));
  expect(lastOf(later.toBytes())).toBe(lastOf(first.toBytes()));
  const read = await later.openWithPassword(exportKey);
  expect([read.head.data, read.revision]).toEqual([full.data, 2 ** 50 + 1]);
  await expect(later.openWithPassword(EXPORT_KEY)).rejects.toThrow(AuthorizationError);
});
