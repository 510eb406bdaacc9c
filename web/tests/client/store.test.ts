/** The encrypted store: one writer, sealed, all or nothing. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { SCHEMA } from "../../client/database.ts";
import { Signal, sleep } from "../../client/lock.ts";
import { Store } from "../../client/store.ts";
import type { Unit } from "../../client/unit.ts";
import { type Bytes, concat, hex, uint, utf8 } from "../../core/bytes.ts";
import { Code, FatalError, UsageError, type VisavisError } from "../../core/errors.ts";
import { FDBDatabase, FDBObjectStore, type FDBTransaction } from "./fake_classes.ts";
import { asked, Device, put, refusal } from "./stores.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const A = utf8("a");
const B = utf8("b");
const C = utf8("c");

function bytes(size: number, fill: number): Bytes {
  return new Uint8Array(size).fill(fill);
}

function shown(items: readonly (readonly [Bytes, Bytes])[]): string[] {
  return items.map(([key, value]) => `${new TextDecoder().decode(key)}=${hex(value)}`);
}

describe("items", () => {
  it("are read back after reopening, in the order of their keys", async () => {
    const device = new Device();
    const store = await device.create();
    await store.transaction((unit) => {
      unit.put("kind", B, uint(2, 1));
      unit.put("kind", A, uint(1, 1));
      unit.put("kind", new Uint8Array(), new Uint8Array());
      unit.put("another", A, uint(9, 1));
    });
    await store.close();
    const again = await device.open();
    for (const reader of [again]) {
      expect(shown(reader.items("kind"))).toEqual(["=", "a=01", "b=02"]);
      expect(reader.get("another", A)).toEqual(uint(9, 1));
      expect(reader.get("another", B)).toBeUndefined();
      expect(reader.items("none")).toEqual([]);
      expect([reader.count("kind"), reader.count("none")]).toEqual([3, 0]);
    }
    await again.transaction((unit) => {
      expect(unit.delete("kind", A)).toBe(true);
      expect(unit.delete("kind", A)).toBe(false);
    });
    await again.close();
    const third = await device.open();
    expect(shown(third.items("kind"))).toEqual(["=", "b=02"]);
    await third.close();
  });

  it("are copied in and out", async () => {
    const device = new Device();
    const store = await device.create();
    const [key, value] = [utf8("key"), bytes(4, 7)];
    await store.transaction((unit) => {
      unit.put("kind", key, value);
      key.fill(0);
      value.fill(0);
      unit.get("kind", utf8("key"))?.fill(1);
      for (const item of unit.items("kind").flat()) item.fill(2);
      expect(unit.get("kind", utf8("key"))).toEqual(bytes(4, 7));
    });
    store.get("kind", utf8("key"))?.fill(1);
    for (const item of store.items("kind").flat()) item.fill(2);
    await store.transaction((unit) => {
      for (const item of unit.items("kind").flat()) item.fill(3);
    });
    expect(store.items("kind")).toEqual([[utf8("key"), bytes(4, 7)]]);
    await store.close();
    const again = await device.open();
    expect(again.get("kind", utf8("key"))).toEqual(bytes(4, 7));
    await again.close();
  });
});

describe("a unit of work", () => {
  it("sees its own writes, and nobody else does before its end", async () => {
    const store = await new Device().create();
    await store.transaction((unit) => {
      unit.put("kind", B, uint(1, 1));
      unit.put("kind", C, uint(1, 1));
    });
    await store.transaction((unit) => {
      unit.put("kind", A, uint(2, 1));
      unit.put("kind", B, uint(2, 1));
      unit.delete("kind", C);
      expect(shown(unit.items("kind"))).toEqual(["a=02", "b=02"]);
      expect(unit.count("kind")).toBe(2);
      expect(unit.get("kind", C)).toBeUndefined();
      expect(shown(store.items("kind"))).toEqual(["b=01", "c=01"]);
      expect(store.count("kind")).toBe(2);
      expect(unit.delete("kind", C)).toBe(false);
      expect(unit.delete("kind", A)).toBe(true);
      unit.put("kind", C, uint(3, 1));
    });
    expect(shown(store.items("kind"))).toEqual(["b=02", "c=03"]);
    await store.close();
  });

  it("leaves nothing behind when it throws", async () => {
    const device = new Device();
    const store = await device.create();
    await put(store, "kind", A, uint(1, 1));
    const told: string[] = [];
    const failing = store.transaction(async (unit) => {
      unit.put("kind", B, uint(2, 1));
      unit.delete("kind", A);
      unit.after(() => told.push("never"));
      await sleep(0);
      throw new Error("half-way");
    });
    await expect(failing).rejects.toThrow("half-way");
    expect(shown(store.items("kind"))).toEqual(["a=01"]);
    await store.close();
    const again = await device.open();
    expect(shown(again.items("kind"))).toEqual(["a=01"]);
    expect(told).toEqual([]);
    await again.close();
  });

  it("is refused after its end", async () => {
    const store = await new Device().create();
    let kept: Unit | undefined;
    await store.transaction((unit) => {
      kept = unit;
    });
    const uses = [
      () => kept?.get("kind", A),
      () => kept?.items("kind"),
      () => kept?.count("kind"),
      () => kept?.put("kind", A, A),
      () => kept?.delete("kind", A),
      () => kept?.after(() => undefined),
    ];
    for (const use of uses) expect(use).toThrow(UsageError);
    await store.close();
  });

  it("runs alone, and in the order in which it was asked for", async () => {
    const store = await new Device().create();
    const said: string[] = [];
    const gate = new Signal();
    const first = store.transaction(async (unit) => {
      said.push("first begins");
      await gate.wait();
      unit.put("kind", A, uint(1, 1));
      said.push("first ends");
    });
    const failing = store.transaction(() => {
      throw new Error("second");
    });
    const third = store.transaction((unit) => {
      said.push(`third sees ${hex(unit.get("kind", A) ?? C)}`);
      return "result";
    });
    await sleep(0.005);
    expect(said).toEqual(["first begins"]);
    gate.set();
    await expect(failing).rejects.toThrow("second");
    expect(await third).toBe("result");
    await first;
    expect(said).toEqual(["first begins", "first ends", "third sees 01"]);
    await store.close();
  });

  it("is on disk, strictly, before anybody is told", async () => {
    const store = await new Device().create();
    const order: string[] = [];
    const begin = FDBDatabase.prototype.transaction;
    vi.spyOn(FDBDatabase.prototype, "transaction").mockImplementation(function (
      this: IDBDatabase,
      ...args
    ) {
      const transaction = begin.apply(this, args);
      order.push(`${args[1]} ${args[2]?.durability}`);
      transaction.addEventListener("complete", () => order.push("on disk"));
      return transaction;
    });
    await store.transaction((unit) => {
      unit.put("kind", A, A);
      unit.after(() => order.push(`after sees ${store.get("kind", A) !== undefined}`));
      expect(order).toEqual([]);
    });
    order.push("returned");
    expect(order).toEqual(["readwrite strict", "on disk", "after sees true", "returned"]);
    await store.close();
  });

  it("that changed nothing writes nothing", async () => {
    const store = await new Device().create();
    await put(store, "kind", A, uint(1, 1));
    const begin = vi.spyOn(FDBDatabase.prototype, "transaction");
    const told: string[] = [];
    await store.transaction((unit) => {
      unit.put("kind", A, uint(1, 1));
      unit.put("kind", B, uint(2, 1));
      unit.delete("kind", B);
      unit.delete("kind", C);
      unit.put("kind", A, uint(3, 1));
      unit.put("kind", A, uint(1, 1));
      unit.after(() => told.push("told"));
    });
    expect(begin).not.toHaveBeenCalled();
    expect(told).toEqual(["told"]);
    await put(store, "kind", A, uint(4, 1)); // the control
    expect(begin).toHaveBeenCalledOnce();
    await store.close();
  });

  it("tells everybody, though one fails, and the failure is not lost", async () => {
    const store = await new Device().create();
    const uncaught: unknown[] = [];
    vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    });
    const told: number[] = [];
    await store.transaction((unit) => {
      unit.put("kind", A, A);
      unit.after(() => told.push(1));
      unit.after(() => {
        throw new Error("a listener's");
      });
      unit.after(() => told.push(2));
    });
    vi.restoreAllMocks();
    expect(told).toEqual([1, 2]);
    expect(uncaught).toEqual([new Error("a listener's")]);
    expect(store.get("kind", A)).toEqual(A);
    await store.close();
  });
});

/** Have the n-th write to the rows fail, as on a full disk, after it was made. */
function failAtPut(nth: number, name: string): void {
  const original = FDBObjectStore.prototype.put;
  let count = 0;
  vi.spyOn(FDBObjectStore.prototype, "put").mockImplementation(function (
    this: IDBObjectStore,
    ...args
  ) {
    const request = original.apply(this, args);
    if (this.name === "items") count += 1;
    if (count === nth) {
      request.onsuccess = () => {
        (this.transaction as FDBTransaction)._abort(name);
      };
    }
    return request;
  });
}

