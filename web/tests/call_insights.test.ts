/** What a history of calls says to its owner, and what it would say to somebody else. */

import { describe, expect, test } from "vitest";
import { type Entry, NO_MARK } from "../core/call_entry.ts";
import { conclusionsOf, nightOf, STUDIES } from "../core/call_inference.ts";
import {
  DAY_S,
  hourOf,
  insightsOf,
  LENGTHS_S,
  middleOf,
  WEEKS,
  weekdayOf,
} from "../core/call_insights.ts";
import { nameOf } from "../core/call_page.ts";
import { dayOf } from "../core/call_search.ts";
import { AccountId, CallId } from "../core/ids.ts";
import { sensitiveWord } from "../core/sensitive_words.ts";

/** A Saturday, 28 November 2026, at midnight UTC. */
const SATURDAY = Date.UTC(2026, 10, 28) / 1000;
const NOW = SATURDAY + 20 * 3600;
const [ANNA, BERT, CLARA] = [1, 2, 3].map((one) => new AccountId(new Uint8Array(16).fill(one)));

let serial = 0;
function call(at: number, change: Partial<Entry> = {}): Entry {
  serial += 1;
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(0, serial);
  return {
    call: new CallId(id),
    members: [ANNA as AccountId],
    direction: "outgoing",
    media: "voice",
    outcome: "answered",
    at,
    seconds: 100,
    verified: false,
    recorded: false,
    via: "relayed",
    quality: "good",
    suite: 1,
    mark: NO_MARK,
    ...change,
  };
}

/** As `CallLog.entries` returns them. */
function newestFirst(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((one, other) => other.at - one.at);
}

describe("insights", () => {
  test("of nothing are nothing", () => {
    const none = insightsOf([], 0, NOW);
    expect(none).toMatchObject({ calls: 0, seconds: 0, missed: 0, returned: 0, middle: 0 });
    expect(none.returnedAfter).toBeUndefined();
    expect(none.weeks).toHaveLength(WEEKS);
    expect(none.when.flat().reduce((sum, one) => sum + one, 0)).toBe(0);
  });

  test("days and hours are those of where one lives", () => {
    expect(weekdayOf(dayOf(SATURDAY, 0))).toBe(5);
    expect(weekdayOf(dayOf(SATURDAY, -3600))).toBe(4);
    expect(weekdayOf(-1)).toBe(2); // 31 December 1969 was a Wednesday
    expect(hourOf(SATURDAY, -3600)).toBe(23);
    expect(hourOf(-1, 0)).toBe(23);
    const { when } = insightsOf([call(SATURDAY)], 7200, NOW);
    expect(when[5]?.[2]).toBe(1);
    expect(when.flat().reduce((sum, one) => sum + one, 0)).toBe(1);
  });

  test("lengths fall into their classes, unanswered calls into none", () => {
    const seconds = [0, 59, 60, 299, 300, 899, 900, 3599, 3600, 9000];
    const entries = seconds.map((one) => call(NOW - 1, { seconds: one }));
    const all = insightsOf([...entries, call(NOW, { outcome: "unanswered", seconds: 0 })], 0, NOW);
    expect(all.lengths).toEqual([2, 2, 2, 2, 2]);
    expect(all.lengths).toHaveLength(LENGTHS_S.length + 1);
    expect(all).toMatchObject({ answered: 10, calls: 11, longest: 9000, middle: 899 });
    expect(middleOf([3, 1, 2])).toBe(2);
  });

  test("a missed call is returned by the next talk within a day", () => {
    const missed = { outcome: "missed", direction: "incoming", seconds: 0 } as const;
    const found = insightsOf(
      newestFirst([
        call(NOW - 9 * DAY_S, missed),
        call(NOW - 9 * DAY_S + 600), // returned after ten minutes
        call(NOW - 5 * DAY_S, missed),
        call(NOW - 5 * DAY_S + DAY_S + 1), // too late
        call(NOW - 2 * DAY_S, { ...missed, members: [BERT as AccountId] }),
        call(NOW - 2 * DAY_S + 60), // with somebody else
        call(NOW - 60, { ...missed, members: [CLARA as AccountId] }),
        call(NOW - 30, { outcome: "unanswered", members: [CLARA as AccountId] }), // nobody talked
      ]),
      0,
      NOW,
    );
    expect(found).toMatchObject({ missed: 4, returned: 1, returnedAfter: 600 });
  });

  test("people by time talked; who calls whom", () => {
    const entries = [
      call(NOW - 1, { seconds: 10 }),
      call(NOW - 2, { seconds: 20, direction: "incoming" }),
      call(NOW - 3, { members: [BERT as AccountId], seconds: 500 }),
      call(NOW - 4, { outcome: "missed", direction: "incoming", seconds: 0 }),
    ];
    const { people, outgoing, incoming } = insightsOf(entries, 0, NOW);
    expect(people.map(({ key }) => key)).toEqual(
      [BERT, ANNA].map((one) => nameOf(one as AccountId)),
    );
    expect(people[1]).toMatchObject({ calls: 3, seconds: 30, outgoing: 1, incoming: 2, missed: 1 });
    expect([outgoing, incoming]).toEqual([2, 2]);
  });

  test("weeks begin on Monday, and this one is the last", () => {
    const monday = SATURDAY - 5 * DAY_S;
    const entries = [call(NOW), call(monday), call(monday - 1), call(monday - WEEKS * 7 * DAY_S)];
    const { weeks } = insightsOf(entries, 0, NOW);
    expect(weeks.at(-1)).toEqual({ monday: monday / DAY_S, calls: 2, seconds: 200 });
    expect(weeks.at(-2)?.calls).toBe(1);
    expect(weeks.reduce((sum, week) => sum + week.calls, 0)).toBe(3); // one is too long ago
  });
});

