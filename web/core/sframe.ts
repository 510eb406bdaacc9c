/**
 * SFrame, RFC 9605: one encrypted media frame, its header and its keys, in every suite.
 *
 * What it is: the header codec (section 4.3), key derivation (4.4.2), encryption and decryption of
 * one frame (4.4.3, 4.4.4) and the ciphers (4.5). Suites 6 to 8 are the 256-bit siblings of 1 to 3
 * from draft-barnes-sframe-iana-256; the official vectors hold them, so this module has them too.
 *
 * What it is not for: choosing keys, counting frames or refusing replays. That is `frame_keys.ts`,
 * which also refuses every suite but the product's (`PRODUCT_SUITE`).
 *
 *     frame  =  header || ciphertext || tag
 *     header =  config byte || KID (0-8 bytes) || CTR (0-8 bytes)
 *     config =  X K K K  Y C C C      X=0: KID is KKK itself; X=1: KID follows in KKK+1 bytes
 *                                     (Y and CCC say the same of CTR)
 *
 * KID and CTR have 64 bits, so both are `bigint` here. AES is WebCrypto's, whose calls are promises.
 */

import { type Bytes, concat, equal, hex, uint, utf8, wipe } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { type Kdf, SHA256, SHA512 } from "./mls/kdf.ts";

/** Nn of every suite, in bytes (RFC 9605, 4.5). */
export const NONCE_LENGTH = 12;

/** The largest KID or CTR a header can carry (RFC 9605, 4.3). */
export const MAX_FIELD = 2n ** 64n - 1n;

/** AES_256_GCM_SHA512_128, the one suite Visavis sends and accepts. */
export const PRODUCT_SUITE = 5;

/** One row of the SFrame cipher suite registry. */
export type Suite = Readonly<{
  /** The registry's name. */
  name: string;
  /** Hash of the key derivation, and of HMAC where the suite has one. */
  kdf: Kdf;
  /** Nk, bytes. */
  keyLength: number;
  /** Nt, bytes. */
  tagLength: number;
  /** Nka, bytes of AES-CTR key at the front of the key; 0 means AES-GCM. */
  cipherKeyLength: number;
}>;

export const SUITES: ReadonlyMap<number, Suite> = new Map(
  (
    [
      [1, "AES_128_CTR_HMAC_SHA256_80", SHA256, 48, 10, 16],
      [2, "AES_128_CTR_HMAC_SHA256_64", SHA256, 48, 8, 16],
      [3, "AES_128_CTR_HMAC_SHA256_32", SHA256, 48, 4, 16],
      [4, "AES_128_GCM_SHA256_128", SHA256, 16, 16, 0],
      [5, "AES_256_GCM_SHA512_128", SHA512, 32, 16, 0],
      [6, "AES_256_CTR_HMAC_SHA512_80", SHA512, 96, 10, 32],
      [7, "AES_256_CTR_HMAC_SHA512_64", SHA512, 96, 8, 32],
      [8, "AES_256_CTR_HMAC_SHA512_32", SHA512, 96, 4, 32],
    ] as const
  ).map(([id, name, kdf, keyLength, tagLength, cipherKeyLength]) => [
    id,
    { name, kdf, keyLength, tagLength, cipherKeyLength },
  ]),
);

/**
 * Return the parameters of a suite (RFC 9605, 4.5).
 *
 * @throws UsageError No such suite.
 */
export function suiteOf(suite: number): Suite {
  const found = SUITES.get(suite);
  if (found === undefined) throw new UsageError("no such SFrame suite");
  return found;
}

function encodeField(value: bigint): readonly [nibble: number, encoded: Bytes] {
  if (value < 0n || value > MAX_FIELD) throw new UsageError("an SFrame header field has 64 bits");
  if (value < 8n) return [Number(value), new Uint8Array()];
  const size = Math.ceil(value.toString(16).length / 2);
  return [8 | (size - 1), uint(value, size)];
}

