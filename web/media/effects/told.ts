/** Things that are told once each, and also to who listens later. */
export class Told<T> {
  readonly #told = new Set<T>();
  readonly #listeners = new Set<(what: T) => void>();

  has(what: T): boolean {
    return this.#told.has(what);
  }

  tell(what: T): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    for (const listener of [...this.#listeners]) listener(what);
  }

  /** Listen, until what it returns is called. */
  listen(listener: (what: T) => void): () => void {
    this.#listeners.add(listener);
    for (const what of this.#told) {
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener(what);
      });
    }
    return () => this.#listeners.delete(listener);
  }
}
