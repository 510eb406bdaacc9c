/**
 * The vault: what the account keeps on the server for its next device (P6).
 *
 * Contacts and the account's own list and addresses, one item per slot. Every write rewrites the
 * same number of slots, at a random time within the hour: neither sizes nor times tell what changed.
 * How it is laid out and read is in `vault_read.ts`, which slots a write takes in `vault_slots.ts`.
 *
 * MLS state is never in it (P5). Not for: history of messages.
 */

import { addressToCbor, requireServer } from "../core/address.ts";
import { type Bytes, compare, concat, copy, equal, hex, uint, utf8 } from "../core/bytes.ts";
import * as cbor from "../core/cbor.ts";
import { encodeRecord } from "../core/content.ts";
import { ContactRecord } from "../core/content_records.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { Code, FatalError, PeerError } from "../core/errors.ts";
import { sign } from "../core/identity.ts";
import { AccountId } from "../core/ids.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { Books } from "./books.ts";
import { takeDecision } from "./decisions.ts";
import type { Seat } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import { Lock } from "./lock.ts";
import type { DeviceApi, VaultState } from "./transport/api.ts";
import type { Reader, Unit } from "./unit.ts";
import {
  ACCOUNT_ITEM,
  type Contents,
  LABEL,
  type Manifest,
  manifestContext,
  type Payloads,
  readManifest,
  readVault,
  type Slots,
  sealItem,
  UNREADABLE,
  vaultKeys,
} from "./vault_read.ts";
import { choose, type Items, itemsByKey } from "./vault_slots.ts";

const WITHIN_S = 3_600;
/** How often a write is begun anew after another device was first. */
const ATTEMPTS = 4;

const STATE_KIND = "vault";
const SLOT_KIND = "vault.slot";
const ITEM_KIND = "vault.item";
/** By account: contacts that were removed on this device, until the vault does not have them. */
const REMOVED_KIND = "vault.removed";
const EMPTY = cbor.encode({ k: "empty" });

type Numbered = "due" | "highest" | "counter" | "intent" | "rekey";

/** This device's view of the account's vault. */
export class Vault {
  readonly #books: Books;
  readonly #api: DeviceApi;
  readonly #written: (counter: number) => void;
  readonly #writing = new Lock();
  /** When the next write is due by what was asked for since the present one began. */
  #wished = 0;

  /**
   * @param books What this device keeps.
   * @param api The server.
   * @param written Told the new counter after a write (siblings are told of it).
   */
  constructor(books: Books, api: DeviceApi, written: (counter: number) => void) {
    this.#books = books;
    this.#api = api;
    this.#written = written;
  }

  // When

  /** Have the vault written at a random time within the hour. */
  changed(unit: Unit): void {
    const [wait = 0] = new Uint32Array(this.#books.rng(4).buffer);
    this.#wish(unit, this.#books.now() + (wait % WITHIN_S));
  }

  /**
   * Have a contact that was removed here taken out of the vault with the next write.
   *
   * A device of ours that still has it writes it again: it is gone when the last one removed it.
   */
  removed(unit: Unit, account: AccountId): void {
    unit.put(REMOVED_KIND, copy(account), new Uint8Array());
    this.changed(unit);
  }

  /** Have it written at the next opportunity (first write, new device, revocation). */
  writeSoon(unit: Unit): void {
    this.#wish(unit, 1);
  }

  #wish(unit: Unit, at: number): void {
    // Earlier wishes stand. What is wished for while a write is under way is kept for after it:
    // the write may have looked at the books before.
    this.#wished = Math.min(at, this.#wished || at);
    set(unit, "due", Math.min(at, number(unit, "due") || at));
  }

