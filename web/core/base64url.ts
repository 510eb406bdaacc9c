/**
 * Base64url without padding (RFC 4648, section 5): how bytes travel in JSON and in links.
 *
 * Written here, because `atob` forgives what one spelling for each byte string does not allow.
 */

import type { Bytes } from "./bytes.ts";
import { Code, PeerError } from "./errors.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES: ReadonlyMap<string, number> = new Map([...ALPHABET].map((char, i) => [char, i]));

/** Return the text for the bytes, without `=`. */
export function encode(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 3) {
    const [first = 0, second = 0, third = 0] = data.subarray(at, at + 3);
    const bits = (first << 16) | (second << 8) | third;
    for (const shift of [18, 12, 6, 0]) text += ALPHABET.charAt((bits >> shift) & 63);
  }
  return text.slice(0, Math.ceil((data.length * 4) / 3));
}

/**
 * Return the bytes for the text, strictly: one spelling for each byte string.
 *
 * @param text Letters, digits, `-` and `_` only; no padding, no white space.
 * @param length Bytes expected, if it must be so many.
 * @throws PeerError `MALFORMED` for another alphabet, padding, spare bits or another length.
 */
export function decode(text: string, length?: number): Bytes {
  if (text.length % 4 === 1) throw malformed("not base64url");
  const data = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const char of text) {
    const value = VALUES.get(char);
    if (value === undefined) throw malformed("not base64url");
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    data[at++] = bits >> held;
    bits &= (1 << held) - 1;
  }
  if (bits !== 0) throw malformed("base64url with spare bits");
  if (length !== undefined && data.length !== length) {
    throw malformed(`base64url of ${data.length} bytes, expected ${length}`);
  }
  return data;
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, why);
}
