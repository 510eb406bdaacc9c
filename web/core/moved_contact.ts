/**
 * Somebody an account knows, as known at the server that it left (R-83, docs/protocol/move.md).
 *
 * No address and no device: at the other server they have others. In the file with which an account
 * moves, and in the store of the device that waits for them (twin of `MovedContact` in
 * `src/visavis/core/move_file.py`).
 */

import { equal } from "./bytes.ts";
import { fixed, maybe, nested, type RecordOf, record, uint, word } from "./content_fields.ts";
import { Decided, NAME, Rules, Standing } from "./content_records.ts";
import { type DeviceList, eraOf, MAX_VERSION } from "./device_list.ts";
import { AccountId, IdentityKey } from "./ids.ts";

/** A contact of before a move. */
export const MovedContact = record("MovedContact", {
  account: fixed(AccountId),
  identity: fixed(IdentityKey),
  /** Of the newest device list known. */
  version: uint(MAX_VERSION, 1),
  name: NAME,
  standing: word(Standing),
  /** The identity key whose safety number was compared, if one was. */
  verified: maybe(fixed(IdentityKey)),
  /** Which calls of theirs rang; null: all, at any time. */
  rules: maybe(nested(Rules)),
  /** When the person decided `standing`, `verified` and `rules`; null: never. */
  decided: maybe(nested(Decided)),
});
export type MovedContact = RecordOf<typeof MovedContact>;

/**
 * Say whether a list is this very account's, signed when it moved as well (CK-733).
 *
 * The same identity key, and a later era: a device that was revoked at the old server holds a signed
 * list too, but of the era before.
 */
export function hasMovedWith(known: MovedContact, offered: DeviceList): boolean {
  const isSame =
    equal(offered.accountId, known.account) && equal(offered.identityKey, known.identity);
  return isSame && offered.era > eraOf(known.version);
}
