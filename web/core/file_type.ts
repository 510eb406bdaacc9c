/**
 * What a file is, by its content: a short list, everything else is bytes to download.
 *
 *     fileType(data, name)   the type, or UNSAFE_FILE for what a system or browser would run (CK-295)
 *
 * The sender asks before anything is encrypted, the receiver asks again before a byte is handed out:
 * neither believes the other, and neither believes a name. A name can only add a refusal.
 *
 * Not for: proving that a file is harmless. A document or picture may still attack the program that
 * opens it; what is refused here is what runs because it was opened. Nor for looking into archives.
 */

import { AuthorizationError, Code } from "./errors.ts";
import { find, hasAt, latin1, numberAt } from "./file_bytes.ts";
import { isRefused } from "./file_name.ts";
import { readZip } from "./file_zip.ts";

/** 25 MB, the most a message carries; with its seal it fits the largest blob (25 MiB). */
export const MAX_FILE_BYTES = 25_000_000;

/** Every type that a message can name. */
export const FileType = {
  JPEG: "image/jpeg",
  PNG: "image/png",
  WEBP: "image/webp",
  GIF: "image/gif",
  AVIF: "image/avif",
  HEIC: "image/heic",
  MP4: "video/mp4",
  MOV: "video/quicktime",
  WEBM: "video/webm",
  MP3: "audio/mpeg",
  OGG: "audio/ogg",
  M4A: "audio/mp4",
  WAV: "audio/wav",
  PDF: "application/pdf",
  TEXT: "text/plain",
  DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  ODT: "application/vnd.oasis.opendocument.text",
  ODS: "application/vnd.oasis.opendocument.spreadsheet",
  ODP: "application/vnd.oasis.opendocument.presentation",
  ZIP: "application/zip",
  BINARY: "application/octet-stream",
} as const;
export type FileType = (typeof FileType)[keyof typeof FileType];

/**
 * Pictures that an application may show by itself; everything else is played or saved on demand.
 */
export const SHOWN_TYPES: ReadonlySet<FileType> = new Set<FileType>([
  FileType.JPEG,
  FileType.PNG,
  FileType.WEBP,
  FileType.GIF,
]);

/** Endings that fit a type: what is saved ends in one of them. Types without have many. */
export const EXTENSIONS: Readonly<Record<FileType, readonly string[]>> = {
  [FileType.JPEG]: ["jpg", "jpeg", "jpe", "jfif"],
  [FileType.PNG]: ["png"],
  [FileType.WEBP]: ["webp"],
  [FileType.GIF]: ["gif"],
  [FileType.AVIF]: ["avif"],
  [FileType.HEIC]: ["heic", "heif"],
  [FileType.MP4]: ["mp4", "m4v"],
  [FileType.MOV]: ["mov", "qt"],
  [FileType.WEBM]: ["webm"],
  [FileType.MP3]: ["mp3"],
  [FileType.OGG]: ["ogg", "oga", "ogv", "opus"],
  [FileType.M4A]: ["m4a", "m4b"],
  [FileType.WAV]: ["wav"],
  [FileType.PDF]: ["pdf"],
  [FileType.TEXT]: [],
  [FileType.DOCX]: ["docx", "dotx"],
  [FileType.XLSX]: ["xlsx", "xltx"],
  [FileType.PPTX]: ["pptx", "potx", "ppsx"],
  [FileType.ODT]: ["odt", "ott"],
  [FileType.ODS]: ["ods", "ots"],
  [FileType.ODP]: ["odp", "otp"],
  [FileType.ZIP]: [],
  [FileType.BINARY]: [],
};

