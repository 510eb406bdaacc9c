/**
 * A page that is reloaded in the middle of a group's call comes back into it: nobody is rung, and
 * microphone and camera are as they were. Into a call that is over it does not come back.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { answer, choir, hearing } from "./choir.ts";
import { Person } from "./person.ts";
import { useSmallCamera } from "./small_camera.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** A page keeps a call once it is in it for a second (`live_group_calling.ts`). */
const KEPT_MS = 2500;

const stage = new Stage();
let people: readonly Person[];
before(async () => {
  useSmallCamera(stage);
  await stage.startServer();
  const [anna, bert, carl] = [
    await Person.signUp(stage, "chromium", "anna"),
    await Person.signUp(stage, "chromium", "bert"),
    await Person.signUp(stage, "chromium", "carl"),
  ];
  people = [anna, bert, carl];
  await choir(anna, [bert, carl]);
});
after(() => stage.close());

/** Wait until so many are in the call, as all of these see it, and see and hear each other. */
async function together(...all: readonly Person[]): Promise<void> {
  await Promise.all(all.map((one) => hearing(one, all.length)));
  await Promise.all(all.map((one) => one.seesAndHearsAll(all.length - 1)));
}

/** How many calls began in the group, as its thread says. */
async function begun(person: Person): Promise<number> {
  await person.page.goto(stage.origin);
  await person.openThread("Choir");
  await person.read(" in the group now");
  return (await person.shown()).split(" began a call").length - 1;
}

async function ringsNowhere(...all: readonly Person[]): Promise<void> {
  for (const one of all) {
    assert.ok(!(await one.shown()).includes(one.words("incoming.decline")), "it rings");
  }
}

story(stage, "who reloads is back among three, as they were, and nobody is rung", async () => {
  const [anna, bert, carl] = people as [Person, Person, Person];
  await anna.call("video");
  await answer(bert);
  await answer(carl);
  await together(anna, bert, carl);
  await elapsed(KEPT_MS);

  await bert.page.reload();
  // That it comes back is shown too, but on a fast machine for less time than a look takes.
  await together(anna, bert, carl);
  assert.deepEqual((await bert.asked()).sort(), ["audio", "video"]);
  await ringsNowhere(anna, carl);

  // Who began it is back as well; muted and unseen, as before.
  await anna.press("call.mute");
  await anna.press("call.cameraOff");
  await elapsed(KEPT_MS);
  await anna.page.reload();
  await Promise.all([anna, bert, carl].map((one) => hearing(one, 3)));
  await anna.seesAndHearsAll(2);
  assert.deepEqual(await anna.asked(), ["audio"], "no camera was opened");
  await anna.see("groupCall.leave");
  assert.ok(await anna.offers("call.unmute"), "muted before, and muted after");
  await bert.press("call.mute");
  // Soon, and for as long as a fake microphone beeps twice; whoever was not muted is never silent.
  await until("silence of both", () => carl.hearsNothing(2.5));
  await bert.press("call.unmute");
  await carl.hears(); // the control
  await bert.press("call.mute");
  await elapsed(1000);
  await anna.press("call.unmute");
  await carl.hears();

  // All leave; a page that is loaded then comes back to nothing.
  await bert.press("groupCall.leave");
  await carl.press("groupCall.leave");
  await hearing(anna, 1);
  await anna.press("groupCall.leave");
  await anna.see("groupEnded.left");
  await anna.page.reload();
  await anna.see("home.title");
  await elapsed(KEPT_MS);
  assert.equal((await anna.flow()).connections, 0, "a call that was left comes back no more");
  assert.equal(await begun(bert), 1, "one call, for whoever was in it");
  assert.equal(await begun(carl), 1);
});

story(stage, "a call that ends while the page loads is not begun anew", async () => {
  const [anna, bert, carl] = people as [Person, Person, Person];
  await begun(anna); // open the thread
  await anna.call("video");
  await answer(bert);
  await carl.press("incoming.decline");
  await together(anna, bert);
  await elapsed(KEPT_MS);
  const loading = anna.page.reload();
  await bert.press("groupCall.leave");
  await loading;
  await bert.see("groupEnded.left");
  // She knocks at a door behind which nobody is, or knows already that it is over.
  await elapsed(8000);
  await ringsNowhere(bert, carl);
  assert.equal((await anna.flow()).connections, 0);
  assert.deepEqual([await begun(bert), await begun(carl)], [2, 2], "one more, and not two");
  assert.deepEqual(
    people.flatMap(({ complaints }) => complaints),
    [],
  );
});