describe("a write that fails", () => {
  it.each([
    ["QuotaExceededError", Code.DISK_FULL],
    ["UnknownError", Code.UNAVAILABLE],
  ])("half-way by %s leaves memory and disk as they were", async (name, code) => {
    const device = new Device();
    const store = await device.create();
    await put(store, "kind", A, uint(1, 1));
    failAtPut(2, name);
    const told: string[] = [];
    const error = await refusal(
      store.transaction((unit) => {
        unit.put("kind", A, uint(2, 1));
        unit.put("kind", B, uint(2, 1));
        unit.put("kind", C, uint(2, 1));
        unit.after(() => told.push("never"));
      }),
    );
    expect(error.code).toBe(code);
    expect(told).toEqual([]);
    expect(shown(store.items("kind"))).toEqual(["a=01"]);
    vi.restoreAllMocks();
    await put(store, "kind", B, uint(3, 1)); // and it goes on
    await store.close();
    const again = await device.open();
    expect(shown(again.items("kind"))).toEqual(["a=01", "b=03"]);
    await again.close();
  });

  it("at the creation leaves no store", async () => {
    const device = new Device();
    const begin = FDBDatabase.prototype.transaction;
    vi.spyOn(FDBDatabase.prototype, "transaction").mockImplementation(function (
      this: IDBDatabase,
      ...args
    ) {
      if (args[1] === "readwrite") throw new DOMException("", "InvalidStateError");
      return begin.apply(this, args);
    });
    expect((await refusal(device.create())).code).toBe(Code.UNAVAILABLE);
    vi.restoreAllMocks();
    expect(await Store.exists(device.name, device)).toBe(false);
    await (await device.create()).close();
  });
});

