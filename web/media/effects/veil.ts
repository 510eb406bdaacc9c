/**
 * What of each picture is hidden. It fails closed: as long as there is no segmenter, and for good
 * after one failed, the whole picture is blurred. There is no way to ask it for a bare background.
 *
 * It works on small pictures and knows no canvas, no camera and no worker. Each picture has a mask
 * of its own: an older one would show a strip of the room whenever the person moves.
 */

import { HEIGHT, PIXELS, type Segmenting, WIDTH } from "./segmenter.ts";
import { shape, soften, workspace } from "./softening.ts";

export class Veil {
  /** The blurred picture, opaque: red, green, blue, alpha. */
  readonly soft = new Uint8ClampedArray(PIXELS * 4);
  /** Where the person is, as alpha; the colours mean nothing. */
  readonly cutout = new Uint8ClampedArray(PIXELS * 4);
  readonly #mask = new Float32Array(PIXELS);
  readonly #space = workspace(WIDTH, HEIGHT);
  readonly #onFailed: () => void;
  #segmenter: Segmenting | undefined;

  /** @param onFailed Called once if a segmenter failed and everything is blurred from now on. */
  constructor(onFailed: () => void) {
    this.#onFailed = onFailed;
  }

  /** From the next picture on, leave the person clear. */
  use(segmenter: Segmenting): void {
    this.#segmenter = segmenter;
  }

  /**
   * Fill `soft` and `cutout`.
   *
   * @param pixels The picture, stretched to `WIDTH` x `HEIGHT`.
   * @param shown The sides it was stretched from.
   * @returns Whether anything of `cutout` is to be shown.
   */
  cover(pixels: Uint8ClampedArray, shown: Readonly<{ width: number; height: number }>): boolean {
    const hasMask = this.#findPerson(pixels);
    soften(this.#space, pixels, this.#mask, this.soft, shown);
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      this.cutout[pixel * 4 + 3] = (this.#mask[pixel] ?? 0) * 255;
    }
    return hasMask;
  }

  #findPerson(pixels: Uint8ClampedArray): boolean {
    if (this.#segmenter === undefined) return false;
    try {
      shape(this.#segmenter.segment(pixels), this.#mask);
      return true;
    } catch {
      // Whatever went wrong, nothing is taken for a person from here on.
      this.#segmenter = undefined;
      this.#mask.fill(0);
      this.#onFailed();
      return false;
    }
  }
}
