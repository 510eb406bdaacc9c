/**
 * The way of real-time text: a block every quarter of a second, sealed, over a data channel (twin:
 * `src/visavis/media/text_link.py`).
 *
 * What it is: the channel (RFC 8831, RFC 8865) on whichever transport stands. The beat and the keys
 * are the worker's (`worker.ts`): its timers go on at their pace when a page is hidden. What it is not
 * for: what is in a block (`core/realtime_text.ts`).
 *
 *     nextTextBlock() -> worker seals -> channel of the present transport
 *     takeTextBlock() <- worker opens <- channel
 *
 * The beat goes on from the connection to the end of the call and sends what it is given. So the
 * moments at which blocks leave say nothing of the moments at which somebody typed. No description
 * announces the channel: both ends make it, with the same number. It neither resends nor sorts, for
 * each block repeats what was not heard: a lost one costs a quarter of a second, not a time-out.
 */

import { Code, PeerError, UnavailableError, UsageError, VisavisError } from "../core/errors.ts";
import { HEADER_LENGTH } from "../core/frame_keys.ts";
import { BLOCK_LENGTH } from "../core/realtime_text.ts";
import { PRODUCT_SUITE, suiteOf } from "../core/sframe.ts";
import type { WorkerKeys } from "./call_frames.ts";
import type { TextEnd } from "./interfaces.ts";

export const LABEL = "t140";
export const CHANNEL = 0;

/** Bytes of every message on the channel: 152. */
export const SEALED_LENGTH = BLOCK_LENGTH + HEADER_LENGTH + suiteOf(PRODUCT_SUITE).tagLength;

/** Bytes that may wait in the channel. More do not help: a later block holds what an earlier held. */
const MAX_BUFFERED = 4 * SEALED_LENGTH;

/** Make the channel of one transport, before its first description and after its tracks. */
export function openChannel(pc: RTCPeerConnection): RTCDataChannel {
  const channel = pc.createDataChannel(LABEL, {
    ordered: false,
    maxRetransmits: 0,
    negotiated: true,
    id: CHANNEL,
  });
  channel.binaryType = "arraybuffer";
  // CK-695: no other channel is taken, whoever opens one.
  pc.addEventListener("datachannel", (event) => event.channel.close());
  return channel;
}

/** What is used of an `RTCDataChannel`; tests have fakes. */
export type TextChannel = Pick<RTCDataChannel, "readyState" | "bufferedAmount" | "send"> & {
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: Readonly<{ data: unknown }>) => void): void;
};

/** The text of one call, over any number of transports. */
export class TextLink {
  /** Blocks that left. */
  sent = 0;
  /** No key, or a path that is stuck. */
  refused = 0;
  /** Did not open, or was no block. */
  failed = 0;
  readonly #keys: WorkerKeys;
  #end: TextEnd | undefined;
  #channel: TextChannel | undefined;

  /** @param keys The call's keys; the context for text is one for the whole call. */
  constructor(keys: WorkerKeys) {
    this.#keys = keys;
    keys.onTextBeat = () => void this.#send();
  }

  /** Say who writes and reads. */
  join(end: TextEnd): void {
    this.#end = end;
  }

  /** Use the channel of a new transport from now on. */
  use(channel: TextChannel): void {
    this.#channel = channel;
    channel.addEventListener("open", () => void this.#keys.startTextBeat().catch(ignoreDeath));
    channel.addEventListener("message", ({ data }) => void this.#take(data));
  }

  /** Send and take nothing any more. Harmless when repeated. */
  close(): void {
    this.#end = this.#channel = undefined;
  }

  async #send(): Promise<void> {
    const channel = this.#channel;
    if (channel?.readyState !== "open") return;
    const block = this.#end?.nextTextBlock();
    if (block === undefined) return;
    try {
      const sealed = await this.#keys.sealText(block);
      // Meanwhile the transport may have changed, or its path be stuck.
      const isStuck = channel.bufferedAmount + sealed.length > MAX_BUFFERED;
      if (this.#channel !== channel || channel.readyState !== "open" || isStuck) {
        throw new UnavailableError(Code.UNAVAILABLE, "the path is stuck");
      }
      channel.send(sealed);
      this.sent += 1;
    } catch (error) {
      // CK-696: whatever went wrong, nothing is sent.
      this.refused += 1;
      if (error instanceof UsageError) throw error;
    }
  }

  async #take(data: unknown): Promise<void> {
    try {
      if (!(data instanceof ArrayBuffer) || data.byteLength !== SEALED_LENGTH) {
        throw new PeerError(Code.MALFORMED, "CK-695: a message that is no block");
      }
      const block = await this.#keys.openText(new Uint8Array(data));
      this.#end?.takeTextBlock(block);
    } catch (error) {
      // CK-697: whatever went wrong, nothing is shown.
      this.failed += 1;
      if (!(error instanceof VisavisError)) throw error;
    }
  }
}

/** A worker that died beats no more; the connection says so. */
function ignoreDeath(error: unknown): void {
  if (!(error instanceof VisavisError)) throw error;
}
