/** The shipped list of known passwords, and a meter that does not flatter. */

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { blocklist, judge, rate, requirePassword } from "../../client/password_check.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Code } from "../../core/errors.ts";
import { generatePassphrase, Reason } from "../../core/passwords.ts";

let drawn = 0;

/** Alike in each run: one random text in some thousands holds a word of the list by chance. */
function rng(size: number): Bytes {
  drawn += 1;
  return new Uint8Array(createHash("shake256", { outputLength: size }).update(`${drawn}`).digest());
}

test.each([
  "correcthorsebatterystaple",
  "CorrectHorseBatteryStaple",
  "123456789012345",
  "qwertyuiopasdfghjkl",
  "1qaz2wsx3edc4rfv",
  "thisismypassword",
])("what attackers try first is refused with the reason: %s", async (password) => {
  expect((await judge(password)).reasons).toContain(Reason.KNOWN);
  await expect(requirePassword(password)).rejects.toHaveProperty("code", Code.WEAK_PASSWORD);
  expect(rate(password)).toMatchObject({ score: 0 });
});

test("common ones are known beside a second factor", async () => {
  const secondFactor = true;
  expect((await judge("password", { secondFactor })).reasons).toContain(Reason.KNOWN);
  expect((await judge("gkr xqpz!w", { secondFactor })).reasons).toEqual([]);
});

test("our own names are no password", async () => {
  const context = ["anna.48213", "chat.example"];
  expect((await judge("anna anna anna 48213", { context })).reasons).toContain(Reason.CONTEXT);
  await expect(requirePassword("anna anna anna 48213", ...context)).rejects.toThrow("context");
});

describe("the meter", async () => {
  await blocklist();

  test("generated passphrases are strong", () => {
    for (let count = 0; count < 100; count++) {
      const rating = rate(generatePassphrase(rng), "anna.48213");
      expect(rating).toEqual({ score: 4, reasons: [] });
    }
  });

  test("random characters are strong", () => {
    for (let count = 0; count < 20; count++) {
      expect(rate(Buffer.from(rng(16)).toString("base64url")).score).toBeGreaterThanOrEqual(3);
    }
  });

  test.each([
    ["password passw0rd Password 1", 1],
    ["annaanna password123", 1],
    ["visavis visavis 2024", 1],
    ["summer summer summer 2024", 2],
    ["sunshine sunshine 1", 1],
    ["abcdefgh 12345678", 1],
    ["the cat is on the mat", 3],
    ["iloveyou football", 2],
  ])("what looks long and is not: %s", (password, atMost) => {
    expect(rate(password, "anna.48213").score).toBeLessThanOrEqual(atMost);
  });

  test("it is monotonous where it should be: one more word is not weaker", () => {
    const words = ["copper", "lantern", "drift", "quiet", "maple", "orbit"];
    const scores = words.map((_, i) => rate(words.slice(0, i + 1).join(" ")).score);
    expect(scores).toEqual([...scores].sort());
    expect(scores.at(-1)).toBe(4);
  });

  test("nothing and very much are rated too", () => {
    expect(rate("").score).toBe(0);
    expect(rate("").reasons).toContain(Reason.TOO_SHORT);
    expect(rate("x".repeat(100_000))).toEqual({ score: 0, reasons: [Reason.TOO_LONG] });
  });
});
