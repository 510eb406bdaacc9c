/**
 * What goes between a page and the server, as Chromium's own network log has it (DevTools protocol):
 * frames of its sockets with their sizes, and requests. Nothing of it is asked of the page.
 */

import type { Page } from "puppeteer-core";

/** One frame of a socket, or one request. */
export type Piece = Readonly<{
  way: "in" | "out";
  /** The path of the socket or of the request. */
  path: string;
  /** Bytes of a frame; of a request 0. */
  size: number;
  /** Seconds on the browser's clock. */
  at: number;
}>;

const BINARY = 2;
const BY_THE_CLOCK = /^\/(v1\/(key-packages|vault)(\/|$)|assets\/|icon\.svg$)/;

export class Wire {
  readonly #pieces: Piece[] = [];

  /** Listen to a page from now on; it is loaded again, so that its sockets are known by name. */
  static async of(page: Page): Promise<Wire> {
    const wire = new Wire();
    const log = await page.createCDPSession();
    const sockets = new Map<string, string>();
    log.on("Network.webSocketCreated", ({ requestId, url }) => {
      sockets.set(requestId, new URL(url).pathname);
    });
    const frame = (way: "in" | "out") => {
      return (event: {
        requestId: string;
        timestamp: number;
        response: { opcode: number; payloadData: string };
      }) => {
        const { opcode, payloadData } = event.response;
        const size =
          opcode === BINARY ? Buffer.from(payloadData, "base64").length : payloadData.length;
        const path = sockets.get(event.requestId) ?? "a socket from before";
        wire.#pieces.push({ way, path, size, at: event.timestamp });
      };
    };
    log.on("Network.webSocketFrameReceived", frame("in"));
    log.on("Network.webSocketFrameSent", frame("out"));
    log.on("Network.requestWillBeSent", ({ request, timestamp: at }) => {
      wire.#pieces.push({ way: "out", path: new URL(request.url).pathname, size: 0, at });
    });
    await log.send("Network.enable");
    await page.reload();
    return wire;
  }

  /** A place in the log. */
  get mark(): number {
    return this.#pieces.length;
  }

  /**
   * What went by since a mark, without what comes by the clock whatever a person does: a page says
   * that it is there (GET /v1/key-packages), tends its vault, and reads its own files as it needs them.
   */
  since(mark: number): readonly Piece[] {
    return this.#pieces.slice(mark).filter(({ path }) => !BY_THE_CLOCK.test(path));
  }
}

/** Pieces as lines that can be compared: direction, path and size, in their order. */
export function lines(pieces: readonly Piece[]): string[] {
  return pieces.map(({ way, path, size }) => `${way} ${path} ${size}`);
}
