/** Addresses that were given out, and the history. */

import { beforeEach, describe, expect, it } from "vitest";
import {
  Addresses,
  type CapabilityApi,
  capabilityHash,
  KEEP_RETIRED_S,
  POOL,
  Purpose,
  REFILL_BELOW,
} from "../../client/addresses.ts";
import type { Books } from "../../client/books.ts";
import { type Message, MessageKind, NoticeKind } from "../../client/history.ts";
import { sleep } from "../../client/lock.ts";
import type { Store } from "../../client/store.ts";
import { type Bytes, equal, hex, utf8 } from "../../core/bytes.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { DeviceId, MessageId, random } from "../../core/ids.ts";
import { booksOf, ORIGIN, Person, rng } from "./people.ts";
import { Device, refusal } from "./stores.ts";

let store: Store;
let me: Person;
let books: Books;

beforeEach(async () => {
  store = await new Device().create();
  me = new Person();
  books = await booksOf(store, me, await me.list(), { rng });
  return () => store.close();
});

/** What the server holds. */
class Server implements CapabilityApi {
  readonly hashes = new Set<string>();
  fails: "add" | "revoke" | undefined;

  async addCapabilities(hashes: readonly Bytes[]): Promise<void> {
    for (const hash of hashes) this.hashes.add(hex(hash));
    if (this.fails === "add") throw new UnavailableError(Code.UNAVAILABLE);
  }

  async revokeCapabilities(hashes: readonly Bytes[]): Promise<void> {
    if (this.fails === "revoke") throw new UnavailableError(Code.UNAVAILABLE);
    for (const hash of hashes) this.hashes.delete(hex(hash));
  }
}

describe("addresses", () => {
  it("come from the pool, one for each taker", async () => {
    const { addresses } = books;
    expect(store.count("pool")).toBe(POOL);
    const other = new Person().account;
    const given = await store.transaction((unit) => {
      const first = books.contactAddress(unit, other);
      expect(books.contactAddress(unit, other)).toEqual(first);
      return first;
    });
    expect(store.count("pool")).toBe(POOL - 1);
    expect(addresses.current(store, Purpose.CONTACT, other)).toEqual(given);
    expect(addresses.current(store, Purpose.SIBLING, other)).toBeUndefined();
    expect(addresses.given(store, given.name)).toEqual(given);
    expect(() => addresses.given(store, rng(16))).toThrow("no address of this name");
    const { mailbox } = books.profile;
    const { capability, sealKey } = given;
    expect(addresses.address(given)).toEqual({ origin: ORIGIN, mailbox, capability, sealKey });
    const own = await store.transaction((unit) => books.siblingAddress(unit));
    expect([own.purpose, equal(own.subject, me.account)]).toEqual([Purpose.SIBLING, true]);
    expect([...addresses.sealKeys(store)].map(([name]) => hex(name)).sort()).toEqual(
      [given, own].map(({ name }) => hex(name)).sort(),
    );
    const bound = await store.transaction((unit) =>
      addresses.rebind(unit, given, Purpose.REQUEST, utf8("token")),
    );
    expect(addresses.all(store, Purpose.REQUEST)).toEqual([bound]);
    expect(addresses.all(store, Purpose.CONTACT)).toEqual([]);
  });

  it("are not handed out in the order of registration, nor twice", async () => {
    const pool = store.items("pool").map(([key]) => hex(key));
    const minted = await store.transaction((unit) =>
      Array.from({ length: POOL }, (_, i) =>
        hex(books.addresses.mint(unit, Purpose.INVITE, utf8(`${i}`)).capability),
      ),
    );
    expect([...minted].sort()).toEqual(pool);
    expect(minted).not.toEqual(pool);
    const mint = store.transaction((unit) => books.addresses.mint(unit, Purpose.OWN, utf8("x")));
    expect((await refusal(mint)).code).toBe(Code.QUOTA);
    expect(books.addresses.needsRefill(store)).toBe(true);
  });

  it("that are revoked die at the server, and are replaced there (CK-589)", async () => {
    const { addresses } = books;
    const server = new Server();
    await store.transaction((unit) => {
      const hashes = Addresses.makePool(unit, rng, 2);
      for (const hash of hashes) server.hashes.add(hex(hash));
    });
    const given = await store.transaction((unit) => books.contactAddress(unit, me.account));
    const retired = await store.transaction((unit) => addresses.revoke(unit, given, 1000));
    const hash = hex(capabilityHash(given.capability));
    server.hashes.add(hash);
    expect(retired.retiredAt).toBe(1000);
    expect(addresses.current(store, Purpose.CONTACT, me.account)).toBeUndefined();
    expect(addresses.sealKeys(store).size).toBe(1);
    const [rows, pool] = [server.hashes.size, store.count("pool")];
    // A crash after each step: the same capabilities are registered again.
    server.fails = "add";
    await refusal(addresses.flush(store, server));
    server.fails = "revoke";
    await refusal(addresses.flush(store, server));
    expect([server.hashes.size, server.hashes.has(hash)]).toEqual([rows + 1, true]);
    server.fails = undefined;
    await addresses.flush(store, server);
    expect([server.hashes.size, server.hashes.has(hash)]).toEqual([rows, false]);
    expect([store.count("pool"), store.count("revoke")]).toEqual([pool + 1, 0]);
    await addresses.flush(store, server);
    expect(server.hashes.size).toBe(rows);
    for (const [at, left] of [
      [1000 + KEEP_RETIRED_S, 1],
      [1001 + KEEP_RETIRED_S, 0],
    ] as const) {
      await store.transaction((unit) => addresses.purge(unit, at));
      expect(addresses.sealKeys(store).size).toBe(left);
    }
  });

  it("are refilled by the block", async () => {
    const server = new Server();
    await store.transaction((unit) => {
      for (const [key] of unit.items("pool").slice(REFILL_BELOW - 1)) unit.delete("pool", key);
    });
    expect(books.addresses.needsRefill(store)).toBe(true);
    await books.addresses.refill(store, server);
    expect([store.count("pool"), server.hashes.size]).toEqual([REFILL_BELOW - 1 + POOL, POOL]);
    expect(books.addresses.needsRefill(store)).toBe(false);
  });
});

