/** What a group can do, told as short stories. */

import { describe, expect, test } from "vitest";
import { type Bytes, hex, utf8 } from "../../core/bytes.ts";
import { AuthorizationError, Code, PeerError, UsageError } from "../../core/errors.ts";
import type { ProposeOptions } from "../../core/mls/group_options.ts";
import {
  type CommitApplied,
  type CredentialValidator,
  ExtensionType,
  Group,
  generateSignatureKey,
  type MemberInfo,
  newKeyPackage,
  peek,
  type Received,
  requiredCapabilitiesExtension,
  resumptionKey,
  SUITE_ID,
  welcomeReferences,
} from "../../core/mls/index.ts";
import { PAST_EPOCHS, RESUMPTION_EPOCHS } from "../../core/mls/state.ts";
import { stream } from "./refusals.ts";
import {
  ALL_SUITES,
  anyone,
  forge,
  GROUP_ID,
  makeFounder,
  makePackage,
  NOTHING,
  NOW,
  refusedBy,
  refuses,
  stateOf,
  World,
} from "./world.ts";

const REQUIRED = requiredCapabilitiesExtension({ extensions: [], proposals: [], credentials: [1] });

/** Read the content of an application message. */
function contentOf(received: Received): string {
  if (received.kind !== "application") throw new Error("no application message");
  return new TextDecoder().decode(received.content);
}

function applied(received: Received): CommitApplied {
  if (received.kind !== "commit") throw new Error("no commit");
  return received;
}

const names = (members: readonly MemberInfo[]) =>
  members.map(({ leafIndex, identity }) => `${leafIndex} ${new TextDecoder().decode(identity)}`);

describe("a life", () => {
  test.each(ALL_SUITES)("in suite %i", async (suiteId) => {
    const world = await World.make(4, { suiteId });
    const message = await world.group(0).encrypt(utf8("hello"), {
      rng: world.rng,
      authenticatedData: utf8("aad"),
    });
    expect(await world.group(1).process(message, { now: NOW })).toEqual({
      kind: "application",
      sender: world.group(0).members()[0],
      content: utf8("hello"),
      authenticatedData: utf8("aad"),
      epoch: 1n,
    });
    await world.propose(1, { update: true });
    await world.commit(2);
    await world.commit(3, { public: true });
    await world.commit(0, { remove: [2] });
    expect(world.group(2).isActive).toBe(false);
    world.groups.splice(2, 1);
    const [joined, commit] = await Group.externalJoin(await world.group(0).groupInfo(), {
      identity: utf8("outsider"),
      signaturePrivate: generateSignatureKey(suiteId, world.rng),
      rng: world.rng,
      now: NOW,
      validator: anyone,
    });
    await world.deliver(commit, -1);
    world.groups.push(joined);
    await world.agree();
    await world.commit(3);
    expect(new Set(world.groups.map((group) => group.suiteId))).toEqual(new Set([suiteId]));
  });

  test("alone", async () => {
    const group = await makeFounder();
    expect([group.epoch, group.ownLeaf, group.groupId]).toEqual([0n, 0, GROUP_ID]);
    expect(names(group.members())).toEqual(["0 member 0"]);
    const { group: after, welcome } = await group.commit({ rng: stream("alone"), now: NOW });
    expect([group.epoch, after.epoch, welcome]).toEqual([0n, 1n, null]);
    expect(after.epochAuthenticator).not.toEqual(group.epochAuthenticator);
  });
});

