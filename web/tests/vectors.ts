/**
 * Test vectors: where they lie, how one element is run, and that a runner lets nothing through.
 *
 * `VISAVIS_VECTORS` names the folder of the official ones (`mls/*.json.gz`, `sframe/*.json`); without
 * it those tests say "official vectors: not run", and fail where CI=true. Ours lie in `vectors/` of
 * the repository.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, type TestContext, test } from "vitest";
import { Element, MismatchError } from "./vector_element.ts";

const ROOT = join(import.meta.dirname, "../..");
const { CI, VISAVIS_VECTORS, VISAVIS_THOROUGH } = process.env;
/** Official elements of each kind in `make test`, at most; `make thorough` has all of them. */
const SOME = VISAVIS_THOROUGH ? Number.POSITIVE_INFINITY : 16;
const OFFICIAL = VISAVIS_VECTORS ?? join(ROOT, "../shared/vectors");

export type Run = (element: Element) => Promise<void> | void;

/** Read a file with one JSON array, plain or gzipped. */
export function load(path: string): readonly unknown[] {
  const raw = readFileSync(path);
  const text = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
  const elements: unknown = JSON.parse(text.toString("utf8"));
  if (!Array.isArray(elements)) throw new MismatchError("the top level is not an array");
  return elements;
}

/** Find an official file by name without suffix, or skip the test that asks. */
function find(context: TestContext, folder: string, name: string): string {
  const path = [".json", ".json.gz"]
    .map((suffix) => join(OFFICIAL, folder, name + suffix))
    .find(existsSync);
  if (path !== undefined) return path;
  expect(CI, "CI needs the official vectors").not.toBe("true");
  process.stderr.write(`official vectors: not run: ${name}\n`); // the default reporter drops notes
  return context.skip("official vectors: not run");
}

/** Load official MLS vectors by file name without suffix, or skip the test that asks. */
export function official(context: TestContext, name: string): readonly unknown[] {
  return load(find(context, "mls", name));
}

/** `JSON.parse` shows a reviver the text of a number too, which TypeScript does not know yet. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: Readonly<{ source?: string }>) => unknown,
) => unknown;

/**
 * Load the official SFrame vectors, by kind, or skip the test that asks.
 *
 * KID and CTR have 64 bits, more than a number holds: they come as 8 bytes in hex.
 */
export function officialSframe(context: TestContext): Readonly<Record<string, readonly unknown[]>> {
  const text = readFileSync(find(context, "sframe", "test-vectors"), "utf8");
  const parse = JSON.parse as ParseWithSource;
  const kinds = parse(text, (key, value, { source = "" }) =>
    key === "kid" || key === "ctr" ? BigInt(source).toString(16).padStart(16, "0") : value,
  );
  return kinds as Readonly<Record<string, readonly unknown[]>>;
}

/** Load our own MLS vectors for suite 0xF04D by kind. */
export function own(kind: string): readonly unknown[] {
  return load(join(ROOT, "vectors", `mls-f04d-${kind}.json`));
}

/** Return the kinds of our own vectors: a test can then say that none was forgotten. */
export function ownKinds(): readonly string[] {
  return readdirSync(join(ROOT, "vectors"))
    .map((name) => /^mls-f04d-(.*)\.json$/.exec(name)?.[1])
    .filter((kind) => kind !== undefined)
    .sort();
}

/** Run one element; null if everything agrees and every field was read, else what went wrong. */
export async function check(element: unknown, run: Run): Promise<string | null> {
  try {
    const fields = new Element(element);
    await run(fields);
    fields.finish();
    return null;
  } catch (error) {
    return String(error);
  }
}

async function problems(elements: readonly unknown[], run: Run): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [at, element] of elements.entries()) {
    const problem = await check(element, run);
    if (problem !== null) found.push(`[${at}] ${problem}`);
  }
  return found;
}

/** What a kind's elements cannot vouch for, so that no runner could notice a change there. */
export type Exceptions = Readonly<{
  /** Numbers that any other number may replace, by path with "#" for list indices. */
  unbound?: readonly string[];
  /** Data of which only a part counts: no change of its bytes is tried. */
  partial?: readonly string[];
  /** Items without which the element is a smaller one, as good as before. */
  repeated?: readonly string[];
}>;

