/** Who and what keeps a browser out of a group call, at a real server; and what does not. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client } from "../../client/client.ts";
import { enterGroupCall } from "../../client/group_call_entry.ts";
import { Ways } from "../../client/group_call_ways.ts";
import { GroupCallEnd } from "../../client/group_calls.ts";
import { hex } from "../../core/bytes.ts";
import { Media } from "../../core/content_records.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { CallId, DoorKey, MessageId, RoomId, random } from "../../core/ids.ts";
import { newConsent } from "./consents.ts";
import {
  accept,
  begin,
  choirOf,
  goingOn,
  isClosed,
  listening,
  together,
} from "./group_call_live.ts";
import { accept as comeIntoGroup, groupOf, memberOf, underneath } from "./group_people.ts";
import { People, settle, until } from "./live_people.ts";
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

async function three(...names: [string, string, string]): Promise<[Client, Client, Client]> {
  const [first, second, third] = await choirOf(people, ...names);
  if (first === undefined || second === undefined || third === undefined) throw new Error("nobody");
  return [first, second, third];
}

test("CK-851: knowing the room and its door key is not enough", async () => {
  const [anna, bob, carl] = await three("anna", "bob", "carl");
  const [atBob, atCarl] = [await listening(bob), await listening(carl)];
  const annas = await begin(anna);
  const bobs = await accept(await atBob.rings.call());
  await atCarl.rings.call();
  await together(2, annas, bobs);
  const { group } = await carl.findGroup("Choir");
  const ways = new Ways(underneath(carl));
  const going = ways.goingOn(group); // He keeps it, whatever his program says.
  if (going === undefined) throw new Error("he was told of it");

  const knock = async (signal: AbortSignal) => {
    const keys = await ways.keyMaterial(group);
    const [unix, monotonic] = [() => ways.now(), () => ways.monotonic()];
    const { origin } = ways;
    const consent = await newConsent();
    const mayBeIn = () => undefined;
    const around = { ...going, consent, origin, keys, mayBeIn, unix, monotonic, rng };
    return await enterGroupCall(around, await ways.newKeyPackage(consent), signal);
  };
  const choir = await anna.findGroup("Choir");
  await anna.removeFromGroup(choir, await memberOf(anna, "Choir", carl.handle));
  await settle(anna, bob);
  const refused = knock(AbortSignal.timeout(5000));
  await expect(refused).rejects.toMatchObject({ name: "TimeoutError" });
  expect([annas.call.members.length, bobs.call.members.length]).toEqual([2, 2]);
  // The control: put back into the group he is let in by the same knock.
  await settle(carl);
  await anna.inviteToGroup(choir, anna.findContact("carl"));
  await comeIntoGroup(carl);
  await settle(anna, bob, carl);
  const keys = await knock(AbortSignal.timeout(20_000));
  expect(keys.members().size).toBe(3);
  await keys.wipe();
  await annas.call.leave();
});

test("without a way to the server the call is not taken for over; it goes on when it is back", async () => {
  const [dora, emil, fred] = await three("dora", "emil", "fred");
  const [atEmil, atFred] = [await listening(emil), await listening(fred)];
  const doras = await begin(dora);
  const freds = await accept(await atFred.rings.call());
  await (await atEmil.rings.call()).decline();
  await together(2, doras, freds);
  const group = await emil.findGroup("Choir");
  const before = goingOn(emil, group);
  await server.ask("stop_server");
  const late = await begin(emil);
  expect([late.call.isInside, late.call.members]).toEqual([false, []]);
  expect(await late.call.ended()).toBe(GroupCallEnd.UNREACHED);
  expect([late.call.endCode, isClosed(late.ends)]).toEqual([Code.NO_ANSWER, true]);
  expect(goingOn(emil, group)).toEqual(before);
  // Who is in it hears the others all the while.
  await together(2, doras, freds);
  await server.ask("start_server");
  await until(() => [dora, emil, fred].every(({ connection }) => connection === "online"));
  const emils = await begin(emil); // The control.
  await together(3, doras, freds, emils);
  for (const { call } of [doras, freds, emils]) await call.leave();
});

test("a browser that cannot encrypt calls rings nobody, and says why", async () => {
  const gina = await people.signUp("gina");
  const broken = () => {
    throw new UnavailableError(Code.NOT_ENCRYPTED, "no encoded transforms");
  };
  const hugo = await people.signUp("hugo", { groupMedia: broken });
  await people.befriend(gina, hugo);
  await groupOf("Choir", gina, hugo);
  const atGina = await listening(gina);
  const hugos = await begin(hugo);
  expect(await hugos.call.ended()).toBe(GroupCallEnd.NOT_ENCRYPTED);
  expect([hugos.call.endCode, isClosed(hugos.ends)]).toEqual([Code.NOT_ENCRYPTED, true]);
  expect(await atGina.rings.isSilent()).toBe(true);
  expect((await hugo.groupCallService()).isInCall).toBe(false);
  const group = await hugo.findGroup("Choir");
  expect(goingOn(hugo, group)).toBeUndefined();
  const atHugo = await listening(hugo);
  const ginas = await begin(gina); // The control: whoever can encrypt rings.
  expect((await atHugo.rings.call()).caller).toBe(gina.handle);
  expect(goingOn(hugo, group)).toMatchObject({ by: gina.account });
  await ginas.call.leave();
});

test("without its frame keys a device leaves, and the others see it", async () => {
  const [ivan, jana, kurt] = await three("ivan", "jana", "kurt");
  const [atJana, atKurt] = [await listening(jana), await listening(kurt)];
  const ivans = await begin(ivan);
  const janas = await accept(await atJana.rings.call());
  await together(2, ivans, janas);
  const { media } = janas.ends.local;
  if (media === undefined) throw new Error("in no call");
  media.frames.dead = true; // The worker dies, and the next epoch's keys go nowhere.
  const kurts = await accept(await atKurt.rings.call());
  expect(await janas.call.ended()).toBe(GroupCallEnd.NOT_ENCRYPTED);
  expect([janas.call.endCode, janas.call.members]).toEqual([Code.NOT_ENCRYPTED, []]);
  await together(2, ivans, kurts);
  await ivans.call.leave();
  await kurts.call.leave();
});

test("CK-852: what a member dates into the future does not stand for good", async () => {
  const [lena, mark] = await three("lena", "mark", "nils");
  await listening(mark);
  const group = await mark.findGroup("Choir");
  const say = async (at: number): Promise<string> => {
    const call = random(CallId, rng);
    const { conversations, people: parts } = underneath(lena);
    const [id, room, door] = [random(MessageId, rng), random(RoomId, rng), random(DoorKey, rng)];
    const said = { kind: "groupcall.began", id, at, call, room, door, media: Media.VOICE } as const;
    await conversations.sendInGroup(await parts.actions.require(group.group), () => said);
    await settle(mark);
    return hex(call);
  };
  const standing = () => {
    const { groupCalls, store } = underneath(mark).books;
    return hex(groupCalls.get(store, group.group)?.call ?? new Uint8Array());
  };
  const now = underneath(mark).now();
  const long = await say(now - 1000);
  expect([standing(), goingOn(mark, group)?.at]).toEqual([long, now - 1000]); // As it was said.
  const future = await say(now + 1_000_000);
  expect(standing()).toBe(future);
  expect(goingOn(mark, group)?.at).toBeLessThanOrEqual(underneath(mark).now());
});
