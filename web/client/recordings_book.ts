/**
 * What this device keeps of its own recordings: our half of each key, what opens their rows, and where
 * the others' halves lie (twin of `sdk/recordings_book.py`).
 *
 * The sealed chunks are rows of their own (`recording_store.ts`). The other half of a member's keys is
 * at the server, and never here (P16): so what they take back, or what has had its day, opens no more.
 *
 * Not for: what others recorded, or what we agreed to (`consent_book.ts`).
 */

import type { ByteMap } from "../core/byte_sets.ts";
import { get, mapOf, put } from "../core/byte_sets.ts";
import { type Bytes, copy, equal, hex } from "../core/bytes.ts";
import { decode, encode, isBytes, isList, type Value } from "../core/cbor.ts";
import { Code, FatalError, PeerError, UsageError } from "../core/errors.ts";
import { ConsentKey, Digest, Secret32, ShareKey, ShareSlot } from "../core/ids.ts";
import { type Answer, isAnswer } from "../core/recording_consent.ts";
import {
  type RecordingAsk,
  type RecordingWithdrawal,
  readStatement,
  type Statement,
} from "../core/recording_statements.ts";
import type { Reader, Unit, UnitStore } from "./unit.ts";

export const RECORDING_KIND = "recording";

/** A member of a recording: what they are called here, and where their share lies. Never printed. */
export type Way = Readonly<{ name: string; slot: ShareSlot; read: ShareKey }>;

/** What a member said last about a recording, after they said yes to it once. */
export type Said = Readonly<{
  /** Of that statement. */
  number: number;
  /** Whether they agreed to an export in the clear. */
  clear: boolean;
  /** Their yes stands. */
  stands: boolean;
  /** That they took it back after the call, as it was signed, until the file has it. */
  late: Bytes | null;
}>;

/** One recording of ours, as it is kept. Never printed. */
export type Kept = Readonly<{
  /** Our request. */
  ask: Digest;
  /** With whom the call was. */
  title: string;
  /** Our half of its keys. */
  secret: Secret32;
  /** Opens its rows. Without it nothing of the file can be read, whatever a browser still holds. */
  rows: Secret32;
  /** The request, as it was signed. */
  request: Bytes;
  /** Milliseconds, once it is over; 0 while it goes on, or if a crash ended it. */
  length: number;
  /** Something was recorded. */
  wasRecorded: boolean;
  /** The private half of our consent key of that call: a yes taken back later is signed behind. */
  privateKey: Secret32;
  /** Whose parts may be in it. */
  members: ByteMap<ConsentKey, Way>;
  /** What those said who ever agreed. */
  said: ByteMap<ConsentKey, Said>;
}>;

/** Return what was asked. */
export async function askedOf({ request }: Pick<Kept, "request">): Promise<RecordingAsk> {
  const found = await readStatement(request);
  if (found.kind !== "recording.ask") throw new UsageError("no request of ours");
  return found;
}

/** What is kept of our recordings. */
export class RecordingsBook {
  readonly #store: UnitStore;
  /** Requests whose files are being written, by their hex. */
  readonly #written = new Set<string>();
  /** Something may have to be put behind a file: else none of them is read to see. */
  #mayBeLate = true;

  /** @param store The profile's. */
  constructor(store: UnitStore) {
    this.#store = store;
  }

  /** Keep a recording that we asked for; its file is being written until `closed`. */
  async begun(kept: Kept): Promise<void> {
    this.#written.add(hex(kept.ask));
    await this.#store.transaction((unit) => unit.put(RECORDING_KIND, kept.ask, toBytes(kept)));
  }

  /** Note where a member's share lies, or ours. */
  async member(ask: Digest, key: ConsentKey, way: Way): Promise<void> {
    await this.#change(ask, (kept) => ({ ...kept, members: put(kept.members, key, way) }));
  }

  /** Note what a member said in the call: the file has it. */
  async said(ask: Digest, statement: Statement): Promise<void> {
    if (!isAnswer(statement)) return;
    await this.#change(ask, (kept) => ({ ...kept, said: heard(kept.said, statement) }));
  }

  /**
   * Take that somebody took their yes back after the call; nothing, if that is not our recording.
   *
   * @param signed As it came, from whomever.
   * @returns Whether it is news: then the file is to have it.
   * @throws PeerError It is no such statement, or not rightly signed (CK-992), or of nobody who had
   *   said yes (CK-993); nothing changes.
   */
  async withdrawn(unit: Unit, signed: Bytes): Promise<boolean> {
    const statement = await readStatement(signed);
    if (statement.kind !== "recording.withdrawal") {
      throw new PeerError(Code.UNEXPECTED, "CK-992 something else than a yes taken back");
    }
    const kept = read(unit, statement.ask);
    // Others in the call, and our other devices, hear it too.
    if (kept === undefined) return false;
    const { call } = await askedOf(kept);
    const said = late(kept, call, statement, signed);
    if (said === undefined) return false;
    unit.put(RECORDING_KIND, kept.ask, toBytes({ ...kept, said }));
    unit.after(() => {
      this.#mayBeLate = true;
    });
    return true;
  }

  /** Return whose words are to be put behind files that no call writes now. */
  late(): readonly (readonly [ask: Digest, key: ConsentKey])[] {
    if (!this.#mayBeLate) return [];
    const found = this.all().flatMap(({ ask, said }) => {
      const late = [...said.values()].filter(([, one]) => one.late !== null);
      return late.map(([key]) => [ask, key] as const);
    });
    this.#mayBeLate = found.length > 0;
    return found.filter(([ask]) => !this.#written.has(hex(ask)));
  }

  /** Note that the file has what was taken back after the call. */
  async putBehind(ask: Digest, key: ConsentKey): Promise<void> {
    await this.#change(ask, (kept) => {
      const known = get(kept.said, key);
      return known === undefined
        ? kept
        : { ...kept, said: put(kept.said, key, { ...known, late: null }) };
    });
  }

