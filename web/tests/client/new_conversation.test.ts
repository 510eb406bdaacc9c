/** How a conversation begins: the group made from a request, the contact written with it. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { Purpose } from "../../client/addresses.ts";
import { ACCEPTED_KIND } from "../../client/contact_records.ts";
import { makeRequest, NewConversations } from "../../client/new_conversation.ts";
import { copy, hex } from "../../core/bytes.ts";
import { decodeOuter } from "../../core/content.ts";
import type { ContactRequest } from "../../core/content_outer.ts";
import { verifyAccept, verifyRequest } from "../../core/content_signed.ts";
import { MailboxId, RequestToken, random } from "../../core/ids.ts";
import { failure, type Party, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;
let changed: ReturnType<typeof vi.fn<() => void>>;
let conversations: NewConversations;

beforeEach(async () => {
  world = new World();
  anna = await world.signUp("anna");
  bob = await world.signUp("bob");
  changed = vi.fn();
  conversations = new NewConversations(anna.books, anna.outbox, anna.membership, changed);
});

async function request(from: Party, token = random(RequestToken, from.books.rng)) {
  const { mailbox } = anna.books.profile;
  return await from.store.transaction((unit) =>
    makeRequest(unit, from.books, token, copy(mailbox)),
  );
}

async function create(asked: ContactRequest, byHandle = false): Promise<void> {
  const offered = await verifyRequest(asked, copy(anna.books.profile.mailbox));
  await anna.store.transaction((unit) => conversations.create(unit, offered, asked, { byHandle }));
}

function known() {
  const found = anna.books.contacts.get(anna.store, bob.account.id);
  if (found === undefined) throw new Error("no contact");
  return found;
}

describe("a request", () => {
  test("made again for one token has the same address and a fresh key package", async () => {
    const token = random(RequestToken, bob.books.rng);
    const [first, second] = [await request(bob, token), await request(bob, token)];
    const capabilities = [first, second].map(({ devices }) =>
      hex(devices[0]?.address.capability ?? new Uint8Array()),
    );
    expect(capabilities[0]).toBe(capabilities[1]);
    const packages = [first, second].map(({ devices }) =>
      hex(devices[0]?.keyPackage ?? new Uint8Array()),
    );
    expect(packages[0]).not.toBe(packages[1]);
    await expect(verifyRequest(first, copy(bob.books.profile.mailbox))).rejects.toThrow();
  });
});

describe("an answer", () => {
  test("brings the conversation, signed for the mailbox it goes to", async () => {
    const asked = await request(bob);
    await create(asked);
    expect(known()).toMatchObject({ name: "bob.12345", member: true, state: "contact" });
    expect(anna.notices).toEqual(["contact added"]);
    expect(changed).toHaveBeenCalled();
    expect(anna.membership.dirty.has(hex(known().group))).toBe(true);
    expect(anna.store.count(ACCEPTED_KIND)).toBe(1);
    await anna.outbox.flush();
    const [sent] = anna.sent.mock.calls.map(([content]) => decodeOuter(content));
    if (sent?.kind !== "contact.accept") throw new Error("no answer");
    const { mailbox } = bob.books.profile;
    const list = await verifyAccept(sent, null, asked.token, mailbox);
    expect(hex(list.accountId)).toBe(hex(anna.account.id));
    const elsewhere = random(MailboxId, bob.books.rng);
    await expect(verifyAccept(sent, null, asked.token, elsewhere)).rejects.toThrow();
  });

  test("says how they came", async () => {
    await create(await request(bob), true);
    expect(anna.notices).toEqual(["contact added by handle"]);
  });

  test("is queued together with everything else, or not at all", async () => {
    const asked = await request(bob);
    anna.store.failing = new Error("full");
    await expect(create(asked)).rejects.toThrow("full");
    anna.store.failing = undefined;
    expect(anna.outbox.waiting()).toBe(0);
    expect(anna.books.contacts.all(anna.store)).toEqual([]);
    expect(anna.books.groups.all(anna.store)).toEqual([]);
    expect(anna.membership.dirty.size).toBe(0);
    expect(anna.notices).toEqual([]);
  });

  test("CK-579: the key package must be of the very device it is sent as", async () => {
    const carol = await world.signUp("carol");
    const asked = await request(bob);
    const [foreign = new Uint8Array()] = await carol.keyPackages(1);
    const tablet = await world.newDevice(bob.account);
    const [sibling = new Uint8Array()] = await tablet.keyPackages(1);
    const offered = tablet.list;
    for (const keyPackage of [foreign, sibling]) {
      const devices = asked.devices.map((entry) => ({ ...entry, keyPackage }));
      const odd = { ...asked, devices };
      const work = anna.store.transaction((unit) =>
        conversations.create(unit, offered, odd, { byHandle: false }),
      );
      expect(await failure(work)).toBe("PeerError bad_credential");
    }
    expect(anna.books.contacts.all(anna.store)).toEqual([]);
  });
});

describe("another conversation with the same contact", () => {
  test("goes on with the thread, its order and its name (P5)", async () => {
    await create(await request(bob));
    const first = anna.conversation();
    await anna.store.transaction((unit) => {
      const record = anna.books.groups.get(unit, first.groupId);
      if (record === undefined) throw new Error("no group");
      record.count = 17;
      anna.books.groups.save(unit, record);
    });
    const before = anna.books.addresses.current(anna.store, Purpose.CONTACT, bob.account.id);
    const again = await request(bob);
    await create({ ...again });
    const second = anna.books.groups.get(anna.store, known().group);
    expect(hex(second?.groupId ?? new Uint8Array())).not.toBe(hex(first.groupId));
    expect(second?.count).toBe(17);
    expect(hex(second?.thread ?? new Uint8Array())).toBe(hex(first.groupId));
    expect(hex(known().thread ?? new Uint8Array())).toBe(hex(first.groupId));
    const after = anna.books.addresses.current(anna.store, Purpose.CONTACT, bob.account.id);
    expect(hex(after?.name ?? new Uint8Array())).toBe(hex(before?.name ?? new Uint8Array(1)));
  });

  test("over the address of our own request: the older one is replaced", async () => {
    await create(await request(bob));
    const { books, store } = anna;
    const old = await anna.givenTo(bob);
    const token = random(RequestToken, books.rng);
    const record = books.groups.get(store, known().group);
    if (record === undefined) throw new Error("no group");
    await store.transaction(async (unit) => {
      const asked = books.addresses.mint(unit, Purpose.REQUEST, token);
      const state = await books.groups.state(unit, record);
      conversations.stand(unit, record, state, "bob", asked, token, { byHandle: false });
    });
    expect(books.addresses.given(store, old.name).retiredAt).toBe(world.time);
    const present = books.addresses.all(store, Purpose.CONTACT);
    expect(present).toHaveLength(1);
    expect(hex(present[0]?.subject ?? new Uint8Array())).toBe(hex(bob.account.id));
    expect(books.addresses.all(store, Purpose.REQUEST)).toEqual([]);
  });
});
