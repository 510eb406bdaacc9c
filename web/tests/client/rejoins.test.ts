/** Rejoins: a device that lost its state asks to be let in again (P5). */

import { beforeEach, describe, expect, test } from "vitest";
import { seatKey } from "../../client/groups.ts";
import { type Bytes, hex } from "../../core/bytes.ts";
import type { ContactRejoin } from "../../core/content_outer.ts";
import { UNSIGNED } from "../../core/content_records.ts";
import { signRejoin } from "../../core/content_signed.ts";
import { signFirst } from "../../core/device_list.ts";
import { generateIdentityKey } from "../../core/identity.ts";
import { type Party, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

function known(other: Party) {
  return anna.books.contacts.get(anna.store, other.account.id);
}

function addressOf(other: Party): string {
  const found = known(other)?.addresses.get(hex(other.device));
  return hex(found?.address.capability ?? new Uint8Array());
}

describe("a rejoin", () => {
  let again: Party;
  let rejoin: ContactRejoin;

  /** What a device that lost its state sends to one account. */
  async function rejoinOf(device: Party, to: Party): Promise<ContactRejoin> {
    const [keyPackage = new Uint8Array()] = await device.keyPackages(1);
    const address = device.books.addresses.address(await device.givenTo(to));
    const unsigned: ContactRejoin = {
      kind: "contact.rejoin",
      list: device.list.data,
      devices: [{ device: device.device, keyPackage, address }],
      signature: UNSIGNED,
    };
    const { identityPrivate } = device.account;
    return await signRejoin(unsigned, identityPrivate, to.account.id);
  }

  function hasPackage(device: Party): boolean {
    return anna.books.joining.get(anna.store, device.device) !== undefined;
  }

  beforeEach(async () => {
    again = await world.newDevice(bob.account);
    rejoin = await rejoinOf(again, anna);
  });

  test("is noted, and the device let in", async () => {
    await anna.deliver(await anna.givenTo(bob), rejoin);
    expect(hasPackage(again)).toBe(true);
    expect(anna.vaultStale).toHaveBeenCalled();
    await anna.tidy();
    expect(await anna.has(anna.conversation(), again)).toBe(true);
    expect(anna.drops).toEqual({});
  });

  test("of a stranger is none", async () => {
    const carol = await world.signUp("carol");
    await anna.deliver(await anna.givenTo(carol), await rejoinOf(carol, anna));
    expect(anna.drops).toEqual({ wrong_group: 1 });
  });

  test("CK-276: is heard once", async () => {
    await anna.deliver(await anna.givenTo(bob), rejoin);
    await anna.tidy();
    await anna.deliver(await anna.givenTo(bob), rejoin);
    // The list is the newest still: its address is taken again, its key package is not.
    expect(anna.books.joining.get(anna.store, again.device)?.keyPackages).toEqual([]);
    const later = await world.newDevice(bob.account);
    await anna.deliver(await anna.givenTo(bob), await rejoinOf(later, anna));
    await anna.deliver(await anna.givenTo(bob), rejoin);
    expect(anna.drops).toEqual({ replayed: 1 });
  });

  test("CK-686: one that another overtook lets its device in all the same", async () => {
    const later = await world.newDevice(bob.account);
    await anna.deliver(await anna.givenTo(bob), await rejoinOf(later, anna));
    expect(hasPackage(again)).toBe(false);
    await anna.deliver(await anna.givenTo(bob), rejoin);
    expect(hasPackage(again)).toBe(true);
    expect(anna.books.lists.newest(anna.store, bob.account.id)?.version).toBe(3);
    expect(anna.drops).toEqual({});
  });

  test("CK-686: but no device that was revoked since", async () => {
    const later = await world.newDevice(bob.account);
    const list = await bob.account.remove(again.device);
    await later.store.transaction((unit) => later.books.lists.learn(unit, list));
    await anna.deliver(await anna.givenTo(bob), await rejoinOf(later, anna));
    await anna.deliver(await anna.givenTo(bob), rejoin);
    expect(hasPackage(again)).toBe(false);
    expect(anna.drops).toEqual({ replayed: 1 });
  });

  test("the list came with somebody's commit first: the address is still news", async () => {
    await anna.store.transaction((unit) => anna.books.lists.learn(unit, again.list));
    await anna.store.transaction((unit) => {
      const keyPackages: Bytes[] = [];
      anna.books.joining.put(unit, again.device, { account: bob.account.id, keyPackages });
    });
    await anna.deliver(await anna.givenTo(bob), rejoin);
    expect(addressOf(again)).toBe(hex(rejoin.devices[0]?.address.capability ?? new Uint8Array()));
    expect(anna.books.joining.get(anna.store, again.device)?.keyPackages).toEqual([]);
    expect(anna.drops).toEqual({});
  });

  test("CK-563: under another identity key the person decides first", async () => {
    const { accountId, devices } = again.list;
    const identity = generateIdentityKey(bob.books.rng);
    const forged = await signFirst(accountId, identity, devices);
    const unsigned = { ...rejoin, list: forged.data, signature: UNSIGNED };
    const signed = await signRejoin(unsigned, identity, anna.account.id);
    await anna.deliver(await anna.givenTo(bob), signed);
    expect(known(bob)?.identityChanged).toBe(true);
    expect(hasPackage(again)).toBe(false);
  });

  test("of our own device begins the self group", async () => {
    const tablet = await world.newDevice(anna.account);
    // One key package comes with it, for whichever group is first; the other is fetched.
    world.keyPackages.set(hex(tablet.books.profile.mailbox), await tablet.keyPackages(1));
    await anna.deliver(await anna.givenToSiblings(), await rejoinOf(tablet, anna));
    await anna.tidy();
    const members = await anna.books.groups.members(anna.store, anna.selfGroup());
    expect(members.has(seatKey(anna.account.id, tablet.device))).toBe(true);
    expect([...anna.books.siblings.addresses(anna.store).keys()]).toEqual([hex(tablet.device)]);
  });
});
