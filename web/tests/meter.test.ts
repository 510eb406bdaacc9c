/** The metadata meter reads as Python's does, and a browser's statistics give it its bytes. */

import { expect, test } from "vitest";
import { type Carried, type Course, Meter } from "../core/meter.ts";
import { read } from "../media/figures.ts";
import { loadCore } from "./core_vectors.ts";

type Count = [size: number, durable: boolean, count: number];
type Fact = [string, string, [string, number][], string, string];
type Case = Course &
  Readonly<{
    sent: Count[];
    received: Count[];
    relayAsks: number;
    carried: Carried;
    facts: Fact[];
  }>;

const VECTORS = loadCore("meter");
const READINGS = VECTORS.values("readings") as readonly Case[];

function counted({ sent, received, relayAsks, carried }: Case): Meter {
  const meter = new Meter();
  for (const [size, durable, count] of sent) meter.left({ size, durable }, count);
  for (const [size, durable, count] of received) meter.arrived({ size, durable }, count);
  meter.askedForRelay(relayAsks);
  meter.carry(carried);
  return meter;
}

test("the same counts read the same in both languages", () => {
  expect(READINGS.length).toBeGreaterThan(50);
  for (const one of READINGS) {
    const facts = counted(one)
      .read(one)
      .map(({ observer, what, much, lives, basis }) => [
        observer,
        what,
        Object.entries(much),
        lives,
        basis,
      ]);
    expect(facts).toEqual(one.facts);
  }
  VECTORS.finish();
});

test("after a glare both calls count as one", () => {
  const course: Course = { side: "called", video: false, seconds: 0, answered: false };
  const [meter, other, twice] = [new Meter(), new Meter(), new Meter()];
  for (const one of [meter, other, twice, twice]) {
    one.left({ size: 1024, durable: false });
    one.arrived({ size: 8192, durable: true });
    one.askedForRelay();
  }
  meter.takeOver(other);
  expect(meter.read(course)).toEqual(twice.read(course));
});

test("a browser's pairs are told apart by the relay, on either side", () => {
  const report = new Map<string, Record<string, unknown>>(
    Object.entries({
      host: { type: "local-candidate", candidateType: "host" },
      ours: { type: "local-candidate", candidateType: "relay" },
      theirs: { type: "remote-candidate", candidateType: "relay" },
      there: { type: "remote-candidate", candidateType: "host" },
      a: pair("ours", "theirs", 100, 10),
      b: pair("host", "theirs", 200, 20),
      c: pair("host", "there", 400, 40),
    }),
  );
  expect(read(report).bytes).toEqual({
    relaySent: 300,
    relayReceived: 30,
    directSent: 400,
    directReceived: 40,
  });
});

function pair(local: string, remote: string, bytesSent: number, bytesReceived: number) {
  const ids = { localCandidateId: local, remoteCandidateId: remote };
  return { type: "candidate-pair", ...ids, bytesSent, bytesReceived };
}
