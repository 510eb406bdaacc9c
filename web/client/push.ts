/**
 * Ringing while no page is open: the browser's push subscription (Push API), told to our server.
 *
 * Nothing is asked of the browser's maker before `turnOn`. What goes there afterwards is in
 * docs/protocol/push.md: that this browser is rung, and when. The worker that shows the notification
 * is `web/app/sw_ring.ts`; it has no keys and no store.
 *
 * Not for: permission for notifications; the page asks for that.
 */

import { equal } from "../core/bytes.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import type { DeviceApi } from "./transport/device_api.ts";

/** The part of PushManager that is used here. */
export type Subscriber = Pick<PushManager, "getSubscription" | "subscribe">;

/** What this asks of the server (`DeviceApi` has it). */
export type PushApi = Pick<DeviceApi, "pushState" | "putPush" | "deletePush">;

/**
 * What became of switching it on: "refused", the server does not allow this browser's push service;
 * "failed", the browser did not subscribe. Then nothing is switched on.
 */
export type PushOutcome = "on" | "none" | "refused" | "failed";

/** This device's push subscription, at the browser and at the server. */
export class Push {
  readonly #api: PushApi;
  readonly #browser: Subscriber;

  constructor(api: PushApi, browser: Subscriber) {
    this.#api = api;
    this.#browser = browser;
  }

  /**
   * Say whether the server uses any push service, and whether this device is rung through one.
   *
   * @throws UnavailableError The server cannot be reached.
   */
  async look(): Promise<{ offered: boolean; on: boolean }> {
    const { publicKey, on } = await this.#api.pushState();
    const subscribed = (await this.#browser.getSubscription()) !== null;
    return { offered: publicKey !== undefined, on: on && subscribed };
  }

  /**
   * Subscribe, or renew what there is. Both ends have it, or neither.
   *
   * @throws UnavailableError The server cannot be reached.
   */
  async turnOn(): Promise<PushOutcome> {
    const { publicKey } = await this.#api.pushState();
    if (publicKey === undefined) {
      await this.#unsubscribe();
      return "none";
    }
    let subscription: PushSubscription;
    try {
      subscription = await this.#subscribed(publicKey);
    } catch (error) {
      // DOMException: no permission, no push service, or it cannot be reached.
      if (error instanceof DOMException) return "failed";
      throw error;
    }
    try {
      await this.#api.putPush(
        subscription.endpoint,
        keyOf(subscription, "p256dh"),
        keyOf(subscription, "auth"),
      );
    } catch (error) {
      if (!(error instanceof AuthorizationError) || error.code !== Code.REFUSED) throw error;
      await subscription.unsubscribe();
      return "refused";
    }
    return "on";
  }

  /**
   * End it: first here, which needs nobody's help, then at the server.
   *
   * @throws UnavailableError The server could not be told; this browser is rung no more all the same.
   */
  async turnOff(): Promise<void> {
    await this.#unsubscribe();
    await this.#api.deletePush();
  }

  async #subscribed(publicKey: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
    const present = await this.#browser.getSubscription();
    const key = present?.options.applicationServerKey;
    if (present && key && equal(new Uint8Array(key), publicKey)) return present;
    // The server has another key now (its keys folder was lost): the old subscription is no use.
    await present?.unsubscribe();
    return await this.#browser.subscribe({
      userVisibleOnly: true,
      applicationServerKey: publicKey,
    });
  }

  async #unsubscribe(): Promise<void> {
    await (await this.#browser.getSubscription())?.unsubscribe();
  }
}

function keyOf(subscription: PushSubscription, name: PushEncryptionKeyName): Uint8Array {
  return new Uint8Array(subscription.getKey(name) ?? new ArrayBuffer(0));
}
