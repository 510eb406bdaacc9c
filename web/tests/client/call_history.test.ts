/** The history of calls: noted, kept as long as said, deleted everywhere, synced as ciphertext. */

import { beforeEach, describe, expect, test } from "vitest";
import { Books } from "../../client/books.ts";
import { pageIn } from "../../client/call_rows.ts";
import type { Known } from "../../client/contact_book.ts";
import { BUCKETS, vaultKeys } from "../../client/vault_read.ts";
import { kept } from "../../client/vault_state.ts";
import { type Bytes, compare, concat, hex, uint, utf8 } from "../../core/bytes.ts";
import {
  Direction,
  type Entry,
  NO_CUT,
  NO_MARK,
  Outcome,
  type Page,
  Quality,
  Via,
} from "../../core/call_entry.ts";
import { ALL_RING } from "../../core/contact_rules.ts";
import { KEEP_EVER, Media } from "../../core/content_records.ts";
import { Code, FatalError, UnavailableError } from "../../core/errors.ts";
import { CallId } from "../../core/ids.ts";
import {
  type Choices,
  DEFAULT,
  decided,
  FIELDS,
  HOUR_S,
  PRESETS,
  Preset,
  WHY_NOT_LESS,
} from "../../core/keeping.ts";
import { rng } from "./people.ts";
import {
  atWork,
  befriend,
  begin,
  changeKey,
  clock,
  contents,
  type Device,
  device,
  know,
  refusal,
  remove,
  server,
  two,
} from "./vault_world.ts";

beforeEach(begin);

const callId = (number: number) => new CallId(concat(utf8("call"), uint(number, 12)));

function entry(contact: Known, number: number, more: Partial<Entry> = {}): Entry {
  return {
    call: callId(number),
    members: [contact.account],
    direction: Direction.OUTGOING,
    media: Media.VIDEO,
    outcome: Outcome.ANSWERED,
    at: clock.time - 60,
    seconds: 30,
    verified: false,
    recorded: false,
    via: Via.RELAYED,
    quality: Quality.UNKNOWN,
    suite: 0xf04d,
    mark: NO_MARK,
    ...more,
  };
}

async function note({ books }: Device, ...entries: Entry[]): Promise<void> {
  for (const one of entries) {
    await books.store.transaction((unit) => books.calls.note(unit, one));
  }
}

const A_PAGE = 1_600;

/** Have a device hold pages that are all but full. */
async function fill({ books }: Device, contact: Known, pages: number): Promise<void> {
  const page = (): Page => {
    const made = Array.from({ length: A_PAGE }, (_, i) => {
      const call = new CallId(rng(16));
      return [hex(call), entry(contact, 0, { call, at: clock.time - 60 - i })] as const;
    });
    return { cut: NO_CUT, entries: new Map(made), gone: new Set() };
  };
  const made = Array.from({ length: pages }, () => [hex(rng(16)), page()] as const);
  await books.store.transaction((unit) => books.calls.takePages(unit, new Map(made)));
}

/** The numbers of the calls that are there. */
function calls({ books }: Device): number[] {
  return books.calls
    .entries()
    .map(({ call }) => call.at(-1) ?? 0)
    .sort();
}

const erase = ({ books }: Device, ...numbers: number[]) =>
  books.store.transaction((unit) => books.calls.delete(unit, numbers.map(callId)));

const mark = ({ books }: Device, number: number, what: { pinned: boolean; note: string }) =>
  books.store.transaction((unit) => books.calls.mark(unit, callId(number), what));

async function decide({ books }: Device, chosen: Partial<Choices>): Promise<void> {
  await books.store.transaction((unit) => {
    const { calls, device: by } = books;
    calls.setSettings(unit, decided(calls.settings(unit), by, chosen));
  });
}

async function rule({ books }: Device, { account }: Known, keeps: number | null): Promise<void> {
  await books.store.transaction((unit) => {
    const known = books.contacts.get(unit, account);
    if (known === undefined) throw new Error("no contact");
    known.rules = { ...ALL_RING, keeps };
    books.contacts.save(unit, known);
  });
}