/**
 * Encode an SFrame header in its shortest form (RFC 9605, 4.3).
 *
 * @param kid Key id, 0 to 2**64-1.
 * @param ctr Frame counter, 0 to 2**64-1.
 * @returns 1 to 17 bytes.
 * @throws UsageError A value does not fit 64 bits.
 */
export function encodeHeader(kid: bigint, ctr: bigint): Bytes {
  const [kidNibble, kidBytes] = encodeField(kid);
  const [ctrNibble, ctrBytes] = encodeField(ctr);
  return concat(Uint8Array.of((kidNibble << 4) | ctrNibble), kidBytes, ctrBytes);
}

/** What the header at the front of a frame says. */
export type Header = Readonly<{
  kid: bigint;
  ctr: bigint;
  /** Its length in bytes, 1 to 17. */
  length: number;
}>;

/**
 * Decode the header at the front of a frame (RFC 9605, 4.3).
 *
 * @param data An SFrame frame, or its beginning; what follows the header is not looked at.
 * @throws PeerError `MALFORMED`: cut short (CK-200), or longer than it needs to be (CK-201).
 */
export function decodeHeader(data: Uint8Array): Header {
  const [config] = data;
  if (config === undefined) throw new PeerError(Code.MALFORMED, "CK-200: no SFrame header");
  const [kid, ctrAt] = decodeField(config >> 4, data, 1);
  const [ctr, length] = decodeField(config & 15, data, ctrAt);
  return { kid, ctr, length };
}

function decodeField(
  nibble: number,
  data: Uint8Array,
  at: number,
): readonly [value: bigint, next: number] {
  if (nibble < 8) return [BigInt(nibble), at];
  const next = at + (nibble & 7) + 1;
  if (next > data.length) {
    throw new PeerError(Code.MALFORMED, "CK-200: SFrame header cut short");
  }
  const encoded = data.subarray(at, next);
  const value = BigInt(`0x${hex(encoded)}`);
  // CK-201: one header has one spelling, else a relay could mark frames by respelling them.
  if (encoded[0] === 0 || value < 8n) {
    throw new PeerError(Code.MALFORMED, "CK-201: SFrame header is not in its shortest form");
  }
  return [value, next];
}

/** How many bits of a KID go to the epoch (E) and to the leaf (S); the context has the rest. */
export type KidBits = Readonly<{ epochBits: number; leafBits: number }>;

/**
 * Return the KID of an MLS member's frames (RFC 9605, 5.2).
 *
 * @param epoch MLS epoch; only its `epochBits` low bits go in.
 * @param leaf The sender's leaf index, below 2**leafBits.
 * @param context Distinguishes a sender's encoders and transports.
 * @throws UsageError A value is out of range.
 */
export function mlsKid(
  epoch: bigint,
  leaf: number,
  context: number,
  { epochBits, leafBits }: KidBits,
): bigint {
  const fits = Number.isSafeInteger(leaf) && Number.isSafeInteger(context);
  if (!fits || epoch < 0n || leaf < 0 || leaf >= 2 ** leafBits || context < 0) {
    throw new UsageError("epoch, leaf or context out of range for an SFrame KID");
  }
  const senderBits = (BigInt(context) << BigInt(leafBits)) | BigInt(leaf);
  return (senderBits << BigInt(epochBits)) | BigInt.asUintN(epochBits, epoch);
}

/** Return the HKDF label of the key (RFC 9605, 4.4.2). */
export function keyLabel(suite: number, kid: bigint): Bytes {
  return concat(utf8("SFrame 1.0 Secret key "), uint(kid, 8), uint(suite, 2));
}

/** Return the HKDF label of the salt (RFC 9605, 4.4.2). */
export function saltLabel(suite: number, kid: bigint): Bytes {
  return concat(utf8("SFrame 1.0 Secret salt "), uint(kid, 8), uint(suite, 2));
}

