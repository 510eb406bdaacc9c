/** Who speaks, and that a cough does not change the large tile. */

import { expect, test } from "vitest";
import { loudness, Speaking, STALE_S, TAKES_S } from "../../media/speaking.ts";

const STEP_S = 0.1;

/** Hear these levels for some seconds; return whose tile is large at the end, and the time. */
function hears(
  speaking: Speaking,
  levels: Readonly<Record<number, number>>,
  fromS: number,
  seconds: number,
): Readonly<{ large: number | undefined; nowS: number }> {
  let nowS = fromS;
  let large = speaking.large(nowS);
  for (let step = 0; step < Math.round(seconds / STEP_S); step++) {
    nowS += STEP_S;
    for (const [leaf, level] of Object.entries(levels)) speaking.hear(Number(leaf), level, nowS);
    large = speaking.large(nowS);
  }
  return { large, nowS };
}

test("whoever goes on speaking gets the large tile", () => {
  const speaking = new Speaking();
  const { large, nowS } = hears(speaking, { 1: 0.1, 2: 0.001 }, 0, TAKES_S + 0.5);
  expect(large).toBe(1);
  expect(speaking.speaking(nowS)).toEqual([1]);
});

test("a cough does not change the large tile, and going on to speak does", () => {
  const speaking = new Speaking();
  let { nowS } = hears(speaking, { 1: 0.1, 2: 0 }, 0, 3);
  ({ nowS } = hears(speaking, { 1: 0, 2: 0 }, nowS, 2));
  const coughed = hears(speaking, { 1: 0, 2: 0.8 }, nowS, 0.4);
  expect(speaking.speaking(coughed.nowS)).toEqual([2]); // it was heard
  expect(coughed.large).toBe(1);
  const after = hears(speaking, { 1: 0.1, 2: 0 }, coughed.nowS, 3);
  expect(after.large).toBe(1);
  expect(hears(speaking, { 1: 0, 2: 0.1 }, after.nowS, 3).large).toBe(2);
});

test("coughs with pauses between them do not add up", () => {
  const speaking = new Speaking();
  let { nowS, large } = hears(speaking, { 1: 0.1, 2: 0 }, 0, 3);
  for (let cough = 0; cough < 10; cough++) {
    ({ nowS } = hears(speaking, { 1: 0.1, 2: 0.8 }, nowS, 0.3));
    ({ nowS, large } = hears(speaking, { 1: 0.1, 2: 0 }, nowS, 1));
    expect(large).toBe(1);
  }
});

test("two who speak equally loud do not take turns", () => {
  const speaking = new Speaking();
  let { nowS, large } = hears(speaking, { 1: 0.1, 2: 0 }, 0, 3);
  for (let turn = 0; turn < 10; turn++) {
    ({ nowS, large } = hears(speaking, { 1: 0.09, 2: 0.11 }, nowS, 2));
    expect(large).toBe(1);
  }
  expect(speaking.speaking(nowS)).toEqual([2, 1]);
  expect(hears(speaking, { 1: 0.05, 2: 0.11 }, nowS, 2).large).toBe(2);
});

test("a level between the two bounds neither begins nor ends speech", () => {
  const speaking = new Speaking();
  let { nowS } = hears(speaking, { 1: 0.008 }, 0, 3);
  expect(speaking.speaking(nowS)).toEqual([]);
  ({ nowS } = hears(speaking, { 1: 0.1 }, nowS, 3));
  ({ nowS } = hears(speaking, { 1: 0.008 }, nowS, 3));
  expect(speaking.speaking(nowS)).toEqual([1]);
  ({ nowS } = hears(speaking, { 1: 0.001 }, nowS, 3));
  expect(speaking.speaking(nowS)).toEqual([]);
});

test("who is gone, or whose sound stopped, speaks no more", () => {
  const speaking = new Speaking();
  const { nowS } = hears(speaking, { 1: 0.1, 2: 0.1 }, 0, 3);
  expect(speaking.speaking(nowS + STALE_S - 0.01)).toEqual([1, 2]);
  expect(speaking.speaking(nowS + STALE_S + 0.1)).toEqual([]);
  expect(speaking.large(nowS)).toBe(1);
  speaking.forget(1);
  expect(speaking.speaking(nowS)).toEqual([2]);
  expect(speaking.large(nowS)).toBeUndefined();
});

test("levels that are no numbers do not stay", () => {
  const speaking = new Speaking();
  const { nowS } = hears(speaking, { 1: Number.NaN }, 0, 1);
  expect(hears(speaking, { 1: 0.1 }, nowS, 3).large).toBe(1);
});

test("loudness is what was decoded between two looks", () => {
  const before = { totalAudioEnergy: 2, totalSamplesDuration: 10 };
  expect(loudness(before, { totalAudioEnergy: 2.25, totalSamplesDuration: 11 })).toBe(0.5);
  expect(loudness(before, before)).toBeUndefined();
  expect(loudness(before, { totalAudioEnergy: 0.1, totalSamplesDuration: 0.5 })).toBeUndefined();
  expect(loudness(before, { totalAudioEnergy: Number.NaN, totalSamplesDuration: 11 })).toBe(
    undefined,
  );
});
