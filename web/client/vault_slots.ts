/**
 * Which slots of the vault a write takes: always as many, whatever has changed (P6).
 *
 * Every write takes four small slots and one page of calls. More are taken only when the vault grows,
 * when its key changes, or when calls were deleted from several pages: then deletion comes first.
 *
 * Pure but for chance. Not for: what is in the slots (`vault_read.ts`).
 */

import { type Bytes, equal, fromHex, hex, type Rng } from "../core/bytes.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { Reader } from "./unit.ts";
import { chance, PAGE_ITEM, type Payloads, type Slots } from "./vault_read.ts";

/** Slots of a new vault, and by how many it grows. More hide small numbers of contacts better. */
export const FIRST_SLOTS = 16;
/** Small slots rewritten by every write; more only when the vault grows or its key changes. */
export const SLOTS_PER_WRITE = 4;
export const PAGES_PER_WRITE = 1;
/** Small slots in one write at most, and pages as well: a request holds 64. */
export const MOST_SLOTS = 32;

/** What shall be in the vault, by the hex of its key. */
export type Items = Map<string, Readonly<{ key: Bytes; payload: Bytes }>>;

/** A slot that is written, and the key of the item that goes into it (empty for none). */
export type Chosen = Readonly<{ id: Bytes; item: Bytes }>;

export type Choice = Readonly<{
  slots: readonly Chosen[];
  /** Something is left for a later write. */
  more: boolean;
}>;

/** Hashes by the hex of what they are of. */
export type Hashes = ReadonlyMap<string, Bytes>;

export type Known = Readonly<{
  /** Hash of what was written last of each item, by the hex of its key. */
  written: Hashes;
  /** Keys of items that shall not be in the vault any more, as hex. */
  gone: ReadonlySet<string>;
  /** Slots that are to be written anew, under another key, as hex; all of these can be. */
  stale: ReadonlySet<string>;
  rng: Rng;
}>;

const NOTHING: Bytes = new Uint8Array();

/** Read a kind of rows into a map by the hex of their keys. */
export function itemsByKey(reader: Reader, kind: string): Hashes {
  return new Map(reader.items(kind).map(([key, value]) => [hex(key), value]));
}

/**
 * Choose the small slots to write.
 *
 * @param slots All small ones there are.
 * @param items What shall be in the vault.
 */
export function choose(slots: Slots, items: Items, known: Known): Choice {
  const { written, gone, stale, rng } = known;
  const inUse = [...slots.values()].filter(({ item }) => item.length > 0);
  const place = new Map(inUse.map(({ id, item }) => [hex(item), id]));
  const free = [...slots.values()].filter(({ item }) => item.length === 0).map(({ id }) => id);
  const dirty = [...items].filter(
    ([name, { payload }]) => !place.has(name) || differs(payload, written.get(name)),
  );
  const chosen = new Map<string, Chosen>();
  const missing = dirty.filter(([name]) => !place.has(name)).length - free.length;
  if (missing > 0 || slots.size === 0) {
    // Growing shows that there are more contacts than before, to the next sixteen.
    const steps = Math.min(Math.ceil(missing / FIRST_SLOTS), MOST_SLOTS / FIRST_SLOTS);
    for (let made = 0; made < FIRST_SLOTS * Math.max(1, steps); made++) {
      const id = rng(16);
      chosen.set(hex(id), { id, item: NOTHING });
      free.push(id);
    }
  }
  const limit = chosen.size > 0 || stale.size > 0 ? MOST_SLOTS : SLOTS_PER_WRITE;
  let left = 0;
  const add = (id: Bytes | undefined, item: Bytes) => {
    if (id === undefined || (!chosen.has(hex(id)) && chosen.size >= limit)) left++;
    else chosen.set(hex(id), { id, item });
  };
  for (const { id } of inUse.filter(({ item }) => gone.has(hex(item)))) add(id, NOTHING);
  for (const name of [...stale].sort()) {
    const slot = slots.get(name);
    if (slot !== undefined && !chosen.has(name)) add(slot.id, slot.item);
  }
  for (const [name, { key }] of dirty) add(place.get(name) ?? takeAny(free, rng), key);
  // Unchanged slots too, whose items are known: every write looks alike.
  const rest = [...slots.values()].filter(
    ({ id, item }) => !chosen.has(hex(id)) && (item.length === 0 || items.has(hex(item))),
  );
  while (rest.length > 0 && chosen.size < SLOTS_PER_WRITE) {
    const slot = takeAny(rest, rng);
    if (slot !== undefined) chosen.set(hex(slot.id), { id: slot.id, item: slot.item });
  }
  return { slots: [...chosen.values()], more: left > 0 };
}

export type KnownPages = Readonly<{
  /** Ids of the pages that the vault has, as hex. */
  held: ReadonlySet<string>;
  /** Hash of what was written last of each. */
  written: Hashes;
  /** Pages from which calls were deleted: all of them are written, as new ones are. */
  urgent: ReadonlySet<string>;
  /** Pages that are to be written anew, under another key. */
  stale: ReadonlySet<string>;
  rng: Rng;
}>;

/**
 * Choose the pages of calls to write: one, whether anything in them changed or not.
 *
 * @param pages All there are on this device, by the hex of their ids; one at least.
 */
export function choosePages(pages: Payloads, known: KnownPages): Choice {
  const { held, written, urgent, stale, rng } = known;
  const names = [...pages.keys()].sort();
  const isDirty = (name: string) => {
    const payload = pages.get(name);
    return !held.has(name) || (payload !== undefined && differs(payload, written.get(name)));
  };
  const dirty = names.filter(isDirty);
  // A new page shows that there are more calls than before, to the next some 1,700.
  const first = new Set([
    ...dirty.filter((name) => urgent.has(name)),
    ...names.filter((name) => stale.has(name) || !held.has(name)),
  ]);
  const all = new Set([...first, ...dirty]);
  let wanted = [...first].slice(0, MOST_SLOTS);
  if (wanted.length === 0) wanted = dirty.slice(0, PAGES_PER_WRITE);
  if (wanted.length === 0) wanted = [names[chance(rng, names.length)] ?? ""];
  const slots = wanted.map((name) => ({ id: fromHex(name), item: PAGE_ITEM }));
  return { slots, more: all.size > wanted.filter((name) => all.has(name)).length };
}

function differs(payload: Bytes, written: Bytes | undefined): boolean {
  return written === undefined || !equal(written, SHA256.hash(payload));
}

/** Take one out by chance. */
function takeAny<T>(from: T[], rng: Rng): T | undefined {
  return from.length === 0 ? undefined : from.splice(chance(rng, from.length), 1)[0];
}
