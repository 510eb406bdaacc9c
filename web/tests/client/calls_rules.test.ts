/**
 * what a contact's rules let ring, and nothing else; to the caller it is silence (CK-370).
 *
 * "Nothing is sent" is counted in envelopes, beside a call that nobody answers; the control is a
 * callee that answers.
 */

import { describe, expect, test } from "vitest";
import { Media } from "../../core/call_effects.ts";
import { ALL_RING, hoursOn, type Rules } from "../../core/contact_rules.ts";
import { MayCall } from "../../core/content_records.ts";
import { AuthorizationError, Code, UsageError } from "../../core/errors.ts";
import { play, type World } from "./call_world.ts";

const OFFICE = [hoursOn([0, 1, 2, 3, 4], 540, 1080)];
const ALWAYS = { ...ALL_RING, calls: MayCall.VIDEO, hours: null };

type At = readonly [rules: Rules, weekday: number, minute: number];
const QUIET: Readonly<Record<string, At>> = {
  nothing: [{ ...ALL_RING, calls: MayCall.NOTHING, hours: null }, 0, 600],
  "out of hours": [{ ...ALL_RING, calls: MayCall.VIDEO, hours: OFFICE }, 0, 1300],
  "voice, out of hours": [{ ...ALL_RING, calls: MayCall.VOICE, hours: OFFICE }, 6, 600],
};

describe("what rings is the lesser of rule and offer (CK-369)", () => {
  for (const calls of Object.values(MayCall)) {
    for (const media of Object.values(Media)) {
      test(
        `${media}, may call: ${calls}`,
        play(async (w) => {
          const [anna, ben] = [w.device("anna1"), w.device("ben1")];
          ben.seam.rules = { ...ALL_RING, calls, hours: OFFICE };
          const call = await anna.call(media);
          if (calls === MayCall.NOTHING) {
            expect(await call.ended()).toBe("no_answer");
            expect(ben.rung).toEqual([]);
            return;
          }
          const ringing = await ben.rings();
          const isVoice = media === Media.VOICE || calls === MayCall.VOICE;
          const lesser = isVoice ? Media.VOICE : Media.VIDEO;
          expect(ringing.media).toBe(lesser);
          const theirs = await ben.accept(ringing, Media.VIDEO); // More than may be.
          await Promise.all([call.connected(), theirs.connected()]);
          expect([call.media, theirs.media]).toEqual([lesser, lesser]);
          expect(w.relay.made.map(({ video }) => video)).toEqual([!isVoice, !isVoice]);
          await call.hangUp();
        }),
      );
    }
  }
});

/** What the caller sent, what the callee sent, and how it ended. */
async function view(w: World, name: string) {
  const [anna, ben] = [w.device("anna1"), w.device("ben1")];
  const quiet = QUIET[name];
  if (quiet !== undefined) [ben.seam.rules, ben.seam.weekday, ben.seam.minute] = quiet;
  const started = w.clock.now;
  const call = await anna.call();
  if (name === "answered") {
    const theirs = await ben.accept(await ben.rings());
    await Promise.all([call.connected(), theirs.connected()]);
    await call.hangUp();
  }
  const end = await call.ended();
  const seconds = w.clock.now - started;
  await w.clock.wait(5);
  if (quiet !== undefined) {
    expect(ben.rung).toEqual([]);
    expect(ben.dropped(Code.REFUSED)).toBe(1);
    // What is left of it is the caller's own word, for the thread.
    expect(ben.missed.map(({ contactName, media }) => [contactName, media])).toEqual([
      ["anna", "video"],
    ]);
  }
  const sent = w.network.log.filter(({ from }) => from === "anna1");
  const envelopes = sent.map(({ label, size, sentAt }) => [label, size, sentAt - started]);
  return { envelopes, fromCallee: ben.toContact, end, seconds };
}

describe("a call that may not ring", () => {
  for (const name of Object.keys(QUIET)) {
    test(`rings nobody, and nothing is sent: ${name}`, async () => {
      const unanswered = await play((w) => view(w, "unanswered"))();
      const found = await play((w) => view(w, name))();
      expect(found).toEqual(unanswered);
      expect([found.fromCallee, found.end]).toEqual([[], "no_answer"]);
      const labels = found.envelopes.map(([label]) => label);
      expect(labels).toEqual(["call.invite", "call.cancel", "call.missed"]);
    });
  }

  test("the control: an answer is noticed", async () => {
    const answered = await play((w) => view(w, "answered"))();
    expect(answered.fromCallee).not.toEqual([]);
    expect(answered).not.toEqual(await play((w) => view(w, "unanswered"))());
  });

  test(
    "rings within its hours",
    play(async (w) => {
      const [rules] = QUIET["out of hours"] ?? [ALWAYS];
      w.device("ben1").seam.rules = rules;
      const call = await w.device("anna1").call();
      await w.device("ben1").rings();
      await call.hangUp();
    }),
  );

  test(
    "whom we are calling ourselves is met whatever the rules (P9)",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      anna.seam.rules = { ...ALL_RING, calls: MayCall.NOTHING, hours: null };
      ben.seam.rules = anna.seam.rules;
      const [ours, theirs] = [await anna.call(), await ben.call(Media.VOICE)];
      await Promise.all([ours.connected(), theirs.connected()]);
      expect([anna.rung, ben.rung]).toEqual([[], []]);
      expect([ours.media, theirs.media]).toEqual(["voice", "voice"]);
      await ours.hangUp();
      await theirs.ended();
      const again = await ben.call(Media.VOICE); // The control.
      expect(await again.ended()).toBe("no_answer");
      expect(anna.rung).toEqual([]);
    }),
  );
});

