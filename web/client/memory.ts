/**
 * A store's items in clear, in memory, and a unit of work over them.
 *
 * Values are copied in and out: whatever a caller does with its bytes (they are wiped, or decoded in
 * place) does not reach what the store holds, nor the other way round.
 *
 * Not for disk: `store.ts` writes what a unit has changed, and then applies it here.
 */

import type { Footprint } from "../core/account_data.ts";
import { type Bytes, copy, equal, hex, wipe } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import type { Plain } from "./sealing.ts";
import type { Item, Reader, Unit } from "./unit.ts";

/** What becomes of one item: another value, or none. */
export type Change = Readonly<{ kind: string; key: Bytes; value: Bytes | undefined }>;

/** Items of one kind, by the hex of their keys: its order is that of the bytes. */
class Kind {
  readonly byKey = new Map<string, Item>();
  /** Put in order when somebody asks. */
  #ordered: readonly string[] | undefined;

  put(name: string, item: Item): void {
    if (!this.byKey.has(name)) this.#ordered = undefined;
    this.byKey.set(name, item);
  }

  delete(name: string): void {
    if (this.byKey.delete(name)) this.#ordered = undefined;
  }

  names(): readonly string[] {
    this.#ordered ??= [...this.byKey.keys()].sort();
    return this.#ordered;
  }
}

/** All items of a store. */
export class Memory implements Reader {
  readonly #kinds = new Map<string, Kind>();

  constructor(items: Iterable<Plain>) {
    for (const { kind, key, value } of items) this.#kind(kind).put(hex(key), [key, value]);
  }

  get(kind: string, key: Bytes): Bytes | undefined {
    const value = this.peek(kind, hex(key));
    return value === undefined ? undefined : copy(value);
  }

  items(kind: string): readonly Item[] {
    const of = this.#kinds.get(kind);
    return of === undefined ? [] : of.names().flatMap((name) => copied(of.byKey.get(name)));
  }

  count(kind: string): number {
    return this.#kinds.get(kind)?.byKey.size ?? 0;
  }

  /** Return a value itself, not a copy: to compare with. */
  peek(kind: string, name: string): Bytes | undefined {
    return this.#kinds.get(kind)?.byKey.get(name)?.[1];
  }

  /** Return all there is, not copied: to be sealed anew. */
  everything(): Plain[] {
    return [...this.#kinds].flatMap(([kind, of]) =>
      [...of.byKey.values()].map(([key, value]) => ({ kind, key, value })),
    );
  }

  /** Return how many items there are of each kind, and how many bytes in clear. */
  sizes(): ReadonlyMap<string, Footprint> {
    return new Map(
      [...this.#kinds].map(([kind, of]) => {
        const items = [...of.byKey.values()];
        const bytes = items.reduce((all, [key, value]) => all + key.length + value.length, 0);
        return [kind, { rows: items.length, bytes }];
      }),
    );
  }

  /** Take over what a unit has changed and the disk has. */
  apply(changes: Iterable<Change>): void {
    for (const { kind, key, value } of changes) {
      const name = hex(key);
      const before = this.peek(kind, name);
      if (before !== undefined) wipe(before);
      if (value === undefined) this.#kind(kind).delete(name);
      else this.#kind(kind).put(name, [key, value]);
    }
  }

  /** Overwrite and forget everything. */
  wipe(): void {
    for (const { value } of this.everything()) wipe(value);
    this.#kinds.clear();
  }

  #kind(kind: string): Kind {
    const of = this.#kinds.get(kind) ?? new Kind();
    this.#kinds.set(kind, of);
    return of;
  }
}

function copied(item: Item | undefined): Item[] {
  return item === undefined ? [] : [[copy(item[0]), copy(item[1])]];
}

/** What a unit of work leaves to do. */
export type Done = Readonly<{
  changes: readonly Change[];
  meanwhile: readonly (() => void)[];
  after: readonly (() => void)[];
}>;

/** A unit of work: sees what is in memory and, above it, its own changes. */
export class Work implements Unit {
  readonly #memory: Memory;
  readonly #mayGoOn: () => void;
  /** By kind, then by the hex of the key. */
  readonly #changes = new Map<string, Map<string, Change>>();
  readonly #meanwhile: (() => void)[] = [];
  readonly #after: (() => void)[] = [];
  #ended = false;

  /** @param mayGoOn Throws when the store is not ours any more. */
  constructor(memory: Memory, mayGoOn: () => void) {
    this.#memory = memory;
    this.#mayGoOn = mayGoOn;
  }

  get(kind: string, key: Bytes): Bytes | undefined {
    this.#require();
    const change = this.#changes.get(kind)?.get(hex(key));
    if (change === undefined) return this.#memory.get(kind, key);
    return change.value === undefined ? undefined : copy(change.value);
  }

  items(kind: string): readonly Item[] {
    this.#require();
    const changes = this.#changes.get(kind);
    const items = this.#memory.items(kind);
    if (changes === undefined) return items;
    const merged = new Map(items.map((item) => [hex(item[0]), item]));
    for (const [name, { key, value }] of changes) {
      if (value === undefined) merged.delete(name);
      else merged.set(name, [copy(key), copy(value)]);
    }
    const ordered = [...merged].sort(([one], [other]) => (one < other ? -1 : 1));
    return ordered.map(([, item]) => item);
  }

  count(kind: string): number {
    this.#require();
    let count = this.#memory.count(kind);
    for (const [name, { value }] of this.#changes.get(kind) ?? []) {
      const was = this.#memory.peek(kind, name) !== undefined;
      count += Number(value !== undefined) - Number(was);
    }
    return count;
  }

  put(kind: string, key: Bytes, value: Bytes): void {
    this.#require();
    const name = hex(key);
    const before = this.#memory.peek(kind, name);
    if (before !== undefined && equal(before, value)) this.#undo(kind, name);
    else this.#change(name, { kind, key: copy(key), value: copy(value) });
  }

  delete(kind: string, key: Bytes): boolean {
    const there = this.get(kind, key) !== undefined;
    const name = hex(key);
    if (this.#memory.peek(kind, name) === undefined) this.#undo(kind, name);
    else this.#change(name, { kind, key: copy(key), value: undefined });
    return there;
  }

  meanwhile(done: () => void): void {
    this.#require();
    this.#meanwhile.push(done);
  }

  after(done: () => void): void {
    this.#require();
    this.#after.push(done);
  }

  /** Refuse everything from now on, and return what there is to do. */
  end(): Done {
    this.#ended = true;
    const changes = [...this.#changes.values()].flatMap((of) => [...of.values()]);
    return { changes, meanwhile: this.#meanwhile, after: this.#after };
  }

  #require(): void {
    if (this.#ended) throw new UsageError("a unit of work was used after its end");
    this.#mayGoOn();
  }

  #change(name: string, change: Change): void {
    const of = this.#changes.get(change.kind) ?? new Map<string, Change>();
    this.#changes.set(change.kind, of);
    of.set(name, change);
  }

  #undo(kind: string, name: string): void {
    this.#changes.get(kind)?.delete(name);
  }
}
