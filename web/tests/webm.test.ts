/** WebM of recordings: written, read and refused as in Python, whose tests show it to real players. */

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, copy, fromHex, hex } from "../core/bytes.ts";
import { child, elements, vint } from "../core/ebml.ts";
import { UsageError } from "../core/errors.ts";
import { joined, readPart, writePart } from "../core/webm.ts";
import { HEAD, Id } from "../core/webm_heads.ts";
import { type Frame, MAX_BYTES, type Media, type Source, type Track } from "../core/webm_types.ts";
import { loadCore, outcome, rows } from "./core_vectors.ts";
import { MismatchError } from "./vector_element.ts";

type Framed = readonly [at: number, data: string];
type Run = readonly [start: number, step: number, count: number, head: string, size: number];
type Damaged = readonly [part: string, how: "cut" | number, at: number, outcome: string];
type Hostile = readonly [name: string, data: string, outcome: string];
type Sides = readonly number[];
type Unwritten = readonly [Sides, number, readonly Framed[], string];
type Joining = readonly [Sides, string, readonly Framed[]];

const VECTORS = loadCore("webm");
const PARTS = VECTORS.children("parts").map((part) => ({
  name: part.text("name"),
  media: {
    track: trackOf(part.values("track") as Sides),
    length: part.number("length"),
    frames: framesOf(rows<Framed>(part, "frames")),
  },
  data: part.data("data"),
}));
const MONO: Track = { kind: "audio", channels: 1 };

/** Vectors have the channels of sound, or the sides of a picture. */
function trackOf([first = 0, height]: Sides): Track {
  if (height === undefined) return { kind: "audio", channels: first };
  return { kind: "video", width: first, height };
}

function framesOf(those: readonly Framed[]): Frame[] {
  return those.map(([at, data]) => ({ at, data: fromHex(data) }));
}

/** Bytes that each language makes by itself. */
function content(size: number, first: number): Bytes {
  return Uint8Array.from({ length: size }, (_, n) => (first + 31 * n + (n >> 8)) & 0xff);
}

function partNamed(name: string): Bytes {
  const found = PARTS.find((part) => part.name === name);
  if (found === undefined) throw new MismatchError("no such part");
  return found.data;
}

async function all(sources: readonly Source[], length: number): Promise<Bytes[]> {
  const pieces: Bytes[] = [];
  for await (const piece of joined(sources, length)) pieces.push(piece);
  return pieces;
}

