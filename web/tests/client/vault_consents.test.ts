/** Consents in the vault: another device takes a yes back, and what is over goes. */

import { beforeEach, expect, test } from "vitest";
import { KEEP_S } from "../../client/consent_book.ts";
import { MyConsents } from "../../client/my_consents.ts";
import { BUCKETS, UNREADABLE } from "../../client/vault_read.ts";
import { consentIn, encodeConsent, vaultForm } from "../../core/consent_record.ts";
import { Digest } from "../../core/ids.ts";
import { agreedIn } from "./consent_answers.ts";
import { FakeShares } from "./recording_fakes.ts";
import { begin, changeKey, clock, contents, type Device, server, two } from "./vault_world.ts";

const NOW = clock.time;

let one: Device;
let other: Device;
let shares: FakeShares;

beforeEach(async () => {
  clock.time = NOW;
  begin();
  [one, other] = await two();
  shares = new FakeShares();
  for (const { books, vault } of [one, other]) {
    books.consents.onChanged((unit) => vault.changed(unit));
    books.consents.onForgot((unit, item) => vault.removed(unit, item));
  }
});

const isSlot = (size: number) => BUCKETS.some((bucket) => bucket === size);

const agreed = ({ books }: Device) =>
  agreedIn(books.consents, { now: NOW, where: null, lay: (laid) => shares.lay(laid) });
const mine = ({ books }: Device) => new MyConsents(books.consents, shares, books.now);
const states = async ({ books }: Device) =>
  await Promise.all(books.consents.all().map(async (each) => (await consentIn(each)).state));

test("a yes is taken back on another device, and shows so on the first", async () => {
  const { which } = await agreed(one);
  expect(one.vault.dueAt).toBeGreaterThan(0);
  await one.vault.write();
  await other.vault.refresh();
  expect(await states(other)).toEqual(["given"]);
  expect(await mine(other).withdraw(which.ask)).toBe(true);
  expect(shares.lying.size).toBe(0);
  await other.vault.write();
  expect(await states(one)).toEqual(["given"]); // the control: it has not heard of it
  await one.vault.refresh();
  expect(await states(one)).toEqual(["withdrawn"]);
});

test("both change it without knowing of each other, and come to the same", async () => {
  const { which } = await agreed(one);
  await one.vault.write();
  await other.vault.refresh();
  await Promise.all([mine(one).withdraw(which.ask), mine(other).withdraw(which.ask)]);
  for (let times = 0; times < 2; times++) {
    for (const { vault } of [one, other]) await vault.write();
  }
  await one.vault.refresh();
  expect(one.books.consents.all()).toEqual(other.books.consents.all());
  expect(await states(one)).toEqual(["withdrawn"]);
  expect((await contents(one)).consents.map(([each]) => each)).toEqual(one.books.consents.all());
});

test("it goes over to a new key, and takes a slot like a contact", async () => {
  await agreed(one);
  await one.vault.write();
  await changeKey(one);
  expect((await contents(one)).consents).toHaveLength(1);
  expect(server.writes.every(({ sizes }) => [...sizes].every(isSlot))).toBe(true);
});

test("once its time is over it goes from the vault, and comes back to nobody", async () => {
  await agreed(one);
  await one.vault.write();
  await other.vault.refresh();
  clock.time = NOW + KEEP_S;
  await mine(one).expire();
  await one.vault.refresh({ whole: true });
  expect(await states(one)).toEqual([]);
  for (let times = 0; times < 2; times++) await one.vault.write();
  expect((await contents(one)).consents).toEqual([]);
  expect(one.store.count("vault.removed")).toBe(0);
});

test("one that is of another request is left out and counted (CK-994)", async () => {
  const { which } = await agreed(one);
  const { consents } = one.books;
  const all = consents.all.bind(consents);
  consents.all = (reader) => all(reader).map((each) => ({ ...each, ask: Digest.sha256(each.ask) }));
  await one.vault.write();
  consents.all = all;
  await other.vault.refresh();
  expect(await states(other)).toEqual([]);
  expect(other.books.counters.dropped.get(UNREADABLE)).toBe(1);
  expect(consents.get(which)).toBeDefined();
});

test("the vault's form is what a device that has more writes", async () => {
  await agreed(one);
  await one.vault.write();
  const [found] = (await contents(one)).consents;
  const [kept] = one.books.consents.all();
  if (found === undefined || kept === undefined) throw new Error("nothing is kept");
  expect(encodeConsent(found[0])).toEqual(encodeConsent(vaultForm(kept)));
});
