/**
 * A profile's IndexedDB database: sealed rows, what opens them, and whose turn it is to write.
 *
 *     items   { bucket, slot, sealed }        see `sealing.ts`
 *     chunks  { bucket, slot, sealed }        likewise; read one by one, as there may be gigabytes
 *     keys    "unlock": two CryptoKeys, or a key wrap under a passphrase
 *             "owner":  16 random bytes of whoever opened the database last
 *
 * Every write first reads `owner` in its own transaction and stops if it is another's. The lock that
 * `store.ts` holds keeps two tabs apart; but a lock can be stolen, and a tab learns of it later than
 * it happens. IndexedDB puts transactions in a row, so after the thief has read the rows, nothing
 * the loser still had under way can be added to them (P5: a state that is used twice reuses keys).
 *
 * A database deletes and replaces logically: old bytes lie in the browser's files until it tidies
 * up. So what must not be opened again later is not left to deletion (`Store.setPassphrase`,
 * `call_rows.ts`).
 *
 * Not for: keys and what rows mean.
 */

import { type Bytes, equal } from "../core/bytes.ts";
import { Code, FatalError, UnavailableError, VisavisError } from "../core/errors.ts";
import type { Place, Row } from "./sealing.ts";

/** Of the object stores. A page of an older version refuses a database of a newer one. */
export const SCHEMA = 2;
/** Rows that are not read with the rest (`recording_store.ts`): since schema 2. */
export const CHUNKS = "chunks";
export const ITEMS = "items";
export const KEYS = "keys";
const UNLOCK = "unlock";
const OWNER = "owner";
const STRICT = { durability: "strict" } as const;

/** What opens the rows: keys of this device, or a wrap under the person's passphrase. */
export type Unlock =
  | Readonly<{ kind: "device"; seal: CryptoKey; index: CryptoKey }>
  | Readonly<{ kind: "passphrase"; wrap: Bytes }>;

/** What one write changes. */
export type Changes = Readonly<{ put: readonly Row[]; delete: readonly Place[] }>;

/** An open database. */
export class Database {
  readonly #db: IDBDatabase;

  private constructor(db: IDBDatabase) {
    this.#db = db;
  }

  /** Say whether there is a database of this name. */
  static async exists(factory: IDBFactory, name: string): Promise<boolean> {
    return (await factory.databases()).some((found) => found.name === name);
  }

  /**
   * Make a database that holds what opens it, or nothing if there is one already.
   *
   * The object stores and the first row come in one transaction: a crash leaves all or none.
   */
  static async create(
    factory: IDBFactory,
    name: string,
    unlock: Unlock,
  ): Promise<Database | undefined> {
    let isNew = false;
    const db = await open(factory, name, (made) => {
      isNew = true;
      made.createObjectStore(ITEMS, { keyPath: ["bucket", "slot"] });
      made.createObjectStore(CHUNKS, { keyPath: ["bucket", "slot"] });
      made.createObjectStore(KEYS).put(unlock, UNLOCK);
    });
    if (isNew) return new Database(db);
    db.close();
    return undefined;
  }

  /**
   * Open a database, if there is one.
   *
   * @throws FatalError It is of a newer version, or cannot be opened.
   */
  static async open(factory: IDBFactory, name: string): Promise<Database | undefined> {
    let isNew = false;
    try {
      return new Database(
        await open(factory, name, (db, transaction, before) => {
          if (before > 0) {
            db.createObjectStore(CHUNKS, { keyPath: ["bucket", "slot"] });
            return;
          }
          isNew = true;
          transaction?.abort(); // so that none is made
        }),
      );
    } catch (error) {
      if (isNew) return undefined;
      throw error;
    }
  }

