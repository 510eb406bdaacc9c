/**
 * Ciphersuites and MLS' labelled functions (RFC 9420, 5 and 8).
 *
 * The product negotiates `SUITE_ID` only: X-Wing (ML-KEM-768 + X25519), AES-256-GCM, SHA-384,
 * Ed25519, under a private-use number because no post-quantum suite is registered. Suites 1 to 7 of
 * the RFC exist for its official vectors and for interop tests.
 *
 * Hashes, MACs and derivations are synchronous; what uses a private key, a KEM or an AEAD returns a
 * promise. Promises that do not depend on each other should be awaited together: WebCrypto then
 * works on several threads. Randomness is drawn before the first `await`, so in the order of calls.
 */

import { type Bytes, concat, equal, type Rng, utf8 } from "../bytes.ts";
import { type CheckId, ensure } from "./checks.ts";
import * as codec from "./codec.ts";
import { P256, P384, P521, X448, X25519 } from "./curves.ts";
import { AES128, AES256, type Aead, CHACHA, Hpke } from "./hpke.ts";
import { type Kdf, SHA256, SHA384, SHA512 } from "./kdf.ts";
import { DhKem, type Kem, XWing } from "./kem.ts";
import { Ecdsa, ED448, ED25519, type Signature } from "./signature.ts";

/** The only suite the product uses. */
export const SUITE_ID = 0xf04d;

/** What `encryptWithLabel` makes: KEM output and ciphertext. */
export type Sealed = readonly [kemOutput: Bytes, ciphertext: Bytes];

/** One ciphersuite: its parts, and the functions MLS builds from them. */
export class Suite {
  readonly suiteId: number;
  readonly kem: Kem;
  /** Hash, HMAC and HKDF. */
  readonly kdf: Kdf;
  readonly aead: Aead;
  readonly signature: Signature;
  /** The KEM, KDF and AEAD together. */
  readonly hpke: Hpke;

  constructor(suiteId: number, kem: Kem, kdf: Kdf, aead: Aead, signature: Signature) {
    this.suiteId = suiteId;
    this.kem = kem;
    this.kdf = kdf;
    this.aead = aead;
    this.signature = signature;
    this.hpke = new Hpke(kem, kdf, aead);
  }

  /** Bytes of a hash and of every secret of the key schedule. */
  get nh(): number {
    return this.kdf.nh;
  }

  /** ExpandWithLabel (RFC 9420, 8). */
  expandWithLabel(secret: Bytes, label: string, context: Uint8Array, size: number): Bytes {
    return this.kdf.expand(secret, concat(codec.u16(size), labelled(label, context)), size);
  }

  /** DeriveSecret (RFC 9420, 8). */
  deriveSecret(secret: Bytes, label: string): Bytes {
    return this.expandWithLabel(secret, label, new Uint8Array(), this.nh);
  }

  /** DeriveTreeSecret (RFC 9420, 9.1). */
  deriveTreeSecret(secret: Bytes, label: string, generation: number, size: number): Bytes {
    return this.expandWithLabel(secret, label, codec.u32(generation), size);
  }

  /** RefHash (RFC 9420, 5.2). */
  refHash(label: string, value: Uint8Array): Bytes {
    return this.kdf.hash(concat(codec.opaque(utf8(label)), codec.opaque(value)));
  }

  /** SignWithLabel (RFC 9420, 5.1.2). */
  signWithLabel(privateKey: Bytes, label: string, content: Uint8Array): Promise<Bytes> {
    return this.signature.sign(privateKey, labelled(label, content));
  }

  /** VerifyWithLabel (RFC 9420, 5.1.2); rejects unless good (CK-014). */
  verifyWithLabel(
    publicKey: Bytes,
    label: string,
    content: Uint8Array,
    signature: Bytes,
  ): Promise<void> {
    return this.signature.verify(publicKey, labelled(label, content), signature);
  }

  /** EncryptWithLabel (RFC 9420, 5.1.3). */
  encryptWithLabel(
    publicKey: Bytes,
    label: string,
    context: Uint8Array,
    plaintext: Bytes,
    rng: Rng,
  ): Promise<Sealed> {
    return this.hpke.seal(publicKey, labelled(label, context), plaintext, rng);
  }

  /** DecryptWithLabel (RFC 9420, 5.1.3) (CK-015). */
  decryptWithLabel(
    privateKey: Bytes,
    label: string,
    context: Uint8Array,
    [kemOutput, ciphertext]: Sealed,
  ): Promise<Bytes> {
    return this.hpke.open(privateKey, kemOutput, labelled(label, context), ciphertext);
  }

  /** Check an HMAC tag in constant time, refusing with `ck`. */
  verifyMac(ck: CheckId, key: Bytes, data: Uint8Array, tag: Uint8Array): void {
    ensure(ck, equal(this.kdf.mac(key, data), tag));
  }
}

function labelled(label: string, content: Uint8Array): Bytes {
  return concat(codec.opaque(utf8(`MLS 1.0 ${label}`)), codec.opaque(content));
}

const DHKEM_X25519 = new DhKem(0x20, SHA256, X25519);
const DHKEM_X448 = new DhKem(0x21, SHA512, X448);
const DHKEM_P256 = new DhKem(0x10, SHA256, P256);
const DHKEM_P384 = new DhKem(0x11, SHA384, P384);
const DHKEM_P521 = new DhKem(0x12, SHA512, P521);

export const SUITES: ReadonlyMap<number, Suite> = new Map(
  [
    new Suite(1, DHKEM_X25519, SHA256, AES128, ED25519),
    new Suite(2, DHKEM_P256, SHA256, AES128, new Ecdsa(P256)),
    new Suite(3, DHKEM_X25519, SHA256, CHACHA, ED25519),
    new Suite(4, DHKEM_X448, SHA512, AES256, ED448),
    new Suite(5, DHKEM_P521, SHA512, AES256, new Ecdsa(P521)),
    new Suite(6, DHKEM_X448, SHA512, CHACHA, ED448),
    new Suite(7, DHKEM_P384, SHA384, AES256, new Ecdsa(P384)),
    new Suite(SUITE_ID, new XWing(), SHA384, AES256, ED25519),
  ].map((suite) => [suite.suiteId, suite]),
);

/**
 * Look a suite up.
 *
 * @throws PeerError It is not one of ours (CK-010).
 */
export function suiteOf(suiteId: number): Suite {
  const suite = SUITES.get(suiteId);
  ensure("CK-010", suite);
  return suite;
}

/**
 * Make a private signature key for a suite (32 bytes for `SUITE_ID`).
 *
 * @throws PeerError Unknown suite (CK-010).
 */
export function generateSignatureKey(suiteId: number, rng: Rng): Bytes {
  return suiteOf(suiteId).signature.generate(rng);
}

/**
 * Compute the public key of a private signature key.
 *
 * @throws PeerError Unknown suite (CK-010) or not a private key of it (CK-016).
 */
export async function signaturePublicKey(suiteId: number, privateKey: Bytes): Promise<Bytes> {
  return suiteOf(suiteId).signature.publicKey(privateKey);
}
