/** Group calls with browsers and Python devices in them, at one server. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client } from "../../client/client.ts";
import { GroupCallEnd } from "../../client/group_calls.ts";
import { hex } from "../../core/bytes.ts";
import {
  accept,
  begin,
  goingOn,
  listening,
  namesIn,
  outcomes,
  together,
} from "./group_call_live.ts";
import { accept as comeIntoGroup, all as settleAll, underneath } from "./group_people.ts";
import { drops, PASSWORD, People, settle, until } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

type NotedCall = Readonly<{
  call: string;
  members: readonly string[];
  direction: string;
  media: string;
  outcome: string;
  via: string;
  suite: number;
}>;

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

/** A Python device, as a test tells it what to do. */
class Python {
  readonly who: string;
  readonly handle: string;

  constructor(who: string, handle: string) {
    this.who = who;
    this.handle = handle;
  }

  do<T = unknown>(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return server.ask<T>(`calls_${name}`, { who: this.who, ...more });
  }

  members(): Promise<string[]> {
    return this.do("state");
  }

  history(): Promise<NotedCall[]> {
    return server.ask("calls", { who: this.who });
  }
}

/** A Python person's choir, with browsers in it. */
async function choirOf(who: string, ...names: string[]): Promise<[Python, ...Client[]]> {
  const { handle } = await server.signup(who);
  await server.ask("create_group", { who, name: "Choir" });
  const browsers: Client[] = [];
  for (const name of names) {
    const browser = await people.signUp(name);
    await browser.acceptInvite(await server.ask<string>("invite", { who }), { waitS: 20 });
    await settle(browser);
    await server.ask("ask_in", { who, name: "Choir", contact: name });
    await comeIntoGroup(browser);
    browsers.push(browser);
  }
  await settleAll(server, browsers, [who]);
  const python = new Python(who, handle);
  await python.do("listen");
  return [python, ...browsers];
}

