/** The call log: as in Python; what two devices did apart becomes one (CK-700 to CK-702). */

import { describe, expect, test } from "vitest";
import { type Bytes, concat, fromHex, hex, uint } from "../core/bytes.ts";
import {
  type Entry,
  emptyPage,
  goneMark,
  marked,
  mergeEntries,
  NO_MARK,
  Outcome,
  type Page,
  Quality,
  Via,
} from "../core/call_entry.ts";
import { AHEAD_S, CallLog } from "../core/call_log.ts";
import { decodePage, encodePage, isPage, roomFor, roomOf } from "../core/call_page.ts";
import { decodeMap } from "../core/cbor.ts";
import { Media } from "../core/content_records.ts";
import { UsageError } from "../core/errors.ts";
import { AccountId, CallId, DeviceId, Digest } from "../core/ids.ts";
import {
  DEFAULT,
  decodeSettings,
  encodeSettings,
  FIELDS,
  keepsS,
  newer,
  PRESETS,
  Preset,
} from "../core/keeping.ts";
import { Dice, loadCore, outcome, plain, rows } from "./core_vectors.ts";
import { MismatchError } from "./vector_element.ts";

const NOW = 1_800_000_000;
const PHONE = new DeviceId(new Uint8Array(16).fill(1));
const LAPTOP = new DeviceId(new Uint8Array(16).fill(2));

/** Ids of new pages: a number that goes up, 16 bytes of it. */
function counting(which: number) {
  let next = BigInt(which) << 64n;
  return (size: number) => uint(next++, size);
}

function callId(number: number): CallId {
  return new CallId(concat(new TextEncoder().encode("call"), uint(number, 12)));
}

function account(number: number): AccountId {
  return new AccountId(uint(number, 16));
}

function entry(number = 1, fields: Partial<Entry> = {}): Entry {
  return {
    call: callId(number),
    members: [account(1)],
    direction: "incoming",
    media: Media.VOICE,
    outcome: Outcome.MISSED,
    at: NOW + number,
    seconds: 0,
    verified: false,
    recorded: false,
    via: Via.NONE,
    quality: Quality.UNKNOWN,
    suite: 0,
    mark: NO_MARK,
    ...fields,
  };
}

function pageOf(...entries: readonly Entry[]): Page {
  const page = emptyPage();
  for (const one of entries) page.entries.set(hex(one.call), one);
  return page;
}

function entriesOf(page: string): readonly Entry[] {
  return [...decodePage(fromHex(page)).entries.values()];
}

function only(page: string): Entry {
  const [one, ...more] = entriesOf(page);
  if (one === undefined || more.length > 0) throw new MismatchError("not one entry");
  return one;
}

