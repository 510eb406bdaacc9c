/** Receipts of a call: made byte for byte as in Python, and refused for the same reasons. */

import { describe, expect, test } from "vitest";
import { setOf } from "../core/byte_sets.ts";
import { type Bytes, equal, fromHex, hex, utf8 } from "../core/bytes.ts";
import {
  callReference,
  checkMembers,
  checkOpened,
  checkTimes,
  commitment,
  type Facts,
  FIELDS,
  type Field,
  type Media,
  makeTerms,
  openFields,
  type Receipt,
  readField,
  readTerms,
  signBinding,
  signTerms,
} from "../core/call_receipt.ts";
import { makeFile, type Shown, showSelf, verifyFile } from "../core/call_receipt_file.ts";
import { CallId, ConsentKey, Digest, Signature, SignatureKey } from "../core/ids.ts";
import { halfOf } from "../core/safety_number.ts";
import { flipped, loadCore, outcome, rows } from "./core_vectors.ts";

type Said = Readonly<{ disclosed: Record<string, unknown>; shown: Record<string, string[]> }>;

const VECTORS = loadCore("call-receipts");
const PRIVATE = rows<readonly [key: string, privateKey: string]>(VECTORS, "private");
const CALL = new CallId(fromHex(VECTORS.text("call")));
const SAID = VECTORS.child("facts");
const FACTS: Facts = {
  at: SAID.number("at"),
  media: SAID.text("media") as Media,
  since: SAID.number("since"),
};
const SALTS = (VECTORS.values("salts") as readonly string[]).map(fromHex);
const OPENED = (VECTORS.values("opened") as readonly string[]).map(fromHex);
const TERMS = fromHex(VECTORS.text("terms"));
const SIGNATURES = VECTORS.values("signatures") as readonly string[];
const [DEVICE, DEVICE_PRIVATE, CREDENTIAL] = (VECTORS.values("device") as readonly string[]).map(
  fromHex,
) as [Bytes, Bytes, Bytes];
const SHOWN = VECTORS.child("shown");
const HALVES = rows<readonly string[]>(VECTORS, "halves");
const FILES = rows<readonly [name: string, says: Said, text: string]>(VECTORS, "files");
const ALTERED = rows<readonly [data: string, outcome: string]>(VECTORS, "altered");
const [LONG, TOO_LONG] = VECTORS.values("long") as readonly [number, string];
const FLIPPED = rows<readonly [at: number, outcome: string]>(VECTORS, "flipped");
const READ = rows<readonly [data: string, outcome: string]>(VECTORS, "read");
const READ_FIELDS = rows<readonly [data: string, outcome: string]>(VECTORS, "fields");
const TIMES = rows<readonly [Facts, now: number, together: number, outcome: string]>(
  VECTORS,
  "times",
);
const MEMBERS = rows<
  readonly [call: string, members: readonly string[], asker: string, outcome: string]
>(VECTORS, "members");
const CHECKED = rows<
  readonly [committed: readonly string[], opened: readonly string[], outcome: string]
>(VECTORS, "checked");

const KEYS = PRIVATE.map(([key]) => new ConsentKey(fromHex(key)));
const OWN = KEYS[0] as ConsentKey;
const OWN_PRIVATE = fromHex((PRIVATE[0] as readonly [string, string])[1]);
const ALL = utf8((FILES.find(([name]) => name === "all") as readonly [string, Said, string])[2]);

const RECEIPT: Receipt = {
  terms: TERMS,
  signatures: SIGNATURES.map((one) => new Signature(fromHex(one))),
  opened: OPENED,
};

async function shown(): Promise<Shown> {
  const device = new SignatureKey(DEVICE);
  const binding = await signBinding(TERMS, OWN_PRIVATE, device);
  return await showSelf(
    TERMS,
    { key: OWN, device, credential: CREDENTIAL, binding },
    DEVICE_PRIVATE,
  );
}

