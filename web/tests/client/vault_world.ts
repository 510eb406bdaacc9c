/** A server that keeps one vault, and devices of one account that write it. */

import { Books } from "../../client/books.ts";
import { Known } from "../../client/contact_book.ts";
import { forget } from "../../client/forgetting.ts";
import { Profile } from "../../client/profile.ts";
import type { DeviceApi, VaultState } from "../../client/transport/device_api.ts";
import { Vault } from "../../client/vault.ts";
import { type Contents, readVault, vaultKeys } from "../../client/vault_read.ts";
import { type Bytes, concat, copy, equal, hex } from "../../core/bytes.ts";
import { Code, PeerError } from "../../core/errors.ts";
import { GroupId, random, SequencerHandle } from "../../core/ids.ts";
import { MemoryStore } from "./memory_store.ts";
import { address, booksOf, Person, rng } from "./people.ts";

type Write = Readonly<{ slots: number; sizes: Set<number>; manifest: number }>;
export type Api = Pick<DeviceApi, "vault" | "readVault" | "writeVault">;

/** The server's part: compare and set. */
export class Server {
  state: VaultState = { counter: 0, manifest: new Uint8Array(), slots: [] };
  slots = new Map<string, Bytes>();
  readonly writes: Write[] = [];
  /** Called before a write is judged. */
  before: () => Promise<void> | void = () => undefined;

  readonly api: Api = {
    vault: async () => this.state,
    readVault: async (ids) =>
      ids.flatMap((id) => {
        const data = this.slots.get(hex(id));
        return data === undefined ? [] : [[copy(id), data] as const];
      }),
    writeVault: async (expected, manifest, put, del = []) => {
      await this.before();
      if (expected !== this.state.counter) throw new PeerError(Code.CONFLICT, "another was first");
      for (const id of del) this.slots.delete(hex(id));
      for (const [id, data] of put) this.slots.set(hex(id), copy(data));
      const sizes = new Set(put.map(([, data]) => data.length));
      this.writes.push({ slots: put.length, sizes, manifest: manifest.length });
      const counter = expected + 1;
      const slots = [...this.slots.keys()].map((name) => copy(Buffer.from(name, "hex")));
      this.state = { counter, manifest: copy(manifest), slots };
    },
  };

  /** Keep what is there, to show it again later. */
  snapshot(): () => void {
    const [state, slots] = [this.state, new Map(this.slots)];
    return () => {
      this.state = state;
      this.slots = slots;
    };
  }
}

export type Device = Readonly<{ books: Books; vault: Vault; told: number[]; store: MemoryStore }>;

/** Unix seconds, for all devices. */
export const clock = { time: 1_800_000_000 };
export let server: Server;
/** The account, of two devices. */
export let anna: Person;

/** Begin anew, before each test. */
export function begin(): void {
  server = new Server();
  anna = new Person(2);
}

/** Narrow an `Api` to what `Vault` takes: the rest of `DeviceApi` is not called. */
export function whole(api: Api): DeviceApi {
  return api as DeviceApi;
}

export async function device(person = anna, store = new MemoryStore()): Promise<Device> {
  const books = await booksOf(store, person, await person.list(), { now: () => clock.time });
  return atWork(books, store);
}

export function atWork(books: Books, store: MemoryStore): Device {
  const told: number[] = [];
  const vault = new Vault(books, whole(server.api), (n) => told.push(n));
  books.calls.onVaultStale((unit) => vault.changed(unit));
  return { books, vault, told, store };
}

/** Have the device know somebody; the vault is to be written within the hour. */
export async function befriend(
  { books, vault }: Device,
  name: string,
  member = true,
): Promise<Known> {
  const person = new Person();
  const list = await person.list();
  const entry = { device: person.device().id, address: address() };
  const known = new Known(
    person.account,
    name,
    random(GroupId, rng),
    random(SequencerHandle, rng),
    { addresses: new Map([[hex(entry.device), entry]]), member },
  );
  await books.store.transaction((unit) => {
    books.lists.learn(unit, list);
    books.contacts.save(unit, known);
    vault.changed(unit);
  });
  return known;
}

export async function contents({ books }: Device): Promise<Contents> {
  const [newest] = vaultKeys(books.profile.vaultKeys);
  const keys = newest === undefined ? [] : [newest];
  return (await readVault(whole(server.api), keys, books.account)).contents;
}

/** Have a device know a contact of another one. */
export async function know({ books }: Device, known: Known, from: Device): Promise<void> {
  const list = from.books.lists.newest(from.store, known.account);
  if (list === undefined) throw new Error("no list");
  await books.store.transaction((unit) => {
    books.lists.learn(unit, list);
    books.contacts.save(unit, known);
  });
}

export async function names(device: Device): Promise<string[]> {
  return (await contents(device)).contacts.map(({ name }) => name).sort();
}

/** Rewrite the vault under another key, as after a revocation. */
export async function changeKey({ books, vault }: Device): Promise<void> {
  await books.store.transaction((unit) => {
    const profile = Profile.load(unit);
    const last = profile.vaultKeys.subarray(0, 32);
    profile.with({ vaultKeys: concat(rng(32), last) }).save(unit);
  });
  await vault.rewrite();
}

/** Remove a contact, as `Session.forgetContact` does. */
export async function remove({ books, vault }: Device, { account }: Known): Promise<void> {
  await books.store.transaction((unit) => {
    forget(unit, books, account);
    vault.removed(unit, account);
  });
}

/** Write an item of a contact that nobody can read. */
export async function spoil({ books, vault }: Device, known: Known): Promise<void> {
  const { contacts } = books;
  const record = contacts.record.bind(contacts);
  contacts.record = (reader, each) => {
    const whole = record(reader, each);
    return equal(each.account, known.account) ? { ...whole, devices: [] } : whole;
  };
  await vault.write();
  contacts.record = record;
}

export function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Two devices of one account that share the vault's key. */
export async function two(): Promise<readonly [Device, Device]> {
  const one = await device();
  const list = one.books.ownList(one.store);
  const other = new MemoryStore();
  const { id, key } = anna.device(1);
  const mine = new Person();
  const base = await booksOf(other, mine, await mine.list(), { now: () => clock.time });
  await other.transaction((unit) => {
    const { origin, handle, token, mailbox } = Profile.load(unit);
    const { vaultKeys: keys } = one.books.profile;
    new Profile(origin, handle, anna.account, id, key, token, mailbox, keys).save(unit);
    base.lists.learn(unit, list);
  });
  return [one, atWork(await Books.open(other, { now: () => clock.time }), other)];
}
