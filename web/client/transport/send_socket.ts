/**
 * The sending WebSocket of a device, as nobody:
 *
 *     /v1/send      request id u32|class|mailbox(16)|capability(32)|envelope ->
 *                   <- (request id u32|status)*
 *
 * It is another connection than the receiving one (`receive_socket.ts`) and never carries a token:
 * what the server sees on it is that somebody who holds a capability used it (P12, CK-554).
 *
 * Not for: knowing what an envelope holds.
 */

import { concat, uint } from "../../core/bytes.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../../core/errors.ts";
import type { AnyAddress } from "../../core/handle_request.ts";
import { Lock } from "../lock.ts";
import { broken, type Connection, Opener } from "./connection.ts";

const ANSWER_BYTES = 5;
const ANSWER_TIMEOUT_S = 15;
/**
 * Seconds after which an unused connection is closed. Higher saves connecting again, and lets the
 * server see for longer that sends came from one device.
 */
const IDLE_S = 60;

/** How one envelope is sent; `onHanded` is called when the connection has taken it. */
export type Durable = Readonly<{ durable: boolean; onHanded?: (() => void) | undefined }>;

/** The times are for tests. */
export type SendOptions = Readonly<{ onOpen?: () => void; idleS?: number; answerS?: number }>;

type Waiting = (status: number | undefined) => void;

/** Puts envelopes into mailboxes, anonymously. Connects when needed. */
export class SendSocket {
  readonly #opener: Opener;
  readonly #onOpen: () => void;
  readonly #idleS: number;
  readonly #answerS: number;
  readonly #opening = new Lock();
  readonly #waiting = new Map<number, Waiting>();
  #connection: Connection | undefined;
  #next = 0;
  #closed = false;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param origin The server.
   * @param options.onOpen Called when a connection came to be: the server can be reached.
   */
  constructor(origin: string, options: SendOptions = {}) {
    const { onOpen = () => {}, idleS = IDLE_S, answerS = ANSWER_TIMEOUT_S } = options;
    this.#opener = new Opener(origin, "/v1/send");
    this.#onOpen = onOpen;
    this.#idleS = idleS;
    this.#answerS = answerS;
  }

  /**
   * Put one envelope into a mailbox; durable: it is stored when this returns.
   *
   * @throws AuthorizationError `REFUSED`.
   * @throws UnavailableError `UNAVAILABLE` or `QUOTA`; a durable one may have been stored all the
   *   same.
   * @throws PeerError `MALFORMED`.
   */
  async send(
    address: AnyAddress,
    envelope: Uint8Array,
    { durable, onHanded }: Durable,
  ): Promise<void> {
    const connection = await this.#ready();
    this.#next = (this.#next + 1) % 2 ** 32;
    const request = this.#next;
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    this.#waiting.set(request, resolve);
    const header = concat(uint(request, 4), Uint8Array.of(durable ? 1 : 0));
    const frame = concat(header, address.mailbox, address.capability, envelope);
    const timer = setTimeout(() => {
      resolve(undefined);
      // A page cannot see that a connection is dead: the next send must not use it.
      if (this.#connection === connection) this.#drop();
    }, 1000 * this.#answerS);
    try {
      if (connection.send(frame)) onHanded?.();
      else resolve(undefined);
      const status = await promise;
      if (status === undefined) throw broken("sending");
      refuse(status);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(request);
      this.#touch();
    }
  }

  /** The connection may be dead: the next send makes another; what waits for an answer fails. */
  doubt(): void {
    this.#drop();
  }

  /** The server can be reached, as far as we know: do not wait for an attempt that is stuck. */
  hurry(): void {
    this.#opener.hurry();
  }

  /** Close the connection, if there is one, and make no other. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#drop();
  }

  #ready(): Promise<Connection> {
    return this.#opening.run(async () => {
      if (this.#connection?.isOpen) return this.#connection;
      this.#drop();
      if (this.#closed) throw broken("sending");
      const connection = await this.#opener.open();
      if (this.#closed) {
        connection.close();
        throw broken("sending");
      }
      this.#connection = connection;
      void this.#read(connection);
      this.#onOpen();
      return connection;
    });
  }

  async #read(connection: Connection): Promise<void> {
    for (;;) {
      const data = await connection.next();
      // Not our protocol: nothing after it can be trusted.
      if (data === "closed" || data === undefined || data.length % ANSWER_BYTES !== 0) break;
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      for (let at = 0; at < data.length; at += ANSWER_BYTES) {
        this.#waiting.get(view.getUint32(at))?.(view.getUint8(at + 4));
      }
    }
    connection.close();
    if (this.#connection === connection) this.#drop();
  }

  /** Give up the connection; whoever waits for an answer on it hears that it broke. */
  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.close();
    for (const answer of [...this.#waiting.values()]) answer(undefined);
  }

  #touch(): void {
    clearTimeout(this.#idle);
    if (this.#connection === undefined || this.#closed) return;
    this.#idle = setTimeout(() => {
      if (this.#waiting.size === 0) this.#drop();
    }, 1000 * this.#idleS);
  }
}

function refuse(status: number): void {
  switch (status) {
    case 0:
      return;
    case 1:
      throw new AuthorizationError(Code.REFUSED, "the capability is not good (any more)");
    case 2:
      throw new UnavailableError(Code.QUOTA, "the capability's quota is used up");
    case 3:
      throw new PeerError(Code.MALFORMED, "the server calls the envelope malformed");
    default:
      throw new UnavailableError(Code.UNAVAILABLE, "the server cannot take it now");
  }
}
