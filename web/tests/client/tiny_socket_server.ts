/**
 * A WebSocket server of a few lines (RFC 6455), so that tests can misbehave as they like.
 *
 * Unfragmented messages below 64 KiB, no extensions. Not for anything but tests.
 */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Bytes, concat, copy, uint } from "../../core/bytes.ts";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 0x81;
const BINARY = 0x82;
const CLOSE = 0x88;

/** One client's connection, as the server sees it. */
export class Peer {
  readonly request: IncomingMessage;
  readonly #socket: Socket;
  readonly #frames: Bytes[] = [];
  #wake: (() => void) | undefined;
  #rest: Bytes = new Uint8Array();
  #ended = false;

  constructor(request: IncomingMessage, socket: Socket) {
    this.request = request;
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#read(copy(data)));
    socket.on("close", () => this.#end());
    socket.on("error", () => this.#end());
  }

  /** Send a message. */
  send(data: Uint8Array | string): void {
    const payload = typeof data === "string" ? copy(Buffer.from(data)) : copy(data);
    this.#write(typeof data === "string" ? TEXT : BINARY, payload);
  }

  /** Close with a code, in good order. */
  close(code = 1000): void {
    this.#write(CLOSE, uint(code, 2));
    this.#socket.end();
  }

  /** Vanish. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Return the next message of the client, or undefined when it is gone. */
  async receive(): Promise<Bytes | undefined> {
    while (this.#frames.length === 0) {
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift();
  }

  #write(first: number, payload: Bytes): void {
    const { length } = payload;
    const size = length < 126 ? uint(length, 1) : concat(Uint8Array.of(126), uint(length, 2));
    if (!this.#ended) this.#socket.write(concat(Uint8Array.of(first), size, payload));
  }

  #read(data: Bytes): void {
    this.#rest = concat(this.#rest, data);
    for (;;) {
      const [first = 0, masked = 0, high = 0, low = 0] = this.#rest;
      const short = masked & 0x7f;
      const start = short === 126 ? 4 : 2;
      const length = short === 126 ? 256 * high + low : short;
      if (this.#rest.length < 2 || this.#rest.length < start + 4 + length) return;
      const mask = this.#rest.slice(start, start + 4);
      const body = this.#rest.slice(start + 4, start + 4 + length);
      this.#rest = this.#rest.slice(start + 4 + length);
      if (first === CLOSE) {
        this.#socket.end();
        this.#end();
      } else {
        this.#frames.push(body.map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
        this.#wake?.();
      }
    }
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }
}

/** A server that is up until it is closed. */
export type TinyServer = Readonly<{ origin: string; close: () => Promise<void> }>;

/**
 * Serve WebSockets with a function, and every other request with `{}`.
 *
 * @param handler Called for each connection; what it throws ends the connection.
 */
export async function tinySocketServer(
  handler: (peer: Peer) => void | Promise<void>,
): Promise<TinyServer> {
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.end('{"count": 0}'));
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    const key = request.headers["sec-websocket-key"] ?? "";
    const accept = createHash("sha1").update(`${key}${MAGIC}`).digest("base64");
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept}`,
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    const peer = new Peer(request, socket);
    Promise.resolve(peer)
      .then(handler)
      .catch(() => peer.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
