/** Tiles of a group call fill what there is, keep their shape, and are never too small to be read. */

import { describe, expect, test } from "vitest";
import { bestGrid, GAP, onPage, PAGER, pagedGrid, spotlight } from "../../app/group_layout.ts";
import { NO_SEATS, reseat, type Seats } from "../../app/group_seats.ts";

const DESKTOP = { width: 1256, height: 600 };
const PHONE = { width: 366, height: 620 };
const ON_ITS_SIDE = { width: 800, height: 220 };
const COUNTS = Array.from({ length: 50 }, (_, i) => i + 1);
const BOXES = [
  DESKTOP,
  PHONE,
  ON_ITS_SIDE,
  { width: 320, height: 380 },
  { width: 1900, height: 950 },
];

const columnsAndRows = (count: number, box: typeof PHONE) => {
  const { columns, rows } = bestGrid(count, box);
  return [columns, rows];
};

test("columns and rows are those that one would draw", () => {
  expect([3, 4, 9, 16, 25].map((count) => columnsAndRows(count, DESKTOP))).toEqual([
    [2, 2],
    [2, 2],
    [3, 3],
    [4, 4],
    [5, 5],
  ]);
  expect([3, 4, 6, 9].map((count) => columnsAndRows(count, PHONE))).toEqual([
    [2, 2],
    [2, 2],
    [2, 3],
    [3, 3],
  ]);
});

describe.each(BOXES)("$width x $height", (box) => {
  test.each(COUNTS)("%i tiles stay inside, in shape, and are dealt out evenly", (count) => {
    const { tile, columns, rows, pages, perPage } = pagedGrid(count, box);
    const room = box.height - (pages > 1 ? PAGER : 0);
    expect(columns * tile.width + (columns - 1) * GAP).toBeLessThanOrEqual(box.width);
    expect(rows * tile.height + (rows - 1) * GAP).toBeLessThanOrEqual(room);
    expect(columns * rows).toBeGreaterThanOrEqual(perPage);
    const shape = tile.width / tile.height;
    const [least, most] = box.width < box.height ? [2 / 3, 1] : [4 / 3, 16 / 9];
    expect(shape).toBeGreaterThan(least * 0.98);
    expect(shape).toBeLessThan(most * 1.02);
    if (perPage > 1) {
      expect(tile.width).toBeGreaterThanOrEqual(100);
      expect(tile.height).toBeGreaterThanOrEqual(80);
    }
    const all = Array.from({ length: count }, (_, i) => i);
    const dealt = Array.from({ length: pages }, (_, page) => onPage(all, page, perPage));
    expect(dealt.flat()).toEqual(all);
    // The last page is at most one short for each page there is.
    expect(perPage - (dealt.at(-1)?.length ?? 0)).toBeLessThan(pages + 1);
  });

  test.each([1, 2, 3, 8, 24, 49])("one large and %i others", (others) => {
    for (const shows of ["camera", "screen"] as const) {
      const { size, strip } = spotlight(others, box, shows);
      expect(strip).toBeDefined();
      if (strip === undefined) return;
      const { columns, rows, tile, pages, perPage } = strip;
      const pager = pages > 1 ? PAGER : 0;
      const width = columns * tile.width + GAP * (columns - 1);
      const height = rows * tile.height + GAP * (rows - 1) + pager;
      expect(perPage * pages).toBeGreaterThanOrEqual(others);
      expect(tile.width * tile.height).toBeGreaterThan(6000);
      const isBeside = strip.along === "column";
      expect(width + (isBeside ? size.width + GAP : 0)).toBeLessThanOrEqual(box.width);
      expect(height + (isBeside ? 0 : size.height + GAP)).toBeLessThanOrEqual(box.height);
      expect(size.width * size.height).toBeGreaterThan(0.35 * box.width * box.height);
      expect(size.width * size.height).toBeGreaterThan(tile.width * tile.height);
    }
  });
});

test("a phone has nine to a page at most, a desktop twenty-five", () => {
  expect(pagedGrid(9, PHONE)).toMatchObject({ pages: 1, perPage: 9 });
  expect(pagedGrid(10, PHONE)).toMatchObject({ pages: 2, perPage: 5 });
  expect(pagedGrid(25, DESKTOP)).toMatchObject({ pages: 1, perPage: 25 });
  expect(pagedGrid(50, DESKTOP)).toMatchObject({ pages: 2, perPage: 25 });
});

test("of pages that are not there one sees the nearest", () => {
  expect(onPage([1, 2, 3, 4, 5], 9, 2)).toEqual([5]);
  expect(onPage([1, 2, 3, 4, 5], -1, 2)).toEqual([1, 2]);
  expect(onPage([], 0, 4)).toEqual([]);
});

test("alone it is all of it", () => {
  expect(spotlight(0, PHONE, "camera")).toEqual({ size: PHONE, strip: undefined });
});

describe("seats", () => {
  const leaves = [1, 2, 3, 4, 5, 6];
  const seated = (...speakers: readonly (number | undefined)[]): Seats =>
    speakers.reduce<Seats>((seats, speaker) => reseat(seats, leaves, speaker, 3), NO_SEATS);

  test("stay while nobody speaks, and while those of the first page do", () => {
    expect(seated(undefined, 2, 1, 3).order).toEqual(leaves);
  });

  test("whoever speaks on a later page comes to the first, for who was never heard", () => {
    expect(seated(1, 2, 5).order).toEqual([1, 2, 5, 4, 3, 6]);
  });

  test("or for who has been silent the longest", () => {
    expect(seated(3, 1, 2, 6).order).toEqual([1, 2, 6, 4, 5, 3]);
  });

  test("are the same object while nothing changes", () => {
    const seats = seated(1, 5);
    expect(reseat(seats, leaves, 5, 3)).toBe(seats);
    expect(reseat(seats, leaves, 6, 3)).not.toBe(seats);
  });

  test("of those who went are given up, and who comes sits at the end", () => {
    const seats = seated(undefined);
    expect(reseat(seats, [1, 3, 4, 5, 6, 7], undefined, 3).order).toEqual([1, 3, 4, 5, 6, 7]);
    const again = reseat(reseat(seats, [1, 3], undefined, 3), [1, 2, 3], undefined, 3);
    expect(again.order).toEqual([1, 3, 2]);
  });

  test("on a first page without a place nobody moves", () => {
    expect(reseat(NO_SEATS, leaves, 6, 0).order).toEqual(leaves);
  });
});
