/** Sealed contents: each decodes to what was encoded, only where it belongs (CK-271, CK-272). */

import { describe, expect, test } from "vitest";
import { type Bytes, fromHex, hex } from "../core/bytes.ts";
import { decode, decodeMap, type Encodable, encode, type Value } from "../core/cbor.ts";
import * as codec from "../core/content.ts";
import { IN_CALL } from "../core/content_call.ts";
import type { AnyContentType, RecordType, Schema } from "../core/content_fields.ts";
import { INNER, MAX_BODY_BYTES, type MessageText } from "../core/content_inner.ts";
import { type Mls, OUTER, type PairRequest } from "../core/content_outer.ts";
import { ContactRecord, DeviceAddress, MAX_MLS_BYTES, Rules } from "../core/content_records.ts";
import { type SelfDeviceAdded, SIBLING } from "../core/content_self.ts";
import { MAX_CONTENT } from "../core/envelope.ts";
import { UsageError } from "../core/errors.ts";
import { DeviceId, MessageId } from "../core/ids.ts";
import { loadCore, outcome, plain, rows } from "./core_vectors.ts";
import { type Element, MismatchError } from "./vector_element.ts";

type Family = Readonly<{
  name: string;
  types: readonly AnyContentType[];
  decode: (data: Uint8Array) => Readonly<{ kind: string }>;
  encode: (content: never) => Bytes;
}>;

/** In the order of Python's. */
const FAMILIES: readonly Family[] = [
  { name: "outer", types: OUTER, decode: codec.decodeOuter, encode: codec.encodeOuter },
  { name: "inner", types: INNER, decode: codec.decodeInner, encode: codec.encodeInner },
  { name: "in-call", types: IN_CALL, decode: codec.decodeInCall, encode: codec.encodeInCall },
  { name: "sibling", types: SIBLING, decode: codec.decodeSibling, encode: codec.encodeSibling },
];
const RECORDS: readonly RecordType<Schema>[] = [ContactRecord, DeviceAddress, Rules];

const VECTORS = loadCore("content");
const CONTENTS = VECTORS.children("contents");

function familyOf(e: Element): Family {
  const found = FAMILIES.find(({ name }) => name === e.text("family"));
  if (found === undefined) throw new MismatchError("no such family");
  return found;
}

function fieldsOf(e: Element): unknown {
  return Object.fromEntries(e.values("fields") as readonly (readonly [string, unknown])[]);
}

/** A change of one place; a short form stands for a long value. */
type Spec =
  | "-"
  | Readonly<{ cbor: string }>
  | Readonly<{ bytes: number }>
  | Readonly<{ text: readonly [char: string, times: number] }>
  | Readonly<{ items: number }>;
type Change = readonly [path: readonly (string | number)[], spec: Spec, outcome: string];

function filled(spec: Exclude<Spec, "-">, present: Value | undefined): Encodable {
  if ("cbor" in spec) return decode(fromHex(spec.cbor));
  if ("bytes" in spec) return new Uint8Array(spec.bytes);
  if ("text" in spec) return spec.text[0].repeat(spec.text[1]);
  const [item = null] = Array.isArray(present) ? present : [];
  return Array.from({ length: spec.items }, () => item);
}

/** Copy a value with one place changed. */
function changed(value: Value | undefined, path: Change[0], spec: Spec): Encodable {
  const [key, ...deeper] = path;
  if (value instanceof Map && typeof key === "string") {
    const map = new Map<string, Encodable>(value);
    if (deeper.length > 0) map.set(key, changed(value.get(key), deeper, spec));
    else if (spec === "-") map.delete(key);
    else map.set(key, filled(spec, value.get(key)));
    return map;
  }
  if (Array.isArray(value) && typeof key === "number") {
    const list: readonly Value[] = value;
    if (deeper.length > 0) return list.with(key, changed(list[key], deeper, spec) as Value);
    if (spec !== "-") return list.with(key, filled(spec, list[key]) as Value);
  }
  throw new MismatchError("a change of a place that is not there");
}

/** Change what was encoded in every way of the vectors; return those that end otherwise. */
async function disagreements(
  e: Element,
  again: (data: Bytes) => Bytes,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const raw = decodeMap(e.data("encoded"));
  for (const [path, spec, expected] of rows<Change>(e, "changes")) {
    const data = encode(changed(raw, path, spec));
    const found = await outcome(() => expect(again(data)).toEqual(data));
    if (found !== expected) wrong.push(`${path.join(".")} ${JSON.stringify(spec)}: ${found}`);
  }
  return wrong;
}

