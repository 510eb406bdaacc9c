/**
 * A push service on loopback, and the browser's half of it: what cannot be had without the network of
 * a browser's maker. Messages are opened as RFC 8291 says, with the keys of the subscription.
 */

import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { Page } from "puppeteer-core";

export type Pushed = Readonly<{
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}>;

/** What the page's stand-in for the browser hands out. */
type Handed = Readonly<{ endpoint: string; p256dh: string; auth: string }>;

export class PushService {
  static readonly PORT = 8899;
  readonly host = `127.0.0.1:${PushService.PORT}`;
  readonly got: Pushed[] = [];
  readonly #keys = createECDH("prime256v1");
  readonly #auth = randomBytes(16);
  #server: Server | undefined;

  async start(): Promise<void> {
    this.#keys.generateKeys();
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const { url = "", headers } = request;
        this.got.push({ path: url, headers, body: Buffer.concat(parts) });
        response.writeHead(201).end();
      });
    });
    await new Promise<void>((ready) => this.#server?.listen(PushService.PORT, "127.0.0.1", ready));
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** Have a page subscribe here: `PushManager` has no other push service within its reach. */
  async standIn(page: Page): Promise<void> {
    const handed: Handed = {
      endpoint: `http://${this.host}/push/bert`,
      p256dh: this.#keys.getPublicKey("base64url"),
      auth: this.#auth.toString("base64url"),
    };
    await page.evaluateOnNewDocument(standIn, handed);
  }

  /** Open a message (RFC 8291, 3.4, the receiving side). */
  open({ body }: Pushed): string {
    const salt = body.subarray(0, 16);
    const sender = body.subarray(21, 21 + (body[20] ?? 0));
    const record = body.subarray(21 + sender.length);
    const own = this.#keys.getPublicKey();
    const info = Buffer.concat([Buffer.from("WebPush: info\0"), own, sender]);
    const shared = this.#keys.computeSecret(sender);
    const secret = Buffer.from(hkdfSync("sha256", shared, this.#auth, info, 32));
    const part = (name: string, length: number) =>
      Buffer.from(hkdfSync("sha256", secret, salt, `Content-Encoding: ${name}\0`, length));
    const open = createDecipheriv("aes-128-gcm", part("aes128gcm", 16), part("nonce", 12));
    open.setAuthTag(record.subarray(-16));
    const plain = Buffer.concat([open.update(record.subarray(0, -16)), open.final()]);
    if (plain.at(-1) !== 2) throw new Error("not the last record");
    return plain.subarray(0, -1).toString();
  }
}

/** Runs in the page, before it: keeps its subscription as a browser would. */
function standIn(handed: Handed): void {
  const place = "test.subscription-key";
  const bytes = (text: string) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const subscription = () => {
    const key = localStorage.getItem(place);
    if (key === null) return null;
    return {
      endpoint: handed.endpoint,
      options: { userVisibleOnly: true, applicationServerKey: bytes(key).buffer },
      getKey: (name: "p256dh" | "auth") => bytes(handed[name]).buffer,
      unsubscribe: async () => {
        localStorage.removeItem(place);
        return true;
      },
    };
  };
  const stand = {
    getSubscription: async () => subscription(),
    subscribe: async (options: PushSubscriptionOptionsInit) => {
      if (!options.userVisibleOnly) throw new DOMException("not visible", "NotAllowedError");
      const key = options.applicationServerKey as Uint8Array<ArrayBuffer>;
      localStorage.setItem(place, btoa(String.fromCharCode(...key)));
      return subscription();
    },
  };
  if ("PushManager" in globalThis) Object.assign(PushManager.prototype, stand);
}
