/**
 * Diffie-Hellman over the five curves of the suites, with the checks that keep it contributory.
 *
 * Montgomery curves: a public key of small order gives a secret that everybody knows, so it is
 * refused when it is *received*, not when somebody first encrypts to it: a member who planted one
 * in the tree could otherwise stop everyone's commits. NIST curves: only the uncompressed form,
 * only points on the curve, only scalars in 1 .. order - 1 (RFC 9180, 7.1.2 to 7.1.4); they serve
 * suites 2, 5 and 7, which the product does not use, and are `@noble`'s throughout, because
 * WebCrypto neither imports a bare scalar nor gives its public key.
 */

import type { ECDSA } from "@noble/curves/abstract/weierstrass.js";
import { x448 } from "@noble/curves/ed448.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { type Bytes, copy, equal, hex } from "../bytes.ts";
import { ensure, refusal } from "./checks.ts";
import { importPrivate, importPublic, once, publicKeyOf } from "./webcrypto.ts";

/** What DHKEM asks of a group. */
export interface Curve {
  /** Bytes of a private key. */
  readonly privateSize: number;
  /** Whether not every string of `privateSize` bytes is a private key. */
  readonly rejectsScalars: boolean;
  /** Clear the bits above the order's length. */
  mask(candidate: Bytes): Bytes;
  /** Tell whether this is a private key. */
  isScalar(privateKey: Bytes): boolean;
  /** Compute the public key (CK-016). */
  publicKey(privateKey: Bytes): Promise<Bytes>;
  /** Refuse what is not a public key of full order (CK-011, CK-012). */
  checkPublicKey(publicKey: Bytes): void;
  /** Compute our public key and the shared secret. */
  agree(privateKey: Bytes, publicKey: Bytes): Promise<Agreement>;
}

export type Agreement = readonly [ownPublicKey: Bytes, shared: Bytes];

/** The functions of RFC 7748 for one curve, on checked keys. */
type Ladder = Pick<Curve, "publicKey" | "agree">;

type MontgomeryName = "X25519" | "X448";

/** Take a curve from the runtime; no key need be exportable. */
function runtimeLadder(name: MontgomeryName, base: Bytes): Ladder {
  const derive = async (key: CryptoKey, other: CryptoKey) => {
    const bits = await crypto.subtle.deriveBits({ name, public: other }, key, 8 * base.length);
    return new Uint8Array(bits);
  };
  const ownOf = async (key: CryptoKey) => {
    const own = await publicKeyOf(key, []);
    // A third of the time of the product with the base point, which every runtime can do.
    if (own !== undefined) return new Uint8Array(await crypto.subtle.exportKey("raw", own));
    return derive(key, await importPublic(name, base, []));
  };
  return {
    async publicKey(privateKey) {
      return ownOf(await importPrivate(name, privateKey, "deriveBits"));
    },
    async agree(privateKey, publicKey) {
      const [key, other] = await Promise.all([
        importPrivate(name, privateKey, "deriveBits"),
        importPublic(name, publicKey, []),
      ]);
      return Promise.all([ownOf(key), derive(key, other)]);
    },
  };
}

function nobleLadder(noble: typeof x25519): Ladder {
  return {
    async publicKey(privateKey) {
      return copy(noble.getPublicKey(privateKey));
    },
    async agree(privateKey, publicKey) {
      const shared = copy(noble.getSharedSecret(privateKey, publicKey));
      return [copy(noble.getPublicKey(privateKey)), shared];
    },
  };
}

/** Read a little-endian number. */
export function littleEndian(data: Uint8Array): bigint {
  return BigInt(`0x${hex(data.toReversed())}`);
}

/** X25519 or X448 (RFC 7748). */
export class Montgomery implements Curve {
  readonly privateSize: number;
  readonly rejectsScalars = false;
  readonly #prime: bigint;
  readonly #small: ReadonlySet<bigint>;
  readonly #runtime: Ladder;
  readonly #noble: Ladder;
  readonly #isNative: () => Promise<boolean>;

  constructor(
    name: MontgomeryName,
    noble: typeof x25519,
    parameters: Readonly<{ prime: bigint; base: number; small: readonly bigint[] }>,
  ) {
    const base = new Uint8Array(noble.lengths.publicKey ?? 0);
    base[0] = parameters.base;
    this.privateSize = base.length;
    this.#prime = parameters.prime;
    this.#small = new Set(parameters.small);
    this.#runtime = runtimeLadder(name, base);
    this.#noble = nobleLadder(noble);
    this.#isNative = once(async () => {
      const privateKey = new Uint8Array(base.length).fill(7);
      const own = await this.#noble.publicKey(privateKey);
      const native = await this.#runtime.publicKey(privateKey);
      const answers = [native, ...(await this.#runtime.agree(privateKey, base))];
      return answers.every((answer) => equal(answer, own));
    });
  }

