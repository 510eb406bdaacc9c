/** Whose feeds are watched: what members announced, and nothing else. */

import { beforeEach, expect, test } from "vitest";
import { hex } from "../../core/bytes.ts";
import { FeedId } from "../../core/ids.ts";
import { GroupWatching } from "../../media/group_watching.ts";
import type { Tile } from "../../media/tiles_wanted.ts";

const feed = (number: number) => new FeedId(new Uint8Array(16).fill(number));
const SEEN = { pixelRatio: 1, bitRate: undefined };
const tile = (leaf: number, height: number, visible = true): Tile => {
  return { leaf, role: "camera", width: height, height, visible };
};

let watching: GroupWatching;
beforeEach(() => {
  watching = new GroupWatching();
});

/** What is watched: the first byte of each feed, with its sections. */
function wanted(others: readonly number[]) {
  return watching.wanted(new Set(others), SEEN).map(({ feed: id, mids }) => [id[0], mids]);
}

test("only what is announced, is there, and is a member's", () => {
  watching.there([feed(1), feed(2), feed(3)]);
  expect(wanted([1, 2])).toEqual([]);
  expect(watching.isUsed).toBe(false);
  watching.announced(2, feed(2));
  watching.announced(1, feed(1));
  watching.announced(5, feed(3)); // not in the call
  watching.announced(4, feed(4)); // not there
  expect(wanted([1, 2, 4])).toEqual([
    [1, null],
    [2, null],
  ]);
  watching.gone(1);
  expect(wanted([1, 2, 4])).toEqual([[2, null]]);
  watching.announced(2, null);
  expect(wanted([1, 2, 4])).toEqual([]);
});

test("each feed once, whoever else announces it; never our own", () => {
  watching.own = feed(9);
  watching.there([feed(1), feed(9)]);
  watching.announced(1, feed(1));
  watching.announced(2, feed(1));
  watching.announced(3, feed(9));
  expect(wanted([1, 2, 3])).toEqual([[1, null]]);
  expect([...watching.whose]).toEqual([[hex(feed(1)), [1, 2]]]);
});

test("what is new is said", () => {
  expect(watching.announced(1, null)).toBe(false);
  expect(watching.announced(1, feed(1))).toBe(true);
  expect(watching.announced(1, feed(1))).toBe(false);
  expect(watching.announced(1, feed(2))).toBe(true);
});

test("cameras of the tiles in view, sound and screens of everybody", () => {
  for (const leaf of [1, 2, 3]) watching.announced(leaf, feed(leaf));
  watching.there([feed(1), feed(2), feed(3)]);
  watching.look([tile(2, 180), tile(3, 180, false)]);
  expect(wanted([1, 2, 3])).toEqual([
    [1, ["0", "2"]],
    [2, null],
    [3, ["0", "2"]],
  ]);
  watching.look(undefined);
  expect(wanted([1, 2, 3]).map(([, mids]) => mids)).toEqual([null, null, null]);
});

test("a layer by the tile; the largest where nothing is chosen, and none for sound", () => {
  for (const leaf of [1, 2]) watching.announced(leaf, feed(leaf));
  watching.there([feed(1), feed(2)]);
  const sections = [
    { mid: "0", feed: hex(feed(1)), source: "0" },
    { mid: "1", feed: hex(feed(1)), source: "1" },
    { mid: "2", feed: hex(feed(2)), source: "1" },
    { mid: "3", feed: hex(feed(2)), source: "2" },
  ];
  const layers = () =>
    [...watching.layers(sections)].map(([mid, { layer }]) => [mid, layer.substream]);
  watching.wanted(new Set([1, 2]), SEEN);
  const all = [
    ["1", 2],
    ["2", 2],
    ["3", 2],
  ];
  expect(layers()).toEqual(all);
  watching.look([tile(1, 100), tile(2, 300)]);
  watching.wanted(new Set([1, 2]), SEEN);
  expect(layers()).toEqual([
    ["1", 0],
    ["2", 1],
    ["3", 2],
  ]);
  watching.look(undefined);
  watching.wanted(new Set([1, 2]), SEEN);
  expect(layers()).toEqual(all);
});