describe("commits", () => {
  test("a lost race costs nothing", async () => {
    const world = await World.make(3);
    const [one, two] = world.groups;
    const lost = await world.makeCommit(0, { add: [(await makePackage("x")).keyPackage] });
    const won = await world.makeCommit(1);
    for (const who of [0, 2]) await world.group(who).process(won.message, { now: NOW });
    world.groups[1] = won.group;
    await world.agree();
    expect(lost.group.epoch).toBe(one?.epoch);
    await refuses("CK-058", world.group(0), lost.message);
    expect(two?.epoch).toBe(1n); // its owner replaces it by won.group
  });

  test("the message key of a lost commit is not used again", async () => {
    const world = await World.make(2);
    const first = await world.makeCommit(0);
    const second = await world.makeCommit(0);
    expect(stateOf(world.group(0)).secretTree.handshake.get(0)?.generation).toBe(2);
    expect(first.message).not.toEqual(second.message);
    await world.group(1).process(second.message, { now: NOW });
  });

  test("tell what they did", async () => {
    const world = await World.make(3);
    const bundle = await world.package("new");
    const pending = await world.makeCommit(0, { add: [bundle.keyPackage], remove: [2] });
    const told = applied(await world.group(1).process(pending.message, { now: NOW }));
    expect([told.epoch, told.selfRemoved]).toEqual([2n, false]);
    expect(told.committer).toEqual(world.group(1).members()[0]);
    expect(names(told.added)).toEqual(["2 new"]);
    expect(names(told.removed)).toEqual(["2 member 2"]);
    const gone = applied(await world.group(2).process(pending.message, { now: NOW }));
    expect([gone.epoch, gone.selfRemoved]).toEqual([1n, true]);
  });

  test("a removed member reads nothing new, and keeps no key", async () => {
    const world = await World.make(3);
    const removed = world.group(2);
    const early = await world.encrypt(0, "before");
    await world.commit(0, { remove: [2] });
    await refuses("CK-051", removed, await world.encrypt(0, "after"));
    expect(contentOf(await removed.process(early, { now: NOW }))).toBe("before");
    const { rng } = world;
    const uses: (() => unknown)[] = [
      () => removed.encrypt(NOTHING, { rng }),
      () => removed.commit({ rng, now: NOW }),
      () => removed.propose({ rng, now: NOW, update: true }),
      () => removed.exporter("x", NOTHING, 32),
      () => removed.epochAuthenticator,
      () => removed.resumptionPsk,
      () => removed.groupInfo(),
    ];
    for (const use of uses) await refusedBy("CK-062", [removed], use);
    const { keys, privates, signaturePrivate, secretTree } = stateOf(removed);
    expect(Object.values(keys).every((key) => key.length === 0)).toBe(true);
    expect([privates.size, signaturePrivate.length, secretTree.secrets.size]).toEqual([0, 0, 0]);
  });

  test("joiners without a path still hear the next commit", async () => {
    const world = await World.make(3);
    const pair = [await world.package("a"), await world.package("b")];
    await world.add(0, pair, { path: false });
    await world.commit(4);
    await world.commit(3);
  });

  test("what is kept is bounded", async () => {
    const world = await World.make(2);
    for (let i = 0; i < RESUMPTION_EPOCHS + 3; i++) await world.commit(0);
    for (const group of world.groups) {
      expect(stateOf(group).past.length).toBe(PAST_EPOCHS);
      expect(stateOf(group).resumption.size).toBe(RESUMPTION_EPOCHS);
    }
  });
});

