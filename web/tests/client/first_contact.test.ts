/** Links, requests and answers: who becomes a contact, and who does not. Links at work: live.test. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Purpose } from "../../client/addresses.ts";
import { ByHandle } from "../../client/by_handle.ts";
import { ACCEPTED_KIND, allPending, LINK_KIND } from "../../client/contact_records.ts";
import { MessageKind } from "../../client/history.ts";
import { copy, equal, hex } from "../../core/bytes.ts";
import { MAX_WAITING, REQUEST_LIFETIME_S } from "../../core/contact.ts";
import { UNSIGNED } from "../../core/content_records.ts";
import { Code } from "../../core/errors.ts";
import { inviteFromLink, inviteToLink } from "../../core/invite.ts";
import { api, freeze, shown, stranger } from "./handles.ts";
import { rng } from "./people.ts";
import { type Party, settle, World } from "./world.ts";

vi.mock("../../core/work.ts", async (original) => ({
  ...(await original<typeof import("../../core/work.ts")>()),
  REQUEST_BITS: 8,
}));

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = [await world.signUp("anna"), await world.signUp("bob")];
});
afterEach(() => vi.restoreAllMocks());

const invite = (party: Party, singleUse = true) =>
  party.firstContact.createInvite({ singleUse, days: 1 });

function contacts(party: Party): string[] {
  return party.books.contacts.all(party.store).map(({ name }) => name);
}

function waiting(party: Party): string[] {
  return party.firstContact.waiting().map(({ name }) => name);
}

/** Write to each other, both ways. */
async function talk(one: Party, other: Party): Promise<void> {
  await one.conversations.sendText(other.account.id, "to you");
  await other.conversations.sendText(one.account.id, "and back");
  await settle(one, other);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const said = to.books.history.messages(to.store, from.account.id);
    expect(said.filter((m) => m.kind === MessageKind.TEXT && !m.outgoing)).not.toEqual([]);
  }
}