  /** Delete a database; there need not be one. */
  static destroy(factory: IDBFactory, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = factory.deleteDatabase(name);
      request.onsuccess = () => resolve();
      request.onerror = () => reject(failure(request.error));
    });
  }

  /** Have `closed` called when the browser closes it (the person deleted the site's data). */
  onClosed(closed: () => void): void {
    this.#db.onclose = closed;
  }

  /** Return what opens the rows. */
  async unlock(): Promise<Unlock> {
    let found: IDBRequest<unknown> | undefined;
    await this.#run("readonly", (transaction) => {
      found = transaction.objectStore(KEYS).get(UNLOCK);
    });
    return unlockOf(found?.result);
  }

  /** Become the one who writes, and return all there is; what others write from now on fails. */
  async claim(owner: Bytes): Promise<Readonly<{ unlock: Unlock; rows: readonly Row[] }>> {
    let unlock: IDBRequest<unknown> | undefined;
    let rows: IDBRequest<unknown[]> | undefined;
    await this.#run("readwrite", (transaction) => {
      const keys = transaction.objectStore(KEYS);
      keys.put(owner, OWNER);
      unlock = keys.get(UNLOCK);
      rows = transaction.objectStore(ITEMS).getAll();
    });
    return { unlock: unlockOf(unlock?.result), rows: (rows?.result ?? []).map(rowOf) };
  }

  /**
   * Write, all or nothing; what it returned from survives a power cut.
   *
   * @throws UnavailableError DISK_FULL; STORE_BUSY, another has claimed the database (CK-550).
   */
  write(owner: Bytes, changes: Changes): Promise<void> {
    return this.#asOwner(owner, (transaction) => {
      const items = transaction.objectStore(ITEMS);
      for (const { bucket, slot } of changes.delete) items.delete([bucket, slot]);
      for (const row of changes.put) items.put(row);
    });
  }

  /** Put all rows, and what opens them, in the place of those there are; throws as `write`. */
  replace(owner: Bytes, unlock: Unlock, rows: readonly Row[]): Promise<void> {
    return this.#asOwner(owner, (transaction) => {
      const items = transaction.objectStore(ITEMS);
      items.clear();
      for (const row of rows) items.put(row);
      transaction.objectStore(KEYS).put(unlock, UNLOCK);
    });
  }

  /** Write a row that is read by itself; throws as `write`. */
  putChunk(owner: Bytes, row: Row): Promise<void> {
    return this.#asOwner(owner, (transaction) => transaction.objectStore(CHUNKS).put(row), CHUNKS);
  }

  /** Return such a row, if it is there. */
  async chunk({ bucket, slot }: Place): Promise<Row | undefined> {
    let found: IDBRequest<unknown> | undefined;
    await this.#run(
      "readonly",
      (transaction) => {
        found = transaction.objectStore(CHUNKS).get([bucket, slot]);
      },
      CHUNKS,
    );
    return found?.result === undefined ? undefined : rowOf(found.result);
  }

  /** Return the places of all such rows. */
  async chunkPlaces(): Promise<readonly Place[]> {
    let found: IDBRequest<IDBValidKey[]> | undefined;
    await this.#run(
      "readonly",
      (transaction) => {
        found = transaction.objectStore(CHUNKS).getAllKeys();
      },
      CHUNKS,
    );
    return (found?.result ?? []).map(placeOf);
  }

  /** Delete all such rows of a bucket; throws as `write`. */
  dropChunks(owner: Bytes, bucket: Bytes): Promise<void> {
    // Lists come after bytes (W3C IndexedDB, 2.4): so this is whatever begins with the bucket.
    const range = IDBKeyRange.bound([bucket], [bucket, []]);
    const drop = (transaction: IDBTransaction) => transaction.objectStore(CHUNKS).delete(range);
    return this.#asOwner(owner, drop, CHUNKS);
  }

  close(): void {
    this.#db.close();
  }

  async #asOwner(
    owner: Bytes,
    work: (transaction: IDBTransaction) => void,
    ...more: readonly string[]
  ): Promise<void> {
    let isOurs = true;
    try {
      await this.#run(
        "readwrite",
        (transaction) => {
          const said = transaction.objectStore(KEYS).get(OWNER);
          // It is answered before what is asked for after it, and an abort takes all of that back: so the
          // work need not wait for the answer.
          said.onsuccess = () => {
            isOurs = said.result instanceof Uint8Array && equal(said.result, owner);
            if (!isOurs) transaction.abort();
          };
          work(transaction);
        },
        ...more,
      );
    } catch (error) {
      throw isOurs ? error : new UnavailableError(Code.STORE_BUSY, "CK-550: another has the store");
    }
  }

  /** Ends when the transaction is on disk. Nothing may be awaited within one: it would end. */
  #run(
    mode: IDBTransactionMode,
    work: (transaction: IDBTransaction) => void,
    ...more: readonly string[]
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let transaction: IDBTransaction;
      try {
        transaction = this.#db.transaction([ITEMS, KEYS, ...more], mode, STRICT);
      } catch (error) {
        reject(failure(error)); // it was closed
        return;
      }
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(failure(transaction.error));
      attempt(transaction, work);
    });
  }
}

/** A request that could not even be made ends the whole: half of the work must not be written. */
function attempt(transaction: IDBTransaction, work: (transaction: IDBTransaction) => void): void {
  try {
    work(transaction);
  } catch {
    transaction.abort();
  }
}

function open(
  factory: IDBFactory,
  name: string,
  upgrade: (db: IDBDatabase, transaction: IDBTransaction | null, before: number) => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, SCHEMA);
    request.onupgradeneeded = ({ oldVersion }) => {
      try {
        upgrade(request.result, request.transaction, oldVersion);
      } catch {
        request.transaction?.abort();
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failure(request.error));
    request.onblocked = () => reject(new UnavailableError(Code.STORE_BUSY, "CK-550: in use"));
  });
}

/** Return what an error of the database means. */
function failure(error: unknown): VisavisError {
  if (error instanceof VisavisError) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "QuotaExceededError":
      return new UnavailableError(Code.DISK_FULL, "the profile could not be written");
    case "VersionError":
      return new FatalError(Code.UNAVAILABLE, "a newer version of this program made the profile");
    default:
      return new FatalError(Code.UNAVAILABLE, "the profile's database failed");
  }
}

function rowOf(value: unknown): Row {
  const { bucket, slot, sealed } = (value ?? {}) as Record<string, unknown>;
  if (!isBytes(bucket) || !isBytes(slot) || !isBytes(sealed)) {
    throw new FatalError(Code.MALFORMED, "CK-551: a row of the store cannot be read");
  }
  return { bucket, slot, sealed };
}

/** Keys that are bytes come back as buffers (W3C IndexedDB, 7.3). */
function placeOf(key: IDBValidKey): Place {
  const [bucket, slot] = Array.isArray(key) ? key : [];
  if (!(bucket instanceof ArrayBuffer) || !(slot instanceof ArrayBuffer)) {
    throw new FatalError(Code.MALFORMED, "CK-551: a row of the store cannot be read");
  }
  return { bucket: new Uint8Array(bucket), slot: new Uint8Array(slot) };
}

function unlockOf(value: unknown): Unlock {
  const { kind, seal, index, wrap } = (value ?? {}) as Record<string, unknown>;
  if (kind === "device" && seal instanceof CryptoKey && index instanceof CryptoKey) {
    return { kind, seal, index };
  }
  if (kind === "passphrase" && isBytes(wrap)) return { kind, wrap };
  throw new FatalError(Code.MALFORMED, "what opens the profile cannot be read");
}

function isBytes(value: unknown): value is Bytes {
  return value instanceof Uint8Array && value.buffer instanceof ArrayBuffer;
}
