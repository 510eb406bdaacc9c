/**
 * Whose feeds this device gets from the SFU, which of their sections, how large: a pure book (twin:
 * `src/visavis/sdk/group_call_watching.py`).
 *
 *     sound, screens   of everybody who announced a feed
 *     cameras          of the tiles that are looked at (`tiles_wanted.ts`)
 *
 * Only what members announced inside the call group is watched. A screen is got whoever looks: nobody
 * says when one begins, and a page has a tile for it only once it comes.
 */

import { hex } from "../core/bytes.ts";
import type { WatchedFeed } from "../core/content_room_fields.ts";
import type { FeedId } from "../core/ids.ts";
import type { Layer } from "./layers_asked.ts";
import { type Role, roleOf, SECTIONS } from "./sections.ts";
import type { OfferedSection } from "./sfu_watch.ts";
import { type Sent, type Tile, TilesWanted } from "./tiles_wanted.ts";

/** What is known of the line and of the page. */
export type Seen = Readonly<{ pixelRatio: number; bitRate: number | undefined }>;

const ALL: Layer = { substream: 2, temporal: 2 };
const ROLES: readonly Role[] = ["audio", "camera", "screen"];

/** What members announced, what there is, what is looked at. */
export class GroupWatching {
  /** Our own feed; never watched, whoever announces it. */
  own: FeedId | undefined;
  readonly #announced = new Map<number, FeedId>();
  #feeds: ReadonlySet<string> = new Set();
  #tiles: readonly Tile[] | undefined;
  readonly #chooser = new TilesWanted();
  #layers: ReadonlyMap<string, Layer> = new Map();

  /** Whether anybody sends to the SFU. */
  get isUsed(): boolean {
    return this.#announced.size > 0;
  }

  /** Who announced each feed. */
  get whose(): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, number[]>();
    for (const [leaf, feed] of this.#announced) {
      if (this.#isOwn(feed)) continue;
      found.set(hex(feed), [...(found.get(hex(feed)) ?? []), leaf]);
    }
    return found;
  }

  /** Note what a member sends; say whether that is new. */
  announced(leaf: number, feed: FeedId | null): boolean {
    const before = this.#announced.get(leaf);
    if ((before && hex(before)) === (feed === null ? undefined : hex(feed))) return false;
    this.gone(leaf);
    if (feed !== null) this.#announced.set(leaf, feed);
    return true;
  }

  /** A member is gone. */
  gone(leaf: number): void {
    this.#announced.delete(leaf);
  }

  /** Take what can be watched now. */
  there(feeds: readonly FeedId[]): void {
    this.#feeds = new Set(feeds.map((feed) => hex(feed)));
  }

  /** Get cameras of these tiles alone; undefined: of all, as large as there are. */
  look(tiles: readonly Tile[] | undefined): void {
    this.#tiles = tiles;
  }

  /** Return what to watch of these members. */
  wanted(others: ReadonlySet<number>, seen: Seen): readonly WatchedFeed[] {
    const feeds = new Map<string, FeedId>();
    const leaves = [...this.#announced].filter(([leaf]) => others.has(leaf));
    for (const [, feed] of leaves.toSorted(([a], [b]) => a - b)) {
      if (this.#feeds.has(hex(feed)) && !this.#isOwn(feed)) feeds.set(hex(feed), feed);
    }
    const cameras = this.#choose(leaves, feeds, seen);
    return [...feeds].map(([key, feed]) => {
      const all = this.#tiles === undefined || cameras.has(key);
      return { feed, mids: all ? null : [SECTIONS.audio, SECTIONS.screen] };
    });
  }

  /** Return the layer of each section with a picture, as `wanted` chose last. */
  layers(
    sections: readonly OfferedSection[],
  ): ReadonlyMap<string, Readonly<{ feed: string; layer: Layer }>> {
    const found = new Map<string, Readonly<{ feed: string; layer: Layer }>>();
    for (const { mid, feed, source } of sections) {
      if (roleOf(source) === "audio") continue;
      found.set(mid, { feed, layer: this.#layers.get(keyOf(feed, source)) ?? ALL });
    }
    return found;
  }

  /** Return whose cameras are wanted, by feed, and note the layers. */
  #choose(
    leaves: readonly (readonly [number, FeedId])[],
    feeds: ReadonlyMap<string, FeedId>,
    { pixelRatio, bitRate }: Seen,
  ): ReadonlySet<string> {
    this.#layers = new Map();
    if (this.#tiles === undefined) return new Set();
    const sent = leaves.flatMap(([leaf, id]): Sent[] => {
      const feed = hex(id);
      if (!feeds.has(feed)) return [];
      return ROLES.map((role) => ({ leaf, feed, source: SECTIONS[role], role }));
    });
    const chosen = this.#chooser.choose({ sent, tiles: this.#tiles, pixelRatio, bitRate });
    const layers = chosen.flatMap(({ feed, source, layer }): [string, Layer][] =>
      layer === undefined ? [] : [[keyOf(feed, source), layer]],
    );
    this.#layers = new Map(layers);
    return new Set(chosen.filter(({ role }) => role === "camera").map(({ feed }) => feed));
  }

  #isOwn(feed: FeedId): boolean {
    return this.own !== undefined && hex(this.own) === hex(feed);
  }
}

function keyOf(feed: string, source: string): string {
  return JSON.stringify([feed, source]);
}
