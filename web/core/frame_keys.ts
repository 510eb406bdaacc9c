/**
 * Which key seals which frame of a call (protocol P10; RFC 9605, 5.2).
 *
 * What it is: the sending side of encrypted media, one `FrameSender` per encoder and transport. It needs
 * WebCrypto and nothing else of its surroundings, so it lives in the worker of the encoded transforms.
 * What it is not for: opening (`frame_receiver.ts`), the ciphers (`sframe.ts`), the MLS group that gives
 * base keys (`mls/`), or hooking a codec.
 *
 *     wire frame =  clear bytes || SFrame header (8 bytes, always) || ciphertext || tag (16 bytes)
 *     KID        =  context (4 bits, 1 to 15) | leaf (12 bits) | epoch mod 256 (8 bits): 3 bytes
 *     CTR        =  2**24 up to 2**32 - 1: 4 bytes
 *
 * WebCrypto answers later. Whatever an answer depends on (a CTR, a context) is taken before it is
 * waited for, and whatever it permits is asked again after.
 */

import { type Bytes, concat, copy, utf8, wipe } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { mlsKid, PRODUCT_SUITE, SframeKey, suiteOf } from "./sframe.ts";

/** What a track carries: Opus or VP8. */
export type Kind = "audio" | "video";

/** VP8 of a camera, or of a screen that is shared. */
export type PictureKind = "video" | "screen";

/** What is sealed: Opus, a picture, or a block of real-time text (`realtime_text.ts`). */
export type FrameKind = "audio" | PictureKind | "text";

export const EPOCH_BITS = 8;
export const LEAF_BITS = 12;
/** Contexts 1 to 15 keep every KID at exactly three bytes. */
export const MAX_CONTEXT = 15;

/**
 * From 2**24 on, a CTR takes four bytes, so the header never changes its length; at 50 frames a
 * second the last one comes after 2.7 years.
 */
export const FIRST_CTR = 2 ** 24;
export const LAST_CTR = 2 ** 32 - 1;

export const HEADER_LENGTH = 8;

const CLEAR_KEY_FRAME = 10;
const CLEAR_DELTA_FRAME = 1;

/** Authenticated with each block of text and not sent (RFC 9605, 4.4.3). */
const TEXT_METADATA = utf8("visavis real-time text");

/** The same of a screen, before its clear bytes: longer than what is clear of any picture. */
const SCREEN_METADATA = utf8("visavis shared screen");

/**
 * Return how many bytes at the front of an encoded frame stay readable.
 *
 * For VP8 the count comes from bit 0 of byte 0 (RFC 6386, 9.1: 0 is a key frame), which both sides
 * see, never from a frame type or trailer that a relay could forge (CK-215).
 *
 * @param kind "video" and "screen" are VP8, "audio" is Opus, "text" a block of text.
 * @param frame An encoded frame, before or after encryption.
 * @returns Audio and text 0; pictures 10 for a key frame, 1 for a delta frame.
 * @throws UsageError A picture too short to have its clear bytes.
 */
export function clearBytes(kind: FrameKind, frame: Uint8Array): number {
  if (kind === "audio" || kind === "text") return 0;
  const [first] = frame;
  if (first === undefined) throw new UsageError("an empty video frame");
  const count = (first & 1) === 1 ? CLEAR_DELTA_FRAME : CLEAR_KEY_FRAME;
  if (frame.length < count) throw new UsageError("a VP8 frame shorter than its own header");
  return count;
}

/** Return what is authenticated with a frame and not encrypted. */
export function metadata(kind: FrameKind, clear: Bytes): Bytes {
  // CK-218: a block of text opens as nothing else, and nothing else as text: whoever forwards frames
  // cannot move one from a track to the text, or back.
  if (kind === "text") return TEXT_METADATA;
  // CK-219: nor can they make a screen a camera's picture, or a picture a screen: to record the one is
  // agreed to apart from the other.
  return kind === "screen" ? concat(SCREEN_METADATA, clear) : clear;
}

/** Require the suite that carries media, and a base key of its size. */
export function checkSuite(suite: number, baseKey: Uint8Array): void {
  // CK-204: a weaker suite is refused even if everyone else would agree to it.
  if (suite !== PRODUCT_SUITE) {
    throw new PeerError(Code.WRONG_SUITE, "CK-204: only AES_256_GCM_SHA512_128 carries media");
  }
  if (baseKey.length !== suiteOf(suite).keyLength) {
    throw new UsageError("an SFrame base key has Nk bytes");
  }
}

