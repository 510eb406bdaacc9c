/**
 * The small picture that may travel inside a message with a file.
 *
 * It is shown without being asked for, so it is held to the least: a JPEG, at most 512 by 512 (a few
 * kilobytes can be a picture of a gigabyte), stripped once more by whoever receives it. Whatever
 * else stands in its place counts as none (CK-300).
 */

import type { Bytes } from "./bytes.ts";
import { MAX_THUMBNAIL_BYTES } from "./content_inner.ts";
import { stripJpeg } from "./strip_jpeg.ts";
import { number, UnknownShapeError } from "./strip_kit.ts";

export const MAX_SIDE = 512;
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
const [SOS, DHT, DAC] = [0xda, 0xc4, 0xcc];

/** Return a small picture that may be shown, stripped; undefined for anything else (CK-300). */
export function thumbnailOf(data: Uint8Array | null | undefined): Bytes | undefined {
  if (!data || data.length > MAX_THUMBNAIL_BYTES) return undefined;
  try {
    const clean = stripJpeg(data);
    return isSmall(clean) ? clean : undefined;
  } catch (error) {
    if (!(error instanceof UnknownShapeError)) throw error;
    return undefined;
  }
}

/** Say whether every frame before the first scan has small sides, and there is one. */
function isSmall(data: Uint8Array): boolean {
  const sides: number[] = [];
  for (let at = 2; ; ) {
    const marker = number(data, at + 1, 1);
    if (marker === SOS) break;
    if (FRAMES.has(marker)) sides.push(number(data, at + 5, 2), number(data, at + 7, 2));
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== DAC) return false;
    at += 2 + number(data, at + 2, 2);
  }
  return sides.length === 2 && sides.every((side) => side >= 1 && side <= MAX_SIDE);
}
