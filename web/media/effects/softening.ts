/**
 * The arithmetic of a blurred background, on small pictures: what becomes of a mask, and a blur that
 * keeps the person's colours out of the room's.
 *
 * Not the canvas's own `filter`: one browser lacks it. And a blur of a small picture is a stronger
 * promise: what is finer than one of its pixels is gone before it begins. Pure.
 */

/** Surer than this is a person: between the two the picture fades over. Lower shows more room. */
const FROM = 0.5;
const TO = 0.85;

/** How much of what is new in front is believed at once; the rest comes with the next pictures. */
const EAGERNESS = 0.6;

/** Three box blurs are close to a Gaussian one whose deviation is a little more than their radius. */
const PASSES = 3;

/**
 * The radius of each, as a share of the picture's longer side: 31 pixels of 1280. Lower, and
 * writing on a wall can be read.
 */
const RADIUS = 0.024;

/**
 * Turn what the network says into an alpha mask: 255 is a person, 0 is to be blurred.
 *
 * What a person leaves is covered at once, what they come to takes some pictures to show: an edge
 * that flickers does so on the side that shows nothing of the room.
 *
 * @param sure 0 to 1 for each pixel.
 * @param before The mask of the picture before, overwritten with the new one.
 * @throws RangeError Something that is no such number; the mask is then half done.
 */
export function shape(sure: Float32Array, before: Float32Array): void {
  for (let pixel = 0; pixel < before.length; pixel++) {
    const value = sure[pixel] ?? Number.NaN;
    if (!(value >= -0.001 && value <= 1.001)) throw new RangeError("not a mask");
    const place = Math.min(1, Math.max(0, (value - FROM) / (TO - FROM)));
    const now = place * place * (3 - 2 * place);
    const old = before[pixel] ?? 0;
    before[pixel] = now <= old ? now : old + (now - old) * EAGERNESS;
  }
}

/** Room for the work of `soften`; one for pictures of one size. */
export type Workspace = Readonly<{
  width: number;
  height: number;
  one: Float32Array;
  other: Float32Array;
}>;

export function workspace(width: number, height: number): Workspace {
  const [one, other] = [new Float32Array(width * height * 4), new Float32Array(width * height * 4)];
  return { width, height, one, other };
}

/**
 * Blur a picture, each pixel counting as much as it is not the person's.
 *
 * @param pixels Red, green, blue, anything; the small picture.
 * @param mask 1 where the person is.
 * @param out Like `pixels`, opaque.
 * @param shown The sides of the picture that the small one was stretched from.
 */
export function soften(
  space: Workspace,
  pixels: Uint8ClampedArray,
  mask: Float32Array,
  out: Uint8ClampedArray,
  shown: Readonly<{ width: number; height: number }>,
): void {
  const { width, height, one, other } = space;
  for (let pixel = 0; pixel < width * height; pixel++) {
    // Never zero, so that inside the person there is some colour too.
    const weight = 1.001 - (mask[pixel] ?? 0);
    const at = pixel * 4;
    one[at] = (pixels[at] ?? 0) * weight;
    one[at + 1] = (pixels[at + 1] ?? 0) * weight;
    one[at + 2] = (pixels[at + 2] ?? 0) * weight;
    one[at + 3] = weight;
  }
  const reach = Math.max(shown.width, shown.height, 1) * RADIUS;
  const across = Math.max(2, Math.round((reach * width) / Math.max(1, shown.width)));
  const down = Math.max(2, Math.round((reach * height) / Math.max(1, shown.height)));
  for (let pass = 0; pass < PASSES; pass++) {
    boxAndTurn(one, other, width, height, across);
    boxAndTurn(other, one, height, width, down);
  }
  for (let at = 0; at < out.length; at += 4) {
    const weight = one[at + 3] ?? 1;
    out[at] = (one[at] ?? 0) / weight;
    out[at + 1] = (one[at + 1] ?? 0) / weight;
    out[at + 2] = (one[at + 2] ?? 0) / weight;
    out[at + 3] = 255;
  }
}

/** Average each row's pixels with those up to `radius` away, and write rows as columns. */
function boxAndTurn(
  from: Float32Array,
  to: Float32Array,
  width: number,
  height: number,
  radius: number,
): void {
  const share = 1 / (2 * radius + 1);
  for (let row = 0; row < height; row++) {
    const start = row * width;
    for (let channel = 0; channel < 4; channel++) {
      // Beyond an edge lies more of the edge.
      const at = (column: number) =>
        from[(start + Math.min(width - 1, Math.max(0, column))) * 4 + channel] ?? 0;
      let sum = 0;
      for (let column = -radius; column <= radius; column++) sum += at(column);
      for (let column = 0; column < width; column++) {
        to[(column * height + row) * 4 + channel] = sum * share;
        sum += at(column + radius + 1) - at(column - radius);
      }
    }
  }
}
