/**
 * Which key opens which frame of a call, and for how long (protocol P10; RFC 9605, 5.2): the receiving
 * side of `frame_keys.ts`, one `FrameReceiver` per call.
 *
 * An epoch at the receiver:  installed -> newest -> (a newer one is installed) old -> (2 s) gone.
 * It also goes at once when an epoch with the same 8 low bits arrives. Time is monotonic seconds.
 *
 * WebCrypto answers later: whatever an answer permits (an epoch, a member, a fresh frame) is asked again
 * after it was waited for.
 */

import { type Bytes, concat, copy, wipe } from "./bytes.ts";
import { Code, PeerError, UsageError, VisavisError } from "./errors.ts";
import {
  checkSuite,
  clearBytes,
  EPOCH_BITS,
  FIRST_CTR,
  type FrameKind,
  HEADER_LENGTH,
  LAST_CTR,
  LEAF_BITS,
  metadata,
  type PictureKind,
} from "./frame_keys.ts";
import { decodeHeader, PRODUCT_SUITE, SframeKey, suiteOf } from "./sframe.ts";

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

const PICTURES: readonly PictureKind[] = ["video", "screen"];

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
