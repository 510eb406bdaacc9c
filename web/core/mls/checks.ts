/**
 * The one way to refuse what others send (twin of `src/visavis/core/mls/checks.py`).
 *
 * The list itself, `CHECKS`, is generated from Python: there a check's id, code, section of RFC 9420
 * and rule are written once for both languages. Errors name the id and the rule; they never carry a
 * payload, a key or text from a peer.
 */

import { PeerError } from "../errors.ts";
import { CHECKS, type CheckId } from "./checks_table.ts";

export { CHECKS, type Check, type CheckId } from "./checks_table.ts";

/** Make the error for a breach of one check; its detail is the id, the rule and the section. */
export function refusal(ck: CheckId): PeerError {
  const { code, rule, section } = CHECKS[ck];
  return new PeerError(code, `${ck}: broken rule: ${rule} (RFC 9420, ${section})`);
}

/**
 * Refuse unless the check holds.
 *
 * @throws PeerError The rule is broken.
 */
export function ensure(ck: CheckId, condition: unknown): asserts condition {
  if (!condition) throw refusal(ck);
}