/** Wait until both kinds of devices see these in the call, and the same epoch's keys open. */
async function all(python: Python, names: readonly string[], ...taking: Taking[]): Promise<void> {
  const sorted = names.toSorted();
  const end = Date.now() + 40_000;
  while (`${await python.members()}` !== `${sorted}`) {
    if (Date.now() > end) throw new Error(`Python sees ${await python.members()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await together(sorted.length, ...taking);
  for (const one of taking) expect(namesIn(one)).toEqual(sorted);
}

type Taking = Awaited<ReturnType<typeof begin>>;

test("Python begins, browsers are rung and come in; it leaves, and the last one says it is over", async () => {
  const [carl, anna, bob] = await choirOf("carl", "anna", "bob");
  if (anna === undefined || bob === undefined) throw new Error("nobody");
  const [atAnna, atBob] = [await listening(anna), await listening(bob)];
  await carl.do("begin", { name: "Choir", media: "video" });
  const ringing = await atAnna.rings.call();
  expect([ringing.groupName, ringing.caller, ringing.media]).toEqual([
    ...["Choir", carl.handle, "video"],
  ]);
  const annas = await accept(ringing);
  await all(carl, [carl.handle, anna.handle], annas);
  expect(annas.ends.local.hasVideo).toBe(true);
  const bobs = await accept(await atBob.rings.call(), "voice"); // Without pictures.
  expect(bobs.ends.local.hasVideo).toBe(false);
  await all(carl, [carl.handle, anna.handle, bob.handle], annas, bobs);
  await carl.do("leave");
  expect(await carl.do("ended")).toBe("left");
  await together(2, annas, bobs);
  expect(namesIn(annas)).toEqual([anna.handle, bob.handle].sort());
  await annas.call.leave();
  await until(() => bobs.call.members.length === 1);
  await bobs.call.leave();
  await settleAll(server, [anna, bob], ["carl"]);
  const group = await anna.findGroup("Choir");
  expect([goingOn(anna, group), goingOn(bob, group)]).toEqual([undefined, undefined]);
  // Python was told as well: it begins another one.
  const again = await listening(anna);
  await carl.do("begin", { name: "Choir" });
  const second = await again.rings.call();
  expect(second.media).toBe("voice");
  await carl.do("leave");
  await second.ended();
  // One history in both languages.
  const entry = anna.callHistory().find(({ outcome }) => outcome === "answered");
  const [, noted] = (await carl.history()).toReversed();
  const theirs = (await carl.history()).find(({ outcome }) => outcome === "answered");
  expect(noted?.outcome).toBe("unanswered");
  const facts = { media: "video", outcome: "answered", via: "relayed" };
  expect(entry).toMatchObject({ ...facts, direction: "incoming" });
  expect(theirs).toMatchObject({ ...facts, direction: "outgoing", suite: entry?.suite });
  expect(theirs?.call).toBe(entry && hex(entry.call));
  expect(theirs?.members).toEqual([hex(anna.account), hex(bob.account)].sort());
  await until(() => outcomes(anna).includes("missed"));
  expect(outcomes(anna).toSorted()).toEqual(["answered", "missed"]);
  expect([drops(anna), drops(bob)]).toEqual([[], []]);
});

test("a browser begins and Python comes in; two begin at once; out of the group is out of the call", async () => {
  const [dora, emil] = await choirOf("dora", "emil");
  if (emil === undefined) throw new Error("nobody");
  const emils = await begin(emil, "video");
  expect(await dora.do("rings")).toEqual(["Choir", emil.handle, "video"]);
  await dora.do("accept");
  const both = [dora.handle, emil.handle];
  await all(dora, both, emils);
  await emils.call.leave();
  await all(dora, [dora.handle]);
  await dora.do("leave");
  await settleAll(server, [emil], ["dora"]);

  await dora.do("listen");
  const [second] = await Promise.all([begin(emil), dora.do("begin", { name: "Choir" })]);
  await all(dora, both, second);
  // Removed from the call, and back at once, for it is in the group still.
  await new Promise((resolve) => setTimeout(resolve, 1000)); // Both have said where they are by then.
  const epoch = second.call.security.epoch ?? 0;
  await dora.do("remove", { member: emil.handle });
  await until(() => (second.call.security.epoch ?? 0) > epoch + 1);
  await all(dora, both, second);
  await server.ask("put_out", { who: "dora", name: "Choir", member: emil.handle });
  expect(await second.call.ended()).toBe(GroupCallEnd.REMOVED);
  await all(dora, [dora.handle]);
  await dora.do("leave");
  await settle(emil);
  await expect(begin(emil)).rejects.toMatchObject({ code: "refused" });
});

test("what a Python device of our account declines or takes rings here no longer", async () => {
  const [fritz, gina] = await choirOf("fritz", "gina");
  if (gina === undefined) throw new Error("nobody");
  const { handle, recoveryCode: recovery } = gina;
  await server.ask("login", { who: "gina py", handle, password: PASSWORD, recovery });
  for (let round = 0; round < 2; round++) await settleAll(server, [gina], ["gina py", "fritz"]);
  const python = new Python("gina py", handle);

  for (const how of ["decline", "accept"]) {
    await python.do("listen");
    const { rings } = await listening(gina);
    await fritz.do("begin", { name: "Choir" });
    const ringing = await rings.call();
    expect(await python.do("rings")).toEqual(["Choir", fritz.handle, "voice"]);
    await python.do(how);
    await ringing.ended();
    expect(outcomes(gina)).toEqual([]); // Neither missed nor declined here.
    if (how === "accept") {
      await all(python, [fritz.handle, handle]);
      await python.do("leave");
      await all(fritz, [fritz.handle]);
    }
    await fritz.do("leave");
    await settleAll(server, [gina], ["gina py", "fritz"]);
  }
  // And the other way.
  await python.do("listen");
  const { rings } = await listening(gina);
  await fritz.do("begin", { name: "Choir" });
  await python.do("rings");
  const ginas = await accept(await rings.call());
  await python.do("stopped");
  await all(fritz, [fritz.handle, handle], ginas);
  await ginas.call.leave();
  await all(fritz, [fritz.handle]);
  await fritz.do("leave");
  // Both devices have one history, from the vault.
  await server.ask("write_vault", { who: "gina py" });
  await settle(gina);
  await underneath(gina).vault.reread();
  await until(() => gina.callHistory().length === 3);
  expect(outcomes(gina).toSorted()).toEqual(["answered", "answered", "declined"]);
});
