/** Ids, base64url, origins and addresses: sizes, spellings, and what printing shows. */

import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { addressFromCbor, addressToCbor, checkOrigin, requireServer } from "../core/address.ts";
import * as base64url from "../core/base64url.ts";
import { equal, fromHex, hex } from "../core/bytes.ts";
import { decode, encode } from "../core/cbor.ts";
import { PeerError } from "../core/errors.ts";
import { anyAddress, handleAddressToCbor } from "../core/handle_request.ts";
import * as ids from "../core/ids.ts";
import { Dice, loadCore, outcome, rows } from "./core_vectors.ts";

const VECTORS = loadCore("address");

describe("as in Python", () => {
  test("base64url", async () => {
    for (const [text, data] of rows<readonly [string, string | null]>(VECTORS, "base64url")) {
      if (data === null) {
        expect(await outcome(() => base64url.decode(text)), text).toBe("malformed");
      } else {
        expect(hex(base64url.decode(text))).toBe(data);
        expect(base64url.encode(fromHex(data))).toBe(text);
      }
    }
  });

  test("CK-251: origins", async () => {
    const origins = rows<readonly [string, string]>(VECTORS, "origins");
    for (const [origin, expected] of origins) {
      expect(await outcome(() => checkOrigin(origin)), origin).toBe(expected);
    }
    expect(origins.filter(([, expected]) => expected === "ok").length).toBeGreaterThan(10);
  });

  test("addresses of both kinds", async () => {
    type Row = readonly [encoded: string, contact: string, any: string];
    for (const [encoded, contact, either] of rows<Row>(VECTORS, "addresses")) {
      const value = decode(fromHex(encoded));
      expect(await outcome(() => addressFromCbor(value)), encoded).toBe(contact);
      expect(await outcome(() => anyAddress(value)), encoded).toBe(either);
      if (either !== "ok") continue;
      const address = anyAddress(value);
      const again = "sealingKey" in address ? handleAddressToCbor(address) : addressToCbor(address);
      expect(hex(encode(again))).toBe(encoded);
    }
  });

  test("every element was read", () => VECTORS.finish());
});

test("base64url: round trips of every length, and the length asked for", async () => {
  const dice = new Dice(3);
  for (let size = 0; size < 100; size++) {
    const data = dice.bytes(size);
    const text = base64url.encode(data);
    expect(text).toBe(Buffer.from(data).toString("base64url"));
    expect(base64url.decode(text, size)).toEqual(data);
  }
  expect(await outcome(() => base64url.decode("AA", 2))).toBe("malformed");
});

test("CK-252: nothing is sent to a server that a contact chose", async () => {
  const address = { origin: "https://a.example" };
  expect(requireServer(address, "https://a.example")).toBe(address);
  for (const own of ["https://b.example", "http://a.example", "https://a.example:8443"]) {
    expect(await outcome(() => requireServer(address, own))).toBe("refused CK-252");
  }
});

describe("ids", () => {
  const KINDS = Object.values(ids).filter(
    (kind): kind is typeof ids.FixedBytes =>
      typeof kind === "function" && kind.prototype instanceof ids.FixedBytes,
  );

  test("there are as many as in Python", () => {
    const theirs = readFileSync(new URL("../../src/visavis/core/ids.py", import.meta.url), "utf8");
    expect(KINDS.length).toBe([...theirs.matchAll(/^class \w+\((?!bytes)/gm)].length);
    expect(KINDS.length).toBeGreaterThan(10);
  });

  test.each(KINDS.map((kind) => [kind.name, kind] as const))("%s", (name, kind) => {
    const dice = new Dice(4);
    const value = ids.random(kind, (size) => dice.bytes(size));
    expect(value.length).toBe(kind.LENGTH);
    const secret = value instanceof ids.Secret32;
    const state = { value, list: [value] };
    const shown = [`${value}`, String(value), JSON.stringify(state), inspect(state), `${[value]}`];
    shown.push(value.toLocaleString(), inspect(new Map([["k", value]])));
    for (const text of shown) {
      expect(text).toContain(name);
      expect(text).not.toContain(hex(value.slice(0, 4)));
      expect(text).not.toContain([...value.slice(0, 4)].join(","));
      expect(text.includes(hex(value.slice(0, 3)))).toBe(!secret);
    }
    for (const wrong of [new Uint8Array(), value.slice(1), new Uint8Array(value.length + 1)]) {
      expect(() => new kind(wrong)).toThrow(PeerError);
    }
  });

  test("a copy, which compares as bytes; parts of it are plain bytes", () => {
    const data = new Uint8Array(16).fill(7);
    const id = new ids.DeviceId(data);
    data.fill(0);
    expect(equal(id, new Uint8Array(16).fill(7))).toBe(true);
    for (const part of [id.slice(1), id.subarray(2), id.map((byte) => byte), id.toReversed()]) {
      expect(part.constructor).toBe(Uint8Array);
    }
    expect(encode([id])).toEqual(encode([new Uint8Array(16).fill(7)]));
  });
});
