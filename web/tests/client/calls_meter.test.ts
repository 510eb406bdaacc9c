/** what a call's meter counts is what the network carried for it, and nothing else. */

import { expect, it } from "vitest";
import type { Call } from "../../client/calls.ts";
import { bucketFor } from "../../core/envelope.ts";
import type { Reading, What } from "../../core/meter.ts";
import { play, type World } from "./call_world.ts";

type Counted = readonly [what: What, size: number, envelopes: number];

const COURSE_S = 3;

/** What a reading says of envelopes. */
function envelopes(reading: Reading): Counted[] {
  return reading
    .filter(({ much }) => much["envelopes"] !== undefined)
    .map(({ what, much }) => [what, much["size"] ?? 0, much["envelopes"] ?? 0]);
}

/** What the network carried from and to a device, as a meter would say it. */
function carried(w: World, name: string): Counted[] {
  const of = (mine: "from" | "to", live: What, durable: What): Counted[] => {
    const counts = new Map<string, Counted>();
    for (const parcel of w.network.log.filter((one) => one[mine] === name)) {
      const size = bucketFor(parcel.size);
      const what = parcel.durable ? durable : live;
      const [, , before] = counts.get(`${what} ${size}`) ?? [what, size, 0];
      counts.set(`${what} ${size}`, [what, size, before + 1]);
    }
    return [...counts.values()].sort(([, a], [, b]) => a - b);
  };
  return [
    ...of("from", "sent_live", "sent_durable"),
    ...of("to", "received_live", "received_durable"),
  ];
}

function whats(call: Call): What[] {
  return call.counted.reading(COURSE_S).map(({ what }) => what);
}

it(
  "both ends of a call say what the network carried",
  play(async (w) => {
    const [anna, ben] = [w.device("anna1"), w.device("ben1")];
    const call = await anna.call();
    const theirs = await ben.accept(await ben.rings());
    await Promise.all([call.connected(), theirs.connected()]);
    await call.hangUp();
    await theirs.ended();
    const [ours, other] = [
      envelopes(call.counted.reading(COURSE_S)),
      envelopes(theirs.counted.reading(COURSE_S)),
    ];
    expect(ours).toEqual(carried(w, "anna1"));
    expect(other).toEqual(carried(w, "ben1"));
    expect(ours.length).toBeGreaterThan(2);
    const asked = call.counted.reading(COURSE_S).find(({ what }) => what === "relay_asked");
    expect(asked?.much).toEqual({
      times: w.turnAsked.filter((name) => name === "anna1").length,
    });
    expect(whats(call)).toEqual(expect.arrayContaining(["you_called", "video", "no_address"]));
    expect(whats(theirs)).toEqual(expect.arrayContaining(["you_answered", "relay_asked"]));
    // The control: another call's envelope would be noticed.
    call.counted.left({ size: 1024, durable: false });
    expect(envelopes(call.counted.reading(COURSE_S))).not.toEqual(carried(w, "anna1"));
  }),
);

it(
  "a video call that was taken as voice showed no picture",
  play(async (w) => {
    const call = await w.device("anna1").call("video");
    const theirs = await w.device("ben1").accept(await w.device("ben1").rings(), "voice");
    await Promise.all([call.connected(), theirs.connected()]);
    await call.hangUp();
    await theirs.ended();
    for (const one of [call, theirs]) {
      expect(whats(one)).toContain("voice");
      expect(whats(one)).not.toContain("video");
    }
  }),
);

it(
  "a call in vain says what was sent, the missed call too, and shows no picture",
  play(async (w) => {
    const call = await w.device("anna1").call("voice");
    await w.device("ben1").rings();
    await call.hangUp();
    await w.clock.wait(1);
    expect(envelopes(call.counted.reading(0))).toEqual(carried(w, "anna1"));
    expect(whats(call)).toContain("no_relay");
    expect(whats(call)).not.toContain("voice");
  }),
);

it(
  "calls that meet: all that was sent for either counts for the one that stands",
  play(async (w) => {
    const [anna, ben] = [w.device("anna1"), w.device("ben1")];
    const [ours, theirs] = await Promise.all([anna.call(), ben.call()]);
    await Promise.all([ours.connected(), theirs.connected()]);
    await ours.hangUp();
    await theirs.ended();
    await w.clock.wait(1);
    const sent = (counted: readonly Counted[]) => counted.filter(([what]) => /^sent/.test(what));
    for (const [call, name] of [
      [ours, "anna1"],
      [theirs, "ben1"],
    ] as const) {
      expect(sent(envelopes(call.counted.reading(COURSE_S)))).toEqual(sent(carried(w, name)));
    }
  }),
);
