/**
 * A page that is reloaded in the middle of a call comes back to it: nobody dials again, and what was
 * muted stays muted. Whoever was hung up on meanwhile rings nobody.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { meet, Person } from "./person.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  anna = await Person.signUp(stage, "chromium", "anna");
  bert = await Person.signUp(stage, "chromium", "bert");
  await meet(anna, bert);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
});
after(() => stage.close());

/** Whether something of the other person is heard in the next seconds. */
async function isHeard(person: Person): Promise<boolean> {
  const before = await person.flow();
  await elapsed(3000);
  return (await person.flow()).energy > before.energy + 0.001;
}

story(stage, "the one who called reloads, and then the one who answered", async () => {
  await anna.openThread("bert");
  await anna.call("voice");
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  const words = await anna.callWords();

  await anna.page.reload();
  await Promise.all([anna.hears(), bert.hears()]);
  const fresh = await anna.callWords();
  assert.equal(fresh, await bert.callWords());
  assert.notEqual(fresh, words, "other keys, so other words");
  assert.deepEqual(await bert.asked(), ["audio"], "no device of bert's was opened anew");
  assert.deepEqual(await anna.asked(), ["audio"], "and no camera of anna's");

  await anna.press("call.mute");
  await elapsed(1000);
  assert.equal(await isHeard(bert), false, "the control: a muted person is not heard");
  await anna.page.reload();
  await anna.hears();
  assert.equal(await isHeard(bert), false, "muted before, and muted after");
  await anna.press("call.unmute");
  await bert.hears();

  await bert.page.reload();
  await Promise.all([anna.hears(), bert.hears()]);
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  await anna.press("do.done");
  await bert.press("do.done");
});

story(stage, "a camera that was on is on again, and the other one sees it", async () => {
  await anna.openThread("bert");
  await anna.call("video");
  await bert.press("incoming.acceptVideo");
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  await anna.page.reload();
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  assert.deepEqual((await anna.asked()).sort(), ["audio", "video"]);
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
  await anna.press("do.done");
  await bert.press("do.done");
});

story(stage, "who was hung up on while the page loaded comes back to nobody", async () => {
  await anna.openThread("bert");
  await anna.call("voice");
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  const slow = anna.page.reload();
  await bert.press("call.hangUp");
  await slow;
  await anna.see("ended.lost");
  await bert.see("ended.title");
  assert.ok(!(await bert.shown()).includes(bert.words("incoming.decline")), "it does not ring");
  await anna.press("do.done");
  await anna.page.reload();
  await anna.see("home.title");
  assert.equal((await anna.flow()).connections, 0, "a call that is over comes back no more");
});
