/**
 * The vault: what the account keeps on the server for its next device (P6).
 *
 * Contacts and the account's own list, addresses and settings, one item per slot; and the history of
 * calls, many to a page. Every write rewrites the same number of slots, at a random time within the
 * hour: neither sizes nor times tell what changed. How it is laid out and read is in `vault_read.ts`,
 * which slots a write takes in `vault_slots.ts`, what is in it of this device in `vault_items.ts`.
 *
 * MLS state is never in it (P5). Not for: history of messages.
 */

import { type Bytes, compare, equal, hex } from "../core/bytes.ts";
import { isPage } from "../core/call_page.ts";
import * as cbor from "../core/cbor.ts";
import { Code, FatalError, PeerError } from "../core/errors.ts";
import { sign } from "../core/identity.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { Books } from "./books.ts";
import { NoticeKind } from "./history.ts";
import { Lock } from "./lock.ts";
import type { DeviceApi, VaultState } from "./transport/device_api.ts";
import type { Unit } from "./unit.ts";
import { VaultItems } from "./vault_items.ts";
import {
  BUCKETS,
  type Contents,
  type KnownSlots,
  LABEL,
  type Manifest,
  manifestContext,
  PAGE_BUCKET,
  PAGE_ITEM,
  type Payloads,
  readManifest,
  readVault,
  type Slot,
  type Slots,
  sealItem,
  UNREADABLE,
  VaultAlteredError,
  type Vaulted,
  vaultKeys,
} from "./vault_read.ts";
import { type Choice, choose, choosePages, type Items } from "./vault_slots.ts";
import { keep, kept, LAYOUT, number, STALE_KIND, set } from "./vault_state.ts";

const WITHIN_S = 3_600;
/** How often a write is begun anew after another device was first. */
const ATTEMPTS = 4;
/** Writes in a row after a change of the key; the largest vault takes as many. */
const MOST_WRITES = 40;

const EMPTY = cbor.encode({ k: "empty" });

/** What shall stand in the vault, and what must not. */
type Wanted = Readonly<{
  items: Items;
  pages: Payloads;
  /** What is in slots that we cannot write anew; it is written again as it is. */
  carried: Payloads;
}>;

