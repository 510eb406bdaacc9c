/** What says that something is recorded: words, tones, and that nothing in the product hides it. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { say, speak } from "../../app/i18n/text.ts";
import { prefs } from "../../app/prefs.ts";
import { barLines } from "../../app/recorded_bar.ts";
import { HOSTILE } from "../../app/scenes/fixtures.ts";
import { RECORDED, RECORDED_OWN } from "../../app/scenes/fixtures_recording.ts";
import {
  CHIMES,
  RECORDED_EVERY_MS,
  RECORDED_TONES,
  type RecordedTone,
  RecordedTones,
} from "../../app/tones.ts";

const APP = join(import.meta.dirname, "../../app");

function sources(ending: RegExp): readonly (readonly [string, string])[] {
  return readdirSync(APP, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => [name, readFileSync(join(APP, name), "utf8")] as const);
}

afterEach(() => speak("en"));

describe("the bar", () => {
  const said = (parts: ReturnType<typeof barLines>[number]["parts"]) =>
    parts.map((part) => (typeof part === "string" ? part : part.name)).join("");

  test("says who records what, and how it ends, in each language", async () => {
    for (const language of ["en", "de", "es"] as const) {
      await speak(language);
      const [theirs, own] = barLines([RECORDED, RECORDED_OWN]);
      if (theirs === undefined || own === undefined) throw new Error("no lines");
      for (const kind of RECORDED.kinds) expect(said(theirs.parts)).toContain(say(`kind.${kind}`));
      expect(said(theirs.parts)).toContain(RECORDED.by);
      expect(theirs.stop).toBe(say("recorded.withdraw"));
      expect(said(own.parts)).not.toContain(RECORDED_OWN.by);
      expect(own.stop).toBe(say("recorded.stop"));
    }
  });

  test("has a line for everybody who records, and for nobody else", () => {
    expect(barLines([])).toEqual([]);
    expect(barLines([RECORDED, RECORDED_OWN]).map(({ id }) => id)).toEqual(["a1", "b1"]);
  });

  test("shows a stranger's name harmlessly, apart from the words", () => {
    const [line] = barLines([{ ...RECORDED, by: HOSTILE.name }]);
    expect(HOSTILE.name).toContain("\u202E"); // control
    expect(said(line?.parts ?? [])).not.toContain("\u202E");
    expect(line?.parts.filter((part) => typeof part !== "string")).toHaveLength(1);
  });
});

describe("tones", () => {
  let heard: RecordedTone[];
  let tones: RecordedTones;

  beforeEach(() => {
    vi.useFakeTimers();
    heard = [];
    tones = new RecordedTones((tone) => heard.push(tone));
  });
  afterEach(() => vi.useRealTimers());

  test("sound when it begins, softly while it goes on, and when it ends", () => {
    tones.show(["a"]);
    expect(heard).toEqual(["begins"]);
    vi.advanceTimersByTime(RECORDED_EVERY_MS - 1);
    expect(heard).toHaveLength(1);
    vi.advanceTimersByTime(2 * RECORDED_EVERY_MS);
    expect(heard).toEqual(["begins", "goesOn", "goesOn"]);
    tones.show([]);
    vi.advanceTimersByTime(10 * RECORDED_EVERY_MS);
    expect(heard).toEqual(["begins", "goesOn", "goesOn", "ends"]);
  });

  test("sound for each who begins, and once for the end of all", () => {
    tones.show(["a"]);
    tones.show(["a"]);
    tones.show(["a", "b"]);
    tones.show(["b"]);
    expect(heard).toEqual(["begins", "begins"]);
    vi.advanceTimersByTime(RECORDED_EVERY_MS);
    expect(heard).toEqual(["begins", "begins", "goesOn"]);
    tones.show(["c"]);
    tones.show([]);
    expect(heard.slice(3)).toEqual(["begins", "ends"]);
  });

  test("nothing sounds where nothing is recorded", () => {
    tones.show([]);
    vi.advanceTimersByTime(10 * RECORDED_EVERY_MS);
    expect(heard).toEqual([]);
  });

  test("are like no other tone here, and at most 15 s apart", () => {
    const melody = (notes: readonly (readonly number[])[]) => notes.map(([hertz]) => hertz).join();
    const all = [...Object.values(RECORDED_TONES), ...Object.values(CHIMES)].map(melody);
    expect(new Set(all).size).toBe(all.length);
    expect(RECORDED_EVERY_MS).toBeLessThanOrEqual(15_000);
  });
});

describe("nothing hides it", () => {
  test("no style sheet of the product hides the bar or what is in it", () => {
    const rules = sources(/\.css$/).flatMap(([name, text]) =>
      [
        ...text
          .replaceAll(/\/\*[\s\S]*?\*\//g, "")
          .matchAll(/([^{}]*recorded-bar[^{}]*)\{([^}]*)\}/g),
      ].map(([, selector, body]) => [name, selector?.trim() ?? "", body ?? ""] as const),
    );
    expect(rules.length).toBeGreaterThan(5);
    const hides =
      /display:\s*none|visibility:\s*(?:hidden|collapse)|opacity:\s*0(?:\.[0-4])?\s*;|clip|z-index:\s*-|(?<!min-)(?:block|inline)-size:\s*0(?![.\d])/;
    for (const [name, selector, body] of rules) {
      expect(name, selector).toBe("ui/recorded.css");
      expect(body, selector).not.toMatch(hides);
    }
    expect("display: none").toMatch(hides); // control
  });

  test("nothing else lies in the top layer, above it", () => {
    for (const [name, text] of sources(/\.tsx?$/)) {
      if (name === "ui/unhidden.ts") continue;
      expect(text, name).not.toMatch(/\bpopover\b|showModal|<dialog|showPopover/);
    }
  });

  test("no setting turns bar or tones off: what shows them reads none", () => {
    for (const name of ["ui/recorded.tsx", "recorded_bar.ts", "ui/unhidden.ts", "tones.ts"]) {
      expect(readFileSync(join(APP, name), "utf8"), name).not.toMatch(/prefs|localStorage/i);
    }
    expect(Object.keys(prefs()).filter((key) => /record/i.test(key))).toEqual([]);
  });

  test("it is driven by what the model says is recorded, and by nothing else", () => {
    const source = readFileSync(join(APP, "ui/recorded.tsx"), "utf8");
    expect(source.match(/useCallRecording\(\)\S*/g)).toEqual(["useCallRecording()?.recorded"]);
    const app = readFileSync(join(APP, "app.tsx"), "utf8");
    // Beside the screens, not in one: a screen that breaks does not take it along.
    expect(app.indexOf("<Recorded />")).toBeLessThan(app.indexOf("<Boundary>"));
  });
});