describe("one writer", () => {
  it("others are told so (CK-550)", async () => {
    const device = new Device();
    const store = await device.create();
    for (const open of [() => device.open(), () => device.create()]) {
      const error = await refusal(open());
      expect([error.code, error.detail.slice(0, 6)]).toEqual([Code.STORE_BUSY, "CK-550"]);
    }
    await store.close();
    await (await device.open()).close();
  });

  it("may be thrown out, and refuses everything at once", async () => {
    const device = new Device();
    const lost: VisavisError[] = [];
    const store = await device.create({ onLost: (why) => lost.push(why) });
    await put(store, "kind", A, uint(1, 1));
    let inside: unknown;
    const gate = new Signal();
    const under = store.transaction(async (unit) => {
      unit.put("kind", A, uint(9, 1));
      await gate.wait();
      try {
        unit.get("kind", A);
      } catch (error) {
        inside = error;
      }
    });
    const thief = await device.open({ steal: true });
    await sleep(0.005);
    expect(lost.map((why) => why.code)).toEqual([Code.STORE_BUSY]);
    gate.set();
    expect((await refusal(under)).code).toBe(Code.STORE_BUSY);
    expect(inside).toMatchObject({ code: Code.STORE_BUSY });
    for (const use of [
      () => store.get("kind", A),
      () => store.items("kind"),
      () => store.count("kind"),
    ]) {
      expect(use).toThrow("store_busy");
    }
    for (const use of [
      () => put(store, "kind", B, B),
      () => store.setPassphrase("correct horse"),
      () => store.destroy(),
    ]) {
      expect((await refusal(use())).code).toBe(Code.STORE_BUSY);
    }
    expect(lost).toHaveLength(1);
    await store.close();
    expect(thief.get("kind", A)).toEqual(uint(1, 1));
    await put(thief, "kind", B, B);
    expect((await refusal(device.open())).code).toBe(Code.STORE_BUSY); // its lock still stands
    await thief.close();
  });

  it("cannot write once another has read, though the news has not come", async () => {
    const device = new Device();
    const lost: VisavisError[] = [];
    // Locks that never tell a holder that it was robbed.
    const locks = {
      request: (_: string, __: unknown, work: (lock: object) => unknown) =>
        Promise.resolve(work({})),
    } as unknown as LockManager;
    const slow = await device.create({ locks, onLost: (why) => lost.push(why) });
    await put(slow, "kind", A, uint(1, 1));
    const thief = await device.open({ locks });
    const error = await refusal(put(slow, "kind", A, uint(2, 1)));
    expect([error.code, error.detail.slice(0, 6)]).toEqual([Code.STORE_BUSY, "CK-550"]);
    expect(lost).toHaveLength(1);
    expect(() => slow.get("kind", A)).toThrow("store_busy");
    await put(thief, "kind", B, uint(3, 1));
    await thief.close();
    const again = await device.open({ locks });
    expect(shown(again.items("kind"))).toEqual(["a=01", "b=03"]);
    await again.close();
  });

  it("is not thrown out by a wrong passphrase", async () => {
    const device = new Device();
    const { kdf } = await import("./fake_classes.ts");
    const lost: VisavisError[] = [];
    const store = await device.create({
      passphrase: "right",
      kdf,
      onLost: (why) => lost.push(why),
    });
    const error = await refusal(device.open({ passphrase: "wrong", steal: true }));
    expect(error.code).toBe(Code.STORE_LOCKED);
    await sleep(0.005);
    expect(lost).toEqual([]);
    await put(store, "kind", A, A);
    await store.close();
  });
});

