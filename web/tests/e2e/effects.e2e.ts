/**
 * Blurred backgrounds and filtered noise, as people have them: switched on before a call, in it, kept
 * for the next, failing closed, without a network, and without asking anybody else.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before } from "node:test";
import { type Look, look, requestsIn, writeCamera } from "./effects_stage.ts";
import { meet, Person } from "./person.ts";
import { ORIGIN, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** A wall or an eye is sharp above one and blurred below the other. */
const SHARP = 90;
const BLURRED = 40;
const MIRROR = ".mirror video";
const REMOTE = "video.remote";

const stage = new Stage();
const camera = join(stage.folder, "person.y4m");
const record = join(stage.folder, "requests.json");
before(async () => {
  writeCamera(camera);
  stage.chromiumFlags.push(`--use-file-for-fake-video-capture=${camera}`);
  stage.chromiumFlags.push(`--log-net-log=${record}`);
  await stage.startServer();
});
after(() => stage.close());

const isClear = ({ wall, face }: Look) => wall > SHARP && face > SHARP;
const isBlurred = ({ wall, face }: Look) => wall < BLURRED && face > SHARP;

/** Wait for a picture of which something is true. */
async function sees(person: Person, selector: string, what: string, is: (seen: Look) => boolean) {
  let last: Look | undefined;
  await until(what, async () => {
    last = await look(person.page, selector);
    return last && is(last);
  }).catch(async (error: Error) => {
    const text = await person.page.evaluate(() => document.body.innerText.slice(-900));
    const told = `${JSON.stringify(last)}\non the page: ${text}\n${person.complaints.join("\n")}`;
    throw new Error(`${error.message}: ${told}`);
  });
}

const OURS = /MediaStreamAudioDestinationNode/;

/**
 * Wait until the sound that goes out is our filter's. Where the audio thread takes longer to begin
 * than the page waits, it says so and the browser filters: then it is switched off and on again.
 */
async function sendsFiltered(person: Person): Promise<void> {
  let last = "";
  for (let attempt = 0; attempt < 5; attempt++) {
    const isOurs = async () => {
      last = (await person.sent("audio")) ?? "";
      return OURS.test(last);
    };
    if (await until("filtered sound", isOurs, 30).catch(() => false)) return;
    await inDevices(person, "effect.noise");
    await inDevices(person, "effect.noise");
  }
  const text = await person.page.evaluate(() => document.body.innerText.slice(-600));
  throw new Error(`no filtered sound, but ${last}: ${text}\n${person.complaints.join("\n")}`);
}

function effectFiles(person: Person): Promise<string[]> {
  return person.page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .map(({ name }) => name)
      .filter((name) => /tflite|rnnoise|blur|noise/.test(name)),
  );
}

async function inDevices(person: Person, key: "effect.blur" | "effect.noise"): Promise<void> {
  await person.press("call.more");
  await person.press("call.devices");
  await person.press(key);
  await person.page.keyboard.press("Escape");
}

story(stage, "blur and filter, before a call, in it, and in the next", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  await meet(anna, bert);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");

  // Before the call: clear at first, then not; and only then is what blurs loaded.
  await anna.press("thread.video");
  await anna.press("preview.turnOn");
  await sees(anna, MIRROR, "a clear picture", isClear);
  assert.deepEqual(await effectFiles(anna), []);
  await anna.press("effect.blur");
  await sees(anna, MIRROR, "a blurred wall", isBlurred);
  await anna.press("effect.noise");
  await until("the filter", async () => (await effectFiles(anna)).some((f) => /rnnoise/.test(f)));

  // In the call: the other side gets what the mirror showed.
  await anna.press("preview.video");
  await bert.press("incoming.acceptVideo");
  await sees(bert, REMOTE, "a blurred wall there", isBlurred);
  await sendsFiltered(anna);
  await inDevices(anna, "effect.blur");
  await sees(bert, REMOTE, "a clear picture there", isClear);
  await inDevices(anna, "effect.blur");
  await sees(bert, REMOTE, "a blurred wall again", isBlurred);
  await inDevices(anna, "effect.noise");
  await until("the microphone itself", async () => {
    const sound = await anna.sent("audio");
    return sound !== undefined && !OURS.test(sound);
  });
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  await inDevices(anna, "effect.noise");
  await sendsFiltered(anna);
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);

  // It fails closed: no clear picture follows when the worker dies, and words say so.
  const workers = anna.page.workers().filter((one) => /blur_worker/.test(one.url()));
  assert.equal(workers.length, 1);
  let seen = 0;
  const watching = setInterval(() => {
    void look(bert.page, REMOTE).then((now) => {
      if (now && isClear(now)) seen++;
    });
  }, 100);
  await workers[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error("the worker dies");
    });
  });
  await anna.see("desk.camera.blur");
  await bert.see("call.noPicture", { name: "anna" }, 30).catch(async () => {
    await bert.read("sends no picture");
  });
  clearInterval(watching);
  assert.equal(seen, 0, "a clear picture got out");
  assert.deepEqual(
    anna.complaints.filter((line) => !line.includes("the worker dies")),
    [],
  );
  await anna.press("call.hangUp");
  await bert.see("ended.title");

  // Remembered; and what was loaded once works without a server.
  await stage.killServer();
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  await anna.press("thread.video");
  await anna.press("preview.turnOn");
  await sees(anna, MIRROR, "a blurred wall, offline", isBlurred);
  await stage.startServer();
  await anna.leave();
  await bert.leave();
});

story(stage, "in Firefox too, where pictures go through a canvas", async () => {
  const clara = await Person.signUp(stage, "firefox", "clara");
  const david = await Person.signUp(stage, "chromium", "david");
  await meet(clara, david);
  await david.read("clara");
  await clara.page.goto(stage.origin);
  await clara.openThread("david");
  await clara.press("thread.video");
  await clara.press("preview.turnOn");
  await clara.press("effect.blur");
  await clara.press("effect.noise");
  await clara.press("preview.video");
  await david.press("incoming.acceptVideo");
  await Promise.all([clara.seesAndHears(), david.seesAndHears()]);
  assert.equal(await clara.sent("video"), "", "a canvas, which Firefox gives no name");
  await inDevices(clara, "effect.blur");
  await until("the camera itself", async () => (await clara.sent("video")) !== "");
  await david.sees();
  assert.deepEqual([...clara.complaints, ...david.complaints], []);
  await clara.press("call.hangUp");
  await david.see("ended.title");
});

story(stage, "nobody else was asked for anything", async () => {
  await stage.closeBrowsers();
  const asked = requestsIn(record, ORIGIN);
  assert.ok(
    asked.some((url) => url.endsWith(".tflite")),
    "control: the record has what workers ask for",
  );
  const ours = [ORIGIN, ORIGIN.replace("http", "ws")];
  assert.deepEqual(
    asked.filter((url) => !ours.some((origin) => url.startsWith(`${origin}/`))),
    [],
  );
});