describe("what is signed in a call", () => {
  test("is the same bytes as in Python", async () => {
    const salts = [...SALTS];
    const opened = openFields(FACTS, () => salts.shift() as Bytes);
    expect(opened.map(hex)).toEqual(OPENED.map(hex));
    expect(hex(makeTerms(CALL, setOf(...KEYS), opened))).toBe(hex(TERMS));
    for (const [at, [, privateKey]] of PRIVATE.entries()) {
      expect(hex(await signTerms(TERMS, fromHex(privateKey)))).toBe(SIGNATURES[at]);
    }
    const own = await shown();
    for (const [name, value] of Object.entries(own)) {
      expect(hex(value)).toBe(SHOWN.text(name));
    }
    const terms = readTerms(TERMS);
    expect(equal(terms.call, callReference(CALL))).toBe(true);
    expect(checkOpened(terms, OPENED)).toEqual(FACTS);
  });

  test("is refused as in Python", async () => {
    for (const [data, said] of READ) {
      expect(await outcome(() => readTerms(fromHex(data))), data).toBe(said);
    }
    for (const [data, said] of READ_FIELDS) {
      expect(await outcome(() => readField(fromHex(data))), data).toBe(said);
    }
    for (const [facts, now, together, said] of TIMES) {
      expect(await outcome(() => checkTimes(facts, now, together))).toBe(said);
    }
    const terms = readTerms(TERMS);
    for (const [call, members, asker, said] of MEMBERS) {
      const of = setOf(...members.map((one) => new ConsentKey(fromHex(one))));
      const by = new ConsentKey(fromHex(asker));
      expect(await outcome(() => checkMembers(terms, new CallId(fromHex(call)), of, by))).toBe(
        said,
      );
    }
    for (const [committed, opened, said] of CHECKED) {
      const fields = committed.map((one) => new Digest(commitment(fromHex(one))));
      expect(await outcome(() => checkOpened({ ...terms, fields }, opened.map(fromHex)))).toBe(
        said,
      );
    }
  });
});

describe("a file", () => {
  test("says what Python says, and is made anew to the same bytes", async () => {
    for (const [name, says, text] of FILES) {
      const found = await verifyFile(utf8(text));
      expect(Object.fromEntries(found.disclosed), name).toEqual(says.disclosed);
      const halves = [...found.shown.values()].map(([key, party]) => [hex(key), halfOf(party)]);
      expect(Object.fromEntries(halves), name).toEqual(says.shown);
      const disclosed = FIELDS.filter((field: Field) => field in says.disclosed);
      const who = Object.keys(says.shown).length === 0 ? [] : [await shown()];
      const made = await makeFile(RECEIPT, disclosed.toReversed(), who);
      expect(new TextDecoder().decode(made), name).toBe(text);
    }
    const { accountId, identityKey } = [...(await verifyFile(ALL)).shown.values()][0]?.[1] ?? {};
    for (const [account, identity, ...half] of HALVES) {
      expect([hex(accountId as Bytes), hex(identityKey as Bytes)]).toEqual([account, identity]);
      expect(half).toHaveLength(6);
    }
  });

  test("that was altered is refused as in Python", async () => {
    for (const [data, said] of ALTERED) {
      const text = new TextDecoder().decode(fromHex(data));
      expect(await outcome(() => verifyFile(fromHex(data))), text).toBe(said);
    }
    for (const [at, said] of FLIPPED) {
      expect(await outcome(() => verifyFile(flipped(ALL, at))), `${at}`).toBe(said);
    }
    expect(await outcome(() => verifyFile(new Uint8Array(LONG)))).toBe(TOO_LONG);
  });

  test("is not made of what not all have signed", async () => {
    const some = { ...RECEIPT, signatures: RECEIPT.signatures.slice(1) };
    await expect(makeFile(some)).rejects.toThrow("CK-1007");
  });
});

test("nothing of the vectors is passed over", () => {
  VECTORS.finish();
});
