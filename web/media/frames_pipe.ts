/**
 * What becomes of each encoded frame, on its way out and on its way in: sealed or dropped, opened or
 * dropped (twins: `media/call_frames.py`, `media/encoders.py`, `media/sframe_hooks.py`).
 *
 *     encoder  -> SendPipe    -> packetiser          CK-650: what cannot be sealed is dropped
 *     decoder <-  ReceivePipe <- jitter buffer       CK-651: what does not open is dropped
 *
 * One `SendPipe` per encoder and transport, so one SFrame context in each epoch; one `CallFrames`
 * per call, with all its keys. It runs in the worker (`worker.ts`) and knows nothing of it: a frame
 * is anything with `data`, so Node can test it. Nothing that is not sealed ever comes out.
 */

import { type Bytes, wipe } from "../core/bytes.ts";
import { Code, PeerError, UnavailableError, UsageError } from "../core/errors.ts";
import {
  type FrameKind,
  FrameReceiver,
  type FrameSender,
  type Kind,
  SendingEpoch,
} from "../core/frame_keys.ts";
import { PRODUCT_SUITE } from "../core/sframe.ts";
import { isVarying, OpusPadding } from "./opus_padding.ts";
import { padded } from "./picture_padding.ts";

/**
 * Seconds between two requests for a key frame. Lower recovers sooner after a lost frame; higher
 * spares the sender's uplink when somebody holds a wrong key and can never be helped.
 */
export const KEY_FRAME_REQUEST_INTERVAL_S = 0.3;

/** An RTCEncodedVideoFrame or RTCEncodedAudioFrame, as far as anybody here looks. */
export type EncodedFrame = { data: ArrayBuffer };

type PerKind = Record<Kind, number>;

/** What became of a call's frames. */
export type Counts = Readonly<{
  /** Handed to the transport. */
  sealed: Readonly<PerKind>;
  /** Dropped before the transport: no key, or anything else. */
  refused: Readonly<PerKind>;
  /** Handed to the decoder. */
  opened: Readonly<PerKind>;
  /** Arrived whole and did not open. */
  failed: Readonly<PerKind>;
  /** Arrived again (CK-210). Chromium sends packets twice to measure bandwidth. */
  repeated: Readonly<PerKind>;
  /** Bytes of a sealed audio frame -> how many of that size. */
  audioSizes: ReadonlyMap<number, number>;
  /** Bytes of a sealed picture -> how many of that size, in a call of few sizes. */
  pictureSizes: ReadonlyMap<number, number>;
}>;

/** Keys and counts of one call on one device; never saved, gone with `wipe`. */
export class CallFrames {
  readonly sealed: PerKind = { audio: 0, video: 0 };
  readonly refused: PerKind = { audio: 0, video: 0 };
  readonly opened: PerKind = { audio: 0, video: 0 };
  readonly failed: PerKind = { audio: 0, video: 0 };
  readonly repeated: PerKind = { audio: 0, video: 0 };
  readonly audioSizes = new Map<number, number>();
  readonly pictureSizes = new Map<number, number>();
  /** Pictures of few sizes. */
  steady = false;
  readonly monotonic: () => number;
  readonly padding = new OpusPadding({ varies: isVarying(navigator.userAgent) });
  readonly #receiver = new FrameReceiver();
  #sending: SendingEpoch | undefined;
  #newestSent = -1n;
  #videoClosed = false;

