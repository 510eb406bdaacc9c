/** Who does not seal with the call's keys is named by the others in Chromium, and heard by nobody. */

import assert from "node:assert/strict";
import { type Call, type Figures, inCall, SLOW_S } from "./group.e2e.ts";
import { until } from "./harness.ts";
import type { Tests } from "./tests.ts";

/** Wait until all of these say that nothing opens of those, and of nobody else. */
async function allName(call: Call, leaves: readonly number[], named: readonly number[]) {
  let seen: Figures[] = [];
  await until(
    `${named} named by ${leaves}`,
    async () => {
      seen = await Promise.all(leaves.map((leaf) => call.figures(leaf)));
      return seen.every(({ unopened }) => String(unopened) === String(named));
    },
    SLOW_S,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; ${JSON.stringify(seen)}`);
  });
}

/** How much of a member opened at these, so far. */
function openedOf(call: Call, liar: number, leaves: readonly number[]) {
  return Promise.all(
    leaves.map(async (leaf) => new Map((await call.figures(leaf)).opened).get(liar)),
  );
}

export const tests: Tests = {
  "who seals with another key is named, by mesh and by the SFU": inCall(
    { sfu: true },
    async (call) => {
      await call.come([0, 1, 2]);
      await call.everybodyFlows();
      await allName(call, [0, 1, 2], []);
      call.liar = 1;
      await call.epoch([0, 1, 2]);
      await allName(call, [0, 2], [1]);
      const before = await openedOf(call, 1, [0, 2]);
      // The others hear each other, and whoever lies hears them and accuses nobody.
      await call.flows(0, [2]);
      await call.flows(2, [0]);
      await call.flows(1, [0, 2]);
      await allName(call, [1], []);
      assert.deepEqual(await openedOf(call, 1, [0, 2]), before, "nothing of it opened");

      await call.come([3]);
      await call.allBy("sfu");
      await call.flows(3, [0, 2]);
      await allName(call, [0, 2, 3], [1]);
      await allName(call, [1], []);
      assert.deepEqual(await openedOf(call, 1, [3]), [undefined]);
      // With the call's keys again nobody is accused.
      call.liar = undefined;
      await call.epoch([0, 1, 2, 3]);
      await call.everybodyFlows();
      await allName(call, [0, 1, 2, 3], []);
      return { before };
    },
  ),
};
