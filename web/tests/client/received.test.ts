/** What a message may change, and which are refused. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { Purpose } from "../../client/addresses.ts";
import { ANNOUNCED_KIND, GroupKind, GroupRecord, MAX_LEAP } from "../../client/groups.ts";
import { type Bytes, hex, uint } from "../../core/bytes.ts";
import { encodeInner, encodeSibling } from "../../core/content.ts";
import type { Outer } from "../../core/content_outer.ts";
import { type DeviceAddress, Standing } from "../../core/content_records.ts";
import type { Sibling } from "../../core/content_self.ts";
import { signFirst } from "../../core/device_list.ts";
import { generateIdentityKey } from "../../core/identity.ts";
import { CallId, MessageId, random } from "../../core/ids.ts";
import { change, crafted, sayTo, text } from "./sayings.ts";
import { failure, type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

describe("what is refused", () => {
  test("CK-571: over the address of another contact", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(anna, carol);
    const plain = encodeInner(text("hello", bob));
    const message = await crafted(bob, bob.conversation(), plain);
    await anna.deliver(await anna.givenTo(carol), message);
    expect([anna.texts(bob), anna.drops]).toEqual([[], { wrong_group: 1 }]);
    await anna.deliver(await anna.givenTo(bob), message); // the control
    expect(anna.texts(bob)).toEqual(["hello"]);
  });

  test("CK-572: a handshake that comes by hand", async () => {
    const record = bob.conversation();
    const state = await bob.books.groups.state(bob.store, record);
    const { rng, now } = bob.books;
    const { message } = await state.commit({ rng, now: now() });
    const before = await anna.authenticator(anna.conversation());
    await anna.deliver(await anna.givenTo(bob), { kind: "mls", message });
    const proposal = await state.propose({ rng, now: now(), update: true });
    await anna.deliver(await anna.givenTo(bob), { kind: "mls", message: proposal });
    expect(anna.drops).toEqual({ unexpected: 2 });
    expect(await anna.authenticator(anna.conversation())).toBe(before);
  });

  test("CK-575: a device that was revoked, with keys of the epoch before", async () => {
    const message = await crafted(bob, bob.conversation(), encodeInner(text("still me", bob)));
    const newer = await world.newDevice(bob.account);
    const list = await bob.account.remove(bob.device);
    await anna.store.transaction((unit) => anna.books.lists.learn(unit, list));
    await anna.deliver(await anna.givenTo(bob), message);
    expect([anna.texts(bob), anna.drops]).toEqual([[], { bad_credential: 1 }]);
    expect(newer.device).not.toEqual(bob.device);
  });

  test("CK-578: an epoch that no sequencer knows", async () => {
    const { groups, rng, now } = bob.books;
    const record = bob.conversation();
    const state = await groups.state(bob.store, record);
    const { group } = await state.commit({ rng, now: now() });
    const plain = encodeInner(text("from nowhere", bob));
    const message = await group.encrypt(plain, { rng, authenticatedData: uint(1, 8) });
    await anna.deliver(await anna.givenTo(bob), { kind: "mls", message });
    expect([anna.texts(bob), anna.drops]).toEqual([[], { wrong_epoch: 1 }]);
  });

  test("a later epoch is pulled first; while the server is away it waits", async () => {
    await bob.commit(bob.conversation(), {});
    await sayTo(anna, "in the new epoch", bob);
    world.away = true;
    await anna.receive();
    expect([anna.texts(bob), anna.mailbox.length > 0]).toEqual([[], true]);
    world.away = false;
    await settle(anna);
    expect(anna.texts(bob)).toEqual(["in the new epoch"]);
    expect(anna.drops).toEqual({});
  });

  test("a hint is not believed, only pulled after", async () => {
    const record = anna.conversation();
    const hint = { kind: "commit", group: record.groupId, epoch: 40 } as const;
    await anna.deliver(await anna.givenTo(bob), hint);
    expect(await anna.epoch(record)).toBe(1);
    await bob.commit(bob.conversation(), {});
    await settle(bob, anna);
    expect(await anna.epoch(record)).toBe(2);
    expect(anna.drops).toEqual({});
  });

  test("a blocked contact is not heard, its keys are spent", async () => {
    await change(anna, bob, (contact) => {
      contact.standing = Standing.BLOCKED;
    });
    await sayTo(anna, "hello?", bob);
    const [delivery] = anna.mailbox;
    await settle(anna);
    expect([anna.texts(bob), anna.drops]).toEqual([[], {}]);
    anna.mailbox = delivery ? [delivery] : [];
    await settle(anna);
    expect(anna.drops).toEqual({ replayed: 1 });
  });

  test("a group that was forgotten while its message waited is no fatal error", async () => {
    await sayTo(anna, "too late", bob);
    const record = anna.conversation();
    let release = () => {};
    const held = anna.books.groups.lock(record).run(() => new Promise<void>((r) => (release = r)));
    const lock = vi.spyOn(anna.books.groups, "lock");
    const receiving = anna.receive();
    await vi.waitFor(() => expect(lock).toHaveBeenCalled());
    await anna.store.transaction((unit) => anna.books.groups.remove(unit, record));
    release();
    await Promise.all([held, receiving]);
    expect(anna.drops).toEqual({ wrong_group: 1 });
    expect(anna.inbox.failed).toBeUndefined();
  });
});

describe("CK-582: counts", () => {
  async function counted(count: Bytes): Promise<number> {
    const plain = encodeInner(text(`count ${hex(count)}`, bob));
    const message = await crafted(bob, bob.conversation(), plain, count);
    await anna.deliver(await anna.givenTo(bob), message);
    return anna.conversation().count;
  }

  test("a leap is not followed", async () => {
    const before = anna.conversation().count;
    expect(await counted(uint(before + MAX_LEAP, 8))).toBe(before + MAX_LEAP);
    expect(await counted(uint(before + 3 * MAX_LEAP, 8))).toBe(before + MAX_LEAP);
    expect(await counted(uint(2n ** 64n - 1n, 8))).toBe(before + MAX_LEAP);
    expect(await counted(new Uint8Array(0))).toBe(before + MAX_LEAP);
    expect(anna.texts(bob)).toHaveLength(4);
    expect(anna.drops).toEqual({});
  });
});

describe("device lists and addresses", () => {
  /** Bob's word on where his devices are reached. */
  async function announced(
    from: Party,
    addresses: readonly Party[],
    count = 100,
    list = from.list.data,
  ): Promise<Outer> {
    const { books } = from;
    const devices = await Promise.all(
      addresses.map(async ({ device }) => {
        const given = await from.store.transaction((unit) =>
          books.addresses.mint(unit, Purpose.CONTACT, books.rng(16)),
        );
        return { device, address: books.addresses.address(given) };
      }),
    );
    const id = random(MessageId, books.rng);
    const said = { kind: "contact.devices", id, at: world.time, list, devices } as const;
    return await crafted(from, from.conversation(), encodeInner(said), uint(count, 8));
  }

  function addressOf(at: Party, of: Party): string {
    const found = at.books.contacts.addresses(at.store, of.account.id).get(hex(of.device));
    return found === undefined ? "none" : hex(found.address.capability);
  }

  test("CK-588: the newest announcement stands, in whatever order they come", async () => {
    const older = await announced(bob, [bob], 100);
    const newer = await announced(bob, [bob], 101);
    const before = addressOf(anna, bob);
    const given = await anna.givenTo(bob);
    await anna.deliver(given, newer);
    const after = addressOf(anna, bob);
    expect(after).not.toBe(before);
    await anna.deliver(given, older);
    expect(addressOf(anna, bob)).toBe(after);
    expect(anna.store.count(ANNOUNCED_KIND)).toBe(1);
    expect(anna.drops).toEqual({});
    await anna.deliver(given, await announced(bob, [bob], 102)); // the control
    expect(addressOf(anna, bob)).not.toBe(after);
    expect(anna.vaultStale).toHaveBeenCalled();
    expect(anna.membership.dirty.has(hex(anna.conversation().groupId))).toBe(true);
  });

  test("CK-576: a device speaks for its own address only", async () => {
    const tablet = await world.link(bob);
    await settle(bob, tablet, anna);
    await settle(bob, tablet, anna);
    const before = addressOf(anna, tablet);
    expect(before).not.toBe("none");
    const mine = addressOf(anna, bob);
    await anna.deliver(await anna.givenTo(bob), await announced(bob, [tablet, bob]));
    expect(addressOf(anna, tablet)).toBe(before);
    expect(addressOf(anna, bob)).not.toBe(mine);
  });

  test("CK-576: nor for another account's list", async () => {
    const carol = await world.signUp("carol");
    const said = await announced(bob, [bob], 100, carol.list.data);
    await anna.deliver(await anna.givenTo(bob), said);
    expect(anna.drops).toEqual({ bad_credential: 1 });
    expect(anna.books.lists.newest(anna.store, carol.account.id)).toBeUndefined();
  });

  test("CK-252: an address on another server changes nothing", async () => {
    const before = addressOf(anna, bob);
    const given = await bob.givenTo(anna);
    const elsewhere = { ...bob.books.addresses.address(given), origin: "https://elsewhere.test" };
    const devices = [{ device: bob.device, address: elsewhere }];
    const head = { id: random(MessageId, bob.books.rng), at: world.time, list: bob.list.data };
    const plain = encodeInner({ kind: "contact.devices", ...head, devices });
    const message = await crafted(bob, bob.conversation(), plain, uint(100, 8));
    await anna.deliver(await anna.givenTo(bob), message);
    expect(anna.drops).toEqual({ refused: 1 });
    expect(addressOf(anna, bob)).toBe(before);
    expect(anna.store.count(ANNOUNCED_KIND)).toBe(0); // nothing of it is kept
  });

  test("CK-563: another identity key stops sending, once the person is told", async () => {
    const { accountId, devices } = bob.list;
    const forged = await signFirst(accountId, generateIdentityKey(bob.books.rng), devices);
    await anna.deliver(await anna.givenTo(bob), await announced(bob, [bob], 100, forged.data));
    expect(anna.drops).toEqual({ identity_changed: 1 });
    expect(anna.notices).toContain("identity changed");
    expect(await failure(sayTo(bob, "no", anna))).toBe("AuthorizationError identity_changed");
    expect(hex(anna.books.lists.newest(anna.store, bob.account.id)?.data ?? uint(0, 1))).toBe(
      hex(bob.list.data),
    );
  });
});

