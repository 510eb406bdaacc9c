/**
 * JPEG (ITU-T T.81, Annex B): segments are kept by a list, everything else goes.
 *
 * Kept: what decodes the picture, the JFIF header without its thumbnail, ICC profiles, Adobe's note
 * on colours, and the orientation. So EXIF, GPS, XMP, IPTC, maker notes and comments go, and
 * whatever follows the end of the picture: further pictures (which have EXIF of their own), films,
 * trailers.
 */

import { type Bytes, concat, uint, utf8 } from "./bytes.ts";
import { hasAt } from "./file_bytes.ts";
import { number, orientationOf, orientationOnly, UnknownShapeError } from "./strip_kit.ts";

const [SOI, EOI, SOS, TEM] = [0xd8, 0xd9, 0xda, 0x01];
const [APP0, APP1, APP2, APP14] = [0xe0, 0xe1, 0xe2, 0xee];
const EXIF = utf8("Exif\0\0");

function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}

/** Frame headers, tables, scans, restart intervals: without one of these there is no picture. */
function isDecoding(marker: number): boolean {
  if (marker < 0xc0 || marker > 0xdf || marker === 0xc8) return false;
  return marker < 0xd0 || marker > 0xd9;
}

/**
 * Return the picture with nothing but what shows it.
 *
 * @throws UnknownShapeError Damaged before its first scan.
 */
export function stripJpeg(data: Uint8Array): Bytes {
  if (number(data, 0, 2) !== 0xffd8) throw new UnknownShapeError();
  const segments: Uint8Array[] = [];
  let orientation: number | undefined;
  let at = 2;
  let hasScan = false;
  while (at < data.length || !hasScan) {
    const [marker, start] = markerAt(data, at);
    if (marker === EOI) {
      segments.push(Uint8Array.of(0xff, EOI));
      break;
    }
    if (isRestart(marker) || marker === 0 || marker === SOI || marker === TEM) {
      throw new UnknownShapeError();
    }
    const end = start + number(data, start, 2);
    if (end < start + 2 || end > data.length) throw new UnknownShapeError();
    const body = data.subarray(start + 2, end);
    at = end;
    if (marker === APP1 && hasAt(body, 0, "Exif\0\0")) {
      orientation ??= orientationOf(body.subarray(EXIF.length));
    }
    const kept = keptOf(marker, body);
    if (kept === undefined) continue;
    segments.push(segment(marker, kept));
    if (marker !== SOS) continue;
    hasScan = true;
    at = endOfScan(data, end);
    segments.push(data.subarray(end, at));
  }
  if (!hasScan) throw new UnknownShapeError();
  if (orientation !== undefined) {
    const first = segments[0]?.[1] === APP0 ? 1 : 0;
    segments.splice(first, 0, segment(APP1, concat(EXIF, orientationOnly(orientation))));
  }
  return concat(Uint8Array.of(0xff, SOI), ...segments);
}

/** Return the marker at a place, and what follows it; any number of 0xFF may stand before. */
function markerAt(data: Uint8Array, place: number): readonly [marker: number, after: number] {
  let at = place;
  if (number(data, at, 1) !== 0xff) throw new UnknownShapeError();
  while (number(data, at, 1) === 0xff) at += 1;
  return [number(data, at, 1), at + 1];
}

function keptOf(marker: number, body: Uint8Array): Uint8Array | undefined {
  if (isDecoding(marker)) return body;
  if (marker === APP0 && hasAt(body, 0, "JFIF\0") && body.length >= 14) {
    return concat(body.subarray(0, 12), new Uint8Array(2)); // without the thumbnail
  }
  if (marker === APP2 && hasAt(body, 0, "ICC_PROFILE\0")) return body;
  if (marker === APP14 && hasAt(body, 0, "Adobe") && body.length >= 12) return body.subarray(0, 12);
  return undefined;
}

function segment(marker: number, body: Uint8Array): Bytes {
  return concat(Uint8Array.of(0xff, marker), uint(body.length + 2, 2), body);
}

/** Return where the next segment begins: the data of a scan has no marker but restarts. */
function endOfScan(data: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    at = data.indexOf(0xff, at);
    const next = at < 0 ? undefined : data[at + 1];
    if (next === undefined) return data.length;
    if (next === 0 || isRestart(next)) at += 2;
    else if (next === 0xff) at += 1;
    else return at;
  }
}
