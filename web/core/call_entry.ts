/**
 * One call in its owner's history, and the page that many of them share (R-05, P6).
 *
 * Entries of one call that two devices wrote become one, whichever comes first: of the facts the
 * better outcome stands, then the longer duration, then the greater bytes; of the person's marks
 * (note, pin) the one that was made knowing of the others. Clocks decide nothing: they may be wrong
 * by years.
 *
 * A page is what the vault holds in one slot and a device's store in one row. It has room for some
 * 1,700 calls. A call that was deleted leaves a hash in it, so that no other device brings it back.
 *
 * Pure. Not for: a page's bytes (`call_page.ts`); where an entry is put, and what becomes of a page
 * (`call_log.ts`).
 */

import { type Bytes, compare, concat, equal, utf8 } from "./bytes.ts";
import { type Encodable, encode } from "./cbor.ts";
import { text } from "./content_fields.ts";
import { Media } from "./content_records.ts";
import { UsageError } from "./errors.ts";
import { type AccountId, type CallId, DeviceId } from "./ids.ts";
import { SHA256 } from "./mls/kdf.ts";

export const MAX_MEMBERS = 32;
export const MAX_SECONDS = 2 ** 32 - 1;
export const MAX_NOTE_BYTES = 500;
export const MAX_MARKS = 2 ** 32 - 1;
export const GONE_BYTES = 16;
export const NO_DEVICE = new DeviceId(new Uint8Array(DeviceId.LENGTH));
/** The person's note, as it goes into a page. */
export const NOTE = text(MAX_NOTE_BYTES, { shortest: 0 });

const GONE_LABEL = utf8("visavis call gone v1\0");
/** Bits of an entry's flags in a page. */
export const VERIFIED = 1;
export const RECORDED = 2;

/** Who called. */
export const Direction = { OUTGOING: "outgoing", INCOMING: "incoming" } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

