/**
 * What may be recorded among some members, and by what they are named (`recording.ts`).
 *
 * Part of the twin of `src/visavis/core/recording.py`.
 */

import { get, isWithin, setOf, sorted, without } from "./byte_sets.ts";
import { concat, utf8 } from "./bytes.ts";
import { Digest } from "./ids.ts";
import type { Ask, Kinds, Members } from "./recording_types.ts";

const LABEL = utf8("visavis recording members v1\0");

/** No kind. */
export const NOTHING: Kinds = new Set();

/**
 * Return by what a yes names those among whom it was said.
 *
 * SHA-256 over a label and the consent keys of all members, in the order of their bytes.
 */
export function membersHash(members: Members): Digest {
  return Digest.sha256(concat(LABEL, ...sorted(members)));
}

/**
 * Return what may be recorded among these members: what each of them agreed to, among them.
 *
 * Who asks is among them, and agrees by asking. A yes said among more people stands when some have
 * left; one said before somebody came does not.
 */
export function allowed(ask: Ask, members: Members): Kinds {
  let kinds = ask.kinds;
  for (const member of without(members, setOf(ask.by)).values()) {
    const grant = get(ask.grants, member);
    if (grant === undefined || !isWithin(members, grant.members)) return NOTHING;
    kinds = common(kinds, grant.kinds);
  }
  return kinds;
}

/** Say whether all of these kinds are among others. */
export function isPart(kinds: Kinds, of: Kinds): boolean {
  return [...kinds].every((kind) => of.has(kind));
}

/** Say whether these are the same kinds. */
export function isSame(kinds: Kinds, others: Kinds): boolean {
  return kinds.size === others.size && isPart(kinds, others);
}

function common(kinds: Kinds, others: Kinds): Kinds {
  return new Set([...kinds].filter((kind) => others.has(kind)));
}
