/**
 * Draws a picture with all but the person blurred. What a mask could not be found for is blurred
 * whole; what cannot be drawn is no picture at all.
 */

import { Code, UnavailableError } from "../../core/errors.ts";
import type { Picture } from "./blur_protocol.ts";
import { HEIGHT, WIDTH } from "./segmenter.ts";
import type { Veil } from "./veil.ts";

type Context = OffscreenCanvasRenderingContext2D;

export class BlurCanvas {
  readonly #veil: Veil;
  readonly #small = context(WIDTH, HEIGHT);
  readonly #soft = context(WIDTH, HEIGHT);
  readonly #cutout = context(WIDTH, HEIGHT);
  readonly #whole = context(1, 1);

  constructor(veil: Veil) {
    this.#veil = veil;
  }

  /**
   * Return the canvas with the blurred picture, good until the next call.
   *
   * @throws UnavailableError, DOMException: it cannot be drawn.
   */
  draw(picture: Picture): OffscreenCanvas {
    const { width, height } = sides(picture);
    const whole = this.#whole;
    if (whole.canvas.width !== width) whole.canvas.width = width;
    if (whole.canvas.height !== height) whole.canvas.height = height;
    // The picture itself is drawn once: turning a camera's colours into a canvas's is what costs most.
    whole.globalCompositeOperation = "copy";
    whole.drawImage(picture, 0, 0, width, height);
    this.#small.drawImage(whole.canvas, 0, 0, WIDTH, HEIGHT);
    const { data } = this.#small.getImageData(0, 0, WIDTH, HEIGHT);
    const hasPerson = this.#veil.cover(data, { width, height });
    put(this.#soft, this.#veil.soft);
    if (hasPerson) {
      put(this.#cutout, this.#veil.cutout);
      whole.globalCompositeOperation = "destination-in";
      whole.drawImage(this.#cutout.canvas, 0, 0, width, height);
      whole.globalCompositeOperation = "destination-over";
    }
    whole.drawImage(this.#soft.canvas, 0, 0, width, height);
    return whole.canvas;
  }
}

function sides(picture: Picture): { width: number; height: number } {
  if ("displayWidth" in picture) {
    return { width: picture.displayWidth, height: picture.displayHeight };
  }
  return { width: picture.width, height: picture.height };
}

function put(target: Context, pixels: Uint8ClampedArray<ArrayBuffer>): void {
  target.putImageData(new ImageData(pixels, WIDTH, HEIGHT), 0, 0);
}

function context(width: number, height: number): Context {
  // Said outright, so that a canvas that is read from stays where the others are: with the graphics
  // card, if there is one. Else each whole picture would have to come back from it to be shrunk.
  const options = { willReadFrequently: false };
  const found = new OffscreenCanvas(width, height).getContext("2d", options);
  if (found === null) throw new UnavailableError(Code.UNAVAILABLE, "no canvas to draw on");
  return found;
}
