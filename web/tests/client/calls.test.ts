/** Calls as stories: two people, several devices, one in-memory server, a virtual clock. */

import { describe, expect, it } from "vitest";
import type { Call } from "../../client/calls.ts";
import { LOOK_AFTER_S } from "../../client/relay_ahead.ts";
import { Code, UsageError } from "../../core/errors.ts";
import { Digest } from "../../core/ids.ts";
import { play, type World } from "./call_world.ts";

/** Anna calls Ben, who accepts; returns once both hear each other. */
async function talk(w: World): Promise<readonly [Call, Call]> {
  const call = await w.device("anna1").call();
  const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
  await Promise.all([call.connected(), theirs.connected()]);
  return [call, theirs];
}

describe("a call", () => {
  it(
    "goes from the first ring to the last key",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call("video");
      const ringing = await ben.rings();
      expect([ringing.contactName, ringing.media]).toEqual(["anna", "video"]);
      await w.clock.wait(LOOK_AFTER_S);
      expect(ben.toContact).toEqual([]);
      expect(w.turnAsked).toEqual(["anna1"]); // The caller, for itself.
      const theirs = await ben.accept(ringing);
      await Promise.all([call.connected(), theirs.connected()]);
      expect([call.state, theirs.state]).toEqual(["in_call", "in_call"]);
      expect([call.media, theirs.media]).toEqual(["video", "video"]);
      const words = await call.sas();
      expect(words).toBe(await theirs.sas());
      expect(words.split(" ")).toHaveLength(4);
      await Promise.all([call.firstFrame(), theirs.firstFrame()]);
      await w.clock.wait(10);
      expect(call.stats().framesDecoded).toBeGreaterThanOrEqual(15);
      for (const side of [call, theirs]) {
        expect(side.security()).toEqual({
          suite: "X-Wing, AES-256-GCM, SHA-384, Ed25519",
          epoch: 1,
          words,
          path: "relayed",
          roundTripMs: 42,
        });
      }
      // Each message once, and the caller's side sends seven envelopes at most (quota 10).
      expect(anna.toContact.sort()).toEqual(
        ["anna group", "anna group", "call.invite", "call.taken", "welcome.call"].sort(),
      );
      expect(ben.toContact.sort()).toEqual(
        ["ben group", "ben group", "ben group", "call.accept"].sort(),
      );
      expect(w.relay.made.every(({ keys }) => keys.canSend && keys.canReceive)).toBe(true);
      await call.hangUp();
      expect(await theirs.ended()).toBe("hung_up_there");
      expect(await call.ended()).toBe("hung_up");
      expect(w.relay.made.map((media) => media.undecodable)).toEqual([0, 0]);
      expect(call.state).toBe("ended");
      expect(call.stats().framesDecoded).toBeGreaterThan(0); // The last figures stay.
    }),
  );
});

