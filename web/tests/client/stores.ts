/** Stores for tests: each in an IndexedDB of its own, and what lies in it. */

import { IDBFactory } from "fake-indexeddb";
import { Store, type StoreOptions } from "../../client/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { VisavisError } from "../../core/errors.ts";

let made = 0;

/** A place for databases, and a name that no other test's lock has. */
export class Device {
  readonly databases = new IDBFactory();
  readonly name: string;

  constructor() {
    made += 1;
    this.name = `profile ${made}`;
  }

  create(options: StoreOptions = {}): Promise<Store> {
    return Store.create(this.name, { databases: this.databases, ...options });
  }

  open(options: StoreOptions = {}): Promise<Store> {
    return Store.open(this.name, { databases: this.databases, ...options });
  }

  /** Open the database as a thief would. */
  async raw(): Promise<IDBDatabase> {
    return asked(this.databases.open(this.name));
  }

  /** Everything in the database, as bytes: each buffer whole, whatever a view shows of it. */
  async dump(): Promise<Uint8Array> {
    const db = await this.raw();
    const parts: Uint8Array[] = [];
    for (const name of db.objectStoreNames) {
      const store = db.transaction(name).objectStore(name);
      const [keys, values] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
      collect([name, keys, values], parts);
    }
    db.close();
    return Buffer.concat(parts);
  }
}

/** Wait for a request. */
export function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function collect(value: unknown, parts: Uint8Array[]): void {
  if (value instanceof ArrayBuffer) parts.push(new Uint8Array(value));
  else if (ArrayBuffer.isView(value)) collect(value.buffer, parts);
  else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      parts.push(Buffer.from(`${key}\n`));
      collect(inner, parts);
    }
  } else parts.push(Buffer.from(`${value}\n`));
}

/** Return what a promise was rejected with, as code and detail. */
export async function refusal(promise: Promise<unknown>): Promise<VisavisError> {
  const error = await promise.then(
    () => new Error("was not refused"),
    (reason: unknown) => reason,
  );
  if (error instanceof VisavisError) return error;
  throw error;
}

/** Write one item. */
export function put(store: Store, kind: string, key: Bytes, value: Bytes): Promise<void> {
  return store.transaction((unit) => unit.put(kind, key, value));
}