/** Return `sframe_secret` = HKDF-Extract("", baseKey) (RFC 9605, 4.4.2). */
export function deriveSecret(suite: number, baseKey: Uint8Array): Bytes {
  return suiteOf(suite).kdf.extract(new Uint8Array(), baseKey);
}

/**
 * Derive key and salt of one KID from a base key (RFC 9605, 4.4.2).
 *
 * @param suite 1 to 8.
 * @param kid Key id, 0 to 2**64-1.
 * @param baseKey From MLS: `MLS-Exporter("SFrame 1.0 Base Key", "", Nk)` (RFC 9605, 5.2).
 * @throws UsageError No such suite, or the KID does not fit.
 */
export function deriveKey(
  suite: number,
  kid: bigint,
  baseKey: Uint8Array,
): Readonly<{ key: Bytes; salt: Bytes }> {
  const { kdf, keyLength } = suiteOf(suite);
  if (kid < 0n || kid > MAX_FIELD) throw new UsageError("an SFrame KID has 64 bits");
  const secret = deriveSecret(suite, baseKey);
  const key = kdf.expand(secret, keyLabel(suite, kid), keyLength);
  const salt = kdf.expand(secret, saltLabel(suite, kid), NONCE_LENGTH);
  wipe(secret);
  return { key, salt };
}

/** A suite's AEAD (RFC 9605, 4.5) under one key. */
export interface Cipher {
  /**
   * Encrypt.
   *
   * @param nonce 12 bytes, never used before with this key.
   * @param associatedData Authenticated, not encrypted.
   * @returns Ciphertext || tag.
   */
  seal(nonce: Bytes, associatedData: Bytes, plaintext: Bytes): Promise<Bytes>;
  /**
   * Decrypt what `seal` made.
   *
   * @throws PeerError `DECRYPTION`: cut short, or the tag does not fit (CK-203).
   */
  unseal(nonce: Bytes, associatedData: Bytes, data: Bytes): Promise<Bytes>;
}

/**
 * Make the cipher of a suite for a key of Nk bytes.
 *
 * @throws UsageError No such suite, or the key has another length.
 */
export async function cipherOf(suite: number, key: Bytes): Promise<Cipher> {
  const parameters = suiteOf(suite);
  if (key.length !== parameters.keyLength) throw new UsageError("an SFrame key has Nk bytes");
  return parameters.cipherKeyLength === 0 ? gcm(key) : ctrHmac(parameters, key);
}

function badTag(): PeerError {
  return new PeerError(Code.DECRYPTION, "CK-203: SFrame tag");
}

async function gcm(key: Bytes): Promise<Cipher> {
  const uses = ["encrypt", "decrypt"] as const;
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, uses);
  return {
    async seal(iv, additionalData, plaintext) {
      const parameters = { name: "AES-GCM", iv, additionalData };
      return new Uint8Array(await crypto.subtle.encrypt(parameters, imported, plaintext));
    },
    async unseal(iv, additionalData, data) {
      const parameters = { name: "AES-GCM", iv, additionalData };
      try {
        return new Uint8Array(await crypto.subtle.decrypt(parameters, imported, data));
      } catch {
        throw badTag(); // nothing else can fail: the key is imported, the nonce is ours
      }
    },
  };
}

