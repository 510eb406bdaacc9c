/**
 * One account with a browser and a Python device, at a real server: what the one says yes to, the other
 * has from the vault, with the same receipt, and takes back; who recorded hears of it.
 */

import { IDBKeyRange } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { OwnConsent } from "../../client/consent_key.ts";
import { get } from "../../core/byte_sets.ts";
import { hex } from "../../core/bytes.ts";
import { MAX_ANSWERS } from "../../core/recording_consent.ts";
import { signStatement } from "../../core/recording_statements.ts";
import { agreedIn, CALL, recordedIn } from "./consent_answers.ts";
import { begin } from "./group_call_live.ts";
import { groupOf, all as settleAll, underneath } from "./group_people.ts";
import { PASSWORD, People, settle, until } from "./live_people.ts";
import { Browser, type Device, OneVault, PythonDevice } from "./one_vault.ts";
import {
  browserRecords,
  comeAndAgree,
  hasShares,
  pythonRecords,
  type Recording,
} from "./one_vault_calls.ts";
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
    await expect(said.takeBack(ask)).rejects.toMatchObject({ code: "no_yes" });
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
    expect(await kim.dropped()).toEqual([[], []]);
  }, 90_000);

  test("both said yes, one after the other; one takes back both", async () => {
    const kim = await OneVault.of(server, people, `${name}3`);
    const { ask, bob, end, leave, said } = await recorded(kim, `${name}3friend`);
    await leave();
    const other = kim.beside(said);
    const leaveToo = await comeAndAgree(other, ask);
    await hasShares(bob, 3);
    await leaveToo();
    await end();
    const states = async (device: Device) =>
      (await device.consents()).map((one) => [one.ask, one.state, one.has_share]);
    expect(await states(other)).toEqual([[ask, "given", true]]);
    await kim.shares(said);
    await kim.shares(other);
    expect(await states(said)).toEqual(Array(2).fill([ask, "given", true]));
    expect(await states(other)).toEqual(await states(said));
    expect(await bob.recordings()).toMatchObject([
      { withdrawn: [], lying: ["", kim.handle, kim.handle] },
    ]);
    // By two keys, of which this device made one; it has the other from the vault.
    expect(await said.takeBack(ask)).toBe(true);
    await kim.settle(bob);
    const names = [kim.handle, kim.handle];
    const back = { ok: true, withdrawn: names, file_says: names, lying: [""] };
    expect(await bob.recordings()).toMatchObject([back]);
    await kim.shares(said);
    expect(await states(other)).toEqual(Array(2).fill([ask, "withdrawn", false]));
    await expect(other.takeBack(ask)).rejects.toMatchObject({ code: "no_yes" });
  }, 90_000);
});

/** A Python person who is the account's contact. */
async function friendOf(kim: OneVault, who: string): Promise<PythonDevice> {
  const { handle } = await server.signup(who);
  const bob = new PythonDevice(server, who);
  await kim.browser.client.acceptInvite(await bob.do<string>("invite"), { waitS: 20 });
  await kim.settle(bob);
  expect((await kim.python.do<{ name: string }[]>("contacts"))[0]?.name).toBe(handle);
  return bob;
}

/** A recording of a call of two: by a Python person, of the account's Python device. */
async function recordedOfTwo(kim: OneVault, bob: PythonDevice): Promise<string> {
  return await bob.do<string>("recorded_with", { contact: kim.python.who });
}

test.each(["the browser", "the Python device"])(
  "%s cannot delete the share; the other does, once it has that from the vault",
  async (which) => {
    const name = which === "the browser" ? "kurt" : "klara";
    const kim = await OneVault.of(server, people, name);
    const bob = await friendOf(kim, `${name}friend`);
    const ask = await recordedOfTwo(kim, bob);
    await kim.shares(kim.python);
    const one = which === "the browser" ? kim.browser : kim.python;
    await one.cannotDelete();
    expect(await one.takeBack(ask)).toBe(false);
    await kim.settle(bob);
    // It is told all the same, and the share lies there still.
    expect(await bob.recordings()).toMatchObject([{ file_says: ["bob"], lying: ["", "bob"] }]);
    await kim.shares(one);
    await kim.settle();
    expect(await bob.recordings()).toMatchObject([{ ...recordingOf("bob").back, ask }]);
    await kim.shares(kim.beside(one));
    const both = await one.consents();
    expect(both).toEqual(await kim.beside(one).consents());
    expect(both).toMatchObject([{ ask, state: "withdrawn", has_share: false }]);
  },
  60_000,
);

