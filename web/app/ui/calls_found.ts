/** What is looked for in the history, and the rows it makes: the first at once, all a moment later. */

import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { nameOf } from "../../core/call_page.ts";
import { CallSearch, dayOf, EVERYTHING, type Found, type Wanted } from "../../core/call_search.ts";
import type { CallEntry } from "../model_history.ts";
import { useAppState } from "../model_hooks.tsx";
import type { WindowRow } from "./window_list.tsx";
import { localZone } from "./zone.ts";

export type By = "day" | "person";

export type CallRow = WindowRow &
  (
    | Readonly<{ kind: "day"; at: number }>
    | Readonly<{ kind: "person"; person: string; newest: CallEntry; calls: number; open: boolean }>
    | Readonly<{ kind: "call"; entry: CallEntry; inPerson: boolean }>
  );

const DAY_HEIGHT = 2.5;
const ROW_HEIGHT = 4.5;
/** Calls that are looked for before the first drawing: more than any screen shows. */
const AT_ONCE = 60;
/** When all are looked for: whoever types on meanwhile is not held up. */
const ALL_AFTER_MS = 150;

export type Look = Readonly<{
  rows: readonly CallRow[];
  /** How many calls were found; undefined: it is still looked. */
  found: number | undefined;
  all: () => readonly CallEntry[];
}>;

/** Names by accounts: contacts, and those of before a move here who are awaited. */
export function useNames(): ReadonlyMap<string, string> {
  const people = useAppState((state) => state.people);
  const awaited = useAppState((state) => state.awaited);
  return useMemo(
    () => new Map([...awaited, ...people].map(({ id, name }) => [id, name])),
    [awaited, people],
  );
}

export function useCalls(wanted: Wanted, by: By, open: ReadonlySet<string>): Look {
  const entries = useAppState((state) => state.history.entries);
  const names = useNames();
  const search = useMemo(() => new CallSearch(entries, names), [entries, names]);
  const found = useMemo(() => search.find(wanted), [search, wanted]);
  const [whole, setWhole] = useState<Found>();
  useEffect(() => {
    const timer = setTimeout(() => {
      search.prepare();
      setWhole(found);
    }, ALL_AFTER_MS);
    return () => clearTimeout(timer);
  }, [search, found]);
  const isWhole = useDeferredValue(whole) === found;
  return useMemo(() => {
    const some = isWhole ? allOf(found, entries) : found.first(AT_ONCE);
    const complete = isWhole || found.complete;
    return {
      rows: by === "day" ? rowsByDay(some) : rowsByPerson(some, open),
      found: complete ? some.length : undefined,
      all: () => allOf(found, entries),
    };
  }, [found, entries, isWhole, by, open]);
}

/** As `Found.all`, without an iterator between: of 100,000 calls one notices. */
function allOf(found: Found, entries: readonly CallEntry[]): readonly CallEntry[] {
  const all: CallEntry[] = [];
  for (let number = 0; ; number++) {
    const place = found.place(number);
    const entry = place === undefined ? undefined : entries[place];
    if (entry === undefined) return all;
    all.push(entry);
  }
}

export function wantedOf(change: Partial<Wanted>): Wanted {
  return { ...EVERYTHING, ...change };
}

const KEYS = new WeakMap<object, string>();
let keys = 0;

/** Return what tells a call from all others in a list: cheaper than its id in hex. */
export function keyOf({ call }: CallEntry): string {
  const known = KEYS.get(call);
  if (known !== undefined) return known;
  keys += 1;
  KEYS.set(call, String(keys));
  return String(keys);
}

export function rowsByDay(entries: readonly CallEntry[]): readonly CallRow[] {
  const rows: CallRow[] = [];
  let last: number | undefined;
  for (const [i, entry] of entries.entries()) {
    const day = dayOf(entry.at, localZone);
    if (day !== last)
      rows.push({ kind: "day", key: `day ${day} ${i}`, height: DAY_HEIGHT, at: entry.at });
    last = day;
    rows.push(callRow(entry, i + 1, false));
  }
  return rows;
}

export function rowsByPerson(
  entries: readonly CallEntry[],
  open: ReadonlySet<string>,
): readonly CallRow[] {
  const people = new Map<string, CallEntry[]>();
  for (const entry of entries) {
    const person = entry.members.map(nameOf).join(" ");
    const calls = people.get(person);
    if (calls === undefined) people.set(person, [entry]);
    else calls.push(entry);
  }
  const rows: CallRow[] = [];
  let position = 0;
  for (const [person, calls] of people) {
    const [newest] = calls;
    if (newest === undefined) continue;
    const isOpen = open.has(person);
    position += 1;
    rows.push({
      kind: "person",
      key: `person ${person}`,
      height: ROW_HEIGHT,
      position,
      person,
      newest,
      calls: calls.length,
      open: isOpen,
    });
    if (!isOpen) continue;
    for (const entry of calls) {
      position += 1;
      rows.push(callRow(entry, position, true));
    }
  }
  return rows;
}

function callRow(entry: CallEntry, position: number, inPerson: boolean): CallRow {
  return { kind: "call", key: keyOf(entry), height: ROW_HEIGHT, position, entry, inPerson };
}
