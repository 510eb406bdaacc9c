/** what a call of a contact may do, in every combination; the matrix is Python's. */

import { describe, expect, test } from "vitest";
import { fromHex, hex } from "../core/bytes.ts";
import {
  ALL_RING,
  type Decision,
  decide,
  decodeRules,
  encodeRules,
  hoursOn,
  type Rules,
  weekdays,
} from "../core/contact_rules.ts";
import { MAX_HOURS, MayCall, Media } from "../core/content_records.ts";
import { UsageError } from "../core/errors.ts";
import { loadCore, plain, rows } from "./core_vectors.ts";

type Decided = readonly [
  rules: number,
  media: Media,
  minutes: readonly (readonly [minute: number, days: readonly string[]])[],
];

const VECTORS = loadCore("rules");
const RULES = rows<readonly [unknown, string]>(VECTORS, "rules");
const DECISIONS = rows<Decided>(VECTORS, "decisions");

function said(decision: Decision): string {
  return decision.kind === "ring" ? `ring ${decision.media}` : `quiet ${decision.why}`;
}

function rulesAt(index: number): Rules {
  return decodeRules(fromHex(RULES[index]?.[1] ?? ""));
}

describe("rules", () => {
  test("decode to the same fields and encode to the same bytes", () => {
    for (const [fields, encoded] of RULES) {
      const rules = decodeRules(fromHex(encoded));
      expect(plain(rules)).toEqual(fields);
      expect(hex(encodeRules(rules))).toBe(encoded);
    }
  });

  test("decide alike for every media, day and edge", () => {
    const words = new Set<string>();
    for (const [index, media, minutes] of DECISIONS) {
      const rules = rulesAt(index);
      for (const [minute, days] of minutes) {
        const found = days.map((_, day) => said(decide(rules, media, day, minute)));
        expect(found, JSON.stringify([plain(rules), media, minute])).toEqual(days);
        for (const word of found) words.add(word);
      }
    }
    expect(words.size).toBe(4);
    expect(DECISIONS.length).toBe(2 * RULES.length);
  });

  test("everything rings until the person says otherwise", () => {
    expect(said(decide(ALL_RING, Media.VIDEO, 6, 0))).toBe("ring video");
    expect(weekdays(hoursOn([6, 0, 0], 1, 2))).toEqual([0, 6]);
  });

  test("out of bounds are our own mistake", () => {
    const span = hoursOn([0], 1, 2);
    const wrong = [
      [],
      [hoursOn([], 1, 2)],
      [hoursOn([7], 1, 2)],
      [hoursOn([0], 1440, 2)],
      [hoursOn([0], 1, 0)],
      [hoursOn([0], 1, 1441)],
      Array.from({ length: MAX_HOURS + 1 }, () => span),
    ];
    for (const hours of wrong) {
      expect(() => encodeRules({ ...ALL_RING, calls: MayCall.VIDEO, hours })).toThrow(UsageError);
    }
    const most = Array.from({ length: MAX_HOURS }, () => span);
    // The control.
    expect(encodeRules({ ...ALL_RING, calls: MayCall.VIDEO, hours: most }).length).toBeGreaterThan(
      0,
    );
  });

  test("nothing of the vectors was passed over", () => {
    VECTORS.finish();
  });
});
