/**
 * What the strippers share: bounded reading, and the one EXIF entry that stays.
 *
 * EXIF is a TIFF (Exif 2.32, 4.5): byte order, 42, the offset of the first directory, its entries.
 */

import { type Bytes, concat, uint } from "./bytes.ts";
import { hasAt, numberAt } from "./file_bytes.ts";

export type Order = "big" | "little";

/** The file is damaged or of a kind that is not known: it cannot be stripped. */
export class UnknownShapeError extends Error {}

/**
 * Return an unsigned number; one of eight bytes is exact below 2**53 only, and no place in a file.
 *
 * @throws UnknownShapeError It is not there.
 */
export function number(data: Uint8Array, at: number, size: number, order: Order = "big"): number {
  if (at < 0 || at + size > data.length) throw new UnknownShapeError();
  return numberAt(data, at, size, order);
}

/** Return the orientation (2 to 8) that an EXIF block asks for; undefined if it asks for none. */
export function orientationOf(tiff: Uint8Array): number | undefined {
  const order: Order = hasAt(tiff, 0, "II") ? "little" : "big";
  try {
    if (!hasAt(tiff, 0, "II") && !hasAt(tiff, 0, "MM")) return undefined;
    if (number(tiff, 2, 2, order) !== 42) return undefined;
    const at = number(tiff, 4, 4, order);
    const count = number(tiff, at, 2, order);
    for (let where = at + 2; where < at + 2 + 12 * count; where += 12) {
      if (number(tiff, where, 2, order) !== 0x0112) continue;
      const value = number(tiff, where + 8, 2, order);
      const isShort = number(tiff, where + 2, 2, order) === 3;
      return isShort && value >= 2 && value <= 8 ? value : undefined;
    }
  } catch (error) {
    if (!(error instanceof UnknownShapeError)) throw error;
  }
  return undefined;
}

const ONE_ENTRY = Uint8Array.of(
  ...[0x4d, 0x4d, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x08, 0x00, 0x01],
  ...[0x01, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01],
);

/** Return an EXIF block that says the orientation and nothing else. */
export function orientationOnly(orientation: number): Bytes {
  return concat(ONE_ENTRY, uint(orientation, 2), new Uint8Array(6));
}