/** Have the vault written and read, as happens within the hour. */
async function write(...devices: Device[]): Promise<void> {
  for (const one of devices) await one.vault.write();
}

/** Two devices of one account that have a contact. */
async function withBob(): Promise<readonly [Device, Device, Known]> {
  const [phone, laptop] = await two();
  const bob = await befriend(phone, "bob.12345");
  await know(laptop, bob, phone);
  await write(phone, laptop);
  return [phone, laptop, bob];
}

describe("two devices", () => {
  test("have one history: entries of both, and of one call the better outcome (R-07)", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1), entry(bob, 2, { outcome: Outcome.MISSED, seconds: 0 }));
    await note(laptop, entry(bob, 2), entry(bob, 3));
    await write(phone, laptop, phone);
    expect(phone.books.calls.entries()).toEqual(laptop.books.calls.entries());
    expect(calls(phone)).toEqual([1, 2, 3]);
    const outcomes = new Set(phone.books.calls.entries().map(({ outcome }) => outcome));
    expect(outcomes).toEqual(new Set([Outcome.ANSWERED]));
  });

  test("a new entry waits for its hour: a write after each call would be evidence of it (P6)", async () => {
    const [phone, , bob] = await withBob();
    expect(phone.vault.dueAt).toBe(0);
    await note(phone, entry(bob, 1));
    expect(phone.vault.dueAt).toBeGreaterThanOrEqual(clock.time);
    expect(phone.vault.dueAt).toBeLessThan(clock.time + HOUR_S);
  });

  test("who comes late reads what a sibling wrote, once it hears of it", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1));
    await write(phone);
    await laptop.vault.follow();
    expect(calls(laptop)).toEqual([]); // it has heard of nothing
    const counter = phone.told.at(-1) ?? 0;
    await laptop.store.transaction((unit) => laptop.vault.seen(unit, counter));
    await laptop.vault.follow();
    expect(calls(laptop)).toEqual([1]);
    expect(laptop.vault.dueAt).toBe(0); // what it read it need not write
  });

  test("a delete wins over a device that was away", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1));
    await write(phone, laptop);
    expect(calls(laptop)).toEqual([1]); // the control
    await mark(laptop, 1, { pinned: true, note: "about the roof" });
    await erase(phone, 1);
    await note(laptop, entry(bob, 1, { seconds: 900 }));
    await write(laptop, phone, laptop);
    expect([calls(phone), calls(laptop)]).toEqual([[], []]);
  });

  test("notes and pins reach the other one", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1));
    await mark(phone, 1, { pinned: true, note: "about the roof" });
    await write(phone, laptop);
    const [found] = laptop.books.calls.entries();
    expect(found?.mark).toMatchObject({ note: "about the roof", pinned: true });
    const none = await refusal(mark(phone, 9, { pinned: true, note: "" }));
    expect(none).toMatchObject({ code: Code.REFUSED });
  });

  test("deleting all reaches what was not synced, and nothing that comes after", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1));
    await note(laptop, entry(bob, 2));
    await phone.store.transaction((unit) => phone.books.calls.deleteAll(unit));
    await note(laptop, entry(bob, 3, { at: clock.time + 5 }));
    await write(phone, laptop, phone);
    expect([calls(phone), calls(laptop)]).toEqual([[3], [3]]);
  });

  test("have the same settings, and the least is kept (R-08)", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1));
    await write(phone, laptop);
    await decide(phone, { keep: 0 });
    expect(calls(phone)).toEqual([]);
    await write(phone, laptop);
    expect(calls(laptop)).toEqual([]);
    expect(laptop.books.calls.settings(laptop.store).keep).toBe(0);
    await note(laptop, entry(bob, 2));
    expect(calls(laptop)).toEqual([]);
  });

  test("without sync nothing of it stands in the vault", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1));
    await write(phone, laptop);
    const stands = async () =>
      [...(await contents(phone)).pages.values()].map((p) => p.entries.size);
    expect(await stands()).toEqual([1]);
    await decide(phone, { sync: false });
    await write(phone, laptop, phone);
    await note(phone, entry(bob, 2));
    await write(phone, laptop);
    expect([calls(phone), calls(laptop)]).toEqual([[1, 2], [1]]);
    expect(await stands()).toEqual([0]);
  });

  test("a page that a program took for a free slot, before it knew of pages, is read anew", async () => {
    const [phone, laptop, bob] = await withBob();
    await note(phone, entry(bob, 1));
    await write(phone);
    await laptop.vault.refresh();
    // As the program of before left it: all is read, and a page is nothing.
    await laptop.store.transaction((unit) => {
      for (const { id, digest, item } of kept(laptop.store).values()) {
        if (hex(item) === hex(utf8("calls"))) unit.put("vault.slot", id, digest);
      }
      for (const [id] of unit.items("calls.page")) unit.delete("calls.page", id);
      unit.delete("vault", utf8("layout"));
    });
    const old = await reopened(laptop);
    expect(calls(old)).toEqual([]);
    for (let i = 0; i < 8; i++) await old.vault.write();
    expect(calls(old)).toEqual([1]);
    await phone.vault.refresh();
    expect(calls(phone)).toEqual([1]);
  });
});

