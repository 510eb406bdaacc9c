/**
 * How the local store key is wrapped by a passphrase: Argon2id, AES-256-GCM (P4).
 *
 * History opens with the server away, and nothing on disk tells the passphrase. Not for: the
 * account's own wraps (`core/keywrap.ts`), which hang on OPAQUE and the recovery code.
 *
 * Argon2id is WebAssembly (`hash-wasm`), and loaded only by those who chose a passphrase.
 */

import { type Bytes, concat, copy, type Rng, utf8, wipe } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Code, FatalError, PeerError, UnavailableError, UsageError } from "../core/errors.ts";
import { AES256 } from "../core/mls/hpke.ts";

const AAD = utf8("visavis local store wrap v1");
const VERSION = 1;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** The key-encryption key is fresh (new salt), so the nonce may be constant. */
const NONCE: Bytes = new Uint8Array(12);

/**
 * Argon2id parameters (RFC 9106).
 *
 * Higher costs a thief of the profile more per guess, and the person more time per start: three
 * passes over 64 MiB take half a second to a second here (RFC 9106, 4, second choice).
 */
export type Kdf = Readonly<{ passes: number; memoryKib: number; lanes: number }>;

export const KDF: Kdf = { passes: 3, memoryKib: 64 * 1024, lanes: 1 };

/** Return parameters that anybody can guess through; for tests only. */
export function insecureForTestsCheapKdf(): Kdf {
  return { passes: 1, memoryKib: 8, lanes: 1 };
}

/** Return the passphrase in the one form that is hashed (NFKC, NIST SP 800-63B 3.1.1.2). */
export function normalise(passphrase: string): string {
  return passphrase.normalize("NFKC");
}

/** The store key under one passphrase. */
export class KeyWrap {
  readonly kdf: Kdf;
  readonly #salt: Bytes;
  readonly #sealed: Bytes;

  constructor(kdf: Kdf, salt: Bytes, sealed: Bytes) {
    this.kdf = kdf;
    this.#salt = salt;
    this.#sealed = sealed;
  }

  /**
   * Wrap a key under a passphrase; takes the time of the hash.
   *
   * @throws UsageError The passphrase is empty.
   * @throws UnavailableError There is no memory for the hash, or it could not be loaded.
   */
  static async make(passphrase: string, key: Bytes, rng: Rng, kdf: Kdf): Promise<KeyWrap> {
    if (passphrase === "") throw new UsageError("an empty passphrase");
    const salt = rng(SALT_BYTES);
    const wrapping = await derive(passphrase, salt, kdf);
    try {
      return new KeyWrap(kdf, salt, await AES256.seal(wrapping, NONCE, aad(kdf, salt), key));
    } finally {
      wipe(wrapping);
    }
  }

  /**
   * Return the key, or undefined if the passphrase is another; takes the time of the hash.
   *
   * @throws UnavailableError As `make`.
   */
  async unwrap(passphrase: string): Promise<Bytes | undefined> {
    if (passphrase === "") return undefined;
    const wrapping = await derive(passphrase, this.#salt, this.kdf);
    try {
      return await AES256.open(wrapping, NONCE, aad(this.kdf, this.#salt), this.#sealed);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return undefined;
    } finally {
      wipe(wrapping);
    }
  }

  /** Return the stored form. */
  toBytes(): Bytes {
    return encode([VERSION, parameters(this.kdf), this.#salt, this.#sealed]);
  }

  /**
   * Read the stored form.
   *
   * @throws FatalError MALFORMED.
   */
  static fromBytes(data: Bytes): KeyWrap {
    const value = decode(data);
    const [version, kdf, salt, sealed] = isList(value) && value.length === 4 ? value : [];
    const [passes, memoryKib, lanes] = isList(kdf) && kdf.length === 3 ? kdf : [];
    if (
      version !== VERSION ||
      typeof passes !== "number" ||
      typeof memoryKib !== "number" ||
      typeof lanes !== "number" ||
      !isBytes(salt) ||
      !isBytes(sealed)
    ) {
      throw new FatalError(Code.MALFORMED, "the profile's key wrap cannot be read");
    }
    return new KeyWrap({ passes, memoryKib, lanes }, salt, sealed);
  }
}

function parameters({ passes, memoryKib, lanes }: Kdf): number[] {
  return [passes, memoryKib, lanes];
}

function aad(kdf: Kdf, salt: Bytes): Bytes {
  return concat(AAD, encode([...parameters(kdf), salt]));
}

/**
 * Return 32 bytes of key; takes the time of the hash.
 *
 * @throws UnavailableError There is no memory for the hash, or it could not be loaded.
 */
export async function derive(passphrase: string, salt: Bytes, kdf: Kdf): Promise<Bytes> {
  const password = utf8(normalise(passphrase));
  try {
    const { argon2id } = await import("hash-wasm");
    const key = await argon2id({
      password,
      salt,
      iterations: kdf.passes,
      memorySize: kdf.memoryKib,
      parallelism: kdf.lanes,
      hashLength: KEY_BYTES,
      outputType: "binary",
    });
    return copy(key);
  } catch {
    // Too little memory, or the part of the page that hashes did not come.
    throw new UnavailableError(Code.UNAVAILABLE, "the passphrase could not be hashed");
  } finally {
    wipe(password);
  }
}
