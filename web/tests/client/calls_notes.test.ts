/** What a device notes of its calls once they are over, and of which it notes nothing. */

import { describe, expect, it } from "vitest";
import { type Beginning, CallNotes } from "../../client/call_notes.ts";
import type { Call } from "../../client/calls.ts";
import { equal } from "../../core/bytes.ts";
import { Direction, Outcome, Quality, Via } from "../../core/call_entry.ts";
import { Media } from "../../core/content_records.ts";
import { AccountId, CallId, random } from "../../core/ids.ts";
import { SUITE_ID } from "../../core/mls/index.ts";
import { NOW, rng } from "./call_seam.ts";
import { play, type World } from "./call_world.ts";

const noted = (w: World, name: string) => w.device(name).seam.noted.map(({ entry }) => entry);

/** `placed` calls `answers`; returns once both hear each other. */
async function talk(w: World, placed: string, answers: string): Promise<readonly [Call, Call]> {
  const call = await w.device(placed).call();
  const theirs = await w.device(answers).accept(await w.device(answers).rings());
  await Promise.all([call.connected(), theirs.connected()]);
  return [call, theirs];
}

describe("a call that was talked in", () => {
  it(
    "is noted at both ends, with what each saw",
    play(async (w) => {
      w.device("anna1").seam.verified = true;
      const began = w.device("anna1").seam.now();
      const [call, theirs] = await talk(w, "anna1", "ben1");
      const id = call.id;
      expect([noted(w, "anna1"), noted(w, "ben1")]).toEqual([[], []]);
      await w.clock.wait(75);
      await call.hangUp();
      await theirs.ended();
      await w.clock.wait(1);
      const [ours] = noted(w, "anna1");
      expect(ours).toMatchObject({
        call: id,
        members: [w.device("anna1").seam.contact],
        direction: Direction.OUTGOING,
        media: Media.VIDEO,
        outcome: Outcome.ANSWERED,
        verified: true,
        recorded: false,
        via: Via.RELAYED,
        suite: SUITE_ID,
      });
      expect(ours?.seconds).toBeGreaterThanOrEqual(74);
      expect(ours?.seconds).toBeLessThanOrEqual(77);
      expect(ours?.at).toBe(began);
      const [other] = noted(w, "ben1");
      expect(other).toMatchObject({ call: id, direction: Direction.INCOMING, verified: false });
      expect([noted(w, "anna1").length, noted(w, "ben1").length]).toEqual([1, 1]);
    }),
  );

  it(
    "and is confidential, leaves nothing at either end",
    play(async (w) => {
      const { seam, service } = w.device("anna1");
      seam.verified = true;
      const terms = { ...w.device("anna1").media(), confidential: true };
      const call = await service.call(seam.contact, Media.VOICE, terms);
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await Promise.all([call.connected(), theirs.connected()]);
      await call.hangUp();
      await theirs.ended();
      await w.clock.wait(1);
      expect([noted(w, "anna1"), noted(w, "ben1")]).toEqual([[], []]);
    }),
  );

  it(
    "and of which the person wanted no trace, leaves none with them",
    play(async (w) => {
      const { seam, service } = w.device("anna1");
      const terms = { ...w.device("anna1").media(), leaveNoTrace: true };
      const call = await service.call(seam.contact, Media.VOICE, terms);
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await Promise.all([call.connected(), theirs.connected()]);
      await call.hangUp();
      await theirs.ended();
      await w.clock.wait(1);
      expect([noted(w, "anna1").length, noted(w, "ben1").length]).toEqual([0, 1]);
    }),
  );

  it(
    "is one with what it goes on with after a reload, at both ends",
    play(async (w) => {
      const began = w.device("ben1").seam.now();
      const [, theirs] = await talk(w, "anna1", "ben1");
      const first = theirs.id;
      await w.clock.wait(20);
      const anna = await w.reload("anna1");
      const terms = { ...anna.media(), again: first };
      const back = await anna.service.call(anna.seam.contact, Media.VIDEO, terms);
      await back.connected();
      expect(equal(back.id, first)).toBe(false);
      // A page that is reloaded once more says which call the history has.
      expect([back.notedAs, theirs.notedAs]).toEqual([first, first]);
      await w.clock.wait(10);
      await back.hangUp();
      await theirs.ended();
      await w.clock.wait(1);
      const [ours, ...more] = anna.seam.noted;
      expect([ours?.goesOn, more]).toEqual([first, []]);
      expect(ours?.entry.seconds).toBeLessThan(15);
      // At the other end nothing ended: it is the call it was.
      const [other, ...others] = w.device("ben1").seam.noted;
      expect(other).toMatchObject({ entry: { call: first, at: began }, goesOn: null });
      expect(other?.entry.seconds).toBeGreaterThanOrEqual(30);
      expect(others).toEqual([]);
    }),
  );

  it(
    "that nobody takes up again after a reload, is noted once",
    play(async (w) => {
      const [, theirs] = await talk(w, "anna1", "ben1");
      const first = theirs.id;
      const anna = await w.reload("anna1");
      await theirs.hangUp();
      const terms = { ...anna.media(), again: first };
      const back = await anna.service.call(anna.seam.contact, Media.VIDEO, terms);
      expect(await back.ended()).toBe("no_answer");
      await w.clock.wait(1);
      expect(anna.seam.noted).toEqual([]); // what was before, the page noted when it came back
      expect(noted(w, "ben1")).toMatchObject([{ call: first, outcome: Outcome.ANSWERED }]);
      expect(w.device("ben1").missed).toEqual([]);
    }),
  );
});

