/**
 * Calls as profiles kept them before there was a history of calls: among the messages of a thread.
 *
 * They are moved into the history once, when a profile is opened, so that they are kept and deleted as
 * the person says, and nothing of them stays where no setting reaches. Those with somebody who is no
 * contact any more stay, as all of that thread does, and are not shown.
 */

import { type Bytes, hex, utf8 } from "../core/bytes.ts";
import { Direction, type Entry, Outcome } from "../core/call_entry.ts";
import { decode, isList } from "../core/cbor.ts";
import { Media } from "../core/content_records.ts";
import { type AccountId, CallId } from "../core/ids.ts";
import type { Books } from "./books.ts";
import { missedCall } from "./call_notes.ts";
import { MESSAGE_KIND, MessageKind, SEEN_KIND } from "./history.ts";
import type { Unit } from "./unit.ts";

const STATE_KIND = "calls";
const MOVED = utf8("moved");

/** Move them, if that was not done yet. */
export function moveCalls(
  unit: Unit,
  { calls, contacts }: Pick<Books, "calls" | "contacts">,
): void {
  if (unit.get(STATE_KIND, MOVED) !== undefined) return;
  unit.put(STATE_KIND, MOVED, new Uint8Array());
  for (const { account } of contacts.all(unit)) {
    const kind = MESSAGE_KIND + hex(account);
    for (const [key, data] of unit.items(kind)) {
      const entry = callOf(account, key.slice(-CallId.LENGTH), data);
      if (entry === undefined) continue;
      calls.note(unit, entry);
      unit.delete(kind, key);
      unit.delete(SEEN_KIND + hex(account), key.slice(-CallId.LENGTH));
    }
  }
}

function callOf(account: AccountId, id: Bytes, data: Bytes): Entry | undefined {
  const value = decode(data);
  const [at, outgoing, , kind, medium, talked] = isList(value) ? value : [];
  if (typeof at !== "number" || typeof outgoing !== "boolean") return undefined;
  const media = medium === Media.VIDEO ? Media.VIDEO : Media.VOICE;
  const missed = missedCall(new CallId(id), account, media, { at, verified: false });
  const direction = outgoing ? Direction.OUTGOING : Direction.INCOMING;
  switch (kind) {
    case MessageKind.MISSED_CALL:
      return missed;
    case MessageKind.CALL_UNANSWERED:
      return { ...missed, direction, outcome: Outcome.UNANSWERED };
    case MessageKind.CALL_ENDED: {
      // It was the time of the end.
      const seconds = typeof talked === "number" ? talked : 0;
      const began = Math.max(0, at - seconds);
      return { ...missed, direction, outcome: Outcome.ANSWERED, at: began, seconds };
    }
    default:
      return undefined;
  }
}
