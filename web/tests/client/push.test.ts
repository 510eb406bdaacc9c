/** Push subscriptions: both ends have one or neither, and nothing is asked before it is switched on. */

import { expect, test } from "vitest";
import { Push, type PushApi, type Subscriber } from "../../client/push.ts";
import { AuthorizationError, Code, UnavailableError } from "../../core/errors.ts";

const KEY = new Uint8Array(65).fill(4);
const OTHER = new Uint8Array(65).fill(5);

/** A browser's push manager that keeps its one subscription, and everything that was asked of it. */
class Browser implements Subscriber {
  key: Uint8Array<ArrayBuffer> | undefined;
  fails: Error | undefined;
  readonly asked: PushSubscriptionOptionsInit[] = [];

  async getSubscription(): Promise<PushSubscription | null> {
    const { key } = this;
    if (key === undefined) return null;
    return {
      endpoint: "https://push.example.org/1",
      expirationTime: null,
      options: { userVisibleOnly: true, applicationServerKey: key.buffer },
      getKey: (name) =>
        new Uint8Array(name === "auth" ? 16 : 65).fill(name === "auth" ? 2 : 1).buffer,
      toJSON: () => ({}),
      unsubscribe: async () => {
        this.key = undefined;
        return true;
      },
    };
  }

  async subscribe(options: PushSubscriptionOptionsInit = {}): Promise<PushSubscription> {
    this.asked.push(options);
    if (this.fails) throw this.fails;
    this.key = options.applicationServerKey as Uint8Array<ArrayBuffer>;
    const made = await this.getSubscription();
    if (made === null) throw new Error("no subscription");
    return made;
  }
}

class Server implements PushApi {
  key: Uint8Array<ArrayBuffer> | undefined = KEY;
  stored: readonly [endpoint: string, p256dh: number, auth: number] | undefined;
  fails: Error | undefined;

  async pushState() {
    return { publicKey: this.key, on: this.stored !== undefined };
  }

  async putPush(endpoint: string, p256dh: Uint8Array, auth: Uint8Array): Promise<void> {
    if (this.fails) throw this.fails;
    this.stored = [endpoint, p256dh.length, auth.length];
  }

  async deletePush(): Promise<void> {
    if (this.fails) throw this.fails;
    this.stored = undefined;
  }
}

function both() {
  const [server, browser] = [new Server(), new Browser()];
  return { server, browser, push: new Push(server, browser) };
}

test("looking asks nothing of the browser's maker", async () => {
  const { push, browser, server } = both();
  expect(await push.look()).toEqual({ offered: true, on: false });
  expect(browser.asked).toEqual([]);
  server.key = undefined;
  expect(await push.look()).toEqual({ offered: false, on: false });
});

test("on: subscribed with the server's key, only for what is shown, and the server knows", async () => {
  const { push, browser, server } = both();
  expect(await push.turnOn()).toBe("on");
  expect(browser.asked).toEqual([{ userVisibleOnly: true, applicationServerKey: KEY }]);
  expect(server.stored).toEqual(["https://push.example.org/1", 65, 16]);
  expect(await push.look()).toEqual({ offered: true, on: true });
});

test("again: the same subscription is told once more, which renews it", async () => {
  const { push, browser, server } = both();
  await push.turnOn();
  server.stored = undefined;
  expect(await push.turnOn()).toBe("on");
  expect(browser.asked).toHaveLength(1);
  expect(server.stored).toBeDefined();
});

test("another key of the server: another subscription", async () => {
  const { push, browser, server } = both();
  await push.turnOn();
  server.key = OTHER;
  expect(await push.turnOn()).toBe("on");
  expect(browser.asked).toHaveLength(2);
  expect(browser.key).toEqual(OTHER);
});

test("off: neither has it any more", async () => {
  const { push, browser, server } = both();
  await push.turnOn();
  await push.turnOff();
  expect([browser.key, server.stored]).toEqual([undefined, undefined]);
  await push.turnOff(); // and that there is none is no error
});

test("off without the server: the browser is rung no more all the same, and it is said", async () => {
  const { push, browser, server } = both();
  await push.turnOn();
  server.fails = new UnavailableError(Code.UNAVAILABLE);
  await expect(push.turnOff()).rejects.toBe(server.fails);
  expect(browser.key).toBeUndefined();
});

test("a push service that the operator does not allow is unsubscribed from at once", async () => {
  const { push, browser, server } = both();
  server.fails = new AuthorizationError(Code.REFUSED);
  expect(await push.turnOn()).toBe("refused");
  expect([browser.key, server.stored]).toEqual([undefined, undefined]);
});

test("a browser that does not subscribe is said, and nothing is told to the server", async () => {
  const { push, browser, server } = both();
  browser.fails = new DOMException("no push service", "AbortError");
  expect(await push.turnOn()).toBe("failed");
  expect(server.stored).toBeUndefined();
});

test("a server that offers none any more: what was there is unsubscribed", async () => {
  const { push, browser, server } = both();
  await push.turnOn();
  server.key = undefined;
  expect(await push.turnOn()).toBe("none");
  expect(browser.key).toBeUndefined();
});

test("a server that is away changes nothing", async () => {
  const { push, browser, server } = both();
  await push.turnOn();
  server.fails = new UnavailableError(Code.UNAVAILABLE);
  await expect(push.turnOn()).rejects.toBe(server.fails);
  expect(browser.key).toEqual(KEY);
});