describe("a call that came to nothing", () => {
  it(
    "is unanswered at one end, and missed at the other",
    play(async (w) => {
      const call = await w.device("anna1").call(Media.VOICE);
      const ringing = await w.device("ben1").rings();
      await call.hangUp();
      await ringing.ended();
      await w.clock.wait(1);
      const nothing = { seconds: 0, via: Via.NONE, quality: Quality.UNKNOWN, suite: 0 };
      const { VOICE: media } = Media;
      expect(noted(w, "anna1")).toMatchObject([
        { direction: Direction.OUTGOING, outcome: Outcome.UNANSWERED, media, ...nothing },
      ]);
      expect(noted(w, "ben1")).toMatchObject([
        { direction: Direction.INCOMING, outcome: Outcome.MISSED, media, ...nothing },
      ]);
    }),
  );

  it(
    "is declined where it was, and unanswered to who called: they learn nothing",
    play(async (w) => {
      const call = await w.device("anna1").call();
      await (await w.device("ben1").rings()).decline();
      await call.ended();
      await w.clock.wait(1);
      expect(noted(w, "anna1")).toMatchObject([{ outcome: Outcome.UNANSWERED }]);
      expect(noted(w, "ben1")).toMatchObject([{ outcome: Outcome.DECLINED }]);
    }),
  );

  it(
    "was answered on another device of ours, which notes it",
    play(
      async (w) => {
        const [call] = await talk(w, "anna1", "ben1");
        await w.device("ben2").rings();
        await call.hangUp();
        await w.clock.wait(5);
        expect([noted(w, "ben1").length, noted(w, "ben2")]).toEqual([1, []]);
      },
      { bens: 2 },
    ),
  );

  it.each([
    [true, ["call.missed"]],
    [false, []],
  ])("leaves a missed call there: %s, as the person wants (R-02)", (tells, left) =>
    play(async (w) => {
      w.device("anna1").seam.tells = tells;
      const call = await w.device("anna1").call();
      await w.device("ben1").rings();
      await call.hangUp();
      await w.clock.wait(1);
      const said = w.device("anna1").toContact.filter((label) => label === "call.missed");
      expect(said).toEqual(left);
      expect(noted(w, "anna1")).toHaveLength(1); // here it is kept all the same
    })(),
  );

  it(
    "because the other one was talking, is noted as missed there",
    play(
      async (w) => {
        const [call] = await talk(w, "anna1", "ben1");
        const second = await w.device("anna2").call();
        await w.clock.wait(3);
        expect(noted(w, "ben1")).toMatchObject([
          { call: second.id, outcome: Outcome.MISSED, direction: Direction.INCOMING },
        ]);
        await second.hangUp();
        await call.hangUp();
      },
      { annas: 2 },
    ),
  );
});

describe("what it went like", () => {
  const beginning: Beginning = { outgoing: true, again: null };
  const over = (rttMs: number | undefined, endReason = "hung_up", wasConnected = true) => {
    const found: { quality: Quality; outcome: Outcome }[] = [];
    const notes = new CallNotes({
      isVerified: () => false,
      now: () => NOW,
      noteCall: async ({ quality, outcome }) => void found.push({ quality, outcome }),
    });
    const id = random(CallId, rng);
    const call = { contact: random(AccountId, rng), rttMs, endReason, wasConnected };
    const recording = { wasRecorded: false };
    const rest = { leavesNoTrace: false, notedMedia: Media.VOICE, seconds: 1, path: "direct" };
    notes.begins(id, beginning);
    notes.over(id, { ...call, ...rest, recording } as Call);
    notes.over(id, { ...call, ...rest, recording } as Call); // it is noted once
    return found;
  };

  it.each([
    [undefined, Quality.UNKNOWN],
    [300, Quality.GOOD],
    [301, Quality.FAIR],
    [701, Quality.POOR],
  ])("is told by the last round trip: %s ms", (rttMs, quality) => {
    expect(over(rttMs)).toEqual([{ quality, outcome: Outcome.ANSWERED }]);
  });

  it.each([
    ["failed", [Outcome.FAILED]],
    ["no_answer", [Outcome.UNANSWERED]],
    ["gave_way", []],
    ["answered_elsewhere", []],
  ])("is told by its end, if nobody heard anybody: %s", (reason, outcomes) => {
    expect(over(100, reason, false).map(({ outcome }) => outcome)).toEqual(outcomes);
  });
});
