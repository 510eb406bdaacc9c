/** A screen is shared in a call: looked at first, decoded there, ended by the browser's own bar. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { connect, hangUp, pair, talk } from "./pair.ts";
import type { Person } from "./person.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
// The question which screen it shall be is answered by the browser, with a screen of its own making.
stage.chromiumFlags.push("--use-fake-ui-for-media-stream");
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  [anna, bert] = await pair(stage, "chromium", "chromium");
  await anna.page.setViewport({ width: 1100, height: 800 });
});
after(() => stage.close());

story(stage, "a screen is looked at, sent, and ended by the browser's bar", async (context) => {
  await talk(anna, bert);
  const camera = await anna.sent("video");

  // Before the tap that says so nothing of the screen leaves.
  await anna.press("call.share");
  await anna.see("share.title");
  await anna.press("share.pick");
  await anna.see("share.previewLead");
  await until("a preview", () =>
    anna.page.$eval(".share-preview", (video) => (video as HTMLVideoElement).videoWidth > 0),
  );
  await elapsed(1500);
  assert.equal(await anna.sent("video"), camera, "the camera is what is sent");
  await anna.press("share.start");

  const screen = await until("another picture", async () => {
    const label = await anna.sent("video");
    return label === camera ? undefined : label;
  });
  await bert.seesAndHears();
  await anna.read(anna.words("call.sharing").replace("{name} ", "").trim());
  context.diagnostic(`${camera}, then ${screen}: ${(await bert.flow()).size}`);

  // As the browser's own bar ends it: the track is over, the page is told.
  await anna.page.evaluate(() => {
    const video = document.querySelector<HTMLVideoElement>(".self video");
    const [track] = (video?.srcObject as MediaStream | undefined)?.getVideoTracks() ?? [];
    track?.stop();
    track?.dispatchEvent(new Event("ended"));
  });
  await until("the camera again", async () => (await anna.sent("video")) === camera);
  await bert.seesAndHears();
  await hangUp(anna, bert);
});

story(stage, "a confidential call offers no screen", async () => {
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  await anna.openDetails();
  await anna.press("safety.title");
  await anna.press("safety.same");
  await anna.see("safety.undo");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  const dial = async () => {
    await anna.press("thread.video");
    await anna.choose(anna.words("preview.confidential"));
    await anna.press("preview.turnOn");
    await anna.press("preview.video");
  };
  await connect([anna, bert], dial, "incoming.acceptVideo");
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  await anna.see("call.confidential");
  await anna.press("call.more");
  await anna.see("call.devices");
  assert.equal(await anna.offers("call.share"), false);
  await anna.page.keyboard.press("Escape");
  await anna.page.keyboard.press("s");
  await elapsed(500);
  assert.equal(await anna.offers("share.pick"), false);
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});
