/** A device with no camera, and one with nothing at all: what can be done on it is offered, no more. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { connect, hangUp, join } from "./pair.ts";
import { Person } from "./person.ts";
import { type Setting, Stage } from "./stage.ts";
import { story } from "./story.ts";

/** The browser finds two microphones and no camera. */
const NO_CAMERA: Setting = { name: "no-camera", kind: "chromium", fakes: "device-count=0" };
/** The browser looks at the machine, where there is nothing. */
const NOTHING: Setting = { name: "nothing", kind: "chromium", fakes: false };

const stage = new Stage();
let anna: Person;
let bert: Person;
let carl: Person;

before(async () => {
  await stage.startServer();
  anna = await Person.signUp(stage, "chromium", "anna");
  bert = await Person.signUp(stage, NO_CAMERA, "bert");
  carl = await Person.signUp(stage, NOTHING, "carl");
  for (const guest of [bert, carl]) {
    await join(anna, guest);
    await anna.page.goto(stage.origin);
  }
  await anna.openThread("bert");
});
after(() => stage.close());

for (const answer of ["incoming.acceptVoice", "incoming.acceptVideo"] as const) {
  story(stage, `one without a camera answers a video call: ${answer}`, async () => {
    await connect([anna, bert], () => anna.call("video"), answer);
    await Promise.all([anna.hears(), bert.hears()]);
    if (answer === "incoming.acceptVideo") {
      // The lesser of the two: they see, and are not seen.
      await bert.seesAndHears();
      await bert.see("desk.camera.missing");
      await anna.read(anna.words("call.noPicture").trim());
    } else {
      // A voice call, for both: nobody's camera goes on.
      const offered = await anna.page.$$(`::-p-aria(${anna.words("call.cameraOff")})`);
      assert.equal(offered.length, 0);
      assert.equal((await bert.flow()).decoded, 0);
    }
    assert.equal((await anna.flow()).decoded, 0, "there is no picture of them");
    await hangUp(anna, bert);
  });
}

story(stage, "one with nothing cannot call and is told why", async () => {
  await carl.page.goto(stage.origin);
  await carl.openThread("anna");
  await carl.press("thread.voice");
  await carl.see("desk.microphone.missing");
  await carl.press("preview.voice");
  await carl.see("error.no_device");
  assert.equal((await carl.flow()).connections, 0);
  assert.deepEqual([...anna.complaints, ...bert.complaints, ...carl.complaints], []);
});
