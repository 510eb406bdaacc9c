/** Real-time text in calls, on a virtual clock: who sees what, when, and what is left (twin: `tests/scenario/test_call_text.py`). */

import { describe, expect, it, test, vi } from "vitest";
import { CallText } from "../../client/call_text.ts";
import type { Call } from "../../client/calls.ts";
import type { Bytes } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { BLOCK_EVERY_S } from "../../core/realtime_text.ts";
import { play, type World } from "./call_world.ts";

async function talk(w: World): Promise<readonly [Call, Call]> {
  const call = await w.device("anna1").call("voice");
  const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
  await Promise.all([call.connected(), theirs.connected()]);
  return [call, theirs];
}

const written = (call: Call, who: string) =>
  call.text.view.lines.filter((line) => line.who === who).map((line) => line.text);

describe("the text of a call", () => {
  it(
    "shows each letter on the other screen within half a second",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      for (const letter of "Good day\nhow") {
        call.text.type(letter);
        const typed = w.clock.now;
        const [lines, line] = [written(call, "own").length, call.text.view.own];
        await w.clock.until(
          () => theirs.text.view.lines.length === lines && theirs.text.view.theirs === line,
        );
        expect(w.clock.now - typed).toBeLessThanOrEqual(2 * BLOCK_EVERY_S);
      }
      expect(written(theirs, "theirs")).toEqual(["Good day"]);
      expect(theirs.text.view).toMatchObject({ isOpen: false, isOpenThere: true, theirs: "how" });
    }),
  );

  it(
    "sends nothing before it is opened, and then always as much",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      const blocks = () => w.relay.made.map((media) => media.blocks);
      await w.clock.wait(5);
      expect(blocks()).toEqual([0, 0]);
      theirs.text.open();
      await w.clock.wait(5);
      const idle = blocks();
      expect(Math.min(...idle)).toBeGreaterThanOrEqual(19);
      call.text.type("x".repeat(300));
      await w.clock.wait(5);
      expect(blocks()).toEqual(idle.map((count) => count + 20));
      call.text.close();
      theirs.text.close();
      await w.clock.wait(5);
      const closed = blocks();
      await w.clock.wait(5);
      expect(blocks()).toEqual(closed);
    }),
  );

  it(
    "is not lost with the path",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      call.text.type("before, ");
      await w.clock.until(() => call.text.waiting === 0);
      w.relay.stop();
      call.text.type("during, ");
      call.text.erase(2);
      await w.clock.wait(4);
      expect(theirs.text.view.theirs).toBe("before, ");
      w.relay.running = true;
      await w.clock.until(() => call.state === "in_call" && theirs.state === "in_call");
      await w.clock.until(() => call.text.waiting === 0);
      expect(theirs.text.view.theirs).toBe("before, during");
    }),
  );

  it(
    "is gone with the keys",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      call.text.type("one\ntwo");
      await w.clock.until(() => call.text.waiting === 0);
      expect(written(theirs, "theirs")).toEqual(["one"]);
      await call.hangUp();
      await theirs.ended();
      for (const { text } of [call, theirs]) {
        expect(text.view).toMatchObject({ lines: [], own: "", theirs: "", isOpen: false });
        expect(() => text.type("too late")).toThrow("CK-698");
        expect(() => text.open()).toThrow(UsageError);
      }
    }),
  );

  it(
    "goes on with the call that stands after a glare",
    play(async (w) => {
      const calls = await Promise.all([w.device("anna1").call(), w.device("ben1").call()]);
      await Promise.all(calls.map((call) => call.connected()));
      const [one, other] = calls;
      one.text.type("it is ");
      other.text.type("me");
      await w.clock.until(() => one.text.waiting === 0 && other.text.waiting === 0);
      expect([one.text.view.theirs, other.text.view.theirs]).toEqual(["me", "it is "]);
    }),
  );
});

test("a page is told of changes, and of nothing else", () => {
  const told = vi.fn();
  const [text, other] = [new CallText(told), new CallText(() => {})];
  text.open();
  text.open();
  expect(told).toHaveBeenCalledTimes(1);
  const view = text.view;
  other.open();
  const pass = () => text.receive(other.nextBlock() as Bytes);
  pass();
  expect(told).toHaveBeenCalledTimes(2);
  pass();
  pass();
  expect(told).toHaveBeenCalledTimes(2);
  expect(view.isOpenThere).toBe(false);
  text.rewrite("I wnat");
  text.rewrite("I want");
  expect(text.view.own).toBe("I want");
  expect(told).toHaveBeenCalledTimes(4);
});
