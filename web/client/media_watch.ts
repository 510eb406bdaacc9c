/** What a call's connection tells, passed on in its order, and its figures. */

import type { Event } from "../core/call_events.ts";
import type { State } from "../core/call_types.ts";
import { UnavailableError } from "../core/errors.ts";
import { assertNever } from "../core/never.ts";
import { type MediaConnection, MediaEvent, type MediaStats } from "../media/interfaces.ts";
import { answerOf } from "./call_steps.ts";
import { Signal, withTimeout } from "./lock.ts";
import type { CallSeam } from "./seam.ts";

/** Between two looks at the figures. Higher: older figures; lower: more work for nothing. */
export const STATS_EVERY_S = 0.5;

/** Who is told. */
export interface Watcher {
  readonly state: State;
  /** Take what happened. */
  feed(event: Event): void;
  /** Take fresh figures. */
  showStats(stats: MediaStats): void;
  /** Note that the first frame was decoded. */
  showFirstFrame(): void;
}

/** Watches one connection. */
export class MediaWatch {
  readonly #seam: Pick<CallSeam, "monotonic" | "doubtConnections">;
  readonly #owner: Watcher;
  readonly #heard: MediaEvent[] = [];
  readonly #news = new Signal();

  constructor(seam: Pick<CallSeam, "monotonic" | "doubtConnections">, owner: Watcher) {
    this.#seam = seam;
    this.#owner = owner;
  }

  /** Take what the connection tells. */
  hear(event: MediaEvent): void {
    this.#heard.push(event);
    this.#news.set();
  }

  /** Pass the media's events on, and fresh figures every half second. */
  async run(media: MediaConnection, signal: AbortSignal): Promise<void> {
    for (;;) {
      const event = await this.#nextEvent(signal);
      // Figures take a busy browser a while: nothing that happened waits for them, and there are none
      // before it connects.
      if (event !== undefined) this.#pass(event, this.#seam.monotonic());
      if (this.#hasFigures) await this.refresh(media);
      signal.throwIfAborted();
    }
  }

  /** Wait for an event; undefined when it is time to look at the figures. */
  async #nextEvent(signal: AbortSignal): Promise<MediaEvent | undefined> {
    if (this.#heard.length === 0) {
      this.#news.clear();
      const wait = (stop: AbortSignal) => this.#news.wait(stop);
      try {
        await withTimeout(STATS_EVERY_S, wait, { signal });
      } catch (error) {
        if (signal.aborted || !(error instanceof UnavailableError)) throw error;
      }
    }
    return this.#heard.shift();
  }

  #pass(event: MediaEvent, now: number): void {
    const owner = this.#owner;
    switch (event) {
      case MediaEvent.CONNECTED:
        owner.feed({ kind: "mediaConnected" });
        break;
      case MediaEvent.LOST:
        // Often the network, not the relay: what the restart says must not wait for a dead socket.
        this.#seam.doubtConnections();
        owner.feed({ kind: "mediaLost", now });
        break;
      case MediaEvent.FAILED:
        owner.feed({
          kind: owner.state.kind === "reconnecting" ? "restartFailed" : "mediaLost",
          now,
        });
        break;
      case MediaEvent.FIRST_FRAME:
        owner.showFirstFrame();
        break;
      default:
        assertNever(event);
    }
  }

  get #hasFigures(): boolean {
    const { kind } = this.#owner.state;
    return kind === "inCall" || kind === "reconnecting" || kind === "ended";
  }

  /** Take fresh figures. */
  async refresh(media: MediaConnection): Promise<void> {
    const stats = await answerOf(media.stats());
    if (stats !== undefined) this.#owner.showStats(stats);
  }
}
