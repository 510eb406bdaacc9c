/**
 * What of this device stands in the vault, and what it takes over from there.
 *
 * Not for: when and how it is written (`vault.ts`), or what it looks like (`vault_read.ts`).
 */

import { addressToCbor, requireServer } from "../core/address.ts";
import { type Bytes, compare, copy, equal, fromHex, hex } from "../core/bytes.ts";
import * as cbor from "../core/cbor.ts";
import { consentItem, encodeConsent, vaultForm } from "../core/consent_record.ts";
import { encodeRecord } from "../core/content.ts";
import { ContactRecord } from "../core/content_records.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { PeerError } from "../core/errors.ts";
import { isNewer, type Renamed, renamedToCbor } from "../core/handle.ts";
import { AccountId } from "../core/ids.ts";
import { encodeSettings } from "../core/keeping.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { Books } from "./books.ts";
import { takeToldName } from "./contact_names.ts";
import { takeDecision } from "./decisions.ts";
import type { Seat } from "./groups.ts";
import { takeToldNever } from "./never_record.ts";
import type { Reader, Unit } from "./unit.ts";
import { ACCOUNT_ITEM, type Contents, type Payloads, type Slots } from "./vault_read.ts";
import { type Hashes, type Items, itemsByKey } from "./vault_slots.ts";

/** By item key: hash of what of it stands in the vault. */
const ITEM_KIND = "vault.item";
/** By page: the same. */
const PAGE_KIND = "vault.page";
/** By item: contacts and consents that were removed here, until the vault does not have them. */
const REMOVED_KIND = "vault.removed";

/** This device's side of the vault's contents. */
export class VaultItems {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  // What shall stand there

  /** Return the payload of each item, by its key. */
  items(unit: Unit): Items {
    const books = this.#books;
    const items: Items = new Map();
    const add = (key: Bytes, payload: Bytes) => items.set(hex(key), { key, payload });
    const address = books.addresses.address(books.siblingAddress(unit));
    const entries = [...books.siblings.addresses(unit).values()];
    const others = entries.filter(({ device }) => !equal(device, books.device));
    const newest = books.ownList(unit);
    const devices = [{ device: books.device, address }, ...others]
      .filter(({ device }) => newest.find(device) !== null)
      .sort((a, b) => compare(a.device, b.device))
      .map((entry) => [entry.device, addressToCbor(entry.address)]);
    const settings = books.calls.settings(unit);
    // Else nobody has decided anything.
    const decided = settings.count > 0 ? { settings: encodeSettings(settings) } : {};
    const handle = books.ownHandle.newest(unit);
    const named = handle === undefined ? {} : { handle: renamedToCbor(handle) };
    const account = { k: "account", list: newest.data, devices, ...decided, ...named };
    add(ACCOUNT_ITEM, cbor.encode(account));
    for (const known of books.contacts.all(unit)) {
      // A record has an address (CK-271): what the vault says of it stays.
      if (known.devices.length === 0) continue;
      const record = encodeRecord(ContactRecord, books.contacts.record(unit, known));
      add(copy(known.account), cbor.encode({ k: "contact", r: record }));
    }
    for (const consent of books.consents.all(unit)) {
      const record = encodeConsent(vaultForm(consent));
      add(consentItem(consent), cbor.encode({ k: "consent", r: record }));
    }
    return items;
  }

  /** Return the payload of each page of calls, by the hex of its id; one at least. */
  pages(unit: Unit): Payloads {
    return this.#books.calls.vaultPages(unit);
  }

  /** Return the hash of what stands in the vault of each item, by its key. */
  written(reader: Reader): Hashes {
    return itemsByKey(reader, ITEM_KIND);
  }

  /** Return the hash of what stands in the vault of each page, by its id. */
  writtenPages(reader: Reader): Hashes {
    return itemsByKey(reader, PAGE_KIND);
  }

  /** Return the pages from which calls were deleted that the vault still has, as hex. */
  urgent(reader: Reader): ReadonlySet<string> {
    return this.#books.calls.urgent(reader);
  }

  /** Note what stands there now of an item. */
  wrote(unit: Unit, item: Bytes, payload: Bytes): void {
    unit.put(ITEM_KIND, item, SHA256.hash(payload));
  }

  /** Note what stands there now of a page. */
  wrotePage(unit: Unit, id: Bytes, payload: Bytes): void {
    unit.put(PAGE_KIND, id, SHA256.hash(payload));
    this.#books.calls.isWritten(unit, hex(id), payload);
  }

  // What was removed

