/** Ringing while Visavis is closed, as screens ask for it; and its upkeep at each start. */

import type { Client } from "../client/client.ts";
import type { Push } from "../client/push.ts";
import { UnavailableError } from "../core/errors.ts";
import { recipientsFetch } from "./live_server.ts";
import type { PushActions, PushOutcome, PushStanding } from "./model_actions.ts";
import { prefs, setPrefs } from "./prefs.ts";
import { dropRingWords, keepRingWords, RENEW } from "./ring_words.ts";

export class LivePush implements PushActions {
  readonly #client: () => Client;

  constructor(client: () => Client) {
    this.#client = client;
  }

  async look(): Promise<PushStanding> {
    const push = await this.#push();
    if (push === undefined) return { can: "browser", on: false };
    const { offered, on } = await push.look();
    return { can: offered ? "yes" : "server", on: on && prefs().push === "on" };
  }

  async turnOn(): Promise<PushOutcome> {
    const push = await this.#push();
    if (push === undefined) return "failed";
    if ((await Notification.requestPermission()) !== "granted") return "denied";
    await keepRingWords();
    const outcome = await push.turnOn();
    setPrefs({ push: outcome === "on" ? "on" : "off" });
    return outcome === "none" ? "refused" : outcome;
  }

  async turnOff(): Promise<PushOutcome> {
    // Until the server was told as well, the next start tells it.
    setPrefs({ push: "leaving" });
    await (await this.#push())?.turnOff();
    await dropRingWords();
    setPrefs({ push: "off" });
    return "off";
  }

  recipients = recipientsFetch;

  /** Renew what is on, finish what was switched off without the server; asks nothing otherwise. */
  async keepUp(): Promise<void> {
    const wanted = prefs().push;
    if (wanted === "off") return;
    try {
      if (wanted === "leaving") await this.turnOff();
      else if ("Notification" in window && Notification.permission === "granted") {
        await keepRingWords();
        const outcome = await (await this.#push())?.turnOn();
        // "failed" may pass; the two others are the operator's decision.
        if (outcome === "none" || outcome === "refused") setPrefs({ push: "off" });
      } else await this.turnOff(); // the permission was taken back in the browser
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error; // the next start tries again
    }
  }

  /** Keep it up from now on: at once, and whenever the browser gives out another subscription. */
  watch(signal: AbortSignal): void {
    const again = () =>
      void this.keepUp().catch((error: unknown) => {
        if (!signal.aborted) reportError(error);
      });
    const told = ({ data }: MessageEvent) => {
      if (data === RENEW) again();
    };
    navigator.serviceWorker?.addEventListener("message", told, { signal });
    again();
  }

  /** Forget this browser's part of it, when everything here is erased. */
  async forget(): Promise<void> {
    const registration = await navigator.serviceWorker?.getRegistration();
    await (await registration?.pushManager?.getSubscription())?.unsubscribe();
    await dropRingWords();
    setPrefs({ push: "off" });
  }

  /** Return undefined where the browser cannot be woken. */
  async #push(): Promise<Push | undefined> {
    if (!("PushManager" in window) || !("Notification" in window)) return undefined;
    const registration = await navigator.serviceWorker?.getRegistration();
    if (registration === undefined) return undefined;
    return await this.#client().push(registration.pushManager);
  }
}
