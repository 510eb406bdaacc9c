/**
 * The encrypted store of one profile: IndexedDB, every item sealed, one writer.
 *
 * On disk lie only what opens the store and rows (bucket, slot, sealed) that tell neither names nor
 * ids nor times (`sealing.ts`). What opens it are two CryptoKeys that the browser will not export;
 * or, if the person chose a passphrase, a store key wrapped by Argon2id, and then nothing on disk
 * opens the store without it. Without one, whoever copies the browser's whole profile can open the
 * store as the browser can.
 *
 * All items are in memory, so reading does not wait. A unit of work is on disk before anything
 * made with it leaves the device: `transaction` returns when the browser says that it would survive a
 * power cut. Units of work run one after the other, in the order in which they were asked for.
 *
 * One tab or process is the writer (Web Locks). Another is told STORE_BUSY (CK-550), or takes over
 * with `steal`: from then on this store refuses everything, and its database refuses the rest
 * (`database.ts`).
 *
 * Not for: MLS rules, or what items mean.
 */

import type { Footprint } from "../core/account_data.ts";
import type { Bytes } from "../core/bytes.ts";
import type { VisavisError } from "../core/errors.ts";
import { AuthorizationError, Code, FatalError, UnavailableError } from "../core/errors.ts";
import { Database } from "./database.ts";
import { Lock } from "./lock.ts";
import { type Change, type Done, Memory, Work } from "./memory.ts";
import type { Place, Row, StoreKeys } from "./sealing.ts";
import { isSameUnlock, newUnlock, type Opened, openUnlock } from "./store_opening.ts";
import type { Item, Unit, UnitStore } from "./unit.ts";
import { KDF, type Kdf } from "./unlock.ts";
import { WriterLock } from "./writer_lock.ts";

const OWNER_BYTES = 16;

/** Where databases and locks are; the platform's unless a test says otherwise. */
export type Platform = Readonly<{ databases?: IDBFactory; locks?: LockManager }>;

/** How a store is made or opened. */
export type StoreOptions = Platform &
  Readonly<{
    /** What opens it; undefined for one that opens by itself on this device. */
    passphrase?: string | undefined;
    /** How a passphrase is hashed from now on. */
    kdf?: Kdf;
    /** Take the profile over from the tab that has it. */
    steal?: boolean;
    /**
     * Is told when the store is ours no more, which refuses everything already: another tab took it
     * over (STORE_BUSY), or the browser deleted it (FatalError). Stop at once.
     */
    onLost?: (why: VisavisError) => void;
  }>;

/** Sealed items of one profile, addressed by kind and key. */
export class Store implements UnitStore {
  readonly name: string;
  readonly #databases: IDBFactory;
  readonly #kdf: Kdf;
  readonly #onLost: (why: VisavisError) => void;
  readonly #units = new Lock();
  readonly #owner = crypto.getRandomValues(new Uint8Array(OWNER_BYTES));
  #lock: WriterLock | undefined;
  #database: Database | undefined;
  #keys: StoreKeys | undefined;
  #memory = new Memory([]);
  #asksForPassphrase = false;
  #closing: Promise<void> | undefined;
  #lost: VisavisError | undefined;

  private constructor(name: string, options: StoreOptions) {
    this.name = name;
    this.#databases = factoryOf(options);
    this.#kdf = options.kdf ?? KDF;
    this.#onLost = options.onLost ?? (() => undefined);
  }

  /** Say whether there is a store of this name. */
  static exists(name: string, platform: Platform = {}): Promise<boolean> {
    return Database.exists(factoryOf(platform), name);
  }

  /**
   * Say whether a store opens with a passphrase only.
   *
   * @throws AuthorizationError STORE_LOCKED, there is none.
   */
  static async asksForPassphrase(name: string, platform: Platform = {}): Promise<boolean> {
    const database = await required(factoryOf(platform), name);
    try {
      return (await database.unlock()).kind === "passphrase";
    } finally {
      database.close();
    }
  }