test("who recorded has both kinds of devices, too: the one that recorded takes notice", async () => {
  const [kim, bob] = [
    await OneVault.of(server, people, "knut"),
    await OneVault.of(server, people, "birk"),
  ];
  await people.befriend(bob.browser.client, kim.browser.client);
  await kim.settle(bob.browser, bob.python);
  const ask = await recordedOfTwo(kim, bob.python);
  await kim.shares(kim.python);
  expect(await kim.browser.takeBack(ask)).toBe(true);
  await kim.settle(bob.browser, bob.python);
  expect(await bob.python.recordings()).toMatchObject([{ ...recordingOf("bob").back, ask }]);
  expect(await bob.browser.recordings()).toEqual([]);
  expect(await bob.dropped()).toEqual([[], []]);
  expect(bob.browser.client.history(bob.browser.client.findContact("knut"))).toEqual([]);
}, 60_000);

test("both take it back without knowing of each other, and come to the same", async () => {
  // They say it at two times: else they sign the same.
  const now = () => Math.floor(Date.now() / 1000) + 7;
  const kim = await OneVault.of(server, people, "ketil", { now });
  const bob = await friendOf(kim, "bjarne");
  const ask = await recordedOfTwo(kim, bob);
  const { browser, python } = kim;
  await kim.shares(python);
  expect(await browser.consents()).toEqual(await python.consents());
  const gone = await Promise.all([browser.takeBack(ask), python.takeBack(ask)]);
  expect(gone).toEqual([true, true]);
  expect(await browser.consents()).not.toEqual(await python.consents());
  await kim.settle(bob);
  const { back } = recordingOf("bob");
  expect(await bob.recordings()).toMatchObject([{ ...back, ask }]);
  for (const device of [browser, python, browser]) await kim.shares(device);
  const both = await browser.consents();
  expect(both).toEqual(await python.consents());
  expect(both).toMatchObject([{ ask, state: "withdrawn", has_share: false }]);
  expect(await bob.recordings()).toMatchObject([{ ...back, ask }]);
  expect(await kim.dropped()).toEqual([[], []]);
}, 60_000);

test("what is answered more often than fits a slot is taken back beside, too", async () => {
  const kim = await OneVault.of(server, people, "kerstin");
  const { browser, python } = kim;
  const { books } = underneath(browser.client);
  const { which, yes, request } = await agreedIn(books.consents, {
    ...{ now: books.now(), where: null },
  });
  const kept = books.consents.get(which);
  if (kept === undefined) throw new Error("nothing is kept");
  const own = { key: kept.key, privateKey: kept.private } as OwnConsent;
  for (let number = 2; number <= MAX_ANSWERS; number++) {
    const answer = await signStatement({ ...yes, number }, kept.private);
    const names = { by: "Anna", title: "Anna" };
    await books.consents.answered({ call: CALL, own, slot: null, ...names, request, answer });
  }
  expect(kept.share).not.toBeNull();
  await kim.shares(browser);
  const [told] = await python.consents();
  expect(told).toMatchObject({ ask: hex(which.ask), state: "given", has_share: true });
  const whole = await browser.consents();
  expect(told?.receipt.length).toBeLessThan(whole[0]?.receipt.length ?? 0);
  expect(await python.takeBack(hex(which.ask))).toBe(true);
  await kim.shares(python);
  expect(await browser.consents()).toMatchObject([{ state: "withdrawn", has_share: false }]);
  expect(books.consents.get(which)?.signed).toHaveLength(1 + MAX_ANSWERS);
  await kim.shares(browser);
  expect(await python.consents()).toMatchObject([{ state: "withdrawn", has_share: false }]);
  expect(await kim.dropped()).toEqual([[], []]);
}, 60_000);

