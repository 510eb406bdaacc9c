/** Three languages that say the same things, and components that say nothing by themselves. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { de } from "../../app/i18n/de.ts";
import { en as enFirst } from "../../app/i18n/en.ts";
import { enLater } from "../../app/i18n/en_later.ts";
import { es } from "../../app/i18n/es.ts";
import {
  age,
  brief,
  clock,
  day,
  duration,
  later,
  type Plural,
  percent,
  say,
  sayWith,
  speak,
} from "../../app/i18n/text.ts";
import { MEANINGS } from "../../core/codes.ts";

const en = { ...enFirst, ...enLater };
const APP = join(import.meta.dirname, "../../app");
const LANGUAGES = { en, de, es };

function forms(entry: string | Plural): string[] {
  return typeof entry === "string" ? [entry] : Object.values(entry);
}

function places(entry: string | Plural): string[][] {
  return forms(entry).map((form) => [...form.matchAll(/\{(\w+)\}/g)].map(String).toSorted());
}

function sources(folder: string, ending: RegExp): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => [name, readFileSync(join(folder, name), "utf8")] as const);
}

afterEach(() => speak("en"));

describe.each(Object.entries({ de, es }))("%s", (_, catalogue) => {
  test("has every key, and no other", () => {
    expect(Object.keys(catalogue).toSorted()).toEqual(Object.keys(en).toSorted());
  });

  test("has the same places for values", () => {
    for (const [key, entry] of Object.entries(en)) {
      const wanted = places(entry)[0];
      const theirs = Object.entries(catalogue).find(([name]) => name === key)?.[1] ?? "";
      for (const found of places(theirs)) expect(found, key).toEqual(wanted);
    }
  });

  test("is a translation", () => {
    const same = Object.entries(catalogue).filter(
      ([key, entry]) =>
        JSON.stringify(entry) === JSON.stringify(Object.entries(en).find(([k]) => k === key)?.[1]),
    );
    // Names and units are alike in all languages; whole sentences are not.
    for (const [key, entry] of same)
      expect(forms(entry)[0]?.split(" ").length, key).toBeLessThan(3);
  });
});

test("plural forms are those of the language", () => {
  for (const [language, catalogue] of Object.entries(LANGUAGES)) {
    const rules = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, entry] of Object.entries<string | Plural>(catalogue)) {
      if (typeof entry === "string") continue;
      for (const form of Object.keys(entry)) expect(rules, `${language} ${key}`).toContain(form);
    }
  }
});

test("every error a client can raise has a sentence, or the general one", () => {
  const silent = Object.keys(MEANINGS).filter((code) => !Object.hasOwn(en, `error.${code}`));
  // These name breaches by the other side or a bug of ours; people read `error.peer`, `error.bug`.
  expect(silent.toSorted()).toEqual(
    [
      "bad_commitment",
      "bad_credential",
      "bad_signature",
      "decryption",
      "no_media",
      "replayed",
      "unexpected",
      "usage",
      "wrong_epoch",
      "wrong_group",
      "wrong_suite",
    ].toSorted(),
  );
});

test("no key is left over", () => {
  const code = sources(APP, /\.tsx?$/)
    .filter(([name]) => !name.startsWith("i18n"))
    .map(([, text]) => text)
    .join("\n");
  const open = [
    /^password\.\w+$/,
    /^error\./,
    /^doctor\.\w+/,
    /^ended\./,
    /^event\./,
    /^person\./,
    /^desk\./,
    /^call\.(quality|path|calling|connecting|reconnecting)/,
    /^security\.path\./,
    /^settings\.theme\./,
    /^effect\.(blur|noise)(\.help)?$/,
    /^permissions\.(granted|denied|prompt|unknown)$/,
    /^moveFile\./,
    /^(elsewhere|refused|shutOut|broken)\.(title|lead)$/,
    /^requests\./,
    /^push\.(service|server|system|caller)/,
    /^recipients\.push$/,
    /^guest\.(nobody|waiting|coming)/,
    /^link\.(day|week|month)$/,
    /^rules\.(calls|adds)\./,
    /^group\.(left|removed|broken)(Lead)?$/,
    /^meter\./,
    /^limits\./,
    /^calls\.(is|quality)\.|^calls\.(missed|pinned)$/,
    /^keeping\.((what|why)\.)?(keep|details|sync|trace)$/,
    /^(about|study)\.\w+$/,
    /^groupCall\.(way|path|came|went)/,
    /^reaction\./,
    /^groupEnded\./,
    /^(?:kind|mayNotAsk|law\.(?:rule|place))\./,
    /^law\.(?:contested|partial)$/,
    /^consents\.(?:given|refused|withdrawn|expired|receiptHelp|kantaraHelp)$/,
    /^recordings\.silent\./,
    /^receipt\.(?:over|media|mayNot)\./,
    /^request\.place\.|^askRecord\.recipients\./,
    /^mirror\.(ties|sleep|work|new|ended|sensitive|pattern)$/,
  ];
  const unused = Object.keys(en).filter(
    (key) => !code.includes(`"${key}"`) && !open.some((pattern) => pattern.test(key)),
  );
  expect(unused).toEqual([]);
});

test("components hold no text of their own", () => {
  const spoken = /(?:>|\}|^)\s*([A-Za-z][\w ,.'’-]*[a-z]{2,}[\w ,.!?'’-]*)\s*<\//gm;
  const attribute = /(?:aria-label|title|alt|placeholder)="[^"]*[a-z]{3}/;
  for (const [name, text] of sources(APP, /\.tsx$/)) {
    const found = [...text.matchAll(spoken)].map((match) => match[1]);
    expect(found, name).toEqual([]);
    expect(attribute.test(text), name).toBe(false);
  }
  // Positive control: the patterns see what they are for.
  expect([..."<p>Hello there</p>".matchAll(spoken)]).toHaveLength(1);
  expect(attribute.test('<i aria-label="Close">')).toBe(true);
});

describe("English that comes later", () => {
  test("shares no key with the first, and is said once its screen is loaded", async () => {
    expect(Object.keys(enLater).filter((key) => Object.hasOwn(enFirst, key))).toEqual([]);
    expect(say("keeping.title")).toBe("");
    expect(await later(async () => "screen")).toBe("screen");
    expect(say("keeping.title")).toBe("What is kept of calls");
    expect(say("calls.found", { count: 1 })).toBe("1 call");
  });

  test("is loaded with each screen that says something of it", () => {
    const loading = ["screens/inside.tsx", "screens/door.tsx", "app.tsx"];
    const inside = loading
      .map((name) => readFileSync(join(APP, name), "utf8"))
      .join()
      .replaceAll('"./screens/', '"./');
    const keys = Object.keys(enLater);
    const screens = sources(join(APP, "screens"), /\.tsx$/);
    const speaking = screens.filter(([, text]) => keys.some((key) => text.includes(`"${key}"`)));
    expect(speaking.length).toBeGreaterThan(8);
    // What is no screen by itself is a part of one of these.
    const parts =
      /^(call(?!_receipts)|calls|consents|person|delete|receipt|recording)_|^group_(?!members)|^(data|move)_(?!rows)|^(presets|rules|wishes)\./;
    for (const [name] of speaking.filter(([found]) => !parts.test(found))) {
      expect(inside, name).toContain(`later(() => import("./${name}"))`);
    }
    expect(inside).toContain('later(() => import("./person.tsx"))');
    // The words of a receipt come with what opens it over a call.
    for (const name of ["receipt_asked", "call_panels", "group_call_panels"]) {
      const source = readFileSync(join(APP, `screens/${name}.tsx`), "utf8");
      expect(source, name).toContain('later(() => import("./receipt_sheet.tsx"))');
    }
  });
});

describe("sentences", () => {
  test("take values, and count in each language", async () => {
    expect(say("home.requests", { count: 1 })).toBe("1 person would like to talk to you");
    expect(say("home.requests", { count: 3 })).toBe("3 people would like to talk to you");
    await speak("de");
    expect(say("home.requests", { count: 1 })).toBe("1 Person möchte mit dir sprechen");
    await speak("es");
    expect(say("home.requests", { count: 2 })).toBe("2 personas quieren hablar contigo");
  });

  test("a value is never read as a pattern", () => {
    expect(say("incoming.title", { name: "{name} $1" })).toBe("{name} $1 is calling");
    expect(sayWith("incoming.title", { name: "X" })).toEqual(["", "X", " is calling"]);
  });

  test("times and days", async () => {
    expect(clock(5)).toBe("0:05");
    expect(clock(3672)).toBe("1:01:12");
    expect(duration(1934)).toBe("32 minutes, 14 seconds");
    expect(duration(0)).toBe("0 seconds");
    expect(duration(7200)).toBe("2 hours");
    expect([brief(40), brief(1934), brief(5400)]).toEqual(["40 sec", "32 min", "1.5 hr"]);
    expect(percent(0.931)).toBe("93%");
    expect(age(3 * 86_400)).toBe("3 days");
    expect(age(400 * 86_400)).toBe("13 months");
    const noon = new Date(2026, 10, 28, 12).getTime() / 1000;
    expect(day(noon - 60, noon)).toBe("Today");
    expect(day(noon - 86_400, noon)).toBe("Yesterday");
    expect(day(noon - 4 * 86_400, noon)).toBe("Tuesday");
    expect(day(noon - 40 * 86_400, noon)).toBe("October 19");
    await speak("de");
    expect(day(noon - 86_400, noon)).toBe("Gestern");
  });
});
