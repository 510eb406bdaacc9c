/** Contents held to the vectors that Python made of them, whichever place they belong to. */

import { expect } from "vitest";
import { type Bytes, fromHex, hex } from "../core/bytes.ts";
import { decode, decodeMap, type Encodable, encode, type Value } from "../core/cbor.ts";
import * as codec from "../core/content.ts";
import { IN_CALL } from "../core/content_call.ts";
import type { AnyContentType } from "../core/content_fields.ts";
import { GroupChange, IN_GROUP } from "../core/content_group.ts";
import { IN_GROUP_CALL } from "../core/content_group_call.ts";
import { INNER } from "../core/content_inner.ts";
import { OUTER } from "../core/content_outer.ts";
import { SIBLING } from "../core/content_self.ts";
import { outcome, plain, rows } from "./core_vectors.ts";
import { type Element, MismatchError } from "./vector_element.ts";

/** A place where contents travel, as in `tests/core/content_examples.py`. */
export type Place = Readonly<{
  name: string;
  types: readonly AnyContentType[];
  decode: (data: Uint8Array) => Readonly<{ kind: string }>;
  encode: (content: never) => Bytes;
}>;

/** The places of sealed contents, in the order of Python's. */
export const SEALED: readonly Place[] = [
  { name: "outer", types: OUTER, decode: codec.decodeOuter, encode: codec.encodeOuter },
  { name: "inner", types: INNER, decode: codec.decodeInner, encode: codec.encodeInner },
  { name: "in-call", types: IN_CALL, decode: codec.decodeInCall, encode: codec.encodeInCall },
  {
    name: "in-group-call",
    types: IN_GROUP_CALL,
    decode: codec.decodeInGroupCall,
    encode: codec.encodeInGroupCall,
  },
  { name: "sibling", types: SIBLING, decode: codec.decodeSibling, encode: codec.encodeSibling },
  { name: "in-group", types: IN_GROUP, decode: codec.decodeInGroup, encode: codec.encodeInGroup },
  {
    name: "group-change",
    types: [GroupChange],
    decode: codec.decodeChange,
    encode: codec.encodeChange,
  },
];

/** Fail unless there is an example of every content, and of nothing else. */
export function expectEveryContent(contents: readonly Element[], places: readonly Place[]): void {
  const examples = new Set(contents.map((e) => `${e.text("family")} ${e.text("kind")}`));
  const declared = places.flatMap(({ name, types }) => types.map((t) => `${name} ${t.kind}`));
  expect([...examples].sort()).toEqual(declared.sort());
}

/**
 * Fail unless a content is decoded, encoded and refused as in Python.
 *
 * @param places All in which it is tried to decode it, in the order of Python's.
 */
export async function expectAsInPython(e: Element, places: readonly Place[]): Promise<void> {
  const place = places.find(({ name }) => name === e.text("family"));
  if (place === undefined) throw new MismatchError("no such family");
  const encoded = e.data("encoded");
  const content = place.decode(encoded);
  const { kind, ...fields } = content;
  expect(kind).toBe(e.text("kind"));
  expect(plain(fields)).toEqual(fieldsOf(e));
  expect(hex(place.encode(content as never))).toBe(hex(encoded));
  const found = places.map((other) => outcome(() => other.decode(encoded)));
  expect(await Promise.all(found)).toEqual(e.values("in"));
  const cuts = [0, 1, 9, encoded.length - 1].map((n) => encoded.slice(0, n));
  const cut = cuts.map((data) => outcome(() => place.decode(data)));
  expect(await Promise.all(cut)).toEqual(e.values("cut"));
  const again = (data: Bytes) => place.encode(place.decode(data) as never);
  expect(await disagreements(e, again)).toEqual([]);
  e.finish();
}

export function fieldsOf(e: Element): unknown {
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
  if (Array.isArray(present) && present.length === 0) return []; // As in Python: nothing to repeat.
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
export async function disagreements(
  e: Element,
  again: (data: Bytes) => Bytes | Promise<Bytes>,
  encoded: Bytes = e.data("encoded"),
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const raw = decodeMap(encoded);
  for (const [path, spec, expected] of rows<Change>(e, "changes")) {
    const data = encode(changed(raw, path, spec));
    const found = await outcome(async () => expect(await again(data)).toEqual(data));
    if (found !== expected) wrong.push(`${path.join(".")} ${JSON.stringify(spec)}: ${found}`);
  }
  return wrong;
}
