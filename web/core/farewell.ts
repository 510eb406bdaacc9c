/**
 * The farewell: an account's word that one of its devices is shut out.
 *
 *     signature = Ed25519(identity key, "visavis farewell v1" 0x00 || account id || device id)
 *
 * A device that the server refuses cannot tell a revocation from a server that lies, and what it holds
 * must not be at a server's mercy. So whoever revokes a device leaves this with the server, and only
 * a device that reads it, signed with its own account's identity key, erases what it holds (CK-750).
 */

import { type Bytes, concat } from "./bytes.ts";
import { sign, verify } from "./identity.ts";
import type { AccountId, DeviceId, IdentityKey, Signature } from "./ids.ts";

export const FAREWELL_BYTES = 64;

const LABEL = "visavis farewell v1\0";

/** Return the farewell to a device of ours, signed with the account's identity key (32 bytes). */
export function signFarewell(
  identityPrivate: Bytes,
  account: AccountId,
  device: DeviceId,
): Promise<Signature> {
  return sign(identityPrivate, LABEL, concat(account, device));
}

/**
 * Return if the account has shut this device out.
 *
 * @throws PeerError `BAD_SIGNATURE`: it has said no such thing (CK-750).
 */
export function verifyFarewell(
  identityKey: IdentityKey,
  account: AccountId,
  device: DeviceId,
  farewell: Bytes,
): Promise<void> {
  return verify(identityKey, LABEL, concat(account, device), farewell);
}
