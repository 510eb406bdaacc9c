/** A page of calls in the store: of one size, and worth nothing unless all of it is there. */

import { describe, expect, test } from "vitest";
import { Books } from "../../client/books.ts";
import { missedCall } from "../../client/call_notes.ts";
import { dataIn, PLAIN_BYTES, pageIn, rowOf } from "../../client/call_rows.ts";
import { copy, hex } from "../../core/bytes.ts";
import { emptyPage, type Page } from "../../core/call_entry.ts";
import { encodePage, PAGE_BYTES } from "../../core/call_page.ts";
import { Media } from "../../core/content_records.ts";
import { FatalError } from "../../core/errors.ts";
import { AccountId, CallId, random } from "../../core/ids.ts";
import { booksOf, Person, rng } from "./people.ts";
import { asked, Device } from "./stores.ts";

const ROW_BYTES = PLAIN_BYTES + 32;

function pageOf(many: number): Page {
  const page = emptyPage();
  const contact = random(AccountId, rng);
  for (let at = 0; at < many; at++) {
    const call = random(CallId, rng);
    page.entries.set(hex(call), missedCall(call, contact, Media.VOICE, { at, verified: false }));
  }
  return page;
}

describe("a row", () => {
  test.each([0, 1, 1_600])("of %s calls is as long as every other", (many) => {
    const page = pageOf(many);
    const row = rowOf(page, rng);
    expect(row).toHaveLength(ROW_BYTES);
    expect(dataIn(row)).toEqual(encodePage(page));
    expect(pageIn(row)).toEqual(page);
  });

  test("has room for the longest page, and is above what databases keep among other values", () => {
    expect(PLAIN_BYTES).toBeGreaterThanOrEqual(PAGE_BYTES + 4);
    expect(PLAIN_BYTES).toBeGreaterThan(65_536);
  });

  test("says nothing of the row before, although the page is the same", () => {
    const page = pageOf(3);
    const [one, other] = [rowOf(page, rng), rowOf(page, rng)];
    const same = one.filter((byte, i) => byte === other[i]).length;
    expect(same).toBeLessThan(ROW_BYTES / 64);
  });

  test.each([0, 30_000, PLAIN_BYTES - 1, PLAIN_BYTES, ROW_BYTES - 1])(
    "opens nothing if its byte %s is lost",
    (at) => {
      const page = pageOf(200);
      const row = rowOf(page, rng);
      const calls = [...page.entries.keys()];
      const shows = (data: Uint8Array) => {
        const all = hex(data);
        return calls.some((call) => all.includes(call));
      };
      expect(shows(dataIn(row))).toBe(true); // the control
      const less = row.with(at, (row[at] ?? 0) ^ 1);
      expect(shows(dataIn(less))).toBe(false);
      expect(() => pageIn(less)).toThrow(FatalError);
      expect(() => pageIn(row.slice(1))).toThrow(FatalError);
    },
  );
});

test("what is deleted leaves no row of before in the database", async () => {
  const device = new Device();
  const store = await device.create();
  const anna = new Person();
  const { account } = new Person();
  await booksOf(store, anna, await anna.list());
  const books = await Books.open(store);
  const rows = async () => {
    const db = await device.raw();
    const all: { sealed: Uint8Array }[] = await asked(
      db.transaction("items").objectStore("items").getAll(),
    );
    db.close();
    return all.map(({ sealed }) => sealed).filter(({ length }) => length > ROW_BYTES);
  };
  const call = random(CallId, rng);
  const entry = missedCall(call, account, Media.VOICE, { at: books.now() - 60, verified: false });
  await store.transaction((unit) => books.calls.note(unit, entry));
  const [before, ...others] = (await rows()).map(copy);
  if (before === undefined) throw new Error("no row");
  expect(others).toEqual([]);
  const middle = hex(before.subarray(100, 164));
  expect(hex(await device.dump())).toContain(middle); // the control
  await store.transaction((unit) => books.calls.delete(unit, [call]));
  expect(hex(await device.dump())).not.toContain(middle);
  const [after, ...more] = await rows();
  expect([after?.length, more]).toEqual([before.length, []]);
  await store.close();
});
