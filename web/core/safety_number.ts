/**
 * Safety number: what two people compare to know that nobody sits between them (R-23).
 *
 * Over both accounts' ids and identity keys, the same on both sides: 60 digits in twelve groups,
 * each side's half of 30 computed apart and the halves put in order.
 *
 *     h(0)   = SHA-512(label || identity key || account id)
 *     h(n)   = SHA-512(h(n-1) || identity key)                   ROUNDS times
 *     half   = six numbers of five digits, each five bytes of h modulo 100,000
 *
 * Odds: somebody in the middle needs an identity key of their own whose half is the victim's: 10**30
 * keys to try (99.7 bits), each `ROUNDS` hashes of work (12.3 bits more): 112 bits. Comparing only
 * the first n groups of a half leaves 10**(5n). The QR payload holds both hashes in full, 256 bits
 * each:
 *
 *     payload = "VVSN" || 1 || 32 bytes of the shower's h || 32 bytes of the other's
 *     text    = "visavis-number:" || base64url(payload)         what the QR code says
 *
 * Synchronous: 10,000 round trips through WebCrypto would take ten times as long.
 */

import * as base64url from "./base64url.ts";
import { type Bytes, concat, equal, hex, utf8 } from "./bytes.ts";
import { Code, PeerError } from "./errors.ts";
import type { AccountId, IdentityKey } from "./ids.ts";
import { SHA512 } from "./mls/kdf.ts";

/** Hashes per half. Higher makes each try of an attacker dearer, and showing the number slower. */
export const ROUNDS = 5200;

const LABEL = utf8("visavis safety number v1\0");
const QR_MAGIC = concat(utf8("VVSN"), Uint8Array.of(1));
const SCHEME = "visavis-number:";
const HASH_BYTES = 32;
const GROUPS_PER_HALF = 6;

/** One of the two accounts. */
export type Party = Readonly<{
  accountId: AccountId;
  /** The account identity key (public). */
  identityKey: IdentityKey;
}>;

/** The safety number of two accounts as one of them shows it. */
export type SafetyNumber = Readonly<{
  /** Twelve groups of five digits; the same on both sides. */
  groups: readonly string[];
  /** Bytes for a QR code; read by the other side with `checkQr`. */
  qr: Bytes;
  /** What the QR code says; read by the other side with `checkText`. */
  text: string;
}>;

/**
 * Compute the safety number between our account and a contact's.
 *
 * @param own Our account.
 * @param contact Theirs, as pinned.
 */
export function safetyNumber(own: Party, contact: Party): SafetyNumber {
  const [ownHash, contactHash] = [fingerprint(own), fingerprint(contact)];
  // Groups have one length, so texts sort as their parts do.
  const halves = [half(ownHash), half(contactHash)].sort((a, b) =>
    a.join("") < b.join("") ? -1 : 1,
  );
  const qr = payload(ownHash, contactHash);
  return { groups: halves.flat(), qr, text: SCHEME + base64url.encode(qr) };
}

/** Return an account's half of every safety number that it is in: six groups of five digits. */
export function halfOf(party: Party): readonly string[] {
  return half(fingerprint(party));
}

/**
 * Compare a QR code on the contact's screen with what we hold.
 *
 * @param own Our account.
 * @param contact Theirs, as pinned.
 * @param scanned The payload of the code.
 * @throws PeerError `MALFORMED`, not a safety number's code; `IDENTITY_CHANGED`, it is one and does
 *   not match (CK-278): somebody may sit between the two, or it is another contact's.
 */
export function checkQr(own: Party, contact: Party, scanned: Uint8Array): void {
  const expected = payload(fingerprint(contact), fingerprint(own));
  const magic = scanned.subarray(0, QR_MAGIC.length);
  if (!equal(magic, QR_MAGIC) || scanned.length !== expected.length) {
    throw new PeerError(Code.MALFORMED, "not a safety number's QR code");
  }
  if (!equal(scanned, expected)) {
    throw new PeerError(Code.IDENTITY_CHANGED, "CK-278 safety numbers differ");
  }
}

/**
 * Compare what a QR code on the contact's screen says with what we hold.
 *
 * @param own Our account.
 * @param contact Theirs, as pinned.
 * @param text `SafetyNumber.text` of theirs, scanned or pasted.
 * @throws PeerError As `checkQr`.
 */
export function checkText(own: Party, contact: Party, text: string): void {
  const said = text.trim();
  if (!said.startsWith(SCHEME)) {
    throw new PeerError(Code.MALFORMED, "not a safety number's text");
  }
  checkQr(own, contact, base64url.decode(said.slice(SCHEME.length)));
}

function payload(shownHash: Bytes, otherHash: Bytes): Bytes {
  return concat(QR_MAGIC, shownHash.subarray(0, HASH_BYTES), otherHash.subarray(0, HASH_BYTES));
}

function fingerprint({ accountId, identityKey }: Party): Bytes {
  let digest = SHA512.hash(concat(LABEL, identityKey, accountId));
  for (let round = 0; round < ROUNDS; round++) digest = SHA512.hash(concat(digest, identityKey));
  return digest;
}

function half(hash: Bytes): readonly string[] {
  return Array.from({ length: GROUPS_PER_HALF }, (_, i) => {
    const number = Number.parseInt(hex(hash.subarray(5 * i, 5 * i + 5)), 16); // 40 bits: exact
    return String(number % 100_000).padStart(5, "0");
  });
}
