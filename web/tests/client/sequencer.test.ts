/** Commits in the one order that the server keeps: races, lost answers, crashes, tricks. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import type { GroupRecord } from "../../client/groups.ts";
import { PENDING_KIND } from "../../client/pending_commit.ts";
import { ATTEMPTS } from "../../client/sequencer.ts";
import { type Bytes, concat, hex, uint } from "../../core/bytes.ts";
import { decodeOuter, encodeInner } from "../../core/content.ts";
import { sealBytes } from "../../core/envelope.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { MessageId, random } from "../../core/ids.ts";
import { ExtensionType, type Group, SUITE_ID } from "../../core/mls/index.ts";
import { SHA256 } from "../../core/mls/kdf.ts";
import { commitWith } from "../mls/world.ts";
import { failure, type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

const away = new UnavailableError(Code.UNAVAILABLE, "the answer was lost");

function sayTo(other: Party, text: string, from: Party): Promise<void> {
  return from.conversations.sendText(other.account.id, text);
}

/** Put a sealed message where the commit of the present epoch belongs, as a member can. */
async function forge(from: Party, make: (state: Group) => Promise<Bytes>): Promise<void> {
  const record = from.conversation();
  const { rng } = from.books;
  const state = await from.books.groups.state(from.store, record);
  const n = Number(state.epoch);
  const key = await state.exporter("visavis sequencer seal", new Uint8Array(), 32);
  const writeKey = await state.exporter("visavis sequencer", new Uint8Array(), 32);
  const sealed = await sealBytes(key, concat(record.sequencer, uint(n, 8)), await make(state), rng);
  const address = from.books.addresses.address(await from.givenTo(anna));
  const nextWriteKeyHash = SHA256.hash(writeKey);
  await world.api.commit(address, record.sequencer, n, { writeKey, sealed, nextWriteKeyHash });
}

async function isUntouched(party: Party, record: GroupRecord, epoch: number): Promise<void> {
  const state = await party.books.groups.state(party.store, record);
  expect([Number(state.epoch), state.isActive, state.extensions]).toEqual([epoch, true, []]);
}

test("two members commit at once: one wins, the other's comes on top (P8)", async () => {
  const results = await Promise.all(
    [anna, bob, anna, bob].map((party) => party.commit(party.conversation(), {})),
  );
  expect(results).toEqual([true, true, true, true]);
  await settle(anna, bob);
  expect(await anna.epoch(anna.conversation())).toBe(5);
  expect(await bob.epoch(bob.conversation())).toBe(5);
  expect(await anna.authenticator(anna.conversation())).toBe(
    await bob.authenticator(bob.conversation()),
  );
  await sayTo(anna, "in the new epoch", bob);
  await settle(anna);
  expect(anna.texts(bob)).toEqual(["in the new epoch"]);
});

describe("a commit whose answer was lost", () => {
  test.each([
    ["stored, and no answer", true],
    ["never sent", false],
  ])("%s", async (_, isStored) => {
    const record = anna.conversation();
    const offer = anna.api.commit;
    anna.api.commit = async (...args) => {
      if (isStored) await offer(...args);
      throw away;
    };
    expect(await failure(anna.commit(record, {}))).toBe("UnavailableError unavailable");
    expect(await anna.epoch(record)).toBe(1);
    anna = await anna.restarted();
    expect(await anna.pull(record)).toBe(1);
    expect(await anna.epoch(record)).toBe(2);
    expect(anna.store.count(PENDING_KIND)).toBe(0);
    await sayTo(bob, "epoch 2", anna);
    await settle(anna, bob);
    expect(bob.texts(anna)).toEqual(["epoch 2"]);
    expect(await bob.authenticator(bob.conversation())).toBe(await anna.authenticator(record));
  });

  test("and another member was first", async () => {
    const record = anna.conversation();
    anna.api.commit = async () => {
      throw away;
    };
    await failure(anna.commit(record, {}));
    await bob.commit(bob.conversation(), {});
    anna = await anna.restarted();
    expect(await anna.pull(record)).toBe(1);
    expect(anna.store.count(PENDING_KIND)).toBe(0);
    expect(await anna.authenticator(record)).toBe(await bob.authenticator(bob.conversation()));
  });

  test("CK-055: what was read meanwhile is not read twice", async () => {
    const record = anna.conversation();
    const offer = anna.api.commit;
    anna.api.commit = async () => {
      throw away;
    };
    await failure(anna.commit(record, {}));
    anna.api.commit = offer;
    await sayTo(anna, "once", bob);
    const [delivery] = anna.mailbox;
    await anna.receive();
    expect(anna.texts(bob)).toEqual(["once"]);
    expect(await anna.pull(record)).toBe(1);
    expect(await anna.epoch(record)).toBe(2);
    anna.mailbox = delivery === undefined ? [] : [delivery];
    await anna.receive();
    expect(anna.texts(bob)).toEqual(["once"]);
    expect(anna.drops).toEqual({ replayed: 1 });
  });
});

