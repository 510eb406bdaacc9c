/**
 * RNNoise 0.2 (Xiph, BSD): takes what is no voice out of sound, 10 ms at a time, on this device.
 *
 * The program (1.4 MB, the network included) lies in `@jitsi/rnnoise-wasm`, as text inside a script.
 * That script is read, never run, and `Program` gives what is in it nothing but its own memory. The
 * package's smaller file is RNNoise 0.1, which took 2 to 5 dB of white noise away where this one
 * takes 60 (measured), in a third of the time.
 */

import type { Bytes } from "../../core/bytes.ts";
import { Code, FatalError } from "../../core/errors.ts";
import { Program } from "./program.ts";

/** Samples of a frame, and how many of them make a second. */
export const FRAME = 480;
export const RATE = 48_000;

/** Frames by which what comes out is later than what goes in: it looks that far ahead. */
export const LATE = 2;

/** Where the program begins in the script of version 0.2.1, and its short names there. */
const MARK = '"data:application/octet-stream;base64,';
/** How every WebAssembly file begins, in base64. */
const MAGIC = "AGFzbQ";
const NAMES = { memory: "c", start: "d", copy: "b", grow: "a" } as const;
const CREATE = "h";
const ALLOCATE = "e";
const PROCESS = "j";

/** It reckons in 16-bit samples. */
const SCALE = 32_768;

/**
 * Return the program that lies in `rnnoise-sync.js`.
 *
 * @throws FatalError There is none.
 */
export function unpack(script: string): Bytes {
  const start = script.indexOf(MARK + MAGIC) + MARK.length;
  const end = script.indexOf('"', start);
  if (start < MARK.length || end < 0) throw new FatalError(Code.REFUSED, "no program in it");
  return Uint8Array.from(atob(script.slice(start, end)), (one) => one.charCodeAt(0));
}

/** What `Framing` needs of a filter. */
export interface Denoising {
  /** Replace a frame of samples, -1 to 1, by what is left of the one `LATE` before it. */
  clean(frame: Float32Array): void;
}

export class Denoiser implements Denoising {
  readonly #program: Program;
  readonly #state: number;
  readonly #buffer: number;

  /**
   * @param program What `unpack` found.
   * @throws FatalError It is not what was expected.
   */
  constructor(program: Bytes) {
    this.#program = new Program(program, NAMES);
    this.#state = this.#program.call(CREATE, 0);
    this.#buffer = this.#program.call(ALLOCATE, FRAME * Float32Array.BYTES_PER_ELEMENT);
    if (this.#state === 0 || this.#buffer === 0) throw new FatalError(Code.REFUSED, "no memory");
  }

  clean(frame: Float32Array): void {
    const samples = this.#program.floats(this.#buffer, FRAME);
    for (let i = 0; i < FRAME; i++) samples[i] = (frame[i] ?? 0) * SCALE;
    this.#program.call(PROCESS, this.#state, this.#buffer, this.#buffer);
    const cleaned = this.#program.floats(this.#buffer, FRAME);
    for (let i = 0; i < FRAME; i++) {
      const sample = (cleaned[i] ?? 0) / SCALE;
      if (!Number.isFinite(sample)) throw new FatalError(Code.REFUSED, "no sound");
      frame[i] = sample;
    }
  }
}
