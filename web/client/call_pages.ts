/**
 * The pages of calls in the store, and the log that they are decoded into.
 *
 * Pages are decoded when they are first asked for, or ahead of that, one at a time (`prepare`): a
 * profile with 100,000 calls opens as fast as one without. From then on the log is what is asked; a
 * unit of work changes it in place, and if the unit fails, it is made anew from the store.
 *
 * Not for: what belongs into the history (`call_history.ts`), or a row's bytes (`call_rows.ts`).
 */

import { type Bytes, equal, fromHex, hex, type Rng } from "../core/bytes.ts";
import { CallLog, type PageId } from "../core/call_log.ts";
import { encodePage } from "../core/call_page.ts";
import { dataIn, pageIn, rowOf } from "./call_rows.ts";
import { sleep } from "./lock.ts";
import type { Reader, Unit } from "./unit.ts";

export const PAGE_KIND = "calls.page";

/** The log of one store. */
export class CallPages {
  readonly #store: Reader;
  readonly #rng: Rng;
  readonly #listeners = new Set<() => void>();
  /** What the store has, and above it what the unit of work under way made of it. */
  #loaded: CallLog | undefined;
  /** The unit that looked at it last, unless it is on disk: if another one comes, it failed. */
  #unit: Unit | undefined;
  /** The unit that has something to tell. */
  #telling: Unit | undefined;
  /** A log of what was decoded before anybody asked. */
  #ahead = new CallLog();

  /** @param store Open. */
  constructor(store: Reader, rng: Rng) {
    this.#store = store;
    this.#rng = rng;
  }

  /** Have a listener told after each change that is on disk; returns what ends that. */
  onChange(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Decode what is in the store, with pauses, so that nobody who asks has to wait for it. */
  async prepare(signal: AbortSignal): Promise<void> {
    for (const [id, row] of this.#store.items(PAGE_KIND)) {
      await sleep(0, signal);
      if (this.#loaded !== undefined) break;
      this.#ahead.take(hex(id), pageIn(row));
    }
  }

  /** Return what the store has, as a log of its own; with what was decoded ahead, if it is given. */
  #load(reader: Reader, log = new CallLog()): CallLog {
    for (const [id, row] of reader.items(PAGE_KIND)) {
      if (!log.pages.has(hex(id))) log.take(hex(id), pageIn(row));
    }
    return log;
  }

  #loadOnce(reader: Reader): CallLog {
    const ahead = this.#ahead;
    this.#ahead = new CallLog();
    return this.#load(reader, ahead);
  }

  /** Return the calls as a reader sees them: on disk, or as a unit of work makes them. */
  log(reader: Reader): CallLog {
    if ("put" in reader) return this.work(reader as Unit);
    // A unit that is under way, or failed, may have changed what is loaded.
    if (this.#unit !== undefined) return this.#load(reader);
    this.#loaded ??= this.#loadOnce(reader);
    return this.#loaded;
  }

  /** Return the calls as a unit of work makes them; what is changed must be saved. */
  work(unit: Unit): CallLog {
    if (this.#unit !== unit) {
      if (this.#unit !== undefined) this.#loaded = undefined;
      this.#unit = unit;
      unit.after(() => {
        this.#unit = undefined;
      });
    }
    this.#loaded ??= this.#loadOnce(unit);
    return this.#loaded;
  }

  /** Write pages of the log as they are now. */
  save(unit: Unit, pages: Iterable<PageId>): void {
    const log = this.work(unit);
    for (const id of pages) {
      const page = log.pages.get(id);
      if (page !== undefined) unit.put(PAGE_KIND, fromHex(id), rowOf(page, this.#rng));
    }
    this.tell(unit);
  }

  /** Tell the listeners once the unit is on disk. */
  tell(unit: Unit): void {
    this.work(unit); // whose end comes before what follows
    if (this.#telling === unit) return;
    this.#telling = unit;
    unit.after(() => {
      this.#telling = undefined;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  /**
   * Return what shall stand in the vault: one page at least.
   *
   * @param sync Whether calls stand there at all.
   */
  forVault(unit: Unit, sync: boolean): ReadonlyMap<PageId, Bytes> {
    if (unit.count(PAGE_KIND) === 0) {
      const log = this.work(unit);
      log.needPage(this.#rng);
      this.save(unit, log.pages.keys());
    }
    return new Map(unit.items(PAGE_KIND).map(([id, row]) => [hex(id), vaulted(row, sync)]));
  }

  /** Say whether this is what shall stand in the vault of a page. */
  isForVault(unit: Unit, page: PageId, payload: Bytes, sync: boolean): boolean {
    const row = unit.get(PAGE_KIND, fromHex(page));
    return row !== undefined && equal(vaulted(row, sync), payload);
  }
}

/** Return what stands in the vault of a page: as it lies here, or without its calls. */
function vaulted(row: Bytes, sync: boolean): Bytes {
  if (sync) return dataIn(row); // which need not be decoded for that
  const { cut, gone } = pageIn(row);
  return encodePage({ cut, entries: new Map(), gone });
}
