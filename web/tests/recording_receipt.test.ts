/**
 * Receipts of a consent to a recording: made byte for byte as in Python, refused for the same
 * reasons, and shown alike in Kantara's form.
 */

import { describe, expect, test } from "vitest";
import * as base64url from "../core/base64url.ts";
import { setOf } from "../core/byte_sets.ts";
import { type Bytes, concat, equal, fromHex, hex, utf8 } from "../core/bytes.ts";
import { sign } from "../core/identity.ts";
import { CallId, ConsentKey } from "../core/ids.ts";
import { Consent, MAX_ANSWERS, readConsent, State } from "../core/recording_consent.ts";
import {
  canonical,
  didKey,
  type Item,
  isItem,
  type Node,
  receiptId,
  recordId,
  utc,
} from "../core/recording_jsonld.ts";
import { kantaraView } from "../core/recording_kantara.ts";
import {
  MAX_RECEIPT,
  makeReceipt,
  type Sign,
  UnverifiedConsentReceipt,
  verifyReceipt,
} from "../core/recording_receipt.ts";
import { membersHash } from "../core/recording_rules.ts";
import {
  askDigest,
  callReference,
  Place,
  Recipients,
  type RecordingGrant,
  signStatement,
  WithdrawBy,
} from "../core/recording_statements.ts";
import { Kind } from "../core/recording_types.ts";
import { flipped, loadCore, outcome, plain, rows } from "./core_vectors.ts";

type Says = Readonly<{ given: number | null; state: State; ask: { purpose: string } }>;
type Whole = readonly [
  name: string,
  signed: readonly string[],
  says: Says,
  text: string,
  view: unknown,
];
type Altered = readonly [
  path: readonly (string | number)[],
  value: Item | null,
  outcome: string,
  signedAnew: string,
];
type Made = readonly [
  statements: readonly string[],
  key: string,
  privateKey: string,
  outcome: string,
];

const VECTORS = loadCore("receipts");
const [ASKER, ASKERS] = pair("asker");
const [OWNER, OWNERS] = pair("owner");
const OTHERS = (VECTORS.values("others") as readonly string[]).map(fromHex);
const RECEIPTS = rows<Whole>(VECTORS, "receipts");
const ALTERED = rows<Altered>(VECTORS, "altered");
const FLIPPED = rows<readonly [at: number, outcome: string]>(VECTORS, "flipped");
const REPLACED = rows<readonly [old: string, text: string, outcome: string]>(VECTORS, "replaced");
const NONE = rows<readonly [data: string, times: number, outcome: string]>(VECTORS, "none");
const FORGED = rows<readonly [name: string, text: string, outcome: string]>(VECTORS, "forged");
const RECORDS = rows<readonly [statements: readonly string[], outcome: string]>(VECTORS, "records");
const MADE = rows<Made>(VECTORS, "made");
const ITEMS = rows<readonly [value: unknown, spelling: string | null]>(VECTORS, "items");
const TIMES = rows<readonly [at: number, shown: string]>(VECTORS, "times");
const KEYS = rows<readonly [key: string, did: string]>(VECTORS, "keys");

const RICH = "given, taken back, and given again";
const LABEL = "visavis recording receipt v1\0";
const PROOF = "sec:proof";

function pair(name: string): readonly [key: ConsentKey, privateKey: Bytes] {
  const [key, privateKey] = VECTORS.values(name) as readonly [string, string];
  return [new ConsentKey(fromHex(key)), fromHex(privateKey)];
}

function text(name: string): string {
  const found = RECEIPTS.find(([called]) => called === name);
  if (found === undefined) throw new Error(`no receipt called ${name}`);
  return found[3];
}

const SIGN: Sign = (label, message) => sign(OWNERS, label, message);

/** Return a document as one can alter it. */
function parsed(name: string): Record<string, Item> {
  return JSON.parse(text(name));
}

function told(consent: Consent): unknown {
  const { key, ask, answers, state, given, exported, until } = consent;
  return {
    ...(plain({ key, ask, answers, state, exported, until }) as object),
    given: given?.number ?? null,
    receipt: receiptId(consent),
    record: recordId(consent),
  };
}

