/**
 * What somebody who had the same history of calls would conclude from it: the mirror of
 * `call_insights.ts`. It shows what is worth protecting; the server has none of these calls.
 *
 * Only ordinary rules, each said in a sentence: whoever has a million histories does better. How
 * well published attacks of each kind did is in `STUDIES`; the pages say it in words.
 *
 * - ties, work: Eagle, Pentland, Lazer, PNAS 106(36), 2009.
 * - sleep: Monsivais et al., PLOS Computational Biology 13(11), 2017.
 * - changes: Toole et al., Journal of the Royal Society Interface 12(107), 2015.
 * - sensitive: Mayer and Mutchler, MetaPhone, 2014; Mayer, Mutchler, Mitchell, PNAS 113(20), 2016.
 * - pattern: Creţu et al., Nature Communications 13, 2022; de Montjoye et al., Scientific Reports 3,
 *   2013.
 *
 * Pure. Not for: advice, or anything that is sent.
 */

import { type Entry, type Key, Outcome } from "./call_entry.ts";
import {
  DAY_S,
  HOURS,
  hourOf,
  peopleOf,
  type WithOne,
  weekdayOf,
  weekGrid,
} from "./call_insights.ts";
import { nameOf } from "./call_page.ts";
import { dayOf, type Names, type Zone } from "./call_search.ts";
import { type Sensitive, sensitiveWord } from "./sensitive_words.ts";

/** Fewer calls, or days with calls, say nothing of somebody's days. */
export const ENOUGH_CALLS = 30;
export const ENOUGH_DAYS = 14;
/** Ties that are named. */
export const TIES = 3;
/** An hour with less than this share of all calls counts as quiet. Higher: longer nights. */
export const QUIET_SHARE = 0.01;
/** Quiet hours in a row that somebody sleeps in, at least. */
export const NIGHT_HOURS = 5;
/** A contact of work: so many calls, and this share of them on weekdays from 8 to 18. */
export const WORK_CALLS = 6;
export const WORK_SHARE = 0.85;
export const WORK_FROM = 8;
export const WORK_UNTIL = 18;
/** What is new or has ended: in the last so many days, beside twice as many before. */
export const LATELY_DAYS = 28;
export const BEFORE_DAYS = 84;
export const CHANGE_CALLS = 6;

const SATURDAY = 5;

/** A span of hours of the day; it ends before it begins if midnight is in it. */
export type Span = Readonly<{ from: number; until: number }>;

/** One conclusion. */
export type Conclusion =
  /** Who stands closest; the share of all time talked is theirs together. */
  | Readonly<{ kind: "ties"; people: readonly WithOne[]; share: number }>
  | Readonly<{ kind: "sleep"; span: Span }>
  /** Who belongs to work, and when that is. */
  | Readonly<{ kind: "work"; people: readonly Key[]; span: Span }>
  | Readonly<{ kind: "new"; person: Key; calls: number }>
  | Readonly<{ kind: "ended"; person: Key; calls: number }>
  /** A name or a note says what somebody is called for. */
  | Readonly<{ kind: "sensitive"; about: Sensitive; word: string; person: Key; calls: number }>
  /** How many contacts make a pattern that is nobody else's. */
  | Readonly<{ kind: "pattern"; people: number; calls: number }>;

/** Published work on each kind of conclusion; the pages have a sentence for each. */
export const STUDIES: Readonly<Record<Conclusion["kind"], Study>> = {
  ties: "eagle2009",
  sleep: "monsivais2017",
  work: "eagle2009",
  new: "toole2015",
  ended: "toole2015",
  sensitive: "mayer2014",
  pattern: "cretu2022",
};
export type Study = "eagle2009" | "monsivais2017" | "toole2015" | "mayer2014" | "cretu2022";

/**
 * Return what would be concluded; nothing where there is too little to conclude it from.
 *
 * @param entries The newest first (`CallLog.entries`).
 * @param names Of contacts: a word in one says what they are called for.
 */
export function conclusionsOf(
  entries: readonly Entry[],
  names: Names,
  zone: Zone,
  now: number,
): readonly Conclusion[] {
  const found: Conclusion[] = [];
  const people = peopleOf(entries);
  const days = new Set(entries.map(({ at }) => dayOf(at, zone)));
  const isEnough = entries.length >= ENOUGH_CALLS && days.size >= ENOUGH_DAYS;
  if (isEnough) {
    const ties = tiesOf(people);
    if (ties) found.push(ties);
    const span = nightOf(entries, zone);
    if (span) found.push({ kind: "sleep", span });
    const work = workOf(entries, zone);
    if (work) found.push(work);
    found.push(...changesOf(entries, now));
  }
  found.push(...sensitiveOf(entries, names));
  if (isEnough) found.push({ kind: "pattern", people: people.length, calls: entries.length });
  return found;
}

function tiesOf(people: readonly WithOne[]): Conclusion | undefined {
  const closest = people.slice(0, TIES).filter(({ seconds }) => seconds > 0);
  const all = people.reduce((sum, { seconds }) => sum + seconds, 0);
  if (closest.length === 0 || all === 0) return undefined;
  const share = closest.reduce((sum, { seconds }) => sum + seconds, 0) / all;
  return { kind: "ties", people: closest, share };
}

