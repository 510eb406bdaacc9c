/**
 * The one-writer lock of a profile (P5: shared MLS state reuses keys), by the Web Locks API.
 *
 * The browser releases it when the page or process ends, however it ends. Not for: keeping a loser
 * from writing after a theft; that is `database.ts`, because the news of a theft comes late.
 */

/** What a lock is taken for. */
type Terms = Readonly<{
  /** Take it away from whoever has it. */
  steal: boolean;
  /** Is told when somebody took it away from us. */
  onStolen: () => void;
}>;

/** A lock that we hold. */
export class WriterLock {
  readonly #release: () => void;

  private constructor(release: () => void) {
    this.#release = release;
  }

  /** Take the lock of a profile; undefined if somebody has it. */
  static take(
    locks: LockManager,
    profile: string,
    { steal, onStolen }: Terms,
  ): Promise<WriterLock | undefined> {
    return new Promise((resolve, reject) => {
      let isHeld = false;
      const how = steal ? { steal } : { ifAvailable: true };
      const held = locks.request(`visavis store ${profile}`, how, (lock) => {
        if (lock === null) {
          resolve(undefined);
          return undefined;
        }
        isHeld = true;
        return new Promise<void>((release) => resolve(new WriterLock(release)));
      });
      held.catch((error: unknown) => (isHeld ? onStolen() : reject(error)));
    });
  }

  /** Let the next one have it. */
  release(): void {
    this.#release();
  }
}
