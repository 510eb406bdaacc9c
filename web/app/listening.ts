/** Lets calls ring in a page, and goes on doing so when that failed. */

/** Whoever lets calls ring until a signal ends it. */
type Listener = Readonly<{ listen: (signal: AbortSignal) => Promise<void> }>;

/** Between two tries. Lower asks a server that is away more often. */
export const PAUSE_MS = 5_000;

/** Then something is wrong with this page, and trying again is no help. */
export const TRIES = 10;

/**
 * Let calls ring until the signal ends it. What fails, such as fetching code over a network that is
 * away, is tried again: else nothing would ring in this page any more, and nobody would know.
 *
 * @returns Once the signal ends it, or after so many failures; never throws. Failures after the first
 *   are reported: one may be a page that is on its way out and fetches nothing any more.
 */
export async function keepListening(calls: Listener, signal: AbortSignal): Promise<void> {
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      return await calls.listen(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (tries > 1) reportError(error);
    }
    await pause(PAUSE_MS, signal);
    if (signal.aborted) return;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