describe("a receipt", () => {
  test("says what Python says, and is made anew to the same bytes", async () => {
    for (const [name, signed, says, expected] of RECEIPTS) {
      const consent = await verifyReceipt(utf8(expected));
      expect(told(consent), name).toEqual(says);
      expect(consent.signed.map(hex), name).toEqual(signed);
      const statements = signed.map(fromHex);
      const some = [...OTHERS, ...statements.toReversed(), ...statements];
      const made = await makeReceipt(some, OWNER, SIGN);
      expect(new TextDecoder().decode(made), name).toBe(expected);
    }
  });

  test("of every sort is among them", () => {
    const says = RECEIPTS.map(([, , one]) => one);
    expect(new Set(says.map(({ state }) => state))).toEqual(new Set(Object.values(State)));
    const words = says.map(({ ask }) => ask.purpose).join("");
    for (const odd of [
      '"',
      "\\",
      "\0",
      "\x1f",
      "\x7f",
      "\u2028",
      "\ufeff",
      "\u202e",
      "\u{10ffff}",
    ]) {
      expect(words, JSON.stringify(odd)).toContain(odd);
    }
  });

  test("is shown in Kantara's form as Python shows it, while a yes stands", async () => {
    for (const [name, , says, receipt, view] of RECEIPTS) {
      const consent = await verifyReceipt(utf8(receipt));
      let found: unknown = null;
      const shown = await outcome(() => {
        found = kantaraView(consent);
      });
      expect(shown, name).toBe(says.given === null ? "usage" : "ok");
      expect(found, name).toEqual(view);
    }
    const none = RECEIPTS.filter(([, , , , view]) => view === null);
    expect(none.length).toBeGreaterThan(5);
    expect(none.length).toBeLessThan(RECEIPTS.length - 5);
  });

  test("of as many answers as a call can have fits into a file, and one more is none", async () => {
    const call = callReference(new CallId(new Uint8Array(16)));
    const kinds = new Set(Object.values(Kind));
    const ask = {
      kind: "recording.ask",
      call,
      key: ASKER,
      number: 2 ** 32 - 1,
      at: 2 ** 40,
      kinds,
      purpose: "\x01".repeat(600),
      place: Place.UPLOADED,
      days: 30,
      recipients: Recipients.MEMBERS,
      clear: true,
      withdraw: WithdrawBy.APP,
      named: "\x01".repeat(600),
    } as const;
    const yes: RecordingGrant = {
      kind: "recording.grant",
      call,
      key: OWNER,
      number: 1,
      at: 2 ** 40,
      ask: askDigest(ask),
      kinds,
      members: membersHash(setOf(ASKER, OWNER)),
      clear: true,
      share: call,
    };
    const statements = [await signStatement(ask, ASKERS)];
    for (let number = 1; number <= MAX_ANSWERS; number++) {
      statements.push(await signStatement({ ...yes, number }, OWNERS));
    }
    const data = await makeReceipt(statements, OWNER, SIGN);
    expect(data.length).toBeLessThan(MAX_RECEIPT);
    expect((await verifyReceipt(data)).answers).toHaveLength(MAX_ANSWERS);
    const number = MAX_ANSWERS + 1;
    statements.push(await signStatement({ ...yes, number }, OWNERS));
    expect(await outcome(() => readConsent(statements, OWNER))).toBe("malformed CK-964");
  });

  test("is judged as it came, whatever becomes of its bytes", async () => {
    const data = utf8(text("given"));
    const receipt = UnverifiedConsentReceipt.parse(data);
    data.fill(0);
    expect((await receipt.verify()).state).toBe(State.GIVEN);
  });

  test("shows nothing of itself in a text", async () => {
    const receipt = UnverifiedConsentReceipt.parse(utf8(text("given")));
    expect(JSON.stringify(receipt)).toBe("{}");
    expect(`${await receipt.verify()}`).not.toContain("Minutes");
  });
});

/** Return it as its owner could sign it; without a proof there is nothing to put that into. */
async function anew(document: Node, privateKey = OWNERS): Promise<Bytes> {
  const { [PROOF]: proof, ...body } = document;
  if (typeof proof !== "object" || Array.isArray(proof)) return canonical(document);
  const value = base64url.encode(await sign(privateKey, LABEL, canonical(body)));
  return canonical({ ...body, [PROOF]: { ...(proof as Node), "sec:proofValue": `u${value}` } });
}

/** Return the document of `RICH` with something else in one place; null: with nothing there. */
function changed(path: readonly (string | number)[], value: Item | null): Node {
  const document = parsed(RICH);
  let holder: Record<string | number, unknown> = document;
  for (const step of path.slice(0, -1)) holder = holder[step] as typeof holder;
  const last = path.at(-1);
  if (last === undefined) return document;
  if (value !== null) holder[last] = value;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return document;
}

