/** The signed receipts that one holds: over a restart, as files that show what was chosen, and removed. */

import { expect, test } from "vitest";
import { MyCallReceipts } from "../../client/my_call_receipts.ts";
import { get, setOf, sorted } from "../../core/byte_sets.ts";
import { equal, utf8 } from "../../core/bytes.ts";
import * as r from "../../core/call_receipt.ts";
import { verifyFile } from "../../core/call_receipt_file.ts";
import { Code } from "../../core/errors.ts";
import { CallId } from "../../core/ids.ts";
import { rng } from "./call_seam.ts";
import { newConsent } from "./consents.ts";
import { MemoryStore } from "./memory_store.ts";
import { booksOf, Person } from "./people.ts";

const CALL = new CallId(utf8("a call to sign16"));
const FACTS = { at: 1_800_000_600, media: "voice", since: 1_800_000_000 } as const;

test("a receipt is kept, shows what was chosen and whose key it was, and is removed", async () => {
  const person = new Person();
  const books = await booksOf(new MemoryStore(), person, await person.list());
  const mine = new MyCallReceipts(books);
  const [own, other] = [await newConsent(), await newConsent()];
  const opened = r.openFields(FACTS, rng);
  const members = setOf(own.key, other.key);
  const terms = r.makeTerms(CALL, members, opened);
  const signers = sorted(members).map((key) => (equal(key, own.key) ? own : other));
  const signatures = [];
  for (const { privateKey } of signers) signatures.push(await r.signTerms(terms, privateKey));
  const device = mine.book.device();
  if (device === undefined) throw new Error("no device");
  const binding = await r.signBinding(terms, own.privateKey, device);
  const id = r.termsDigest(terms);
  await mine.book.keep({
    ...{ id, call: CALL, facts: FACTS, own: own.key, bound: { device, binding } },
    ...{ title: "Ben", names: ["", "Ben"], receipt: { terms, signatures, opened } },
  });
  own.wipe(); // as with the end of the call

  const again = new MyCallReceipts(books);
  expect(again.all()).toMatchObject([{ title: "Ben", facts: FACTS, names: ["", "Ben"] }]);
  const bare = await verifyFile(await again.file(id, [], false));
  expect([bare.disclosed.size, bare.shown.size]).toEqual([0, 0]);
  const full = await verifyFile(await again.file(id, ["at", "media"], true));
  expect([...full.disclosed.keys()]).toEqual(["at", "media"]);
  expect(full.shown.size).toBe(1);
  expect(get(full.shown, own.key)?.accountId).toEqual(books.account);

  await again.remove(id);
  expect(mine.all()).toEqual([]);
  await expect(again.file(id, [], false)).rejects.toMatchObject({ code: Code.REFUSED });
});
