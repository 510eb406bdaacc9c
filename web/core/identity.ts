/**
 * Identity keys of accounts, and signatures under a label (docs/protocol/identity.md).
 *
 * An *account* has an Ed25519 identity key. It signs the *device list* (`device_list.ts`), which a
 * device carries in its credential (`credential.ts`).
 */

import { type Bytes, concat, type Rng, utf8 } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { Digest, IdentityKey, Signature } from "./ids.ts";
import { ED25519 } from "./mls/signature.ts";

const HASH_LABEL = utf8("visavis identity v1\0");

/** Make an account identity key: 32 private bytes (RFC 8032, 5.1.5). */
export function generateIdentityKey(rng: Rng): Bytes {
  return rng(32);
}

/** Return the public half of an identity key. */
export async function identityPublicKey(privateKey: Bytes): Promise<IdentityKey> {
  return new IdentityKey(await ED25519.publicKey(checkedPrivate(privateKey)));
}

/** Return what an invite carries to pin the inviter's identity: SHA-256 with a label. */
export function identityHash(identityKey: IdentityKey): Digest {
  return Digest.sha256(concat(HASH_LABEL, identityKey));
}

/**
 * Sign with an Ed25519 key of ours, under a label.
 *
 * Device keys sign here and in MLS. The two never meet: what MLS signs starts with a length and
 * "MLS 1.0 " (RFC 9420, 5.1.2), and read as that length our "vi" says 13,929 bytes of label.
 *
 * @param privateKey 32 bytes.
 * @param label Starts with `visavis ` and ends with a zero character.
 * @param message What is signed.
 * @throws UsageError The label has not that form.
 */
export async function sign(
  privateKey: Bytes,
  label: string,
  message: Uint8Array,
): Promise<Signature> {
  const signed = concat(checkedLabel(label), message);
  return new Signature(await ED25519.sign(checkedPrivate(privateKey), signed));
}

/**
 * Check a signature of `sign`.
 *
 * @throws PeerError `BAD_SIGNATURE`.
 * @throws UsageError The label has not the form that `sign` asks for.
 */
export async function verify(
  publicKey: Bytes,
  label: string,
  message: Uint8Array,
  signature: Bytes,
): Promise<void> {
  const signed = concat(checkedLabel(label), message);
  try {
    await ED25519.verify(publicKey, signed, signature);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new PeerError(Code.BAD_SIGNATURE, "a signature does not verify");
  }
}

function checkedPrivate(privateKey: Bytes): Bytes {
  if (privateKey.length !== 32) throw new UsageError("an Ed25519 private key has 32 bytes");
  return privateKey;
}

function checkedLabel(label: string): Bytes {
  if (!label.startsWith("visavis ") || label.indexOf("\0") !== label.length - 1) {
    throw new UsageError(
      "a signature label starts with 'visavis ' and ends with its one zero character",
    );
  }
  return utf8(label);
}
