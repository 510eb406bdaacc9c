/** A server and a network in memory, with some of the faults that real ones have. */

import { Code, UnavailableError } from "../../core/errors.ts";
import type { VirtualClock } from "./virtual_clock.ts";

const LATENCY_S = 0.05;
/** Longer than all latencies, shorter than every deadline of a call but none of its steps. */
export const LATE_S = 2;
/** How long the server holds a call envelope for a device that is not there. */
const CALL_TTL_S = 60;

export type Fault = "lost" | "doubled" | "late";

export type Parcel = Readonly<{
  from: string;
  to: string;
  durable: boolean;
  label: string;
  size: number;
  sentAt: number;
  /** What the receiver does with it. */
  deliver: () => Promise<void>;
}>;

/** One server: holds what cannot be delivered, hands over when a device comes back. */
export class FakeNetwork {
  readonly log: Parcel[] = [];
  lateS = LATE_S;
  #running = true;
  readonly #clock: VirtualClock;
  readonly #rule: (parcel: Parcel) => Fault | undefined;
  readonly #connected = new Map<string, (here: boolean) => void>();
  readonly #inboxes = new Map<string, Promise<void>>();
  #held: Parcel[] = [];
  #run = 0;

  constructor(clock: VirtualClock, rule: (parcel: Parcel) => Fault | undefined) {
    this.#clock = clock;
    this.#rule = rule;
  }

  attach(name: string, connected: (here: boolean) => void): void {
    this.#connected.set(name, connected);
    if (this.#running) this.#back(name);
  }

  detach(name: string): void {
    this.#connected.get(name)?.(false);
    this.#connected.delete(name);
  }

  send(parcel: Parcel): void {
    if (!this.#running) throw new UnavailableError(Code.UNAVAILABLE, "the server is down");
    this.log.push(parcel);
    const fault = this.#rule(parcel);
    if (fault === "lost") return;
    this.#later(parcel, fault === "late" ? this.lateS : LATENCY_S);
    if (fault === "doubled") this.#later(parcel, 2 * LATENCY_S);
  }

  /** Stop the server: call envelopes are gone, durable ones are stored. */
  stop(): void {
    this.#running = false;
    this.#run += 1;
    this.#held = this.#held.filter(({ durable }) => durable);
    for (const connected of this.#connected.values()) connected(false);
  }

  /** Start it again; every device reconnects. */
  start(): void {
    this.#running = true;
    for (const name of this.#connected.keys()) this.#back(name);
  }

  #later(parcel: Parcel, seconds: number): void {
    const run = this.#run;
    this.#clock.later(seconds, () => {
      if (parcel.durable || run === this.#run) this.#arrive(parcel);
    });
  }

  #back(name: string): void {
    this.#connected.get(name)?.(true);
    const held = this.#held;
    this.#held = [];
    for (const parcel of held) {
      const isFresh = parcel.durable || this.#clock.now - parcel.sentAt < CALL_TTL_S;
      if (isFresh) this.#arrive(parcel);
    }
  }

  /** Devices take envelopes one at a time, as the client's inbox does. */
  #arrive(parcel: Parcel): void {
    if (!this.#running || !this.#connected.has(parcel.to)) {
      this.#held.push(parcel);
      return;
    }
    const before = this.#inboxes.get(parcel.to) ?? Promise.resolve();
    this.#inboxes.set(parcel.to, before.then(parcel.deliver));
  }
}
