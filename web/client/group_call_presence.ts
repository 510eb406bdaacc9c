/**
 * Who is in the call room, and which of them is which member of the call.
 *
 * The room gives numbers and says which are there. Which number is which leaf, members say in the
 * call group. What does not fit is found by looking: a number that nobody is, a member
 * without a number, a removed member that is there still. Times are seconds of one clock, given as
 * arguments.
 *
 * Not for: what is done about it (the call's shell).
 */

import { Code, PeerError } from "../core/errors.ts";

/**
 * How long a number in the room may be nobody, in seconds. Lower: a stranger is seen sooner; higher:
 * a member whose word is late is not taken for one.
 */
export const UNLISTED_S = 5;

/** How many seconds a member may be in the call and not in the room. */
export const ABSENT_S = 10;

/**
 * How many seconds whoever is back in the room waits for those who were there when it was cut off.
 */
export const BACK_S = 5;

/**
 * How many seconds a removed member may be in the room still before every other one has it cut off.
 */
export const CUT_AGAIN_S = 1;

/** What one member knows of who is where. */
export class Presence {
  #own: number | null = null;
  /** Number to since when it is there. */
  #there = new Map<number, number>();
  /** Leaf to number. */
  readonly #numbers = new Map<number, number>();
  /** Leaf to since when it is a member. */
  readonly #members = new Map<number, number>();
  /** Number of a removed member to when it was cut off. */
  readonly #cut = new Map<number, number>();

  /** Our number; null before we were in the room. */
  get own(): number | null {
    return this.#own;
  }

  /** We are in the room, with these others. */
  entered(own: number, others: Iterable<number>, now: number): void {
    this.#own = own;
    const before = this.#there;
    this.#there = new Map([...others].map((number) => [number, before.get(number) ?? now]));
  }

  /** Give those who are not there time: they may be on their way, as we were. */
  back(now: number): void {
    for (const [leaf, number] of this.#numbers) {
      if (this.#there.has(number)) continue;
      this.#numbers.delete(leaf);
      this.#members.set(leaf, now - ABSENT_S + BACK_S);
    }
  }

  /** Somebody entered. */
  came(number: number, now: number): void {
    this.#there.set(number, now);
  }

  /** Somebody is there no more; return the leaves that it was. */
  gone(number: number): readonly number[] {
    this.#there.delete(number);
    this.#cut.delete(number);
    const leaves = [...this.#numbers].filter(([, its]) => its === number).map(([leaf]) => leaf);
    for (const leaf of leaves) this.#numbers.delete(leaf);
    return leaves;
  }

  /**
   * A member said its number; return whether it had another or none.
   *
   * @throws PeerError UNEXPECTED, it is another's number, or nobody's (CK-867).
   */
  isHere(leaf: number, number: number, saidFrom: number): boolean {
    // CK-867: who speaks for another's number would have them cut off in its place.
    if (number !== saidFrom || !this.#there.has(number)) {
      throw new PeerError(Code.UNEXPECTED, "CK-867 another's number in the room");
    }
    const changed = this.#numbers.get(leaf) !== number;
    this.#numbers.set(leaf, number);
    return changed;
  }

  /** Return a member's number, if it is known. */
  numberOf(leaf: number): number | undefined {
    return this.#numbers.get(leaf);
  }

  /** What a leaf's number was counts no more. */
  forget(leaf: number): void {
    this.#numbers.delete(leaf);
  }

  /** An epoch began: these are its members, and these went. A leaf may be in both. */
  epoch(members: Iterable<number>, went: Iterable<number>, now: number): void {
    for (const leaf of went) {
      this.#members.delete(leaf);
      const number = this.#numbers.get(leaf);
      this.#numbers.delete(leaf);
      if (number !== undefined && this.#there.has(number)) this.#cut.set(number, now);
    }
    for (const leaf of members) if (!this.#members.has(leaf)) this.#members.set(leaf, now);
  }

  // ---- Looking

  /** Return how many in the room are nobody. */
  strangers(now: number): number {
    const known = new Set([...this.#numbers.values(), ...this.#cut.keys()]);
    const nobody = [...this.#there].filter(
      ([number, since]) => !known.has(number) && now - since >= UNLISTED_S,
    );
    return nobody.length;
  }

  /** Return the numbers of removed members that must be cut off again. */
  stillThere(now: number): readonly number[] {
    for (const number of this.#cut.keys()) if (!this.#there.has(number)) this.#cut.delete(number);
    const found = [...this.#cut].filter(([, at]) => now - at >= CUT_AGAIN_S);
    for (const [number] of found) this.#cut.set(number, now);
    return found.map(([number]) => number);
  }

  /** Return the members, but for us, that are not in the room and had time to be. */
  absent(now: number): readonly number[] {
    const found = [...this.#members].filter(
      ([leaf, since]) => !this.#numbers.has(leaf) && now - since >= ABSENT_S,
    );
    return found.map(([leaf]) => leaf);
  }
}