describe("proposals", () => {
  test("of every kind, by reference", async () => {
    const world = await World.make(4);
    const psk = new Uint8Array(32).fill(5);
    for (const group of world.groups) await group.addPsk(utf8("psk"), psk);
    const bundle = await world.package("new");
    await world.propose(0, { add: bundle.keyPackage });
    await world.propose(1, { update: true, public: true });
    await world.propose(2, { remove: 3 });
    await world.propose(0, { psk: utf8("psk") });
    await world.propose(1, { psk: world.group(0).epoch });
    const message = await world.propose(2, { extensions: [REQUIRED] });
    expect(peek(message)).toEqual({ kind: "private", groupId: GROUP_ID, epoch: 1n });
    expect(world.groups.every((group) => group.hasPending)).toBe(true);
    const resumption = world.group(1).resumptionPsk;
    const { welcome } = await world.commit(0);
    if (welcome === null) throw new Error("no Welcome");
    expect(welcomeReferences(welcome)).toEqual([bundle.reference]);
    const joined = await Group.join(welcome, bundle, {
      now: NOW,
      validator: anyone,
      psks: new Map([[hex(utf8("psk")), psk]]),
      resumptionPsks: new Map([[resumptionKey(GROUP_ID, 1n), resumption]]),
    });
    expect(joined.epochAuthenticator).toEqual(world.group(0).epochAuthenticator);
    expect(joined.extensions).toEqual([REQUIRED]);
    // Who made the Welcome is known to who came by it, and forgotten with this object.
    expect(joined.welcomedBy).toEqual(world.group(0).members()[0]);
    expect(world.group(0).welcomedBy).toBeNull();
    const restored = await Group.fromBytes(joined.toBytes(), { validator: anyone });
    expect(restored.welcomedBy).toBeNull();
    expect(world.group(3).isActive).toBe(false);
    expect(world.group(0).hasPending).toBe(false);
  });

  test("tell who and what, once", async () => {
    const world = await World.make(2);
    const message = await world.group(1).propose({ rng: world.rng, now: NOW, remove: 1 });
    const received = await world.group(0).process(message, { now: NOW });
    expect(received).toEqual({
      kind: "proposal",
      sender: world.group(0).members()[1],
      proposal: { kind: "remove", removed: 1 },
    });
    await refuses("CK-055", world.group(0), message);
  });

  test("in the clear and twice are one", async () => {
    const world = await World.make(2);
    const message = await world.propose(1, { remove: 1, public: true });
    const before = world.group(0).toBytes();
    for (const group of world.groups) await group.process(message, { now: NOW });
    expect(world.group(0).toBytes()).toEqual(before);
    await world.commit(0);
    expect(world.group(1).isActive).toBe(false);
  });

  test("that do not fit are left out", async () => {
    const world = await World.make(4);
    await world.propose(1, { update: true });
    await world.propose(1, { update: true });
    await world.propose(2, { remove: 1 });
    await world.propose(3, { remove: 1 });
    await world.propose(2, { remove: 0 });
    await world.propose(0, { update: true });
    const { keyPackage } = await world.package("twice");
    for (const who of [1, 2]) await world.propose(who, { add: keyPackage });
    for (const who of [2, 3]) await world.propose(who, { extensions: [] });
    await world.propose(3, { update: true });
    const { group } = await world.commit(0);
    expect(names(group.members())).toEqual(["0 member 0", "1 twice", "2 member 2", "3 member 3"]);
  });

  test("of ours go before pending ones", async () => {
    const world = await World.make(4);
    for (const group of world.groups) await group.addPsk(utf8("psk"), utf8("k"));
    await world.propose(1, { remove: 3 });
    await world.propose(2, { extensions: [] });
    const add = (await world.package("new")).keyPackage;
    await world.propose(2, { add });
    const changes = { remove: [3], extensions: [REQUIRED], add: [add] };
    const { group } = await world.commit(0, changes);
    expect(group.extensions).toEqual([REQUIRED]);
    expect(group.members().length).toBe(4);
  });

  test("the newest Update wins", async () => {
    const world = await World.make(3);
    await world.propose(1, { update: true });
    await world.propose(1, { update: true });
    const newest = [...stateOf(world.group(1)).pendingUpdates.keys()].at(-1);
    await world.commit(0);
    expect(hex(stateOf(world.group(1)).tree.member(1).encryptionKey)).toBe(newest);
    await world.commit(1);
  });

  test("can be passed over", async () => {
    const world = await World.make(3);
    await world.propose(1, { remove: 2 });
    await world.commit(0, { includePending: false });
    expect(world.group(2).isActive).toBe(true);
  });

  test("to end the group are not taken up", async () => {
    const world = await World.make(2);
    const reinit = { groupId: utf8("next"), version: 1, cipherSuite: 1, extensions: [] };
    const message = await forge(world.group(1), { kind: "reinit", ...reinit });
    await world.group(0).process(message, { now: NOW });
    expect(world.group(0).hasPending).toBe(true);
    const pending = await world.makeCommit(0);
    expect(pending.group.isActive).toBe(true);
    await world.group(1).process(pending.message, { now: NOW });
  });

  test("are one change each", async () => {
    const group = (await World.make(2)).group(0);
    const both = { rng: stream("x"), now: NOW };
    const changes: ProposeOptions[] = [both, { ...both, remove: 1, update: true }];
    for (const change of changes) await expect(group.propose(change)).rejects.toThrow(UsageError);
  });
});

