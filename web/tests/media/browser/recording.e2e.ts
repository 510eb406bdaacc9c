/** A call of two that is recorded in Chromium: by the product's worker, recorder and store. */

import assert from "node:assert/strict";
import { connect, elapsed, key, seenAndHeard, until } from "./harness.ts";
import type { Tests } from "./tests.ts";

const RECORDED_S = 8;
/** Of them there has to be as much, milliseconds: a picture begins with a key frame. */
const ENOUGH_MS = 5_000;

export const tests: Tests = {
  "a call is recorded: it proves itself, plays, and who takes it back is out": async (bench) => {
    const { ends } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await connect(bench, "a", "b");
    await key(ends, "a", "b");
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    await ends.do("record", "a", 1);
    await elapsed(RECORDED_S * 1000);
    const recorded = await ends.do("endRecording", "a");
    const { failed, ok, lengths, played, left, bytes } = recorded;
    assert.equal(failed, false);
    assert.equal(ok, true);
    assert.deepEqual(Object.keys(lengths).sort(), [
      "them audio",
      "them video",
      "you audio",
      "you video",
    ]);
    for (const [track, length] of Object.entries(lengths)) {
      assert.ok(length > ENOUGH_MS, `${track}: ${length} ms`);
    }
    assert.ok(played.soundS > ENOUGH_MS / 1000, `${played.soundS} s of sound`);
    assert.ok(played.loudest > 0.01, "the beep of a fake microphone");
    assert.ok(played.width > 0 && played.at > 0.5, "pictures that play");
    assert.deepEqual(left, ["you"]);
    const [both = 0, one = 0] = bytes;
    assert.ok(one > 0 && one < both, `${bytes}`);
    return recorded;
  },

  "a screen that is shared in the camera's place is recorded by a yes to it alone": async (
    bench,
  ) => {
    const { ends } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await connect(bench, "a", "b");
    await key(ends, "a", "b");
    const [, before] = await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    await ends.do("share", "a");
    await until("a screen", async () => (await ends.do("rtp", "b")).width !== before.width);
    const tracksOf = async (kinds: readonly ("audio" | "video" | "screen")[]) => {
      await ends.do("record", "b", 0, kinds);
      await elapsed(RECORDED_S * 1000);
      const { failed, ok, lengths } = await ends.do("endRecording", "b");
      assert.deepEqual([failed, ok], [false, true]);
      return Object.keys(lengths).sort();
    };
    const sound = ["them audio", "you audio"];
    assert.deepEqual(await tracksOf(["audio", "screen"]), [sound[0], "them screen", sound[1]]);
    assert.deepEqual(await tracksOf(["audio", "video"]), [...sound, "you video"]);
    return { width: before.width };
  },
};