describe("several devices", () => {
  it(
    "rings on two, one accepts, the other stops",
    play(
      async (w) => {
        const [ben1, ben2] = [w.device("ben1"), w.device("ben2")];
        const call = await w.device("anna1").call("voice");
        const [first, second] = [await ben1.rings(), await ben2.rings()];
        const theirs = await ben1.accept(first);
        expect(await second.ended()).toBe("answered_elsewhere");
        await Promise.all([call.connected(), theirs.connected()]);
        expect(ben2.toContact).toEqual([]);
        await expect(ben2.accept(second)).rejects.toMatchObject({ code: Code.NO_ANSWER });
        await theirs.hangUp();
        expect(await call.ended()).toBe("hung_up_there");
      },
      { bens: 2 },
    ),
  );

  it(
    "accept at once, and the caller is the arbiter",
    play(
      async (w) => {
        const [ben1, ben2] = [w.device("ben1"), w.device("ben2")];
        const call = await w.device("anna1").call();
        const rung = [await ben1.rings(), await ben2.rings()] as const;
        const theirs = await Promise.all([ben1.accept(rung[0]), ben2.accept(rung[1])]);
        await call.connected();
        await w.clock.until(() => theirs.some(({ state }) => state === "in_call"));
        // Whose accept came first is in the call, the other one was told.
        const ends = theirs.map((one) => one.endReason ?? one.state);
        expect(ends.sort()).toEqual(["answered_elsewhere", "in_call"]);
        await call.hangUp();
      },
      { bens: 2 },
    ),
  );

  it(
    "decline on one stops the other and tells the caller nothing",
    play(
      async (w) => {
        const [ben1, ben2] = [w.device("ben1"), w.device("ben2")];
        const call = await w.device("anna1").call();
        const [first, second] = [await ben1.rings(), await ben2.rings()];
        await first.decline();
        expect(await first.ended()).toBe("declined");
        expect(await second.ended()).toBe("declined_elsewhere");
        expect([...ben1.toContact, ...ben2.toContact]).toEqual([]);
        expect(call.state).toBe("calling");
        await expect(call.answered()).rejects.toMatchObject({ code: Code.NO_ANSWER });
        expect(await call.ended()).toBe("no_answer");
      },
      { bens: 2 },
    ),
  );
});

describe("no answer", () => {
  it(
    "the caller gives up",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call();
      const ringing = await ben.rings();
      await call.hangUp();
      expect(await call.ended()).toBe("cancelled");
      expect(await ringing.ended()).toBe("cancelled_there");
      await w.clock.wait(1);
      expect(anna.toContact).toEqual(["call.invite", "call.cancel", "call.missed"]);
      expect(ben.missed).toEqual([]); // Ben saw it ring; nothing more to tell.
    }),
  );

  it(
    "a device that comes back later learns of the call and does not ring",
    play(async (w) => {
      const ben = w.device("ben1");
      ben.seam.disconnect();
      const call = await w.device("anna1").call("voice");
      expect(await call.ended()).toBe("no_answer");
      await w.clock.wait(3600);
      ben.seam.connect();
      await w.clock.wait(1);
      expect(ben.rung).toEqual([]);
      const told = ben.missed.map(({ contactName, media, why }) => [contactName, media, why]);
      expect(told).toEqual([["anna", "voice", "away"]]);
    }),
  );

  it(
    "leaves no trace if the person wants none",
    play(async (w) => {
      const anna = w.device("anna1");
      const how = { ...anna.media(), leaveNoTrace: true };
      const call = await anna.service.call(anna.seam.contact, "voice", how);
      await w.device("ben1").rings();
      await call.ended();
      expect(anna.toContact).toEqual(["call.invite", "call.cancel"]);
    }),
  );

  it(
    "a contact that may not ring does not (CK-368)",
    play(async (w) => {
      const ben = w.device("ben1");
      ben.seam.may = false;
      const call = await w.device("anna1").call();
      expect(await call.ended()).toBe("no_answer");
      expect(ben.rung).toEqual([]);
      expect(ben.dropped(Code.REFUSED)).toBe(1);
      ben.seam.may = true; // The control.
      const again = await w.device("anna1").call();
      await ben.rings();
      await again.hangUp();
    }),
  );

  it(
    "busy is local",
    play(
      async (w) => {
        const ben = w.device("ben1");
        const [call] = await talk(w);
        const before = ben.toContact;
        const second = await w.device("anna2").call(); // Anna's other device calls the same Ben.
        await expect(ben.call()).rejects.toBeInstanceOf(UsageError);
        expect(await second.ended()).toBe("no_answer");
        expect(ben.toContact).toEqual(before);
        expect(ben.missed.map(({ why }) => why)).toEqual(["busy"]);
        expect(call.state).toBe("in_call");
        await call.hangUp();
      },
      { annas: 2 },
    ),
  );
});