/** Return the longest time of day in which hardly a call begins; undefined: there is no night. */
export function nightOf(entries: readonly Entry[], zone: Zone): Span | undefined {
  const grid = weekGrid(entries, zone);
  const quiet = Array.from({ length: HOURS }, (_, hour) => {
    const calls = grid.reduce((sum, row) => sum + (row[hour] ?? 0), 0);
    return calls < entries.length * QUIET_SHARE;
  });
  if (quiet.every((one) => one)) return undefined;
  let best = { from: 0, hours: 0 };
  for (let from = 0; from < HOURS; from++) {
    let hours = 0;
    while (hours < HOURS && quiet[(from + hours) % HOURS]) hours++;
    if (hours > best.hours) best = { from, hours };
  }
  if (best.hours < NIGHT_HOURS) return undefined;
  return { from: best.from, until: (best.from + best.hours) % HOURS };
}

function isWorkTime(at: number, zone: Zone): boolean {
  const hour = hourOf(at, zone);
  return weekdayOf(dayOf(at, zone)) < SATURDAY && hour >= WORK_FROM && hour < WORK_UNTIL;
}

function workOf(entries: readonly Entry[], zone: Zone): Conclusion | undefined {
  const calls = new Map<Key, { all: number; inside: number }>();
  for (const { members, at } of entries) {
    const inside = isWorkTime(at, zone) ? 1 : 0;
    for (const account of members) {
      const before = calls.get(nameOf(account)) ?? { all: 0, inside: 0 };
      calls.set(nameOf(account), { all: before.all + 1, inside: before.inside + inside });
    }
  }
  const people = [...calls]
    .filter(([, { all, inside }]) => all >= WORK_CALLS && inside >= all * WORK_SHARE)
    .sort(([a, one], [b, other]) => other.all - one.all || (a < b ? -1 : 1))
    .map(([key]) => key);
  if (people.length === 0) return undefined;
  const known = new Set(people);
  const hours = entries
    .filter(
      ({ members, at }) => members.some((one) => known.has(nameOf(one))) && isWorkTime(at, zone),
    )
    .map(({ at }) => hourOf(at, zone))
    .sort((one, other) => one - other);
  const [from = WORK_FROM, last = WORK_UNTIL - 1] = [hours[0], hours.at(-1)];
  return { kind: "work", people, span: { from, until: last + 1 } };
}

/** Who came into somebody's life lately, and who went out of it. */
function changesOf(entries: readonly Entry[], now: number): readonly Conclusion[] {
  const calls = new Map<Key, { lately: number; before: number }>();
  const oldest = entries.at(-1)?.at ?? now;
  for (const { members, at } of entries) {
    const ago = now - at;
    if (ago > BEFORE_DAYS * DAY_S) break;
    const lately = ago <= LATELY_DAYS * DAY_S;
    for (const account of members) {
      const known = calls.get(nameOf(account)) ?? { lately: 0, before: 0 };
      calls.set(nameOf(account), {
        lately: known.lately + (lately ? 1 : 0),
        before: known.before + (lately ? 0 : 1),
      });
    }
  }
  // Whoever was called before all that is kept may be new to the list only.
  const knowsBefore = now - oldest >= 2 * LATELY_DAYS * DAY_S;
  if (!knowsBefore) return [];
  const earlier = new Set<Key>();
  for (const { members, at } of entries) {
    if (now - at > LATELY_DAYS * DAY_S) for (const one of members) earlier.add(nameOf(one));
  }
  const found: Conclusion[] = [];
  for (const [person, { lately, before }] of calls) {
    if (lately >= CHANGE_CALLS && !earlier.has(person)) {
      found.push({ kind: "new", person, calls: lately });
    } else if (lately === 0 && before >= CHANGE_CALLS) {
      found.push({ kind: "ended", person, calls: before });
    }
  }
  return found.sort((one, other) => callsOf(other) - callsOf(one));
}

function callsOf(conclusion: Conclusion): number {
  return "calls" in conclusion ? conclusion.calls : 0;
}

/** What names and notes say of the people called; calls that nobody took do not count. */
function sensitiveOf(entries: readonly Entry[], names: Names): readonly Conclusion[] {
  const ofNames = new Map<Key, ReturnType<typeof sensitiveWord>>();
  const found = new Map<string, Extract<Conclusion, { kind: "sensitive" }>>();
  for (const { members, mark, outcome } of entries) {
    if (outcome === Outcome.MISSED) continue;
    const noted = mark.note === "" ? undefined : sensitiveWord(mark.note);
    for (const account of members) {
      const person = nameOf(account);
      if (!ofNames.has(person)) ofNames.set(person, sensitiveWord(names.get(person) ?? ""));
      const said = ofNames.get(person) ?? noted;
      if (said === undefined) continue;
      const key = `${said.about} ${person}`;
      const before = found.get(key);
      found.set(key, {
        kind: "sensitive",
        person,
        ...said,
        ...(before && { word: before.word }),
        calls: (before?.calls ?? 0) + 1,
      });
    }
  }
  return [...found.values()].sort((one, other) => other.calls - one.calls);
}
