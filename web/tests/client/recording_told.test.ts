/** Shares of those who agreed to what was then never recorded: deleted at once, if that is sure. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TERMS } from "./recording_fakes.ts";
import { kindsOf, type Member, Party } from "./recording_party.ts";
import { VirtualClock } from "./virtual_clock.ts";

let clock: VirtualClock;
let party: Party;
let anna: Member;
let ben: Member;
let carla: Member;

beforeEach(() => {
  clock = new VirtualClock();
  clock.install();
  party = new Party(clock);
});
afterEach(() => {
  for (const member of party.members) member.close();
  vi.unstubAllGlobals();
});

/** Play a story of three; Anna has asked, and Ben has said yes. */
async function play(story: (id: string) => Promise<void>): Promise<void> {
  await clock.run(
    (async () => {
      anna = await party.join("anna");
      ben = await party.join("ben");
      carla = await party.join("carla");
      await story(await oneAgreed());
    })(),
  );
  expect(party.failures).toEqual([]);
}

async function oneAgreed(): Promise<string> {
  const id = await anna.recording.ask(TERMS);
  await clock.wait(1);
  await ben.recording.agree(id, TERMS.kinds, false);
  await clock.wait(1);
  return id;
}

async function recorded(id: string): Promise<void> {
  await carla.recording.agree(id, TERMS.kinds, false);
  await clock.wait(1);
  expect(anna.recorder.kinds.size).toBe(2);
}

const lying = () => party.shares.lying.size;

describe("a share that nothing was sealed with", () => {
  it.each(["refused", "stopped"])("goes once it is over: %s", (how) =>
    play(async (id) => {
      expect(lying()).toBe(2);
      if (how === "refused") await carla.recording.refuse(id);
      else await anna.recording.stop();
      await clock.wait(1);
      expect(lying()).toBe(0);
      expect(await kindsOf(ben)).toEqual(["grant"]); // It is not taken back: nothing is left of it.
      // The next request has shares of its own, which stay.
      await recorded(await oneAgreed());
      await anna.recording.stop();
      await clock.wait(1);
      expect(lying()).toBe(3);
    }),
  );

  it("of who comes while it is asked goes, too", () =>
    play(async (id) => {
      const dora = await party.join("dora");
      await dora.recording.agree(id, TERMS.kinds, false);
      await clock.wait(1);
      expect(lying()).toBe(3);
      await carla.recording.refuse(id);
      await clock.wait(1);
      expect(lying()).toBe(0);
    }));
});

describe("a share stays", () => {
  it.each([
    ["stopped", 3],
    ["withdrawn", 2],
  ])("where something was recorded: %s", (how, count) =>
    play(async (id) => {
      await recorded(id);
      if (how === "stopped") await anna.recording.stop();
      else await carla.recording.withdraw(id);
      await clock.wait(1);
      expect(ben.shell.asks).toEqual([]);
      expect(lying()).toBe(count);
    }),
  );

  it("where that may have been missed, or the end", () =>
    play(async (id) => {
      party.loses = (_, to) => to === ben;
      await recorded(id);
      expect(ben.shown).toEqual([]);
      party.loses = () => false;
      await anna.recording.stop();
      await clock.wait(1);
      expect([ben.shell.asks, lying()]).toEqual([[], 3]);
      const next = await oneAgreed();
      party.loses = (_, to) => to === ben;
      await anna.recording.stop();
      await clock.wait(1);
      expect(ben.recording.requests).toMatchObject([{ id: next, answer: "given" }]);
      expect(lying()).toBe(4);
      await party.leave(ben);
      await clock.wait(1);
      expect(lying()).toBe(4);
    }));

  it("with who comes once something was recorded", () =>
    play(async (id) => {
      await recorded(id);
      const dora = await party.join("dora");
      const emil = await party.join("emil");
      await dora.recording.agree(id, TERMS.kinds, false);
      await clock.wait(1);
      await emil.recording.refuse(id);
      await clock.wait(1);
      expect(lying()).toBe(4);
    }));
});
