/** The filter for noise: the real RNNoise on noise and on something like a voice, and its switch. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { Framing } from "../../media/effects/framing.ts";
import {
  Denoiser,
  type Denoising,
  FRAME,
  LATE,
  RATE,
  unpack,
} from "../../media/effects/rnnoise.ts";
import { noise, voice } from "./drawn_sound.ts";

function program() {
  const path = createRequire(import.meta.url).resolve("@jitsi/rnnoise-wasm/dist/rnnoise-sync.js");
  return unpack(readFileSync(path, "latin1"));
}

/** Send samples through in portions of 128, as a browser does. */
function through(framing: Framing, given: Float32Array, portion = 128): Float32Array {
  const out = new Float32Array(given.length);
  for (let at = 0; at + portion <= given.length; at += portion) {
    framing.pass(given.subarray(at, at + portion), out.subarray(at, at + portion));
  }
  return out;
}

/** Energy per sample, decibels below full, of the part after the first second. */
function loudness(samples: Float32Array, from = RATE): number {
  const part = samples.subarray(from);
  return 10 * Math.log10(part.reduce((sum, one) => sum + one * one, 1e-12) / part.length);
}

/** The largest difference between what came out and what went in `DELAY` before, from some sample on. */
function furthest(out: Float32Array, given: Float32Array, from: number): number {
  let most = 0;
  for (let i = from; i < out.length; i++) {
    most = Math.max(most, Math.abs((out[i] ?? 0) - (given[i - DELAY] ?? 0)));
  }
  return most;
}

const unreachable = () => expect.unreachable();
/** As late as RNNoise, and nothing else. */
function echo(): Denoising {
  const kept = Array.from({ length: LATE }, () => new Float32Array(FRAME));
  return {
    clean(frame) {
      kept.push(frame.slice());
      frame.set(kept.shift() ?? []);
    },
  };
}

/** By how many samples what comes out of `Framing` is later. */
const DELAY = (LATE + 1) * FRAME;

describe("RNNoise", () => {
  test("takes noise away and leaves a voice", () => {
    const lost = (given: Float32Array) => {
      const out = through(new Framing(new Denoiser(program()), unreachable), given);
      return loudness(given) - loudness(out);
    };
    expect(lost(noise(2 * RATE, 0.1))).toBeGreaterThan(30);
    expect(lost(noise(2 * RATE, 0.01))).toBeGreaterThan(30);
    expect(Math.abs(lost(voice(2 * RATE, 0.3)))).toBeLessThan(2);
  });

  test("finds the voice again in noise", () => {
    const clean = voice(3 * RATE, 0.3);
    const around = noise(3 * RATE, 0.01);
    const given = clean.map((one, i) => one + (around[i] ?? 0));
    const out = through(new Framing(new Denoiser(program()), unreachable), given);
    const rest = out.map((one, i) => one - (clean[i - DELAY] ?? 0));
    expect(loudness(rest)).toBeLessThan(loudness(around) - 2);
  });

  test("is as late as the plain sound beside it", () => {
    const given = voice(2 * RATE, 0.3);
    const out = through(new Framing(new Denoiser(program()), unreachable), given);
    const likeness = (shift: number) => {
      let sum = 0;
      for (let i = RATE; i < given.length; i++) sum += (out[i] ?? 0) * (given[i - shift] ?? 0);
      return sum;
    };
    const shifts = [-480, -60, -20, -5, 0, 5, 20, 60, 480].map((by) => DELAY + by);
    expect(shifts.toSorted((a, b) => likeness(b) - likeness(a))[0]).toBe(DELAY);
  });

  test("another file is refused", () => {
    expect(() => unpack("export default 1;")).toThrow(/refused/);
    expect(() => unpack(`${" ".repeat(40)}data:application/octet-stream;base64,AA`)).toThrow();
    const path = createRequire(import.meta.url).resolve(
      "@twilio/video-processors/dist/build/tflite-simd-1-0-0.wasm",
    );
    expect(() => new Denoiser(new Uint8Array(readFileSync(path)))).toThrow();
  });
});

describe("the switch", () => {
  test.each([32, 128, 250, 480])("portions of %i come out whole, three frames late", (portion) => {
    const given = noise(portion * 200, 0.5);
    for (const isOn of [false, true]) {
      const framing = new Framing(echo(), unreachable);
      framing.setOn(isOn);
      const out = through(framing, given, portion);
      expect(furthest(out, given, DELAY)).toBeLessThan(1e-6);
      expect(out.subarray(0, DELAY).every((one) => one === 0)).toBe(true);
    }
  });

  test("on and off again, nothing jumps", () => {
    const tone = Float32Array.from({ length: RATE }, (_, i) =>
      Math.sin((2 * Math.PI * 100 * i) / RATE),
    );
    const quiet: Denoising = { clean: (frame) => frame.fill(0) };
    const framing = new Framing(quiet, unreachable);
    const out = new Float32Array(RATE);
    for (let at = 0; at + 128 <= RATE; at += 128) {
      framing.setOn(Math.floor(at / 9600) % 2 === 0);
      framing.pass(tone.subarray(at, at + 128), out.subarray(at, at + 128));
    }
    let most = 0;
    for (let i = 2000; i < out.length - 200; i++) {
      most = Math.max(most, Math.abs((out[i] ?? 0) - (out[i - 1] ?? 0)));
    }
    // The tone itself moves by 0.013 from sample to sample.
    expect(most).toBeLessThan(0.02);
    expect(loudness(out.subarray(5000, 9000), 0)).toBeLessThan(-60);
    expect(loudness(out.subarray(14_000, 18_000), 0)).toBeGreaterThan(-4);
  });

  test("a filter that fails is left out, and is told of once", () => {
    let told = 0;
    let calls = 0;
    const failing: Denoising = {
      clean() {
        if (++calls > 20) throw new Error("trap");
      },
    };
    const given = noise(FRAME * 100, 0.5);
    const out = through(new Framing(failing, () => told++), given, 160);
    expect(told).toBe(1);
    expect(calls).toBe(21);
    expect(furthest(out, given, FRAME * 30)).toBe(0);
  });

  test("no sound at all is silence", () => {
    const framing = new Framing(echo(), unreachable);
    const out = new Float32Array(128).fill(1);
    framing.pass(undefined, out);
    expect(out.every((one) => one === 0)).toBe(true);
  });
});
