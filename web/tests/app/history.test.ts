/** The history of calls in pages: rows, what a choice takes away, what is said before it is done. */

import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { later, say, speak } from "../../app/i18n/text.ts";
import { wishesOf } from "../../app/live_history.ts";
import type { AppState } from "../../app/model.ts";
import type { CallEntry, CallHistory } from "../../app/model_history.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { awaitedAs, NOW, STATE } from "../../app/scenes/fixtures.ts";
import {
  CALL_MIRA,
  CALL_PEOPLE,
  CLINIC,
  FEW,
  LIFE,
  many,
} from "../../app/scenes/fixtures_calls.ts";
import CallsScreen from "../../app/screens/calls.tsx";
import { EntryRow } from "../../app/screens/calls_rows.tsx";
import { within } from "../../app/screens/delete_part.tsx";
import Insights from "../../app/screens/insights.tsx";
import Keeping from "../../app/screens/keeping.tsx";
import Mirror from "../../app/screens/mirror.tsx";
import Requests from "../../app/screens/requests.tsx";
import { Wishes } from "../../app/screens/wishes.tsx";
import { callIcon, callLine, suiteWord } from "../../app/ui/call_words.tsx";
import { keyOf, rowsByDay, rowsByPerson } from "../../app/ui/calls_found.ts";
import { goingNow, KEEP_CHOICES, keepOptions, keepWord, useKept } from "../../app/ui/keep_words.ts";
import { localZone } from "../../app/ui/zone.ts";
import { AccountId } from "../../core/ids.ts";
import { DEFAULT, KEEP_EVER, PRESETS, Preset } from "../../core/keeping.ts";

beforeAll(() => later(async () => undefined));
afterEach(() => speak("en"));

function stateWith(change: Partial<CallHistory>): AppState {
  const history = { entries: FEW, settings: DEFAULT, wishes: [], ...change };
  return { ...STATE, people: CALL_PEOPLE, history };
}

/** Return a page as it is drawn at first. */
function drawn<P extends object>(
  screen: FunctionComponent<P>,
  props: P,
  change: Partial<CallHistory> = {},
  more: Partial<AppState> = {},
): string {
  const model = new FakeModel({ ...stateWith(change), ...more });
  const children = createElement(screen, props);
  return renderToStaticMarkup(createElement(ModelProvider, { model, children }));
}

function textOf(markup: string): string {
  return markup
    .replaceAll(/<[^>]*>/g, "\n")
    .replaceAll("&#x27;", "'")
    .replaceAll("&quot;", '"');
}

/** Says how many calls would go if none were kept. */
function Going(): string {
  return String(goingNow(FEW, { ...DEFAULT, keep: 0 }, useKept(), NOW));
}

describe("rows", () => {
  test("by day: a heading for each day, and each call knows which one it is", () => {
    const rows = rowsByDay(FEW);
    const calls = rows.filter((row) => row.kind === "call");
    expect(calls.map(({ position }) => position)).toEqual(FEW.map((_, i) => i + 1));
    expect(rows[0]?.kind).toBe("day");
    expect(
      rows.filter((row) => row.position === undefined).every(({ kind }) => kind === "day"),
    ).toBe(true);
    const keys = rows.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(rowsByDay([])).toEqual([]);
  });

  test("by person: one row each, and their calls once it is opened", () => {
    const folded = rowsByPerson(LIFE, new Set());
    expect(folded).toHaveLength(CALL_PEOPLE.length);
    const counts = folded.map((row) => (row.kind === "person" ? row.calls : 0));
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(LIFE.length);
    const open = rowsByPerson(LIFE, new Set([CALL_MIRA.id]));
    const theirs = open.filter((row) => row.kind === "call");
    const mira = folded.find((row) => row.kind === "person" && row.person === CALL_MIRA.id);
    expect(theirs).toHaveLength(mira?.kind === "person" ? mira.calls : -1);
    expect(open.map(({ position }) => position)).toEqual(open.map((_, i) => i + 1));
  });

  test("100,000 make rows, and the browser is asked for each day's time zone once", () => {
    const entries = many(100_000);
    const days = new Set(entries.map(({ at }) => Math.floor(at / 86_400)));
    const asked = vi.spyOn(Date.prototype, "getTimezoneOffset");
    expect(rowsByDay(entries).length).toBeGreaterThan(100_000);
    rowsByDay(entries);
    expect(asked.mock.calls.length).toBeLessThanOrEqual(3 * days.size);
    asked.mockRestore();
    // How long it takes is measured by tests/bench/history_list.ts.
  });

  test("the page draws as many as are seen, whatever there is", () => {
    const entries = many(100_000);
    const items = drawn(CallsScreen, {}, { entries }).match(/role="listitem"/g) ?? [];
    expect(items.length).toBeGreaterThan(8);
    expect(items.length).toBeLessThan(60);
  });
});

