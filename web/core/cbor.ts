/**
 * Deterministic CBOR (RFC 8949, 4.2.1), in the small part of it that Visavis speaks.
 *
 * Values are maps with text keys, arrays, byte strings, NFC text, integers of 64 bits, booleans and
 * null. Everything else (floats, tags, indefinite lengths, other simple values) is refused, so that
 * each value has exactly one encoding and a decoder has nothing to be confused by.
 *
 * Written here: no package refuses all of that. Tests compare both directions with `cborg`, and
 * with what Python encodes and refuses. A map decodes to a `Map`, never to an object: "__proto__" is
 * a key like any other. An integer is a `number` where that is exact, else a `bigint`.
 */

import { type Bytes, compare, uint, utf8 } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";

/** Nesting of maps and arrays. Higher admits deeper content, and recursion on hostile input. */
export const MAX_DEPTH = 16;

/** What decodes. */
export type Value = Plain | Bytes | readonly Value[] | CborMap;
export type CborMap = ReadonlyMap<string, Value>;

/** What encodes: maps may be objects too. */
export type Encodable =
  | Plain
  | Uint8Array
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>
  | Readonly<{ [key: string]: Encodable }>;

type Plain = null | boolean | number | bigint | string;

const UINT = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const OTHER = 7;

const MAX_UINT = 2n ** 64n - 1n;
const SIMPLE: ReadonlyMap<number, boolean | null> = new Map([
  [20, false],
  [21, true],
  [22, null],
]);
/** A byte order mark is a character like any other: taken off, the text would not come out again. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Encode a value deterministically (RFC 8949, 4.2.1).
 *
 * @returns The one encoding of the value.
 * @throws UsageError The value holds another type, text that is not NFC, an integer beyond 64 bits
 *   or a number that is none, or nests deeper than `MAX_DEPTH`.
 */
export function encode(value: Encodable): Bytes {
  const writer = new Writer();
  writer.item(value, MAX_DEPTH);
  return writer.bytes();
}

/** `Array.isArray` does not narrow what is readonly. */
function isArray(value: Encodable): value is readonly Encodable[] {
  return Array.isArray(value);
}

function entriesOf(value: object): readonly (readonly [string, Encodable])[] {
  if (value instanceof Map) {
    const entries: readonly (readonly [unknown, Encodable])[] = [...value];
    if (!entries.every(isTextEntry)) throw new UsageError("CBOR map keys are text");
    return entries;
  }
  // Dates, sets and our own classes would encode as maps of whatever they hold.
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new UsageError("CBOR cannot carry this type");
  }
  return Object.entries(value);
}

function isTextEntry(entry: readonly [unknown, Encodable]): entry is readonly [string, Encodable] {
  return typeof entry[0] === "string";
}

function requireDepth(depth: number): void {
  if (depth <= 0) throw new UsageError("CBOR nested too deep");
}

/** Return a text's UTF-8. */
function text(value: string): Bytes {
  if (!value.isWellFormed()) throw new UsageError("CBOR text with half a surrogate pair");
  if (value.normalize("NFC") !== value) throw new UsageError("CBOR text is not NFC");
  return utf8(value);
}

class Writer {
  #data = new Uint8Array(64);
  #at = 0;

  /** Return what was written. */
  bytes(): Bytes {
    return this.#data.slice(0, this.#at);
  }

  item(value: Encodable, depth: number): void {
    if (value === null) this.#push(0xf6);
    else if (typeof value === "boolean") this.#push(value ? 0xf5 : 0xf4);
    else if (typeof value === "number" || typeof value === "bigint") this.#integer(value);
    else if (typeof value === "string") this.#string(TEXT, text(value));
    else if (value instanceof Uint8Array) this.#string(BYTES, value);
    else if (isArray(value)) {
      requireDepth(depth);
      this.#head(ARRAY, value.length);
      for (const item of value) this.item(item, depth - 1);
    } else {
      requireDepth(depth);
      this.#map(value, depth);
    }
  }