/** What became of it. The later in this list, the more its writer knows. */
export const Outcome = {
  MISSED: "missed",
  UNANSWERED: "unanswered",
  DECLINED: "declined",
  FAILED: "failed",
  ANSWERED: "answered",
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** How its packets travelled at the end. */
export const Via = { NONE: "none", RELAYED: "relayed", DIRECT: "direct" } as const;
export type Via = (typeof Via)[keyof typeof Via];

/** How it went, by loss and delay as this device measured them. */
export const Quality = { UNKNOWN: "unknown", POOR: "poor", FAIR: "fair", GOOD: "good" } as const;
export type Quality = (typeof Quality)[keyof typeof Quality];

/** A round trip above this is noticeably late, in milliseconds. */
const FAIR_MS = 300;
/** Above this people talk into each other's sentences. */
const POOR_MS = 700;

/** Return how well a call goes by its round trip in milliseconds. */
export function qualityOfTrip(rttMs: number | undefined): Quality {
  if (rttMs === undefined) return Quality.UNKNOWN;
  if (rttMs > POOR_MS) return Quality.POOR;
  return rttMs > FAIR_MS ? Quality.FAIR : Quality.GOOD;
}

/** The number of each word in a page is its place here. */
export const WORDS = {
  direction: Object.values(Direction),
  media: Object.values(Media),
  outcome: Object.values(Outcome),
  via: Object.values(Via),
  quality: Object.values(Quality),
} as const;

/** What the person added to an entry. */
export type Mark = Readonly<{
  /** One more than the count of the mark that it takes the place of; 0: none was made. */
  count: number;
  /** Which of our devices made it. */
  device: DeviceId;
  /** Kept in sight. */
  pinned: boolean;
  /** At most 500 bytes of UTF-8. */
  note: string;
}>;

export const NO_MARK: Mark = { count: 0, device: NO_DEVICE, pinned: false, note: "" };

/** One call. */
export type Entry = Readonly<{
  /** Its id, the same on all devices. */
  call: CallId;
  /** The others in it, ascending. */
  members: readonly AccountId[];
  /** Who called. */
  direction: Direction;
  /** What it was offered as, or became. */
  media: Media;
  /** What became of it. */
  outcome: Outcome;
  /** Unix seconds when it began, by the clock of the device that wrote it. */
  at: number;
  /** How long it was talked in; 0 unless it was answered. */
  seconds: number;
  /** The safety numbers of all members had been compared. */
  verified: boolean;
  /** Something of it was shown to be recorded, by whomever. */
  recorded: boolean;
  /** How packets travelled; `NONE` where details are not kept. */
  via: Via;
  /** How it went; `UNKNOWN` where details are not kept. */
  quality: Quality;
  /** The MLS cipher suite; 0 where details are not kept. */
  suite: number;
  /** The person's own. */
  mark: Mark;
}>;

/** Return Unix seconds when a call ended. */
export function endedAt({ at, seconds }: Entry): number {
  return at + seconds;
}

/** Everything was deleted: what had begun by `at` and was not written knowing of it, is gone. */
export type Cut = Readonly<{
  /** How often everything was deleted. */
  count: number;
  /** Unix seconds, by the clock of the device where it was. */
  at: number;
}>;

export const NO_CUT: Cut = { count: 0, at: 0 };

/** Order cuts: by how often, then by when. */
export function compareCuts(one: Cut, other: Cut): number {
  return one.count - other.count || one.at - other.at;
}

/** The name of a call, or of what is left of it, in a map: its bytes in hex. */
export type Key = string;

/** Calls that are written together. */
export type Page = {
  cut: Cut;
  /** By the hex of their ids. */
  readonly entries: Map<Key, Entry>;
  /** What is left of deleted calls: the hex of their marks (`goneMark`). */
  readonly gone: Set<Key>;
};

/** Return a page with nothing in it. */
export function emptyPage(cut: Cut = NO_CUT): Page {
  return { cut, entries: new Map(), gone: new Set() };
}

/** Return what is left of a deleted call: 16 bytes that do not tell its id. */
export function goneMark(call: CallId): Bytes {
  return SHA256.hash(concat(GONE_LABEL, call)).slice(0, GONE_BYTES);
}

/** Order calls as a page has them: by their beginning, then by their ids. */
export function compareEntries(one: Entry, other: Entry): number {
  return one.at - other.at || compare(one.call, other.call);
}

/**
 * Make one entry of two of the same call; the same one in whatever order (CK-700).
 *
 * @returns `one` itself, if nothing of the other stands.
 * @throws UsageError They are of two calls.
 */
export function mergeEntries(one: Entry, other: Entry): Entry {
  if (!equal(one.call, other.call)) throw new UsageError("two calls are not one");
  const facts = compareFacts(one, other) >= 0 ? one : other;
  const mark = compareMarks(one.mark, other.mark) >= 0 ? one.mark : other.mark;
  // A device may have left the call, or have come back into it, before or after the recording.
  const recorded = one.recorded || other.recorded;
  const isWhole = facts.recorded === recorded && compareMarks(facts.mark, mark) === 0;
  return isWhole ? facts : { ...facts, mark, recorded };
}

/**
 * Return an entry with the person's newest pin and note.
 *
 * @throws PeerError `TOO_LARGE`, the note.
 */
export function marked(
  entry: Entry,
  { device, pinned, note }: Readonly<Pick<Mark, "device" | "pinned" | "note">>,
): Entry {
  const count = Math.min(entry.mark.count + 1, MAX_MARKS);
  return { ...entry, mark: { count, device, pinned, note: String(NOTE.encode(note)) } };
}

/** Return everything but members and marks, as it stands in a page. */
export function factsOf(entry: Entry): readonly number[] {
  return [
    WORDS.direction.indexOf(entry.direction),
    WORDS.media.indexOf(entry.media),
    WORDS.outcome.indexOf(entry.outcome),
    entry.at,
    entry.seconds,
    (entry.verified ? VERIFIED : 0) | (entry.recorded ? RECORDED : 0),
    WORDS.via.indexOf(entry.via),
    WORDS.quality.indexOf(entry.quality),
    entry.suite,
  ];
}

function compareFacts(one: Entry, other: Entry): number {
  const outcome = (entry: Entry) => WORDS.outcome.indexOf(entry.outcome);
  // Whether it was recorded is no matter of rank.
  const facts = (entry: Entry) =>
    encode([[...entry.members], ...factsOf({ ...entry, recorded: false })]);
  return (
    outcome(one) - outcome(other) ||
    one.seconds - other.seconds ||
    compare(facts(one), facts(other))
  );
}

function compareMarks(one: Mark, other: Mark): number {
  if (one === other) return 0;
  const rest = ({ device, pinned, note }: Mark): readonly Encodable[] => [device, pinned, note];
  return one.count - other.count || compare(encode(rest(one)), encode(rest(other)));
}
