/** The page of honest limits has a row for everybody in docs/protocol/adversaries.md. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { enLimits } from "../../app/i18n/en_limits.ts";
import { ADVERSARIES } from "../../app/screens/limits.tsx";

const PAGE = join(import.meta.dirname, "../../../docs/protocol/adversaries.md");

/** How each is called there. */
const CALLED: Readonly<Record<(typeof ADVERSARIES)[number], RegExp>> = {
  disk: /server's disk/,
  operator: /server, running/,
  network: /on the network/,
  relay: /relay/,
  push: /push service/,
  contact: /^A contact$/,
  removed: /removed or blocked/,
  stranger: /stranger/,
  device: /with your device/,
  password: /with your password/,
  move: /with your move file/,
  program: /serves the program/,
};

function headings(text: string): string[] {
  const found = [...text.matchAll(/^## (.+)$/gm)].map(([, name]) => name ?? "");
  return found.filter((name) => name !== "Honest limits");
}

test("everybody in the threat model has a row, in that order, and nobody else", () => {
  const there = headings(readFileSync(PAGE, "utf8"));
  expect(there.length).toBe(ADVERSARIES.length);
  for (const [at, who] of ADVERSARIES.entries()) expect(there[at]).toMatch(CALLED[who]);
});

test("a new adversary without a row is noticed", () => {
  const more = `${readFileSync(PAGE, "utf8")}\n## Somebody new\n`;
  expect(headings(more).length).toBe(ADVERSARIES.length + 1);
});

test("each row says what they can do, and promises nothing", () => {
  for (const who of ADVERSARIES) {
    expect(enLimits[`limits.${who}Can`].length).toBeGreaterThan(40);
    expect(enLimits[`limits.${who}Can`]).not.toMatch(/impossible|never|guarantee/i);
  }
});
