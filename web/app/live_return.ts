/**
 * Whether a page was left in the middle of a call a moment ago: then it was reloaded, and goes on.
 *
 * The only note is the time, in the session storage of this tab: a closed tab has left the call, and
 * so has one that crashed. Who the call was with is in the sealed store (`client/left_call.ts`).
 */

import type { Call } from "../client/call_objects.ts";
import type { GroupCall } from "../client/group_call_objects.ts";
import type { LeftCall } from "../client/left_call.ts";
import type { LeftGroupCall } from "../client/left_group_call.ts";
import { equal, hex } from "../core/bytes.ts";
import type { AccountId } from "../core/ids.ts";
import type { Desk, Media } from "./model.ts";

const LEFT = "visavis.left-call";

/**
 * From when on a call is kept, unless its first frame has come: writing takes time from what that waits
 * for. Higher: such a call does not survive a reload.
 */
export const KEEP_AFTER_MS = 1000;

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
  if (since === undefined || call.state === "ended" || call.leavesNoTrace) return undefined;
  const on = { microphone: desk.micOn, camera: desk.cameraOn };
  const noted = call.notedAs ?? call.id;
  const recorded = call.recording.wasRecorded;
  return { contact: call.contact, call: call.id, noted, media, outgoing, since, ...on, recorded };
}

/** A call of a group, and what its page knows of it. */
type GroupTalk = Readonly<{
  call: GroupCall;
  /** Ours. */
  account: AccountId;
  /** Since when the person is in it, in unix milliseconds. */
  connectedAt: number | undefined;
  media: Media;
  /** The person is leaving. */
  isLeaving: boolean;
}>;

/** What is kept of a call of a group; nothing while there is nobody in it who could let us in again. */
export function leftGroupCallOf(talk: GroupTalk, desk: Desk): LeftGroupCall | undefined {
  const { account, call, connectedAt: since, isLeaving, media } = talk;
  const { going, met } = call;
  if (since === undefined || met === undefined) return undefined;
  if (isLeaving || call.endReason !== undefined) return undefined;
  const others = call.members.filter(({ guest, own }) => !own && !guest);
  if (call.isInside && others.length === 0) return undefined;
  const on = { microphone: desk.micOn, camera: desk.cameraOn };
  const outgoing = equal(going.by, account);
  const recorded = call.recording.wasRecorded;
  return { group: going.group, call: going.call, media, outgoing, since, met, ...on, recorded };
}

/** A call that a page could come back to; undefined: none. */
type Left = LeftCall | LeftGroupCall | undefined;

/**
 * Keeps which call this page is in.
 *
 * A page that goes away counts as left in a call only if the store has it as it stands: whoever was
 * muted a moment ago is not heard by coming back.
 */
export class Keeper {
  readonly #write: (left: Left) => Promise<void>;
  #wanted = "";
  #written = "";

  /** @param write Puts it into the store. */
  constructor(write: (left: Left) => Promise<void>) {
    this.#write = write;
  }

  /** Have this in the store. */
  keep(left: Left): void {
    const wanted = asText(left);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#written = "";
    const done = () => {
      if (this.#wanted === wanted) this.#written = wanted;
    };
    // A full disk, or a profile that is being closed: then it does not come back, and no more.
    void this.#write(left).then(done, () => undefined);
  }

  /** Say whether the store has it, just so. */
  has(left: Left): boolean {
    return left !== undefined && asText(left) === this.#written;
  }
}

function asText(left: Left): string {
  if (left === undefined) return "";
  // Of an id by itself JSON would have three bytes.
  return JSON.stringify(left, function (this: Record<string, unknown>, key, value: unknown) {
    const whole = this[key];
    return whole instanceof Uint8Array ? hex(whole) : value;
  });
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
