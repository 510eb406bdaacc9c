/**
 * The names in a ZIP archive, from its central directory (APPNOTE 6.3.10, 4.3).
 *
 * Only so much as tells an office document and an installable archive from a plain one. Nothing is
 * unpacked, and nothing a hostile archive says makes us read or keep more than its own bytes.
 */

import { latin1, numberAt } from "./file_bytes.ts";

export const MAX_ENTRIES = 65_535;
const END = "PK\x05\x06";
const CENTRAL = "PK\x01\x02";
const LOCAL = "PK\x03\x04";
const MAX_END = 22 + 65_535;

/** What an archive holds. */
export type ZipEntries = Readonly<{
  /** Names of its entries, a character a byte. */
  names: readonly string[];
  /** Content of a first, stored entry of that name (OpenDocument), else empty. */
  mimetype: string;
}>;

/**
 * Read the names, from the directory and from the first entry; what is damaged has none.
 *
 * Readers differ in which end record they take for the last: entries of every directory that one
 * may find are listed.
 */
export function readZip(data: Uint8Array): ZipEntries {
  const names: string[] = [];
  const tail = Math.max(0, data.length - MAX_END);
  const text = latin1(data, tail, data.length);
  for (let at = text.indexOf(END); at >= 0; at = text.indexOf(END, at + 4)) {
    addDirectory(names, data, tail + at);
  }
  const [name, content] = first(data);
  names.push(name);
  return { names, mimetype: name === "mimetype" ? content : "" };
}

const u16 = (data: Uint8Array, at: number) => numberAt(data, at, 2, "little");
const u32 = (data: Uint8Array, at: number) => numberAt(data, at, 4, "little");

/** Add the names of the directory that one end record speaks of. */
function addDirectory(names: string[], data: Uint8Array, end: number): void {
  const [size, offset] = [u32(data, end + 12), u32(data, end + 16)];
  // Bytes may stand before an archive: then the directory lies right before its end record.
  const isThere = latin1(data, offset, offset + 4) === CENTRAL;
  let at = isThere ? offset : end - size;
  for (let count = 0; count < MAX_ENTRIES; count++) {
    if (at < 0 || at >= end || latin1(data, at, at + 4) !== CENTRAL) return;
    const [length, extra, comment] = [u16(data, at + 28), u16(data, at + 30), u16(data, at + 32)];
    names.push(latin1(data, at + 46, at + 46 + length));
    at += 46 + length + extra + comment;
  }
}

/** Return name and content of the first entry, the content only if it is stored and short. */
function first(data: Uint8Array): readonly [name: string, content: string] {
  if (latin1(data, 0, 4) !== LOCAL) return ["", ""];
  const [length, extra, size] = [u16(data, 26), u16(data, 28), u32(data, 22)];
  const name = latin1(data, 30, 30 + length);
  const start = 30 + length + extra;
  const isStored = u16(data, 8) === 0 && size <= 128;
  return [name, isStored ? latin1(data, start, start + size) : ""];
}
