/** The classes behind `fake-indexeddb`, to watch them and to make them fail. */

import {
  IDBDatabase as Database,
  IDBObjectStore as ObjectStore,
  IDBTransaction as Transaction,
} from "fake-indexeddb";
import { insecureForTestsCheapKdf } from "../../client/unlock.ts";

export const FDBDatabase = Database;
export const FDBObjectStore = ObjectStore;
export const FDBTransaction = Transaction;
/** A transaction of theirs can be told why it fails. */
export type FDBTransaction = IDBTransaction & { _abort(name: string): void };
export const kdf = insecureForTestsCheapKdf();
