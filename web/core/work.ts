/**
 * Proof of work: a price in time instead of an identity, asked from whoever asks often.
 *
 * A solution is a 64-bit nonce for which SHA-256(challenge || nonce) starts with `bits` zero bits.
 * Checking costs one hash, solving about 2**bits. It slows guessing down; it stops nobody for good.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, copy } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import { SHA256 } from "./mls/kdf.ts";

export const NONCE_BYTES = 8;
/**
 * Work that a contact request by handle must carry: a few seconds for whoever asks. Higher keeps
 * more strangers from filling somebody's queue, and makes slow telephones wait. One value for
 * everybody: a level of one's own would tell real handles from decoys (P2).
 */
export const REQUEST_BITS = 20;
/** More than this is hours on a phone: a server that asks for it is not worth an answer. */
export const MAX_BITS = 32;

/**
 * Return a nonce that `check` accepts. Does nothing else meanwhile: call it in a worker, or see
 * `search`.
 *
 * @param challenge Any bytes, from the server.
 * @param bits Leading zero bits asked for, 0 to 32.
 * @throws UsageError More bits than anyone should work for.
 */
export function solve(challenge: Uint8Array, bits: number): Bytes {
  return search(challenge, bits)(Number.POSITIVE_INFINITY) ?? new Uint8Array(NONCE_BYTES);
}

/**
 * Begin a search that can be interrupted: what is returned tries so many more nonces, and returns
 * one that `check` accepts, or undefined if none was among them.
 *
 * @throws UsageError More bits than anyone should work for.
 */
export function search(challenge: Uint8Array, bits: number): (tries: number) => Bytes | undefined {
  if (!Number.isInteger(bits) || bits < 0 || bits > MAX_BITS) {
    throw new UsageError("no work of this size is done");
  }
  const start = sha256.create().update(challenge);
  const attempt = start.clone();
  const nonce = new Uint8Array(NONCE_BYTES);
  const view = new DataView(nonce.buffer);
  const digest = new Uint8Array(32);
  let number = 0;
  return (tries) => {
    for (let tried = 0; tried < tries; tried++, number++) {
      view.setUint32(0, Math.floor(number / 2 ** 32));
      view.setUint32(4, number % 2 ** 32);
      start._cloneInto(attempt).update(nonce).digestInto(digest);
      if (leadingZeros(digest) >= bits) return copy(nonce);
    }
    return undefined;
  };
}

/** Return whether the nonce solves the challenge (constant cost: one hash). */
export function check(challenge: Uint8Array, nonce: Uint8Array, bits: number): boolean {
  if (nonce.length !== NONCE_BYTES) return false;
  return leadingZeros(SHA256.hash(concat(challenge, nonce))) >= bits;
}

/** Count the zero bits at the front. */
function leadingZeros(digest: Uint8Array): number {
  const first = digest.findIndex((byte) => byte !== 0);
  if (first < 0) return 8 * digest.length;
  return 8 * first + Math.clz32(digest[first] ?? 0) - 24;
}
