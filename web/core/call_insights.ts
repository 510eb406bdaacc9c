/**
 * What the history of calls says to the one whose it is: when, how long, with whom, what was missed.
 *
 * Worked out on the device from what it keeps; nothing of it is stored. Its mirror, what somebody
 * else would conclude from the same calls, is `call_inference.ts`.
 *
 * Pure. Not for: drawing it, or names.
 */

import { Direction, type Entry, type Key, Outcome } from "./call_entry.ts";
import { nameOf } from "./call_page.ts";
import { dayOf, offsetAt, type Zone } from "./call_search.ts";

export const DAY_S = 86_400;
export const HOURS = 24;
export const WEEKDAYS = 7;
/** How many weeks are shown, this one the last. */
export const WEEKS = 12;
/** A missed call that is answered by a call within this time was returned. */
export const RETURNED_WITHIN_S = DAY_S;
/** Upper ends of the classes of length, in seconds; the last class has none. */
export const LENGTHS_S = [60, 300, 900, 3_600] as const;

/** 1 January 1970 was a Thursday; 0 is Monday. */
const FIRST_WEEKDAY = 3;

/** Calls with one contact. */
export type WithOne = Readonly<{
  key: Key;
  calls: number;
  /** Time talked, in seconds. */
  seconds: number;
  /** How many we began. */
  outgoing: number;
  incoming: number;
  missed: number;
}>;

/** One week. */
export type Week = Readonly<{
  /** Its Monday, in days since 1 January 1970. */
  monday: number;
  calls: number;
  seconds: number;
}>;

export type Insights = Readonly<{
  calls: number;
  /** Those in which somebody talked. */
  answered: number;
  /** Time talked, in seconds. */
  seconds: number;
  outgoing: number;
  incoming: number;
  /** Calls by weekday (0 is Monday) and by the hour in which they began. */
  when: readonly (readonly number[])[];
  /** Answered calls by the classes of `LENGTHS_S`. */
  lengths: readonly number[];
  /** The middle one of all lengths, and the greatest, in seconds; 0 without any. */
  middle: number;
  longest: number;
  missed: number;
  /** Missed calls after which we talked with the same contact within a day. */
  returned: number;
  /** The middle time until then, in seconds. */
  returnedAfter: number | undefined;
  /** By time talked, then by calls, the most first. */
  people: readonly WithOne[];
  /** The last weeks, the oldest first. */
  weeks: readonly Week[];
}>;

/** Return the weekday of a day in days since 1 January 1970; 0 is Monday. */
export function weekdayOf(day: number): number {
  return (((day + FIRST_WEEKDAY) % WEEKDAYS) + WEEKDAYS) % WEEKDAYS;
}

/** Return the hour of the local day, 0 to 23. */
export function hourOf(at: number, zone: Zone): number {
  const local = at + offsetAt(zone, at);
  return Math.floor((((local % DAY_S) + DAY_S) % DAY_S) / 3_600);
}

/** Return the middle one of some numbers; 0 of none. */
export function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Return how calls lie in the week: by weekday and hour. */
export function weekGrid(entries: Iterable<Entry>, zone: Zone): readonly (readonly number[])[] {
  const grid = Array.from({ length: WEEKDAYS }, () => new Array<number>(HOURS).fill(0));
  for (const { at } of entries) {
    const row = grid[weekdayOf(dayOf(at, zone))];
    const hour = hourOf(at, zone);
    if (row) row[hour] = (row[hour] ?? 0) + 1;
  }
  return grid;
}

/** Return the calls with each contact, by time talked; a call of many counts for each of them. */
export function peopleOf(entries: Iterable<Entry>): readonly WithOne[] {
  const found = new Map<Key, { -readonly [K in keyof WithOne]: WithOne[K] }>();
  for (const { members, direction, outcome, seconds } of entries) {
    for (const account of members) {
      const key = nameOf(account);
      let one = found.get(key);
      if (one === undefined) {
        one = { key, calls: 0, seconds: 0, outgoing: 0, incoming: 0, missed: 0 };
        found.set(key, one);
      }
      one.calls++;
      one.seconds += seconds;
      if (direction === Direction.OUTGOING) one.outgoing++;
      else one.incoming++;
      if (outcome === Outcome.MISSED) one.missed++;
    }
  }
  return [...found.values()].sort(
    (one, other) =>
      other.seconds - one.seconds || other.calls - one.calls || (one.key < other.key ? -1 : 1),
  );
}

/**
 * Return what the history says.
 *
 * @param entries The newest first (`CallLog.entries`).
 * @param now Unix seconds; the last week is the one with it.
 */
export function insightsOf(entries: readonly Entry[], zone: Zone, now: number): Insights {
  const answered = entries.filter(({ outcome }) => outcome === Outcome.ANSWERED);
  const lengths = new Array<number>(LENGTHS_S.length + 1).fill(0);
  let seconds = 0;
  let longest = 0;
  for (const entry of answered) {
    const found = LENGTHS_S.findIndex((end) => entry.seconds < end);
    const at = found < 0 ? LENGTHS_S.length : found;
    lengths[at] = (lengths[at] ?? 0) + 1;
    seconds += entry.seconds;
    longest = Math.max(longest, entry.seconds);
  }
  const outgoing = entries.filter(({ direction }) => direction === Direction.OUTGOING).length;
  return {
    calls: entries.length,
    answered: answered.length,
    seconds,
    outgoing,
    incoming: entries.length - outgoing,
    when: weekGrid(entries, zone),
    lengths,
    middle: middleOf(answered.map((entry) => entry.seconds)),
    longest,
    ...missedOf(entries),
    people: peopleOf(entries),
    weeks: weeksOf(entries, zone, now),
  };
}

function missedOf(
  entries: readonly Entry[],
): Pick<Insights, "missed" | "returned" | "returnedAfter"> {
  /** When we talked with each contact the next time, going back in time. */
  const talked = new Map<Key, number>();
  const waits: number[] = [];
  let missed = 0;
  for (const { members, outcome, at } of entries) {
    if (outcome === Outcome.ANSWERED) {
      for (const account of members) talked.set(nameOf(account), at);
    } else if (outcome === Outcome.MISSED) {
      missed++;
      const next = Math.min(...members.map((one) => talked.get(nameOf(one)) ?? Infinity));
      if (next - at <= RETURNED_WITHIN_S) waits.push(next - at);
    }
  }
  const returnedAfter = waits.length === 0 ? undefined : middleOf(waits);
  return { missed, returned: waits.length, returnedAfter };
}

function weeksOf(entries: readonly Entry[], zone: Zone, now: number): readonly Week[] {
  const today = dayOf(now, zone);
  const first = today - weekdayOf(today) - WEEKDAYS * (WEEKS - 1);
  const weeks = Array.from({ length: WEEKS }, (_, i) => ({
    monday: first + WEEKDAYS * i,
    calls: 0,
    seconds: 0,
  }));
  for (const { at, seconds } of entries) {
    const week = weeks[Math.floor((dayOf(at, zone) - first) / WEEKDAYS)];
    if (week === undefined) continue;
    week.calls++;
    week.seconds += seconds;
  }
  return weeks;
}
