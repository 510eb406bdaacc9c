/** Recording a call of two, with both yes: asked, agreed to, refused and taken back over the call group. */

import { describe, expect, it } from "vitest";
import { SAY_TWICE_S } from "../../client/call_consents.ts";
import type { Call } from "../../client/calls.ts";
import { encodeInCall } from "../../core/content.ts";
import type { RecordingSaid } from "../../core/content_recording.ts";
import { Code } from "../../core/errors.ts";
import { play, type World } from "./call_world.ts";
import { TERMS } from "./recording_fakes.ts";

const BOTH = ["audio", "video"];

/** Anna calls Ben, and both hear each other. */
async function talking(w: World, confidential = false): Promise<readonly [Call, Call]> {
  const [anna, ben] = [w.device("anna1"), w.device("ben1")];
  anna.seam.verified = confidential;
  const ends = anna.media();
  const call = await anna.service.call(anna.seam.contact, "video", { ...ends, confidential });
  const theirs = await ben.accept(await ben.rings());
  await Promise.all([call.firstFrame(), theirs.firstFrame()]);
  return [call, theirs];
}

const shown = (call: Call) => call.recording.recorded.flatMap(({ kinds }) => kinds);

/** Return the request that is to be answered. */
function requestOf({ recording }: Call): string {
  const open = recording.requests.find(({ answer }) => answer === null);
  if (open === undefined) throw new Error("nothing is asked");
  return open.id;
}

async function agreed(w: World, asker: Call, other: Call): Promise<string> {
  const id = await asker.recording.ask(TERMS);
  await w.clock.wait(1);
  await other.recording.agree(requestOf(other), TERMS.kinds, false);
  await w.clock.wait(1);
  return id;
}

describe("a call of two", () => {
  it(
    "is recorded with the other's yes, by either side, until it is taken back",
    play(async (w) => {
      const [call, theirs] = await talking(w);
      expect([call.recording.mayNotAsk, theirs.recording.mayNotAsk]).toEqual([null, null]);
      const id = await agreed(w, call, theirs);
      expect([shown(call), shown(theirs)]).toEqual([BOTH, BOTH]);
      expect(theirs.recording.recorded).toMatchObject([{ id, by: "anna", own: false }]);
      expect(call.recording.own?.answers).toMatchObject([{ name: "ben", answer: "given" }]);
      expect(w.device("anna1").recorder.shares.size).toBe(2);
      let told = 0;
      call.subscribe(() => {
        told += 1;
      });
      await theirs.recording.withdraw(id);
      await w.clock.wait(1);
      expect([shown(call), shown(theirs)]).toEqual([[], []]);
      expect(told).toBeGreaterThan(0);
      expect(w.shares.lying.size).toBe(1);
      // The callee may ask as well.
      await agreed(w, theirs, call);
      expect(call.recording.recorded).toMatchObject([{ by: "ben", own: false }]);
      await call.hangUp();
      await theirs.ended();
      await w.clock.wait(1);
      const noted = ["anna1", "ben1"].flatMap((name) => w.device(name).seam.noted);
      expect(noted.map(({ entry }) => entry.recorded)).toEqual([true, true]);
      expect([shown(call), shown(theirs), w.device("ben1").recorder.kinds.size]).toEqual([
        [],
        [],
        0,
      ]);
      expect(call.recording.mayNotAsk).toBe("unable");
    }),
  );

  it(
    "goes on after a no",
    play(async (w) => {
      const [call, theirs] = await talking(w);
      await call.recording.ask(TERMS);
      await w.clock.wait(1);
      await theirs.recording.refuse(requestOf(theirs));
      await w.clock.wait(1);
      expect(call.recording.ended).toMatchObject([{ own: true, reason: "refused", by: "ben" }]);
      expect([call.state, theirs.state, shown(call)]).toEqual(["in_call", "in_call", []]);
      await call.hangUp();
      await theirs.ended();
      await w.clock.wait(1);
      const noted = ["anna1", "ben1"].flatMap((name) => w.device(name).seam.noted);
      expect(noted.map(({ entry }) => entry.recorded)).toEqual([false, false]);
    }),
  );

  it(
    "holds the callee until it knows that nothing is asked, and nobody else",
    play(async (w) => {
      await (await talking(w))[0].hangUp();
      const used = w.relay.made.filter(({ isUsed }) => isUsed).map(({ keys }) => keys);
      expect(used.map(({ holds, held }) => [holds, held]).sort()).toEqual([
        [0, false],
        [1, false],
      ]);
    }),
  );

  it(
    "cannot be asked for where somebody is never to be recorded",
    play(async (w) => {
      w.device("ben1").never = true;
      const [call, theirs] = await talking(w);
      expect([call.recording.mayNotAsk, theirs.recording.mayNotAsk]).toEqual(["never", "never"]);
      expect(call.recording.neverNames).toEqual(["ben"]);
      await expect(call.recording.ask(TERMS)).rejects.toMatchObject({ code: Code.CONFLICT });
      await call.hangUp();
    }),
  );

  it(
    "nor in a confidential call",
    play(async (w) => {
      const [call, theirs] = await talking(w, true);
      const why = [call, theirs].map(({ recording }) => recording.mayNotAsk);
      expect(why).toEqual(["confidential", "confidential"]);
      await call.hangUp();
    }),
  );

  it(
    "goes on being recorded over a new transport and fresh keys",
    play(async (w) => {
      const [call, theirs] = await talking(w);
      await agreed(w, call, theirs);
      const epoch = call.security().epoch;
      for (let times = 0; times < 3; times++) {
        for (const media of w.relay.made) media.lose();
        await w.clock.wait(15);
      }
      expect(call.security().epoch).not.toBe(epoch);
      expect([call.state, shown(call), shown(theirs)]).toEqual(["in_call", BOTH, BOTH]);
      await call.hangUp();
    }),
  );

  it(
    "and a word that is lost is said again",
    play(
      async (w) => {
        const [call, theirs] = await talking(w);
        const id = await agreed(w, call, theirs);
        isLossy = true;
        await theirs.recording.withdraw(id);
        await w.clock.wait(SAY_TWICE_S - 1);
        isLossy = false;
        expect(shown(call)).toEqual(BOTH); // She could not know.
        await w.clock.wait(3);
        expect([shown(call), w.device("anna1").recorder.kinds.size]).toEqual([[], 0]);
        await call.hangUp();
      },
      { rule: ({ label }) => (isLossy && label === "ben group" ? "lost" : undefined) },
    ),
  );

  it(
    "drops what the other repeats of somebody else, and of themselves",
    play(async (w) => {
      const [call, theirs] = await talking(w);
      await agreed(w, call, theirs);
      const own = w.shell("anna1");
      const before = shown(call);
      const said: RecordingSaid = {
        kind: "recording.said",
        statement: new Uint8Array(300),
        slot: null,
        read: null,
      };
      expect(encodeInCall(said).length).toBeGreaterThan(300);
      await w.shell("ben1").tell(said);
      await w.clock.wait(1);
      expect([shown(call), call.state, own.refusal]).toEqual([before, "in_call", undefined]);
      await call.hangUp();
      expect(call.endCode).toBeUndefined();
    }),
  );
});

/** Whether what Ben says in the call group is lost. */
let isLossy = false;
