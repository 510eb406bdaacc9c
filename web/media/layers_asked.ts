/**
 * Which layers the SFU was asked for, and which have to be asked for again. Pure.
 *
 * The SFU asks a picture's sender for a key frame once for each change; if that is lost the picture
 * stays as it was (`room.layers` of docs/protocol/call-room.md). Whether it changed is seen by its
 * size. A sender may not have the layer (a small camera, a slow machine), so it is not asked for ever;
 * and where it came already, asking again costs nobody anything.
 */

import type { Substream, Temporal } from "./tiles_wanted.ts";

/** What a section is to be got in. */
export type Layer = Readonly<{ substream: Substream; temporal: Temporal }>;

/** A section and its layer, as `room.layers` says it. */
export type AskedLayer = Layer & Readonly<{ mid: string }>;

/** Seconds after which a layer that did not come is asked for again. */
export const AGAIN_S = 2;

/** How often it is asked for in all. More forgives a worse line, fewer spares senders key frames. */
const TIMES = 5;

/**
 * Layers told at once. The room lets 16 requests of a member wait (CK-809), and descriptions are among
 * them.
 */
const AT_ONCE = 6;

/** What the SFU gives unless told otherwise. */
const LARGEST: Layer = { substream: 2, temporal: 2 };

type Asked = {
  feed: string;
  layer: Layer;
  /** Lines when it was asked for first; undefined: nothing was seen yet. */
  before: number | undefined;
  /** The substream before. */
  from: Substream;
  times: number;
  atS: number;
};

/** Of one connection that receives. */
export class LayersAsked {
  readonly #asked = new Map<string, Asked>();

  /**
   * Return what to say now, and count it as said.
   *
   * @param wanted Section -> its feed and the layer it is to have; sections with sound are not in it.
   * @param lines Section -> lines of the picture that is there now.
   */
  say(
    wanted: ReadonlyMap<string, Readonly<{ feed: string; layer: Layer }>>,
    lines: ReadonlyMap<string, number>,
    nowS: number,
  ): readonly AskedLayer[] {
    for (const mid of [...this.#asked.keys()]) if (!wanted.has(mid)) this.#asked.delete(mid);
    const said: AskedLayer[] = [];
    for (const [mid, { feed, layer }] of wanted) {
      if (said.length === AT_ONCE) break;
      if (this.#isDue(mid, feed, layer, lines.get(mid), nowS)) said.push({ mid, ...layer });
    }
    return said;
  }

  #isDue(
    mid: string,
    feed: string,
    layer: Layer,
    lines: number | undefined,
    nowS: number,
  ): boolean {
    const known = this.#asked.get(mid);
    const asked = known?.feed === feed ? known : undefined;
    const before = asked?.layer ?? LARGEST;
    if (before.substream !== layer.substream || before.temporal !== layer.temporal) {
      // Frames alone need no key frame: that is said once.
      const times = before.substream === layer.substream ? TIMES : 1;
      const from = before.substream;
      this.#asked.set(mid, { feed, layer, before: lines, from, times, atS: nowS });
      return true;
    }
    if (asked === undefined || asked.times >= TIMES || nowS - asked.atS < AGAIN_S) return false;
    if (hasCome(asked, lines)) {
      asked.times = TIMES;
      return false;
    }
    asked.times += 1;
    asked.atS = nowS;
    return true;
  }
}

function hasCome({ before, from, layer }: Asked, lines: number | undefined): boolean {
  if (before === undefined || lines === undefined) return false;
  return layer.substream > from ? lines > before : lines < before;
}