describe("in a group call", () => {
  it(
    "nothing rings, and what came was missed; nobody can be called",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      ben.service.elsewhere = () => true;
      const call = await anna.call();
      expect(await call.ended()).toBe("no_answer");
      expect([ben.rung, ben.service.isLive]).toEqual([[], false]);
      expect(ben.missed.map(({ why }) => why)).toEqual(["busy"]);
      expect(ben.toContact).toEqual([]);
      await expect(ben.call()).rejects.toBeInstanceOf(UsageError);
      expect(ben.ends.every(({ closed }) => closed > 0)).toBe(true);
      // Of a confidential one nothing is noted.
      anna.seam.verified = true;
      const secret = await anna.service.call(anna.seam.contact, "voice", {
        ...anna.media(),
        confidential: true,
      });
      expect(await secret.ended()).toBe("no_answer");
      expect(ben.missed).toHaveLength(1);
      // The control: once it is over, it rings.
      ben.service.elsewhere = () => false;
      const next = await anna.call();
      const ringing = await ben.rings();
      expect(ben.service.isLive).toBe(true);
      await ben.accept(ringing);
      await next.connected();
      await next.hangUp();
    }),
  );
});

describe("a server that restarts", () => {
  it(
    "in the middle of ringing: the same id rings once",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call();
      const ringing = await ben.rings();
      await w.clock.wait(5);
      w.network.stop();
      await w.clock.wait(3);
      w.network.start();
      await w.clock.wait(1);
      expect(anna.toContact).toEqual(["call.invite", "call.invite"]);
      expect(ben.rung).toHaveLength(1);
      const theirs = await ben.accept(ringing);
      await Promise.all([call.connected(), theirs.connected()]);
      await call.hangUp();
    }),
  );

  it(
    "and lost the invite: it rings afterwards",
    play(async (w) => {
      const call = await w.device("anna1").call();
      await w.clock.wait(0.01);
      w.network.stop();
      await w.clock.wait(2);
      w.network.start();
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await Promise.all([call.connected(), theirs.connected()]);
      await call.hangUp();
    }),
  );
});

describe("glare", () => {
  it.each([
    ["video", "video", "video"],
    ["video", "voice", "voice"],
    ["voice", "video", "voice"],
  ] as const)("%s meets %s: both talk in %s, and nobody tapped again", (ours, theirs, lesser) =>
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const [one, other] = await Promise.all([anna.call(ours), ben.call(theirs)]);
      await Promise.all([one.connected(), other.connected()]);
      expect([one.media, other.media]).toEqual([lesser, lesser]);
      expect(await one.sas()).toBe(await other.sas());
      expect([...anna.rung, ...ben.rung]).toEqual([]);
      const labels = [...anna.toContact, ...ben.toContact];
      expect(labels.filter((label) => label === "call.accept")).toHaveLength(1);
      expect(labels).not.toContain("call.missed");
      await one.hangUp();
      expect(await other.ended()).toBe("hung_up_there");
    })(),
  );

  it(
    "stops the ringing on siblings",
    play(
      async (w) => {
        const [one, other] = await Promise.all([w.device("anna1").call(), w.device("ben1").call()]);
        await Promise.all([one.connected(), other.connected()]);
        for (const name of ["anna2", "ben2"]) {
          const ringing = await w.device(name).rings();
          expect(["cancelled_there", "answered_elsewhere"]).toContain(await ringing.ended());
        }
        await one.hangUp();
      },
      { annas: 2, bens: 2 },
    ),
  );

  it(
    "calling somebody whose call is ringing here accepts it",
    play(async (w) => {
      const call = await w.device("anna1").call("video");
      const ringing = await w.device("ben1").rings();
      const theirs = await w.device("ben1").call("voice");
      await Promise.all([call.connected(), theirs.connected()]);
      expect(call.media).toBe("voice");
      await theirs.hangUp();
      expect(await ringing.ended()).toBe("hung_up");
    }),
  );
});

