/** The relay of a call, looked up before it is needed. */

import type { Meter } from "../core/meter.ts";
import type { MediaConnection, TurnServer } from "../media/interfaces.ts";
import { type Negotiation, refusalOf, still } from "./call_steps.ts";
import { sleep } from "./lock.ts";
import type { CallSeam, Spawned } from "./seam.ts";

/**
 * Between two looks whether the relay is still there, while it rings. Higher asks less often; it stays
 * below the seconds for which the media believes a look.
 */
export const PREPARE_EVERY_S = 8;

/** From the invite to the first look. Higher: who accepts at once meets a caller without a relay. */
export const LOOK_AFTER_S = 0.3;

/**
 * Looks again and again for a relay that answers, until somebody takes it. What it found is a saving
 * and no promise: whoever took it and finds that it is gone asks for another (`server`).
 */
export class RelayAhead {
  readonly #seam: CallSeam;
  readonly #media: () => MediaConnection;
  readonly #meter: () => Meter;
  readonly #begin: (work: Negotiation) => Spawned;
  #looking: Spawned | undefined;
  #found: TurnServer | undefined;
  #asked: Promise<TurnServer> | undefined;

  /**
   * @param seam The session.
   * @param media Return the connection that will use it.
   * @param meter Return what counts for the call.
   * @param begin Begin work that ends with the call.
   */
  constructor(
    seam: CallSeam,
    media: () => MediaConnection,
    meter: () => Meter,
    begin: (work: Negotiation) => Spawned,
  ) {
    this.#seam = seam;
    this.#media = media;
    this.#meter = meter;
    this.#begin = begin;
  }

  /** Fetch fresh TURN credentials (P12). */
  async server(): Promise<TurnServer> {
    const address = await this.#seam.ownTurnAddress();
    this.#meter().askedForRelay();
    const { urls, username, credential } = await this.#seam.turn(address);
    return { urls, username, credential };
  }

  /** Ask for credentials, for a look that begins in a moment. */
  ask(): void {
    this.#asked ??= this.server();
    this.#asked.catch(() => {}); // whoever looks is told
  }

  /**
   * Begin to look. Harmless when repeated.
   *
   * @param options.allocate Have an allocation made as well: it will be needed in a moment.
   */
  look({ allocate = false } = {}): void {
    this.#looking ??= this.#begin((signal) => this.#look(allocate, signal));
  }

  /**
   * Look anew, if one was looked for: a server that was started anew has a relay that knows other
   * credentials, and a browser that has begun to gather with dead ones cannot begin again.
   */
  lookAnew(): void {
    this.#asked = undefined;
    if (this.#looking === undefined) return;
    this.#looking.cancel();
    this.#looking = undefined;
    this.#found = undefined;
    this.look();
  }

  /** Look no more. */
  stop(): void {
    this.#looking?.cancel();
  }

  /** Return what was found, once: credentials serve one transport (P12). */
  take(): TurnServer | undefined {
    const found = this.#found;
    this.#found = undefined;
    return found;
  }

  #takeAsked(): Promise<TurnServer> | undefined {
    const asked = this.#asked;
    this.#asked = undefined;
    return asked;
  }

  async #look(allocate: boolean, signal: AbortSignal): Promise<void> {
    // A person takes a while to accept, and both screens have something to draw now.
    if (!allocate) await sleep(LOOK_AFTER_S, signal);
    for (;;) {
      try {
        this.#found ??= await still(signal, this.#takeAsked() ?? this.server());
        const isThere = await still(signal, this.#media().prepare([this.#found], { allocate }));
        // Perhaps the relay was started anew, and knows other credentials.
        if (!isThere) this.#found = undefined;
      } catch (error) {
        refusalOf(error, signal);
      }
      await sleep(PREPARE_EVERY_S, signal);
    }
  }
}
