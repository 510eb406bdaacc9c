/**
 * Until a person accepts, their browser gives nothing away and opens nothing: no
 * connection, no candidate, no question to the relay, no camera or microphone, and to its own server
 * nothing but the fixed acknowledgement that every envelope gets, of which the caller learns nothing.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { meet, Person } from "./person.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";
import { lines, Wire } from "./wire.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

/** One byte, and the random id that its own server gave the delivery. */
const ACKNOWLEDGEMENT = "out /v1/receive 17";

/** How long it rings before it is answered: anything that were to leave would have left. */
const RINGING_MS = 6000;

story(stage, "a phone that rings is silent, and one that was answered is not", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  await meet(anna, bert);
  await bert.read("anna");
  const wire = await Wire.of(bert.page);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
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
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});
