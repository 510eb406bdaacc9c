/**
 * Sound in the browser's portions (128 samples) through a filter that wants 480 of them, and a switch
 * that cannot be heard: the filter is faded in and out over one frame, and the plain sound is kept as
 * late as the filter makes it.
 *
 * It fails open, unlike a blur: if the filter fails, the person is heard with the noise around them.
 * It delays by 30 ms: one frame to be collected, two that RNNoise looks ahead. Pure.
 */

import { type Denoising, FRAME, LATE } from "./rnnoise.ts";

export class Framing {
  readonly #filter: Denoising;
  readonly #onFailed: () => void;
  readonly #incoming = new Float32Array(FRAME);
  #collected = 0;
  /** Frames that are done, as a ring: three are enough for portions of up to one. */
  readonly #ready = new Float32Array(FRAME * 3);
  #readAt = 0;
  /** One frame of silence is ahead, so that there is always something to hand out. */
  #writeAt = FRAME;
  /** The plain frames that the filter has not given back yet, the oldest first. */
  readonly #plain = Array.from({ length: LATE }, () => new Float32Array(FRAME));
  /** Made once: an audio thread must not wait for memory. */
  readonly #work = new Float32Array(FRAME);
  #on = true;
  /** Share of filtered sound in what was handed out last. */
  #share = 0;
  #hasFailed = false;
  /** Frames that went in since it was switched on: before `LATE`, it gives back what is long ago. */
  #warm = 0;

  /** @param onFailed Called once if the filter failed and sound goes on without. */
  constructor(filter: Denoising, onFailed: () => void) {
    this.#filter = filter;
    this.#onFailed = onFailed;
  }

  /** Filter, or not, from the next frames on. */
  setOn(on: boolean): void {
    this.#on = on;
  }

  /**
   * Take samples and hand out as many that are 1440 samples older.
   *
   * @param given Undefined: silence.
   * @param out At most one frame.
   */
  pass(given: Float32Array | undefined, out: Float32Array): void {
    for (let i = 0; i < out.length; i++) {
      this.#incoming[this.#collected++] = given?.[i] ?? 0;
      if (this.#collected === FRAME) this.#finish();
    }
    for (let i = 0; i < out.length; i++) {
      out[i] = this.#ready[this.#readAt] ?? 0;
      this.#readAt = (this.#readAt + 1) % this.#ready.length;
    }
  }

  /** A frame is there: filter it, mix it, put it into the ring. */
  #finish(): void {
    this.#collected = 0;
    const frame = this.#work;
    frame.set(this.#incoming);
    const wanted = this.#on && !this.#hasFailed;
    const isFiltered = (wanted || this.#share > 0) && this.#clean(frame);
    const target = wanted && isFiltered && this.#warm >= LATE ? 1 : 0;
    const from = isFiltered ? this.#share : 0;
    const [oldest] = this.#plain;
    for (let i = 0; i < FRAME; i++) {
      const share = from + ((target - from) * (i + 1)) / FRAME;
      const plain = oldest?.[i] ?? 0;
      const mixed = isFiltered ? plain + ((frame[i] ?? 0) - plain) * share : plain;
      this.#ready[this.#writeAt] = mixed;
      this.#writeAt = (this.#writeAt + 1) % this.#ready.length;
    }
    this.#share = target;
    this.#warm = isFiltered ? this.#warm + 1 : 0;
    const reused = this.#plain.shift();
    reused?.set(this.#incoming);
    if (reused !== undefined) this.#plain.push(reused);
  }

  #clean(frame: Float32Array): boolean {
    try {
      this.#filter.clean(frame);
      return true;
    } catch {
      this.#hasFailed = true;
      this.#onFailed();
      return false;
    }
  }
}
