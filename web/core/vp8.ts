/**
 * The head of a VP8 frame (RFC 6386, 9.1): whether it is a key frame, and of what size (twin of
 * `src/visavis/core/vp8.py`).
 *
 *     tag  = 3 bytes, little-endian; bit 0: 0 is a key frame
 *     head = tag, and for a key frame 9d 01 2a, width u16, height u16 (little-endian; 14 bits count)
 *
 * Not for: decoding, or the pictures themselves.
 */

import { Code, PeerError } from "./errors.ts";
import { hasAt, numberAt } from "./file_bytes.ts";

export const MAX_SIDE = 2 ** 14 - 1;

const TAG = 3;
const HEAD = 10;
const START_CODE = "\x9d\x01\x2a";

/**
 * Return the width and height of a key frame, in pixels; undefined for any other frame.
 *
 * @param frame As an encoder gave it, unsealed.
 * @throws PeerError MALFORMED (CK-954), no decoder would take it for a frame.
 */
export function keyFrameSize(
  frame: Uint8Array,
): readonly [width: number, height: number] | undefined {
  // CK-954: a key frame says its size; a frame without its head would be cut or shown as none.
  const [first = 0] = frame;
  if (frame.length < TAG) throw malformed("a VP8 frame without its tag");
  if ((first & 1) === 1) return undefined;
  if (frame.length < HEAD || !hasAt(frame, TAG, START_CODE)) {
    throw malformed("a VP8 key frame without its head");
  }
  const width = numberAt(frame, 6, 2, "little") & MAX_SIDE;
  const height = numberAt(frame, 8, 2, "little") & MAX_SIDE;
  if (width === 0 || height === 0) throw malformed("a VP8 key frame without a size");
  return [width, height];
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-954 part: ${why}`);
}
