/** Groups of people: rules, own devices, addresses, and members that break the rules. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Purpose } from "../../client/addresses.ts";
import type { Client } from "../../client/client.ts";
import { extensionOf, termsIn } from "../../client/group_tree.ts";
import { RECORD_KIND, STATE_KIND } from "../../client/groups.ts";
import { concat, copy, hex, uint } from "../../core/bytes.ts";
import { ALL_RING } from "../../core/contact_rules.ts";
import { encodeChange } from "../../core/content.ts";
import { MayAdd } from "../../core/content_records.ts";
import { sealBytes } from "../../core/envelope.ts";
import { SHA256 } from "../../core/mls/kdf.ts";
import { all, groupOf, memberOf, said, seen, told, underneath } from "./group_people.ts";
import { PASSWORD, People, settle, state } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

/** Sign up; everybody is a contact of the first. */
async function signUp(...names: string[]): Promise<readonly [Client, ...Client[]]> {
  const clients: Client[] = [];
  for (const name of names) clients.push(await people.signUp(name));
  const [first, ...others] = clients;
  if (first === undefined) throw new Error("nobody");
  for (const other of others) await people.befriend(first, other);
  return [first, ...others];
}

test("who may add is a rule of who is added (R-87)", async () => {
  const [anna, bob] = await signUp("anna", "bob");
  if (bob === undefined) throw new Error("no Bob");
  for (const [name, adds] of [
    ["at once", MayAdd.AT_ONCE],
    ["asked", null],
    ["never", MayAdd.NEVER],
  ] as const) {
    await bob.setRules(bob.findContact("anna"), { ...ALL_RING, adds });
    await anna.inviteToGroup(await anna.createGroup(name), anna.findContact("bob"));
    await settle(anna, bob);
    expect(bob.groupInvitations().map((one) => one.name)).toEqual(adds === null ? [name] : []);
    const { members, invited } = await anna.findGroup(name);
    expect(members).toHaveLength(adds === MayAdd.AT_ONCE ? 2 : 1);
    expect(invited).toEqual(adds === MayAdd.AT_ONCE ? [] : [bob.handle]);
    const [waiting] = bob.groupInvitations();
    if (waiting === undefined) continue;
    await bob.declineGroup(waiting);
    expect(bob.groupInvitations()).toEqual([]);
    expect(bob.diagnostics().waiting).toBe(0);
    await expect(bob.acceptGroup(waiting)).rejects.toMatchObject({ code: "refused" });
  }
});

test("a group with the id of a contact is not that contact", async () => {
  const [bob, anna, mallory] = await signUp("bob2", "anna2", "mallory");
  if (anna === undefined || mallory === undefined) throw new Error("nobody");
  const { books } = underneath(mallory);
  const { rng } = books;
  const taken = copy(anna.account);
  Object.assign(books, {
    rng: (length: number) => {
      Object.assign(books, { rng });
      return length === taken.length ? taken : rng(length);
    },
  });
  await groupOf("Taken", mallory, bob);
  const found = await bob.findGroup("Taken");
  expect(found.key).toBe(bob.findContact("anna2").key); // the control
  await mallory.sendGroupMessage(await mallory.findGroup("Taken"), "Send me the money, Anna");
  await settle(mallory, bob);
  expect(await said(bob, "Taken")).toEqual([[mallory.handle, "Send me the money, Anna"]]);
  expect(bob.history(bob.findContact("anna2"))).toEqual([]);
});

test("a removal makes addresses anew, and erases keys (P13)", async () => {
  const [ada, ben, cleo] = await signUp("ada", "ben", "cleo");
  if (ben === undefined || cleo === undefined) throw new Error("nobody");
  await groupOf("Choir", ada, ben, cleo);
  const { group } = await ada.findGroup("Choir");
  const { books } = underneath(cleo);
  const known = books.groupBook.members(books.store, group);
  expect(known).toHaveLength(2);
  const seenByCleo = new Set(known.map(({ address }) => hex(address.capability)));
  expect(books.store.get(STATE_KIND, copy(group))).toBeDefined(); // the control
  await ada.removeFromGroup(
    await ada.findGroup("Choir"),
    await memberOf(ada, "Choir", cleo.handle),
  );
  await settle(ada, ben, cleo);
  await settle(ada, ben, cleo);
  for (const kind of [RECORD_KIND, STATE_KIND]) {
    expect(books.store.get(kind, copy(group))).toBeUndefined();
  }
  expect(books.addresses.current(books.store, Purpose.GROUP, group)).toBeUndefined();
  for (const [one, other] of [
    [ada, ben],
    [ben, ada],
  ] as const) {
    const here = underneath(one).books;
    const [only, second] = here.groupBook.members(here.store, group);
    if (only === undefined) throw new Error("nobody is known");
    expect([hex(only.account), second]).toEqual([hex(other.account), undefined]);
    expect(seenByCleo.has(hex(only.address.capability))).toBe(false);
  }
  await ben.sendGroupMessage(await ben.findGroup("Choir"), "Still here");
  await settle(ada, ben, cleo);
  expect(await said(ada, "Choir")).toEqual([[ben.handle, "Still here"]]);
  expect(await said(cleo, "Choir")).toEqual([]);
});

