/**
 * Tells a person from what is behind them: MediaPipe's selfie segmentation, on this device.
 *
 * The network (250 kB, Apache-2.0) and the TensorFlow Lite that runs it (2.6 MB, 128-bit SIMD, one
 * thread) lie in `@twilio/video-processors`; of that package nothing else is used, none of its
 * JavaScript runs, and `Program` gives it nothing but its own memory. No WebGL, no script elements,
 * so it runs in a worker. A picture of any shape is given to it stretched to `WIDTH` x `HEIGHT`:
 * upright pictures from phones come out as well as wide ones (looked at), and lose no pixels.
 */

import type { Bytes } from "../../core/bytes.ts";
import { Code, FatalError } from "../../core/errors.ts";
import { Program } from "./program.ts";

/** The network's picture, in pixels. */
export const WIDTH = 256;
export const HEIGHT = 144;
export const PIXELS = WIDTH * HEIGHT;

/** What `Veil` needs of a segmenter. */
export interface Segmenting {
  /**
   * Return how surely each pixel is one of a person, 0 to 1.
   *
   * @param pixels `WIDTH` x `HEIGHT`, four bytes each: red, green, blue, anything.
   * @returns A view, good until the next call.
   */
  segment(pixels: Uint8ClampedArray): Float32Array;
}

/** Short names of version 3.2.0, as its glue code has them. */
const NAMES = { memory: "q", start: "r", copy: "l", grow: "m" } as const;
/** Largest heap; the environment (ENOSYS); log lines (EBADF); threads (EAGAIN). */
const HARMLESS = { h: 64 * 1024 * 1024, f: 52, b: 8, c: 6 } as const;

const MODEL_OFFSET = "s";
const INPUT_OFFSET = "t";
const SHAPE = { u: HEIGHT, v: WIDTH, w: 3, y: HEIGHT, z: WIDTH, A: 1 } as const;
const OUTPUT_OFFSET = "x";
const LOAD = "B";
const RUN = "C";

/** Of a grey wall, the share that may be taken for a person. */
const GREY = 128;
const MOST_OF_A_WALL = 0.02;

export class Segmenter implements Segmenting {
  readonly #program: Program;

  /**
   * Start the program and try it on a grey wall, where nobody is: one that sees people everywhere
   * would show the room.
   *
   * @param program `tflite-simd-1-0-0.wasm`.
   * @param model `selfie_segmentation_landscape.tflite`.
   * @throws FatalError It is not what was expected, or does not work here.
   */
  constructor(program: Bytes, model: Bytes) {
    this.#program = new Program(program, NAMES, HARMLESS);
    this.#program.bytes(this.#program.call(MODEL_OFFSET), model.length).set(model);
    if (this.#program.call(LOAD, model.length) !== 0) {
      throw new FatalError(Code.REFUSED, "the network was not taken");
    }
    for (const [name, size] of Object.entries(SHAPE)) {
      if (this.#program.call(name) !== size) throw new FatalError(Code.REFUSED, "another network");
    }
    const wall = this.segment(new Uint8ClampedArray(PIXELS * 4).fill(GREY));
    const seen = wall.reduce((sum, one) => sum + one, 0) / PIXELS;
    if (!(seen <= MOST_OF_A_WALL)) throw new FatalError(Code.REFUSED, "it sees a person in a wall");
  }

  segment(pixels: Uint8ClampedArray): Float32Array {
    const input = this.#program.floats(this.#program.call(INPUT_OFFSET), PIXELS * 3);
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      input[pixel * 3] = (pixels[pixel * 4] ?? 0) / 255;
      input[pixel * 3 + 1] = (pixels[pixel * 4 + 1] ?? 0) / 255;
      input[pixel * 3 + 2] = (pixels[pixel * 4 + 2] ?? 0) / 255;
    }
    if (this.#program.call(RUN) !== 0) throw new FatalError(Code.REFUSED, "no mask");
    return this.#program.floats(this.#program.call(OUTPUT_OFFSET), PIXELS);
  }
}
