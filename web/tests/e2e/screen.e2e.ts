/** A screen is shared in a call: looked at first, decoded there, ended by the browser's own bar. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { connect, hangUp, pair, talk } from "./pair.ts";
import type { Person } from "./person.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
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
  const camera = (await bert.flow()).size;

  // Before the tap that says so nothing of the screen leaves.
  await anna.press("call.share");
  await anna.see("share.title");
  await anna.press("share.pick");
  await anna.see("share.previewLead");
  const preview = await until("a preview", () =>
    anna.page.$eval(".share-preview", (video) => (video as HTMLVideoElement).videoWidth || false),
  );
  await elapsed(1500);
  assert.equal((await bert.flow()).size, camera, "they still see the camera");
  await anna.press("share.start");

  const screen = await until("another picture", async () => {
    const size = (await bert.flow()).size;
    return size === camera ? undefined : size;
  });
  await bert.seesAndHears();
  await anna.read(anna.words("call.sharing").replace("{name} ", "").trim());
  context.diagnostic(`camera ${camera}, screen ${screen}, preview ${preview} wide`);
  const ratio = (size: string) => {
    const [width, height] = size.split("x").map(Number);
    return (width ?? 0) / (height ?? 1);
  };
  assert.notEqual(ratio(screen).toFixed(2), ratio(camera).toFixed(2), "another shape");

  // As the browser's own bar ends it: the track is over, the page is told.
  await anna.page.evaluate(() => {
    const video = document.querySelector<HTMLVideoElement>(".self video");
    const [track] = (video?.srcObject as MediaStream | undefined)?.getVideoTracks() ?? [];
    track?.stop();
    track?.dispatchEvent(new Event("ended"));
  });
  await until("the camera again", async () => (await bert.flow()).size === camera);
  await bert.seesAndHears();
  await hangUp(anna, bert);
});

story(stage, "a confidential call offers no screen", async () => {
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  await (await anna.page.waitForSelector(".thread-who"))?.click();
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
