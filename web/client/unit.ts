/**
 * How everything that this device keeps is read and written: through a reader, in a unit of work.
 *
 * A transaction may wait for WebCrypto, so two of them could interleave. They do not: one unit of
 * work runs at a time, sees its own writes, and is on disk, all or nothing, when `transaction`
 * returns. Who writes asks for a `Unit`, so the type says "inside a transaction"; who only reads
 * asks for a `Reader` and can be given either.
 *
 * Inside a unit nothing waits for the network or for another transaction: the second one would wait
 * for the first for ever.
 */

import type { Bytes } from "../core/bytes.ts";

/** What can be read: what is on disk, or what a unit of work makes of it. */
export interface Reader {
  /** Return one item's value. */
  get(kind: string, key: Bytes): Bytes | undefined;
  /** Return all items of a kind, ordered by key as bytes. */
  items(kind: string): readonly Item[];
  /** Return how many items of a kind there are. */
  count(kind: string): number;
}

export type Item = readonly [key: Bytes, value: Bytes];

/** Writes that become durable together, or not at all. */
export interface Unit extends Reader {
  /** Write one item, replacing what was there. */
  put(kind: string, key: Bytes, value: Bytes): void;
  /** Remove one item; say whether it was there. */
  delete(kind: string, key: Bytes): boolean;
  /**
   * Have something done while all is being written, which may still fail: only what is worth nothing
   * later, and never anything that was made with what is written here (P5). What it sends with a state
   * that is kept takes a unit of work of its own.
   */
  meanwhile(done: () => void): void;
  /** Have something done once all is on disk, and never if the unit fails: tell readers, wake tasks. */
  after(done: () => void): void;
}

/** A reader of what is on disk, and the one way to change it. */
export interface UnitStore extends Reader {
  /**
   * Do a unit of work; what it returned from survives a power cut.
   *
   * @throws UnavailableError DISK_FULL; nothing was written.
   */
  transaction<T>(work: (unit: Unit) => T | Promise<T>): Promise<T>;
}
