/**
 * The calls of one account as pages, and how the pages of two devices become one (P6).
 *
 * A log is a set: whatever order pages come in, and however often, the same calls are in it
 * (CK-700). A deleted call stays deleted. Taking everything away raises the cut: another device that
 * was offline meanwhile loses what it had by then, and keeps the calls that came after.
 *
 * A page never moves and never goes; it empties. So where a call is says nothing of when it was
 * deleted, and the vault's slots stay as they are.
 *
 * Pure but for the ids of new pages. Not for: what an entry is and how pages are encoded
 * (`call_entry.ts`, `call_page.ts`); which page has room (`call_places.ts`); how long entries are kept
 * (`keeping.ts`).
 */

import { compare, hex, type Rng } from "./bytes.ts";
import {
  type Cut,
  compareCuts,
  compareEntries,
  type Entry,
  endedAt,
  type Key,
  marked,
  mergeEntries,
  type Page,
} from "./call_entry.ts";
import { ROOM_FOR_GONE } from "./call_page.ts";
import { CallPlaces, PAGE_ID_BYTES, type PageId } from "./call_places.ts";
import { PageRoom } from "./call_room.ts";
import { Code, PeerError } from "./errors.ts";
import type { CallId, DeviceId } from "./ids.ts";

export { PAGE_ID_BYTES, type PageId } from "./call_places.ts";

/** A call that begins so far in the future was written by a clock that was wrong. */
export const AHEAD_S = 86_400;

/** Pages that were changed. */
export type Touched = Set<PageId>;

/**
 * All calls of an account, as far as this device knows them.
 *
 * Every method that changes it returns the pages it changed.
 */
export class CallLog {
  readonly #places = new CallPlaces();

  /** Make a log of the pages of one device, which has no call in two of them; they are its own now. */
  static of(pages: Iterable<readonly [PageId, Page]>): CallLog {
    const log = new CallLog();
    for (const [pageId, page] of pages) log.take(pageId, page);
    return log;
  }

  /** Take over one page more, as `of` does. */
  take(pageId: PageId, page: Page): void {
    this.#places.take(pageId, page);
  }

  get cut(): Cut {
    return this.#places.cut;
  }

  /** What is to be written where. */
  get pages(): ReadonlyMap<PageId, Page> {
    return this.#places.pages;
  }

  /** How many calls there are. */
  get size(): number {
    return this.#places.where.size;
  }

  /** Return all calls, the newest first. */
  entries(): readonly Entry[] {
    const found: Entry[] = [];
    // Pages are in order: rising runs are sorted fast.
    for (const page of this.#places.pages.values()) {
      for (const entry of page.entries.values()) found.push(entry);
    }
    return found.sort((one, other) => one.at - other.at || compare(other.call, one.call)).reverse();
  }

  /** Return one call, or undefined. */
  get(call: CallId): Entry | undefined {
    const key = hex(call);
    const at = this.#places.where.get(key);
    return at === undefined ? undefined : this.#places.page(at).entries.get(key);
  }

  /** Say whether this very call was deleted. */
  isGone(call: CallId): boolean {
    return this.#places.gone.size > 0 && this.#places.gone.has(this.#places.markOf(call));
  }

  // Adding

  /**
   * Put a call in, or what is known better of one that is there; not one that was deleted.
   *
   * A clock that is behind the newest cut does not lose the call: it counts as begun after it.
   */
  add(entry: Entry, rng: Rng): Touched {
    const touched: Touched = new Set();
    this.#put(touched, hex(entry.call), entry, undefined, rng);
    return touched;
  }

  /**
   * Pin a call, or note something about it.
   *
   * @throws PeerError `TOO_LARGE`, the note; `REFUSED`, there is no such call any more.
   */
  mark(
    call: CallId,
    what: Readonly<{ device: DeviceId; pinned: boolean; note: string }>,
    rng: Rng,
  ): Touched {
    const entry = this.get(call);
    if (entry === undefined) {
      throw new PeerError(Code.REFUSED, "the call was deleted, or was never there");
    }
    return this.add(marked(entry, what), rng);
  }