  /** Unix seconds when the next write is due, 0 if none is. */
  get dueAt(): number {
    return number(this.#books.store, "due");
  }

  /** Note the counter that a sibling has seen. */
  seen(unit: Unit, counter: number): void {
    set(unit, "highest", Math.max(counter, number(unit, "highest")));
  }

  // Reading

  /**
   * Read the vault; notice a rollback.
   *
   * @throws PeerError UNEXPECTED, the server shows an older state than we or a sibling have seen
   *   (CK-591); DECRYPTION, BAD_SIGNATURE.
   * @throws FatalError UNEXPECTED, this profile is an older copy of itself (CK-593).
   */
  async refresh(): Promise<Contents> {
    const { store, account, counters } = this.#books;
    const keys = vaultKeys(this.#books.profile.vaultKeys);
    const state = await this.#api.vault();
    await this.#check(state, await readManifest(state, keys));
    const { counter, contents, slots } = await readVault(this.#api, keys, account);
    for (let i = 0; i < contents.unreadable; i++) counters.drop(UNREADABLE);
    await store.transaction(async (unit) => {
      keep(unit, slots);
      this.seen(unit, counter);
      set(unit, "counter", counter);
      this.#takeList(unit, contents.ownList);
      await this.#takeAddresses(unit, contents);
    });
    return contents;
  }

  /**
   * Look for newer addresses of contacts that do not answer our rejoin (P5).
   *
   * @throws PeerError As `refresh`.
   * @throws UnavailableError Later.
   */
  async reread(): Promise<void> {
    await this.#writing.run(() => this.refresh());
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

  async #check(state: VaultState, manifest: Manifest): Promise<void> {
    const { store, history, account, device, now } = this.#books;
    const highest = number(store, "highest");
    if (state.counter < highest) {
      await store.transaction((unit) =>
        history.notice(unit, NoticeKind.VAULT_ROLLED_BACK, account, undefined, now()),
      );
      throw new PeerError(Code.UNEXPECTED, "CK-591: the server shows an older vault than before");
    }
    const isOwn = equal(manifest.device, device);
    if (isOwn && manifest.counter > highest && manifest.counter !== number(store, "intent")) {
      // CK-593: written by this device, and it does not remember: MLS state is old too, and going on
      // with it would use keys twice (P5).
      throw new FatalError(Code.UNEXPECTED, "CK-593: this profile is an older copy of itself");
    }
  }

  // Writing

  /**
   * Write what changed.
   *
   * @param options.ifDue Do nothing unless a write is due now.
   * @throws PeerError As `refresh`.
   * @throws UnavailableError Later.
   */
  async write(options: Readonly<{ ifDue?: boolean }> = {}): Promise<void> {
    await this.#writing.run(async () => {
      const due = this.dueAt;
      if (options.ifDue && !(due > 0 && due <= this.#books.now())) return;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        this.#wished = 0;
        try {
          await this.#writeOnce();
          return;
        } catch (error) {
          if (!(error instanceof PeerError) || error.code !== Code.CONFLICT) throw error;
        }
      }
      await this.#books.store.transaction((unit) => this.changed(unit));
    });
  }

  /** Rewrite every slot under the newest data key (P3: after a revocation). */
  async rewrite(): Promise<void> {
    await this.#books.store.transaction((unit) => set(unit, "rekey", 1));
    await this.write();
  }

  async #writeOnce(): Promise<void> {
    const { store, profile, rng } = this.#books;
    const state = await this.#api.vault();
    const rewrites = number(store, "rekey") !== 0;
    const contents = await this.#catchUp(state, rewrites);
    const slots: Slots = state.counter === 0 ? new Map() : kept(store);
    const items = await this.#items();
    const gone = this.#gone();
    const found = rewrites && contents !== undefined ? contents.payloads : new Map();
    const carried = stays(found, slots, gone);
    const written = itemsByKey(store, ITEM_KIND);
    const chosen = choose(slots, items, { written, gone, carried, rewrites, rng });
    const [key] = vaultKeys(profile.vaultKeys);
    if (key === undefined) throw new FatalError(Code.UNEXPECTED, "a profile without a vault key");
    const put: [Bytes, Bytes][] = [];
    for (const { id, item } of chosen.slots) {
      const payload = items.get(hex(item))?.payload ?? carried.get(hex(id)) ?? EMPTY;
      const data = await sealItem(key, id, payload, rng);
      put.push([id, data]);
      slots.set(hex(id), { id, digest: SHA256.hash(data), item });
    }
    const counter = state.counter + 1;
    const manifest = await this.#manifest(counter, slots, key);
    await store.transaction((unit) => set(unit, "intent", counter));
    await this.#api.writeVault(state.counter, manifest, put);
    await store.transaction((unit) => {
      keep(unit, slots);
      for (const { item } of chosen.slots) {
        const held = items.get(hex(item));
        if (held !== undefined) unit.put(ITEM_KIND, item, SHA256.hash(held.payload));
      }
      this.#settleRemoved(unit, slots);
      set(unit, "highest", counter);
      set(unit, "counter", counter);
      set(unit, "due", this.#wished);
      if (rewrites) set(unit, "rekey", 0); // it may have been wished for meanwhile
      if (chosen.more) this.changed(unit);
    });
    this.#written(counter);
  }

  /**
   * Read what another device wrote, before we write on top of it; and all of it before its key
   * changes: what we cannot write anew goes over to the new key as well. After one more change nobody
   * could open it, nor the vault.
   */
  async #catchUp(state: VaultState, rewrites: boolean): Promise<Contents | undefined> {
    const { store, profile } = this.#books;
    if (state.counter === 0) {
      if (number(store, "highest") === 0) return undefined;
      throw new PeerError(Code.UNEXPECTED, "CK-591: the server shows no vault any more");
    }
    await this.#check(state, await readManifest(state, vaultKeys(profile.vaultKeys)));
    const isNew = state.counter !== number(store, "counter");
    return isNew || rewrites ? await this.refresh() : undefined;
  }

  /** Return the accounts that were removed here and did not come back, as hex. */
  #gone(): ReadonlySet<string> {
    const { contacts, store } = this.#books;
    const removed = store.items(REMOVED_KIND).map(([account]) => new AccountId(account));
    return new Set(removed.filter((id) => contacts.get(store, id) === undefined).map(hex));
  }

