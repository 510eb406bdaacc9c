/** What happens to one device in a group call, in the order in which its shell deals with it. */

import type { Bytes } from "../core/bytes.ts";
import type { Digest, FeedId } from "../core/ids.ts";
import type { RoomEvent } from "./call_room.ts";
import type { Reply } from "./group_call_joiners.ts";
import { Signal, sleep } from "./lock.ts";

/** Somebody wants to come in. */
export type Wish = Readonly<{ kind: "wish"; keyPackage: Bytes; reply: Reply }>;

/** The person leaves. */
export type Leave = Readonly<{ kind: "leave" }>;

/** Another member is to be removed. */
export type Remove = Readonly<{ kind: "remove"; leaf: number }>;

/** No commit could be made with these joiners. */
export type CannotAdd = Readonly<{ kind: "cannotAdd"; n: number; joiners: readonly Digest[] }>;

/** All members are to hear what we send to the SFU. */
export type AnnounceFeed = Readonly<{ kind: "announceFeed"; feed: FeedId | null }>;

/** A member is to hear something, encoded. */
export type Tell = Readonly<{ kind: "tell"; leaf: number; encoded: Bytes }>;

/** All members are to hear something, encoded. */
export type Say = Readonly<{ kind: "say"; encoded: Bytes }>;

export type Happening = RoomEvent | Wish | Leave | Remove | CannotAdd | AnnounceFeed | Tell | Say;

/** What waits, in order, for one reader. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #more = new Signal();

  push(item: T): void {
    this.#items.push(item);
    this.#more.set();
  }

  /**
   * Take the next one.
   *
   * @throws The signal's reason.
   */
  async next(signal?: AbortSignal): Promise<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) return item;
      this.#more.clear();
      await this.#more.wait(signal);
    }
  }

  /**
   * Take the next one, if one comes within some seconds.
   *
   * @throws The signal's reason.
   */
  async within(seconds: number, signal: AbortSignal): Promise<T | undefined> {
    if (this.#items.length === 0) {
      this.#more.clear();
      const ended = new AbortController();
      const stop = AbortSignal.any([ended.signal, signal]);
      try {
        await Promise.race([sleep(seconds, stop), this.#more.wait(stop)]);
      } finally {
        ended.abort();
      }
    }
    return this.#items.shift();
  }
}
