/** Text of strangers: shown harmlessly, and look-alikes found without crying wolf. */

import { describe, expect, test } from "vitest";
import {
  initial,
  initials,
  NAME_CLUSTERS,
  plainName,
  plainText,
  resembles,
  skeleton,
} from "../../app/names.ts";

describe("a name that is shown", () => {
  test("keeps what people are called", () => {
    for (const name of ["anna.48213", "ليلى.61204", "José-Luis", "Ngọc", "小林.20001"]) {
      expect(plainName(name)).toBe(name.normalize("NFC"));
    }
  });

  test.each([
    ["direction override", "\u202Egpj.exe"],
    ["isolate", "\u2067anna\u2069"],
    ["zero-width space", "an\u200Bna"],
    ["zero-width joiner", "an\u200Dna"],
    ["line break", "anna\nVerified contact"],
    ["line separator", "anna\u2028x"],
    ["tag characters", "anna\u{E0061}"],
    ["Hangul filler", "\u3164anna"],
    ["variation selector", "anna\uFE0F"],
  ])("makes a %s visible", (_, name) => {
    const shown = plainName(name);
    expect(shown).toContain("\uFFFD");
    expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{DI}\p{Zl}\p{Zp}]/u);
  });

  test("is cut when endless, between characters and not in them", () => {
    const shown = plainName("👩🏽‍🚒".repeat(5000));
    expect([...new Intl.Segmenter().segment(shown)].length).toBeLessThanOrEqual(NAME_CLUSTERS * 4);
    expect(plainName("x".repeat(100_000))).toHaveLength(NAME_CLUSTERS);
    expect(plainName("x".repeat(NAME_CLUSTERS))).not.toContain("…");
  });

  test("has no towers of accents", () => {
    const tower = `a${"\u0351".repeat(50)}`;
    expect(plainName(tower).length).toBeLessThan(5);
  });

  test("is never empty", () => {
    expect(plainName("")).toBe("\uFFFD");
    expect(plainName("   ")).toBe("\uFFFD");
    expect(initial("")).toBe("?");
    expect(initial("\u202Ezoe")).toBe("Z");
    expect(initials("Sunday at Rosa's")).toBe("SA");
    expect(initials("  \u202Echoir ")).toBe("C");
    expect(initials("42 – école")).toBe("4É");
    expect(initials("…")).toBe("?");
  });
});

describe("a message that is shown", () => {
  test("keeps lines, emoji and joiners", () => {
    const text = "first\n\tsecond 👩‍🚒 نمی‌خواهم";
    expect(plainText(text)).toBe(text);
  });

  test("cannot turn what stands around it", () => {
    expect(plainText("\u202Ereversed")).toBe("\uFFFDreversed");
    expect(plainText("a\u0007b")).toBe("a\uFFFDb");
  });
});

describe("look-alikes", () => {
  test.each([
    ["mira.20417", "mіra.20417~9f0c22ab71de"], // Cyrillic і
    ["mira.20417", "mira.20418"], // other digits
    ["mira.20417", "m\u0456ra.20417\u0341\u0353\u035A~9f0c22ab71de"], // and a tower of accents
    ["mira.20417", "mira\u2024\u0662\u0660\u0664\u0661\u0667 "], // another full stop, Arabic digits
    ["paul.10000", "pau1.10000"],
    ["jonas.77120", "j0nas.77120"],
    ["marnie.1", "mamie.1"],
    ["grandma-rosa.33871", "grandma_rosa.1"],
    ["elena.50938", "elenaa.50938"],
    ["tobias.1", "tobais.1"],
  ])("%s and %s", (one, other) => {
    expect(resembles(one, other)).toBe(true);
    expect(resembles(other, one)).toBe(true);
  });

  test.each([
    ["mira.20417", "mira.20417"], // the very same is not a look-alike
    ["mira.20417", "jonas.77120"],
    ["anna.1", "anton.1"],
    ["ann.1", "ana.1"], // short names differ by little by nature
    ["elif.50938", "emil.50938"],
  ])("not %s and %s", (one, other) => {
    expect(resembles(one, other)).toBe(false);
  });

  test("a skeleton folds what looks the same", () => {
    expect(skeleton("РауΡаІ")).toBe(skeleton("PayPal"));
    expect(skeleton("anna")).not.toBe(skeleton("hanna"));
  });
});
