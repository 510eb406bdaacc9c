/**
 * What is said about recording in the group of a call, of two or of many (twin of
 * `core/content_recording.py`).
 *
 * Map {"v": 1, "t": "recording.said", ...}: a signed statement, and with some of them where a share
 * of the recording's keys lies. Who has a statement can check it (`recording_statements.ts`); the way
 * to the share is for the members alone, and is no part of what is signed.
 */

import { blob, type ContentOf, content, fixed, maybe } from "./content_fields.ts";
import { Code, PeerError } from "./errors.ts";
import { ShareKey, ShareSlot } from "./ids.ts";
import { MAX_SIGNED } from "./recording_statements.ts";

/** A statement of the sender's, as `signStatement` makes it. */
export const RecordingSaid = content(
  "recording.said",
  { t: "recording.said" },
  {
    statement: blob(MAX_SIGNED),
    /** With a request or a yes: where the sender's share of the keys lies. */
    slot: maybe(fixed(ShareSlot)),
    /** And what reads it. */
    read: maybe(fixed(ShareKey)),
  },
  ({ slot, read }) => {
    // CK-980: one without the other leads nowhere.
    if ((slot === null) !== (read === null)) {
      throw new PeerError(Code.MALFORMED, "CK-980 half of the way to a share");
    }
  },
);
export type RecordingSaid = ContentOf<typeof RecordingSaid>;
