/** What of a picture is hidden: the real network on a drawn person, and everything that may fail. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, test } from "vitest";
import {
  HEIGHT,
  PIXELS,
  Segmenter,
  type Segmenting,
  WIDTH,
} from "../../media/effects/segmenter.ts";
import { shape, soften, workspace } from "../../media/effects/softening.ts";
import { Veil } from "../../media/effects/veil.ts";
import { DARK, drawPerson, LIGHT } from "./drawn_person.ts";

const SHOWN = { width: 1280, height: 720 };

function file(name: string) {
  const path = createRequire(import.meta.url).resolve(
    `@twilio/video-processors/dist/build/${name}`,
  );
  return new Uint8Array(readFileSync(path));
}

const program = () => file("tflite-simd-1-0-0.wasm");
const model = () => file("selfie_segmentation_landscape.tflite");

/** What is at a place given in shares of the sides. */
function at(pixels: Uint8ClampedArray, x: number, y: number): number[] {
  const place = (Math.floor(y * HEIGHT) * WIDTH + Math.floor(x * WIDTH)) * 4;
  return [...pixels.subarray(place, place + 4)];
}

/** How far apart the lightest and the darkest pixel of the upper left corner are: the wall's squares. */
function contrast(pixels: Uint8ClampedArray): number {
  const reds: number[] = [];
  for (let row = 4; row < 40; row++) {
    for (let column = 4; column < 60; column++) reds.push(pixels[(row * WIDTH + column) * 4] ?? 0);
  }
  return Math.max(...reds) - Math.min(...reds);
}

const FACE = [0.5, 0.4] as const;
const WALL = [0.1, 0.2] as const;
const person = drawPerson(WIDTH, HEIGHT);

/** A segmenter that finds this, whatever it sees. */
function always(value: number): Segmenting {
  return { segment: () => new Float32Array(PIXELS).fill(value) };
}

describe("the network", () => {
  let segmenter: Segmenter;
  beforeAll(() => {
    segmenter = new Segmenter(program(), model());
  });

  test("finds a person, and nobody where nobody is", () => {
    const mask = segmenter.segment(person);
    const surely = (x: number, y: number) =>
      mask[Math.floor(y * HEIGHT) * WIDTH + Math.floor(x * WIDTH)] ?? Number.NaN;
    expect(surely(...FACE)).toBeGreaterThan(0.95);
    expect(surely(0.5, 0.95)).toBeGreaterThan(0.95);
    expect(surely(...WALL)).toBeLessThan(0.05);
    const share = (values: Float32Array) => values.reduce((sum, one) => sum + one, 0) / PIXELS;
    expect(share(mask)).toBeGreaterThan(0.15);
    const wall = segmenter.segment(drawPerson(WIDTH, HEIGHT, false));
    expect(share(wall)).toBeLessThan(0.02);
  });

  test("another file than the network or the program is refused", () => {
    expect(() => new Segmenter(program(), model().fill(0, 0, 64))).toThrow();
    expect(() => new Segmenter(model(), model())).toThrow(WebAssembly.CompileError);
    const other = createRequire(import.meta.url).resolve("@jitsi/rnnoise-wasm/dist/rnnoise.wasm");
    expect(() => new Segmenter(new Uint8Array(readFileSync(other)), model())).toThrow(/refused/);
  });

  test("the veil leaves the person clear and blurs the wall", () => {
    const veil = new Veil(() => expect.unreachable());
    veil.use(segmenter);
    for (let picture = 0; picture < 5; picture++) expect(veil.cover(person, SHOWN)).toBe(true);
    expect(at(veil.cutout, ...FACE)[3]).toBeGreaterThan(250);
    expect(at(veil.cutout, ...WALL)[3]).toBe(0);
    expect(contrast(person)).toBe(LIGHT[0] - DARK[0]);
    expect(contrast(veil.soft)).toBeLessThan(25);
  });
});

