/**
 * Group calls that ring on this device: which may, for how long, and who makes them stop.
 *
 * What is heard is dealt with one thing after another: who began a call is looked up, and meanwhile it
 * may be over. Not for: being in one (`group_calls.ts`).
 */

import { equal, hex } from "../core/bytes.ts";
import { RING_TIMEOUT_S } from "../core/call_types.ts";
import type { Media } from "../core/content_records.ts";
import { Handled } from "../core/content_self.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import type { CallId } from "../core/ids.ts";
import { CallQueue } from "./call_queue.ts";
import { CLOCKS_DIFFER_S } from "./call_terms.ts";
import type { GoingOn } from "./group_call_book.ts";
import { IncomingGroupCall } from "./group_call_incoming.ts";
import { GroupCallNotes } from "./group_call_notes.ts";
import type { GroupCall, GroupEnds } from "./group_call_objects.ts";
import type { Ways } from "./group_call_ways.ts";
import { Lock, sleep } from "./lock.ts";
import type { Spawned } from "./seam.ts";

/** Seconds for which it rings, as a call of two does. */
export const RING_S = RING_TIMEOUT_S;

/** What rings, what to note if nobody comes, and the end of its time. */
type Rings = Readonly<{ shown: IncomingGroupCall; missed: () => Promise<void>; timer: Spawned }>;

/** Comes into a call. */
type Accept = (going: GoingOn, media: Media, ends: GroupEnds) => Promise<GroupCall>;

/** What ringing needs of the session. */
export type RingingWays = Pick<
  Ways,
  | "account"
  | "goingOn"
  | "groupName"
  | "mayRing"
  | "nameOf"
  | "note"
  | "now"
  | "onHandled"
  | "others"
  | "sayHandled"
  | "spawn"
>;

/** What rings. */
export class Ringing {
  readonly #ways: RingingWays;
  readonly #isLive: () => boolean;
  readonly #accept: Accept;
  readonly #ringing = new Map<string, Rings>();
  readonly #fresh = new CallQueue<IncomingGroupCall>();
  readonly #turns = new Lock();

  /**
   * @param ways The session.
   * @param isLive Says whether this device is in a call.
   * @param accept Comes into a call.
   */
  constructor(ways: RingingWays, isLive: () => boolean, accept: Accept) {
    this.#ways = ways;
    this.#isLive = isLive;
    this.#accept = accept;
  }

  /** Begin to listen to our other devices. */
  start(): void {
    this.#ways.onHandled((call) => this.#inTurn(() => void this.#stop(call)));
  }

  /** Yield each call that rings here, those that came before too; each is given out once. */
  incoming(signal?: AbortSignal): AsyncGenerator<IncomingGroupCall, void, undefined> {
    return this.#fresh.read(signal);
  }

  /** A call was begun just now: let it ring, if it may. */
  begins(going: GoingOn): void {
    this.#inTurn(() => this.#begins(going));
  }

  /** The person comes into a call: it rings no longer, on our other devices neither. */
  answered({ at, call }: GoingOn): void {
    const rang = this.#stop(call);
    // Whatever is said live wakes a closed page of ours that is rung by push: only if it may ring there.
    if (!rang && this.#ways.now() - at > RING_S) return;
    this.#ways.spawn(() => this.#ways.sayHandled(call, Handled.ACCEPTED));
  }

  /** A call is over. */
  over(call: CallId): void {
    this.#inTurn(() => this.#expire(call));
  }

  async #begins(going: GoingOn): Promise<void> {
    const { call, group, by, at } = going;
    const ways = this.#ways;
    const media = await ways.mayRing(going);
    if (media === undefined) return;
    const caller = await ways.nameOf(group, by);
    // CK-852: the server says what is live; when it began, a member says under MLS.
    const isHeldBack = Math.abs(ways.now() - at) > CLOCKS_DIFFER_S;
    const known = ways.goingOn(group);
    const isStanding = known !== undefined && equal(known.call, call);
    if (isHeldBack || !isStanding) return;
    if (this.#ringing.has(hex(call)) || equal(by, ways.account)) return;
    const notes = new GroupCallNotes(ways);
    if (this.#isLive()) return await notes.missed(going);
    const shown = new IncomingGroupCall({
      ...{ going, groupName: ways.groupName(group), caller, media },
      accept: (least, ends) => this.#accepted(going, least, ends),
      decline: () => this.#declined(going, notes),
    });
    const timer = ways.spawn(async (signal) => {
      await sleep(RING_S, signal);
      await this.#expire(call);
    });
    this.#ringing.set(hex(call), { shown, missed: () => notes.missed(going), timer });
    this.#fresh.push(shown);
  }

  async #accepted(going: GoingOn, media: Media, ends: GroupEnds): Promise<GroupCall> {
    if (!this.#ringing.has(hex(going.call))) {
      throw new AuthorizationError(Code.REFUSED, "it rings no longer");
    }
    const call = await this.#accept(going, media, ends);
    this.answered(going);
    return call;
  }

  async #declined(going: GoingOn, notes: GroupCallNotes): Promise<void> {
    if (this.#stop(going.call)) await notes.declined(going);
    await this.#ways.sayHandled(going.call, Handled.DECLINED);
  }

  /** It rings no longer, and nobody came: that is a missed call. */
  async #expire(call: CallId): Promise<void> {
    const rings = this.#ringing.get(hex(call));
    if (rings !== undefined && this.#stop(call)) await rings.missed();
  }

  /** Let it ring no longer; say whether it did. */
  #stop(call: CallId): boolean {
    const rings = this.#ringing.get(hex(call));
    if (rings === undefined) return false;
    this.#ringing.delete(hex(call));
    rings.timer.cancel();
    rings.shown.stop();
    return true;
  }

  #inTurn(work: () => void | Promise<void>): void {
    this.#ways.spawn(() => this.#turns.run(work));
  }
}
