/**
 * PNG (W3C, third edition): chunks are kept by a list, everything else goes.
 *
 * Kept: what decodes, animates and colours the picture. So texts (tEXt, zTXt, iTXt with XMP in it),
 * eXIf, tIME and private chunks go, and whatever follows the end: programs that crop in place have
 * left the rest of the picture there. The orientation stays, in a new eXIf.
 */

import { type Bytes, concat, uint, utf8 } from "./bytes.ts";
import { hasAt, latin1 } from "./file_bytes.ts";
import { number, orientationOf, orientationOnly, UnknownShapeError } from "./strip_kit.ts";

const SIGNATURE = "\x89PNG\r\n\x1a\n";
const KEPT: ReadonlySet<string> = new Set(
  (
    "IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs sPLT acTL fcTL fdAT cICP " +
    "mDCV cLLI"
  ).split(" "),
);

/**
 * Return the picture with nothing but what shows it.
 *
 * @throws UnknownShapeError Damaged: a chunk is cut short, or there is no end.
 */
export function stripPng(data: Uint8Array): Bytes {
  if (!hasAt(data, 0, SIGNATURE)) throw new UnknownShapeError();
  const chunks: Uint8Array[] = [];
  let orientation: number | undefined;
  let name = "";
  let first: string | undefined;
  for (let at = SIGNATURE.length; name !== "IEND"; ) {
    const end = at + 12 + number(data, at, 4);
    if (end > data.length) throw new UnknownShapeError();
    name = latin1(data, at + 4, at + 8);
    if (name === "eXIf") orientation ??= orientationOf(data.subarray(at + 8, end - 4));
    if (KEPT.has(name)) {
      first ??= name;
      chunks.push(data.subarray(at, end));
    }
    at = end;
  }
  if (first !== "IHDR") throw new UnknownShapeError();
  if (orientation !== undefined) {
    chunks.splice(1, 0, chunk("eXIf", orientationOnly(orientation)));
  }
  return concat(data.subarray(0, SIGNATURE.length), ...chunks);
}

function chunk(name: string, body: Uint8Array): Bytes {
  const checked = concat(utf8(name), body);
  return concat(uint(body.length, 4), checked, uint(crc32(checked), 4));
}

/** The check of a chunk (PNG, Annex D), bit by bit: for the few bytes that are made here. */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
