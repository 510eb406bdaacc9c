/** Under which name what is said in a group is kept. */

import { hex } from "../core/bytes.ts";
import type { GroupId } from "../core/ids.ts";

/**
 * Return the name of a group's thread, which is that of no conversation of two.
 *
 * Whoever begins a group chooses its id, and could take a contact's account for it: what is said in
 * the group would then stand in the conversation with that contact.
 */
export function groupThread(group: GroupId): string {
  return `g${hex(group)}`;
}
