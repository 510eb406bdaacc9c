/**
 * What a vault looks like at the server, and how it is read.
 *
 * One item per slot, each padded and sealed under the vault data key, in slots of fixed size with
 * random ids. A manifest (counter, hash of every slot, signature of the device that wrote it) makes
 * a write one step and a rollback visible. Byte for byte what Python writes: both read both.
 *
 * Not for: when and what is written (`vault.ts`).
 */

import { addressFromCbor, type ContactAddress } from "../core/address.ts";
import {
  type Bytes,
  compare,
  concat,
  copy,
  equal,
  hex,
  type Rng,
  uint,
  utf8,
} from "../core/bytes.ts";
import type { Page } from "../core/call_entry.ts";
import { decodePage, isPage } from "../core/call_page.ts";
import * as cbor from "../core/cbor.ts";
import { type ConsentRecord, consentItem, decodeConsent } from "../core/consent_record.ts";
import { decodeRecord } from "../core/content.ts";
import { ContactRecord, type Settings } from "../core/content_records.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../core/errors.ts";
import { type Renamed, renamedFromCbor } from "../core/handle.ts";
import { verify } from "../core/identity.ts";
import { type AccountId, DeviceId, Signature } from "../core/ids.ts";
import { decodeSettings } from "../core/keeping.ts";
import { OVERHEAD, Purpose, unwrap, wrap } from "../core/keywrap.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { DeviceApi, VaultState } from "./transport/device_api.ts";

export const BUCKETS = [4_096, 65_536] as const;
const READ_AT_ONCE = 64;
const READ_ATTEMPTS = 5;
/** Slots that did not change and are read all the same. */
export const SPOT_CHECKS = 4;
const KEY_BYTES = 32;
const PAD = 0x80;

export const LABEL = "visavis vault manifest v1\0";
/** The size of every page of calls, however few are in it. */
export const PAGE_BUCKET = BUCKETS[1];
/**
 * The key of the item that holds our own device list, addresses and settings; a contact's is its
 * account.
 */
export const ACCOUNT_ITEM = utf8("account");
/** The key of every page of calls; the id of its slot tells which. */
export const PAGE_ITEM = utf8("calls");
/** Contacts in the vault that cannot be read are counted under this name. */
export const UNREADABLE = "vault item";
/** Stands for the item of a slot that we cannot read. It is left as it is, for a device that can. */
const UNREADABLE_ITEM = utf8("unreadable");

/** The server shows another slot than the one that was written, or none: said to the person. */
export class VaultAlteredError extends PeerError {}

/** A slot as the newest manifest shows it. */
export type Slot = Readonly<{
  id: Bytes;
  /** SHA-256 of what is in it. */
  digest: Bytes;
  /** Key of the item in it; empty if there is none. */
  item: Bytes;
}>;

/** Slots by the hex of their ids. */
export type Slots = Map<string, Slot>;

/** What a vault holds, read and verified. */
export type Contents = Readonly<{
  ownList: DeviceList;
  /** Our devices by the hex of their ids. */
  siblings: ReadonlyMap<string, readonly [DeviceId, ContactAddress]>;
  contacts: readonly ContactRecord[];
  /** What we agreed to, refused and took back, with what is in the vault of each. */
  consents: readonly (readonly [ConsentRecord, payload: Bytes])[];
  /** Items that break the schema: of a faulty device of ours, or a newer one. */
  unreadable: number;
  /** What is in each slot that was read and holds something, by the hex of its id. */
  payloads: Payloads;
  /** Pages of calls that were read, by the hex of their slots' ids. */
  pages: ReadonlyMap<string, Page>;
  /** What the person decided; undefined: nothing yet. */
  settings: Settings | undefined;
  /** The account's handle; undefined: the one of its sign-up. */
  handle: Renamed | undefined;
}>;

/** What is in slots, by the hex of their ids. */
export type Payloads = ReadonlyMap<string, Bytes>;

export type Manifest = Readonly<{
  counter: number;
  device: DeviceId;
  /** Hash of each slot, by the hex of its id. */
  slots: ReadonlyMap<string, readonly [id: Bytes, digest: Bytes]>;
  body: Bytes;
  signature: Signature;
}>;

/** A vault, as far as it was read. */
export type Vaulted = Readonly<{ counter: number; contents: Contents; slots: Slots }>;

/** What a reader knows of a vault from before. */
export type KnownSlots = Readonly<{ slots: Slots; rng: Rng }>;

/**
 * Read and verify a vault.
 *
 * An item that cannot be read is passed over and counted, so that one bad item does not shut the
 * vault: what cannot be opened, or is not what the manifest says, is no such item but an attack.
 *
 * @param known Slots that were read before: those that are the same are not read again, but for the
 *   account's own and some by chance, so that a server that lost the others shows itself.
 * @throws PeerError DECRYPTION or BAD_SIGNATURE: it was altered; UNEXPECTED: there is none.
 */
