/** Search and export of calls: as in Python, lazily, and harmless to spreadsheets. */

import { describe, expect, test } from "vitest";
import { fromHex, hex, uint } from "../core/bytes.ts";
import { type Entry, NO_MARK, Outcome } from "../core/call_entry.ts";
import { localTime, toCsv, toJson } from "../core/call_export.ts";
import { decodePage } from "../core/call_page.ts";
import { CallSearch, dayOf, EVERYTHING, fold, type Wanted, wordsOf } from "../core/call_search.ts";
import { AccountId, CallId } from "../core/ids.ts";
import { Dice, loadCore, rows } from "./core_vectors.ts";

const VECTORS = loadCore("calls-shown");
const NAMES = new Map(rows<readonly [string, string]>(VECTORS, "names"));
const ENTRIES = VECTORS.datas("entries").flatMap((page) => [...decodePage(page).entries.values()]);
type Fields = Omit<Wanted, "contact"> & Readonly<{ contact: string | null }>;
const FOUND = rows<readonly [Fields, readonly string[]]>(VECTORS, "found");

function wantedOf({ contact, ...rest }: Fields): Wanted {
  return { ...rest, contact: contact === null ? null : new AccountId(fromHex(contact)) };
}

function calls(entries: Iterable<Entry>): readonly string[] {
  return Array.from(entries, ({ call }) => hex(call));
}

describe("as in Python", () => {
  test("texts are compared", () => {
    for (const [text, folded] of rows<readonly [string, string]>(VECTORS, "folded")) {
      expect(fold(text)).toBe(folded);
    }
  });

  test("the same calls are found, whether or not something was looked for before", () => {
    const search = new CallSearch(ENTRIES, NAMES);
    const sizes = new Set<number>();
    for (const [fields, expected] of FOUND) {
      const wanted = wantedOf(fields);
      expect(calls(search.find(wanted)), JSON.stringify(fields)).toEqual(expected);
      expect(calls(new CallSearch(ENTRIES, NAMES).find(wanted))).toEqual(expected);
      sizes.add(expected.length);
    }
    expect(sizes).toContain(0);
    expect(sizes).toContain(ENTRIES.length);
    expect(sizes.size).toBeGreaterThan(8);
  });

  test("what is typed letter by letter finds the same", () => {
    for (const [fields, expected] of FOUND) {
      const search = new CallSearch(ENTRIES, NAMES);
      for (let typed = 0; typed < fields.text.length; typed++) {
        search.find({ ...wantedOf(fields), text: fields.text.slice(0, typed) }).first(typed % 5);
      }
      expect(calls(search.find(wantedOf(fields)))).toEqual(expected);
    }
  });

  test("moments in local time", () => {
    for (const [at, zone, shown] of rows<readonly [number, number, string]>(VECTORS, "times")) {
      expect(localTime(at, zone)).toBe(shown);
      expect(localTime(at, () => zone)).toBe(shown);
    }
  });

  test("the files, byte for byte", () => {
    type File = readonly [zone: number, count: number, csv: string, json: string];
    for (const [zone, count, csv, json] of rows<File>(VECTORS, "files")) {
      const few = ENTRIES.slice(0, count);
      expect(toCsv(few, NAMES, zone)).toBe(csv);
      expect(toJson(few, NAMES, zone)).toBe(json);
      expect(JSON.parse(json)).toMatchObject({ version: 1 });
    }
    const [all] = VECTORS.values("all");
    expect(toCsv(ENTRIES, NAMES, -12_600)).toBe(all);
  });

  test("nothing of the vectors was passed over", () => VECTORS.finish());
});

/** Read a table as RFC 4180 says. */
function table(csv: string): readonly (readonly string[])[] {
  const found: string[][] = [[]];
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    found.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? "");
    if (end === "\r\n") found.push([]);
  }
  return found.slice(0, -1);
}

