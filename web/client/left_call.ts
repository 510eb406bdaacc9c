/**
 * The call that this device is in, kept so that a page that is reloaded goes on with it.
 *
 * Sealed in the store like everything else, and there only while the call lasts: whoever opens the
 * profile takes it out. No key and nothing of the media is kept: what comes back is a new call
 * (P10), which names the one that was lost (CK-380); or a new member of the same call of a group
 * (`left_group_call.ts`).
 *
 * Not for confidential calls: of those nothing is kept.
 */

import { type Bytes, copy, type Rng } from "../core/bytes.ts";
import { Direction, Outcome } from "../core/call_entry.ts";
import { decode, type Encodable, encode, isBytes, isList } from "../core/cbor.ts";
import { Media } from "../core/content_records.ts";
import { AccountId, CallId } from "../core/ids.ts";
import { SUITE_ID } from "../core/mls/index.ts";
import type { Books } from "./books.ts";
import { missedCall } from "./call_notes.ts";
import { dataIn, PLAIN_BYTES, wholeRow } from "./call_rows.ts";
import { isVerified } from "./decisions.ts";
import { fieldsOf, type LeftGroupCall, leftGroupCallOf, noteLeft } from "./left_group_call.ts";
import type { Unit } from "./unit.ts";

const KIND = "call.left";
const MS_PER_S = 1_000;
/** There is one call at a time. */
const KEY: Bytes = new Uint8Array();

/** What a page needs to go on with a call as it was. */
export type LeftCall = Readonly<{
  contact: AccountId;
  call: CallId;
  /** As which call the history has it (`Call.notedAs`). */
  noted: CallId;
  media: Media;
  /** This side had placed it. */
  outgoing: boolean;
  /** Since when it is talked in, in unix milliseconds. */
  since: number;
  /** What was on. */
  microphone: boolean;
  camera: boolean;
  /** Something of it was recorded. */
  recorded: boolean;
}>;

/** Keep the call, in the place of the one before; with undefined, keep none. */
export async function keepCall(
  books: Books,
  left: LeftCall | LeftGroupCall | undefined,
): Promise<void> {
  const { rng, store } = books;
  await store.transaction((unit) => {
    if (left === undefined) {
      forget(unit, rng);
      return;
    }
    unit.put(KIND, KEY, wholeRow(encode("group" in left ? fieldsOf(left) : ofTwo(left)), rng));
  });
}

function ofTwo(left: LeftCall): Encodable[] {
  const { contact, call, noted, media, outgoing, since, microphone, camera, recorded } = left;
  const on = [microphone, camera];
  return [copy(contact), copy(call), media, outgoing, since, ...on, copy(noted), recorded];
}

/**
 * Take out the call that was left, if one was. It goes into the history: what comes back goes on with
 * that entry, and if nothing does, the call was there all the same.
 *
 * @param options.isRecent It was left a moment ago: it lasted until now. Else nobody knows how long.
 */
export async function takeLeftCall(
  books: Books,
  { isRecent }: Readonly<{ isRecent: boolean }>,
): Promise<LeftCall | LeftGroupCall | undefined> {
  const { calls, contacts, now, rng, store } = books;
  return await store.transaction((unit) => {
    const row = unit.get(KIND, KEY);
    if (row === undefined) return undefined;
    forget(unit, rng);
    const left = leftCallOf(row);
    if (left === undefined) return undefined;
    if ("group" in left) {
      noteLeft(books, unit, left, { isRecent });
      return left;
    }
    const at = Math.floor(left.since / MS_PER_S);
    const verified = isVerified(books, contacts.get(unit, left.contact));
    calls.note(unit, {
      ...missedCall(left.noted, left.contact, left.media, { at, verified }),
      direction: left.outgoing ? Direction.OUTGOING : Direction.INCOMING,
      outcome: Outcome.ANSWERED,
      seconds: isRecent ? Math.max(0, now() - at) : 0,
      recorded: left.recorded,
      suite: SUITE_ID,
    });
    return left;
  });
}

/** Put nothing in its place: what is only deleted may lie in the browser's files for long. */
function forget(unit: Unit, rng: Rng): void {
  if (unit.count(KIND) > 0) unit.put(KIND, KEY, wholeRow(new Uint8Array(), rng));
}

/** What does not read is not gone on with. */
function leftCallOf(row: Bytes): LeftCall | LeftGroupCall | undefined {
  if (row.length < PLAIN_BYTES) return undefined; // as another version of the program kept it
  const data = dataIn(row);
  if (data.length === 0) return undefined;
  const value = decode(data);
  const fields = isList(value) ? value : [];
  const group = leftGroupCallOf(fields);
  if (group !== undefined) return group;
  const [contact, call, media, outgoing, since, microphone, camera, noted = call, recorded] =
    fields;
  const isMedia = media === Media.VOICE || media === Media.VIDEO;
  if (!isBytes(contact) || !isBytes(call) || !isMedia || typeof since !== "number") {
    return undefined;
  }
  return {
    contact: new AccountId(contact),
    call: new CallId(call),
    noted: new CallId(isBytes(noted) ? noted : call),
    media,
    outgoing: outgoing === true,
    since,
    microphone: microphone === true,
    camera: camera === true,
    recorded: recorded === true,
  };
}
