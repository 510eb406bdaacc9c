/**
 * HEIC and AVIF (ISO/IEC 23008-12; MIAF): items that are no pictures are blanked in place.
 *
 * A still picture is a list of items in a `meta` box: parts of the picture, and beside them EXIF
 * (GPS, maker, time) and XMP. Items that are not known to be parts of a picture become zeros where
 * they lie, EXIF an empty one; boxes that are not known become `free`. How the picture is turned is a
 * property, not EXIF, so it stays.
 *
 * Not for: sequences of pictures; those have the shape of a film as well.
 */

import type { Bytes } from "./bytes.ts";
import { type Box, Boxes, kinds } from "./strip_boxes.ts";
import { UnknownShapeError } from "./strip_kit.ts";

const FILE = kinds("ftyp meta mdat");
const META = kinds("hdlr pitm iinf iloc iprp iref idat grpl");
const PICTURES = kinds("hvc1 hev1 av01 avc1 jpeg grid iovl iden tmap");
/** Properties: descriptions, texts for who cannot see, times of making and changing. */
const DESCRIBING = kinds("udes altt crtt mdft uuid");
/** Where its TIFF begins, and one whose only directory has no entry. */
const NO_EXIF = Uint8Array.of(
  ...[0, 0, 0, 0, 0x4d, 0x4d, 0x00, 0x2a],
  ...[0, 0, 0, 8, 0, 0, 0, 0, 0, 0],
);

type Extent = Readonly<{ item: number; start: number; size: number }>;

/**
 * Return the picture with nothing but what shows it, of the same length.
 *
 * @throws UnknownShapeError Damaged, a sequence, or an item that must go cannot be found.
 */
export function stripHeif(data: Uint8Array): Bytes {
  const file = new Boxes(data);
  const top = file.between(0, data.length);
  const [meta, ...more] = top.filter(({ kind }) => kind === "meta");
  if (meta === undefined || more.length > 0 || top.some(({ kind }) => kind === "moov")) {
    throw new UnknownShapeError();
  }
  file.only(top, FILE);
  const found = file.only(file.inside(meta, 4), META);
  const parts = new Map(found.map((box) => [box.kind, box]));
  const [items, places, idat] = [parts.get("iinf"), parts.get("iloc"), parts.get("idat")];
  if (items === undefined || places === undefined) throw new UnknownShapeError();
  forgetProperties(file, parts.get("iprp"));
  const kindOf = new Map(itemsOf(file, items));
  const holders = top.filter(({ kind }) => kind === "mdat");
  if (idat !== undefined) holders.push(idat);
  for (const { item, start, size } of extentsOf(file, places, idat)) {
    const kind = kindOf.get(item) ?? "";
    if (PICTURES.has(kind)) continue;
    if (!holders.some(({ body, end }) => body <= start && start + size <= end)) {
      throw new UnknownShapeError();
    }
    file.out.fill(0, start, start + size);
    if (kind === "Exif" && size >= NO_EXIF.length) file.out.set(NO_EXIF, start);
  }
  return file.out;
}

/** Blank what describes; a blanked property keeps its number (14496-12, 8.11.14). */
function forgetProperties(file: Boxes, box: Box | undefined): void {
  for (const holder of box === undefined ? [] : file.inside(box)) {
    if (holder.kind !== "ipco") continue;
    for (const found of file.inside(holder)) if (DESCRIBING.has(found.kind)) file.blank(found);
  }
}

/** Return number and kind of each item (14496-12, 8.11.6). */
function itemsOf(file: Boxes, box: Box): [item: number, kind: string][] {
  const skip = file.number(box.body, 1) === 0 ? 6 : 8;
  return file.inside(box, skip).map(({ kind, body }) => {
    const version = file.number(body, 1);
    if (kind !== "infe" || (version !== 2 && version !== 3)) throw new UnknownShapeError();
    const width = version === 2 ? 2 : 4;
    return [file.number(body + 4, width), file.text(body + 4 + width + 2)];
  });
}

/** Yield item, place and size of each piece (14496-12, 8.11.3). */
function* extentsOf(file: Boxes, box: Box, idat: Box | undefined): Generator<Extent> {
  let at = box.body + 4;
  const take = (size: number) => {
    at += size;
    return file.number(at - size, size);
  };
  const version = file.number(box.body, 1);
  const sizes = take(2);
  const [offset = 0, length = 0, base = 0, index = 0] = [12, 8, 4, 0].map(
    (by) => (sizes >> by) & 15,
  );
  const isKnown = [offset, length, base, index].every((size) => [0, 4, 8].includes(size));
  if (version > 2 || !isKnown) throw new UnknownShapeError();
  const wide = version === 2 ? 4 : 2;
  for (let count = take(wide); count > 0; count--) {
    const item = take(wide);
    const method = version === 0 ? 0 : take(2) & 15;
    at += 2; // in this file
    let start = take(base);
    if (method === 1 && idat !== undefined) start += idat.body;
    else if (method !== 0) throw new UnknownShapeError();
    for (let pieces = take(2); pieces > 0; pieces--) {
      if (version !== 0) at += index;
      const place = start + take(offset);
      const size = take(length);
      // The whole file, or beyond the list.
      if (length === 0 || at > box.end) throw new UnknownShapeError();
      yield { item, start: place, size };
    }
  }
}
