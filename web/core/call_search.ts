/**
 * Finds calls as one types: by name and note, by what became of them, by person and by day.
 *
 * `find` says what is wanted and looks at nothing yet; what it returns looks at as many calls as are
 * asked of it, the newest first. Who types on narrows down what was found before.
 *
 * Texts are compared without case and accents, alike in every language and in Python
 * (`src/visavis/core/call_search.py`): compatibility decomposition (UAX #15), marks taken out, lower
 * case. Every word that is wanted must be in one of the names or in the note.
 *
 * Pure. Not for: what is kept (`call_log.ts`); what leaves the program (`call_export.ts`).
 */

import { type Direction, type Entry, type Key, Outcome } from "./call_entry.ts";
import { nameOf } from "./call_page.ts";
import type { Media } from "./content_records.ts";
import type { AccountId } from "./ids.ts";

/** What is wanted; null and false: whatever it is. */
export type Wanted = Readonly<{
  /** Words, each of which must be in a name or in the note. */
  text: string;
  /** Missed ones only. */
  missed: boolean;
  /** Pinned ones only. */
  pinned: boolean;
  direction: Direction | null;
  media: Media | null;
  /** One of its members. */
  contact: AccountId | null;
  /** Begun at this Unix second or later. */
  since: number | null;
  /** Begun before this Unix second. */
  until: number | null;
}>;

export const EVERYTHING: Wanted = {
  text: "",
  missed: false,
  pinned: false,
  direction: null,
  media: null,
  contact: null,
  since: null,
  until: null,
};

/** Contacts' names, by the hex of their accounts. */
export type Names = ReadonlyMap<Key, string>;

/** Seconds that local time is ahead of UTC, always or at a Unix second. */
export type Zone = number | ((at: number) => number);

/** Return how many seconds local time was ahead of UTC then. */
export function offsetAt(zone: Zone, at: number): number {
  return typeof zone === "number" ? zone : zone(at);
}

/** Return the local day of a Unix second, in days since 1 January 1970. */
export function dayOf(at: number, zone: Zone): number {
  return Math.floor((at + offsetAt(zone, at)) / 86_400);
}

/** Return a text as it is compared. */
export function fold(text: string): string {
  const bare = text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  // The one letter that has two lower cases.
  return bare.replaceAll("ς", "σ");
}

/** Return the words of a text as they are compared. */
export function wordsOf(text: string): readonly string[] {
  return fold(text)
    .split(/[ \t\r\n]/)
    .filter((word) => word !== "");
}

export type By = "day" | "person";

/** Calls that belong together. */
export type Group = Readonly<{
  /** Of a day its number (`dayOf`); of persons the hex of their accounts. */
  key: string;
  /** The newest first; of persons as far as was looked. */
  entries: readonly Entry[];
}>;

/** Which call is the next, by its place among all; undefined: there is none any more. */
type Source = Readonly<{ place: (number: number) => number | undefined }>;

/** Says whether a call is wanted, which has this place among all. */
type Test = (entry: Entry, place: number) => boolean;

/** What is looked into when words or a person are looked for. */
type Index = Readonly<{
  /** Numbers of each call's members. */
  members: readonly (readonly number[])[];
  /** Numbers of accounts. */
  numbers: ReadonlyMap<Key, number>;
  /** The name of each account, as it is compared. */
  names: readonly string[];
  /** The note of each call, as it is compared. */
  notes: readonly string[];
}>;

/** All calls, to be searched. */
export class CallSearch {
  readonly #entries: readonly Entry[];
  readonly #given: Names;
  #index: Index | undefined;
  #last: { wanted: Wanted; folded: string; found: Found } | undefined;

  /**
   * @param entries All calls, the newest first (`CallLog.entries`).
   * @param names An account without a name is found by its calls' notes only.
   */
  constructor(entries: readonly Entry[], names: Names) {
    this.#entries = entries;
    this.#given = names;
  }

  /**
   * Get ready for words and persons. The first search for one does it too: of 100,000 calls one
   * notices, so it is better done before, and after the first rows stand there.
   */
  prepare(): void {
    this.#indexed();
  }

