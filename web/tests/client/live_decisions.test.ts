/** What is decided about a contact holds on a browser and on a Python device of one account. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client } from "../../client/client.ts";
import { fromHex, hex } from "../../core/bytes.ts";
import {
  ALL_RING,
  decodeRules,
  encodeRules,
  hoursOn,
  type Rules,
} from "../../core/contact_rules.ts";
import { MayCall } from "../../core/content_records.ts";
import { drops, People, settle, thread } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

const VOICE: Rules = {
  ...ALL_RING,
  calls: MayCall.VOICE,
  hours: [hoursOn([0, 1, 2, 3, 4], 540, 1080)],
};
type Decided = Readonly<{ state: string; verified: boolean; rules: string }>;

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

/** What Python holds of its one contact. */
async function python(): Promise<unknown> {
  await server.ask("sync", { who: "edda" });
  const [found] = await server.ask<Decided[]>("decided", { who: "edda" });
  return found && { ...found, rules: decodeRules(fromHex(found.rules)) };
}

function browser(client: Client): unknown {
  const { state, verified, rules } = client.findContact("falk");
  return { state, verified, rules };
}

const decide = (what: string, rules = "") =>
  server.ask("decide", { who: "edda", contact: "falk", what, rules });

test("by either of the two, and by the server", async () => {
  const falk = await people.signUp("falk");
  const edda = await server.signup("edda");
  await falk.acceptInvite(await server.ask<string>("invite", { who: "edda" }), { waitS: 20 });
  await settle(falk);
  const recoveryCode = edda.recovery;
  const ours = await people.login("edda browser", edda.handle, { recoveryCode });
  for (let round = 0; round < 3; round++) {
    await server.ask("sync", { who: "edda" });
    await settle(falk, ours);
  }
  const nothing = { state: "contact", verified: false, rules: ALL_RING };
  expect([browser(ours), await python()]).toEqual([nothing, nothing]);

  await ours.setRules(ours.findContact("falk"), VOICE);
  await decide("verified");
  await settle(ours);
  const both = { state: "contact", verified: true, rules: VOICE };
  expect(await python()).toEqual(both);
  await settle(ours);
  expect(browser(ours)).toEqual(both);

  await decide("block");
  await server.ask("sync", { who: "edda" });
  await settle(ours);
  const blocked = { ...both, state: "blocked" };
  expect([browser(ours), await python()]).toEqual([blocked, blocked]);
  const said = falk.sendMessage(falk.findContact("edda"), "is anybody there?");
  await expect(said).rejects.toMatchObject({ code: "refused" });
  await expect(ours.sendMessage(ours.findContact("falk"), "no")).rejects.toMatchObject({
    code: "refused",
  });

  expect(await ours.unblock(ours.findContact("falk"))).toMatchObject({ state: "contact" });
  await decide("rules", hex(encodeRules(ALL_RING)));
  await settle(ours);
  expect(await python()).toEqual({ ...both, rules: ALL_RING });
  await settle(ours, falk);
  expect(browser(ours)).toEqual({ ...both, rules: ALL_RING });
  await falk.sendMessage(falk.findContact("edda"), "there you are"); // the control
  await settle(falk, ours);
  expect(thread(ours, "falk")).toEqual(["there you are"]);
  await server.ask("sync", { who: "edda" });
  const history = await server.ask<{ text: string }[]>("history", { who: "edda", contact: "falk" });
  expect(history.map(({ text }) => text)).toEqual(["there you are"]);
  expect(drops(ours)).toEqual([]);
});
