/** What is shown: one way, of members alone, pictures for as long as they come. */

import { beforeEach, expect, test } from "vitest";
import type { MemberTrack } from "../../media/group_interfaces.ts";
import { GroupShown, PICTURE_S } from "../../media/group_shown.ts";
import type { Role } from "../../media/sections.ts";

let told: (readonly MemberTrack[])[];
let shown: GroupShown;

beforeEach(() => {
  told = [];
  shown = new GroupShown({ onTracks: (tracks) => told.push(tracks), close() {} });
  shown.members(new Set([1, 2]));
});

const track = (leaf: number, role: Role, place: string) => {
  return { leaf, role, place, track: { id: place } as MediaStreamTrack };
};
const now = () => told.at(-1)?.map(({ leaf, role }) => `${leaf} ${role}`);
const heard = (places: Record<string, number>, atS: number) =>
  shown.heard(
    new Map(Object.entries(places).map(([place, video]) => [place, { leaf: 1, audio: 5, video }])),
    atS,
  );

test("sound at once, a picture with its first frame, and no longer than it comes", () => {
  shown.of("mesh", [track(1, "audio", "p"), track(1, "camera", "p")]);
  expect(now()).toEqual(["1 audio"]);
  heard({ p: 0 }, 1);
  expect(told).toHaveLength(1);
  heard({ p: 3 }, 2);
  expect(now()).toEqual(["1 audio", "1 camera"]);
  heard({ p: 3 }, 2 + PICTURE_S - 0.1);
  expect(told).toHaveLength(2);
  heard({ p: 3 }, 2 + PICTURE_S);
  expect(now()).toEqual(["1 audio"]);
  heard({ p: 4 }, 9);
  expect(now()).toEqual(["1 audio", "1 camera"]);
});

test("one way alone, and nobody is away for a moment when it changes", () => {
  shown.of("mesh", [track(1, "audio", "m")]);
  shown.of("sfu", [track(1, "audio", "s1"), track(2, "audio", "s2")]);
  expect(now()).toEqual(["1 audio"]);
  shown.choose("sfu");
  expect(told).toHaveLength(2);
  expect(told.at(-1)?.map((one) => one.track.id)).toEqual(["s1", "s2"]);
  shown.of("mesh", []);
  expect(told).toHaveLength(2);
});

test("who is no member is off the page at once", () => {
  shown.of("mesh", [track(1, "audio", "a"), track(2, "audio", "b")]);
  shown.members(new Set([2]));
  expect(now()).toEqual(["2 audio"]);
  shown.of("mesh", []);
  expect(now()).toEqual([]);
});
