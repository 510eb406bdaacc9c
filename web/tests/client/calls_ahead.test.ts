/** What a call does ahead of time, or without waiting, so that it comes to stand sooner. */

import { describe, expect, it } from "vitest";
import { AHEAD_AFTER_S } from "../../client/call_first_word.ts";
import { SEND_TIMEOUT_S } from "../../client/call_sending.ts";
import { Media } from "../../core/call_effects.ts";
import { Code, PeerError, UnavailableError } from "../../core/errors.ts";
import type { KeyPackageBundle } from "../../core/mls/index.ts";
import { MediaEvent } from "../../media/interfaces.ts";
import type { FakeSeam } from "./call_seam.ts";
import { play, type World } from "./call_world.ts";

/** What becomes of a send that is on its way. */
type Fate = () => Promise<void>;

const never: Fate = () => new Promise(() => {});

/** Whatever is sent live from now on arrives; then it meets its fate. `isSaid`: that it left is told. */
function then(seam: FakeSeam, fate: Fate, { isSaid = true } = {}): void {
  const inner = seam.sendInner.bind(seam);
  const outer = seam.sendOuter.bind(seam);
  seam.sendInner = async (contact, content, how) => {
    await inner(contact, content, how);
    if (how.durable) return;
    if (isSaid) how.onHanded?.();
    await fate();
  };
  seam.sendOuter = async (address, content, how) => {
    await outer(address, content, how);
    if (isSaid) how.onHanded?.();
    await fate();
  };
}

/** Anna calls Ben, and it rings. */
async function ring(w: World) {
  const call = await w.device("anna1").call();
  return [call, await w.device("ben1").rings()] as const;
}

describe("while it comes to stand", () => {
  it(
    "nothing that it says waits for the server's answer",
    play(async (w) => {
      const [call, ringing] = await ring(w);
      for (const name of ["anna1", "ben1"] as const) then(w.device(name).seam, never);
      const before = w.clock.now;
      const theirs = await w.device("ben1").accept(ringing);
      await Promise.all([call.connected(), theirs.connected()]);
      expect(w.clock.now - before).toBeLessThan(1);
      await w.clock.wait(SEND_TIMEOUT_S + 1); // An answer that never comes ends nothing.
      expect([call.state, theirs.state]).toEqual(["in_call", "in_call"]);
    }),
  );

  it(
    "who is not told that it left waits for the answer: the control",
    play(async (w) => {
      const [call, ringing] = await ring(w);
      then(w.device("anna1").seam, never, { isSaid: false });
      await w.device("ben1").accept(ringing);
      await w.clock.wait(1);
      expect(call.state).toBe("connecting");
    }),
  );

  it(
    "what is lost after it left is a lost message, and what the server calls malformed ends the call",
    play(async (w) => {
      const [call, ringing] = await ring(w);
      let reason: Error = new UnavailableError(Code.QUOTA, "slow down");
      then(w.device("anna1").seam, async () => {
        throw reason;
      });
      const theirs = await w.device("ben1").accept(ringing);
      await Promise.all([call.connected(), theirs.connected()]);
      reason = new PeerError(Code.MALFORMED, "the server calls the envelope malformed");
      w.shell("anna1").carryOut({ kind: "sendCandidates", candidates: ["candidate:late"] });
      await w.clock.until(() => call.state === "ended");
      expect(call.endCode).toBe(Code.MALFORMED);
    }),
  );

  it(
    "figures that do not come hold up nothing that happened",
    play(async (w) => {
      const [call, ringing] = await ring(w);
      for (const media of w.relay.made) media.stats = () => new Promise(() => {});
      const before = w.clock.now;
      await w.device("ben1").accept(ringing);
      await call.connected();
      expect(w.clock.now - before).toBeLessThan(1);
    }),
  );
});

describe("who is about to accept", () => {
  it(
    "asks for the relay's credentials, once",
    play(async (w) => {
      const [call, ringing] = await ring(w);
      await w.clock.wait(1);
      expect(w.turnAsked).toEqual(["anna1"]);
      ringing.expectAccept();
      ringing.expectAccept();
      await w.clock.wait(1);
      expect(w.turnAsked).toEqual(["anna1", "ben1"]);
      const theirs = await w.device("ben1").accept(ringing);
      await Promise.all([call.connected(), theirs.connected()]);
      expect(w.turnAsked).toEqual(["anna1", "ben1"]);
    }),
  );

  it(
    "asks anew if the server was away while devices opened: it may have another relay",
    play(async (w) => {
      const [, ringing] = await ring(w);
      ringing.expectAccept();
      await w.clock.wait(1);
      const before = w.turnAsked.filter((name) => name === "ben1").length;
      expect(before).toBe(1);
      w.network.stop();
      w.network.start();
      await w.clock.wait(1);
      const theirs = await w.device("ben1").accept(ringing);
      await theirs.connected();
      expect(w.turnAsked.filter((name) => name === "ben1")).toHaveLength(2);
    }),
  );

  it(
    "asks for nothing once it has stopped ringing",
    play(async (w) => {
      const [call, ringing] = await ring(w);
      await call.hangUp();
      await ringing.ended();
      ringing.expectAccept();
      await w.clock.wait(1);
      expect(w.turnAsked).not.toContain("ben1");
    }),
  );
});

