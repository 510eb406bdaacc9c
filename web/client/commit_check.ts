/** What is asked of a commit that a sequencer holds, before anything of it is kept. */

import type { Bytes } from "../core/bytes.ts";
import { Code, PeerError } from "../core/errors.ts";
import { type CommitApplied, type Group, peek } from "../core/mls/index.ts";
import { epochOf, judge } from "./group_tree.ts";
import { GroupKind, type GroupRecord } from "./groups.ts";

/**
 * Apply a commit to a group's state, and check it; on failure the state is not to be kept.
 *
 * @throws PeerError It is refused.
 */
export async function processCommit(
  record: GroupRecord,
  state: Group,
  message: Bytes,
  now: number,
): Promise<CommitApplied> {
  // CK-585: handshakes travel as PrivateMessages (P1). So nobody from outside, and nobody in
  // another's name, is ever let in by an external commit.
  if (peek(message).kind !== "private") {
    throw new PeerError(Code.UNEXPECTED, "CK-585: a handshake in the clear");
  }
  const before = record.kind === GroupKind.GROUP ? await epochOf(state) : undefined;
  const result = await state.process(message, { now });
  // CK-573: the sequencer orders commits; anything else in it is a member's trick.
  if (result.kind !== "commit") {
    throw new PeerError(Code.UNEXPECTED, "CK-573: the sequencer holds no commit");
  }
  // CK-586: our groups have no extensions; `external_senders` would let outsiders speak. Nor do they
  // end by a ReInit: whoever wants to part says so in other ways. Groups of people have their terms
  // (CK-830).
  const isOver = !(state.isActive || result.selfRemoved);
  if (isOver || (before === undefined && state.extensions.length > 0)) {
    throw new PeerError(Code.UNEXPECTED, "CK-586: a group with extensions, or its end");
  }
  if (before !== undefined) await judge(record.groupId, before, state, result);
  return result;
}