const PROGRAMS = [
  "\x7fELF",
  "\xfe\xed\xfa\xce", // Mach-O, and so the next six
  "\xfe\xed\xfa\xcf",
  "\xce\xfa\xed\xfe",
  "\xcf\xfa\xed\xfe",
  "\xca\xfe\xba\xbe", // also a Java class
  "\xca\xfe\xba\xbf",
  "\xbe\xba\xfe\xca",
  "#!",
  "\xef\xbb\xbf#!",
  "dex\n",
  "\0asm",
  "L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F", // .lnk
  "!<arch>\n", // .deb
  "\xed\xab\xee\xdb", // .rpm
  "FWS",
  "CWS",
  "ZWS",
  "ITSF", // .chm
  "[Desktop Entry]",
  "[InternetShortcut]",
  "Windows Registry Editor",
  "REGEDIT4",
];
/** Class of a compound file that is an installer. */
const MSI = "\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
const OLE = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const MSI_WITHIN = 4 * 1024 * 1024;
/** What makes a browser run something, wherever it stands in a document of markup. */
const MARKUP =
  /<!doctype[ \t\n\r\f\v]+(?:html|svg)|<(?:[a-z][a-z0-9_.-]{0,63}:)?(?:html|svg|script|iframe|frameset)[ \t\n\r\f\v/>]/i;
/** Beginnings that a browser takes for HTML by itself (WHATWG MIME Sniffing, 7.1). */
const HTML =
  /^<(?:head|body|title|style|link|meta|base|img|form|table|div|font|object|embed|applet|marquee|details|video|audio|math|template|a|b|p|br|h1|!--)[ \t\n\r\f\v/>-]/i;
const SPACE = " \t\r\n\v\f\xef\xbb\xbf\0";
const HEIF_BRANDS = brands("heic heix heim heis hevc hevx mif1 msf1");
const AVIF_BRANDS = brands("avif avis");
const MP4_BRANDS = brands(
  "isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 mp41 mp42 avc1 M4VH M4VP dash msdh mmp4 3gp4 3gp5 " +
    "3gp6 3g2a MSNV XAVC CAEP nvr1 M4V f4v",
);
const ODF: ReadonlyMap<string, FileType> = new Map(
  [FileType.ODT, FileType.ODS, FileType.ODP].map((type) => [type, type]),
);
const OFFICE: readonly (readonly [entry: string, type: FileType])[] = [
  ["word/document.xml", FileType.DOCX],
  ["xl/workbook.xml", FileType.XLSX],
  ["ppt/presentation.xml", FileType.PPTX],
];
const RUNNING_ENTRIES: ReadonlySet<string> = new Set([
  "meta-inf/manifest.mf", // .jar, .apk
  "androidmanifest.xml",
  "classes.dex",
  "appxmanifest.xml",
  "appxmetadata/appxbundlemanifest.xml",
  "extension.vsixmanifest",
]);
const MACROS = ["vbaproject.bin", "/xl4macros", "/macrosheets/"];

function brands(listed: string): ReadonlySet<string> {
  return new Set(listed.split(" ").map((brand) => brand.padEnd(4)));
}

/**
 * Return what a file is.
 *
 * @param data The whole content.
 * @param name As it came: its ending can only lead to a refusal.
 * @throws AuthorizationError UNSAFE_FILE (CK-295): opening it would run something, by its content or
 *   by its name.
 */
export function fileType(data: Uint8Array, name: string): FileType {
  if (isRefused(name)) throw unsafe("by its name");
  const found = byMagic(data);
  if (found !== undefined) return found;
  if (["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"].some((magic) => hasAt(data, 0, magic))) {
    return zipType(data);
  }
  refusePrograms(data);
  return isText(data) ? FileType.TEXT : FileType.BINARY;
}

function unsafe(why: string): AuthorizationError {
  return new AuthorizationError(Code.UNSAFE_FILE, `CK-295: a program ${why}`);
}

function byMagic(data: Uint8Array): FileType | undefined {
  const start = latin1(data, 0, 12);
  const kind = start.slice(4, 8);
  if (start.startsWith("\xff\xd8\xff")) return FileType.JPEG;
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return FileType.PNG;
  if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) return FileType.GIF;
  if (start.startsWith("RIFF")) {
    const form = start.slice(8);
    return form === "WEBP" ? FileType.WEBP : form === "WAVE" ? FileType.WAV : undefined;
  }
  if (kind === "ftyp") return isoType(data);
  if (kind === "moov" || kind === "mdat" || kind === "wide") return FileType.MOV;
  if (start.startsWith("\x1a\x45\xdf\xa3")) {
    return latin1(data, 0, 64).includes("\x42\x82\x84webm") ? FileType.WEBM : undefined;
  }
  if (start.startsWith("OggS\0")) return FileType.OGG;
  if (start.startsWith("%PDF-")) return FileType.PDF;
  return start.startsWith("ID3") || isMp3Frame(data) ? FileType.MP3 : undefined;
}