  /** Remember no more whom the vault does not have, nor who is a contact again. */
  #settleRemoved(unit: Unit, slots: Slots): void {
    const held = new Set([...slots.values()].map(({ item }) => hex(item)));
    for (const [account] of unit.items(REMOVED_KIND)) {
      const isBack = this.#books.contacts.get(unit, new AccountId(account)) !== undefined;
      if (isBack || !held.has(hex(account))) unit.delete(REMOVED_KIND, account);
    }
  }

  /** Return the payload of each item, by its key. */
  async #items(): Promise<Items> {
    const books = this.#books;
    return await books.store.transaction((unit) => {
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
      add(ACCOUNT_ITEM, cbor.encode({ k: "account", list: newest.data, devices }));
      for (const known of books.contacts.all(unit)) {
        // A record has an address (CK-271): what the vault says of it stays.
        if (known.devices.length === 0) continue;
        const record = encodeRecord(ContactRecord, books.contacts.record(unit, known));
        add(copy(known.account), cbor.encode({ k: "contact", r: record }));
      }
      return items;
    });
  }

  async #manifest(counter: number, slots: Slots, key: Bytes): Promise<Bytes> {
    const { device, profile, rng } = this.#books;
    const inOrder = [...slots.values()].sort((a, b) => compare(a.id, b.id));
    const listed = inOrder.map(({ id, digest }) => [id, digest]);
    const body = cbor.encode({ v: 1, counter, device, slots: listed });
    const signature = await sign(profile.signaturePrivate, LABEL, body);
    return sealItem(key, manifestContext(counter), cbor.encode([body, signature]), rng);
  }
}

/** Return what is in the slots whose items shall stay. */
function stays(payloads: Payloads, slots: Slots, gone: ReadonlySet<string>): Payloads {
  const isGone = (id: string) => gone.has(hex(slots.get(id)?.item ?? EMPTY));
  return new Map([...payloads].filter(([id]) => !isGone(id)));
}

function kept(reader: Reader): Slots {
  return new Map(
    reader
      .items(SLOT_KIND)
      .map(([id, data]) => [
        hex(id),
        { id, digest: copy(data.subarray(0, 32)), item: copy(data.subarray(32)) },
      ]),
  );
}

function keep(unit: Unit, slots: Slots): void {
  for (const [id] of unit.items(SLOT_KIND)) {
    if (!slots.has(hex(id))) unit.delete(SLOT_KIND, id);
  }
  for (const { id, digest, item } of slots.values()) unit.put(SLOT_KIND, id, concat(digest, item));
}

function number(reader: Reader, name: Numbered): number {
  const data = reader.get(STATE_KIND, utf8(name));
  return data === undefined ? 0 : Number(new DataView(data.buffer).getBigUint64(0));
}

function set(unit: Unit, name: Numbered, value: number): void {
  unit.put(STATE_KIND, utf8(name), uint(value, 8));
}
