/** The tasks of a session: begun, ended and waited for in one place. */

import { Code, UnavailableError } from "../core/errors.ts";
import type { Spawned } from "./seam.ts";

/** A scope that ends all that was begun in it. */
export class Tasks {
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #died: (error: unknown) => void;

  /** @param died Told what a task died of, unless it was told to end. */
  constructor(died: (error: unknown) => void) {
    this.#died = died;
  }

  /** Aborted when everything ends. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Run work in this scope. */
  spawn(work: (signal: AbortSignal) => Promise<void>): Spawned {
    const own = new AbortController();
    const signal = AbortSignal.any([own.signal, this.signal]);
    const done = this.#watched(work, signal);
    this.#running.add(done);
    void done.then(() => this.#running.delete(done));
    return { cancel: () => own.abort(), done };
  }

  async #watched(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) this.#died(error);
    }
  }

  /** Tell every task to end. */
  abort(): void {
    this.#ending.abort(new UnavailableError(Code.UNAVAILABLE, "the profile is being closed"));
  }

  /** Wait until every task has ended, those included that were begun meanwhile. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
