/**
 * What becomes of each encoded frame, on its way out and on its way in: sealed or dropped, opened or
 * dropped (twins: `media/call_frames.py`, `media/encoders.py`, `media/sframe_hooks.py`).
 *
 *     encoder  -> SendPipe    -> packetiser          CK-650: what cannot be sealed is dropped
 *     decoder <-  ReceivePipe <- jitter buffer       CK-651: what does not open is dropped
 *
 * One `SendPipe` per sender and transport, with one SFrame context in each epoch for every encoder of
 * it (a simulcast sender has up to three). It runs in the worker (`worker.ts`) and knows nothing of
 * it: a frame is anything with `data`, so Node can test it. Nothing that is not sealed ever comes out.
 * Not for: the keys (`frames_keys.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import { Code, PeerError, UnavailableError, UsageError } from "../core/errors.ts";
import type { FrameKind, FrameSender, Kind, SendingEpoch } from "../core/frame_keys.ts";
import type { OpenedAs } from "../core/frame_receiver.ts";
import type { Track } from "./frame_tap.ts";
import type { CallFrames } from "./frames_keys.ts";
import { padded } from "./picture_padding.ts";

/**
 * Seconds between two requests for a key frame. Lower recovers sooner after a lost frame; higher
 * spares the sender's uplink when somebody holds a wrong key and can never be helped.
 */
export const KEY_FRAME_REQUEST_INTERVAL_S = 0.3;

/** An RTCEncodedVideoFrame or RTCEncodedAudioFrame, as far as anybody here looks. */
export type EncodedFrame = {
  data: ArrayBuffer;
  /** Of RTP, where the metadata does not tell it. */
  timestamp?: number;
  /** Names the encoder: each has its own SSRC. */
  getMetadata?: () => Readonly<{ synchronizationSource?: number; rtpTimestamp?: number }>;
};

