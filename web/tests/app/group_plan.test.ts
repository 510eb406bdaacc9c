/** Who is large in a group call, who is on which page, and whose pictures are asked for. */

import { describe, expect, test } from "vitest";
import {
  everybody,
  firstSeats,
  pagesOf,
  planOf,
  type TileOf,
  tilesOn,
  type Wish,
} from "../../app/group_plan.ts";
import type { GroupMember } from "../../app/model_group_call.ts";
import { but, GROUP_CALL, members } from "../../app/scenes/fixtures_group_call.ts";
import { seen } from "../../app/screens/group_call_pages.tsx";

const PHONE = { width: 366, height: 620 };
const DESKTOP = { width: 1256, height: 600 };
const GRID: Wish = { mode: "grid", pinned: undefined };
const SPOTLIGHT: Wish = { mode: "spotlight", pinned: undefined };
const OWN = 0;
const SCREEN = { sharing: true, screen: {} as MediaStream };

const camera = (leaf: number): TileOf => ({ leaf, role: "camera" });
const screen = (leaf: number): TileOf => ({ leaf, role: "screen" });
const order = (all: readonly GroupMember[]) =>
  all.filter(({ own }) => !own).map(({ leaf }) => leaf);

test("alone, of two, and more", () => {
  expect(planOf(members(1), undefined, GRID, PHONE).kind).toBe("alone");
  expect(planOf(members(2), undefined, GRID, PHONE)).toMatchObject({
    kind: "pair",
    large: camera(1),
    size: PHONE,
  });
  expect(planOf(members(3), undefined, GRID, PHONE)).toMatchObject({ kind: "grid", pages: 1 });
});

describe("who is large", () => {
  const all = members(6);
  const large = (some: readonly GroupMember[], wish: Wish, speaker?: number) => {
    const plan = planOf(some, speaker, wish, DESKTOP);
    return plan.kind === "spotlight" ? plan.large : undefined;
  };

  test("nobody, in a grid", () => expect(large(all, GRID, 3)).toBeUndefined());

  test("whoever speaks, or else the first", () => {
    expect(large(all, SPOTLIGHT, 3)).toEqual(camera(3));
    expect(large(all, SPOTLIGHT)).toEqual(camera(1));
    expect(large(all, SPOTLIGHT, 77)).toEqual(camera(1));
  });

  test("whoever was made so by hand, for as long as they are there", () => {
    expect(large(all, { ...GRID, pinned: camera(4) }, 3)).toEqual(camera(4));
    expect(large(all.slice(0, 3), { ...GRID, pinned: camera(4) }, 3)).toBeUndefined();
  });

  test("a shared screen always, whatever is wished; of two the one that is chosen", () => {
    const shared = but(all, { 2: SCREEN, 5: SCREEN });
    expect(large(shared, GRID, 3)).toEqual(screen(2));
    expect(large(shared, SPOTLIGHT, 3)).toEqual(screen(2));
    expect(large(shared, { ...GRID, pinned: camera(4) }, 3)).toEqual(screen(2));
    expect(large(shared, { ...GRID, pinned: screen(5) }, 3)).toEqual(screen(5));
    expect(large(but(members(2), { 1: SCREEN }), GRID)).toEqual(screen(1));
  });

  test("never our own screen: it would show itself", () => {
    expect(large(but(all, { [OWN]: SCREEN }), GRID)).toBeUndefined();
  });
});

describe.each([
  ["phone", PHONE],
  ["desktop", DESKTOP],
] as const)("on a %s", (_, box) => {
  test.each([3, 9, 10, 25, 26, 50])("everybody of %i is on one page, and we on the first", (n) => {
    for (const some of [members(n), but(members(n), { 2: SCREEN })]) {
      for (const wish of [GRID, SPOTLIGHT]) {
        const plan = planOf(some, 1, wish, box);
        const pages = Array.from({ length: pagesOf(plan) }, (_, page) =>
          tilesOn(plan, order(some), OWN, page),
        );
        const large = "large" in plan ? [plan.large] : [];
        const all = [...large, ...pages.flat()].map(({ leaf, role }) => `${role} ${leaf}`);
        expect(new Set(all).size).toBe(all.length);
        expect(all.length).toBe(n + (some[2]?.screen ? 1 : 0));
        expect(pages[0]).toContainEqual(camera(OWN));
        expect(firstSeats(plan, OWN)).toBe((pages[0]?.length ?? 0) - 1);
      }
    }
  });
});

test("the others sit as their seats say", () => {
  const all = members(4);
  const plan = planOf(all, undefined, GRID, DESKTOP);
  expect(tilesOn(plan, [3, 1, 2], OWN, 0).map(({ leaf }) => leaf)).toEqual([3, 1, 2, OWN]);
});

describe("pictures", () => {
  const all = but(members(50), { 2: SCREEN });
  const plan = planOf(all, 1, GRID, PHONE);
  const asked = (page: number, visible = true) =>
    seen(plan, tilesOn(plan, order(all), OWN, page), OWN, visible);

  test("are asked for of the page that is seen, the large one first, and never of us", () => {
    const [large, ...small] = asked(0);
    expect(large).toMatchObject({ leaf: 2, role: "screen", width: 366, visible: true });
    expect(small.length).toBe(firstSeats(plan, OWN));
    expect(asked(0).some(({ leaf }) => leaf === OWN)).toBe(false);
    const [next] = asked(1).slice(1);
    expect(asked(0)).not.toContainEqual(next);
  });

  test("are not wanted while the page lies behind another one", () => {
    expect(asked(0, false).every(({ visible }) => !visible)).toBe(true);
    expect(asked(0).every(({ visible }) => visible)).toBe(true); // control
  });

  test("have the size of their tile", () => {
    const of9 = planOf(members(9), 1, GRID, PHONE);
    const tiles = seen(of9, tilesOn(of9, order(members(9)), OWN, 0), OWN, true);
    expect(tiles).toHaveLength(8);
    if (of9.kind === "grid") expect(tiles[0]).toMatchObject(of9.tile);
    const of2 = planOf(members(2), 1, GRID, PHONE);
    expect(seen(of2, [], OWN, true)).toEqual([{ ...camera(1), ...PHONE, visible: true }]);
  });
});

test("we are as we know ourselves, at once", () => {
  const self = {} as MediaStream;
  const call = { ...GROUP_CALL, micOn: false, hand: true, cameraOn: true, self };
  const [own, other] = everybody(call);
  expect(own).toMatchObject({ micOn: false, hand: true, cameraOn: true });
  expect(own?.camera).toBe(self);
  expect(other).toBe(call.members[1]);
  expect(everybody({ ...call, cameraOn: false })[0]?.camera).toBeUndefined();
});
