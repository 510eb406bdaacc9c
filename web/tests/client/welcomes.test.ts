/** Welcomes: who lets us in where. */

import { beforeEach, describe, expect, test } from "vitest";
import type { Given } from "../../client/addresses.ts";
import { CLOCK_SLACK_S, KEY_PACKAGE_S } from "../../client/books.ts";
import { type Bytes, hex } from "../../core/bytes.ts";
import type { ConversationWelcome } from "../../core/content_outer.ts";
import { Standing } from "../../core/content_records.ts";
import { signFirst } from "../../core/device_list.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { generateIdentityKey } from "../../core/identity.ts";
import { GroupId, random, SequencerHandle } from "../../core/ids.ts";
import { ExtensionType, Group, type PendingCommit, SUITE_ID } from "../../core/mls/index.ts";
import { failure, type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

type Extensions = Parameters<typeof Group.create>[0]["extensions"];

/** A group of a contact's making, under an id of its choice, with one of Anna's key packages. */
async function groupWith(
  from: Party,
  groupId = random(GroupId, from.books.rng),
  extensions: Extensions = [],
  more: readonly Bytes[] = [],
): Promise<PendingCommit> {
  const { books } = from;
  const { rng, now } = books;
  const alone = await Group.create({
    groupId,
    suiteId: SUITE_ID,
    identity: books.credential(from.store),
    signaturePrivate: books.profile.signaturePrivate,
    rng,
    validator: () => {},
    lifetime: [now() - CLOCK_SLACK_S, now() + KEY_PACKAGE_S],
    extensions,
  });
  const add = [...(await anna.keyPackages(1)), ...more];
  return await alone.commit({ add, rng, now: now() });
}

async function welcomeOf(
  from: Party,
  made: PendingCommit,
  changes: Partial<ConversationWelcome> = {},
): Promise<ConversationWelcome> {
  const { books } = from;
  if (made.welcome === null) throw new Error("no Welcome");
  return {
    kind: "welcome.conversation",
    message: made.welcome,
    group: new GroupId(made.group.groupId),
    sequencer: random(SequencerHandle, books.rng),
    list: books.ownList(from.store).data,
    name: books.profile.handle,
    devices: [{ device: books.device, address: await from.siblingAddress() }],
    thread: null,
    ...changes,
  };
}

function known(other: Party) {
  return anna.books.contacts.get(anna.store, other.account.id);
}

function groupOf(other: Party): string {
  return hex(known(other)?.group ?? new Uint8Array());
}

function addressOf(other: Party): string {
  const found = known(other)?.addresses.get(hex(other.device));
  return hex(found?.address.capability ?? new Uint8Array());
}

/** Whether it was taken: the conversation goes on in the new group. */
async function isTaken(
  given: Given,
  from: Party,
  made: PendingCommit,
  changes: Partial<ConversationWelcome> = {},
): Promise<boolean> {
  await anna.deliver(given, await welcomeOf(from, made, changes));
  return groupOf(from) === hex(made.group.groupId);
}

describe("a Welcome to a conversation", () => {
  test("begins it anew", async () => {
    const made = await groupWith(bob);
    expect(await isTaken(await anna.givenTo(bob), bob, made)).toBe(true);
    expect(anna.notices).toContain("rejoined");
    expect(anna.membership.dirty.has(hex(made.group.groupId))).toBe(true);
    expect(anna.drops).toEqual({});
  });

  test("is for one key package, once", async () => {
    const made = await groupWith(bob);
    const content = await welcomeOf(bob, made);
    await anna.deliver(await anna.givenTo(bob), content);
    await anna.deliver(await anna.givenTo(bob), content);
    expect(anna.drops).toEqual({ unexpected: 1 });
  });

  test("a full disk spends nothing", async () => {
    const made = await groupWith(bob);
    const content = await welcomeOf(bob, made);
    const given = await anna.givenTo(bob);
    anna.store.failing = new UnavailableError(Code.DISK_FULL, "full");
    expect(await anna.deliver(given, content)).toBe(false);
    anna.store.failing = undefined;
    await anna.deliver(given, content);
    expect(groupOf(bob)).toBe(hex(made.group.groupId));
  });

  test("CK-577: not over another contact's address", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(anna, carol);
    expect(await isTaken(await anna.givenTo(carol), bob, await groupWith(bob))).toBe(false);
    expect(anna.drops).toEqual({ wrong_group: 1 });
  });

  test("CK-577: not from somebody who is no contact, or blocked", async () => {
    const mallory = await world.signUp("mallory");
    const given = await anna.givenTo(mallory);
    expect(await isTaken(given, mallory, await groupWith(mallory))).toBe(false);
    await anna.store.transaction((unit) => {
      const contact = anna.books.contacts.get(unit, bob.account.id);
      if (contact === undefined) throw new Error("no contact");
      contact.standing = Standing.BLOCKED;
      anna.books.contacts.save(unit, contact);
    });
    expect(await isTaken(await anna.givenTo(bob), bob, await groupWith(bob))).toBe(false);
    expect(anna.drops).toEqual({ refused: 2 });
  });

  test("CK-577: a new contact only over a sibling's address that is good", async () => {
    const mallory = await world.signUp("mallory");
    const given = await anna.givenToSiblings();
    const retired = await anna.store.transaction((unit) =>
      anna.books.addresses.revoke(unit, given, world.time),
    );
    expect(await isTaken(retired, mallory, await groupWith(mallory))).toBe(false);
    expect(known(mallory)).toBeUndefined();
    const good = await anna.givenToSiblings(); // the control
    expect(await isTaken(good, mallory, await groupWith(mallory))).toBe(true);
    expect(known(mallory)?.name).toBe("mallory.12345");
  });

  test("with ourselves is none", async () => {
    const made = await groupWith(bob);
    const changes = { list: anna.list.data };
    await anna.deliver(await anna.givenToSiblings(), await welcomeOf(bob, made, changes));
    expect(anna.drops).toEqual({ malformed: 1 });
  });

  test("CK-580: nobody else is in it", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(anna, carol);
    const made = await groupWith(bob, undefined, [], await carol.keyPackages(1));
    expect(await isTaken(await anna.givenTo(bob), bob, made)).toBe(false);
    expect(anna.drops).toEqual({ bad_credential: 1 });
  });

  test("CK-584: it takes the place of no group of another's", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(anna, carol);
    const own = await anna.store.transaction((unit) => anna.welcomes.ensureSelfGroup(unit));
    for (const victim of [own, anna.conversation(carol)]) {
      const before = hex((await anna.books.groups.state(anna.store, victim)).toBytes());
      const made = await groupWith(bob, victim.groupId);
      expect(await isTaken(await anna.givenTo(bob), bob, made)).toBe(false);
      expect(hex((await anna.books.groups.state(anna.store, victim)).toBytes())).toBe(before);
      expect(anna.books.groups.get(anna.store, victim.groupId)?.kind).toBe(victim.kind);
    }
    expect(anna.drops).toEqual({ wrong_group: 2 });
  });

  test("the id it says is the id it has", async () => {
    const made = await groupWith(bob);
    const changes = { group: random(GroupId, bob.books.rng) };
    await anna.deliver(await anna.givenTo(bob), await welcomeOf(bob, made, changes));
    expect(anna.drops).toEqual({ wrong_group: 1 });
  });

  test("CK-586: no extensions", async () => {
    const data = new Uint8Array([0]);
    const odd = [{ extensionType: ExtensionType.EXTERNAL_SENDERS, data }];
    const made = await groupWith(bob, undefined, odd);
    expect(await isTaken(await anna.givenTo(bob), bob, made)).toBe(false);
    expect(anna.drops).toEqual({ unexpected: 1 });
  });

  test("CK-563: under another identity key the person decides first", async () => {
    const { accountId, devices } = bob.list;
    const forged = await signFirst(accountId, generateIdentityKey(bob.books.rng), devices);
    const made = await groupWith(bob);
    expect(await isTaken(await anna.givenTo(bob), bob, made, { list: forged.data })).toBe(false);
    expect(known(bob)?.identityChanged).toBe(true);
    expect(anna.notices).toContain("identity changed");
  });

  describe("with two devices of the contact", () => {
    let tablet: Party;

    beforeEach(async () => {
      tablet = await world.link(bob);
      await settle(bob, tablet, anna);
      await settle(bob, tablet, anna);
    });

    test("CK-576: it moves no other device than its maker's", async () => {
      const [before, other] = [addressOf(bob), addressOf(tablet)];
      const address = await bob.siblingAddress();
      const devices = [bob.device, tablet.device].map((device) => ({ device, address }));
      const made = await groupWith(bob);
      expect(await isTaken(await anna.givenTo(bob), bob, made, { devices })).toBe(true);
      expect(addressOf(tablet)).toBe(other);
      expect(addressOf(bob)).not.toBe(before);
    });

    test("CK-576: a sibling of ours is known by its address and its signature", async () => {
      const other = addressOf(tablet);
      const address = await bob.siblingAddress();
      const devices = [{ device: tablet.device, address }];
      const made = await groupWith(bob);
      expect(await isTaken(await anna.givenToSiblings(), bob, made, { devices })).toBe(true);
      expect(addressOf(tablet)).toBe(other);
    });

    test("CK-598: a device that was revoked invites nobody", async () => {
      const made = await groupWith(tablet);
      const list = await bob.account.remove(tablet.device);
      await anna.store.transaction((unit) => anna.books.lists.learn(unit, list));
      expect(await isTaken(await anna.givenTo(bob), tablet, made)).toBe(false);
      expect(anna.drops).toEqual({ bad_credential: 1 });
      const again = await groupWith(bob, undefined, [], await tablet.keyPackages(1));
      // A group in which it still stands is joined; the next look removes it.
      expect(await isTaken(await anna.givenTo(bob), bob, again)).toBe(true);
    });
  });

  test("a new contact that nobody gives an address of is refused", async () => {
    const mallory = await world.signUp("mallory");
    const devices = [{ device: anna.device, address: await mallory.siblingAddress() }];
    const made = await groupWith(mallory);
    const given = await anna.givenToSiblings();
    expect(await isTaken(given, mallory, made, { devices })).toBe(false);
    expect(known(mallory)).toBeUndefined();
    expect(anna.drops).toEqual({ bad_credential: 1 });
  });
});

