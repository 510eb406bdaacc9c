/**
 * The files of our recordings: each chunk a sealed row of its own in the profile's database, so that
 * no more than one is ever in memory.
 *
 *     row    = what `sealing.ts` makes of ["recording.chunk", number u32, chunk]
 *
 * under keys of this recording alone, which stand in its line of the book (`recordings_book.ts`), and so
 * are sealed by the store's. A passphrase that changes seals that line anew, and the rows stay; with the
 * line whatever a browser still has of deleted rows is noise.
 *
 * Not for: what chunks say (`core/vvrec.ts`), or who may be played (`recordings.ts`).
 */

import { type Bytes, concat, copy, uint } from "../core/bytes.ts";
import type { Secret32 } from "../core/ids.ts";
import type { Source } from "../core/vvrec.ts";
import { type Place, type Row, StoreKeys } from "./sealing.ts";

const KIND = "recording.chunk";

/** Where rows lie; the profile's store. */
export interface Rows {
  /** @throws UnavailableError DISK_FULL; STORE_BUSY, another page has the profile. */
  putRow(row: Row): Promise<void>;
  row(place: Place): Promise<Row | undefined>;
  /** Delete all of a bucket; throws as `putRow`. */
  dropRows(bucket: Bytes): Promise<void>;
}

/** The file of one recording, as it grows and as it is read. */
export class RecordingFile {
  readonly #rows: Rows;
  readonly #keys: StoreKeys;

  private constructor(rows: Rows, keys: StoreKeys) {
    this.#rows = rows;
    this.#keys = keys;
  }

  /**
   * Return the file that a key opens; there may be nothing in it.
   *
   * @param key Of this recording alone.
   */
  static async of(rows: Rows, key: Secret32): Promise<RecordingFile> {
    // A copy: whoever derives keys of it may overwrite it.
    return new RecordingFile(rows, await StoreKeys.derive(copy(key)));
  }

  /** Keep a chunk, the next one. Throws as `Rows.putRow`. */
  async put(number: number, chunk: Bytes): Promise<void> {
    const row = await this.#keys.toRow({ kind: KIND, key: uint(number, 4), value: chunk });
    await this.#rows.putRow(row);
  }

  /**
   * Return a chunk; undefined behind the last one.
   *
   * @throws FatalError DECRYPTION (CK-551): it was altered.
   */
  async get(number: number): Promise<Bytes | undefined> {
    const row = await this.#rows.row(await this.#keys.place(KIND, uint(number, 4)));
    return row && (await this.#keys.fromRow(row)).value;
  }

  /** Yield all chunks: the whole file, in its order. Throws as `get`. */
  async *chunks(): AsyncGenerator<Bytes, void, undefined> {
    for (let number = 0; ; number++) {
      const chunk = await this.get(number);
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** Return the file from its beginning, for whoever reads so many bytes at a time. */
  source(): Source {
    const chunks = this.chunks();
    let left: Bytes = new Uint8Array();
    return async (size) => {
      while (left.length < size) {
        const { value, done } = await chunks.next();
        if (done) break;
        left = concat(left, value);
      }
      const data = copy(left.subarray(0, size));
      left = left.subarray(size);
      return data;
    };
  }

  /** Delete it. Harmless when repeated. Throws as `Rows.dropRows`. */
  async remove(): Promise<void> {
    await this.#rows.dropRows((await this.#keys.place(KIND, uint(0, 4))).bucket);
  }
}
