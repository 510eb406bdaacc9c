/**
 * A clock that jumps from one timer to the next, once everything that is under way has settled.
 *
 * Cryptography takes real time, off the event loop; it is counted, and the clock stands still until
 * it is done. So a story of minutes takes milliseconds and is the same every time.
 */

import { vi } from "vitest";

type Timer = Readonly<{ at: number; run: () => void }>;

const turn = setImmediate;

/** How many operations of WebCrypto are under way. */
let underWay = 0;

/** Count what WebCrypto is doing, for good. */
function countCrypto(): void {
  const subtle = Object.getPrototypeOf(crypto.subtle);
  if (Object.hasOwn(subtle, "isCounted")) return;
  Object.defineProperty(subtle, "isCounted", { value: true });
  for (const name of Object.getOwnPropertyNames(subtle)) {
    const original: unknown = Object.getOwnPropertyDescriptor(subtle, name)?.value;
    if (typeof original !== "function" || name === "constructor") continue;
    Object.defineProperty(subtle, name, {
      value(this: unknown, ...args: unknown[]) {
        const answer: unknown = Reflect.apply(original, this, args);
        if (!(answer instanceof Promise)) return answer;
        underWay += 1;
        return answer.finally(() => {
          underWay -= 1;
        });
      },
    });
  }
}

export class VirtualClock {
  /** Monotonic seconds. */
  now = 1000;
  readonly #timers = new Map<number, Timer>();
  #ids = 0;

  /** Put it in place of the timers of this process; `vi.unstubAllGlobals` ends that. */
  install(): void {
    countCrypto();
    vi.stubGlobal("setTimeout", (run: () => void, ms = 0) => this.#start(run, ms / 1000));
    vi.stubGlobal("clearTimeout", (id: number | undefined) => {
      if (id !== undefined) this.#timers.delete(id);
    });
  }

  /** Do something after some seconds. */
  later(seconds: number, run: () => void): void {
    this.#start(run, seconds);
  }

  /** Let a story run to its end. */
  async run<T>(story: Promise<T>): Promise<T> {
    let over = false;
    const end = story.finally(() => {
      over = true;
    });
    end.catch(() => undefined);
    for (;;) {
      await settled();
      if (over) return await end;
      this.#jump();
    }
  }

  /** Wait some seconds, inside a story. */
  wait(seconds: number): Promise<void> {
    return new Promise((resolve) => this.later(seconds, resolve));
  }

  /** Wait until something is so, inside a story. */
  async until(reached: () => boolean): Promise<void> {
    const limit = this.now + 600;
    while (!reached()) {
      if (this.now > limit) throw new Error("waited for ten minutes");
      await this.wait(0.01);
    }
  }

  #start(run: () => void, seconds: number): number {
    const id = ++this.#ids;
    this.#timers.set(id, { at: this.now + Math.max(0, seconds), run });
    return id;
  }

  #jump(): void {
    const [first] = [...this.#timers].sort(([a, one], [b, other]) => one.at - other.at || a - b);
    if (first === undefined) throw new Error("everything waits for ever");
    const [id, timer] = first;
    this.#timers.delete(id);
    this.now = Math.max(this.now, timer.at);
    timer.run();
  }
}

/** Wait until nothing is under way: no promise, and no cryptography. */
async function settled(): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    await new Promise((resolve) => turn(resolve));
    quiet = underWay === 0 ? quiet + 1 : 0;
  }
}
