/**
 * How sealed content is declared: typed fields with bounds, each of which decodes strictly.
 *
 * A record is declared once, as a value: `record("DeviceAddress", { device: DEVICE, ... })`. That
 * value is the schema: map keys are the field names (`keyPackage` travels as "key_package"), nothing
 * else may be in the map, nothing may be missing. The TypeScript type follows from it
 * (`RecordOf<typeof DeviceAddress>`), so the two cannot differ. The same bounds stand in
 * docs/protocol/sealed-content.cddl, and vectors made by Python hold both languages to each other.
 *
 * A content is a plain object: in a text it shows as "[object Object]", and nothing here ever puts
 * a value into an error.
 */

import { addressFromCbor, addressToCbor, type ContactAddress } from "./address.ts";
import { type Bytes, utf8 } from "./bytes.ts";
import { type CborMap, type Encodable, isBytes, isList, isMap, type Value } from "./cbor.ts";
import { Code, PeerError } from "./errors.ts";
import type { FixedBytes, FixedKind } from "./ids.ts";

/** `v` of every content. A receiver refuses others: there is nothing to negotiate down to. */
export const VERSION = 1;

/** Turns one field into what CBOR carries, and back with all checks. */
export interface Codec<T> {
  /**
   * Return the CBOR form of our own value.
   *
   * @throws PeerError `TOO_LARGE` for text or bytes beyond the bound.
   */
  encode(value: T): Encodable;
  /**
   * Return the value.
   *
   * @throws PeerError `MALFORMED` for anything out of bounds (CK-271).
   */
  decode(raw: Value): T;
  /**
   * What stands for the absence of the key, if it may be absent: null, or false of a mark. CBOR null
   * and false never do.
   */
  readonly absent?: null | false;
}

/** The codec of each field, by the field's name. */
export type Schema = Readonly<Record<string, Codec<unknown>>>;

/** A map inside a content, as declared. */
export type RecordType<S extends Schema> = Readonly<{ name: string; schema: S }>;

/** The value of what was declared by `record`. */
export type RecordOf<R extends RecordType<Schema>> = FieldsOf<R["schema"]>;

type FieldsOf<S extends Schema> = {
  readonly [N in keyof S]: S[N] extends Codec<infer T> ? T : never;
};

/** Declare a map inside a content. */
export function record<S extends Schema>(name: string, schema: S): RecordType<S> {
  return { name, schema };
}

/** A content, as declared: a record with fields that tell its type. */
export type ContentType<K extends string, S extends Schema> = RecordType<S> &
  Readonly<{
    kind: K;
    /** The fields that tell the type apart, such as {"t": "call.invite"}. */
    type: Readonly<Record<string, string>>;
    /** Requires of decoded fields that they fit together; throws PeerError. */
    fits?(fields: FieldsOf<S>): void;
  }>;

export type AnyContentType = ContentType<string, Schema>;

/** The value of what was declared by `content`; of several, told apart by `kind`. */
export type ContentOf<C extends AnyContentType> = C extends AnyContentType
  ? Readonly<{ kind: C["kind"] }> & RecordOf<C>
  : never;

/** Declare a content; `fits` requires that its fields fit together. */
export function content<K extends string, S extends Schema>(
  kind: K,
  type: Readonly<Record<string, string>>,
  schema: S,
  fits?: (fields: FieldsOf<S>) => void,
): ContentType<K, S> {
  const declared = { name: kind, kind, type, schema };
  return fits === undefined ? declared : { ...declared, fits };
}

/** Return the one error for content that breaks its schema (CK-271); `why` is our own words. */
export function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-271 content: ${why}`);
}

function tooLarge(what: string): PeerError {
  return new PeerError(Code.TOO_LARGE, `${what} beyond the field's bound`);
}

/** A byte string of one exact length, as one of the types in `ids.ts`. */
export function fixed<T extends FixedBytes>(of: FixedKind<T>): Codec<T> {
  return {
    encode: (value) => value,
    decode(raw) {
      if (!isBytes(raw)) throw malformed("not bytes");
      return new of(raw);
    },
  };
}

/** A byte string with bounds, opaque here. */
export function blob(longest: number, shortest = 1): Codec<Bytes> {
  return {
    encode(value) {
      if (value.length > longest) throw tooLarge("bytes");
      return value;
    },
    decode(raw) {
      if (!isBytes(raw) || raw.length < shortest || raw.length > longest) {
        throw malformed("bytes out of bounds");
      }
      return raw;
    },
  };
}

/**
 * Control characters (`Cc`: C0, C1, DEL), line and paragraph separators, and every control of
 * writing direction (UAX #9).
 */
const NOT_IN_LINES = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

export type TextBounds = Readonly<{
  /** Fewest bytes; 1 unless told otherwise. */
  shortest?: number;
  /**
   * Refuse what has no place in one line of a name: control characters, and the invisible ones that
   * turn the direction of what follows and make one name look like another.
   */
  line?: boolean;
}>;

