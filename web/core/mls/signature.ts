/**
 * The signature schemes of the suites: Ed25519, Ed448 (RFC 8032) and ECDSA with a P-curve.
 *
 * Private keys are the 32 or 57 byte seed, or the scalar in the curve's fixed length; public keys
 * are raw, or the uncompressed point; ECDSA signatures are DER (RFC 9420, 5.1.2). Not called
 * directly: everything MLS signs goes through `Suite.signWithLabel`.
 */

import { ed448 } from "@noble/curves/ed448.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { type Bytes, copy, type Rng } from "../bytes.ts";
import { ensure } from "./checks.ts";
import { littleEndian, type Weierstrass } from "./curves.ts";
import { importPrivate, importPublic, once } from "./webcrypto.ts";

/** What a suite asks of a signature scheme. */
export interface Signature {
  /** Make a private key. */
  generate(rng: Rng): Bytes;
  /** Compute the public key (CK-016). */
  publicKey(privateKey: Bytes): Promise<Bytes>;
  /** Sign (CK-016). */
  sign(privateKey: Bytes, message: Bytes): Promise<Bytes>;
  /** Reject unless the signature is good (CK-011, CK-014). */
  verify(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<void>;
}

/** Ed25519 or Ed448. */
export class EdDsa implements Signature {
  readonly #name: "Ed25519" | "Ed448";
  readonly #noble: typeof ed25519;
  readonly #size: number;
  readonly #isNative: () => Promise<boolean>;

  constructor(name: "Ed25519" | "Ed448", noble: typeof ed25519) {
    this.#name = name;
    this.#noble = noble;
    this.#size = noble.lengths.secretKey ?? 0;
    // By verification, not by comparison: some runtimes mix randomness into the nonce.
    this.#isNative = once(async () => {
      const privateKey = new Uint8Array(this.#size).fill(7);
      const publicKey = await this.publicKey(privateKey);
      const good = await this.#signByRuntime(privateKey, publicKey);
      const bad = await this.#signByRuntime(privateKey, privateKey);
      return (
        noble.verify(good, publicKey, publicKey) &&
        (await this.#verifyByRuntime(publicKey, publicKey, good)) &&
        !(await this.#verifyByRuntime(publicKey, publicKey, bad))
      );
    });
  }

  /** Make a private key: a seed. */
  generate(rng: Rng): Bytes {
    return rng(this.#size);
  }

  /** By `@noble`: WebCrypto gives a public key only with a text copy of the private one (JWK). */
  async publicKey(privateKey: Bytes): Promise<Bytes> {
    ensure("CK-016", privateKey.length === this.#size);
    return copy(this.#noble.getPublicKey(privateKey));
  }

  async sign(privateKey: Bytes, message: Bytes): Promise<Bytes> {
    ensure("CK-016", privateKey.length === this.#size);
    if (await this.#isNative()) return this.#signByRuntime(privateKey, message);
    return copy(this.#noble.sign(message, privateKey));
  }

  async verify(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<void> {
    ensure("CK-011", publicKey.length === this.#size);
    ensure("CK-014", signature.length === 2 * this.#size && !this.#isSmall(publicKey));
    ensure("CK-014", !this.#isSmall(signature.subarray(0, this.#size)));
    ensure("CK-014", await this.#isGood(publicKey, message, signature));
  }

  async #isGood(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
    try {
      if (await this.#isNative()) return await this.#verifyByRuntime(publicKey, message, signature);
      return this.#noble.verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false; // a runtime that throws for what is no point of the curve
    }
  }

  /**
   * Tell whether an encoded point is of small order, in any encoding.
   *
   * Under such a key one signature fits every message. Runtimes differ in refusing it, as key and
   * as first half of a signature, and a member could split the group along that difference.
   */
  #isSmall(point: Uint8Array): boolean {
    const { p } = this.#noble.Point.CURVE();
    const y = (littleEndian(point) % 2n ** BigInt(8 * this.#size - 1)) % p;
    return SMALL_Y.has(y) || SMALL_Y.has(p - y);
  }

  async #signByRuntime(privateKey: Bytes, message: Bytes): Promise<Bytes> {
    const key = await importPrivate(this.#name, privateKey, "sign");
    return new Uint8Array(await crypto.subtle.sign(this.#name, key, message));
  }

  async #verifyByRuntime(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
    const key = await importPublic(this.#name, publicKey, ["verify"]);
    return crypto.subtle.verify(this.#name, key, signature, message);
  }
}

/**
 * y of the points of small order, up to its sign: orders 4, 1 and 2, and Ed25519's order 8. The last
 * is the y of no small point of Ed448, but of none that anybody meets by chance either.
 */
const SMALL_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
]);

/** ECDSA with a P-curve and the hash of its size; the nonce is RFC 6979's. */
export class Ecdsa implements Signature {
  readonly #curve: Weierstrass;

  constructor(curve: Weierstrass) {
    this.#curve = curve;
  }

  /** Make a private key by rejection (each try succeeds with at least 1/2). */
  generate(rng: Rng): Bytes {
    for (;;) {
      const privateKey = this.#curve.mask(rng(this.#curve.privateSize));
      if (this.#curve.isScalar(privateKey)) return privateKey;
    }
  }

  async publicKey(privateKey: Bytes): Promise<Bytes> {
    return this.#curve.publicKey(privateKey);
  }

  async sign(privateKey: Bytes, message: Bytes): Promise<Bytes> {
    ensure("CK-016", this.#curve.isScalar(privateKey));
    return copy(this.#curve.ecdsa.sign(message, privateKey, { format: "der", lowS: false }));
  }

  async verify(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<void> {
    this.#curve.checkPublicKey(publicKey);
    // What is not DER verifies as false; either half of the range of s is good (RFC 9420, 5.1.2).
    const options = { format: "der", lowS: false } as const;
    ensure("CK-014", this.#curve.ecdsa.verify(signature, message, publicKey, options));
  }
}

export const ED25519 = new EdDsa("Ed25519", ed25519);
export const ED448 = new EdDsa("Ed448", ed448);
