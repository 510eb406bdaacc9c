/**
 * The receiving WebSocket of a device, with its token:
 *
 *     /v1/receive   token(48) ->   <- 0x00   <- 0x01|class|delivery id(16)|envelope   <- 0x03
 *                   0x02|delivery id(16) ->
 *
 * What is sent goes over another connection, which never carries a token (`send_socket.ts`).
 *
 * Not for: knowing what an envelope holds, or keeping it. An envelope is acknowledged by whoever
 * processed and stored it (`inbox.ts`).
 */

import * as base64url from "../../core/base64url.ts";
import { type Bytes, concat, equal } from "../../core/bytes.ts";
import {
  AuthorizationError,
  Code,
  PeerError,
  UnavailableError,
  VisavisError,
} from "../../core/errors.ts";
import { Signal, sleep, withTimeout } from "../lock.ts";
import { broken, type Connection, OPEN_TIMEOUT_S, Opener } from "./connection.ts";
import { Http } from "./http.ts";
import { onWaking } from "./waking.ts";

const READY = Uint8Array.of(0);
const DELIVERY = 1;
const ACK = Uint8Array.of(2);
const CAUGHT_UP = Uint8Array.of(3);
const CLOSED_TOKEN = 4401;
const CLOSED_REPLACED = 4409;
const ID_BYTES = 16;

const FIRST_BACKOFF_S = 0.2;
const MAX_BACKOFF_S = 30;
const PING_TIMEOUT_S = 15;
/** Seconds in which frames that were written before an answer over HTTP arrive as well. */
const BEHIND_S = 0.03;
/** Seconds in which a doubted connection may be replaced before anybody is told that it is gone. */
const DOUBT_S = 2;

/** One delivered envelope. */
export type Delivery = Readonly<{
  /** 16 bytes, for `ReceiveSocket.ack`. */
  deliveryId: Bytes;
  /** False for the call class. */
  durable: boolean;
  /** As sealed by whoever sent it. */
  envelope: Bytes;
}>;

type Explain = (error: VisavisError) => Promise<VisavisError>;
export type Deliver = (delivery: Delivery) => void | Promise<void>;
export type ConnectionListener = (connected: boolean) => void;

/** Receives the envelopes of one device; connects again, with growing pauses, until stopped. */
export class ReceiveSocket {
  /** Set once all that waited at the server has been delivered. */
  readonly caughtUp = new Signal();
  /** Why receiving ended for good, if it has. */
  stopped: VisavisError | undefined;
  readonly #opener: Opener;
  readonly #token: Bytes;
  readonly #deliver: Deliver;
  readonly #explain: Explain;
  readonly #listeners: ConnectionListener[] = [];
  readonly #http: Http;
  readonly #hurry = new Signal();
  #connection: Connection | undefined;
  #told = false;
  #doubt: ReturnType<typeof setTimeout> | undefined;
  #delivering = false;

  /**
   * @param origin The server.
   * @param token device id(16) || secret(32).
   * @param deliver Called with each delivery, one at a time; must not throw.
   * @param explain Finds out more about why there will be no other connection; throws
   *   UnavailableError to be asked again later.
   */
  constructor(
    origin: string,
    token: Bytes,
    deliver: Deliver,
    explain: Explain = async (error) => error,
  ) {
    this.#explain = explain;
    this.#opener = new Opener(origin, "/v1/receive");
    this.#token = token;
    this.#deliver = deliver;
    this.#http = new Http(origin, base64url.encode(token));
  }

  get connected(): boolean {
    return this.#connection !== undefined; // the server has accepted the token on it
  }