  /**
   * Make a store, open and empty.
   *
   * @throws UnavailableError STORE_BUSY if another tab has it; DISK_FULL.
   * @throws AuthorizationError STORE_LOCKED if there is a store of this name already.
   */
  static async create(name: string, options: StoreOptions = {}): Promise<Store> {
    const store = new Store(name, options);
    try {
      await store.#take(options, { steal: false });
      const { unlock, keys } = await newUnlock(options.passphrase, store.#kdf);
      store.#database = await Database.create(store.#databases, name, unlock);
      if (store.#database === undefined) {
        throw new AuthorizationError(Code.STORE_LOCKED, "this profile is in use already");
      }
      await store.#load(store.#database, { unlock, keys }, options.passphrase);
      return store;
    } catch (error) {
      const isMade = store.#database !== undefined;
      store.#database?.close();
      // Else the next attempt would find a store that nobody has begun to use.
      if (isMade) await Database.destroy(store.#databases, name).catch(() => undefined);
      store.#forget();
      throw error;
    }
  }

  /**
   * Open a store.
   *
   * @throws UnavailableError STORE_BUSY if another tab has it and `steal` is not set.
   * @throws AuthorizationError STORE_LOCKED, there is none, or the passphrase is another (CK-552).
   * @throws FatalError A row was altered (CK-551), or a newer version of the program made it.
   */
  static async open(name: string, options: StoreOptions = {}): Promise<Store> {
    const store = new Store(name, options);
    try {
      const database = await required(store.#databases, name);
      store.#database = database;
      const isOurs = await store.#take(options, { steal: false, mayFail: options.steal === true });
      // Before a theft: a wrong passphrase must not throw anybody out.
      const opened = await openUnlock(await database.unlock(), options.passphrase);
      if (!isOurs) await store.#take(options, { steal: true });
      await store.#load(database, opened, options.passphrase);
      return store;
    } catch (error) {
      store.#forget();
      throw store.#lost ?? error;
    }
  }

  /** Whether it opens with a passphrase only. */
  get asksForPassphrase(): boolean {
    return this.#asksForPassphrase;
  }

  get(kind: string, key: Bytes): Bytes | undefined {
    this.#requireOpen();
    return this.#memory.get(kind, key);
  }

  items(kind: string): readonly Item[] {
    this.#requireOpen();
    return this.#memory.items(kind);
  }

  count(kind: string): number {
    this.#requireOpen();
    return this.#memory.count(kind);
  }

  /** Return how many items there are of each kind, and how many bytes in clear. */
  sizes(): ReadonlyMap<string, Footprint> {
    this.#requireOpen();
    return this.#memory.sizes();
  }

  /**
   * Do a unit of work (see `UnitStore`). Never wait inside for another one: it waits for this one.
   *
   * What was handed to `unit.meanwhile` runs while it is written, and to `unit.after` before the next
   * unit begins. An error in it changes nothing of what is written, keeps nothing else from running,
   * and is reported as uncaught.
   *
   * @throws UnavailableError DISK_FULL; STORE_BUSY, another tab took the profile over (CK-550).
   * @throws AuthorizationError STORE_LOCKED, the store was closed.
   */
  async transaction<T>(work: (unit: Unit) => T | Promise<T>): Promise<T> {
    this.#requireOpen();
    return this.#units.run(async () => {
      const unit = new Work(this.#memory, () => this.#requireOurs());
      let result: T;
      let done: Done;
      try {
        this.#requireOurs();
        result = await work(unit);
      } finally {
        done = unit.end();
      }
      this.#requireOurs();
      const written = done.changes.length > 0 ? this.#write(done.changes) : undefined;
      for (const meanwhile of done.meanwhile) calmly(meanwhile);
      await written;
      for (const after of done.after) calmly(after);
      return result;
    });
  }

  /**
   * Have the store open with this passphrase only, or by itself if it is undefined.
   *
   * Every row is sealed anew under new keys, in one transaction: a crash leaves the old or the new.
   * The old keys are gone after, so that what the browser's files may still hold of old rows and
   * keys says nothing of what is written from now on.
   *
   * @throws UsageError The passphrase is empty.
   * @throws UnavailableError As `transaction`; nothing was changed.
   */
  async setPassphrase(passphrase: string | undefined): Promise<void> {
    this.#requireOpen();
    const { unlock, keys } = await newUnlock(passphrase, this.#kdf);
    await this.#units.run(async () => {
      const database = this.#requireOurs();
      const rows = await Promise.all(this.#memory.everything().map((item) => keys.toRow(item)));
      await this.#watched(database.replace(this.#owner, unlock, rows));
      this.#keys = keys;
      this.#asksForPassphrase = passphrase !== undefined;
    });
  }

  /**
   * Write a row that is no item: it is not in memory, and whoever writes it has sealed it
   * (`recording_store.ts`). Throws as `transaction`.
   */
  async putRow(row: Row): Promise<void> {
    await this.#watched(this.#requireOurs().putChunk(this.#owner, row));
  }

  /** Return such a row, if it is there. */
  async row(place: Place): Promise<Row | undefined> {
    return await this.#requireOurs().chunk(place);
  }

  /**
   * Return how many such rows there are, and how many bytes sealed. One is read at a time, each by
   * itself: there may be gigabytes, and others write meanwhile.
   */
  async rowsSize(): Promise<Footprint> {
    let [rows, bytes] = [0, 0];
    for (const place of await this.#requireOurs().chunkPlaces()) {
      const row = await this.row(place);
      if (row === undefined) continue; // deleted meanwhile
      rows += 1;
      bytes += row.sealed.length;
    }
    return { rows, bytes };
  }

  /** Delete all such rows of a bucket. Throws as `transaction`. */
  async dropRows(bucket: Bytes): Promise<void> {
    await this.#watched(this.#requireOurs().dropChunks(this.#owner, bucket));
  }

  /** Let the units that were begun end, then forget keys and items and let the next tab in. */
  close(): Promise<void> {
    this.#closing ??= this.#units.run(() => this.#forget());
    return this.#closing;
  }

  /**
   * Close and delete the store (a sign-up that failed, a device that was revoked).
   *
   * @throws UnavailableError STORE_BUSY, another tab took it over: it is that tab's now.
   */
  async destroy(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined; // held until the database is gone
    try {
      await this.close();
      if (this.#lost !== undefined) throw this.#lost;
      await Database.destroy(this.#databases, this.name);
    } finally {
      lock?.release();
    }
  }

  async #write(changes: readonly Change[]): Promise<void> {
    const database = this.#requireOurs();
    const keys = this.#keys;
    if (keys === undefined) throw closed();
    const sealed = await Promise.all(
      changes.map(async ({ kind, key, value }) =>
        value === undefined
          ? { delete: [await keys.place(kind, key)], put: [] }
          : { delete: [], put: [await keys.toRow({ kind, key, value })] },
      ),
    );
    await this.#watched(
      database.write(this.#owner, {
        put: sealed.flatMap((change) => change.put),
        delete: sealed.flatMap((change) => change.delete),
      }),
    );
    this.#memory.apply(changes);
  }

  /** Wait for a write; one that another owner refused means that we are the loser of a theft. */
  async #watched(write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (error) {
      if (error instanceof UnavailableError && error.code === Code.STORE_BUSY) this.#lose(error);
      throw error;
    }
  }

  /** Get the lock; say whether we did, if it `mayFail`. */
  async #take(
    { locks = navigator.locks }: Platform,
    { steal, mayFail = false }: Readonly<{ steal: boolean; mayFail?: boolean }>,
  ): Promise<boolean> {
    this.#lock = await WriterLock.take(locks, this.name, {
      steal,
      onStolen: () => this.#lose(taken()),
    });
    if (this.#lock === undefined && !mayFail) {
      throw new UnavailableError(Code.STORE_BUSY, "CK-550: the profile has a writer");
    }
    return this.#lock !== undefined;
  }

  async #load(database: Database, opened: Opened, passphrase: string | undefined): Promise<void> {
    const { unlock, rows } = await database.claim(this.#owner);
    // Whoever had the store until now may have changed what opens it, since it was read.
    const { keys } = isSameUnlock(unlock, opened.unlock)
      ? opened
      : await openUnlock(unlock, passphrase);
    this.#memory = new Memory(await Promise.all(rows.map((row) => keys.fromRow(row))));
    this.#keys = keys;
    this.#asksForPassphrase = unlock.kind === "passphrase";
    database.onClosed(() => this.#lose(new FatalError(Code.UNAVAILABLE, "the browser closed it")));
    if (this.#lost !== undefined) throw this.#lost;
  }

  #requireOpen(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#closing !== undefined) throw closed();
  }

  /** A unit that was begun may end although the store is closing, but not if it was lost. */
  #requireOurs(): Database {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#database === undefined) throw closed();
    return this.#database;
  }

  #lose(why: VisavisError): void {
    if (this.#lost !== undefined) return;
    const wasOpen = this.#keys !== undefined;
    this.#lost = why;
    this.#forget();
    if (wasOpen) calmly(() => this.#onLost(why));
  }

  #forget(): void {
    this.#memory.wipe();
    this.#keys = undefined;
    this.#database?.close();
    this.#database = undefined;
    this.#lock?.release();
    this.#lock = undefined;
  }
}

function factoryOf({ databases = indexedDB }: Platform): IDBFactory {
  return databases;
}

async function required(factory: IDBFactory, name: string): Promise<Database> {
  const database = await Database.open(factory, name);
  if (database === undefined) {
    throw new AuthorizationError(Code.STORE_LOCKED, "there is no profile of this name");
  }
  return database;
}

function closed(): AuthorizationError {
  return new AuthorizationError(Code.STORE_LOCKED, "the store is closed");
}

function taken(): UnavailableError {
  return new UnavailableError(Code.STORE_BUSY, "CK-550: another took the profile over");
}

/** Call something that must not disturb us; its error goes where uncaught errors go. */
function calmly(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
