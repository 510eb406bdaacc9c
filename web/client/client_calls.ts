/**
 * The history of calls: the part of the facade (`client.ts`) that shows and controls it.
 *
 * It is the owner's alone: on their devices, and sealed in the vault. Not for calling.
 */

import { equal } from "../core/bytes.ts";
import type { Entry } from "../core/call_entry.ts";
import type { AccountId, CallId } from "../core/ids.ts";
import type { Choices, Preset, Settings } from "../core/keeping.ts";
import type { Marking } from "./call_control.ts";
import { Awaiting } from "./client_awaited.ts";
import type { Contact } from "./snapshots.ts";

/** The part of `Client` that has the history of calls. */
export class CallBook extends Awaiting {
  /** The calls that are kept, the newest first; the same array until something changes. */
  callHistory(): readonly Entry[] {
    return this.snapshots.calls();
  }

  /** Have a listener told after each change of the history or of its settings; returns what ends that. */
  onCalls(listener: () => void): () => void {
    return this.session.books.calls.onChange(listener);
  }

  /**
   * Pin a call, or note something about it (500 bytes); what is not given stays.
   *
   * @throws PeerError TOO_LARGE; REFUSED, there is no such call any more.
   */
  async markCall(call: CallId, marking: Marking): Promise<void> {
    await this.session.callControl.mark(call, marking);
  }

  /** Delete calls from the history, on all devices of the account. */
  async deleteCalls(calls: readonly CallId[]): Promise<void> {
    await this.session.callControl.delete(calls);
  }

  /** Delete the whole history, on all devices of the account. */
  async deleteAllCalls(): Promise<void> {
    await this.session.callControl.deleteAll();
  }

  /** Return what the person decided about what is kept. */
  settings(): Settings {
    return this.snapshots.settings();
  }

  /**
   * Decide what is kept, on all devices of the account; what is not given stays.
   *
   * @param chosen.keep Hours for which calls stay in the history: 0 for none, `KEEP_EVER` for no end.
   * @param chosen.details Keep path, cipher suite and quality.
   * @param chosen.sync Our other devices get the history, through the vault.
   * @param chosen.trace Those we call in vain see a missed call.
   * @param chosen.neverRecord We are never to be recorded, in no call that begins from now on, and
   *   nobody can ask. Contacts are told.
   * @throws UsageError Out of bounds.
   */
  async setSettings(chosen: Partial<Choices>): Promise<Settings> {
    return await this.session.callControl.setSettings(chosen);
  }

  /** Take one of the three presets; `changes` of `core/keeping.ts` says beforehand what that changes. */
  async choosePreset(preset: Preset): Promise<Settings> {
    return await this.session.callControl.choose(preset);
  }

  /**
   * Ask a contact to delete calls with us from its history.
   *
   * It is a request: they decide, and nobody can see what they did.
   *
   * @param calls Which; all with them that are in our history without this.
   * @returns How many calls were named.
   * @throws As `sendMessage`.
   */
  async askToForget(contact: Contact, calls?: readonly CallId[]): Promise<number> {
    const { account } = contact;
    const theirs = (entry: Entry) => entry.members.some((member) => equal(member, account));
    const named =
      calls ??
      this.callHistory()
        .filter(theirs)
        .map(({ call }) => call);
    await this.session.callControl.askToForget(account, named);
    return named.length;
  }

  /** Return the calls, by the hex of their ids, that a contact wishes deleted here, until that is decided. */
  wishes(): ReadonlyMap<string, AccountId> {
    const { calls, contacts, store } = this.session.books;
    const isKnown = (account: AccountId) => contacts.get(store, account) !== undefined;
    return new Map([...calls.wishes(store)].filter(([, account]) => isKnown(account)));
  }

  /** Delete what a contact wishes deleted, or keep it; they are not told. Returns how many calls. */
  async answerWish(contact: Contact, answer: Readonly<{ delete: boolean }>): Promise<number> {
    return await this.session.callControl.answerWish(contact.account, answer);
  }
}
