/** Call links at a real server: hosts and guests in browsers, and with Python on either side. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { systemRng } from "../../client/books.ts";
import type { Client } from "../../client/client.ts";
import { type AtDoor, type GroupCall, GroupCallEnd } from "../../client/group_calls.ts";
import { type GuestCall, GuestState, joinAsGuest } from "../../client/guest.ts";
import { AnonymousApi } from "../../client/transport/anonymous.ts";
import { Http } from "../../client/transport/http.ts";
import { equal } from "../../core/bytes.ts";
import { callLinkFromText, callLinkToText } from "../../core/call_link.ts";
import { Capability, Digest, LinkSecret, MailboxId, random, SealKey } from "../../core/ids.ts";
import { ends, testGroupMedia } from "./group_call_ends.ts";
import {
  begin,
  changesOf,
  choirOf,
  handles,
  isClosed,
  type Taking,
  together,
} from "./group_call_live.ts";
import { drops, People, until } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;
let guests: GuestCall[] = [];

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(async () => {
  await Promise.all(guests.map((one) => one.leave()));
  guests = [];
  await people.close();
});
afterAll(() => server.stop());

type Visiting = Readonly<{ call: GuestCall; ends: ReturnType<typeof ends> }>;

async function knocks(link: string, name: string, own = ends()): Promise<Visiting> {
  const call = await joinAsGuest(link, name, { ...own, makeMedia: testGroupMedia });
  guests.push(call);
  return { call, ends: own };
}

/** Wait until so many ask to be let in. */
async function atDoor(call: GroupCall, count = 1): Promise<readonly AtDoor[]> {
  await until(() => call.waiting.length === count);
  return call.waiting;
}

async function letIn(call: GroupCall, link: string, name: string): Promise<Visiting> {
  const guest = await knocks(link, name);
  const [one] = await atDoor(call);
  expect(one?.name).toBe(name);
  expect(await one?.admit()).toBe(true);
  expect(await guest.call.inside()).toBe(true);
  return guest;
}

/** Who is in it: name, guest, verified, this device. */
function shown({ call }: Taking | Visiting) {
  return call.members.map(({ name, guest, verified, own }) => [name, guest, verified, own]).sort();
}

/** Together as in a call of members; guests hear, too. */
const all = (count: number, ...taking: readonly (Taking | Visiting)[]) =>
  together(count, ...(taking as readonly Taking[]));

/** A host with a call of its own link. */
async function hosting(name: string, options = {}): Promise<[Client, string, Taking]> {
  const host = await people.signUp(name);
  const made = await host.createCallLink(undefined, options);
  const taking = await begin(host, "voice", made.group.name);
  expect(await taking.call.inside()).toBe(true);
  return [host, made.link, taking];
}

