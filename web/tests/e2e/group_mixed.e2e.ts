/**
 * A call of a group in three Chromium, one Firefox and a program in Python, through the SFU: each gets
 * picture and sound of all four others. Firefox leaves, and the others go on.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { answer, choir, hearing } from "./choir.ts";
import { Person } from "./person.ts";
import { SMALL_FIREFOX, useSmallCamera } from "./small_camera.ts";
import { CLIP, Stage } from "./stage.ts";
import { story } from "./story.ts";

/** What the program says of a call with `--json`. */
type Result = Readonly<{
  path: string;
  reason: string;
  frames_opened: Readonly<{ audio: number; video: number }>;
  frames_refused: number;
}>;

const stage = new Stage();
before(() => {
  useSmallCamera(stage);
  return stage.startServer();
});
after(() => stage.close());

story(stage, "Chromium, Firefox and Python in one call", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  const carl = await Person.signUp(stage, "chromium", "carl");
  const fine = await Person.signUp(stage, SMALL_FIREFOX, "fine");
  const pages = [anna, bert, carl, fine];
  const signedUp = await stage.answer("paul", "signup", stage.signupLink(), "--name", "paul");
  assert.equal(signedUp["ok"], true, JSON.stringify(signedUp));
  await stage.answer("paul", "accept", await anna.invite(), "--wait", "30");
  const paul = {
    handle: String(signedUp["handle"]),
    bring: async () => {
      const said = await stage.answer("paul", "group", "accept", "Choir");
      assert.equal(said["ok"], true, JSON.stringify(said));
    },
  };
  const handles = await choir(anna, [bert, carl, fine], [paul]);

  const listening = stage.answer("paul", "listen", "--auto-accept", "--once", "--media", CLIP);
  await anna.call("video");
  await hearing(anna, 2);
  for (const [i, one] of [bert, carl, fine].entries()) {
    await answer(one);
    await hearing(one, i + 3);
  }
  await Promise.all(pages.map((one) => one.see("groupCall.way.sfu")));
  await Promise.all(pages.map((one) => one.seesAndHearsAll(4)));

  await fine.press("groupCall.leave");
  await fine.see("groupEnded.left");
  // It stands there for a moment only, and who has to come back just then does not get it.
  await Promise.any([anna, bert, carl].map((one) => one.read(`\u2068${handles[2]}\u2069 left`)));
  await Promise.all([anna, bert, carl].map((one) => hearing(one, 4)));
  await Promise.all([anna, bert, carl].map((one) => one.seesAndHearsAll(3)));
  assert.ok(await fine.hearsNothing(2), "who left hears nothing more");

  for (const one of [anna, bert, carl]) await one.press("groupCall.leave");
  stage.interrupt();
  const [heard] = (await listening)["calls"] as Result[];
  assert.ok(heard !== undefined && heard.frames_opened.video > 0, JSON.stringify(heard));
  assert.deepEqual(
    pages.flatMap(({ complaints }) => complaints),
    [],
  );
});