describe("messages", () => {
  test("of past epochs", async () => {
    const world = await World.make(2);
    const letters: Bytes[] = [];
    for (let i = 0; i < PAST_EPOCHS + 1; i++) {
      letters.push(await world.encrypt(0, `letter ${i}`));
      await world.commit(1);
    }
    const [oldest, ...late] = letters;
    const reader = world.group(1);
    await refuses("CK-051", reader, oldest ?? NOTHING);
    for (const [index, letter] of late.entries()) {
      const received = await reader.process(letter, { now: NOW });
      expect(contentOf(received)).toBe(`letter ${index + 1}`);
      expect(received).toMatchObject({ epoch: BigInt(index + 2) });
      await refuses("CK-055", reader, letter);
    }
  });

  test("out of order within an epoch", async () => {
    const world = await World.make(2);
    const sent: Bytes[] = [];
    for (let i = 0; i < 6; i++) sent.push(await world.encrypt(0, `${i}`));
    for (const index of [5, 0, 3, 1, 4, 2]) {
      const received = await world.group(1).process(sent[index] ?? NOTHING, { now: NOW });
      expect(contentOf(received)).toBe(`${index}`);
    }
  });

  test("are padded", async () => {
    const group = (await World.make(2)).group(0);
    const sizeOf = async (size: number, padTo?: number) => {
      const options = { rng: stream("p"), ...(padTo === undefined ? {} : { padTo }) };
      return (await group.encrypt(new Uint8Array(size), options)).length;
    };
    const sizes = new Set<number>();
    for (let size = 0; size < 20; size++) sizes.add(await sizeOf(size));
    expect(sizes.size).toBeLessThanOrEqual(2);
    expect(await sizeOf(1, 0)).toBe((await sizeOf(0, 0)) + 1);
    expect(await sizeOf(0, 4096)).toBeGreaterThanOrEqual(4096);
  });
});

describe("joining", () => {
  test("with the tree from elsewhere", async () => {
    const world = await World.make(2);
    const bundle = await world.package("far");
    const add = [bundle.keyPackage];
    const pending = await world.commit(0, { add, welcomeWithTree: false });
    const welcome = pending.welcome ?? NOTHING;
    const options = { now: NOW, validator: anyone };
    await refusedBy("CK-122", [], () => Group.join(welcome, bundle, options));
    const { ratchetTree } = pending;
    const joined = await Group.join(welcome, bundle, { ...options, ratchetTree });
    expect(joined.epochAuthenticator).toEqual(pending.group.epochAuthenticator);
    const info = await world.group(0).groupInfo({ withTree: false });
    expect(info.length).toBeLessThan(ratchetTree.length);
  });

  test("an external joiner replaces its old self", async () => {
    const world = await World.make(3);
    const asked: (readonly [MemberInfo, MemberInfo | null])[] = [];
    const validator: CredentialValidator = async (now, old) => void asked.push([now, old]);
    world.groups[0] = new Group(stateOf(world.group(0)), validator);
    const info = await world.group(1).groupInfo({ withTree: false });
    const [joined, commit] = await Group.externalJoin(info, {
      identity: utf8("member 2"),
      signaturePrivate: generateSignatureKey(1, world.rng),
      rng: world.rng,
      now: NOW,
      validator: anyone,
      ratchetTree: world.group(1).ratchetTree(),
      resyncLeaf: 2,
    });
    expect(peek(commit).kind).toBe("public");
    const told: CommitApplied[] = [];
    for (const group of world.groups) told.push(applied(await group.process(commit, { now: NOW })));
    expect(told.map((each) => each.selfRemoved)).toEqual([false, false, true]);
    expect(names([...(told[0]?.added ?? []), ...(told[0]?.removed ?? [])])).toEqual([
      "2 member 2",
      "2 member 2",
    ]);
    world.groups[2] = joined;
    await world.agree();
    const [now, old] = asked.at(-1) ?? [];
    expect(now?.identity).toEqual(old?.identity);
    expect([now?.leafIndex, old?.leafIndex]).toEqual([2, 2]);
  });

  test("the resumption PSK links another group", async () => {
    const world = await World.make(2);
    const [first, second] = world.groups.map((group) => group.resumptionPsk);
    expect(first).toEqual(second);
    const other = await makeFounder();
    const bundle = await makePackage("linked");
    const id = utf8("link");
    await other.addPsk(id, first ?? NOTHING);
    const options = { add: [bundle.keyPackage], psks: [id], rng: stream("l"), now: NOW };
    const pending = await other.commit(options);
    const join = (psk: Bytes) =>
      Group.join(pending.welcome ?? NOTHING, bundle, {
        now: NOW,
        validator: anyone,
        psks: new Map([[hex(id), psk]]),
      });
    const linked = await join(second ?? NOTHING);
    expect(linked.epochAuthenticator).toEqual(pending.group.epochAuthenticator);
    await refusedBy("CK-015", [], () => join(utf8("other")));
  });

  test("psks can be forgotten", async () => {
    const world = await World.make(2);
    await world.group(0).addPsk(utf8("psk"), utf8("k"));
    await world.group(0).forgetPsk(utf8("psk"));
    await refusedBy("CK-084", world.groups, () => world.makeCommit(0, { psks: [utf8("psk")] }));
  });

  test("context extensions of a new group", async () => {
    const world = await World.make(2, { extensions: [REQUIRED] });
    for (const group of world.groups) expect(group.extensions).toEqual([REQUIRED]);
    const unknown = { extensionType: 0xabcd, data: NOTHING };
    await refusedBy("CK-025", [], () => makeFounder({ extensions: [unknown] }));
    expect(ExtensionType.LAST_RESORT).toBe(10);
  });

  test("the product suite is the default", async () => {
    const rng = stream("default");
    const bundle = await newKeyPackage({
      identity: utf8("x"),
      signaturePrivate: generateSignatureKey(SUITE_ID, rng),
      notBefore: NOW,
      notAfter: NOW,
      rng,
    });
    expect(bundle.struct().cipherSuite).toBe(0xf04d);
  });
});

