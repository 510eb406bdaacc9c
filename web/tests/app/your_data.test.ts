/** The page "Your data": what stands there, when it goes, and the files that are made of it. */

import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { later, say, speak } from "../../app/i18n/text.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { STATE } from "../../app/scenes/fixtures.ts";
import {
  DATA_AHEAD,
  DATA_NOW,
  dataOf,
  FROZEN,
  LOCAL,
  LOOKED,
} from "../../app/scenes/fixtures_data.ts";
import DataRows from "../../app/screens/data_rows.tsx";
import { dayOptions } from "../../app/screens/data_shorten.tsx";
import YourData from "../../app/screens/your_data.tsx";
import { fetchWhole, htmlFile, jsonFile, valueText } from "../../app/ui/data_file.ts";
import { countdown, localWord, outcomeWord, sizeWord } from "../../app/ui/data_words.ts";
import { KINDS, MESSAGES } from "../../client/local_data.ts";
import { footprintOf, isLong, objectable, type ServerData } from "../../core/account_data.ts";
import { AuthorizationError, Code, PeerError } from "../../core/errors.ts";

beforeAll(() => later(async () => undefined));
afterEach(() => speak("en"));

/** Return a page as it is drawn at first. */
function drawn<P extends object>(screen: FunctionComponent<P>, props: P): string {
  const model = new FakeModel(STATE);
  const children = createElement(screen, props);
  const markup = renderToStaticMarkup(createElement(ModelProvider, { model, children }));
  return markup
    .replaceAll(/<[^>]*>/g, "\n")
    .replaceAll("&#x27;", "'")
    .replaceAll("&quot;", '"');
}

const signal = () => new AbortController().signal;
const never = () => undefined;

describe("the page", () => {
  test("has each kind that is there, and only what can be deleted by itself has a way to", () => {
    const text = drawn(YourData, { first: LOOKED });
    for (const word of ["Your account", "Envelopes that wait for you", "Your vault"]) {
      expect(text).toContain(word);
    }
    expect(text).not.toContain(say("data.is.push"));
    expect(text.split(say("data.delete")).length - 1).toBe(4);
    expect(text).toContain(say("data.elsewhereLead"));
    for (const action of ["save", "shorten", "freeze", "object", "close"] as const) {
      expect(text).toContain(say(`data.${action}`));
    }
  });

  test("in 30 days it says what is gone by then, and deletes nothing", () => {
    const text = drawn(YourData, { first: LOOKED, when: "ahead" });
    expect(text).toContain("Gone by then: Envelopes that wait for you.");
    expect(text).not.toContain(say("data.delete"));
  });

  test("frozen: it says so and offers the way back, not freezing once more", () => {
    const text = drawn(YourData, { first: { ...LOOKED, now: FROZEN } });
    expect(text).toContain(say("data.frozenText"));
    expect(text).toContain(say("data.thaw"));
    expect(text).not.toContain(say("data.freezeHelp"));
    expect(drawn(YourData, { first: LOOKED })).not.toContain(say("data.frozenText"));
  });

  test("before the server has answered it says that it is asked", () => {
    const text = drawn(YourData, {});
    expect(text).toContain(say("data.asking"));
    expect(text).not.toContain(say("data.totals"));
  });

  test("rows stand as they are stored: days, bytes, and a hash where they are long", () => {
    const text = drawn(DataRows, { kind: "envelopes", inDays: 0, first: DATA_NOW });
    expect(text).toContain("2026-11-22 (20779)");
    expect(text).toContain("4.1 kB, SHA-256:");
    expect(text).toContain("in 23 days (Dec 22, 2026)");
    const many = drawn(DataRows, { kind: "devices", inDays: 0, first: DATA_NOW });
    expect(many.split("Row ").length - 1).toBe(10);
    expect(many).toContain("Show 100 more rows");
    expect(drawn(DataRows, { kind: "push", inDays: 0, first: DATA_NOW })).toContain(
      say("data.noRows"),
    );
  });
});

