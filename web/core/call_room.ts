/** How much of a page of calls is taken, at most; kept as calls come and go (`call_log.ts`). */

import type { Entry } from "./call_entry.ts";
import { EMPTY_ROOM, nameOf, PAGE_BYTES, ROOM_FOR_ACCOUNT, roomFor } from "./call_page.ts";

/** The room that is taken in one page. */
export class PageRoom {
  /** Bytes. */
  taken = EMPTY_ROOM;
  /** In how many calls each account is. */
  readonly #accounts = new Map<string, number>();

  /** Say whether so many bytes more fit. */
  has(room: number): boolean {
    return this.taken + room <= PAGE_BYTES;
  }

  /** Return how many bytes one call more takes; `own` is what it takes without its accounts. */
  cost(entry: Entry, own = roomFor(entry)): number {
    let room = own;
    for (const account of entry.members) {
      if (!this.#accounts.has(nameOf(account))) room += ROOM_FOR_ACCOUNT;
    }
    return room;
  }

  add(entry: Entry, own = roomFor(entry)): void {
    this.taken += this.cost(entry, own);
    this.#count(entry, 1);
  }

  remove(entry: Entry): void {
    this.#count(entry, -1);
    this.taken -= this.cost(entry);
  }

  #count(entry: Entry, by: number): void {
    for (const account of entry.members) {
      const name = nameOf(account);
      const now = (this.#accounts.get(name) ?? 0) + by;
      if (now > 0) this.#accounts.set(name, now);
      else this.#accounts.delete(name);
    }
  }
}
