/**
 * One size for every Opus packet of a call, by Opus's own padding (RFC 6716, 3.2.5).
 *
 * Variable size lets whoever sees packet lengths recognise spoken phrases, so a description asks for
 * constant bit rate. Chromium and the Python side keep to it; Firefox 153 does not, whatever it is
 * asked (measured: 14 sizes in 2 s). So what an encoder made smaller is filled up here, before it is
 * sealed. Every decoder takes it: to Opus, padding is part of the packet.
 *
 * The size starts at `OPUS_BYTES`, or `ROOMY_BYTES` if the encoder is known not to keep to it, or its
 * first packet shows that, and grows by a step if a packet does not fit: never back, so that all it can
 * tell in a whole call is that. Pure.
 */

import { type Bytes, concat } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";

/** What 32 kbit/s at 20 ms make, on every end that keeps to constant bit rate. */
export const OPUS_BYTES = 80;

/** Room for an encoder that varies around it. Higher costs bandwidth, lower would have to grow. */
export const ROOMY_BYTES = 160;

const STEP_BYTES = 80;

/** Say whether the browser of this name (`navigator.userAgent`) has an encoder that varies. */
export function isVarying(userAgent: string): boolean {
  return userAgent.includes("Firefox/");
}

/** Gives a call's packets one size, over any number of transports. */
export class OpusPadding {
  #size: number | undefined;

  /** @param options.varies The encoder is known to vary, though its first packet may look as if not. */
  constructor({ varies }: Readonly<{ varies: boolean }>) {
    if (varies) this.#size = ROOMY_BYTES;
  }

  /**
   * Return a packet filled up to the size.
   *
   * @throws UsageError It is no Opus packet.
   */
  pad(packet: Bytes): Bytes {
    this.#size ??= packet.length === OPUS_BYTES ? OPUS_BYTES : ROOMY_BYTES;
    if (packet.length > this.#size) this.#size = Math.ceil(packet.length / STEP_BYTES) * STEP_BYTES;
    return padTo(packet, this.#size);
  }
}

/**
 * Return an Opus packet of a length, which decodes to the same sound.
 *
 * Only a packet of code 3 can have padding, so one of another code becomes one:
 *
 *     code 0    TOC | frame              ->  TOC+3 | M=1    | padding length | frame  | zeros
 *     code 1    TOC | two equal frames   ->  TOC+3 | M=2    | padding length | frames | zeros
 *     code 2    TOC | N | two frames     ->  TOC+3 | V, M=2 | padding length | N, frames | zeros
 *     code 3    TOC | count | [padding length] | frames | [zeros]
 *
 * @throws UsageError It is no Opus packet, or longer.
 */
export function padTo(packet: Bytes, size: number): Bytes {
  if (packet.length > size || packet.length === 0) throw new UsageError("not to be padded");
  if (packet.length === size) return packet;
  const { toc, count, body } = dissect(packet);
  // TOC, count, body; then at least one byte that tells the padding's length, unless it just fits.
  const room = size - 2 - body.length;
  if (room === 0) return concat(Uint8Array.of(toc, count), body);
  // Each 255 stands for 254 bytes of padding and for one more byte of length (RFC 6716, 3.2.5).
  const full = Math.floor((room - 1) / 255);
  const lengths = new Uint8Array(full + 1).fill(255);
  lengths[full] = (room - 1) % 255;
  const zeros = new Uint8Array(room - lengths.length);
  return concat(Uint8Array.of(toc, count | PADDED), lengths, body, zeros);
}

const CODE = 0x03;
const PADDED = 0x40;
const VARIABLE = 0x80;

type Parts = Readonly<{
  /** Configuration and stereo flag, code 3. */
  toc: number;
  /** The frame count byte, without its padding flag. */
  count: number;
  /** Lengths and frames. */
  body: Bytes;
}>;

function dissect(packet: Bytes): Parts {
  const [first = 0, second] = packet;
  const toc = first | CODE;
  switch (first & CODE) {
    case 0:
      return { toc, count: 1, body: packet.subarray(1) };
    case 1:
      return { toc, count: 2, body: packet.subarray(1) };
    case 2:
      return { toc, count: 2 | VARIABLE, body: packet.subarray(1) };
    default:
      if (second === undefined) throw new UsageError("an Opus packet without its frame count");
      return { toc, count: second & ~PADDED, body: stripped(packet, (second & PADDED) !== 0) };
  }
}

/** Return lengths and frames of a packet of code 3, without its padding. */
function stripped(packet: Bytes, isPadded: boolean): Bytes {
  let at = 2;
  let padding = 0;
  while (isPadded) {
    const length = packet[at++];
    if (length === undefined) throw new UsageError("an Opus packet cut short");
    padding += length === 255 ? 254 : length;
    if (length !== 255) break;
  }
  if (at + padding > packet.length) throw new UsageError("an Opus packet cut short");
  return packet.subarray(at, packet.length - padding);
}
