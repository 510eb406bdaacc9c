/** Who is in our groups, and what a member, a removed member or a stolen device may do to them. */

import { beforeEach, describe, expect, test } from "vitest";
import { Purpose, ROTATE_KIND } from "../../client/addresses.ts";
import { QUOTA_S, VAULT_LABEL } from "../../client/membership.ts";
import { type Bytes, hex } from "../../core/bytes.ts";
import { Code, PeerError } from "../../core/errors.ts";
import { failure, type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

function sayTo(other: Party, text: string, from: Party): Promise<void> {
  return from.conversations.sendText(other.account.id, text);
}

function stateOf(at: Party, other: Party): string | undefined {
  return at.books.contacts.get(at.store, other.account.id)?.state;
}

function contactAddress(at: Party, of: Party): string | undefined {
  const found = at.books.contacts.addresses(at.store, of.account.id).get(hex(of.device));
  return found && hex(found.address.capability);
}

/** Let a member commit whatever it likes: its program asks nobody, itself included. */
async function commitAnything(
  from: Party,
  plan: Readonly<{ add?: readonly Bytes[]; remove?: readonly number[] }>,
): Promise<void> {
  const { membership } = from;
  const applied = membership.applied.bind(membership);
  membership.applied = async () => {};
  await from.commit(from.conversation(), plan);
  membership.applied = applied;
}

describe("devices that come", () => {
  test("a second device comes into the self group and every conversation", async () => {
    const tablet = await world.link(anna);
    await settle(anna, tablet, bob);
    await settle(anna, tablet, bob);
    expect(tablet.welcomes.linked.isSet).toBe(true);
    expect(hex(tablet.selfGroup().groupId)).toBe(hex(anna.selfGroup().groupId));
    expect(await bob.has(bob.conversation(), tablet)).toBe(true);
    expect(bob.notices).toContain("new device");
    expect(anna.notices).toContain("own device added");
    // Everybody knows where the new one is reached, and it knows everybody.
    await sayTo(anna, "to both", bob);
    await sayTo(bob, "from the tablet", tablet);
    await settle(anna, tablet, bob);
    expect(anna.texts(bob).sort()).toEqual(["from the tablet", "to both"]);
    expect(tablet.texts(bob).sort()).toEqual(["from the tablet", "to both"]);
    expect(bob.texts(anna).sort()).toEqual(["from the tablet", "to both"]);
    expect([anna.drops, tablet.drops, bob.drops]).toEqual([{}, {}, {}]);
    expect(contactAddress(bob, tablet)).toBeDefined();
  });

  test("its key packages ran out for today: the rest follows later", async () => {
    const tablet = await world.link(anna);
    const all = anna.books.joining.get(anna.store, tablet.device)?.keyPackages ?? [];
    await anna.store.transaction((unit) => {
      const joining = { account: anna.account.id, keyPackages: all.slice(0, 1) };
      anna.books.joining.put(unit, tablet.device, joining);
    });
    await settle(anna);
    const groups = [anna.selfGroup(), anna.conversation()];
    const seats = async () => {
      const found = await Promise.all(groups.map((record) => anna.has(record, tablet)));
      return found.filter((has) => has).length;
    };
    expect(await seats()).toBe(1); // one key package, one group
    world.keyPackages.set(hex(tablet.books.profile.mailbox), await tablet.keyPackages(2));
    await settle(anna);
    expect(await seats()).toBe(1);
    world.time += QUOTA_S;
    await settle(anna);
    expect(await seats()).toBe(2);
  });

  test("CK-579: the server gave another device's key package", async () => {
    const tablet = await world.link(anna);
    await anna.store.transaction((unit) => anna.books.joining.forget(unit, tablet.device));
    const box = hex(tablet.books.profile.mailbox);
    const wrong = [await bob.keyPackages(1), await anna.keyPackages(1)].flat();
    world.keyPackages.set(box, wrong);
    await settle(anna);
    await settle(anna);
    expect(await anna.has(anna.selfGroup(), tablet)).toBe(false);
    expect(anna.drops).toEqual({ bad_credential: 2 });
    world.keyPackages.set(box, await tablet.keyPackages(2));
    for (const record of anna.books.groups.all(anna.store)) anna.membership.mark(record);
    await settle(anna); // the control
    expect(await anna.has(anna.selfGroup(), tablet)).toBe(true);
  });

  test("a key package that is no good is spent, and the next is taken", async () => {
    const tablet = await world.link(anna);
    const [good = new Uint8Array()] = await tablet.keyPackages(1);
    const [foreign = new Uint8Array()] = await bob.keyPackages(1);
    await anna.store.transaction((unit) => {
      const keyPackages = [new Uint8Array([1, 2, 3]), foreign, good];
      anna.books.joining.put(unit, tablet.device, { account: anna.account.id, keyPackages });
    });
    await anna.membership.reconcile(anna.selfGroup());
    expect(await anna.has(anna.selfGroup(), tablet)).toBe(true);
    expect(anna.books.joining.get(anna.store, tablet.device)).toMatchObject({
      keyPackages: [],
      taken: [],
    });
    expect(anna.drops).toEqual({ malformed: 1, bad_credential: 1 });
  });

  test("after a crash everything is looked at again", async () => {
    const tablet = await world.link(anna);
    world.away = true;
    await anna.tidy();
    world.away = false;
    anna = await anna.restarted();
    expect(anna.membership.dirty.size).toBe(2);
    await settle(anna, tablet);
    expect(await anna.has(anna.conversation(), tablet)).toBe(true);
  });
});

describe("devices that go", () => {
  let tablet: Party;

  beforeEach(async () => {
    tablet = await world.link(anna);
    await settle(anna, tablet, bob);
    await settle(anna, tablet, bob);
  });

  async function revoke(gone: Party, by: Party): Promise<void> {
    const list = await by.account.remove(gone.device);
    await by.store.transaction((unit) => by.books.lists.learn(unit, list));
    for (const record of by.books.groups.all(by.store)) by.membership.mark(record);
  }

  test("P3: it is out of every group, and what it knew is worth nothing", async () => {
    const record = anna.selfGroup();
    const before = {
      vault: hex(anna.books.profile.vaultKeys),
      sibling: hex((await anna.givenToSiblings()).name),
      contact: hex((await anna.givenTo(bob)).name),
      bobs: hex((await bob.givenTo(anna)).name),
    };
    await revoke(tablet, anna);
    anna.vaultStale.mockClear();
    await settle(anna, bob, tablet);
    await settle(anna, bob, tablet);
    expect(await anna.has(record, tablet)).toBe(false);
    expect(await bob.has(bob.conversation(), tablet)).toBe(false);
    expect(bob.notices).toContain("device removed");
    await tablet.pull(record); // nobody tells it any more
    expect(tablet.notices).toContain("this device was revoked");
    expect(anna.books.siblings.addresses(anna.store).size).toBe(0);
    expect(contactAddress(bob, tablet)).toBeUndefined();
    const keys = anna.books.profile.vaultKeys;
    expect(keys).toHaveLength(64);
    expect(hex(keys.subarray(32))).toBe(before.vault);
    expect(hex((await anna.givenToSiblings()).name)).not.toBe(before.sibling);
    expect(hex((await anna.givenTo(bob)).name)).not.toBe(before.contact);
    expect(hex((await bob.givenTo(anna)).name)).not.toBe(before.bobs);
    expect(anna.vaultStale).toHaveBeenCalled();
    expect(anna.store.count(ROTATE_KIND)).toBe(0);
    await sayTo(anna, "just us", bob);
    await settle(anna, tablet);
    expect(anna.texts(bob)).toContain("just us");
    expect(tablet.texts(bob)).not.toContain("just us");
  });

  test("the vault key comes from the epoch that began without it", async () => {
    await revoke(tablet, anna);
    await settle(anna);
    const state = await anna.books.groups.state(anna.store, anna.selfGroup());
    const expected = await state.exporter(VAULT_LABEL, new Uint8Array(), 32);
    expect(hex(anna.books.profile.vaultKeys.subarray(0, 32))).toBe(hex(expected));
  });

  test("CK-266: its last commits are applied, so that the removal can follow", async () => {
    tablet.sent.mockImplementation(() => {
      throw new PeerError(Code.MALFORMED, "it tells nobody");
    });
    await commitAnything(tablet, {});
    await revoke(tablet, anna);
    await settle(anna, bob);
    await settle(anna, bob);
    expect(anna.drops).toEqual({});
    expect(await anna.has(anna.conversation(), tablet)).toBe(false);
    expect(await bob.has(bob.conversation(), tablet)).toBe(false);
  });

  test("CK-583: a contact cannot part our devices", async () => {
    const remove = [await bob.leafOf(bob.conversation(), tablet)];
    await commitAnything(bob, { remove });
    await settle(anna, bob);
    expect(anna.books.siblings.addresses(anna.store).has(hex(tablet.device))).toBe(true);
    expect(tablet.notices).not.toContain("this device was revoked");
    // Our devices put it back by themselves.
    world.keyPackages.set(hex(tablet.books.profile.mailbox), await tablet.keyPackages(3));
    await settle(tablet, anna, bob);
    await settle(tablet, anna, bob);
    expect(await anna.has(anna.conversation(), tablet)).toBe(true);
    await sayTo(anna, "still there?", bob);
    await settle(anna, tablet);
    expect(tablet.texts(bob)).toContain("still there?");
  });

  test("the only device that we know of goes: nothing is said until the other is heard", async () => {
    // Bob's conversation with Anna, where he knows the way to her first device only.
    await bob.store.transaction((unit) => {
      const known = bob.books.contacts.get(unit, anna.account.id);
      known?.addresses.delete(hex(tablet.device));
      if (known !== undefined) bob.books.contacts.save(unit, known);
    });
    await revoke(anna, tablet);
    const flush = tablet.outbox.flush.bind(tablet.outbox);
    tablet.outbox.flush = async () => true; // nothing is said, only committed
    await tablet.tidy();
    await bob.pull(bob.conversation());
    expect(await bob.has(bob.conversation(), anna)).toBe(false);
    bob = await bob.restarted(); // CK-271: a contact without an address could not be read again
    expect(stateOf(bob, anna)).toBe("contact");
    expect(bob.books.contacts.addresses(bob.store, anna.account.id).size).toBe(0);
    // The newer list is not known yet: by that alone the device that went would still be told.
    expect(bob.books.lists.stands(bob.store, anna.account.id, anna.device)).toBe(true);
    expect(await failure(sayTo(anna, "to whom?", bob))).toBe("UnavailableError unavailable");
    expect([bob.texts(anna), bob.outbox.waiting()]).toEqual([[], 0]);
    const given = hex((await bob.givenTo(anna)).name);
    await bob.tidy(); // nor is an address replaced that nobody could be told of
    expect(hex((await bob.givenTo(anna)).name)).toBe(given);
    expect(bob.membership.dirty.size).toBe(0);
    const known = bob.books.contacts.get(bob.store, anna.account.id);
    expect(known?.devices.map(({ device }) => hex(device))).toEqual([hex(anna.device)]);
    tablet.outbox.flush = flush;
    await settle(tablet, bob);
    expect(bob.vaultStale).toHaveBeenCalled();
    expect(hex((await bob.givenTo(anna)).name)).not.toBe(given);
    await sayTo(anna, "there you are", bob);
    await settle(tablet);
    expect(tablet.texts(bob)).toContain("there you are");
    await sayTo(bob, "here I am", tablet);
    await settle(bob);
    expect(bob.texts(anna)).toContain("here I am");
  });
});

describe("what members do", () => {
  test("a contact that throws us out is seen", async () => {
    const remove = [await bob.leafOf(bob.conversation(), anna)];
    await commitAnything(bob, { remove });
    await settle(bob, anna);
    expect(anna.notices).not.toContain("this device was revoked");
    expect(stateOf(anna, bob)).toBe("rejoining");
    const state = await anna.books.groups.state(anna.store, anna.conversation());
    expect(state.isActive).toBe(false);
    await settle(anna); // and there is nothing more to do in it
    expect(anna.membership.dirty.size).toBe(0);
  });

  test("CK-580: nobody brings a third person in, not even a contact of ours", async () => {
    const mallory = await world.signUp("mallory");
    await world.befriend(anna, mallory);
    await world.befriend(bob, mallory);
    const record = anna.conversation(bob);
    const epoch = await anna.epoch(record);
    const { membership } = bob;
    membership.applied = async () => {};
    const add = await mallory.keyPackages(1);
    await bob.commit(bob.conversation(anna), { add });
    await settle(bob, anna);
    expect(await anna.epoch(record)).toBe(epoch);
    expect(await anna.has(record, mallory)).toBe(false);
    expect(anna.drops).toMatchObject({ bad_credential: 1 });
  });

  test("one group that is blocked does not keep the others from being done", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(anna, carol);
    const { pull } = anna.api;
    const blocked = hex(anna.conversation(bob).sequencer);
    anna.api.pull = async (address, handle, after) => {
      if (hex(handle) === blocked) throw new PeerError(Code.MALFORMED, "blocked");
      return await pull(address, handle, after);
    };
    const tablet = await world.link(anna);
    await settle(anna);
    expect(await anna.has(anna.conversation(carol), tablet)).toBe(true);
    expect(await anna.has(anna.conversation(bob), tablet)).toBe(false);
    expect(anna.drops["group malformed"]).toBeGreaterThan(0);
  });
});

