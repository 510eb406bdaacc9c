/**
 * One element of a test vector file, read so that no field can be passed over unnoticed (twin of
 * `visavis.testing.mls_vector_element`).
 *
 * Every read is recorded; `finish` fails on whatever was not read. A vector with a field that a
 * runner does not know is thus a failure, not a silent pass.
 */

import { type Bytes, equal, fromHex } from "../core/bytes.ts";

/** A field is missing, of the wrong type, not read, or not what we computed. */
export class MismatchError extends Error {}

/** Compare a value of ours with the given one. */
export function same(what: string, ours: unknown, given: unknown): void {
  const alike =
    ours instanceof Uint8Array && given instanceof Uint8Array
      ? equal(ours, given)
      : Array.isArray(ours) && Array.isArray(given)
        ? JSON.stringify(ours) === JSON.stringify(given)
        : ours === given;
  if (!alike) throw new MismatchError(`${what} differs`);
}

/** Fail unless something holds. */
export function must(what: string, holds: boolean): void {
  if (!holds) throw new MismatchError(`${what}: does not hold`);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON object whose fields are read by type and at least once. */
export class Element {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #name: string;
  readonly #read = new Set<string>();
  readonly #children: Element[] = [];

  constructor(fields: unknown, name = "element") {
    if (!isFields(fields)) throw new MismatchError(`${name} is not an object`);
    this.#fields = fields;
    this.#name = name;
  }

  #get(key: string): unknown {
    if (!this.has(key)) throw new MismatchError(`${this.#name}.${key} is missing`);
    this.#read.add(key);
    return this.#fields[key];
  }

  #wrong(key: string, wanted: string): MismatchError {
    return new MismatchError(`${this.#name}.${key} is not ${wanted}`);
  }

  #child(value: unknown, name: string): Element {
    const child = new Element(value, `${this.#name}.${name}`);
    this.#children.push(child);
    return child;
  }

  /** Tell whether a field is there. */
  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key);
  }

  /** Return the names of all fields. */
  keys(): readonly string[] {
    return Object.keys(this.#fields);
  }

  #asNumber(value: unknown, key: string): number {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#wrong(key, "an unsigned integer");
  }

  #asData(value: unknown, key: string): Bytes {
    if (typeof value === "string") return fromHex(value);
    throw this.#wrong(key, "hex");
  }

  /** Read an unsigned integer. */
  number(key: string): number {
    return this.#asNumber(this.#get(key), key);
  }

  /** Read a string. */
  text(key: string): string {
    const value = this.#get(key);
    if (typeof value === "string") return value;
    throw this.#wrong(key, "a string");
  }

  /** Read a truth value. */
  flag(key: string): boolean {
    const value = this.#get(key);
    if (typeof value === "boolean") return value;
    throw this.#wrong(key, "true or false");
  }

  /** Read bytes in hex. */
  data(key: string): Bytes {
    return this.#asData(this.#get(key), key);
  }

  /** Read bytes of a known length: HMAC takes a key and the same key with zeros for one. */
  secret(key: string, size: number): Bytes {
    const value = this.data(key);
    if (value.length !== size) throw this.#wrong(key, `${size} bytes`);
    return value;
  }

  /** Read bytes in hex, or null. */
  maybeData(key: string): Bytes | null {
    return this.#get(key) === null ? null : this.data(key);
  }

  /** Read a list of plain values. */
  values(key: string): readonly unknown[] {
    const value = this.#get(key);
    if (Array.isArray(value)) return value;
    throw this.#wrong(key, "a list");
  }

  /** Read a list of integers and nulls. */
  maybeNumbers(key: string): readonly (number | null)[] {
    return this.values(key).map((value) => (value === null ? null : this.#asNumber(value, key)));
  }

  /** Read a list of lists of integers. */
  numberLists(key: string): readonly (readonly number[])[] {
    return this.#rows(key).map((row) => row.map((value) => this.#asNumber(value, key)));
  }

  /** Read a list of bytes in hex. */
  datas(key: string): readonly Bytes[] {
    return this.values(key).map((value) => this.#asData(value, key));
  }

  /** Read a list of bytes in hex and nulls. */
  maybeDatas(key: string): readonly (Bytes | null)[] {
    return this.values(key).map((value) => (value === null ? null : this.#asData(value, key)));
  }

  /** Read a nested object. */
  child(key: string): Element {
    return this.#child(this.#get(key), key);
  }

  /** Read a list of objects. */
  children(key: string): readonly Element[] {
    return this.values(key).map((value, at) => this.#child(value, `${key}[${at}]`));
  }

  /** Read a list of lists of objects. */
  grandchildren(key: string): readonly (readonly Element[])[] {
    return this.#rows(key).map((row, i) =>
      row.map((value, j) => this.#child(value, `${key}[${i}][${j}]`)),
    );
  }

  #rows(key: string): readonly (readonly unknown[])[] {
    return this.values(key).map((row) => {
      if (!Array.isArray(row)) throw this.#wrong(key, "a list of lists");
      return row;
    });
  }

  /** Fail if any field, at any depth, was never read. */
  finish(): void {
    const unread = this.keys().filter((key) => !this.#read.has(key));
    if (unread.length > 0) {
      throw new MismatchError(`${this.#name} has fields nobody checked: ${unread.join(", ")}`);
    }
    for (const child of this.#children) child.finish();
  }
}