describe("a device that has nothing but the vault", () => {
  test("takes back what a Python device said yes to: a browser", async () => {
    const kim = await OneVault.of(server, people, "katja");
    const bob = await friendOf(kim, "boris");
    const { handle, recoveryCode = "" } = kim.browser.client;
    const ask = await recordedOfTwo(kim, bob);
    const before = await kim.python.consents();
    await kim.python.do("never_record", { never: true });
    await kim.python.writeVault();
    // All others are shut out: what they wrote goes over to a new key.
    const lost = { recoveryCode, lostDevices: true };
    const fresh = new Browser(await people.login("katjas browser", handle, lost));
    expect(await fresh.consents()).toEqual(before);
    expect(fresh.client.settings().neverRecord).toBe(true);
    await bob.do("sync");
    await settle(fresh.client);
    expect(await fresh.takeBack(ask)).toBe(true);
    await settle(fresh.client);
    await bob.do("sync");
    expect(await bob.recordings()).toMatchObject([{ ...recordingOf("bob").back, ask }]);
    // And a Python device beside it, by the code, has that from the vault.
    await fresh.writeVault();
    const again = new PythonDevice(server, "katjas python");
    const how = { password: PASSWORD, recovery: recoveryCode };
    await again.do("login", { handle, ...how });
    const after = await again.consents();
    expect(after).toEqual(await fresh.consents());
    expect(after).toMatchObject([{ ask, state: "withdrawn", has_share: false }]);
  }, 60_000);

  test("takes back what a browser said yes to: a Python device", async () => {
    const kim = await OneVault.of(server, people, "karl");
    const bob = new Browser(await people.signUp("berta"));
    const { client } = kim.browser;
    await people.befriend(client, bob.client);
    await kim.settle(bob);
    const [kims, bobs] = [underneath(client), underneath(bob.client)];
    const { shares } = kims.recording;
    if (shares === undefined) throw new Error("no shares");
    const where = { contact: client.findContact("berta").account, group: null };
    const agreed = await agreedIn(kims.books.consents, {
      ...{ now: kims.books.now(), where },
      lay: (laid) => shares.lay(laid),
    });
    await recordedIn(bobs.books.recordings, agreed);
    const ask = hex(agreed.which.ask);
    const before = await kim.browser.consents();
    const contact = client.findContact("berta");
    await client.setRules(contact, { ...contact.rules, neverRecord: true });
    await kim.browser.writeVault();
    const { handle, recoveryCode = "" } = client;
    const fresh = new PythonDevice(server, "karls python");
    const how = { password: PASSWORD, recovery: recoveryCode, lost: true };
    await fresh.do("login", { handle, ...how });
    expect(await fresh.consents()).toEqual(before);
    expect(await fresh.do("never_said")).toEqual({ all: false, with: [bob.client.handle] });
    await settle(bob.client);
    await fresh.do("sync");
    const { laid, which } = agreed;
    const share = async () => await bobs.recording.shares?.read(laid.slot, laid.read);
    expect(await share()).toEqual(laid.share);
    const stands = () => {
      const kept = bobs.books.recordings.get(which.ask);
      return kept && get(kept.said, which.key)?.stands;
    };
    expect(stands()).toBe(true);
    expect(await fresh.takeBack(ask)).toBe(true);
    await settle(bob.client);
    expect(stands()).toBe(false);
    await expect(share()).rejects.toMatchObject({ code: "refused" });
    await fresh.writeVault();
    const again = new Browser(await people.login("karls browser", handle, { recoveryCode }));
    const after = await again.consents();
    expect(after).toEqual(await fresh.consents());
    expect(after).toMatchObject([{ ask, state: "withdrawn", has_share: false }]);
  }, 60_000);
});

