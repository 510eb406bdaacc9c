/**
 * Call links: the part of the facade (`client.ts`) that makes, shows and withdraws them.
 *
 * The code behind it is loaded when it is asked for. Not for: who waits for a call
 * (`Calling.waitingGuests`).
 */

import type { CallLinkOptions, ShownLink } from "./call_links.ts";
import { CallBook } from "./client_calls.ts";
import type { PeopleGroup } from "./group_actions.ts";

/** The part of `Client` that has call links. */
export class Linking extends CallBook {
  /**
   * Make a link by which people without an account come into a call of ours as guests.
   *
   * Nobody comes in by it alone: while this device is in the group's call, who has the link is heard,
   * and the person lets each of them in or not (`GroupCall.waiting`).
   *
   * @param group Whose call; undefined: one of its own, with nobody else in it.
   * @throws UsageError Another number of hours than 1 to 720.
   * @throws AuthorizationError REFUSED, we are in no such group.
   * @throws UnavailableError QUOTA, no address is left to hand out; UNAVAILABLE.
   */
  async createCallLink(group?: PeopleGroup, options: CallLinkOptions = {}): Promise<ShownLink> {
    const { createCallLink } = await import("./call_links.ts");
    return await createCallLink(this.session, group, options);
  }

  /** Return the links of this device that are good, those that end first before others. */
  async callLinks(): Promise<readonly ShownLink[]> {
    const { callLinks } = await import("./call_links.ts");
    return await callLinks(this.session);
  }

  /** Have a listener told when a link was made or has ended; returns what ends that. */
  onCallLinks(listener: () => void): () => void {
    return this.session.books.callLinks.onChange(listener);
  }

  /**
   * Have a link lead nowhere, at once. Guests who are in the call stay in it.
   *
   * @throws AuthorizationError REFUSED, it is none of this device's, or is over.
   */
  async withdrawCallLink(link: ShownLink | string): Promise<void> {
    const { withdrawCallLink } = await import("./call_links.ts");
    await withdrawCallLink(this.session, typeof link === "string" ? link : link.link);
  }
}
