/**
 * What lies on disk of an item: a row that tells neither kind nor key nor value.
 *
 *     bucket = HMAC-SHA-256(index key, "kind" || kind)[:16]
 *     slot   = HMAC-SHA-256(index key, "slot" || length of kind || kind || key)[:16]
 *     sealed = nonce(12) || AES-256-GCM(seal key, CBOR [kind, key, value], AAD = bucket || slot)
 *
 * So names and ids of contacts can neither be read nor searched for without the keys (P4), and rows
 * cannot be swapped among each other (CK-551). What shows is how many items of one kind there are,
 * and how large each is.
 *
 * The keys are CryptoKeys that the browser will not export: script that broke in can use them while
 * it runs, and cannot carry them away. Not for: who may open the store (`store.ts`, `unlock.ts`).
 */

import { type Bytes, concat, copy, uint, utf8, wipe } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Code, FatalError } from "../core/errors.ts";

const NONCE_BYTES = 12;
const NAME_BYTES = 16;
const STORE_KEY_BYTES = 32;
const SEAL = { name: "AES-GCM", length: 256 } as const;
const INDEX = { name: "HMAC", hash: "SHA-256", length: 256 } as const;
const SEAL_USES = ["encrypt", "decrypt"] as const;
const INDEX_USES = ["sign"] as const;

/** Where a row is. */
export type Place = Readonly<{ bucket: Bytes; slot: Bytes }>;

/** One item as it lies on disk. */
export type Row = Place & Readonly<{ sealed: Bytes }>;

/** One item in clear. */
export type Plain = Readonly<{ kind: string; key: Bytes; value: Bytes }>;

/** The two keys of a store. */
export class StoreKeys {
  readonly seal: CryptoKey;
  readonly index: CryptoKey;
  /** By kind: there are a handful, and each is asked for with every item. */
  readonly #buckets = new Map<string, Bytes>();

  constructor(seal: CryptoKey, index: CryptoKey) {
    this.seal = seal;
    this.index = index;
  }

  /** Make keys that never were bytes here. */
  static async generate(): Promise<StoreKeys> {
    const [seal, index] = await Promise.all([
      crypto.subtle.generateKey(SEAL, false, SEAL_USES),
      crypto.subtle.generateKey(INDEX, false, INDEX_USES),
    ]);
    return new StoreKeys(seal, index);
  }

  /**
   * Derive them from a store key.
   *
   * @param storeKey 32 random bytes; the caller wipes them.
   */
  static async derive(storeKey: Bytes): Promise<StoreKeys> {
    if (storeKey.length !== STORE_KEY_BYTES) {
      throw new FatalError(Code.MALFORMED, "a store key has 32 bytes");
    }
    const root = await crypto.subtle.importKey("raw", storeKey, INDEX, false, INDEX_USES);
    const seal = await mac(root, utf8("visavis store seal v1"));
    const index = await mac(root, utf8("visavis store index v1"));
    try {
      return new StoreKeys(
        await crypto.subtle.importKey("raw", seal, SEAL, false, SEAL_USES),
        await crypto.subtle.importKey("raw", index, INDEX, false, INDEX_USES),
      );
    } finally {
      wipe(seal, index);
    }
  }

  /** Return where an item is. */
  async place(kind: string, key: Bytes): Promise<Place> {
    const name = utf8(kind);
    const bucket = this.#buckets.get(kind) ?? (await this.#name(utf8("kind"), name));
    this.#buckets.set(kind, bucket);
    return { bucket, slot: await this.#name(utf8("slot"), uint(name.length, 2), name, key) };
  }

  /** Return the row of an item. */
  async toRow({ kind, key, value }: Plain): Promise<Row> {
    const { bucket, slot } = await this.place(kind, key);
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const additionalData = concat(bucket, slot);
    const plain = encode([kind, key, value]);
    const sealed = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData },
      this.seal,
      plain,
    );
    wipe(plain);
    return { bucket, slot, sealed: concat(iv, new Uint8Array(sealed)) };
  }

  /**
   * Return the item of a row.
   *
   * @throws FatalError DECRYPTION (CK-551), the row was altered, moved or is another store's.
   */
  async fromRow({ bucket, slot, sealed }: Row): Promise<Plain> {
    let plain: Bytes;
    try {
      const iv = sealed.subarray(0, NONCE_BYTES);
      const additionalData = concat(bucket, slot);
      plain = new Uint8Array(
        await crypto.subtle.decrypt(
          { name: "AES-GCM", iv, additionalData },
          this.seal,
          sealed.subarray(NONCE_BYTES),
        ),
      );
    } catch {
      throw new FatalError(Code.DECRYPTION, "CK-551: an item of the store was altered");
    }
    const item = decode(plain);
    wipe(plain);
    const [kind, key, value] = isList(item) && item.length === 3 ? item : [];
    if (typeof kind !== "string" || !isBytes(key) || !isBytes(value)) {
      throw new FatalError(Code.MALFORMED, "an item of the store is not [kind, key, value]");
    }
    return { kind, key, value };
  }

  async #name(...parts: readonly Bytes[]): Promise<Bytes> {
    // A copy: what IndexedDB stores of a view is the whole buffer behind it.
    return copy((await mac(this.index, concat(...parts))).subarray(0, NAME_BYTES));
  }
}

async function mac(key: CryptoKey, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
}