test("a device that is linked later is let in, and so is Python", async () => {
  const [dan, eva] = await signUp("dan", "eva");
  if (eva === undefined) throw new Error("no Eva");
  await groupOf("Hikes", dan, eva);
  const who = "eva py";
  const { handle } = eva;
  const link = await server.ask<string>("pair", { who, handle, password: PASSWORD });
  await eva.approveDevice(link, () => true);
  await server.ask("paired", { who });
  await all(server, [eva, dan], [who]);
  await all(server, [eva, dan], [who]);
  expect((await memberOf(dan, "Hikes", handle)).devices).toBe(2);
  await dan.sendGroupMessage(await dan.findGroup("Hikes"), "to both");
  await all(server, [dan, eva], [who]);
  await server.ask("say", { who, name: "Hikes", text: "by Python" });
  await all(server, [dan, eva], [who]);
  const talk = [
    [dan.handle, "to both"],
    [handle, "by Python"],
  ];
  expect(await said(dan, "Hikes"), state(dan)).toEqual(talk);
  expect(await said(eva, "Hikes"), state(eva)).toEqual(talk);
  expect(await server.ask("said", { who, name: "Hikes" })).toEqual(talk);
});

test("whom we blocked is not heard; who closes their account leaves", async () => {
  const [fay, gus, hal] = await signUp("fay", "gus", "hal");
  if (gus === undefined || hal === undefined) throw new Error("nobody");
  await groupOf("Trio", fay, gus, hal);
  await fay.block(fay.findContact("gus"));
  await gus.sendGroupMessage(await gus.findGroup("Trio"), "Hello?");
  await settle(gus, fay, hal);
  expect(await said(fay, "Trio")).toEqual([]);
  expect(await said(hal, "Trio")).toEqual([[gus.handle, "Hello?"]]); // the control
  const { handle } = gus;
  await (await gus.yourData()).closeAccount(PASSWORD);
  await settle(fay, hal);
  for (const one of [fay, hal]) {
    expect((await seen(one, "Trio")).members).toEqual([fay.handle, hal.handle].sort());
    expect(told(one).map(([kind]) => kind)).toContain("group member left");
    expect((await seen(one, "Trio")).members).not.toContain(handle);
  }
});

test("nobody goes along with a commit that breaks a rule, and all are told", async () => {
  const [ida, jon] = await signUp("ida", "jon");
  if (jon === undefined) throw new Error("no Jon");
  await groupOf("Duo", ida, jon);
  const { books, anonymous } = underneath(jon);
  const record = await underneath(jon).people.actions.require((await jon.findGroup("Duo")).group);
  const state = await books.groups.state(books.store, record);
  const terms = { ...termsIn(state), keepers: [books.account] };
  const n = Number(state.epoch);
  const writeKey = await state.exporter("visavis sequencer", new Uint8Array(), 32);
  const key = await state.exporter("visavis sequencer seal", new Uint8Array(), 32);
  const made = await state.commit({
    extensions: extensionOf(terms),
    authenticatedData: encodeChange({ kind: "group.change", joined: [], left: [] }),
    rng: books.rng,
    now: books.now(),
  });
  const context = concat(record.sequencer, uint(n, 8));
  const next = await made.group.exporter("visavis sequencer", new Uint8Array(), 32);
  const { addresses } = underneath(ida).books;
  const given = addresses.current(underneath(ida).books.store, Purpose.GROUP, record.groupId);
  if (given === undefined) throw new Error("no address");
  await anonymous.commit(addresses.address(given), record.sequencer, n, {
    writeKey,
    sealed: await sealBytes(key, context, made.message, books.rng),
    nextWriteKeyHash: SHA256.hash(next),
  });
  const group = await ida.findGroup("Duo");
  await expect(ida.renameGroup(group, "Solo")).rejects.toMatchObject({ code: "unexpected" });
  expect(told(ida)).toContainEqual(["group broken", "", "Duo"]);
  expect((await seen(ida, "Duo")).keepers).toEqual([ida.handle]);
  // What is said in the epoch is still read, and whoever wants to can go.
  await jon.sendGroupMessage(await jon.findGroup("Duo"), "In this epoch");
  await settle(jon, ida);
  expect(await said(ida, "Duo")).toEqual([[jon.handle, "In this epoch"]]);
  await ida.leaveGroup(group);
  expect((await seen(ida, "Duo")).state).toBe("left");
});
