/** What one agreed to: kept over a restart, shown by a receipt, and taken back after the call. */

import { beforeEach, describe, expect, test } from "vitest";
import { KEEP_S, OwnConsents } from "../../client/consent_book.ts";
import { OwnConsent } from "../../client/consent_key.ts";
import { MyConsents } from "../../client/my_consents.ts";
import { utf8 } from "../../core/bytes.ts";
import { consentIn, decodeConsent, encodeConsent, type Where } from "../../core/consent_record.ts";
import { Code } from "../../core/errors.ts";
import { AccountId } from "../../core/ids.ts";
import { verifyReceipt } from "../../core/recording_receipt.ts";
import { callReference, readStatement, signStatement } from "../../core/recording_statements.ts";
import { rng } from "./call_seam.ts";
import { agreedIn, CALL } from "./consent_answers.ts";
import { MemoryStore } from "./memory_store.ts";
import { FakeShares } from "./recording_fakes.ts";

const NOW = 1_800_000_000;

const WHERE = { contact: new AccountId(utf8("an account of us")), group: null };

let store: MemoryStore;
let shares: FakeShares;
let now: number;
const book = () => new OwnConsents(store, () => now);
const mine = () => new MyConsents(book(), shares, () => now);

beforeEach(() => {
  [store, shares, now] = [new MemoryStore(), new FakeShares(), NOW];
});

const agreed = ({ at = NOW, where = WHERE as Where | null } = {}) =>
  agreedIn(book(), { now: NOW, at, where, lay: (laid) => shares.lay(laid) });

test("a yes is kept, with a receipt that holds", async () => {
  const { which } = await agreed();
  expect(mine().all()).toMatchObject([{ by: "Anna", title: "Anna" }]);
  expect((await verifyReceipt(await mine().receipt(which))).state).toBe("given");
  expect(await mine().kantara(which)).toBeDefined();
});

test("it is taken back after the call: the share goes, and the receipt says so", async () => {
  const { which } = await agreed();
  expect(shares.lying.size).toBe(1);
  now += 60;
  expect(await mine().withdraw(which.ask)).toBe(true);
  expect(shares.lying.size).toBe(0);
  expect(book().get(which)?.share).toBeNull();
  expect((await verifyReceipt(await mine().receipt(which))).state).toBe("withdrawn");
  await expect(mine().withdraw(which.ask)).rejects.toMatchObject({ code: Code.NO_YES });
});

test("a share that cannot be deleted now is deleted later, also after a restart", async () => {
  const { which } = await agreed();
  shares.fails = 1;
  expect(await mine().withdraw(which.ask)).toBe(false);
  expect(shares.lying.size).toBe(1);
  await mine().deleteDue();
  expect(shares.lying.size).toBe(0);
  await mine().deleteDue();
  expect(shares.asked.filter((what) => what === "delete")).toHaveLength(2);
});

test("a share that a call asks for is asked for by nobody else, until a restart", async () => {
  const first = book();
  const { laid, which, request } = await agreedIn(first, {
    ...{ now: NOW, where: WHERE },
    lay: (one) => shares.lay(one),
  });
  const kept = first.get(which);
  if (kept === undefined) throw new Error("nothing is kept");
  const own = { key: kept.key, privateKey: kept.private } as OwnConsent;
  const head = { call: callReference(CALL), key: kept.key, number: 2, at: NOW };
  const back = { kind: "recording.withdrawal", ...head, ask: which.ask } as const;
  const answer = await signStatement(back, kept.private);
  const names = { by: "Anna", title: "Anna" };
  await first.answered({ call: CALL, own, slot: laid.slot, ...names, request, answer });
  const here = new MyConsents(first, shares, () => now);
  // First the call says it: who records is not to take a share that is gone for a fault.
  await here.deleteDue();
  await first.leaving(laid.slot);
  await here.deleteDue();
  expect(shares.lying.size).toBe(1);
  await mine().deleteDue();
  expect(shares.lying.size).toBe(0);
});

test("what a request says of its own time does not end what is kept of our answer", async () => {
  await agreed({ at: 0 });
  await mine().expireIfDue();
  expect(mine().all()).toHaveLength(1);
});

test("the share of a yes that stands is kept, whatever the day: our clock may be wrong", async () => {
  const { which } = await agreed();
  now = NOW + 8 * 86_400;
  await mine().deleteDue();
  now = NOW;
  expect(await mine().withdraw(which.ask)).toBe(true);
  expect(shares.lying.size).toBe(0);
});

test("one that goes is asked for, whatever the day", async () => {
  const { which } = await agreed();
  now = NOW + 8 * 86_400;
  shares.fails = 1;
  expect(await mine().withdraw(which.ask)).toBe(false);
  expect(book().get(which)?.share?.leaving).toBe(true);
  await mine().deleteDue();
  expect(book().get(which)?.share).toBeNull();
  expect(shares.lying.size).toBe(0);
});

