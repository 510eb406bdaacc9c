/** Password rules and passphrases: as in Python, down to what is asked of the list of known ones. */

import { expect, test } from "vitest";
import { fromHex } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import * as passwords from "../core/passwords.ts";
import { Dice, loadCore, outcome, rows } from "./core_vectors.ts";

const VECTORS = loadCore("passwords");

test("as in Python: judgements", async () => {
  type Row = readonly [string, readonly string[], boolean, string[], string[], asked: string[]];
  const seen = new Set<string>();
  for (const [password, context, secondFactor, ...expected] of rows<Row>(VECTORS, "judged")) {
    const asked: string[] = [];
    const known = (folded: string) => {
      asked.push(folded);
      return ["password", "strasse"].includes(folded);
    };
    const verdict = passwords.check(password, { known, context, secondFactor });
    expect([verdict.reasons, verdict.advice, asked], password).toEqual(expected);
    const weak = verdict.reasons.length > 0 ? "weak_password" : "ok";
    expect(await outcome(() => passwords.requireAccepted(verdict))).toBe(weak);
    for (const reason of verdict.reasons) seen.add(reason);
  }
  expect(seen).toEqual(new Set(Object.values(passwords.Reason)));
  expect(Object.keys(passwords.SENTENCES).sort()).toEqual([...seen].sort());
});

test("as in Python: passphrases", () => {
  for (const [size, phrase, drawn] of rows<readonly [number, string, string]>(VECTORS, "phrases")) {
    let rest = fromHex(drawn);
    const rng = (length: number) => {
      const taken = rest.slice(0, length);
      rest = rest.slice(length);
      return taken;
    };
    expect(passwords.generatePassphrase(rng, size)).toBe(phrase);
    expect(rest.length).toBe(0);
  }
  const dice = new Dice(10);
  const phrase = passwords.generatePassphrase((size) => dice.bytes(size));
  expect(phrase.split("-").length).toBe(passwords.DEFAULT_WORDS);
  expect(() => passwords.generatePassphrase((size) => dice.bytes(size), 4)).toThrow(UsageError);
});

test("as in Python: the filter of known passwords", () => {
  const data = VECTORS.data("filter");
  const blocklist = new passwords.Blocklist(data);
  for (const [password, known] of rows<readonly [string, boolean]>(VECTORS, "known")) {
    expect(blocklist.has(password), password).toBe(known);
  }
  for (const bad of [data.slice(0, 10), data.slice(1), new Uint8Array()]) {
    expect(() => new passwords.Blocklist(bad)).toThrow(UsageError);
  }
});

test("every element was read", () => VECTORS.finish());
