/**
 * Boxes of ISO base media files (ISO/IEC 14496-12, 4.2): found, and blanked in place.
 *
 * What lies in such a file is found by its place, so nothing may move: a box that goes becomes
 * `free` and its content zeros.
 */

import { type Bytes, copy } from "./bytes.ts";
import { latin1 } from "./file_bytes.ts";
import { number, UnknownShapeError } from "./strip_kit.ts";

const ROOM = kinds("free skip wide");
const FREE = Uint8Array.of(0x66, 0x72, 0x65, 0x65);
const MAX_BOXES = 100_000;

/** Where a box begins, where its content does, and where it ends. */
export type Box = Readonly<{ kind: string; start: number; body: number; end: number }>;

/** Return a list of kinds. */
export function kinds(listed: string): ReadonlySet<string> {
  return new Set(listed.split(" "));
}

/** A file, and its copy in which boxes are blanked. */
export class Boxes {
  readonly data: Uint8Array;
  readonly out: Bytes;

  constructor(data: Uint8Array) {
    this.data = data;
    this.out = copy(data);
  }

  /**
   * Return the boxes between two places.
   *
   * @throws UnknownShapeError One is cut short, or there is no end of them.
   */
  between(start: number, end: number): Box[] {
    const found: Box[] = [];
    for (let at = start; at !== end; ) {
      // QuickTime ends some lists with four zero bytes.
      if (end - at === 4 && this.data.subarray(at, end).every((byte) => byte === 0)) break;
      if (found.length === MAX_BOXES) throw new UnknownShapeError();
      let size = this.number(at, 4);
      let body = at + 8;
      if (size === 1) {
        size = this.number(at + 8, 8);
        body = at + 16;
      } else if (size === 0) {
        size = end - at;
      }
      if (at + size < body || at + size > end) throw new UnknownShapeError();
      found.push({ kind: this.text(at + 4), start: at, body, end: at + size });
      at += size;
    }
    return found;
  }

  /** Return the boxes in a box, after so many bytes of its own. */
  inside({ body, end }: Box, skip = 0): Box[] {
    return this.between(body + skip, end);
  }

  /** Turn a box into room that nobody uses. */
  blank({ kind, start, body, end }: Box): void {
    if (!ROOM.has(kind)) this.out.set(FREE, start + 4);
    this.out.fill(0, body, end);
  }

  /** Blank those of the boxes that are not in the list; return the rest. */
  only(found: readonly Box[], kept: ReadonlySet<string>): Box[] {
    for (const box of found) if (!kept.has(box.kind)) this.blank(box);
    return found.filter(({ kind }) => kept.has(kind));
  }

  /** Return an unsigned number; throws as `number`. */
  number(at: number, size: number): number {
    return number(this.data, at, size);
  }

  /** Return the four letters at a place. */
  text(at: number): string {
    return latin1(this.data, at, at + 4);
  }
}
