/**
 * A `UnitStore` that keeps everything in memory, for tests: one unit of work at a time, which sees
 * its own writes and leaves nothing behind if it fails.
 *
 * Two mistakes that would only hang elsewhere are errors here: a transaction inside a transaction,
 * and a unit that is used after its end.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Item, Unit, UnitStore } from "../../client/unit.ts";
import { type Bytes, copy, hex } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";

type Table = ReadonlyMap<string, Item>;
type Tables = Map<string, Table>;

const NONE: Table = new Map();

class MemoryReader {
  protected readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  get(kind: string, key: Bytes): Bytes | undefined {
    const item = this.table(kind).get(hex(key));
    return item === undefined ? undefined : copy(item[1]);
  }

  items(kind: string): Item[] {
    const inOrder = [...this.table(kind)].sort(([a], [b]) => (a < b ? -1 : 1));
    return inOrder.map(([, [key, value]]) => [copy(key), copy(value)]);
  }

  count(kind: string): number {
    return this.table(kind).size;
  }

  protected table(kind: string): Table {
    return this.tables.get(kind) ?? NONE;
  }
}

class MemoryUnit extends MemoryReader implements Unit {
  readonly doing: (() => void)[] = [];
  readonly done: (() => void)[] = [];
  isOpen = true;

  put(kind: string, key: Bytes, value: Bytes): void {
    this.tables.set(kind, new Map(this.table(kind)).set(hex(key), [copy(key), copy(value)]));
  }

  delete(kind: string, key: Bytes): boolean {
    const table = new Map(this.table(kind));
    const isThere = table.delete(hex(key));
    this.tables.set(kind, table);
    return isThere;
  }

  meanwhile(done: () => void): void {
    this.table("");
    this.doing.push(done);
  }

  after(done: () => void): void {
    this.table("");
    this.done.push(done);
  }

  /** What was written, once the unit has ended. */
  end(): Tables {
    this.isOpen = false;
    return this.tables;
  }

  protected override table(kind: string): Table {
    if (!this.isOpen) throw new UsageError("a unit that has ended");
    return super.table(kind);
  }
}

/** See the head of the file. */
export class MemoryStore extends MemoryReader implements UnitStore {
  /** Thrown instead of the next commits to the disk: a full disk. */
  failing: Error | undefined;
  /** What the next writes wait for: a slow disk. */
  disk: Promise<void> = Promise.resolve();
  /** Transactions that were written. */
  written = 0;
  readonly #inside = new AsyncLocalStorage<MemoryUnit>();
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    super(new Map());
  }

  /** What a copy of the disk would hold. */
  copied(): MemoryStore {
    const made = new MemoryStore();
    for (const [kind, table] of this.tables) made.tables.set(kind, table);
    return made;
  }

  async transaction<T>(work: (unit: Unit) => T | Promise<T>): Promise<T> {
    if (this.#inside.getStore()?.isOpen) throw new UsageError("a transaction in a transaction");
    const turn = this.#last.then(() => this.#run(work));
    this.#last = turn.catch(() => undefined);
    const [result, done] = await turn;
    this.#inside.exit(() => {
      for (const told of done) told();
    });
    return result;
  }

  async #run<T>(work: (unit: Unit) => T | Promise<T>): Promise<readonly [T, (() => void)[]]> {
    const unit = new MemoryUnit(new Map(this.tables));
    let result: T;
    try {
      result = await this.#inside.run(unit, () => work(unit));
    } finally {
      unit.end();
    }
    this.#inside.exit(() => {
      for (const told of unit.doing) told();
    });
    await this.disk;
    if (this.failing !== undefined) throw this.failing;
    for (const [kind, table] of unit.end()) this.tables.set(kind, table);
    this.written += 1;
    return [result, unit.done];
  }
}
