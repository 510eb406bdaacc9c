/** The vault emptied by its owner: nothing of before is left, and no device takes it for a theft. */

import { beforeEach, expect, test } from "vitest";
import { DELETED_PER_WRITE, emptyVault } from "../../client/vault_emptying.ts";
import { FIRST_SLOTS } from "../../client/vault_slots.ts";
import { Code, PeerError } from "../../core/errors.ts";
import {
  befriend,
  begin,
  type Device,
  device,
  names,
  refusal,
  server,
  two,
  whole,
} from "./vault_world.ts";

beforeEach(begin);

const empty = ({ books, vault }: Device) =>
  emptyVault({ books, vault, deviceApi: whole(server.api) });

/** Write until all contacts are in. */
async function filled(one: Device, many: number): Promise<void> {
  for (let at = 0; at < many; at++) await befriend(one, `contact.${10_000 + at}`);
  while ((await names(one).catch(() => [])).length < many) await one.vault.write();
}

test("more slots than one write takes: all of before is gone, sizes are those of a new vault", async () => {
  const [one, other] = await two();
  await filled(one, 100);
  await other.vault.refresh();
  const before = [...server.slots.keys()];
  const writes = server.writes.length;
  expect(before.length).toBeGreaterThan(DELETED_PER_WRITE);
  expect(await empty(one)).toBe(before.length);
  expect(server.writes.length - writes).toBe(Math.ceil(before.length / DELETED_PER_WRITE));
  expect(before.filter((id) => server.slots.has(id))).toEqual([]);
  expect(server.slots.size).toBe(FIRST_SLOTS + 1);
  expect(await names(one)).toEqual([]);

  // The other device takes it without an alarm, and puts what it knows there anew.
  await other.vault.refresh();
  expect(other.books.history.allNotices(other.store)).toEqual([]);
  await befriend(other, "fresh.12345");
  await other.vault.write();
  expect(await names(other)).toContain("fresh.12345");
  await one.vault.refresh();
  expect(one.books.history.allNotices(one.store)).toEqual([]);
});

test("the control: rows that are only dropped raise the alarm", async () => {
  const [one, other] = await two();
  await filled(one, 3);
  await other.vault.refresh();
  server.state = { counter: 0, manifest: new Uint8Array(), slots: [] };
  server.slots.clear();
  expect(await refusal(other.vault.refresh())).toBeInstanceOf(PeerError);
});

test("there is none yet; and another device writes at the same moment", async () => {
  const one = await device();
  expect(await empty(one)).toBe(0);
  await filled(one, 3);
  const kept = [...server.slots.keys()];
  server.before = () => {
    server.state = { ...server.state, counter: server.state.counter + 1 };
  };
  expect(await refusal(empty(one))).toMatchObject({ code: Code.CONFLICT });
  expect([...server.slots.keys()]).toEqual(kept);
});

test("an older vault is not emptied: the person is told of it first", async () => {
  const one = await device();
  await filled(one, 2);
  const back = server.snapshot();
  await befriend(one, "later.12345");
  await one.vault.write();
  back();
  const writes = server.writes.length;
  expect(await refusal(empty(one))).toMatchObject({ code: Code.UNEXPECTED });
  expect(server.writes.length).toBe(writes);
});