async function ctrHmac(suite: Suite, key: Bytes): Promise<Cipher> {
  const { kdf, tagLength, cipherKeyLength } = suite;
  const raw = key.slice(0, cipherKeyLength);
  const authKey = key.slice(cipherKeyLength);
  const imported = await crypto.subtle.importKey("raw", raw, "AES-CTR", false, ["encrypt"]);
  /** Encrypt and decrypt alike (RFC 9605, 4.5.1): the counter block is the nonce and 32 zero bits. */
  const ctr = async (nonce: Bytes, data: Bytes) => {
    const counter = concat(nonce, new Uint8Array(4));
    const parameters = { name: "AES-CTR", counter, length: 32 };
    return new Uint8Array(await crypto.subtle.encrypt(parameters, imported, data));
  };
  /** The lengths keep associated data and ciphertext from sliding into each other. */
  const tag = (nonce: Bytes, aad: Bytes, ciphertext: Bytes) => {
    const lengths = [aad.length, ciphertext.length, tagLength].map((length) => uint(length, 8));
    return kdf.mac(authKey, concat(...lengths, nonce, aad, ciphertext)).slice(0, tagLength);
  };
  return {
    async seal(nonce, aad, plaintext) {
      const ciphertext = await ctr(nonce, plaintext);
      return concat(ciphertext, tag(nonce, aad, ciphertext));
    },
    async unseal(nonce, aad, data) {
      // CK-203: nothing of a frame whose tag is wrong is ever returned.
      if (data.length < tagLength) throw badTag();
      const ciphertext = data.subarray(0, data.length - tagLength);
      const given = data.subarray(ciphertext.length);
      if (!equal(given, tag(nonce, aad, ciphertext))) throw badTag();
      return ctr(nonce, ciphertext);
    },
  };
}

/** The key and salt of one KID (RFC 9605, 4.4.2). For sending or for receiving, never both. */
export class SframeKey {
  readonly suite: number;
  readonly kid: bigint;
  readonly #salt: Bytes;
  readonly #cipher: Cipher;

  private constructor(suite: number, kid: bigint, salt: Bytes, cipher: Cipher) {
    this.suite = suite;
    this.kid = kid;
    this.#salt = salt;
    this.#cipher = cipher;
  }

  /** Derive key and salt from a base key; arguments and errors as for `deriveKey`. */
  static async derive(suite: number, kid: bigint, baseKey: Uint8Array): Promise<SframeKey> {
    const { key, salt } = deriveKey(suite, kid, baseKey);
    try {
      return new SframeKey(suite, kid, salt, await cipherOf(suite, key));
    } finally {
      wipe(key);
    }
  }

  /** Return salt XOR CTR, 12 bytes (RFC 9605, 4.4.3). */
  nonce(ctr: bigint): Bytes {
    return uint(BigInt(`0x${hex(this.#salt)}`) ^ ctr, NONCE_LENGTH);
  }

  /**
   * Encrypt one frame (RFC 9605, 4.4.3).
   *
   * @param ctr Never used before with this key: a repeat gives away both frames.
   * @param metadata Authenticated with the frame, not sent by this function.
   * @param plaintext The frame.
   * @returns Header || ciphertext || tag.
   */
  async encrypt(ctr: bigint, metadata: Bytes, plaintext: Bytes): Promise<Bytes> {
    const header = encodeHeader(this.kid, ctr);
    const associatedData = concat(header, metadata);
    return concat(header, await this.#cipher.seal(this.nonce(ctr), associatedData, plaintext));
  }

  /**
   * Decrypt one frame (RFC 9605, 4.4.4).
   *
   * @param metadata The same as at the sender.
   * @param data Header || ciphertext || tag.
   * @returns CTR and plaintext. Whether CTR was seen before is the caller's question.
   * @throws PeerError `MALFORMED` header; `DECRYPTION`: another KID (CK-202) or tag (CK-203).
   */
  async decrypt(
    metadata: Bytes,
    data: Bytes,
  ): Promise<Readonly<{ ctr: bigint; plaintext: Bytes }>> {
    const { kid, ctr, length } = decodeHeader(data);
    // CK-202: a frame is only ever opened with the key that its header names.
    if (kid !== this.kid) {
      throw new PeerError(Code.DECRYPTION, "CK-202: SFrame KID of another key");
    }
    const associatedData = concat(data.subarray(0, length), metadata);
    const sealed = data.subarray(length);
    return { ctr, plaintext: await this.#cipher.unseal(this.nonce(ctr), associatedData, sealed) };
  }
}
