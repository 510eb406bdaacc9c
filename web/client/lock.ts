/**
 * What tasks that run beside each other need: locks, signals, feeds, and time limits.
 *
 * The twins of `asyncio.Lock`, `asyncio.Event`, the `Stream` of `sdk/history.py`, `asyncio.sleep`
 * and `asyncio.timeout`. Whoever waits can be told to stop by an `AbortSignal`: the wait then
 * rejects with the signal's reason, so that a task ends where it stands, as when Python cancels it.
 *
 * Not for what several tabs share: that is the store's (`store.ts`), of which one tab is the writer.
 */

import { Code, UnavailableError } from "../core/errors.ts";

/** The longest delay that timers count correctly: 2^31 - 1 ms; anything longer fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Lets one piece of work run at a time, in the order in which they came. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();
  #held = 0;

  /** Whether somebody works under it, or waits to. */
  get locked(): boolean {
    return this.#held > 0;
  }

  /**
   * Wait for all who came before, then do the work.
   *
   * Not reentrant: work that runs the same lock again waits for itself for ever.
   */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    this.#held += 1;
    const done = this.#last.then(async () => {
      try {
        return await work();
      } finally {
        this.#held -= 1;
      }
    });
    // Whoever comes next does not care how this ended.
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** Something that either is so or is not yet, and can be waited for. */
export class Signal {
  #isSet = false;
  readonly #waiting = new Set<() => void>();

  get isSet(): boolean {
    return this.#isSet;
  }

  /** Let everybody on who waits, and who comes before it is cleared. */
  set(): void {
    this.#isSet = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Make those who come from now on wait. */
  clear(): void {
    this.#isSet = false;
  }

  /**
   * Wait until it is set.
   *
   * @throws The signal's reason, if that comes first.
   */
  wait(signal?: AbortSignal): Promise<void> {
    return this.#isSet && !signal?.aborted
      ? Promise.resolve()
      : abortable(signal, (wake) => {
          this.#waiting.add(wake);
          return () => this.#waiting.delete(wake);
        });
  }
}

/** What came in since it was made, for any number of readers. */
export class Feed<T> {
  readonly #items: T[] = [];
  #more = new Signal();
  #closed = false;

  /** Add an item and wake the readers. */
  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** End every reader once it has read what is there. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /**
   * Yield every item, those that came before too, then wait for more.
   *
   * @throws The signal's reason.
   */
  async *read(signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
    let at = 0;
    for (;;) {
      const more = this.#more;
      // A copy of what is there: others may push while the reader works.
      for (const item of this.#items.slice(at)) {
        signal?.throwIfAborted();
        at += 1;
        yield item;
      }
      if (at < this.#items.length) continue;
      if (this.#closed) return;
      await more.wait(signal);
    }
  }

  #wake(): void {
    const more = this.#more;
    this.#more = new Signal();
    more.set();
  }
}

/**
 * Wait some seconds; none, or fewer, lets others run once.
 *
 * @throws The signal's reason, if that comes first.
 */
export async function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  let left = Math.max(0, seconds * 1000);
  do {
    const now = Math.min(left, LONGEST_MS);
    await abortable(signal, (wake) => {
      const timer = setTimeout(wake, now);
      return () => clearTimeout(timer);
    });
    left -= now;
  } while (left > 0);
}

/** How to limit a time. */
export type TimeLimit = Readonly<{
  /** What the error is when the time is over. */
  code?: Code;
  /** Ends the wait earlier, with its reason. */
  signal?: AbortSignal;
}>;

/**
 * Do work for no longer than some seconds.
 *
 * @param work A promise, or a function that is given a signal: it is aborted when the time is over,
 *   so that what listens to it stops. Work that does not listen goes on, and nobody hears its end.
 * @throws UnavailableError The time is over; `UNAVAILABLE` unless told otherwise.
 */
export async function withTimeout<T>(
  seconds: number,
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  { code = Code.UNAVAILABLE, signal }: TimeLimit = {},
): Promise<T> {
  const ended = new AbortController();
  const stop = signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal]);
  const late = new UnavailableError(code, "not done in time");
  const limit = sleep(seconds, stop).then(() => {
    throw late;
  });
  try {
    // `race` listens to both for good: neither's late rejection counts as unhandled.
    return await Promise.race([typeof work === "function" ? work(stop) : work, limit]);
  } finally {
    ended.abort(late);
  }
}

/**
 * Wait for `start` to call back, or for the signal.
 *
 * @param start Is given what to call, and returns how to take that back.
 */
function abortable(
  signal: AbortSignal | undefined,
  start: (wake: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      takeBack();
      reject(signal?.reason);
    };
    const takeBack = start(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
  });
}