describe("as in Python", () => {
  test("there is an example of every content, in the places where Python has it", () => {
    const examples = new Set(CONTENTS.map((e) => `${familyOf(e).name} ${e.text("kind")}`));
    const declared = FAMILIES.flatMap(({ name, types }) => types.map((t) => `${name} ${t.kind}`));
    expect([...examples].sort()).toEqual(declared.sort());
  });

  test.each(CONTENTS.map((e, i) => [`${i} ${e.text("kind")}`, e] as const))(
    "content %s",
    async (_, e) => {
      const family = familyOf(e);
      const encoded = e.data("encoded");
      const content = family.decode(encoded);
      const { kind, ...fields } = content;
      expect(kind).toBe(e.text("kind"));
      expect(plain(fields)).toEqual(fieldsOf(e));
      expect(hex(family.encode(content as never))).toBe(hex(encoded));
      const places = FAMILIES.map((other) => outcome(() => other.decode(encoded)));
      expect(await Promise.all(places)).toEqual(e.values("in"));
      const cuts = [0, 1, 9, encoded.length - 1].map((n) => encoded.slice(0, n));
      const cut = cuts.map((data) => outcome(() => family.decode(data)));
      expect(await Promise.all(cut)).toEqual(e.values("cut"));
      const again = (data: Bytes) => family.encode(family.decode(data) as never);
      expect(await disagreements(e, again)).toEqual([]);
      e.finish();
    },
  );

  test.each(VECTORS.children("records").map((e) => [e.text("record"), e] as const))(
    "record %s",
    async (name, e) => {
      const of = RECORDS.find((each) => each.name === name);
      if (of === undefined) throw new MismatchError("no such record");
      const encoded = e.data("encoded");
      const record = codec.decodeRecord(of, encoded);
      expect(plain(record)).toEqual(fieldsOf(e));
      const again = (data: Bytes) => codec.encodeRecord(of, codec.decodeRecord(of, data));
      expect(hex(again(encoded))).toBe(hex(encoded));
      expect(await disagreements(e, again)).toEqual([]);
      e.finish();
    },
  );

  test("every element was read", () => VECTORS.finish());
});

const ID = new MessageId(new Uint8Array(16));
const DEVICE = new DeviceId(new Uint8Array(16));

function message(body: string): MessageText {
  return { kind: "message.text", id: ID, at: 1_800_000_000, body };
}

describe("what we send", () => {
  test("belongs where it goes", () => {
    const elsewhere = FAMILIES.filter(({ name }) => name !== "inner");
    for (const family of elsewhere) {
      expect(() => family.encode(message("x") as never)).toThrow(UsageError);
    }
  });

  test("text goes out in NFC, within its bound in bytes", async () => {
    const decoded = codec.decodeInner(codec.encodeInner(message("e\u0301")));
    expect(decoded).toEqual(message("\u00e9"));
    codec.encodeInner(message("x".repeat(MAX_BODY_BYTES)));
    for (const body of ["x".repeat(MAX_BODY_BYTES + 1), "é".repeat(MAX_BODY_BYTES / 2 + 1)]) {
      expect(await outcome(() => codec.encodeInner(message(body)))).toBe("too_large");
    }
    for (const body of ["", "\ud800"]) {
      expect(() => codec.encodeInner(message(body))).toThrow(UsageError);
    }
  });

  test.each(["\n", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2067", "\u200f", "\u061c"])(
    "names cannot hide or turn text: %j",
    (char) => {
      const added = (name: string): SelfDeviceAdded => ({
        kind: "self.device_added",
        device: DEVICE,
        name,
      });
      const good = added("Ann\u200da's 📱 \u05d0");
      expect(codec.decodeSibling(codec.encodeSibling(good))).toEqual(good);
      expect(() => codec.encodeSibling(added(`Ann${char}a`))).toThrow(UsageError);
    },
  );

  test("is not larger than an envelope", async () => {
    const mls = (size: number): Mls => ({ kind: "mls", message: new Uint8Array(size) });
    expect(codec.encodeOuter(mls(MAX_MLS_BYTES)).length).toBeLessThanOrEqual(MAX_CONTENT);
    expect(await outcome(() => codec.encodeOuter(mls(MAX_MLS_BYTES + 1)))).toBe("too_large");
    const [address] = CONTENTS.filter((e) => e.text("kind") === "pair.request").map(
      (e) => (codec.decodeOuter(e.data("encoded")) as PairRequest).address,
    );
    if (address === undefined) throw new MismatchError("no example of a pair request");
    const request: PairRequest = {
      kind: "pair.request",
      list: new Uint8Array(1),
      address,
      keyPackages: Array.from({ length: 20 }, () => new Uint8Array(16_000)),
    };
    expect(await outcome(() => codec.encodeOuter(request))).toBe("too_large");
  });

  test("a mistake of ours is not a fault of a peer's", () => {
    const bad = { ...message("x"), at: "soon" as unknown as number };
    expect(() => codec.encodeInner(bad)).toThrow(UsageError);
  });
});
