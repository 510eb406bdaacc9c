/** What a call does ahead of time, or without waiting, so that it comes to stand sooner. */

import { describe, expect, it } from "vitest";
import { SEND_TIMEOUT_S } from "../../client/call_sending.ts";
import { Code, PeerError, UnavailableError } from "../../core/errors.ts";
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
