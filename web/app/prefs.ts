/**
 * How the app looks and rings on this device. Nothing secret: it is kept in plain localStorage.
 *
 * Every default is the most private one that still lets a call be noticed.
 */

import { useSyncExternalStore } from "react";
import { isLanguage, type Language, preferredLanguage, speak } from "./i18n/text.ts";

export type Theme = "system" | "light" | "dark";

export type Prefs = Readonly<{
  theme: Theme;
  language: Language | "system";
  lessMotion: boolean;
  ring: boolean;
  notify: boolean;
  keys: boolean;
  /** Open real-time text in every call. */
  text: boolean;
  /** Ring while closed; "leaving": switched off here, and the server was not told yet. */
  push: "off" | "on" | "leaving";
  /** Blur what is behind the person before a picture is sent. */
  blur: boolean;
  /** Take noise out of the sound before it is sent, with a filter of ours. */
  noise: boolean;
}>;

const DEFAULTS: Prefs = {
  theme: "system",
  language: "system",
  lessMotion: false,
  ring: true,
  notify: false,
  keys: true,
  text: false,
  push: "off",
  blur: false,
  noise: false,
};
const PLACE = "visavis.prefs";

let current: Prefs = DEFAULTS;
const listeners = new Set<() => void>();

/** Read what was chosen before and have the page follow it. */
export async function startPrefs(): Promise<void> {
  current = read();
  await apply();
}

export function prefs(): Prefs {
  return current;
}

export function setPrefs(change: Partial<Prefs>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(PLACE, JSON.stringify(current));
  } catch {
    // A private window may keep nothing: then it holds until the page is closed.
  }
  void apply();
  for (const listener of listeners) listener();
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    prefs,
    prefs,
  );
}

async function apply(): Promise<void> {
  const root = document.documentElement;
  if (current.theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = current.theme;
  if (current.lessMotion) root.dataset["motion"] = "reduced";
  else delete root.dataset["motion"];
  await speak(current.language === "system" ? preferredLanguage() : current.language);
}

function read(): Prefs {
  let found: unknown;
  try {
    found = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
  } catch {
    found = {};
  }
  if (typeof found !== "object" || found === null) return DEFAULTS;
  const said = new Map<string, unknown>(Object.entries(found));
  const flag = (name: keyof Prefs, otherwise: boolean) => {
    const value = said.get(name);
    return typeof value === "boolean" ? value : otherwise;
  };
  const theme = said.get("theme");
  const push = said.get("push");
  const language = said.get("language");
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    language: typeof language === "string" && isLanguage(language) ? language : "system",
    lessMotion: flag("lessMotion", DEFAULTS.lessMotion),
    ring: flag("ring", DEFAULTS.ring),
    notify: flag("notify", DEFAULTS.notify),
    keys: flag("keys", DEFAULTS.keys),
    text: flag("text", DEFAULTS.text),
    push: push === "on" || push === "leaving" ? push : "off",
    blur: flag("blur", DEFAULTS.blur),
    noise: flag("noise", DEFAULTS.noise),
  };
}
