/**
 * Signed device lists: which devices an account has (docs/protocol/identity.md).
 *
 * An account's identity key signs the *device list*: the MLS signature key of each of the account's
 * devices, a version that only rises, and the hash of the list before. The list is the authority: a
 * leaf in a group is accepted only if its device stands, with that very key, on the newest list we
 * know of its account (protocol.md P3; `credential.ts`).
 *
 * Unverified and verified are different types: nothing reads a device out of a list whose signature
 * has not been checked.
 */

import { type Bytes, compare, copy, equal, hex } from "./bytes.ts";
import type { Value } from "./cbor.ts";
import { decode, decodeVersioned, encode, exactly, isBytes, isList } from "./cbor.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { identityPublicKey, sign, verify } from "./identity.ts";
import { AccountId, DeviceId, Digest, IdentityKey, Signature, SignatureKey } from "./ids.ts";

/** Devices of one account. Higher makes credentials longer: the list travels in each of them. */
export const MAX_DEVICES = 16;
export const MAX_LIST_BYTES = 4096;
export const MAX_VERSION = 2 ** 32 - 1;
export const NO_PREVIOUS = new Digest(new Uint8Array(32));
/**
 * Versions from one era to the next: an account that moves to another server begins the next era
 * (`signMoved`). Fewer leave less room for changes at the old server that the new one has not heard
 * of, more leave room for fewer moves.
 */
export const ERA_VERSIONS = 2 ** 16;

const LIST_LABEL = "visavis device list v1\0";

/** One device on a device list. */
export type ListedDevice = Readonly<{
  deviceId: DeviceId;
  /** Its MLS signature key (public). */
  signatureKey: SignatureKey;
}>;

/** Tell whether two look-ups found the same device with the same key, or both found none. */
export function sameListed(one: ListedDevice | null, other: ListedDevice | null): boolean {
  if (one === null || other === null) return one === other;
  return equal(one.deviceId, other.deviceId) && equal(one.signatureKey, other.signatureKey);
}

type ListFields = Readonly<{
  accountId: AccountId;
  identityKey: IdentityKey;
  version: number;
  previous: Digest;
  devices: readonly ListedDevice[];
  data: Bytes;
}>;

/** Not exported: only this module makes one. */
class VerifiedDeviceList {
  /** Whose devices. */
  readonly accountId: AccountId;
  /** What signed it. */
  readonly identityKey: IdentityKey;
  /** 1 for the first, then rising. */
  readonly version: number;
  /** SHA-256 of the list before, zeros for the first. */
  readonly previous: Digest;
  /** In order of their ids; 1 to `MAX_DEVICES`. */
  readonly devices: readonly ListedDevice[];
  /** The signed bytes. */
  readonly data: Bytes;
  /** SHA-256 of the signed bytes: what the successor names as `previous`. */
  readonly digest: Digest;

  constructor(fields: ListFields) {
    this.accountId = fields.accountId;
    this.identityKey = fields.identityKey;
    this.version = fields.version;
    this.previous = fields.previous;
    this.devices = fields.devices;
    this.data = fields.data;
    this.digest = Digest.sha256(fields.data);
  }

  /** How often the account moved to another server. */
  get era(): number {
    return eraOf(this.version);
  }

  /** Return the device with this id, or null. */
  find(deviceId: DeviceId): ListedDevice | null {
    return this.devices.find((device) => equal(device.deviceId, deviceId)) ?? null;
  }
}

/**
 * A device list whose signature was checked, or that we signed.
 *
 * Made by `signFirst`, `signSuccessor` or `UnverifiedDeviceList.verify`, never by hand.
 */
export type DeviceList = VerifiedDeviceList;

/**
 * Sign an account's first device list.
 *
 * @throws UsageError No device, more than `MAX_DEVICES`, or an id or key twice.
 */
export function signFirst(
  accountId: AccountId,
  identityPrivate: Bytes,
  devices: Iterable<ListedDevice>,
): Promise<DeviceList> {
  const place = { accountId, version: 1, previous: NO_PREVIOUS };
  return signList(place, identityPrivate, devices);
}

/**
 * Sign the list that follows `previous`: add or revoke devices.
 *
 * @throws UsageError As for `signFirst`, or the key is not the one that signed `previous`.
 */
export async function signSuccessor(
  previous: DeviceList,
  identityPrivate: Bytes,
  devices: Iterable<ListedDevice>,
): Promise<DeviceList> {
  if (!equal(await identityPublicKey(identityPrivate), previous.identityKey)) {
    throw new UsageError("another identity key than the list before");
  }
  const { accountId, version, digest } = previous;
  return signList({ accountId, version: version + 1, previous: digest }, identityPrivate, devices);
}

/** Return in which era a list of this version was signed. */
export function eraOf(version: number): number {
  return Math.floor(version / ERA_VERSIONS);
}

/**
 * Sign the list with which an account begins at another server.
 *
 * It follows `previous`, and is ahead of whatever the devices of before sign until their account is
 * closed: who knows both keeps this one, and no two lists have one version.
 *
 * @throws UsageError As for `signSuccessor`, or the account has moved too often.
 */
export async function signMoved(
  previous: DeviceList,
  identityPrivate: Bytes,
  devices: Iterable<ListedDevice>,
): Promise<DeviceList> {
  if (!equal(await identityPublicKey(identityPrivate), previous.identityKey)) {
    throw new UsageError("another identity key than the list before");
  }
  const { accountId, digest, era } = previous;
  const version = (era + 1) * ERA_VERSIONS;
  return signList({ accountId, version, previous: digest }, identityPrivate, devices);
}

