/**
 * Which slots of the vault a write takes: always as many, whatever has changed (P6).
 *
 * Pure but for chance. Not for: what is in the slots (`vault_read.ts`).
 */

import { type Bytes, equal, hex, type Rng } from "../core/bytes.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { Reader } from "./unit.ts";
import type { Payloads, Slots } from "./vault_read.ts";

/** Slots of a new vault, and by how many it grows. More hide small numbers of contacts better. */
export const FIRST_SLOTS = 16;
/** Slots rewritten by every write; more only when the vault grows or its key changes. */
export const SLOTS_PER_WRITE = 4;

/** What shall be in the vault, by the hex of its key. */
export type Items = Map<string, Readonly<{ key: Bytes; payload: Bytes }>>;

export type Choice = Readonly<{
  /** The slots to write, each with the key of the item that goes into it (empty for none). */
  slots: readonly Readonly<{ id: Bytes; item: Bytes }>[];
  /** Something is left for a later write. */
  more: boolean;
}>;

export type Known = Readonly<{
  /** Hash of what was written last of each item, by the hex of its key. */
  written: ReadonlyMap<string, Bytes>;
  /** Keys of items that shall not be in the vault any more, as hex. */
  gone: ReadonlySet<string>;
  /** What is in the slots of items that we cannot write anew; it is written again as it is. */
  carried: Payloads;
  /** Every slot is to be written. */
  rewrites: boolean;
  rng: Rng;
}>;

const NOTHING: Bytes = new Uint8Array();

/** Read a kind of rows into a map by the hex of their keys. */
export function itemsByKey(reader: Reader, kind: string): ReadonlyMap<string, Bytes> {
  return new Map(reader.items(kind).map(([key, value]) => [hex(key), value]));
}

/** Choose the slots to write. */
export function choose(slots: Slots, items: Items, known: Known): Choice {
  const { written, gone, carried, rewrites, rng } = known;
  const inUse = [...slots.values()].filter(({ item }) => item.length > 0);
  const place = new Map(inUse.map(({ id, item }) => [hex(item), id]));
  const free = [...slots.values()].filter(({ item }) => item.length === 0).map(({ id }) => id);
  const dirty = [...items].filter(([name, { payload }]) => {
    const before = written.get(name);
    return !place.has(name) || before === undefined || !equal(before, SHA256.hash(payload));
  });
  const chosen = new Map<string, Readonly<{ id: Bytes; item: Bytes }>>();
  const missing = dirty.filter(([name]) => !place.has(name)).length - free.length;
  if (missing > 0 || slots.size === 0) {
    // Growing shows that there are more contacts than before, to the next sixteen.
    const count = FIRST_SLOTS * Math.max(1, Math.ceil(missing / FIRST_SLOTS));
    for (let made = 0; made < count; made++) {
      const id = rng(16);
      chosen.set(hex(id), { id, item: NOTHING });
      free.push(id);
    }
  }
  const emptied = inUse.filter(({ item }) => gone.has(hex(item)));
  const changes = emptied.length + dirty.length;
  const everything = rewrites || chosen.size > 0;
  const limit = everything ? changes : SLOTS_PER_WRITE;
  const first = emptied.slice(0, limit);
  for (const { id } of first) chosen.set(hex(id), { id, item: NOTHING });
  for (const [name, { key }] of dirty.slice(0, limit - first.length)) {
    const id = place.get(name) ?? takeAny(free, rng);
    if (id !== undefined) chosen.set(hex(id), { id, item: key });
  }
  // Unchanged slots are rewritten too, so that every write looks alike.
  const rest = [...slots.values()].filter(
    ({ id, item }) =>
      !chosen.has(hex(id)) && (item.length === 0 || items.has(hex(item)) || carried.has(hex(id))),
  );
  while (rest.length > 0 && (everything || chosen.size < SLOTS_PER_WRITE)) {
    const slot = takeAny(rest, rng);
    if (slot !== undefined) chosen.set(hex(slot.id), { id: slot.id, item: slot.item });
  }
  return { slots: [...chosen.values()], more: changes > limit };
}

/** Take one out by chance. */
function takeAny<T>(from: T[], rng: Rng): T | undefined {
  const number = new DataView(rng(4).buffer).getUint32(0);
  return from.splice(number % from.length, 1)[0];
}
