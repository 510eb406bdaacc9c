/**
 * The one encoding of a page of calls, and how much room they take up in it (CK-701).
 *
 * Pure. Not for: what a call is and how two of them become one (`call_entry.ts`).
 */

import { type Bytes, compare, fromHex, hex, utf8 } from "./bytes.ts";
import {
  compareEntries,
  type Entry,
  factsOf,
  GONE_BYTES,
  type Key,
  MAX_MARKS,
  MAX_MEMBERS,
  MAX_SECONDS,
  type Mark,
  NO_MARK,
  NOTE,
  type Page,
  RECORDED,
  VERIFIED,
  WORDS,
} from "./call_entry.ts";
import {
  type CborMap,
  decodeMap,
  type Encodable,
  encode,
  exactly,
  isBytes,
  isList,
  type Value,
} from "./cbor.ts";
import { MAX_TIME } from "./content_records.ts";
import { Code, PeerError } from "./errors.ts";
import { AccountId, CallId, DeviceId } from "./ids.ts";
import { OVERHEAD } from "./keywrap.ts";

/** Longest encoding of a page: a slot of the vault, less its seal and the end of its padding. */
export const PAGE_BYTES = 65_536 - OVERHEAD - 1;
export const EMPTY_ROOM = 128;
export const ROOM_FOR_ACCOUNT = AccountId.LENGTH + 1;
export const ROOM_FOR_GONE = GONE_BYTES + 1;

const KIND = "calls";
/** Fields of a call without a mark, and those that a mark adds. */
const FACTS = 11;
const MARKED = 4;

/** Accounts are shared by the calls of a page, and their names are asked for with each call. */
const NAMES = new WeakMap<AccountId, Key>();

/** Return an account's bytes in hex. */
export function nameOf(account: AccountId): Key {
  const known = NAMES.get(account);
  if (known !== undefined) return known;
  const name = hex(account);
  NAMES.set(account, name);
  return name;
}

/** Return how many bytes an entry takes up in a page at most, but for its members' accounts. */
export function roomFor(entry: Entry): number {
  const { members, mark } = entry;
  // As `row` encodes it, with places of members that are as long as they get: counted, not encoded,
  // for it is asked several times for each of 100,000 calls.
  let room = 1 + (1 + CallId.LENGTH) + headBytes(members.length) + 3 * members.length;
  for (const fact of factsOf(entry)) room += headBytes(fact);
  if (mark.count === 0) return room;
  const note = utf8(mark.note).length;
  return room + headBytes(mark.count) + (1 + DeviceId.LENGTH) + 1 + headBytes(note) + note;
}

/** Bytes of an initial byte with its argument (RFC 8949, 3). */
function headBytes(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 2 ** 8) return 2;
  if (argument < 2 ** 16) return 3;
  return argument < 2 ** 32 ? 5 : 9;
}

/** Return how many bytes a page's encoding has at most. */
export function roomOf({ entries, gone }: Page): number {
  let room = EMPTY_ROOM + ROOM_FOR_GONE * gone.size;
  const accounts = new Set<Key>();
  for (const entry of entries.values()) {
    room += roomFor(entry);
    for (const account of entry.members) accounts.add(nameOf(account));
  }
  return room + ROOM_FOR_ACCOUNT * accounts.size;
}

/**
 * Return a page's one encoding: calls by their beginning, everything else by its bytes.
 *
 * @throws PeerError `TOO_LARGE`.
 */
export function encodePage({ cut, entries, gone }: Page): Bytes {
  const sorted = [...entries.values()].sort(compareEntries);
  const accounts = new Map(
    sorted.flatMap(({ members }) => members.map((one) => [nameOf(one), one])),
  );
  const who = [...accounts].sort(([one], [other]) => (one < other ? -1 : 1));
  const places = new Map(who.map(([key], place) => [key, place]));
  const data = encode({
    k: KIND,
    cut: [cut.count, cut.at],
    who: who.map(([, account]) => account),
    calls: sorted.map((entry) => row(entry, places)),
    gone: [...gone].sort().map(fromHex),
  });
  if (data.length > PAGE_BYTES) {
    throw new PeerError(Code.TOO_LARGE, "a page of calls beyond its slot");
  }
  return data;
}

/** Say whether an item of the vault is a page of calls. */
export function isPage(item: CborMap): boolean {
  return item.get("k") === KIND;
}

/**
 * Decode what `encodePage` made.
 *
 * @throws PeerError `MALFORMED` (CK-250, CK-701).
 */
