/**
 * My consents: what its person agreed to, refused and took back, with receipts (R-49, R-52; twin of
 * `sdk/my_consents.py`).
 *
 * A yes can be taken back at any time, in the call or after it: then our share of the key is deleted at
 * the server, and no honest client plays our part again. Not for: what happens in a call
 * (`recording_shell.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import { type ConsentRecord, consentIn } from "../core/consent_record.ts";
import { Code, PeerError, UnavailableError, VisavisError } from "../core/errors.ts";
import { sign } from "../core/identity.ts";
import type { Digest } from "../core/ids.ts";
import { type KantaraView, kantaraView } from "../core/recording_kantara.ts";
import { makeReceipt } from "../core/recording_receipt.ts";
import { DAY_S } from "../core/recording_statements.ts";
import { KEEP_S, type OwnConsents, type Which } from "./consent_book.ts";
import type { Shares } from "./recording_means.ts";

/** What this account's person said to whoever asked to record. */
export class MyConsents {
  readonly #book: OwnConsents;
  readonly #shares: Shares;
  readonly #now: () => number;
  #lookAt = 0;

  /**
   * @param book Where it is kept.
   * @param shares Where our shares lie.
   * @param now Returns unix seconds.
   */
  constructor(book: OwnConsents, shares: Shares, now: () => number) {
    this.#book = book;
    this.#shares = shares;
    this.#now = now;
  }

  /** Return all of them; `consentIn` reads what was said. */
  all(): readonly ConsentRecord[] {
    return this.#book.all();
  }

  /**
   * Return a signed receipt of one of them (`recording_receipt.ts`), as things stand now.
   *
   * @throws PeerError REFUSED, there is none.
   */
  async receipt(which: Which): Promise<Bytes> {
    const known = this.#need(which);
    const { signed } = await consentIn(known);
    return await makeReceipt(signed, known.key, (label, message) => {
      return sign(known.private, label, message);
    });
  }

  /**
   * Return it in the form of the Kantara Initiative, unsigned.
   *
   * @throws PeerError REFUSED, there is none; or what `kantaraView` throws of one that does not stand.
   */
  async kantara(which: Which): Promise<KantaraView> {
    return kantaraView(await consentIn(this.#need(which)));
  }

  /**
   * Take back each yes to a request, by whichever of our keys: we are played no more, and who recorded
   * is told in the conversation in which the call was.
   *
   * @returns Whether our shares are gone; if not, they are asked for until they are.
   * @throws UnavailableError NO_YES, none stands.
   */
  async withdraw(ask: Digest): Promise<boolean> {
    const given = await this.#book.takeBack(ask);
    if (given.length === 0) throw new UnavailableError(Code.NO_YES);
    try {
      await this.deleteDue();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error; // It is tried again.
    }
    return given.every((one) => this.#book.get(one)?.share == null);
  }

  /**
   * Delete shares that are to go, those of before a restart too.
   *
   * @throws UnavailableError One may still be there.
   */
  async deleteDue(): Promise<void> {
    let isComplete = true;
    for (const { slot, delete: key } of await this.#book.due()) {
      try {
        await this.#shares.delete(slot, key);
      } catch (error) {
        if (!(error instanceof VisavisError)) throw error;
        isComplete = false;
        continue;
      }
      await this.#book.gone(slot);
    }
    if (!isComplete) throw new UnavailableError(Code.UNAVAILABLE, "a share may still be there");
  }

  /** Do so once a day: it reads all that was ever signed. */
  async expireIfDue(): Promise<void> {
    if (this.#now() >= this.#lookAt) await this.expire();
  }

  /** Forget what nobody needs any more. */
  async expire(): Promise<void> {
    const now = this.#now();
    for (const known of this.#book.all()) {
      // By our own answer: a request may have any time, and decides nothing by it.
      const { last } = await consentIn(known);
      if (last.at + KEEP_S <= now) await this.#book.forget(known);
    }
    this.#lookAt = now + DAY_S;
  }

  #need(which: Which): ConsentRecord {
    const known = this.#book.get(which);
    if (known === undefined) throw new PeerError(Code.REFUSED, "nothing was answered to that");
    return known;
  }
}
