/** Deterministic CBOR: one encoding for each value, and nothing else decodes (CK-250). */

import * as cborg from "cborg";
import { describe, expect, test } from "vitest";
import { fromHex, hex } from "../core/bytes.ts";
import {
  type CborMap,
  decode,
  decodeMap,
  decodeVersioned,
  type Encodable,
  encode,
  exactly,
  MAX_DEPTH,
  type Value,
} from "../core/cbor.ts";
import { PeerError, UsageError } from "../core/errors.ts";
import { Dice, flipped, loadCore, outcome, rows } from "./core_vectors.ts";

/** CBOR's diagnostic notation (RFC 8949, 8), as Python's vectors have it. */
function diagnostic(value: Value): string {
  if (value instanceof Uint8Array) return `h'${hex(value)}'`;
  if (value instanceof Map) {
    const map: CborMap = value;
    const pairs = [...map].map(([key, item]) => `${JSON.stringify(key)}: ${diagnostic(item)}`);
    return `{${pairs.join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(diagnostic).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The pairs of a map in the order of their keys. */
function inOrder(text: string): string {
  return [...text].sort().join("");
}

const VECTORS = loadCore("cbor");
const ACCEPTED = rows<readonly [encoded: string, value: string]>(VECTORS, "accepted");
const CHANGED = rows<readonly [encoded: string, outcome: string]>(VECTORS, "changed");

describe("as in Python", () => {
  test("what is accepted is the same value, and encodes to the same bytes", () => {
    for (const [encoded, value] of ACCEPTED) {
      const decoded = decode(fromHex(encoded));
      // Python's maps are written in the order they were made in.
      expect(inOrder(diagnostic(decoded))).toBe(inOrder(value));
      expect(hex(encode(decoded))).toBe(encoded);
    }
  });

  test("cborg reads the same", () => {
    for (const [encoded, value] of ACCEPTED) {
      if (value.includes("\ufeff")) continue; // it drops a byte order mark, so text would change
      const bytes = fromHex(encoded);
      const theirs: unknown = cborg.decode(bytes, { useMaps: true, allowBigInt: true });
      expect(theirs).toEqual(decode(bytes));
    }
  });

  test("what is refused", async () => {
    for (const encoded of VECTORS.datas("refused")) {
      expect(await outcome(() => decode(encoded)), hex(encoded)).toBe("malformed CK-250");
    }
  });

  test("changed encodings", async () => {
    for (const [encoded, expected] of CHANGED) {
      expect(await outcome(() => decode(fromHex(encoded))), encoded).toBe(expected);
    }
    expect(new Set(CHANGED.map(([, expected]) => expected)).size).toBe(2);
  });

  test("every element was read", () => VECTORS.finish());
});

/** Make a random value. */
function randomValue(dice: Dice, depth: number): Encodable {
  const texts = ["", "a", "b", "aa", "Grüße", "👋", "__proto__", "toString", "x".repeat(30)];
  switch (dice.roll(depth > 0 ? 9 : 6)) {
    case 0:
      return dice.pick([null, true, false]);
    case 1:
      return dice.roll(2 ** 31) - 2 ** 30;
    case 2:
      return (
        BigInt.asUintN(64, BigInt(dice.roll(2 ** 32)) ** 2n) - BigInt(dice.roll(3)) * 2n ** 63n
      );
    case 3:
      return dice.bytes(dice.roll(40));
    case 4:
    case 5:
      return dice.pick(texts);
    case 6:
      return Array.from({ length: dice.roll(5) }, () => randomValue(dice, depth - 1));
    case 7: {
      const keys = Array.from({ length: dice.roll(5) }, () => dice.pick(texts));
      return new Map(keys.map((key) => [key, randomValue(dice, depth - 1)]));
    }
    default:
      return { z: randomValue(dice, depth - 1), a: null };
  }
}

describe("properties", () => {
  test("what encodes decodes to itself; whatever decodes is what encode gives", async () => {
    const dice = new Dice(2);
    let survived = 0;
    for (let i = 0; i < 2000; i++) {
      const encoded = encode(randomValue(dice, 4));
      expect(encode(decode(encoded))).toEqual(encoded);
      const changed = flipped(encoded, dice.roll(encoded.length));
      changed[dice.roll(changed.length)] = dice.roll(256);
      for (const data of [changed, dice.bytes(dice.roll(30))]) {
        const values: Value[] = [];
        const result = await outcome(() => values.push(decode(data)));
        if (result !== "ok") expect(result).toBe("malformed CK-250");
        for (const value of values) {
          expect(encode(value)).toEqual(data);
          survived++;
        }
      }
    }
    expect(survived).toBeGreaterThan(300);
  });

  test("hostile lengths allocate nothing", () => {
    const heads = ["9a00ffffff", "9a7fffffff", "9b001fffffffffffff", "5a7fffffff", "7a7fffffff"];
    heads.push("ba7fffffff", "bb001fffffffffffff", "5b001fffffffffffff", "9bffffffffffffffff");
    const before = process.memoryUsage();
    for (let i = 0; i < 200; i++) {
      for (const head of heads) {
        const data = fromHex(head + "00".repeat(50));
        expect(() => decode(data)).toThrow(PeerError); // and no RangeError
      }
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4_000_000);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(64_000_000);
  });
});

describe("our own mistakes", () => {
  const unencodable: readonly (readonly [string, unknown])[] = [
    ["a fraction", 1.5],
    ["not a number", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["beyond 53 bits as a number", 2 ** 53],
    ["beyond 64 bits", 2n ** 64n],
    ["below 64 bits", -(2n ** 64n) - 1n],
    ["a map with numbers for keys", new Map([[1, 2]])],
    ["a set", new Set([1])],
    ["a date", new Date(0)],
    ["an object of a class", new (class Some {})()],
    ["an object without a prototype", Object.create(null)],
    ["undefined", undefined],
    ["a field that is undefined", { a: undefined }],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["text that is not NFC", "e\u0301"],
    ["half a surrogate pair", "\ud800"],
    ["a key that is not NFC", { "e\u0301": 1 }],
  ];

  test.each(unencodable)("%s", (_, value) => {
    expect(() => encode(value as Encodable)).toThrow(UsageError);
  });

  test("nested too deep, both ways", async () => {
    let deep: Encodable = 0;
    for (let i = 0; i < MAX_DEPTH; i++) deep = [deep];
    const encoded = encode(deep);
    expect(encode(decode(encoded))).toEqual(encoded);
    expect(() => encode([deep])).toThrow(UsageError);
    expect(() => encode({ a: deep })).toThrow(UsageError);
    for (const head of ["81", "a16161"]) {
      const deeper = fromHex(head + hex(encoded));
      expect(await outcome(() => decode(deeper))).toBe("malformed CK-250");
    }
  });

  test("minus zero is zero, and large numbers come back as bigint", () => {
    expect(hex(encode(-0))).toBe("00");
    expect(decode(encode(2n ** 53n))).toBe(2n ** 53n);
    expect(decode(encode(2n ** 53n - 1n))).toBe(2 ** 53 - 1);
    expect(decode(encode(-(2n ** 53n)))).toBe(-(2n ** 53n));
  });
});

describe("maps", () => {
  test("objects and maps encode alike, whatever their order", () => {
    const data = encode({ aa: 1, b: 2, a: null });
    expect(hex(data)).toBe("a36161f6616202626161" + "01");
    expect(encode(new Map(Object.entries({ b: 2, aa: 1, a: null })))).toEqual(data);
  });

  test("__proto__ is a key like any other", () => {
    const map = decodeMap(fromHex("a1695f5f70726f746f5f5fa0"));
    expect([...map.keys()]).toEqual(["__proto__"]);
    expect(hex(encode(map))).toBe("a1695f5f70726f746f5f5fa0");
  });

  test("a map is required where asked for, of the version asked for", async () => {
    expect(decodeMap(fromHex("a0")).size).toBe(0);
    expect([...decodeVersioned(encode({ v: 1, a: 2 }))]).toEqual([["a", 2]]);
    expect(decodeVersioned(encode({ v: 3 }), 3).size).toBe(0);
    for (const wrong of [{ v: true }, { v: 2 }, { v: "1" }, { v: null }, {}, [1]] as const) {
      expect(await outcome(() => decodeVersioned(encode(wrong)))).toBe("malformed CK-250");
    }
  });

  test("exactly the keys asked for, or none", () => {
    const map = decode(encode({ a: 1, b: null }));
    expect(exactly(map, "a", "b")).toEqual({ a: 1, b: null });
    for (const names of [["a"], ["a", "c"], ["a", "b", "c"]]) {
      expect(exactly(map, ...names)).toEqual({});
    }
    expect(exactly([1], "a")).toEqual({});
    expect(exactly(undefined, "a")).toEqual({});
  });

  test("decoded bytes own their memory", () => {
    const data = encode([new Uint8Array(3)]);
    const [bytes] = decode(data) as readonly Value[];
    data.fill(255);
    expect(bytes).toEqual(new Uint8Array(3));
  });
});
