/** The store under a passphrase, and how it comes to one and loses it. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { Store } from "../../client/store.ts";
import { KDF, KeyWrap } from "../../client/unlock.ts";
import { type Bytes, fromHex, uint, utf8 } from "../../core/bytes.ts";
import { encode } from "../../core/cbor.ts";
import { Code, UsageError } from "../../core/errors.ts";
import { FDBDatabase, FDBObjectStore, type FDBTransaction, kdf } from "./fake_classes.ts";
import { asked, Device, put, refusal } from "./stores.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const KEY = utf8("key");
const ONE = uint(1, 1);
const fixed = (size: number): Bytes => new Uint8Array(size).fill(5);

async function rows(device: Device): Promise<readonly { slot: Bytes; sealed: Bytes }[]> {
  const db = await device.raw();
  const found = await asked(db.transaction("items").objectStore("items").getAll());
  db.close();
  return found;
}

async function unlock(device: Device): Promise<Record<string, unknown>> {
  const db = await device.raw();
  const found = await asked(db.transaction("keys").objectStore("keys").get("unlock"));
  db.close();
  return found;
}

describe("a passphrase", () => {
  it("opens, another does not (CK-552), and the store says that it asks", async () => {
    const device = new Device();
    const store = await device.create({ passphrase: "correct horse", kdf });
    expect(store.asksForPassphrase).toBe(true);
    await put(store, "kind", KEY, ONE);
    await store.close();
    expect(await Store.asksForPassphrase(device.name, device)).toBe(true);
    for (const passphrase of ["wrong", "", undefined]) {
      const error = await refusal(device.open({ passphrase }));
      expect([error.code, error.detail.slice(0, 6)]).toEqual([Code.STORE_LOCKED, "CK-552"]);
    }
    const again = await device.open({ passphrase: "correct horse" });
    expect(again.get("kind", KEY)).toEqual(ONE);
    await again.close();
    expect((await refusal(Store.asksForPassphrase("none", device))).code).toBe(Code.STORE_LOCKED);
  });

  it("has one spelling", async () => {
    const device = new Device();
    await (await device.create({ passphrase: "caf\u00e9 au lait", kdf })).close();
    await (await device.open({ passphrase: "cafe\u0301 au lait" })).close();
  });

  it("leaves nothing on disk that opens the store without it", async () => {
    const device = new Device();
    const store = await device.create({ kdf });
    expect(store.asksForPassphrase).toBe(false);
    await put(store, "kind", KEY, ONE);
    expect(await unlock(device)).toMatchObject({ seal: expect.any(CryptoKey) }); // the control
    await store.setPassphrase("canary passphrase");
    await store.close();
    expect(Object.keys(await unlock(device)).sort()).toEqual(["kind", "wrap"]);
    expect(Buffer.from(await device.dump()).includes("canary")).toBe(false);
  });

  it("comes, changes and goes, with every row under new keys each time", async () => {
    const device = new Device();
    let store = await device.create({ kdf });
    await store.transaction((unit) => {
      for (let i = 0; i < 5; i++) unit.put("kind", uint(i, 1), uint(i, 1));
    });
    const seen = new Set<string>();
    let opensWith: string | undefined;
    for (const passphrase of ["first", "second", undefined, "third"]) {
      for (const row of await rows(device)) seen.add(Buffer.from(row.slot).toString("hex"));
      await store.setPassphrase(passphrase);
      expect(store.asksForPassphrase).toBe(passphrase !== undefined);
      await put(store, "kind", uint(9, 1), utf8(passphrase ?? "none")); // under the new keys
      await store.close();
      if (passphrase !== undefined) {
        const old = await refusal(device.open({ passphrase: opensWith, kdf }));
        expect(old.code).toBe(Code.STORE_LOCKED);
      }
      store = await device.open({ passphrase, kdf });
      expect(store.count("kind")).toBe(6);
      expect(store.get("kind", uint(9, 1))).toEqual(utf8(passphrase ?? "none"));
      opensWith = passphrase;
    }
    expect(seen.size).toBe(5 + 3 * 6);
    await store.close();
  });

  it("is not empty", async () => {
    const device = new Device();
    await expect(device.create({ passphrase: "", kdf })).rejects.toThrow(UsageError);
    const store = await device.create({ kdf });
    await expect(store.setPassphrase("")).rejects.toThrow(UsageError);
    expect(store.asksForPassphrase).toBe(false);
    await store.close();
  });
});

describe("a change of it", () => {
  async function cut(when: (name: string, count: number) => boolean): Promise<Device> {
    const device = new Device();
    const store = await device.create({ passphrase: "old one", kdf });
    await store.transaction((unit) => {
      for (let i = 0; i < 5; i++) unit.put("kind", uint(i, 1), ONE);
    });
    const original = FDBObjectStore.prototype.put;
    let count = 0;
    vi.spyOn(FDBObjectStore.prototype, "put").mockImplementation(function (
      this: IDBObjectStore,
      ...args
    ) {
      const request = original.apply(this, args);
      count += 1;
      if (when(this.name, count)) {
        request.onsuccess = () => {
          (this.transaction as FDBTransaction)._abort("QuotaExceededError");
        };
      }
      return request;
    });
    expect((await refusal(store.setPassphrase("new one"))).code).toBe(Code.DISK_FULL);
    vi.restoreAllMocks();
    await put(store, "kind", uint(7, 1), ONE); // it goes on under the old keys
    await store.close();
    return device;
  }

  it.each([
    ["half-way through the rows", (name: string, count: number) => name === "items" && count === 3],
    ["at the very end", (name: string) => name === "keys"],
  ])("that is cut off %s leaves the old", async (_, when) => {
    const device = await cut(when);
    expect((await refusal(device.open({ passphrase: "new one" }))).code).toBe(Code.STORE_LOCKED);
    const store = await device.open({ passphrase: "old one" });
    expect(store.count("kind")).toBe(6);
    await store.close();
  });

  it("is one transaction, so that no crash can come between", async () => {
    const device = new Device();
    const store = await device.create({ kdf });
    await put(store, "kind", KEY, ONE);
    const begin = vi.spyOn(FDBDatabase.prototype, "transaction");
    await store.setPassphrase("new one");
    expect(begin.mock.calls.map(([, mode, how]) => [mode, how])).toEqual([
      ["readwrite", { durability: "strict" }],
    ]);
    await store.close();
  });

  it("waits its turn", async () => {
    const device = new Device();
    const store = await device.create({ kdf });
    const before = put(store, "kind", uint(1, 1), ONE);
    const change = store.setPassphrase("new one");
    const after = Array.from({ length: 20 }, (_, i) => put(store, "kind", uint(2 + i, 1), ONE));
    await Promise.all([before, change, ...after]);
    await store.close();
    const again = await device.open({ passphrase: "new one" });
    expect(again.count("kind")).toBe(21);
    await again.close();
  });

  it("by the one who is robbed is seen by the thief", async () => {
    const device = new Device();
    const store = await device.create({ passphrase: "old one", kdf });
    await put(store, "kind", KEY, ONE);
    const real = KeyWrap.prototype.unwrap;
    vi.spyOn(KeyWrap.prototype, "unwrap").mockImplementationOnce(async function (
      this: KeyWrap,
      passphrase,
    ) {
      const key = await real.call(this, passphrase);
      await store.setPassphrase("new one"); // between the thief's look and its theft
      return key;
    });
    const error = await refusal(device.open({ passphrase: "old one", steal: true }));
    expect([error.code, error.detail.slice(0, 6)]).toEqual([Code.STORE_LOCKED, "CK-552"]);
    const again = await device.open({ passphrase: "new one" });
    expect(again.get("kind", KEY)).toEqual(ONE);
    await again.close();
  });
});

describe("the key wrap", () => {
  it("binds its parameters", async () => {
    const wrap = await KeyWrap.make("password", fixed(32), fixed, kdf);
    expect(await KeyWrap.fromBytes(wrap.toBytes()).unwrap("password")).toEqual(fixed(32));
    expect(await wrap.unwrap("other")).toBeUndefined();
    const weaker = new KeyWrap({ ...kdf, memoryKib: 16 }, fixed(16), wrap.toBytes().slice(-48));
    expect(await weaker.unwrap("password")).toBeUndefined();
    const same = new KeyWrap(kdf, fixed(16), wrap.toBytes().slice(-48)); // the control
    expect(await same.unwrap("password")).toEqual(fixed(32));
    expect(KDF).toEqual({ passes: 3, memoryKib: 65_536, lanes: 1 });
  });

  it("opens what Python wrapped", async () => {
    const wrap = KeyWrap.fromBytes(fromHex(PYTHON));
    expect(await wrap.unwrap("caf\u00e9")).toEqual(new Uint8Array(32).fill(0x6b));
  });

  it("that is damaged is refused", () => {
    for (const data of [encode([2, [1, 8, 1], fixed(16), fixed(48)]), encode([1, 2])]) {
      expect(() => KeyWrap.fromBytes(data)).toThrow("key wrap cannot be read");
    }
  });

  it("says that it could not hash", async () => {
    const error = await refusal(
      KeyWrap.make("password", fixed(32), fixed, { ...kdf, memoryKib: 2 ** 40 }),
    );
    expect(error.code).toBe(Code.UNAVAILABLE);
  });
});

/** Made by visavis.sdk.unlock: KeyWrap.make("cafe\u0301", b"k" * 32, ..., cheap). */
const PYTHON =
  "84018301080150000102030405060708090a0b0c0d0e0f5830e7aa69ca3f31f56af277a5a1778f8397f01182263ab02b96c957c0dd4da6b48917358517a06e568fc0fd8e339e55b4b6";
