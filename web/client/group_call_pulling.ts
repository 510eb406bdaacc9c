/**
 * Commits that the room has and we do not, and one of them that we refuse.
 *
 * Not for: applying them (`group_call_shell.ts`).
 */

import type { CallRoom } from "./group_call_seam.ts";

/** What is to be done once the room has said all that it has. */
export type AfterPull =
  /** Nothing was lacking. */
  | "nothing"
  /** We lack nothing any more. */
  | "back"
  /** More came meanwhile, and is asked for. */
  | "again"
  /** This call goes on without us. */
  | "removed";

export class Pulling {
  readonly #room: CallRoom;
  /** The epoch whose commits we wait for. */
  #lacking: number | null = null;
  /** The epoch after which a commit came that we refuse. */
  #doubted: number | null = null;

  constructor(room: CallRoom) {
    this.#room = room;
  }

  /** We are in the room, which stands at `n`, and know commits up to `epoch`; are we back? */
  entered(n: number, epoch: number): boolean {
    this.#lacking = n > epoch ? n : null;
    if (this.#lacking !== null) this.#pull(epoch);
    return this.#lacking === null;
  }

  /**
   * A commit after this epoch is refused. If the room has really taken it, the others are in the next
   * epoch, and nobody hears us in this one any more.
   */
  refused(epoch: number): void {
    if (this.#doubted === epoch) return;
    this.#doubted = epoch;
    this.#pull(epoch);
  }

  /** The room, which stands at `n`, has said all that it has, and we are in `epoch`. */
  pulled(n: number, epoch: number): AfterPull {
    const wasDoubted = this.#doubted === epoch;
    this.#doubted = null;
    if (wasDoubted && n > epoch) return "removed"; // And come in again.
    if (this.#lacking === null) return "nothing";
    if (epoch >= this.#lacking) {
      this.#lacking = null;
      return "back";
    }
    // A commit that the room has and we could not apply.
    if (n > epoch) return "removed";
    this.#pull(epoch);
    return "again";
  }

  #pull(first: number): void {
    this.#room.send({ kind: "room.pull", first });
  }
}
