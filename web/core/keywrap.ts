/**
 * Keys at rest: one key wrapped by another, for one purpose only (protocol.md P3, P4).
 *
 *     wrapping key = HKDF-SHA-384(secret, info = "visavis keywrap v1" || purpose)
 *     wrapped      = nonce(12) || AES-256-GCM(wrapping key, AAD = purpose and context, payload)
 *
 * The purpose is in the derivation and in the associated data: a server that stores several wrapped
 * keys of one account cannot pass one off as another, nor one account's as another's (CK-257).
 *
 * Not for: deriving keys from passwords. The secret must already be strong (an OPAQUE export key,
 * the root key, a recovery code's wrap key, the output of Argon2id).
 */

import { type Bytes, concat, type Rng, utf8, wipe } from "./bytes.ts";
import { encode } from "./cbor.ts";
import { AuthorizationError, Code, PeerError, UsageError } from "./errors.ts";
import { AES256 } from "./mls/hpke.ts";
import { SHA384 } from "./mls/kdf.ts";

export const NONCE_BYTES = 12;
export const OVERHEAD = NONCE_BYTES + 16;
/** A shorter wrapping secret is a mistake of ours: 256 bits everywhere. */
export const MIN_SECRET_BYTES = 32;

const LABEL = "visavis keywrap v1";
const NOTHING: Bytes = new Uint8Array();

/** What a wrapped payload is, and by what it is wrapped. */
export const Purpose = {
  /** By the OPAQUE export key. */
  ROOT_BY_PASSWORD: "root by password",
  ROOT_BY_RECOVERY: "root by recovery",
  ROOT_BY_PASSKEY: "root by passkey",
  ACCOUNT_BY_ROOT: "account by root",
  VAULT_ITEM: "vault item",
  /** By Argon2id's output. */
  STORE_BY_PASSWORD: "store by password",
  STORE_VALUE: "store value",
  MOVE_FILE: "move file",
} as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/**
 * Derive the 32-byte wrapping key for one purpose (RFC 5869).
 *
 * @param secret At least 32 bytes of full strength.
 * @param purpose What will be wrapped.
 * @throws UsageError The secret is too short.
 */
export function deriveKey(secret: Uint8Array, purpose: Purpose): Bytes {
  if (secret.length < MIN_SECRET_BYTES) {
    throw new UsageError("a wrapping secret has 32 bytes at least");
  }
  const prk = SHA384.extract(NOTHING, secret);
  const key = SHA384.expand(prk, utf8(`${LABEL} ${purpose}`), 32);
  wipe(prk);
  return key;
}

/** Anything else a payload must stay with: an account id, a table and row. */
export type Context = Readonly<{ context?: Uint8Array }>;

/**
 * Wrap a payload under a secret.
 *
 * @param purpose What the payload is; must be given again to unwrap.
 * @param secret At least 32 bytes of full strength.
 * @param payload Any bytes.
 * @param rng For the nonce.
 * @returns `payload.length + OVERHEAD` bytes.
 * @throws UsageError The secret is too short.
 */
export async function wrap(
  purpose: Purpose,
  secret: Uint8Array,
  payload: Bytes,
  rng: Rng,
  { context = NOTHING }: Context = {},
): Promise<Bytes> {
  const nonce = rng(NONCE_BYTES);
  const key = deriveKey(secret, purpose);
  try {
    const sealed = await AES256.seal(key, nonce, associatedData(purpose, context), payload);
    return concat(nonce, sealed);
  } finally {
    wipe(key);
  }
}

/**
 * Return the payload.
 *
 * @throws AuthorizationError `LOGIN_FAILED`. Wrong secret, wrong purpose, wrong context and damage
 *   are one answer (CK-257).
 * @throws UsageError The secret is too short.
 */
export async function unwrap(
  purpose: Purpose,
  secret: Uint8Array,
  wrapped: Bytes,
  { context = NOTHING }: Context = {},
): Promise<Bytes> {
  const [nonce, sealed] = [wrapped.subarray(0, NONCE_BYTES), wrapped.subarray(NONCE_BYTES)];
  const key = deriveKey(secret, purpose);
  try {
    return await AES256.open(key, nonce, associatedData(purpose, context), sealed);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new AuthorizationError(Code.LOGIN_FAILED, "CK-257 a wrapped key does not open");
  } finally {
    wipe(key);
  }
}

function associatedData(purpose: Purpose, context: Uint8Array): Bytes {
  return encode([LABEL, purpose, context]);
}