  /** Have an item taken out with the next write: of a contact its account, or a consent's. */
  remove(unit: Unit, item: Bytes): void {
    unit.put(REMOVED_KIND, copy(item), new Uint8Array());
  }

  /** Return the items that were removed here and did not come back, as hex. */
  gone(): ReadonlySet<string> {
    const { store } = this.#books;
    const removed = store.items(REMOVED_KIND).map(([item]) => item);
    return new Set(removed.filter((item) => !this.#isHere(store, item)).map(hex));
  }

  /** Remember no more whom the vault does not have, nor who is a contact again. */
  settle(unit: Unit, slots: Slots): void {
    const held = new Set([...slots.values()].map(({ item }) => hex(item)));
    for (const [item] of unit.items(REMOVED_KIND)) {
      if (this.#isHere(unit, item) || !held.has(hex(item))) unit.delete(REMOVED_KIND, item);
    }
  }

  #isHere(reader: Reader, item: Bytes): boolean {
    const { contacts, consents } = this.#books;
    if (consents.has(reader, item)) return true;
    return item.length === 16 && contacts.get(reader, new AccountId(item)) !== undefined;
  }

  // What stands there

  /** Take over what others of our devices have written. */
  async take(unit: Unit, contents: Contents): Promise<void> {
    const { calls } = this.#books;
    this.#takeList(unit, contents.ownList);
    this.#takeHandle(unit, contents.handle);
    await this.#takeAddresses(unit, contents);
    if (contents.settings !== undefined) calls.takeSettings(unit, contents.settings);
    for (const [consent, payload] of contents.consents) {
      await this.#books.consents.take(unit, consent);
      // What stands there now: if ours is more, it is written.
      this.wrote(unit, consentItem(consent), payload);
    }
    calls.takePages(unit, contents.pages);
    for (const name of contents.pages.keys()) {
      const payload = contents.payloads.get(name);
      if (payload !== undefined) unit.put(PAGE_KIND, fromHex(name), SHA256.hash(payload));
    }
  }

  /**
   * Have the account's item hold our newest list, whoever wrote it last.
   *
   * A sibling that has not heard of the newest list may have put an older one there: a manifest that
   * we sign must not stand beside a list without us (CK-590).
   */
  #takeList(unit: Unit, found: DeviceList): void {
    const books = this.#books;
    // Else we are shut out, and hear it otherwise.
    if (found.find(books.device) !== null) books.lists.learn(unit, found);
    if (!equal(found.data, books.ownList(unit).data)) unit.delete(ITEM_KIND, ACCOUNT_ITEM);
  }

  /** Take over a newer handle; have the account's item hold ours if that is the newer one. */
  #takeHandle(unit: Unit, found: Renamed | undefined): void {
    const { ownHandle } = this.#books;
    ownHandle.take(unit, found, { notice: true });
    if (isNewer(ownHandle.newest(unit), found)) unit.delete(ITEM_KIND, ACCOUNT_ITEM);
  }

  /**
   * Take over what was decided, and where those are reached that we wait for.
   *
   * Nobody but our other devices can tell us, and our next write must not put what is older back. In
   * a group that we share, each tells us itself.
   */
  async #takeAddresses(unit: Unit, contents: Contents): Promise<void> {
    const books = this.#books;
    await this.#takeSiblings(unit, contents);
    for (const record of contents.contacts) {
      await takeDecision(unit, books, record);
      await takeToldName(unit, books, record);
      await takeToldNever(unit, books, record);
      const offered = await UnverifiedDeviceList.parse(record.list).verify();
      const known = books.contacts.get(unit, offered.accountId);
      if (known === undefined || known.member || known.identityChanged) continue;
      try {
        books.lists.learn(unit, offered);
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        books.counters.drop(error.code);
        continue;
      }
      for (const { device, address } of record.devices) {
        const checked = requireServer(address, books.profile.origin);
        known.addresses.set(hex(device), { device, address: checked });
      }
      books.contacts.save(unit, known);
    }
  }

  async #takeSiblings(unit: Unit, contents: Contents): Promise<void> {
    const books = this.#books;
    const record = books.groups.selfGroup(unit);
    const members =
      record === undefined ? new Map<string, Seat>() : await books.groups.members(unit, record);
    const shared = new Set([...members.values()].map(({ device }) => hex(device)));
    for (const [name, [device, address]] of contents.siblings) {
      const isKnown = equal(device, books.device) || shared.has(name);
      if (!isKnown && books.lists.stands(unit, books.account, device)) {
        books.siblings.save(unit, device, requireServer(address, books.profile.origin));
      }
    }
  }
}
