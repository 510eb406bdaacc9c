/**
 * Proof of work that leaves the page alive: the loop of `core/work.ts` in slices.
 *
 * Between two slices timers, frames and the person's input have their turn. A worker would spare
 * the page altogether; the work a server asks for takes seconds at most, and is rare.
 */

import type { Bytes } from "../../core/bytes.ts";
import * as work from "../../core/work.ts";

/** Milliseconds of one slice. Higher is done sooner and lets the page stutter (16 is a frame). */
const SLICE_MS = 8;
/** Hashes between two looks at the clock. */
const BATCH = 256;

/**
 * Return a nonce that `work.check` accepts.
 *
 * @param challenge Any bytes, from the server.
 * @param bits Leading zero bits asked for, 0 to `MAX_BITS`.
 * @param signal Gives up when it is aborted.
 * @throws UsageError More bits than anyone should work for.
 */
export async function solveInSlices(
  challenge: Uint8Array,
  bits: number,
  signal?: AbortSignal,
): Promise<Bytes> {
  const search = work.search(challenge, bits);
  let until = performance.now() + SLICE_MS;
  for (;;) {
    const nonce = search(BATCH);
    if (nonce !== undefined) return nonce;
    if (performance.now() <= until) continue;
    await nextTurn();
    signal?.throwIfAborted();
    until = performance.now() + SLICE_MS;
  }
}

/** Let everything else have its turn. Not `setTimeout`: browsers make it wait 4 ms when nested. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