describe("our address", () => {
  test("is replaced where somebody was removed, and told", async () => {
    const before = contactAddress(bob, anna);
    await anna.store.transaction((unit) => {
      unit.put(ROTATE_KIND, bob.account.id, new Uint8Array());
    });
    await settle(anna, bob);
    const after = contactAddress(bob, anna);
    expect(after).not.toBe(before);
    const given = await anna.givenTo(bob);
    expect(after).toBe(hex(given.capability));
    expect(hex(anna.conversation().announced)).toBe(hex(given.name));
    await sayTo(anna, "to the new one", bob);
    await settle(anna);
    expect(anna.texts(bob)).toEqual(["to the new one"]);
  });

  test("is told, though the contact has just replaced theirs, once we know it", async () => {
    for (const [party, contact] of [
      [bob, anna],
      [anna, bob],
    ] as const) {
      await party.store.transaction((unit) => {
        unit.put(ROTATE_KIND, contact.account.id, new Uint8Array());
      });
      await party.tidy();
    }
    expect(contactAddress(bob, anna)).not.toBe(hex((await anna.givenTo(bob)).capability));
    expect(anna.drops).toEqual({});
    await settle(anna, bob);
    expect(contactAddress(bob, anna)).toBe(hex((await anna.givenTo(bob)).capability));
  });

  test("is told once", async () => {
    anna.membership.mark(anna.conversation());
    anna.sent.mockClear();
    await settle(anna);
    expect(anna.sent).not.toHaveBeenCalled();
  });

  test("is told again if the message that tells it could not be written", async () => {
    const given = await anna.givenTo(bob);
    await anna.store.transaction((unit) => anna.books.addresses.revoke(unit, given, world.time));
    anna.membership.mark(anna.conversation());
    const announced = hex(anna.conversation().announced);
    anna.store.failing = new PeerError(Code.MALFORMED, "as if");
    await anna.membership.reconcileAll().catch(() => {});
    anna.store.failing = undefined;
    expect(hex(anna.conversation().announced)).toBe(announced);
    anna.membership.mark(anna.conversation());
    await settle(anna, bob);
    const present = anna.books.addresses.current(anna.store, Purpose.CONTACT, bob.account.id);
    expect(contactAddress(bob, anna)).toBe(hex(present?.capability ?? new Uint8Array()));
  });
});
