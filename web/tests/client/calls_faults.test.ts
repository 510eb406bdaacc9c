/**
 * Silence and faults: what a decline looks like from outside (CK-350), and each message of a call
 * lost, doubled or late. Whatever is lost, both ends end, and nothing is left (`World.check`).
 */

import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../core/errors.ts";
import type { Fault } from "./call_network.ts";
import { once, play, type World } from "./call_world.ts";

const SILENT = ["decline", "ignore", "busy", "offline", "expired"] as const;
type Case = (typeof SILENT)[number] | "accept";

/** What one call looked like to whoever sees envelopes, and to the caller. */
async function view(w: World, how: Case) {
  const [anna, ben] = [w.device("anna1"), w.device("ben1")];
  if (how === "busy") {
    const other = await w.device("anna2").call();
    const theirs = await ben.accept(await ben.rings());
    await Promise.all([other.connected(), theirs.connected()]);
  }
  if (how === "offline" || how === "expired") ben.seam.disconnect();
  const [before, said] = [w.network.log.length, ben.toContact.length];
  const started = w.clock.now;
  const states: string[] = [];
  const call = await anna.call();
  const stop = call.subscribe(() => {
    if (states.at(-1) !== call.state) states.push(call.state);
  });
  if (how === "decline") await (await ben.rings()).decline();
  if (how === "expired") {
    // It arrives late, and nobody looks at the telephone.
    await w.clock.wait(40);
    ben.seam.connect();
    await ben.rings();
  }
  if (how === "accept") {
    await ben.accept(await ben.rings());
    await call.connected();
    await call.hangUp();
  }
  const end = await call.ended();
  stop();
  const sent = w.network.log.slice(before).filter(({ from }) => from === "anna1");
  const at = (seconds: number) => Math.round((seconds - started) * 1e6) / 1e6;
  return {
    envelopes: sent.map(({ label, size, sentAt }) => [label, size, at(sentAt)] as const),
    fromCallee: ben.toContact.slice(said),
    states,
    end,
    ringS: at(w.clock.now),
    code: call.endCode,
  };
}

const seen = (how: Case) => play((w) => view(w, how), { annas: 2 })();

describe("to the caller, a decline is silence (CK-350)", () => {
  it.each(SILENT)("%s: not one envelope comes, and all looks the same", async (how) => {
    const [decline, other] = [await seen("decline"), await seen(how)];
    expect(other.fromCallee).toEqual([]);
    expect(other).toEqual(decline);
    expect(other.end).toBe("no_answer");
    expect(other.ringS).toBe(45);
    const labels = other.envelopes.map(([label]) => label);
    expect(labels).toEqual(["call.invite", "call.cancel", "call.missed"]);
  });

  it("the control: an accept looks different", async () => {
    const [decline, accept] = [await seen("decline"), await seen("accept")];
    expect(accept.fromCallee).not.toEqual([]);
    expect(accept.envelopes).not.toEqual(decline.envelopes);
    expect(accept.ringS).toBeLessThan(45);
  });

  it(
    "the callee asks the server nothing either: no credentials, no gathering, no connection (R-33)",
    play(async (w) => {
      const call = await w.device("anna1").call();
      await (await w.device("ben1").rings()).decline();
      await call.ended();
      expect(w.turnAsked).toEqual(["anna1"]); // The caller, for itself.
      expect(w.relay.gathered).toBe(0);
      expect(w.relay.made).toHaveLength(1); // The caller's own, which never gathered.
    }),
  );
});

it(
  "a relay that was started anew while it rang is asked with new credentials",
  play(async (w) => {
    const call = await w.device("anna1").call();
    const ringing = await w.device("ben1").rings();
    await w.clock.wait(1); // The caller has found its relay by now.
    expect(w.turnAsked).toEqual(["anna1"]);
    w.relay.unknown.add("u1");
    const theirs = await w.device("ben1").accept(ringing);
    await Promise.all([call.connected(), theirs.connected()]);
    expect(w.turnAsked.filter((name) => name === "anna1")).toHaveLength(2);
    await call.hangUp();
  }),
);

it(
  "a server that comes back while it rings is asked at once for its new relay",
  play(async (w) => {
    const call = await w.device("anna1").call();
    const ringing = await w.device("ben1").rings();
    await w.clock.wait(1);
    w.relay.unknown.add("u1");
    w.network.stop();
    w.network.start();
    const theirs = await w.device("ben1").accept(ringing);
    await Promise.all([call.connected(), theirs.connected()]);
    expect(w.turnAsked.filter((name) => name === "anna1")).toHaveLength(2);
    expect(w.relay.refused).toBe(0);
    // Once it has gathered, the call keeps what it has.
    w.network.stop();
    w.network.start();
    await w.clock.wait(1);
    expect(w.turnAsked.filter((name) => name === "anna1")).toHaveLength(2);
    await call.hangUp();
  }),
);

/** Ben accepts when it rings; if both get through, Anna hangs up. Returns how it ended for both. */
async function outcome(w: World): Promise<readonly [string, string | undefined]> {
  const [anna, ben] = [w.device("anna1"), w.device("ben1")];
  const call = await anna.call();
  const answered = ben.rings().then((ringing) => ben.accept(ringing));
  answered.catch(() => undefined); // It may never ring.
  try {
    await call.connected();
    const theirs = await answered;
    await w.clock.until(() => theirs.state === "in_call" || theirs.state === "ended");
    await w.clock.wait(1);
    await call.hangUp();
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
  }
  const end = await call.ended();
  await w.clock.wait(60);
  const [ringing] = ben.rung;
  return [end, ringing && (await ringing.ended())];
}

describe("a message of a call", () => {
  const FINE = ["hung_up", "hung_up_there"];
  const ends = (label: string, fault: Fault) => play(outcome, { rule: once(label, fault) })();

  it("the control: without a fault", async () => {
    expect(await play(outcome)()).toEqual(FINE);
  });

  it.each([
    ["call.invite", ["no_answer", undefined]],
    ["call.accept", ["no_answer", "no_welcome"]],
    ["call.taken", ["withdrawn", "no_welcome"]],
    ["welcome.call", ["withdrawn", "no_welcome"]],
  ] as const)("%s is lost: both end, each by its own deadline", async (label, expected) => {
    expect(await ends(label, "lost")).toEqual(expected);
  });

  it.each(["ben group", "anna group"])("the first of the %s is lost: both end", async (label) => {
    const [anna, ben] = await ends(label, "lost");
    const reasons = ["not_connected", "hung_up_there", "hung_up"];
    expect(reasons).toContain(anna);
    expect(reasons).toContain(ben);
  });

  const LABELS = [
    "call.invite",
    "call.accept",
    "call.taken",
    "welcome.call",
    "ben group",
    "anna group",
  ];
  const faults = LABELS.flatMap((label) => [[label, "doubled"] as const, [label, "late"] as const]);

  it.each(faults)("%s is %s: the call goes on", async (label, fault) => {
    expect(await ends(label, fault)).toEqual(FINE);
  });

  it.each(["call.cancel", "call.missed"])("%s is lost: the other one stops the ringing", (label) =>
    play(
      async (w) => {
        const call = await w.device("anna1").call();
        const ringing = await w.device("ben1").rings();
        await call.hangUp();
        expect(await ringing.ended()).toBe("cancelled_there");
        expect(w.clock.now).toBeLessThan(1005);
      },
      { rule: once(label, "lost") },
    )(),
  );
});
