/**
 * The newest device list known of each account, ours included: who may stand in a group (P3).
 *
 * A list is learnt only when it is signed by the identity key that we hold for the account; another
 * key raises IDENTITY_CHANGED and nothing is replaced (CK-563).
 *
 * What is in memory is no copy of the store, only which bytes have been verified: that stays true
 * whatever becomes of a unit of work. So look-ups need not wait for a signature to be checked.
 */

import { type Bytes, copy, hex } from "../core/bytes.ts";
import { makePresentValidator, makeValidator, type NewestList } from "../core/credential.ts";
import { acceptList, type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { Code, FatalError } from "../core/errors.ts";
import type { AccountId, DeviceId } from "../core/ids.ts";
import type { CredentialValidator } from "../core/mls/index.ts";
import type { Reader, Unit } from "./unit.ts";

export const KIND = "list";
export const PREVIOUS_KIND = "list.previous";

/** The book of device lists. */
export class DeviceLists {
  /** By the hex of its bytes. */
  readonly #verified = new Map<string, DeviceList>();

  private constructor() {}

  /** Verify what the store holds. */
  static async load(reader: Reader): Promise<DeviceLists> {
    const lists = new DeviceLists();
    const stored = [...reader.items(KIND), ...reader.items(PREVIOUS_KIND)];
    await Promise.all(
      stored.map(async ([, data]) => lists.#keep(await UnverifiedDeviceList.parse(data).verify())),
    );
    return lists;
  }

  /** Return the newest list of an account, or undefined for a stranger. */
  newest(reader: Reader, account: AccountId): DeviceList | undefined {
    return this.#find(reader.get(KIND, copy(account)));
  }

  /**
   * Keep a list if it is newer than what we have; say whether it was.
   *
   * @throws PeerError IDENTITY_CHANGED (CK-563), BAD_CREDENTIAL for a fork.
   */
  learn(unit: Unit, offered: DeviceList): boolean {
    const account = copy(offered.accountId);
    const known = this.newest(unit, offered.accountId);
    if (known !== undefined && acceptList(known, offered) === known) return false;
    this.#keep(offered);
    if (known !== undefined) unit.put(PREVIOUS_KIND, account, known.data);
    unit.put(KIND, account, offered.data);
    return true;
  }

  /** Return the list we held before the newest one (to recognise a repeated rejoin). */
  before(reader: Reader, account: AccountId): DeviceList | undefined {
    return this.#find(reader.get(PREVIOUS_KIND, copy(account)));
  }

  /** Forget an account (a contact removed, or its new identity accepted by the person). */
  forget(unit: Unit, account: AccountId): void {
    unit.delete(KIND, copy(account));
    unit.delete(PREVIOUS_KIND, copy(account));
  }

  /** Say whether the device is on the newest list of its account. */
  stands(reader: Reader, account: AccountId, device: DeviceId): boolean {
    const known = this.newest(reader, account);
    return known !== undefined && known.find(device) !== null;
  }

  /**
   * Return the validator for leaves that come in or change (`makeValidator`).
   *
   * It looks up through `reader` each time it is asked: one made with the store always knows the
   * newest lists on disk; one made with a unit knows what the unit learnt, and ends with it.
   */
  validator(reader: Reader): CredentialValidator {
    return makeValidator(this.#lookUp(reader));
  }

  /** Return the validator for members of a group that this device joins; see `validator`. */
  presentValidator(reader: Reader): CredentialValidator {
    return makePresentValidator(this.#lookUp(reader));
  }

  #lookUp(reader: Reader): NewestList {
    return (account) => this.newest(reader, account) ?? null;
  }

  #keep(list: DeviceList): void {
    this.#verified.set(hex(list.data), list);
  }

  #find(data: Bytes | undefined): DeviceList | undefined {
    if (data === undefined) return undefined;
    const found = this.#verified.get(hex(data));
    // Only `learn` writes lists, and it is given verified ones.
    if (found === undefined) throw new FatalError(Code.UNEXPECTED, "a list was never verified");
    return found;
  }
}