describe("links", () => {
  test("one that was never good, one's own, and one for another server", async () => {
    const link = await invite(anna);
    const { length } = allPending(anna.store);
    for (const [bad, code] of [
      ["", Code.MISTYPED],
      ["nonsense", Code.MISTYPED],
      [link.slice(0, -5), Code.MISTYPED],
      [link.replace("visavis.test", "other.test"), Code.REFUSED],
      [link, Code.UNEXPECTED],
    ] as const) {
      await expect(anna.firstContact.follow(bad)).rejects.toMatchObject({ code });
    }
    expect(allPending(anna.store)).toHaveLength(length);
    for (const days of [0, 31]) {
      const refused = anna.firstContact.createInvite({ singleUse: true, days });
      await expect(refused).rejects.toMatchObject({ code: Code.USAGE });
    }
  });

  test("an expired one: on the requester's clock, and on the maker's (CK-281)", async () => {
    const link = await invite(anna);
    world.time += 86_401;
    await expect(bob.firstContact.follow(link)).rejects.toMatchObject({ code: Code.EXPIRED });
    world.time -= 86_400;
    await bob.firstContact.follow(link);
    world.time += 86_400;
    await anna.receive();
    expect(anna.drops).toEqual({ expired: 1 });
    expect(contacts(anna)).toEqual([]);
  });

  test("the time of links and requests ends, and their addresses with it", async () => {
    await invite(anna);
    await bob.firstContact.follow(await invite(anna, false));
    await anna.receive();
    expect([waiting(anna), anna.store.count(LINK_KIND)]).toEqual([["bob.12345"], 2]);
    await anna.firstContact.expire();
    expect(anna.store.count(LINK_KIND)).toBe(2); // the control
    world.time += REQUEST_LIFETIME_S;
    await anna.firstContact.expire();
    await bob.firstContact.expire();
    expect([waiting(anna), anna.store.count(LINK_KIND)]).toEqual([[], 0]);
    expect(anna.books.addresses.all(anna.store, Purpose.INVITE)).toEqual([]);
    expect(allPending(bob.store)).toEqual([]);
    expect(bob.books.addresses.all(bob.store, Purpose.REQUEST)).toEqual([]);
  });

  test("CK-282: whose link was used is told so, and nothing was sent to anybody", async () => {
    const link = await invite(anna);
    const carol = await world.signUp("carol");
    await bob.firstContact.follow(link);
    await settle(anna, bob);
    const refused = carol.firstContact.follow(link);
    await expect(refused).rejects.toMatchObject({ code: Code.REFUSED });
    expect([contacts(anna), allPending(carol.store)]).toEqual([["bob.12345"], []]);
    expect(carol.outbox.waiting()).toBe(0);
  });

  test("a link for many waits for a tap; who is declined is not told", async () => {
    const carol = await world.signUp("carol");
    const link = await invite(anna, false);
    for (const one of [bob, carol]) await one.firstContact.follow(link);
    await anna.receive();
    expect(waiting(anna).toSorted()).toEqual(["bob.12345", "carol.12345"]);
    expect(anna.notices).toEqual(["request waiting", "request waiting"]);
    await anna.firstContact.approve(bob.account.id);
    await anna.firstContact.decline(carol.account.id);
    for (const again of ["approve", "decline"] as const) {
      const nobody = anna.firstContact[again](carol.account.id);
      await expect(nobody).rejects.toMatchObject({ code: Code.REFUSED });
    }
    await settle(anna, bob, carol);
    expect([contacts(anna), contacts(bob), contacts(carol)]).toEqual([
      ["bob.12345"],
      ["anna.12345"],
      [],
    ]);
    await talk(anna, bob);
  });

  test("an answer ends the wait", async () => {
    const token = await bob.firstContact.follow(await invite(anna));
    expect(await bob.firstContact.answered(token, 0)).toBeUndefined();
    const answered = bob.firstContact.answered(token, 20);
    await settle(anna, bob);
    expect(hex((await answered) ?? rng(1))).toBe(hex(anna.account.id));
    expect(hex((await bob.firstContact.answered(token, 0)) ?? rng(1))).toBe(hex(anna.account.id));
  });

  test("both follow each other's link: one group, and both waits end", async () => {
    const [fromAnna, fromBob] = [await invite(anna), await invite(bob)];
    const tokens = [
      await anna.firstContact.follow(fromBob),
      await bob.firstContact.follow(fromAnna),
    ] as const;
    const waits = Promise.all([
      anna.firstContact.answered(tokens[0], 20),
      bob.firstContact.answered(tokens[1], 20),
    ]);
    await settle(anna, bob);
    expect((await waits).every((account) => account !== undefined)).toBe(true);
    expect(hex(anna.conversation().groupId)).toBe(hex(bob.conversation().groupId));
    expect([...allPending(anna.store), ...allPending(bob.store)]).toEqual([]);
    await talk(anna, bob);
  });

  test("P5: a contact comes back by a new link, and the thread goes on", async () => {
    await world.befriend(anna, bob);
    await bob.conversations.sendText(anna.account.id, "before");
    await settle(anna, bob);
    const before = anna.books.contacts.get(anna.store, bob.account.id)?.group;
    await world.befriend(anna, bob);
    const known = anna.books.contacts.get(anna.store, bob.account.id);
    expect(equal(known?.group ?? rng(1), before ?? rng(1))).toBe(false);
    expect(hex(known?.thread ?? rng(1))).toBe(hex(before ?? rng(1)));
    await bob.conversations.sendText(anna.account.id, "after");
    await settle(anna, bob);
    expect(anna.texts(bob)).toEqual(["before", "after"]);
    expect(contacts(anna)).toEqual(["bob.12345"]);
  });
});

