/**
 * A call of a group in four browsers: by mesh while they are three, through the SFU with the fourth;
 * one leaves, and the screen says who can hear. No page complains.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { answer, choir, hearing } from "./choir.ts";
import { Person } from "./person.ts";
import { useSmallCamera } from "./small_camera.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
before(() => {
  useSmallCamera(stage);
  return stage.startServer();
});
after(() => stage.close());

story(stage, "four talk, one leaves, and the screen says who can hear", async () => {
  const names = ["anna", "bert", "carl", "dora"] as const;
  const people: Person[] = [];
  for (const name of names) people.push(await Person.signUp(stage, "chromium", name));
  const [anna, bert, carl, dora] = people as [Person, Person, Person, Person];
  const others = [bert, carl, dora];
  const handles = await choir(anna, others);

  // Three, by mesh.
  await anna.call("video");
  await anna.see("groupCall.alone");
  await answer(bert);
  await answer(carl);
  const three = [anna, bert, carl];
  await Promise.all(three.map((one) => hearing(one, 3)));
  await Promise.all(three.map((one) => one.seesAndHears()));
  await anna.see("groupCall.way.mesh");

  // The fourth comes, and all go over to the SFU, without a redial.
  await answer(dora);
  await Promise.all(people.map((one) => hearing(one, 4)));
  await Promise.all(people.map((one) => one.see("groupCall.way.sfu")));
  await Promise.all(people.map((one) => one.seesAndHears()));

  // One leaves.
  await dora.press("groupCall.leave");
  // It is told for some seconds, and then stands in the list of who can hear.
  await anna.read(`\u2068${handles[2]}\u2069 left`);
  await dora.see("groupEnded.left");
  await Promise.all(three.map((one) => hearing(one, 3)));
  await Promise.all(three.map((one) => one.seesAndHears()));
  assert.ok(await dora.hearsNothing(2), "who left hears nothing more");

  await bert.press("groupCall.leave");
  await carl.press("groupCall.leave");
  await hearing(anna, 1);
  await anna.press("groupCall.leave");
  await anna.see("groupEnded.left");
  assert.deepEqual(
    people.flatMap(({ complaints }) => complaints),
    [],
  );
});