test("a guest is let in, sees whom it is with, and leaves", async () => {
  const anna = await people.signUp("anna");
  const made = await anna.createCallLink();
  expect(made.link.startsWith(`${server.origin}/#call=`)).toBe(true);
  const guest = await knocks(made.link, " Dana ");
  const states = guest.call.states();
  expect(guest.call.state).toBe(GuestState.NOBODY);
  const host = await begin(anna, "voice", made.group.name);
  const changes = changesOf(host);
  const [one] = await atDoor(host.call);
  expect([one?.name, anna.waitingGuests()]).toEqual(["Dana", host.call.waiting]);
  expect((await states.next()).value).toBe(GuestState.WAITING);
  expect([host.call.members.length, guest.call.isInside]).toEqual([1, false]);
  expect(await one?.admit()).toBe(true);
  expect(await guest.call.inside()).toBe(true);
  expect((await states.next()).value).toBe(GuestState.COMING);
  expect((await states.next()).value).toBe(GuestState.INSIDE);
  await all(2, host, guest);
  expect(shown(host)).toEqual([
    ["Dana", true, false, false],
    [anna.handle, false, true, true],
  ]);
  expect(shown(guest)).toEqual([
    ["Dana", true, false, true],
    [anna.handle, false, false, false],
  ]);
  expect(host.call.members.find((each) => each.guest)?.account).toBeUndefined();
  expect([guest.call.media, guest.ends.local.hasVideo]).toEqual(["voice", false]);
  expect((await changes.next()).value).toMatchObject({ knocks: "Dana" });
  expect((await changes.next()).value).toMatchObject({ came: [{ name: "Dana", guest: true }] });
  // What they show of themselves is seen by the other.
  guest.call.showOwn({ hand: true });
  await until(() => host.call.members.some(({ shows, guest: is }) => is && shows?.hand === true));
  expect((await changes.next()).value).toMatchObject({ hand: { name: "Dana", guest: true } });
  // The server takes what it was given for asking for a relay (it has none), and nothing else.
  const asked = guest.ends.local.media?.parts.turn();
  await expect(asked).rejects.toMatchObject({ code: "no_relay" });
  const address = { origin: server.origin, mailbox: random(MailboxId, systemRng) };
  const capability = random(Capability, systemRng);
  const sealKey = random(SealKey, systemRng);
  const nobody = new AnonymousApi(new Http(server.origin));
  const refused = nobody.turn({ ...address, capability, sealKey });
  await expect(refused).rejects.toMatchObject({ code: "refused" });
  await guest.call.leave();
  expect(await guest.call.ended()).toBe(GroupCallEnd.LEFT);
  expect([guest.call.state, isClosed(guest.ends)]).toEqual([GuestState.OVER, true]);
  await all(1, host);
  await host.call.leave();
  // A call with guests alone is nobody's missed call, and no guest stays in the history.
  expect(anna.callHistory().flatMap(({ members }) => members)).toEqual([]);
  expect(drops(anna)).toEqual([]);
});

test("a refused guest stays outside, and one that was removed does not come back", async () => {
  const [ada, link, host] = await hosting("ada");
  const guest = await knocks(link, "Mallory");
  const [one] = await atDoor(host.call);
  await one?.refuse();
  expect(await guest.call.ended()).toBe(GroupCallEnd.REFUSED);
  expect([guest.call.endReason, host.call.waiting, ada.waitingGuests()]).toEqual([
    ...[GroupCallEnd.REFUSED, [], []],
  ]);
  expect(await one?.admit()).toBe(false);
  expect(host.call.members).toHaveLength(1);
  const dana = await letIn(host.call, link, "Dana"); // The control.
  await all(2, host, dana);
  const inside = host.call.members.find((each) => each.guest);
  if (inside !== undefined) host.call.remove(inside);
  expect(await dana.call.ended()).toBe(GroupCallEnd.REFUSED);
  await all(1, host);
  await host.call.leave();
});

test("a link for one guest lets in one, a withdrawn one nobody", async () => {
  const [ben, link, host] = await hosting("ben", { once: true, hours: 1 });
  const visiting = [await knocks(link, "Dana"), await knocks(link, "Eve")];
  const [first, second] = await atDoor(host.call, 2);
  const answers = await Promise.all([first?.admit(), second?.admit()]);
  expect(answers).toEqual([true, false]);
  const chosen = visiting[first?.name === "Dana" ? 0 : 1];
  const other = visiting[first?.name === "Dana" ? 1 : 0];
  expect(await chosen?.call.inside()).toBe(true);
  expect(await other?.call.ended()).toBe(GroupCallEnd.CLOSED);
  expect(await ben.callLinks()).toEqual([]);
  expect(await (await knocks(link, "Frank")).call.ended()).toBe(GroupCallEnd.CLOSED);
  // Another link of the same group, while the call goes on.
  const [group] = (await ben.groups()).filter(({ state }) => state === "member");
  const more = await ben.createCallLink(group);
  expect((await ben.callLinks()).map((each) => each.link)).toEqual([more.link]);
  const waits = await knocks(more.link, "Grace");
  await atDoor(host.call);
  await ben.withdrawCallLink(more);
  expect(await waits.call.ended()).toBe(GroupCallEnd.CLOSED);
  await until(() => host.call.waiting.length === 0);
  const late = await knocks(more.link, "Heidi");
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect([late.call.state, host.call.waiting]).toEqual([GuestState.NOBODY, []]);
  await late.call.leave();
  expect(await late.call.ended()).toBe(GroupCallEnd.LEFT);
  await expect(ben.withdrawCallLink(more.link)).rejects.toMatchObject({ code: "refused" });
  await all(2, host, ...(chosen ? [chosen] : []));
  await host.call.leave();
  // With the host nobody is left.
  await until(() => chosen?.call.isInside === false);
});

