/**
 * Recording with everybody's yes, in two Chromium and one Firefox: one refuses, and nothing is recorded;
 * all agree, the red bar stands in every page and the file plays; one takes it back, it ends for all,
 * and nobody plays that person's part any more. The command line tells the story of the file.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { answer, choir, hearing } from "./choir.ts";
import { Person } from "./person.ts";
import {
  agree,
  agreeUntilRecorded,
  ask,
  isRecorded,
  openRecordings,
  plays,
  toldOfSaved,
} from "./recorded.ts";
import { SMALL_FIREFOX, useSmallCamera } from "./small_camera.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

/** A yes that is taken back counts for those online within this; looked at from outside, with room. */
const AT_ONCE_S = 5;
/** For so long is recorded: more than a part. */
const RECORDED_MS = 12_000;

const stage = new Stage();
before(() => {
  useSmallCamera(stage);
  return stage.startServer();
});
after(() => stage.close());

story(stage, "one refuses, all agree, one takes it back", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  const fine = await Person.signUp(stage, SMALL_FIREFOX, "fine");
  const pages = [anna, bert, fine];
  await choir(anna, [bert, fine]);
  await anna.call("video");
  await hearing(anna, 1);
  for (const [i, one] of [bert, fine].entries()) {
    await answer(one);
    await hearing(one, i + 2);
  }
  await Promise.all(pages.map((one) => one.seesAndHearsAll(2)));

  // One refuses: nothing is recorded, and the call goes on.
  await ask(anna, "For the minutes");
  await agree(bert, "For the minutes");
  await fine.read("For the minutes");
  await fine.press("request.no");
  // Whoever had said yes is offered to take it back until it is over; nothing was ever recorded.
  await Promise.all(pages.map((one) => one.miss("recorded.withdraw", undefined, 20)));
  for (const one of pages) assert.ok(!(await isRecorded(one)), "nothing is recorded");
  await Promise.all(pages.map((one) => one.seesAndHearsAll(2)));

  // All agree: it is shown to everybody.
  await ask(anna, "For grandma");
  await Promise.all([bert, fine].map((one) => agreeUntilRecorded(one, "For grandma")));
  await anna.read("You record: ");
  await new Promise((resolve) => setTimeout(resolve, RECORDED_MS));

  // One takes it back: it ends for all.
  await fine.press("recorded.withdraw");
  await Promise.all(
    pages.map(async (one) => {
      await one.miss("recorded.withdraw", undefined, AT_ONCE_S);
      await one.miss("recorded.stop", undefined, AT_ONCE_S);
    }),
  );
  await Promise.all(pages.map((one) => one.seesAndHearsAll(2)));
  for (const one of pages) await one.press("groupCall.leave");

  // Whoever recorded plays the others, and not who took it back.
  await openRecordings(stage, anna);
  await anna.see("recordings.silent.withdrawn");
  await anna.press("recordings.play");
  await anna.see("recordings.position");
  await anna.press("recordings.play");
  await plays(anna);
  const told = await toldOfSaved(stage, anna, "recording");
  assert.equal(told.members.length, 3);
  assert.equal(told.members.filter(({ withdrawn }) => withdrawn !== null).length, 1);
  assert.equal(told.members.filter(({ playable }) => playable).length, 2);
  for (const { recorded_ms: ms } of told.members) assert.ok(ms > RECORDED_MS, JSON.stringify(told));

  // Who took it back finds that under their consents, with a receipt.
  // Firefox complains of what is broken off that the page fetches ahead after a call.
  await fine.page.waitForNetworkIdle({ idleTime: 1_000 });
  await fine.page.goto(stage.origin);
  await fine.press("home.settings");
  await fine.press("settings.consents");
  await fine.see("consents.withdrawn");
  await fine.see("consents.refused");
  assert.deepEqual(
    pages.flatMap(({ complaints }) => complaints),
    [],
  );
});
