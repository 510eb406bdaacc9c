/** Group calls of browsers, at a real server: begun, rung for, entered, left, over. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client, Topic } from "../../client/client.ts";
import { GroupCallEnd } from "../../client/group_calls.ts";
import { hex } from "../../core/bytes.ts";
import { ALL_RING } from "../../core/contact_rules.ts";
import { MayCall } from "../../core/content_records.ts";
import { ends, framesOf, hears } from "./group_call_ends.ts";
import {
  accept,
  begin,
  changesOf,
  choirOf,
  goingOn,
  handles,
  isClosed,
  listening,
  namesIn,
  outcomes,
  together,
} from "./group_call_live.ts";
import { accept as comeIntoGroup, memberOf, told, underneath } from "./group_people.ts";
import { drops, PASSWORD, People, settle, until } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

test("it rings, and people come and go", async () => {
  const [anna, bob, carl] = await three("anna", "bob", "carl");
  const [atBob, atCarl] = [await listening(bob), await listening(carl)];
  const group = await bob.findGroup("Choir");
  const topics: Topic[] = [];
  bob.subscribe((topic) => topics.push(topic));
  const annas = await begin(anna);
  expect(await annas.call.inside()).toBe(true);
  const ringing = await atBob.rings.call();
  expect([ringing.groupName, ringing.caller, ringing.media]).toEqual([
    ...["Choir", anna.handle, "voice"],
  ]);
  expect([ringing.isRinging, hex(ringing.group)]).toEqual([true, hex(group.group)]);
  expect(goingOn(bob, group)).toMatchObject({ media: "voice", by: anna.account });
  expect(goingOn(bob, group)).toBe(goingOn(bob, group));
  expect(topics).toEqual(expect.arrayContaining(["groups", "notices"]));
  const bobs = await accept(ringing);
  expect(await bobs.call.inside()).toBe(true);
  await together(2, annas, bobs);
  await ringing.ended();
  expect(ringing.isRinging).toBe(false);
  const carls = await accept(await atCarl.rings.call());
  await together(3, annas, bobs, carls);
  for (const taking of [annas, bobs, carls]) {
    expect(namesIn(taking)).toEqual(handles(anna, bob, carl));
    expect(taking.call.members.filter(({ own }) => own)).toHaveLength(1);
    expect(taking.call.isInside).toBe(true);
    expect(taking.call.security.epoch).toBe(annas.call.security.epoch);
    expect(taking.ends.local.hasVideo).toBe(false); // it is a voice call
  }
  expect(annas.call.speaking()).toEqual([7]);
  // Everybody is told who came and went.
  const changes = changesOf(annas);
  const next = async () => (await changes.next()).value;
  const called = ({ handle }: Client) => ({ name: handle, guest: false });
  expect(await next()).toMatchObject({ came: [called(bob)], went: [] });
  expect(await next()).toMatchObject({ came: [called(carl)] });
  // And of whom nothing opens, but never of oneself.
  expect(annas.call.unopened).toEqual([]);
  for (const { leaf, name } of annas.call.members) {
    if (name !== carl.handle) annas.ends.local.media?.unopened.add(leaf);
  }
  expect(annas.call.unopened.map(({ name }) => name)).toEqual([bob.handle]);
  const kept = framesOf(bobs.ends);
  const before = await framesOf(annas.ends).sealed();
  expect(await kept.opens(before)).toBe(true); // The control.
  await bobs.call.leave();
  expect(await bobs.call.ended()).toBe(GroupCallEnd.LEFT);
  expect([isClosed(bobs.ends), bobs.ends.local.media?.isClosed]).toEqual([true, true]);
  await together(2, annas, carls);
  expect(await hears(annas.ends, bobs.ends)).toBe(false);
  expect(await next()).toMatchObject({ came: [], went: [called(bob)] });
  expect(annas.call.unopened).toEqual([]);
  // Who left may come again, as long as it goes on.
  const again = await begin(bob);
  await together(3, annas, carls, again);
  for (const [count, { call }] of [[3, annas] as const, [2, carls] as const, [1, again] as const]) {
    await until(() => again.call.members.length === count);
    await call.leave();
  }
  expect((await changes.next()).value).toBeDefined();
  await settle(anna, bob, carl);
  for (const client of [anna, bob, carl]) expect(goingOn(client, group)).toBeUndefined();
  expect(told(bob).filter(([kind]) => kind === "group call began")).toEqual([
    ["group call began", anna.handle, "Choir"],
  ]);
  // It is one call in everybody's history, also if they were in it twice.
  for (const client of [anna, bob, carl]) {
    const [entry, ...more] = client.callHistory();
    const others = [anna, bob, carl].filter((one) => one !== client).map((one) => hex(one.account));
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      direction: client === anna ? "outgoing" : "incoming",
      ...{ media: "voice", outcome: "answered", via: "relayed", verified: false },
    });
    expect(entry?.members.map((one) => hex(one))).toEqual(others.sort());
  }
  for (const client of [anna, bob, carl]) expect(drops(client)).toEqual([]);
});

test("CK-853: nothing rings for a stranger, or against the rules", async () => {
  const [ada, ben, cleo] = await three("ada", "ben", "cleo");
  const [atAda, atCleo] = [await listening(ada), await listening(cleo)];
  // Cleo does not know Ben; Ada does.
  const bens = await begin(ben, "video");
  expect((await atAda.rings.call()).caller).toBe(ben.handle);
  expect(await atCleo.rings.isSilent()).toBe(true);
  expect(told(cleo).map(([kind]) => kind)).toContain("group call began");
  const cleos = await begin(cleo, "video"); // It can be entered all the same.
  await together(2, bens, cleos);
  expect(cleos.ends.local.hasVideo).toBe(true);
  await bens.call.leave();
  await together(1, cleos);
  await cleos.call.leave();
  await settle(ada, ben, cleo);
  for (const calls of [MayCall.VOICE, MayCall.NOTHING]) {
    await cleo.setRules(cleo.findContact("ada"), { ...ALL_RING, calls });
    const { rings } = await listening(cleo);
    const adas = await begin(ada, "video");
    if (calls === MayCall.NOTHING) expect(await rings.isSilent()).toBe(true);
    else expect((await rings.call()).media).toBe("voice");
    await adas.call.leave();
    await settle(ada, cleo);
  }
});

test("what is declined, what nobody takes, and what is over", async () => {
  const [dora, emil] = await two("dora", "emil");
  const { rings } = await listening(emil);
  const doras = await begin(dora);
  const declined = await rings.call();
  await declined.decline();
  expect([declined.isRinging, outcomes(emil)]).toEqual([false, ["declined"]]);
  await doras.call.leave();
  expect(outcomes(dora)).toEqual(["unanswered"]);
  await settle(dora, emil);

  const second = await listening(emil);
  const once = await begin(dora);
  const ringing = await second.rings.call();
  await once.call.leave();
  await ringing.ended();
  const own = ends();
  await expect(ringing.accept(own)).rejects.toMatchObject({ code: "refused" });
  expect(isClosed(own)).toBe(true);
  await until(() => outcomes(emil).includes("missed"));

  // Nobody told Emil that it is over: he finds out at the door, and begins the next one himself.
  const { books } = underneath(emil);
  await books.store.transaction((unit) => books.groupCalls.note(unit, once.call.going));
  const atDora = await listening(dora);
  const emils = await begin(emil);
  expect(hex(emils.call.going.call)).toBe(hex(once.call.going.call));
  expect(await emils.call.inside()).toBe(true);
  expect(hex(emils.call.going.call)).not.toBe(hex(once.call.going.call));
  const doraComes = await accept(await atDora.rings.call());
  await together(2, emils, doraComes);
  await emil.setSettings({ keep: 0 });
  await emils.call.leave();
  expect(emil.callHistory()).toEqual([]); // Nothing is kept where nothing is to be kept.
});

test("one call at a time, of two or of a group", async () => {
  const [fay, gus, hal] = await three("fay", "gus", "hal");
  const board = await fay.createGroup("Board");
  await fay.inviteToGroup(board, fay.findContact("hal"));
  await comeIntoGroup(hal);
  await settle(fay, hal);
  const atGus = await listening(gus);
  const fays = await begin(fay);
  const guses = await accept(await atGus.rings.call());
  await together(2, fays, guses);
  const service = await fay.groupCallService();
  expect([service.isInCall, service.isLive, service.live]).toEqual([true, true, fays.call]);
  const own = ends();
  await expect(begin(fay, "voice", "Board", own)).rejects.toMatchObject({ code: "usage" });
  expect(isClosed(own)).toBe(true);
  // In a call of the choir nothing rings from the board, nor from a single person.
  const atFay = await listening(fay);
  const hals = await begin(hal, "voice", "Board");
  expect(await hals.call.inside()).toBe(true);
  expect(await atFay.rings.isSilent()).toBe(true);
  expect(outcomes(fay)).toEqual(["missed"]);
  await hals.call.leave();
  const calls = await fay.callService();
  expect([calls.elsewhere(), calls.isLive]).toEqual([true, false]);
  const placed = calls.call(fay.findContact("hal").account, "voice", ofTwo());
  await expect(placed).rejects.toMatchObject({ code: "usage" });
  await fays.call.leave();
  expect([service.isInCall, calls.elsewhere()]).toEqual([false, false]);
  // And in a call of two nothing rings from a group, and none can be begun.
  let isLive = true;
  Object.defineProperty(calls, "isLive", { get: () => isLive });
  await expect(begin(fay)).rejects.toMatchObject({ code: "usage" });
  const meanwhile = await listening(fay);
  const again = await begin(hal, "voice", "Board");
  expect(await meanwhile.rings.isSilent()).toBe(true);
  await again.call.leave();
  await settle(fay, hal);
  isLive = false;
  // The control: once she has left, it rings.
  const then = await listening(fay);
  const last = await begin(hal, "voice", "Board");
  expect((await then.rings.call()).groupName).toBe("Board");
  await last.call.leave();
});

test("two begin at once", async () => {
  const [ines, jon] = await two("ines", "jon");
  await listening(ines);
  await listening(jon);
  const both = await Promise.all([begin(ines), begin(jon)]);
  await together(2, ...both);
  const [one, other] = both.map(({ call }) => hex(call.going.call));
  expect(one).toBe(other);
  for (const { call } of both) {
    await call.leave();
    expect(await call.ended()).toBe(GroupCallEnd.LEFT);
  }
});

test("CK-851: who is removed from the group is out of its call, and cannot come in", async () => {
  const [kim, lea, max] = await three("kim", "lea", "max");
  const [atLea, atMax] = [await listening(lea), await listening(max)];
  const kims = await begin(kim);
  const leas = await accept(await atLea.rings.call());
  const maxes = await accept(await atMax.rings.call());
  await together(3, kims, leas, maxes);
  await kim.removeFromGroup(await kim.findGroup("Choir"), await memberOf(kim, "Choir", max.handle));
  const why = await maxes.call.ended();
  expect([GroupCallEnd.LEFT, GroupCallEnd.REMOVED]).toContain(why);
  await together(2, kims, leas);
  expect(namesIn(kims)).toEqual(handles(kim, lea));
  expect(await hears(kims.ends, maxes.ends)).toBe(false);
  await settle(max);
  await expect(begin(max)).rejects.toMatchObject({ code: "refused" });
  // Who leaves the group leaves its call.
  await lea.leaveGroup(await lea.findGroup("Choir"));
  expect(await leas.call.ended()).toBe(GroupCallEnd.LEFT);
  await settle(kim);
  await until(() => kims.call.members.length === 1);
  await kims.call.leave();
});

test("who comes into the group can come into its call; who was removed from a call, too", async () => {
  const [nora, otto] = await two("nora", "otto");
  const pia = await people.signUp("pia");
  await people.befriend(nora, pia);
  const atOtto = await listening(otto);
  const noras = await begin(nora);
  const ottos = await accept(await atOtto.rings.call());
  await together(2, noras, ottos);
  await nora.inviteToGroup(await nora.findGroup("Choir"), nora.findContact("pia"));
  await comeIntoGroup(pia);
  await settle(nora, pia, otto);
  await listening(pia);
  const group = await pia.findGroup("Choir");
  await until(() => goingOn(pia, group) !== undefined);
  const pias = await begin(pia);
  await together(3, noras, ottos, pias);
  expect(hex(pias.call.going.call)).toBe(hex(noras.call.going.call));
  // Removed from the call alone: everybody sees it, and whoever is in the group comes in again.
  const member = noras.call.members.find(({ name }) => name === pia.handle);
  if (member === undefined) throw new Error("she is in it");
  const leaves = new Set(noras.call.members.map(({ leaf }) => leaf));
  expect(leaves.size).toBe(3);
  const epoch = noras.call.security.epoch ?? 0;
  noras.call.remove(member);
  await until(() => (noras.call.security.epoch ?? 0) > epoch);
  await together(3, noras, ottos, pias);
  expect(pias.call.isInside).toBe(true);
  for (const { call } of [noras, ottos, pias]) await call.leave();
});

test("our other device stops ringing, and both have one history", async () => {
  const [ralf, sina] = await two("ralf", "sina");
  const { handle } = sina;
  const recoveryCode = sina.recoveryCode ?? "";
  const second = await people.login("sina two", handle, { recoveryCode }, PASSWORD);
  for (let round = 0; round < 2; round++) await settle(ralf, sina, second);
  const [here, there] = [await listening(sina), await listening(second)];
  const ralfs = await begin(ralf);
  const [first, other] = [await here.rings.call(), await there.rings.call()];
  await other.decline();
  await first.ended();
  await expect(first.accept(ends())).rejects.toMatchObject({ code: "refused" });
  expect([outcomes(second), outcomes(sina)]).toEqual([["declined"], []]);
  // It goes on, and either can come in later.
  const sinas = await begin(sina);
  await together(2, ralfs, sinas);
  expect(sinas.call.members.map(({ account }) => account && hex(account)).sort()).toEqual(
    [hex(ralf.account), hex(sina.account)].sort(),
  );
  await sinas.call.leave();
  await underneath(sina).vault.write();
  await settle(sina, second);
  await underneath(second).vault.reread();
  await until(() => outcomes(second)[0] === "answered");
  expect(outcomes(second)).toEqual(["answered"]);
  await ralfs.call.leave();
});

test("without a microphone nobody is rung, and a page that closes leaves", async () => {
  const [tess, udo] = await two("tess", "udo");
  const { rings } = await listening(udo);
  const mute = ends();
  mute.local.lacks = true;
  await expect(begin(tess, "voice", "Choir", mute)).rejects.toMatchObject({ code: "no_device" });
  expect([isClosed(mute), (await tess.groupCallService()).isInCall]).toEqual([true, false]);
  const tesses = await begin(tess);
  const ringing = await rings.call();
  const udos = await accept(ringing);
  await together(2, tesses, udos);
  await people.close(udo);
  expect(await udos.call.ended()).toBe(GroupCallEnd.LEFT);
  await until(() => tesses.call.members.length === 1);
  expect(isClosed(udos.ends)).toBe(true);
  await tesses.call.leave();
});

function ofTwo() {
  const local = {
    ...{
      tracks: { audio: undefined, video: undefined, isScreen: false },
      start: async () => undefined,
    },
    ...{ onTracks: () => () => undefined, closeVideo: () => undefined, close: () => undefined },
  };
  const remote = { onStream: () => undefined, close: () => undefined };
  return { local, remote };
}

async function two(one: string, other: string): Promise<[Client, Client]> {
  const [first, second] = await choirOf(people, one, other);
  if (first === undefined || second === undefined) throw new Error("nobody");
  return [first, second];
}

async function three(...names: [string, string, string]): Promise<[Client, Client, Client]> {
  const [first, second, third] = await choirOf(people, ...names);
  if (first === undefined || second === undefined || third === undefined) throw new Error("nobody");
  return [first, second, third];
}
