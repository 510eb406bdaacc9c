/**
 * How much one may ask for on this line, from what comes of what is asked for (`TilesWanted`).
 *
 * A browser's own estimate (`availableIncomingBitrate`, W3C webrtc-stats, 8.8) hardly exceeds what
 * comes just now: whoever believed it would never ask for more. So it counts only where it is below
 * that, which means that packets queue up. Else what counts is what was lost. Until something is short
 * nothing is known, and nothing is held back.
 *
 *     short     packets lost, or queueing: what came is what the line has
 *     then      it is held for a while, twice as long after each time that it was short again
 *     then      it grows, until it is no bound any more
 *
 * Pure: figures in, bits a second out.
 */

/** What came over one connection so far. */
export type Received = Readonly<{
  bytes: number;
  packets: number;
  lost: number;
  /** The browser's own estimate, bits a second. */
  available: number | undefined;
}>;

const NOTHING: Received = { bytes: 0, packets: 0, lost: 0, available: undefined };

/** Seconds from one look to the next. Shorter is misled by a key frame, longer by old times. */
export const LOOK_S = 2;

/** Part of packets lost from which the line is too short. Higher stutters, lower blurs for nothing. */
export const SHORT = 0.08;

/** Part of packets lost below which it may be tried whether there is more. */
const CLEAR = 0.02;

/** How far the browser's own estimate has to be below what comes. */
const QUEUES = 0.9;

/** Bits a second below which nothing is concluded: a few lost packets are many of few. */
const TOO_LITTLE = 50_000;

/** Seconds for which a bound is held at first, and at most. */
export const HOLD_S = 8;
const LONGEST_HOLD_S = 128;

/** How much it grows from look to look once it is not held any more. */
const GROWS = 1.15;

/** Bits a second that no call asks for: beyond it there is no bound. */
const NO_BOUND = 60_000_000;

/** Measures one connection. */
export class Bandwidth {
  #before = NOTHING;
  #atS: number | undefined;
  #bound: number | undefined;
  #holdS = HOLD_S;
  #heldUntilS = Number.NEGATIVE_INFINITY;

  /** Bits a second; undefined while nothing is short. */
  get bitRate(): number | undefined {
    return this.#bound;
  }

  /** Take what came so far; looks nearer than `LOOK_S` to the one before are passed over. */
  look(received: Received, nowS: number): void {
    const began = this.#atS;
    if (began !== undefined && nowS - began < LOOK_S) return;
    const before = this.#before;
    this.#before = received;
    this.#atS = nowS;
    const packets = received.packets - before.packets;
    // Nothing to compare with: the first look, or another connection.
    if (began === undefined || packets <= 0) return;
    const lost = Math.max(0, received.lost - before.lost) / (packets + received.lost - before.lost);
    const rate = ((received.bytes - before.bytes) * 8) / (nowS - began);
    if (rate < TOO_LITTLE) return;
    const { available } = received;
    const queues = available !== undefined && available < QUEUES * rate;
    if (lost > SHORT || queues) this.#shorten(queues ? available : rate, nowS);
    else if (lost < CLEAR && nowS >= this.#heldUntilS) this.#grow();
  }

  #shorten(rate: number, nowS: number): void {
    const again = this.#bound !== undefined;
    this.#holdS = again ? Math.min(2 * this.#holdS, LONGEST_HOLD_S) : HOLD_S;
    this.#bound = Math.min(rate, this.#bound ?? rate);
    this.#heldUntilS = nowS + this.#holdS;
  }

  #grow(): void {
    if (this.#bound === undefined) return;
    this.#bound *= GROWS;
    if (this.#bound > NO_BOUND) this.#bound = undefined;
  }
}

/** Read what came from `RTCPeerConnection.getStats()`. */
export function measuredOf(report: RTCStatsReport | undefined): Received {
  let [bytes, packets, lost] = [0, 0, 0];
  let available: number | undefined;
  report?.forEach((entry) => {
    if (entry.type === "inbound-rtp") {
      bytes += entry.bytesReceived ?? 0;
      packets += entry.packetsReceived ?? 0;
      lost += entry.packetsLost ?? 0;
    }
    if (entry.type === "candidate-pair" && entry.nominated === true) {
      available = entry.availableIncomingBitrate ?? available;
    }
  });
  return { bytes, packets, lost, available };
}
