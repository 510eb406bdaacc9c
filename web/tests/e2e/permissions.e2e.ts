/**
 * Camera or microphone not allowed: the page says so and what to do, a call goes on without a
 * picture, and without a microphone no call begins that would only look like one.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import type { Permission } from "puppeteer-core";
import { connect, hangUp, join, pair } from "./pair.ts";
import { Person } from "./person.ts";
import { type Setting, Stage } from "./stage.ts";
import { story } from "./story.ts";

/** Firefox: nobody is asked, everything is refused. */
const REFUSING: Setting = {
  name: "refusing",
  kind: "firefox",
  prefs: {
    "media.navigator.permission.disabled": false,
    "permissions.default.camera": 2,
    "permissions.default.microphone": 2,
  },
};

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  [anna, bert] = await pair(stage, "chromium", "chromium");
});
after(() => stage.close());

/** Let a person's page use this and nothing else. */
async function allow(person: Person, ...permissions: Permission[]): Promise<void> {
  await person.page.browserContext().overridePermissions(stage.origin, permissions);
}

story(
  stage,
  "without leave for the camera they call all the same, heard and not seen",
  async () => {
    await allow(anna, "microphone");
    const dial = async () => {
      await anna.press("thread.video");
      await anna.press("preview.turnOn");
      await anna.see("desk.camera.denied");
      await anna.press("preview.video");
      await bert.see("incoming.video");
    };
    await connect([anna, bert], dial, "incoming.acceptVideo");
    await anna.seesAndHears();
    await bert.hears();
    await bert.read(bert.words("call.noPicture").trim());
    assert.equal((await bert.flow()).decoded, 0, "no picture of hers was sent");

    // Told again where they look for it, and once allowed it works without a new call.
    await anna.press("call.cameraOn");
    await anna.putAway("desk.title");
    await anna.see("desk.camera.denied");
    await allow(anna, "microphone", "camera");
    await anna.press("call.cameraOn");
    await bert.seesAndHears();
    await anna.press("call.hangUp");
    await bert.see("ended.title");
    await anna.press("do.done");
    await bert.press("do.done");
  },
);

story(stage, "a callee without leave for the camera accepts a video call", async () => {
  await allow(bert, "microphone");
  await connect([anna, bert], () => anna.call("video"), "incoming.acceptVideo");
  await bert.seesAndHears();
  await anna.hears();
  await bert.see("desk.camera.denied");
  await hangUp(anna, bert);
});

story(stage, "without leave for the microphone no call begins, and none is accepted", async () => {
  const [made, accepted] = await Promise.all([anna.flow(), bert.flow()]);
  await allow(anna);
  await anna.press("thread.voice");
  await anna.see("desk.microphone.denied");
  await anna.press("preview.voice");
  await anna.see("error.no_device");
  await elapsed(2000);
  assert.equal((await anna.flow()).connections, made.connections, "no call was made");
  assert.ok(!(await bert.shown()).includes(bert.words("incoming.voice")), "nothing rang");
  await allow(anna, "microphone");
  await anna.press("preview.voice");
  await bert.see("incoming.voice");

  await allow(bert);
  await bert.press("incoming.accept");
  await bert.see("desk.microphone.denied");
  await bert.see("incoming.voice");
  assert.equal((await bert.flow()).connections, accepted.connections, "nothing was accepted");
  await allow(bert, "microphone");
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  await hangUp(anna, bert);
});

story(stage, "Firefox says so too", async () => {
  const carl = await Person.signUp(stage, REFUSING, "carl");
  await join(carl, anna);
  await carl.page.goto(stage.origin);
  await carl.openThread("anna");
  await carl.press("thread.video");
  await carl.see("desk.microphone.denied");
  await carl.press("preview.turnOn");
  await carl.see("desk.camera.denied");
  await carl.press("preview.video");
  await carl.see("error.no_device");
  assert.deepEqual([...anna.complaints, ...bert.complaints, ...carl.complaints], []);
});
