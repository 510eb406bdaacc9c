/**
 * Who may be heard where, in a call of several: a *place* is one section of one connection that
 * receives, or one connection to another member, and at most one member is heard there. A place that
 * nobody was told of hears nobody. Pure.
 *
 * Two members may say that what is there is theirs, and one of them lies: it is whoever's frame opens
 * there first, and stays theirs. Whoever lies cannot seal as the other, and so takes nothing away.
 */

import type { FrameKind, Kind, PictureKind } from "../core/frame_keys.ts";

/** Who is heard at a place, and how many frames of theirs were taken there. */
export type Heard = Readonly<{ leaf: number } & Record<Kind, number>>;

/** Places with their members, and how many frames were taken at each. */
export class HeardPlaces {
  readonly #claims = new Map<string, ReadonlySet<number>>();
  readonly #pictures = new Map<string, PictureKind>();
  readonly #heard = new Map<string, { leaf: number } & Record<Kind, number>>();

  /** What was taken at each place since its present member is there. */
  get heard(): ReadonlyMap<string, Heard> {
    return this.#heard;
  }

  /**
   * From now on one of these alone is heard there.
   *
   * @param leaves Their leaf indices; none: nobody.
   * @param pictures What is seen there, by the section's name; undefined: a camera, or a screen in
   *   its place.
   */
  set(place: string, leaves: readonly number[], pictures?: PictureKind): void {
    if (pictures === undefined) this.#pictures.delete(place);
    else this.#pictures.set(place, pictures);
    const taken = this.#heard.get(place);
    if (taken !== undefined && !leaves.includes(taken.leaf)) this.#heard.delete(place);
    if (leaves.length === 0) this.#claims.delete(place);
    else this.#claims.set(place, new Set(leaves));
  }

  /** Who says that a place is theirs. */
  whose(place: string): Iterable<number> {
    return this.#claims.get(place) ?? [];
  }

  /** Whether what was sealed as this may be at a place. */
  fits(place: string, sealedAs: FrameKind): boolean {
    const pictures = this.#pictures.get(place);
    return pictures === undefined || sealedAs === "audio" || sealedAs === pictures;
  }

  /** Tell whether a member's frame is taken at a place, and count it if so. */
  hears(place: string, leaf: number, kind: Kind): boolean {
    if (this.#claims.get(place)?.has(leaf) !== true) return false;
    const taken = this.#heard.get(place) ?? { leaf, audio: 0, video: 0 };
    if (taken.leaf !== leaf) return false;
    taken[kind] += 1;
    this.#heard.set(place, taken);
    return true;
  }
}
