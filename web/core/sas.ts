/**
 * Short strings that two people compare: four words in a call, six digits when pairing (P11, P3).
 *
 * Short means that somebody in the middle who may try until strings match would succeed in minutes.
 * So both sides bind themselves before either can compute the string:
 *
 *     1. one side sends SHA-256(its nonce)      `commit`
 *     2. the other side sends its nonce in the clear
 *     3. the first reveals its nonce            `checkReveal`
 *     string = HKDF-SHA-384(secret || both nonces)
 *
 * Whoever sits in the middle must fix its nonces towards both sides before it sees what they make of
 * them: one try per call, odds 1 in 4,294,967,296 for the words (32 bits), and one try per pairing,
 * 1 in 1,000,000 for the digits. A failed try is visible: the people read out different words.
 *
 * The words come from a list of 256 that were chosen to differ in sound and spelling (`words.ts`).
 */

import { type Bytes, concat, equal, hex, uint, utf8 } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { Digest, type Nonce32 } from "./ids.ts";
import { SHA384 } from "./mls/kdf.ts";
import { SAS_WORDS } from "./words.ts";

/** Words shown; each carries 8 bits. Fewer are sooner read and sooner guessed. */
export const WORDS = 4;

const COMMIT_LABEL = utf8("visavis sas commit v1\0");
const WORDS_LABEL = "visavis sas words v1";
const DIGITS_LABEL = "visavis pairing digits v1";

/** Return the commitment to a nonce: SHA-256 with a label. */
export function commit(nonce: Nonce32): Digest {
  return Digest.sha256(concat(COMMIT_LABEL, nonce));
}

/**
 * Check that a revealed nonce is the one committed to.
 *
 * @throws PeerError `UNEXPECTED` (CK-277). No string may be shown then: it would be their choice.
 */
export function checkReveal(commitment: Digest, nonce: Nonce32): void {
  if (!equal(commit(nonce), commitment)) {
    throw new PeerError(Code.UNEXPECTED, "CK-277 revealed nonce is not the one committed to");
  }
}

/**
 * Return the four words of a call, the same on both sides.
 *
 * @param epochAuthenticator Of the call group's present epoch (RFC 9420, 8.7).
 * @param callerNonce Committed to in `call.invite`, revealed by `call.reveal`.
 * @param calleeNonce From `call.accept`.
 * @throws UsageError No epoch authenticator.
 */
export function callWords(
  epochAuthenticator: Uint8Array,
  callerNonce: Nonce32,
  calleeNonce: Nonce32,
): readonly string[] {
  if (epochAuthenticator.length < 32) {
    throw new UsageError("an epoch authenticator has 32 bytes at least");
  }
  const secret = concat(epochAuthenticator, callerNonce, calleeNonce);
  return Array.from(derive(secret, WORDS_LABEL, WORDS), (value) => SAS_WORDS[value] ?? "");
}

/**
 * Return the six digits that both devices show when one is linked to the other.
 *
 * @param transcript `pairingTranscript`.
 * @param existingNonce Committed to in `pair.offer`, revealed by `pair.reveal`.
 * @param newNonce From `pair.answer`.
 * @returns Six decimal digits; 64 bits modulo a million, so no number is favoured noticeably.
 */
export function pairingDigits(
  transcript: Uint8Array,
  existingNonce: Nonce32,
  newNonce: Nonce32,
): string {
  const secret = concat(SHA384.hash(transcript), existingNonce, newNonce);
  const number = BigInt(`0x${hex(derive(secret, DIGITS_LABEL, 8))}`) % 1_000_000n;
  return String(number).padStart(6, "0");
}

/** What the pairing digits vouch for. */
export type PairingParts = Readonly<{
  /** The pairing link as text, encoded. */
  link: Uint8Array;
  /** 16 bytes. */
  existingDevice: Uint8Array;
  /** 32 bytes, the existing device's signature key. */
  existingKey: Uint8Array;
  /** 16 bytes. */
  newDevice: Uint8Array;
  /** 32 bytes, the new device's signature key. */
  newKey: Uint8Array;
}>;

/** Return what the pairing digits vouch for as bytes: the link and both devices' ids and keys. */
export function pairingTranscript(parts: PairingParts): Bytes {
  const { link, existingDevice, existingKey, newDevice, newKey } = parts;
  const ordered = [link, existingDevice, existingKey, newDevice, newKey];
  return concat(...ordered.flatMap((part) => [uint(part.length, 4), part]));
}

function derive(secret: Uint8Array, label: string, length: number): Bytes {
  return SHA384.expand(SHA384.extract(new Uint8Array(), secret), utf8(label), length);
}