  /** Keys in the order of their encodings (RFC 8949, 4.2.1): a shorter one comes first. */
  #map(value: object, depth: number): void {
    const entries = entriesOf(value).map(([key, item]) => [text(key), item] as const);
    entries.sort(([a], [b]) => a.length - b.length || compare(a, b));
    this.#head(MAP, entries.length);
    for (const [key, item] of entries) {
      this.#string(TEXT, key);
      this.item(item, depth - 1);
    }
  }

  #integer(value: number | bigint): void {
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) {
        throw new UsageError("CBOR carries integers only, and beyond 53 bits as bigint");
      }
      if (value < 0) this.#head(NEGATIVE, -1 - value);
      else this.#head(UINT, value);
      return;
    }
    if (value > MAX_UINT || value < -MAX_UINT - 1n) {
      throw new UsageError("CBOR integer beyond 64 bits");
    }
    if (value < 0n) this.#head(NEGATIVE, -1n - value);
    else this.#head(UINT, value);
  }

  #string(major: number, raw: Uint8Array): void {
    this.#head(major, raw.length);
    this.#reserve(raw.length);
    this.#data.set(raw, this.#at);
    this.#at += raw.length;
  }

  #head(major: number, argument: number | bigint): void {
    if (argument < 24) {
      this.#push((major << 5) | Number(argument));
      return;
    }
    const info = argument < 2 ** 8 ? 24 : argument < 2 ** 16 ? 25 : argument < 2 ** 32 ? 26 : 27;
    this.#push((major << 5) | info);
    if (info === 27) {
      for (const byte of uint(argument, 8)) this.#push(byte);
      return;
    }
    for (let i = argumentSize(info) - 1; i >= 0; i--) this.#push(Number(argument) >>> (8 * i));
  }

  #push(byte: number): void {
    this.#reserve(1);
    this.#data[this.#at++] = byte;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#data.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#data.length, this.#at + size));
    grown.set(this.#data);
    this.#data = grown;
  }
}

/** Bytes of the argument that the additional information 24 to 27 announces. */
function argumentSize(info: number): number {
  return 2 ** (info - 24);
}

/**
 * Decode one deterministically encoded value and nothing after it.
 *
 * Never allocates more than a small multiple of the input: lengths are checked against what is left
 * before anything is taken.
 *
 * @param data The whole encoding.
 * @throws PeerError `MALFORMED` for anything that `encode` would not have produced (CK-250).
 */
export function decode(data: Uint8Array): Value {
  const reader = new Reader(data);
  const value = reader.item(MAX_DEPTH);
  if (reader.left > 0) throw malformed("bytes after the value");
  return value;
}

/**
 * Decode one value and require a map; see `decode`.
 *
 * @throws PeerError `MALFORMED`.
 */
export function decodeMap(data: Uint8Array): CborMap {
  const value = decode(data);
  if (!(value instanceof Map)) throw malformed("not a map");
  return value;
}

/**
 * Decode a map whose "v" is `version`, and leave "v" out.
 *
 * @throws PeerError `MALFORMED`.
 */
export function decodeVersioned(data: Uint8Array, version = 1): CborMap {
  const fields = new Map(decodeMap(data));
  if (fields.get("v") !== version) throw malformed("version");
  fields.delete("v");
  return fields;
}

/** Tell whether a value is a byte string. */
export function isBytes(value: Value | undefined): value is Bytes {
  return value instanceof Uint8Array;
}

/** Tell whether a value is an array. */
export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** Tell whether a value is a map. */
export function isMap(value: Value | undefined): value is CborMap {
  return value instanceof Map;
}

