/**
 * Envelopes: content sealed afresh for one mailbox, in four sizes (docs/protocol/envelope.md).
 *
 *     envelope = nonce(12) || AES-256-GCM(seal key, nonce, AAD = mailbox id, padded content)
 *     padded   = content || 0x80 || 0x00 ...                        (ISO/IEC 7816-4)
 *
 * An envelope is exactly 1, 8, 64 or 256 KiB, seal included. A server that holds two envelopes with
 * the same content for two mailboxes sees unrelated bytes. Content larger than fits is not split
 * here: it goes as an encrypted blob, by reference.
 *
 * Not for: naming the sender. Who sealed it is told by the key that opens it, and proven by the MLS
 * message inside.
 */

import { type Bytes, concat, copy, type Rng } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import type { MailboxId } from "./ids.ts";
import { AES256 } from "./mls/hpke.ts";

/** Sizes of an envelope in bytes. More buckets waste less and tell an observer more. */
export const BUCKETS: readonly number[] = [1024, 8192, 65_536, 262_144];

export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
/** Seal and the one byte of padding that is always there. */
export const OVERHEAD = NONCE_BYTES + TAG_BYTES + 1;

/** Bytes of content in the largest envelope. */
export const MAX_CONTENT = Math.max(...BUCKETS) - OVERHEAD;

/**
 * Seal keys tried for one envelope. Higher serves more contacts per device; each costs one
 * decryption (0.1 to 1 ms, by the size of the envelope) for everything that arrives.
 */
export const MAX_SEAL_KEYS = 1024;

const PAD = 0x80;

/** What was inside an envelope, and the name of the key that opened it. */
export type Opened<Name> = Readonly<{
  /** The caller's name for the seal key: which contact, or which invite. */
  name: Name;
  /** The plaintext without padding. */
  content: Bytes;
}>;

/**
 * Seal content for one mailbox.
 *
 * @param mailbox Where it goes; authenticated, so that it opens in no other mailbox.
 * @param sealKey 32 bytes from the contact address.
 * @param content At most `MAX_CONTENT` bytes.
 * @param rng For the nonce. Random nonces of 96 bits hold for 2**32 envelopes per key.
 * @returns Exactly one of `BUCKETS` bytes, the smallest that fits.
 * @throws PeerError `TOO_LARGE`.
 */
export function seal(
  mailbox: MailboxId,
  sealKey: Bytes,
  content: Uint8Array,
  rng: Rng,
): Promise<Bytes> {
  return sealBytes(sealKey, mailbox, content, rng);
}

/**
 * Seal and pad content as `seal` does, bound to any associated data (sequencer commits, blobs).
 *
 * @throws PeerError `TOO_LARGE`.
 */
export async function sealBytes(
  key: Bytes,
  associatedData: Bytes,
  content: Uint8Array,
  rng: Rng,
): Promise<Bytes> {
  return await sealToSize(key, associatedData, content, bucketFor(content.length), rng);
}

/** Seal content and pad it, so that the whole has `size` bytes: `OVERHEAD` more, or longer. */
export async function sealToSize(
  key: Bytes,
  associatedData: Bytes,
  content: Uint8Array,
  size: number,
  rng: Rng,
): Promise<Bytes> {
  const padded = pad(content, size - NONCE_BYTES - TAG_BYTES);
  const nonce = rng(NONCE_BYTES);
  return concat(nonce, await AES256.seal(checkedKey(key), nonce, associatedData, padded));
}

/**
 * Return the size of the envelope that will hold so many bytes of content.
 *
 * @throws PeerError `TOO_LARGE`.
 */
export function bucketFor(contentBytes: number): number {
  const size = BUCKETS.find((bucket) => contentBytes + OVERHEAD <= bucket);
  if (size === undefined) {
    throw new PeerError(Code.TOO_LARGE, "content beyond the largest envelope");
  }
  return size;
}

