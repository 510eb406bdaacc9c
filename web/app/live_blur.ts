/**
 * What is sent of an open camera: its own picture, or one with the background blurred.
 *
 * It fails closed: while a blur is wanted, the camera's own picture is not handed out. Until there is
 * a blurred one there is none, and if blurring ends there is none again: whoever uses this then closes
 * the camera. What blurs is loaded when it is wanted first.
 */

import type { BlurredBackground, BlurTrouble } from "../media/effects/background_blur.ts";
import type { BlurState } from "./model.ts";

export class CameraPicture {
  readonly camera: MediaStreamTrack;
  readonly #changed: () => void;
  #state: BlurState = "off";
  #blurred: BlurredBackground | undefined;
  /** Which blur was wanted last: what an earlier one still says is not heard. */
  #turn = 0;

  /**
   * @param camera Ours from now on: it is stopped here.
   * @param changed What is sent is another track, or the state another.
   */
  constructor(camera: MediaStreamTrack, changed: () => void) {
    this.camera = camera;
    this.#changed = changed;
  }

  get blur(): BlurState {
    return this.#state;
  }

  /** What may be shown and sent now. */
  get track(): MediaStreamTrack | undefined {
    return this.#state === "off" ? this.camera : this.#blurred?.track;
  }

  /** Blur or not. Kept when there is a picture, or none will come ("failed"). */
  async setBlur(on: boolean): Promise<void> {
    if (on === (this.#state !== "off")) return;
    this.#end();
    this.#become(on ? "starting" : "off");
    if (on) await this.#begin({ own: false });
  }

  /** Close the camera. Harmless when repeated. */
  stop(): void {
    this.#end();
    this.camera.stop();
  }

  async #begin(how: { own: boolean }): Promise<void> {
    const turn = this.#turn;
    const isLatest = () => turn === this.#turn;
    try {
      const { blurBackground } = await import("../media/effects/background_blur.ts");
      const blurred = await blurBackground(this.camera, how);
      if (!isLatest()) {
        blurred.stop();
        return;
      }
      this.#blurred = blurred;
      this.#changed();
      blurred.onTrouble((trouble) => {
        if (isLatest()) this.#hear(trouble);
      });
      void blurred.clear.then(() => {
        if (isLatest() && this.#state === "starting") this.#become("on");
      });
    } catch {
      // The code did not come, or nothing here can blur.
      if (isLatest()) this.#fail();
    }
  }

  #hear(trouble: BlurTrouble): void {
    if (trouble === "whole") {
      this.#become("whole");
    } else if (trouble === "no_picture") {
      this.#fail();
    } else {
      // The browser's own was switched off from outside: go on with ours.
      this.#end();
      this.#become("starting");
      void this.#begin({ own: true });
    }
  }

  #fail(): void {
    this.#end();
    this.#become("failed");
  }

  #end(): void {
    this.#turn++;
    this.#blurred?.stop();
    this.#blurred = undefined;
  }

  #become(state: BlurState): void {
    this.#state = state;
    this.#changed();
  }
}