  /** Take what another device wrote into a page. */
  merge(pageId: PageId, page: Page, rng: Rng): Touched {
    const touched = this.raiseCut(page.cut);
    const old = compareCuts(page.cut, this.#places.cut) < 0;
    const incoming = [...page.entries].filter(
      ([, entry]) => !(old && entry.at <= this.#places.cut.at) && !this.isGone(entry.call),
    );
    if (!this.#places.pages.has(pageId)) {
      this.#places.newPage(pageId);
      touched.add(pageId);
    }
    join(touched, this.#makeWay(pageId, incoming, page.gone, rng));
    join(touched, this.#bury(without(page.gone, this.#places.page(pageId).gone), pageId, rng));
    for (const [key, entry] of incoming) this.#put(touched, key, entry, pageId, rng);
    return touched;
  }

  /**
   * Move what only we have in a page elsewhere, if it and the others' do not fit together.
   *
   * Were theirs to move, two devices would write the page by turns for ever.
   */
  #makeWay(
    pageId: PageId,
    entries: readonly (readonly [Key, Entry])[],
    gone: ReadonlySet<Key>,
    rng: Rng,
  ): Touched {
    const touched: Touched = new Set();
    const page = this.#places.page(pageId);
    if (page.entries.size === 0 && page.gone.size === 0) return touched;
    const known = new Set(entries.map(([key]) => key));
    const union = new PageRoom();
    for (const [, entry] of entries) union.add(entry);
    union.taken += ROOM_FOR_GONE * gone.size;
    for (const entry of [...page.entries.values()].sort(compareEntries)) {
      const key = hex(entry.call);
      if (known.has(key)) continue;
      if (union.has(union.cost(entry))) {
        union.add(entry);
      } else {
        this.#places.takeOut(key);
        touched.add(pageId);
        touched.add(this.#places.place(key, entry, undefined, pageId, rng));
      }
    }
    for (const mark of [...without(page.gone, gone)].sort()) {
      if (union.has(ROOM_FOR_GONE)) {
        union.taken += ROOM_FOR_GONE;
      } else {
        page.gone.delete(mark);
        this.#places.room(pageId).taken -= ROOM_FOR_GONE;
        touched.add(pageId);
        touched.add(this.#places.keepMark(mark, undefined, pageId, rng));
      }
    }
    return touched;
  }

  /** Have one page at least: the vault has one from its first write on, calls or none. */
  needPage(rng: Rng): void {
    if (this.#places.pages.size === 0) this.#places.newPage(hex(rng(PAGE_ID_BYTES)));
  }

  // Deleting

  /** Delete calls, those too that are not here yet. */
  delete(calls: Iterable<CallId>, rng: Rng): Touched {
    const touched: Touched = new Set();
    for (const call of calls) {
      const key = hex(call);
      const at = this.#places.where.has(key) ? this.#places.takeOut(key) : undefined;
      const mark = this.#places.markOf(call);
      if (!this.#places.gone.has(mark))
        touched.add(this.#places.keepMark(mark, at, undefined, rng));
    }
    return touched;
  }

  /** Delete calls that another device of ours has deleted, by their marks (`goneMark`). */
  bury(gone: Iterable<Uint8Array>, rng: Rng): Touched {
    const marks = new Set([...gone].map(hex));
    return this.#bury(without(marks, this.#places.gone), undefined, rng);
  }

  /**
   * Delete everything there is, here and on devices that are away.
   *
   * Calls that seem to begin after `now` are deleted one by one: to cut at their time would delete
   * true ones as well.
   */
  deleteAll(now: number, rng: Rng): Touched {
    const ahead = this.entries().filter((entry) => entry.at > now);
    const touched = this.delete(
      ahead.map(({ call }) => call),
      rng,
    );
    join(touched, this.raiseCut({ count: this.#places.cut.count + 1, at: now }));
    return touched;
  }

  /** Learn that everything was deleted; does nothing if that is known. */
  raiseCut(cut: Cut): Touched {
    if (compareCuts(cut, this.#places.cut) <= 0) return new Set();
    this.#places.cut = cut;
    for (const page of this.#places.pages.values()) {
      page.cut = cut;
      for (const [key, entry] of [...page.entries])
        if (entry.at <= cut.at) this.#places.takeOut(key);
    }
    return new Set(this.#places.pages.keys());
  }

  /**
   * Take out what has been kept as long as it shall be; no mark of it stays.
   *
   * Every device does so by the same rule, so none brings it back.
   *
   * @param keepsS How many seconds after its end a call is kept; null: always.
   * @param now Unix seconds.
   * @param firstSeen When this device first had a call, by the hex of its id; asked for one that
   *   seems to begin in the future.
   */
  expire(
    keepsS: (entry: Entry) => number | null,
    now: number,
    firstSeen: ReadonlyMap<Key, number> = new Map(),
  ): Touched {
    const touched: Touched = new Set();
    for (const page of this.#places.pages.values()) {
      for (const [key, entry] of [...page.entries]) {
        const keeps = keepsS(entry);
        let ended = endedAt(entry);
        if (ended > now + AHEAD_S) ended = firstSeen.get(key) ?? ended;
        if (keeps !== null && ended + keeps <= now) touched.add(this.#places.takeOut(key));
      }
    }
    return touched;
  }

  /** Take something out of every call that may not be kept; `change` adds nothing. */
  amend(change: (entry: Entry) => Entry): Touched {
    const touched: Touched = new Set();
    for (const page of this.#places.pages.values()) {
      for (const [key, entry] of [...page.entries]) {
        const less = change(entry);
        if (less !== entry) touched.add(this.#places.replace(key, less));
      }
    }
    return touched;
  }

  // Within

  #put(touched: Touched, key: Key, given: Entry, wished: PageId | undefined, rng: Rng): void {
    const at = this.#places.where.get(key);
    let entry = given;
    if (wished === undefined && at === undefined && entry.at <= this.#places.cut.at) {
      entry = { ...entry, at: this.#places.cut.at + 1 };
    }
    if (this.isGone(entry.call)) return;
    let target = wished;
    const known = at === undefined ? undefined : this.#places.page(at).entries.get(key);
    if (at !== undefined && known !== undefined) {
      entry = mergeEntries(known, entry);
      // The page with the lower id has it, on every device.
      target = wished === undefined || at < wished ? at : wished;
      if (entry === known && target === at) return;
      touched.add(this.#places.takeOut(key));
    }
    touched.add(this.#places.place(key, entry, target, undefined, rng));
  }

  /** Take out the calls of these marks, and keep the marks. */
  #bury(gone: ReadonlySet<Key>, wished: PageId | undefined, rng: Rng): Touched {
    const touched: Touched = new Set();
    if (gone.size === 0) return touched;
    const places = new Map<Key, PageId>();
    for (const page of this.#places.pages.values()) {
      for (const [key, { call }] of [...page.entries]) {
        const mark = this.#places.markOf(call);
        if (gone.has(mark)) places.set(mark, this.#places.takeOut(key));
      }
    }
    for (const mark of [...gone].sort()) {
      const at = places.get(mark);
      if (at !== undefined) touched.add(at);
      touched.add(this.#places.keepMark(mark, wished ?? at, undefined, rng));
    }
    return touched;
  }
}

function join(touched: Touched, more: ReadonlySet<PageId>): void {
  for (const one of more) touched.add(one);
}

function without(some: ReadonlySet<Key>, others: ReadonlySet<Key>): ReadonlySet<Key> {
  return new Set([...some].filter((one) => !others.has(one)));
}