  /** Tell a listener when the connection comes and goes. */
  onConnection(listener: ConnectionListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Receive until the signal is aborted, or until the server says that this device is no more.
   *
   * `stopped` then holds the reason: `REFUSED` or `SHUT_OUT` (the device was revoked), or `UNEXPECTED`
   * (the same profile receives elsewhere: a copy, which would fork the groups; P5).
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopWatching = onWaking(() => this.refresh());
    try {
      await this.#receive(signal);
    } catch (error) {
      if (!(error instanceof VisavisError) || signal.aborted) {
        if (!signal.aborted) throw error;
        return;
      }
      this.stopped = error;
      this.caughtUp.set();
    } finally {
      stopWatching();
      clearTimeout(this.#doubt);
      this.#tell(false);
      await this.#http.close();
    }
  }

  /** Acknowledge a delivery; on a broken connection it will simply come again. */
  async ack(deliveryId: Uint8Array): Promise<void> {
    this.#connection?.send(concat(ACK, deliveryId));
  }

  /**
   * Connect anew, at once: the machine woke up, or the network is another one.
   *
   * A browser does not tell that a connection has died in its sleep, nor can a page ping it.
   */
  refresh(): void {
    this.#tryAtOnce();
    this.#connection?.close();
  }

  /**
   * The server can be reached, as far as we know: if there is no connection, do not wait to try
   * again, nor for an attempt that is stuck.
   */
  hurry(): void {
    // Not kept for later: when a server is started anew its devices shall not all come at once.
    if (!this.connected) this.#tryAtOnce();
  }

  /** Replace the connection, and say so only if that takes long. What was not acknowledged comes again. */
  doubt(): void {
    if (this.#connection === undefined || this.#doubt !== undefined) return;
    this.#doubt = setTimeout(() => {
      this.#doubt = undefined;
      if (this.#connection === undefined) this.#tell(false);
    }, 1000 * DOUBT_S);
    this.refresh();
  }

  /**
   * Return when what the server had written before is here.
   *
   * A page cannot ping a WebSocket: the server is asked something else, and what it wrote before
   * its answer comes with it. Over another connection, so a frame that was lost on the way and sent
   * again may still be late: good for "as new as can be", not for anything that would be wrong
   * without.
   *
   * @throws UnavailableError The connection is gone.
   */
  async ping(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) throw new UnavailableError(Code.UNAVAILABLE, "not connected");
    await withTimeout(PING_TIMEOUT_S, async (stop) => {
      await this.#http.get("/v1/key-packages");
      do await sleep(BEHIND_S, stop);
      while (this.#connection === connection && (this.#delivering || connection.hasFrames));
    });
    if (this.#connection !== connection) throw broken("receiving");
  }

  #tryAtOnce(): void {
    this.#hurry.set();
    this.#opener.hurry();
  }

  async #receive(signal: AbortSignal): Promise<void> {
    for (let failures = 0; ; failures = Math.min(failures + 1, 16)) {
      const began = performance.now();
      this.#hurry.clear();
      try {
        await this.#session(signal);
      } catch (error) {
        if (!(error instanceof VisavisError)) throw error;
        const stopped = await this.#end(error);
        if (stopped !== undefined) throw stopped;
      }
      signal.throwIfAborted();
      if (performance.now() - began > 1000 * MAX_BACKOFF_S) failures = 0;
      // Full jitter: after a restart of the server its devices do not all come at once.
      const pause = Math.min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** failures);
      await this.#pause(pause * (0.5 + Math.random() / 2), signal);
    }
  }

  /** Return why there will be no other connection, if so. */
  async #end(error: VisavisError): Promise<VisavisError | undefined> {
    if (error instanceof UnavailableError) return undefined;
    try {
      return await this.#explain(error);
    } catch (unknown) {
      if (unknown instanceof UnavailableError) return undefined;
      throw unknown;
    }
  }

  /** Wait, but not when there is reason to try at once. */
  async #pause(seconds: number, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const stop = AbortSignal.any([ended.signal, signal]);
    try {
      await Promise.race([sleep(seconds, stop), this.#hurry.wait(stop)]);
    } finally {
      ended.abort();
    }
  }

  async #session(signal: AbortSignal): Promise<void> {
    const connection = await this.#opener.open(signal);
    try {
      connection.send(this.#token);
      const first = await withTimeout(OPEN_TIMEOUT_S, (stop) => connection.next(stop), { signal });
      if (first instanceof Uint8Array && equal(first, READY)) {
        this.#connection = connection;
        this.#tell(true);
        await this.#frames(connection, signal);
      }
    } finally {
      this.caughtUp.clear();
      if (this.#connection !== undefined) {
        this.#connection = undefined;
        if (this.#doubt === undefined) this.#tell(false);
      }
      connection.close();
    }
    if (connection.closeCode === CLOSED_TOKEN) {
      throw new AuthorizationError(Code.REFUSED, "this device is not known to the server");
    }
    if (connection.closeCode === CLOSED_REPLACED) {
      throw new PeerError(Code.UNEXPECTED, "CK-558: this profile receives somewhere else too");
    }
  }

  async #frames(connection: Connection, signal: AbortSignal): Promise<void> {
    for (;;) {
      const data = await connection.next(signal);
      if (data === "closed") return;
      if (data === undefined) continue;
      if (equal(data, CAUGHT_UP)) this.caughtUp.set();
      const delivery = deliveryOf(data);
      if (delivery === undefined) continue;
      this.#delivering = true;
      try {
        await this.#deliver(delivery);
      } finally {
        this.#delivering = false;
      }
    }
  }

  #tell(connected: boolean): void {
    if (connected === this.#told) return;
    this.#told = connected;
    for (const listener of this.#listeners) listener(connected);
  }
}

function deliveryOf(data: Bytes): Delivery | undefined {
  const [kind, durable = 2] = data;
  const start = 2 + ID_BYTES;
  if (kind !== DELIVERY || durable > 1 || data.length <= start) return undefined;
  return {
    deliveryId: data.slice(2, start),
    durable: durable === 1,
    envelope: data.slice(start),
  };
}
