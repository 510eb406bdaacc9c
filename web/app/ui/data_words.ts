/** Plain words for what a server keeps: for somebody who never saw a database. */

import {
  type DataClass,
  type Deletable,
  daysBetween,
  type Elsewhere,
  type Footprint,
  type ServerData,
  todayOf,
} from "../../core/account_data.ts";
import { bytes, date, type Key, say } from "../i18n/text.ts";

/** Days ahead of the preview. */
export const AHEAD_DAYS = 30;

export const NAMES = {
  account: "data.is.account",
  devices: "data.is.devices",
  envelopes: "data.is.envelopes",
  "key-packages": "data.is.keyPackages",
  handle: "data.is.handle",
  push: "data.is.push",
  vault: "data.is.vault",
  other: "data.is.other",
} as const satisfies Record<DataClass, Key>;

export const SENTENCES = {
  account: "data.for.account",
  devices: "data.for.devices",
  envelopes: "data.for.envelopes",
  "key-packages": "data.for.keyPackages",
  handle: "data.for.handle",
  push: "data.for.push",
  vault: "data.for.vault",
  other: "data.for.other",
} as const satisfies Record<DataClass, Key>;

/** What follows from deleting each kind that can be deleted by itself. */
export const FOLLOWS = {
  push: "data.follows.push",
  handle: "data.follows.handle",
  "key-packages": "data.follows.keyPackages",
  envelopes: "data.follows.envelopes",
  vault: "data.follows.vault",
} as const satisfies Record<Deletable, Key>;

const AT_REST: ReadonlyMap<string, Key> = new Map([
  ["ciphertext", "data.how.ciphertext"],
  ["hash", "data.how.hash"],
  ["keyed_hash", "data.how.keyedHash"],
  ["sealed", "data.how.sealed"],
  ["public_key", "data.how.publicKey"],
  ["random_id", "data.how.randomId"],
  ["signature", "data.how.signature"],
  ["day", "data.how.day"],
  ["number", "data.how.number"],
  ["plain", "data.how.plain"],
  ["pake_record", "data.how.pake"],
] as const);

const WHO: ReadonlyMap<string, Key> = new Map([
  ["owner", "data.who.owner"],
  ["contacts", "data.who.contacts"],
  ["operator", "data.who.operator"],
  ["anyone_with_handle", "data.who.anyone"],
  ["nobody", "data.who.nobody"],
] as const);

const BASES: ReadonlyMap<string, Key> = new Map([
  ["contract", "data.basis.contract"],
  ["legitimate_interest", "data.basis.interest"],
  ["consent", "data.basis.consent"],
  ["not_personal", "data.basis.nobody"],
] as const);

const LOCAL: ReadonlyMap<string, Key> = new Map([
  ["device", "data.local.device"],
  ["calls", "data.local.calls"],
  ["recordings", "data.local.recordings"],
  ["callReceipts", "data.local.callReceipts"],
  ["contacts", "data.local.contacts"],
  ["groups", "data.local.groups"],
  ["keys", "data.local.keys"],
  ["addresses", "data.local.addresses"],
  ["notices", "data.local.notices"],
  ["outbox", "data.local.outbox"],
  ["messages", "data.local.messages"],
] as const);

/** What comes of objecting, by the inventory's name of a thing in memory or field of the log. */
const OBJECTIONS: ReadonlyMap<string, Key> = new Map([
  ["requests.json", "data.then.requests"],
  ["id3", "data.then.id3"],
  ["pushes", "data.then.push"],
  ["capability quotas", "data.then.quotas"],
  ["changes of handle", "data.then.digits"],
  ["attempts by address", "data.then.attempts"],
  ["attempts by handle", "data.then.attempts"],
] as const);

/** Return the word, or what a newer server calls it. */
function word(words: ReadonlyMap<string, Key>, name: string): string {
  const key = words.get(name);
  return key === undefined ? name : say(key);
}

export const formWord = (name: string) => word(AT_REST, name);
export const whoWord = (name: string) => word(WHO, name);
export const basisWord = (name: string) => word(BASES, name);
export const localWord = (name: string) => say(LOCAL.get(name) ?? "data.local.other");

export function outcomeWord({ kind, name }: Elsewhere): string {
  return say(OBJECTIONS.get(name) ?? (kind === "log" ? "data.then.nobody" : "data.then.ask"));
}

/** Return each once, in the order in which they first came. */
export function once<T>(all: readonly T[]): readonly T[] {
  return [...new Set(all)];
}

/** Return rows and bytes in words. */
export function sizeWord({ rows, bytes: size }: Footprint): string {
  if (rows === 0) return say("data.nothing");
  return say("data.size", { rows: say("data.rows", { count: rows }), bytes: bytes(size) });
}

/**
 * Return when rows go: "in 30 days (Dec 29, 2026)", or the range.
 *
 * @param days ISO days on which they are deleted.
 */
export function countdown(
  days: readonly string[],
  data: Pick<ServerData, "day" | "inDays">,
): string {
  const sorted = days.toSorted();
  const [first = "", last = ""] = [sorted[0], sorted.at(-1)];
  if (first === "") return "";
  const today = todayOf(data);
  const [near, far] = [daysBetween(today, first), daysBetween(today, last)];
  if (far <= 0) return say("data.dueNow", { date: date(first) });
  if (near === far) return say("data.in", { count: near, date: date(first) });
  const range = { first: date(first), last: date(last) };
  return say("data.inRange", { from: Math.max(near, 0), to: far, ...range });
}