describe("the history", () => {
  const id = () => random(MessageId, rng);
  const said = (text: string, more: Partial<Message> = {}): Message => ({
    contact: me.account,
    at: 1000,
    outgoing: false,
    text,
    kind: MessageKind.TEXT,
    ...more,
  });

  it("keeps each message once, in the order of time and then of cause", async () => {
    const { history } = books;
    const first = id();
    await store.transaction((unit) => {
      expect(history.add(unit, said("third", { at: 1001 }), id(), 1)).toBe(true);
      expect(history.add(unit, said("second", { outgoing: true }), id(), 3)).toBe(true);
      expect(history.add(unit, said("first"), first, 2)).toBe(true);
      expect(history.add(unit, said("again", { at: 5 }), first, 9)).toBe(false);
      history.add(unit, said("elsewhere", { contact: new Person().account }), id(), 1);
    });
    await store.transaction((unit) => {
      expect(history.add(unit, said("again"), first, 2)).toBe(false);
    });
    const all = history.messages(store, me.account);
    expect(all.map(({ text }) => text)).toEqual(["first", "second", "third"]);
    expect(all[0]).toEqual(said("first"));
    await store.transaction((unit) => history.takeBack(unit, me.account, first));
    expect(history.messages(store, me.account)).toHaveLength(2);
  });

  it("tells of what is on disk, and of nothing else", async () => {
    const { history } = books;
    const changes: string[] = [];
    const stop = history.onChange((contact) => {
      changes.push(
        contact === undefined ? "notices" : `${history.messages(store, contact).length}`,
      );
    });
    const failing = store.transaction((unit) => {
      history.add(unit, said("lost"), id(), 1);
      history.notice(unit, NoticeKind.REJOINED, me.account, undefined, 1);
      throw new Error("half-way");
    });
    await expect(failing).rejects.toThrow("half-way");
    expect(changes).toEqual([]);
    await store.transaction((unit) => {
      history.add(unit, said("ours", { outgoing: true }), id(), 1);
      history.add(unit, said("theirs"), id(), 2);
      history.notice(unit, NoticeKind.REJOINED, me.account, undefined, 1);
      expect(changes).toEqual([]);
    });
    expect(changes).toEqual(["2", "2", "notices"]);
    stop();
    await store.transaction((unit) => history.add(unit, said("later"), id(), 3));
    expect(changes).toHaveLength(3);
    history.incoming.close();
    history.notices.close();
    const heard: string[] = [];
    for await (const message of history.incoming.read()) heard.push(message.text);
    for await (const notice of history.notices.read()) heard.push(notice.kind);
    expect(heard).toEqual(["theirs", "later", "rejoined"]);
    await sleep(0);
  });

  it("keeps a notice once, until its cause was dealt with", async () => {
    const { history } = books;
    const device = random(DeviceId, rng);
    const tell = (at: number, of?: DeviceId) =>
      store.transaction((unit) => history.notice(unit, NoticeKind.NEW_DEVICE, me.account, of, at));
    await tell(9, device);
    await tell(3);
    await tell(1, device);
    expect(history.allNotices(store)).toEqual([
      { kind: NoticeKind.NEW_DEVICE, account: me.account, device: undefined, at: 3 },
      { kind: NoticeKind.NEW_DEVICE, account: me.account, device, at: 9 },
    ]);
    await store.transaction((unit) =>
      history.forgetNotice(unit, NoticeKind.NEW_DEVICE, me.account, device),
    );
    await tell(12, device);
    expect(history.allNotices(store).map(({ at }) => at)).toEqual([3, 12]);
  });

  it("that cannot be read is said so", async () => {
    await store.transaction((unit) => unit.put("notice", utf8("x"), utf8("x")));
    expect(() => books.history.allNotices(store)).toThrow();
  });
});