function pagesOf(log: CallLog): readonly (readonly [string, string])[] {
  const pages = [...log.pages].map(([id, page]) => [id, hex(encodePage(page))] as const);
  return pages.sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Do what a device does with all the pages of another. */
function take(log: CallLog, from: CallLog, rng: (size: number) => Bytes): void {
  for (const [id, data] of pagesOf(from)) log.merge(id, decodePage(fromHex(data)), rng);
}

type Step =
  | readonly ["add", which: number, page: string]
  | readonly ["delete", which: number, call: string]
  | readonly ["mark", which: number, call: string, device: string, pinned: boolean, note: string]
  | readonly ["all" | "expire", which: number, at: number]
  | readonly ["merge", which: number, other: number];

function live(steps: readonly Step[]): readonly CallLog[] {
  const logs = [new CallLog(), new CallLog(), new CallLog()];
  const rngs = [counting(1), counting(2), counting(3)];
  const device = (which: number) => {
    const [log, rng] = [logs[which], rngs[which]];
    if (log === undefined || rng === undefined) throw new MismatchError("no such device");
    return { log, rng };
  };
  for (const step of steps) {
    const { log, rng } = device(step[1]);
    const before = new Map(pagesOf(log));
    let touched: ReadonlySet<string> = new Set();
    switch (step[0]) {
      case "add":
        touched = log.add(only(step[2]), rng);
        break;
      case "delete":
        touched = log.delete([new CallId(fromHex(step[2]))], rng);
        break;
      case "mark": {
        const what = { device: new DeviceId(fromHex(step[3])), pinned: step[4], note: step[5] };
        touched = log.mark(new CallId(fromHex(step[2])), what, rng);
        break;
      }
      case "all":
        touched = log.deleteAll(step[2], rng);
        break;
      case "expire":
        touched = log.expire(({ media }) => (media === Media.VOICE ? 90 : null), step[2]);
        break;
      case "merge":
        take(log, device(step[2]).log, rng);
        continue;
      default:
        throw new MismatchError("no such step");
    }
    // What is not said to be touched would not be written.
    for (const [id, data] of pagesOf(log)) {
      if (before.get(id) !== data) expect(touched).toContain(id);
    }
  }
  return logs;
}

const VECTORS = loadCore("history");

describe("as in Python", () => {
  test("what is left of a call, and of all of them", () => {
    const [call = "", mark = ""] = VECTORS.values("gone").map(String);
    expect(hex(goneMark(new CallId(fromHex(call))))).toBe(mark);
    const cut = VECTORS.text("cut");
    const page = decodePage(fromHex(cut));
    expect(page.cut).toEqual({ count: 2, at: NOW });
    expect([...page.gone]).toEqual([hex(goneMark(callId(1)))]);
    expect(hex(encodePage(page))).toBe(cut);
    expect(isPage(decodeMap(fromHex(cut)))).toBe(true);
    expect(isPage(new Map())).toBe(false);
  });

  test("what is no page is refused alike (CK-701)", async () => {
    const refused = rows<readonly [string, string]>(VECTORS, "refused");
    for (const [data, expected] of refused) {
      expect(await outcome(() => decodePage(fromHex(data))), data).toBe(expected);
    }
    expect(refused.every(([, expected]) => expected !== "ok")).toBe(true);
  });

  test("two entries of one call become the same one (CK-700)", () => {
    for (const [one, other, both] of rows<readonly [string, string, string]>(VECTORS, "pairs")) {
      expect(hex(encodePage(pageOf(mergeEntries(only(one), only(other)))))).toBe(both);
      expect(hex(encodePage(pageOf(mergeEntries(only(other), only(one)))))).toBe(both);
    }
  });

  test.each(VECTORS.children("stories").map((e, i) => [i, e] as const))(
    "story %i ends with the same pages",
    (_, e) => {
      const logs = live(rows<Step>(e, "steps"));
      expect(logs.map(pagesOf)).toEqual(e.values("pages"));
      for (const log of logs) expect(log.size).toBe(log.entries().length);
    },
  );

  test("two devices that fill one page while they are apart", () => {
    const e = VECTORS.child("full");
    const logs = [new CallLog(), new CallLog()] as const;
    const rngs = [counting(1), counting(2)] as const;
    logs[0].needPage(rngs[0]);
    for (const [id, page] of logs[0].pages) logs[1].merge(id, page, rngs[1]);
    const entries = e.values("entries").flatMap((page) => entriesOf(String(page)));
    entries.sort((one, other) => (hex(one.call) < hex(other.call) ? -1 : 1));
    for (const [number, one] of entries.entries()) {
      const which = number % 2 === 0 ? 0 : 1;
      logs[which].add(one, rngs[which]);
    }
    for (let round = 0; round < 2; round++) {
      take(logs[0], logs[1], rngs[0]);
      take(logs[1], logs[0], rngs[1]);
    }
    const all = logs.map((log) => concat(...pagesOf(log).map(([, data]) => fromHex(data))));
    expect(all.map((data) => hex(Digest.sha256(data)))).toEqual(e.values("sha256"));
    expect(entries.length).toBe(2000);
  });

  test("settings, presets, which of two stands (CK-702), and for how long calls are kept", () => {
    const settings = rows<readonly [unknown, string]>(VECTORS, "settings").map(([fields, data]) => {
      const one = decodeSettings(fromHex(data));
      expect(plain(one)).toEqual(fields);
      expect(hex(encodeSettings(one))).toBe(data);
      return one;
    });
    const at = (index: number) => settings[index] ?? DEFAULT;
    for (const [a, b, stands] of rows<readonly [number, number, string]>(VECTORS, "newer")) {
      expect(hex(encodeSettings(newer(at(a), at(b)))), `${a} ${b}`).toBe(stands);
    }
    const presets = VECTORS.child("presets");
    expect([...presets.keys()].sort()).toEqual(Object.values(Preset).sort());
    for (const [name, made] of Object.entries(PRESETS)) {
      const fields = presets.child(name);
      expect(fields.maybeData("device")).toBe(made.device);
      expect(fields.flag("never_record")).toBe(made.neverRecord);
      expect([fields.number("keep"), fields.number("count")]).toEqual([made.keep, made.count]);
      for (const name of FIELDS.slice(1)) expect(fields.flag(name)).toBe(made[name]);
    }
    expect(VECTORS.values("fields")).toEqual(FIELDS);
    type Keeps = readonly [(number | null)[], number | null, number];
    for (const [of, expected, keep] of rows<Keeps>(VECTORS, "keeps_s")) {
      expect(keepsS({ ...at(0), keep }, of)).toBe(expected);
    }
  });

  test("nothing of the vectors was passed over", () => VECTORS.finish());
});

/** An entry of one of a few calls, with a few values of each field. */
function thrown(dice: Dice, call = callId(1 + dice.roll(12))): Entry {
  const members = [1, 2, 3].filter(() => dice.roll(2) === 0).map(account);
  const made = entry(1, {
    call,
    members: members.length > 0 ? members : [account(9)],
    direction: dice.pick(["outgoing", "incoming"]),
    media: dice.pick(Object.values(Media)),
    outcome: dice.pick(Object.values(Outcome)),
    at: NOW + dice.roll(11) - 5,
    seconds: dice.roll(4),
    verified: dice.roll(2) === 0,
    recorded: dice.roll(2) === 0,
    via: dice.pick(Object.values(Via)),
    quality: dice.pick(Object.values(Quality)),
    suite: dice.pick([0, 0xf04d]),
  });
  if (dice.roll(2) === 0) return made;
  const device = dice.pick([PHONE, LAPTOP]);
  return marked(made, {
    device,
    pinned: dice.roll(2) === 0,
    note: dice.pick(["", "wi\u00e9", "b"]),
  });
}

describe("entries", () => {
  test("become one whatever the order (CK-700)", () => {
    const dice = new Dice(1);
    for (let round = 0; round < 500; round++) {
      const [one, two, three] = [0, 1, 2].map(() => thrown(dice, callId(1)));
      if (one === undefined || two === undefined || three === undefined) throw new MismatchError();
      expect(mergeEntries(one, two)).toEqual(mergeEntries(two, one));
      const left = mergeEntries(mergeEntries(one, two), three);
      expect(left).toEqual(mergeEntries(one, mergeEntries(two, three)));
      expect(mergeEntries(left, one)).toBe(left);
    }
  });

  test("two calls are not one, and a note has a bound", async () => {
    expect(() => mergeEntries(entry(1), entry(2))).toThrow(UsageError);
    const note = (text: string) => marked(entry(), { device: PHONE, pinned: false, note: text });
    expect(await outcome(() => note("n".repeat(501)))).toBe("too_large");
    expect(note("n".repeat(500)).mark.count).toBe(1);
    expect(note("wie\u0301").mark.note).toBe("wi\u00e9");
  });

  test("a page has one encoding, and its room is never too small (CK-701)", () => {
    const dice = new Dice(2);
    for (let round = 0; round < 200; round++) {
      const page = pageOf(...Array.from({ length: dice.roll(9) }, () => thrown(dice)));
      page.cut = { count: dice.roll(3), at: NOW };
      for (let left = dice.roll(4); left > 0; left--) page.gone.add(hex(dice.bytes(16)));
      const data = encodePage(page);
      expect(hex(encodePage(decodePage(data)))).toBe(hex(data));
      expect(decodePage(data)).toEqual(page);
      expect(data.length).toBeLessThanOrEqual(roomOf(page));
      for (const one of page.entries.values()) {
        const more = encodePage(pageOf(one)).length - encodePage(emptyPage()).length;
        // Places of members are one byte in a page of their own, and three at most.
        expect(roomFor(one)).toBe(more - 17 * one.members.length + 2 * one.members.length);
      }
    }
  });

  test("a page beyond its slot is not written", async () => {
    const page = pageOf(...Array.from({ length: 2000 }, (_, number) => entry(number)));
    expect(await outcome(() => encodePage(page))).toBe("too_large");
  });
});

describe("a log", () => {
  test("leaves no byte of a deleted call's id, and does not take it back", () => {
    const [log, rng] = [new CallLog(), counting(1)];
    log.add(entry(1), rng);
    log.add(entry(2), rng);
    const [id = ""] = log.pages.keys();
    expect([...log.delete([callId(1)], rng)]).toEqual([id]);
    expect(log.entries().map(({ call }) => hex(call))).toEqual([hex(callId(2))]);
    expect(log.add(entry(1, { outcome: Outcome.ANSWERED }), rng).size).toBe(0);
    const [[, data] = ["", ""]] = pagesOf(log);
    expect(data).not.toContain(hex(callId(1)));
    expect(data).toContain(hex(callId(2))); // The control.
    expect(data).toContain(hex(goneMark(callId(1))));
    expect(log.isGone(callId(1))).toBe(true);
    expect(log.isGone(callId(2))).toBe(false);
  });

  test("deletes what is not here yet when it comes", () => {
    const [log, rng] = [new CallLog(), counting(1)];
    log.bury([goneMark(callId(7))], rng);
    expect(log.add(entry(7), rng).size).toBe(0);
    log.add(entry(8), rng);
    log.bury([goneMark(callId(8))], rng);
    expect(log.size).toBe(0);
  });

  test("with a cut loses no call of a clock that is behind", () => {
    const [log, rng] = [new CallLog(), counting(1)];
    log.deleteAll(NOW, rng);
    log.add(entry(1, { at: NOW - 20 * 365 * AHEAD_S }), rng);
    expect(log.entries().map(({ at }) => at)).toEqual([NOW + 1]);
    expect(log.raiseCut(log.cut).size).toBe(0);
  });

  test("lets calls go by their end, and those of the far future by when they came", () => {
    const [log, rng] = [new CallLog(), counting(1)];
    log.add(entry(1, { at: NOW, seconds: 600, outcome: Outcome.ANSWERED }), rng);
    log.add(entry(2, { at: NOW }), rng);
    log.add(entry(3, { at: NOW + 20 * 365 * AHEAD_S }), rng);
    log.add(entry(4, { at: NOW + AHEAD_S }), rng);
    const seen = new Map([[hex(callId(3)), NOW]]);
    log.expire(() => 3_600, NOW + 3_599, seen);
    expect(log.size).toBe(4); // The control.
    log.expire(() => 3_600, NOW + 3_600, seen);
    expect(log.entries().map(({ call }) => hex(call))).toEqual([4, 1].map((n) => hex(callId(n))));
    log.expire(() => null, NOW + 10 ** 9);
    expect(log.size).toBe(2);
    log.expire(() => 0, NOW + 10 ** 9);
    expect(pagesOf(log).map(([, data]) => data)).toEqual([hex(encodePage(emptyPage()))]);
  });

  test("marks only what is there", async () => {
    const [log, rng] = [new CallLog(), counting(1)];
    const what = { device: PHONE, pinned: true, note: "about the roof" };
    expect(await outcome(() => log.mark(callId(1), what, rng))).toBe("refused");
    log.add(entry(1), rng);
    log.mark(callId(1), what, rng);
    expect(log.get(callId(1))?.mark).toMatchObject(what);
  });

  test("of devices that were apart come to rest with the same calls (CK-700)", () => {
    const dice = new Dice(3);
    for (let round = 0; round < 60; round++) {
      const logs = [new CallLog(), new CallLog()] as const;
      const rngs = [counting(1), counting(2)] as const;
      const deleted = new Set<string>();
      for (let step = 0; step < 20; step++) {
        const which = dice.roll(2) === 0 ? 0 : 1;
        const [log, rng, call] = [logs[which], rngs[which], callId(1 + dice.roll(12))];
        switch (dice.roll(5)) {
          case 0:
            log.delete([call], rng);
            deleted.add(hex(call));
            break;
          case 1:
            take(log, logs[which === 0 ? 1 : 0], rng);
            break;
          default:
            log.add(thrown(dice, call), rng);
        }
      }
      for (let again = 0; again < 3; again++) {
        take(logs[0], logs[1], rngs[0]);
        take(logs[1], logs[0], rngs[1]);
      }
      expect(pagesOf(logs[0])).toEqual(pagesOf(logs[1]));
      for (const { call } of logs[0].entries()) expect(deleted).not.toContain(hex(call));
    }
  });
});