  /** Return `candidate`: clamping is part of the function itself. */
  mask(candidate: Bytes): Bytes {
    return candidate;
  }

  /** Tell whether the length is right: every string of it is a key. */
  isScalar(privateKey: Bytes): boolean {
    return privateKey.length === this.privateSize;
  }

  async publicKey(privateKey: Bytes): Promise<Bytes> {
    ensure("CK-016", this.isScalar(privateKey));
    return (await this.#ladder()).publicKey(privateKey);
  }

  /** Refuse a wrong length (CK-011) and small order in any encoding (CK-012). */
  checkPublicKey(publicKey: Bytes): void {
    ensure("CK-011", publicKey.length === this.privateSize);
    // X25519 ignores the top bit (RFC 7748, 5); X448 has none to spare.
    const u =
      this.privateSize === 32 ? littleEndian(publicKey) % 2n ** 255n : littleEndian(publicKey);
    ensure("CK-012", !this.#small.has(u % this.#prime));
  }

  /** Small orders are refused (RFC 7748, 6). */
  async agree(privateKey: Bytes, publicKey: Bytes): Promise<Agreement> {
    this.checkPublicKey(publicKey);
    ensure("CK-016", this.isScalar(privateKey));
    return (await this.#ladder()).agree(privateKey, publicKey);
  }

  async #ladder(): Promise<Ladder> {
    return (await this.#isNative()) ? this.#runtime : this.#noble;
  }
}

/** P-256, P-384 or P-521. */
export class Weierstrass implements Curve {
  readonly privateSize: number;
  readonly rejectsScalars = true;
  readonly ecdsa: ECDSA;
  readonly #topMask: number;

  constructor(ecdsa: ECDSA, topMask: number) {
    this.privateSize = ecdsa.Point.Fn.BYTES;
    this.ecdsa = ecdsa;
    this.#topMask = topMask;
  }

  /** Clear the bits above the order's length (P-521 has 7 of them). */
  mask(candidate: Bytes): Bytes {
    const masked = copy(candidate);
    masked[0] = (masked[0] ?? 0) & this.#topMask;
    return masked;
  }

  /** Tell whether this is a scalar in 1 .. order - 1, in its fixed length. */
  isScalar(privateKey: Bytes): boolean {
    return privateKey.length === this.privateSize && this.ecdsa.utils.isValidSecretKey(privateKey);
  }

  /** Compute the public key, uncompressed. */
  async publicKey(privateKey: Bytes): Promise<Bytes> {
    ensure("CK-016", this.isScalar(privateKey));
    return copy(this.ecdsa.getPublicKey(privateKey, false));
  }

  /** Refuse what is not an uncompressed point of the curve (CK-011). */
  checkPublicKey(publicKey: Bytes): void {
    ensure("CK-011", publicKey.length === 1 + 2 * this.privateSize && publicKey[0] === 4);
    try {
      this.ecdsa.Point.fromBytes(publicKey).assertValidity();
    } catch {
      throw refusal("CK-011");
    }
  }

  /** The shared secret is the x coordinate of the shared point. */
  async agree(privateKey: Bytes, publicKey: Bytes): Promise<Agreement> {
    this.checkPublicKey(publicKey);
    const own = await this.publicKey(privateKey);
    const point = this.ecdsa.getSharedSecret(privateKey, publicKey, false);
    return [own, copy(point.subarray(1, 1 + this.privateSize))];
  }
}

const P25519 = 2n ** 255n - 19n;
const P448_PRIME = 2n ** 448n - 2n ** 224n - 1n;

export const X25519 = new Montgomery("X25519", x25519, {
  prime: P25519,
  base: 9,
  small: [
    0n,
    1n,
    P25519 - 1n,
    // The two points of order 8.
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  ],
});
export const X448 = new Montgomery("X448", x448, {
  prime: P448_PRIME,
  base: 5,
  small: [0n, 1n, P448_PRIME - 1n],
});
export const P256 = new Weierstrass(p256, 0xff);
export const P384 = new Weierstrass(p384, 0xff);
export const P521 = new Weierstrass(p521, 0x01);