/** NFC text with bounds in UTF-8 bytes. */
export function text(
  longest: number,
  { shortest = 1, line = false }: TextBounds = {},
): Codec<string> {
  return {
    encode(value) {
      const normal = value.normalize("NFC");
      if (utf8(normal).length > longest) throw tooLarge("text");
      return normal;
    },
    /** `cbor.ts` has checked NFC and UTF-8. */
    decode(raw) {
      if (typeof raw !== "string") throw malformed("text out of bounds");
      const { length } = utf8(raw);
      if (length < shortest || length > longest) throw malformed("text out of bounds");
      if (line && NOT_IN_LINES.test(raw)) throw malformed("text with control characters");
      return raw;
    },
  };
}

/** An unsigned integer with bounds, below 2**53. */
export function uint(highest: number, lowest = 0): Codec<number> {
  return {
    encode: (value) => value,
    decode(raw) {
      if (typeof raw !== "number" && typeof raw !== "bigint") throw malformed("not an integer");
      if (raw < lowest || raw > highest) throw malformed("integer out of bounds");
      return Number(raw);
    },
  };
}

/** Yes or no. */
export const FLAG: Codec<boolean> = {
  encode: (value) => value,
  decode(raw) {
    if (typeof raw !== "boolean") throw malformed("not a boolean");
    return raw;
  },
};

/** Yes, or no by its absence: CBOR false never stands for that, so no has one encoding. */
export const MARK: Codec<boolean> = {
  encode: (value) => value,
  decode(raw) {
    if (raw !== true) throw malformed("not a mark");
    return true;
  },
  absent: false,
};

/** One word of a closed list: the values of a constant such as `Media`. */
export function word<T extends string>(of: Readonly<Record<string, T>>): Codec<T> {
  const words = Object.values(of);
  return {
    encode: (value) => value,
    decode(raw) {
      const found = words.find((value) => value === raw);
      if (found === undefined) throw malformed("not a word of the list");
      return found;
    },
  };
}

/** An array of like items: `fewest` at least (1 unless told otherwise), `most` at most. */
export function array<T>(item: Codec<T>, most: number, fewest = 1): Codec<readonly T[]> {
  return {
    encode: (value) => value.map((each) => item.encode(each)),
    decode(raw) {
      if (!isList(raw) || raw.length < fewest || raw.length > most)
        throw malformed("array out of bounds");
      return raw.map((each) => item.decode(each));
    },
  };
}

/** A record inside a content. */
export function nested<R extends RecordType<Schema>>(of: R): Codec<RecordOf<R>> {
  return {
    encode: (value) => encodeFields(of, value),
    decode(raw) {
      if (!isMap(raw)) throw malformed("not a map");
      return decodeFields(of, raw);
    },
  };
}

/** A field whose key may be absent; null stands for that. */
export function maybe<T>(of: Codec<T>): Codec<T | null> {
  return {
    encode: (value) => (value === null ? null : of.encode(value)),
    decode: (raw) => of.decode(raw),
    absent: null,
  };
}

/** A contact address. */
export const ADDRESS: Codec<ContactAddress> = { encode: addressToCbor, decode: addressFromCbor };

/** Return the key under which a field travels. */
function wireName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}

/**
 * Return the map of a record's fields, absent ones left out.
 *
 * @throws PeerError `TOO_LARGE` for text or bytes beyond a bound.
 */
export function encodeFields<R extends RecordType<Schema>>(
  of: R,
  value: RecordOf<R>,
): Map<string, Encodable> {
  const fields: Readonly<Record<string, unknown>> = value;
  const encoded = new Map<string, Encodable>();
  for (const [name, codec] of Object.entries(of.schema)) {
    const field = fields[name];
    if (field !== null && field !== codec.absent) encoded.set(wireName(name), codec.encode(field));
  }
  return encoded;
}

/**
 * Build a record from a map that must hold its fields and nothing else.
 *
 * @throws PeerError `MALFORMED`: a field is missing, unknown or out of bounds (CK-271).
 */
export function decodeFields<R extends RecordType<Schema>>(of: R, raw: CborMap): RecordOf<R> {
  const codecs = new Map(Object.entries(of.schema).map((field) => [wireName(field[0]), field]));
  // CK-271: an unknown field is refused, not skipped: what one reader shows and another ignores is
  // where contents are smuggled.
  for (const key of raw.keys()) if (!codecs.has(key)) throw malformed("an unknown field");
  const fields: Record<string, unknown> = {};
  for (const [key, [name, codec]] of codecs) {
    const value = raw.get(key);
    if (value !== undefined) fields[name] = codec.decode(value);
    else if (codec.absent !== undefined) fields[name] = codec.absent;
    else throw malformed(`${of.name} without ${key}`);
  }
  return fields as RecordOf<R>;
}
