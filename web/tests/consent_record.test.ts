/** Consents as their owner keeps them: the same form as in Python, and versions merge alike. */

import { describe, expect, test } from "vitest";
import { type Bytes, fromHex, hex } from "../core/bytes.ts";
import {
  type ConsentRecord,
  consentIn,
  decodeConsent,
  encodeConsent,
  leavingOf,
  merged,
  nextNumber,
  parseConsent,
  vaultForm,
  withAnswer,
} from "../core/consent_record.ts";
import { UsageError } from "../core/errors.ts";
import { Digest } from "../core/ids.ts";
import { MAX_ANSWERS } from "../core/recording_consent.ts";
import { disagreements } from "./content_vectors.ts";
import { loadCore, outcome, plain, rows } from "./core_vectors.ts";

type Form = readonly [
  name: string,
  fields: unknown,
  data: string,
  state: string,
  next: number,
  leaving: boolean,
];

const VECTORS = loadCore("consents");
const FORMS = rows<Form>(VECTORS, "forms");
const NAMED = new Map(FORMS.map(([name, , data]) => [name, parseConsent(fromHex(data))]));
const ALL = [...NAMED.values()];

function named(name: string): ConsentRecord {
  const found = NAMED.get(name);
  if (found === undefined) throw new Error(`no form ${name}`);
  return found;
}

async function again(data: Bytes): Promise<Bytes> {
  return encodeConsent(await decodeConsent(data));
}

const ends = ({ signed }: ConsentRecord) => signed.map((one) => hex(one.slice(-8)));

describe("the vectors", () => {
  test("forms have Python's fields and bytes, and say the same", async () => {
    for (const [name, fields, data, state, next, leaving] of FORMS) {
      const consent = await decodeConsent(fromHex(data));
      expect([name, plain(consent)]).toEqual([name, fields]);
      expect(hex(encodeConsent(consent))).toBe(data);
      expect([name, (await consentIn(consent)).state]).toEqual([name, state]);
      expect(await nextNumber(consent)).toBe(next);
      expect([name, (await leavingOf(consent)) !== null]).toEqual([name, leaving]);
    }
  });

  test("whatever is changed in one ends as in Python", async () => {
    const whole = encodeConsent(named("given"));
    expect(await disagreements(VECTORS, again, whole)).toEqual([]);
  });

  test("what is no consent is refused for the same reason (CK-994)", async () => {
    type Bad = readonly [name: string, data: string, outcome: string];
    for (const [name, data, expected] of rows<Bad>(VECTORS, "bad")) {
      expect([name, await outcome(() => decodeConsent(fromHex(data)))]).toEqual([name, expected]);
    }
  });

  test("each two versions merge to the same", async () => {
    type Merged = readonly [one: string, other: string, digest: string];
    for (const [one, other, digest] of rows<Merged>(VECTORS, "merged")) {
      const both = encodeConsent(await merged(named(one), named(other)));
      expect([one, other, hex(Digest.sha256(both))]).toEqual([one, other, digest]);
    }
  });

  test("what is too long for a slot is shortened alike", async () => {
    type Long = readonly [data: string, ends: readonly string[]];
    const long = rows<Long>(VECTORS, "long").map(([data, short]) => {
      const consent = parseConsent(fromHex(data));
      expect(ends(vaultForm(consent))).toEqual(short);
      return consent;
    });
    const [one, other] = long.slice(-2);
    if (one === undefined || other === undefined) throw new Error("nothing to join");
    const joined = [await merged(one, other), await merged(other, one)];
    expect(joined.map(ends)).toEqual(rows<readonly string[]>(VECTORS, "joined"));
    expect(joined[0]?.signed).toHaveLength(1 + MAX_ANSWERS);
  });

  test("all of them were read", () => VECTORS.finish());
});

test("merging knows no order: of two, of three, and of one with itself", async () => {
  const bytes = async (consent: Promise<ConsentRecord>) => hex(encodeConsent(await consent));
  const some = ALL.slice(0, 6);
  for (const one of ALL) {
    expect(await bytes(merged(one, one))).toBe(hex(encodeConsent(one)));
    for (const other of ALL) {
      expect(await bytes(merged(one, other))).toBe(await bytes(merged(other, one)));
    }
    for (const other of some) {
      for (const third of some) {
        const left = merged(await merged(one, other), third);
        expect(await bytes(left)).toBe(await bytes(merged(one, await merged(other, third))));
      }
    }
  }
}, 30_000);

test("two consents are no versions of one", async () => {
  const one = named("given");
  const other = { ...one, ask: Digest.sha256(one.ask) };
  await expect(merged(one, other)).rejects.toThrow(UsageError);
});

test("what is answered more often than a consent holds leaves out the oldest", async () => {
  let consent = named("given");
  const answer = consent.signed[1] ?? new Uint8Array();
  for (let times = 0; times < MAX_ANSWERS + 1; times++) consent = await withAnswer(consent, answer);
  expect(consent.signed).toHaveLength(1 + MAX_ANSWERS);
});

test("an answer that is said in the call comes before what was said for after it", async () => {
  const all = named("after the call, and given in it");
  const [request, yes, back, again, late] = all.signed;
  if (!request || !yes || !back || !again || !late) throw new Error("too few answers");
  let consent: ConsentRecord = { ...all, signed: [request, late] };
  for (const said of [again, back, yes]) consent = await withAnswer(consent, said);
  expect(hex(encodeConsent(consent))).toBe(hex(encodeConsent(all)));
  expect((await consentIn(await decodeConsent(encodeConsent(consent)))).state).toBe("withdrawn");
});
