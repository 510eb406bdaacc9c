/**
 * Which language speaks, and how a sentence is made of a key and values.
 *
 * English is in the first bundle; others are loaded when wanted. Plural forms, numbers, dates and
 * lists come from Intl.
 */

import { type ReactNode, useSyncExternalStore } from "react";
import { en } from "./en.ts";
import type { enLater } from "./en_later.ts";

/** The forms of Intl.PluralRules that a language uses. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

type English = typeof en & typeof enLater;

export type Key = keyof English;

export type Catalogue = { readonly [K in Key]: English[K] extends string ? string : Plural };

/** What the first bundle says. */
export type FirstKey = keyof typeof en;

/** English without what only screens say that are loaded later; see `later`. */
type First = Pick<Catalogue, FirstKey>;

export const LANGUAGES = { en: "English", de: "Deutsch", es: "Español" } as const;

export type Language = keyof typeof LANGUAGES;

export type Values = Readonly<Record<string, string | number>>;

const LOADERS: Readonly<Record<Language, () => Promise<Catalogue | First>>> = {
  en: async () => en,
  de: async () => (await import("./de.ts")).de,
  es: async () => (await import("./es.ts")).es,
};

let spoken: { language: Language; catalogue: Catalogue | First } = {
  language: "en",
  catalogue: en,
};
let rest: Omit<Catalogue, keyof First> | undefined;
const listeners = new Set<() => void>();

/** Making a formatter takes longer than using it: each is made once. */
const made = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();

function dates(form: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d ${spoken.language} ${JSON.stringify(form)}`;
  const known = made.get(key);
  if (known instanceof Intl.DateTimeFormat) return known;
  const fresh = new Intl.DateTimeFormat(spoken.language, form);
  made.set(key, fresh);
  return fresh;
}

function numbers(form: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n ${spoken.language} ${JSON.stringify(form)}`;
  const known = made.get(key);
  if (known instanceof Intl.NumberFormat) return known;
  const fresh = new Intl.NumberFormat(spoken.language, form);
  made.set(key, fresh);
  return fresh;
}

export function isLanguage(value: string): value is Language {
  return Object.hasOwn(LANGUAGES, value);
}

/** Return the first of the browser's languages that we speak. */
export function preferredLanguage(): Language {
  const found = navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage);
  return found ?? "en";
}

/**
 * Load a screen together with the English that the first bundle does without.
 *
 * Other languages are loaded whole; but English may be chosen while such a screen is open.
 */
export async function later<T>(screen: () => Promise<T>): Promise<T> {
  const [{ enLater }, found] = await Promise.all([import("./en_later.ts"), screen()]);
  rest = enLater;
  return found;
}

/** Load a language and speak it from then on. */
export async function speak(language: Language): Promise<void> {
  const catalogue = await LOADERS[language]();
  spoken = { language, catalogue };
  if (typeof document !== "undefined") document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

export function language(): Language {
  return spoken.language;
}

/** Re-render when the language changes. */
export function useLanguage(): Language {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    language,
    language,
  );
}

/** Return a sentence. */
export function say(key: Key, values: Values = {}): string {
  return fill(template(key, values), (name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : (value ?? "");
  }).join("");
}

/** Return a sentence with elements in it, so that a name stays isolated from the words around it. */
export function sayWith(key: Key, nodes: Readonly<Record<string, ReactNode>>): ReactNode[] {
  return fill<ReactNode>(template(key, {}), (name) => nodes[name]);
}

function found(catalogue: Readonly<Partial<Catalogue>>, key: Key): string | Plural | undefined {
  return catalogue[key];
}

function template(key: Key, values: Values): string {
  const entry = found(spoken.catalogue, key) ?? (rest && found(rest, key)) ?? "";
  if (typeof entry === "string") return entry;
  const count = values["count"];
  const rule = new Intl.PluralRules(spoken.language).select(typeof count === "number" ? count : 0);
  return entry[rule] ?? entry.other;
}

function fill<T>(text: string, value: (name: string) => T): (string | T)[] {
  return text.split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : value(part)));
}

/** Return a share as people say it: 38 %. */
export function percent(share: number): string {
  return numbers({ style: "percent" }).format(share);
}

export function number(value: number): string {
  return numbers({}).format(value);
}

