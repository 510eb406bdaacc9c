/** Half a year of calls that nobody made: for pictures and tests. */

import { fromHex } from "../../core/bytes.ts";
import { NO_MARK } from "../../core/call_entry.ts";
import { AccountId, CallId } from "../../core/ids.ts";
import type { Person } from "../model.ts";
import type { CallEntry } from "../model_history.ts";
import { ELIF, GRANDMA, JONAS, MIRA, NOW, TOMAS } from "./fixtures.ts";

const HOUR = 3600;
const DAY = 86_400;

/** Contacts with ids that are whole accounts, as calls name them. */
function whole(person: Person): Person {
  return { ...person, id: person.id.repeat(8) };
}

export const CALL_MIRA = whole(MIRA);
const CALL_JONAS = whole(JONAS);
const CALL_ELIF = whole(ELIF);
const CALL_GRANDMA = whole(GRANDMA);
const CALL_TOMAS = whole(TOMAS);
export const CLINIC = { ...whole(JONAS), id: "77e1".repeat(8), name: "clinic-north.20881" };
export const CALL_PEOPLE: readonly Person[] = [
  CALL_MIRA,
  CALL_JONAS,
  CALL_ELIF,
  CALL_GRANDMA,
  CALL_TOMAS,
  CLINIC,
];

const ACCOUNTS = new Map<string, AccountId>();

/** Calls that were written together share the accounts in them, as in a page of the vault. */
function accountOf({ id }: Person): AccountId {
  const account = ACCOUNTS.get(id) ?? new AccountId(fromHex(id));
  ACCOUNTS.set(id, account);
  return account;
}

let serial = 0;
function call(person: Person, at: number, change: Partial<CallEntry> = {}): CallEntry {
  serial += 1;
  const id = new Uint8Array(CallId.LENGTH);
  new DataView(id.buffer).setUint32(0, serial);
  return {
    call: new CallId(id),
    members: [accountOf(person)],
    direction: "outgoing",
    media: "voice",
    outcome: "answered",
    at,
    seconds: 420,
    verified: person.verified,
    recorded: false,
    via: "relayed",
    quality: "good",
    suite: 0xf04d,
    mark: NO_MARK,
    ...change,
  };
}

const MISSED = {
  direction: "incoming",
  outcome: "missed",
  seconds: 0,
  via: "none",
  quality: "unknown",
  suite: 0,
} as const;

export const FEW: readonly CallEntry[] = [
  call(CALL_MIRA, NOW - 2400, MISSED),
  call(CALL_MIRA, NOW - 3 * HOUR, {
    direction: "incoming",
    media: "video",
    seconds: 1934,
    mark: { ...NO_MARK, count: 1, pinned: true, note: "The hut: key under the third stone" },
  }),
  call(CALL_ELIF, NOW - 5 * HOUR, { outcome: "unanswered", seconds: 0, suite: 0, via: "none" }),
  call(CALL_GRANDMA, NOW - DAY - 2 * HOUR, {
    media: "video",
    seconds: 724,
    via: "direct",
    recorded: true,
  }),
  call(CALL_JONAS, NOW - DAY - 6 * HOUR, {
    ...MISSED,
    outcome: "declined",
    mark: { ...NO_MARK, count: 1, note: "Choir, Thursday" },
  }),
  call(CALL_TOMAS, NOW - 3 * DAY, { ...MISSED, media: "video" }),
  call({ ...CALL_TOMAS, id: "0badf00d".repeat(4) }, NOW - 5 * DAY, { outcome: "failed" }),
];

/** Numbers that look like chance, and are the same each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A life: family in the evenings, work in the daytime, a clinic, somebody new. */
function year(days: number): readonly CallEntry[] {
  const roll = dice(7);
  const found: CallEntry[] = [];
  const midnight = new Date(NOW * 1000).setHours(0, 0, 0, 0) / 1000;
  const put = (person: Person, at: number, change: Partial<CallEntry> = {}) => {
    if (at < NOW) found.push(call(person, at, change));
  };
  const either = () => (roll() < 0.5 ? "incoming" : "outgoing");
  for (let day = 0; day < days; day++) {
    const begin = midnight - day * DAY;
    const weekday = new Date(begin * 1000).getDay();
    const at = (from: number, hours: number) => begin + (from + roll() * hours) * HOUR;
    if (roll() < 0.8) {
      const seconds = Math.round(300 + roll() * 2900);
      const media = roll() < 0.4 ? "video" : "voice";
      put(CALL_MIRA, at(18, 4), { direction: either(), seconds, media });
    }
    if (roll() < 0.25) put(CALL_MIRA, at(12, 8), MISSED);
    if (weekday === 0) {
      put(CALL_GRANDMA, at(10, 1), { media: "video", seconds: Math.round(900 + roll() * 1500) });
    }
    if (weekday > 0 && weekday < 6 && roll() < 0.6) {
      put(CALL_ELIF, at(9, 8), { direction: either(), seconds: Math.round(40 + roll() * 400) });
    }
    if (roll() < 0.1) put(CALL_JONAS, at(15, 6), { direction: "incoming", seconds: 130 });
    if (roll() < 0.08) put(CALL_JONAS, at(15, 6), { outcome: "unanswered", seconds: 0 });
    if (day < 21 && day % 4 === 0) put(CLINIC, at(8, 3), { seconds: 260 });
    if (day > 40 && roll() < 0.3) put(CALL_TOMAS, at(17, 5), { direction: either(), seconds: 500 });
  }
  return found.toSorted((one, other) => other.at - one.at);
}

export const LIFE = year(180);

/** So many calls, newest first. */
export function many(count: number): readonly CallEntry[] {
  const roll = dice(11);
  const people = CALL_PEOPLE;
  return Array.from({ length: count }, (_, i) => {
    const person = people[Math.floor(roll() * people.length)] ?? CALL_MIRA;
    const note = i % 997 === 0 ? { mark: { ...NO_MARK, count: 1, note: `number ${i}` } } : {};
    return call(person, NOW - i * 1700, { ...(i % 7 === 0 ? MISSED : {}), ...note });
  });
}
