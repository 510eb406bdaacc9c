/**
 * The call of a group that this device is in, as it is kept for a page that is reloaded.
 *
 * What comes back knocks at the call's door like anybody else in the group, and is another leaf. Where
 * that door is stands with the calls that go on (`group_call_book.ts`), whether a page is reloaded or not.
 *
 * Not for: how it is kept (`left_call.ts`), or coming in (`group_calls.ts`). A guest keeps nothing.
 */

import { compare, copy } from "../core/bytes.ts";
import { Direction, MAX_MEMBERS, Outcome, Via } from "../core/call_entry.ts";
import { type Encodable, isBytes, isList, type Value } from "../core/cbor.ts";
import { Media } from "../core/content_records.ts";
import { AccountId, CallId, GroupId } from "../core/ids.ts";
import { SUITE_ID } from "../core/mls/index.ts";
import type { Books } from "./books.ts";
import { missedCall } from "./call_notes.ts";
import type { Unit } from "./unit.ts";

const MS_PER_S = 1_000;
/** No account is called so: in a call of two one stands in this place. */
const OF_A_GROUP = "group";

/** What a page needs to come back into a call of a group as it was. */
export type LeftGroupCall = Readonly<{
  group: GroupId;
  call: CallId;
  /** As what the person took part. */
  media: Media;
  /** We had begun it. */
  outgoing: boolean;
  /** Since when the person is in it, in unix milliseconds. */
  since: number;
  /** Who was met in it, for the history. */
  met: Met;
  /** What was on. */
  microphone: boolean;
  camera: boolean;
  /** Something of it was recorded. */
  recorded: boolean;
}>;

/** Whom a person met in a call. */
export type Met = Readonly<{
  /** Unix seconds when the first of them was there. */
  at: number;
  /** Accounts, and whether their safety numbers had been compared. */
  people: readonly MetOne[];
}>;

/** Somebody who was met. */
export type MetOne = Readonly<{ account: AccountId; verified: boolean }>;

/** Return it as it is kept. */
export function fieldsOf(left: LeftGroupCall): Encodable[] {
  const { group, call, media, outgoing, since, microphone, camera, met, recorded } = left;
  const people = met.people.slice(0, MAX_MEMBERS);
  const facts = [media, outgoing, since, microphone, camera, met.at];
  const who = people.map(({ account, verified }) => [copy(account), verified]);
  return [OF_A_GROUP, copy(group), copy(call), ...facts, who, recorded];
}

/** Read it; undefined for what is none. */
export function leftGroupCallOf(fields: readonly Value[]): LeftGroupCall | undefined {
  const [what, group, call, media, outgoing, since, microphone, camera, at, who, recorded] = fields;
  const isMedia = media === Media.VOICE || media === Media.VIDEO;
  if (what !== OF_A_GROUP || !isBytes(group) || !isBytes(call) || !isMedia) return undefined;
  if (typeof since !== "number" || typeof at !== "number") return undefined;
  const people = isList(who) ? who.flatMap(metOf) : [];
  if (people.length === 0) return undefined;
  return {
    group: new GroupId(group),
    call: new CallId(call),
    media,
    outgoing: outgoing === true,
    since,
    met: { at, people },
    microphone: microphone === true,
    camera: camera === true,
    recorded: recorded === true,
  };
}

function metOf(value: Value): MetOne[] {
  const [account, verified] = isList(value) ? value : [];
  return isBytes(account) ? [{ account: new AccountId(account), verified: verified === true }] : [];
}

/**
 * Put it into the history; if the page comes back, what it notes at the end takes the place of this.
 *
 * @param options.isRecent It was left a moment ago: it lasted until now. Else nobody knows how long.
 */
export function noteLeft(
  books: Pick<Books, "calls" | "now">,
  unit: Unit,
  left: LeftGroupCall,
  { isRecent }: Readonly<{ isRecent: boolean }>,
): void {
  const accounts = left.met.people.map(({ account }) => account).sort(compare);
  const [first] = accounts;
  if (first === undefined) return;
  const at = Math.floor(left.since / MS_PER_S);
  const verified = left.met.people.every((one) => one.verified);
  books.calls.note(unit, {
    ...missedCall(left.call, first, left.media, { at, verified }),
    members: accounts,
    direction: left.outgoing ? Direction.OUTGOING : Direction.INCOMING,
    outcome: Outcome.ANSWERED,
    seconds: isRecent ? Math.max(0, books.now() - left.met.at) : 0,
    recorded: left.recorded,
    via: Via.RELAYED,
    suite: SUITE_ID,
  });
}
