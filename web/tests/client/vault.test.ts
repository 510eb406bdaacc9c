/** The vault: contacts for the next device, in slots that tell nothing, rollback noticed. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { Books } from "../../client/books.ts";
import { Known } from "../../client/contact_book.ts";
import { Profile } from "../../client/profile.ts";
import { Vault } from "../../client/vault.ts";
import {
  ACCOUNT_ITEM,
  BUCKETS,
  readVault,
  SPOT_CHECKS,
  vaultKeys,
} from "../../client/vault_read.ts";
import { FIRST_SLOTS, PAGES_PER_WRITE, SLOTS_PER_WRITE } from "../../client/vault_slots.ts";
import { kept } from "../../client/vault_state.ts";
import { type Bytes, equal, hex } from "../../core/bytes.ts";
import { Code, FatalError, PeerError } from "../../core/errors.ts";
import { AccountId, DeviceId, random } from "../../core/ids.ts";
import { MemoryStore } from "./memory_store.ts";
import { address, booksOf, rng } from "./people.ts";
import {
  anna,
  atWork,
  befriend,
  begin,
  changeKey,
  clock,
  device,
  names,
  refusal,
  server,
  two,
  whole,
} from "./vault_world.ts";

beforeEach(begin);

describe("when", () => {
  test("P6: a contact is written within the hour", async () => {
    const one = await device();
    await one.vault.write();
    expect(one.vault.dueAt).toBe(0);
    await befriend(one, "bob.12345");
    const { dueAt } = one.vault;
    expect(dueAt).toBeGreaterThanOrEqual(clock.time);
    expect(dueAt).toBeLessThan(clock.time + 3_600);
    clock.time = dueAt - 1;
    await one.vault.write({ ifDue: true });
    expect(await names(one)).toEqual([]);
    clock.time = dueAt;
    await one.vault.write({ ifDue: true });
    expect(await names(one)).toEqual(["bob.12345"]);
    expect([one.vault.dueAt, one.told]).toEqual([0, [1, 2]]);
  });

  test("the earlier wish stands", async () => {
    const one = await device();
    await one.books.store.transaction((unit) => one.vault.changed(unit));
    await one.books.store.transaction((unit) => one.vault.writeSoon(unit));
    await one.books.store.transaction((unit) => one.vault.changed(unit));
    expect(one.vault.dueAt).toBe(1);
  });

  test("what is wished for during a write is kept for after it", async () => {
    const one = await device();
    server.before = async () => {
      server.before = () => undefined;
      await befriend(one, "bob.12345");
    };
    await one.vault.write();
    expect(await names(one)).toEqual([]);
    expect(one.vault.dueAt).toBeGreaterThan(0);
    await one.vault.write();
    expect(await names(one)).toEqual(["bob.12345"]);
  });
});

describe("what shows", () => {
  test("every write looks alike", async () => {
    const one = await device();
    await one.vault.write();
    await one.vault.write();
    await befriend(one, "bob.12345");
    await one.vault.write();
    await befriend(one, "carol.12345");
    await one.vault.write();
    const [first, ...others] = server.writes;
    const sizes = new Set(BUCKETS);
    const all = FIRST_SLOTS + PAGES_PER_WRITE;
    expect(first).toEqual({ slots: all, sizes, manifest: BUCKETS[0] });
    const alike = { slots: SLOTS_PER_WRITE + PAGES_PER_WRITE, sizes, manifest: BUCKETS[0] };
    expect(others).toEqual([alike, alike, alike]);
    expect(server.state.slots).toHaveLength(all);
    expect(await names(one)).toEqual(["bob.12345", "carol.12345"]);
  });

  test("it grows by sixteen, whatever the number", async () => {
    const one = await device();
    for (let i = 0; i < 17; i++) await befriend(one, `bob.${i}`);
    await one.vault.write();
    expect(server.state.slots).toHaveLength(2 * FIRST_SLOTS + PAGES_PER_WRITE);
    expect(await names(one)).toHaveLength(17);
  });

  test("more changes than fit one write are written by the next", async () => {
    const one = await device();
    await one.vault.write();
    for (let i = 0; i < 6; i++) await befriend(one, `bob.${i}`);
    await one.vault.write();
    expect(await names(one)).toHaveLength(SLOTS_PER_WRITE);
    expect(one.vault.dueAt).toBeGreaterThan(0);
    await one.vault.write();
    expect(await names(one)).toHaveLength(6);
  });

  test("P3: after a change of the key every slot is under the new one", async () => {
    const one = await device();
    await befriend(one, "bob.12345");
    await one.vault.write();
    const [old] = vaultKeys(one.books.profile.vaultKeys);
    await changeKey(one);
    expect(server.writes.at(-1)?.slots).toBe(FIRST_SLOTS + PAGES_PER_WRITE);
    const [fresh] = vaultKeys(one.books.profile.vaultKeys);
    const by = (key = new Uint8Array()) => readVault(whole(server.api), [key], one.books.account);
    expect((await by(fresh)).contents.contacts).toHaveLength(1);
    expect(await refusal(by(old))).toMatchObject({ code: Code.DECRYPTION });
  });
});

describe("two devices", () => {
  test("who comes second reads what the first wrote, and writes on top of it", async () => {
    const [one, other] = await two();
    await befriend(one, "bob.12345");
    await one.vault.write();
    await other.vault.write();
    expect(await names(one)).toEqual(["bob.12345"]);
    server.before = async () => {
      server.before = () => undefined;
      await one.vault.write();
    };
    await befriend(other, "carol.12345");
    await other.vault.write();
    expect(server.state.counter).toBe(4);
    expect(await names(one)).toEqual(["bob.12345", "carol.12345"]);
  });

  test("P5: an address that we wait for is taken over, one that we have is not", async () => {
    const [one, other] = await two();
    const known = await befriend(one, "bob.12345");
    const [entry] = known.addresses.values();
    await one.vault.write();
    if (entry === undefined) throw new Error("no address");
    for (const member of [true, false]) {
      await other.books.store.transaction((unit) => {
        const theirs = one.books.lists.newest(one.store, known.account);
        if (theirs !== undefined) other.books.lists.learn(unit, theirs);
        const group = [known.group, known.sequencer] as const;
        other.books.contacts.save(
          unit,
          new Known(known.account, known.name, ...group, {
            addresses: new Map([[hex(entry.device), { ...entry, address: address() }]]),
            member,
          }),
        );
      });
      await other.vault.reread();
      const found = other.books.contacts.get(other.store, known.account)?.addresses.values();
      const [now] = found ?? [];
      expect(equal(now?.address.capability ?? rng(1), entry.address.capability)).toBe(!member);
    }
    // A sibling that we have no group with: its address is in the vault.
    const sibling = other.books.siblings.addresses(other.store).get(hex(one.books.device));
    expect(sibling).toBeDefined();
  });
});

describe("a server that cheats", () => {
  test("CK-591: it shows an older state, or none", async () => {
    const one = await device();
    await one.vault.write();
    const back = server.snapshot();
    await one.vault.write();
    await one.vault.refresh(); // the control: the honest server is believed
    back();
    for (const attempt of [() => one.vault.refresh(), () => one.vault.write()]) {
      const noticed = await refusal(attempt());
      expect(noticed).toMatchObject({ code: Code.UNEXPECTED });
      expect(String(noticed)).toContain("CK-591");
    }
    const notices = one.books.history.allNotices(one.store).map(({ kind }) => kind);
    expect(notices).toEqual(["vault rolled back"]);
    server.state = { counter: 0, manifest: new Uint8Array(), slots: [] };
    expect(String(await refusal(one.vault.write()))).toContain("CK-591");
  });

  test("CK-591: a sibling has seen more than it shows", async () => {
    const one = await device();
    await one.vault.write();
    await one.books.store.transaction((unit) => one.vault.seen(unit, 7));
    expect(String(await refusal(one.vault.refresh()))).toContain("CK-591");
  });

  test("CK-590: a counter cannot be relabelled", async () => {
    const one = await device();
    await one.vault.write();
    server.state = { ...server.state, counter: 8 };
    expect(await refusal(one.vault.refresh())).toMatchObject({ code: Code.DECRYPTION });
  });

  test.each(["altered", "missing", "swapped"])("CK-592: a slot is %s", async (how) => {
    const one = await device();
    await one.vault.write();
    const [[first, a], [second, b]] = [...server.slots] as [[string, Bytes], [string, Bytes]];
    if (how === "altered") server.slots.set(first, a.with(9, (a[9] ?? 0) ^ 1));
    if (how === "missing") server.slots.delete(first);
    if (how === "swapped") server.slots.set(first, b).set(second, a);
    const refused = await refusal(one.vault.refresh({ whole: true }));
    expect(refused).toMatchObject({ code: Code.DECRYPTION });
    expect(String(refused)).toContain("CK-592");
    const notices = one.books.history.allNotices(one.store).map(({ kind }) => kind);
    expect(notices).toEqual(["vault altered"]);
  });

  test("CK-592: who reads only what is new finds that the rest was lost", async () => {
    const one = await device();
    await one.vault.write();
    const read = vi.spyOn(server.api, "readVault");
    await one.vault.refresh(); // the control: all is there
    const asked = read.mock.calls.flatMap(([ids]) => ids);
    expect(asked).toHaveLength(1 + SPOT_CHECKS); // and the account's own is always read
    for (const [name, { item }] of kept(one.store)) {
      if (!equal(item, ACCOUNT_ITEM)) server.slots.delete(name);
    }
    expect(await refusal(one.vault.refresh())).toMatchObject({ code: Code.DECRYPTION });
  });

  test("another account's vault is none of ours", async () => {
    const one = await device();
    await one.vault.write();
    const keys = vaultKeys(one.books.profile.vaultKeys);
    const other = readVault(whole(server.api), keys, random(AccountId, rng));
    expect(await refusal(other)).toMatchObject({ code: Code.DECRYPTION });
    const [fresh, mine] = [[rng(32)], one.books.account];
    const shut = readVault(whole(server.api), fresh, mine);
    expect(await refusal(shut)).toMatchObject({ code: Code.DECRYPTION });
  });

  test("CK-590: the writer must stand on our list", async () => {
    const one = await device();
    const { origin, signaturePrivate, token, mailbox, vaultKeys: keys } = one.books.profile;
    const nobody = random(DeviceId, rng);
    const kept = [signaturePrivate, token, mailbox, keys] as const;
    const other = new Profile(origin, "me", anna.account, nobody, ...kept);
    const stray = new MemoryStore();
    await booksOf(stray, anna, await anna.list());
    await stray.transaction((unit) => other.save(unit));
    await atWork(await Books.open(stray, { now: () => clock.time }), stray).vault.write();
    const refused = await refusal(one.vault.refresh());
    expect(refused).toMatchObject({ code: Code.BAD_CREDENTIAL });
  });
});

test("CK-593, P5: an older copy of the profile stops", async () => {
  const one = await device();
  await one.vault.write();
  const copied = one.store.copied();
  await one.vault.write();
  const old = atWork(await Books.open(copied, { now: () => clock.time }), copied);
  const stopped = await refusal(old.vault.write());
  expect(stopped).toBeInstanceOf(FatalError);
  expect(String(stopped)).toContain("CK-593");
  await one.vault.write(); // the control: the profile that remembers goes on
});

test("an answer that was lost is not taken for an older copy", async () => {
  const one = await device();
  await one.vault.write();
  const { writeVault } = server.api;
  const lost = { ...server.api };
  lost.writeVault = async (...args) => {
    await writeVault(...args);
    throw new PeerError(Code.MALFORMED, "the answer was lost");
  };
  const vault = new Vault(one.books, whole(lost), () => undefined);
  await befriend(one, "bob.12345");
  await refusal(vault.write());
  await one.vault.write();
  expect(await names(one)).toEqual(["bob.12345"]);
});
