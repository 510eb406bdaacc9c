/**
 * Which key opens which frame of a call, and for how long (protocol P10; RFC 9605, 5.2).
 *
 * What it is: the sending and the receiving side of encrypted media, one `FrameSender` per encoder
 * and transport, one `FrameReceiver` per call. It needs WebCrypto and nothing else of its
 * surroundings, so it lives in the worker of the encoded transforms. What it is not for: the ciphers
 * (`sframe.ts`), the MLS group that gives base keys (`mls/`), or hooking a codec.
 *
 *     wire frame =  clear bytes || SFrame header (8 bytes, always) || ciphertext || tag (16 bytes)
 *     KID        =  context (4 bits, 1 to 15) | leaf (12 bits) | epoch mod 256 (8 bits): 3 bytes
 *     CTR        =  2**24 up to 2**32 - 1: 4 bytes
 *
 * An epoch at the receiver:  installed -> newest -> (a newer one is installed) old -> (2 s) gone.
 * It also goes at once when an epoch with the same 8 low bits arrives. Time is monotonic seconds.
 *
 * WebCrypto answers later. Whatever an answer depends on (a CTR, a context) is taken before it is
 * waited for, and whatever it permits (an epoch, a member, a fresh frame) is asked again after.
 */

import { type Bytes, concat, copy, utf8, wipe } from "./bytes.ts";
import { Code, PeerError, UsageError, VisavisError } from "./errors.ts";
import { decodeHeader, mlsKid, PRODUCT_SUITE, SframeKey, suiteOf } from "./sframe.ts";

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

/**
 * Frames per KID. Higher forgives more reordering, lower forgets a late frame sooner; 1,024 is 20 s
 * of audio, longer than any jitter buffer waits.
 */
export const REPLAY_WINDOW = 1024;

/**
 * How long an old epoch's receive keys live. Higher loses fewer frames at a change of members, lower
 * cuts a leaver's knowledge off sooner.
 */
export const OLD_EPOCH_S = 2;

const CLEAR_KEY_FRAME = 10;
const CLEAR_DELTA_FRAME = 1;

/** Authenticated with each block of text and not sent (RFC 9605, 4.4.3). */
const TEXT_METADATA = utf8("visavis real-time text");

/** The same of a screen, before its clear bytes: longer than what is clear of any picture. */
const SCREEN_METADATA = utf8("visavis shared screen");

const PICTURES: readonly PictureKind[] = ["video", "screen"];

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

function metadata(kind: FrameKind, clear: Bytes): Bytes {
  // CK-218: a block of text opens as nothing else, and nothing else as text: whoever forwards frames
  // cannot move one from a track to the text, or back.
  if (kind === "text") return TEXT_METADATA;
  // CK-219: nor can they make a screen a camera's picture, or a picture a screen: to record the one is
  // agreed to apart from the other.
  return kind === "screen" ? concat(SCREEN_METADATA, clear) : clear;
}

