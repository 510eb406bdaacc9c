/** one file carries an account to another server, and the people of before come after it. */

import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Client, MoveFile } from "../../client/client.ts";
import { Arriving, readFile } from "../../client/move.ts";
import { type Bytes, fromHex, hex, utf8 } from "../../core/bytes.ts";
import { Direction, type Entry, NO_MARK, Outcome, Quality, Via } from "../../core/call_entry.ts";
import { ALL_RING } from "../../core/contact_rules.ts";
import { encodeRecord } from "../../core/content.ts";
import { MayCall, Media } from "../../core/content_records.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { CallId } from "../../core/ids.ts";
import { Moved, Why } from "../../core/move_file.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { PASSWORD, People, settle, state, thread } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

const CHEAP = { passes: 1, memoryKib: 8, lanes: 1 };
const RULES = { ...ALL_RING, calls: MayCall.VOICE, keeps: 24 * 400 };

let [here, there]: readonly TestServer[] = [];
let [people, others]: readonly People[] = [];

function the<T>(one: T | undefined): T {
  if (one === undefined) throw new Error("it is not there");
  return one;
}

beforeAll(async () => {
  [here, there] = await Promise.all([startServer(), startServer()]);
  [people, others] = [new People(here), new People(there)];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([people?.close(), others?.close()]);
});
afterAll(async () => {
  await Promise.all([here?.stop(), there?.stop()]);
});

async function out(client: Client, passphrase?: string): Promise<MoveFile> {
  const own = passphrase === undefined ? {} : { passphrase };
  return await (await client.moving()).out(PASSWORD, { kdf: CHEAP, ...own });
}

function callWith(client: Client, name: string, number: number): Entry {
  return {
    call: new CallId(new Uint8Array(16).fill(number)),
    members: [client.findContact(name).account],
    direction: Direction.OUTGOING,
    media: Media.VIDEO,
    outcome: Outcome.ANSWERED,
    at: Math.floor(Date.now() / 1000) - 60 - number,
    seconds: 30,
    verified: false,
    recorded: false,
    via: Via.RELAYED,
    quality: Quality.GOOD,
    suite: 0xf04d,
    mark: NO_MARK,
  };
}

async function note(client: Client, ...entries: readonly Entry[]): Promise<void> {
  const { books } = client["session"];
  await books.store.transaction((unit) => books.calls.noteAll(unit, entries));
}

/** Anna, with calls, settings, and what she decided about Bob, verified, and Carol, blocked. */
async function busy(prefix: string): Promise<readonly [anna: Client, bob: Client]> {
  const [anna, bob, carol] = [
    await the(people).signUp(`${prefix}anna`),
    await the(people).signUp(`${prefix}bob`),
    await the(people).signUp(`${prefix}carol`),
  ];
  await the(people).befriend(anna, bob);
  await the(people).befriend(anna, carol);
  await anna.setVerified(anna.findContact(`${prefix}bob`), true);
  await anna.setRules(anna.findContact(`${prefix}bob`), RULES);
  await anna.setSettings({ keep: 24 * 30, details: false });
  await note(anna, ...[1, 2, 3].map((number) => callWith(anna, `${prefix}bob`, number)));
  await note(anna, callWith(anna, `${prefix}carol`, 4));
  await anna.markCall(callWith(anna, `${prefix}bob`, 2).call, { note: "the roof", pinned: true });
  await anna.deleteCalls([callWith(anna, `${prefix}bob`, 3).call]);
  await anna.block(anna.findContact(`${prefix}carol`));
  return [anna, bob];
}

/** Have a guest come over a link for many, and be let in. */
async function approved(host: Client, guest: Client): Promise<void> {
  expect(await guest.acceptInvite(await host.createInvite({ singleUse: false }))).toBeUndefined();
  await settle(host);
  for (const waiting of host.requests()) await host.approveRequest(waiting);
  await settle(host, guest);
}

