/** What plays when, of a recording in parts. */

import { describe, expect, test } from "vitest";
import type { Part } from "../../app/model_recording.ts";
import { lengthOf, openAt, partAfter, partAt, tracksOf } from "../../app/recording_play.ts";

const part = (name: string, kind: Part["kind"], at: number, length: number): Part => ({
  id: `${name} ${kind} ${at}`,
  name,
  kind,
  at,
  length,
  open: async () => new Blob(),
});

const PARTS = [
  part("mira", "audio", 5, 5),
  part("mira", "audio", 0, 5),
  part("jonas", "audio", 2, 3),
  part("mira", "video", 0, 30),
  part("jonas", "audio", 20, 5),
];

describe("tracks", () => {
  test("are one for each member and kind, in order of time", () => {
    const tracks = tracksOf(PARTS);
    expect(tracks.map(({ name, kind, parts }) => [name, kind, parts.map(({ at }) => at)])).toEqual([
      ["mira", "audio", [0, 5]],
      ["jonas", "audio", [2, 20]],
      ["mira", "video", [0]],
    ]);
    expect(tracksOf([])).toEqual([]);
  });

  test("are not mixed up by names that look like others", () => {
    const tricky = [part('a","audio', "audio", 0, 1), part("a", "audio", 0, 1)];
    expect(tracksOf(tricky)).toHaveLength(2);
  });

  test("last until the end of what ends last", () => {
    expect(lengthOf(PARTS)).toBe(30);
    expect(lengthOf([])).toBe(0);
  });
});

describe("at a time", () => {
  const [mira, jonas] = tracksOf(PARTS);
  if (mira === undefined || jonas === undefined) throw new Error("no tracks");
  const idAt = (time: number) => partAt(mira, time)?.at;

  test("that part plays which begins by then and has not ended", () => {
    expect([0, 4.99, 5, 9.99, 10].map(idAt)).toEqual([0, 0, 5, 5, undefined]);
    expect([0, 2, 5, 19, 20, 25].map((time) => partAt(jonas, time)?.at)).toEqual([
      undefined,
      2,
      undefined,
      undefined,
      20,
      undefined,
    ]);
  });

  test("the next is opened soon before it begins, and no other: keys are asked for as they are used", () => {
    const open = (time: number) => openAt(jonas, time).map(({ at }) => at);
    expect(open(0)).toEqual([2]);
    expect(open(3)).toEqual([2]);
    expect(open(10)).toEqual([]);
    expect(open(16)).toEqual([20]);
    expect(open(25)).toEqual([]);
    expect(openAt(mira, 2).map(({ at }) => at)).toEqual([0, 5]);
    expect(partAfter(jonas, 20)).toBeUndefined();
  });
});
