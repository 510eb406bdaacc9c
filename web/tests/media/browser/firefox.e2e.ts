/** Calls between Firefox and Chromium, and Firefox and Python, where Firefox is installed. */

import assert from "node:assert/strict";
import { type Bench, connect, key, seenAndHeard, until } from "./harness.ts";
import type { Tests } from "./tests.ts";

/** A call between Firefox and Chromium in which both see and hear. */
function call(firefoxCalls: boolean) {
  return async (bench: Bench): Promise<Record<string, unknown>> => {
    const { ends } = bench;
    if (!ends.hasFirefox) return { skipped: "firefox-esr is not installed" };
    const [caller, callee] = firefoxCalls ? ["firefox", "a"] : ["a", "firefox"];
    await ends.do("make", caller, true);
    await ends.do("make", callee, true);
    await key(ends, caller, callee);
    await connect(bench, caller, callee);
    const rtp = {
      chromium: await seenAndHeard(ends, "a"),
      firefox: await seenAndHeard(ends, "firefox"),
    };
    const [a, firefox] = [await ends.do("stats", "a"), await ends.do("stats", "firefox")];
    for (const stats of [a, firefox]) {
      assert.equal(stats.path, "relayed");
      assert.equal(stats.decryptFailures, 0);
      assert.equal(stats.sizes.length, 1, `audio sizes ${stats.sizes}`);
    }
    return { rtp, a, firefox };
  };
}

export const tests: Tests = {
  "Firefox calls Chromium": call(true),

  "Chromium calls Firefox": call(false),

  "before the keys Firefox sends nothing, and with them the picture comes": async (bench) => {
    const { ends } = bench;
    if (!ends.hasFirefox) return { skipped: "firefox-esr is not installed" };
    await ends.do("make", "firefox", true);
    await ends.do("make", "a", true);
    await connect(bench, "firefox", "a");
    await until("frames that were dropped", async () => {
      return (await ends.do("stats", "firefox")).encryptRefusals > 100;
    });
    const before = await ends.do("rtp", "firefox");
    assert.equal(before.audioSent + before.videoSent, 0);
    const keyedAt = Date.now();
    await key(ends, "firefox", "a");
    await Promise.all([seenAndHeard(ends, "a", 1), seenAndHeard(ends, "firefox", 1)]);
    return { before, pictureAfterMs: Date.now() - keyedAt };
  },

  "the relay dies under a call of Firefox, and it comes back": async (bench) => {
    const { ends, relay } = bench;
    if (!ends.hasFirefox) return { skipped: "firefox-esr is not installed" };
    await ends.do("make", "firefox", true);
    await ends.do("make", "a", true);
    await key(ends, "firefox", "a");
    await connect(bench, "firefox", "a");
    await seenAndHeard(ends, "firefox");
    const killedAt = Date.now();
    await relay.kill();
    await until("lost", async () => (await ends.do("events", "firefox")).includes("lost"));
    const lostMs = Date.now() - killedAt;
    await relay.start();
    await Promise.all([ends.do("restart", "a"), ends.do("restart", "firefox")]);
    await connect(bench, "a", "firefox");
    await Promise.all([seenAndHeard(ends, "a", 1), seenAndHeard(ends, "firefox", 1)]);
    return { lostMs, pictureMs: Date.now() - killedAt };
  },

  // What a browser is asked of a connection that closes meanwhile it may never answer. In Firefox the
  // call's end waited for its figures; in Chromium all that a call does stood behind a candidate.
  "what is asked of a connection that is made anew or ends is over with it": async (bench) => {
    const { ends } = bench;
    if (!ends.hasFirefox) return { skipped: "firefox-esr is not installed" };
    for (const how of ["restart", "close"] as const) {
      for (const what of ["figures", "candidates"] as const) {
        await ends.do("make", "firefox", true);
        await ends.do("make", "a", true);
        await key(ends, "firefox", "a");
        await connect(bench, "firefox", "a");
        for (const name of ["firefox", "a"]) {
          assert.equal(
            await ends.do("asItEnds", name, what, how),
            true,
            `${name}: ${what}, ${how}`,
          );
        }
      }
    }
    return {};
  },
};