describe("a part", () => {
  test.each(PARTS)("is written and read as in Python: $name", ({ media, data }) => {
    expect(hex(writePart(media))).toBe(hex(data));
    expect(readPart(data)).toEqual(media);
  });

  test("is so when it is large", () => {
    for (const part of VECTORS.children("large")) {
      const frames = rows<Run>(part, "runs").flatMap(([start, step, count, head, size]) =>
        Array.from({ length: count }, (_, n) => ({
          at: start + step * n,
          data: concat(fromHex(head), content(size, n)),
        })),
      );
      const track = trackOf(part.values("track") as Sides);
      const media: Media = { track, length: part.number("length"), frames };
      const data = writePart(media);
      expect(data.length, part.text("name")).toBe(part.number("size"));
      expect(createHash("sha256").update(data).digest("hex")).toBe(part.text("sha256"));
      expect(readPart(data).frames.length).toBe(frames.length);
    }
  });

  test("every truncation and every changed byte is refused, or read, as in Python", async () => {
    const damaged = rows<Damaged>(VECTORS, "damaged");
    expect(damaged.length).toBeGreaterThan(2000);
    for (const [name, how, at, expected] of damaged) {
      const bad = copy(how === "cut" ? partNamed(name).subarray(0, at) : partNamed(name));
      if (how !== "cut") bad[at] = (bad[at] ?? 0) ^ how;
      const found = await outcome(() => {
        expect(hex(writePart(readPart(bad)))).toBe(hex(bad));
      });
      expect([name, how, at, found]).toEqual([name, how, at, expected]);
    }
  });

  test("what is none is refused for the same reason", async () => {
    const seen = new Set<string>();
    for (const [name, data, expected] of rows<Hostile>(VECTORS, "hostile")) {
      const found = await outcome(() => readPart(fromHex(data)));
      expect([name, found]).toEqual([name, expected]);
      seen.add(found);
    }
    const checks = [950, 951, 952, 953, 954, 955, 956];
    expect([...seen].sort()).toEqual(checks.map((number) => `malformed CK-${number}`));
  });

  test("its size is judged before anything else, and we write none that is larger", async () => {
    const frames = (size: number): Frame[] => [{ at: 0, data: new Uint8Array(size) }];
    const media = (size: number): Media => ({ track: MONO, length: 20, frames: frames(size) });
    const most = MAX_BYTES - writePart(media(4_000_000)).length + 4_000_000;
    const data = writePart(media(most));
    expect(data.length).toBe(MAX_BYTES);
    expect(readPart(data).length).toBe(20);
    expect(() => writePart(media(most + 1))).toThrow(UsageError);
    // One byte more in the frame, so in all that it stands in: a part in all but its size. Each of
    // the three sizes has four bytes.
    const [segment] = elements(data, { start: HEAD.length, end: data.length });
    if (segment === undefined) throw new MismatchError("no segment");
    const cluster = child(data, segment, Id.CLUSTER);
    const block = child(data, cluster, Id.SIMPLE_BLOCK);
    const larger = concat(data, Uint8Array.of(0));
    for (const { start, end } of [segment, cluster, block]) {
      larger.set(vint(end - start + 1), start - 4);
    }
    expect(await outcome(() => readPart(larger))).toBe("malformed CK-950");
  });

  test("a hostile one of nothing but key frames is no more than a part", () => {
    const { media } = PARTS.find(({ name }) => name === "one picture") ?? {};
    const [frame] = media?.frames ?? [];
    if (media === undefined || frame === undefined) throw new MismatchError("no such part");
    const many: Media = { ...media, frames: Array<Frame>(60_000).fill(frame) };
    expect(readPart(writePart(many))).toEqual(many);
  });

  test("what others refuse is not written", async () => {
    const seen = new Set<string>();
    for (const [sides, length, those, expected] of rows<Unwritten>(VECTORS, "unwritten")) {
      const media: Media = { track: trackOf(sides), length, frames: framesOf(those) };
      expect(await outcome(() => writePart(media))).toBe(expected);
      seen.add(expected);
    }
    expect([...seen].sort(), "with a control").toEqual(["ok", "usage"]);
    // Numbers that Python's types leave out.
    const data = Uint8Array.of(1);
    for (const [at, length] of [
      [0.5, 20],
      [Number.NaN, 20],
      [0, 20.5],
      [0, Number.NaN],
    ] as const) {
      expect(() => writePart({ track: MONO, length, frames: [{ at, data }] })).toThrow(UsageError);
    }
  });
});

describe("an export", () => {
  const sources = rows<Joining>(VECTORS, "sources").map(([sides, name, those]) => ({
    track: trackOf(sides),
    name,
    frames: framesOf(those),
  }));

  test("is the same piece by piece, from lists and from what comes later", async () => {
    const expected = VECTORS.datas("joined").map(hex);
    expect((await all(sources, 2 ** 33 + 80)).map(hex)).toEqual(expected);
    async function* later(frames: readonly Frame[]): AsyncGenerator<Frame> {
      for (const frame of frames) yield await Promise.resolve(frame);
    }
    const lazy = sources.map((source) => ({ ...source, frames: later(source.frames) }));
    expect((await all(lazy, 2 ** 33 + 80)).map(hex)).toEqual(expected);
    VECTORS.finish();
  });

  test("asks for frames as it goes, and lets go of them when nobody wants more", async () => {
    let [asked, closed] = [0, 0];
    function* speech(): Generator<Frame> {
      try {
        for (let at = 0; ; at += 20) {
          asked++;
          yield { at, data: Uint8Array.of(1) };
        }
      } finally {
        closed++;
      }
    }
    const two = [speech(), speech()].map((frames) => ({ track: MONO, name: "", frames }));
    let pieces = 0;
    for await (const _ of joined(two, 3_600_000)) if (++pieces === 11) break;
    // A head and ten clusters of 251 frames of each track; of each one more was asked for.
    expect(asked).toBeGreaterThan(5_000);
    expect(asked).toBeLessThanOrEqual(2 * 251 * 10 + 2);
    expect(closed).toBe(2);
  });

  test("frames out of order are not written, nor is nothing", async () => {
    const frames = [2, 1].map((at) => ({ at, data: Uint8Array.of(1) }));
    await expect(all([{ track: MONO, name: "", frames }], 20)).rejects.toThrow(UsageError);
    await expect(all([], 20)).rejects.toThrow(UsageError);
    const video: Track = { kind: "video", width: 1, height: 1 };
    expect(await outcome(() => all([{ track: video, name: "", frames }], 20))).toBe(
      "malformed CK-954",
    );
  });
});
