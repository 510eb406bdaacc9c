/** Nothing of the core's vectors is passed over, and a changed one is noticed. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Code, PeerError, UsageError } from "../core/errors.ts";
import { coreNames, count, loadCore, outcome, plain } from "./core_vectors.ts";

const TESTS = import.meta.dirname;

test("every file is run by a test", () => {
  const sources = readdirSync(TESTS)
    .filter((name) => name.endsWith(".test.ts") && name !== "core_vectors.test.ts")
    .map((name) => readFileSync(join(TESTS, name), "utf8"));
  const run = sources.flatMap((source) => [...source.matchAll(/loadCore\("([a-z-]+)"\)/g)]);
  expect(run.map(([, name]) => name).sort()).toEqual(coreNames());
  // Asked of nothing but the tests that must read everything.
  const whole = sources.filter((source) => source.includes("loadCore("));
  for (const source of whole) expect(source).toMatch(/(?:VECTORS|vectors)\.finish\(\)/);
});

test("there are thousands of elements", () => {
  const sizes = coreNames().map((name) => loadCore(name).number("count"));
  expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(2000);
});

test("elements are counted at every depth", () => {
  expect(count({ a: [1, [2, 3]], b: { c: [4] }, d: 5, e: null })).toBe(3);
});

test("an outcome names code and check; what is no refusal of ours is thrown on", async () => {
  const refusal = new PeerError(Code.MALFORMED, "CK-250 CBOR: version");
  expect(await outcome(() => Promise.reject(refusal))).toBe("malformed CK-250");
  expect(await outcome(() => Promise.reject(new UsageError("no check")))).toBe("usage");
  expect(await outcome(() => 7)).toBe("ok");
  await expect(outcome(() => Promise.reject(new RangeError("a bug")))).rejects.toThrow("a bug");
});

test("plain values have Python's names", () => {
  const value = { expiresS: 1, keyPackages: [Uint8Array.of(255)], thread: null };
  expect(plain(value)).toEqual({ expires_s: 1, key_packages: ["ff"], thread: null });
  expect(plain(new Set(["video", "audio"]))).toEqual(["audio", "video"]);
  expect(plain(new Map([["ff", Uint8Array.of(255)]]))).toEqual(["ff"]);
});