/** This device's view of the account's vault. */
export class Vault {
  readonly #books: Books;
  readonly #api: DeviceApi;
  readonly #written: (counter: number) => void;
  readonly #own: VaultItems;
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
    this.#own = new VaultItems(books);
  }

  // When

  /** Have the vault written at a random time within the hour. */
  changed(unit: Unit): void {
    const [wait = 0] = new Uint32Array(this.#books.rng(4).buffer);
    this.#wish(unit, this.#books.now() + (wait % WITHIN_S));
  }

  /**
   * Have what was removed here taken out of the vault with the next write: a contact by its account,
   * or a consent by its item.
   *
   * A device of ours that still has it writes it again: it is gone when the last one removed it.
   */
  removed(unit: Unit, item: Bytes): void {
    this.#own.remove(unit, item);
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
   * Read of the vault what is new here; notice a rollback.
   *
   * @param options.whole Read everything.
   * @throws PeerError UNEXPECTED, the server shows an older state than we or a sibling have seen
   *   (CK-591); DECRYPTION, BAD_SIGNATURE.
   * @throws FatalError UNEXPECTED, this profile is an older copy of itself (CK-593).
   */
  async refresh(options: Readonly<{ whole?: boolean }> = {}): Promise<Contents> {
    const { store, counters, rng } = this.#books;
    const keys = vaultKeys(this.#books.profile.vaultKeys);
    const state = await this.#api.vault();
    await this.#check(state, await readManifest(state, keys));
    const isWhole = options.whole || number(store, "layout") < LAYOUT;
    const known = { slots: isWhole ? new Map() : kept(store), rng };
    const { counter, contents, slots } = await this.#read(keys, known);
    for (let i = 0; i < contents.unreadable; i++) counters.drop(UNREADABLE);
    await store.transaction(async (unit) => {
      keep(unit, slots);
      this.seen(unit, counter);
      set(unit, "counter", counter);
      set(unit, "layout", LAYOUT);
      await this.#own.take(unit, contents);
    });
    return contents;
  }

  async #read(keys: readonly Bytes[], known: KnownSlots): Promise<Vaulted> {
    try {
      return await readVault(this.#api, keys, this.#books.account, known);
    } catch (error) {
      if (error instanceof VaultAlteredError) await this.#say(NoticeKind.VAULT_ALTERED);
      throw error;
    }
  }

  /**
   * Look for newer addresses of contacts that do not answer our rejoin (P5).
   *
   * @throws PeerError As `refresh`.
   * @throws UnavailableError Later.
   */
  async reread(): Promise<void> {
    // What was passed over when it was read may be what we wait for now.
    await this.#writing.run(() => this.refresh({ whole: true }));
  }

  /** Read what a sibling has written, if it has written since we read. Throws as `reread`. */
  async follow(): Promise<void> {
    const { store } = this.#books;
    if (number(store, "counter") >= number(store, "highest")) return;
    await this.#writing.run(() => this.refresh());
  }

  async #check(state: VaultState, manifest: Manifest): Promise<void> {
    const { store, device } = this.#books;
    const highest = number(store, "highest");
    if (state.counter < highest) {
      await this.#say(NoticeKind.VAULT_ROLLED_BACK);
      throw new PeerError(Code.UNEXPECTED, "CK-591: the server shows an older vault than before");
    }
    const isOwn = equal(manifest.device, device);
    if (isOwn && manifest.counter > highest && manifest.counter !== number(store, "intent")) {
      // CK-593: written by this device, and it does not remember: MLS state is old too, and going on
      // with it would use keys twice (P5).
      throw new FatalError(Code.UNEXPECTED, "CK-593: this profile is an older copy of itself");
    }
  }

  async #say(kind: NoticeKind): Promise<void> {
    const { store, history, account, now } = this.#books;
    await store.transaction((unit) => history.notice(unit, kind, account, undefined, now()));
  }

  // Writing

  /** Do something to the vault while nothing here reads or writes it (`vault_emptying.ts`). */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#writing.run(work);
  }

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

  /** Write every slot anew under the newest data key (P3: after a revocation). */
  async rewrite(): Promise<void> {
    const { store } = this.#books;
    await store.transaction((unit) => set(unit, "rekey", 1));
    await this.write();
    // A vault that is larger than one request takes several.
    for (let writes = 0; writes < MOST_WRITES; writes++) {
      if (store.count(STALE_KIND) === 0) return;
      await this.write();
    }
    await store.transaction((unit) => this.writeSoon(unit));
  }

  async #writeOnce(): Promise<void> {
    const { store, profile, rng } = this.#books;
    const state = await this.#api.vault();
    const { slots, carried } = await this.#present(state);
    const wanted = await store.transaction((unit) => ({
      items: this.#own.items(unit),
      pages: this.#own.pages(unit),
      carried,
    }));
    const chosen = this.#choose(slots, wanted);
    const [key] = vaultKeys(profile.vaultKeys);
    if (key === undefined) throw new FatalError(Code.UNEXPECTED, "a profile without a vault key");
    const put: [Bytes, Bytes][] = [];
    for (const { id, item } of chosen.slots) {
      const payload = payloadOf(wanted, id, item);
      const least = isPage(cbor.decodeMap(payload)) ? PAGE_BUCKET : BUCKETS[0];
      const data = await sealItem(key, id, payload, rng, least);
      put.push([id, data]);
      slots.set(hex(id), { id, digest: SHA256.hash(data), item });
    }
    const counter = state.counter + 1;
    const manifest = await this.#manifest(counter, slots, key);
    await store.transaction((unit) => set(unit, "intent", counter));
    await this.#api.writeVault(state.counter, manifest, put);
    await store.transaction((unit) => {
      keep(unit, slots);
      for (const { id, item } of chosen.slots) {
        unit.delete(STALE_KIND, id);
        const page = equal(item, PAGE_ITEM) ? wanted.pages.get(hex(id)) : undefined;
        const held = wanted.items.get(hex(item));
        if (page !== undefined) this.#own.wrotePage(unit, id, page);
        else if (held !== undefined) this.#own.wrote(unit, item, held.payload);
      }
      this.#own.settle(unit, slots);
      set(unit, "highest", counter);
      set(unit, "counter", counter);
      set(unit, "due", this.#wished);
      if (chosen.more) this.changed(unit);
    });
    this.#written(counter);
  }

  /** Return the slots as they are, and what of them only the vault has. */
  async #present(state: VaultState): Promise<Readonly<{ slots: Slots; carried: Payloads }>> {
    const { store, profile } = this.#books;
    if (state.counter === 0) {
      if (number(store, "highest") > 0) {
        throw new PeerError(Code.UNEXPECTED, "CK-591: the server shows no vault any more");
      }
      await store.transaction((unit) => {
        set(unit, "rekey", 0);
        set(unit, "layout", LAYOUT);
      });
      return { slots: new Map(), carried: new Map() };
    }
    await this.#check(state, await readManifest(state, vaultKeys(profile.vaultKeys)));
    const rewrites = number(store, "rekey") !== 0;
    if (!rewrites && store.count(STALE_KIND) === 0) {
      // What another device wrote is read before we write on top of it.
      const isKnown = state.counter === number(store, "counter");
      if (!isKnown || number(store, "layout") < LAYOUT) await this.refresh();
      return { slots: kept(store), carried: new Map() };
    }
    // What we cannot write anew (contacts that we do not know) goes over to the new key as well:
    // after one more change nobody could open it, nor the vault.
    const { payloads } = await this.refresh({ whole: true });
    const slots = kept(store);
    if (rewrites) {
      await store.transaction((unit) => {
        for (const { id } of slots.values()) unit.put(STALE_KIND, id, new Uint8Array());
        set(unit, "rekey", 0); // it may be wished for again meanwhile
      });
    }
    return { slots, carried: stays(payloads, slots, this.#own.gone()) };
  }

  #choose(slots: Slots, { items, pages, carried }: Wanted): Choice {
    const { store, rng } = this.#books;
    const own = this.#own;
    const all = [...slots].map(([name, slot]) => ({ name, slot, isPage: isPageSlot(slot) }));
    const held = new Set(all.filter((one) => one.isPage).map(({ name }) => name));
    const small: Slots = new Map(
      all.filter((one) => !one.isPage).map(({ name, slot }) => [name, slot]),
    );
    const stale = store.items(STALE_KIND).map(([id]) => hex(id));
    const can = (name: string) => {
      const slot = small.get(name);
      if (slot === undefined) return false;
      return slot.item.length === 0 || items.has(hex(slot.item)) || carried.has(name);
    };
    const one = choose(small, items, {
      written: own.written(store),
      gone: own.gone(),
      stale: new Set(stale.filter(can)),
      rng,
    });
    const other = choosePages(pages, {
      held,
      written: own.writtenPages(store),
      urgent: own.urgent(store),
      stale: new Set(stale.filter((name) => held.has(name) && pages.has(name))),
      rng,
    });
    return { slots: [...one.slots, ...other.slots], more: one.more || other.more };
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

function isPageSlot({ item }: Slot): boolean {
  return equal(item, PAGE_ITEM);
}

function payloadOf({ items, pages, carried }: Wanted, id: Bytes, item: Bytes): Bytes {
  const page = equal(item, PAGE_ITEM) ? pages.get(hex(id)) : undefined;
  return page ?? items.get(hex(item))?.payload ?? carried.get(hex(id)) ?? EMPTY;
}

/** Return what is in the slots whose items shall stay. */
function stays(payloads: Payloads, slots: Slots, gone: ReadonlySet<string>): Payloads {
  const isGone = (id: string) => gone.has(hex(slots.get(id)?.item ?? EMPTY));
  return new Map([...payloads].filter(([id]) => !isGone(id)));
}
