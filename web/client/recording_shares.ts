/**
 * The shares of recording keys in one call: ours, laid at the server and deleted again; the others',
 * read by who records (P16).
 *
 * A share that is to go is asked for until it is gone, for as long as the program runs; after that the
 * book has it. Not for: when that is (`recording_shell.ts`).
 */

import { equal, type Rng, wipe } from "../core/bytes.ts";
import {
  AuthorizationError,
  Code,
  PeerError,
  UnavailableError,
  VisavisError,
} from "../core/errors.ts";
import { type CallId, Digest, random, Secret32, ShareKey, ShareSlot } from "../core/ids.ts";
import { DAY_S, MAX_DAYS } from "../core/recording_statements.ts";
import { sleep } from "./lock.ts";
import type { Laid, RecordingMeans } from "./recording_means.ts";

/**
 * Seconds before something is asked of the server again, at first; twice as long each time. Higher: a
 * share that was taken back lies there for longer; lower: a server that is in trouble hears more of it.
 */
export const AGAIN_S = 2;

/** And at most. */
export const AGAIN_MOST_S = 120;

/** How often a member's share is asked for, in four minutes, until nothing of them is recorded. */
export const READ_TRIES = 8;

/** Work that goes on beside the call, and may outlast it. */
export type Spawn = (work: (signal: AbortSignal) => Promise<void>) => unknown;

/** Who wants a member's share. */
type Reading = Readonly<{
  /** Returns whether it is still of use. */
  wanted: () => boolean;
  /** Given the share, if it is the one. */
  take: (share: Secret32) => void;
  /** Told that it is another one (CK-982), or that there is none. */
  refused: (code: Code) => void;
}>;

/** Lays, reads and deletes the shares of one call. */
export class CallShares {
  readonly #means: RecordingMeans;
  readonly #call: CallId;
  readonly #rng: Rng;
  readonly #unix: () => number;
  readonly #spawn: Spawn;

  /**
   * @param unix Returns unix seconds.
   * @param spawn Runs what goes on beside the call.
   */
  constructor(
    means: RecordingMeans,
    call: CallId,
    { rng, unix, spawn }: Readonly<{ rng: Rng; unix: () => number; spawn: Spawn }>,
  ) {
    this.#means = means;
    this.#call = call;
    this.#rng = rng;
    this.#unix = unix;
    this.#spawn = spawn;
  }

  /** Whether shares can be laid at all. */
  get can(): boolean {
    return this.#means.shares !== undefined;
  }

  /**
   * Lay a new share.
   *
   * @param days For so many, if it is not deleted before: whole ones, but of the thirtieth, for at the
   *   server nothing lies longer.
   * @throws UnavailableError UNAVAILABLE, there is nowhere to lay it; or what `Shares.lay` throws.
   *   Then none lies there, or it is deleted again.
   */
  async lay(days: number): Promise<Laid> {
    const { shares, book } = this.#means;
    if (shares === undefined) {
      throw new UnavailableError(Code.UNAVAILABLE, "there is nowhere to lay a share");
    }
    const rng = this.#rng;
    const [slot, share] = [random(ShareSlot, rng), random(Secret32, rng)];
    const [read, remove] = [random(ShareKey, rng), random(ShareKey, rng)];
    const expires = Math.floor(this.#unix() / DAY_S) + Math.min(days + 1, MAX_DAYS);
    const laid = { slot, share, read, delete: remove, expires };
    // First: what a crash leaves at the server must be known here.
    await book?.laying(this.#call, laid);
    try {
      await shares.lay(laid);
    } catch (error) {
      this.remove(laid); // The answer may have been lost.
      throw error;
    }
    return laid;
  }

  /** Have a share deleted, however long that takes; what reads it is overwritten here. */
  remove(laid: Laid): void {
    wipe(laid.share);
    this.#spawn((signal) => this.#remove(laid, signal));
  }

  async #remove({ slot, delete: key }: Laid, signal: AbortSignal): Promise<void> {
    const { shares, book } = this.#means;
    if (shares === undefined) return;
    await book?.leaving(slot);
    for (let pause = AGAIN_S; ; pause = Math.min(2 * pause, AGAIN_MOST_S)) {
      try {
        await shares.delete(slot, key);
        return await book?.gone(slot);
      } catch (error) {
        if (!(error instanceof VisavisError)) throw error;
      }
      await sleep(pause, signal);
    }
  }

  /**
   * Read a member's share.
   *
   * @param promised Its SHA-256, as the member's yes has it.
   */
  read(
    way: Readonly<{ slot: ShareSlot; read: ShareKey }>,
    promised: Digest,
    { wanted, take, refused }: Reading,
  ): void {
    const { shares } = this.#means;
    if (shares === undefined) return;
    this.#spawn(async (signal) => {
      let pause = AGAIN_S;
      for (let tries = 0; tries < READ_TRIES && wanted(); tries++) {
        try {
          const share = await shares.read(way.slot, way.read);
          // CK-982: with another share their yes could be kept and nobody could take it back.
          if (!equal(Digest.sha256(share), promised)) {
            wipe(share);
            throw new PeerError(Code.MALFORMED, "CK-982 not the share of this yes");
          }
          if (wanted()) take(share);
          return;
        } catch (error) {
          if (!(error instanceof VisavisError)) throw error;
          const isFinal = error instanceof PeerError || error instanceof AuthorizationError;
          if (isFinal || tries + 1 === READ_TRIES) return refused(error.code);
        }
        await sleep(pause, signal);
        pause = Math.min(2 * pause, AGAIN_MOST_S);
      }
    });
  }
}