test("a consent is forgotten after three years", async () => {
  const { which } = await agreed();
  now = NOW + KEEP_S - 1;
  await mine().expire();
  expect(mine().all()).toHaveLength(1);
  now += 1;
  await mine().expire();
  expect(mine().all()).toHaveLength(0);
  await expect(mine().receipt(which)).rejects.toMatchObject({ code: Code.REFUSED });
});

test("whoever comes into a call again answers by another key: both stand by themselves", async () => {
  const first = await agreed();
  const again = await OwnConsent.make({ never: false }, rng);
  const head = { call: callReference(CALL), key: again.key, number: 1, at: NOW };
  const no = { kind: "recording.refusal", ...head, ask: first.which.ask } as const;
  const answer = await signStatement(no, again.privateKey);
  const more = {
    call: CALL,
    own: again,
    request: first.request,
    slot: null,
    by: "Anna",
    title: "",
  };
  await book().answered({ ...more, answer });
  const states = await Promise.all(
    mine()
      .all()
      .map(async (one) => (await consentIn(one)).state),
  );
  expect(states.sort()).toEqual(["given", "refused"]);
});

test("a yes that was taken back is to be told where the call was, and once", async () => {
  const { which } = await agreed();
  await Promise.allSettled([mine().withdraw(which.ask), mine().withdraw(which.ask)]);
  const [untold, ...others] = book().untold();
  expect(others).toEqual([]);
  expect(untold).toMatchObject({ which, until: NOW + 7 * 86_400 });
  if (untold === undefined) throw new Error("nobody is told");
  expect(await readStatement(untold.statement)).toMatchObject({ kind: "recording.withdrawal" });
  // The one that is told is the one that is kept.
  expect(mine().all()[0]?.signed.at(-1)).toEqual(untold.statement);
  expect(await store.transaction((unit) => book().told(unit, which))).toBe(true);
  expect(await store.transaction((unit) => book().told(unit, which))).toBe(false);
  expect(book().untold()).toEqual([]);
});

test("of a call that was in no conversation nobody is told", async () => {
  const { which } = await agreed({ where: null });
  await mine().withdraw(which.ask);
  expect(book().untold()).toEqual([]);
});

describe("another device of ours", () => {
  let theirs: MemoryStore;
  const other = () => new OwnConsents(theirs, () => now);

  /** What is in the vault comes over. */
  async function carry(from: OwnConsents, to: MemoryStore): Promise<void> {
    for (const one of from.all()) {
      const consent = await decodeConsent(encodeConsent(one));
      await to.transaction((unit) => new OwnConsents(to, () => now).take(unit, consent));
    }
  }

  beforeEach(() => {
    theirs = new MemoryStore();
  });

  test("takes a yes back: its word is signed, and the share goes", async () => {
    const { which } = await agreed();
    await carry(book(), theirs);
    const elsewhere = new MyConsents(other(), shares, () => now);
    expect(await elsewhere.withdraw(which.ask)).toBe(true);
    expect(shares.lying.size).toBe(0);
    expect(other().untold()).toHaveLength(1);
    // Here it shows as taken back, and nothing can be taken back twice.
    await carry(other(), store);
    expect((await verifyReceipt(await mine().receipt(which))).state).toBe("withdrawn");
    expect(book().untold()).toEqual([]);
    await expect(mine().withdraw(which.ask)).rejects.toMatchObject({ code: Code.NO_YES });
  });

  test("a share that one could not delete is asked for by the other, too", async () => {
    const { which } = await agreed();
    shares.fails = 1;
    expect(await mine().withdraw(which.ask)).toBe(false);
    await carry(book(), theirs);
    await new MyConsents(other(), shares, () => now).deleteDue();
    expect(shares.lying.size).toBe(0);
    // Deleting twice is harmless (CK-973).
    await mine().deleteDue();
    expect([book(), other()].map((one) => one.get(which)?.share)).toEqual([null, null]);
  });

  test("the vault is told what changed, and not of what it has", async () => {
    const { which } = await agreed();
    const told: string[] = [];
    const listening = (at: MemoryStore, name: string) => {
      const one = new OwnConsents(at, () => now);
      one.onChanged(() => told.push(name));
      one.onForgot(() => told.push(`${name} forgot`));
      return one;
    };
    const [here, there] = [listening(store, "here"), listening(theirs, "there")];
    const [first] = here.all();
    if (first === undefined) throw new Error("nothing is kept");
    await theirs.transaction((unit) => there.take(unit, first));
    expect(told).toEqual([]);
    await new MyConsents(here, shares, () => now).withdraw(which.ask);
    expect(new Set(told)).toEqual(new Set(["here"]));
    told.length = 0;
    // An older version comes: ours is more, and is written.
    await store.transaction((unit) => here.take(unit, first));
    expect(told).toEqual(["here"]);
    await here.forget(which);
    expect(told).toEqual(["here", "here forgot"]);
    // Once its time is over it does not come back from the vault.
    now = NOW + KEEP_S;
    await store.transaction((unit) => here.take(unit, first));
    expect(here.all()).toEqual([]);
  });
});
