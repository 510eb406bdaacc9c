/**
 * What a group call shows: who is large, and who is on which page.
 *
 * Pure: the call, what the person wishes, and the room there is in; tiles and sizes out. A shared screen
 * is the large tile, whatever is wished.
 */

import {
  type Box,
  onPage,
  type Paged,
  pagedGrid,
  type Spotlight,
  spotlight,
} from "./group_layout.ts";
import type { GroupCallView, GroupMember } from "./model_group_call.ts";

/** What one tile shows. */
export type TileOf = Readonly<{ leaf: number; role: "camera" | "screen" }>;

export type Wish = Readonly<{
  mode: "grid" | "spotlight";
  /** Kept large until the person lets it go. */
  pinned: TileOf | undefined;
}>;

export type Plan = Readonly<
  | { kind: "alone" }
  /** The two of a call: the other large, ourselves in a corner. */
  | { kind: "pair"; large: TileOf; size: Box }
  | ({ kind: "grid"; tiles: readonly TileOf[] } & Paged)
  | ({ kind: "spotlight"; tiles: readonly TileOf[]; large: TileOf } & Spotlight)
>;

/** Return the members as they are shown: we as we know ourselves. */
export function everybody(call: GroupCallView): readonly GroupMember[] {
  const { micOn, cameraOn, sharing, hand } = call;
  return call.members.map((member) =>
    member.own
      ? {
          ...member,
          ...{ micOn, cameraOn, sharing, hand },
          sound: undefined,
          camera: cameraOn ? call.self : undefined,
        }
      : member,
  );
}

/** Return what is shown in so much room; tiles in the order of their members. */
export function planOf(
  members: readonly GroupMember[],
  speaker: number | undefined,
  wish: Wish,
  box: Box,
): Plan {
  const others = members.filter(({ own }) => !own);
  const [first] = others;
  if (first === undefined) return { kind: "alone" };
  const firstLeaf = first.leaf;
  const cameras = members.map(({ leaf }): TileOf => ({ leaf, role: "camera" }));
  // Our own screen is not shown to us: it would show itself.
  const screens = others
    .filter(({ screen }) => screen !== undefined)
    .map(({ leaf }): TileOf => ({ leaf, role: "screen" }));
  const all = [...screens, ...cameras];
  const pinned = wish.pinned && all.find((tile) => isSame(tile, wish.pinned));
  const isPair = others.length === 1 && screens.length === 0;
  if (isPair) return { kind: "pair", large: { leaf: firstLeaf, role: "camera" }, size: box };
  const screen = pinned?.role === "screen" ? pinned : screens[0];
  const large = screen ?? pinned ?? (wish.mode === "spotlight" ? spoken() : undefined);
  if (large === undefined) {
    return { kind: "grid", tiles: all, ...pagedGrid(all.length, box) };
  }
  const tiles = all.filter((tile) => !isSame(tile, large));
  return { kind: "spotlight", tiles, large, ...spotlight(tiles.length, box, large.role) };

  function spoken(): TileOf {
    const isHere = others.some(({ leaf }) => leaf === speaker);
    return { leaf: isHere && speaker !== undefined ? speaker : firstLeaf, role: "camera" };
  }
}

/** Return how many seats the first page has for others. */
export function firstSeats(plan: Plan, own: number | undefined): number {
  const perPage = perPageOf(plan);
  const isHere = "tiles" in plan && plan.tiles.some(({ leaf }) => leaf === own);
  const screens = "tiles" in plan ? plan.tiles.filter(({ role }) => role === "screen").length : 0;
  return Math.max(0, perPage - (isHere ? 1 : 0) - screens);
}

/**
 * Return the tiles of a page: screens first, the others as they sit, ourselves last on the first page.
 *
 * @param order leaves of the others
 */
export function tilesOn(
  plan: Plan,
  order: readonly number[],
  own: number | undefined,
  page: number,
): readonly TileOf[] {
  if (!("tiles" in plan)) return [];
  const seat = (leaf: number) => order.indexOf(leaf);
  const screens = plan.tiles.filter(({ role }) => role === "screen");
  const cameras = plan.tiles
    .filter(({ role, leaf }) => role === "camera" && leaf !== own)
    .toSorted((one, other) => seat(one.leaf) - seat(other.leaf));
  const ours = plan.tiles.filter(({ role, leaf }) => role === "camera" && leaf === own);
  const perPage = perPageOf(plan);
  const sorted = [...screens, ...cameras];
  return onPage(sorted.toSpliced(Math.max(0, perPage - 1), 0, ...ours), page, perPage);
}

export function pagesOf(plan: Plan): number {
  if (plan.kind === "grid") return plan.pages;
  return plan.kind === "spotlight" ? (plan.strip?.pages ?? 1) : 1;
}

export function isSame(one: TileOf | undefined, other: TileOf | undefined): boolean {
  return one?.leaf === other?.leaf && one?.role === other?.role;
}

function perPageOf(plan: Plan): number {
  if (plan.kind === "grid") return plan.perPage;
  return plan.kind === "spotlight" ? (plan.strip?.perPage ?? 1) : 1;
}
