/**
 * Whether a page was left in the middle of a call a moment ago: then it was reloaded, and goes on.
 *
 * The only note is the time, in the session storage of this tab: a closed tab has left the call, and
 * so has one that crashed. Who the call was with is in the sealed store (`client/left_call.ts`).
 */

import type { Call } from "../client/call_objects.ts";
import type { LeftCall } from "../client/left_call.ts";
import type { Desk, Media } from "./model.ts";

const LEFT = "visavis.left-call";

/**
 * How long after leaving a call is gone on with, and how long it is tried. The other side gives up
 * half a minute after it lost us. Higher: slow machines still come back; lower: nobody is surprised
 * by a call that they had given up.
 */
export const COME_BACK_MS = 30_000;

/** A call, and what its page knows of it. */
type Talk = Readonly<{
  call: Call;
  /** Since when it is talked in, in unix milliseconds. */
  connectedAt: number | undefined;
  media: Media;
  outgoing: boolean;
}>;

/** What is kept of a call that is talked in; of a confidential one nothing is. */
export function leftCallOf(talk: Talk, desk: Desk): LeftCall | undefined {
  const { call, connectedAt: since, media, outgoing } = talk;
  if (since === undefined || call.state === "ended" || call.confidential) return undefined;
  const on = { microphone: desk.micOn, camera: desk.cameraOn };
  return { contact: call.contact, call: call.id, media, outgoing, since, ...on };
}

/** Note the time when the page goes away while somebody is talking. */
export function noteLeaving(isTalking: () => boolean): void {
  addEventListener("pagehide", () => {
    try {
      if (isTalking()) sessionStorage.setItem(LEFT, String(Date.now()));
    } catch {
      // No storage in this browser: the call does not come back.
    }
  });
}

/** Say whether the page was left while talking, just now; the next time the answer is no. */
export function wasLeftJustNow(): boolean {
  try {
    const at = Number(sessionStorage.getItem(LEFT) ?? 0);
    sessionStorage.removeItem(LEFT);
    return Math.abs(Date.now() - at) < COME_BACK_MS;
  } catch {
    return false;
  }
}
