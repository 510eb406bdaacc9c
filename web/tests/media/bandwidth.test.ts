/** How much may be asked for: nothing is held back without a reason, and it comes back. */

import { beforeEach, expect, test } from "vitest";
import { Bandwidth, HOLD_S, LOOK_S, type Received } from "../../media/bandwidth.ts";

let line: Bandwidth;
let nowS: number;
let total: { bytes: number; packets: number; lost: number };

beforeEach(() => {
  line = new Bandwidth();
  nowS = 100;
  total = { bytes: 0, packets: 0, lost: 0 };
  look({ rate: 0 });
});

type Came = { rate: number; lost?: number; available?: number };

/** Some seconds pass in which that came, bits a second; `lost` is a part of all packets. */
function look({ rate, lost = 0, available }: Came, seconds = LOOK_S): number | undefined {
  nowS += seconds;
  const packets = 1000 * seconds;
  total.bytes += (rate * seconds) / 8;
  total.packets += Math.round(packets * (1 - lost));
  total.lost += Math.round(packets * lost);
  const received: Received = { ...total, available };
  line.look(received, nowS);
  return line.bitRate;
}

test("nothing is held back while nothing is short, however little comes", () => {
  for (const rate of [4_000_000, 100_000, 2_000_000]) expect(look({ rate })).toBeUndefined();
  expect(look({ rate: 2_000_000, lost: 0.03 })).toBeUndefined();
});

test("packets that are lost: what comes is what the line has", () => {
  expect(look({ rate: 1_000_000, lost: 0.2 })).toBeCloseTo(1_000_000, -3);
  expect(look({ rate: 2_000_000, lost: 0.2 })).toBeCloseTo(1_000_000, -3); // never more by loss
  expect(look({ rate: 600_000, lost: 0.2 })).toBeCloseTo(600_000, -3);
});

test("packets that queue: the browser's estimate, where it is below what comes", () => {
  expect(look({ rate: 1_000_000, available: 1_100_000 })).toBeUndefined();
  expect(look({ rate: 1_000_000, available: 950_000 })).toBeUndefined();
  expect(look({ rate: 1_000_000, available: 700_000 })).toBe(700_000);
});

test("a bound is held, then it grows until it is none; twice as long when it was short again", () => {
  const held = () => {
    const began = nowS;
    const bound = line.bitRate ?? 0;
    while (look({ rate: 900_000 }) === bound) if (nowS - began > 1000) break;
    return nowS - began;
  };
  look({ rate: 1_000_000, lost: 0.2 });
  const first = held();
  expect(first).toBeGreaterThanOrEqual(HOLD_S);
  look({ rate: 1_000_000, lost: 0.2 });
  const second = held();
  expect(second).toBeGreaterThanOrEqual(2 * HOLD_S);
  for (let at = 0; at < 60; at++) look({ rate: 900_000 });
  expect(line.bitRate).toBeUndefined();
});

test("in between nothing grows", () => {
  look({ rate: 1_000_000, lost: 0.2 });
  const bound = line.bitRate;
  for (let at = 0; at < 60; at++) look({ rate: 900_000, lost: 0.04 });
  expect(line.bitRate).toBe(bound);
});

test("looks that are too near, next to nothing, and another connection conclude nothing", () => {
  expect(look({ rate: 1_000, lost: 0.5 })).toBeUndefined();
  expect(look({ rate: 1_000_000, lost: 0.9 }, LOOK_S / 2)).toBeUndefined();
  total = { bytes: 0, packets: 0, lost: 0 };
  expect(look({ rate: 1_000_000, lost: 0.2 })).toBeUndefined(); // fewer packets than before
  expect(look({ rate: 1_000_000, lost: 0.2 })).toBeDefined(); // the control
});
