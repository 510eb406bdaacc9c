/** Sound has one size, and is the same sound. */

import { describe, expect, test } from "vitest";
import { type Bytes, concat } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import {
  isVarying,
  OPUS_BYTES,
  OpusPadding,
  padTo,
  ROOMY_BYTES,
} from "../../media/opus_padding.ts";

/** The frames of an Opus packet, read by the RFC's rules (3.2) and by nothing of ours. */
function framesOf(packet: Bytes): Bytes[] {
  const code = (packet[0] ?? 0) & 3;
  let at = 1;
  const length = () => {
    const low = packet[at++] ?? 0;
    return low < 252 ? low : low + 4 * (packet[at++] ?? 0);
  };
  const take = (size: number) => {
    at += size;
    if (at > packet.length) throw new Error("cut short");
    return packet.slice(at - size, at);
  };
  if (code === 0) return [packet.slice(1)];
  if (code === 1) return [take((packet.length - 1) / 2), packet.slice(at)];
  if (code === 2) {
    const first = length();
    return [take(first), packet.slice(at)];
  }
  const count = packet[at++] ?? 0;
  let padding = 0;
  if (count & 0x40) {
    let more = 255;
    while (more === 255) {
      more = packet[at++] ?? 0;
      padding += Math.min(more, 254);
    }
  }
  const number = count & 0x3f;
  const end = packet.length - padding;
  if (count & 0x80) {
    const lengths = Array.from({ length: number - 1 }, length);
    const frames = lengths.map(take);
    return [...frames, packet.slice(at, end)];
  }
  const size = (end - at) / number;
  if (!Number.isInteger(size)) throw new Error("unequal frames");
  return Array.from({ length: number }, () => take(size));
}

const bytes = (size: number, from = 1): Bytes =>
  Uint8Array.from({ length: size }, (_, i) => (i + from) % 256);
const TOC = 0x78; // CELT, 20 ms, mono
const packet = (code: number, ...parts: Uint8Array[]): Bytes =>
  concat(Uint8Array.of(TOC | code), ...parts);

const PACKETS: Readonly<Record<string, Bytes>> = {
  "code 0": packet(0, bytes(37)),
  "code 0, empty": packet(0),
  "code 1": packet(1, bytes(20), bytes(20, 9)),
  "code 2": packet(2, Uint8Array.of(12), bytes(12), bytes(25, 7)),
  "code 3, equal": packet(3, Uint8Array.of(3), bytes(10), bytes(10, 2), bytes(10, 3)),
  "code 3, different": packet(3, Uint8Array.of(0x82, 5), bytes(5), bytes(11, 2)),
  "code 3, padded": packet(3, Uint8Array.of(0x41, 4), bytes(30), new Uint8Array(4)),
};

describe.each(Object.entries(PACKETS))("%s", (_, original) => {
  test.each([1, 2, 3, 40, 254, 255, 256, 257, 258, 510, 511, 512, 900])("%d more", (more) => {
    const padded = padTo(original, original.length + more);
    expect(padded.length).toBe(original.length + more);
    expect(framesOf(padded)).toEqual(framesOf(original));
    expect((padded[0] ?? 0) >> 2).toBe(TOC >> 2);
    expect(padTo(padded, padded.length + 1)).toHaveLength(padded.length + 1);
    expect(framesOf(padTo(padded, padded.length + 1))).toEqual(framesOf(original));
  });
});

test.each<[string, Bytes, number]>([
  ["nothing", new Uint8Array(), 80],
  ["too long", bytes(81), 80],
  ["no frame count", Uint8Array.of(TOC | 3), 80],
  ["no padding length", Uint8Array.of(TOC | 3, 0x41), 80],
  ["more padding than packet", Uint8Array.of(TOC | 3, 0x41, 9, 1), 80],
])("what is no Opus packet is refused: %s", (_, wrong, size) => {
  expect(() => padTo(wrong, size)).toThrow(UsageError);
});

describe("the size", () => {
  test("stays what a constant bit rate made of it", () => {
    const padding = new OpusPadding({ varies: false });
    const first = packet(0, bytes(OPUS_BYTES - 1));
    expect(padding.pad(first)).toBe(first);
    expect(padding.pad(packet(0, bytes(3)))).toHaveLength(OPUS_BYTES);
  });

  test("is roomy from the first packet on where the encoder varies, and grows but never shrinks", () => {
    const padding = new OpusPadding({ varies: false });
    const sizes = [60, 20, 150, 80, 159, 170, 30, 1000, 5];
    expect(sizes.map((size) => padding.pad(packet(0, bytes(size))).length)).toEqual([
      ...Array.from({ length: 5 }, () => ROOMY_BYTES),
      240,
      240,
      1040,
      1040,
    ]);
  });

  test("is roomy for Firefox, though its first packet may have the size of a constant bit rate", () => {
    const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
    const padding = new OpusPadding({ varies: isVarying(firefox) });
    const sizes = [OPUS_BYTES - 1, 60, 100];
    expect(new Set(sizes.map((size) => padding.pad(packet(0, bytes(size))).length))).toEqual(
      new Set([ROOMY_BYTES]),
    );
    expect(isVarying("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/145.0.0.0")).toBe(
      false,
    );
  });
});
