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
import { mapOf, put } from "../core/byte_sets.ts";
import { type Bytes, copy } from "../core/bytes.ts";
import { decode, encode, isBytes, isList, type Value } from "../core/cbor.ts";
import { Code, FatalError, UsageError } from "../core/errors.ts";
import { ConsentKey, Digest, Secret32, ShareKey, ShareSlot } from "../core/ids.ts";
import { type RecordingAsk, readStatement } from "../core/recording_statements.ts";
import type { Reader, UnitStore } from "./unit.ts";

export const RECORDING_KIND = "recording";

/** A member of a recording: what they are called here, and where their share lies. Never printed. */
export type Way = Readonly<{ name: string; slot: ShareSlot; read: ShareKey }>;

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
  /** Whose parts may be in it. */
  members: ByteMap<ConsentKey, Way>;
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

  /** @param store The profile's. */
  constructor(store: UnitStore) {
    this.#store = store;
  }

  /** Keep a recording that we asked for. */
  async begun(kept: Kept): Promise<void> {
    await this.#store.transaction((unit) => unit.put(RECORDING_KIND, kept.ask, toBytes(kept)));
  }

  /** Note where a member's share lies, or ours. */
  async member(ask: Digest, key: ConsentKey, way: Way): Promise<void> {
    await this.#change(ask, (kept) => ({ ...kept, members: put(kept.members, key, way) }));
  }

  /** Note that something is recorded. */
  async recorded(ask: Digest): Promise<void> {
    await this.#change(ask, (kept) => ({ ...kept, wasRecorded: true }));
  }

  /** Note that it is over, after so many milliseconds. */
  async ended(ask: Digest, length: number): Promise<void> {
    await this.#change(ask, (kept) => ({ ...kept, length }));
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

function toBytes({ title, secret, rows, request, length, wasRecorded, members }: Kept): Bytes {
  const ways = [...members.values()].map(([key, way]) => [key, way.name, way.slot, way.read]);
  return encode([title, secret, rows, request, length, wasRecorded, ways]);
}

function fromBytes(ask: Bytes, data: Bytes): Kept {
  const raw = decode(data);
  const [title, secret, rows, request, length, wasRecorded, ways] = isList(raw) ? raw : [];
  const isOne =
    typeof title === "string" &&
    isBytes(secret) &&
    isBytes(rows) &&
    isBytes(request) &&
    typeof length === "number" &&
    typeof wasRecorded === "boolean" &&
    isList(ways);
  if (!isOne) throw unreadable();
  return {
    ask: new Digest(copy(ask)),
    ...{ title, request, length, wasRecorded },
    secret: new Secret32(secret),
    rows: new Secret32(rows),
    members: mapOf(...ways.map(memberOf)),
  };
}

function memberOf(raw: Value): readonly [ConsentKey, Way] {
  const [key, name, slot, read] = isList(raw) ? raw : [];
  const isOne = isBytes(key) && typeof name === "string" && isBytes(slot) && isBytes(read);
  if (!isOne) throw unreadable();
  return [new ConsentKey(key), { name, slot: new ShareSlot(slot), read: new ShareKey(read) }];
}

function unreadable(): FatalError {
  return new FatalError(Code.MALFORMED, "a recording cannot be read");
}