export async function readVault(
  api: DeviceApi,
  keys: readonly Bytes[],
  account: AccountId,
  known?: KnownSlots,
): Promise<Vaulted> {
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const state = await api.vault();
    try {
      return await readState(api, keys, account, state, known);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      // Another device may have written between our two requests: then it is another state.
      if ((await api.vault()).counter === state.counter) throw error;
    }
  }
  throw new UnavailableError(Code.UNAVAILABLE, "the vault keeps changing");
}

async function readState(
  api: DeviceApi,
  keys: readonly Bytes[],
  account: AccountId,
  state: VaultState,
  known: KnownSlots | undefined,
): Promise<Vaulted> {
  const manifest = await readManifest(state, keys);
  const slots = unchanged(manifest, known);
  const opened = new Opened();
  const named = [...manifest.slots.entries()]
    .filter(([name]) => !slots.has(name))
    .map(([, slot]) => slot)
    .sort(([a], [b]) => compare(a, b));
  for (let at = 0; at < named.length; at += READ_AT_ONCE) {
    const some = named.slice(at, at + READ_AT_ONCE);
    const read = await api.readVault(some.map(([id]) => id));
    const found = new Map(read.map(([id, data]) => [hex(id), data]));
    for (const [id, digest] of some) {
      const data = found.get(hex(id)) ?? new Uint8Array();
      // CK-592: each slot must be the one the manifest speaks of, none missing or older.
      if (!equal(SHA256.hash(data), digest)) {
        const what = "CK-592: a vault slot is missing or altered";
        throw new VaultAlteredError(Code.DECRYPTION, what);
      }
      const item = await opened.take(id, await openItem(keys, id, data));
      slots.set(hex(id), { id, digest, item });
    }
  }
  const { own } = opened;
  if (own === undefined || !equal(own.ownList.accountId, account)) {
    throw new PeerError(Code.DECRYPTION, "CK-592: the vault is not this account's");
  }
  const writer = own.ownList.find(manifest.device);
  if (writer === null) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-590: the manifest's writer is not on our list");
  }
  await verify(writer.signatureKey, LABEL, manifest.body, manifest.signature);
  const { contacts, consents, unreadable, payloads, pages } = opened;
  const contents = { ...own, contacts, consents, unreadable, payloads, pages };
  return { counter: manifest.counter, contents, slots };
}

/** Return the slots that need not be read again. */
function unchanged(manifest: Manifest, known: KnownSlots | undefined): Slots {
  const slots: Slots = new Map();
  if (known === undefined) return slots;
  for (const [name, [, digest]] of manifest.slots) {
    const before = known.slots.get(name);
    if (before === undefined || !equal(before.digest, digest)) continue;
    // What nobody could read then, this version of the program may be able to.
    const isReadAnew = equal(before.item, ACCOUNT_ITEM) || equal(before.item, UNREADABLE_ITEM);
    if (!isReadAnew) slots.set(name, before);
  }
  const names = [...slots.keys()];
  for (let checked = 0; checked < SPOT_CHECKS && names.length > 0; checked++) {
    const [name] = names.splice(chance(known.rng, names.length), 1);
    if (name !== undefined) slots.delete(name);
  }
  return slots;
}

/** Return one of so many numbers by chance, 0 first. */
export function chance(rng: Rng, many: number): number {
  return new DataView(rng(4).buffer).getUint32(0) % many;
}

type Own = Pick<Contents, "ownList" | "siblings" | "settings" | "handle">;

/** What the slots held that were opened so far. */
class Opened {
  own: Own | undefined;
  readonly contacts: ContactRecord[] = [];
  readonly consents: (readonly [ConsentRecord, Bytes])[] = [];
  unreadable = 0;
  readonly payloads = new Map<string, Bytes>();
  readonly pages = new Map<string, Page>();

  /** Take what is in a slot; return the key of the item, empty if there is none. */
  async take(id: Bytes, payload: Bytes): Promise<Bytes> {
    const item = await this.#read(id, cbor.decodeMap(payload), payload);
    if (item.length > 0) this.payloads.set(hex(id), payload);
    return item;
  }

  async #read(id: Bytes, fields: cbor.CborMap, payload: Bytes): Promise<Bytes> {
    const [kind, r, list, devices] = ["k", "r", "list", "devices"].map((name) => fields.get(name));
    if (kind === "contact" && cbor.isBytes(r)) {
      return await this.#orUnreadable(async () => {
        const [record, account] = await readContact(r);
        this.contacts.push(record);
        return copy(account);
      });
    }
    if (kind === "consent" && cbor.isBytes(r)) {
      // CK-994: one that does not fit together is left out, and changes nothing.
      return await this.#orUnreadable(async () => {
        const consent = await decodeConsent(r);
        this.consents.push([consent, payload]);
        return consentItem(consent);
      });
    }
    if (isPage(fields)) {
      return await this.#orUnreadable(() => {
        this.pages.set(hex(id), decodePage(payload));
        return PAGE_ITEM;
      });
    }
    if (kind !== "account" || !cbor.isBytes(list) || !cbor.isList(devices)) {
      return new Uint8Array();
    }
    const ownList = await UnverifiedDeviceList.parse(list).verify();
    const decided = fields.get("settings");
    this.own = {
      ownList,
      siblings: new Map(devices.map(readSibling)),
      settings: cbor.isBytes(decided) ? decodeSettings(decided) : undefined,
      handle: fields.has("handle") ? renamedFromCbor(fields.get("handle")) : undefined,
    };
    return ACCOUNT_ITEM;
  }

  async #orUnreadable(read: () => Bytes | Promise<Bytes>): Promise<Bytes> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.unreadable++;
      return UNREADABLE_ITEM;
    }
  }
}

