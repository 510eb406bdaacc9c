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

import { type Bytes, compare, concat, copy, uint, utf8 } from "./bytes.ts";
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
  const parts: Bytes[] = [];
  write(value, MAX_DEPTH, parts);
  return concat(...parts);
}

function write(value: Encodable, depth: number, parts: Bytes[]): void {
  if (value === null) parts.push(Uint8Array.of(0xf6));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === "number" || typeof value === "bigint") parts.push(integer(value));
  else if (typeof value === "string") parts.push(text(value));
  else if (value instanceof Uint8Array) parts.push(head(BYTES, value.length), copy(value));
  else if (isArray(value)) {
    requireDepth(depth);
    parts.push(head(ARRAY, value.length));
    for (const item of value) write(item, depth - 1, parts);
  } else {
    requireDepth(depth);
    const entries = entriesOf(value).map(([key, item]) => [text(key), item] as const);
    entries.sort(([a], [b]) => compare(a, b));
    parts.push(head(MAP, entries.length));
    for (const [key, item] of entries) {
      parts.push(key);
      write(item, depth - 1, parts);
    }
  }
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

function integer(value: number | bigint): Bytes {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new UsageError("CBOR carries integers only, and beyond 53 bits as bigint");
  }
  const big = BigInt(value);
  if (big > MAX_UINT || big < -MAX_UINT - 1n) throw new UsageError("CBOR integer beyond 64 bits");
  return big < 0n ? head(NEGATIVE, -1n - big) : head(UINT, big);
}

function text(value: string): Bytes {
  if (!value.isWellFormed()) throw new UsageError("CBOR text with half a surrogate pair");
  if (value.normalize("NFC") !== value) throw new UsageError("CBOR text is not NFC");
  const raw = utf8(value);
  return concat(head(TEXT, raw.length), raw);
}

function head(major: number, argument: number | bigint): Bytes {
  if (argument < 24) return Uint8Array.of((major << 5) | Number(argument));
  const info = [8, 16, 32].filter((bits) => argument >= 2 ** bits).length + 24;
  return concat(Uint8Array.of((major << 5) | info), uint(argument, argumentSize(info)));
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

type Head = Readonly<{ major: number; info: number; argument: number | bigint }>;

class Reader {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get left(): number {
    return this.#data.length - this.#at;
  }

  item(depth: number): Value {
    const { major, info, argument } = this.#head();
    switch (major) {
      case UINT:
        return argument;
      case NEGATIVE:
        return exact(-1n - BigInt(argument));
      case BYTES:
        return copy(this.#take(argument, "a string longer than the input"));
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

  #take(size: number | bigint, why: string): Uint8Array {
    if (size > this.left) throw malformed(why);
    const start = this.#at;
    this.#at += Number(size);
    return this.#data.subarray(start, this.#at);
  }

  /** Read an initial byte and its argument. */
  #head(): Head {
    const [initial = 0] = this.#take(1, "ends early");
    const [major, info] = [initial >> 5, initial & 0x1f];
    if (info < 24) return { major, info, argument: info };
    // 28 to 30 are reserved, 31 is an indefinite length.
    if (info > 27) throw malformed("reserved or indefinite length");
    const size = argumentSize(info);
    let argument = 0n;
    for (const byte of this.#take(size, "ends early")) argument = (argument << 8n) | BigInt(byte);
    // Shortest form only (RFC 8949, 4.2.1): else one value had several encodings, and two readers
    // could hash or sign different bytes for the same content.
    if (argument < (size === 1 ? 24 : 2 ** (4 * size))) throw malformed("not the shortest form");
    return { major, info, argument: exact(argument) };
  }

  #text(size: number | bigint): string {
    const raw = this.#take(size, "a string longer than the input");
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
    const items: Value[] = [];
    while (items.length < count) items.push(this.item(depth - 1));
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