test("an account moves with all it has, and a contact who moves as well is who they were", async () => {
  const [anna, bob] = await busy("a");
  const number = await anna.safetyNumber(anna.findContact("abob"));
  const file = await out(anna);
  expect(file).toMatchObject({ contacts: 2, calls: 3 });
  expect(file.passphrase.split("-")).toHaveLength(6);
  const moved = await the(others).moveIn("aanna", file);
  const [books, old] = [moved["session"].books, anna["session"].books];
  expect(hex(books.account)).toBe(hex(old.account));
  const list = books.ownList(books.store);
  expect(hex(list.identityKey)).toBe(hex(old.ownList(old.store).identityKey));
  expect([list.era, list.devices.length]).toEqual([1, 1]);
  expect(moved.recoveryCode).not.toBe(anna.recoveryCode);
  expect(moved.settings()).toMatchObject({ keep: 24 * 30, details: false });
  expect(moved.callHistory().map(({ call }) => hex(call))).toEqual(
    anna.callHistory().map(({ call }) => hex(call)),
  );
  const [marked, ...rest] = moved.callHistory().filter(({ mark }) => mark.count > 0);
  expect(rest).toEqual([]);
  expect(marked?.mark).toMatchObject({ note: "the roof", pinned: true, device: books.device });
  expect(moved.contacts()).toEqual([]);
  expect(
    moved.awaited().map(({ name, verified, blocked }) => [name.split(".")[0], verified, blocked]),
  ).toEqual([
    ["abob", true, false],
    ["acarol", false, true],
  ]);
  // It is an account like any other: it opens again, and the old one is as it was.
  await the(others).close(moved);
  const again = await the(others).open("aanna moved");
  await settle(again);
  expect(again.awaited()).toHaveLength(2);
  await anna.sendMessage(anna.findContact("abob"), "I am still here, too");
  await settle(bob);
  expect(thread(bob, "aanna")).toEqual(["I am still here, too"]);

  const bobThere = await the(others).moveIn("abob", await out(bob));
  await approved(again, bobThere);
  const atBob = again.findContact("abob");
  expect(atBob).toMatchObject({ verified: true, rules: RULES });
  expect((await again.safetyNumber(atBob)).groups).toEqual(number.groups);
  expect(bobThere.findContact("aanna").verified).toBe(false);
  expect(again.awaited().map(({ name }) => name.split(".")[0])).toEqual(["acarol"]);
  await bobThere.sendMessage(bobThere.findContact("aanna"), "here I am");
  await settle(again);
  expect(thread(again, "abob").at(-1), state(again)).toBe("here I am");
});

test("CK-735: contacts are told inside the conversation, and of nobody else's link", async () => {
  const [anna, bob] = await busy("t");
  const moved = await the(others).moveIn("tanna", await out(anna));
  const link = await moved.createInvite({ singleUse: false, days: 30 });
  const moving = await anna.moving();
  const words = "Ich ziehe um: {origin} {link}";
  expect(moving.message(` ${link}\n`, words)).toBe(`Ich ziehe um: ${the(there).origin} ${link}`);
  await moving.tell(anna.findContact("tbob"), link);
  await settle(anna, bob);
  const [said = ""] = thread(bob, "tanna");
  expect(said.split("\n").at(-1)).toBe(link);
  expect(said).toContain(the(there).origin);
  const blocked = moving.tell(anna.findContact("tcarol"), link);
  await expect(blocked).rejects.toMatchObject({ code: Code.REFUSED });

  const bobThere = await the(others).moveIn("tbob", await out(bob));
  const wrong = [
    [await bobThere.createInvite(), Code.REFUSED],
    [await anna.createInvite(), Code.UNEXPECTED],
    [link.slice(0, -3), Code.MISTYPED],
  ] as const;
  for (const [other, code] of wrong) {
    const told = moving.tell(anna.findContact("tbob"), other);
    await expect(told).rejects.toMatchObject({ code });
  }
  await settle(bob);
  expect(thread(bob, "tanna")).toHaveLength(1);
});

/** What of these is found in the bytes. */
function found(data: Bytes, needles: Readonly<Record<string, Uint8Array>>): string[] {
  const text = hex(data);
  return Object.keys(needles).filter((name) => text.includes(hex(needles[name] as Uint8Array)));
}

test("the file tells nothing, and holds nothing of the server or of what was said", async () => {
  const [anna] = await busy("f");
  await anna.sendMessage(anna.findContact("fbob"), "canary in a message");
  const file = await out(anna);
  const moved = await readFile(file.data, file.passphrase);
  const { books } = anna["session"];
  const contact = anna.findContact("fbob");
  const there = {
    "identity key": moved.identity,
    account: books.account,
    contact: contact.account,
    name: utf8(contact.name),
    handle: utf8(anna.handle),
    note: utf8("the roof"),
  };
  const contents = encodeRecord(Moved, moved);
  expect(found(contents, there)).toEqual(Object.keys(there));
  expect(found(file.data, { ...there, passphrase: utf8(file.passphrase) })).toEqual([]);
  const known = the(books.contacts.get(books.store, contact.account));
  const { origin, mailbox, token, vaultKeys } = books.profile;
  const absent = {
    server: utf8(origin),
    mailbox,
    token: token.subarray(16),
    "vault key": vaultKeys.subarray(0, 32),
    group: known.group,
    sequencer: known.sequencer,
    message: utf8("canary in a message"),
    "deleted call": new Uint8Array(16).fill(3),
  };
  expect(found(contents, absent)).toEqual([]);
  expect(String(moved)).not.toContain("fbob");
});