test("CK-900, CK-901, CK-902, CK-905: wrong links, and who answers in the host's place", async () => {
  const [cleo, link, host] = await hosting("cleo");
  const own = ends();
  const join = (text: string, name = "Dana") =>
    joinAsGuest(text, name, { ...own, makeMedia: testGroupMedia });
  await expect(join(link.slice(0, -3))).rejects.toMatchObject({ code: "mistyped" });
  expect(isClosed(own)).toBe(true);
  await expect(join(link, "\u202eanaD")).rejects.toMatchObject({ code: "usage" });
  const right = callLinkFromText(link);
  const past = { ...right, expiresAt: 1 };
  await expect(join(callLinkToText(past))).rejects.toMatchObject({ code: "expired" });
  const stranger = { ...right, secret: new LinkSecret(new Uint8Array(32)) };
  const lost = await knocks(callLinkToText(stranger), "Dana");
  const impostor = { ...right, host: new Digest(new Uint8Array(32)) };
  const wary = await knocks(callLinkToText(impostor), "Eve");
  const [one, ...more] = await atDoor(host.call);
  expect([one?.name, more]).toEqual(["Eve", []]);
  expect(await one?.admit()).toBe(true);
  expect(await wary.call.ended()).toBe(GroupCallEnd.IMPOSTOR);
  expect([lost.call.state, host.call.members.length]).toEqual([GuestState.NOBODY, 1]);
  for (const hours of [0, 721, 1.5]) {
    await expect(cleo.createCallLink(undefined, { hours })).rejects.toMatchObject({
      code: "usage",
    });
  }
  const dana = await letIn(host.call, link, "Dana"); // The control.
  await all(2, host, dana);
  await host.call.leave();
});

