/**
 * What is recorded of one call, in its worker: the page says what was said, the frames come from here,
 * and sealed chunks alone go back to the page. No frame leaves the worker in clear.
 *
 * Orders are carried out when they come, so nothing of a later epoch gets into what was said before;
 * each is answered when it is written. Not for: who may be recorded (`core/recording.ts` on the page),
 * or where chunks are kept (`client/recording_store.ts`).
 */

import { setOf } from "../core/byte_sets.ts";
import { type Bytes, equal, wipe } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { ConsentKey, Secret32 } from "../core/ids.ts";
import { Tape } from "../core/recording_tape.ts";
import { Kind } from "../core/recording_types.ts";
import { FrameTap, type Track } from "./frame_tap.ts";
import type { BeginTape, Taped, TapeOrder } from "./worker_protocol.ts";

const KINDS: Readonly<Record<Track, Kind>> = {
  audio: Kind.AUDIO,
  video: Kind.VIDEO,
  screen: Kind.SCREEN,
};

/** One recording; `tape` is there once it has begun. */
type Reel = {
  readonly began: number;
  readonly own: ConsentKey;
  readonly secrets: Bytes[];
  readonly begun: Promise<Tape>;
  tape: Tape | undefined;
};

/** The recordings of one call. */
export class Tapes {
  readonly #say: (said: Taped, transfer: Transferable[]) => void;
  readonly #monotonic: () => number;
  readonly #tapping: (tap: FrameTap | undefined) => void;
  readonly #reels = new Map<string, Reel>();
  #leaves: ReadonlyMap<number, ConsentKey> = new Map();

  /**
   * @param say Tells the page; what is transferred is gone here.
   * @param monotonic Seconds that never go back.
   * @param tapping Given what takes frames while something is recorded, undefined after that.
   */
  constructor(
    say: (said: Taped, transfer: Transferable[]) => void,
    monotonic: () => number,
    tapping: (tap: FrameTap | undefined) => void,
  ) {
    this.#say = say;
    this.#monotonic = monotonic;
    this.#tapping = tapping;
  }

  /** Take whose leaf is whose, before a frame key of that epoch. */
  leaves(leaves: ReadonlyMap<number, Bytes>): void {
    this.#leaves = new Map([...leaves].map(([leaf, key]) => [leaf, new ConsentKey(key)]));
  }

  /**
   * Carry out an order.
   *
   * @param ask The recording, by the hex of its request.
   * @returns Ends when what it is about is written and handed to the page.
   * @throws UsageError There is no such recording.
   */
  async carryOut(ask: string, order: TapeOrder): Promise<void> {
    if (order.do === "begin") return await this.#begin(ask, order);
    const reel = this.#reels.get(ask);
    if (reel === undefined) throw new UsageError("there is no such recording");
    const now = this.#at(reel, this.#monotonic());
    const tape = reel.tape ?? (await reel.begun);
    switch (order.do) {
      case "said":
        return await tape.said(order.signed, order.statement, now);
      case "share": {
        const share = new Secret32(order.share);
        reel.secrets.push(share);
        return tape.share(new ConsentKey(order.key), share);
      }
      case "among":
        return await tape.among(setOf(...order.members.map((key) => new ConsentKey(key))));
      case "pause":
        return await tape.pause(now);
      case "mark":
        return await tape.mark();
      case "end":
        return await this.#end(ask, reel, tape, now);
    }
  }

  async #begin(ask: string, { request, secret, privateKey, own }: BeginTape): Promise<void> {
    if (this.#reels.has(ask)) throw new UsageError("it has begun");
    const half = new Secret32(secret);
    const sink = async (data: Bytes) => {
      // A copy of its own: what is transferred must not be part of anything else.
      const chunk = new Uint8Array(data);
      this.#say({ taped: ask, chunk }, [chunk.buffer]);
    };
    const reel: Reel = {
      began: this.#monotonic(),
      own: new ConsentKey(own),
      secrets: [half, privateKey],
      begun: Tape.begin(sink, { ask: request, secret: half, privateKey }),
      tape: undefined,
    };
    this.#reels.set(ask, reel);
    try {
      reel.tape = await reel.begun;
    } catch (error) {
      this.#reels.delete(ask);
      throw error;
    }
    this.#tapping(new FrameTap((...frame) => this.#take(...frame), this.#monotonic));
  }

  async #end(ask: string, reel: Reel, tape: Tape, now: number): Promise<void> {
    this.#reels.delete(ask);
    if (this.#reels.size === 0) this.#tapping(undefined);
    try {
      await Promise.all([tape.pause(now), tape.mark()]);
    } finally {
      wipe(...reel.secrets);
    }
  }

  /** Take a frame; say whether a key frame of that track is wanted. */
  #take(leaf: number | undefined, track: Track, at: number, data: Bytes): boolean {
    let wants = false;
    for (const [ask, reel] of this.#reels) {
      const key = leaf === undefined ? reel.own : this.#leaves.get(leaf);
      const { tape } = reel;
      if (key === undefined || tape === undefined) continue;
      const kind = KINDS[track];
      tape
        .frame(key, kind, this.#at(reel, at), data)
        .catch(() => this.#say({ taped: ask, failed: true }, []));
      wants ||= tape.waitsFor.some((one) => one.kind === kind && equal(one.key, key));
    }
    return wants;
  }

  /** Return milliseconds since a recording began. */
  #at({ began }: Reel, at: number): number {
    return Math.max(0, Math.round((at - began) * 1000));
  }
}