describe("whoever was a contact before a move here, and has not come yet", () => {
  const awaited = CALL_PEOPLE.map(awaitedAs);
  const MOVED = { people: [], awaited };

  test("is named in the list, and nobody can be called back", () => {
    const before = drawn(CallsScreen, {});
    expect(before).toContain(say("calls.back", { name: CALL_MIRA.name })); // the control
    expect(before).not.toContain("not here yet");
    const moved = drawn(CallsScreen, {}, {}, MOVED);
    expect(moved).toContain(`<bdi>${CALL_MIRA.name}</bdi>`);
    expect(moved.match(/not here yet/g)).toHaveLength(FEW.length - 1);
    expect(textOf(moved).split(say("calls.nobody"))).toHaveLength(2); // a stranger to both
    expect(moved).not.toContain("Call ");
    // Without being awaited they are former contacts.
    const gone = textOf(drawn(CallsScreen, {}, {}, { people: [] }));
    expect(gone.split(say("calls.nobody"))).toHaveLength(FEW.length + 1);
  });

  test("is found by name, and chosen among those there are calls with", () => {
    const found = (more: Partial<AppState>) =>
      textOf(drawn(CallsScreen, { first: { text: "mira" } }, {}, more));
    expect(found(MOVED)).toContain(CALL_MIRA.name);
    expect(found({ people: [] })).not.toContain(CALL_MIRA.name);
  });

  test("is named once they are here as contacts are", () => {
    const came = drawn(CallsScreen, {}, {}, { people: CALL_PEOPLE, awaited });
    expect(came).not.toContain("not here yet");
  });

  test("has calls counted by the rule they had", () => {
    const keeps = CALL_PEOPLE.map((one) => ({
      ...one,
      rules: { ...one.rules, keepsHours: KEEP_EVER },
    }));
    const going = (more: Partial<AppState>) => Number(drawn(Going, {}, {}, more));
    expect(going({ people: [], awaited: [] })).toBe(FEW.length);
    expect(going({ people: [], awaited: keeps.map(awaitedAs) })).toBe(1);
    expect(going({ people: keeps })).toBe(1);
  });

  test("who asks with their key is shown as them; who only looks like them is not", () => {
    const [one] = awaited;
    if (one === undefined) throw new Error("nobody");
    const asks = (id: string, was: string, name = `${one.name}1`) =>
      textOf(
        drawn(Requests, {}, {}, { ...MOVED, requests: [{ id, name, byHandle: false, was }] }),
      ).replaceAll("\n", "");
    const words = say("requests.was", { name: one.name });
    const alike = say("requests.resembles", { name: one.name });
    expect(asks(one.id, one.name)).toContain(words);
    expect(asks(one.id, one.name)).not.toContain(alike);
    expect(asks("aa".repeat(16), "")).not.toContain(words);
    expect(asks("aa".repeat(16), "", `${one.name}~9f0c22ab71de`)).toContain(alike);
  });
});

describe("a call in words", () => {
  test("missed is told by a sign and a word, not by colour alone", () => {
    const [missed, talked] = FEW as [CallEntry, CallEntry];
    expect(callIcon(missed)).toBe("missed");
    expect(callLine(missed)).toBe("Voice call · missed");
    expect(callIcon(talked)).toBe("incoming");
    expect(callLine(talked)).toBe("Video call · incoming · 32 min");
  });

  test("each outcome has a word in each language", async () => {
    for (const language of ["en", "de", "es"] as const) {
      await speak(language);
      const words = FEW.map(callLine);
      expect(words.every((word) => !word.endsWith("· "))).toBe(true);
      expect(new Set(FEW.map(({ outcome }) => outcome)).size).toBe(5);
    }
  });

  test("a cipher suite has its name, or its number", () => {
    expect(suiteWord(0xf04d)).toMatch(/^X-Wing/);
    expect(suiteWord(1)).toBe("0x0001");
  });

  test("local time is the browser's, at each time of the year", () => {
    for (const at of [NOW, NOW - 183 * 86_400]) {
      expect(localZone(at)).toBe(-60 * new Date(at * 1000).getTimezoneOffset());
    }
  });
});

