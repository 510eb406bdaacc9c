/** A server's receipt counts only for what was asked (CK-745, R-76). */

import { expect, test } from "vitest";
import { type Asked, checked } from "../../client/receipts.ts";
import { fromHex } from "../../core/bytes.ts";
import { UnverifiedReceipt } from "../../core/deletion_receipt.ts";
import { loadCore, rows as rowsOf } from "../core_vectors.ts";

const VECTORS = loadCore("receipt");
const KEY = fromHex(VECTORS.text("key"));
const SUBJECT = fromHex(VECTORS.text("subject"));
const OTHER = fromHex(VECTORS.text("other_subject"));
const DAY_S = 86_400;

type Row = readonly [says: unknown, receipt: string, otherKey: string, isAboutSubject: boolean];

test("every receipt of the vectors counts for its own deletion, and for no other", async () => {
  let seen = 0;
  for (const [, receipt, , isAboutSubject] of rowsOf<Row>(VECTORS, "receipts")) {
    const data = fromHex(receipt);
    const subject = isAboutSubject ? SUBJECT : OTHER;
    const says = await UnverifiedReceipt.parse(data).verify(KEY);
    const { origin, what, rows, day } = says;
    const asked: Asked = { origin, key: KEY, what, subject, now: day * DAY_S + 100 };
    expect(await checked(asked, data, rows)).toMatchObject({ says: { what, rows } });
    const unknown = { ...asked, subject: undefined };
    expect(await checked(unknown, data, rows)).toMatchObject({ says: { what, rows } });
    const others: readonly Asked[] = [
      { ...asked, origin: `${origin}.example` },
      { ...asked, what: what === "push" ? "handle" : "push" },
      { ...asked, subject: new Uint8Array(16) },
      { ...asked, now: (day + 2) * DAY_S },
      { ...asked, now: (day - 1) * DAY_S - 1 },
      { ...asked, key: new Uint8Array(32) },
    ];
    for (const other of others) expect(await checked(other, data, rows)).toBe("bad");
    expect(await checked(asked, data, rows + 1)).toBe("bad");
    expect(await checked(asked, new Uint8Array(7), rows)).toBe("bad");
    expect(await checked(asked, undefined, rows)).toBe("none");
    expect(await checked({ ...asked, key: undefined }, data, rows)).toBe("none");
    seen += 1;
  }
  expect(seen).toBeGreaterThan(2);
});
