/**
 * Guests of a call: a credential for one visit, and the pass that lets it in (P15).
 *
 * A guest has no account. Its leaf signs with a key made for this visit; its credential carries the
 * name that the guest chose and a *pass*: a signature by a device of the group, over call, key and
 * name. So everybody in the call, and whoever comes later, sees by the tree alone that a member let
 * this guest in under this name, and nobody else can let one in. The credential is seen by members
 * only: key packages, commits and Welcomes are sealed wherever the server has them.
 *
 * Not for: accounts' devices (`credential.ts`), or how a guest asks (`lobby.ts`).
 */

import { type Bytes, equal } from "./bytes.ts";
import { decodeMap, encode, exactly, isBytes } from "./cbor.ts";
import { GUEST_NAME } from "./content_lobby.ts";
import type { Member } from "./credential.ts";
import { Code, PeerError } from "./errors.ts";
import { sign, verify } from "./identity.ts";
import { AccountId, type CallId, DeviceId, Signature, SignatureKey } from "./ids.ts";
import type { CredentialValidator } from "./mls/leaf_check.ts";

const LABEL = "visavis guest pass v1\0";
const TYPE = "guest";

/** The credential of a guest, its form checked. */
export type Guest = Readonly<{
  /** With which its leaf signs. */
  key: SignatureKey;
  /** What the guest chose to be called; verified by nobody. */
  name: string;
  /** Whose device let it in, as it says. */
  account: AccountId;
  /** Which one. */
  device: DeviceId;
  /** The pass. */
  signature: Signature;
}>;

/** Return the identity bytes for the MLS basic credential (RFC 9420, 5.3). */
export function guestIdentity({ key, name, account, device, signature }: Guest): Bytes {
  const called = GUEST_NAME.encode(name);
  return encode({ type: TYPE, key, name: called, account, device, pass: signature });
}

/**
 * Read the credential of a leaf.
 *
 * @throws PeerError `BAD_CREDENTIAL` (CK-906), not of this form or not this leaf's.
 */
export function guestOf(member: Member): Guest {
  try {
    const raw = decodeMap(member.identity);
    const fields = exactly(raw, "type", "key", "name", "account", "device", "pass");
    const { type, key, name, account, device, pass } = fields;
    if (
      type === TYPE &&
      isBytes(key) &&
      equal(key, member.signatureKey) &&
      typeof name === "string" &&
      isBytes(account) &&
      isBytes(device) &&
      isBytes(pass)
    ) {
      return {
        key: new SignatureKey(key),
        name: GUEST_NAME.decode(name),
        account: new AccountId(account),
        device: new DeviceId(device),
        signature: new Signature(pass),
      };
    }
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
  }
  // CK-906: with another's pass under a key of one's own anybody could be that guest.
  throw new PeerError(Code.BAD_CREDENTIAL, "CK-906 no credential of a guest, or of another leaf");
}

/**
 * Require that a device let this guest into this call under this name.
 *
 * @param call The call.
 * @param key The signature key of `guest.device` of `guest.account`; undefined: it may let nobody in.
 * @throws PeerError `BAD_CREDENTIAL` (CK-907).
 */
export async function requirePass(
  guest: Guest,
  call: CallId,
  key: Bytes | undefined,
): Promise<void> {
  // CK-907: a pass of another call, of somebody who was refused, or of nobody.
  if (key !== undefined) {
    try {
      await verify(key, LABEL, passBytes(call, guest.key, guest.name), guest.signature);
      return;
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
    }
  }
  throw new PeerError(Code.BAD_CREDENTIAL, "CK-907 a guest whom no member let in");
}

/**
 * Let a guest into a call.
 *
 * @param call The call.
 * @param key The guest's, of this visit.
 * @param name What it is called.
 * @param signaturePrivate The signature key of our device, 32 bytes.
 */
export function signPass(
  call: CallId,
  key: SignatureKey,
  name: string,
  signaturePrivate: Bytes,
): Promise<Signature> {
  return sign(signaturePrivate, LABEL, passBytes(call, key, name));
}

/** Say whether a leaf says of itself that it is a guest; nothing of it is checked. */
export function isGuest({ identity }: Pick<Member, "identity">): boolean {
  try {
    return decodeMap(identity).get("type") === TYPE;
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return false;
  }
}

/**
 * Return the validator of a call that may have guests.
 *
 * @param members The one for everybody else.
 * @returns A function of (new leaf, leaf it replaces or null) that throws `PeerError` to refuse. That
 *   somebody let a guest in is judged apart (`requirePass`).
 */
export function withGuests(members: CredentialValidator): CredentialValidator {
  return async (member, replaces) => {
    if (!isGuest(member)) {
      // Whoever replaces a guest's leaf without being that guest is refused there: a guest's
      // credential is none of an account's.
      await members(member, replaces);
      return;
    }
    guestOf(member);
    // CK-909: else a guest could become another one, or a member a guest (RFC 9420, 5.3.1).
    if (replaces !== null && !equal(replaces.identity, member.identity)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-909 a leaf passes to a guest, or another one");
    }
  };
}

function passBytes(call: CallId, key: SignatureKey, name: string): Bytes {
  return encode([call, key, name]);
}

/** Say whether one member was in the call, and otherwise guests. */
export function isAmongGuests(members: Iterable<Pick<Member, "identity">>): boolean {
  const all = [...members];
  const guests = all.filter(isGuest).length;
  return guests > 0 && all.length - guests === 1;
}
