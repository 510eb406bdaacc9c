/**
 * Who speaks in a group call, and whose picture is the large one (twin: `src/visavis/media/levels.py`).
 *
 * No member says how loud it is, and no packet shows it (the header extension of RFC 6464 is never
 * agreed on): only a device that decoded somebody's sound knows that they speak. Pure: levels and
 * times in, leaves out.
 */

/**
 * Seconds in which a level follows a change by two thirds. Higher is not fooled by a cough, lower
 * shows sooner who began.
 */
export const FOLLOW_S = 0.2;

/** Level at which somebody begins to speak: some -40 dBFS. Higher needs a louder voice. */
export const BEGINS = 0.01;

/** Level below which they have ended. Nearer to `BEGINS` it flickers between words. */
export const ENDS = 0.006;

/** How much louder than the one in the large tile another has to be, while both speak. */
export const LOUDER = 1.5;

/**
 * Seconds for which another has to lead without a break before the large tile is theirs. Higher keeps
 * it still through coughs and "yes"; lower follows a quick talk.
 */
export const TAKES_S = 1;

/** Seconds without a level after which somebody counts as silent: their sound stopped coming. */
export const STALE_S = 1;

/** What a receiver's statistics (`inbound-rtp`, W3C webrtc-stats, 8.3) say of decoded sound. */
export type Sound = Readonly<{ totalAudioEnergy: number; totalSamplesDuration: number }>;

type Level = { level: number; atS: number; speaks: boolean };

/**
 * Return how loud it was between two looks: root mean square, 0 to 1; undefined if nothing was
 * decoded between them, or the statistics began anew.
 */
export function loudness(before: Sound, after: Sound): number | undefined {
  const seconds = after.totalSamplesDuration - before.totalSamplesDuration;
  const energy = after.totalAudioEnergy - before.totalAudioEnergy;
  if (!(seconds > 0) || !(energy >= 0)) return undefined;
  return Math.min(1, Math.sqrt(energy / seconds));
}

/** Read an `inbound-rtp` entry of a report. */
export function soundOf(entry: Partial<Sound>): Sound {
  const { totalAudioEnergy = 0, totalSamplesDuration = 0 } = entry;
  return { totalAudioEnergy, totalSamplesDuration };
}

/** Levels of the members, by leaf. */
export class Speaking {
  readonly #levels = new Map<number, Level>();
  #large: number | undefined;
  #challenger: Readonly<{ leaf: number; sinceS: number }> | undefined;

  /**
   * Take how loud a member was.
   *
   * @param level Root mean square of decoded sound, 0 to 1.
   * @param nowS Monotonic seconds.
   */
  hear(leaf: number, level: number, nowS: number): void {
    // A level that is no number would stay one for ever.
    const heard = level >= 0 ? Math.min(1, level) : 0;
    const before = this.#levels.get(leaf) ?? { level: 0, atS: nowS - FOLLOW_S / 4, speaks: false };
    const passed = Math.max(0, nowS - before.atS);
    const smoothed = before.level + (1 - Math.exp(-passed / FOLLOW_S)) * (heard - before.level);
    const speaks = smoothed > (before.speaks ? ENDS : BEGINS);
    this.#levels.set(leaf, { level: smoothed, atS: nowS, speaks });
  }

  /** A member is gone; nobody is large until another leads. */
  forget(leaf: number): void {
    this.#levels.delete(leaf);
    if (this.#large === leaf) this.#large = undefined;
    if (this.#challenger?.leaf === leaf) this.#challenger = undefined;
  }

  /** Return who speaks, the loudest first. */
  speaking(nowS: number): readonly number[] {
    return [...this.#levels]
      .filter(([, { speaks, atS }]) => speaks && nowS - atS <= STALE_S)
      .sort(([a, one], [b, other]) => other.level - one.level || a - b)
      .map(([leaf]) => leaf);
  }

  /**
   * Return whose picture is the large one, undefined before anybody spoke. To be asked after each
   * round of `hear`; whoever has the large tile keeps it through their own silence.
   */
  large(nowS: number): number | undefined {
    const [loudest] = this.speaking(nowS);
    if (loudest === undefined || loudest === this.#large || !this.#leads(loudest, nowS)) {
      this.#challenger = undefined;
      return this.#large;
    }
    if (this.#challenger?.leaf !== loudest) this.#challenger = { leaf: loudest, sinceS: nowS };
    if (nowS - this.#challenger.sinceS >= TAKES_S) {
      this.#large = loudest;
      this.#challenger = undefined;
    }
    return this.#large;
  }

  #leads(leaf: number, nowS: number): boolean {
    const large = this.#large === undefined ? undefined : this.#levels.get(this.#large);
    if (large === undefined || !large.speaks || nowS - large.atS > STALE_S) return true;
    return (this.#levels.get(leaf)?.level ?? 0) > LOUDER * large.level;
  }
}
