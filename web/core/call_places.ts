/**
 * Which page each call of a log is in, and how much room the pages have left.
 *
 * Pure but for the ids of new pages. Not for: what belongs into a log at all (`call_log.ts`).
 */

import { hex, type Rng } from "./bytes.ts";
import {
  type Cut,
  compareCuts,
  type Entry,
  emptyPage,
  goneMark,
  type Key,
  NO_CUT,
  type Page,
} from "./call_entry.ts";
import { ROOM_FOR_GONE, roomFor } from "./call_page.ts";
import { PageRoom } from "./call_room.ts";
import { UsageError } from "./errors.ts";
import type { CallId } from "./ids.ts";

export const PAGE_ID_BYTES = 16;

/** 16 bytes in hex. */
export type PageId = string;

/** Pages, the calls in them by their keys, and what is left of deleted ones. */
export class CallPlaces {
  cut: Cut = NO_CUT;
  readonly pages = new Map<PageId, Page>();
  readonly where = new Map<Key, PageId>();
  readonly gone = new Set<Key>();
  readonly #rooms = new Map<PageId, PageRoom>();
  /** The marks that calls would leave: each is a hash, and asked for more than once. */
  readonly #marks = new WeakMap<CallId, Key>();

  /** Take over a page, none of whose calls is here yet. */
  take(pageId: PageId, page: Page): void {
    if (compareCuts(page.cut, this.cut) > 0) this.cut = page.cut;
    const room = new PageRoom();
    room.taken += ROOM_FOR_GONE * page.gone.size;
    for (const [key, entry] of page.entries) {
      this.where.set(key, pageId);
      room.add(entry);
    }
    for (const mark of page.gone) this.gone.add(mark);
    this.pages.set(pageId, page);
    this.#rooms.set(pageId, room);
  }

  /** Put a call into a page: the wished one, if it has room. */
  place(
    key: Key,
    entry: Entry,
    wished: PageId | undefined,
    but: PageId | undefined,
    rng: Rng,
  ): PageId {
    const own = roomFor(entry);
    const target = this.#pageWith((room) => room.cost(entry, own), wished, but, rng);
    this.page(target).entries.set(key, entry);
    this.where.set(key, target);
    this.room(target).add(entry, own);
    return target;
  }

  /** Put another form of a call, that takes no more room, in its place. */
  replace(key: Key, entry: Entry): PageId {
    const at = this.takeOut(key);
    this.page(at).entries.set(key, entry);
    this.where.set(key, at);
    this.room(at).add(entry);
    return at;
  }

  /** Keep what is left of a deleted call. */
  keepMark(mark: Key, wished: PageId | undefined, but: PageId | undefined, rng: Rng): PageId {
    const target = this.#pageWith(() => ROOM_FOR_GONE, wished, but, rng);
    this.page(target).gone.add(mark);
    this.gone.add(mark);
    this.room(target).taken += ROOM_FOR_GONE;
    return target;
  }

  /**
   * Take a call out; returns where it was.
   *
   * @throws UsageError There is none.
   */
  takeOut(key: Key): PageId {
    const at = this.where.get(key);
    const entry = at === undefined ? undefined : this.page(at).entries.get(key);
    if (at === undefined || entry === undefined) throw new UsageError("no such call");
    this.where.delete(key);
    this.page(at).entries.delete(key);
    this.room(at).remove(entry);
    return at;
  }

  /** Return a page with room: the wished one, else the fullest that has, else a new one. */
  #pageWith(
    cost: (room: PageRoom) => number,
    wished: PageId | undefined,
    but: PageId | undefined,
    rng: Rng,
  ): PageId {
    if (wished !== undefined) {
      const room = this.room(wished);
      if (room.has(cost(room))) return wished;
    }
    let best: PageId | undefined;
    let most = -1;
    for (const [at, room] of this.#rooms) {
      if (at === but || room.taken < most || !room.has(cost(room))) continue;
      if (room.taken === most && best !== undefined && at < best) continue;
      best = at;
      most = room.taken;
    }
    if (best !== undefined) return best;
    const fresh = hex(rng(PAGE_ID_BYTES));
    this.newPage(fresh);
    return fresh;
  }

  /** Make a page. */
  newPage(pageId: PageId): void {
    this.pages.set(pageId, emptyPage(this.cut));
    this.#rooms.set(pageId, new PageRoom());
  }

  /** Return a page. @throws UsageError There is none. */
  page(pageId: PageId): Page {
    const page = this.pages.get(pageId);
    if (page === undefined) throw new UsageError("no such page");
    return page;
  }

  /** Return what is taken of a page. Throws as `page`. */
  room(pageId: PageId): PageRoom {
    const room = this.#rooms.get(pageId);
    if (room === undefined) throw new UsageError("no such page");
    return room;
  }

  /** Return what would be left of a call, in hex. */
  markOf(call: CallId): Key {
    const known = this.#marks.get(call);
    if (known !== undefined) return known;
    const mark = hex(goneMark(call));
    this.#marks.set(call, mark);
    return mark;
  }
}
