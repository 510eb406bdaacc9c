/** Byte strings: what Python's `bytes` gives for nothing. */

import { UsageError } from "./errors.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** A source of randomness: the number of bytes wanted in, that many unpredictable bytes out. */
export type Rng = (size: number) => Bytes;

const ENCODER = new TextEncoder();

/** Return the parts one after the other. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Return a copy that owns its memory. */
export function copy(data: Uint8Array): Bytes {
  return new Uint8Array(data);
}

/** Compare in a time that depends on the lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Order as Python orders `bytes`: lexicographic, a prefix first. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Return the UTF-8 of a text. */
export function utf8(text: string): Bytes {
  return copy(ENCODER.encode(text));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Return lower-case hex: also the key of a `Map` whose keys are byte strings. */
export function hex(data: Uint8Array): string {
  // Browsers of 2025 have it (ECMAScript 2026); the language's types do not know it yet.
  const { toHex }: { toHex?: () => string } = data as { toHex?: () => string };
  if (toHex !== undefined) return toHex.call(data);
  const digits: (string | undefined)[] = [];
  for (let i = 0; i < data.length; i++) digits.push(HEX[data[i] ?? 0]);
  return digits.join("");
}

/** Read hex. @throws UsageError It is none. */
export function fromHex(text: string): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new UsageError("not hex");
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Return an unsigned integer in big-endian order. */
export function uint(value: number | bigint, size: number): Bytes {
  let rest = BigInt(value);
  const out = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (rest !== 0n) throw new UsageError("the number does not fit");
  return out;
}

/** Overwrite secrets that were spent. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
