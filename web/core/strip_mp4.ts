/**
 * MP4, MOV and M4A (ISO/IEC 14496-12; QuickTime File Format): boxes are blanked in place.
 *
 * Samples are found by their place in the file, so nothing may move: a box that goes becomes `free`
 * and its content zeros. Boxes are kept by a list; udta, meta, uuid and all others go. Times of
 * making and changing become zero, names of handlers too. Tracks that are neither picture, sound nor
 * text (places along the way, sensors, time codes) are blanked with their samples.
 *
 * Not for: what an encoder writes into the pictures themselves.
 */

import type { Bytes } from "./bytes.ts";
import { type Box, Boxes, kinds } from "./strip_boxes.ts";
import { number, UnknownShapeError } from "./strip_kit.ts";

const FILE = kinds("ftyp styp moov moof mdat sidx ssix mfra");
const MOVIE = kinds("mvhd trak mvex iods ctab clip");
const TRACK = kinds("tkhd edts mdia tref tapt load clip matt");
const TRACK_MEDIA = kinds("mdhd hdlr minf elng");
const FRAGMENT = kinds("mfhd traf");
const TRACK_FRAGMENT = kinds("tfhd tfdt trun sdtp sbgp sgpd subs saiz saio senc");
const HANDLERS = kinds("vide soun text sbtl subt clcp");
/**
 * Return the film with nothing but what plays it, of the same length.
 *
 * @throws UnknownShapeError Damaged, or samples of a track that must go cannot be found.
 */
export function stripMp4(data: Uint8Array): Bytes {
  const film = new Film(data);
  film.strip();
  return film.out;
}

/** A film and its copy in which boxes are blanked. */
class Film extends Boxes {
  strip(): void {
    const top = this.between(0, this.data.length);
    if (!top.some(({ kind }) => kind === "moov")) throw new UnknownShapeError();
    const isFragmented = top.some(({ kind }) => kind === "moof");
    const media = isFragmented ? undefined : top.filter(({ kind }) => kind === "mdat");
    for (const box of top) {
      if (!FILE.has(box.kind)) this.blank(box);
      else if (box.kind === "moov") this.#movie(box, media);
      else if (box.kind === "moof") this.#fragment(box);
    }
  }

  #fragment(box: Box): void {
    for (const inner of this.only(this.inside(box), FRAGMENT)) {
      if (inner.kind === "traf") this.only(this.inside(inner), TRACK_FRAGMENT);
    }
  }

  #movie(movie: Box, media: readonly Box[] | undefined): void {
    const kept = this.only(this.inside(movie), MOVIE);
    // Compressed, or of another kind.
    if (!kept.some(({ kind }) => kind === "trak")) throw new UnknownShapeError();
    for (const box of kept) {
      if (box.kind === "mvhd") this.#forgetTimes(box);
      if (box.kind === "trak") this.#track(box, media);
    }
  }

  #track(track: Box, media: readonly Box[] | undefined): void {
    const inner = this.inside(track);
    const parts = inner.flatMap((b) => (b.kind === "mdia" ? this.inside(b) : []));
    const handlers = parts.filter(({ kind }) => kind === "hdlr");
    const body = handlers.at(-1)?.body ?? this.data.length;
    if (!HANDLERS.has(this.text(body + 8))) {
      this.#blankSamples(inner, media);
      this.blank(track);
      return;
    }
    for (const box of this.only(inner, TRACK)) {
      if (box.kind === "tkhd") this.#forgetTimes(box);
      if (box.kind === "mdia") this.#trackMedia(box);
    }
  }

  #trackMedia(box: Box): void {
    for (const part of this.only(this.inside(box), TRACK_MEDIA)) {
      if (part.kind === "mdhd") this.#forgetTimes(part);
      if (part.kind === "hdlr" && part.end > part.body + 24) {
        this.out.fill(0, part.body + 24, part.end);
      }
    }
  }

  /** Zero the times of making and changing: at the front of three headers, in two widths. */
  #forgetTimes({ body, end }: Box): void {
    const size = number(this.data, body, 1) === 1 ? 16 : 8;
    if (body + 4 + size > end) throw new UnknownShapeError();
    this.out.fill(0, body + 4, body + 4 + size);
  }

  #blankSamples(track: readonly Box[], media: readonly Box[] | undefined): void {
    if (media === undefined) throw new UnknownShapeError(); // in fragments the samples are elsewhere
    for (const [start, size] of this.#chunks(this.#sampleTables(track))) {
      if (!media.some(({ body, end }) => body <= start && start + size <= end)) {
        throw new UnknownShapeError();
      }
      this.out.fill(0, start, start + size);
    }
  }

  #sampleTables(track: readonly Box[]): ReadonlyMap<string, Box> {
    let boxes = track;
    for (const name of ["mdia", "minf", "stbl"]) {
      boxes = boxes.flatMap((b) => (b.kind === name ? this.inside(b) : []));
    }
    return new Map(boxes.map((box) => [box.kind, box]));
  }

  /** Yield place and size of each chunk of samples (14496-12, 8.7). */
  *#chunks(tables: ReadonlyMap<string, Box>): Generator<readonly [start: number, size: number]> {
    const data = this.data;
    const [sizes, runs] = [tables.get("stsz"), tables.get("stsc")];
    const places = tables.get("stco") ?? tables.get("co64");
    if (places === undefined || sizes === undefined || runs === undefined) {
      throw new UnknownShapeError();
    }
    const width = places.kind === "stco" ? 4 : 8;
    const fixed = number(data, sizes.body + 4, 4);
    const total = number(data, sizes.body + 8, 4);
    const runCount = number(data, runs.body + 4, 4);
    const chunkCount = number(data, places.body + 4, 4);
    let [sample, run, firstOfNext, perChunk] = [0, 0, 1, 0];
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      if (chunk + 1 === firstOfNext) {
        perChunk = number(data, runs.body + 8 + 12 * run + 4, 4);
        run += 1;
        firstOfNext = run >= runCount ? 0 : number(data, runs.body + 8 + 12 * run, 4);
      }
      const count = Math.min(perChunk, total - sample);
      let size = fixed * count;
      for (let n = 0; fixed === 0 && n < count; n++) {
        size += number(data, sizes.body + 12 + 4 * (sample + n), 4);
      }
      sample += count;
      yield [number(data, places.body + 8 + width * chunk, width), size];
    }
  }
}