/** Return the values of a map that has exactly these keys; of anything else, none of them. */
export function exactly<N extends string>(
  value: Value | undefined,
  ...names: readonly N[]
): Readonly<Partial<Record<N, Value>>> {
  const fits = isMap(value) && value.size === names.length && names.every((n) => value.has(n));
  const fields: Partial<Record<N, Value>> = {};
  if (fits) for (const name of names) fields[name] = value.get(name) ?? null;
  return fields;
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-250 CBOR: ${why}`);
}

class Reader {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    // A view of its own: what others make of bytes may have a `slice` that does not copy.
    this.#data = new Uint8Array(data.buffer, data.byteOffset, data.length);
  }

  get left(): number {
    return this.#data.length - this.#at;
  }

  item(depth: number): Value {
    const initial = this.#data[this.#at++];
    if (initial === undefined) throw malformed("ends early");
    const [major, info] = [initial >> 5, initial & 0x1f];
    const argument = info < 24 ? info : this.#argument(info);
    switch (major) {
      case UINT:
        return argument;
      case NEGATIVE:
        return exact(-1n - BigInt(argument));
      case BYTES: {
        const start = this.#skip(argument);
        return this.#data.slice(start, this.#at);
      }
      case TEXT:
        return this.#text(argument);
      case ARRAY:
        return this.#array(argument, depth);
      case MAP:
        return this.#map(argument, depth);
      default: {
        const simple = major === OTHER ? SIMPLE.get(info) : undefined;
        if (simple === undefined) throw malformed("a tag, a float or another simple value");
        return simple;
      }
    }
  }

  /** Go past the bytes of a string; return where they begin. */
  #skip(size: number | bigint): number {
    if (size > this.left) throw malformed("a string longer than the input");
    const start = this.#at;
    this.#at += Number(size);
    return start;
  }

  /** Read the argument that follows an initial byte. Numbers as far as they go: `bigint` is slow. */
  #argument(info: number): number | bigint {
    // 28 to 30 are reserved, 31 is an indefinite length.
    if (info > 27) throw malformed("reserved or indefinite length");
    const size = argumentSize(info);
    if (size > this.left) throw malformed("ends early");
    const high = size === 8 ? this.#uint(4) : 0;
    const low = this.#uint(Math.min(size, 4));
    // Shortest form only (RFC 8949, 4.2.1): else one value had several encodings, and two readers
    // could hash or sign different bytes for the same content.
    const long = size === 8 ? high > 0 : low >= (size === 1 ? 24 : 2 ** (4 * size));
    if (!long) throw malformed("not the shortest form");
    if (high < 2 ** 21) return high * 2 ** 32 + low;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** Read an unsigned integer of up to 4 bytes that are there. */
  #uint(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.#data[this.#at++] ?? 0);
    return value;
  }

  #text(size: number | bigint): string {
    const raw = this.#data.subarray(this.#skip(size), this.#at);
    let value: string;
    try {
      value = UTF8.decode(raw);
    } catch {
      throw malformed("text is not UTF-8");
    }
    // One spelling per text: "é" in two code points beside "é" in one makes names that look alike
    // and compare unequal.
    if (value.normalize("NFC") !== value) throw malformed("text is not NFC");
    return value;
  }

  #array(count: number | bigint, depth: number): readonly Value[] {
    if (depth <= 0) throw malformed("nested too deep");
    // Each item takes a byte at least.
    if (count > this.left) throw malformed("an array longer than the input");
    // Made in its length, unless that is a great one that nothing may follow.
    const items = new Array<Value>(Math.min(Number(count), 16));
    for (let i = 0; i < count; i++) items[i] = this.item(depth - 1);
    return items;
  }

  #map(count: number | bigint, depth: number): CborMap {
    if (depth <= 0) throw malformed("nested too deep");
    if (count > this.left / 2) throw malformed("a map longer than the input");
    const result = new Map<string, Value>();
    let previous: Uint8Array = new Uint8Array();
    for (let read = 0; read < count; read++) {
      const start = this.#at;
      const key = this.item(0);
      if (typeof key !== "string") throw malformed("a map key is not text");
      const encoded = this.#data.subarray(start, this.#at);
      // Strictly rising encoded keys: sorted, and no key twice (RFC 8949, 4.2.1). With a key twice,
      // two readers may see two contents under one signature.
      if (compare(encoded, previous) <= 0) throw malformed("map keys out of order or repeated");
      previous = encoded;
      result.set(key, this.item(depth - 1));
    }
    return result;
  }
}

/** One form per number: a `number` where that is exact. */
function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