describe("closing", () => {
  it("lets what was begun end, and gives nothing after", async () => {
    const device = new Device();
    const store = await device.create();
    const gate = new Signal();
    const begun = store.transaction(async (unit) => {
      await gate.wait();
      unit.put("kind", A, A);
    });
    const closing = store.close();
    expect(() => store.get("kind", A)).toThrow("store_locked");
    expect(() => store.items("kind")).toThrow("store_locked");
    expect((await refusal(put(store, "kind", B, B))).code).toBe(Code.STORE_LOCKED);
    gate.set();
    await begun;
    await closing;
    await store.close();
    const again = await device.open();
    expect(shown(again.items("kind"))).toEqual([`a=${hex(A)}`]);
    await again.close();
  });

  it("or destroying it", async () => {
    const device = new Device();
    const store = await device.create();
    await put(store, "kind", A, A);
    expect(await Store.exists(device.name, device)).toBe(true);
    await store.destroy();
    expect(await Store.exists(device.name, device)).toBe(false);
    expect((await refusal(device.open())).code).toBe(Code.STORE_LOCKED);
    expect(await Store.exists(device.name, device)).toBe(false); // looking made none
    const again = await device.create();
    expect(again.items("kind")).toEqual([]);
    await again.close();
  });

  it("a store of this name is not made twice", async () => {
    const device = new Device();
    const store = await device.create();
    await put(store, "kind", A, A);
    await store.close();
    expect((await refusal(device.create())).code).toBe(Code.STORE_LOCKED);
    const again = await device.open();
    expect(again.count("kind")).toBe(1);
    await again.close();
  });

  it("by the browser is told", async () => {
    const device = new Device();
    const databases: IDBDatabase[] = [];
    const begin = FDBDatabase.prototype.transaction;
    vi.spyOn(FDBDatabase.prototype, "transaction").mockImplementation(function (
      this: IDBDatabase,
      ...args
    ) {
      databases.push(this);
      return begin.apply(this, args);
    });
    const lost: VisavisError[] = [];
    const store = await device.create({ onLost: (why) => lost.push(why) });
    databases[0]?.onclose?.(new Event("close"));
    expect(lost).toEqual([expect.any(FatalError)]);
    expect(() => store.get("kind", A)).toThrow(FatalError);
    await store.close();
  });
});

