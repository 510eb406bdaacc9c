/** A page that is reloaded in the middle of a call goes on with it: nobody dials again (CK-380, CK-381). */

import { describe, expect, it } from "vitest";
import type { Call } from "../../client/calls.ts";
import type { Media } from "../../core/call_effects.ts";
import { ALL_RING, MayGo, type Rules } from "../../core/contact_rules.ts";
import { Path } from "../../core/content_records.ts";
import { Code } from "../../core/errors.ts";
import { CallId } from "../../core/ids.ts";
import { type Device, play, type World } from "./call_world.ts";

const DIRECT: Rules = { ...ALL_RING, path: MayGo.DIRECT };

/** `placed` calls `answers`; returns once both hear each other. */
async function talk(w: World, placed: string, answers: string): Promise<readonly [Call, Call]> {
  const call = await w.device(placed).call();
  const theirs = await w.device(answers).accept(await w.device(answers).rings());
  await Promise.all([call.connected(), theirs.connected()]);
  return [call, theirs];
}

function again(device: Device, call: CallId, media: Media = "video"): Promise<Call> {
  const terms = { ...device.media(), leaveNoTrace: true, again: call };
  return device.service.call(device.seam.contact, media, terms);
}

describe("a page that was reloaded", () => {
  it.each([
    ["anna1", "ben1"],
    ["ben1", "anna1"],
  ])("in a call that %s placed comes back, at once or after the silence was noticed", (a, b) =>
    play(async (w) => {
      const [, theirs] = await talk(w, a, b);
      const old = theirs.id;
      const words = await theirs.sas();
      const [rung, opened] = [w.device(b).rung.length, w.device(b).ends.length];
      for (const wait of [1, 8]) {
        const device = await w.reload(a);
        await w.clock.wait(wait);
        expect(theirs.state).toBe(wait > 3 ? "reconnecting" : "in_call");
        const call = await again(device, theirs.id);
        await call.connected();
        await w.clock.until(() => theirs.state === "in_call");
        expect([call.media, theirs.media]).toEqual(["video", "video"]);
        const { framesDecoded } = theirs.stats();
        await w.clock.wait(5);
        expect(theirs.stats().framesDecoded).toBeGreaterThan(framesDecoded + 5);
        expect(await call.sas()).toBe(theirs.security().words);
      }
      expect(theirs.security().words).not.toBe(words);
      expect(theirs.id).not.toEqual(old);
      // The other person tapped nothing, and no device of theirs was opened anew.
      expect([w.device(b).rung.length, w.device(b).ends.length]).toEqual([rung, opened]);
      await theirs.hangUp();
    })(),
  );

  it.each([
    ["anna1", "ben1"],
    ["ben1", "anna1"],
  ])("begins over the relay again, though the call that %s placed went direct (CK-384)", (a, b) =>
    play(async (w) => {
      for (const name of [a, b]) w.device(name).seam.rules = DIRECT;
      const [placed, theirs] = await talk(w, a, b);
      await w.clock.until(() => placed.path === "direct" && theirs.path === "direct");
      const made = w.relay.made.length;
      const device = await w.reload(a);
      device.seam.rules = ALL_RING; // Taken back meanwhile.
      const call = await again(device, theirs.id);
      await call.connected();
      await w.clock.until(() => theirs.state === "in_call");
      await w.clock.wait(6);
      expect(w.relay.made.slice(made).map(({ relayOnly }) => relayOnly)).toEqual([true, true]);
      expect([call.path, theirs.path]).toEqual(["relayed", "relayed"]);
      // What was allowed and said in the old call counts for nothing in the new one.
      const relayOnly = { ours: Path.RELAYED, theirs: Path.RELAYED, taken: Path.RELAYED };
      const said = {
        a: { ...relayOnly, theirs: Path.DIRECT },
        b: { ...relayOnly, ours: Path.DIRECT },
      };
      expect(w.shell(a).state).toMatchObject({ kind: "inCall", paths: said.a });
      expect(w.shell(b).state).toMatchObject({ kind: "inCall", paths: said.b });
      // Allowed anew, it goes direct as any other call.
      device.seam.decide(DIRECT);
      await w.clock.until(() => call.path === "direct" && theirs.path === "direct");
      await call.hangUp();
    })(),
  );

  it(
    "rings no sibling of either side",
    play(
      async (w) => {
        const [, theirs] = await talk(w, "anna1", "ben1");
        const device = await w.reload("anna1");
        const call = await again(device, theirs.id);
        await call.connected();
        await w.clock.wait(2);
        expect(w.device("ben2").rung).toHaveLength(1); // The first ring, which ben1 answered.
        expect(w.device("anna2").rung).toEqual([]);
        expect(w.device("ben2").dropped(Code.UNEXPECTED)).toBeGreaterThan(0);
        await call.hangUp();
        expect(await theirs.ended()).toBe("hung_up_there");
        expect(w.device("ben2").missed).toEqual([]);
      },
      { annas: 2, bens: 2 },
    ),
  );

  it(
    "at both ends at once comes back as one call",
    play(async (w) => {
      const [, theirs] = await talk(w, "anna1", "ben1");
      const old = theirs.id;
      const [anna, ben] = [await w.reload("anna1"), await w.reload("ben1")];
      const [one, other] = await Promise.all([again(anna, old), again(ben, old)]);
      await Promise.all([one.connected(), other.connected()]);
      expect(await one.sas()).toBe(await other.sas());
      await one.hangUp();
    }),
  );

  it(
    "comes back to a voice call without turning a camera on",
    play(async (w) => {
      const call = await w.device("anna1").call("video");
      const ringing = await w.device("ben1").rings();
      const theirs = await w.device("ben1").accept(ringing, "voice");
      await Promise.all([call.connected(), theirs.connected()]);
      const back = await again(await w.reload("anna1"), theirs.id, "video");
      await back.connected();
      expect([back.media, theirs.media]).toEqual(["voice", "voice"]);
      await back.hangUp();
    }),
  );
});

describe("who asks to go on rings nobody", () => {
  it(
    "when the other one has hung up meanwhile, and leaves no mark",
    play(async (w) => {
      const [, theirs] = await talk(w, "anna1", "ben1");
      const [id, ben] = [theirs.id, w.device("ben1")];
      const device = await w.reload("anna1");
      await theirs.hangUp();
      const sent = ben.toContact.length;
      const call = await again(device, id);
      expect(await call.ended()).toBe("no_answer");
      expect(ben.toContact).toHaveLength(sent);
      expect([ben.rung.length, ben.missed.length]).toEqual([1, 0]);
    }),
  );

  it(
    "from another device of theirs, or with another call",
    play(
      async (w) => {
        const [call, theirs] = await talk(w, "anna1", "ben1");
        const sent = w.device("ben1").toContact.length;
        const other = await again(w.device("anna2"), theirs.id);
        expect(await other.ended()).toBe("no_answer");
        const strange = await again(w.device("anna2"), new CallId(new Uint8Array(16)));
        expect(await strange.ended()).toBe("no_answer");
        expect([call.state, theirs.state]).toEqual(["in_call", "in_call"]);
        expect(w.device("ben1").rung).toHaveLength(1);
        expect(w.device("ben1").missed).toEqual([]);
        expect(w.device("ben1").toContact).toHaveLength(sent);
        await call.hangUp();
      },
      { annas: 2 },
    ),
  );
});
