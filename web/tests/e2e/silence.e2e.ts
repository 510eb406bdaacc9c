/**
 * To the caller, a decline, a phone that nobody hears and one that is busy are one thing: the same
 * frames, of the same sizes, in the same order, and none from the other side (CK-350).
 *
 * Measured at both browsers, from Chromium's own network log. "At the same time" is not measured with
 * a stopwatch: nothing comes to the caller's browser between its invite and its own deadline, so there
 * is nothing that could be early or late.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { meet, Person } from "./person.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";
import { lines, type Piece, Wire } from "./wire.ts";

const stage = new Stage();
let anna: Person;
let bert: Person;
let carl: Person;
let annasWire: Wire;
let bertsWire: Wire;

before(async () => {
  await stage.startServer();
  anna = await Person.signUp(stage, "chromium", "anna");
  bert = await Person.signUp(stage, "chromium", "bert");
  carl = await Person.signUp(stage, "chromium", "carl");
  await meet(anna, bert);
  await bert.read("anna");
  await meet(carl, bert);
  await bert.read("carl");
  annasWire = await Wire.of(anna.page);
  bertsWire = await Wire.of(bert.page);
  await bert.page.goto(stage.origin);
  await bert.openThread("carl");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
});
after(() => stage.close());

/** Both ends are done with an unanswered call: it was rung, taken back, and noted as missed. */
const TO_THE_CALLEE = 3;

/** An answer that somebody gives away comes sooner than this after the end. */
const AFTER_MS = 500;

/** What went by at both ends, and what the caller read, when a call was not answered. */
type Unanswered = Readonly<{
  caller: readonly Piece[];
  callee: readonly Piece[];
  shown: string;
}>;

/** Anna calls; `meanwhile` is what Bert does; nobody answers. */
async function call(meanwhile: () => Promise<void>): Promise<Unanswered> {
  const [here, there] = [annasWire.mark, bertsWire.mark];
  await anna.call("voice");
  await anna.see("call.calling");
  await meanwhile();
  await anna.see("ended.no_answer");
  const shown = await anna.page.evaluate(
    () => document.querySelector<HTMLElement>(".over-body")?.innerText ?? "",
  );
  // Its last word is that they missed a call; it is waited for where it is read and acknowledged, and
  // then a little, for whatever should not follow.
  await until("the note of a missed call, acknowledged", async () => {
    const went = bertsWire.since(there);
    return [inward(went), outward(went)].every((way) => way.length >= TO_THE_CALLEE);
  });
  await elapsed(AFTER_MS);
  const callee = bertsWire.since(there);
  // While it rings, the caller looks for a relay now and then, by its own clock.
  const caller = annasWire.since(here).filter(({ path }) => path !== "/v1/turn");
  await anna.press("do.done");
  return { caller, callee, shown };
}

const outward = (pieces: readonly Piece[]) => lines(pieces.filter(({ way }) => way === "out"));
const inward = (pieces: readonly Piece[]) => lines(pieces.filter(({ way }) => way === "in"));

story(stage, "declined, unheard and busy look alike, and words do not", async () => {
  const ignored = await call(async () => {
    await bert.see("incoming.decline");
  });
  // The measure itself: an invite at the start, the caller's own last words at its own deadline, and
  // nothing in between.
  const [invite, taken, cancel] = ignored.caller;
  assert.ok(invite && taken && cancel, String(lines(ignored.caller)));
  assert.deepEqual([invite.way, taken.way, cancel.way], ["out", "in", "out"]);
  assert.deepEqual([invite.path, taken.path, cancel.path], ["/v1/send", "/v1/send", "/v1/send"]);
  assert.ok(cancel.at - invite.at > 44, `the caller's own deadline: ${cancel.at - invite.at} s`);
  const received = ignored.caller.filter(({ path }) => path === "/v1/receive");
  assert.deepEqual(lines(received), [], "nothing came to the caller's mailbox");
  assert.deepEqual(await bert.asked(), []);

  const declined = await call(() => bert.press("incoming.decline"));
  assert.deepEqual(lines(declined.caller), lines(ignored.caller), "at the caller, byte for byte");
  assert.equal(declined.shown, ignored.shown, "and to the caller's eyes");
  assert.deepEqual(outward(declined.callee), outward(ignored.callee), "at the callee's network");
  assert.equal(inward(declined.callee).length, inward(ignored.callee).length);

  await bert.call("voice");
  await carl.press("incoming.accept");
  await Promise.all([carl.hears(), bert.hears()]);
  const busy = await call(async () => {
    await elapsed(3000);
    const rings = (await bert.shown()).includes(bert.words("incoming.decline"));
    assert.equal(rings, false, "who is in a call is not rung");
  });
  assert.deepEqual(lines(busy.caller), lines(ignored.caller), "busy, at the caller");
  assert.equal(busy.shown, ignored.shown);
  assert.deepEqual(outward(busy.callee), outward(ignored.callee), "busy, at the callee's network");
  await carl.press("call.hangUp");
  await bert.see("ended.title");
  await bert.press("do.done");

  // The controls: what is measured would show an answer.
  const mark = annasWire.mark;
  await anna.call("voice");
  await bert.press("incoming.words");
  await bert.press("incoming.words.later");
  const came = () => inward(annasWire.since(mark)).filter((line) => line.includes("/v1/receive"));
  await until("the words", async () => came().length > 0);
  assert.equal(came().length, 1, String(came()));
  await anna.press("call.cancel");
  await anna.press("do.done");
  await anna.read(bert.words("incoming.words.later"));
  const again = annasWire.mark;
  await anna.call("voice");
  await bert.press("incoming.accept");
  await anna.hears();
  const answered = inward(annasWire.since(again)).filter((line) => line.includes("/v1/receive"));
  assert.ok(answered.length >= 3, `accept, ready, reveal: ${answered}`);
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  assert.deepEqual([...anna.complaints, ...bert.complaints, ...carl.complaints], []);
});
