/** Another name of a contact, and of our own account: what may say so, and which word stands. */

import { beforeEach, describe, expect, test } from "vitest";
import { HandleTelling } from "../../client/own_handle.ts";
import { type Bytes, hex } from "../../core/bytes.ts";
import { encodeInner, encodeSibling } from "../../core/content.ts";
import { Standing } from "../../core/content_records.ts";
import type { Sibling } from "../../core/content_self.ts";
import { MessageId, random } from "../../core/ids.ts";
import { change, crafted, known } from "./sayings.ts";
import { type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

function saying(from: Party, name: string, count: number): Bytes {
  const { rng, now } = from.books;
  const id = random(MessageId, rng);
  return encodeInner({ kind: "contact.name", id, at: now(), name, count });
}

/** Have one party tell another a name, as no honest client might. */
async function tell(from: Party, to: Party, name: string, count: number): Promise<void> {
  const message = await crafted(from, from.conversation(to), saying(from, name, count));
  await to.deliver(await to.givenTo(from), message);
}

/** Anna's second device, in all her groups. */
async function linked(): Promise<Party> {
  const second = await world.link(anna);
  await settle(anna, second, bob);
  return second;
}

function renames(at: Party): string[][] {
  return at.books.history
    .allNotices(at.store)
    .flatMap(({ names }) => (names === undefined ? [] : [[names.was, names.name]]));
}

describe("a contact", () => {
  test("is called what it says, and the person is told", async () => {
    const was = known(anna, bob).name;
    await tell(bob, anna, "robert.10077", 1);
    expect([known(anna, bob).name, renames(anna)]).toEqual([
      "robert.10077",
      [[was, "robert.10077"]],
    ]);
    expect(anna.vaultChanged).toHaveBeenCalledOnce();
    expect(anna.books.contacts.record(anna.store, known(anna, bob)).named).toBe(1);
  });

  test("CK-765: a late word takes nothing back", async () => {
    await tell(bob, anna, "robert.10077", 2);
    await tell(bob, anna, "rob.10078", 1);
    await tell(bob, anna, "robin.10079", 2);
    expect([known(anna, bob).name, renames(anna).length]).toEqual(["robert.10077", 1]);
    await tell(bob, anna, "robin.10079", 3);
    expect(known(anna, bob).name).toBe("robin.10079");
  });

  test("CK-763: our own other device names nobody in its conversation", async () => {
    const was = known(anna, bob).name;
    const plain = saying(anna, "robert.10077", 1);
    const second = await linked();
    const message = await crafted(second, second.conversation(bob), plain);
    await anna.deliver(await anna.givenToSiblings(), message);
    expect([known(anna, bob).name, anna.drops]).toEqual([was, {}]);
    await tell(bob, anna, "robert.10077", 1); // the control
    expect(known(anna, bob).name).toBe("robert.10077");
  });

  test("CK-763: one that is blocked or in doubt has the name it had", async () => {
    const was = known(anna, bob).name;
    await change(anna, bob, (contact) => {
      contact.standing = Standing.BLOCKED;
    });
    await tell(bob, anna, "robert.10077", 1);
    await change(anna, bob, (contact) => {
      contact.standing = Standing.CONTACT;
      contact.identityChanged = true;
    });
    await tell(bob, anna, "robert.10077", 1);
    expect([known(anna, bob).name, renames(anna)]).toEqual([was, []]);
    await change(anna, bob, (contact) => {
      contact.identityChanged = false;
    });
    await tell(bob, anna, "robert.10077", 1); // the control
    expect(known(anna, bob).name).toBe("robert.10077");
  });

  test("CK-764: what no server hands out is refused", async () => {
    const was = known(anna, bob).name;
    for (const name of ["bоb.10077", "Robert.10077", "bob 10077", "bob~0123456789ab"]) {
      await tell(bob, anna, name, 1);
    }
    expect([known(anna, bob).name, anna.drops]).toEqual([was, { malformed: 4 }]);
  });

  test("CK-587: a name that another contact has gets its mark", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(anna, carol);
    const taken = known(anna, bob).name;
    await tell(carol, anna, taken, 1);
    const marked = `${taken}~${hex(carol.account.id).slice(0, 12)}`;
    expect(known(anna, carol).name).toBe(marked);
    expect(known(anna, bob).name).toBe(taken);
  });
});

describe("our own account", () => {
  const said = (handle: string, count: number): Sibling => ({ kind: "self.handle", handle, count });

  test("CK-765: another device of ours says its handle; the newest stands", async () => {
    const second = await linked();
    const record = second.books.groups.selfGroup(second.store);
    if (record === undefined) throw new Error("no self group");
    const was = anna.books.profile.handle;
    const words = [
      ["maria.10077", 2],
      ["marie.10078", 1],
    ] as const;
    for (const [handle, count] of words) {
      const message = await crafted(second, record, encodeSibling(said(handle, count)));
      await anna.deliver(await anna.givenToSiblings(), message);
    }
    expect(anna.books.profile.handle).toBe("maria.10077");
    expect(renames(anna)).toEqual([[was, "maria.10077"]]);
    const look = await crafted(second, record, encodeSibling(said("mаria.10079", 3)));
    await anna.deliver(await anna.givenToSiblings(), look);
    expect([anna.books.profile.handle, anna.drops]).toEqual(["maria.10077", { malformed: 1 }]);
  });

  test("contacts are told once, those that are blocked later", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(anna, carol);
    await change(anna, carol, (contact) => {
      contact.standing = Standing.BLOCKED;
    });
    const { books } = anna;
    await anna.store.transaction((unit) => {
      books.ownHandle.take(unit, { handle: "maria.10077", count: 1 }, { notice: false });
      books.ownHandle.haveTold(unit, [bob.account.id, carol.account.id]);
    });
    const telling = new HandleTelling(books, anna.conversations);
    await telling.tell();
    await telling.tell();
    await settle(bob, carol);
    expect([known(bob, anna).name, renames(bob).length]).toEqual(["maria.10077", 1]);
    expect(known(carol, anna).named).toBe(0);
    await change(anna, carol, (contact) => {
      contact.standing = Standing.CONTACT;
    });
    await telling.tell();
    await settle(carol);
    expect(known(carol, anna).name).toBe("maria.10077");
    expect(renames(anna)).toEqual([]);
  });
});
