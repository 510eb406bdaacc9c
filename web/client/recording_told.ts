/**
 * Whether anything was ever recorded of what somebody asks, by their own word (twin of
 * `sdk/recording_told.py`).
 *
 * Who asks numbers all that they say. Whoever heard each number from the request to its end, and no
 * `recording.progress` with kinds among them, knows that nothing was sealed with their share. Whoever
 * missed one does not know it.
 *
 * Not for: what may be recorded (`core/recording.ts`), or deleting a share (`recording_answers.ts`).
 */

import { hex } from "../core/bytes.ts";
import type { Digest } from "../core/ids.ts";
import type { Statement } from "../core/recording_statements.ts";

type Of = {
  /** Who asks, in hex. */
  readonly by: string;
  /** They said so, or something that we missed may have been that. */
  mayBeRecorded: boolean;
  hasEnded: boolean;
};

/** What members said of their own requests, in one call. */
export class Told {
  /** The number of the last statement of each member, by their key in hex. */
  readonly #last = new Map<string, number>();
  /** By the hex of the request. */
  readonly #asks = new Map<string, Of>();

  /**
   * Take what a member said, after its signature was checked; also what counts for nothing.
   *
   * @param ask The request that it is, or is about.
   */
  hear(ask: Digest, statement: Statement): void {
    const { number } = statement;
    const by = hex(statement.key);
    const last = this.#last.get(by);
    if (last !== undefined && number > last + 1) this.#missed(by);
    this.#last.set(by, Math.max(last ?? 0, number));
    const known = this.#asks.get(hex(ask));
    if (known === undefined) {
      if (statement.kind !== "recording.ask") return;
      // Said again for who came: much may have been said since.
      const mayBeRecorded = last !== undefined && number <= last;
      this.#asks.set(hex(ask), { by, mayBeRecorded, hasEnded: false });
    } else if (known.by === by) {
      if (statement.kind === "recording.end") known.hasEnded = true;
      const records = statement.kind === "recording.progress" && statement.kinds.size > 0;
      if (records) known.mayBeRecorded = true;
    }
  }

  /** Say whether a request has ended, and nothing of it was recorded: for sure. */
  isNeverRecorded(ask: Digest): boolean {
    const known = this.#asks.get(hex(ask));
    return known?.hasEnded === true && !known.mayBeRecorded;
  }

  #missed(by: string): void {
    for (const one of this.#asks.values()) {
      if (one.by === by && !one.hasEnded) one.mayBeRecorded = true;
    }
  }
}
