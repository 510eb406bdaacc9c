/** Contacts of before a move here, who are not here yet: the part of the facade (`client.ts`) about them. */

import type { AwaitedContact } from "./awaited.ts";
import { Meeting } from "./client_meeting.ts";

/** The part of `Client` for an account that came from another server. */
export class Awaiting extends Meeting {
  /** The contacts of before the move here who are not here yet, by name (topic "contacts"). */
  awaited(): readonly AwaitedContact[] {
    return this.snapshots.awaited();
  }

  /** Wait for somebody no longer: whoever comes as them is a stranger. */
  async forgetAwaited(contact: AwaitedContact): Promise<void> {
    const { awaited, calls, store } = this.session.books;
    await store.transaction((unit) => {
      awaited.remove(unit, contact.account);
      calls.expire(unit); // the rule of theirs for the history went with them
    });
  }
}
