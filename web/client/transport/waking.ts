/** When a page has reason to connect anew: the network came back, or the machine has slept. */

/** Seconds between two looks at the clock, and by how much it may be late before we have slept. */
const WATCH_S = 10;
const SLEPT_S = 30;

/** Call `wake` whenever that happens; return how to stop it. */
export function onWaking(wake: () => void): () => void {
  let looked = Date.now();
  const timer = setInterval(() => {
    const late = Date.now() - looked - 1000 * WATCH_S;
    looked = Date.now();
    // Hidden pages have their timers slowed down, but to once a minute at most.
    if (late > 1000 * (SLEPT_S + 60)) wake();
  }, 1000 * WATCH_S);
  const isPage = typeof globalThis.addEventListener === "function";
  if (isPage) globalThis.addEventListener("online", wake);
  return () => {
    clearInterval(timer);
    if (isPage) globalThis.removeEventListener("online", wake);
  };
}
