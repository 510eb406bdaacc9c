/**
 * The KEMs of the suites: DHKEM of RFC 9180 over five curves, and X-Wing.
 *
 * X-Wing (draft-connolly-cfrg-xwing-kem) joins ML-KEM-768 and X25519 so that either one alone keeps
 * the secret. All randomness comes from the caller, with one exception that WebCrypto leaves no
 * choice in: where the runtime has ML-KEM, its encapsulation coins are drawn inside it.
 */

import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { type Bytes, concat, copy, equal, type Rng, utf8, wipe } from "../bytes.ts";
import { UsageError } from "../errors.ts";
import { ensure } from "./checks.ts";
import * as codec from "./codec.ts";
import { type Curve, X25519 } from "./curves.ts";
import type { Kdf } from "./kdf.ts";
import { once, publicKeyOf } from "./webcrypto.ts";

export type KeyPair = readonly [privateKey: Bytes, publicKey: Bytes];
export type Encapsulated = readonly [shared: Bytes, encapsulation: Bytes];

/** What HPKE asks of a key encapsulation mechanism (RFC 9180, 4). */
export interface Kem {
  /** Id in the HPKE registry. */
  readonly kemId: number;
  /** Bytes of a private key, and of the input to `deriveKeyPair`. */
  readonly nsk: number;
  /** Derive a key pair deterministically. */
  deriveKeyPair(ikm: Bytes): Promise<KeyPair>;
  /** Compute the public key of a private one (CK-016). */
  publicKey(privateKey: Bytes): Promise<Bytes>;
  /** Refuse a public key nobody could safely encrypt to (CK-011, CK-012). */
  checkPublicKey(publicKey: Bytes): void;
  /** Make a shared secret for the holder of `publicKey`. */
  encapsulate(publicKey: Bytes, rng: Rng): Promise<Encapsulated>;
  /** Recover the shared secret. */
  decapsulate(encapsulation: Bytes, privateKey: Bytes): Promise<Bytes>;
}

const NOTHING: Bytes = new Uint8Array();

/** DHKEM(curve, HKDF) of RFC 9180, 4.1 and 7.1. */
export class DhKem implements Kem {
  readonly kemId: number;
  readonly nsk: number;
  readonly #kdf: Kdf;
  readonly #curve: Curve;
  readonly #id: Bytes;

  constructor(kemId: number, kdf: Kdf, curve: Curve) {
    this.kemId = kemId;
    this.nsk = curve.privateSize;
    this.#kdf = kdf;
    this.#curve = curve;
    this.#id = concat(utf8("HPKE-v1KEM"), codec.u16(kemId));
  }

  #extract(label: string, ikm: Bytes): Bytes {
    return this.#kdf.extract(NOTHING, concat(this.#id, utf8(label), ikm));
  }

  #expand(prk: Bytes, label: string, info: Bytes, size: number): Bytes {
    return this.#kdf.expand(prk, concat(codec.u16(size), this.#id, utf8(label), info), size);
  }

  /** Derive a key pair from `ikm` (RFC 9180, 7.1.3). */
  async deriveKeyPair(ikm: Bytes): Promise<KeyPair> {
    const privateKey = this.#derivePrivate(ikm);
    return [privateKey, await this.publicKey(privateKey)];
  }

  #derivePrivate(ikm: Bytes): Bytes {
    const prk = this.#extract("dkp_prk", ikm);
    if (!this.#curve.rejectsScalars) return this.#expand(prk, "sk", NOTHING, this.nsk);
    for (let counter = 0; counter < 256; counter++) {
      const candidate = this.#expand(prk, "candidate", codec.u8(counter), this.nsk);
      const privateKey = this.#curve.mask(candidate);
      if (this.#curve.isScalar(privateKey)) return privateKey;
    }
    throw new UsageError("no scalar in 256 candidates: the hash is broken");
  }

  async publicKey(privateKey: Bytes): Promise<Bytes> {
    return this.#curve.publicKey(privateKey);
  }

  checkPublicKey(publicKey: Bytes): void {
    this.#curve.checkPublicKey(publicKey);
  }

  #shared(dh: Bytes, context: Bytes): Bytes {
    const prk = this.#extract("eae_prk", dh);
    const shared = this.#expand(prk, "shared_secret", context, this.#kdf.nh);
    wipe(prk, dh);
    return shared;
  }

  /** Make a shared secret with a fresh ephemeral key. */
  async encapsulate(publicKey: Bytes, rng: Rng): Promise<Encapsulated> {
    const ephemeral = this.#derivePrivate(rng(this.nsk));
    const [encapsulation, dh] = await this.#curve.agree(ephemeral, publicKey);
    wipe(ephemeral);
    return [this.#shared(dh, concat(encapsulation, publicKey)), encapsulation];
  }

  async decapsulate(encapsulation: Bytes, privateKey: Bytes): Promise<Bytes> {
    const [own, dh] = await this.#curve.agree(privateKey, encapsulation);
    return this.#shared(dh, concat(encapsulation, own));
  }
}

