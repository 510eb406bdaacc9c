/** Work that is done again whenever it is due, one turn at a time. */

export class Again {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | undefined;
  #isDue = false;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Have it done from now on; what this returns is done once a turn that began later has ended. */
  run(): Promise<void> {
    this.#isDue = true;
    this.#running ??= this.#whileDue();
    return this.#running;
  }

  async #whileDue(): Promise<void> {
    try {
      do {
        this.#isDue = false;
        await this.#work();
      } while (this.#isDue);
    } finally {
      this.#running = undefined;
    }
  }
}
