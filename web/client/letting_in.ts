/**
 * How we let a device into a group: the key package it is added by, and what comes with its Welcome.
 *
 * Not for deciding that a group lacks a device, nor for the commit: that is `membership.ts`.
 */

import { type Bytes, equal, hex } from "../core/bytes.ts";
import { encodeOuter } from "../core/content.ts";
import type { Outer } from "../core/content_outer.ts";
import type { DeviceAddress } from "../core/content_records.ts";
import { UnverifiedCredential } from "../core/credential.ts";
import { Code, PeerError, UnavailableError, VisavisError } from "../core/errors.ts";
import type { AccountId, DeviceId } from "../core/ids.ts";
import { type Group, UnverifiedKeyPackage } from "../core/mls/index.ts";
import type { Books } from "./books.ts";
import { GroupKind, type GroupRecord, seatKey, seatsOf } from "./groups.ts";
import type { Send, Target } from "./sequencer.ts";
import type { AnonymousApi } from "./transport/anonymous.ts";
import type { Unit } from "./unit.ts";

/** A device that comes in, and the key package it comes in by. */
export type Fresh = Target & Readonly<{ data: Bytes }>;

/** Key packages and Welcomes for devices that a group lacks. */
export class LettingIn {
  readonly #books: Books;
  readonly #api: Pick<AnonymousApi, "fetchKeyPackage">;
  readonly #postpone: (record: GroupRecord) => void;

  /**
   * @param books What this device keeps.
   * @param api To fetch key packages of our other devices.
   * @param postpone Told of a group for which no key package was to be had today.
   */
  constructor(
    books: Books,
    api: Pick<AnonymousApi, "fetchKeyPackage">,
    postpone: (record: GroupRecord) => void,
  ) {
    this.#books = books;
    this.#api = api;
    this.#postpone = postpone;
  }

  /**
   * Return a verified key package for each listed device that is not in the group yet.
   *
   * @throws UnavailableError The server cannot answer now.
   */
  async keyPackages(record: GroupRecord, state: Group): Promise<readonly Fresh[]> {
    const { store, account: ours, device: own, lists } = this.#books;
    const seats = await seatsOf(state);
    const found: Fresh[] = [];
    const accounts = equal(record.account, ours) ? [ours] : [record.account, ours];
    for (const account of accounts) {
      for (const { deviceId: device } of lists.newest(store, account)?.devices ?? []) {
        if (seats.has(seatKey(account, device)) || equal(device, own)) continue;
        const data = await this.keyPackage(record, account, device);
        if (data !== undefined) found.push({ account, device, data });
      }
    }
    return found;
  }

  /**
   * Return a verified key package of a device for a group, if there is one.
   *
   * @throws UnavailableError The server cannot answer now.
   */
  async keyPackage(
    record: GroupRecord,
    account: AccountId,
    device: DeviceId,
  ): Promise<Bytes | undefined> {
    const { store, account: ours, siblings, joining } = this.#books;
    for (;;) {
      const kept = await store.transaction((unit) =>
        joining.take(unit, device, account, record.groupId),
      );
      if (kept === undefined) break;
      if (await this.#isGood(account, device, kept)) return kept;
      await store.transaction((unit) => joining.spend(unit, device, kept));
    }
    // A contact's device is added by its siblings, or asks by a rejoin.
    if (!equal(account, ours)) return undefined;
    const address = siblings.addresses(store).get(hex(device))?.address;
    if (address === undefined) return undefined;
    try {
      const fetched = await this.#api.fetchKeyPackage(address);
      return (await this.#isGood(account, device, fetched)) ? fetched : undefined;
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      const isQuota = error.code === Code.QUOTA; // ten a day: the rest follow tomorrow
      if (error instanceof UnavailableError && !isQuota) throw error;
      if (isQuota) this.#postpone(record);
      return undefined;
    }
  }

  /** Check a key package: a server or contact may have put another in its place (CK-579). */
  async #isGood(account: AccountId, device: DeviceId, data: Bytes): Promise<boolean> {
    const { store, lists, counters, now } = this.#books;
    try {
      const validator = lists.validator(store);
      const checked = await UnverifiedKeyPackage.parse(data).verify({ now: now(), validator });
      const credential = UnverifiedCredential.parse(checked.identity);
      const stands = await credential.verify(checked.signatureKey);
      const isOf = equal(stands.accountId, account) && equal(stands.device.deviceId, device);
      if (!isOf) counters.drop(Code.BAD_CREDENTIAL);
      return isOf;
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      counters.drop(error.code);
      return false;
    }
  }

  /** Make what brings the Welcome to each device that was let in; inside a transaction. */
  welcomes(unit: Unit, record: GroupRecord, welcome: Bytes, devices: readonly Fresh[]): Send[] {
    const own = this.#books.ownList(unit);
    return devices.map(({ device }) => {
      const forOwn = own.find(device) !== null;
      const account = forOwn ? this.#books.account : record.account;
      const content =
        record.kind === GroupKind.SELF
          ? this.#toSelfGroup(unit, record, welcome, device)
          : this.#toConversation(unit, record, welcome, { forOwn });
      return { account, device, content: encodeOuter(content) };
    });
  }

  #toSelfGroup(unit: Unit, record: GroupRecord, message: Bytes, device: DeviceId): Outer {
    const { contacts, joining } = this.#books;
    const { groupId: group, sequencer } = record;
    const devices = this.#siblingAddresses(unit, { without: device });
    if (!joining.get(unit, device)?.paired) {
      return { kind: "welcome.self", message, group, sequencer, devices };
    }
    const conversations = contacts.all(unit).length;
    return { kind: "device.link", message, group, sequencer, devices, conversations };
  }

  #toConversation(
    unit: Unit,
    record: GroupRecord,
    message: Bytes,
    { forOwn }: Readonly<{ forOwn: boolean }>,
  ): Outer {
    const books = this.#books;
    const known = books.contacts.get(unit, record.account);
    const newest = books.lists.newest(unit, record.account);
    if (known === undefined || newest === undefined) {
      throw new PeerError(Code.UNEXPECTED, "a conversation without its contact");
    }
    const { groupId: group, sequencer, thread = null } = record;
    const whole = { kind: "welcome.conversation", message, group, sequencer, thread } as const;
    if (forOwn) {
      // With the last address if there is no other: a Welcome needs one (CK-271).
      return { ...whole, list: newest.data, name: known.name, devices: known.devices };
    }
    const given = books.contactAddress(unit, record.account);
    const devices = [{ device: books.device, address: books.addresses.address(given) }];
    const { handle } = books.profile;
    return { ...whole, list: books.ownList(unit).data, name: handle, devices };
  }

  #siblingAddresses(
    unit: Unit,
    { without }: Readonly<{ without: DeviceId }>,
  ): readonly DeviceAddress[] {
    const { account, device, addresses, siblings, lists } = this.#books;
    const address = addresses.address(this.#books.siblingAddress(unit));
    const others = [...siblings.addresses(unit).values()].filter(
      (entry) => !equal(entry.device, without) && lists.stands(unit, account, entry.device),
    );
    return [{ device, address }, ...others];
  }
}