describe("what is kept", () => {
  test("is less for one contact, at once, and of a call with several the least", async () => {
    const [phone, , bob] = await withBob();
    const carol = await befriend(phone, "carol.12345");
    await note(phone, entry(bob, 1), entry(carol, 2));
    await rule(phone, bob, 0);
    expect(calls(phone)).toEqual([2]);
    expect(numbersOnDisk(phone)).toEqual([2]);
    const both = [bob.account, carol.account].sort(compare);
    await note(phone, entry(bob, 3), entry(bob, 4, { members: both }));
    expect(calls(phone)).toEqual([2]);
    await rule(phone, bob, null);
    await note(phone, entry(bob, 5));
    expect(calls(phone)).toEqual([2, 5]);
  });

  test("is what the settings say, once a contact with a longer rule is none any more", async () => {
    const [phone, , bob] = await withBob();
    await decide(phone, { keep: 1 });
    await rule(phone, bob, KEEP_EVER);
    await note(phone, entry(bob, 1, { at: clock.time - 2 * HOUR_S }));
    expect(calls(phone)).toEqual([1]);
    await remove(phone, bob);
    expect(numbersOnDisk(phone)).toEqual([]);
  });

  test("stays although the contact goes", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1));
    await remove(phone, bob);
    const [found] = phone.books.calls.entries();
    expect(found?.members).toEqual([bob.account]);
  });

  test("expires without anybody looking: by the query, and by the look every minute (R-08)", async () => {
    const [phone, , bob] = await withBob();
    await decide(phone, { keep: 1 });
    await note(phone, entry(bob, 1));
    await phone.books.calls.expireIfDue();
    const shown = phone.books.calls.entries();
    expect(calls(phone)).toEqual([1]);
    clock.time += HOUR_S - 31;
    await phone.books.calls.expireIfDue();
    expect(phone.books.calls.entries()).toBe(shown);
    clock.time += 1;
    expect(calls(phone)).toEqual([]);
    expect(numbersOnDisk(phone)).toEqual([1]);
    await phone.books.calls.expireIfDue();
    expect(numbersOnDisk(phone)).toEqual([]);
  });

  test("nothing is written by a look when nothing is due", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1));
    await phone.books.calls.expireIfDue();
    const { written } = phone.store;
    for (let i = 0; i < 5; i++) {
      clock.time += 60;
      await phone.books.calls.expireIfDue();
    }
    expect(phone.store.written).toBe(written);
  });

  test("is not taken away at once by a clock that jumps by years", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1));
    const expire = () => phone.store.transaction((unit) => phone.books.calls.expire(unit));
    await expire();
    const start = clock.time;
    const jumped = start + 10 * 365 * 86_400;
    for (const [time, left] of [
      [jumped, [1]],
      [start + 60, [1]],
      [jumped, [1]],
      [jumped + 86_400, []], // the control: a clock that stays there is believed after a day
    ] as const) {
      clock.time = time;
      await expire();
      expect(calls(phone)).toEqual(left);
      expect(numbersOnDisk(phone)).toEqual(left);
    }
  });

  test("has no details where they are not wanted", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1));
    await decide(phone, { details: false });
    await note(phone, entry(bob, 2));
    for (const { via, suite } of phone.books.calls.entries()) {
      expect([via, suite]).toEqual([Via.NONE, 0]);
    }
  });

  test("a call was recorded if one device says so, or before a reload", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1, { seconds: 5, recorded: true }));
    await note(phone, entry(bob, 1, { seconds: 50 }));
    expect(phone.books.calls.entries()).toMatchObject([{ seconds: 50, recorded: true }]);
    const later = entry(bob, 2, { seconds: 12 });
    await phone.store.transaction((unit) => phone.books.calls.note(unit, later, callId(1)));
    expect(phone.books.calls.entries()).toMatchObject([{ seconds: 62, recorded: true }]);
    await note(phone, entry(bob, 3)); // control
    expect(phone.books.calls.entries().map(({ recorded }) => recorded)).toContain(false);
  });

  test("a call that goes on after a reload is one", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1, { seconds: 30 }));
    const later = entry(bob, 2, { direction: Direction.INCOMING, at: clock.time, seconds: 12 });
    await phone.store.transaction((unit) => phone.books.calls.note(unit, later, callId(1)));
    expect(phone.books.calls.entries()).toMatchObject([
      { call: callId(1), direction: Direction.OUTGOING, at: clock.time - 60, seconds: 42 },
    ]);
  });
});

