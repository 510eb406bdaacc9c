/**
 * The recovery code: 128 random bits on paper that open the account again (protocol.md P4).
 *
 * Written as seven groups of four in Crockford's base 32 (no I, L, O, U). The last 12 bits are a
 * checksum: a code with a typing mistake passes for another with odds of 1 in 4,096, and then opens
 * nothing. HKDF makes two things of it that say nothing about each other: a key that wraps the
 * account root, and the seed of the Ed25519 key that logs in, whose public half the server knows.
 */

import { type Bytes, concat, copy, hex, type Rng, uint, utf8, wipe } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { SHA256, SHA384 } from "./mls/kdf.ts";
import { ED25519 } from "./mls/signature.ts";

export const ENTROPY_BYTES = 16;
export const CHECKSUM_BITS = 12;
export const GROUPS = 7;
export const GROUP_CHARS = 4;

/** Put before the server's challenge when it is signed (contract of POST /v1/recovery/finish). */
export const LOGIN_LABEL = utf8("visavis recovery v1");

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARS = GROUPS * GROUP_CHARS;
const READ_AS: ReadonlyMap<string, string> = new Map([
  ["O", "0"],
  ["I", "1"],
  ["L", "1"],
]);
/** What a person may put between characters: spaces, dashes, line ends. */
const SKIPPED = /[\p{Zs}\p{Pd}\p{Pc}\p{Cc}\p{Cf}]/gu;

/** A recovery code; printing it shows nothing, `toText` is what the person writes down. */
export class RecoveryCode {
  readonly #entropy: Bytes;

  /**
   * @param entropy 16 random bytes.
   * @throws UsageError Another length.
   */
  constructor(entropy: Uint8Array) {
    if (entropy.length !== ENTROPY_BYTES) {
      throw new UsageError("a recovery code has 16 bytes of entropy");
    }
    this.#entropy = copy(entropy);
  }

  /** Make a fresh code. */
  static generate(rng: Rng): RecoveryCode {
    return new RecoveryCode(rng(ENTROPY_BYTES));
  }

  /**
   * Read what a person typed: any case, any spaces and dashes, O for 0, I and L for 1.
   *
   * @throws PeerError `MISTYPED`: another length, another character, or the checksum is wrong.
   */
  static fromText(text: string): RecoveryCode {
    const chars = [...text.normalize("NFKC").toUpperCase().replaceAll(SKIPPED, "")];
    if (chars.length !== CHARS) throw mistyped(`a recovery code has ${CHARS} characters`);
    let number = 0n;
    for (const char of chars) {
      const value = ALPHABET.indexOf(READ_AS.get(char) ?? char);
      if (value < 0) throw mistyped("a character that recovery codes do not have");
      number = (number << 5n) | BigInt(value);
    }
    const entropy = uint(number >> BigInt(CHECKSUM_BITS), ENTROPY_BYTES);
    if (BigInt.asUintN(CHECKSUM_BITS, number) !== checksum(entropy)) {
      throw mistyped("the checksum of a recovery code is wrong");
    }
    return new RecoveryCode(entropy);
  }

  /** Return the code in seven groups of four characters with hyphens between. */
  toText(): string {
    const number = (integer(this.#entropy) << BigInt(CHECKSUM_BITS)) | checksum(this.#entropy);
    const chars = Array.from({ length: CHARS }, (_, i) =>
      ALPHABET.charAt(Number((number >> BigInt(5 * (CHARS - 1 - i))) & 31n)),
    );
    const groups = Array.from({ length: GROUPS }, (_, i) =>
      chars.slice(GROUP_CHARS * i, GROUP_CHARS * (i + 1)).join(""),
    );
    return groups.join("-");
  }

  /** Return the 32-byte secret for `keywrap.ts` with `ROOT_BY_RECOVERY`. */
  wrapKey(): Bytes {
    return this.#derive("visavis recovery wrap v1");
  }

  /** Return the 32-byte Ed25519 private key that answers the server's challenge. */
  loginPrivateKey(): Bytes {
    return this.#derive("visavis recovery login v1");
  }

  /** Return the 32-byte public key that the server keeps. */
  async loginPublicKey(): Promise<Bytes> {
    return ED25519.publicKey(this.loginPrivateKey());
  }

  /**
   * Sign a login challenge of the server.
   *
   * @returns 64 bytes of Ed25519 signature over `LOGIN_LABEL` and the challenge.
   */
  async signChallenge(challenge: Uint8Array): Promise<Bytes> {
    return ED25519.sign(this.loginPrivateKey(), concat(LOGIN_LABEL, challenge));
  }

  #derive(info: string): Bytes {
    const prk = SHA384.extract(new Uint8Array(), this.#entropy);
    const key = SHA384.expand(prk, utf8(info), 32);
    wipe(prk);
    return key;
  }
}

function integer(data: Uint8Array): bigint {
  return BigInt(`0x${hex(data)}`);
}

function checksum(entropy: Uint8Array): bigint {
  const digest = SHA256.hash(concat(utf8("visavis recovery checksum v1"), entropy));
  return integer(digest.subarray(0, 2)) >> BigInt(16 - CHECKSUM_BITS);
}

function mistyped(why: string): PeerError {
  return new PeerError(Code.MISTYPED, why);
}