test("P5: a commit that was refused leaves its message key spent", async () => {
  const record = anna.conversation();
  const before = await anna.books.groups.state(anna.store, record);
  anna.api.commit = async () => {
    throw new PeerError(Code.MALFORMED, "no");
  };
  expect(await failure(anna.commit(record, {}))).toBe("PeerError malformed");
  expect(anna.store.count(PENDING_KIND)).toBe(0); // no retry will help
  const after = await anna.books.groups.state(anna.store, record);
  expect(after.epoch).toBe(before.epoch);
  expect(hex(after.toBytes())).not.toBe(hex(before.toBytes()));
});

test("a commit with nothing to do is none", async () => {
  const plan = vi.fn(() => undefined);
  const record = anna.conversation();
  const done = anna.books.groups.lock(record).run(() => anna.sequencers.commit(record, plan));
  expect(await done).toBe(false);
  expect(plan).toHaveBeenCalledTimes(1);
  await isUntouched(anna, record, 1);
});

test("who keeps being second gives up for now", async () => {
  let races = 0;
  anna.api.commit = async () => {
    races += 1;
    await bob.commit(bob.conversation(), {});
    throw new PeerError(Code.CONFLICT, "another was first");
  };
  expect(await failure(anna.commit(anna.conversation(), {}))).toBe("UnavailableError conflict");
  expect(races).toBe(ATTEMPTS);
});

describe("asking", () => {
  test("with one capability after another", async () => {
    const own = anna.books.addresses.address(await anna.givenTo(bob));
    world.dead.add(hex(SHA256.hash(new Uint8Array(own.capability))));
    // Bob shows Anna's address first, as hers is the lower account; then his own.
    expect(await bob.pull(bob.conversation())).toBe(0);
    expect(await failure(anna.pull(anna.conversation()))).toBe("UnavailableError unavailable");
  });

  test("another error than a refusal is not passed over", async () => {
    bob.api.pull = async () => {
      throw new AuthorizationError(Code.LOGIN_FAILED, "odd");
    };
    expect(await failure(bob.pull(bob.conversation()))).toBe("AuthorizationError login_failed");
  });

  test("a sequencer is created once; a lost answer counts as created", async () => {
    const carol = await world.signUp("carol");
    const record = await carol.store.transaction((unit) => carol.welcomes.ensureSelfGroup(unit));
    const create = carol.api.createSequencer;
    carol.api.createSequencer = async (...args) => {
      await create(...args);
      throw away;
    };
    expect(await failure(carol.pull(record))).toBe("UnavailableError unavailable");
    expect(carol.selfGroup().sequenced).toBe(false);
    carol.api.createSequencer = create;
    expect(await carol.pull(record)).toBe(0);
    expect(carol.selfGroup().sequenced).toBe(true);
    const again = vi.fn(create);
    carol.api.createSequencer = again;
    await carol.pull(record); // the record is from before, what counts is what is on disk
    expect(again).not.toHaveBeenCalled();
  });
});

