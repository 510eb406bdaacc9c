/**
 * All SFrame keys of one call in its worker, and what became of its frames (twin:
 * `media/call_frames.py`). What a frame goes through is in `frames_pipe.ts`.
 *
 * In a call of several it also knows who may be heard where. It runs in the worker and knows nothing
 * of it, so Node can test it. Not for: the page, which has no key (`call_frames.ts`).
 */

import { type Bytes, wipe } from "../core/bytes.ts";
import { Code, PeerError, UsageError } from "../core/errors.ts";
import { type Kind, SendingEpoch } from "../core/frame_keys.ts";
import { FrameReceiver, type OpenedAs } from "../core/frame_receiver.ts";
import { PRODUCT_SUITE } from "../core/sframe.ts";
import type { FrameTap, Track } from "./frame_tap.ts";
import { type Heard, HeardPlaces } from "./heard_places.ts";
import { isVarying, OpusPadding } from "./opus_padding.ts";
import { PicturesSent } from "./pictures_sent.ts";
import { isOutOfTime, Unopened } from "./unopened.ts";

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
  /** Of those that did not open: sealed by another member, or as something else, than belongs there. */
  misplaced: Readonly<PerKind>;
  /** Who was heard at each place (`heard_places.ts`), and how much since they are there. */
  heard: ReadonlyMap<string, Heard>;
  /** Frames that were opened at places, by whose leaf. */
  byLeaf: ReadonlyMap<number, Readonly<PerKind>>;
  /** Leaves at whose places frames come that do not open (`unopened.ts`). */
  unopened: ReadonlySet<number>;
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
  readonly misplaced: PerKind = { audio: 0, video: 0 };
  /** Who may be heard where, in a call of several. */
  readonly places = new HeardPlaces();
  readonly byLeaf = new Map<number, PerKind>();
  readonly audioSizes = new Map<number, number>();
  readonly pictureSizes = new Map<number, number>();
  /** Pictures of few sizes. */
  steady = false;
  /** Nothing is sealed or opened until it is not so any more (`FrameKeys.hold`). */
  held = false;
  /** Takes what passes, for a recording; undefined: nothing does. */
  tap: FrameTap | undefined;
  readonly monotonic: () => number;
  /** What is sent where a camera or a screen may be. */
  readonly pictures: PicturesSent;
  readonly padding = new OpusPadding({ varies: isVarying(navigator.userAgent) });
  readonly #receiver = new FrameReceiver();
  readonly #unopened = new Unopened();
  #sending: SendingEpoch | undefined;
  #newestSent = -1n;
  #videoClosed = false;

  /** @param monotonic Seconds that never go back. */
  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
    this.pictures = new PicturesSent(monotonic);
  }

  get counts(): Counts {
    const { sealed, refused, opened, failed, repeated, misplaced } = this;
    const { byLeaf, audioSizes, pictureSizes } = this;
    const { heard } = this.places;
    return {
      sealed,
      refused,
      opened,
      failed,
      repeated,
      misplaced,
      heard,
      byLeaf,
      unopened: this.#unopened.leaves(),
      audioSizes,
      pictureSizes,
    };
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
      const others = new Set(members);
      this.#receiver.install(epoch, baseKey, others);
      this.#unopened.members(others);
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

  /**
   * CK-861: open no frame of a leaf any more, in any epoch so far. One that is being opened now does
   * not come out either.
   */
  removeLeaf(leaf: number): void {
    this.#receiver.removeLeaf(leaf);
    // It may be somebody else's in a moment.
    this.byLeaf.delete(leaf);
    this.#unopened.gone(leaf);
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

  /** Return a block of the call's text. */
  async openText(block: Bytes): Promise<Bytes> {
    return (await this.#receiver.decrypt(block, "text", this.monotonic())).frame;
  }

  /**
   * Return the frame as its sender's encoder made it, whose it is, and as what they sealed it: on a
   * track for pictures a screen may take the camera's place (CK-219).
   */
  async decrypt(frame: Bytes, kind: Kind): Promise<OpenedAs<Track>> {
    const now = this.monotonic();
    if (kind === "video") return await this.#receiver.decryptPicture(frame, now);
    return { kind, ...(await this.#receiver.decrypt(frame, kind, now)) };
  }

  /**
   * Return a frame that arrived at a place, and whose it is.
   *
   * @throws PeerError `DECRYPTION`: it did not open, or another member sealed it (CK-890), or as
   *   something else (CK-894).
   */
  async decryptAt(place: string, frame: Bytes, kind: Kind): Promise<OpenedAs<Track>> {
    const opened = await this.decrypt(frame, kind).catch((error: unknown) => {
      if (!isOutOfTime(error)) this.#accuse(place, kind);
      throw error;
    });
    // CK-894: nor may they show a screen as a camera, or a camera as a screen.
    if (!this.places.fits(place, opened.kind)) {
      this.misplaced[kind] += 1;
      throw new PeerError(Code.DECRYPTION, "CK-894: a frame that is not what its place says");
    }
    // CK-890: whoever runs the SFU, or sends to it, may not put one member in another's place, nor
    // show a feed that nobody announced (P14). Looked up now: the place may have changed meanwhile.
    if (!this.places.hears(place, opened.leaf, kind)) {
      this.misplaced[kind] += 1;
      throw new PeerError(Code.DECRYPTION, "CK-890: a frame in a place that is not its sender's");
    }
    const by = this.byLeaf.get(opened.leaf) ?? { audio: 0, video: 0 };
    by[kind] += 1;
    this.byLeaf.set(opened.leaf, by);
    this.#unopened.opened(opened.leaf, kind);
    return opened;
  }

  /** A frame at a place is not sealed with our keys: whoever is heard there sent it so. */
  #accuse(place: string, kind: Kind): void {
    for (const leaf of this.places.whose(place)) this.#unopened.refused(leaf, kind);
  }
}