test("CK-730: bad files, weak passphrases and a failing sign-up change nothing", async () => {
  const [anna] = await busy("b");
  const { data, passphrase } = await out(anna);
  const cut = data.slice(0, -1);
  const broken = Uint8Array.from(data, (byte, i) => (i === data.length - 40 ? byte ^ 1 : byte));
  const cases = [
    [cut, passphrase, Why.CUT],
    [utf8("%PDF-1.7"), passphrase, Why.FOREIGN],
    [broken, passphrase, Why.DAMAGED],
    [data, `${passphrase}x`, Why.PASSPHRASE],
  ] as const;
  for (const [file, words, why] of cases) {
    const attempt = the(others).moveIn("bnew", { data: file, passphrase: words });
    await expect(attempt).rejects.toMatchObject({ why });
    expect(await the(others).state("bnew moved")).toBe("none");
  }
  await expect(out(anna, "short")).rejects.toMatchObject({ code: Code.WEAK_PASSWORD });
  const moving = await anna.moving();
  const login = moving.out("some other password", { kdf: CHEAP });
  await expect(login).rejects.toMatchObject({ code: Code.LOGIN_FAILED });

  // What fails when everything is written here leaves nothing here either.
  const fill = vi.spyOn(Arriving.prototype, "fill").mockImplementation(async () => {
    throw new UnavailableError(Code.UNAVAILABLE, "the test pulled the plug");
  });
  const failing = the(others).moveIn("bnew", { data, passphrase });
  await expect(failing).rejects.toBeInstanceOf(UnavailableError);
  expect(await the(others).state("bnew moved")).toBe("none");
  fill.mockRestore();
  const moved = await the(others).moveIn("bnew", { data, passphrase });
  expect(moved.awaited()).toHaveLength(2);
});

test("under one's own passphrase; and on from there, those who are awaited go along", async () => {
  const own = "nine slow herons wade ashore";
  const [anna] = await busy("o");
  const first = await out(anna, own);
  expect(first.passphrase).toBe(own);
  const moved = await the(others).moveIn("oanna", first);
  const second = await out(moved);
  expect(second.contacts).toBe(2);
  const back = await the(people).moveIn("oback", second);
  const { books } = back["session"];
  expect(books.ownList(books.store).era).toBe(2);
  expect(back.awaited()).toHaveLength(2);
});

test("with a passkey in the place of the password, out and in", async () => {
  const old = new FakeAuthenticator(the(here).origin);
  let unplug = old.plugIn();
  let file: MoveFile;
  try {
    const anna = await the(people).signUp("kanna", { byPasskey: true });
    const moving = await anna.moving();
    await expect(moving.out(PASSWORD, { kdf: CHEAP })).rejects.toMatchObject({
      code: Code.LOGIN_FAILED,
    });
    file = await moving.out({ passkey: true }, { kdf: CHEAP });
  } finally {
    unplug();
  }
  unplug = new FakeAuthenticator(the(there).origin).plugIn();
  try {
    const moved = await the(others).moveIn("kanna", file, { byPasskey: true });
    expect(await moved.waysIn()).toMatchObject({ password: false, passkeys: [{}] });
    const again = await (await moved.moving()).out({ passkey: true }, { kdf: CHEAP });
    const { identity } = await readFile(file.data, file.passphrase);
    expect((await readFile(again.data, again.passphrase)).identity).toEqual(identity);
  } finally {
    unplug();
  }
});

test("a file that Python made is brought in here, and one of ours in Python", async () => {
  const [anna] = await busy("p");
  const dora = await the(here).signup("pdora");
  const link = await anna.createInvite();
  await the(here).ask("accept", { who: "pdora", link });
  await settle(anna);
  await the(here).ask("note_call", {
    who: "pdora",
    contact: "panna",
    call: "0f".repeat(16),
    seconds: 7,
    note: "from Python",
  });
  const made = await the(here).ask<{ data: string; passphrase: string }>("move_out", {
    who: "pdora",
    password: PASSWORD,
  });
  const file = { data: fromHex(made.data), passphrase: made.passphrase };
  expect((await readFile(file.data, file.passphrase)).handle).toBe(dora.handle);
  const doraThere = await the(others).moveIn("pdora", file);
  expect(doraThere.awaited().map(({ name }) => name)).toEqual([anna.handle]);
  expect(doraThere.callHistory().map(({ seconds, mark }) => [seconds, mark.note])).toEqual([
    [7, "from Python"],
  ]);
  const ours = await out(anna);
  const inPython = await the(there).ask<{ awaited: readonly (readonly unknown[])[] }>("move_in", {
    who: "panna",
    password: PASSWORD,
    data: hex(ours.data),
    passphrase: ours.passphrase,
  });
  const names = inPython.awaited.map(([name, ...rest]) => [String(name).split(".")[0], ...rest]);
  expect(names).toEqual([
    ["pbob", true, false],
    ["pcarol", false, true],
    ["pdora", false, false],
  ]);
  const calls = await the(there).ask<{ note: string }[]>("calls", { who: "panna" });
  expect(calls.map(({ note }) => note).toSorted()).toEqual(["", "", "the roof"]);
  expect(
    await the(there).ask("accept", {
      who: "panna",
      link: await doraThere.createInvite(),
    }),
  ).toBe(doraThere.handle);
  await settle(doraThere);
  expect(doraThere.awaited()).toEqual([]);
});
