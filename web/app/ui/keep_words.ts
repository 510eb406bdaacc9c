/** How long calls are kept, in words; and how many a choice would take away. */

import { useMemo } from "react";
import { endedAt } from "../../core/call_entry.ts";
import { nameOf } from "../../core/call_page.ts";
import { KEEP_EVER, keepsS, type Settings } from "../../core/keeping.ts";
import { duration, type Key, say } from "../i18n/text.ts";
import type { PersonId, Rules } from "../model.ts";
import type { CallEntry } from "../model_history.ts";
import { useAppState } from "../model_hooks.tsx";

const WORDS = new Map<number, Key>([
  [0, "keep.off"],
  [1, "keep.hour"],
  [24, "keep.day"],
  [7 * 24, "keep.week"],
  [30 * 24, "keep.month"],
  [90 * 24, "keep.quarter"],
  [365 * 24, "keep.year"],
  [KEEP_EVER, "keep.ever"],
]);

/** What is offered, in hours. */
export const KEEP_CHOICES: readonly number[] = [...WORDS.keys()];

export function keepWord(hours: number): string {
  const key = WORDS.get(hours);
  return key === undefined ? duration(hours * 3600) : say(key);
}

/** Return what is offered, with what was chosen elsewhere (the command line takes any hours). */
export function keepOptions(chosen: number): readonly (readonly [string, string])[] {
  const hours = KEEP_CHOICES.includes(chosen) ? KEEP_CHOICES : [...KEEP_CHOICES, chosen];
  return hours.toSorted((one, other) => one - other).map((one) => [String(one), keepWord(one)]);
}

/** Somebody with whom calls may be kept for another time than with everybody. */
type Kept = Readonly<{ id: PersonId; rules: Pick<Rules, "keepsHours"> }>;

/** Contacts, and those of before a move here: what was decided about calls with them holds. */
export function useKept(): readonly Kept[] {
  const people = useAppState((state) => state.people);
  const awaited = useAppState((state) => state.awaited);
  return useMemo(() => [...people, ...awaited], [people, awaited]);
}

/** Return how many calls would have been kept long enough, and go at once. */
export function goingNow(
  entries: readonly CallEntry[],
  settings: Settings,
  people: readonly Kept[],
  now: number = Date.now() / 1000,
): number {
  const rules = new Map(people.map(({ id, rules: { keepsHours } }) => [id, keepsHours ?? null]));
  return entries.filter((entry) => {
    const ofContacts = entry.members.map((one) => rules.get(nameOf(one)) ?? null);
    const keeps = keepsS(settings, ofContacts);
    return keeps !== null && endedAt(entry) + keeps <= now;
  }).length;
}
