/** `Call` and `IncomingCall` as a page uses them, and what is left when a call is over. */

import { describe, expect, it } from "vitest";
import { LentLocal, LentRemote } from "../../client/call_media.ts";
import { SEND_TIMEOUT_S } from "../../client/call_sending.ts";
import { Call } from "../../client/calls.ts";
import { AuthorizationError, Code, UnavailableError } from "../../core/errors.ts";
import { FakeEnds } from "./call_fakes.ts";
import { play, type World } from "./call_world.ts";

/** Anna calls Ben, who accepts; returns once both hear each other. */
async function talk(w: World): Promise<readonly [Call, Call]> {
  const call = await w.device("anna1").call();
  const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
  await Promise.all([call.connected(), theirs.connected()]);
  return [call, theirs];
}

describe("Call", () => {
  it(
    "is hung up twice, declined late: harmless",
    play(async (w) => {
      const call = await w.device("anna1").call();
      const ringing = await w.device("ben1").rings();
      expect(() => call.stats()).toThrow(UnavailableError);
      await Promise.all([call.hangUp(), call.hangUp()]);
      await call.hangUp();
      await ringing.ended();
      await ringing.decline();
      expect(call.endCode).toBeUndefined();
      expect(call.endReason).toBe("cancelled");
    }),
  );

  it(
    "tells its states in order, and nothing to who no longer listens",
    play(async (w) => {
      const states: string[] = [];
      const call = await w.device("anna1").call("voice");
      const seen = () => {
        if (states.at(-1) !== call.state) states.push(call.state);
      };
      const stop = call.subscribe(seen);
      let told = 0;
      call.subscribe(() => {
        told += 1;
      })();
      expect([call.state, call.media, call.contactName]).toEqual(["calling", "voice", "ben"]);
      const ringing = await w.device("ben1").rings();
      expect(ringing.isRinging).toBe(true);
      const theirs = await w.device("ben1").accept(ringing);
      expect(ringing.isRinging).toBe(false);
      expect([theirs.state, call.path]).toEqual(["connecting", "none"]);
      await call.connected();
      await call.hangUp();
      stop();
      await theirs.ended();
      expect(states).toEqual(["connecting", "in_call", "ended"]);
      expect(told).toBe(0);
    }),
  );

  it(
    "keeps its security object until something in it changes",
    play(async (w) => {
      const [call] = await talk(w);
      await w.clock.wait(2);
      const before = call.security();
      let told = 0;
      const stop = call.subscribe(() => {
        told += 1;
      });
      await w.clock.wait(5);
      stop();
      expect(told).toBeGreaterThan(5); // The figures of each half second.
      expect(call.security()).toBe(before);
      w.relay.stop();
      await w.clock.wait(1);
      expect(call.security().path).toBe("none");
      expect(call.security().roundTripMs).toBeUndefined();
      expect(call.security().words).toBe(before.words);
      await call.hangUp();
    }),
  );

  it("cannot record (R-18 ff.)", () => {
    const names = Object.getOwnPropertyNames(Call.prototype).map((name) => name.toLowerCase());
    expect(names).toContain("hangup");
    expect(names.filter((name) => name.includes("record"))).toEqual([]);
  });
});