async function readContact(data: Bytes): Promise<readonly [ContactRecord, AccountId]> {
  const record = decodeRecord(ContactRecord, data);
  return [record, (await UnverifiedDeviceList.parse(record.list).verify()).accountId];
}

function readSibling(entry: cbor.Value): [string, readonly [DeviceId, ContactAddress]] {
  const [device, address] = cbor.isList(entry) && entry.length === 2 ? entry : [];
  if (!cbor.isBytes(device) || address === undefined) {
    throw new PeerError(Code.MALFORMED, "a device of the vault");
  }
  return [hex(device), [new DeviceId(device), addressFromCbor(address)]];
}

/**
 * Open the manifest; its signature is not checked yet.
 *
 * @throws PeerError UNEXPECTED, there is no vault; DECRYPTION; MALFORMED (CK-590).
 */
export async function readManifest(state: VaultState, keys: readonly Bytes[]): Promise<Manifest> {
  if (state.manifest.length === 0) throw new PeerError(Code.UNEXPECTED, "there is no vault");
  const plain = cbor.decode(await openItem(keys, manifestContext(state.counter), state.manifest));
  const [body, signature] = cbor.isList(plain) && plain.length === 2 ? plain : [];
  if (!cbor.isBytes(body) || !cbor.isBytes(signature)) {
    throw new PeerError(Code.MALFORMED, "the vault's manifest");
  }
  const fields = cbor.decodeVersioned(body);
  const [counter, device, slots] = ["counter", "device", "slots"].map((name) => fields.get(name));
  // CK-590: the counter is under the signature, the server cannot relabel an old one.
  if (counter !== state.counter || !cbor.isBytes(device) || !cbor.isList(slots)) {
    throw new PeerError(Code.MALFORMED, "CK-590: the vault's manifest or its counter");
  }
  const found = new Map(slots.map(readSlot));
  const by = { device: new DeviceId(device), signature: new Signature(signature) };
  return { counter: state.counter, slots: found, body, ...by };
}

function readSlot(entry: cbor.Value): [string, readonly [Bytes, Bytes]] {
  const [id, digest] = cbor.isList(entry) && entry.length === 2 ? entry : [];
  if (!cbor.isBytes(id) || !cbor.isBytes(digest)) {
    throw new PeerError(Code.MALFORMED, "CK-590: a slot of the vault's manifest");
  }
  return [hex(id), [id, digest]];
}

/** Return what a manifest is sealed for. */
export function manifestContext(counter: number): Bytes {
  return concat(utf8("manifest"), uint(counter, 8));
}

/** Split the profile's vault keys: the newest first. */
export function vaultKeys(data: Bytes): readonly Bytes[] {
  const count = Math.ceil(data.length / KEY_BYTES);
  return Array.from({ length: count }, (_, i) =>
    copy(data.subarray(KEY_BYTES * i, KEY_BYTES * (i + 1))),
  );
}

/** Seal one item for one slot (or the manifest for its counter), in a slot of `least` bytes. */
export function sealItem(
  key: Bytes,
  context: Bytes,
  payload: Bytes,
  rng: Rng,
  least: number = BUCKETS[0],
): Promise<Bytes> {
  return wrap(Purpose.VAULT_ITEM, key, pad(payload, least), rng, { context });
}

async function openItem(keys: readonly Bytes[], context: Bytes, sealed: Bytes): Promise<Bytes> {
  for (const key of keys) {
    try {
      return unpad(await unwrap(Purpose.VAULT_ITEM, key, sealed, { context }));
    } catch (error) {
      if (!(error instanceof AuthorizationError)) throw error;
    }
  }
  throw new PeerError(Code.DECRYPTION, "CK-592: the vault does not open with the account's keys");
}

function pad(payload: Bytes, least: number): Bytes {
  const taken = Math.max(payload.length + 1 + OVERHEAD, least);
  const size = BUCKETS.find((bucket) => taken <= bucket);
  if (size === undefined) {
    throw new PeerError(Code.TOO_LARGE, "a vault item beyond the largest slot");
  }
  const padded = new Uint8Array(size - OVERHEAD);
  padded.set(payload);
  padded[payload.length] = PAD;
  return padded;
}

function unpad(padded: Bytes): Bytes {
  const end = padded.findLastIndex((byte) => byte !== 0);
  return copy(padded.subarray(0, padded[end] === PAD ? end : end + 1));
}
