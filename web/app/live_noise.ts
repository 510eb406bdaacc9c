/**
 * What is sent of an open microphone: its own sound, or one with the noise taken out. Sound goes on
 * whatever happens; what filters is loaded when it is wanted first.
 */

import type { SuppressedNoise } from "../media/effects/noise_suppression.ts";
import type { NoiseState } from "./model.ts";

export class MicrophoneSound {
  readonly microphone: MediaStreamTrack;
  readonly #changed: () => void;
  #state: NoiseState = "off";
  #filter: SuppressedNoise | undefined;
  #isOn = true;
  /** Which filter was wanted last: what comes of an earlier one is put away. */
  #turn = 0;

  /**
   * @param microphone Ours from now on: it is stopped here.
   * @param changed What is sent is another track, or the state another.
   */
  constructor(microphone: MediaStreamTrack, changed: () => void) {
    this.microphone = microphone;
    this.#changed = changed;
  }

  get noise(): NoiseState {
    return this.#state;
  }

  get track(): MediaStreamTrack {
    return this.#filter?.track ?? this.microphone;
  }

  /** Mute or not, both before and behind the filter. */
  setOn(on: boolean): void {
    this.#isOn = on;
    this.microphone.enabled = on;
    this.track.enabled = on;
  }

  /** Filter or not. Sound goes on unfiltered until the filter runs. */
  async setFilter(on: boolean): Promise<void> {
    if (on === (this.#state !== "off")) return;
    this.#end();
    this.#become(on ? "starting" : "off");
    if (on) await this.#begin();
    else await this.#browserFilter();
  }

  /** Close the microphone. Harmless when repeated. */
  stop(): void {
    this.#end();
    this.microphone.stop();
  }

  async #begin(): Promise<void> {
    const turn = this.#turn;
    const isLatest = () => turn === this.#turn;
    try {
      const { suppressNoise } = await import("../media/effects/noise_suppression.ts");
      const filter = await suppressNoise(this.microphone);
      if (!isLatest()) {
        filter.stop();
        return;
      }
      this.#filter = filter;
      filter.track.enabled = this.#isOn;
      filter.onTrouble(() => {
        if (isLatest()) this.#become("failed");
      });
      this.#become(filter.by === "own" ? "on" : filter.by === "browser" ? "browser" : "failed");
    } catch {
      if (!isLatest()) return;
      this.#become("failed"); // its code did not come
      await this.#browserFilter();
    }
  }

  /** The browser's own filter again, where it can be had on an open microphone. */
  async #browserFilter(): Promise<void> {
    const constraints = { ...this.microphone.getConstraints(), noiseSuppression: true };
    await this.microphone.applyConstraints(constraints).catch(() => undefined);
  }

  #end(): void {
    this.#turn++;
    const filter = this.#filter;
    this.#filter = undefined;
    filter?.stop();
  }

  #become(state: NoiseState): void {
    this.#state = state;
    this.#changed();
  }
}
