/**
 * Few sizes for the pictures of a confidential call, by zeros after the last partition of VP8 (twin:
 * `src/visavis/media/picture_padding.py`).
 *
 * Sizes of pictures follow movement: whoever sees them learns when somebody moves, leaves or holds
 * something up. In a confidential call each picture is filled up to the next of a few sizes before
 * it is sealed, and the encoder is held to a rate at which nearly all of them fit the smallest: one
 * size, at an even pace. A key frame, or a picture that changes altogether, takes a larger one, and
 * that remains to be seen.
 *
 * The last partition of a VP8 frame has no length of its own: it is what remains (RFC 6386, 9.5), and
 * a decoder reads of it what it needs. So every decoder takes the zeros, and nobody has to agree on
 * them. Pure.
 */

import type { Bytes } from "../core/bytes.ts";

/** Bits per second for the encoder. Higher looks better and makes more pictures outgrow a size. */
export const STEADY_BIT_RATE = 300_000;

/** Pictures per second, at most. Higher looks smoother and leaves fewer bits for each. */
export const STEADY_FRAME_RATE = 15;

/**
 * Bytes. A smaller first one costs less and is outgrown more often; beyond the last its multiples
 * count.
 */
export const SIZES = [4_096, 16_384, 65_536] as const;

/** Return a VP8 frame that decodes to the same picture, filled up to one of few sizes. */
export function padded(picture: Bytes): Bytes {
  const [, , largest] = SIZES;
  const size =
    SIZES.find((each) => picture.length <= each) ?? Math.ceil(picture.length / largest) * largest;
  const filled = new Uint8Array(size);
  filled.set(picture);
  return filled;
}
