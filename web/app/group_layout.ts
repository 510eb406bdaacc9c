/**
 * Where the tiles of a group call stand: how many to a page, in how many columns, how large.
 *
 * Pure: numbers in, numbers out, all in CSS pixels and whole. The screen centres what comes out, so a
 * last row that is not full stands in the middle. Not for: who is on which page (`group_seats.ts`).
 */

export type Box = Readonly<{ width: number; height: number }>;

export type Grid = Readonly<{ columns: number; rows: number; tile: Box }>;

/** A grid on each of so many pages. */
export type Paged = Grid & Readonly<{ pages: number; perPage: number }>;

/** One large tile, and the others in a strip beside or below it. */
/** One large tile, and the others in a strip: one column beside it, or rows below. */
export type Spotlight = Readonly<{
  /** Of the large one. */
  size: Box;
  strip: (Paged & Readonly<{ along: "row" | "column" }>) | undefined;
}>;

/** Between tiles; `--s2`. */
export const GAP = 8;

/** What the page buttons take: as high as a finger needs, and the gap. */
export const PAGER = 44 + GAP;

/** Width by height, from the narrowest that a tile may be to the widest. */
const SHAPES = { lying: [4 / 3, 16 / 9], standing: [2 / 3, 1] } as const;

/** What an empty place counts against the size of the tiles: a lonely one in a last row is not nice. */
const EMPTY = 0.3;

/** As many tiles on a page of a desktop and of a phone. More: each smaller, and more to decode at once. */
const MOST = { wide: 25, narrow: 9 } as const;

/** Below this width a window is taken for a phone. */
const NARROW = 640;

/** A tile below this cannot be told from another one, nor its name read. */
const SMALLEST: Box = { width: 100, height: 80 };

/** Width of a tile beside a large one, as part of the whole: at most, at least, and where pages turn. */
const SIDE = { most: 0.17, least: 0.105, paged: 0.13 } as const;
const SIDE_SHAPE = 16 / 9;
/** Bounds of that in pixels. */
const SIDE_PX = { most: 240, least: 128 } as const;

/** Width by height of a large tile on a phone held upright: what a screen or a face needs. */
const UPRIGHT = { screen: 16 / 10, camera: 4 / 5 } as const;
/** How much of such a phone's height it takes at most. */
const UPRIGHT_PART = 0.64;

/** Return the columns that give so many tiles about the largest size. */
export function bestGrid(count: number, box: Box): Grid {
  const [narrowest, widest] = SHAPES[box.width < box.height ? "standing" : "lying"];
  let best: Grid = { columns: 1, rows: 1, tile: { width: 0, height: 0 } };
  let most = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const place = {
      width: (box.width - GAP * (columns - 1)) / columns,
      height: (box.height - GAP * (rows - 1)) / rows,
    };
    const width = Math.min(place.width, place.height * widest);
    const height = Math.min(place.height, width / narrowest);
    const empty = (columns * rows - count) / (columns * rows);
    const worth = width * height * (1 - EMPTY * empty);
    if (worth > most) {
      most = worth;
      best = { columns, rows, tile: whole({ width, height }) };
    }
  }
  return best;
}

/** Return how so many tiles are dealt out to pages, each as full as the others as far as that goes. */
export function pagedGrid(count: number, box: Box): Paged {
  const size = pageSize(count, box);
  if (size >= count) return { ...bestGrid(count, box), pages: 1, perPage: Math.max(1, count) };
  const left = { width: box.width, height: box.height - PAGER };
  const { pages, perPage } = dealt(count, pageSize(count, left));
  // All pages have tiles of one size: the last one is the fuller for it, not larger.
  return { ...bestGrid(perPage, left), pages, perPage };
}

/**
 * Return the sizes of one large tile and of `others` around it.
 *
 * @param shows what the large one shows: a screen is wide
 */
export function spotlight(others: number, box: Box, shows: "camera" | "screen"): Spotlight {
  if (others <= 0) return { size: whole(box), strip: undefined };
  return box.width < box.height ? withRows(others, box, UPRIGHT[shows]) : withColumn(others, box);
}

/** Return what is on one page; of pages beyond the last, what is on the last. */
export function onPage<T>(all: readonly T[], page: number, perPage: number): readonly T[] {
  const last = Math.max(0, Math.ceil(all.length / perPage) - 1);
  const first = Math.min(Math.max(0, page), last) * perPage;
  return all.slice(first, first + perPage);
}

function pageSize(count: number, box: Box): number {
  const most = Math.min(count, box.width < NARROW ? MOST.narrow : MOST.wide);
  for (let size = most; size > 1; size--) {
    const { tile } = bestGrid(size, box);
    if (tile.width >= SMALLEST.width && tile.height >= SMALLEST.height) return size;
  }
  return 1;
}

/** Ten on pages of nine are five and five, not nine and a lonely one. */
function dealt(count: number, size: number): Readonly<{ pages: number; perPage: number }> {
  const pages = Math.max(1, Math.ceil(count / Math.max(1, size)));
  return { pages, perPage: Math.ceil(count / pages) };
}

function withColumn(others: number, box: Box): Spotlight {
  const bound = (width: number) => Math.min(Math.max(width, SIDE_PX.least), SIDE_PX.most);
  const fitting = (box.height - GAP * (others - 1)) / others;
  const wanted = Math.min(fitting * SIDE_SHAPE, bound(box.width * SIDE.most));
  const isPaged = wanted < bound(box.width * SIDE.least);
  const width = isPaged ? bound(box.width * SIDE.paged) : wanted;
  const tile = whole({ width, height: width / SIDE_SHAPE });
  const fits = Math.max(1, Math.floor((box.height - PAGER + GAP) / (tile.height + GAP)));
  const { pages, perPage } = isPaged ? dealt(others, fits) : { pages: 1, perPage: others };
  return {
    size: whole({ width: box.width - tile.width - GAP, height: box.height }),
    strip: { along: "column", columns: 1, rows: perPage, tile, pages, perPage },
  };
}

function withRows(others: number, box: Box, shape: number): Spotlight {
  const { width } = box;
  const height = Math.min(width / shape, box.height * UPRIGHT_PART);
  const below = { width, height: box.height - height - GAP };
  return {
    size: whole({ width, height }),
    // One alone is not as large as the large one.
    strip: { along: "row", ...pagedGrid(Math.max(2, others), below) },
  };
}

function whole({ width, height }: Box): Box {
  return { width: Math.max(0, Math.floor(width)), height: Math.max(0, Math.floor(height)) };
}
