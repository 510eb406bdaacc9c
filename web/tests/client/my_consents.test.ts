/** What one agreed to: kept over a restart, shown by a receipt, and taken back after the call. */

import { beforeEach, expect, test } from "vitest";
import { KEEP_S, OwnConsents } from "../../client/consent_book.ts";
import { OwnConsent } from "../../client/consent_key.ts";
import { MyConsents } from "../../client/my_consents.ts";
import { setOf } from "../../core/byte_sets.ts";
import { utf8 } from "../../core/bytes.ts";
import { Code } from "../../core/errors.ts";
import { CallId, Digest, random, Secret32, ShareKey, ShareSlot } from "../../core/ids.ts";
import { verifyReceipt } from "../../core/recording_receipt.ts";
import { membersHash } from "../../core/recording_rules.ts";
import {
  askDigest,
  callReference,
  type RecordingAsk,
  signStatement,
} from "../../core/recording_statements.ts";
import { rng } from "./call_seam.ts";
import { MemoryStore } from "./memory_store.ts";
import { FakeShares } from "./recording_fakes.ts";

const NOW = 1_800_000_000;
const CALL = new CallId(utf8("a call to record"));

let store: MemoryStore;
let shares: FakeShares;
let now: number;
const book = () => new OwnConsents(store, () => now);
const mine = () => new MyConsents(book(), shares, () => now);

beforeEach(() => {
  [store, shares, now] = [new MemoryStore(), new FakeShares(), NOW];
});

/** Somebody asked, and we agreed; the call is over. */
async function agreed({ at = NOW } = {}): Promise<Readonly<{ ask: Digest; slot: ShareSlot }>> {
  const [anna, own] = [
    await OwnConsent.make({ never: false }, rng),
    await OwnConsent.make({ never: false }, rng),
  ];
  const head = ({ key }: OwnConsent) => {
    return { call: callReference(CALL), key, number: 1, at: NOW };
  };
  const request: RecordingAsk = {
    kind: "recording.ask",
    ...head(anna),
    at,
    ...{ kinds: new Set(["audio"]), purpose: "to hear it again", place: "device", days: 7 },
    ...{ recipients: "asker", clear: false, named: null, withdraw: "app" },
  };
  const ask = askDigest(request);
  const [slot, share] = [random(ShareSlot, rng), random(Secret32, rng)];
  const [read, remove] = [random(ShareKey, rng), random(ShareKey, rng)];
  const laid = { slot, share, read, delete: remove, expires: Math.floor(NOW / 86_400) + 7 };
  await book().laying(CALL, laid);
  await shares.lay(laid);
  const members = membersHash(setOf(anna.key, own.key));
  const said = { ask, kinds: request.kinds, members, clear: false, share: Digest.sha256(share) };
  const grant = { kind: "recording.grant", ...head(own), ...said } as const;
  const keeping = book().answered({
    ...{ call: CALL, own, slot, by: "Anna", title: "Anna" },
    request: await signStatement(request, anna.privateKey),
    answer: await signStatement(grant, own.privateKey),
  });
  own.wipe(); // as with the end of the call
  await keeping;
  return { ask, slot };
}

test("a yes is kept, with a receipt that holds", async () => {
  const { ask } = await agreed();
  expect(mine().all()).toMatchObject([{ by: "Anna", title: "Anna" }]);
  expect((await verifyReceipt(await mine().receipt(ask))).state).toBe("given");
  expect(await mine().kantara(ask)).toBeDefined();
});

test("it is taken back after the call: the share goes, and the receipt says so", async () => {
  const { ask, slot } = await agreed();
  expect(shares.lying.size).toBe(1);
  now += 60;
  expect(await mine().withdraw(ask)).toBe(true);
  expect(shares.lying.size).toBe(0);
  expect(book().share(slot)).toBeUndefined();
  expect((await verifyReceipt(await mine().receipt(ask))).state).toBe("withdrawn");
  await expect(mine().withdraw(ask)).rejects.toMatchObject({ code: Code.REFUSED });
});

test("a share that cannot be deleted now is deleted later, also after a restart", async () => {
  const { ask } = await agreed();
  shares.fails = 1;
  expect(await mine().withdraw(ask)).toBe(false);
  expect(shares.lying.size).toBe(1);
  await mine().deleteDue();
  expect(shares.lying.size).toBe(0);
  await mine().deleteDue();
  expect(shares.asked.filter((what) => what === "delete")).toHaveLength(2);
});

test("what a request says of its own time does not end what is kept of our answer", async () => {
  await agreed({ at: 0 });
  await mine().expireIfDue();
  expect(mine().all()).toHaveLength(1);
});

test("a share whose day has come is forgotten, and a consent after three years", async () => {
  const { ask, slot } = await agreed();
  now = NOW + 8 * 86_400;
  await mine().deleteDue();
  expect(book().share(slot)).toBeUndefined();
  now = NOW + KEEP_S - 1;
  await mine().expire();
  expect(mine().all()).toHaveLength(1);
  now += 1;
  await mine().expire();
  expect(mine().all()).toHaveLength(0);
  await expect(mine().receipt(ask)).rejects.toMatchObject({ code: Code.REFUSED });
});