  /** Note that something is recorded. */
  async recorded(ask: Digest): Promise<void> {
    await this.#change(ask, (kept) => ({ ...kept, wasRecorded: true }));
  }

  /** Note that it is over, after so many milliseconds. */
  async ended(ask: Digest, length: number): Promise<void> {
    await this.#change(ask, (kept) => ({ ...kept, length }));
  }

  /** Nothing more of it is written by the call. */
  closed(ask: Digest): void {
    this.#written.delete(hex(ask));
  }

  /** Forget a recording: without our half of its keys nothing opens it. */
  async forget(ask: Digest): Promise<void> {
    await this.#store.transaction((unit) => unit.delete(RECORDING_KIND, ask));
  }

  /** Return a recording. */
  get(ask: Digest): Kept | undefined {
    return read(this.#store, ask);
  }

  /** Return all recordings. */
  all(): readonly Kept[] {
    return this.#store.items(RECORDING_KIND).map(([ask, data]) => fromBytes(ask, data));
  }

  async #change(ask: Digest, change: (kept: Kept) => Kept): Promise<void> {
    await this.#store.transaction((unit) => {
      const kept = read(unit, ask);
      if (kept !== undefined) unit.put(RECORDING_KIND, ask, toBytes(change(kept)));
    });
  }
}

function read(reader: Reader, ask: Digest): Kept | undefined {
  const data = reader.get(RECORDING_KIND, ask);
  return data === undefined ? undefined : fromBytes(ask, data);
}

/** Return what was said, with what somebody said in the call. */
function heard(said: Kept["said"], answer: Answer): Kept["said"] {
  const { key, number } = answer;
  const known = get(said, key);
  // What another device of theirs said for after the call is the last word (`AFTER_CALL`).
  if (known !== undefined && known.number >= number) return said;
  if (answer.kind === "recording.grant") {
    return put(said, key, { number, clear: answer.clear, stands: true, late: null });
  }
  // Who never agreed has nothing to take back.
  return known === undefined
    ? said
    : put(said, key, { ...known, number, stands: false, late: null });
}

/**
 * Return what was said, with a yes that was taken back after the call; undefined if it is known.
 *
 * @throws PeerError As `RecordingsBook.withdrawn`.
 */
function late(
  { said }: Kept,
  call: Digest,
  { call: theirs, key, number }: RecordingWithdrawal,
  signed: Bytes,
): Kept["said"] | undefined {
  const known = get(said, key);
  // CK-993: a word of somebody who never agreed would make the file look altered.
  if (known === undefined || !equal(theirs, call)) {
    throw new PeerError(Code.UNEXPECTED, "CK-993 a yes is taken back that was not said here");
  }
  // Another device of theirs may have said so as well.
  if (!known.stands) return undefined;
  if (number <= known.number) {
    throw new PeerError(Code.UNEXPECTED, "CK-993 it is older than their yes");
  }
  return put(said, key, { ...known, number, stands: false, late: signed });
}

function toBytes(kept: Kept): Bytes {
  const { title, secret, rows, request, length, wasRecorded, privateKey } = kept;
  const ways = [...kept.members.values()].map(([key, way]) => [key, way.name, way.slot, way.read]);
  const said = [...kept.said.values()].map(([key, one]) => {
    return [key, one.number, one.clear, one.stands, one.late];
  });
  return encode([title, secret, rows, request, length, wasRecorded, privateKey, ways, said]);
}

function fromBytes(ask: Bytes, data: Bytes): Kept {
  const raw = decode(data);
  const [title, secret, rows, request, length, wasRecorded, privateKey, ways, said] = isList(raw)
    ? raw
    : [];
  const isOne =
    typeof title === "string" &&
    isBytes(secret) &&
    isBytes(rows) &&
    isBytes(request) &&
    typeof length === "number" &&
    typeof wasRecorded === "boolean" &&
    isBytes(privateKey) &&
    isList(ways) &&
    isList(said);
  if (!isOne) throw unreadable();
  return {
    ask: new Digest(copy(ask)),
    ...{ title, request, length, wasRecorded },
    secret: new Secret32(secret),
    rows: new Secret32(rows),
    privateKey: new Secret32(privateKey),
    members: mapOf(...ways.map(memberOf)),
    said: mapOf(...said.map(saidOf)),
  };
}

function memberOf(raw: Value): readonly [ConsentKey, Way] {
  const [key, name, slot, read] = isList(raw) ? raw : [];
  const isOne = isBytes(key) && typeof name === "string" && isBytes(slot) && isBytes(read);
  if (!isOne) throw unreadable();
  return [new ConsentKey(key), { name, slot: new ShareSlot(slot), read: new ShareKey(read) }];
}

function saidOf(raw: Value): readonly [ConsentKey, Said] {
  const [key, number, clear, stands, late = null] = isList(raw) ? raw : [];
  const isOne =
    isBytes(key) &&
    typeof number === "number" &&
    typeof clear === "boolean" &&
    typeof stands === "boolean" &&
    (late === null || isBytes(late));
  if (!isOne) throw unreadable();
  return [new ConsentKey(key), { number, clear, stands, late }];
}

function unreadable(): FatalError {
  return new FatalError(Code.MALFORMED, "a recording cannot be read");
}