describe("who is about to call", () => {
  const video = { media: Media.VIDEO, confidential: false };

  it(
    "has its connection and its offer before, and sends nothing for it",
    play(async (w) => {
      const anna = w.device("anna1");
      anna.service.expectCall(video);
      await w.clock.wait(60);
      expect(w.network.log).toEqual([]);
      expect(w.turnAsked).toEqual([]);
      expect(w.relay.made.map(({ isUsed }) => isUsed)).toEqual([false]);
      const call = await anna.call(Media.VIDEO);
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await Promise.all([call.firstFrame(), theirs.firstFrame()]);
      expect(w.relay.made.map(({ isUsed }) => isUsed)).toEqual([true, true]);
      expect(w.relay.made[0]?.offers).toBe(1);
    }),
  );

  it.each([
    ["another kind of call", { ...video, media: Media.VOICE }],
    ["a confidential call", { ...video, confidential: true }],
  ])("calls all the same if it made ready for %s", (_, wanted) =>
    play(async (w) => {
      const anna = w.device("anna1");
      anna.service.expectCall(wanted);
      const call = await anna.call(Media.VIDEO);
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await Promise.all([call.firstFrame(), theirs.firstFrame()]);
      const [ahead, ...used] = w.relay.made;
      expect([ahead?.isUsed, ahead?.closed]).toEqual([false, true]);
      expect(used).toHaveLength(2);
    })(),
  );

  it(
    "uses none that broke before",
    play(async (w) => {
      const anna = w.device("anna1");
      anna.service.expectCall(video);
      w.relay.made[0]?.tell(MediaEvent.FAILED);
      const call = await anna.call(Media.VIDEO);
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await Promise.all([call.connected(), theirs.connected()]);
      expect(w.relay.made.map(({ isUsed }) => isUsed)).toEqual([false, true, true]);
    }),
  );

  it(
    "leaves nothing open if it does not call",
    play(async (w) => {
      const { service } = w.device("anna1");
      service.expectCall(video);
      service.expectCall({ ...video, confidential: true });
      service.expectCall(undefined);
      await w.clock.wait(1);
      expect(w.relay.made.map(({ closed }) => closed)).toEqual([true, true]);
      service.expectCall(video); // Closed with the program: the world looks for what is open.
    }),
  );
});

describe("where it rings", () => {
  /** Anna calls Ben; returns the key packages that Ben makes from now on. */
  async function ringing(w: World) {
    const { seam } = w.device("ben1");
    const bundles: KeyPackageBundle[] = [];
    const make = seam.newKeyPackage.bind(seam);
    seam.newKeyPackage = async (consent) => {
      const bundle = await make(consent);
      bundles.push(bundle);
      return bundle;
    };
    const [call, incoming] = await ring(w);
    return { call, incoming, bundles };
  }

  it(
    "a key package is there before anybody accepts, and nothing else: no connection, no packet",
    play(async (w) => {
      const { call, incoming, bundles } = await ringing(w);
      expect(bundles).toHaveLength(0); // The ring is drawn first.
      await w.clock.wait(AHEAD_AFTER_S);
      expect(bundles).toHaveLength(1);
      await w.clock.wait(10);
      expect(w.relay.made).toHaveLength(1); // The caller's.
      expect(w.device("ben1").toContact).toEqual([]);
      expect(w.turnAsked).toEqual(["anna1"]);
      const theirs = await w.device("ben1").accept(incoming);
      await Promise.all([call.firstFrame(), theirs.firstFrame()]);
      expect([w.relay.made.length, bundles.length]).toEqual([2, 1]);
    }),
  );

  it(
    "who accepts at once makes one key package, too",
    play(async (w) => {
      const { call, incoming, bundles } = await ringing(w);
      const theirs = await w.device("ben1").accept(incoming);
      await Promise.all([call.firstFrame(), theirs.firstFrame()]);
      await w.clock.wait(AHEAD_AFTER_S);
      expect(bundles).toHaveLength(1);
    }),
  );

  it.each([
    ["is declined", async (w: World) => (await w.device("ben1").rings()).decline()],
    ["is given up", async (_: World, call: { hangUp(): Promise<void> }) => call.hangUp()],
    ["is ignored", async (w: World) => w.clock.wait(60)],
  ])("the key package for a call that %s is wiped", (_, end) =>
    play(async (w) => {
      const { call, bundles } = await ringing(w);
      await w.clock.wait(1);
      expect(bundles.map((bundle) => isWiped(bundle))).toEqual([false]);
      await end(w, call);
      await w.clock.wait(1);
      expect(bundles.map((bundle) => isWiped(bundle))).toEqual([true]);
    })(),
  );
});

it(
  "the Welcome is made while what goes before it is still on its way out",
  play(async (w) => {
    const [, incoming] = await ring(w);
    const { seam } = w.device("anna1");
    seam.sendInner = never; // The "taken" does not get out.
    await w.device("ben1").accept(incoming);
    await w.clock.wait(0.5);
    expect(w.shell("anna1").secrets.epoch).toBe(1n);
  }),
);

/** Whether nothing can be opened with it any more. */
function isWiped(bundle: KeyPackageBundle): boolean {
  return bundle.initPrivate.every((byte) => byte === 0);
}
