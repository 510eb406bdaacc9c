/**
 * A server that means harm, as a client sees one: it stands before the real one and alters what that
 * says. It can do what an operator can: drop, repeat, reorder, swap and forge answers and envelopes;
 * it has no key. Honest until told otherwise.
 *
 * What clients send passes untouched. WebSockets: no extensions, messages in one frame, as ours are.
 */

import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";

/** 0x01 | class | delivery id(16) | envelope (`client/transport/receive_socket.ts`). */
const DELIVERY = 1;
const HEAD = 18;

export type Answer = Readonly<{ status: number; body: Buffer }>;

/** One envelope on its way to somebody. */
export type Carried = Readonly<{ durable: boolean; id: Buffer; envelope: Buffer }>;

export class HostileProxy {
  /** Alter an answer over HTTP; the path tells which. */
  onAnswer: (path: string, answer: Answer) => Answer = (_, answer) => answer;
  /** Say what is delivered for an envelope: it, another, several, none. */
  onDelivery: (carried: Carried) => readonly Carried[] = (carried) => [carried];
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #target: number;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((request, response) => this.#exchange(request, response));
    this.#server.on("connection", (socket: Socket) => this.#keep(socket));
    this.#server.on("upgrade", (request, socket: Socket, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  /**
   * @param port Where clients come, 0 for any.
   * @param target Where the real server is, on this machine.
   */
  static async start(port: number, target: number): Promise<HostileProxy> {
    const proxy = new HostileProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(port, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  }

  /** Do as an honest server does from now on. */
  behave(): void {
    this.onAnswer = (_, answer) => answer;
    this.onDelivery = (carried) => [carried];
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }

  #exchange(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = "/", headers } = request;
    this.asked.push(url);
    const { "accept-encoding": _, ...kept } = headers;
    const onwards = ask(
      { host: "127.0.0.1", port: this.#target, method, path: url, headers: kept },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => {
          const honest = { status: answer.statusCode ?? 502, body: Buffer.concat(parts) };
          const { status, body } = this.onAnswer(url, honest);
          const { "transfer-encoding": __, ...more } = answer.headers;
          response.writeHead(status, { ...more, "content-length": body.length });
          response.end(body);
        });
      },
    );
    onwards.on("error", () => response.destroy());
    request.pipe(onwards);
  }

  #upgrade(request: IncomingMessage, client: Socket, head: Buffer): void {
    const server = connect(this.#target, "127.0.0.1");
    this.#keep(server);
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const [name = "", value = ""] = request.rawHeaders.slice(i, i + 2);
      if (name.toLowerCase() !== "sec-websocket-extensions") lines.push(`${name}: ${value}`);
    }
    server.write(`${lines.join("\r\n")}\r\n\r\n`);
    server.write(head);
    client.pipe(server);
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
    const isReceiving = request.url === "/v1/receive";
    let rest: Buffer = Buffer.alloc(0);
    let open = false;
    server.on("data", (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      if (!open) {
        const end = rest.indexOf("\r\n\r\n");
        if (end < 0) return;
        client.write(rest.subarray(0, end + 4));
        rest = rest.subarray(end + 4);
        open = true;
      }
      for (let frame = frameAt(rest); frame !== undefined; frame = frameAt(rest)) {
        rest = rest.subarray(frame.whole.length);
        for (const out of isReceiving ? this.#altered(frame) : [frame.whole]) client.write(out);
      }
    });
  }

  #altered({ whole, payload }: Frame): readonly Buffer[] {
    if (payload[0] !== DELIVERY || payload.length <= HEAD) return [whole];
    const durable = payload[1] === 1;
    const id = Buffer.from(payload.subarray(2, HEAD));
    const envelope = Buffer.from(payload.subarray(HEAD));
    return this.onDelivery({ durable, id, envelope }).map((carried) => {
      const first = Buffer.of(DELIVERY, carried.durable ? 1 : 0);
      return frameOf(Buffer.concat([first, carried.id, carried.envelope]));
    });
  }
}

type Frame = Readonly<{ whole: Buffer; payload: Buffer }>;

/** Return the frame that data begins with, once all of it is there (RFC 6455, 5.2). */
function frameAt(data: Buffer): Frame | undefined {
  if (data.length < 2) return undefined;
  const short = data.readUInt8(1) & 0x7f;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (data.length < start) return undefined;
  const length =
    short === 127 ? Number(data.readBigUInt64BE(2)) : short === 126 ? data.readUInt16BE(2) : short;
  if (data.length < start + length) return undefined;
  const whole = data.subarray(0, start + length);
  return { whole, payload: whole.subarray(start) };
}

/** Return a binary frame, its length in as few bytes as can be: browsers refuse another form. */
function frameOf(payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head.writeUInt8(0x82, 0);
  head.writeUInt8(length < 126 ? length : length < 65_536 ? 126 : 127, 1);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Return an envelope with one bit turned over. */
export function garbled(carried: Carried): Carried {
  const envelope = Buffer.from(carried.envelope);
  envelope[envelope.length - 1] = (envelope.at(-1) ?? 0) ^ 1;
  return { ...carried, envelope };
}