/**
 * Encrypts the frames of one encoder on one transport in one epoch.
 *
 * Two senders with the same base key, epoch, leaf and context would repeat (key, CTR), which gives
 * both frames away: get them from one `SendingEpoch`, which never gives a context twice.
 */
export class FrameSender {
  #key: SframeKey | undefined;
  #nextCtr = FIRST_CTR;

  private constructor(key: SframeKey) {
    this.#key = key;
  }

  /**
   * Make a sender.
   *
   * @param suite `PRODUCT_SUITE`; anything else is refused.
   * @param baseKey `MLS-Exporter("SFrame 1.0 Base Key", "", 32)` of the epoch, 32 bytes.
   * @param epoch MLS epoch.
   * @param leaf Our leaf index, 0 to 4095.
   * @param context 1 to 15, new for every encoder and transport, never used twice in an epoch.
   * @throws PeerError `WRONG_SUITE` (CK-204).
   * @throws UsageError Another argument is out of range (CK-207).
   */
  static async create(
    suite: number,
    baseKey: Uint8Array,
    epoch: bigint,
    leaf: number,
    context: number,
  ): Promise<FrameSender> {
    checkSuite(suite, baseKey);
    // CK-207: context 0 would shorten the KID and share it with senders that have no context.
    if (!Number.isInteger(context) || context < 1 || context > MAX_CONTEXT) {
      throw new UsageError("CK-207: an SFrame context is 1 to 15");
    }
    const kid = mlsKid(epoch, leaf, context, { epochBits: EPOCH_BITS, leafBits: LEAF_BITS });
    return new FrameSender(await SframeKey.derive(suite, kid, baseKey));
  }

  /**
   * Encrypt one encoded frame.
   *
   * @param frame VP8, Opus or a block of text, whole.
   * @param kind What it is.
   * @returns Clear bytes || header || ciphertext || tag: the frame's length plus exactly 24.
   * @throws UsageError The counter is used up (CK-205), the key is wiped (CK-216), or the frame is
   *   too short for its codec. Nothing may be sent then.
   */
  async encrypt(frame: Bytes, kind: FrameKind): Promise<Bytes> {
    // CK-216: without a key there is no frame, never a clear one.
    if (this.#key === undefined) throw new UsageError("CK-216: this sender's key is wiped");
    // CK-205: a CTR that starts again would repeat a nonce.
    if (this.#nextCtr > LAST_CTR) {
      throw new UsageError("CK-205: this sender's frame counter is used up");
    }
    const count = clearBytes(kind, frame);
    const ctr = this.#nextCtr++;
    const clear = frame.subarray(0, count);
    const sealed = this.#key.encrypt(BigInt(ctr), metadata(kind, clear), frame.subarray(count));
    return concat(clear, await sealed);
  }

  /** Start counting later, to reach the end of the counter in a test. */
  insecureForTestsSkipTo(ctr: number): void {
    this.#nextCtr = Math.max(this.#nextCtr, ctr);
  }

  /** Drop the key; every later `encrypt` fails. */
  wipe(): void {
    this.#key = undefined;
  }
}

/** Our senders in one epoch: hands out each context once (CK-217). */
export class SendingEpoch {
  readonly #suite: number;
  readonly #epoch: bigint;
  readonly #leaf: number;
  #baseKey: Bytes | undefined;
  #contexts = 0;
  readonly #senders: FrameSender[] = [];

  /**
   * @param suite `PRODUCT_SUITE`.
   * @param baseKey As for `FrameSender`.
   * @param epoch MLS epoch.
   * @param leaf Our leaf index.
   */
  constructor(suite: number, baseKey: Uint8Array, epoch: bigint, leaf: number) {
    checkSuite(suite, baseKey);
    this.#suite = suite;
    this.#baseKey = copy(baseKey);
    this.#epoch = epoch;
    this.#leaf = leaf;
  }

  /**
   * Return a sender with a context that nobody had before.
   *
   * @throws UsageError All 15 contexts are used (a commit makes a new epoch), or wiped.
   */
  async newSender(): Promise<FrameSender> {
    const context = ++this.#contexts;
    if (this.#baseKey === undefined) throw wiped();
    const place = [this.#baseKey, this.#epoch, this.#leaf] as const;
    const sender = await FrameSender.create(this.#suite, ...place, context);
    if (this.#baseKey === undefined) throw wiped();
    this.#senders.push(sender);
    return sender;
  }

  /** Drop the keys of all senders made here. */
  wipe(): void {
    if (this.#baseKey !== undefined) wipe(this.#baseKey);
    this.#baseKey = undefined;
    for (const sender of this.#senders) sender.wipe();
  }
}

function wiped(): UsageError {
  return new UsageError("CK-216: this epoch's keys are wiped");
}
