/**
 * WebP (RFC 9649): chunks of a RIFF file are kept by a list, everything else goes.
 *
 * Kept: pictures, transparency, animation, the ICC profile. So EXIF, XMP and unknown chunks go,
 * their flags with them, and whatever follows the end. The orientation stays, in a new EXIF.
 */

import { type Bytes, concat, uint, utf8 } from "./bytes.ts";
import { hasAt, latin1 } from "./file_bytes.ts";
import { number, orientationOf, orientationOnly, UnknownShapeError } from "./strip_kit.ts";

const KEPT: ReadonlySet<string> = new Set(["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"]);
const IN_FRAMES: ReadonlySet<string> = new Set(["VP8 ", "VP8L", "ALPH"]);
const FRAME_HEAD = 16;
const [EXIF_FLAG, XMP_FLAG] = [0x08, 0x04];

type Chunk = readonly [name: string, body: Uint8Array];

/**
 * Return the picture with nothing but what shows it.
 *
 * @throws UnknownShapeError Damaged: a chunk is cut short.
 */
export function stripWebp(data: Uint8Array): Bytes {
  if (!hasAt(data, 0, "RIFF") || !hasAt(data, 8, "WEBP")) throw new UnknownShapeError();
  const end = 8 + number(data, 4, 4, "little");
  if (end > data.length) throw new UnknownShapeError();
  const chunks: Chunk[] = [];
  let orientation: number | undefined;
  for (const [name, body] of chunksOf(data, 12, end)) {
    if (name === "EXIF") orientation ??= orientationOf(withoutHead(body));
    if (name === "VP8X") {
      const flags = number(body, 0, 1) & ~(EXIF_FLAG | XMP_FLAG);
      chunks.push([name, concat(Uint8Array.of(flags), body.subarray(1))]);
    } else if (name === "ANMF") {
      const inside = chunksOf(body, FRAME_HEAD, body.length).filter(([n]) => IN_FRAMES.has(n));
      chunks.push([name, concat(body.subarray(0, FRAME_HEAD), ...inside.map(written))]);
    } else if (KEPT.has(name)) {
      chunks.push([name, body]);
    }
  }
  const [head] = chunks;
  if (head === undefined) throw new UnknownShapeError();
  if (orientation !== undefined && head[0] === "VP8X") {
    const flags = (head[1][0] ?? 0) | EXIF_FLAG;
    chunks[0] = [head[0], concat(Uint8Array.of(flags), head[1].subarray(1))];
    chunks.push(["EXIF", orientationOnly(orientation)]);
  }
  const inside = concat(utf8("WEBP"), ...chunks.map(written));
  return concat(utf8("RIFF"), little(inside.length), inside);
}

function withoutHead(body: Uint8Array): Uint8Array {
  return hasAt(body, 0, "Exif\0\0") ? body.subarray(6) : body;
}

function chunksOf(data: Uint8Array, start: number, end: number): Chunk[] {
  const found: Chunk[] = [];
  for (let at = start; at < end; ) {
    const size = number(data, at + 4, 4, "little");
    if (at + 8 + size > end) throw new UnknownShapeError();
    found.push([latin1(data, at, at + 4), data.subarray(at + 8, at + 8 + size)]);
    at += 8 + size + (size % 2);
  }
  return found;
}

function written([name, body]: Chunk): Bytes {
  const raw = Uint8Array.from(name, (char) => char.charCodeAt(0));
  return concat(raw, little(body.length), body, new Uint8Array(body.length % 2));
}

function little(value: number): Bytes {
  return uint(value, 4).reverse();
}