/** Encoders of one sender: as many as a picture has layers (`sfu_publish.ts`). */
export const MAX_ENCODERS = 3;

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
  #epoch: SendingEpoch | undefined;
  #sender: Promise<FrameSender> | undefined;

  constructor(frames: CallFrames) {
    this.#frames = frames;
  }

  /**
   * Seal a frame in the present epoch.
   *
   * @throws UnavailableError `NOT_ENCRYPTED`: CK-655, there is no key.
   */
  async encrypt(plain: Bytes, kind: FrameKind): Promise<Bytes> {
    for (;;) {
      const epoch = this.#frames.sending;
      if (epoch === undefined) {
        throw new UnavailableError(Code.NOT_ENCRYPTED, "CK-655: no key to send with yet");
      }
      try {
        const sender = await this.#senderIn(epoch);
        return await sender.encrypt(plain, kind);
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

/** One encoder: its context, and whether its receivers miss a picture. */
type Encoder = { readonly sealer: Sealer; owesKeyFrame: boolean };

/** The way out of one sender on one transport. Frames one after the other, never two at once. */
export class SendPipe {
  readonly #frames: CallFrames;
  readonly #kind: Kind;
  /** What it is of, or by which name that is told (`pictures_sent.ts`). */
  readonly #of: Readonly<{ track: Track } | { way: string }>;
  readonly #askKeyFrame: () => void;
  readonly #pause: Pause;
  readonly #encoders = new Map<number, Encoder>();
  /** Something was dropped while the call was held. */
  #wasHeld = false;

  /**
   * @param frames The call's keys.
   * @param kind What the encoders make, from our own description of it.
   * @param askKeyFrame Makes the encoder's next picture a key frame. Asked for after a picture was
   *   dropped: the receiver could not decode a difference to something it never got.
   * @param sent.screen What is sent is a screen, and no camera.
   * @param sent.way It may be either, and the page says by this name which.
   */
  constructor(
    frames: CallFrames,
    kind: Kind,
    askKeyFrame: () => void,
    { screen = false, way }: Readonly<{ screen?: boolean; way?: string }> = {},
  ) {
    this.#of = way === undefined ? { track: screen ? "screen" : kind } : { way };
    if (way !== undefined) frames.pictures.add(way, () => this.#ask());
    this.#frames = frames;
    this.#kind = kind;
    this.#askKeyFrame = askKeyFrame;
    this.#pause = new Pause(frames.monotonic);
  }

  /** Seal a frame in place; true if it may go on, false if it must be dropped. Never throws. */
  async pass(frame: EncodedFrame): Promise<boolean> {
    if (this.#kind === "video" && this.#frames.videoClosed) return false;
    if (this.#frames.held) return this.#hold();
    let isKeyFrame = false;
    let size = 0;
    let encoder: Encoder | undefined;
    let made: Bytes | undefined;
    let track: Track | undefined;
    try {
      made = new Uint8Array(frame.data);
      isKeyFrame = ((made[0] ?? 0) & 1) === 0; // RFC 6386, 9.1
      // CK-219: asked before anything is waited for, as what it was made for is what it is.
      track = this.#trackOf(isKeyFrame);
      if (track === undefined) return false;
      encoder = this.#encoderOf(frame);
      const sealed = await encoder.sealer.encrypt(this.#filled(made), track);
      size = sealed.length;
      replace(frame, sealed);
    } catch {
      // CK-650: whatever went wrong, nothing is sent; the next frame is tried afresh.
      this.#frames.refused[this.#kind] += 1;
      if (encoder !== undefined) encoder.owesKeyFrame = true;
      return false;
    }
    // It may have been closed, or held, while the frame was sealed.
    if (this.#kind === "video" && this.#frames.videoClosed) return false;
    if (this.#frames.held) return this.#hold();
    this.#frames.sealed[this.#kind] += 1;
    this.#tapped(encoder, track, frame, made);
    if (this.#kind === "audio") {
      count(this.#frames.audioSizes, size);
      return true;
    }
    if (this.#frames.steady) count(this.#frames.pictureSizes, size);
    if (encoder.owesKeyFrame) {
      if (isKeyFrame) encoder.owesKeyFrame = false;
      else this.#ask();
    }
    return true;
  }

  #trackOf(isKeyFrame: boolean): Track | undefined {
    if ("track" in this.#of) return this.#of.track;
    return this.#frames.pictures.kindOf(this.#of.way, isKeyFrame);
  }

  #ask(): void {
    if (this.#pause.isOver()) this.#askKeyFrame();
  }

  /** What was sent may be recorded, as it was before it was filled up and sealed. */
  #tapped(encoder: Encoder, track: Track, frame: EncodedFrame, made: Bytes): void {
    const { tap } = this.#frames;
    if (tap === undefined) return;
    if (tap.sent(encoder, track, timestampOf(frame), made)) this.#ask();
  }

  /** Drop a frame, which nobody is blamed for; whoever receives has missed a picture then. */
  #hold(): false {
    this.#wasHeld = true;
    for (const encoder of this.#encoders.values()) encoder.owesKeyFrame = true;
    return false;
  }

  /** Each encoder has a context of its own (P10), known by its SSRC where the browser names it. */
  #encoderOf(frame: EncodedFrame): Encoder {
    const source = frame.getMetadata?.().synchronizationSource ?? 0;
    const known = this.#encoders.get(source);
    if (known !== undefined) return known;
    // CK-891: contexts are few. One that is used up silences the call until the next epoch.
    if (this.#encoders.size === MAX_ENCODERS) {
      throw new UsageError("CK-891: more encoders than a sender has");
    }
    const made = { sealer: new Sealer(this.#frames), owesKeyFrame: this.#wasHeld };
    this.#encoders.set(source, made);
    return made;
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
  readonly #place: string | undefined;
  readonly #pause: Pause;
  /** A picture was dropped while the call was held. */
  #missed = false;

  /**
   * @param frames The call's keys.
   * @param kind What the decoder takes, from our own description of it.
   * @param askKeyFrame Asks the sender for a key frame.
   * @param place Where it is heard; undefined in a call of two, where any frame that opens is the
   *   other one's.
   */
  constructor(frames: CallFrames, kind: Kind, askKeyFrame: () => void, place?: string) {
    this.#place = place;
    this.#frames = frames;
    this.#kind = kind;
    this.#askKeyFrame = askKeyFrame;
    this.#pause = new Pause(frames.monotonic);
  }

  /** Open a frame in place; true if it may go on, false if it must be dropped. Never throws. */
  async pass(frame: EncodedFrame): Promise<boolean> {
    if (this.#kind === "video" && this.#frames.videoClosed) return false;
    if (this.#frames.held) return this.#hold();
    let opened: OpenedAs<Track>;
    try {
      opened = await this.#open(new Uint8Array(frame.data));
      replace(frame, opened.frame);
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
    if (this.#frames.held) return this.#hold(); // it was held while the frame was opened
    this.#frames.opened[this.#kind] += 1;
    if (this.#missed) {
      this.#missed = false;
      this.#pause.isOver();
      this.#askKeyFrame();
    }
    this.#tapped(opened, frame);
    return true;
  }

  #tapped({ leaf, kind: track, frame: data }: OpenedAs<Track>, frame: EncodedFrame): void {
    const { tap } = this.#frames;
    if (tap === undefined) return;
    const wants = tap.opened(leaf, track, timestampOf(frame), data);
    if (wants && this.#pause.isOver()) this.#askKeyFrame();
  }

  /** Drop a frame, which nobody is blamed for: it was not even tried. */
  #hold(): false {
    this.#missed = this.#kind === "video";
    return false;
  }

  #open(sealed: Bytes): Promise<OpenedAs<Track>> {
    if (this.#place === undefined) return this.#frames.decrypt(sealed, this.#kind);
    return this.#frames.decryptAt(this.#place, sealed, this.#kind);
  }
}

/** The metadata tells it in newer browsers, the frame itself in others. */
function timestampOf(frame: EncodedFrame): number | undefined {
  return frame.getMetadata?.().rtpTimestamp ?? frame.timestamp;
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
