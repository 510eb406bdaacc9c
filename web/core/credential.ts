/**
 * Credentials: who a leaf of a group is, by the device list that it carries (RFC 9420, 5.3).
 *
 * Not for: what a list says and which of two is newer (`device_list.ts`).
 */

import { type Bytes, equal } from "./bytes.ts";
import { decodeMap, encode, exactly, isBytes } from "./cbor.ts";
import {
  acceptList,
  type DeviceList,
  type ListedDevice,
  sameListed,
  UnverifiedDeviceList,
} from "./device_list.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { AccountId, DeviceId } from "./ids.ts";
import type { CredentialValidator } from "./mls/leaf_check.ts";
import type { MemberInfo } from "./mls/leaf_node.ts";

/** The identity inside an MLS basic credential (RFC 9420, 5.3), checked against its own list. */
export type Credential = Readonly<{
  accountId: AccountId;
  /** The device, as its list shows it. */
  device: ListedDevice;
  /** The account's list that the device carried along. */
  deviceList: DeviceList;
}>;

/**
 * Return the identity bytes for the MLS basic credential of one listed device.
 *
 * @throws UsageError The device is not on the list.
 */
export function credentialIdentity(deviceId: DeviceId, deviceList: DeviceList): Bytes {
  if (deviceList.find(deviceId) === null) {
    throw new UsageError("a credential is for a device on the list");
  }
  return encode({ account: deviceList.accountId, device: deviceId, list: deviceList.data });
}

/** Identity bytes as they stood in a leaf. */
export class UnverifiedCredential {
  readonly #accountId: AccountId;
  readonly #deviceId: DeviceId;
  readonly #list: UnverifiedDeviceList;

  private constructor(accountId: AccountId, deviceId: DeviceId, list: UnverifiedDeviceList) {
    this.#accountId = accountId;
    this.#deviceId = deviceId;
    this.#list = list;
  }

  /**
   * Read the three fields.
   *
   * @throws PeerError `MALFORMED`.
   */
  static parse(identity: Uint8Array): UnverifiedCredential {
    const { account, device, list } = exactly(decodeMap(identity), "account", "device", "list");
    if (!isBytes(account) || !isBytes(device) || !isBytes(list)) {
      throw new PeerError(Code.MALFORMED, "CK-260 credential");
    }
    const unverified = UnverifiedDeviceList.parse(list);
    return new UnverifiedCredential(new AccountId(account), new DeviceId(device), unverified);
  }

  /**
   * Check that the carried list shows this device with this leaf's signature key.
   *
   * @param signatureKey The leaf's, whose possession MLS has proven.
   * @throws PeerError `BAD_SIGNATURE` or `MALFORMED` for the list; `BAD_CREDENTIAL` if account,
   *   device or key are not on it (CK-264).
   */
  async verify(signatureKey: Bytes): Promise<Credential> {
    const deviceList = await this.#list.verify();
    const device = deviceList.find(this.#deviceId);
    const isOfAccount = equal(deviceList.accountId, this.#accountId);
    // CK-264: else a device could carry somebody's true list and sign with a key of its own.
    if (!isOfAccount || device === null || !equal(device.signatureKey, signatureKey)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-264 device is not on the list it carries");
    }
    return { accountId: deviceList.accountId, device, deviceList };
  }
}

/** What the validator reads of a member. */
export type Member = Pick<MemberInfo, "identity" | "signatureKey">;

/** Look-up of the newest verified device list we hold of an account; null for a stranger. */
export type NewestList = (accountId: AccountId) => DeviceList | null;

export type MemberOptions = Readonly<{
  /**
   * This device stands in the group already, with this key, and goes on there: it need not be on
   * the newest list (CK-266 is for who comes in).
   */
  present?: boolean;
}>;

/**
 * Check one leaf against what we know of its account (protocol.md P3).
 *
 * @param newest Our knowledge. Our own account must be in it too: own leaves are checked alike.
 * @param member The leaf.
 * @returns Its credential. `deviceList` in it may be newer than what we hold: keep it
 *   (`acceptList`) once the whole message was accepted.
 * @throws PeerError As `UnverifiedCredential.verify` and `acceptList`; `BAD_CREDENTIAL` for an
 *   account we do not know (CK-265) or a device that the newest list does not show with this key
 *   (CK-266).
 */
export async function checkMember(
  newest: NewestList,
  member: Member,
  { present = false }: MemberOptions = {},
): Promise<Credential> {
  const credential = await UnverifiedCredential.parse(member.identity).verify(member.signatureKey);
  const known = newest(credential.accountId);
  // CK-265: nobody sits in a conversation whom we did not let in by name.
  if (known === null) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-265 member of an unknown account");
  }
  // CK-266: a revoked device still carries the old list that shows it.
  const { device, deviceList } = credential;
  const listed = acceptList(known, deviceList).find(device.deviceId);
  if (!sameListed(listed, device) && !present) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-266 device is not on the newest list");
  }
  return credential;
}

/**
 * Return the validator for members that stand in a group which this device joins.
 *
 * As `makeValidator`, but a device that its account has shut out is let pass: whoever joins removes
 * it at once, while a Welcome that is refused is gone for good (CK-598 sees to it that such a device
 * is not the one that invites).
 */
export function makePresentValidator(newest: NewestList): CredentialValidator {
  return async (member) => {
    await checkMember(newest, member, { present: true });
  };
}

/** Look-up of the newest list of an account that stands in a group's own tree. */
export type NewestInTree = (accountId: AccountId) => Promise<DeviceList | null>;

/**
 * Return the validator for a group of people, whose members need not know each other (ADR 24).
 *
 * As `makeValidator`, with two differences. `newest` knows what stands in the group's tree and
 * nothing else, so that all members judge alike (CK-831); and an account that is not in the tree may
 * come in: whether it said yes is the business of whoever adds it.
 */
export function makeTreeValidator(newest: NewestInTree): CredentialValidator {
  return async (member, replaces) => {
    const { accountId } = await checkAlone(member);
    const known = await newest(accountId);
    if (replaces === null && known === null) return;
    await makeValidator(() => known)(member, replaces);
  };
}

/** Check one leaf by itself: its list shows its device with its key, whoever it is of. */
export function checkAlone(member: Member): Promise<Credential> {
  return UnverifiedCredential.parse(member.identity).verify(member.signatureKey);
}

/**
 * Return the credential validator that MLS asks about each leaf.
 *
 * @param newest See `checkMember`.
 * @returns A function of (new leaf, leaf it replaces or null) that rejects with `PeerError` to
 *   refuse. Besides `checkMember` it refuses a leaf that passes to another account or device
 *   (CK-267). A device that is in the group may commit on until it is removed, even if it was
 *   revoked: were its commits refused, the commit that removes it could never follow them, and a
 *   thief would only have to commit once to stay.
 */
export function makeValidator(newest: NewestList): CredentialValidator {
  return async (member, replaces) => {
    if (replaces === null) {
      await checkMember(newest, member);
      return;
    }
    const present = equal(replaces.signatureKey, member.signatureKey);
    const credential = await checkMember(newest, member, { present });
    // The leaf that goes need not stand on the newest list any more, so only its names are read.
    const old = await UnverifiedCredential.parse(replaces.identity).verify(replaces.signatureKey);
    // CK-267: else a member could turn its own leaf into somebody else's (RFC 9420, 5.3.1).
    if (
      !equal(old.accountId, credential.accountId) ||
      !equal(old.device.deviceId, credential.device.deviceId)
    ) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-267 a leaf passes to another device");
    }
  };
}
