/**
 * A call of four Chromium through the SFU is recorded by one of them with everybody's yes: the file has all
 * four, with sound and picture, and proves it.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { answer, choir, hearing } from "./choir.ts";
import { Person } from "./person.ts";
import { agreeUntilRecorded, ask, openRecordings, plays, toldOfSaved } from "./recorded.ts";
import { useSmallCamera } from "./small_camera.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

const RECORDED_MS = 12_000;

const stage = new Stage();
before(() => {
  useSmallCamera(stage);
  return stage.startServer();
});
after(() => stage.close());

story(stage, "four talk through the SFU, and one records all of them", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  const carl = await Person.signUp(stage, "chromium", "carl");
  const dora = await Person.signUp(stage, "chromium", "dora");
  const others = [bert, carl, dora];
  await choir(anna, others);
  await anna.call("video");
  await hearing(anna, 1);
  for (const [i, one] of others.entries()) {
    await answer(one);
    await hearing(one, i + 2);
  }
  await Promise.all([anna, ...others].map((one) => one.see("groupCall.way.sfu")));
  await Promise.all([anna, ...others].map((one) => one.seesAndHearsAll(3)));

  await ask(anna, "For the minutes");
  await Promise.all(others.map((one) => agreeUntilRecorded(one, "For the minutes")));
  await anna.read("You record: ");
  await new Promise((resolve) => setTimeout(resolve, RECORDED_MS));
  await anna.press("recorded.stop");
  await Promise.all(others.map((one) => one.miss("recorded.withdraw", undefined, 20)));
  await Promise.all([anna, ...others].map((one) => one.seesAndHearsAll(3)));
  for (const one of [anna, ...others]) await one.press("groupCall.leave");

  await openRecordings(stage, anna);
  await anna.press("recordings.play");
  await anna.see("recordings.position");
  await anna.press("recordings.play");
  await plays(anna);
  const told = await toldOfSaved(stage, anna, "recording");
  assert.equal(told.members.length, 4);
  for (const member of told.members) {
    assert.ok(member.playable && member.withdrawn === null, JSON.stringify(told));
    // Sound and picture of each: twice the time, but for what a key frame is waited for.
    assert.ok(member.recorded_ms > 1.5 * RECORDED_MS, JSON.stringify(told));
  }
});