describe("a relay that dies in the call", () => {
  it(
    "is survived, with fresh credentials on both sides",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      const asked = w.turnAsked.length;
      w.relay.stop();
      const died = w.clock.now;
      await w.clock.wait(4);
      expect([call.state, theirs.state]).toEqual(["reconnecting", "reconnecting"]);
      expect(call.path).toBe("none");
      // It may as well be the network: neither waits for a server connection that may be dead.
      expect(w.seams.filter(({ doubts }) => doubts === 1)).toHaveLength(2);
      w.relay.running = true;
      await w.clock.until(() => call.state === "in_call" && theirs.state === "in_call");
      expect(w.clock.now - died).toBeLessThan(10);
      expect(w.turnAsked.length).toBeGreaterThanOrEqual(asked + 2);
      const { framesDecoded } = call.stats();
      await w.clock.wait(5);
      expect(call.stats().framesDecoded).toBeGreaterThan(framesDecoded + 5);
      await call.hangUp();
      expect(await theirs.ended()).toBe("hung_up_there");
    }),
  );

  it.each(["anna1", "ben1"])(
    "drops an answer that answers no open offer (CK-386), said by %s",
    (said) =>
      play(async (w) => {
        const [call, theirs] = await talk(w);
        w.relay.stop();
        await w.clock.wait(4);
        const offer = new Digest(new Uint8Array(32));
        const answer = { kind: "call.answer", sdp: "answer 7 7 false 7 7", offer } as const;
        await w.shell(said).tell(answer);
        await w.clock.wait(1);
        w.relay.running = true;
        await w.clock.until(() => call.state === "in_call" && theirs.state === "in_call");
        await w.shell(said).tell(answer); // Nor now.
        await w.clock.wait(1);
        expect([call.state, theirs.state]).toEqual(["in_call", "in_call"]);
        await call.hangUp();
        expect(await theirs.ended()).toBe("hung_up_there");
      })(),
  );

  it(
    "keeps candidates that come before their transport",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      for (const seam of w.seams) seam.turnDelayS = 0.4;
      w.relay.stop();
      const died = w.clock.now;
      w.relay.running = true; // It is back at once, as a supervised one is.
      await w.clock.until(() => [call.state, theirs.state].includes("reconnecting"));
      await w.clock.until(() => call.state === "in_call" && theirs.state === "in_call");
      expect(w.clock.now - died).toBeLessThan(10);
      await call.hangUp();
      expect(await theirs.ended()).toBe("hung_up_there");
    }),
  );

  it(
    "often: the caller moves the group to fresh keys, and the call goes on (P10)",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      for (let round = 0; round < 7; round++) {
        w.relay.stop();
        await w.clock.wait(4);
        w.relay.running = true;
        await w.clock.until(() => call.state === "in_call" && theirs.state === "in_call");
        const before = [call, theirs].map((side) => side.stats().framesDecoded);
        await w.clock.wait(20);
        const after = [call, theirs].map((side) => side.stats().framesDecoded);
        expect(after.map((count, i) => count - (before[i] ?? 0) > 15)).toEqual([true, true]);
      }
      const { epoch } = call.security();
      expect(epoch).toBeGreaterThanOrEqual(3);
      expect(theirs.security().epoch).toBe(epoch);
      await call.hangUp();
      await theirs.ended();
    }),
  );

  it(
    "for good: the call ends after thirty seconds",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      w.relay.stop();
      const died = w.clock.now;
      const reasons = await Promise.all([call.ended(), theirs.ended()]);
      expect(reasons).toContain("lost");
      expect(w.clock.now - died).toBeGreaterThanOrEqual(30);
      expect(w.clock.now - died).toBeLessThanOrEqual(35);
    }),
  );

  it(
    "and was never there: the person is told",
    play(async (w) => {
      w.relay.running = false;
      const call = await w.device("anna1").call();
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await expect(call.connected()).rejects.toMatchObject({ code: Code.NO_RELAY });
      expect(["failed", "hung_up_there"]).toContain(await theirs.ended());
    }),
  );
});