export type Kind = Readonly<{
  /** Name of the official file. */
  name: string;
  /** Where the official elements are, if not in the MLS file of that name. */
  load?: (context: TestContext) => readonly unknown[];
  /** Name of our own file, if there is one. */
  own?: string;
  /** How many official elements there are at least. */
  least: number;
  run: Run;
  exceptions?: Exceptions;
}>;

/** Define the tests of one kind of vectors. */
export function describeVectors(kind: Kind): void {
  const { run, exceptions = {} } = kind;
  const loadAll = kind.load ?? ((context: TestContext) => official(context, kind.name));
  describe(`vectors: ${kind.name}`, () => {
    test("official", async (context) => {
      const elements = loadAll(context);
      expect(elements.length).toBeGreaterThanOrEqual(kind.least);
      const every = Math.max(1, Math.ceil(elements.length / SOME));
      const some = elements.filter((_, at) => at % every === 0);
      expect(await problems(some, run)).toEqual([]);
    });
    test("every changed field of the official fails", async (context) => {
      const elements = loadAll(context);
      for (const element of [elements[0], elements[Math.floor(elements.length / 2)]]) {
        expect(await survivors(element, run, exceptions)).toEqual([]);
      }
    });
    if (kind.own === undefined) return;
    const name = kind.own;
    test("ours", async () => {
      const elements = own(name);
      expect(elements.length).toBeGreaterThan(0);
      expect(await problems(elements, run)).toEqual([]);
    });
    test("every changed field of ours fails", async () => {
      expect(await survivors(own(name).at(-1), run, exceptions)).toEqual([]);
    });
  });
}

type Place = readonly (string | number)[];
type Container = Record<string | number, unknown>;

/** Iterate over the places of all plain values and of all fields. */
function* places(value: unknown, place: Place = []): Generator<Place> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const deeper = [...place, Array.isArray(value) ? Number(key) : key];
    yield deeper;
    yield* places(inner, deeper);
  }
}

function at(value: unknown, place: Place): unknown {
  return place.reduce((inner, key) => (inner as Container)[key], value);
}

/** Copy an element and change the container of one place in it. */
function changed(element: unknown, place: Place, change: (inside: Container) => void): unknown {
  const mutant: unknown = structuredClone(element);
  change(at(mutant, place.slice(0, -1)) as Container);
  return mutant;
}

/** Return what a value may be changed to. */
function variants(value: unknown): readonly unknown[] {
  if (value === null || typeof value === "boolean") return ["00".repeat(32), 7];
  if (typeof value === "number") return [value + 1, String(value), value + 0.5, null];
  if (Array.isArray(value)) return [[...value, "00"], "00"];
  if (typeof value !== "string") return [{}, "00"];
  if (!/^([0-9a-f]{2})*$/.test(value)) return [`${value}x`, value.slice(1), 7];
  const flipped = (Number.parseInt(value.at(-1) ?? "0", 16) ^ 1).toString(16);
  return [value.slice(0, -1) + flipped, `${value}00`, `${value.slice(2)}zz`, 7];
}

/** Change one field of each kind in every way; return the changes that passed. */
async function survivors(
  element: unknown,
  run: Run,
  { unbound = [], partial = [], repeated = [] }: Exceptions,
): Promise<readonly string[]> {
  expect(await check(element, run)).toBeNull();
  const passed: string[] = [];
  const seen = new Set<string>();
  const attempt = async (what: string, mutant: unknown) => {
    if ((await check(mutant, run)) === null) passed.push(what);
  };
  for (const place of places(element)) {
    const name = place.map((key) => (typeof key === "number" ? "#" : key)).join(".");
    if (seen.has(name)) continue;
    seen.add(name);
    for (const variant of variants(at(element, place))) {
      if (typeof variant === "number" && unbound.includes(name)) continue;
      if (typeof variant === "string" && partial.includes(name)) continue;
      const mutant = changed(element, place, (inside) => {
        inside[place.at(-1) ?? ""] = variant;
      });
      await attempt(`${name}: ${JSON.stringify(variant).slice(0, 40)}`, mutant);
    }
    if (repeated.includes(name)) continue;
    const mutant = changed(element, place, (inside) => {
      const key = place.at(-1) ?? "";
      if (Array.isArray(inside)) inside.splice(Number(key), 1);
      else delete inside[key];
    });
    await attempt(`${name}: dropped`, mutant);
  }
  await attempt("an unknown field", { ...(element as Container), surprise: "00" });
  expect(seen.size).toBeGreaterThan(1);
  return passed;
}
