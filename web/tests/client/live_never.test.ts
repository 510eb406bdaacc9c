/** Never record me, at a real server: browsers tell their contacts, and hear of Python devices. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client } from "../../client/client.ts";
import { People, settle } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

const isNever = (client: Client) => client.contacts().map(({ neverRecorded }) => neverRecorded);

test("contacts know before a call; for all calls, or those with one", async () => {
  const anna = await people.signUp("anna");
  const bob = await people.signUp("bob");
  const carl = await people.signUp("carl");
  await people.befriend(anna, bob);
  await people.befriend(anna, carl);
  expect([isNever(bob), isNever(carl)]).toEqual([[false], [false]]);

  const toBob = anna.findContact("bob");
  await anna.setRules(toBob, { ...toBob.rules, neverRecord: true });
  await settle(anna, bob, carl);
  expect([isNever(bob), isNever(carl)]).toEqual([[true], [false]]);

  await anna.setSettings({ neverRecord: true });
  await settle(anna, bob, carl);
  expect([isNever(bob), isNever(carl)]).toEqual([[true], [true]]);

  await anna.setSettings({ neverRecord: false });
  await settle(anna, bob, carl);
  expect([isNever(bob), isNever(carl)]).toEqual([[true], [false]]);
});

test("a browser and a Python device tell each other", async () => {
  const dora = await people.signUp("dora");
  await server.signup("emil");
  await server.ask("accept", { who: "emil", link: await dora.createInvite() });
  await settle(dora);
  await dora.setSettings({ neverRecord: true });
  await settle(dora);
  await server.ask("sync", { who: "emil" });
  expect(await server.ask("never_recorded", { who: "emil" })).toEqual([true]);

  await server.ask("never_record", { who: "emil", never: true });
  await server.ask("sync", { who: "emil" });
  await settle(dora);
  expect(isNever(dora)).toEqual([true]);
});
