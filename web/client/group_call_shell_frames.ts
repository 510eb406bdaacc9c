/**
 * The frame keys of a group call, as its shell hands them on: one epoch after the other, each key
 * overwritten here once it was handed on.
 *
 * They live in a worker, which may have died: then nothing can be opened or sealed, and the call is
 * left (`onFailure`).
 */

import { wipe } from "../core/bytes.ts";
import { Code, UnavailableError, VisavisError } from "../core/errors.ts";
import type { GroupFrames } from "../media/group_interfaces.ts";
import type { FrameTape } from "../media/interfaces.ts";
import { answerOf } from "./call_steps.ts";
import type { GroupCallKeys, GroupFrameKeys } from "./group_call_keys.ts";
import { withTimeout } from "./lock.ts";

/**
 * Seconds for which a key is waited for to be in place. Higher: a worker that died holds up the call
 * for longer; lower: a slow machine has to leave.
 */
const PLACED_S = 20;

/** Hands on the keys of whichever epoch the call is in. */
export class ShellFrames {
  readonly #frames: GroupFrames;
  readonly #keys: GroupCallKeys;
  readonly #onFailure: () => void;
  #isWhole = true;

  /**
   * @param frames Where they go.
   * @param keys Where they come from.
   * @param onFailure Told once that keys could not be put in place.
   */
  constructor(frames: GroupFrames, keys: GroupCallKeys, onFailure: () => void) {
    this.#frames = frames;
    this.#keys = keys;
    this.#onFailure = onFailure;
  }

  /** Whether all keys so far are in place. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** They are gone, and cannot be put in place any more. */
  fail(): void {
    if (!this.#isWhole) return;
    this.#isWhole = false;
    this.#onFailure();
  }

  /** What has this call recorded. */
  get tape(): FrameTape | undefined {
    return this.#frames.tape;
  }

  /** @throws UnavailableError NOT_ENCRYPTED, keys could not be put in place. */
  requireWhole(): void {
    if (!this.#isWhole) throw new UnavailableError(Code.NOT_ENCRYPTED, "no frame keys in place");
  }

  /** Open the others' frames of the present epoch. */
  install(): Promise<void> {
    return this.#placed(({ epoch, baseKey, others }) =>
      this.#frames.install(BigInt(epoch), baseKey, others),
    );
  }

  /** Seal frames with the present epoch's keys from now on. */
  send(): Promise<void> {
    return this.#placed(({ epoch, baseKey, own }) =>
      this.#frames.sendIn(BigInt(epoch), baseKey, own),
    );
  }

  /** Let nothing pass for now (`FrameKeys.hold`). */
  hold(): Promise<void> {
    return this.#whole(() => this.#frames.hold());
  }

  /** Let frames pass again. */
  release(): Promise<void> {
    return this.#whole(() => this.#frames.release());
  }

  /** Open no frame of these leaves any more, in any epoch so far. */
  drop(leaves: readonly number[]): Promise<void> {
    return this.#whole(async () => {
      await Promise.all(leaves.map((leaf) => this.#frames.removeLeaf(leaf)));
    });
  }

  /** Drop every key. */
  async wipe(): Promise<void> {
    await answerOf(this.#frames.wipe()); // A worker that died has no keys.
  }

  async #placed(place: (keys: GroupFrameKeys) => Promise<void>): Promise<void> {
    const keys = await this.#keys.frameKeys();
    try {
      await this.#whole(() => place(keys));
    } finally {
      wipe(keys.baseKey);
    }
  }

  async #whole(work: () => Promise<void>): Promise<void> {
    if (!this.#isWhole) return;
    try {
      await withTimeout(PLACED_S, work());
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      this.fail();
    }
  }
}