test("the others are told to pull, and only the others", async () => {
  anna.sent.mockClear();
  await anna.commit(anna.conversation(), {});
  await anna.outbox.flush();
  const sent = anna.sent.mock.calls.map(([content]) => decodeOuter(content));
  expect(sent).toMatchObject([{ kind: "commit", epoch: 2 }]);
});

describe("what a member puts into the sequencer", () => {
  test("CK-585: a handshake in the clear", async () => {
    const { rng, now } = bob.books;
    await forge(bob, async (state) => {
      return (await state.commit({ rng, now: now(), public: true })).message;
    });
    expect(await failure(anna.pull(anna.conversation()))).toBe("PeerError unexpected");
    await isUntouched(anna, anna.conversation(), 1);
  });

  test("CK-573: something that is no commit", async () => {
    const { rng, now } = bob.books;
    const said = { id: random(MessageId, rng), at: now(), body: "hello" };
    const plain = encodeInner({ kind: "message.text", ...said });
    await forge(bob, (state) => state.encrypt(plain, { rng }));
    expect(await failure(anna.pull(anna.conversation()))).toBe("PeerError unexpected");
    await isUntouched(anna, anna.conversation(), 1);
    // Its key was not spent either: the step as a whole was undone.
    await sayTo(anna, "still here", bob);
    await settle(anna);
    expect(anna.texts(bob)).toEqual(["still here"]);
  });

  test("CK-586: extensions", async () => {
    const { rng, now } = bob.books;
    const data = uint(0, 1);
    const extensions = [{ extensionType: ExtensionType.EXTERNAL_SENDERS, data }];
    await forge(bob, async (state) => {
      return (await state.commit({ rng, now: now(), extensions })).message;
    });
    expect(await failure(anna.pull(anna.conversation()))).toBe("PeerError unexpected");
    await isUntouched(anna, anna.conversation(), 1);
  });

  test("CK-586: the group's end by a ReInit", async () => {
    const next = { groupId: uint(7, 16), version: 1, cipherSuite: SUITE_ID, extensions: [] };
    await forge(bob, (state) => commitWith(state, [{ kind: "reinit", ...next }]));
    expect(await failure(anna.pull(anna.conversation()))).toBe("PeerError unexpected");
    await isUntouched(anna, anna.conversation(), 1);
  });

  test("what is sealed with another key", async () => {
    const record = bob.conversation();
    const { rng } = bob.books;
    const state = await bob.books.groups.state(bob.store, record);
    const writeKey = await state.exporter("visavis sequencer", new Uint8Array(), 32);
    const sealed = await sealBytes(rng(32), uint(0, 8), uint(0, 8), rng);
    const address = bob.books.addresses.address(await bob.givenTo(anna));
    const offered = { writeKey, sealed, nextWriteKeyHash: rng(32) };
    await world.api.commit(address, record.sequencer, 1, offered);
    expect(await failure(anna.pull(anna.conversation()))).toBe("PeerError decryption");
    await isUntouched(anna, anna.conversation(), 1);
  });
});

test("one that is refused by `applied` is undone as a whole", async () => {
  const record = anna.conversation();
  await bob.commit(bob.conversation(), {});
  vi.spyOn(anna.membership, "applied").mockRejectedValueOnce(
    new PeerError(Code.BAD_CREDENTIAL, "no"),
  );
  expect(await failure(anna.pull(record))).toBe("PeerError bad_credential");
  await isUntouched(anna, record, 1);
  expect(await anna.pull(record)).toBe(1);
});

test("a contact that is forgotten while the server is asked: no fatal error", async () => {
  const record = anna.conversation();
  const pull = anna.api.pull;
  await bob.commit(bob.conversation(), {});
  anna.api.pull = async (...args) => {
    await anna.store.transaction((unit) => anna.books.groups.remove(unit, record));
    return await pull(...args);
  };
  expect(await failure(anna.pull(record))).toBe("PeerError wrong_group");
  expect(anna.books.groups.get(anna.store, record.groupId)).toBeUndefined();
});
