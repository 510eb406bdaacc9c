/**
 * What stays of group calls in the history: who was met, for how long; what was missed here (twin of
 * `src/visavis/sdk/group_call_notes.py`).
 *
 * Not for: what is kept at all, and how long (`call_history.ts`).
 */

import { compare, equal, hex } from "../core/bytes.ts";
import {
  Direction,
  type Entry,
  MAX_MEMBERS,
  NO_MARK,
  Outcome,
  Quality,
  Via,
} from "../core/call_entry.ts";
import type { AccountId } from "../core/ids.ts";
import { SUITE_ID } from "../core/mls/index.ts";
import type { GoingOn } from "./group_call_book.ts";
import type { InCall } from "./group_call_objects.ts";
import type { Ways } from "./group_call_ways.ts";
import type { LeftGroupCall, Met, MetOne } from "./left_group_call.ts";

const MS_PER_S = 1_000;

/** Notes one call of this device, once it is over. */
export class GroupCallNotes {
  readonly #ways: Pick<Ways, "account" | "now" | "note" | "others">;
  readonly #beganAt: number;
  readonly #met = new Map<string, MetOne>();
  #metAt: number | undefined;
  #aloneAt: number | undefined;

  /**
   * @param ways The session.
   * @param before What a page of this device knew of the call that it comes back to: it is one call.
   */
  constructor(ways: Pick<Ways, "account" | "now" | "note" | "others">, before?: LeftGroupCall) {
    this.#ways = ways;
    this.#beganAt = before === undefined ? ways.now() : Math.floor(before.since / MS_PER_S);
    if (before === undefined) return;
    this.#metAt = before.met.at;
    this.#aloneAt = ways.now(); // until we are in
    for (const one of before.met.people) this.#met.set(hex(one.account), one);
  }

  /** Who was met so far; undefined: nobody. */
  get met(): Met | undefined {
    return this.#metAt === undefined
      ? undefined
      : { at: this.#metAt, people: [...this.#met.values()] };
  }

  /** Note who is in it now. */
  show(members: readonly InCall[]): void {
    const others = members.flatMap(({ account, verified }) => {
      // Guests have no account: nothing stays of them.
      if (account === undefined || equal(account, this.#ways.account)) return [];
      return [{ account, verified }];
    });
    const now = this.#ways.now();
    if (others.length > 0) this.#metAt ??= now;
    this.#aloneAt = others.length > 0 ? undefined : now;
    for (const met of others) this.#met.set(hex(met.account), met);
  }

  /**
   * It is over here: keep it, as far as the person wants calls kept.
   *
   * @param recorded Something of it was recorded, by whomever.
   */
  async over(going: GoingOn, recorded: boolean): Promise<void> {
    const ways = this.#ways;
    const begun = equal(going.by, ways.account);
    if (this.#metAt === undefined) {
      if (begun) await this.#note(going, await ways.others(going.group), Outcome.UNANSWERED);
      return;
    }
    const met = [...this.#met.values()];
    await ways.note({
      ...this.#entry(
        going,
        met.map(({ account }) => account),
        Outcome.ANSWERED,
      ),
      seconds: Math.max(0, (this.#aloneAt ?? ways.now()) - this.#metAt),
      verified: met.every(({ verified }) => verified),
      recorded,
      via: Via.RELAYED,
      suite: SUITE_ID,
    });
  }

  /** It rang here, and nobody came. */
  async missed(going: GoingOn): Promise<void> {
    await this.#note(going, [going.by], Outcome.MISSED);
  }

  /** The person did not want to come. */
  async declined(going: GoingOn): Promise<void> {
    await this.#note(going, [going.by], Outcome.DECLINED);
  }

  async #note(going: GoingOn, members: readonly AccountId[], outcome: Outcome): Promise<void> {
    if (members.length > 0) await this.#ways.note(this.#entry(going, members, outcome));
  }

  #entry(going: GoingOn, members: readonly AccountId[], outcome: Outcome): Entry {
    const begun = equal(going.by, this.#ways.account);
    return {
      call: going.call,
      members: members.toSorted(compare).slice(0, MAX_MEMBERS),
      direction: begun ? Direction.OUTGOING : Direction.INCOMING,
      media: going.media,
      outcome,
      at: this.#beganAt,
      seconds: 0,
      verified: false,
      recorded: false,
      via: Via.NONE,
      quality: Quality.UNKNOWN,
      suite: 0,
      mark: NO_MARK,
    };
  }
}
