/** What one hears and sees of a call that rings: a tone made here, the tab's title, a notification. */

import { useEffect } from "react";
import { say, useLanguage } from "./i18n/text.ts";
import type { DeviceActions } from "./model_actions.ts";
import { useAppState, useModel } from "./model_hooks.tsx";
import { usePrefs } from "./prefs.ts";
import { ASK, keepRingWords, TAG } from "./ring_words.ts";
import { restTitle } from "./tab_title.ts";
import { play } from "./tones.ts";

const BLINK_MS = 1000;
const PHRASE_S = 3;
/** Two voices that answer each other, a fourth apart: hertz, start and length in seconds. */
const NOTES = [
  [523.25, 0, 0.35],
  [698.46, 0.3, 0.5],
  [523.25, 1, 0.35],
  [698.46, 1.3, 0.5],
] as const;
const LOUDNESS = 0.12;

export function useRinging(): void {
  const { devices } = useModel();
  const rings = useAppState(
    (state) => state.incoming !== undefined || state.incomingGroup !== undefined,
  );
  const { ring, notify, push } = usePrefs();
  const language = useLanguage();
  useEffect(() => answerWorker(rings), [rings]);
  useEffect(() => {
    // The worker's notification speaks the language that is spoken now.
    if (push === "on" && language) void keepRingWords().catch(() => undefined);
  }, [push, language]);
  useEffect(() => {
    if (!rings) return;
    const stops = [
      blink(),
      silenceWorker(),
      ...(ring ? [tone()] : []),
      ...(notify ? [notification(devices)] : []),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [rings, ring, notify, devices]);
}

function blink(): () => void {
  let on = true;
  const show = () => {
    if (on) document.title = say("incoming.tab");
    else restTitle();
    on = !on;
  };
  show();
  const timer = setInterval(show, BLINK_MS);
  return () => {
    clearInterval(timer);
    restTitle();
  };
}

function tone(): () => void {
  const context = new AudioContext();
  const phrase = () => {
    for (const [hertz, start, length] of NOTES) play(context, hertz, start, length, LOUDNESS);
  };
  phrase();
  const timer = setInterval(phrase, PHRASE_S * 1000);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** Ports of a worker that was rung and asks whether we ring ourselves (sw_ring.ts). */
const asking: MessagePort[] = [];

/** Tell the worker that we ring: at once, or when the call reaches us while it waits. */
function answerWorker(rings: boolean): () => void {
  const tell = () => {
    for (const port of asking.splice(0)) port.postMessage(true);
  };
  const asked = ({ data, ports }: MessageEvent) => {
    if (data !== ASK) return;
    asking.splice(0, asking.length, ...ports);
    if (rings) tell();
  };
  if (rings) tell();
  navigator.serviceWorker?.addEventListener("message", asked);
  return () => navigator.serviceWorker?.removeEventListener("message", asked);
}

/** Put the worker's notification away once the call rings here, and again when it is over. */
function silenceWorker(): () => void {
  const close = () => void withdraw().catch(() => undefined);
  if (document.visibilityState === "visible") close();
  return close;
}

async function withdraw(): Promise<void> {
  const worker = await navigator.serviceWorker?.getRegistration();
  for (const shown of (await worker?.getNotifications({ tag: TAG })) ?? []) shown.close();
}

/** Constant and nameless: the system may keep a list of what it has shown. */
function notification(devices: DeviceActions): () => void {
  if (!("Notification" in window) || Notification.permission !== "granted") return () => undefined;
  if (document.visibilityState === "visible") return () => undefined;
  devices.use("notifications")();
  let shown: Notification | undefined;
  const show = async () => {
    const options = { tag: TAG, silent: true };
    const worker = await navigator.serviceWorker?.getRegistration();
    // Some browsers let only the worker show notifications; `withdraw` takes them away again.
    if (worker) return await worker.showNotification(say("incoming.notification"), options);
    shown = new Notification(say("incoming.notification"), options);
    shown.onclick = () => {
      window.focus();
      shown?.close();
    };
  };
  const done = show().catch(() => undefined);
  return () => {
    shown?.close();
    void done.then(withdraw).catch(() => undefined);
  };
}
