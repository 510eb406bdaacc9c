/**
 * A group call that rings on this device, as a page sees it.
 *
 * Not for: what rings, and for how long (`group_call_ringing.ts`).
 */

import { Media } from "../core/content_records.ts";
import type { AccountId, GroupId } from "../core/ids.ts";
import type { GoingOn } from "./group_call_book.ts";
import { closeGroupEnds, type GroupCall, type GroupEnds } from "./group_call_objects.ts";
import { Signal } from "./lock.ts";

/** How a group call is accepted. */
export type GroupAcceptOptions = GroupEnds &
  Readonly<{
    /** "voice" to come into a video call without pictures. */
    media?: Media;
  }>;

/** What rings, as the service has it. */
export type IncomingGroupCallParts = Readonly<{
  going: GoingOn;
  /** The group's name. */
  groupName: string;
  /** Who began the call, by name. */
  caller: string;
  /** As what it may ring here. */
  media: Media;
  accept: (media: Media, ends: GroupEnds) => Promise<GroupCall>;
  decline: () => Promise<void>;
}>;

/** A group call that rings on this device. Until `accept`, nothing leaves it. */
export class IncomingGroupCall {
  readonly group: GroupId;
  /** Its name. */
  readonly groupName: string;
  /** Who began the call, by name. */
  readonly caller: string;
  /** Whose account that is. */
  readonly by: AccountId;
  /** As what it may ring here. */
  readonly media: Media;
  readonly #parts: IncomingGroupCallParts;
  readonly #over = new Signal();

  constructor(parts: IncomingGroupCallParts) {
    this.group = parts.going.group;
    this.groupName = parts.groupName;
    this.caller = parts.caller;
    this.by = parts.going.by;
    this.media = parts.media;
    this.#parts = parts;
  }

  /** Whether it still rings. */
  get isRinging(): boolean {
    return !this.#over.isSet;
  }

  /**
   * Come in, with the media that it rings with or less.
   *
   * @throws AuthorizationError REFUSED, it rings no longer.
   * @throws UsageError This device is in a call.
   * @throws UnavailableError NO_DEVICE.
   */
  async accept({ local, remote, media = this.media }: GroupAcceptOptions): Promise<GroupCall> {
    const ends = { local, remote };
    try {
      const least = this.media === Media.VOICE ? Media.VOICE : media;
      return await this.#parts.accept(least, ends);
    } catch (error) {
      closeGroupEnds(ends);
      throw error;
    }
  }

  /** Stop ringing, on our other devices too; nobody else is told. */
  async decline(): Promise<void> {
    await this.#parts.decline();
  }

  /** Wait until it rings no longer. */
  async ended(): Promise<void> {
    await this.#over.wait();
  }

  /** It rings no longer; for the service. */
  stop(): void {
    this.#over.set();
  }
}
