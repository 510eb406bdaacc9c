/**
 * One account with a browser and a Python device, at a real server: what the one says yes to, the other
 * has from the vault, with the same receipt, and takes back; who recorded hears of it.
 */

import { IDBKeyRange } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { People } from "./live_people.ts";
import { OneVault } from "./one_vault.ts";
import { browserRecords, pythonRecords, type Recording } from "./one_vault_calls.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(async () => {
  vi.unstubAllGlobals();
  await server.stop();
});

/** A recording of one who said yes, until that is taken back, and after it. */
function recordingOf(name: string) {
  const members = (playable: boolean) => [
    ["you", true],
    [name, playable],
  ];
  const [given, back] = [[], [name]];
  return {
    given: { ok: true, withdrawn: given, members: members(true), file_says: given },
    back: { ok: true, withdrawn: back, members: members(false), file_says: back, lying: [""] },
  };
}

describe.each([
  ["a browser said yes to a Python person", "kim", pythonRecords.name],
  ["a Python device said yes to a browser", "kai", browserRecords.name],
])("%s", (_, name, records) => {
  const recorded = (kim: OneVault, who: string): Promise<Recording> => {
    if (records === pythonRecords.name) return pythonRecords(server, kim, who);
    return browserRecords(people, kim, who);
  };

  test("the other device takes it back after the call", async () => {
    const kim = await OneVault.of(server, people, name);
    const { ask, bob, by, end, said } = await recorded(kim, `${name}friend`);
    await end();
    const other = kim.beside(said);
    const { given, back } = recordingOf(kim.handle);
    expect(await bob.recordings()).toMatchObject([{ ...given, lying: ["", kim.handle] }]);
    expect(await other.consents()).toEqual([]); // the control: the vault has not been written
    await kim.shares(said);
    const before = await other.consents();
    expect(before).toEqual(await said.consents());
    const title = "Choir";
    expect(before).toMatchObject([{ ask, by, title, state: "given", granted: ["audio"] }]);
    expect(before).toMatchObject([{ has_share: true }]);
    expect(await other.takeBack(ask)).toBe(true);
    await kim.settle(bob);
    expect(await bob.recordings()).toMatchObject([back]);
    expect(await said.consents()).toEqual(before); // it has not heard of it
    await kim.shares(other);
    const after = await said.consents();
    expect(after).toEqual(await other.consents());
    expect(after).toMatchObject([{ ask, by, title, state: "withdrawn", granted: [] }]);
    expect(after).toMatchObject([{ has_share: false }]);
    expect(after[0]?.receipt).not.toBe(before[0]?.receipt);
    await expect(said.takeBack(ask)).rejects.toMatchObject({ code: "refused" });
  }, 90_000);

  test("the other takes it back while the call goes on, and then the one in it, too", async () => {
    const kim = await OneVault.of(server, people, `${name}2`);
    const { ask, bob, end, said, takeBackInCall } = await recorded(kim, `${name}2friend`);
    const other = kim.beside(said);
    await kim.shares(said);
    expect(await other.takeBack(ask)).toBe(true);
    await kim.shares(other);
    expect(await said.consents()).toEqual(await other.consents());
    await takeBackInCall();
    await end();
    expect(await said.consents()).toMatchObject([{ ask, state: "withdrawn", has_share: false }]);
    await kim.shares(said);
    expect(await other.consents()).toEqual(await said.consents());
    await kim.settle(bob);
    expect(await bob.recordings()).toMatchObject([recordingOf(kim.handle).back]);
    expect(await kim.unreadable()).toEqual([0, 0]);
  }, 90_000);
});