describe("what is kept", () => {
  test("is offered from nothing to always, and what was chosen elsewhere", () => {
    expect([KEEP_CHOICES[0], KEEP_CHOICES.at(-1)]).toEqual([0, KEEP_EVER]);
    expect(keepWord(2160)).toBe("90 days");
    expect(keepOptions(48).map(([hours]) => Number(hours))).toEqual([
      0,
      1,
      24,
      48,
      168,
      720,
      2160,
      8760,
      KEEP_EVER,
    ]);
    expect(keepWord(48)).toBe("48 hours");
  });

  test("how many a choice takes away is counted with the rules of each contact", () => {
    const count = (keep: number, people = CALL_PEOPLE) =>
      goingNow(FEW, { ...DEFAULT, keep }, people, NOW);
    expect(count(KEEP_EVER)).toBe(0);
    expect(count(0)).toBe(FEW.length);
    expect(count(24)).toBe(4);
    const none = (keepsHours: number) =>
      CALL_PEOPLE.map((one) => ({ ...one, rules: { ...one.rules, keepsHours } }));
    // The one with somebody who is no contact goes by the settings alone.
    expect(count(0, none(KEEP_EVER))).toBe(1);
    expect(count(KEEP_EVER, none(0))).toBe(FEW.length - 1);
  });

  test("before a preset is chosen, every setting stands there with what it is and becomes", () => {
    const rows = (preset: Preset) => {
      const text = textOf(drawn(Keeping, { choosing: preset }));
      return ["keep", "details", "sync", "trace"].filter((name) =>
        text.includes(say(`keeping.${name}` as "keeping.keep")),
      );
    };
    for (const preset of Object.values(Preset)) expect(rows(preset)).toHaveLength(4);
  });

  test("the page says which preset it is, or that it is none", () => {
    const own = { ...DEFAULT, keep: 1 };
    expect(textOf(drawn(Keeping, {}))).toContain(
      say("preset.chosen", { name: say("preset.balanced") }),
    );
    expect(textOf(drawn(Keeping, {}, { settings: own }))).toContain(say("preset.own"));
    const off = { entries: [], settings: PRESETS[Preset.NOTHING_KEPT] };
    expect(textOf(drawn(CallsScreen, {}, off))).toContain(say("calls.off"));
    expect(textOf(drawn(CallsScreen, {}, { entries: [] }))).toContain(say("calls.empty"));
  });

  test("a span of time takes what began in it", () => {
    const calls = FEW.map(({ at }) => NOW - at);
    expect(within(FEW, "hour", NOW)).toHaveLength(calls.filter((ago) => ago <= 3600).length);
    expect(within(FEW, "day", NOW)).toHaveLength(3);
    expect(within(LIFE, "olderMonth", NOW).length + within(LIFE, "month", NOW).length).toBe(
      LIFE.length,
    );
    expect(within(LIFE, "olderYear", NOW)).toEqual([]);
  });
});

describe("wishes of contacts", () => {
  test("are counted by contact", () => {
    const [one, other] = [1, 2].map((byte) => new AccountId(new Uint8Array(16).fill(byte)));
    const wishes = new Map([
      ["a", one as AccountId],
      ["b", other as AccountId],
      ["c", one as AccountId],
    ]);
    expect(wishesOf(wishes)).toEqual([
      { person: "01".repeat(16), calls: 2 },
      { person: "02".repeat(16), calls: 1 },
    ]);
    expect(wishesOf(new Map())).toEqual([]);
  });

  test("stand there with both answers, and nothing stands there without any", () => {
    const text = textOf(drawn(Wishes, {}, { wishes: [{ person: CALL_MIRA.id, calls: 3 }] }));
    expect(text).toContain(say("wish.keep"));
    expect(text).toContain(say("wish.delete", { count: 3 }));
    expect(drawn(Wishes, {})).toBe("");
  });
});

describe("insights and their mirror", () => {
  test("each drawing has a title, a description and a table", () => {
    const markup = drawn(Insights, {}, { entries: LIFE });
    const drawings = markup.match(/<svg class="plot-drawing" [^>]*role="img"[^>]*>/g) ?? [];
    expect(drawings.length).toBeGreaterThan(3);
    for (const one of drawings) {
      const [, title = "none"] = /aria-labelledby="([^"]*)"/.exec(one) ?? [];
      const [, desc = "none"] = /aria-describedby="([^"]*)"/.exec(one) ?? [];
      expect(markup).toContain(`<title id="${title}">`);
      expect(markup).toContain(`<desc id="${desc}">`);
    }
    expect((markup.match(/<table class="numbers">/g) ?? []).length).toBeGreaterThanOrEqual(
      drawings.length,
    );
    expect(textOf(drawn(Insights, {}, { entries: [] }))).toContain(say("insights.empty"));
  });

  test("each conclusion says how well its kind is known to work", () => {
    const text = textOf(drawn(Mirror, {}, { entries: LIFE }));
    for (const study of ["eagle2009", "monsivais2017", "mayer2014", "cretu2022"] as const) {
      expect(text).toContain(say(`study.${study}`));
    }
    expect(text).toContain(CLINIC.name);
    expect(text).toContain(say("about.health"));
    expect(text).toContain(say("mirror.here"));
    expect(textOf(drawn(Mirror, {}, { entries: [] }))).toContain(say("mirror.empty"));
  });
});

test("the name of a call is its own, and the same each time", () => {
  expect(new Set(LIFE.map(keyOf)).size).toBe(LIFE.length);
  expect(LIFE.slice(0, 9).map(keyOf)).toEqual(LIFE.slice(0, 9).map(keyOf));
});

test("a call that was recorded is marked in its row, in each language", async () => {
  for (const language of ["en", "de", "es"] as const) {
    await speak(language);
    const marks = FEW.map((entry) => {
      const row = {
        kind: "call",
        key: "1",
        height: 1,
        position: 0,
        entry,
        inPerson: false,
      } as const;
      const markup = drawn(EntryRow, { row, passed: false, onPress: () => undefined });
      return markup.includes(say("calls.recorded"));
    });
    expect(marks).toEqual(FEW.map(({ recorded }) => recorded));
    expect(new Set(marks).size).toBe(2); // some are, and some are not
  }
});
