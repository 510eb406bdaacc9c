/**
 * Signs of life for a page that is busy: who answers a call room's pings, and for how long.
 *
 * A room takes a member for lost that says nothing for 2.5 s (CK-811). A page that encodes, decodes
 * and draws on a slow machine may not come to answer in that time, although it is there; thrown out,
 * it has to come back, which costs all of them more. A thread that only waits for pings answers at once.
 *
 * Pure. Not for: the thread itself (`room_worker.ts`).
 */

import { type Bytes, equal } from "../../core/bytes.ts";
import { encodeFromRoom, encodeToRoom } from "../../core/content_room.ts";

/**
 * How many pings are answered in the name of a page that says nothing itself: some ten seconds, as
 * they come after one second of silence. Higher keeps dead pages in calls; lower throws out busy ones.
 */
export const MOST_ANSWERED = 10;

const PING: Bytes = encodeFromRoom({ kind: "room.ping" });

/** The answer to a ping. */
export const PONG: Bytes = encodeToRoom({ kind: "room.pong" });

/** Whose turn it is to answer. */
export class Prompt {
  #pings = 0;

  /** The room said something; say whether it is to be answered by `PONG`, now. The page gets it all the same. */
  isDue(frame: Bytes): boolean {
    if (!equal(frame, PING)) return false;
    this.#pings += 1;
    return this.#pings <= MOST_ANSWERED;
  }

  /** The page said something; say whether the room has to hear it: an answer that it had is not sent twice. */
  passes(frame: Bytes): boolean {
    const wasAnswered = this.#pings > 0 && this.#pings <= MOST_ANSWERED;
    this.#pings = 0;
    return !(wasAnswered && equal(frame, PONG));
  }
}