describe("on this device", () => {
  test("what is shown stays the same object until something is on disk", async () => {
    const [phone, , bob] = await withBob();
    let told = 0;
    phone.books.calls.onChange(() => {
      told++;
    });
    const before = phone.books.calls.entries();
    const stop = new Error("half-way");
    const failing = phone.store.transaction((unit) => {
      phone.books.calls.note(unit, entry(bob, 1));
      expect(phone.books.calls.get(unit, callId(1))).toBeDefined();
      expect(phone.books.calls.get(phone.store, callId(1))).toBeUndefined();
      throw stop;
    });
    expect(await refusal(failing)).toBe(stop);
    expect([phone.books.calls.entries(), told]).toEqual([before, 0]);
    expect(phone.books.calls.entries()).toBe(before);
    phone.store.failing = new UnavailableError(Code.DISK_FULL, "full");
    expect(await refusal(note(phone, entry(bob, 1)))).toMatchObject({ code: Code.DISK_FULL });
    phone.store.failing = undefined;
    await note(phone, entry(bob, 2));
    expect([calls(phone), told]).toEqual([[2], 1]);
    expect(phone.books.calls.entries()).not.toBe(before);
    expect(calls(await reopened(phone))).toEqual([2]);
  });

  test("pages that were decoded ahead are what is there, and are asked for once", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1), entry(bob, 2));
    const again = await reopened(phone);
    await again.books.calls.prepare(new AbortController().signal);
    await erase(again, 1);
    expect(calls(again)).toEqual([2]);
    expect(calls(await reopened(again))).toEqual([2]);
  });

  test("no page is decoded before somebody asks, nor by a look when nothing is due", async () => {
    const [phone, , bob] = await withBob();
    await note(phone, entry(bob, 1));
    await phone.books.calls.expireIfDue();
    const [[id, row] = []] = phone.store.items("calls.page");
    if (id === undefined || row === undefined) throw new Error("no page");
    await phone.store.transaction((unit) => unit.put("calls.page", id, row.slice(1)));
    const again = await reopened(phone);
    await again.books.calls.expireIfDue();
    expect(() => again.books.calls.entries()).toThrow(FatalError);
  });

  test("100,000 calls are there when asked for, and each change of them is soon on disk", async () => {
    const [phone, , bob] = await withBob();
    await fill(phone, bob, 62);
    const took: Record<string, number> = {};
    const timed = async (name: string, work: () => unknown) => {
      const began = performance.now();
      await work();
      took[name] = Math.round(performance.now() - began);
    };
    let again = phone;
    await timed("open", async () => {
      again = await reopened(phone);
    });
    await timed("prepare", () => again.books.calls.prepare(new AbortController().signal));
    await timed("first look", () => expect(again.books.calls.entries()).toHaveLength(62 * A_PAGE));
    await timed("note", () => note(again, entry(bob, 1)));
    await timed("look", () => expect(again.books.calls.entries()).toHaveLength(62 * A_PAGE + 1));
    await timed("expire", () => again.books.calls.expireIfDue());
    await timed("delete one", () => erase(again, 1));
    await timed("vault", () => again.vault.write());
    expect(took["open"]).toBeLessThan(1_000);
    expect(took["note"]).toBeLessThan(1_000);
  });

  test("the table of presets has every setting, and each default its reason (R-09, R-71)", () => {
    const least = { keep: 0, details: false, sync: false, trace: false };
    expect(Object.keys(least).sort()).toEqual([...FIELDS].sort());
    expect(PRESETS[Preset.BALANCED]).toBe(DEFAULT);
    for (const name of FIELDS) {
      expect(DEFAULT[name] === least[name] || WHY_NOT_LESS[name].length > 0).toBe(true);
      expect(PRESETS[Preset.NOTHING_KEPT][name]).toBe(least[name]);
    }
    expect(PRESETS[Preset.CONVENIENT].keep).toBe(KEEP_EVER);
  });
});

