/**
 * What a call of one contact may do here: ring, ring as a voice call, or ring nobody.
 *
 * And what was granted to that contact beyond it: to see that it rings here, and a direct path
 * . Both are off until the person says otherwise.
 *
 * Pure: the rules (`Rules` of `content_records.ts`), the media that was offered and the local time go
 * in, what may ring comes out. Towards the caller a call that rings nobody is one that nobody
 * answers: nothing is sent (CK-370), and their own word of it puts it into the thread as a missed
 * call.
 *
 * Not for whether somebody may call at all: that is a contact's standing (`client/decisions.ts`).
 * The time of day is the device's own; two devices in two time zones may decide differently.
 */

import type { Bytes } from "./bytes.ts";
import { decodeRecord, encodeRecord } from "./content.ts";
import { type Hours, MayCall, MayGo, Media, Path, Rules } from "./content_records.ts";
import { PeerError, UsageError } from "./errors.ts";

export { Hours, MayCall, MayGo, MaySee, Rules } from "./content_records.ts";

export const DAYS = 7;

/**
 * Every call rings, at any time, and nothing beyond it is granted: what holds until the person says
 * otherwise.
 */
export const ALL_RING: Rules = {
  calls: MayCall.VIDEO,
  hours: null,
  sees: null,
  path: null,
  keeps: null,
  adds: null,
  neverRecord: false,
};

/** Why nothing rings. */
export const WhyQuiet = { NOTHING: "nothing", HOURS: "hours" } as const;
export type WhyQuiet = (typeof WhyQuiet)[keyof typeof WhyQuiet];

export type Decision =
  /** It rings as a call with this media: the lesser of what was offered and what is allowed. */
  | Readonly<{ kind: "ring"; media: Media }>
  /** Nothing rings, and nothing is sent. */
  | Readonly<{ kind: "quiet"; why: WhyQuiet }>;

/**
 * Say what a call may do.
 *
 * @param rules For the contact that calls.
 * @param media What it offers.
 * @param weekday Today, in local time: 0 is Monday.
 * @param minute Of the day, in local time, 0 to 1439.
 */
export function decide(rules: Rules, media: Media, weekday: number, minute: number): Decision {
  if (rules.calls === MayCall.NOTHING) return { kind: "quiet", why: WhyQuiet.NOTHING };
  if (rules.hours !== null && !rules.hours.some((hours) => holds(hours, weekday, minute))) {
    return { kind: "quiet", why: WhyQuiet.HOURS };
  }
  return { kind: "ring", media: rules.calls === MayCall.VOICE ? Media.VOICE : media };
}

function holds({ days, start, end }: Hours, weekday: number, minute: number): boolean {
  const beginsToday = ((days >> weekday) & 1) === 1;
  const beganYesterday = ((days >> ((weekday + DAYS - 1) % DAYS)) & 1) === 1;
  if (start < end) return beginsToday && start <= minute && minute < end;
  return (beginsToday && minute >= start) || (beganYesterday && minute < end);
}

/** Return the path that a call with this contact may take, as far as our side goes (CK-384). */
export function pathOf({ path }: Rules): Path {
  return path === MayGo.DIRECT ? Path.DIRECT : Path.RELAYED;
}

/** Return a span that begins on these days, 0 being Monday. */
export function hoursOn(weekdays: Iterable<number>, start: number, end: number): Hours {
  let days = 0;
  for (const day of weekdays) days |= 1 << day;
  return { days, start, end };
}

/** Return the days on which a span begins, in their order. */
export function weekdays({ days }: Hours): readonly number[] {
  return Array.from({ length: DAYS }, (_, day) => day).filter((day) => ((days >> day) & 1) === 1);
}

/**
 * Return the rules' one encoding.
 *
 * @throws UsageError They are out of bounds; an empty list of hours is `MayCall.NOTHING`.
 */
export function encodeRules(rules: Rules): Bytes {
  const data = encodeRecord(Rules, rules);
  try {
    decodeRules(data);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`rules out of bounds: ${error.detail}`);
  }
  return data;
}

/**
 * Decode what `encodeRules` made.
 *
 * @throws PeerError `MALFORMED` (CK-250, CK-271).
 */
export function decodeRules(data: Bytes): Rules {
  return decodeRecord(Rules, data);
}
