/**
 * A person in front of a chequered wall, drawn: the network takes it for one (`effects.test.ts`), so no
 * photograph of anybody is needed. Pure, so that Node and pages draw the very same.
 */

type Colour = readonly [red: number, green: number, blue: number];
type Ellipse = readonly [x: number, y: number, rx: number, ry: number, colour: Colour];

/** Light and dark squares of the wall: a blur makes one grey of them. */
export const LIGHT: Colour = [230, 230, 230];
export const DARK: Colour = [90, 110, 140];

/** A square's side, as a share of the picture's height. */
export const SQUARE = 1 / 18;

/** Where things are, as shares of the picture's height, from the middle of its upper edge. */
const BODY: readonly Ellipse[] = [
  [0, 1.04, 0.45, 0.33, [40, 60, 110]],
  [0, 0.36, 0.217, 0.26, [60, 40, 30]],
  [0, 0.68, 0.09, 0.11, [205, 150, 120]],
  [0, 0.425, 0.174, 0.226, [224, 172, 140]],
];
const SIDES: readonly Ellipse[] = [
  [0.07, 0.39, 0.028, 0.014, [250, 250, 250]],
  [0.07, 0.39, 0.012, 0.012, [40, 30, 20]],
  [0.07, 0.347, 0.038, 0.009, [60, 40, 30]],
];
const MIDDLE: readonly Ellipse[] = [
  [0, 0.46, 0.021, 0.035, [205, 150, 120]],
  [0, 0.538, 0.056, 0.016, [170, 70, 70]],
];
const PERSON: readonly Ellipse[] = [
  ...BODY,
  ...SIDES,
  ...SIDES.map(([x, ...rest]): Ellipse => [-x, ...rest]),
  ...MIDDLE,
];

/** Return red, green, blue, alpha of each pixel; without a person, the wall alone. */
export function drawPerson(
  width: number,
  height: number,
  hasPerson = true,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = (column + 0.5 - width / 2) / height;
      const y = (row + 0.5) / height;
      const colour = (hasPerson && bodyAt(x, y)) || wallAt(column / height, y);
      pixels.set([...colour, 255], (row * width + column) * 4);
    }
  }
  return pixels;
}

function bodyAt(x: number, y: number): Colour | undefined {
  const inside = ([cx, cy, rx, ry]: Ellipse) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
  return PERSON.findLast(inside)?.[4];
}

function wallAt(x: number, y: number): Colour {
  const squares = Math.floor(x / SQUARE) + Math.floor(y / SQUARE);
  return squares % 2 === 0 ? LIGHT : DARK;
}