test(
  "before a block what is under way ends",
  play(
    async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call();
      await ben.rings();
      await ben.service.leave(ben.seam.contact);
      expect(ben.toContact).toEqual([]); // Not a word to who is blocked while they ring.
      expect(await call.ended()).toBe("no_answer");
      const again = await anna.call();
      const theirs = await ben.accept(await ben.rings(2));
      await theirs.connected();
      await ben.service.leave(ben.seam.account); // Somebody else: nothing happens.
      expect(theirs.state).toBe("in_call");
      await ben.service.leave(ben.seam.contact);
      expect(await theirs.ended()).toBe("hung_up");
      expect(await again.ended()).toBe("hung_up_there");
      await ben.service.leave(ben.seam.contact); // Nothing is under way.
    },
    { bens: 2 },
  ),
);

describe("a confidential call (CK-371)", () => {
  test(
    "is for verified contacts only, and leaves nothing",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const { contact } = anna.seam;
      const place = () =>
        anna.service.call(contact, Media.VOICE, { ...anna.media(), confidential: true });
      const refused = await place().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(AuthorizationError);
      if (!(refused instanceof AuthorizationError)) return;
      expect(refused.code).toBe(Code.NOT_VERIFIED);
      expect(refused.describe()).toContain("was not placed");
      expect([anna.toContact, anna.ends.map(({ closed }) => closed)]).toEqual([[], [1, 1]]);
      anna.seam.verified = true;
      const call = await place();
      expect(call.confidential).toBe(true);
      expect(anna.ends.map(({ mayShare }) => mayShare)).toEqual([true, true, false, true]);
      await ben.rings();
      expect(await call.ended()).toBe("no_answer");
      expect(anna.toContact).toEqual(["call.invite", "call.cancel"]);
      expect(ben.missed).toEqual([]);
      const plain = await anna.call(Media.VOICE); // The control.
      expect(plain.confidential).toBe(false);
      expect(await plain.ended()).toBe("no_answer");
      expect(anna.toContact.at(-1)).toBe("call.missed");
    }),
  );

  test(
    "is one at both ends, and the callee shares no screen either",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      anna.seam.verified = true;
      const options = { ...anna.media(), confidential: true };
      const ours = await anna.service.call(anna.seam.contact, Media.VIDEO, options);
      const ringing = await ben.rings();
      expect(ringing.confidential).toBe(true);
      const theirs = await ben.accept(ringing);
      await Promise.all([ours.connected(), theirs.connected()]);
      expect([ours.confidential, theirs.confidential]).toEqual([true, true]);
      expect(ben.ends.map(({ mayShare }) => mayShare)).toEqual([false, true]);
      await ours.hangUp();
      await theirs.ended();
      const plain = await anna.call(Media.VIDEO); // The control.
      const again = await ben.rings(2);
      expect(again.confidential).toBe(false);
      await plain.hangUp();
    }),
  );

  test(
    "leaves no note where it found somebody busy",
    play(
      async (w) => {
        const [anna, other, ben] = [w.device("anna1"), w.device("anna2"), w.device("ben1")];
        const underWay = await anna.call(Media.VOICE);
        await (await ben.accept(await ben.rings())).connected();
        other.seam.verified = true;
        const options = { ...other.media(), confidential: true };
        await (await other.service.call(other.seam.contact, Media.VOICE, options)).ended();
        expect(ben.missed).toEqual([]);
        await (await other.call(Media.VOICE)).ended(); // The control.
        expect(ben.missed.map(({ why }) => why)).toContain("busy");
        await underWay.hangUp();
      },
      { annas: 2 },
    ),
  );

  test(
    "needs a source that can promise to share no screen",
    play(async (w) => {
      const anna = w.device("anna1");
      anna.seam.verified = true;
      const { local, remote } = anna.media();
      const careless = {
        tracks: local.tracks,
        start: () => local.start(),
        onTracks: () => () => undefined,
        closeVideo: () => undefined,
        close: () => local.close(),
      };
      const options = { local: careless, remote, confidential: true };
      const placed = anna.service.call(anna.seam.contact, Media.VOICE, options);
      await expect(placed).rejects.toThrow(UsageError);
      expect(anna.toContact).toEqual([]);
    }),
  );
});
