/**
 * How what tells of calls lies in the store: so that what was replaced cannot be read any more.
 *
 * Databases of browsers keep what was written for a while after it was replaced, small values for as
 * long as they like. Not so values of one size above 64 KiB: Chromium has each in a file of its own,
 * and removes that with the next one; Firefox writes the next over the pages of its file that the one
 * before had, once its journal is emptied, which takes seconds, and single pages may stay. So
 *
 *     plain = length(4) || data || zeros
 *     row   = sealed || key xor SHA-256(sealed)      sealed = ChaCha20(key, plain), key random
 *
 * is always as long, never deleted (it empties), and worth nothing unless all of it is there: an
 * all-or-nothing transform (Rivest, FSE 1997). Its size tells nothing of how many calls there are.
 * The store seals it as it does every value; this is no encryption by itself.
 *
 * Not for: what is in a page (`core/call_page.ts`).
 */

import { chacha20 } from "@noble/ciphers/chacha.js";
import { type Bytes, concat, copy, type Rng, wipe } from "../core/bytes.ts";
import type { Page } from "../core/call_entry.ts";
import { decodePage, encodePage } from "../core/call_page.ts";
import { Code, FatalError, PeerError } from "../core/errors.ts";
import { SHA256 } from "../core/mls/kdf.ts";

/** Bytes of a row's plain part: above 64 KiB, and above the longest page. */
export const PLAIN_BYTES = 66_560;
const HEAD_BYTES = 4;
const KEY_BYTES = 32;
/** Each key seals one thing. */
const NONCE: Bytes = new Uint8Array(12);

/** Return the row of some data, 65,536 bytes at most. */
export function wholeRow(data: Uint8Array, rng: Rng): Bytes {
  const plain = new Uint8Array(PLAIN_BYTES);
  new DataView(plain.buffer).setUint32(0, data.length);
  plain.set(data, HEAD_BYTES);
  const key = rng(KEY_BYTES);
  const sealed = copy(chacha20(key, NONCE, plain));
  const tail = xor(key, SHA256.hash(sealed));
  wipe(plain, key);
  return concat(sealed, tail);
}

/** Return the row of a page. */
export function rowOf(page: Page, rng: Rng): Bytes {
  const data = encodePage(page);
  const row = wholeRow(data, rng);
  wipe(data);
  return row;
}

/**
 * Return the data in a row; of a page it is its encoding, which is what stands in the vault.
 *
 * @throws FatalError MALFORMED.
 */
export function dataIn(row: Bytes): Bytes {
  if (row.length !== PLAIN_BYTES + KEY_BYTES) throw malformed();
  const sealed = row.subarray(0, PLAIN_BYTES);
  const key = xor(row.subarray(PLAIN_BYTES), SHA256.hash(sealed));
  const plain = chacha20(key, NONCE, sealed);
  const size = new DataView(plain.buffer, plain.byteOffset).getUint32(0);
  const data = copy(plain.subarray(HEAD_BYTES, HEAD_BYTES + size));
  wipe(plain, key);
  return data;
}

/** Return the page in a row. Throws as `dataIn`. */
export function pageIn(row: Bytes): Page {
  try {
    return decodePage(dataIn(row));
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw malformed();
  }
}

function xor(one: Uint8Array, other: Uint8Array): Bytes {
  return copy(one.map((byte, i) => byte ^ (other[i] ?? 0)));
}

function malformed(): FatalError {
  return new FatalError(Code.MALFORMED, "a row of calls cannot be read");
}