/**
 * Open an envelope with whichever of our seal keys fits.
 *
 * Every key is tried, also after one fitted: the time taken tells how many keys there are and how
 * large the envelope is, not which contact sent it, nor whether any did (CK-255).
 *
 * @param mailbox The mailbox it was taken from.
 * @param sealKeys Our name for each key we have given out -> 32 bytes; at most `MAX_SEAL_KEYS`.
 * @param envelope As it arrived.
 * @throws PeerError `MALFORMED` for a size that is no bucket (CK-253); `DECRYPTION` if no key fits,
 *   if two do, or if the padding is wrong: one answer for all three.
 * @throws UsageError More than `MAX_SEAL_KEYS` keys.
 */
export async function openEnvelope<Name>(
  mailbox: MailboxId,
  sealKeys: ReadonlyMap<Name, Bytes>,
  envelope: Bytes,
): Promise<Opened<Name>> {
  // CK-253: sizes between the buckets would let a sender mark envelopes for an observer.
  if (!BUCKETS.includes(envelope.length)) {
    throw new PeerError(Code.MALFORMED, "CK-253 envelope size is no bucket");
  }
  if (sealKeys.size > MAX_SEAL_KEYS) throw new UsageError("too many seal keys for one mailbox");
  const found: Opened<Name>[] = [];
  // One after the other: at once, WebCrypto would hold a copy of the envelope for each key.
  for (const [name, key] of sealKeys) {
    const padded = await decrypt(key, mailbox, envelope);
    if (padded !== null) found.push({ name, content: padded });
  }
  // CK-254: AES-GCM does not commit to its key, so somebody who holds two of our addresses can make
  // one envelope that opens under both keys. Which contact it counts for must not be theirs to blur.
  const [opened] = found;
  if (opened === undefined || found.length !== 1) {
    throw new PeerError(Code.DECRYPTION, "CK-254 no seal key fits, or more than one");
  }
  return { name: opened.name, content: unpad(opened.content) };
}

/**
 * Open what `sealBytes` made.
 *
 * @throws PeerError `MALFORMED` for a size that is no bucket (CK-253), else `DECRYPTION`.
 */
export async function openBytes(key: Bytes, associatedData: Bytes, sealed: Bytes): Promise<Bytes> {
  if (!BUCKETS.includes(sealed.length)) {
    throw new PeerError(Code.MALFORMED, "CK-253 sealed size is no bucket");
  }
  return await openAnySize(key, associatedData, sealed, "CK-254 the key does not fit");
}

/**
 * Open what `sealToSize` made; which sizes there are its callers know.
 *
 * @throws PeerError `DECRYPTION`, with `refusal` as its detail if the key does not fit.
 */
export async function openAnySize(
  key: Bytes,
  associatedData: Bytes,
  sealed: Bytes,
  refusal: string,
): Promise<Bytes> {
  const padded = await decrypt(key, associatedData, sealed);
  if (padded === null) throw new PeerError(Code.DECRYPTION, refusal);
  return unpad(padded);
}

async function decrypt(key: Bytes, associatedData: Bytes, sealed: Bytes): Promise<Bytes | null> {
  const [nonce, ciphertext] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)];
  try {
    return await AES256.open(checkedKey(key), nonce, associatedData, ciphertext);
  } catch (error) {
    if (error instanceof PeerError) return null;
    throw error;
  }
}

/** Pad content to `size` bytes, which leave room for one more than it has. */
export function pad(content: Uint8Array, size: number): Bytes {
  const padded = new Uint8Array(size);
  padded.set(content);
  padded[content.length] = PAD;
  return padded;
}

/**
 * Take the padding off what was decrypted.
 *
 * @throws PeerError `DECRYPTION` (CK-256), as for a key that does not fit.
 */
export function unpad(padded: Uint8Array): Bytes {
  // CK-256: only a holder of the key gets here, so this is no padding oracle; it stops content
  // whose end would be read differently by two decoders.
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== PAD) throw new PeerError(Code.DECRYPTION, "CK-256 padding");
  return copy(padded.subarray(0, end));
}

function checkedKey(key: Bytes): Bytes {
  if (key.length !== 32) throw new UsageError("seal keys have 32 bytes");
  return key;
}