/** Say whether a frame header of layer III stands here: version, rate and bit rate all legal. */
function isMp3Frame(data: Uint8Array): boolean {
  const [sync = 0, head = 0, rates = 0] = data;
  return (
    data.length >= 4 &&
    sync === 0xff &&
    (head & 0xe6) === 0xe2 && // sync, layer III
    (head & 0x18) !== 0x08 &&
    (rates & 0xf0) !== 0 &&
    (rates & 0xf0) !== 0xf0 &&
    (rates & 0x0c) !== 0x0c
  );
}

/** Return the type of an ISO base media file by its brands (ISO/IEC 14496-12, 4.3). */
function isoType(data: Uint8Array): FileType | undefined {
  const size = Math.min(numberAt(data, 0, 4, "big"), data.length, 1024);
  const major = latin1(data, 8, 12);
  const all = [major];
  for (let at = 16; at < size - 3; at += 4) all.push(latin1(data, at, at + 4));
  if (major === "qt  ") return FileType.MOV;
  if (major === "M4A " || major === "M4B ") return FileType.M4A;
  if (all.some((brand) => AVIF_BRANDS.has(brand))) return FileType.AVIF;
  if (all.some((brand) => HEIF_BRANDS.has(brand))) return FileType.HEIC;
  return all.some((brand) => MP4_BRANDS.has(brand)) ? FileType.MP4 : undefined;
}

/** Lower-case letters of ASCII only, as Python does with bytes. */
function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function zipType(data: Uint8Array): FileType {
  const { names: listed, mimetype } = readZip(data);
  const names = listed.map((name) => lower(name).replaceAll("\\", "/"));
  if (names.some((name) => RUNNING_ENTRIES.has(name))) {
    throw unsafe("in an archive that a system runs");
  }
  if (names.some((name) => MACROS.some((mark) => `/${name}`.includes(mark)))) {
    throw unsafe("in a document with macros");
  }
  const document = ODF.get(mimetype);
  if (document !== undefined) return document;
  const isOffice = names.includes("[content_types].xml");
  const [, office] = OFFICE.find(([entry]) => isOffice && names.includes(entry)) ?? [];
  return office ?? FileType.ZIP;
}

function refusePrograms(data: Uint8Array): void {
  if (PROGRAMS.some((magic) => hasAt(data, 0, magic))) throw unsafe("by its content");
  if (lower(latin1(data, 0, 9)) === "@echo off") throw unsafe("by its content");
  // DOS, Windows and EFI; a text that begins with these letters has no zero in its first bytes.
  const isDos = hasAt(data, 0, "MZ") || hasAt(data, 0, "ZM");
  if (isDos && data.subarray(0, 64).includes(0)) throw unsafe("by its content");
  if (hasAt(data, 0, OLE) && find(data.subarray(0, MSI_WITHIN), MSI) >= 0) {
    throw unsafe("by its content");
  }
  // A disk image of macOS.
  if (data.length >= 512 && hasAt(data, data.length - 512, "koly")) throw unsafe("by its content");
  const start = latin1(data, 0, 4096);
  let at = 0;
  while (at < start.length && SPACE.includes(start.charAt(at))) at += 1;
  if (start.charAt(at) !== "<") return;
  if (HTML.test(start.slice(at)) || MARKUP.test(latin1(data, 0, data.length))) {
    throw unsafe("for a browser");
  }
}

function isText(data: Uint8Array): boolean {
  if (data.some(isControl)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(data);
    return true;
  } catch {
    return false;
  }
}

/** Control characters that no text has: all but tab, line ends, form feed and escape. */
function isControl(byte: number): boolean {
  if (byte >= 0x20) return byte === 0x7f;
  return byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b;
}
