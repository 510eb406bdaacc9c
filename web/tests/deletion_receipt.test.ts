/** a deletion receipt is read, checked and refused as in Python. */

import { describe, expect, test } from "vitest";
import { fromHex } from "../core/bytes.ts";
import { Erased, isAbout, UnverifiedReceipt } from "../core/deletion_receipt.ts";
import { loadCore, outcome, plain, rows } from "./core_vectors.ts";

type True = readonly [
  says: unknown,
  receipt: string,
  otherKey: string,
  aboutSubject: boolean,
  aboutOther: boolean,
];
type Refused = readonly [data: string, outcome: string];

const VECTORS = loadCore("receipt");
const KEY = fromHex(VECTORS.text("key"));
const OTHER_KEY = fromHex(VECTORS.text("other_key"));
const SUBJECT = fromHex(VECTORS.text("subject"));
const OTHER_SUBJECT = fromHex(VECTORS.text("other_subject"));
const RECEIPTS = rows<True>(VECTORS, "receipts");
const REFUSED = rows<Refused>(VECTORS, "refused");

describe("deletion receipts", () => {
  test("say the same and are about the same", async () => {
    const kinds = new Set<string>();
    for (const [fields, receipt, otherKey, aboutSubject, aboutOther] of RECEIPTS) {
      const unverified = UnverifiedReceipt.parse(fromHex(receipt));
      const says = await unverified.verify(KEY);
      expect(plain(says)).toEqual(fields);
      expect(unverified.claimedOrigin).toBe(says.origin);
      expect(isAbout(says, SUBJECT)).toBe(aboutSubject);
      expect(isAbout(says, OTHER_SUBJECT)).toBe(aboutOther);
      expect(await outcome(() => unverified.verify(OTHER_KEY))).toBe(otherKey);
      kinds.add(says.what);
    }
    expect([...kinds].sort()).toEqual(Object.values(Erased).sort());
  });

  test("are refused for the same reason", async () => {
    const seen = new Set<string>();
    for (const [data, expected] of REFUSED) {
      const found = await outcome(() => UnverifiedReceipt.parse(fromHex(data)).verify(KEY));
      expect(found, data).toBe(expected);
      seen.add(found);
    }
    expect(seen.has("ok")).toBe(false);
    expect(seen.size).toBeGreaterThanOrEqual(4);
    VECTORS.finish();
  });
});