  #indexed(): Index {
    this.#index ??= indexOf(this.#entries, this.#given);
    return this.#index;
  }

  /** Return what finds the calls that are wanted. */
  find(wanted: Wanted): Found {
    const folded = fold(wanted.text);
    const last = this.#last;
    const all: Source = {
      place: (number) => (number < this.#entries.length ? number : undefined),
    };
    // Each word of before is the beginning of a word of now: what did not have it has it still not.
    const narrows = last && folded.startsWith(last.folded) && sameFilters(last.wanted, wanted);
    const source = narrows ? last.found : all;
    const found = new Found(this.#entries, source, this.#test(wanted));
    this.#last = { wanted, folded, found };
    return found;
  }

  /** Return what says whether the call at a place is wanted. */
  #test(wanted: Wanted): Test {
    const filters = this.#filters(wanted);
    const wordsWanted = wordsOf(wanted.text);
    if (wordsWanted.length > 0) filters.push(this.#has(wordsWanted));
    return (entry, place) => {
      for (const fits of filters) if (!fits(entry, place)) return false;
      return true;
    };
  }

  /** Return what says whether every word is in a name of a call or in its note. */
  #has(wanted: readonly string[]): Test {
    const { members, names, notes } = this.#indexed();
    // A name is looked into once, not with each of its calls.
    const words = wanted.map((word) => ({
      word,
      named: Uint8Array.from(names, (name) => (name.includes(word) ? 1 : 0)),
    }));
    const isIn = (place: number, word: string, named: Uint8Array) => {
      for (const member of members[place] ?? []) if (named[member] === 1) return true;
      const note = notes[place];
      return note !== undefined && note !== "" && note.includes(word);
    };
    return (_, place) => {
      for (const { word, named } of words) if (!isIn(place, word, named)) return false;
      return true;
    };
  }

  #filters(wanted: Wanted): Test[] {
    const { missed, pinned, direction, media, contact, since, until } = wanted;
    const filters: Test[] = [];
    if (missed) filters.push(({ outcome }) => outcome === Outcome.MISSED);
    if (pinned) filters.push(({ mark }) => mark.pinned);
    if (direction !== null) filters.push((entry) => entry.direction === direction);
    if (media !== null) filters.push((entry) => entry.media === media);
    if (since !== null) filters.push(({ at }) => at >= since);
    if (until !== null) filters.push(({ at }) => at < until);
    if (contact !== null) {
      const { members, numbers } = this.#indexed();
      const number = numbers.get(nameOf(contact)) ?? -1;
      filters.push((_, place) => members[place]?.includes(number) === true);
    }
    return filters;
  }
}

function indexOf(entries: readonly Entry[], given: Names): Index {
  const numbers = new Map<Key, number>();
  const numberOf = (account: AccountId) => {
    const key = nameOf(account);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, numbers.size);
    return numbers.size - 1;
  };
  const members = entries.map((entry) => entry.members.map(numberOf));
  const names = [...numbers.keys()].map((key) => fold(given.get(key) ?? ""));
  const notes = entries.map(({ mark }) => (mark.note === "" ? "" : fold(mark.note)));
  return { members, numbers, names, notes };
}

function sameFilters(one: Wanted, other: Wanted): boolean {
  const contact = (wanted: Wanted) => wanted.contact && nameOf(wanted.contact);
  return (
    one.missed === other.missed &&
    one.pinned === other.pinned &&
    one.direction === other.direction &&
    one.media === other.media &&
    contact(one) === contact(other) &&
    one.since === other.since &&
    one.until === other.until
  );
}

/** What was found, as far as was looked. */
export class Found {
  readonly #entries: readonly Entry[];
  readonly #source: Source;
  readonly #test: Test;
  /** Places of what was found. */
  readonly #places: number[] = [];
  #looked = 0;
  #complete = false;

  constructor(entries: readonly Entry[], source: Source, test: Test) {
    this.#entries = entries;
    this.#source = source;
    this.#test = test;
  }

  /** How many calls were looked at. */
  get looked(): number {
    return this.#looked;
  }

  /** All calls were looked at: groups of persons have all their calls in them. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Return the place of one that was found, looking on as far as it takes. */
  place(number: number): number | undefined {
    while (number >= this.#places.length && !this.#complete) {
      const place = this.#source.place(this.#looked);
      const entry = place === undefined ? undefined : this.#entries[place];
      if (place === undefined || entry === undefined) {
        this.#complete = true;
      } else {
        this.#looked++;
        if (this.#test(entry, place)) this.#places.push(place);
      }
    }
    return this.#places[number];
  }

  /** Return the newest, so many at most. */
  first(count: number): readonly Entry[] {
    const entries: Entry[] = [];
    for (const entry of this) {
      if (entries.length >= count) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Return all. */
  all(): readonly Entry[] {
    return [...this];
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (let number = 0; ; number++) {
      const place = this.place(number);
      const entry = place === undefined ? undefined : this.#entries[place];
      if (entry === undefined) return;
      yield entry;
    }
  }

  /**
   * Return the first groups, that with the newest call first.
   *
   * Looks no further than it must: days are whole; of persons there is what was looked at so far,
   * and the rest after `all`.
   *
   * @param count How many groups at most.
   */
  groups(by: By, count: number, zone: Zone): readonly Group[] {
    const groups = new Map<string, Entry[]>();
    for (const entry of this) {
      const key = by === "day" ? String(dayOf(entry.at, zone)) : personsOf(entry);
      const group = groups.get(key);
      if (group !== undefined) group.push(entry);
      else if (groups.size < count) groups.set(key, [entry]);
      else if (by === "day" || !this.#complete) break;
    }
    return [...groups].map(([key, entries]) => ({ key, entries }));
  }
}

function personsOf({ members }: Entry): string {
  return members.map(nameOf).join(" ");
}
