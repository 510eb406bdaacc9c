/** One account in two browsers: both ring, one answers or declines, the other stops at once. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { byRecoveryCode, secondDevice } from "./pairing.ts";
import { meet, Person } from "./person.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
let anna: Person;
let other: Person;
let bert: Person;

before(() => stage.startServer());
after(() => stage.close());

story(stage, "a new browser signs in, and all others are told of it (R-94)", async () => {
  anna = await Person.signUp(stage, "chromium", "anna");
  bert = await Person.signUp(stage, "chromium", "bert");
  await meet(anna, bert);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
  other = await secondDevice(anna, "firefox");
  await other.read("bert");
  await anna.press("do.done");
  await anna.see("devices.title");
  await anna.page.goto(stage.origin);
  // Who compared the digits of a device need not be warned of it; of this one nobody was asked.
  await anna.miss("alert.newDevice", {}, 5);
  const third = await byRecoveryCode(anna, "chromium");
  await Promise.all([anna.see("alert.newDevice"), other.see("alert.newDevice")]);
  await third.leave();
});

story(stage, "both ring; one answers, and the other stops at once", async () => {
  await bert.page.goto(stage.origin);
  await bert.openThread("anna");
  await bert.call("voice");
  await Promise.all([anna.see("incoming.accept"), other.see("incoming.accept")]);
  await other.press("incoming.accept");
  await anna.miss("incoming.accept", {}, 10);
  await Promise.all([other.hears(), bert.hears()]);
  assert.equal((await anna.flow()).connections, 0, "the other one took no part");
  assert.deepEqual(await anna.asked(), [], "and opened no device");
  assert.equal(await bert.callWords(), await other.callWords());
  await bert.press("call.hangUp");
  await other.see("ended.title");
  await other.press("do.done");
  await bert.press("do.done");
});

story(stage, "both ring; one declines, and the other stops at once", async () => {
  await bert.call("voice");
  await Promise.all([anna.see("incoming.decline"), other.see("incoming.decline")]);
  await anna.press("incoming.decline");
  await other.miss("incoming.decline", {}, 10);
  await bert.see("call.calling");
  await bert.press("call.cancel");
  await bert.see("ended.cancelled");
  assert.deepEqual([...anna.complaints, ...bert.complaints, ...other.complaints], []);
});
