/**
 * HPKE base mode (RFC 9180), single shot: seal, open, and the secret export external joins need.
 *
 * Not for streams: one message per encapsulation.
 */

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type Bytes, concat, copy, type Rng, utf8, wipe } from "../bytes.ts";
import { refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import type { Kdf } from "./kdf.ts";
import type { Kem } from "./kem.ts";

type Transform = (key: Bytes, nonce: Bytes, aad: Bytes, input: Bytes) => Promise<Bytes>;

/** An AEAD with a 12-byte nonce and a full 16-byte tag. */
export class Aead {
  readonly aeadId: number;
  /** Bytes of a key. */
  readonly nk: number;
  /** Bytes of a nonce. */
  readonly nn = 12;
  /** Encrypt and authenticate. */
  readonly seal: Transform;
  readonly #decrypt: Transform;

  constructor(aeadId: number, nk: number, encrypt: Transform, decrypt: Transform) {
    this.aeadId = aeadId;
    this.nk = nk;
    this.seal = encrypt;
    this.#decrypt = decrypt;
  }

  /** Decrypt (CK-015). */
  async open(key: Bytes, nonce: Bytes, aad: Bytes, ciphertext: Bytes): Promise<Bytes> {
    try {
      return await this.#decrypt(key, nonce, aad, ciphertext);
    } catch {
      throw refusal("CK-015");
    }
  }
}

/** WebCrypto always: AES in JavaScript reads tables at secret places. */
function aesGcm(use: "encrypt" | "decrypt"): Transform {
  return async (key, nonce, aad, input) => {
    const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, [use]);
    const parameters = { name: "AES-GCM", iv: nonce, additionalData: aad };
    return new Uint8Array(await crypto.subtle[use](parameters, imported, input));
  };
}

/** `@noble` always: constant in time as it is, and no suite of the product. */
function chacha(use: "encrypt" | "decrypt"): Transform {
  return async (key, nonce, aad, input) => copy(chacha20poly1305(key, nonce, aad)[use](input));
}

export const AES128 = new Aead(1, 16, aesGcm("encrypt"), aesGcm("decrypt"));
export const AES256 = new Aead(2, 32, aesGcm("encrypt"), aesGcm("decrypt"));
export const CHACHA = new Aead(3, 32, chacha("encrypt"), chacha("decrypt"));

const NOTHING: Bytes = new Uint8Array();

/** One HPKE suite: KEM, KDF and AEAD. */
export class Hpke {
  readonly #kem: Kem;
  readonly #kdf: Kdf;
  readonly #aead: Aead;
  readonly #id: Bytes;
  /** Base mode has no PSK, so the hash of its id is a constant of the suite. */
  readonly #pskHash: Bytes;

  constructor(kem: Kem, kdf: Kdf, aead: Aead) {
    this.#kem = kem;
    this.#kdf = kdf;
    this.#aead = aead;
    this.#id = concat(utf8("HPKE-v1HPKE"), ...[kem.kemId, kdf.kdfId, aead.aeadId].map(codec.u16));
    this.#pskHash = this.#extract(NOTHING, "psk_id_hash", NOTHING);
  }

  #extract(salt: Bytes, label: string, ikm: Bytes): Bytes {
    return this.#kdf.extract(salt, concat(this.#id, utf8(label), ikm));
  }

  #expand(prk: Bytes, label: string, info: Bytes, size: number): Bytes {
    return this.#kdf.expand(prk, concat(codec.u16(size), this.#id, utf8(label), info), size);
  }

  /** Return secret and key schedule context of base mode (RFC 9180, 5.1); `shared` is spent. */
  #context(shared: Bytes, info: Bytes): readonly [secret: Bytes, context: Bytes] {
    const infoHash = this.#extract(NOTHING, "info_hash", info);
    const secret = this.#extract(shared, "secret", NOTHING);
    wipe(shared);
    return [secret, concat(codec.u8(0), this.#pskHash, infoHash)];
  }

  #key(shared: Bytes, info: Bytes): readonly [key: Bytes, nonce: Bytes] {
    const [secret, context] = this.#context(shared, info);
    const key = this.#expand(secret, "key", context, this.#aead.nk);
    const nonce = this.#expand(secret, "base_nonce", context, this.#aead.nn);
    wipe(secret);
    return [key, nonce];
  }

  #exported(shared: Bytes, info: Bytes, label: string, size: number): Bytes {
    const [secret, context] = this.#context(shared, info);
    const exporter = this.#expand(secret, "exp", context, this.#kdf.nh);
    const exported = this.#expand(exporter, "sec", utf8(label), size);
    wipe(secret, exporter);
    return exported;
  }

  /** Encrypt to a public key. */
  async seal(
    publicKey: Bytes,
    info: Bytes,
    plaintext: Bytes,
    rng: Rng,
  ): Promise<readonly [encapsulation: Bytes, ciphertext: Bytes]> {
    const [shared, encapsulation] = await this.#kem.encapsulate(publicKey, rng);
    const [key, nonce] = this.#key(shared, info);
    const ciphertext = await this.#aead.seal(key, nonce, NOTHING, plaintext);
    wipe(key);
    return [encapsulation, ciphertext];
  }

  /** Decrypt (CK-015). */
  async open(
    privateKey: Bytes,
    encapsulation: Bytes,
    info: Bytes,
    ciphertext: Bytes,
  ): Promise<Bytes> {
    const shared = await this.#kem.decapsulate(encapsulation, privateKey);
    const [key, nonce] = this.#key(shared, info);
    try {
      return await this.#aead.open(key, nonce, NOTHING, ciphertext);
    } finally {
      wipe(key);
    }
  }

  /** Make a secret shared with a public key's holder. */
  async sendExport(
    publicKey: Bytes,
    info: Bytes,
    label: string,
    size: number,
    rng: Rng,
  ): Promise<readonly [encapsulation: Bytes, secret: Bytes]> {
    const [shared, encapsulation] = await this.#kem.encapsulate(publicKey, rng);
    return [encapsulation, this.#exported(shared, info, label, size)];
  }

  /** Recover the secret of `sendExport`. */
  async receiveExport(
    privateKey: Bytes,
    encapsulation: Bytes,
    info: Bytes,
    label: string,
    size: number,
  ): Promise<Bytes> {
    const shared = await this.#kem.decapsulate(encapsulation, privateKey);
    return this.#exported(shared, info, label, size);
  }
}
