/**
 * GIF (GIF89a, CompuServe 1990): blocks are kept by a list, everything else goes.
 *
 * Kept: pictures, their timing, how often to repeat, the ICC profile. So comments, plain text, XMP
 * and other applications' blocks go, and whatever follows the end.
 */

import { type Bytes, concat } from "./bytes.ts";
import { latin1 } from "./file_bytes.ts";
import { number, UnknownShapeError } from "./strip_kit.ts";

const APPLICATIONS: ReadonlySet<string> = new Set(["NETSCAPE2.0", "ANIMEXTS1.0", "ICCRGBG1012"]);
const [IMAGE, EXTENSION, TRAILER] = [0x2c, 0x21, 0x3b];
const [CONTROL, APPLICATION] = [0xf9, 0xff];

/**
 * Return the picture with nothing but what shows it.
 *
 * @throws UnknownShapeError Damaged: a block is cut short, or of an unknown kind.
 */
export function stripGif(data: Uint8Array): Bytes {
  let at = 13 + table(number(data, 10, 1));
  const out: Uint8Array[] = [data.subarray(0, at)];
  for (;;) {
    const start = at;
    const kind = number(data, at, 1);
    if (kind === TRAILER) return concat(...out, Uint8Array.of(TRAILER));
    if (kind === IMAGE) {
      at = endOfBlocks(data, at + 11 + table(number(data, at + 9, 1)));
      out.push(data.subarray(start, at));
    } else if (kind === EXTENSION) {
      const label = number(data, at + 1, 1);
      at = endOfBlocks(data, at + 2);
      const isKnown = APPLICATIONS.has(latin1(data, start + 3, start + 14));
      if (label === CONTROL || (label === APPLICATION && isKnown)) {
        out.push(data.subarray(start, at));
      }
    } else {
      throw new UnknownShapeError();
    }
  }
}

/** Return how many bytes of colours follow. */
function table(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

function endOfBlocks(data: Uint8Array, start: number): number {
  let at = start;
  for (let size = number(data, at, 1); size > 0; size = number(data, at, 1)) at += 1 + size;
  return at + 1;
}
