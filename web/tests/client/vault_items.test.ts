/** The vault's items: one that nobody can read, and contacts that were removed. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Known } from "../../client/contact_book.ts";
import { BUCKETS, UNREADABLE } from "../../client/vault_read.ts";
import { FIRST_SLOTS, PAGES_PER_WRITE, SLOTS_PER_WRITE } from "../../client/vault_slots.ts";
import { utf8 } from "../../core/bytes.ts";
import { Code } from "../../core/errors.ts";
import {
  befriend,
  begin,
  changeKey,
  clock,
  contents,
  device,
  know,
  names,
  refusal,
  remove,
  server,
  spoil,
  two,
} from "./vault_world.ts";

beforeEach(begin);

describe("an item that nobody can read", () => {
  test("does not shut the vault: it is counted, and the others are read", async () => {
    const [one, other] = await two();
    await befriend(one, "bob.12345");
    await spoil(one, await befriend(one, "carol.12345"));
    const found = await contents(other);
    expect([found.contacts.map(({ name }) => name), found.unreadable]).toEqual([["bob.12345"], 1]);
    await other.vault.refresh();
    expect(other.books.counters.dropped.get(UNREADABLE)).toBe(1);
  });

  test("is left to a device that can read it, under every new key", async () => {
    const [one, other] = await two();
    await spoil(one, await befriend(one, "bob.12345"));
    for (let i = 0; i < 8; i++) await other.vault.write();
    expect((await contents(other)).unreadable).toBe(1);
    for (let i = 0; i < 3; i++) await changeKey(other);
    expect((await contents(other)).unreadable).toBe(1);
  });

  test("is written again by a device that knows the contact", async () => {
    const one = await device();
    await spoil(one, await befriend(one, "bob.12345"));
    await one.vault.refresh();
    await one.vault.write();
    expect(await names(one)).toEqual(["bob.12345"]);
  });

  test("is no item that was altered", async () => {
    const one = await device();
    await spoil(one, await befriend(one, "bob.12345"));
    for (const [id, data] of server.slots) server.slots.set(id, data.with(9, (data[9] ?? 0) ^ 1));
    expect(await refusal(one.vault.refresh())).toMatchObject({ code: Code.DECRYPTION });
  });
});

describe("a contact that was removed", () => {
  test("goes within the hour, in a write like every other", async () => {
    const one = await device();
    const bob = await befriend(one, "bob.12345");
    await befriend(one, "carol.12345");
    await one.vault.write();
    await one.vault.write();
    await remove(one, bob);
    const { dueAt } = one.vault;
    expect(dueAt).toBeGreaterThanOrEqual(clock.time);
    expect(dueAt).toBeLessThan(clock.time + 3_600);
    await one.vault.write();
    expect(await names(one)).toEqual(["carol.12345"]);
    const slots = SLOTS_PER_WRITE + PAGES_PER_WRITE;
    const alike = { slots, sizes: new Set(BUCKETS), manifest: BUCKETS[0] };
    expect(server.writes.slice(1)).toEqual([alike, alike]);
    expect(one.store.count("vault.removed")).toBe(0);
  });

  test("goes although another device wrote it", async () => {
    const [one, other] = await two();
    const bob = await befriend(one, "bob.12345");
    await one.vault.write();
    await know(other, bob, one);
    await remove(other, bob);
    await remove(one, bob);
    await other.vault.write();
    expect(await names(one)).toEqual([]);
    await one.vault.write();
    expect(await names(one)).toEqual([]);
  });

  test("stays while another device has it", async () => {
    const [one, other] = await two();
    const bob = await befriend(one, "bob.12345");
    await one.vault.write();
    await know(other, bob, one);
    await remove(one, bob);
    await one.vault.write();
    expect(await names(one)).toEqual([]);
    await other.vault.write();
    expect(await names(one)).toEqual(["bob.12345"]);
    await one.vault.write(); // it was taken out once; what came after is of a device that has it
    expect(await names(one)).toEqual(["bob.12345"]);
    await remove(other, bob);
    await other.vault.write();
    expect(await names(one)).toEqual([]);
  });

  test("stays when it is a contact again before the write", async () => {
    const one = await device();
    const bob = await befriend(one, "bob.12345");
    await one.vault.write();
    const list = one.books.lists.newest(one.store, bob.account);
    await remove(one, bob);
    await one.store.transaction((unit) => {
      if (list !== undefined) one.books.lists.learn(unit, list);
      one.books.contacts.save(unit, bob);
    });
    for (let i = 0; i < 2; i++) {
      await one.vault.write();
      expect(await names(one)).toEqual(["bob.12345"]);
    }
    expect(one.store.count("vault.removed")).toBe(0);
  });

  test("during a write goes with the next", async () => {
    const one = await device();
    const bob = await befriend(one, "bob.12345");
    server.before = async () => {
      server.before = () => undefined;
      await remove(one, bob);
    };
    await one.vault.write();
    expect(await names(one)).toEqual(["bob.12345"]);
    expect(one.vault.dueAt).toBeGreaterThan(0);
    await one.vault.write();
    expect(await names(one)).toEqual([]);
  });

  test("more than fit one write go with the next", async () => {
    const one = await device();
    const all: Known[] = [];
    for (let i = 0; i < 6; i++) all.push(await befriend(one, `bob.${i}`));
    await one.vault.write();
    for (const known of all) await remove(one, known);
    await one.vault.write();
    expect(await names(one)).toHaveLength(6 - SLOTS_PER_WRITE);
    expect(one.vault.dueAt).toBeGreaterThan(0);
    await one.vault.write();
    expect(await names(one)).toEqual([]);
  });

  test("is not carried to a new key; who is unknown here is", async () => {
    const [one, other] = await two();
    const bob = await befriend(one, "bob.12345");
    await befriend(one, "carol.12345");
    await one.vault.write();
    await know(other, bob, one);
    await other.vault.refresh();
    await remove(other, bob);
    for (let i = 0; i < 3; i++) await changeKey(other);
    expect(await names(other)).toEqual(["carol.12345"]);
  });
});

test("a change of the key that is wished for during a write is not forgotten", async () => {
  const one = await device();
  await befriend(one, "bob.12345");
  await one.vault.write();
  let changed = Promise.resolve();
  server.before = () => {
    server.before = () => undefined;
    changed = changeKey(one);
    return vi.waitFor(() => expect(one.store.get("vault", utf8("rekey"))?.at(-1)).toBe(1));
  };
  await one.vault.write();
  await changed;
  expect(server.writes.at(-1)?.slots).toBe(FIRST_SLOTS + PAGES_PER_WRITE);
});