  /** @param monotonic Seconds that never go back. */
  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
  }

  get counts(): Counts {
    const { sealed, refused, opened, failed, repeated, audioSizes, pictureSizes } = this;
    return { sealed, refused, opened, failed, repeated, audioSizes, pictureSizes };
  }

  /** The epoch to send in, undefined without a key. */
  get sending(): SendingEpoch | undefined {
    return this.#sending;
  }

  get videoClosed(): boolean {
    return this.#videoClosed;
  }

  /**
   * Accept the others' frames of an epoch; older epochs' keys die 2 s later, at a `tick`.
   *
   * @param epoch MLS epoch, newer than all before.
   * @param baseKey `MLS-Exporter("SFrame 1.0 Base Key", "", 32)`; overwritten here.
   * @param members Leaf indices of the other members.
   */
  install(epoch: bigint, baseKey: Bytes, members: Iterable<number>): void {
    try {
      this.#receiver.install(epoch, baseKey, members);
      this.tick();
    } finally {
      wipe(baseKey);
    }
  }

  /**
   * Send in an epoch from the next frame on; the keys of the epoch before are dropped.
   *
   * @param epoch MLS epoch, newer than every one sent in before.
   * @param baseKey As in `install`; overwritten here.
   * @param leaf Our own leaf index.
   * @throws UsageError CK-672: contexts and counters would start again under the same key, and
   *   repeat nonces.
   */
  sendIn(epoch: bigint, baseKey: Bytes, leaf: number): void {
    try {
      if (epoch <= this.#newestSent) throw new UsageError("CK-672: an epoch is sent in once");
      this.#newestSent = epoch;
      this.#sending?.wipe();
      this.#sending = undefined;
      this.#sending = new SendingEpoch(PRODUCT_SUITE, baseKey, epoch, leaf);
    } finally {
      wipe(baseKey);
    }
  }

  /** CK-369: from here on no picture passes in either direction, for good. */
  closeVideo(): void {
    this.#videoClosed = true;
  }

  /** Drop old epochs' keys that are due, also when no frame arrives. */
  tick(): void {
    this.#receiver.tick(this.monotonic());
  }

  /** Drop all keys: the end of the call. */
  wipe(): void {
    this.#sending?.wipe();
    this.#sending = undefined;
    this.#receiver.wipe();
  }

  /** Return the frame as its sender's encoder made it. */
  async decrypt(frame: Bytes, kind: FrameKind): Promise<Bytes> {
    return (await this.#receiver.decrypt(frame, kind, this.monotonic())).frame;
  }
}

/** Says when something may be asked for again. */
class Pause {
  readonly #monotonic: () => number;
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  isOver(): boolean {
    const now = this.#monotonic();
    if (now < this.#nextAt) return false;
    this.#nextAt = now + KEY_FRAME_REQUEST_INTERVAL_S;
    return true;
  }
}

/** Seals what one encoder on one transport makes, or a call's text: one context in each epoch. */
export class Sealer {
  readonly #frames: CallFrames;
  readonly #kind: FrameKind;
  #epoch: SendingEpoch | undefined;
  #sender: Promise<FrameSender> | undefined;

  constructor(frames: CallFrames, kind: FrameKind) {
    this.#frames = frames;
    this.#kind = kind;
  }

  /**
   * Seal a frame in the present epoch.
   *
   * @throws UnavailableError `NOT_ENCRYPTED`: CK-655, there is no key.
   */
  async encrypt(plain: Bytes): Promise<Bytes> {
    for (;;) {
      const epoch = this.#frames.sending;
      if (epoch === undefined) {
        throw new UnavailableError(Code.NOT_ENCRYPTED, "CK-655: no key to send with yet");
      }
      try {
        const sender = await this.#senderIn(epoch);
        return await sender.encrypt(plain, this.#kind);
      } catch (error) {
        // An epoch that was replaced meanwhile is no reason to lose the frame.
        if (this.#frames.sending === epoch) throw error;
      }
    }
  }

  /** One sender in each epoch, also when two frames are sealed at once. */
  #senderIn(epoch: SendingEpoch): Promise<FrameSender> {
    if (epoch !== this.#epoch || this.#sender === undefined) {
      this.#epoch = epoch;
      this.#sender = epoch.newSender();
    }
    return this.#sender;
  }
}

/** The way out of one encoder on one transport. Frames one after the other, never two at once. */
export class SendPipe {
  readonly #frames: CallFrames;
  readonly #kind: Kind;
  readonly #askKeyFrame: () => void;
  readonly #pause: Pause;
  readonly #sealer: Sealer;
  #owesKeyFrame = false;

  /**
   * @param frames The call's keys.
   * @param kind What the encoder makes, from our own description of it.
   * @param askKeyFrame Makes the encoder's next picture a key frame. Asked for after a picture was
   *   dropped: the receiver could not decode a difference to something it never got.
   */
  constructor(frames: CallFrames, kind: Kind, askKeyFrame: () => void) {
    this.#frames = frames;
    this.#kind = kind;
    this.#askKeyFrame = askKeyFrame;
    this.#pause = new Pause(frames.monotonic);
    this.#sealer = new Sealer(frames, kind);
  }

  /** Seal a frame in place; true if it may go on, false if it must be dropped. Never throws. */
  async pass(frame: EncodedFrame): Promise<boolean> {
    if (this.#kind === "video" && this.#frames.videoClosed) return false;
    let isKeyFrame = false;
    let size = 0;
    try {
      const made = new Uint8Array(frame.data);
      const plain = this.#filled(made);
      isKeyFrame = ((plain[0] ?? 0) & 1) === 0; // RFC 6386, 9.1
      const sealed = await this.#sealer.encrypt(plain);
      size = sealed.length;
      replace(frame, sealed);
    } catch {
      // CK-650: whatever went wrong, nothing is sent; the next frame is tried afresh.
      this.#frames.refused[this.#kind] += 1;
      this.#owesKeyFrame = true;
      return false;
    }
    // It may have been closed while the frame was sealed.
    if (this.#kind === "video" && this.#frames.videoClosed) return false;
    this.#frames.sealed[this.#kind] += 1;
    if (this.#kind === "audio") {
      count(this.#frames.audioSizes, size);
      return true;
    }
    if (this.#frames.steady) count(this.#frames.pictureSizes, size);
    if (this.#owesKeyFrame) {
      if (isKeyFrame) this.#owesKeyFrame = false;
      else if (this.#pause.isOver()) this.#askKeyFrame();
    }
    return true;
  }

  #filled(made: Bytes): Bytes {
    if (this.#kind === "audio") return this.#frames.padding.pad(made);
    return this.#frames.steady ? padded(made) : made;
  }
}

/** The way into one decoder. Frames one after the other, never two at once. */
export class ReceivePipe {
  readonly #frames: CallFrames;
  readonly #kind: Kind;
  readonly #askKeyFrame: () => void;
  readonly #pause: Pause;

  /**
   * @param frames The call's keys.
   * @param kind What the decoder takes, from our own description of it.
   * @param askKeyFrame Asks the sender for a key frame.
   */
  constructor(frames: CallFrames, kind: Kind, askKeyFrame: () => void) {
    this.#frames = frames;
    this.#kind = kind;
    this.#askKeyFrame = askKeyFrame;
    this.#pause = new Pause(frames.monotonic);
  }

  /** Open a frame in place; true if it may go on, false if it must be dropped. Never throws. */
  async pass(frame: EncodedFrame): Promise<boolean> {
    if (this.#kind === "video" && this.#frames.videoClosed) return false;
    try {
      replace(frame, await this.#frames.decrypt(new Uint8Array(frame.data), this.#kind));
    } catch (error) {
      // CK-651: whatever went wrong, nothing is decoded. A decoder would play noise.
      if (isRepeated(error)) {
        // No picture is missing, so no key frame is needed, whoever plays frames back to us.
        this.#frames.repeated[this.#kind] += 1;
        return false;
      }
      this.#frames.failed[this.#kind] += 1;
      if (this.#kind === "video" && this.#pause.isOver()) this.#askKeyFrame();
      return false;
    }
    if (this.#kind === "video" && this.#frames.videoClosed) return false;
    this.#frames.opened[this.#kind] += 1;
    return true;
  }
}

function count(sizes: Map<number, number>, size: number): void {
  sizes.set(size, (sizes.get(size) ?? 0) + 1);
}

/** Whether an authentic frame was opened before, or is too old to tell. */
function isRepeated(error: unknown): boolean {
  return error instanceof PeerError && error.detail.startsWith("CK-210");
}

function replace(frame: EncodedFrame, bytes: Bytes): void {
  frame.data = bytes.buffer;
  // A browser that quietly keeps the old bytes would send them in the clear.
  if (frame.data.byteLength !== bytes.length) throw new UsageError("a frame that keeps its bytes");
}
