/** Reading files byte by byte: what Python's `bytes` gives for nothing. */

/** Characters at a time: more arguments than this are too many for some browsers. */
const STEP = 8192;

/** Return bytes as text, a character a byte; what lies beyond the end is not there. */
export function latin1(data: Uint8Array, start: number, end: number): string {
  let text = "";
  const last = Math.min(end, data.length);
  for (let at = Math.max(0, start); at < last; at += STEP) {
    text += String.fromCharCode(...data.subarray(at, Math.min(at + STEP, last)));
  }
  return text;
}

/** Return an unsigned number; bytes beyond the end are not there and count for nothing. */
export function numberAt(
  data: Uint8Array,
  at: number,
  size: number,
  order: "big" | "little",
): number {
  const bytes = [...data.subarray(at, at + size)];
  if (order === "little") bytes.reverse();
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Say whether data holds these bytes (a character a byte) at a place. */
export function hasAt(data: Uint8Array, at: number, text: string): boolean {
  if (at < 0 || at + text.length > data.length) return false;
  for (let i = 0; i < text.length; i++) if (data[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Return where these bytes first stand, or -1. */
export function find(data: Uint8Array, text: string, from = 0): number {
  const head = text.charCodeAt(0);
  for (let at = data.indexOf(head, from); at >= 0; at = data.indexOf(head, at + 1)) {
    if (hasAt(data, at, text)) return at;
  }
  return -1;
}
