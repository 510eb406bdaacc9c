/**
 * Members of whom sound or pictures come that do not open: a pure book (twin:
 * `src/visavis/sdk/group_call_unopened.py`).
 *
 * A few frames fail whenever keys change or packets are lost. Many in a row, and none between that
 * opens, are sent without the call's keys, or with others. What is late, played back or in another's
 * place is not told to it: that may be a slow device's or the server's.
 */

import { PeerError } from "../core/errors.ts";
import type { Kind } from "../core/frame_keys.ts";

/**
 * Whether a frame was refused for when it came, and not for how it was sealed: it names an epoch that is
 * over or still to come (CK-208), or a leaf that is not in it (CK-209), or it was opened before (CK-210).
 */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof PeerError && /^CK-(?:208|209|210)/.test(error.detail);
}

/**
 * Frames in a row: two seconds of sound, some four of pictures. Lower: a member whose keys are late is
 * accused; higher: a person is told later.
 */
export const MANY = 100;

/** Counts frames that did not open since the last one that did. */
export class Unopened {
  readonly #inARow = new Map<number, Record<Kind, number>>();

  /** A member's frame opened. */
  opened(leaf: number, kind: Kind): void {
    const row = this.#inARow.get(leaf);
    if (row !== undefined) row[kind] = 0;
  }

  /** A frame that should have been a member's did not open. */
  refused(leaf: number, kind: Kind): void {
    const row = this.#inARow.get(leaf) ?? { audio: 0, video: 0 };
    row[kind] += 1;
    this.#inARow.set(leaf, row);
  }

  /** A member is gone. */
  gone(leaf: number): void {
    this.#inARow.delete(leaf);
  }

  /** These are the members; whoever else was one is gone. */
  members(leaves: ReadonlySet<number>): void {
    for (const leaf of this.#inARow.keys()) if (!leaves.has(leaf)) this.gone(leaf);
  }

  /** Return of whom nothing opens though it comes. */
  leaves(): ReadonlySet<number> {
    const found = [...this.#inARow].filter(
      ([, { audio, video }]) => Math.max(audio, video) >= MANY,
    );
    return new Set(found.map(([leaf]) => leaf));
  }
}
