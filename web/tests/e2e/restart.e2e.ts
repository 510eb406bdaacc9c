/**
 * The server dies (SIGKILL) and starts again on the same data: while it rings, and in the middle of a
 * call, with its relay. Nobody dials again, and a call afterwards is like any other.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { meet, Person } from "./person.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  anna = await Person.signUp(stage, "chromium", "anna");
  bert = await Person.signUp(stage, "firefox", "bert");
  await meet(anna, bert);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
});
after(() => stage.close());

async function restartServer(): Promise<void> {
  await stage.killServer("SIGKILL");
  await stage.startServer();
}

story(stage, "while it rings: it is answered all the same", async () => {
  await anna.call("voice");
  await bert.see("incoming.accept");
  await restartServer();
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  assert.equal(await anna.callWords(), await bert.callWords());
});

story(stage, "in the middle of the call: it goes on, over the new relay", async () => {
  await restartServer();
  // What was in the air is heard out first.
  await Promise.all([anna.see("call.reconnecting"), bert.see("call.reconnecting")]);
  await Promise.all([anna.hears(), bert.hears()]);
  await Promise.all([anna.miss("call.reconnecting"), bert.miss("call.reconnecting")]);
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  await anna.press("do.done");
  await bert.press("do.done");
});

story(stage, "afterwards, the other way round, all is as ever", async () => {
  await bert.call("voice");
  await anna.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  await bert.press("call.hangUp");
  await anna.see("ended.title");
});
