/**
 * Whether a transport stands, and when it is lost: by silence, not by what a browser says of it.
 *
 * Not for: what becomes of it then (`connection.ts`, `group_pair.ts`).
 */

import { NOTHING, type Reading } from "./figures.ts";
import { MediaEvent } from "./interfaces.ts";

/**
 * Seconds without any packet until the path counts as lost. RTP comes every 20 ms and RTCP at least
 * every 1.5 s, twice. Higher forgives a worse network, lower leaves more of the 10 s in which a call
 * must stand again.
 */
export const SILENCE_S = 3;

/** Seconds for ICE and DTLS, once both descriptions are in force. */
export const CONNECT_S = 15;

/** Seconds between two looks. Higher costs less, lower tells sooner. */
const CHECK_S = 0.2;

/**
 * Seconds between two looks that a hidden page's throttled timers may need. Beyond, the page was put
 * to sleep, which is not a silent network.
 */
const ASLEEP_S = 2;

/** What is looked at; `Transport` is one. */
export interface Standing {
  readonly state: RTCPeerConnectionState;
  readonly mayConnect: boolean;
  changed(seconds: number): Promise<void>;
  measure(): Promise<Reading>;
}

/** Whoever is told. */
export type Watchers = Readonly<{
  /** ICE and DTLS stand: once. */
  stands: () => void;
  /** The figures, at each look while it stands. */
  looked: (reading: Reading) => Promise<void>;
}>;

/**
 * Watch a transport to its end.
 *
 * @returns That it was lost, or never stood; undefined: watching was ended.
 */
export async function standing(
  transport: Standing,
  signal: AbortSignal,
  { stands, looked }: Watchers,
): Promise<typeof MediaEvent.LOST | typeof MediaEvent.FAILED | undefined> {
  let { arrived } = NOTHING;
  let isUp = false;
  let heardAt = 0;
  let last = now();
  let waitingSince: number | undefined;
  while (true) {
    await transport.changed(CHECK_S);
    if (signal.aborted) return undefined;
    const stalled = Math.max(0, now() - last - ASLEEP_S);
    last = now();
    heardAt += stalled;
    const { state } = transport;
    if (!isUp) {
      if (transport.mayConnect) waitingSince = (waitingSince ?? last) + stalled;
      if (state === "connected") {
        isUp = true;
        heardAt = last;
        stands();
      } else if (isOver(state) || last - (waitingSince ?? last) > CONNECT_S) {
        return MediaEvent.FAILED;
      }
      continue;
    }
    const reading = await transport.measure();
    if (signal.aborted) return undefined;
    if (reading.arrived !== arrived) {
      arrived = reading.arrived;
      heardAt = now();
    }
    await looked(reading);
    if (signal.aborted) return undefined;
    if (isOver(transport.state) || now() - heardAt > SILENCE_S) return MediaEvent.LOST;
  }
}

function now(): number {
  return performance.now() / 1000;
}

/** "disconnected" is not the end: silence decides, as in Python. */
function isOver(state: RTCPeerConnectionState): boolean {
  return state === "failed" || state === "closed";
}
