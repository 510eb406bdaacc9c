/**
 * One's own data at a real server: what the page is given is what the database has, row for row; and
 * less of it, one thing deleted, frozen, thawed, the vault emptied, the account closed.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client, YourData } from "../../client/client.ts";
import type { Session } from "../../client/session.ts";
import {
  classOf,
  DataClass,
  type DataTable,
  dataJson,
  daysBetween,
  footprintOf,
  isLong,
  objectable,
  type ServerData,
  tablesOf,
  todayOf,
} from "../../core/account_data.ts";
import { hex } from "../../core/bytes.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { PASSWORD, People, settle, thread } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

type Rows = Readonly<Record<string, readonly Readonly<Record<string, string | number>>[]>>;
type Stored = Readonly<{ account: string; tables: Rows }>;

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

/** Every row with every byte, as hex, in one order; bytes that were not given at once are fetched. */
async function everything(data: YourData, found: ServerData): Promise<Rows> {
  const tables: [string, Record<string, string | number>[]][] = [];
  for (const table of found.tables.filter(({ rows }) => rows.length > 0)) {
    const rows: Record<string, string | number>[] = [];
    for (const row of table.rows) {
      const values: [string, string | number][] = [];
      for (const [name, value] of row.values) {
        const isNumber = typeof value === "number";
        values.push([name, isNumber ? value : hex(await data.value(table, row, name))]);
      }
      rows.push(Object.fromEntries(values));
    }
    tables.push([table.name, rows]);
  }
  return ordered(Object.fromEntries(tables));
}

/** The server gives tables and rows in no order. */
function ordered(tables: Rows): Rows {
  const text = (row: object) => JSON.stringify(Object.entries(row).toSorted());
  const named = Object.entries(tables).toSorted();
  return Object.fromEntries(
    named.map(([name, rows]) => [
      name,
      rows
        .map(text)
        .toSorted()
        .map((row) => Object.fromEntries(JSON.parse(row))),
    ]),
  );
}

/** What the database has of the account, read from its file. */
async function stored(device: string): Promise<Stored> {
  const found = await server.ask<Stored>("rows", { device });
  return { ...found, tables: ordered(found.tables) };
}

/** The ids of the devices, as the server has them. */
function deviceOf(found: ServerData): string {
  const id = found.tables.find(({ name }) => name === "devices")?.rows[0]?.values.get("device_id");
  if (!(id instanceof Uint8Array)) throw new Error("no device");
  return hex(id);
}

/** What pages cannot reach: the vault is written within the hour, here at once. */
function sessionOf(client: Client): Session {
  return (client as unknown as { session: Session }).session;
}

/** A receipt that the client has checked. */
const SIGNED = { says: { origin: expect.stringMatching(/^http/) } };

/** Somebody with a row in nearly every table, and a friend. */
async function somebody(name: string, friend: string): Promise<[Client, Client]> {
  const [one, other] = [await people.signUp(name), await people.signUp(friend)];
  await people.befriend(one, other);
  await one.setFindable(true);
  await (await one.yourData()).setEnvelopeDays(20);
  await settle(one, other);
  return [one, other];
}

test("it is the database, row for row and byte for byte", async () => {
  const [anna, bert] = await somebody("anna", "bert");
  const data = await anna.yourData();
  const found = await data.server();
  const { tables } = await stored(deviceOf(found));
  expect(await everything(data, found)).toEqual(tables);
  expect(Object.keys(tables)).toEqual(expect.arrayContaining(["accounts", "request_addresses"]));
  expect(
    found.tables.flatMap(({ rows }) => [...(rows[0]?.values.values() ?? [])]).some(isLong),
  ).toBe(true);
  // The control: the same comparison sees somebody else's rows, and one number that differs.
  const his = await (await bert.yourData()).server();
  expect((await stored(deviceOf(his))).tables).not.toEqual(tables);
  const [first = {}, ...rest] = tables["accounts"] ?? [];
  const changed = { ...tables, accounts: [{ ...first, created_day: 1 }, ...rest] };
  expect(await everything(data, found)).not.toEqual(changed);

  // Every table has its kind and every column its words; totals are counted from the same rows.
  for (const table of found.tables) {
    expect(classOf(table), table.name).not.toBe(DataClass.OTHER);
    expect(table.totalRows).toBe(table.rows.length);
    const names = table.columns.map((column) => column.name).toSorted();
    for (const row of table.rows) expect([...row.values.keys()].toSorted()).toEqual(names);
  }
  expect(footprintOf(found).get(DataClass.DEVICES)?.rows).toBe(258);
  expect(objectable(found).length).toBeGreaterThan(3);
  expect(JSON.stringify(dataJson(found))).toContain('"restricted":false');
  expect((await data.local()).total.bytes).toBeGreaterThan(1000);
  expect([...(await data.local()).kinds.keys()]).not.toContain("other");
});

