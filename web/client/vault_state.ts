/** What this device remembers of the vault: its slots, how far it has come, what is to be written. */

import { concat, copy, hex, uint, utf8 } from "../core/bytes.ts";
import type { Reader, Unit } from "./unit.ts";
import type { Slots } from "./vault_read.ts";

const STATE_KIND = "vault";
const SLOT_KIND = "vault.slot";
/** Slots that are still under the key of before. */
export const STALE_KIND = "vault.stale";

/**
 * Of what is known of the slots: until it is 1, they were last read by a program that took pages of
 * calls for free slots.
 */
export const LAYOUT = 1;

export type Numbered = "due" | "highest" | "counter" | "intent" | "rekey" | "layout";

/** Return the slots as they were read or written last. */
export function kept(reader: Reader): Slots {
  return new Map(
    reader
      .items(SLOT_KIND)
      .map(([id, data]) => [
        hex(id),
        { id, digest: copy(data.subarray(0, 32)), item: copy(data.subarray(32)) },
      ]),
  );
}

/** Remember the slots as they are now. */
export function keep(unit: Unit, slots: Slots): void {
  for (const [id] of unit.items(SLOT_KIND)) {
    if (!slots.has(hex(id))) unit.delete(SLOT_KIND, id);
  }
  for (const { id, digest, item } of slots.values()) unit.put(SLOT_KIND, id, concat(digest, item));
}

/** Return a number; 0 until one is set. */
export function number(reader: Reader, name: Numbered): number {
  const data = reader.get(STATE_KIND, utf8(name));
  return data === undefined ? 0 : Number(new DataView(data.buffer).getBigUint64(0));
}

/** Remember a number. */
export function set(unit: Unit, name: Numbered, value: number): void {
  unit.put(STATE_KIND, utf8(name), uint(value, 8));
}
