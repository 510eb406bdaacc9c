/** One history of calls on devices of both kinds: what Python writes browsers read, and the other way. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client } from "../../client/client.ts";
import type { Session } from "../../client/session.ts";
import { fromHex, hex } from "../../core/bytes.ts";
import { Direction, type Entry, NO_MARK, Outcome, Quality, Via } from "../../core/call_entry.ts";
import { Media } from "../../core/content_records.ts";
import { type AccountId, CallId, random } from "../../core/ids.ts";
import { SUITE_ID } from "../../core/mls/index.ts";
import { drops, PASSWORD, People, settle } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

const rng = (size: number) => crypto.getRandomValues(new Uint8Array(size));
const callId = () => hex(random(CallId, rng));
const sessionOf = (client: Client): Session => Reflect.get(client, "session");

/** A call as `serve.py` tells it. */
function asTold(one: Entry) {
  const { mark, call, members, ...rest } = one;
  const { note, pinned } = mark;
  return { ...rest, call: hex(call), members: members.map(hex), pinned, note };
}

async function note(client: Client, contact: AccountId, call: string): Promise<void> {
  const session = sessionOf(client);
  const entry: Entry = {
    call: new CallId(fromHex(call)),
    members: [contact],
    direction: Direction.INCOMING,
    media: Media.VOICE,
    outcome: Outcome.ANSWERED,
    at: session.now() - 100,
    seconds: 61,
    verified: true,
    recorded: false,
    via: Via.DIRECT,
    quality: Quality.FAIR,
    suite: SUITE_ID,
    mark: NO_MARK,
  };
  await session.noteCall(entry, null);
}

/** A browser and a Python device of one account, and Bob. */
async function both(name: string, friend: string) {
  const browser = await people.signUp(name);
  const bob = await people.signUp(friend);
  await people.befriend(browser, bob);
  const py = `${name} py`;
  const { handle, recoveryCode: recovery } = browser;
  await server.ask("login", { who: py, handle, password: PASSWORD, recovery });
  const sync = async () => {
    for (let i = 0; i < 2; i++) {
      await settle(browser, bob);
      await server.ask("sync", { who: py });
    }
  };
  await sync();
  const python = {
    calls: () => server.ask<ReturnType<typeof asTold>[]>("calls", { who: py }),
    ids: async () => (await python.calls()).map(({ call }) => call).toSorted(),
    note: (call: string, about = "") =>
      server.ask("note_call", { who: py, contact: friend, call, seconds: 90, note: about }),
    delete: (calls: string[] | null) => server.ask("delete_calls", { who: py, calls }),
    settings: (chosen: Readonly<Record<string, number | boolean>> = {}) =>
      server.ask("settings", { who: py, ...chosen }),
    write: () => server.ask("write_vault", { who: py }),
  };
  const ids = () =>
    browser
      .callHistory()
      .map(({ call }) => hex(call))
      .toSorted();
  return { browser, bob, python, sync, ids, contact: browser.findContact(friend) };
}

test("what one kind of device notes, the other has from the vault, to the last detail", async () => {
  const { browser, python, sync, ids, contact } = await both("amelie", "bruno");
  const [ours, theirs] = [callId(), callId()];
  let told = 0;
  const stop = browser.onCalls(() => {
    told++;
  });
  await python.note(theirs, "about the roof");
  await sync();
  expect(ids()).toEqual([]); // the control: it stands in the vault within the hour
  await python.write();
  await sync();
  expect(ids()).toEqual([theirs]);
  expect(told).toBeGreaterThan(0);
  expect(browser.callHistory()).toBe(browser.callHistory());
  stop();
  expect(browser.callHistory().map(asTold)).toEqual(await python.calls());
  expect(browser.callHistory()[0]?.mark).toMatchObject({ note: "about the roof", pinned: true });

  await note(browser, contact.account, ours);
  await browser.markCall(new CallId(fromHex(ours)), { note: "by the browser" });
  await sessionOf(browser).vault.write();
  await sync();
  expect(await python.ids()).toEqual([ours, theirs].toSorted());
  expect(browser.callHistory().map(asTold)).toEqual(await python.calls());
  // Both have the same in their threads.
  const thread = browser.history(contact).map(({ text }) => text);
  expect(thread).toEqual(expect.arrayContaining(["Voice call, 1:01", "Video call, 1:30"]));
  expect(drops(browser)).toEqual([]);
});

