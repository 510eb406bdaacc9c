/** What one hears and sees of a call that rings: a tone made here, the tab's title, a notification. */

import { useEffect } from "react";
import { say } from "./i18n/text.ts";
import { useAppState } from "./model_hooks.tsx";
import { usePrefs } from "./prefs.ts";

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
  const rings = useAppState((state) => state.incoming !== undefined);
  const { ring, notify } = usePrefs();
  useEffect(() => {
    if (!rings) return;
    const stops = [blink(), ...(ring ? [tone()] : []), ...(notify ? [notification()] : [])];
    return () => {
      for (const stop of stops) stop();
    };
  }, [rings, ring, notify]);
}

function blink(): () => void {
  let on = true;
  const show = () => {
    document.title = on ? say("incoming.tab") : say("app.name");
    on = !on;
  };
  show();
  const timer = setInterval(show, BLINK_MS);
  return () => {
    clearInterval(timer);
    document.title = say("app.name");
  };
}

function tone(): () => void {
  const context = new AudioContext();
  const phrase = () => {
    for (const [hertz, start, length] of NOTES) play(context, hertz, start, length);
  };
  phrase();
  const timer = setInterval(phrase, PHRASE_S * 1000);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

function play(context: AudioContext, hertz: number, start: number, length: number): void {
  const at = context.currentTime + start;
  const voice = new OscillatorNode(context, { type: "triangle", frequency: hertz });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, at + length);
  voice.connect(gain).connect(context.destination);
  voice.start(at);
  voice.stop(at + length);
}

/** Constant and nameless: the system may keep a list of what it has shown. */
function notification(): () => void {
  if (!("Notification" in window) || Notification.permission !== "granted") return () => undefined;
  if (document.visibilityState === "visible") return () => undefined;
  const shown = new Notification(say("incoming.notification"), { tag: "ring", silent: true });
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
  return () => shown.close();
}
