/** Knowing that this device is up to date: what was sent to it is here and processed. */

import { AuthorizationError, Code, FatalError, UnavailableError } from "../core/errors.ts";
import type { Housekeeping } from "./housekeeping.ts";
import type { Inbox } from "./inbox.ts";
import { sleep, withTimeout } from "./lock.ts";
import type { Outbox } from "./outbox.ts";
import type { ReceiveSocket } from "./transport/receive_socket.ts";

/** Seconds without a frame after which a backlog counts as read, should the server never say so. */
export const QUIET_S = 0.5;
export const CONNECT_S = 10;

/** How often `sync` looks whether what it did brought more to do. */
const ROUNDS = 8;

/** What is brought up to date. */
export type Parts = Readonly<{
  receiver: Pick<ReceiveSocket, "connected" | "caughtUp" | "hurry" | "ping" | "stopped">;
  inbox: Inbox;
  outbox: Outbox;
  housekeeping: Housekeeping;
  monotonic: () => number;
}>;

/** Waits for the server's backlog, and for what it brings to be dealt with. */
export class Syncing {
  readonly #parts: Parts;
  #lastDelivery = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Note that something came just now. */
  heard(): void {
    this.#lastDelivery = this.#parts.monotonic();
  }

  /** Receive and process all that is waiting, and send all that can be sent; see `Session.sync`. */
  async sync(stop: AbortSignal): Promise<void> {
    const { inbox, outbox, housekeeping } = this.#parts;
    await this.caughtUp(stop);
    for (let round = 0; round < ROUNDS; round++) {
      await inbox.idle(stop);
      inbox.retry();
      await inbox.idle(stop);
      await housekeeping.idle(stop);
      if (!housekeeping.busy && inbox.kept === 0) break;
    }
    this.#requireAlive();
    await outbox.flush();
  }

  /** Do so as far as it goes within some seconds; without a connection, nothing. */
  async tryToCatchUp(): Promise<void> {
    try {
      await withTimeout(CONNECT_S, async (stop) => {
        await this.caughtUp(stop);
        await this.#parts.inbox.idle(stop);
      });
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }

  /** Wait until the backlog was delivered; later, until what the server has sent is here. */
  async caughtUp(stop: AbortSignal): Promise<void> {
    const { receiver, monotonic } = this.#parts;
    const giveUp = monotonic() + CONNECT_S;
    receiver.hurry(); // somebody waits: the next pause may be longer than they do
    for (;;) {
      this.#requireAlive();
      if (receiver.connected && monotonic() - this.#lastDelivery > QUIET_S) receiver.caughtUp.set();
      if (receiver.caughtUp.isSet && (await this.#pinged())) return;
      if (!receiver.connected && monotonic() > giveUp) {
        throw new UnavailableError(Code.UNAVAILABLE, "the server cannot be reached");
      }
      await sleep(0.01, stop);
    }
  }

  async #pinged(): Promise<boolean> {
    const { receiver } = this.#parts;
    try {
      await receiver.ping();
      return true;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      receiver.caughtUp.clear(); // it broke just now: it connects again
      return false;
    }
  }

  #requireAlive(): void {
    const { receiver, inbox, housekeeping } = this.#parts;
    const { stopped } = receiver;
    if (stopped !== undefined) throw new AuthorizationError(stopped.code, stopped.detail);
    const failed = inbox.failed ?? housekeeping.failed;
    if (failed !== undefined) throw new FatalError(failed.code, failed.detail);
  }
}