describe("what lies on disk", () => {
  const ACCOUNT = bytes(16, 0xa7);
  const AT = uint(0x66_12_34_56_78, 8);

  async function plant(device: Device): Promise<Store> {
    const store = await device.create();
    await store.transaction((unit) => {
      unit.put("canary kind", utf8("canary key"), utf8("canary value".repeat(50)));
      unit.put("contact", ACCOUNT, utf8("canary"));
      unit.put(`message/${hex(ACCOUNT)}`, concat(AT, ACCOUNT), AT);
    });
    return store;
  }

  const planted = [utf8("canary"), ACCOUNT, utf8(hex(ACCOUNT)), AT.slice(3), utf8("message")];

  it("tells no name, no id and no time", async () => {
    const device = new Device();
    await (await plant(device)).close();
    const onDisk = Buffer.from(await device.dump());
    expect(onDisk.length).toBeGreaterThan(1000);
    expect(onDisk.includes("sealed")).toBe(true); // it did look into the rows
    for (const word of planted) expect(onDisk.includes(Buffer.from(word))).toBe(false);
    // The control: what is written without the store is found by the same search.
    const db = await device.raw();
    const items = db.transaction("items", "readwrite").objectStore("items");
    const whole = concat(...planted);
    await asked(items.put({ bucket: A, slot: A, sealed: whole.subarray(0, 1) }));
    db.close();
    const leaky = Buffer.from(await device.dump());
    for (const word of planted) expect(leaky.includes(Buffer.from(word))).toBe(true);
  });

  it("is not the same for the same item twice", async () => {
    const [one, two] = [new Device(), new Device()];
    for (const device of [one, two]) await (await plant(device)).close();
    const slots = await Promise.all(
      [one, two].map(async (device) => {
        const db = await device.raw();
        const rows = await asked(db.transaction("items").objectStore("items").getAll());
        return rows.map((row) => hex(row.slot));
      }),
    );
    expect(new Set(slots.flat()).size).toBe(6);
  });

  it("opens by keys that cannot be carried away", async () => {
    const device = new Device();
    await (await device.create()).close();
    const db = await device.raw();
    const unlock = await asked(db.transaction("keys").objectStore("keys").get("unlock"));
    for (const key of [unlock.seal, unlock.index]) {
      expect(key).toBeInstanceOf(CryptoKey);
      expect(key.extractable).toBe(false);
      await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow();
    }
    db.close();
  });

  async function alter(
    device: Device,
    change: (items: IDBObjectStore, rows: { bucket: Bytes; slot: Bytes; sealed: Bytes }[]) => void,
  ): Promise<VisavisError> {
    const store = await device.create();
    await store.transaction((unit) => {
      unit.put("kind", A, uint(1, 1));
      unit.put("kind", B, uint(2, 1));
    });
    await store.close();
    const db = await device.raw();
    const items = db.transaction("items", "readwrite").objectStore("items");
    change(items, await asked(items.getAll()));
    db.close();
    return refusal(device.open());
  }

  it("cannot be swapped, changed or cut (CK-551)", async () => {
    const errors = [
      await alter(new Device(), (items, [one, two]) => {
        if (one === undefined || two === undefined) return;
        items.put({ ...one, sealed: two.sealed });
        items.put({ ...two, sealed: one.sealed });
      }),
      await alter(new Device(), (items, [one]) => {
        if (one === undefined) return;
        one.sealed[20] = (one.sealed[20] ?? 0) ^ 1;
        items.put(one);
      }),
      await alter(new Device(), (items, [one]) => {
        if (one !== undefined) items.put({ ...one, sealed: one.sealed.slice(0, 5) });
      }),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(FatalError);
      expect([error.code, error.detail.slice(0, 6)]).toEqual([Code.DECRYPTION, "CK-551"]);
    }
    const shape = await alter(new Device(), (items) => {
      items.put({ bucket: A, slot: A, sealed: "text" });
    });
    expect([shape.code, shape.detail.slice(0, 6)]).toEqual([Code.MALFORMED, "CK-551"]);
    // The control: the same rows written back open.
    await expect(
      alter(new Device(), (items, rows) => {
        for (const row of rows) items.put(row);
      }),
    ).rejects.toThrow("was not refused");
  });

  it("of a version without chunks gets them, and keeps its items", async () => {
    const device = new Device();
    const before = await device.create();
    await before.transaction((unit) => unit.put("note", Uint8Array.of(1), Uint8Array.of(2)));
    await before.close();
    const raw = await device.raw();
    const [items, keys] = [raw.transaction("items"), raw.transaction("keys")];
    const rows = await asked(items.objectStore("items").getAll());
    const [names, values] = await Promise.all([
      asked(keys.objectStore("keys").getAllKeys()),
      asked(keys.objectStore("keys").getAll()),
    ]);
    raw.close();
    await asked(device.databases.deleteDatabase(device.name));
    const old = device.databases.open(device.name, 1);
    old.onupgradeneeded = () => {
      const made = old.result.createObjectStore("items", { keyPath: ["bucket", "slot"] });
      for (const row of rows) made.put(row);
      const opening = old.result.createObjectStore("keys");
      for (const [at, name] of names.entries()) opening.put(values[at], name);
    };
    (await asked(old)).close();
    const store = await device.open();
    expect(store.get("note", Uint8Array.of(1))).toEqual(Uint8Array.of(2));
    const row = { bucket: Uint8Array.of(1), slot: Uint8Array.of(2), sealed: Uint8Array.of(3) };
    await store.putRow(row);
    expect(await store.row(row)).toEqual(row);
    expect(await store.rowsSize()).toEqual({ rows: 1, bytes: 1 });
    await store.putRow({ ...row, bucket: Uint8Array.of(7), sealed: new Uint8Array(9) });
    expect(await store.rowsSize()).toEqual({ rows: 2, bytes: 10 });
    await store.close();
  });

  it("of a newer version is refused", async () => {
    const device = new Device();
    await (await device.create()).close();
    (await asked(device.databases.open(device.name, SCHEMA + 1))).close();
    const error = await refusal(device.open());
    expect(error).toBeInstanceOf(FatalError);
    expect(error.detail).toContain("newer version");
    expect(await Store.exists(device.name, device)).toBe(true);
  });
});
