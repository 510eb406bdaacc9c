/**
 * The core's vectors (`vectors/core-*.json`, written by `tools/make_core_vectors.py`): Python made
 * them; we decode to the same fields, encode to the same bytes, and refuse with the same code.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hex } from "../core/bytes.ts";
import { VisavisError } from "../core/errors.ts";
import { Element, MismatchError } from "./vector_element.ts";

const FOLDER = join(import.meta.dirname, "../../vectors");

/** How many items the lists of a document have, those inside its objects included. */
export function count(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, inner) => sum + count(inner), 0);
}

/** Return the names of all files: a test can then say that none was forgotten. */
export function coreNames(): readonly string[] {
  return readdirSync(FOLDER)
    .map((name) => /^core-(.*)\.json$/.exec(name)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

/** Load a file; it must hold as many elements as it says, and not none. */
export function loadCore(name: string): Element {
  const whole: unknown = JSON.parse(readFileSync(join(FOLDER, `core-${name}.json`), "utf8"));
  const element = new Element(whole, name);
  const found = count(whole);
  if (found === 0 || found !== element.number("count")) {
    throw new MismatchError(`core-${name}.json has ${found} elements, not as many as it says`);
  }
  return element;
}

/** Read a list whose rows are arrays of one shape; a wrong shape fails what is done with it. */
export function rows<T extends readonly unknown[]>(element: Element, key: string): readonly T[] {
  const found = element.values(key);
  if (found.length === 0) throw new MismatchError(`${key} is empty`);
  return found as readonly T[];
}

/** Try something: "ok", or the wire code and the check that refused: "malformed CK-250". */
export async function outcome(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "ok";
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
    const [check] = /^CK-\d+/.exec(error.detail) ?? [];
    return check === undefined ? error.code : `${error.code} ${check}`;
  }
}

/** Return a value as Python's vectors write it: bytes in hex, sets in order, names in snake case. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  // Sets of words, and of bytes by their hex (`byte_sets.ts`).
  if (value instanceof Set || value instanceof Map) return [...value.values()].map(plain).sort();
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [
    name.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
    plain(inner),
  ]);
  return Object.fromEntries(fields);
}

/** Return the bytes with one bit of one byte changed. */
export function flipped<T extends Uint8Array>(data: T, at: number): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(data);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

/** A cheap source of numbers for properties: the same ones for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `sides - 1`. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }

  bytes(size: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: size }, () => this.roll(256));
  }

  pick<T>(items: readonly T[]): T {
    const [picked] = items.slice(this.roll(items.length));
    if (picked === undefined) throw new MismatchError("nothing to pick from");
    return picked;
  }
}