describe("the server", () => {
  test("gets pages of one size, whatever is in them, and cannot read them (R-07)", async () => {
    const [phone, , bob] = await withBob();
    server.writes.length = 0;
    await phone.vault.write();
    for (let i = 1; i < 400; i += 100) {
      await phone.store.transaction((unit) => {
        for (let k = i; k < i + 100; k++) phone.books.calls.note(unit, entry(bob, k));
      });
    }
    await phone.vault.write();
    await rule(phone, bob, 0);
    await phone.vault.write();
    const shapes = new Set(server.writes.map((one) => JSON.stringify([one.slots, ...one.sizes])));
    expect(server.writes).toHaveLength(3);
    expect([...shapes]).toEqual([JSON.stringify([5, ...BUCKETS])]);
    const all = hex(concat(...server.slots.values()));
    for (const secret of [bob.account, callId(1)]) expect(all).not.toContain(hex(secret));
  });

  test("more contacts than one request holds go over to a new key, in several writes (P3)", async () => {
    const one = await device();
    for (let i = 0; i < 90; i++) await befriend(one, `bob.${i}`);
    for (let i = 0; i < 8; i++) await one.vault.write();
    expect((await contents(one)).contacts).toHaveLength(90);
    server.writes.length = 0;
    await changeKey(one);
    expect(server.writes.length).toBeGreaterThan(1);
    for (const { slots } of server.writes) expect(slots).toBeLessThanOrEqual(64);
    expect(vaultKeys(one.books.profile.vaultKeys)).toHaveLength(2);
    expect((await contents(one)).contacts).toHaveLength(90); // which opens with the newest alone
    expect((await contents(one)).pages.size).toBe(1);
  });

  test("pages from which calls were deleted are all written, and first", async () => {
    const [phone, , bob] = await withBob();
    await fill(phone, bob, 3);
    for (let i = 0; i < 2; i++) await phone.vault.write(); // new pages go at once
    const all = phone.store.count("calls.page");
    const stands = async () =>
      [...(await contents(phone)).pages.values()].map((p) => p.entries.size);
    expect([all, await stands()]).toEqual([4, expect.arrayContaining([A_PAGE, A_PAGE, A_PAGE])]);
    await note(phone, entry(bob, 1));
    await rule(phone, bob, 0);
    server.writes.length = 0;
    await phone.vault.write();
    expect(server.writes[0]?.slots).toBe(4 + 3); // and not the one that was empty
    expect(await stands()).toEqual([0, 0, 0, 0]);
  });
});

async function reopened({ books, store }: Device): Promise<Device> {
  return atWork(await Books.open(store, { now: () => books.now() }), store);
}

/** The calls in the rows of the store, whether or not they are shown. */
function numbersOnDisk({ store }: Device): number[] {
  return store.items("calls.page").flatMap(([, row]) => numbersIn(row));
}

function numbersIn(row: Bytes): number[] {
  return [...pageIn(row).entries.values()].map(({ call }) => call.at(-1) ?? 0).sort();
}
