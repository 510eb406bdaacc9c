/**
 * The presentation language of RFC 9420, section 2.1: integers, opaque vectors, lists, optionals.
 *
 * Strict on purpose: what decodes re-encodes to the same bytes (no second form of a length), and a
 * length field is compared with what is really there before anything is allocated, so a hostile
 * length costs nothing. Not for CBOR: that is `core/cbor.ts`.
 *
 * A uint64 (epochs, lifetimes) is a `bigint`, everything shorter a `number`.
 */

import { type Bytes, concat, copy, uint } from "../bytes.ts";
import { UsageError } from "../errors.ts";
import { ensure, refusal } from "./checks.ts";

/** The longest vector: 30 bits of length (RFC 9420, 2.1.2). */
export const MAX_LENGTH = 2 ** 30 - 1;

/** Read one structure from a reader. */
export type Read<T> = (reader: Reader) => T;

/** A cursor over bytes; every read is bounded by what is left, and what it returns is a copy. */
export class Reader {
  readonly #data: Uint8Array;
  #position = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#data.length - this.#position;
  }

  /** Step over `count` bytes without copying them (CK-001). */
  #view(count: number): Uint8Array {
    ensure("CK-001", count <= this.left);
    const start = this.#position;
    this.#position += count;
    return this.#data.subarray(start, this.#position);
  }

  /** Read exactly `count` bytes (CK-001). */
  take(count: number): Bytes {
    return copy(this.#view(count));
  }

  /** Read a big-endian unsigned integer of `width` bytes. */
  uint(width: 1 | 2 | 3 | 4): number {
    // Multiplied, not shifted: JavaScript's shifts are signed at 32 bits.
    return this.#view(width).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Read a uint64. */
  uint64(): bigint {
    return (BigInt(this.uint(4)) << 32n) | BigInt(this.uint(4));
  }

  /**
   * Read a variable-size length (RFC 9420, 2.1.2).
   *
   * @throws PeerError Reserved prefix or not the shortest form (CK-002). Two forms of one length
   *   would give two hashes for one structure.
   */
  length(): number {
    const first = this.uint(1);
    const low = first & 0x3f;
    switch (first >> 6) {
      case 0:
        return low;
      case 1: {
        const value = low * 2 ** 8 + this.uint(1);
        ensure("CK-002", value >= 2 ** 6);
        return value;
      }
      case 2: {
        const value = low * 2 ** 24 + this.uint(3);
        ensure("CK-002", value >= 2 ** 14);
        return value;
      }
      default:
        throw refusal("CK-002");
    }
  }

  /** Read `opaque value<V>`. */
  opaque(): Bytes {
    return this.take(this.length());
  }

  /** Read `T values<V>`: items that fill exactly their vector. */
  items<T>(read: Read<T>): readonly T[] {
    const inner = new Reader(this.#view(this.length()));
    const values: T[] = [];
    while (inner.left > 0) values.push(read(inner));
    return values;
  }

  /**
   * Read `optional<T>` (RFC 9420, 2.1.1); null where there is none.
   *
   * @throws PeerError The presence byte is neither 0 nor 1 (CK-004).
   */
  optional<T>(read: Read<T>): T | null {
    const presence = this.uint(1);
    ensure("CK-004", presence <= 1);
    return presence === 1 ? read(this) : null;
  }

  /** Read everything that is left. */
  rest(): Bytes {
    return this.take(this.left);
  }

  /** Check that nothing is left (CK-003). */
  finish(): void {
    ensure("CK-003", this.left === 0);
  }
}

/**
 * Decode all of `data` as one structure.
 *
 * @throws PeerError `data` is not exactly one encoding of it.
 */
export function decode<T>(data: Uint8Array, read: Read<T>): T {
  const reader = new Reader(data);
  const value = read(reader);
  reader.finish();
  return value;
}

/**
 * Read the tag of a select.
 *
 * @param known An object whose values are the known tags, such as `WireFormat`.
 * @throws PeerError No such tag (CK-005).
 */
export function readTag<T extends number>(
  reader: Reader,
  width: 1 | 2,
  known: Readonly<Record<string, T>>,
): T {
  const value = reader.uint(width);
  const tag = Object.values(known).find((candidate) => candidate === value);
  ensure("CK-005", tag !== undefined);
  return tag;
}

/** Encode a uint8. */
export function u8(value: number): Bytes {
  return integer(value, 1);
}

/** Encode a uint16. */
export function u16(value: number): Bytes {
  return integer(value, 2);
}

/** Encode a uint32. */
export function u32(value: number): Bytes {
  return integer(value, 4);
}

/** Encode a uint64. */
export function u64(value: bigint): Bytes {
  return uint(value, 8);
}

/** Read a uint16 (as an item of a list). */
export function readU16(reader: Reader): number {
  return reader.uint(2);
}

/** Read a uint32 (as an item of a list). */
export function readU32(reader: Reader): number {
  return reader.uint(4);
}

/** Read `opaque value<V>` (as an item of a list). */
export function readOpaque(reader: Reader): Bytes {
  return reader.opaque();
}

/**
 * Encode a length in its shortest form.
 *
 * @throws UsageError Longer than `MAX_LENGTH`.
 */
export function length(value: number): Bytes {
  if (value < 2 ** 6) return integer(value, 1);
  if (value < 2 ** 14) return integer(value + 2 ** 14, 2);
  if (value <= MAX_LENGTH) return integer(value + 2 ** 31, 4);
  throw new UsageError("a vector is longer than MLS can express");
}

/** Encode `opaque data<V>`. */
export function opaque(data: Uint8Array): Bytes {
  return concat(length(data.length), data);
}

/** Encode a list from the encodings of its items. */
export function vector(encoded: Iterable<Uint8Array>): Bytes {
  const items = [...encoded];
  const size = items.reduce((sum, item) => sum + item.length, 0);
  return concat(length(size), ...items);
}

/** Encode `optional<T>` from the encoding of its value; null where there is none. */
export function optional(encoded: Uint8Array | null): Bytes {
  return encoded === null ? u8(0) : concat(u8(1), encoded);
}

/** Big-endian, without the big integers of `uint`: this runs several times per derived secret. */
function integer(value: number, width: number): Bytes {
  if (!Number.isInteger(value) || value < 0 || value >= 256 ** width) {
    throw new UsageError("the number does not fit");
  }
  const out = new Uint8Array(width);
  let rest = value;
  for (let at = width - 1; at >= 0; at--) {
    out[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return out;
}