describe("what goes wrong here", () => {
  it(
    "a refused invite fails at once, with its code",
    play(async (w) => {
      const anna = w.device("anna1");
      anna.seam.sendInner = async () => {
        throw new AuthorizationError(Code.IDENTITY_CHANGED, "compare safety numbers");
      };
      const call = await anna.call();
      await expect(call.answered()).rejects.toMatchObject({ code: Code.IDENTITY_CHANGED });
    }),
  );

  it(
    "a send that fails is a lost message",
    play(async (w) => {
      const { seam } = w.device("anna1");
      const send = seam.sendInner.bind(seam);
      seam.sendInner = async () => {
        seam.sendInner = send;
        throw new UnavailableError(Code.QUOTA, "slow down");
      };
      const call = await w.device("anna1").call();
      await w.clock.wait(1);
      expect(call.state).toBe("calling");
      w.network.stop();
      w.network.start(); // The reconnect repeats the invite.
      await w.device("ben1").rings();
      await call.hangUp();
    }),
  );

  it(
    "a send that never ends is lost too, and what arrives meanwhile is heard",
    play(async (w) => {
      const { seam } = w.device("anna1");
      const [call, theirs] = await talk(w);
      seam.sendOuter = () => new Promise(() => {});
      w.shell("anna1").carryOut({ kind: "sendCandidates", candidates: ["candidate:late"] });
      const before = w.clock.now;
      void theirs.hangUp();
      await w.clock.until(() => call.state === "ended");
      expect(w.clock.now - before).toBeLessThan(1);
      expect(await call.ended()).toBe("hung_up_there"); // In its turn, after the lost one.
      expect(w.clock.now - before).toBeLessThan(SEND_TIMEOUT_S + 1);
    }),
  );

  it("a bug ends the call instead of hanging it, and is not swallowed", async () => {
    const bug = new TypeError("a bug");
    const story = play(async (w) => {
      const { seam } = w.device("ben1");
      seam.newKeyPackage = async () => {
        throw bug;
      };
      const call = await w.device("anna1").call();
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      expect(await theirs.ended()).toBe("failed");
      expect(theirs.endCode).toBe(Code.USAGE);
      await call.hangUp();
    });
    await expect(story()).rejects.toBe(bug);
  });

  it(
    "keys that are not put in place end the call: it would not be encrypted",
    play(async (w) => {
      const call = await w.device("anna1").call();
      const ringing = await w.device("ben1").rings();
      const keys = w.relay.made[0]?.keys;
      if (keys === undefined) throw new Error("Anna has a connection");
      keys.dead = true;
      const theirs = await w.device("ben1").accept(ringing);
      expect(await call.ended()).toBe("failed");
      expect(call.endCode).toBe(Code.NOT_ENCRYPTED);
      expect(w.relay.made.map(({ decoded }) => decoded)).toEqual([0, 0]);
      await theirs.ended();
    }),
  );
});

describe("what was lent", () => {
  it("is closed once, or kept", () => {
    const [local, remote] = [new FakeEnds(), new FakeEnds()];
    const lent = new LentLocal(local);
    expect(lent.keep()).toBe(local);
    lent.close();
    lent.closeVideo();
    expect([local.closed, local.videoClosed]).toEqual([0, 0]);
    new LentLocal(local).close();
    expect(local.closed).toBe(1);
    const shown = new LentRemote(remote);
    shown.close();
    expect(remote.closed).toBe(1);
    expect(shown.keep()).toBe(remote);
    shown.close();
    expect(remote.closed).toBe(1);
  });
});

describe("closing the program", () => {
  it(
    "hangs up, and ignores what rings",
    play(async (w) => {
      const ben = w.device("ben1");
      const call = await w.device("anna1").call();
      const ringing = await ben.rings();
      await ben.service.close();
      expect(ben.toContact).toEqual([]);
      const theirs = await ben.accept(ringing);
      await Promise.all([call.connected(), theirs.connected()]);
      await ben.service.close();
      expect(await theirs.ended()).toBe("hung_up");
      expect(await call.ended()).toBe("hung_up_there");
    }),
  );

  it(
    "under a call, without a word: no camera stays on and no key is left",
    play(async (w) => {
      const [call, theirs] = await talk(w);
      await w.device("ben1").seam.close();
      expect(await theirs.ended()).toBe("failed");
      expect(w.relay.made[1]?.keys.wiped).toBe(true); // Ben's; Anna's call goes on for a while.
      expect(w.relay.made[0]?.keys.wiped).toBe(false);
      await call.hangUp();
    }),
  );
});
