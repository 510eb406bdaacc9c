/**
 * A file as one encrypted blob (protocol.md P1, P8; docs/protocol/files.md).
 *
 *     blob  = salt(28) || chunk 0 || chunk 1 || ... || chunk n-1        n = bucket / 65,536
 *     key   = HKDF-SHA-384(file key, salt, "visavis file v1" 0x00 || SHA-256 of the file || size u64)
 *     chunk = AES-256-GCM(key, nonce = 0^8 || i u32, AAD = "visavis file v1" 0x00 || i u32 || n u32,
 *                         65,520 bytes of the file, the last ones filled up with zeros)
 *
 * A blob is exactly one of the server's sizes: it sees a bucket and nothing else. The file key is
 * fresh for each file and travels only inside the message; the salt is fresh for each blob, so no
 * nonce ever comes twice even if a key did. Index and count are bound to each chunk, hash and length
 * to the key: chunks cannot be swapped, dropped, doubled or taken from another file. AES-GCM alone
 * does not commit to its key; the hash in the message does.
 *
 * Nothing is handed out before everything was checked.
 */

import { type Bytes, concat, copy, equal, type Rng, uint, utf8, wipe } from "./bytes.ts";
import { Code, PeerError } from "./errors.ts";
import { MAX_FILE_BYTES } from "./file_type.ts";
import { Digest, type FileKey } from "./ids.ts";
import { SHA256, SHA384 } from "./mls/kdf.ts";

/** Of ciphertext, tag included. Smaller ones cost more tags, larger ones more memory at a time. */
export const CHUNK_BYTES = 65_536;
export const PLAIN_BYTES = CHUNK_BYTES - 16;
/** What the server's sizes have over a multiple of the chunk size. */
export const SALT_BYTES = 28;
export const BUCKETS = [256, 1024, 4096, 8192, 16_384, 25_600].map((kib) => kib * 1024);

const LABEL = utf8("visavis file v1\0");

/** What is told on the way, and what breaks it off. */
export type FileWork = Readonly<{
  /** Told how many bytes are done, of how many in all. */
  onProgress?: (done: number, total: number) => void;
  /** Ends the work; its reason is thrown. */
  signal?: AbortSignal;
}>;

/**
 * Return how many chunks a file of this many bytes has: those of the least bucket it fits.
 *
 * @throws PeerError TOO_LARGE (CK-301), also for a file without any byte.
 */
export function chunkCount(size: number): number {
  const count = BUCKETS.map((bucket) => bucket / CHUNK_BYTES).find((n) => size <= n * PLAIN_BYTES);
  if (size < 1 || size > MAX_FILE_BYTES || count === undefined) {
    throw new PeerError(Code.TOO_LARGE, "CK-301: a file has from 1 to 25,000,000 bytes");
  }
  return count;
}

/** Return how long the blob of a file is; throws as `chunkCount`. */
export function blobSize(size: number): number {
  return SALT_BYTES + chunkCount(size) * CHUNK_BYTES;
}

/** Return the SHA-256 of a file. */
export async function digestOf(data: Bytes): Promise<Digest> {
  return new Digest(await SHA256.digest(data));
}

/**
 * Encrypt a file.
 *
 * @param data Its content, already stripped.
 * @param key Fresh, for this file only.
 * @param rng For the salt.
 * @returns The blob: `blobSize(data.length)` bytes.
 * @throws PeerError TOO_LARGE (CK-301).
 */
export async function sealFile(
  data: Bytes,
  key: FileKey,
  rng: Rng,
  work: FileWork = {},
): Promise<Bytes> {
  const count = chunkCount(data.length);
  const salt = rng(SALT_BYTES);
  const cipher = await cipherOf(key, salt, await digestOf(data), data.length);
  const out = new Uint8Array(blobSize(data.length));
  out.set(salt);
  for (let index = 0; index < count; index++) {
    const plain = new Uint8Array(PLAIN_BYTES);
    plain.set(data.subarray(index * PLAIN_BYTES, (index + 1) * PLAIN_BYTES));
    const sealed = await crypto.subtle.encrypt(bound(index, count), cipher, plain);
    out.set(new Uint8Array(sealed), SALT_BYTES + index * CHUNK_BYTES);
    step(work, index + 1, count, data.length);
  }
  return out;
}

/**
 * Decrypt a file and check everything about it.
 *
 * @param blob As the server gave it.
 * @param key From the message.
 * @param digest SHA-256 of the file, from the message.
 * @param size Bytes of the file, from the message.
 * @throws PeerError DECRYPTION: the blob has another length than such a file's (CK-296), a chunk does
 *   not open (CK-297), something follows the file (CK-298), it is another file than the message
 *   speaks of (CK-299). TOO_LARGE (CK-301). Nothing is handed out.
 */
export async function openFile(
  blob: Bytes,
  key: FileKey,
  digest: Digest,
  size: number,
  work: FileWork = {},
): Promise<Bytes> {
  if (blob.length !== blobSize(size)) {
    throw refused("CK-296: the blob is not as long as the file asks");
  }
  const count = chunkCount(size);
  const cipher = await cipherOf(key, blob.subarray(0, SALT_BYTES), digest, size);
  const out = new Uint8Array(count * PLAIN_BYTES);
  for (let index = 0; index < count; index++) {
    const at = SALT_BYTES + index * CHUNK_BYTES;
    const chunk = blob.subarray(at, at + CHUNK_BYTES);
    let plain: ArrayBuffer;
    try {
      plain = await crypto.subtle.decrypt(bound(index, count), cipher, chunk);
    } catch {
      throw refused("CK-297: a part of the file does not open");
    }
    out.set(new Uint8Array(plain), index * PLAIN_BYTES);
    step(work, index + 1, count, size);
  }
  // CK-298: bytes that nobody sees are where something else travels along.
  if (out.subarray(size).some((byte) => byte !== 0)) {
    throw refused("CK-298: something follows the file");
  }
  const data = out.subarray(0, size);
  if (!equal(await digestOf(data), digest)) {
    throw refused("CK-299: not the file the message speaks of");
  }
  return data;
}

function refused(why: string): PeerError {
  return new PeerError(Code.DECRYPTION, why);
}

function step({ onProgress, signal }: FileWork, done: number, count: number, size: number): void {
  signal?.throwIfAborted();
  onProgress?.(Math.min(size, Math.round((size * done) / count)), size);
}

async function cipherOf(
  key: FileKey,
  salt: Uint8Array,
  digest: Digest,
  size: number,
): Promise<CryptoKey> {
  const prk = SHA384.extract(salt, key);
  const raw = SHA384.expand(prk, concat(LABEL, digest, uint(size, 8)), 32);
  const cipher = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
  wipe(prk, raw);
  return cipher;
}

function bound(index: number, count: number): AesGcmParams {
  const additionalData = concat(LABEL, uint(index, 4), uint(count, 4));
  return { name: "AES-GCM", iv: copy(uint(index, 12)), additionalData };
}