test("a guest by a member's name is a guest to every member, and goes with who let it in", async () => {
  const [dora, emil, finn] = await choirOf(people, "dora", "emil", "finn");
  if (!dora || !emil || !finn) throw new Error("nobody");
  await dora.setVerified(dora.findContact("emil"), true);
  const { link } = await dora.createCallLink(await dora.findGroup("Choir"));
  const host = await begin(dora);
  const other = await begin(emil);
  await all(2, host, other);
  const guest = await letIn(host.call, link, emil.handle);
  await all(3, host, other, guest);
  for (const seen of [host, other, guest]) {
    const named = seen.call.members.filter(({ name }) => name === emil.handle);
    expect(named.map(({ guest: is, account }) => [is, account === undefined]).sort()).toEqual([
      [false, false],
      [true, true],
    ]);
    expect(seen.call.members.some((each) => each.guest && each.verified)).toBe(false);
  }
  expect(
    host.call.members
      .filter(({ verified }) => verified)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(handles(dora, emil));
  expect([other.call.waiting, emil.waitingGuests()]).toEqual([[], []]);
  // Who comes later checks the guest by the trees, without having heard of it.
  await other.call.leave();
  await all(2, host, guest);
  const again = await begin(emil);
  await all(3, host, again, guest);
  // Who came in after the guest is called as the host says.
  const third = await begin(finn);
  await all(4, host, again, third, guest);
  const names = () => guest.call.members.map(({ name }) => name).sort();
  await until(() => names().includes(finn.handle));
  expect(names()).toEqual([...handles(dora, emil, finn), emil.handle].sort());
  await third.call.leave();
  await dora.leaveGroup(await dora.findGroup("Choir"));
  expect(await dora.callLinks()).toEqual([]);
  await emil.sync();
  await until(() => again.call.members.length === 1);
  await again.call.leave();
  const histories = [dora, emil].map((each) =>
    each.callHistory().flatMap(({ members }) => members),
  );
  expect(histories.flat().length).toBeGreaterThan(0);
});

test("a host whom a guest removes begins another call, and its guests follow", async () => {
  const [, link, host] = await hosting("fritz");
  await server.ask("guests_join", { name: "Rita", link });
  const [one] = await atDoor(host.call);
  await one?.admit();
  expect(await server.ask("guests_inside", { name: "Rita" })).toBe(true);
  const dana = await letIn(host.call, link, "Dana");
  await all(3, host, dana);
  const before = host.call.going.call;
  const own = host.call.members.find((each) => each.own)?.leaf;
  await server.ask("guests_remove", { name: "Rita", leaf: own });
  await until(() => !equal(host.call.going.call, before), 60);
  await until(() => host.call.isInside && host.call.members.length === 3, 60);
  await all(3, host, dana);
  // They were let in before: nobody is asked.
  expect(host.call.waiting).toEqual([]);
  await host.call.leave();
  expect(await server.ask("guests_ended", { name: "Rita" })).toBe(GroupCallEnd.NOBODY);
  expect(await dana.call.ended()).toBe(GroupCallEnd.NOBODY);
}, 180_000);

test("after the server was started anew the lobby is heard again", async () => {
  const [, link, host] = await hosting("greta");
  const dana = await letIn(host.call, link, "Dana");
  await server.ask("stop_server");
  const early = await knocks(link, "Eve");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(early.call.state).toBe(GuestState.NOBODY);
  await server.ask("start_server");
  const [one] = await atDoor(host.call);
  expect([one?.name, await one?.admit()]).toEqual(["Eve", true]);
  expect(await early.call.inside()).toBe(true);
  await all(3, host, dana, early);
  await host.call.leave();
}, 120_000);

test("a browser's guest is let in by a Python host, and a Python guest by a browser", async () => {
  const { handle } = await server.signup("gustav");
  const who = "gustav";
  const link = await server.ask<string>("links_make", { who });
  await server.ask("calls_listen", { who });
  await server.ask("calls_begin", { who, name: "Call by link" });
  const guest = await knocks(link, "Dana");
  expect(await server.ask("links_waiting", { who, count: 1 })).toEqual(["Dana"]);
  expect(await server.ask("links_admit", { who, name: "Dana" })).toBe(true);
  expect(await guest.call.inside()).toBe(true);
  await until(() => guest.call.members.length === 2);
  expect(shown(guest)).toEqual([
    ["Dana", true, false, true],
    [handle, false, false, false],
  ]);
  expect(await server.ask("calls_state", { who })).toEqual(["Dana", handle].sort());
  const refused = await knocks(link, "Mallory");
  await server.ask("links_waiting", { who, count: 1 });
  await server.ask("links_refuse", { who, name: "Mallory" });
  expect(await refused.call.ended()).toBe(GroupCallEnd.REFUSED);
  await guest.call.leave();
  await server.ask("calls_leave", { who });
  // The other way round.
  const [hanna, ours, host] = await hosting("hanna");
  await server.ask("guests_join", { name: "Paul", link: ours });
  const [one] = await atDoor(host.call);
  expect(one?.name).toBe("Paul");
  await one?.admit();
  expect(await server.ask("guests_inside", { name: "Paul" })).toBe(true);
  await until(() => host.call.members.length === 2);
  expect(await server.ask("guests_members", { name: "Paul" })).toEqual(
    [
      ["Paul", true, false, true],
      [hanna.handle, false, false, false],
    ].sort(),
  );
  await server.ask("guests_join", { name: "Quentin", link: ours });
  const [second] = await atDoor(host.call);
  await second?.refuse();
  expect(await server.ask("guests_ended", { name: "Quentin" })).toBe("refused");
  await server.ask("guests_leave", { name: "Paul" });
  await all(1, host);
  await host.call.leave();
});
