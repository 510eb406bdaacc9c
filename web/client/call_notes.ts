/**
 * What of a call goes into the history, once it is over (R-05; twin of
 * `src/visavis/sdk/call_notes.py`).
 *
 * Made on the device where the call was, from what it saw itself. Not for keeping it
 * (`call_history.ts`): whether anything is kept at all is decided there.
 */

import { equal, hex } from "../core/bytes.ts";
import { EndReason } from "../core/call_effects.ts";
import {
  Direction,
  type Entry,
  NO_MARK,
  Outcome,
  Quality,
  qualityOfTrip,
  Via,
} from "../core/call_entry.ts";
import type { Media } from "../core/content_records.ts";
import type { AccountId, CallId } from "../core/ids.ts";
import { SUITE_ID } from "../core/mls/index.ts";
import type { Call } from "./call_objects.ts";
import type { CallSeam } from "./seam.ts";

const UNANSWERED: ReadonlySet<EndReason> = new Set([
  EndReason.CANCELLED,
  EndReason.NO_ANSWER,
  EndReason.EXPIRED,
]);
const MISSED: ReadonlySet<EndReason> = new Set([
  EndReason.CANCELLED_THERE,
  EndReason.NO_ANSWER,
  EndReason.EXPIRED,
]);
const DECLINED: ReadonlySet<EndReason> = new Set([
  EndReason.DECLINED,
  EndReason.DECLINED_ELSEWHERE,
]);
/** Ends of a call that another device of ours writes down, or that goes on as another call. */
const NOT_OURS: ReadonlySet<EndReason> = new Set([
  EndReason.ANSWERED_ELSEWHERE,
  EndReason.GAVE_WAY,
]);

/** How a call began. */
export type Beginning = Readonly<{
  outgoing: boolean;
  /** The call that it goes on with, after a program or page had ended, as the history has it. */
  again: CallId | null;
}>;

type Begun = Beginning &
  Readonly<{
    /** As which call it is noted. */
    as: CallId;
    /** Unix seconds. */
    at: number;
  }>;

/** What of a call is known besides what its person saw. */
export type Facts = Readonly<{
  outgoing: boolean;
  /** Unix seconds when it began. */
  at: number;
  /** The safety number was compared, with the key that spoke. */
  verified: boolean;
}>;

/** Notes the calls of one device, each when it is over. */
export class CallNotes {
  readonly #seam: Pick<CallSeam, "isVerified" | "noteCall" | "now">;
  readonly #begun = new Map<string, Begun>();

  /** @param seam The session. */
  constructor(seam: Pick<CallSeam, "isVerified" | "noteCall" | "now">) {
    this.#seam = seam;
  }

  /** Remember when a call began, and which one it goes on with. */
  begins(call: CallId, beginning: Beginning): void {
    this.#begun.set(hex(call), { ...beginning, as: call, at: this.#seam.now() });
  }

  /** A call takes the place of another; if it goes on with it, they are one, from the first on. */
  exchange(givenUp: CallId, standing: CallId): void {
    const first = this.#begun.get(hex(givenUp));
    const again = this.#begun.get(hex(standing))?.again;
    if (first !== undefined && again && equal(again, givenUp)) {
      this.#begun.set(hex(standing), first);
    }
  }

  /** Note a call that is over; it is forgotten here. */
  over(id: CallId, call: Call): void {
    const begun = this.#begun.get(hex(id));
    this.#begun.delete(hex(id));
    if (begun === undefined) return;
    const { again, as, at, outgoing } = begun;
    const verified = this.#seam.isVerified(call.contact);
    const entry = entryOf(call, as, { outgoing, at, verified });
    if (entry === undefined || (again !== null && !call.wasConnected)) return;
    void this.#seam.noteCall(entry, again);
  }

  /** Note a call that did not ring here. */
  missed(call: CallId, contact: AccountId, media: Media): void {
    const at = this.#seam.now();
    const verified = this.#seam.isVerified(contact);
    void this.#seam.noteCall(missedCall(call, contact, media, { at, verified }), null);
  }
}

/** Return the entry of a call that did not ring here. */
export function missedCall(
  call: CallId,
  contact: AccountId,
  media: Media,
  { at, verified }: Readonly<{ at: number; verified: boolean }>,
): Entry {
  return {
    call,
    members: [contact],
    direction: Direction.INCOMING,
    media,
    outcome: Outcome.MISSED,
    at,
    seconds: 0,
    verified,
    recorded: false,
    via: Via.NONE,
    quality: Quality.UNKNOWN,
    suite: 0,
    mark: NO_MARK,
  };
}

/** Return the entry of a call that is over; undefined if nothing of it is to be kept here. */
export function entryOf(
  call: Call,
  id: CallId,
  { outgoing, at, verified }: Facts,
): Entry | undefined {
  const outcome = call.leavesNoTrace ? undefined : outcomeOf(call, outgoing);
  if (outcome === undefined) return undefined;
  const missed = missedCall(id, call.contact, call.notedMedia, { at, verified });
  const direction = outgoing ? Direction.OUTGOING : Direction.INCOMING;
  if (outcome !== Outcome.ANSWERED) return { ...missed, direction, outcome };
  return {
    ...missed,
    direction,
    outcome,
    seconds: call.seconds,
    via: call.path,
    quality: qualityOfTrip(call.rttMs),
    recorded: call.recording.wasRecorded,
    suite: SUITE_ID,
  };
}

function outcomeOf(call: Call, outgoing: boolean): Outcome | undefined {
  const { endReason } = call;
  if (call.wasConnected) return Outcome.ANSWERED;
  if (endReason === undefined || NOT_OURS.has(endReason)) return undefined;
  if (outgoing) return UNANSWERED.has(endReason) ? Outcome.UNANSWERED : Outcome.FAILED;
  if (DECLINED.has(endReason)) return Outcome.DECLINED;
  return MISSED.has(endReason) ? Outcome.MISSED : Outcome.FAILED;
}
