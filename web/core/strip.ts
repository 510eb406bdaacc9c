/**
 * What a file says besides what it shows, taken out before anything is encrypted.
 *
 *     strip(data, type)   the file without it, and how that went (`Stripped`)
 *
 * Places, times, names of devices and people, comments, thumbnails of what was cut away. What stays
 * changes how a picture looks: colour profiles, and its orientation as the one entry of a new EXIF
 * block. Pictures and films are never decoded and encoded again, so nothing is lost.
 *
 * Not for: documents. What a PDF or an office file says of its author cannot be taken out without
 * understanding all of it; the person is told so before sending (`NOT_POSSIBLE`). Nor for what a
 * picture shows.
 */

import { type Bytes, copy, equal } from "./bytes.ts";
import { FileType } from "./file_type.ts";
import { stripGif } from "./strip_gif.ts";
import { stripHeif } from "./strip_heif.ts";
import { stripJpeg } from "./strip_jpeg.ts";
import { UnknownShapeError } from "./strip_kit.ts";
import { stripMp4 } from "./strip_mp4.ts";
import { stripPng } from "./strip_png.ts";
import { stripWebp } from "./strip_webp.ts";

/** How it went. */
export const Stripped = {
  /** What was there besides the content is gone. */
  ALL: "all",
  /** There was nothing; the file is as it was. */
  NOTHING_TO_STRIP: "nothing_to_strip",
  /** The file is as it was, and may say more than it shows: tell the person before sending. */
  NOT_POSSIBLE: "not_possible",
} as const;
export type Stripped = (typeof Stripped)[keyof typeof Stripped];

const STRIPPERS: Readonly<Partial<Record<FileType, (data: Uint8Array) => Bytes>>> = {
  [FileType.JPEG]: stripJpeg,
  [FileType.PNG]: stripPng,
  [FileType.WEBP]: stripWebp,
  [FileType.GIF]: stripGif,
  [FileType.AVIF]: stripHeif,
  [FileType.HEIC]: stripHeif,
  [FileType.MP4]: stripMp4,
  [FileType.MOV]: stripMp4,
  [FileType.M4A]: stripMp4,
  [FileType.TEXT]: copy,
};

/**
 * Return a file without what it says besides, and how that went.
 *
 * @param data The whole file.
 * @param type As `fileType` found it.
 */
export function strip(data: Bytes, type: FileType): Readonly<{ data: Bytes; stripped: Stripped }> {
  const stripper = STRIPPERS[type];
  if (stripper === undefined) return { data, stripped: Stripped.NOT_POSSIBLE };
  try {
    const clean = stripper(data);
    const same = equal(clean, data);
    return { data: clean, stripped: same ? Stripped.NOTHING_TO_STRIP : Stripped.ALL };
  } catch (error) {
    if (!(error instanceof UnknownShapeError)) throw error;
    // Damaged, or of a kind we do not know: half a cleaning would be a false promise.
    return { data, stripped: Stripped.NOT_POSSIBLE };
  }
}
