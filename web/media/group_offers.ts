/**
 * How often a member may offer us a connection of the mesh anew (CK-874; twin:
 * `src/visavis/sdk/group_call_offers.py`).
 *
 * Whoever offers waits `AGAIN_S` between two attempts, so an honest member never goes beyond this; each
 * offer makes us drop a connection and make another one. Not for: what an offer says (`group_mesh.ts`).
 */

/** Seconds between two attempts. */
export const AGAIN_S = 3;

/**
 * Offers of one member that are taken one right after the other; then one every `AGAIN_S`. Higher: a
 * member has us make more connections at once. Lower: what a slow network held back and brings in one go
 * is not all taken.
 */
export const OFFERS_AT_ONCE = 5;

/** What one member offered lately. */
export class Offers {
  /** When all that were taken will have had their `AGAIN_S`. */
  #paidAtS = 0;

  /** Say whether one more offer is taken; `nowS` is in seconds of one clock. */
  takes(nowS: number): boolean {
    const paidAtS = Math.max(this.#paidAtS, nowS);
    if (paidAtS - nowS > (OFFERS_AT_ONCE - 1) * AGAIN_S) return false;
    this.#paidAtS = paidAtS + AGAIN_S;
    return true;
  }
}
