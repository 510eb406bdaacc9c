/**
 * The account root under a passkey (WebAuthn Level 3, 10.1.4: the PRF extension).
 *
 *     key  = PRF(passkey, "visavis passkey root v1"), 32 bytes, made inside the authenticator
 *     wrap = keywrap "root by passkey" of CBOR {v: 1, root, handle} || 0x80 || zeros, 128 bytes before
 *
 * The salt is a constant, so that one passkey gives one key; the browser hashes it with a label of its
 * own and the authenticator keeps PRFs of other sites apart. The handle is in there because the server
 * does not store it, and a new browser that signs in with a passkey has to know it. It is the handle of
 * the day on which the passkey was made; one that the keystore names stands instead (CK-767).
 *
 * Not for: the ceremony with the authenticator (`web/client/passkeys.ts`).
 */

import { type Bytes, concat, copy, type Rng, utf8, wipe } from "./bytes.ts";
import { decodeVersioned, encode, exactly } from "./cbor.ts";
import { AuthorizationError, Code, UsageError } from "./errors.ts";
import { isHandle } from "./handle.ts";
import type { AccountId } from "./ids.ts";
import { OVERHEAD, Purpose, unwrap, wrap } from "./keywrap.ts";

export const PRF_SALT: Bytes = utf8("visavis passkey root v1");
export const PRF_BYTES = 32;
export const ROOT_BYTES = 32;
/** Bytes before wrapping, whatever the handle's length. */
export const PADDED = 128;
export const ROOT_WRAP_BYTES = PADDED + OVERHEAD;

const PAD = 0x80;

/** What a passkey opens. */
export type PasskeyRoot = Readonly<{
  /** The account root, 32 bytes; whoever has it wipes it. */
  root: Bytes;
  /** The account's handle. */
  handle: string;
}>;

/**
 * Wrap the account root under a passkey's key.
 *
 * @param prf 32 bytes from the authenticator.
 * @param account Whose; the wrap opens for no other.
 * @returns `ROOT_WRAP_BYTES` bytes.
 * @throws UsageError A length is wrong, or the handle is none.
 */
export async function wrapRoot(
  prf: Uint8Array,
  account: AccountId,
  { root, handle }: PasskeyRoot,
  rng: Rng,
): Promise<Bytes> {
  if (prf.length !== PRF_BYTES || root.length !== ROOT_BYTES || !isHandle(handle)) {
    throw new UsageError("a passkey wraps a root and a handle under 32 bytes");
  }
  const body = encode({ v: 1, root, handle });
  const padded = concat(body, Uint8Array.of(PAD), new Uint8Array(PADDED - body.length - 1));
  try {
    return await wrap(Purpose.ROOT_BY_PASSKEY, prf, padded, rng, { context: account });
  } finally {
    wipe(body, padded);
  }
}

/**
 * Unwrap the account root.
 *
 * @param prf 32 bytes from the authenticator.
 * @param account Whose.
 * @param wrapped From the server.
 * @throws AuthorizationError `LOGIN_FAILED` (CK-446), it is not the wrap of this passkey and account,
 *   or not whole.
 * @throws UsageError `prf` is too short.
 */
export async function openRoot(
  prf: Uint8Array,
  account: AccountId,
  wrapped: Bytes,
): Promise<PasskeyRoot> {
  const padded = await unwrap(Purpose.ROOT_BY_PASSKEY, prf, wrapped, { context: account });
  try {
    const end = padded.findLastIndex((byte) => byte !== 0);
    const body = padded[end] === PAD ? padded.subarray(0, end) : padded;
    const fields = exactly(decodeVersioned(copy(body)), "root", "handle");
    return rootOf(fields.root, fields.handle);
  } finally {
    wipe(padded);
  }
}

function rootOf(root: unknown, handle: unknown): PasskeyRoot {
  if (!isRoot(root) || typeof handle !== "string" || !isHandle(handle)) {
    throw new AuthorizationError(Code.LOGIN_FAILED, "CK-446: the passkey's wrap is not whole");
  }
  return { root: copy(root), handle };
}

function isRoot(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === ROOT_BYTES;
}