test("in some days: what the server says would be left, and until when", async () => {
  const [anna] = await somebody("ada", "ben");
  const data = await anna.yourData();
  const [now, then] = [await data.server(), await data.server(120)];
  expect(todayOf(then)).toBe(now.day);
  expect(tablesOf(now, DataClass.KEY_PACKAGES)).toHaveLength(1);
  expect(tablesOf(then, DataClass.KEY_PACKAGES)).toEqual([]);
  expect(tablesOf(then, DataClass.ACCOUNT).length).toBeGreaterThan(0);
  const [keys] = tablesOf(now, DataClass.KEY_PACKAGES);
  for (const { deletedOn } of keys?.rows ?? []) {
    expect(daysBetween(now.day, deletedOn)).toBeGreaterThan(0);
    expect(daysBetween(now.day, deletedOn)).toBeLessThan(120);
  }
});

test("fewer days, never more than the operator has", async () => {
  const anna = await people.signUp("amy");
  const data = await anna.yourData();
  expect(await data.choices()).toMatchObject({ accountDays: undefined, restricted: false });
  const shorter = await data.setAccountDays(30);
  expect(shorter.accountDays).toBe(30);
  expect((await data.setEnvelopeDays(3)).accountDays).toBe(30);
  const { most } = { most: shorter.mostAccountDays };
  await expect(data.setAccountDays(most + 1)).rejects.toMatchObject({ code: "malformed" });
  await expect(data.setEnvelopeDays(0)).rejects.toMatchObject({ code: "malformed" });
  expect(await data.choices()).toMatchObject({ accountDays: 30, envelopeDays: 3 });
  expect((await data.server(40)).tables.every(({ totalRows }) => totalRows === 0)).toBe(true);
  expect((await data.setAccountDays(undefined)).accountDays).toBeUndefined();
});

test("one thing deleted: the rest stays", async () => {
  const [anna, bert] = await somebody("alma", "bela");
  const data = await anna.yourData();
  const rows = async (kind: DataClass) => footprintOf(await data.server()).get(kind)?.rows ?? 0;
  expect(await rows(DataClass.HANDLE)).toBe(1);
  expect(await data.remove(DataClass.HANDLE)).toMatchObject({ rows: 1, receipt: SIGNED });
  expect([await rows(DataClass.HANDLE), await anna.findable()]).toEqual([0, false]);
  const packages = await rows(DataClass.KEY_PACKAGES);
  expect(packages).toBeGreaterThan(0);
  expect(await data.remove(DataClass.KEY_PACKAGES)).toMatchObject({
    rows: packages,
    receipt: SIGNED,
  });
  expect(await rows(DataClass.KEY_PACKAGES)).toBe(0);
  expect(await data.remove(DataClass.PUSH)).toMatchObject({ rows: 0, receipt: SIGNED });
  await bert.sendMessage(bert.findContact("alma"), "still here");
  await settle(bert, anna);
  expect(thread(anna, "bela")).toContain("still here");
});

test("frozen: nobody reaches us; thawed: they do again", async () => {
  const [anna, bert] = await somebody("asta", "bodo");
  const data = await anna.yourData();
  expect((await data.setRestricted(true)).restricted).toBe(true);
  expect(await anna.findable()).toBe(false);
  await bert.sendMessage(bert.findContact("asta"), "are you there?").catch(() => undefined);
  await anna.sync();
  expect(thread(anna, "bodo")).toEqual([]);
  expect((await data.setRestricted(false)).restricted).toBe(false);
  expect(await anna.findable()).toBe(true); // its address was not given up
  await settle(anna, bert, anna, bert);
  await bert.sendMessage(bert.findContact("asta"), "and now?");
  await settle(bert, anna);
  expect(thread(anna, "bodo")).toContain("and now?");
});

