/**
 * The metadata meter of one call here: what counts for it, and how it went.
 *
 * Nothing of it is stored: it is there as long as the `Call` that has it. Not for: what is counted where
 * (docs/protocol/meter.md), or what it means (`core/meter.ts`).
 */

import { equal } from "../core/bytes.ts";
import { Media } from "../core/call_effects.ts";
import type { State } from "../core/call_types.ts";
import type { AccountId, CallId } from "../core/ids.ts";
import { type Bucket, Meter, type Reading } from "../core/meter.ts";
import type { InnerReceived } from "./seam.ts";

/** Counts one call, and follows it. */
export class CallMeter extends Meter {
  #rang = false;
  #answered = false;
  #media: Media = Media.VOICE;

  /** Take the machine's newest state. */
  follow(state: State): void {
    const { kind } = state;
    this.#rang ||= kind === "ringing";
    this.#answered ||= kind === "connecting" || kind === "inCall" || kind === "reconnecting";
    this.#media = mediaOf(state) ?? this.#media;
  }

  /**
   * Say what others could see of the call; whole once it has ended.
   *
   * @param seconds How long both sides heard each other.
   */
  reading(seconds: number): Reading {
    return this.read({
      side: this.#rang ? "answered" : "called",
      video: this.#media === Media.VIDEO,
      seconds,
      answered: this.#answered,
    });
  }
}

function mediaOf(state: State): Media | undefined {
  if ("link" in state) return state.link.media;
  if ("media" in state) return state.media; // As it was accepted, which may be less than the invite.
  return "invite" in state ? state.invite.media : undefined;
}

/** A call that counts. */
type Counting = Readonly<{ contact: AccountId; meter: Meter }>;

/**
 * Count an envelope that came for a call, if there is one and it is with this contact.
 *
 * @param contact Whose it is; undefined: a device of our own said it.
 */
export function countArrival(
  call: Counting | undefined,
  contact: AccountId | undefined,
  envelope: Bucket | undefined,
): void {
  if (call === undefined || envelope === undefined) return;
  if (contact === undefined || equal(call.contact, contact)) call.meter.arrived(envelope);
}

/** Take a content of a conversation, and count its envelope for the call that it is of. */
export async function counted(
  { content, contact, envelope, own }: InnerReceived,
  find: (call: CallId) => Counting | undefined,
  take: () => Promise<void>,
): Promise<void> {
  const found = () => ("call" in content && !own ? find(content.call) : undefined);
  const before = found(); // Afterwards it may be over; one that rings is there only then.
  await take();
  countArrival(before ?? found(), contact, envelope);
}