describe("the self group", () => {
  let tablet: Party;

  beforeEach(async () => {
    tablet = await world.link(anna);
    await settle(anna, tablet, bob);
    await settle(anna, tablet, bob);
  });

  async function said(content: Sibling, count = 100): Promise<void> {
    const message = await crafted(
      tablet,
      tablet.selfGroup(),
      encodeSibling(content),
      uint(count, 8),
    );
    await anna.deliver(await anna.givenToSiblings(), message);
  }

  async function here(): Promise<DeviceAddress> {
    return { device: tablet.device, address: await tablet.siblingAddress() };
  }

  test("what one device sends, the other shows too", async () => {
    await sayTo(bob, "from the tablet", tablet);
    await settle(anna, bob);
    expect(anna.texts(bob)).toEqual(["from the tablet"]);
    expect(bob.texts(anna)).toEqual(["from the tablet"]);
    const [message] = anna.books.history.messages(anna.store, bob.account.id);
    expect(message?.outgoing).toBe(true);
  });

  test("a vault counter is passed on, a handled call goes to the calls", async () => {
    const heard = vi.fn(async () => {});
    anna.conversations.selfHandlers.push(heard);
    await tablet.conversations.sendSelf({ kind: "self.vault", counter: 7 }, { durable: true });
    const call = random(CallId, anna.books.rng);
    await tablet.conversations.sendSelf(
      { kind: "self.call_handled", call, how: "accepted" },
      { durable: false },
    );
    await anna.receive();
    expect(anna.vaultSeen).toHaveBeenCalledWith(expect.anything(), {
      kind: "self.vault",
      counter: 7,
    });
    expect(heard.mock.calls).toMatchObject([[{ kind: "self", content: { how: "accepted" } }]]);
  });

  test("nothing happens when there are no other devices", async () => {
    const waiting = bob.outbox.waiting();
    await bob.conversations.sendSelf({ kind: "self.vault", counter: 7 }, { durable: true });
    expect(bob.outbox.waiting()).toBe(waiting);
  });

  test("CK-588: the newest address of our other device stands", async () => {
    const addresses = await Promise.all(
      [1, 2].map(async (n) => {
        const { books, store } = tablet;
        const given = await store.transaction((unit) =>
          books.addresses.mint(unit, Purpose.SIBLING, uint(n, 16)),
        );
        return { device: tablet.device, address: books.addresses.address(given) };
      }),
    );
    const list = anna.list.data;
    const [older, newer] = addresses;
    if (older === undefined || newer === undefined) throw new Error("two addresses");
    await said({ kind: "self.devices", list, devices: [newer] }, 101);
    await said({ kind: "self.devices", list, devices: [older] }, 100);
    const found = anna.books.siblings.addresses(anna.store).get(hex(tablet.device));
    expect(hex(found?.address.capability ?? uint(0, 1))).toBe(hex(newer.address.capability));
  });

  test("CK-576: another account's list is refused", async () => {
    await said({ kind: "self.devices", list: bob.list.data, devices: [await here()] });
    expect(anna.drops).toEqual({ bad_credential: 1 });
  });

  test("a newer list has every group looked at", async () => {
    const list = await anna.account.remove(bob.device); // one version more, the same devices
    anna.membership.dirty.clear();
    await said({ kind: "self.devices", list: list.data, devices: [await here()] });
    const all = anna.books.groups.all(anna.store).map(({ groupId }) => hex(groupId));
    expect([...anna.membership.dirty].sort()).toEqual(all.sort());
  });
});

test("CK-575: who stands in the group and belongs to neither side is not heard", async () => {
  const carol = await world.signUp("carol");
  const { groups } = anna.books;
  const record = anna.conversation();
  const message = await crafted(bob, bob.conversation(), encodeInner(text("hello", bob)));
  // As if the group were one with Carol: the sender is then on neither side.
  await anna.store.transaction(async (unit) => {
    const odd = new GroupRecord(
      record.groupId,
      GroupKind.CONVERSATION,
      carol.account.id,
      record.sequencer,
    );
    groups.save(unit, odd);
  });
  const given = await anna.givenTo(carol);
  await anna.deliver(given, message);
  expect(anna.drops).toEqual({ bad_credential: 1 });
});
