/** What waits to be taken, each item by one reader: calls that ring, calls that were missed. */

import { Signal } from "./lock.ts";

/** Items in the order in which they came; none is given out twice. */
export class CallQueue<T> {
  readonly #items: T[] = [];
  readonly #more = new Signal();

  /** Add an item. */
  push(item: T): void {
    this.#items.push(item);
    this.#more.set();
  }

  /**
   * Yield what waits, then wait for more.
   *
   * @throws The signal's reason.
   */
  async *read(signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const item = this.#items.shift();
      if (item !== undefined) {
        yield item;
      } else {
        this.#more.clear();
        await this.#more.wait(signal);
      }
    }
  }
}