function checkSuite(suite: number, baseKey: Uint8Array): void {
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

const WINDOW_MASK = (1n << BigInt(REPLAY_WINDOW)) - 1n;

/** One KID's key and the frames seen with it: bit i of `seen` stands for CTR highest - i. */
class Kid {
  readonly key: SframeKey;
  /** As what the last one opened. */
  last: FrameKind = "video";
  #highest = -1;
  #seen = 0n;

  constructor(key: SframeKey) {
    this.key = key;
  }

  isFresh(ctr: number): boolean {
    const behind = this.#highest - ctr;
    return behind < 0 || (behind < REPLAY_WINDOW && ((this.#seen >> BigInt(behind)) & 1n) === 0n);
  }

  mark(ctr: number): void {
    const ahead = ctr - this.#highest;
    if (ahead >= REPLAY_WINDOW) {
      // Not shifted: an honest but huge jump must not make a huge integer.
      this.#seen = 1n;
      this.#highest = ctr;
    } else if (ahead > 0) {
      this.#seen = ((this.#seen << BigInt(ahead)) | 1n) & WINDOW_MASK;
      this.#highest = ctr;
    } else {
      this.#seen |= 1n << BigInt(-ahead);
    }
  }
}

type Epoch = {
  readonly number: bigint;
  readonly baseKey: Bytes;
  readonly leaves: Set<number>;
  readonly kids: Map<number, Kid>;
  oldSinceS: number | null;
};

/** A frame that was opened. */
export type Opened = Readonly<{
  /** The sender's leaf index. */
  leaf: number;
  /** The encoded frame, clear bytes included. */
  frame: Bytes;
}>;

/** The same, and as what it was sealed. */
export type OpenedAs<K extends FrameKind = FrameKind> = Opened & Readonly<{ kind: K }>;

/** Decrypts the frames of all members of one call. */
export class FrameReceiver {
  readonly #suite: number;
  /** By the low bits of their numbers, which is what a KID names. */
  readonly #epochs = new Map<number, Epoch>();
  #newest = -1n;

  /** @param suite `PRODUCT_SUITE`; anything else is refused with `WRONG_SUITE` (CK-204). */
  constructor(suite: number = PRODUCT_SUITE) {
    checkSuite(suite, new Uint8Array(suiteOf(suite).keyLength));
    this.#suite = suite;
  }

  /** Epochs whose keys are held: the newest, and older ones for up to 2 s. */
  get epochs(): readonly bigint[] {
    return [...this.#epochs.values()].map((epoch) => epoch.number);
  }

  /** Number of KIDs whose keys are held. */
  get kids(): number {
    return [...this.#epochs.values()].reduce((sum, epoch) => sum + epoch.kids.size, 0);
  }

  /**
   * Accept frames of an epoch from now on.
   *
   * Call `tick` right after it: the older epochs' 2 s start at the first `tick` or `decrypt` that
   * follows.
   *
   * @param epoch MLS epoch, newer than every one installed before.
   * @param baseKey `MLS-Exporter("SFrame 1.0 Base Key", "", 32)` of the epoch.
   * @param leaves Leaf indices of the *other* members. Our own stays out, so that a relay cannot
   *   play our frames back to us (RFC 9605, 4.4.1: a key sends or receives, never both).
   * @throws UsageError Not newer (CK-214: a second install would empty the replay window), or an
   *   argument is out of range.
   */
  install(epoch: bigint, baseKey: Uint8Array, leaves: Iterable<number>): void {
    checkSuite(this.#suite, baseKey);
    if (epoch <= this.#newest) {
      throw new UsageError("CK-214: epochs are installed once and in order");
    }
    const others = new Set(leaves);
    for (const leaf of others) {
      if (!Number.isInteger(leaf) || leaf < 0 || leaf >= 2 ** LEAF_BITS) {
        throw new UsageError("a leaf index has 12 bits in an SFrame KID");
      }
    }
    // CK-213: the same low bits name the new epoch from now on; the old one is gone.
    const lowBits = Number(BigInt.asUintN(EPOCH_BITS, epoch));
    this.#drop(lowBits);
    this.#epochs.set(lowBits, {
      number: epoch,
      baseKey: copy(baseKey),
      leaves: others,
      kids: new Map(),
      oldSinceS: null,
    });
    this.#newest = epoch;
  }

  /** Refuse a member's frames at once, in every epoch installed so far (CK-209). */
  removeLeaf(leaf: number): void {
    for (const epoch of this.#epochs.values()) {
      epoch.leaves.delete(leaf);
      for (const kid of [...epoch.kids.keys()]) if (leafOf(kid) === leaf) epoch.kids.delete(kid);
    }
  }

  /**
   * Drop the keys of epochs that have been old for 2 s (CK-212).
   *
   * @param nowS Monotonic seconds.
   */
  tick(nowS: number): void {
    for (const [lowBits, epoch] of [...this.#epochs]) {
      if (epoch.number === this.#newest) continue;
      epoch.oldSinceS ??= nowS;
      if (nowS - epoch.oldSinceS >= OLD_EPOCH_S) this.#drop(lowBits);
    }
  }

  #drop(lowBits: number): void {
    const epoch = this.#epochs.get(lowBits);
    if (epoch !== undefined) wipe(epoch.baseKey);
    this.#epochs.delete(lowBits);
  }

  /**
   * Decrypt one frame from the wire.
   *
   * @param frame Clear bytes || header || ciphertext || tag.
   * @param kind What this track or channel carries, from our own description of it.
   * @param nowS Monotonic seconds.
   * @throws PeerError `DECRYPTION`, whatever was wrong; nothing has changed and the frame must be
   *   dropped. The detail (for developers) tells CK-200 to CK-210 apart.
   */
  async decrypt(frame: Bytes, kind: FrameKind, nowS: number): Promise<Opened> {
    const { leaf, frame: opened } = await this.#open(frame, [kind], nowS);
    return { leaf, frame: opened };
  }

  /**
   * Decrypt one picture where a camera or a screen may come, and tell which it is.
   *
   * It is tried as what its encoder's last one was, then as the other: only if it is neither it does
   * not open.
   *
   * @param frame As for `decrypt`.
   * @param nowS Monotonic seconds.
   * @throws PeerError As for `decrypt`.
   */
  async decryptPicture(frame: Bytes, nowS: number): Promise<OpenedAs<PictureKind>> {
    return await this.#open(frame, PICTURES, nowS);
  }

  /** Drop every key; `decrypt` fails until another epoch is installed. */
  wipe(): void {
    for (const lowBits of [...this.#epochs.keys()]) this.#drop(lowBits);
  }

  async #open<K extends FrameKind>(
    frame: Bytes,
    kinds: readonly K[],
    nowS: number,
  ): Promise<OpenedAs<K>> {
    this.tick(nowS);
    try {
      return await this.#opened(frame, kinds);
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      // One code for all, so that a relay learns nothing from the difference.
      throw new PeerError(Code.DECRYPTION, error.detail);
    }
  }

  async #opened<K extends FrameKind>(frame: Bytes, kinds: readonly K[]): Promise<OpenedAs<K>> {
    const count = clearBytes(kinds[0] ?? "audio", frame);
    const [clear, sealed] = [frame.subarray(0, count), frame.subarray(count)];
    const header = decodeHeader(sealed);
    const ctr = Number(header.ctr);
    // CK-206: every header has one shape, so that its length says nothing about the call.
    if (header.length !== HEADER_LENGTH || ctr < FIRST_CTR || ctr > LAST_CTR) {
      throw refused("CK-206: SFrame header of another shape");
    }
    const kid = Number(header.kid); // 24 bits: what such a header leaves
    if (kid >> (EPOCH_BITS + LEAF_BITS) === 0) throw refused("CK-207: SFrame context 0");
    const epoch = this.#epochs.get(kid % 2 ** EPOCH_BITS);
    if (epoch === undefined) throw noEpoch();
    const known = permit(epoch, kid, ctr);
    const state = known ?? new Kid(await SframeKey.derive(this.#suite, header.kid, epoch.baseKey));
    const { kind, plaintext } = await tried(state, kinds, clear, sealed);
    // Meanwhile the same frame may have been opened, its epoch dropped, its sender removed.
    if (this.#epochs.get(kid % 2 ** EPOCH_BITS) !== epoch) throw noEpoch();
    const current = permit(epoch, kid, ctr) ?? state;
    // CK-211: only an authentic frame moves the window or costs memory; else one forged frame with a
    // high CTR would silence the sender.
    epoch.kids.set(kid, current);
    current.mark(ctr);
    current.last = kind;
    return { leaf: leafOf(kid), kind, frame: concat(clear, plaintext) };
  }
}

/** Open a frame as the first of these kinds that fits; what its last one was comes first. */
async function tried<K extends FrameKind>(
  { key, last }: Kid,
  kinds: readonly K[],
  clear: Bytes,
  sealed: Bytes,
): Promise<Readonly<{ kind: K; plaintext: Bytes }>> {
  const inOrder = kinds.toSorted((a, b) => Number(a !== last) - Number(b !== last));
  let wrong: unknown;
  for (const kind of inOrder) {
    try {
      return { kind, plaintext: (await key.decrypt(metadata(kind, clear), sealed)).plaintext };
    } catch (error) {
      // What does not fit has changed nothing: it was as if it had not been tried.
      wrong = error;
    }
  }
  throw wrong;
}

/**
 * Refuse a frame that may not be opened now.
 *
 * @returns What is known of its KID, if a frame of it was opened before.
 */
function permit(epoch: Epoch, kid: number, ctr: number): Kid | undefined {
  if (!epoch.leaves.has(leafOf(kid))) throw refused("CK-209: not a member, or no longer");
  const state = epoch.kids.get(kid);
  // CK-210: a relay must not make anybody hear a moment twice.
  if (state !== undefined && !state.isFresh(ctr)) {
    throw refused("CK-210: frame seen before, or too old to tell");
  }
  return state;
}

function noEpoch(): PeerError {
  return refused("CK-208: no such epoch, or no longer");
}

function refused(why: string): PeerError {
  return new PeerError(Code.DECRYPTION, why);
}

function leafOf(kid: number): number {
  return (kid >> EPOCH_BITS) & (2 ** LEAF_BITS - 1);
}
