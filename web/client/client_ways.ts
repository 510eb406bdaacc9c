/** How the account is opened, for its owner: the part of the facade about passkeys. */

import type { Proof } from "./account.ts";
import { Grouping } from "./client_groups.ts";
import { addPasskey, removePasskey, type WaysIn, waysIn } from "./ways_in.ts";

/** The part of `Client` that lists, adds and removes ways into the account. */
export class Opening extends Grouping {
  /** Return how the account is opened, beside the recovery code; throws UnavailableError. */
  async waysIn(): Promise<WaysIn> {
    return await waysIn(this.session);
  }

  /**
   * Add a passkey to the account; returns its short id.
   *
   * @param proof The password, or a passkey that the account has.
   * @throws AuthorizationError LOGIN_FAILED, PASSKEY_REFUSED, PASSKEY_CANCELLED, PASSKEY_NO_KEY,
   *   PASSKEY_EXISTS, TOO_MANY_PASSKEYS.
   */
  async addPasskey(proof: Proof): Promise<string> {
    return await addPasskey(this.session, proof);
  }

  /**
   * Remove a passkey, by its short id; never the last way in.
   *
   * @throws AuthorizationError LOGIN_FAILED, PASSKEY_REFUSED, PASSKEY_CANCELLED, LAST_WAY_IN, REFUSED.
   */
  async removePasskey(shortId: string, proof: Proof): Promise<void> {
    await removePasskey(this.session, shortId, proof);
  }
}