/** ML-KEM-768 (FIPS 203) with the 64-byte seed as private key. */
export interface MlKem {
  publicKey(seed: Bytes): Promise<Bytes>;
  encapsulate(publicKey: Bytes, coins: Bytes): Promise<Encapsulated>;
  decapsulate(ciphertext: Bytes, seed: Bytes): Promise<Bytes>;
}

/** ML-KEM in JavaScript, where the runtime has none. */
export const NOBLE_ML_KEM: MlKem = {
  async publicKey(seed) {
    const { publicKey, secretKey } = ml_kem768.keygen(seed);
    wipe(secretKey);
    return copy(publicKey);
  },
  async encapsulate(publicKey, coins) {
    const { sharedSecret, cipherText } = ml_kem768.encapsulate(publicKey, coins);
    return [copy(sharedSecret), copy(cipherText)];
  },
  async decapsulate(ciphertext, seed) {
    const { secretKey } = ml_kem768.keygen(seed);
    const shared = copy(ml_kem768.decapsulate(ciphertext, secretKey));
    wipe(secretKey);
    return shared;
  },
};

/** The part of "Modern Algorithms in the Web Cryptography API" that TypeScript does not know yet. */
type MlKemSubtle = Readonly<{
  importKey(
    format: "raw-public" | "raw-seed",
    data: Bytes,
    algorithm: "ML-KEM-768",
    extractable: boolean,
    usages: readonly ("encapsulateBits" | "decapsulateBits")[],
  ): Promise<CryptoKey>;
  exportKey(format: "raw-public", key: CryptoKey): Promise<ArrayBuffer>;
  encapsulateBits(
    algorithm: "ML-KEM-768",
    key: CryptoKey,
  ): Promise<Readonly<{ sharedKey: ArrayBuffer; ciphertext: ArrayBuffer }>>;
  decapsulateBits(algorithm: "ML-KEM-768", key: CryptoKey, ciphertext: Bytes): Promise<ArrayBuffer>;
}>;

function mlKemSubtle(): MlKemSubtle {
  return crypto.subtle as unknown as MlKemSubtle;
}

function importSeed(seed: Bytes): Promise<CryptoKey> {
  return mlKemSubtle().importKey("raw-seed", seed, "ML-KEM-768", false, ["decapsulateBits"]);
}

const RUNTIME_ML_KEM: MlKem = {
  async publicKey(seed) {
    const key = await publicKeyOf(await importSeed(seed), ["encapsulateBits"]);
    if (key === undefined) return NOBLE_ML_KEM.publicKey(seed);
    return new Uint8Array(await mlKemSubtle().exportKey("raw-public", key));
  },
  async encapsulate(publicKey) {
    const subtle = mlKemSubtle();
    const usages = ["encapsulateBits"] as const;
    const key = await subtle.importKey("raw-public", publicKey, "ML-KEM-768", false, usages);
    const { sharedKey, ciphertext } = await subtle.encapsulateBits("ML-KEM-768", key);
    return [new Uint8Array(sharedKey), new Uint8Array(ciphertext)];
  },
  async decapsulate(ciphertext, seed) {
    const key = await importSeed(seed);
    return new Uint8Array(await mlKemSubtle().decapsulateBits("ML-KEM-768", key, ciphertext));
  },
};

/** The runtime's ML-KEM counts if it makes `@noble`'s keys and each opens what the other seals. */
const hasMlKem = once(async () => {
  const seed = new Uint8Array(64).fill(7);
  const publicKey = await NOBLE_ML_KEM.publicKey(seed);
  const [ours, forRuntime] = await NOBLE_ML_KEM.encapsulate(publicKey, seed.slice(32));
  const [theirs, forNoble] = await RUNTIME_ML_KEM.encapsulate(publicKey, NOTHING);
  return (
    equal(publicKey, await RUNTIME_ML_KEM.publicKey(seed)) &&
    equal(ours, await RUNTIME_ML_KEM.decapsulate(forRuntime, seed)) &&
    equal(theirs, await NOBLE_ML_KEM.decapsulate(forNoble, seed))
  );
});

const ML_KEM_PUBLIC = 1184;
const ML_KEM_CIPHERTEXT = 1088;
const ML_KEM_PRIME = 3329;
const XWING_LABEL = utf8("\\.//^\\");

/**
 * X-Wing: ML-KEM-768 and X25519 under SHA3-256.
 *
 * A private key is the 32-byte seed from which both private keys are expanded; a public key is
 * 1184 + 32 bytes, an encapsulation 1088 + 32.
 */