export function decodePage(data: Uint8Array): Page {
  const { k, cut, who, calls, gone } = exactly(decodeMap(data), "k", "cut", "who", "calls", "gone");
  if (k !== KIND || !isList(cut) || cut.length !== 2) throw malformed("not a page of calls");
  if (!isList(who) || !isList(calls) || !isList(gone)) throw malformed("not a page of calls");
  const accounts = who.map(accountOf);
  // CK-701: a page has one encoding, or two devices would write it by turns for ever.
  requireRising(accounts, compare);
  const used = new Set<number>();
  const entries = calls.map((raw) => entryOf(raw, accounts, used));
  const marks = gone.map(goneOf);
  requireRising(entries, compareEntries);
  requireRising(marks, compare);
  if (used.size !== accounts.length) throw malformed("an account without a call");
  const page: Page = {
    cut: { count: uint(cut[0], MAX_MARKS), at: uint(cut[1], MAX_TIME) },
    entries: new Map(entries.map((entry) => [hex(entry.call), entry])),
    gone: new Set(marks.map(hex)),
  };
  if (page.entries.size !== entries.length) throw malformed("a call twice");
  return page;
}

function requireRising<T>(items: readonly T[], order: (one: T, other: T) => number): void {
  let previous: T | undefined;
  for (const item of items) {
    if (previous !== undefined && order(previous, item) >= 0) {
      throw malformed("not in the one order");
    }
    previous = item;
  }
}

function row(entry: Entry, places: ReadonlyMap<Key, number>): readonly Encodable[] {
  const { mark } = entry;
  const who = entry.members.map((account) => places.get(nameOf(account)) ?? 0);
  const facts: readonly Encodable[] = [entry.call, who, ...factsOf(entry)];
  if (mark.count === 0) return facts;
  return [...facts, mark.count, mark.device, mark.pinned, mark.note];
}

/** Read one call, and note which accounts it has. */
function entryOf(raw: Value, accounts: readonly AccountId[], used: Set<number>): Entry {
  if (!isList(raw) || raw.length < FACTS) throw malformed("a call's fields");
  const call = raw[0];
  const who = raw[1];
  if (!isBytes(call) || !isList(who)) throw malformed("a call's fields");
  const id = new CallId(call);
  const flags = uint(raw[7], VERIFIED | RECORDED);
  return {
    call: id,
    members: membersOf(who, accounts, used),
    direction: wordOf(WORDS.direction, raw[2]),
    media: wordOf(WORDS.media, raw[3]),
    outcome: wordOf(WORDS.outcome, raw[4]),
    at: uint(raw[5], MAX_TIME),
    seconds: uint(raw[6], MAX_SECONDS),
    verified: (flags & VERIFIED) !== 0,
    recorded: (flags & RECORDED) !== 0,
    via: wordOf(WORDS.via, raw[8]),
    quality: wordOf(WORDS.quality, raw[9]),
    suite: uint(raw[10], 0xffff),
    mark: raw.length === FACTS ? NO_MARK : markOf(raw.slice(FACTS)),
  };
}

function membersOf(
  who: readonly Value[],
  accounts: readonly AccountId[],
  used: Set<number>,
): readonly AccountId[] {
  if (who.length < 1 || who.length > MAX_MEMBERS) throw malformed("a call's members");
  let previous = -1;
  return who.map((raw) => {
    const place = uint(raw, accounts.length - 1);
    const account = accounts[place];
    // The accounts rise, so members do where their places do.
    if (account === undefined || place <= previous) throw malformed("not in the one order");
    previous = place;
    used.add(place);
    return account;
  });
}

function markOf(rest: readonly Value[]): Mark {
  const [count, device, pinned, note] = rest;
  const fits = rest.length === MARKED && isBytes(device) && typeof pinned === "boolean";
  if (!fits || typeof note !== "string" || uint(count, MAX_MARKS) < 1) {
    throw malformed("a call's mark");
  }
  return {
    count: uint(count, MAX_MARKS),
    device: new DeviceId(device),
    pinned,
    note: NOTE.decode(note),
  };
}

function accountOf(raw: Value): AccountId {
  if (!isBytes(raw)) throw malformed("an account");
  return new AccountId(raw);
}

function goneOf(raw: Value): Bytes {
  if (!isBytes(raw) || raw.length !== GONE_BYTES) throw malformed("a deleted call");
  return raw;
}

function uint(raw: Value | undefined, highest: number): number {
  if (typeof raw !== "number" || raw < 0 || raw > highest) {
    throw malformed("a number out of bounds");
  }
  return raw;
}

function wordOf<T extends string>(words: readonly T[], raw: Value | undefined): T {
  const word = words[uint(raw, words.length - 1)];
  if (word === undefined) throw malformed("a word that is not in the list");
  return word;
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-701: ${why}`);
}