describe("words", () => {
  test("days are counted from today, also in the preview", async () => {
    expect(countdown(["2026-12-22"], DATA_NOW)).toBe("in 23 days (Dec 22, 2026)");
    expect(countdown(["2026-12-22"], DATA_AHEAD)).toBe("in 23 days (Dec 22, 2026)");
    expect(countdown(["2026-11-30"], DATA_NOW)).toBe("in 1 day (Nov 30, 2026)");
    expect(countdown(["2026-12-28", "2026-12-22"], DATA_NOW)).toContain("in 23 to 29 days");
    expect(countdown(["2026-11-29"], DATA_NOW)).toContain("next clearing");
    expect(countdown(["2026-11-20"], DATA_NOW)).toContain("next clearing");
    expect(countdown([], DATA_NOW)).toBe("");
    await speak("de");
    expect(countdown(["2026-12-22"], DATA_NOW)).toBe("in 23 Tagen (22.12.2026)");
    expect(sizeWord({ rows: 1, bytes: 2_000 })).toBe("1 Zeile, 2 kB");
    expect(sizeWord({ rows: 0, bytes: 0 })).toBe("nichts");
  });

  test("each thing that one may object to says what comes of it", () => {
    const found = objectable(DATA_NOW);
    expect(found.map(({ name }) => name)).toContain("attempts by address");
    for (const one of found) expect(outcomeWord(one)).not.toBe("");
    expect(new Set(found.map(outcomeWord)).size).toBeGreaterThan(3);
  });

  test("fewer days than the server's are offered, never more, and what was chosen elsewhere", () => {
    const values = (options: ReturnType<typeof dayOptions>) => options.map(([value]) => value);
    expect(values(dayOptions([1, 7, 30, 60], undefined, 30))).toEqual(["1", "7", ""]);
    expect(values(dayOptions([1, 7], 5, 30))).toEqual(["1", "5", "7", ""]);
    expect(values(dayOptions([1, 7], 40, 30))).toEqual(["1", "7", ""]);
  });
});

describe("files", () => {
  const { value } = dataOf();

  test("the one for programs has every byte", async () => {
    const steps: number[] = [];
    const whole = await fetchWhole(DATA_NOW, value, (done) => steps.push(done), signal());
    const longs = DATA_NOW.tables.flatMap(({ rows }) =>
      rows.flatMap(({ values }) => [...values.values()].filter(isLong)),
    );
    expect(longs.length).toBeGreaterThan(20);
    expect([steps.length, steps.at(-1), whole.gone]).toEqual([longs.length, longs.length, 0]);
    const text = jsonFile("anna.48213", whole.data, LOCAL);
    expect(text).not.toContain("sha256");
    const read = JSON.parse(text);
    expect(read).toMatchObject({ handle: "anna.48213", day: "2026-11-29" });
    expect(read.footprint).toEqual(Object.fromEntries(footprintOf(DATA_NOW)));
    expect(read.this_device.total_bytes).toBe(LOCAL.total.bytes);
    expect(jsonFile("anna.48213", DATA_NOW, LOCAL)).toContain("sha256"); // the control
  });

  test("a row that goes meanwhile keeps its hash; anything else ends it", async () => {
    const gone = async () => Promise.reject(new AuthorizationError(Code.REFUSED, "gone"));
    const whole = await fetchWhole(DATA_NOW, gone, never, signal());
    expect(whole.gone).toBeGreaterThan(20);
    expect(whole.data).toEqual(DATA_NOW);
    const altered = async () => Promise.reject(new PeerError(Code.UNEXPECTED, "CK-714"));
    await expect(fetchWhole(DATA_NOW, altered, never, signal())).rejects.toThrow("CK-714");
    const stopped = AbortSignal.abort(new Error("closed"));
    await expect(fetchWhole(DATA_NOW, value, never, stopped)).rejects.toThrow("closed");
  });

  test("the one to read has every row, and what the server says is text in it", () => {
    const [first, ...rest] = DATA_NOW.tables;
    if (first === undefined) throw new Error("no table");
    const hostile = "<script>alert(1)</script>\"'&";
    const columns = first.columns.map((one) => ({ ...one, purpose: hostile }));
    const data: ServerData = { ...DATA_NOW, tables: [{ ...first, columns }, ...rest] };
    const page = htmlFile("anna.48213", data, LOCAL);
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain('<html lang="en">');
    const { totalRows } = DATA_NOW.tables.find(({ name }) => name === "capabilities") ?? first;
    const [, after = ""] = page.split("<h3>capabilities</h3>");
    expect(after.split("<h3>")[0]?.match(/<tr><td>[0-9a-f]{64}/g)).toHaveLength(totalRows);
    expect(valueText(new Uint8Array(65).fill(255))).toBe(`${"ff".repeat(64)}… (65 byte)`);
  });
});

test("what this device keeps has a name for each kind, in each language", async () => {
  for (const language of ["en", "de", "es"] as const) {
    await speak(language);
    const words = [...Object.keys(KINDS), MESSAGES].map(localWord);
    expect(new Set(words).size).toBe(words.length);
    expect(words).not.toContain(localWord("of tomorrow"));
  }
  await speak("en");
});
