/**
 * What the runtime's WebCrypto can do, asked once per algorithm.
 *
 * WebCrypto comes first (its X25519, Ed25519 and ML-KEM are ten times faster than JavaScript, and
 * their timing does not depend on secrets); `@noble` stands in where an algorithm is missing. A
 * runtime "has" an algorithm if it gives the answer that `@noble` gives, so a half-made
 * implementation counts as none. Not for AES-GCM and SHA-2: every runtime has those. What `@noble`
 * draws by itself blinds its computations and leaves no trace in the results.
 */

import { type Bytes, concat, fromHex, wipe } from "../bytes.ts";

/** Curves whose private keys WebCrypto imports from the bare key, wrapped in constant DER. */
export type CurveName = "X25519" | "X448" | "Ed25519" | "Ed448";

/** PrivateKeyInfo up to the key itself (RFC 8410, 7). */
const PKCS8_HEAD: Readonly<Record<CurveName, Bytes>> = {
  X25519: fromHex("302e020100300506032b656e04220420"),
  X448: fromHex("3046020100300506032b656f043a0438"),
  Ed25519: fromHex("302e020100300506032b657004220420"),
  Ed448: fromHex("3047020100300506032b6571043b0439"),
};

/**
 * Make a question that is put to the runtime when first needed, and never again.
 *
 * @param trial Resolves to whether the answer was right; a rejection means no.
 */
export function once(trial: () => Promise<boolean>): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined;
  return () => {
    answer ??= trial().catch(() => false);
    return answer;
  };
}

/** Import a private key for one use; it cannot be exported again. */
export async function importPrivate(
  curve: CurveName,
  privateKey: Bytes,
  use: "deriveBits" | "sign",
): Promise<CryptoKey> {
  const pkcs8 = concat(PKCS8_HEAD[curve], privateKey);
  try {
    return await crypto.subtle.importKey("pkcs8", pkcs8, curve, false, [use]);
  } finally {
    wipe(pkcs8);
  }
}

/** Import a raw public key for one use. */
export function importPublic(
  curve: CurveName,
  publicKey: Bytes,
  uses: readonly "verify"[],
): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", publicKey, curve, false, uses);
}

/** The newest part of WebCrypto: not in every runtime, nor in TypeScript's types. */
type WithPublicKeys = Readonly<{
  getPublicKey?: (key: CryptoKey, uses: readonly string[]) => Promise<CryptoKey>;
}>;

/** Return the public key of a private one, or undefined where the runtime cannot tell. */
export async function publicKeyOf(
  key: CryptoKey,
  uses: readonly "encapsulateBits"[],
): Promise<CryptoKey | undefined> {
  const subtle: SubtleCrypto & WithPublicKeys = crypto.subtle;
  return subtle.getPublicKey?.(key, uses);
}