/** Twelve weeks: Anna each evening, Bert at work, Clara lately. */
function life(): readonly Entry[] {
  const entries: Entry[] = [];
  for (let day = 0; day < 84; day++) {
    const midnight = SATURDAY - day * DAY_S;
    const isWeekday = weekdayOf(midnight / DAY_S) < 5;
    entries.push(call(midnight + (19 + (day % 4)) * 3600, { seconds: 1800 }));
    if (isWeekday) {
      const hour = 9 + (day % 8);
      entries.push(call(midnight + hour * 3600, { members: [BERT as AccountId], seconds: 120 }));
    } else {
      entries.push(call(midnight + (8 + (day % 10)) * 3600, { seconds: 60 }));
    }
  }
  return newestFirst(entries);
}

function kinds(entries: readonly Entry[], names: ReadonlyMap<string, string> = new Map()) {
  return conclusionsOf(entries, names, 0, NOW).map(({ kind }) => kind);
}

function one<K extends string>(
  kind: K,
  entries: readonly Entry[],
  names = new Map<string, string>(),
) {
  return conclusionsOf(entries, names, 0, NOW).find((found) => found.kind === kind);
}

describe("what somebody else would conclude", () => {
  test("from little: nothing", () => {
    expect(kinds([])).toEqual([]);
    expect(kinds(life().slice(0, 20))).toEqual([]);
    // Many calls of one day say nothing of somebody's days.
    expect(kinds(Array.from({ length: 200 }, (_, i) => call(NOW - i)))).toEqual([]);
  });

  test("the closest, and their share", () => {
    const ties = one("ties", life());
    expect(ties).toMatchObject({ people: [{ key: nameOf(ANNA as AccountId) }, {}] });
    expect(ties?.kind === "ties" && ties.share).toBe(1);
  });

  test("the night is the longest quiet time, over midnight too", () => {
    expect(one("sleep", life())).toMatchObject({ span: { from: 23, until: 8 } });
    const always = Array.from({ length: 240 }, (_, i) => call(NOW - i * 3600));
    expect(nightOf(always, 0)).toBeUndefined();
    expect(nightOf([], 0)).toBeUndefined();
  });

  test("work is whom one calls on weekdays in the daytime only", () => {
    expect(one("work", life())).toMatchObject({
      people: [nameOf(BERT as AccountId)],
      span: { from: 9, until: 17 },
    });
    const private_ = life().filter(({ members }) => members[0] === ANNA);
    expect(one("work", private_)).toBeUndefined();
  });

  test("who is new, and who went; not in a history too short to tell", () => {
    expect(kinds(life())).not.toContain("new");
    const fresh = Array.from({ length: 6 }, (_, i) =>
      call(NOW - i * DAY_S, { members: [CLARA as AccountId] }),
    );
    expect(one("new", newestFirst([...life(), ...fresh]))).toMatchObject({
      person: nameOf(CLARA as AccountId),
      calls: 6,
    });
    const recent = newestFirst([...life().filter(({ at }) => at > NOW - 40 * DAY_S), ...fresh]);
    expect(kinds(recent)).not.toContain("new");
    const long = NOW - 29 * DAY_S;
    const past = fresh.map((entry, i) => ({ ...entry, at: long - i * DAY_S }));
    expect(one("ended", newestFirst([...life(), ...past]))).toMatchObject({
      person: nameOf(CLARA as AccountId),
    });
    // Somebody who was there long ago and is back is not new.
    const back = newestFirst([
      ...life(),
      ...fresh,
      call(NOW - 200 * DAY_S, { members: [CLARA as AccountId] }),
    ]);
    expect(kinds(back)).not.toContain("new");
  });

  test("what a name or a note says, from the first call on", () => {
    const names = new Map([[nameOf(ANNA as AccountId), "Zahnarzt Dr. Weiß"]]);
    expect(one("sensitive", [call(NOW), call(NOW - 1)], names)).toMatchObject({
      about: "health",
      word: "Zahnarzt",
      calls: 2,
    });
    const note = { ...NO_MARK, note: "asked my lawyer about the flat" };
    expect(one("sensitive", [call(NOW, { mark: note })])).toMatchObject({
      about: "law",
      word: "lawyer",
      person: nameOf(ANNA as AccountId),
    });
    expect(one("sensitive", [call(NOW)])).toBeUndefined();
    const missed = call(NOW, { outcome: "missed", direction: "incoming", seconds: 0 });
    expect(one("sensitive", [missed], names)).toBeUndefined();
  });

  test("each conclusion has a study", () => {
    for (const kind of kinds(life())) expect(STUDIES[kind]).toMatch(/^[a-z]+\d{4}$/);
  });
});

describe("words that tell", () => {
  test.each([
    ["Augenklinik Süd", "health"],
    ["Frauenärztin", "health"],
    ["Clínica Norte", "health"],
    ["Psychotherapie Klein", "mind"],
    ["Rechtsanwältin Voss", "law"],
    ["Abogada Ruiz", "law"],
    ["Schuldnerberatung", "money"],
    ["Pfarramt", "faith"],
    ["Gewerkschaft", "work"],
  ] as const)("%s", (text, about) => {
    expect(sensitiveWord(text)?.about).toBe(about);
  });

  test.each(["", "mira.20417", "grandma-rosa.33871", "reunion with Courtney", "Schwarz", "Bart"])(
    "%s says nothing",
    (text) => {
      expect(sensitiveWord(text)).toBeUndefined();
    },
  );
});
