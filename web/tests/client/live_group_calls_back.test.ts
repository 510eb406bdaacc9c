/** A page that was in a group's call, and is there again, at a real server: into that call, or none. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client } from "../../client/client.ts";
import { Ways } from "../../client/group_call_ways.ts";
import { GroupCallEnd } from "../../client/group_calls.ts";
import type { LeftGroupCall } from "../../client/left_group_call.ts";
import { equal } from "../../core/bytes.ts";
import { CallId, random } from "../../core/ids.ts";
import { ends } from "./group_call_ends.ts";
import {
  accept,
  begin,
  choirOf,
  goingOn,
  isClosed,
  listening,
  outcomes,
  type Taking,
  together,
} from "./group_call_live.ts";
import { underneath } from "./group_people.ts";
import { People, settle } from "./live_people.ts";
import { rng } from "./people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

/** Keep a call as a page does, and let the page die without a word. */
async function dies(client: Client, { call }: Taking): Promise<void> {
  const { going, met } = call;
  if (met === undefined) throw new Error("nobody was met");
  const left: LeftGroupCall = {
    ...{ group: going.group, call: going.call, media: going.media, met },
    outgoing: equal(going.by, client.account),
    since: 1000 * (met.at - 30),
    ...{ microphone: false, camera: false, recorded: false },
  };
  await client.keepCall(left);
  await underneath(client).close();
  await client.close();
}

async function left(client: Client): Promise<LeftGroupCall> {
  const found = await client.takeLeftCall({ isRecent: true });
  if (found === undefined || !("group" in found)) throw new Error("no call of a group");
  return found;
}

test("whoever began it, or came in, is back in the same call; it rings nowhere, and is one call", async () => {
  const [anna, bob, carl] = (await choirOf(people, "anna", "bob", "carl")) as [
    Client,
    Client,
    Client,
  ];
  const [atBob, atCarl] = [await listening(bob), await listening(carl)];
  const annas = await begin(anna);
  const bobs = await accept(await atBob.rings.call());
  const carls = await accept(await atCarl.rings.call());
  await together(3, annas, bobs, carls);
  const again = [await listening(bob), await listening(carl)];

  await dies(anna, annas);
  const reloaded = await people.open("anna");
  const service = await reloaded.groupCallService();
  const own = ends();
  const call = await service.comeBack(await left(reloaded), own);
  if (call === undefined) throw new Error("it goes on");
  await together(3, { call, ends: own }, bobs, carls);
  expect(equal(call.going.call, bobs.call.going.call)).toBe(true);
  expect(await Promise.all(again.map(({ rings }) => rings.isSilent()))).toEqual([true, true]);
  expect(await reloaded.takeLeftCall()).toBeUndefined(); // once

  await call.leave();
  expect(outcomes(reloaded)).toEqual(["answered"]);
  const [entry] = reloaded.callHistory();
  expect(entry).toMatchObject({ direction: "outgoing", at: expect.any(Number) });
  expect(entry?.members).toHaveLength(2);
  await bobs.call.leave();
  await carls.call.leave();
});

test("CK-854: into a call that is over, or another one, nobody comes back, and none begins", async () => {
  const [dora, emil] = (await choirOf(people, "dora", "emil")) as [Client, Client];
  const group = await emil.findGroup("Choir");
  const atEmil = await listening(emil);
  const doras = await begin(dora);
  const emils = await accept(await atEmil.rings.call());
  await together(2, doras, emils);
  await dies(dora, doras);

  // Emil leaves while the page loads: she is still in it, as far as he knows, and he says nothing.
  await emils.call.leave();
  const reloaded = await people.open("dora");
  const service = await reloaded.groupCallService();
  const was = await left(reloaded);
  const again = await listening(emil);
  const knocks = ends();
  const call = await service.comeBack(was, knocks);
  expect(await call?.ended()).toBe(GroupCallEnd.NOBODY);
  expect([isClosed(knocks), goingOn(reloaded, group)]).toEqual([true, undefined]);
  // Known to be over: no device is opened.
  const closed = ends();
  expect(await service.comeBack(was, closed)).toBeUndefined();
  expect([isClosed(closed), closed.local.isOpen]).toEqual([true, false]);
  expect(await again.rings.isSilent()).toBe(true);
  expect(outcomes(reloaded)).toEqual(["answered"]);

  // Another one is under way: it rings, and is not taken for the one that was left.
  const atDora = await listening(reloaded);
  const next = await begin(emil);
  const ringing = await atDora.rings.call();
  const other = ends();
  expect(await service.comeBack(was, other)).toBeUndefined();
  expect(isClosed(other)).toBe(true);
  expect(ringing.isRinging).toBe(true);
  // The control: what is under way would be come back to.
  const same = { ...was, call: next.call.going.call };
  expect(await service.leftGoingOn(same)).toBeDefined();
  expect(await service.leftGoingOn({ ...same, call: random(CallId, rng) })).toBeUndefined();
  await next.call.leave();
  await settle(emil, reloaded);
});

test("CK-854: a call that begins while a page knocks is not the one that it comes back to", async () => {
  const [gina, hugo] = (await choirOf(people, "gina", "hugo")) as [Client, Client];
  const atHugo = await listening(hugo);
  const ginas = await begin(gina);
  const hugos = await accept(await atHugo.rings.call());
  await together(2, ginas, hugos);
  const { going } = ginas.call;
  await dies(gina, ginas);
  await hugos.call.leave();
  const reloaded = await people.open("gina");
  // As if it had begun a minute ago: what begins now stands in its place.
  const { groupCalls, store } = underneath(reloaded).books;
  const earlier = { ...going, at: going.at - 60 };
  await store.transaction((unit) => {
    groupCalls.forget(unit, going.group, going.call);
    groupCalls.note(unit, earlier);
  });
  await new Ways(underneath(hugo)).forget(going);
  const service = await reloaded.groupCallService();
  const was = await left(reloaded);
  const own = ends();
  const call = await service.comeBack(was, own);
  const next = await begin(hugo); // within the seconds in which she knocks
  expect(await call?.ended()).toBe(GroupCallEnd.NOBODY);
  expect(next.call.members.filter(({ own: isOwn }) => !isOwn)).toEqual([]);
  // She was told of it while she knocked.
  expect(goingOn(reloaded, await hugo.findGroup("Choir"))).toBeDefined();
  expect(outcomes(reloaded).sort()).toEqual(["answered", "missed"]);
  // The control: by a tap she comes in.
  const ginasNext = await begin(reloaded);
  await together(2, next, ginasNext);
  await ginasNext.call.leave();
  await next.call.leave();
});
