/**
 * The network goes away in a call and comes back, in time or too late. Anna's browser has a host and
 * a cable of its own, which is cut: the relay and the server are out of her reach. Bert's is whole.
 */

import assert from "node:assert/strict";
import { after, before, type TestContext } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { type Cut, Host } from "./host.ts";
import { hangUp, pair, talk } from "./pair.ts";
import type { Person } from "./person.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

/**
 * Seconds that a network is away: longer than the silence after which a call counts as lost. Behind a
 * cut that nobody sees, long enough for what is sent again to have come to long pauses.
 */
const AWAY_S = { pulled: 6, silent: 15, relay: 6 } as const;
/** Seconds for both pages to say that they reconnect, and for pictures to come again after the cut. */
const TELL_S = 20;
const RETURN_S = 20;
/** Seconds after which a call that does not come back is over on both sides. */
const OVER_S = 60;

const stage = new Stage();
let host: Host;
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  host = await Host.make(stage);
  const away = { name: "away", kind: "chromium", program: host.chromium } as const;
  [anna, bert] = await pair(stage, away, "firefox");
});
after(async () => {
  await stage.close();
  await host?.close();
});

/** What happens between a cut and its end, in seconds: said by both, and both see and hear again. */
async function away(
  context: TestContext,
  seconds: number,
  cut: () => void,
  mend: () => void,
): Promise<void> {
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  cut();
  const told = Promise.all(
    [anna, bert].map(async (person) => {
      await person.see("call.reconnecting", {}, TELL_S);
      return since();
    }),
  );
  try {
    const [annaTold, bertTold] = await told;
    await elapsed(Math.max(0, seconds - since()) * 1000);
    context.diagnostic(`reconnecting: ${annaTold?.toFixed(1)} s, ${bertTold?.toFixed(1)} s`);
  } finally {
    mend();
  }
  const mended = since();
  await Promise.all([anna.seesAndHears(5), bert.seesAndHears(5)]);
  const back = since() - mended;
  context.diagnostic(`back: ${back.toFixed(1)} s after the network`);
  assert.ok(back < RETURN_S, `they see each other only ${back} s after the network came back`);
  await Promise.all([anna.miss("call.reconnecting"), bert.miss("call.reconnecting")]);
}

for (const how of ["silent", "pulled"] satisfies readonly Cut[]) {
  story(stage, `a call survives a network that is ${how}`, async (context) => {
    await talk(anna, bert);
    await away(
      context,
      AWAY_S[how],
      () => host.cut(how),
      () => host.mend(how),
    );
    await hangUp(anna, bert);
  });
}

story(stage, "a call survives a relay that stands still", async (context) => {
  await talk(anna, bert);
  const relay = stage.relayPid;
  await away(
    context,
    AWAY_S.relay,
    () => process.kill(relay, "SIGSTOP"),
    () => process.kill(relay, "SIGCONT"),
  );
  await hangUp(anna, bert);
});

story(
  stage,
  "a call whose network stays away ends in plain words on both sides",
  async (context) => {
    await talk(anna, bert);
    const began = performance.now();
    host.cut("silent");
    try {
      const over = [anna, bert].map(async (person) => {
        await person.see("ended.lost", {}, OVER_S);
        return ((performance.now() - began) / 1000).toFixed(1);
      });
      context.diagnostic(`over: ${(await Promise.all(over)).join(" s, ")} s`);
      assert.ok((performance.now() - began) / 1000 > 30, "30 s were to be waited for");
    } finally {
      host.mend("silent");
    }
    for (const person of [anna, bert]) {
      const { packetsSent } = await person.flow();
      assert.equal(packetsSent, 0, "no connection is left");
    }
    // It was the network, not the device: they can call again.
    await bert.press("do.done");
    await anna.press("ended.again");
    await bert.press("incoming.acceptVideo");
    await anna.press("call.cameraOn"); // off until it is wanted
    await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
    await anna.press("call.hangUp");
    await bert.see("ended.title");
    assert.deepEqual(bert.complaints, []);
  },
);