export class XWing implements Kem {
  readonly kemId = 0x647a;
  readonly nsk = 32;
  readonly #mlKem: MlKem | undefined;

  /** @param mlKem For tests; otherwise the runtime's, or else `NOBLE_ML_KEM`. */
  constructor(mlKem?: MlKem) {
    this.#mlKem = mlKem;
  }

  async #ml(): Promise<MlKem> {
    return this.#mlKem ?? ((await hasMlKem()) ? RUNTIME_ML_KEM : NOBLE_ML_KEM);
  }

  /** DeriveKeyPair is SHAKE256 to the 32-byte seed. */
  async deriveKeyPair(ikm: Bytes): Promise<KeyPair> {
    const seed = copy(shake256(ikm, { dkLen: 32 }));
    return [seed, await this.publicKey(seed)];
  }

  async publicKey(privateKey: Bytes): Promise<Bytes> {
    const [seedM, skX] = expandSeed(privateKey);
    const mlKem = await this.#ml();
    const [pkM, pkX] = await Promise.all([mlKem.publicKey(seedM), X25519.publicKey(skX)]);
    wipe(seedM, skX);
    return concat(pkM, pkX);
  }

  /** Refuse a malformed ML-KEM part (FIPS 203, 7.2) or a small-order X25519 part. */
  checkPublicKey(publicKey: Bytes): void {
    const [pkM, pkX] = split(publicKey, ML_KEM_PUBLIC);
    ensure("CK-011", areReduced(pkM.subarray(0, -32)));
    X25519.checkPublicKey(pkX);
  }

  async encapsulate(publicKey: Bytes, rng: Rng): Promise<Encapsulated> {
    // The coins are drawn even where the runtime draws its own: what `rng` gives next must not
    // depend on the runtime.
    const coins = rng(64);
    this.checkPublicKey(publicKey);
    const [pkM, pkX] = split(publicKey, ML_KEM_PUBLIC);
    const mlKem = await this.#ml();
    const [[ssM, ctM], [ctX, ssX]] = await Promise.all([
      mlKem.encapsulate(pkM, coins.subarray(0, 32)),
      X25519.agree(coins.subarray(32), pkX),
    ]);
    wipe(coins);
    return [combine(ssM, ssX, ctX, pkX), concat(ctM, ctX)];
  }

  /** Recover the shared secret; a wrong ML-KEM ciphertext gives a random one (FIPS 203). */
  async decapsulate(encapsulation: Bytes, privateKey: Bytes): Promise<Bytes> {
    const [ctM, ctX] = split(encapsulation, ML_KEM_CIPHERTEXT);
    X25519.checkPublicKey(ctX); // before there are secrets to wipe
    const [seedM, skX] = expandSeed(privateKey);
    const mlKem = await this.#ml();
    const [ssM, [pkX, ssX]] = await Promise.all([
      mlKem.decapsulate(ctM, seedM),
      X25519.agree(skX, ctX),
    ]);
    wipe(seedM, skX);
    return combine(ssM, ssX, ctX, pkX);
  }
}

/** Return the seed of ML-KEM and the private key of X25519 (CK-016). */
function expandSeed(seed: Bytes): readonly [seedM: Bytes, skX: Bytes] {
  ensure("CK-016", seed.length === 32);
  const expanded = shake256(seed, { dkLen: 96 });
  const parts = [copy(expanded.subarray(0, 64)), copy(expanded.subarray(64))] as const;
  wipe(expanded);
  return parts;
}

/** Take the 32 bytes of X25519 off the end of a public key or an encapsulation (CK-011). */
function split(joined: Bytes, sizeM: number): readonly [forM: Bytes, forX: Bytes] {
  ensure("CK-011", joined.length === sizeM + 32);
  return [joined.subarray(0, sizeM), joined.subarray(sizeM)];
}

/** Tell whether all 12-bit coefficients are below the prime: the "modulus check" of FIPS 203, 7.2. */
function areReduced(packed: Uint8Array): boolean {
  for (let at = 0; at < packed.length; at += 3) {
    const middle = packed[at + 1] ?? 0;
    const one = (packed[at] ?? 0) | ((middle & 15) << 8);
    const other = (middle >> 4) | ((packed[at + 2] ?? 0) << 4);
    if (one >= ML_KEM_PRIME || other >= ML_KEM_PRIME) return false;
  }
  return true;
}

function combine(ssM: Bytes, ssX: Bytes, ctX: Bytes, pkX: Bytes): Bytes {
  const input = concat(ssM, ssX, ctX, pkX, XWING_LABEL);
  const shared = copy(sha3_256(input));
  wipe(input, ssM, ssX);
  return shared;
}
