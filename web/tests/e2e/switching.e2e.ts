/** In a call: what muting does and does not change, and another camera. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { connect, pair } from "./pair.ts";
import type { Person } from "./person.ts";
import { CAMERAS, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** Seconds after which nothing is left in a buffer. */
const DRAINED_S = 6;

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  [anna, bert] = await pair(stage, CAMERAS, CAMERAS);
});
after(() => stage.close());

/** Sound packets of a person in a second, and the bytes of each. */
async function cadence(person: Person): Promise<{ perSecond: number; bytes: number }> {
  const before = await person.flow();
  const began = performance.now();
  await elapsed(3000);
  const now = await person.flow();
  const packets = now.audioSent - before.audioSent;
  const seconds = (performance.now() - began) / 1000;
  return { perSecond: packets / seconds, bytes: (now.audioBytes - before.audioBytes) / packets };
}

story(stage, "muted before the call, she is not heard in it until she unmutes", async () => {
  const dial = async () => {
    await anna.press("thread.video");
    await anna.press("preview.turnOn");
    await anna.press("call.mute");
    await anna.see("call.muted");
    await anna.press("preview.video");
  };
  await connect([anna, bert], dial, "incoming.acceptVideo");
  await Promise.all([anna.seesAndHears(), bert.sees()]);
  assert.equal(await anna.offers("call.unmute"), true, "the page says that she is muted");
  assert.ok(await bert.hearsNothing(3), "and nobody hears her");
  await anna.press("call.unmute");
  await bert.hears();
});

story(
  stage,
  "R-34: muted, the same packets go at the same rate, with silence in them",
  async (context) => {
    const spoken = await cadence(anna);
    await anna.press("call.mute");
    // What was on its way, and in the buffer of whoever hears it, is played to its end.
    await until("silence", () => bert.hearsNothing(1), DRAINED_S);
    const [muted, isSilent] = await Promise.all([cadence(anna), bert.hearsNothing(3)]);
    assert.ok(isSilent, "nothing is heard");
    context.diagnostic(`spoken ${JSON.stringify(spoken)}, muted ${JSON.stringify(muted)}`);
    assert.ok(muted.perSecond > 0.8 * spoken.perSecond, "packets go on");
    assert.ok(muted.perSecond < 1.2 * spoken.perSecond, "and no more of them");
    assert.equal(muted.bytes, spoken.bytes, "each as long as before");
    await anna.press("call.unmute");
    await bert.hears();
  },
);

story(stage, "her own picture, and another camera: pictures go on", async () => {
  const own = await anna.page.$eval(
    ".self video",
    (video) => (video as HTMLVideoElement).videoWidth,
  );
  assert.ok(own > 0, "she sees herself");
  assert.equal(await anna.sent("video"), "fake_device_0");
  await anna.press("call.more");
  await anna.press("call.devices");
  await anna.choose("fake_device_2");
  await anna.putAway("desk.title");
  await bert.seesAndHears();
  assert.equal(await anna.sent("video"), "fake_device_2");
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});