test("what one kind of device deletes is gone on the other at once, and stays gone", async () => {
  const { browser, python, sync, ids, contact } = await both("adele", "bastian");
  const calls = [callId(), callId(), callId(), callId()] as const;
  for (const call of calls) await note(browser, contact.account, call);
  await sessionOf(browser).vault.write();
  await sync();
  expect(await python.ids()).toEqual(calls.toSorted());
  await browser.deleteCalls([new CallId(fromHex(calls[0]))]);
  await python.delete([calls[1]]);
  await sync();
  const left = calls.slice(2).toSorted();
  expect([await python.ids(), ids()]).toEqual([left, left]);
  await note(browser, contact.account, calls[1]);
  await python.note(calls[0]);
  await python.write();
  await sessionOf(browser).vault.write();
  await sync();
  expect([await python.ids(), ids()]).toEqual([left, left]);
  await python.delete(null);
  await sync();
  expect([await python.ids(), ids()]).toEqual([[], []]);
  await sessionOf(browser).vault.write();
  await python.write();
  await sync();
  expect([await python.ids(), ids()]).toEqual([[], []]);
});

test("settings of one kind of device are the other's, and a new device's", async () => {
  const { browser, python, sync, ids, contact } = await both("agathe", "benedikt");
  await note(browser, contact.account, callId());
  await python.settings({ keep: 24, details: false });
  await sync();
  expect(browser.settings()).toMatchObject({ keep: 24, details: false, sync: true, trace: true });
  expect(browser.callHistory()).toMatchObject([{ via: Via.NONE, suite: 0 }]);
  await browser.setSettings({ keep: 0, trace: false });
  await sync();
  expect(await python.settings()).toEqual({ keep: 0, details: false, sync: true, trace: false });
  expect([await python.ids(), ids()]).toEqual([[], []]);
  await sessionOf(browser).vault.write();
  const { handle } = browser;
  const recoveryCode = browser.recoveryCode ?? "";
  const third = await people.login("agathe third", handle, { recoveryCode });
  await settle(third, browser);
  await sessionOf(third).vault.reread();
  expect(third.settings()).toMatchObject({ keep: 0, trace: false });
});

test("a wish to forget goes between the two kinds", async () => {
  const anna = await people.signUp("annika");
  await server.signup("bela");
  const link = await server.ask<string>("invite", { who: "bela" });
  const bela = await anna.acceptInvite(link, { waitS: 20 });
  if (bela === undefined) throw new Error("no answer");
  await settle(anna);
  const call = callId();
  await note(anna, bela.account, call);
  await server.ask("note_call", { who: "bela", contact: "annika", call, seconds: 9, note: "" });
  expect(await server.ask("ask_to_forget", { who: "bela", contact: "annika" })).toBe(1);
  await anna.sync();
  expect([...anna.wishes().keys()]).toEqual([call]);
  expect(anna.notices().map(({ kind }) => kind)).toContain("asked to forget calls");
  expect(await anna.answerWish(bela, { delete: true })).toBe(1);
  expect([anna.callHistory(), anna.wishes().size]).toEqual([[], 0]);
  expect(await anna.askToForget(bela, [new CallId(fromHex(call))])).toBe(1);
  await settle(anna);
  await server.ask("sync", { who: "bela" });
  expect(await server.ask("wishes", { who: "bela" })).toEqual([call]);
});
