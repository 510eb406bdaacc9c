/**
 * Who may be heard where, in a call of several: a *place* is one section of one connection that
 * receives, or one connection to another member, and at most one member is heard there. A place that
 * nobody was told of hears nobody. Pure.
 *
 * Two members may say that what is there is theirs, and one of them lies: it is whoever's frame opens
 * there first, and stays theirs. Whoever lies cannot seal as the other, and so takes nothing away.
 */

import type { Kind } from "../core/frame_keys.ts";

/** Who is heard at a place, and how many frames of theirs were taken there. */
export type Heard = Readonly<{ leaf: number } & Record<Kind, number>>;

/** Places with their members, and how many frames were taken at each. */
export class HeardPlaces {
  readonly #claims = new Map<string, ReadonlySet<number>>();
  readonly #screens = new Set<string>();
  readonly #heard = new Map<string, { leaf: number } & Record<Kind, number>>();

  /** What was taken at each place since its present member is there. */
  get heard(): ReadonlyMap<string, Heard> {
    return this.#heard;
  }

  /**
   * From now on one of these alone is heard there.
   *
   * @param leaves Their leaf indices; none: nobody.
   * @param isScreen What is seen there is a screen, by the section's name.
   */
  set(place: string, leaves: readonly number[], isScreen = false): void {
    if (isScreen) this.#screens.add(place);
    else this.#screens.delete(place);
    const taken = this.#heard.get(place);
    if (taken !== undefined && !leaves.includes(taken.leaf)) this.#heard.delete(place);
    if (leaves.length === 0) this.#claims.delete(place);
    else this.#claims.set(place, new Set(leaves));
  }

  /** Who says that a place is theirs. */
  whose(place: string): Iterable<number> {
    return this.#claims.get(place) ?? [];
  }

  /** Whether what is seen at a place is a screen. */
  isScreen(place: string): boolean {
    return this.#screens.has(place);
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