/** Return a size in its largest unit: 2.4 megabytes. */
export function bytes(size: number): string {
  const units = ["byte", "kilobyte", "megabyte"] as const;
  const step = size >= 1e6 ? 2 : size >= 1e3 ? 1 : 0;
  const form = { style: "unit", unit: units[step] ?? "byte", maximumFractionDigits: 1 } as const;
  return numbers(form).format(size / 1000 ** step);
}

/** Return a full hour of the day, 0 to 24, as clocks show it. */
export function hourOfDay(hour: number): string {
  const form = { timeStyle: "short", timeZone: "UTC" } as const;
  return dates(form).format(Date.UTC(2024, 0, 1, hour));
}

/** Return names in a row: Anna, Bert and Clara. */
export function list(names: readonly string[]): string {
  return new Intl.ListFormat(spoken.language).format(names);
}

/** Return the time of day of unix seconds. */
export function timeOfDay(at: number): string {
  return dates({ timeStyle: "short" }).format(at * 1000);
}

const DAY_S = 86_400;

/** Return a day for people: today, yesterday, Monday, 3 March. */
export function day(at: number, now: number = Date.now() / 1000): string {
  const midnight = new Date(now * 1000);
  midnight.setHours(0, 0, 0, 0);
  const then = new Date(at * 1000);
  then.setHours(0, 0, 0, 0);
  const ago = Math.round((midnight.getTime() - then.getTime()) / (DAY_S * 1000));
  if (ago === 0 || ago === 1) {
    return upper(
      new Intl.RelativeTimeFormat(spoken.language, { numeric: "auto" }).format(-ago, "day"),
    );
  }
  const form: Intl.DateTimeFormatOptions =
    ago > 1 && ago < 7
      ? { weekday: "long" }
      : {
          day: "numeric",
          month: "long",
          ...(then.getFullYear() === midnight.getFullYear() ? {} : { year: "numeric" }),
        };
  return upper(dates(form).format(then));
}

/** Return a day of the week; 0 is Monday. */
export function weekday(day: number, style: "long" | "short" | "narrow"): string {
  const monday = Date.UTC(2024, 0, 1); // it was one
  const form = { weekday: style, timeZone: "UTC" } as const;
  return dates(form).format(monday + day * DAY_S * 1000);
}

/** Return the time today, or else the day: for the edge of a list. */
export function recent(at: number, now: number = Date.now() / 1000): string {
  const same = new Date(at * 1000).toDateString() === new Date(now * 1000).toDateString();
  return same ? timeOfDay(at) : day(at, now);
}

/** Return a whole date of unix seconds, or of an ISO day. */
export function date(at: number | string): string {
  const when = typeof at === "string" ? new Date(`${at}T12:00:00`) : new Date(at * 1000);
  return dates({ dateStyle: "medium" }).format(when);
}

type Unit = "second" | "minute" | "hour" | "day" | "month" | "year";

function units(value: number, unit: Unit): string {
  const form = { style: "unit", unit, unitDisplay: "long" } as const;
  return numbers(form).format(value);
}

/** Return how long something took, in words: 3 minutes, 12 seconds. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const parts = [
    ...(hours > 0 ? [units(hours, "hour")] : []),
    ...(minutes > 0 ? [units(minutes, "minute")] : []),
    ...(hours === 0 && (minutes === 0 || whole % 60 > 0) ? [units(whole % 60, "second")] : []),
  ];
  return new Intl.ListFormat(spoken.language, { type: "unit", style: "short" }).format(parts);
}

/** Return about how long something took, as short as it goes: 32 min. */
export function brief(seconds: number): string {
  const [value, unit] =
    seconds < 60
      ? ([seconds, "second"] as const)
      : seconds < 3600
        ? ([Math.round(seconds / 60), "minute"] as const)
        : ([seconds / 3600, "hour"] as const);
  const form = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 } as const;
  return numbers(form).format(value);
}

/** Return a running clock: 3:12. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** Return an age in its largest unit: 5 days, 2 years. */
export function age(seconds: number): string {
  const days = Math.floor(seconds / DAY_S);
  if (days < 60) return units(Math.max(1, days), "day");
  if (days < 730) return units(Math.floor(days / 30), "month");
  return units(Math.floor(days / 365), "year");
}

function upper(text: string): string {
  return text.slice(0, 1).toLocaleUpperCase(spoken.language) + text.slice(1);
}
