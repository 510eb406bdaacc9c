/**
 * A camera or a microphone is unplugged in a call: its owner is told, the other side gets no picture
 * that stands still for one that lives, the rest of the call goes on, and a tap brings it back.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { connect, hangUp, pair, talk } from "./pair.ts";
import type { Person } from "./person.ts";
import { havePlugs, plugIn, unplug } from "./plugs.ts";
import { CAMERAS, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** Seconds in which a call without a microphone must not break; silence counts as loss after 3. */
const CALM_S = 8;

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  [anna, bert] = await pair(stage, CAMERAS, CAMERAS);
  await havePlugs(anna.page);
  await anna.page.reload();
  await anna.openThread("bert");
});
after(() => stage.close());

story(stage, "the camera is unplugged: told here, taken off the screen there", async (context) => {
  await talk(anna, bert);
  await unplug(anna.page, "camera");
  const began = performance.now();
  await anna.see("desk.camera.gone");
  await bert.read(bert.words("call.noPicture").trim());
  context.diagnostic(`off the screen after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const still = await bert.page.$eval("video.remote", (video) =>
    video.checkVisibility({ visibilityProperty: true }),
  );
  assert.equal(still, false, "no picture stands still before them");
  await Promise.all([bert.hears(), anna.seesAndHears()]);

  await plugIn(anna.page, "camera");
  await elapsed(1000);
  const { decoded } = await bert.flow();
  await elapsed(1000);
  assert.equal((await bert.flow()).decoded, decoded, "no camera goes on by itself");
  await anna.press("call.cameraOn");
  await bert.seesAndHears();
  await anna.miss("desk.camera.gone");
});

story(stage, "another camera is chosen in its place", async () => {
  await anna.press("call.more");
  await anna.press("call.devices");
  await anna.choose("fake_device_2");
  await anna.putAway("desk.title");
  await bert.seesAndHears();
  assert.equal(await anna.sent("video"), "fake_device_2");
  await unplug(anna.page, "camera");
  await anna.see("desk.camera.gone");
  await plugIn(anna.page, "camera");
  await anna.press("call.more");
  await anna.press("call.devices");
  await anna.choose("fake_device_0");
  await anna.putAway("desk.title");
  await bert.seesAndHears();
  assert.equal(await anna.sent("video"), "fake_device_0");
  await hangUp(anna, bert);
});

for (const media of ["video", "voice"] as const) {
  story(stage, `the microphone is unplugged in a ${media} call: its owner is told`, async () => {
    const answer = media === "video" ? "incoming.acceptVideo" : "incoming.accept";
    await connect([anna, bert], () => anna.call(media), answer);
    await Promise.all([anna.hears(), bert.hears()]);
    await unplug(anna.page, "microphone");
    await anna.see("desk.microphone.gone");
    await anna.hears();
    // The call stands, and nobody is told of a broken connection.
    const end = performance.now() + CALM_S * 1000;
    await until("calm", async () => {
      for (const person of [anna, bert]) {
        const shown = await person.shown();
        assert.ok(!shown.includes(person.words("call.reconnecting")), "nothing broke");
      }
      return performance.now() > end;
    });
    assert.ok(await bert.hearsNothing(1.5), "nothing of her is heard");
    await plugIn(anna.page, "microphone");
    await anna.press("call.unmute");
    await bert.hears();
    await anna.miss("desk.microphone.gone");
    await hangUp(anna, bert);
  });
}
