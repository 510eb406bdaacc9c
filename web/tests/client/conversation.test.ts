/** Messages: sent, received, refused; and several steps of one group at once. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { deviceAddresses } from "../../client/contact_book.ts";
import { UNHEARD_S } from "../../client/conversation.ts";
import { PENDING_INNER_KIND } from "../../client/received.ts";
import { hex, uint } from "../../core/bytes.ts";
import { encodeInner } from "../../core/content.ts";
import { Standing } from "../../core/content_records.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { CallId, DeviceId, random } from "../../core/ids.ts";
import { change, known, missed, sayTo, text } from "./sayings.ts";
import { failure, type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

describe("texts", () => {
  test("two people write to each other", async () => {
    await sayTo(anna, "hello Anna", bob);
    await settle(anna);
    await sayTo(bob, "hello Bob", anna);
    await settle(bob);
    expect(anna.texts(bob)).toEqual(["hello Anna", "hello Bob"]);
    expect(bob.texts(anna)).toEqual(["hello Anna", "hello Bob"]);
    expect([anna.drops, bob.drops]).toEqual([{}, {}]);
    expect(anna.outbox.waiting() + bob.outbox.waiting()).toBe(0);
  });

  test("within one second they are in the order of cause and effect", async () => {
    for (const line of ["1", "2", "3"]) await sayTo(anna, line, bob);
    anna.mailbox = [...anna.mailbox].reverse();
    await settle(anna);
    await sayTo(bob, "4", anna);
    expect(anna.texts(bob)).toEqual(["1", "2", "3", "4"]);
  });

  test("what was written while the server was away waits, over a restart", async () => {
    world.away = true;
    await sayTo(anna, "kept in the outbox", bob);
    expect(bob.outbox.waiting()).toBe(1);
    bob = await bob.restarted();
    world.away = false;
    await settle(bob, anna);
    expect(anna.texts(bob)).toEqual(["kept in the outbox"]);
  });

  test("an envelope that comes twice says it once", async () => {
    await sayTo(anna, "once", bob);
    anna.mailbox = [...anna.mailbox, ...anna.mailbox];
    await settle(anna);
    expect(anna.texts(bob)).toEqual(["once"]);
    expect(anna.drops).toEqual({ replayed: 1 });
  });

  test("a full disk of the sender changes nothing", async () => {
    bob.store.failing = new UnavailableError(Code.DISK_FULL, "full");
    expect(await failure(sayTo(anna, "lost", bob))).toBe("UnavailableError disk_full");
    bob.store.failing = undefined;
    expect([bob.outbox.waiting(), bob.texts(anna)]).toEqual([0, []]);
    await sayTo(anna, "after", bob);
    await settle(anna);
    expect(anna.texts(bob)).toEqual(["after"]);
  });

  test("a full disk of the receiver keeps it at the server", async () => {
    await sayTo(anna, "patience", bob);
    anna.store.failing = new UnavailableError(Code.DISK_FULL, "full");
    await anna.receive();
    anna.store.failing = undefined;
    expect([anna.texts(bob), anna.inbox.kept, anna.mailbox.length]).toEqual([[], 1, 1]);
    await settle(anna);
    expect([anna.texts(bob), anna.inbox.kept]).toEqual([["patience"], 0]);
  });
});

describe("several steps of one group at once", () => {
  test("each message has a key of its own, and nothing is lost", async () => {
    await sayTo(anna, "from bob", bob);
    await Promise.all([
      sayTo(bob, "one", anna),
      anna.receive(),
      sayTo(bob, "two", anna),
      sayTo(bob, "three", anna),
      anna.conversations.sendInner(bob.account.id, text("four", anna), { durable: false }),
    ]);
    // A message key that was used twice opens once: the second message would be refused (CK-055).
    await settle(bob);
    expect(bob.drops).toEqual({});
    expect(bob.texts(anna).sort()).toEqual(["four", "from bob", "one", "three", "two"]);
    expect(anna.texts(bob).sort()).toEqual(["from bob", "one", "three", "two"]);
    expect(anna.conversation().count).toBeGreaterThanOrEqual(4);
    // And what was received is spent on disk too: nobody brings it back.
    await sayTo(anna, "again", bob);
    await settle(anna);
    expect(anna.texts(bob)).toContain("again");
    expect(anna.drops).toEqual({});
  });

  test("the control: two steps from one state use one key, and the second is refused", async () => {
    const { groups, rng } = anna.books;
    const record = anna.conversation();
    const given = await bob.givenTo(anna);
    for (const body of ["one", "two"]) {
      const state = await groups.state(anna.store, record); // and never written back
      const plain = encodeInner(text(body, anna));
      const message = await state.encrypt(plain, { authenticatedData: uint(1, 8), rng });
      await bob.deliver(given, { kind: "mls", message });
    }
    expect(bob.texts(anna)).toEqual(["one"]);
    expect(bob.drops).toEqual({ replayed: 1 });
  });

  test("a commit in the middle of it", async () => {
    const record = anna.conversation();
    await sayTo(anna, "before", bob);
    await Promise.all([
      anna.commit(record, {}),
      sayTo(bob, "meanwhile", anna),
      anna.receive(),
      bob.commit(bob.conversation(), {}),
      sayTo(anna, "meanwhile too", bob),
    ]);
    await settle(anna, bob);
    expect(await anna.epoch(record)).toBe(3);
    expect(await anna.authenticator(record)).toBe(await bob.authenticator(bob.conversation()));
    expect(anna.texts(bob).sort()).toEqual(["before", "meanwhile", "meanwhile too"]);
    expect(bob.texts(anna).sort()).toEqual(["before", "meanwhile", "meanwhile too"]);
    expect([anna.drops, bob.drops]).toEqual([{}, {}]);
  });

  test("a conversation that begins anew while a message waits for its turn", async () => {
    const before = anna.conversation();
    let release = () => {};
    const held = anna.books.groups.lock(before).run(() => new Promise<void>((r) => (release = r)));
    const sending = sayTo(bob, "where it goes on", anna);
    await world.befriend(anna, bob);
    release();
    await held;
    await sending;
    const group = known(anna, bob).group;
    expect(hex(group)).not.toBe(hex(before.groupId));
    await settle(bob);
    expect(bob.texts(anna)).toEqual(["where it goes on"]);
    expect(anna.books.groups.get(anna.store, before.groupId)?.count).toBe(before.count);
  });
});

describe("who may be written to", () => {
  test.each([
    [
      "blocked",
      "AuthorizationError refused",
      (c) => Object.assign(c, { standing: Standing.BLOCKED }),
    ],
    [
      "CK-563",
      "AuthorizationError identity_changed",
      (c) => Object.assign(c, { identityChanged: true }),
    ],
    ["rejoining", "UnavailableError unavailable", (c) => Object.assign(c, { member: false })],
  ] as [string, string, (contact: object) => void][])("%s: %s", async (_, expected, how) => {
    await change(bob, anna, how);
    expect(await failure(sayTo(anna, "no", bob))).toBe(expected);
    expect(bob.texts(anna)).toEqual([]);
    expect(bob.outbox.waiting()).toBe(0);
  });

  test("a stranger", async () => {
    const carol = await world.signUp("carol");
    expect(await failure(sayTo(carol, "no", bob))).toBe("AuthorizationError refused");
  });

  test("CK-563: it may change while a message waits for its turn", async () => {
    const record = bob.conversation();
    let release = () => {};
    const held = bob.books.groups.lock(record).run(() => new Promise<void>((r) => (release = r)));
    const sending = failure(sayTo(anna, "no", bob));
    await change(bob, anna, (contact) => {
      contact.identityChanged = true;
    });
    release();
    await held;
    expect(await sending).toBe("AuthorizationError identity_changed");
    expect(bob.texts(anna)).toEqual([]);
  });
});

describe("addresses that are refused", () => {
  async function revoked(at: Party, other: Party): Promise<void> {
    const given = await at.givenTo(other);
    await at.store.transaction((unit) => {
      at.books.addresses.revoke(unit, given, world.time);
    });
    await at.books.addresses.flush(at.store, {
      addCapabilities: async () => {},
      revokeCapabilities: async (hashes) => {
        for (const hash of hashes) world.dead.add(hex(hash));
      },
    });
  }

  test("a message that no device accepts is taken back", async () => {
    await revoked(anna, bob);
    expect(await failure(sayTo(anna, "no", bob))).toBe("AuthorizationError refused");
    expect([bob.texts(anna), bob.outbox.waiting()]).toEqual([[], 0]);
  });

  test("the new address lies in the mailbox: nothing is lost", async () => {
    await revoked(anna, bob);
    anna.membership.mark(anna.conversation());
    await anna.tidy(); // announces the new one
    await sayTo(anna, "to the new address", bob);
    expect(bob.vaultStale).toHaveBeenCalled();
    await settle(anna);
    expect(anna.texts(bob)).toEqual(["to the new address"]);
  });

  test("a durable content for calls says so", async () => {
    await revoked(anna, bob);
    const sending = bob.conversations.sendInner(anna.account.id, missed(bob), { durable: true });
    expect(await failure(sending)).toBe("AuthorizationError refused");
  });
});

describe("the call class", () => {
  const live = { durable: false } as const;

  test("live: one attempt, and an error", async () => {
    world.away = true;
    const sending = bob.conversations.sendInner(anna.account.id, missed(bob), live);
    expect(await failure(sending)).toBe("UnavailableError unavailable");
    expect(bob.outbox.waiting()).toBe(0);
  });

  test("nobody to send to", async () => {
    await change(bob, anna, (contact) => {
      const [only] = contact.addresses.values();
      const device = random(DeviceId, bob.books.rng); // CK-574: it is not on the newest list
      if (only !== undefined) contact.addresses = deviceAddresses([{ ...only, device }]);
    });
    const sending = bob.conversations.sendInner(anna.account.id, missed(bob), live);
    expect(await failure(sending)).toBe("UnavailableError unavailable");
  });

  /** Anna's disk is slow; returns what was heard until then, and at the end. */
  async function heardMeanwhile(durable: boolean): Promise<readonly [number, number]> {
    const heard = vi.fn(async () => {});
    anna.conversations.innerHandlers.push(heard);
    await bob.conversations.sendInner(anna.account.id, missed(bob), { durable });
    const { promise, resolve } = Promise.withResolvers<void>();
    anna.store.disk = promise;
    const received = anna.receive();
    await new Promise((later) => setTimeout(later, 100));
    const before = heard.mock.calls.length;
    resolve();
    await received;
    return [before, heard.mock.calls.length];
  }

  test("a ring does not wait for the disk; what is stored does", async () => {
    expect(await heardMeanwhile(false)).toEqual([1, 1]);
    expect(await heardMeanwhile(true)).toEqual([0, 1]);
  });

  test("a ring that could not be written is opened again, and changes nothing twice", async () => {
    const heard = vi.fn(async () => {});
    anna.conversations.innerHandlers.push(heard);
    await bob.conversations.sendInner(anna.account.id, missed(bob), live);
    anna.store.failing = new UnavailableError(Code.DISK_FULL, "full");
    await anna.receive();
    expect(heard).toHaveBeenCalledTimes(1);
    anna.store.failing = undefined;
    await anna.receive();
    expect(heard).toHaveBeenCalledTimes(2);
    expect(anna.drops).toEqual({});
  });

  test("a ring is kept as long as it could still be answered", async () => {
    const heard = vi.fn(async () => {});
    await bob.conversations.sendInner(anna.account.id, missed(bob), live);
    await anna.receive();
    world.time += UNHEARD_S - 1;
    anna.conversations.innerHandlers.push(heard);
    await anna.conversations.redispatch();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(heard.mock.calls).toMatchObject([[{ own: false, live: true }]]);
    anna.conversations.innerHandlers.length = 0;
    await bob.conversations.sendInner(anna.account.id, missed(bob), live);
    await anna.receive();
    world.time += UNHEARD_S;
    anna.conversations.innerHandlers.push(heard);
    await anna.conversations.redispatch();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("a durable one outlives a crash, until it was dealt with", async () => {
    const call = random(CallId, bob.books.rng);
    const sending = missed(bob, call);
    await bob.conversations.sendInner(anna.account.id, sending, { durable: true });
    await anna.receive();
    anna = await anna.restarted();
    const heard = vi.fn(async () => {});
    anna.conversations.innerHandlers.push(heard);
    await anna.conversations.redispatch();
    await anna.conversations.redispatch();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(heard.mock.calls).toMatchObject([
      [{ own: false, live: false, content: { kind: "call.missed" } }],
    ]);
    expect(anna.store.count(PENDING_INNER_KIND)).toBe(0);
  });

  test("R-02: a missed call stands in the history once, however often it is told", async () => {
    const call = random(CallId, bob.books.rng);
    for (let i = 0; i < 2; i++) {
      await bob.conversations.sendInner(anna.account.id, missed(bob, call), { durable: true });
    }
    await settle(anna);
    expect(anna.books.calls.entries()).toMatchObject([{ outcome: "missed", media: "voice" }]);
  });
});
