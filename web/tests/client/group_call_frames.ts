/** SFrame keys of a group call as a worker would hold them, for tests. */

import { type Bytes, copy, equal, utf8 } from "../../core/bytes.ts";
import { Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { SendingEpoch } from "../../core/frame_keys.ts";
import { FrameReceiver } from "../../core/frame_receiver.ts";
import { PRODUCT_SUITE } from "../../core/sframe.ts";
import type { GroupFrames } from "../../media/group_interfaces.ts";
import type { LocalTape } from "./local_tape.ts";

const SOUND = utf8("twenty milliseconds");

export class TestFrames implements GroupFrames {
  wiped = false;
  /** Nothing passes for now. */
  held = false;
  /** Answer with an error from now on, as a worker that died. */
  dead = false;
  /** What has the call recorded; without it nothing can be. */
  tape: LocalTape | undefined;
  /** What was given, to see that it is overwritten. */
  readonly given: Bytes[] = [];
  readonly #receiver = new FrameReceiver();
  readonly #now: () => number;
  #sending: SendingEpoch | undefined;
  /** An epoch has few senders (CK-207): one seals all. */
  #sender: ReturnType<SendingEpoch["newSender"]> | undefined;

  /** @param now Returns monotonic seconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async install(epoch: bigint, baseKey: Bytes, members: ReadonlySet<number>): Promise<void> {
    this.#requireAlive();
    this.given.push(baseKey);
    this.#receiver.install(epoch, copy(baseKey), members);
    this.#receiver.tick(this.#now());
  }

  async sendIn(epoch: bigint, baseKey: Bytes, leaf: number): Promise<void> {
    this.#requireAlive();
    this.given.push(baseKey);
    this.#sending?.wipe();
    this.#sending = new SendingEpoch(PRODUCT_SUITE, copy(baseKey), epoch, leaf);
    this.#sender = undefined;
  }

  async removeLeaf(leaf: number): Promise<void> {
    this.#requireAlive();
    this.#receiver.removeLeaf(leaf);
  }

  async hold(): Promise<void> {
    this.#requireAlive();
    this.held = true;
  }

  async release(): Promise<void> {
    this.#requireAlive();
    this.held = false;
  }

  async wipe(): Promise<void> {
    this.wiped = true;
    this.#sending?.wipe();
    this.#sending = undefined;
    this.#sender = undefined;
    this.#receiver.wipe();
  }

  /** Whether a frame would be sealed. */
  get isSending(): boolean {
    return this.#sending !== undefined && !this.held;
  }

  /** Seal a frame of sound. */
  async sealed(): Promise<Bytes> {
    if (this.#sending === undefined) throw new Error("nothing is sent yet");
    this.#sender ??= this.#sending.newSender();
    const frame = await (await this.#sender).encrypt(SOUND, "audio");
    this.tape?.tap?.sent(this, "audio", this.tape.time, SOUND);
    return frame;
  }

  async opens(frame: Bytes): Promise<boolean> {
    if (this.held) return false;
    try {
      const opened = await this.#receiver.decrypt(frame, "audio", this.#now());
      this.tape?.tap?.opened(opened.leaf, "audio", this.tape.time, opened.frame);
      return equal(opened.frame, SOUND);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return false;
    }
  }

  #requireAlive(): void {
    if (this.dead) throw new UnavailableError(Code.NOT_ENCRYPTED, "the worker died");
  }
}