describe("what is refused", () => {
  test("CK-270: an answer by another identity than the link pinned", async () => {
    const mallory = await world.signUp("mallory");
    const toAnna = inviteFromLink(await invite(anna));
    const toMallory = inviteFromLink(await invite(mallory));
    await bob.firstContact.follow(inviteToLink({ ...toAnna, address: toMallory.address }));
    await settle(mallory, bob);
    expect([bob.drops, contacts(bob)]).toEqual([{ identity_changed: 1 }, []]);
    await world.befriend(mallory, bob); // the control: with the right hash it works
    expect(contacts(bob)).toEqual(["mallory.12345"]);
  });

  test("CK-581: an answer to no request, a request over no invite", async () => {
    const { request } = await stranger(copy(anna.books.profile.mailbox));
    await world.befriend(anna, bob);
    const given = await anna.givenTo(bob);
    expect(await anna.deliver(given, request)).toBe(true); // CK-570 stops it even before
    const direct = anna.firstContact.receiveRequest(given, request);
    await expect(direct).rejects.toThrow("CK-581");
    const token = anna.store.get(ACCEPTED_KIND, copy(bob.account.id));
    expect(token).toBeDefined();
    const accept = {
      kind: "contact.accept",
      token: request.token,
      list: anna.list.data,
      name: "x",
      devices: [],
      message: rng(8),
      group: anna.conversation().groupId,
      sequencer: anna.conversation().sequencer,
      device: anna.device,
      signature: UNSIGNED,
    } as const;
    await expect(anna.firstContact.receiveAccept(given, accept)).rejects.toThrow("CK-581");
  });

  test("CK-282: a request that the server brings late, over a link that is gone", async () => {
    await bob.firstContact.follow(await invite(anna));
    const [first] = anna.mailbox;
    await settle(anna, bob);
    await world.befriend(anna, bob); // they met anew
    const group = hex(anna.conversationNow(bob));
    if (first !== undefined) anna.mailbox = [first];
    await anna.receive();
    expect(anna.drops).toEqual({ refused: 1 });
    expect(hex(anna.conversationNow(bob))).toBe(group);
    await talk(anna, bob);
  });

  test("CK-284: another identity for a contact's account", async () => {
    await world.befriend(anna, bob);
    const given = await shown(anna);
    const forged = await stranger(given.destination, { account: bob.account.id });
    const refused = anna.firstContact.receiveRequest(given.given, forged.request);
    await expect(refused).rejects.toMatchObject({ code: Code.IDENTITY_CHANGED });
    expect(anna.books.contacts.get(anna.store, bob.account.id)?.state).toBe("contact");
    expect(waiting(anna)).toEqual([]);
  });

  test("CK-280: fifty wait, and no more", async () => {
    const { given, destination } = await shown(anna);
    for (let i = 0; i < MAX_WAITING; i++) {
      const { request } = await stranger(destination, { name: `mallory.${10_000 + i}` });
      await anna.firstContact.receiveRequest(given, request);
    }
    const { request } = await stranger(destination);
    const full = anna.firstContact.receiveRequest(given, request);
    await expect(full).rejects.toMatchObject({ code: Code.QUOTA });
    expect(waiting(anna)).toHaveLength(MAX_WAITING);
  });

  test("CK-587: several who claim one name can be told apart", async () => {
    await world.befriend(anna, bob);
    const { given, destination } = await shown(anna);
    const first = await stranger(destination, { name: "bob.12345" });
    await anna.firstContact.receiveRequest(given, first.request);
    expect(waiting(anna)).toEqual([`bob.12345~${hex(first.account).slice(0, 12)}`]);
    const carol = [await stranger(destination), await stranger(destination)];
    for (const { request } of carol) await anna.firstContact.receiveRequest(given, request);
    const marks = carol.map(({ account }) => `mallory.12345~${hex(account).slice(0, 12)}`);
    expect(waiting(anna)).toEqual(expect.arrayContaining(marks));
    const [one] = anna.firstContact.waiting();
    expect(one?.byHandle).toBe(true);
  });
});