describe("a device that nobody has let into the group yet takes back what was said in it", () => {
  /** The account's devices write what was said and go: nobody lets the next one in. */
  async function goneWith(kim: OneVault, said: Device): Promise<string> {
    await said.writeVault();
    await people.close(kim.browser.client);
    await server.ask("leave", { who: kim.python.who });
    return kim.browser.client.recoveryCode ?? "";
  }

  test("a Python device", async () => {
    const kim = await OneVault.of(server, people, "kolja");
    const { handle } = kim;
    const { ask, bob, end, said } = await pythonRecords(server, kim, "bodo");
    await end();
    const recovery = await goneWith(kim, said);
    const fresh = new PythonDevice(server, "koljas python");
    await fresh.do("login", { handle, password: PASSWORD, recovery });
    expect(await fresh.takeBack(ask)).toBe(true);
    await settleAll(server, [], [fresh.who, "bodo"]);
    expect(await bob.recordings()).toMatchObject([{ withdrawn: [], lying: [""] }]);
    const browser = await people.open("kolja");
    await settleAll(server, [browser], [fresh.who, "bodo"]);
    expect(await bob.recordings()).toMatchObject([recordingOf(handle).back]);
  }, 60_000);

  test("a browser", async () => {
    const kim = await OneVault.of(server, people, "kuno");
    const { handle } = kim;
    const { ask, bob, end, said } = await browserRecords(people, kim, "bruno");
    await end();
    const recoveryCode = await goneWith(kim, said);
    const fresh = new Browser(await people.login("kunos browser", handle, { recoveryCode }));
    expect(await fresh.takeBack(ask)).toBe(true);
    await settle(fresh.client, bob.client);
    expect(await bob.recordings()).toMatchObject([{ withdrawn: [], lying: [""] }]);
    const browser = await people.open("kuno");
    await settle(browser, fresh.client, bob.client);
    expect(await bob.recordings()).toMatchObject([recordingOf(handle).back]);
  }, 60_000);
});

test("never record me: what one device decides, the other says in its calls", async () => {
  const kim = await OneVault.of(server, people, "kira");
  const bob = await friendOf(kim, "benno");
  const { browser, python } = kim;
  const carl = new Browser(await people.signUp("carl"));
  await people.befriend(carl.client, browser.client);
  await groupOf("Choir", carl.client, browser.client);
  await kim.settle(carl);
  const { name: benno } = browser.client.findContact("benno");
  const never = () => python.do<{ all: boolean; with: string[] }>("never_said");
  const atBob = () => bob.do<boolean[]>("never_recorded");
  expect([await never(), await atBob()]).toEqual([{ all: false, with: [] }, [false]]);

  await browser.client.setSettings({ neverRecord: true });
  await kim.shares(browser);
  await kim.settle(bob, carl);
  expect([await never(), await atBob()]).toEqual([{ all: true, with: [] }, [true]]);
  // It stands in the leaf of the device that was never asked about it.
  await python.do("calls_listen");
  const carls = await begin(carl.client);
  await until(() => carls.call.isInside);
  await kim.settle(carl);
  await python.do("calls_begin", { name: "Choir" });
  const { recording } = carls.call;
  await until(() => carls.call.members.length === 2 && recording.mayNotAsk === "never");
  expect(recording.neverNames).toEqual([kim.handle]);
  await python.do("calls_leave");
  await carls.call.leave();

  // Python decides otherwise, and for calls with one contact.
  await python.do("never_record", { never: false });
  await kim.shares(python);
  await kim.settle(bob, carl);
  expect([browser.client.settings().neverRecord, await atBob()]).toEqual([false, [false]]);
  const contact = browser.client.findContact("benno");
  await browser.client.setRules(contact, { ...contact.rules, neverRecord: true });
  await kim.shares(browser);
  await kim.settle(bob, carl);
  expect([await never(), await atBob()]).toEqual([{ all: false, with: [benno] }, [true]]);
}, 90_000);
