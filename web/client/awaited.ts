/**
 * Contacts of before a move to this server, who are not here yet (docs/protocol/move.md; twin of
 * `src/visavis/sdk/awaited.py`).
 *
 * Their names stand in the history. When one of them comes, with the identity key that we knew and a
 * device list signed when they moved as well, they are a contact as before: verified mark and rules
 * hold (`restore` in `decisions.ts`). Nobody else gets anything of it, whatever they are called.
 *
 * Not for: people who are contacts here (`contact_book.ts`).
 */

import { compare, copy, equal, hex, utf8 } from "../core/bytes.ts";
import { decodeRecord, encodeRecord } from "../core/content.ts";
import { Standing } from "../core/content_records.ts";
import type { DeviceList } from "../core/device_list.ts";
import { Code, PeerError } from "../core/errors.ts";
import type { AccountId } from "../core/ids.ts";
import { hasMovedWith, MovedContact } from "../core/moved_contact.ts";
import type { Reader, Unit } from "./unit.ts";

export const AWAITED_KIND = "awaited";

/** A contact of before the move here, who is not here yet, as the person sees them. */
export type AwaitedContact = Readonly<{
  /** Their account. */
  account: AccountId;
  /** The same as text. Not for the person. */
  key: string;
  /** Their handle at the server of before. */
  name: string;
  /** The safety number was compared, with the key that they had. */
  verified: boolean;
  /** They were blocked: they are refused here as well. */
  blocked: boolean;
  /** Hours for which calls with them stay in the history; null: as for everybody. */
  keeps: number | null;
}>;

/** Return what is shown of somebody. */
export function awaitedContact(one: MovedContact): AwaitedContact {
  const { account, name, verified, identity, standing, rules } = one;
  return {
    account,
    key: hex(account),
    name,
    verified: verified !== null && equal(verified, identity),
    blocked: standing === Standing.BLOCKED,
    keeps: rules?.keeps ?? null,
  };
}

/** Who is awaited, by account. */
export class Awaited {
  /** Return everybody, by name. */
  all(reader: Reader): MovedContact[] {
    // As UTF-8, which is the order of code points. Those of one name stay in the order of accounts.
    return reader
      .items(AWAITED_KIND)
      .map(([, data]) => decodeRecord(MovedContact, data))
      .map((contact) => ({ contact, name: utf8(contact.name) }))
      .sort((one, other) => compare(one.name, other.name))
      .map(({ contact }) => contact);
  }

  /** Return one of them, or undefined. */
  get(reader: Reader, account: AccountId): MovedContact | undefined {
    const data = reader.get(AWAITED_KIND, copy(account));
    return data === undefined ? undefined : decodeRecord(MovedContact, data);
  }

  /** Wait for somebody. */
  save(unit: Unit, contact: MovedContact): void {
    unit.put(AWAITED_KIND, copy(contact.account), encodeRecord(MovedContact, contact));
  }

  /** Wait for somebody no longer; whoever comes under this account is a stranger then. */
  remove(unit: Unit, account: AccountId): void {
    unit.delete(AWAITED_KIND, copy(account));
  }

  /**
   * Refuse who claims to be somebody we wait for, and is not; who is blocked as well.
   *
   * @param offered Their device list, verified.
   * @throws PeerError As `requireSame`; REFUSED, blocked (CK-734).
   */
  require(reader: Reader, offered: DeviceList): void {
    this.requireSame(reader, offered);
    if (this.get(reader, offered.accountId)?.standing === Standing.BLOCKED) {
      throw new PeerError(Code.REFUSED, "CK-734: blocked before the move");
    }
  }

  /**
   * Refuse who claims to be somebody we wait for, and is not.
   *
   * @throws PeerError IDENTITY_CHANGED, another identity key; BAD_CREDENTIAL, a list of before they
   *   moved (CK-733).
   */
  requireSame(reader: Reader, offered: DeviceList): void {
    const known = this.get(reader, offered.accountId);
    if (known === undefined) return;
    if (!equal(offered.identityKey, known.identity)) {
      throw new PeerError(Code.IDENTITY_CHANGED, "CK-733: another key than before the move");
    }
    if (!hasMovedWith(known, offered)) {
      // A device that was revoked at the old server has a signed list as well.
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-733: a device list of another server");
    }
  }
}