describe("by handle", () => {
  test("found, asked again and let in; the hidden are not (CK-290)", async () => {
    const { byHandle, destination } = await shown(anna);
    expect(destination).toHaveLength(48);
    const asking = new ByHandle(bob.books, bob.outbox, api(world));
    const pool = bob.store.count("pool");
    const token = await asking.ask("anna.12345");
    expect(equal(await asking.ask("anna.12345"), token)).toBe(true);
    expect(pool - bob.store.count("pool")).toBe(1);
    await anna.receive();
    expect(waiting(anna)).toEqual(["bob.12345"]);
    await anna.firstContact.approve(bob.account.id);
    await settle(anna, bob);
    expect(bob.notices).toEqual(["contact added by handle"]);
    await talk(anna, bob);

    const carol = await world.signUp("carol");
    await new ByHandle(carol.books, carol.outbox, api(world)).ask("anna.12345");
    await byHandle.setFindable(false);
    await anna.receive();
    expect([waiting(anna), anna.drops]).toEqual([[], { decryption: 1 }]);
  });

  test("CK-293: a refusal is not told", async () => {
    const { byHandle } = await shown(anna);
    await byHandle.setFindable(false);
    await anna.tidy();
    await new ByHandle(bob.books, bob.outbox, api(world)).ask("anna.12345");
    expect([bob.outbox.waiting(), allPending(bob.store).length]).toEqual([0, 1]);
  });

  test("CK-289: an answer under another handle", async () => {
    await shown(anna, "other.12345");
    await new ByHandle(bob.books, bob.outbox, api(world)).ask("other.12345");
    await anna.receive();
    await anna.firstContact.approve(bob.account.id);
    await settle(anna, bob);
    expect([bob.drops, contacts(bob)]).toEqual([{ bad_credential: 1 }, []]);
  });

  test("CK-291: a contact waits for a tap too, the request that made it says nothing", async () => {
    const { given } = await shown(anna);
    await new ByHandle(bob.books, bob.outbox, api(world)).ask("anna.12345");
    const [first] = anna.mailbox;
    await settle(anna, bob);
    await anna.firstContact.approve(bob.account.id);
    await settle(anna, bob);
    const group = hex(anna.conversationNow(bob));
    if (first !== undefined) anna.mailbox = [first];
    await anna.receive();
    expect([waiting(anna), hex(anna.conversationNow(bob))]).toEqual([[], group]);
    await new ByHandle(bob.books, bob.outbox, api(world)).ask("anna.12345");
    await anna.receive();
    expect([waiting(anna), hex(anna.conversationNow(bob))]).toEqual([["bob.12345"], group]);
    await talk(anna, bob);
    await anna.firstContact.approve(bob.account.id);
    await settle(anna, bob);
    expect(hex(anna.conversationNow(bob))).not.toBe(group);
    await talk(anna, bob);
    expect(given.purpose).toBe(Purpose.HANDLE);
  });

  test.each([0, 1])("both ask and both tap at once: one group stands (%i)", async (order) => {
    await shown(anna);
    await shown(bob);
    await new ByHandle(bob.books, bob.outbox, api(world)).ask("anna.12345");
    await new ByHandle(anna.books, anna.outbox, api(world)).ask("bob.12345");
    await anna.receive();
    await bob.receive();
    await anna.firstContact.approve(bob.account.id);
    await bob.firstContact.approve(anna.account.id);
    await settle(...(order === 0 ? [anna, bob] : [bob, anna]));
    expect(hex(anna.conversationNow(bob))).toBe(hex(bob.conversationNow(anna)));
    await talk(anna, bob);
  });

  test("what is no handle, and one's own", async () => {
    const asking = new ByHandle(bob.books, bob.outbox, api(world));
    for (const text of ["", "anna", "anna.1234", "Anna.12345", "../v1/server", "anna.12345/x"]) {
      await expect(asking.ask(text)).rejects.toMatchObject({ code: Code.MISTYPED });
    }
    await expect(asking.ask("bob.12345")).rejects.toMatchObject({ code: Code.UNEXPECTED });
    expect(allPending(bob.store)).toEqual([]);
  });

  test("a frozen account is not shown, and keeps its address for when it is thawed", async () => {
    const { byHandle } = await shown(anna);
    const before = anna.books.addresses.all(anna.store, Purpose.HANDLE);
    const thaw = freeze("anna.12345");
    await shown(bob, "anna.12345"); // as a decoy is: another address
    expect(await byHandle.findable()).toBe(false);
    expect(anna.books.addresses.all(anna.store, Purpose.HANDLE)).toEqual(before);
    thaw(); // the control: now somebody did take over
    expect(await byHandle.findable()).toBe(false);
    expect(anna.books.addresses.all(anna.store, Purpose.HANDLE)).toEqual([]);
  });

  test("another device of ours took over", async () => {
    const { byHandle } = await shown(anna);
    expect(await byHandle.findable()).toBe(true);
    await shown(bob, "anna.12345"); // the server shows another address for it now
    expect(await byHandle.findable()).toBe(false);
    expect(anna.books.addresses.all(anna.store, Purpose.HANDLE)).toEqual([]);
  });
});
