/**
 * One WebSocket as a queue of frames: opened within a time, read in order, closed once.
 *
 * Not for: what the frames say (`send_socket.ts`, `receive_socket.ts`).
 */

import type { Bytes } from "../../core/bytes.ts";
import { BUCKETS } from "../../core/envelope.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { Signal, withTimeout } from "../lock.ts";
import { requireSecure, websocketUrl } from "./origin.ts";

export const OPEN_TIMEOUT_S = 10;

/**
 * Seconds after which an attempt to connect may be stuck: what it sent into a dead network is sent
 * again after 1, 3, 7 s. Lower gives up attempts that were about to succeed.
 */
const STUCK_S = 1;

/** Longest frame that is taken. A browser has no such bound of its own. */
const MAX_FRAME = Math.max(...BUCKETS) + 64;
const NORMAL = 1000;

/** Bytes of a frame, or `undefined` for one that is none of our protocol: text, or too long. */
export type Frame = Bytes | undefined;

/** What a WebSocket tells whoever dialled it. */
export type Dialling = Readonly<{
  opened: () => void;
  /** What came: an `ArrayBuffer`, or what is none of our protocol. */
  came: (data: unknown) => void;
  /** It ended, with the code of the server's close frame if there was one. May be said twice. */
  ended: (code?: number) => void;
}>;

/** What can be done with it; once it has ended that does nothing. */
export type Dialled = Readonly<{
  /** Whether what is sent may arrive. */
  isOpen: () => boolean;
  send: (frame: Bytes) => void;
  close: (code: number) => void;
}>;

/** Makes a WebSocket: on this thread, or on one of its own (`room_thread.ts`). */
export type Dial = (url: string, on: Dialling) => Dialled;

/** As `Dial`, on this thread. */
function dialHere(url: string, on: Dialling): Dialled {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => on.opened();
  socket.onmessage = (event: MessageEvent<unknown>) => on.came(event.data);
  socket.onclose = (event: CloseEvent) => on.ended(event.code);
  // The close event follows and says as much as a page may know.
  socket.onerror = () => on.ended();
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: (frame) => socket.send(frame),
    close: (code) => socket.close(code),
  };
}

/** An open WebSocket. */
export class Connection {
  /** The code with which the server closed it, once it has. */
  closeCode: number | undefined;
  readonly #socket: Dialled;
  readonly #frames: Frame[] = [];
  readonly #news = new Signal();
  readonly #opened = new Signal();
  #closed = false;

  private constructor(url: string, dial: Dial) {
    this.#socket = dial(url, {
      opened: () => this.#opened.set(),
      came: (data) => this.#take(data),
      ended: (code) => {
        if (!this.#closed) this.closeCode = code;
        this.#end();
      },
    });
  }

  /**
   * Connect to a path of an origin.
   *
   * @throws UnavailableError It cannot be reached.
   * @throws AuthorizationError `NOT_ENCRYPTED` (CK-553).
   */
  static async open(
    origin: string,
    path: string,
    { signal, dial = dialHere }: Readonly<{ signal?: AbortSignal; dial?: Dial }> = {},
  ): Promise<Connection> {
    const connection = new Connection(websocketUrl(requireSecure(origin), path), dial);
    try {
      await withTimeout(OPEN_TIMEOUT_S, (stop) => connection.#opened.wait(stop), {
        ...(signal === undefined ? {} : { signal }),
      });
      if (!connection.#closed) return connection;
    } catch (error) {
      connection.close();
      if (signal?.aborted) throw error;
    }
    throw new UnavailableError(Code.UNAVAILABLE, "no connection");
  }

  get isOpen(): boolean {
    return !this.#closed && this.#socket.isOpen();
  }

  /** Whether frames have come that nobody has taken yet. */
  get hasFrames(): boolean {
    return this.#frames.length > 0;
  }

  /** Send one frame; say whether it was still possible. */
  send(frame: Bytes): boolean {
    if (!this.isOpen) return false;
    this.#socket.send(frame);
    return true;
  }

  /**
   * Take the next frame, in order; `"closed"` when there is none left and the connection has ended.
   *
   * For one reader.
   *
   * @throws The signal's reason.
   */
  async next(signal?: AbortSignal): Promise<Frame | "closed"> {
    while (this.#frames.length === 0) {
      if (this.#closed) return "closed";
      this.#news.clear();
      await this.#news.wait(signal);
    }
    return this.#frames.shift();
  }

  /** Close it. Does not wait for the server's agreement, which may never come. */
  close(): void {
    this.#end();
    this.#socket.close(NORMAL);
  }

  #take(data: unknown): void {
    if (this.#closed) return;
    const isWhole = data instanceof ArrayBuffer && data.byteLength <= MAX_FRAME;
    this.#frames.push(isWhole ? new Uint8Array(data) : undefined);
    this.#news.set();
  }

  #end(): void {
    this.#closed = true;
    this.#opened.set();
    this.#news.set();
  }
}

/** Opens connections to one path of a server. */
export class Opener {
  readonly #origin: string;
  readonly #path: string;
  readonly #dial: Dial | undefined;
  #attempt: Readonly<{ began: number; ended: AbortController }> | undefined;

  /** @param dial Makes the WebSockets; unless given, on this thread. */
  constructor(origin: string, path: string, dial?: Dial) {
    this.#origin = origin;
    this.#path = path;
    this.#dial = dial;
  }

  /** Open one. Throws as `Connection.open`. */
  async open(signal?: AbortSignal): Promise<Connection> {
    for (;;) {
      const ended = new AbortController();
      const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
      this.#attempt = { began: performance.now(), ended };
      try {
        const dial = this.#dial;
        const options = dial === undefined ? { signal: stop } : { signal: stop, dial };
        return await Connection.open(this.#origin, this.#path, options);
      } catch (error) {
        if (signal?.aborted || !ended.signal.aborted) throw error;
      } finally {
        this.#attempt = undefined;
      }
    }
  }

  /** The server can be reached, as far as we know: an attempt that is stuck is begun anew. */
  hurry(): void {
    if (this.#attempt === undefined) return;
    const { began, ended } = this.#attempt;
    if (performance.now() - began > 1000 * STUCK_S) ended.abort();
  }
}

/** Return what is thrown when a connection ends under somebody. */
export function broken(which: string): UnavailableError {
  return new UnavailableError(Code.UNAVAILABLE, `the ${which} connection broke`);
}
