/**
 * EBML (RFC 8794): elements, written in their shortest form and walked within bounds (twin of
 * `src/visavis/core/ebml.py`).
 *
 *     element = id || size || content       both are variable-size integers (RFC 8794, 4)
 *     id      = 1 to 4 bytes, with its marker bit: as the tables of the standards write it
 *     size    = 1 to 8 bytes, without its marker bit
 *
 * Not for: what elements mean (`webm.ts`).
 */

import { type Bytes, utf8 } from "./bytes.ts";
import { Code, PeerError } from "./errors.ts";
import { numberAt } from "./file_bytes.ts";

/** In place of a size: the element ends where the file does (RFC 8794, 6.2). */
export const UNKNOWN_SIZE = Uint8Array.of(0x01, ...Array<number>(7).fill(0xff));

const ID_LENGTH = 4;
const SIZE_LENGTH = 8;

/** What an element is, and where its content begins and ends. */
export type Element = Readonly<{ ident: number; start: number; end: number }>;

/** Return an element. */
export function element(ident: number, ...content: readonly Uint8Array[]): Bytes {
  const size = content.reduce((sum, part) => sum + part.length, 0);
  return packed([shortest(ident), vint(size), ...content]);
}

/**
 * Return parts one after the other: as `concat`, of a list that may be long. More arguments than some
 * ten thousand are too many for some browsers.
 */
export function packed(parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Return an element that holds a number from 0. */
export function unsigned(ident: number, value: number): Bytes {
  return element(ident, shortest(value));
}

/** Return an element that holds a number as a float of 8 bytes. */
export function double(ident: number, value: number): Bytes {
  const content = new Uint8Array(8);
  new DataView(content.buffer).setFloat64(0, value);
  return element(ident, content);
}

/** Return an element that holds a text, in UTF-8. */
export function text(ident: number, value: string): Bytes {
  return element(ident, utf8(value));
}

/** Return a number from 0 in big-endian order, in at least one byte. */
export function shortest(value: number): Bytes {
  let length = 1;
  while (value >= 2 ** (8 * length)) length++;
  return fixed(value, length);
}

/** Return a variable-size integer (RFC 8794, 4); all ones are left out, they mean unknown. */
export function vint(value: number): Bytes {
  let length = 1;
  while (value >= 2 ** (7 * length) - 1) length++;
  return fixed(2 ** (7 * length) + value, length);
}

/** Return a number from 0 in big-endian order: as `uint`, for each frame of hours. */
export function fixed(value: number, length: number): Bytes {
  const out = new Uint8Array(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at--) {
    out[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return out;
}

/**
 * Yield the elements that stand in another, one after the other.
 *
 * @throws PeerError MALFORMED (CK-951), one is not whole, or ends behind the other.
 */
export function* elements(data: Uint8Array, parent: Omit<Element, "ident">): Generator<Element> {
  const { end } = parent;
  let at = parent.start;
  while (at < end) {
    const [ident, behind] = number(data, at, end, ID_LENGTH);
    const [marked, start] = number(data, behind, end, SIZE_LENGTH);
    const marker = 2 ** (7 * (start - behind));
    const size = marked - marker;
    // CK-951: a size is believed only up to the end of what the element stands in. Sizes that are
    // not exact here are far behind it.
    if (size === marker - 1 || size > end - start)
      throw malformed("an element that ends elsewhere");
    at = start + size;
    yield { ident, start, end: at };
  }
}

/**
 * Return the first element of this id that stands in another.
 *
 * @throws PeerError MALFORMED (CK-951), there is none.
 */
export function child(data: Uint8Array, parent: Element, ident: number): Element {
  for (const one of elements(data, parent)) if (one.ident === ident) return one;
  throw malformed("an element is missing");
}

/**
 * Return the number that an element holds; exact below 2**53 only, and no time or size of ours.
 *
 * @throws PeerError MALFORMED (CK-951), it is longer than 8 bytes (RFC 8794, 7.2).
 */
export function readUnsigned(data: Uint8Array, { start, end }: Element): number {
  if (end - start > 8) throw malformed("a number of another length");
  return numberAt(data, start, end - start, "big");
}

/**
 * Return the number that an element holds.
 *
 * @throws PeerError MALFORMED (CK-951), it is no float of 8 bytes.
 */
export function readDouble(data: Uint8Array, { start, end }: Element): number {
  if (end - start !== 8) throw malformed("a float of another length");
  return new DataView(data.buffer, data.byteOffset).getFloat64(start);
}

/** Return what to throw for an element that is not as it should be (CK-951). */
export function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-951 part: ${why}`);
}

/** Return a variable-size integer with its marker, and where it ends. */
function number(
  data: Uint8Array,
  at: number,
  end: number,
  longest: number,
): readonly [value: number, end: number] {
  const length = at < end ? Math.clz32(data[at] ?? 0) - 23 : 9;
  if (length > longest || at + length > end) {
    throw malformed("a number that is cut short or too long");
  }
  return [numberAt(data, at, length, "big"), at + length];
}
