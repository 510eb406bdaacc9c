/**
 * Until a person accepts, their browser gives nothing away and opens nothing: no
 * connection, no candidate, no question to the relay, no camera or microphone, and to its own server
 * nothing but the fixed acknowledgement that every envelope gets, of which the caller learns nothing.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { hangUp, pair } from "./pair.ts";
import type { Person } from "./person.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";
import { lines, Wire } from "./wire.ts";

const stage = new Stage();
let anna: Person;
let bert: Person;
before(async () => {
  await stage.startServer();
  [anna, bert] = await pair(stage, "chromium", "chromium");
});
after(() => stage.close());

/** One byte, and the random id that its own server gave the delivery. */
const ACKNOWLEDGEMENT = "out /v1/receive 17";

/** As long as one may go on tapping at what stood there before. */
const LATE_MS = 250;

/** How long it rings before it is answered: anything that were to leave would have left. */
const RINGING_MS = 6000;

story(stage, "a phone that rings is silent, and one that was answered is not", async () => {
  const wire = await Wire.of(bert.page);
  assert.deepEqual(await anna.asked(), [], "nobody is asked for a device before they want to call");
  await elapsed(RINGING_MS); // What a fresh page does by itself is over.

  const mark = wire.mark;
  await anna.call("video");
  await bert.see("incoming.acceptVideo");
  await elapsed(RINGING_MS);
  const ringing = wire.since(mark);
  const [came, acknowledged] = ringing;
  assert.deepEqual([came?.way, came?.path], ["in", "/v1/receive"], "the invite came");
  assert.equal(acknowledged && lines([acknowledged])[0], ACKNOWLEDGEMENT);
  assert.equal(ringing.length, 2, `and nothing else came or went: ${lines(ringing)}`);
  assert.deepEqual(await bert.asked(), [], "no camera, no microphone");
  const silent = await bert.flow();
  assert.deepEqual([silent.connections, silent.candidates, silent.packetsSent], [0, 0, 0]);
  const calling = await anna.flow();
  assert.equal(calling.packetsSent, 0, "and no picture or sound leaves the caller");

  const answered = wire.mark;
  await bert.press("incoming.acceptVideo");
  await bert.seesAndHears();
  // The control: all of it is there now.
  const sent = wire.since(answered).filter(({ way }) => way === "out");
  assert.ok(
    sent.some(({ path }) => path === "/v1/send"),
    String(lines(sent)),
  );
  assert.ok(
    sent.some(({ path }) => path === "/v1/turn"),
    String(lines(sent)),
  );
  assert.deepEqual([...new Set(await bert.asked())].sort(), ["audio", "video"]);
  const flow = await bert.flow();
  assert.ok(flow.connections > 0 && flow.candidates > 0 && flow.packetsSent > 0);
  await hangUp(anna, bert);
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});

/** When what can be answered came up on the page, by the page's own clock: how long ago. */
function upFor(person: Person): Promise<number | undefined> {
  return person.page.evaluate(() => {
    const page = globalThis as unknown as { cameUp?: number };
    return page.cameUp === undefined ? undefined : performance.now() - page.cameUp;
  });
}

story(stage, "a tap that was meant for what stood there before answers nothing", async () => {
  // Where the buttons will be: from a call that is let ring, on the same page.
  await anna.call("video");
  const button = await until("a way to answer", () =>
    bert.page.evaluate((label) => {
      const buttons = [
        ...document.querySelectorAll<HTMLElement>(".ring-actions:not([inert]) button"),
      ];
      const box = buttons.find((one) => one.innerText === label)?.getBoundingClientRect();
      return box && { x: box.x + box.width / 2, y: box.y + box.width / 2 };
    }, bert.words("incoming.acceptVideo")),
  );
  await anna.press("call.cancel");
  await anna.press("do.done");
  await bert.miss("incoming.acceptVideo");

  await bert.page.evaluate(() => {
    const page = globalThis as unknown as { cameUp?: number; tapped: number };
    page.tapped = 0;
    new MutationObserver(() => {
      if (document.querySelector(".ring-actions") !== null) page.cameUp ??= performance.now();
    }).observe(document.body, { childList: true, subtree: true });
    const count = () => {
      if (page.cameUp !== undefined) page.tapped += 1;
    };
    addEventListener("pointerdown", count, { capture: true });
  });
  await anna.call("video");
  await until("a call that came up under a tap", async () => {
    const since = await upFor(bert);
    if (since === undefined || since < LATE_MS) await bert.page.mouse.click(button.x, button.y);
    return since !== undefined && since >= LATE_MS;
  });
  const tapped = await bert.page.evaluate(
    () => (globalThis as unknown as { tapped: number }).tapped,
  );
  assert.ok(tapped > 0, "control: it was tapped while it rang");
  await elapsed(1000);
  assert.ok(await bert.offers("incoming.acceptVideo"), "it still rings");
  await bert.press("incoming.acceptVideo");
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  await hangUp(anna, bert);
});