describe("a Welcome to the self group", () => {
  async function selfWelcome(from: Party) {
    const record = await from.store.transaction((unit) => from.welcomes.ensureSelfGroup(unit));
    const { groups, rng } = from.books;
    const state = await groups.state(from.store, record);
    const add = await anna.keyPackages(1);
    const made = await state.commit({ add, rng, now: world.time });
    return {
      kind: "welcome.self",
      message: made.welcome ?? new Uint8Array(),
      group: record.groupId,
      sequencer: record.sequencer,
      devices: [{ device: from.device, address: await from.siblingAddress() }],
    } as const;
  }

  let tablet: Party;

  beforeEach(async () => {
    tablet = await world.newDevice(anna.account);
    await anna.store.transaction((unit) => anna.books.lists.learn(unit, tablet.list));
  });

  test("is taken from our own devices only, CK-577", async () => {
    const content = await selfWelcome(tablet);
    expect(await failure(anna.welcomes.receiveSelfWelcome(await anna.givenTo(bob), content))).toBe(
      "PeerError wrong_group",
    );
    await anna.deliver(await anna.givenToSiblings(), content);
    expect(hex(anna.selfGroup().groupId)).toBe(hex(content.group));
    expect(anna.welcomes.linked.isSet).toBe(true);
    expect([...anna.books.siblings.addresses(anna.store).keys()]).toEqual([hex(tablet.device)]);
  });

  test("of two that were begun at once, the one with the lower id stays", async () => {
    const content = await selfWelcome(tablet);
    const own = await anna.store.transaction((unit) => anna.welcomes.ensureSelfGroup(unit));
    await anna.deliver(await anna.givenToSiblings(), content);
    const lower = [hex(own.groupId), hex(content.group)].sort()[0];
    expect(hex(anna.selfGroup().groupId)).toBe(lower);
    expect(anna.books.groups.all(anna.store)).toHaveLength(2); // with the conversation
    expect(anna.drops).toEqual(lower === hex(own.groupId) ? { unexpected: 1 } : {});
  });

  test("CK-580: nobody else is in it", async () => {
    const content = await selfWelcome(bob);
    await anna.deliver(await anna.givenToSiblings(), content);
    expect(anna.books.groups.selfGroup(anna.store)).toBeUndefined();
    expect(anna.drops).toEqual({ bad_credential: 1 });
  });
});
