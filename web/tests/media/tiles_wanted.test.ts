/** Which sections are watched, in which layer, and that neither flaps. */

import { expect, test } from "vitest";
import type { Role } from "../../media/sections.ts";
import {
  pageOf,
  type Sent,
  type Tile,
  TilesWanted,
  type View,
  type Wanted,
} from "../../media/tiles_wanted.ts";

const SOURCES = { audio: "0", camera: "1", screen: "2" } as const;

const sent = (leaf: number, ...roles: Role[]): Sent[] =>
  roles.map((role) => ({ leaf, feed: `feed ${leaf}`, source: SOURCES[role], role }));

const tile = (leaf: number, height = 180, changes: Partial<Tile> = {}): Tile => ({
  leaf,
  role: "camera",
  width: (height * 16) / 9,
  height,
  visible: true,
  ...changes,
});

const view = (changes: Partial<View>): View => ({
  sent: [1, 2, 3].flatMap((leaf) => sent(leaf, "audio", "camera")),
  tiles: [],
  pixelRatio: 1,
  bitRate: undefined,
  ...changes,
});

const names = (wanted: readonly Wanted[]) => wanted.map(({ leaf, role }) => `${role} ${leaf}`);
const pictures = (wanted: readonly Wanted[]) => wanted.filter(({ role }) => role !== "audio");
const layers = (wanted: readonly Wanted[]) =>
  pictures(wanted).map(({ layer }) => `${layer?.substream}/${layer?.temporal}`);

test("everybody is heard; only tiles in view are seen", () => {
  const tiles = [
    tile(2),
    tile(1, 180, { visible: false }),
    tile(3, 0),
    tile(4), // sends nothing
  ];
  const wanted = new TilesWanted().choose(view({ tiles }));
  expect(names(wanted)).toEqual(["audio 1", "audio 2", "audio 3", "camera 2"]);
  expect(wanted[0]?.layer).toBeUndefined();
});

test("a shared screen comes first, in full", () => {
  const wanted = new TilesWanted().choose(
    view({
      sent: [...sent(1, "audio", "camera"), ...sent(2, "audio", "camera", "screen")],
      tiles: [tile(1, 720), tile(2), tile(2, 100, { role: "screen" })],
    }),
  );
  expect(names(pictures(wanted))).toEqual(["screen 2", "camera 1", "camera 2"]);
  expect(layers(wanted)).toEqual(["2/2", "2/2", "0/2"]);
});

test("nothing is watched twice", () => {
  const wanted = new TilesWanted().choose(view({ tiles: [tile(1), tile(1, 720)] }));
  expect(names(pictures(wanted))).toEqual(["camera 1"]);
});

test.each([
  [100, 1, "0/2"],
  [100, 2, "1/2"],
  [200, 1, "1/2"],
  [200, 3, "2/2"],
  [419, 1, "1/2"],
  [420, 1, "2/2"],
])("a tile of %d lines at a ratio of %d gets %s", (height, pixelRatio, layer) => {
  const wanted = new TilesWanted().choose(view({ tiles: [tile(1, height)], pixelRatio }));
  expect(layers(wanted)).toEqual([layer]);
});

test("a tile that is drawn a little smaller and larger keeps its layer", () => {
  const chooser = new TilesWanted();
  const at = (height: number) => layers(chooser.choose(view({ tiles: [tile(1, height)] })))[0];
  expect(at(425)).toBe("2/2");
  for (let turn = 0; turn < 5; turn++)
    expect([at(415), at(345), at(425)]).toEqual(Array(3).fill("2/2"));
  expect(at(330)).toBe("1/2");
  expect(at(415)).toBe("1/2");
  expect(at(161)).toBe("1/2");
  expect(at(159)).toBe("0/2");
  expect(at(199)).toBe("0/2");
});

test("where bandwidth is short, later tiles lose frames, then lines; screens last", () => {
  const things = view({
    sent: [...sent(1, "audio", "camera"), ...sent(2, "audio", "camera", "screen")],
    tiles: [tile(2, 720, { role: "screen" }), tile(1, 720), tile(2, 720)],
  });
  const at = (bitRate: number) => layers(new TilesWanted().choose({ ...things, bitRate }));
  expect(at(10_000_000)).toEqual(["2/2", "2/2", "2/2"]);
  expect(at(5_000_000)).toEqual(["2/2", "2/2", "2/1"]);
  expect(at(4_000_000)).toEqual(["2/2", "2/2", "1/1"]);
  expect(at(2_500_000)).toEqual(["2/2", "1/1", "0/0"]);
  expect(at(2_000_000)).toEqual(["2/2", "0/0", "0/0"]);
  expect(at(1_500_000)).toEqual(["2/1", "0/0", "0/0"]);
  // However little there is, whoever is in view is shown.
  expect(at(1)).toEqual(["2/0", "0/0", "0/0"]);
});

test("bandwidth that wavers does not make a picture waver", () => {
  const chooser = new TilesWanted();
  const at = (bitRate: number) =>
    layers(chooser.choose(view({ tiles: [tile(1, 720)], bitRate })))[0];
  const enough = (1_500_000 + 3 * 40_000) / 0.85 + 1;
  expect(at(enough)).toBe("2/2");
  const smaller = at(enough - 20_000);
  expect(smaller).toBe("2/1");
  for (let turn = 0; turn < 5; turn++) {
    expect(at(enough + 20_000)).toBe(smaller);
    expect(at(enough - 20_000)).toBe(smaller);
  }
  expect(at(enough * 1.4)).toBe("2/2");
});

test("pages of tiles", () => {
  const tiles = [0, 1, 2, 3, 4, 5, 6];
  expect(pageOf(tiles, 0, 3)).toEqual([0, 1, 2]);
  expect(pageOf(tiles, 2, 3)).toEqual([6]);
  expect(pageOf(tiles, 9, 3)).toEqual([6]);
  expect(pageOf(tiles, -1, 3)).toEqual([0, 1, 2]);
  expect(pageOf([], 4, 3)).toEqual([]);
});
