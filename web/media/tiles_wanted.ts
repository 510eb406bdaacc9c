/**
 * Which sections of a group call a device asks the SFU for, and which layer of each picture.
 *
 * Sound of everybody; pictures of the tiles that are on screen, and no others; shared screens before
 * all. A picture's layer follows the tile's size in device pixels, then the bandwidth, and does not
 * flap between two. Pure: what is shown in, what to watch out. Not for: asking (`room.watch`,
 * `room.layers` of docs/protocol/call-room.md).
 */

import type { Role } from "./sections.ts";

export type { Role } from "./sections.ts";

/** 0 the smallest, 2 the largest; `LAYERS` of `sfu_publish.ts`. */
export type Substream = 0 | 1 | 2;

/** 0 a quarter of the frames, 1 half, 2 all. */
export type Temporal = 0 | 1 | 2;

/** A section that somebody sends. */
export type Sent = Readonly<{
  leaf: number;
  /** Its feed, as a key of maps. */
  feed: string;
  /** Its name where it is sent. */
  source: string;
  role: Role;
}>;

/** A picture on a page. Sizes in CSS pixels. */
export type Tile = Readonly<{
  leaf: number;
  role: "camera" | "screen";
  width: number;
  height: number;
  /** Whether any of it is in view. */
  visible: boolean;
}>;

/** What there is to choose from. */
export type View = Readonly<{
  sent: readonly Sent[];
  /** In their order on the page: where bandwidth is short, later ones lose first. */
  tiles: readonly Tile[];
  /** `devicePixelRatio`. */
  pixelRatio: number;
  /** Bits a second that may be received, as measured; undefined: not known yet. */
  bitRate: number | undefined;
}>;

/** A section to be watched; sound has no layer. */
export type Wanted = Sent &
  Readonly<{ layer: Readonly<{ substream: Substream; temporal: Temporal }> | undefined }>;

/** Device pixels of height from which a layer is asked for: of 720, 360 and 180 lines. */
const FROM_HEIGHT = [0, 200, 420] as const;

/** How far below that a tile has to shrink before the smaller layer does. Nearer to 1 it flaps. */
const SHRINKS = 0.8;

/** Bits a second of each layer, with all its frames (`sfu_publish.ts`). */
const COSTS = [150_000, 500_000, 1_500_000] as const;
const SCREEN_COST = 1_500_000;
const SOUND_COST = 40_000;

/** Part of a layer's cost with fewer frames: a quarter, half, all of them. */
const PARTS = [0.4, 0.6, 1] as const;

/** Part of the bandwidth that may be planned with. Higher looks better, lower stalls less. */
const USABLE = 0.85;

/**
 * How much more bandwidth than a larger plan costs there has to be before it is taken again after a
 * smaller one. Higher flaps less, lower recovers sooner.
 */
const ROOM = 1.3;

/** What is planned of one picture. Of a screen text must be read: its frames go, its lines never. */
type Choice = { readonly sent: Sent; substream: Substream; temporal: Temporal };

/** Chooses, and remembers what it chose. */
export class TilesWanted {
  readonly #before = new Map<string, Readonly<{ bySize: Substream; planned: number }>>();

  /** Return what to watch now, in the order of importance. */
  choose({ sent, tiles, pixelRatio, bitRate }: View): readonly Wanted[] {
    const sounds = sent.filter(({ role }) => role === "audio");
    const choices = inOrder(sent, tiles).map(([one, tile]): Choice => {
      return { sent: one, substream: this.#bySize(one, tile, pixelRatio), temporal: 2 };
    });
    const bySize = choices.map(({ substream }) => substream);
    if (bitRate !== undefined) {
      const usable = bitRate * USABLE - sounds.length * SOUND_COST;
      this.#fit(choices, usable);
    }
    this.#remember(choices, bySize);
    return [
      ...sounds.map((one) => ({ ...one, layer: undefined })),
      ...choices.map((one) => ({
        ...one.sent,
        layer: { substream: one.substream, temporal: one.temporal },
      })),
    ];
  }

  #bySize(sent: Sent, tile: Tile, pixelRatio: number): Substream {
    if (sent.role === "screen") return 2;
    const lines = tile.height * pixelRatio;
    const before = this.#before.get(keyOf(sent))?.bySize ?? 0;
    const reached = (layer: 1 | 2) => lines >= FROM_HEIGHT[layer] * (layer <= before ? SHRINKS : 1);
    if (reached(2)) return 2;
    return reached(1) ? 1 : 0;
  }

  /** Take away, from the last one on, until it fits: frames first, then lines. */
  #fit(choices: Choice[], usable: number): void {
    const fits = () => choices.reduce((sum, one) => sum + this.#cost(one), 0) <= usable;
    while (!fits()) {
      const poorer = choices.findLast(
        (one) => one.sent.role === "camera" && (one.substream > 0 || one.temporal > 0),
      );
      // Screens last of all; then the smallest of each stays: whoever is watched is shown.
      const last = poorer ?? choices.findLast(({ temporal }) => temporal > 0);
      if (last === undefined) return;
      reduce(last);
    }
  }

  /** What was made smaller costs more than it does, so that it stays until there is room. */
  #cost(one: Choice): number {
    const cost = costOf(one);
    const before = this.#before.get(keyOf(one.sent));
    return before !== undefined && cost > before.planned ? cost * ROOM : cost;
  }

  #remember(choices: readonly Choice[], bySize: readonly Substream[]): void {
    this.#before.clear();
    choices.forEach((one, index) => {
      const planned = costOf(one);
      this.#before.set(keyOf(one.sent), { bySize: bySize[index] ?? 0, planned });
    });
  }
}

/** Return the tiles of one page; of pages beyond the last, the last one. */
export function pageOf<T>(tiles: readonly T[], page: number, size: number): readonly T[] {
  const last = Math.max(0, Math.ceil(tiles.length / size) - 1);
  const first = Math.min(Math.max(0, page), last) * size;
  return tiles.slice(first, first + size);
}

/** Visible tiles with what they show: screens first, then cameras, each in the order of the page. */
function inOrder(sent: readonly Sent[], tiles: readonly Tile[]): readonly [Sent, Tile][] {
  const shown = tiles.filter(({ visible, width, height }) => visible && width > 0 && height > 0);
  const found: [Sent, Tile][] = [];
  for (const role of ["screen", "camera"] as const) {
    for (const tile of shown) {
      if (tile.role !== role) continue;
      const one = sent.find((other) => other.leaf === tile.leaf && other.role === role);
      if (one !== undefined && !found.some(([other]) => other === one)) found.push([one, tile]);
    }
  }
  return found;
}

function reduce(choice: Choice): void {
  const { substream, temporal } = choice;
  if (temporal === 2) choice.temporal = 1;
  else if (substream > 0 && choice.sent.role === "camera") {
    choice.substream = substream === 2 ? 1 : 0;
    choice.temporal = 2;
  } else choice.temporal = 0;
}

function costOf({ sent, substream, temporal }: Choice): number {
  return (sent.role === "screen" ? SCREEN_COST : COSTS[substream]) * PARTS[temporal];
}

function keyOf({ feed, source }: Sent): string {
  return JSON.stringify([feed, source]);
}
