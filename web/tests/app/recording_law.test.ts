/** What the law says is there to be read, and lowers nothing. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { enConsents } from "../../app/i18n/en_consents.ts";
import { later, say, speak } from "../../app/i18n/text.ts";
import { LAW } from "../../app/recording_law.ts";
import { placeName } from "../../app/screens/recording_law.tsx";

const WEB = join(import.meta.dirname, "../..");

beforeAll(() => later(async () => undefined));
afterEach(() => speak("en"));

describe("the table", () => {
  test("every row has a place, a source and a date; each place stands once", () => {
    expect(LAW.length).toBeGreaterThan(30);
    expect(new Set(LAW.map(({ place }) => place)).size).toBe(LAW.length);
    for (const { place, source, read } of LAW) {
      expect(place).toMatch(/^[A-Z]{2}(?:-[A-Z]{2,4})?$/);
      expect(source, place).not.toBe("");
      expect(read, place).toMatch(/^20\d\d-(?:0[1-9]|1[0-2])$/);
    }
  });

  test("where a part of a country is named, so is the law; and where only one source was read", () => {
    const parts = LAW.filter(({ place }) => /^(?:AU|US)/.test(place) && place !== "US-REST");
    expect(parts.length).toBeGreaterThanOrEqual(25);
    for (const { cite, place } of parts) expect(cite, place).toMatch(/\d|v\. /);
    const clear = parts.filter(({ place, standing }) => standing === "clear" && place !== "US");
    for (const { place, source } of clear)
      expect(source.split(", ").length, place).toBeGreaterThan(1);
  });

  test("all of Australia is there, with what each law asks for", () => {
    const rules = LAW.filter(({ place }) => place.startsWith("AU-")).map(({ place, rule }) => [
      place.slice(3),
      rule,
    ]);
    expect(Object.fromEntries(rules)).toEqual({
      ...{ NSW: "all", SA: "all", WA: "all", TAS: "all", ACT: "mixed" },
      ...{ VIC: "one", QLD: "one", NT: "one" },
    });
  });

  test("where sources disagree, it says so and takes no side", () => {
    const contested = LAW.filter(({ standing }) => standing === "contested");
    expect(contested.map(({ place }) => place).toSorted()).toEqual(
      ["US-CT", "US-DE", "US-MI", "US-NE", "US-NV", "US-VT"].toSorted(),
    );
    for (const { rule, place } of contested) expect(rule, place).toBe("mixed");
  });

  test("every place has a name in each language", async () => {
    for (const language of ["en", "de", "es"] as const) {
      await speak(language);
      const names = LAW.map(({ place }) => placeName(place));
      expect(new Set(names).size).toBe(LAW.length);
      for (const name of names) expect(name).not.toMatch(/^,|[A-Z]{2}-|^[A-Z]{2}$/);
    }
    const named = Object.keys(enConsents).filter((key) => key.startsWith("law.place."));
    const parts = LAW.filter(({ place }) => place.includes("-")).map(({ place }) => place);
    expect(named.map((key) => key.replace("law.place.", "")).toSorted()).toEqual(parts.toSorted());
  });

  test("beside it stands that everybody is asked anyway, everywhere", async () => {
    for (const language of ["en", "de", "es"] as const) {
      await speak(language);
      expect(say("law.anyway")).toMatch(/everybody.*everywhere|alle.*überall|todos.*todas partes/);
    }
    const source = readFileSync(join(WEB, "app/screens/recording_law.tsx"), "utf8");
    expect(source.indexOf("law.anyway")).toBeLessThan(source.indexOf("LAW.map"));
  });
});

describe("nothing is decided by it", () => {
  const sources = ["app", "core", "client", "media"].flatMap((folder) =>
    readdirSync(join(WEB, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => [join(folder, name), readFileSync(join(WEB, folder, name), "utf8")] as const),
  );
  const importers = (of: RegExp) =>
    sources.filter(([, text]) => of.test(text)).map(([name]) => name);

  test("only the page that shows it reads the table, and the table reads nothing", () => {
    expect(importers(/["']\.{1,2}\/(?:\S*\/)?recording_law\.ts["']/)).toEqual([
      "app/screens/recording_law.tsx",
    ]);
    expect(readFileSync(join(WEB, "app/recording_law.ts"), "utf8")).not.toMatch(/\bimport\b/);
  });

  test("the page tells nobody what stands there: all it can do is close", () => {
    const source = readFileSync(join(WEB, "app/screens/recording_law.tsx"), "utf8");
    expect(source).toContain("RecordingLaw({ onClose }: { onClose: () => void })");
    expect(source).not.toMatch(/useModel|useRecording|setPrefs|useState|onPress|onChange/);
    expect(source.match(/^export /gm)).toHaveLength(2); // and `placeName`
    const openers = importers(/recording_law\.tsx"/);
    for (const name of openers) {
      const text = sources.find(([one]) => one === name)?.[1] ?? "";
      if (name.includes("scenes")) continue;
      // Opened and closed, with no word back.
      expect(text, name).toMatch(/<(?:Law|RecordingLaw) onClose=\{\(\) => set\w+\(false\)\} \/>/);
      expect(text, name).not.toMatch(/placeName/);
    }
    expect(openers.length).toBeGreaterThan(0);
  });

  test("no setting and no rule names a place", () => {
    for (const name of ["app/prefs.ts", "app/model.ts", "app/model_recording.ts"]) {
      const text = sources.find(([one]) => one === name)?.[1] ?? "";
      expect(text, name).not.toMatch(/jurisdiction|country|\bLAW\b|one.party/i);
    }
    expect(renderToStaticMarkup(createElement("p", null, say("law.title")))).toContain("law");
  });
});