test("the vault emptied: no alarm at our other devices, and written anew with the next change", async () => {
  const [anna] = await somebody("aura", "bina");
  const code = anna.recoveryCode ?? "";
  const second = await people.login("aura 2", anna.handle, { recoveryCode: code });
  await settle(anna, second);
  expect(second.contacts()).toHaveLength(1);
  await people.close(second); // it would write what it knows anew
  await sessionOf(anna).vault.write();
  const kept = async () => {
    const { contacts } = await sessionOf(anna).vault.refresh({ whole: true });
    return contacts.length;
  };
  expect(await kept()).toBe(1);
  const data = await anna.yourData();
  const before = (await data.server()).tables.find(({ name }) => name === "vault_slots");
  expect(await data.remove(DataClass.VAULT)).toEqual({
    rows: before?.totalRows,
    receipt: "none",
  });
  const after = (await data.server()).tables.find(({ name }) => name === "vault_slots");
  expect([after?.totalRows, await kept()]).toEqual([17, 0]);
  const ids = ({ rows = [] }: Partial<DataTable> = {}) =>
    rows.map(({ values }) => String(values.get("slot_id")));
  expect(ids(after).filter((id) => ids(before).includes(id))).toEqual([]);

  const again = await people.open("aura 2");
  await settle(again, anna);
  const alarms = [...anna.notices(), ...again.notices()].map(({ kind }) => kind);
  expect(alarms.filter((kind) => kind.startsWith("vault"))).toEqual([]);
  // A change: what is known is in it again, for the next device.
  await again.setVerified(again.findContact("bina"), true);
  await sessionOf(again).vault.write();
  expect(await kept()).toBe(1);
  const third = await people.login("aura 3", anna.handle, { recoveryCode: code });
  expect(third.contacts()).toHaveLength(1);
});

test("closed with the password: no row is left, and not with another one", async () => {
  const anna = await people.signUp("anja");
  const data = await anna.yourData();
  const { account, tables } = await stored(deviceOf(await data.server()));
  expect(Object.keys(tables).length).toBeGreaterThan(3);
  await expect(data.closeAccount("something else altogether")).rejects.toMatchObject({
    code: "login_failed",
  });
  expect((await server.ask<Stored>("rows", { account })).tables).not.toEqual({});
  const receipt = await data.closeAccount(PASSWORD);
  expect(receipt).toMatchObject({ says: { what: "account", rows: 1, until: null } });
  expect((await server.ask<Stored>("rows", { account })).tables).toEqual({});
  await people.close(anna);
  await people.remove("anja");
  expect(await people.state("anja")).toBe("none");
});

test("closed with a passkey, where there is no password", async () => {
  const unplug = new FakeAuthenticator(server.origin).plugIn();
  try {
    const anna = await people.signUp("anke", { byPasskey: true });
    const data = await anna.yourData();
    const { account } = await stored(deviceOf(await data.server()));
    await expect(data.closeAccount(PASSWORD)).rejects.toMatchObject({ code: "login_failed" });
    await data.closeAccount({ passkey: true });
    expect((await server.ask<Stored>("rows", { account })).tables).toEqual({});
  } finally {
    unplug();
  }
});

test("a Python device of the account takes the emptied vault, and writes it anew", async () => {
  const [anna] = await somebody("aino", "bror");
  const who = "aino in Python";
  const known = { handle: anna.handle, password: PASSWORD, recovery: anna.recoveryCode ?? "" };
  await server.ask("login", { who, ...known });
  await server.ask("sync", { who });
  await anna.sync();
  const { vault } = sessionOf(anna);
  await vault.write();
  await (await anna.yourData()).remove(DataClass.VAULT);
  await server.ask("sync", { who });
  await server.ask("decide", { who, contact: "bror", what: "verified" });
  await server.ask("write_vault", { who });
  const notices = await server.ask<string[]>("notices", { who });
  expect(notices.filter((kind) => kind.startsWith("vault"))).toEqual([]);
  expect((await vault.refresh({ whole: true })).contacts).toHaveLength(1);
});