describe("an export", () => {
  test("comes out of its table as it went in, but for the quote of a formula", () => {
    const read = table(toCsv(ENTRIES, NAMES, 0));
    expect(read.length).toBe(1 + ENTRIES.length);
    expect(new Set(read.map((row) => row.length))).toEqual(new Set([13]));
    const notes = read.slice(1).map((row) => row[12]);
    const formulas = ENTRIES.filter(({ mark }) => /^[=+\-@\t\r]/.test(mark.note));
    expect(formulas.length).toBeGreaterThan(3);
    for (const [at, { mark }] of ENTRIES.entries()) {
      if (!/(?:^|; *)[=+\-@\t\r]/.test(mark.note)) expect(notes[at]).toBe(mark.note);
      else expect(notes[at]?.replaceAll(/(^|; *)'/g, "$1")).toBe(mark.note);
    }
  });

  test("has no cell that a spreadsheet takes for a formula, at commas or semicolons", () => {
    const cells = table(toCsv(ENTRIES, NAMES, 0)).flat();
    const pieces = cells.flatMap((cell) => [
      cell,
      ...cell.split(";").map((one) => one.trimStart()),
    ]);
    expect(pieces.filter((piece) => /^[=+\-@\t\r]/.test(piece))).toEqual([]);
    // The control: in the names and notes there are such.
    expect([...NAMES.values()].some((name) => name.startsWith("="))).toBe(true);
    expect(cells.some((cell) => cell.startsWith("'="))).toBe(true);
  });

  test("names nobody and no call by id", () => {
    const whole = toCsv(ENTRIES, NAMES, 0) + toJson(ENTRIES, NAMES, 0);
    for (const { call, members } of ENTRIES) {
      for (const id of [call, ...members]) expect(whole).not.toContain(hex(id));
    }
    expect(whole).toContain("unknown");
    expect(whole).toContain("Anna"); // The control.
  });
});

/** Many calls, the newest first. */
function many(count: number): readonly Entry[] {
  const dice = new Dice(4);
  const accounts = Array.from({ length: 50 }, (_, number) => new AccountId(uint(number, 16)));
  return Array.from({ length: count }, (_, number) => ({
    call: new CallId(uint(number, 16)),
    members: [dice.pick(accounts)],
    direction: "incoming",
    media: "voice",
    outcome: dice.pick([Outcome.MISSED, Outcome.ANSWERED]),
    at: 1_800_000_000 - 3_600 * number,
    seconds: 0,
    verified: false,
    recorded: false,
    via: "none",
    quality: "unknown",
    suite: 0,
    mark: NO_MARK,
  }));
}

describe("many calls", () => {
  const entries = many(5_000);
  const names = new Map(
    entries.map(({ members: [one] }) => [one ? hex(one) : "", `name ${one?.at(-1)} end`]),
  );

  test("a first screen looks at a few of them", () => {
    const search = new CallSearch(entries, names);
    const found = search.find({ ...EVERYTHING, text: "name" });
    expect(found.looked).toBe(0);
    expect(calls(found.first(20))).toEqual(calls(entries.slice(0, 20)));
    expect(found.looked).toBeLessThan(30);
    const days = found.groups("day", 3, 0);
    expect(days.length).toBe(3);
    expect(found.looked).toBeLessThan(100);
    expect(found.complete).toBe(false);
    const persons = found.groups("person", 5, 0);
    expect(new Set(persons.map(({ key }) => key)).size).toBe(5);
    expect(found.looked).toBeLessThan(200);
    expect(found.all().length).toBe(5_000);
    expect(found.complete).toBe(true);
    const [first] = found.groups("person", 5, 0);
    const whole = entries.filter(({ members: [one] }) => one && hex(one) === first?.key);
    expect(first?.entries).toEqual(whole);
    expect(found.groups("person", 99, 0).length).toBe(50);
  });

  test("who types on looks at what was found only; who does not, at all", () => {
    const search = new CallSearch(entries, names);
    search.find({ ...EVERYTHING, text: "name 1" }).all();
    const narrower = search.find({ ...EVERYTHING, text: "name 11" });
    const count = narrower.all().length;
    expect(narrower.looked).toBeLessThan(2_000);
    expect(count).toBeGreaterThan(50);
    const other = search.find({ ...EVERYTHING, text: "name 11", missed: true });
    expect(other.all().length).toBeLessThan(count);
    expect(other.looked).toBe(5_000);
    const back = search.find({ ...EVERYTHING, text: "name 1" });
    expect(back.all().length).toBeGreaterThan(count);
    expect(back.looked).toBe(5_000);
  });

  test("days are those of the place where one is, whole and in order", () => {
    const summer = (at: number) => (at > 1_799_900_000 ? 7_200 : 3_600);
    const found = new CallSearch(entries, names).find(EVERYTHING);
    const days = found.groups("day", 1_000, summer);
    expect(days.flatMap((day) => day.entries)).toEqual(entries);
    for (const { key, entries: its } of days) {
      for (const { at } of its) expect(String(dayOf(at, summer))).toBe(key);
    }
    expect(dayOf(86_399, 0)).toBe(0);
    expect(dayOf(86_399, 1)).toBe(1);
    expect(dayOf(0, -1)).toBe(-1);
    expect(wordsOf(" \n")).toEqual([]);
  });
});