/** An authentication service that knows whom it does not like. */
function disliking(name: string): CredentialValidator {
  return (member) => {
    if (new TextDecoder().decode(member.identity) === name) {
      throw new AuthorizationError(Code.BAD_CREDENTIAL, "not on the list");
    }
  };
}

describe("the validator", () => {
  test("judges everywhere", async () => {
    const world = await World.make(2);
    const { rng } = world;
    const bundle = await world.package("mallory");
    const add = bundle.keyPackage;
    const strict = new Group(stateOf(world.group(1)), disliking("mallory"));
    const before = strict.toBytes();
    const pending = await world.makeCommit(0, { add: [add] });
    const proposal = await world.group(0).propose({ rng, now: NOW, add });
    const [, external] = await Group.externalJoin(await world.group(0).groupInfo(), {
      identity: utf8("mallory"),
      signaturePrivate: generateSignatureKey(1, rng),
      rng,
      now: NOW,
      validator: anyone,
    });
    for (const message of [pending.message, proposal, external]) {
      await expect(strict.process(message, { now: NOW })).rejects.toThrow(AuthorizationError);
    }
    await expect(strict.commit({ add: [add], rng, now: NOW })).rejects.toThrow(AuthorizationError);
    await expect(strict.propose({ add, rng, now: NOW })).rejects.toThrow(AuthorizationError);
    expect(strict.toBytes()).toEqual(before);
    const join = (validator: CredentialValidator, presentValidator = validator) =>
      Group.join(pending.welcome ?? NOTHING, bundle, { now: NOW, validator, presentValidator });
    await expect(join(disliking("member 0"))).rejects.toThrow(AuthorizationError);
    expect(await join(disliking("nobody"))).toBeInstanceOf(Group);
  });

  test("of those present may be another", async () => {
    const world = await World.make(1);
    const bundle = await world.package("joiner");
    const { welcome } = await world.commit(0, { add: [bundle.keyPackage] });
    const joined = await Group.join(welcome ?? NOTHING, bundle, {
      now: NOW,
      validator: disliking("member 0"),
      presentValidator: anyone,
    });
    world.groups.push(joined);
    // From now on the first one judges: member 0 may not even update itself.
    const { message } = await world.makeCommit(0);
    await expect(joined.process(message, { now: NOW })).rejects.toThrow(AuthorizationError);
  });

  test("judges members in the order of their leaves, after all other checks", async () => {
    const world = await World.make(6);
    const asked: MemberInfo[] = [];
    await Group.externalJoin(await world.group(0).groupInfo(), {
      identity: utf8("x"),
      signaturePrivate: generateSignatureKey(1, world.rng),
      rng: world.rng,
      now: NOW,
      validator: async (member) => {
        asked.push(member);
        await Promise.resolve();
      },
    });
    expect(asked.map((member) => member.leafIndex)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("calls that overlap", () => {
  test("take turns in the order in which they were made", async () => {
    const world = await World.make(2);
    const [one, two] = [world.group(0), world.group(1)];
    const { rng } = world;
    const texts = ["a", "b", "c", "d"];
    const sent = await Promise.all(texts.map((text) => one.encrypt(utf8(text), { rng })));
    expect(stateOf(one).secretTree.application.get(0)?.generation).toBe(4);
    const read = await Promise.all(sent.map((message) => two.process(message, { now: NOW })));
    expect(read.map(contentOf)).toEqual(texts);
  });

  test("one of them refused does not disturb the others", async () => {
    const world = await World.make(2);
    const [one, two] = [world.group(0), world.group(1)];
    const first = await world.encrypt(0, "first");
    const { message } = await world.makeCommit(0);
    const outcomes = await Promise.allSettled(
      [first, first, utf8("nonsense"), message, message].map((m) => two.process(m, { now: NOW })),
    );
    const kinds = outcomes.map((o) => (o.status === "fulfilled" ? o.value.kind : o.reason));
    expect(kinds[0]).toBe("application");
    expect(kinds[3]).toBe("commit");
    for (const at of [1, 2, 4]) expect(kinds[at]).toBeInstanceOf(PeerError);
    expect([one.epoch, two.epoch]).toEqual([1n, 2n]);
  });

  test("a slow validator holds the next call up, not the state back", async () => {
    const world = await World.make(3);
    const slow = new Group(stateOf(world.group(1)), () => new Promise((go) => setTimeout(go, 20)));
    const pending = await world.makeCommit(0);
    const letter = await pending.group.encrypt(utf8("next epoch"), { rng: world.rng });
    const epochBefore = slow.epoch;
    const both = [pending.message, letter].map((m) => slow.process(m, { now: NOW }));
    const sent = slow.encrypt(utf8("mine"), { rng: world.rng });
    expect(slow.epoch).toBe(epochBefore);
    expect((await Promise.all(both)).map((r) => r.kind)).toEqual(["commit", "application"]);
    expect(contentOf(await pending.group.process(await sent, { now: NOW }))).toBe("mine");
  });

  test("wiping waits for its turn and stays", async () => {
    const world = await World.make(2);
    const group = world.group(0);
    const commit = group.commit({ rng: world.rng, now: NOW });
    await group.wipe();
    await commit;
    expect(group.isActive).toBe(false);
  });
});

describe("the end", () => {
  test("wiping drops every secret", async () => {
    const group = (await World.make(2)).group(0);
    await group.encrypt(utf8("x"), { rng: stream("w") });
    const secrets = [...stateOf(group).privates.values()].map(hex);
    expect(secrets.some((secret) => hex(group.toBytes()).includes(secret))).toBe(true);
    await group.wipe();
    expect(group.isActive).toBe(false);
    expect(secrets.some((secret) => hex(group.toBytes()).includes(secret))).toBe(false);
    expect(stateOf(group).past).toEqual([]);
    const before = group.toBytes();
    await group.wipe();
    expect(group.toBytes()).toEqual(before);
  });

  test("wiping a group that we were removed from", async () => {
    const world = await World.make(2);
    await world.commit(0, { remove: [1] });
    const gone = world.group(1);
    expect(stateOf(gone).past.length).toBe(1);
    await gone.wipe();
    expect(stateOf(gone).past).toEqual([]);
  });

  test("what waits for the sequencer learns which keys were spent meanwhile", async () => {
    const world = await World.make(2);
    const two = world.group(1);
    const letters = [await world.encrypt(0, "one"), await world.encrypt(0, "two")];
    const [first = NOTHING, second = NOTHING] = letters;
    const pending = await world.makeCommit(1);
    await two.process(first, { now: NOW });
    await pending.group.adoptPast(two);
    await refuses("CK-055", pending.group, first);
    expect(contentOf(await pending.group.process(second, { now: NOW }))).toBe("two");
    for (const wrong of [pending.group, (await World.make(3)).group(0)]) {
      await expect(two.adoptPast(wrong)).rejects.toThrow(UsageError);
    }
    await expect(two.adoptPast(two)).rejects.toThrow(UsageError);
  });

  test("logs show three bytes of an id and no secret", async () => {
    const world = await World.make(2);
    const group = world.group(0);
    expect(`${group}`).toBe(`Group(${hex(GROUP_ID.subarray(0, 3))}, epoch=1, leaf=0)`);
    expect(JSON.stringify({ group })).toBe(`{"group":"${group}"}`);
    const bundle = await makePackage("x");
    const shown = `KeyPackageBundle(${hex(bundle.reference.subarray(0, 3))})`;
    expect([`${bundle}`, JSON.stringify(bundle)]).toEqual([shown, `"${shown}"`]);
  });

  test("callers may wipe what they were given", async () => {
    const group = (await World.make(2)).group(0);
    const before = group.toBytes();
    group.epochAuthenticator.fill(0);
    group.resumptionPsk.fill(0);
    expect(group.toBytes()).toEqual(before);
  });
});