describe("the veil", () => {
  test("before there is a segmenter everything is blurred", () => {
    const veil = new Veil(() => expect.unreachable());
    expect(veil.cover(person, SHOWN)).toBe(false);
    expect(veil.cutout.every((value, i) => i % 4 !== 3 || value === 0)).toBe(true);
    expect(contrast(veil.soft)).toBeLessThan(25);
  });

  const broken: Record<string, Segmenting> = {
    throws: {
      segment() {
        throw new Error("out of memory");
      },
    },
    "has no numbers": always(Number.NaN),
    "has numbers that are none of a mask": always(1.5),
    "has negative numbers": always(-0.5),
    "is too short": { segment: () => new Float32Array(PIXELS - 1).fill(1) },
    "breaks off half way": {
      segment: () => new Float32Array(PIXELS).fill(1).fill(Number.NaN, PIXELS / 2),
    },
  };
  test.each(Object.keys(broken))("a segmenter that %s blurs everything, for good", (name) => {
    let told = 0;
    let isBroken = false;
    const veil = new Veil(() => told++);
    const good = always(1);
    veil.use({ segment: (pixels) => ((isBroken && broken[name]) || good).segment(pixels) });
    expect(veil.cover(person, SHOWN)).toBe(true); // the control: it shows what it is told to
    expect(at(veil.cutout, ...WALL)[3]).toBeGreaterThan(100);
    isBroken = true;
    for (let picture = 0; picture < 3; picture++) {
      expect(veil.cover(person, SHOWN)).toBe(false);
      expect(veil.cutout.every((value, i) => i % 4 !== 3 || value === 0)).toBe(true);
      isBroken = false; // it may come to its senses: too late
    }
    expect(told).toBe(1);
    expect(contrast(veil.soft)).toBeLessThan(25);
  });
});

describe("a mask's shape", () => {
  test("what a person leaves is covered at once, what they come to shows little by little", () => {
    const mask = new Float32Array(1);
    const seen = [1, 1, 1, 0, 1].map((sure) => {
      shape(new Float32Array([sure]), mask);
      return mask[0] ?? Number.NaN;
    });
    expect(seen[0]).toBeGreaterThan(0.3);
    expect(seen[0]).toBeLessThan(seen[1] ?? 0);
    expect(seen[2]).toBeGreaterThan(0.9);
    expect(seen[3]).toBe(0);
    expect(seen[4]).toBeLessThan(0.7);
  });

  test("doubt is blurred", () => {
    const mask = new Float32Array(2);
    for (let i = 0; i < 20; i++) shape(new Float32Array([0.5, 0.9]), mask);
    expect(mask[0]).toBe(0);
    expect(mask[1]).toBeCloseTo(1);
  });
});

describe("softening", () => {
  const [width, height] = [64, 36];
  const red = (out: Uint8ClampedArray, column: number, row: number) =>
    out[(row * width + column) * 4] ?? Number.NaN;

  function softened(
    paint: (column: number) => number,
    mask: (column: number) => number,
    shown = { width: 640, height: 360 },
  ): Uint8ClampedArray {
    const pixels = new Uint8ClampedArray(width * height * 4);
    const covered = new Float32Array(width * height);
    for (let i = 0; i < width * height; i++) {
      pixels.fill(paint(i % width), i * 4, i * 4 + 3);
      covered[i] = mask(i % width);
    }
    const out = new Uint8ClampedArray(pixels.length);
    soften(workspace(width, height), pixels, covered, out, shown);
    return out;
  }

  test("one colour stays as it is, edges included, and is opaque", () => {
    const out = softened(
      () => 120,
      () => 0,
    );
    for (let i = 0; i < out.length; i++)
      expect(Math.abs((out[i] ?? 0) - (i % 4 === 3 ? 255 : 120))).toBeLessThan(2);
  });

  test("an edge is spread over", () => {
    const out = softened(
      (column) => (column < width / 2 ? 0 : 200),
      () => 0,
    );
    expect(red(out, 2, 10)).toBeLessThan(3);
    expect(red(out, width - 3, 10)).toBeGreaterThan(197);
    const middle = red(out, width / 2, 18);
    expect(middle).toBeGreaterThan(80);
    expect(middle).toBeLessThan(150);
  });

  test("the person's colour does not shine into the room", () => {
    const shines = softened(
      (column) => (column < width / 2 ? 0 : 200),
      () => 0,
    );
    const kept = softened(
      (column) => (column < width / 2 ? 0 : 200),
      (column) => (column < width / 2 ? 0 : 1),
    );
    expect(red(shines, width / 2 - 1, 18)).toBeGreaterThan(60);
    expect(red(kept, width / 2 - 1, 18)).toBeLessThan(5);
  });
});