describe("what is no receipt", () => {
  test("whatever is changed, it is refused for the same reason, whoever signs that", async () => {
    const seen = new Set<string>();
    for (const [path, value, asIs, signedAnew] of ALTERED) {
      const document = changed(path, value);
      const what = JSON.stringify([path, value]);
      expect(await outcome(() => verifyReceipt(canonical(document))), what).toBe(asIs);
      const owners = await anew(document);
      expect(await outcome(() => verifyReceipt(owners)), what).toBe(signedAnew);
      // Only a changed signature is made good by signing.
      if (signedAnew === "ok") expect(equal(owners, utf8(text(RICH)))).toBe(true);
      if (path.length > 0) expect(asIs, what).not.toBe("ok");
      seen.add(asIs).add(signedAnew);
    }
    expect([...seen].sort()).toEqual([
      "bad_signature",
      "malformed CK-250",
      "malformed CK-960",
      "malformed CK-961",
      "malformed CK-964",
      "malformed CK-965",
      "malformed CK-966",
      "ok",
    ]);
  });

  test("a changed byte is seen", async () => {
    const data = utf8(text("given"));
    for (const [at, expected] of FLIPPED) {
      expect(await outcome(() => verifyReceipt(flipped(data, at))), `byte ${at}`).toBe(expected);
      expect(expected).not.toBe("ok");
    }
    expect(FLIPPED.length).toBeGreaterThan(1000);
  });

  test("another spelling is refused, and what others would spell differently", async () => {
    for (const [old, other, expected] of REPLACED) {
      const spelt = text("given").replace(old, () => other);
      expect(spelt).not.toBe(text("given"));
      expect(await outcome(() => verifyReceipt(utf8(spelt))), other.slice(0, 40)).toBe(expected);
    }
  });

  test("anything else is refused, and what is too long is not read", async () => {
    for (const [data, times, expected] of NONE) {
      const whole = fromHex(data.repeat(times));
      expect(await outcome(() => verifyReceipt(whole)), data.slice(0, 40)).toBe(expected);
    }
  });

  test("what people might try is refused", async () => {
    for (const [name, data, expected] of FORGED) {
      expect(await outcome(() => verifyReceipt(utf8(data))), name).toBe(expected);
      expect(expected, name).not.toBe("ok");
    }
  });

  test("bytes that are no text are refused", async () => {
    const [before, behind] = text("given").split("Minutes");
    for (const wrong of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
      const data = concat(utf8(before ?? ""), Uint8Array.from(wrong), utf8(behind ?? ""));
      expect(await outcome(() => verifyReceipt(data))).toBe("malformed CK-960");
    }
  });
});

describe("a record", () => {
  test("is read, or refused for the same reason", async () => {
    const seen = new Set<string>();
    for (const [at, [statements, expected]] of RECORDS.entries()) {
      const read = () => readConsent(statements.map(fromHex), OWNER);
      expect(await outcome(read), `row ${at}`).toBe(expected);
      seen.add(expected);
    }
    expect([...seen].sort()).toEqual([
      "bad_signature",
      "malformed CK-250",
      "malformed CK-935",
      "malformed CK-964",
      "malformed CK-965",
      "ok",
      "too_large CK-935",
    ]);
  });

  test("has a receipt only if there is one request, an answer, and the right key", async () => {
    const seen = new Set<string>();
    for (const [at, [statements, key, privateKey, expected]] of MADE.entries()) {
      const signing: Sign = (label, message) => sign(fromHex(privateKey), label, message);
      const whose = new ConsentKey(fromHex(key));
      const made = () => makeReceipt(statements.map(fromHex), whose, signing);
      expect(await outcome(made), `row ${at}`).toBe(expected);
      seen.add(expected);
    }
    expect([...seen].sort()).toEqual(["bad_signature", "malformed CK-935", "ok", "usage"]);
    const requests = RECEIPTS.map(([, [request = ""]]) => fromHex(request));
    await expect(makeReceipt(requests, OWNER, SIGN)).rejects.toThrow("one request");
  });

  test("is none without an answer, and what goes wrong in signing is no refusal", async () => {
    const { ask, signed } = await verifyReceipt(utf8(text("given")));
    expect(() => new Consent(OWNER, ask, [], signed)).toThrow("silence");
    const failing: Sign = () => Promise.reject(new RangeError("the key is gone"));
    await expect(makeReceipt(signed, OWNER, failing)).rejects.toThrow("the key is gone");
  });
});

describe("the words of a receipt", () => {
  test("have one spelling, or do not stand in one", () => {
    const seen = { spelt: 0, refused: 0 };
    for (const [value, expected] of ITEMS) {
      const node: Record<string, unknown> = { a: value };
      const isAllowed = isItem(node);
      const what = JSON.stringify(value);
      expect(isAllowed, what).toBe(expected !== null);
      if (isAllowed) expect(hex(canonical(node as Node)), what).toBe(expected);
      seen[isAllowed ? "spelt" : "refused"] += 1;
    }
    expect(seen.spelt).toBeGreaterThan(250);
    expect(seen.refused).toBeGreaterThan(20);
  });

  test("times and keys are shown alike", () => {
    for (const [at, shown] of TIMES) expect(utc(at)).toBe(shown);
    for (const [key, did] of KEYS) expect(didKey(new ConsentKey(fromHex(key)))).toBe(did);
    VECTORS.finish();
  });
});
