/** Encodings: what decodes re-encodes to the same bytes, and hostile lengths cost nothing. */

import { describe, expect, test } from "vitest";
import { concat, copy, fromHex, hex, utf8 } from "../../core/bytes.ts";
import { PeerError, UsageError } from "../../core/errors.ts";
import * as codec from "../../core/mls/codec.ts";
import { decode, Reader } from "../../core/mls/codec.ts";
import { readMessageOf, WireFormat, wrapMessage } from "../../core/mls/wire.ts";
import { refused, stream } from "./refusals.ts";

const readLength = (reader: Reader) => reader.length();
const readNumbers = (reader: Reader) => reader.items(codec.readU16);
const readMaybe = (reader: Reader) => reader.optional(codec.readU16);

describe("lengths", () => {
  test.each([0, 63, 64, 16383, 16384, 100_000, codec.MAX_LENGTH])("%d", (size) => {
    const encoded = codec.length(size);
    expect(decode(encoded, readLength)).toBe(size);
    expect(encoded.length).toBe(size < 64 ? 1 : size < 16384 ? 2 : 4);
  });

  test("too long for any length", () => {
    expect(() => codec.length(codec.MAX_LENGTH + 1)).toThrow(UsageError);
  });

  test.each(["4000", "403f", "80000000", "80003fff", "c000000000000000", "ffffffff"])(
    "CK-002: not the shortest form: %s",
    (encoded) => refused("CK-002", () => decode(fromHex(encoded), readLength)),
  );

  test("a hostile length allocates nothing", async () => {
    const claims = fromHex("bfffffff"); // 2**30 - 1 bytes
    const before = process.memoryUsage().arrayBuffers;
    for (const read of [codec.readOpaque, readNumbers]) {
      await refused("CK-001", () => decode<unknown>(claims, read));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});

test.each(["", "40", "800000", "05aabb"])("CK-001: truncated: %s", (encoded) =>
  refused("CK-001", () => decode(fromHex(encoded), codec.readOpaque)),
);

test("CK-001: an item cannot reach beyond its vector", async () => {
  await refused("CK-001", () => decode(fromHex("03000100"), readNumbers));
  expect(decode(fromHex("0400010002"), readNumbers)).toEqual([1, 2]);
});

test("CK-003: trailing bytes", () =>
  refused("CK-003", () => decode(fromHex("016121"), codec.readOpaque)));

test("CK-004: optional", async () => {
  expect(decode(fromHex("00"), readMaybe)).toBeNull();
  expect(decode(fromHex("010007"), readMaybe)).toBe(7);
  await refused("CK-004", () => decode(fromHex("020007"), readMaybe));
  expect(hex(codec.optional(null))).toBe("00");
  expect(hex(codec.optional(codec.u16(7)))).toBe("010007");
});

test("integers round trip to the last bit", async () => {
  expect(decode(fromHex("ffffffff"), codec.readU32)).toBe(2 ** 32 - 1);
  expect(hex(codec.u32(2 ** 32 - 1))).toBe("ffffffff");
  const most = 2n ** 64n - 1n;
  expect(hex(codec.u64(most))).toBe("ffffffffffffffff");
  expect(decode(codec.u64(most), (reader) => reader.uint64())).toBe(most);
  for (const bad of [-1, 256, 1.5, Number.NaN]) expect(() => codec.u8(bad)).toThrow(UsageError);
  expect(() => codec.u32(2 ** 32)).toThrow(UsageError);
  expect(() => codec.u64(2n ** 64n)).toThrow(UsageError);
  await refused("CK-001", () => decode(fromHex("ffffff"), codec.readU32));
});

test("what a reader returns is a copy", () => {
  const data = codec.opaque(utf8("secret"));
  const read = decode(data, codec.readOpaque);
  data.fill(0);
  expect(read).toEqual(utf8("secret"));
});

test("lists", () => {
  expect(hex(codec.vector([codec.u16(1), codec.u16(2)]))).toBe("0400010002");
  const long = codec.vector(Array.from({ length: 100 }, () => utf8("x")));
  expect(decode(long, (reader) => reader.items((inner) => inner.take(1))).length).toBe(100);
  const reader = new Reader(fromHex("010203"));
  expect([reader.uint(1), hex(reader.rest()), reader.left]).toEqual([1, "0203", 0]);
});

describe("the outer frame", () => {
  const body = codec.opaque(utf8("body"));
  const message = wrapMessage(WireFormat.WELCOME, body);

  test("round trip", () => {
    expect(hex(message)).toBe(`00010003${hex(body)}`);
    expect(readMessageOf(message, WireFormat.WELCOME, codec.readOpaque)).toEqual(utf8("body"));
    expect(Object.values(WireFormat)).toEqual([1, 2, 3, 4, 5]);
  });

  test.each([
    ["CK-006", "00020003", WireFormat.WELCOME],
    ["CK-005", "00010006", WireFormat.WELCOME],
    ["CK-005", "00010000", WireFormat.WELCOME],
    ["CK-008", "00010003", WireFormat.GROUP_INFO],
  ] as const)("%s: %s", (ck, head, wanted) =>
    refused(ck, () => readMessageOf(concat(fromHex(head), body), wanted, codec.readOpaque)),
  );

  test("every truncation and every addition", async () => {
    const read = (data: Uint8Array) => readMessageOf(data, WireFormat.WELCOME, codec.readOpaque);
    for (let size = 0; size < message.length; size++) {
      await refused("CK-001", () => read(message.subarray(0, size)));
    }
    await refused("CK-003", () => read(concat(message, Uint8Array.of(0))));
  });
});

test("whatever parses re-encodes to the same bytes", () => {
  const random = stream("codec");
  let parsed = 0;
  for (let round = 0; round < 5000; round++) {
    const data = copy(random(8).subarray(0, round % 9));
    data[0] = (data[0] ?? 0) & 7; // a length that may fit
    try {
      const items = decode(data, (reader) => reader.items(codec.readOpaque));
      expect(codec.vector(items.map(codec.opaque))).toEqual(data);
      parsed += 1;
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
    }
  }
  expect(parsed).toBeGreaterThan(50);
});
