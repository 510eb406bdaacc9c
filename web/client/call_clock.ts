/**
 * What the history of calls goes by when it takes something away: a clock that may be wrong.
 *
 * A clock that jumped ahead by more than a year is believed after a day: one that is wrong must not
 * take everything away. A call that seems to begin in the future counts from when it was first seen.
 *
 * Not for: how long calls are kept (`core/keeping.ts`).
 */

import { type Bytes, concat, fromHex, hex, uint, utf8 } from "../core/bytes.ts";
import { type Entry, endedAt, type Key } from "../core/call_entry.ts";
import { AHEAD_S, type CallLog } from "../core/call_log.ts";
import type { Reader, Unit } from "./unit.ts";

/** A clock that went on by more than this since it was last looked at is not believed at once. */
export const JUMP_S = 366 * 86_400;
export const BELIEVED_AFTER_S = 86_400;

const STATE_KIND = "calls";
const CLOCK = utf8("clock");
/** By call: when this device first had a call that seems to begin in the future. */
const SEEN_KIND = "calls.seen";

/** What to go by. */
type Believed = Readonly<{
  now: number;
  /** Since when the clock is in doubt; 0: it is not. */
  jumped: number;
}>;

/** Return the time to go by, given what the clock says. */
export function believed(reader: Reader, now: number): Believed {
  const row = reader.get(STATE_KIND, CLOCK);
  const last = row === undefined ? now : numberIn(row);
  const jumped = row === undefined ? 0 : numberIn(row, 8);
  const isRecent = now - jumped <= JUMP_S;
  if (now - last <= JUMP_S) return { now, jumped: 0 };
  if (jumped > 0 && isRecent && now - jumped >= BELIEVED_AFTER_S) return { now, jumped: 0 };
  return { now: last, jumped: jumped > 0 && isRecent ? jumped : now };
}

/** Return the time to go by, and remember what the clock said. */
export function believe(unit: Unit, clock: number): number {
  const { now, jumped } = believed(unit, clock);
  unit.put(STATE_KIND, CLOCK, concat(uint(now, 8), uint(jumped, 8)));
  return now;
}

/** Return when a call ended, as far as it can be believed. */
export function believedEnd(entry: Entry, now: number): number {
  return Math.min(endedAt(entry), now + AHEAD_S);
}

/** Return since when calls are here that seem to begin in the future, and note new ones. */
export function firstSeen(unit: Unit, log: CallLog, now: number): ReadonlyMap<Key, number> {
  const ahead = new Set<Key>();
  for (const page of log.pages.values()) {
    for (const [key, entry] of page.entries) if (endedAt(entry) > now + AHEAD_S) ahead.add(key);
  }
  const seen = new Map(unit.items(SEEN_KIND).map(([call, at]) => [hex(call), numberIn(at)]));
  for (const key of [...seen.keys()]) if (!ahead.has(key)) unit.delete(SEEN_KIND, fromHex(key));
  for (const key of ahead) {
    if (seen.has(key)) continue;
    unit.put(SEEN_KIND, fromHex(key), uint(now, 8));
    seen.set(key, now);
  }
  return seen;
}

/** Return the 8-byte number at a place of a row. */
export function numberIn(row: Bytes, at = 0): number {
  return Number(new DataView(row.buffer, row.byteOffset).getBigUint64(at));
}