async function signList(
  place: Pick<ListFields, "accountId" | "version" | "previous">,
  identityPrivate: Bytes,
  devices: Iterable<ListedDevice>,
): Promise<DeviceList> {
  const inOrder = [...devices].sort((a, b) => compare(a.deviceId, b.deviceId));
  const body = encode({
    v: 1,
    account: place.accountId,
    identity: await identityPublicKey(identityPrivate),
    version: place.version,
    previous: place.previous,
    devices: inOrder.map((device) => [device.deviceId, device.signatureKey]),
  });
  const signature = await sign(identityPrivate, LIST_LABEL, body);
  try {
    return await UnverifiedDeviceList.parse(encode([body, signature])).verify();
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`would sign a list that others refuse: ${error.detail}`);
  }
}

/** A device list as it arrived; only `verify` gives access to what it says. */
export class UnverifiedDeviceList {
  readonly #body: Bytes;
  readonly #signature: Signature;
  readonly #data: Bytes;

  private constructor(body: Bytes, signature: Signature, data: Bytes) {
    this.#body = body;
    this.#signature = signature;
    this.#data = data;
  }

  /**
   * Read the outer form: an array of signed body and signature.
   *
   * @throws PeerError `MALFORMED`, also beyond `MAX_LIST_BYTES`.
   */
  static parse(data: Uint8Array): UnverifiedDeviceList {
    if (data.length > MAX_LIST_BYTES) throw malformed("too long");
    const [body, signature] = listOf(decode(data), 2);
    if (!isBytes(body) || !isBytes(signature)) throw malformed("outer form");
    return new UnverifiedDeviceList(body, new Signature(signature), copy(data));
  }

  /**
   * Check signature and content.
   *
   * The identity key is the one inside: this proves that the list is whole and that *that* key
   * signed it. Whether it is the right person's key the caller compares (`acceptList`).
   *
   * @throws PeerError `BAD_SIGNATURE` (CK-261); `MALFORMED` for content, order, repetition or
   *   bounds (CK-260).
   */
  async verify(): Promise<DeviceList> {
    const fields = decodeVersioned(this.#body);
    const names = ["account", "identity", "version", "previous", "devices"] as const;
    const { account, identity, version, previous, devices } = exactly(fields, ...names);
    const isWhole = isBytes(account) && isBytes(identity) && isBytes(previous) && isList(devices);
    if (!isWhole || (typeof version !== "number" && typeof version !== "bigint")) {
      throw malformed("body");
    }
    const identityKey = new IdentityKey(identity);
    // CK-261: without it whoever carries the list could add a device of their own.
    await verify(identityKey, LIST_LABEL, this.#body, this.#signature);
    const listed = devices.map(listedDevice);
    // CK-260: one order and no repetition, so that a list has one form and a device one key.
    if (listed.length < 1 || listed.length > MAX_DEVICES || !isRising(listed)) {
      throw malformed("devices out of order, repeated, none or too many");
    }
    if (new Set(listed.map((device) => hex(device.signatureKey))).size !== listed.length) {
      throw malformed("one key for two devices");
    }
    const isFirst = equal(previous, NO_PREVIOUS);
    if (version < 1 || version > MAX_VERSION || (version === 1) !== isFirst) {
      throw malformed("version");
    }
    return new VerifiedDeviceList({
      accountId: new AccountId(account),
      identityKey,
      version: Number(version),
      previous: new Digest(previous),
      devices: listed,
      data: this.#data,
    });
  }
}

/** Return the items of an array of exactly this length; of anything else, none of them. */
function listOf(value: Value, length: number): readonly Value[] {
  return isList(value) && value.length === length ? value : [];
}

function listedDevice(entry: Value): ListedDevice {
  const [deviceId, key] = listOf(entry, 2);
  if (!isBytes(deviceId) || !isBytes(key)) throw malformed("device entry");
  return { deviceId: new DeviceId(deviceId), signatureKey: new SignatureKey(key) };
}

function isRising(devices: readonly ListedDevice[]): boolean {
  return devices.every((device, i) => {
    const before = devices[i - 1];
    return before === undefined || compare(before.deviceId, device.deviceId) < 0;
  });
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-260 device list: ${why}`);
}

/**
 * Return the list to hold from now on: the newer of the two, if both are one account's line.
 *
 * @param known The newest list we know.
 * @param offered A verified list that arrived.
 * @returns `offered` if it is newer, `known` if `offered` is the same or an honest older one.
 * @throws PeerError `IDENTITY_CHANGED` if another identity key signed it (CK-262);
 *   `BAD_CREDENTIAL` if it is another account's, or if it forks: the same version with other
 *   content, or a successor that does not name what we hold (CK-263).
 */
export function acceptList(known: DeviceList, offered: DeviceList): DeviceList {
  if (!equal(offered.accountId, known.accountId)) throw forked("list of another account");
  // CK-262: a server or thief that makes its own identity key for an account must not get further
  // than this; a person decides, after comparing safety numbers.
  if (!equal(offered.identityKey, known.identityKey)) {
    throw new PeerError(Code.IDENTITY_CHANGED, "CK-262 list signed by another identity key");
  }
  if (offered.version === known.version && !equal(offered.data, known.data)) {
    throw forked("two lists with one version");
  }
  // A gap in versions leaves nothing to compare: we were away for the lists between.
  if (offered.version === known.version + 1 && !equal(offered.previous, known.digest)) {
    throw forked("list does not follow the one we hold");
  }
  return offered.version > known.version ? offered : known;
}

function forked(why: string): PeerError {
  return new PeerError(Code.BAD_CREDENTIAL, `CK-263 ${why}`);
}
