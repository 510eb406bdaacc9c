/** Proposals and commits that must be refused, sent by a member who keeps no rule but signs well. */

import { beforeEach, describe, expect, test } from "vitest";
import { type Bytes, fromHex, hex, utf8 } from "../../core/bytes.ts";
import type { CheckId } from "../../core/mls/checks.ts";
import * as codec from "../../core/mls/codec.ts";
import { processCommit } from "../../core/mls/commit_process.ts";
import {
  memberSender,
  readPublicMessage,
  type Sender,
  SenderType,
} from "../../core/mls/framing.ts";
import { encodeGroupContext } from "../../core/mls/group_context.ts";
import { ExtensionType, Group, requiredCapabilitiesExtension } from "../../core/mls/index.ts";
import { signLeaf } from "../../core/mls/key_package.ts";
import {
  type Capabilities,
  CredentialType,
  type Extension,
  type LeafNode,
  LeafSource,
} from "../../core/mls/leaf_node.ts";
import { checkProposal } from "../../core/mls/proposal_list.ts";
import {
  type Add,
  type Commit,
  type PreSharedKey,
  type Proposal,
  type ProposalOrRef,
  type ReInit,
  ResumptionUsage,
  type Update,
  type UpdatePath,
  type UpdatePathNode,
} from "../../core/mls/proposals.ts";
import { proposalReference } from "../../core/mls/receive.ts";
import { newUpdate } from "../../core/mls/sending.ts";
import { provisionalContext } from "../../core/mls/state.ts";
import { suiteOf } from "../../core/mls/suite.ts";
import { mergePath } from "../../core/mls/treekem.ts";
import { WireFormat } from "../../core/mls/wire.ts";
import { refused, stream } from "./refusals.ts";
import {
  anyone,
  commitWith,
  DAY,
  forge,
  GROUP_ID,
  makePackage,
  NOTHING,
  NOW,
  refusedBy,
  refuses,
  repackage,
  stateOf,
  twinOf,
  World,
} from "./world.ts";

const SUITE = suiteOf(1);
const PSK_ID = utf8("psk");

let world: World;

beforeEach(async () => {
  world = await World.make(4);
  for (const group of world.groups) await group.addPsk(PSK_ID, new Uint8Array(32).fill(5));
});

function psk(pskId: Bytes = PSK_ID, nonceSize = 32): PreSharedKey {
  return { kind: "psk", psk: { kind: "external", pskId, nonce: new Uint8Array(nonceSize) } };
}

function resumption(usage: ResumptionUsage, epoch = 1n): PreSharedKey {
  const nonce = new Uint8Array(32);
  return { kind: "psk", psk: { kind: "resumption", usage, groupId: GROUP_ID, epoch, nonce } };
}

function remove(removed: number): Proposal {
  return { kind: "remove", removed };
}

function context(...extensions: Extension[]): Proposal {
  return { kind: "group context extensions", extensions };
}

function reinit(changes: Partial<ReInit> = {}): ReInit {
  const groupId = utf8("next");
  return { kind: "reinit", groupId, version: 1, cipherSuite: 1, extensions: [], ...changes };
}

const EXTERNAL_INIT: Proposal = { kind: "external init", kemOutput: utf8("kem") };
const UNKNOWN_EXTENSION: Extension = { extensionType: 0x7777, data: NOTHING };
const reference = (data: Bytes): ProposalOrRef => ({ kind: "reference", reference: data });

function required(kind: "extensions" | "proposals" | "credentials", value: number): Proposal {
  const none = { extensions: [], proposals: [], credentials: [] };
  return context(requiredCapabilitiesExtension({ ...none, [kind]: [value] }));
}

function memberKey(leaf: number): Bytes {
  return stateOf(world.group(0)).tree.member(leaf).encryptionKey;
}

async function addOf(name: string, leaf: Partial<LeafNode> = {}, cipherSuite = 1): Promise<Add> {
  const bundle = await repackage(await makePackage(name), { cipherSuite }, leaf);
  return { kind: "add", keyPackage: bundle.struct() };
}

/** Another key package of a device. */
async function again(key: Bytes): Promise<Add> {
  const bundle = await makePackage("again", { rng: stream("again"), key });
  return { kind: "add", keyPackage: bundle.struct() };
}

/** An Update with a changed leaf, signed again, perhaps for another place. */
async function updateOf(
  group: Group,
  changes: Partial<LeafNode> = {},
  place = { groupId: GROUP_ID, leafIndex: group.ownLeaf },
): Promise<Update> {
  const state = stateOf(group);
  const [update] = await newUpdate(state, stream("update"));
  const leaf = { ...update.leafNode, ...changes };
  const leafNode = await signLeaf(SUITE, leaf, state.signaturePrivate, place);
  return { kind: "update", leafNode };
}

test("honest commits of the forger are accepted: the control of everything below", async () => {
  const good: Proposal[][] = [
    [],
    [remove(3)],
    [await addOf("x")],
    [psk()],
    [context()],
    [remove(3), await addOf("y"), psk()],
  ];
  for (const proposals of good) {
    for (const isPublic of [false, true]) {
      const twin = twinOf(world.group(1));
      const message = await commitWith(world.group(0), proposals, { public: isPublic });
      await twin.process(message, { now: NOW });
      expect(twin.epoch).toBe(2n);
    }
  }
});

const X509: Capabilities = {
  versions: [1],
  cipherSuites: [1],
  extensions: [],
  proposals: [],
  credentials: [1, 2],
};
const LONG_OVER = { notBefore: BigInt(NOW - 100 * DAY), notAfter: BigInt(NOW - 60 * DAY) };
/** A member whose credential the others cannot judge. */
const STRANGER: Partial<LeafNode> = {
  credential: { credentialType: CredentialType.X509, body: utf8("\x03abc") },
  capabilities: X509,
};

const LISTS: [CheckId, string, () => Promise<Proposal[]> | Proposal[]][] = [
  ["CK-071", "the committer removes itself", () => [remove(0)]],
  ["CK-072", "one member is removed twice", () => [remove(3), remove(3)]],
  ["CK-073", "the context changes twice", () => [context(), context()]],
  ["CK-074", "a ReInit with something else", () => [reinit(), remove(3)]],
  ["CK-074", "two ReInits", () => [reinit(), reinit()]],
  ["CK-075", "a member joins from outside", () => [EXTERNAL_INIT]],
  ["CK-076", "a PSK twice", () => [psk(), psk()]],
  ["CK-077", "a short nonce", () => [psk(PSK_ID, 31)]],
  ["CK-078", "a branch PSK", () => [resumption(ResumptionUsage.BRANCH)]],
  ["CK-078", "a reinit PSK", () => [resumption(ResumptionUsage.REINIT)]],
  ["CK-079", "a lower version", () => [reinit({ version: 0 })]],
  ["CK-010", "an unknown suite", () => [reinit({ cipherSuite: 99 })]],
  ["CK-084", "an unknown PSK", () => [psk(utf8("unknown"))]],
  ["CK-084", "an unknown epoch", () => [resumption(ResumptionUsage.APPLICATION, 99n)]],
  [
    "CK-085",
    "a tree in the context",
    () => [context({ extensionType: ExtensionType.RATCHET_TREE, data: NOTHING })],
  ],
  [
    "CK-085",
    "an external_pub in the context",
    () => [context({ extensionType: ExtensionType.EXTERNAL_PUB, data: NOTHING })],
  ],
  ["CK-086", "nobody there", () => [remove(4)]],
  ["CK-086", "outside of any tree", () => [remove(2 ** 32 - 1)]],
  [
    "CK-026",
    "a device twice",
    async () => [await addOf("x"), await again((await makePackage("x")).signaturePrivate)],
  ],
  ["CK-026", "a member again", async () => [await again(stateOf(world.group(2)).signaturePrivate)]],
  [
    "CK-027",
    "two joiners with one key",
    async () => {
      const joiner = await addOf("x");
      const { encryptionKey } = joiner.keyPackage.leafNode;
      return [joiner, await addOf("thief", { encryptionKey })];
    },
  ],
  [
    "CK-027",
    "a joiner with a member's key",
    async () => [await addOf("thief", { encryptionKey: memberKey(2) })],
  ],
  [
    "CK-020",
    "a package with an Update's leaf",
    async () => [await addOf("x", { source: LeafSource.UPDATE, lifetime: null })],
  ],
  ["CK-029", "a package long over", async () => [await addOf("old", { lifetime: LONG_OVER })]],
  ["CK-035", "another suite", async () => [await addOf("x", {}, 2)]],
  [
    "CK-021",
    "an unlisted extension",
    async () => [await addOf("x", { extensions: [UNKNOWN_EXTENSION] })],
  ],
  ["CK-007", "an extension twice", () => [context(UNKNOWN_EXTENSION, UNKNOWN_EXTENSION)]],
  ["CK-025", "an extension nobody knows", () => [context(UNKNOWN_EXTENSION)]],
  ["CK-023", "a required extension", () => [required("extensions", 9)]],
  ["CK-023", "a required proposal", () => [required("proposals", 9)]],
  ["CK-023", "a required credential", () => [required("credentials", 2)]],
  ["CK-024", "a credential nobody knows", async () => [await addOf("x", STRANGER)]],
];

describe("lists of proposals", () => {
  test.each(LISTS)("%s %s", async (ck, _, make) => {
    const proposals = await make();
    for (const isPublic of [false, true]) {
      const message = await commitWith(world.group(0), proposals, { public: isPublic });
      await refuses(ck, world.group(1), message);
    }
    // A committer refuses to make it in the first place.
    const removals = proposals.flatMap((p) => (p.kind === "remove" ? [p.removed] : []));
    if (removals.length < proposals.length) return;
    const [committer] = world.groups;
    if (committer === undefined) return;
    await refusedBy(ck, [committer], () => world.makeCommit(0, { remove: removals }));
  });

  test("CK-072 a member is removed and updated", async () => {
    const update = await world.group(1).propose({ rng: world.rng, now: NOW, update: true });
    for (const who of [0, 2, 3]) await world.group(who).process(update, { now: NOW });
    const pending = [...stateOf(world.group(0)).pending.values()];
    const [made] = [...stateOf(world.group(0)).pending.keys()];
    const proposals = [reference(fromHex(made ?? "")), remove(1)];
    const message = await commitWith(world.group(0), proposals, { pending, path: true });
    await refuses("CK-072", world.group(2), message);
  });

  test("CK-070 a committer does not update itself", async () => {
    const message = await commitWith(world.group(0), [await updateOf(world.group(0))]);
    await refuses("CK-070", world.group(1), message);
    await world.propose(0, { update: true });
    await world.commit(0); // leaves its own Update out
  });

  test("CK-082 a reference to nothing", async () => {
    const message = await commitWith(world.group(0), [reference(new Uint8Array(32))]);
    await refuses("CK-082", world.group(1), message);
  });

  test("CK-082 a proposal we did not get", async () => {
    const proposal = await world.group(0).propose({ rng: world.rng, now: NOW, remove: 3 });
    const { message } = await world.makeCommit(0);
    await refuses("CK-082", world.group(1), message);
    await world.group(1).process(proposal, { now: NOW });
    await world.group(1).process(message, { now: NOW });
  });
});

describe("Updates", () => {
  const cases: [CheckId, string, () => Partial<LeafNode>][] = [
    ["CK-020", "from a commit", () => ({ source: LeafSource.COMMIT, parentHash: NOTHING })],
    [
      "CK-022",
      "without its credential type",
      () => ({ capabilities: { ...X509, credentials: [] } }),
    ],
    ["CK-012", "with a key of small order", () => ({ encryptionKey: new Uint8Array(32) })],
    ["CK-021", "with an unlisted extension", () => ({ extensions: [UNKNOWN_EXTENSION] })],
    ["CK-028", "with the old key", () => ({ encryptionKey: memberKey(0) })],
  ];

  test.each(cases)("%s %s", async (ck, _, changes) => {
    const [one, two] = [world.group(0), world.group(1)];
    await refuses(ck, two, await forge(one, await updateOf(one, changes())));
    const good = await two.process(await forge(one, await updateOf(one)), { now: NOW });
    expect(good.kind).toBe("proposal");
  });

  test("CK-014 signed for another place", async () => {
    const [one, two] = [world.group(0), world.group(1)];
    for (const place of [
      { groupId: utf8("another"), leafIndex: 0 },
      { groupId: GROUP_ID, leafIndex: 1 },
    ]) {
      await refuses("CK-014", two, await forge(one, await updateOf(one, {}, place)));
    }
  });

  test("CK-083, CK-086 only members update", async () => {
    const { tree, context: now } = stateOf(world.group(0));
    const proposal = await updateOf(world.group(0));
    const attempt = (sender: Sender) =>
      checkProposal({ proposal, sender }, tree, now, { now: NOW, validator: anyone });
    await attempt(memberSender(0));
    const joiner = { senderType: SenderType.NEW_MEMBER_COMMIT, index: 0 };
    await refused("CK-083", () => attempt(joiner));
    await refused("CK-086", () => attempt(memberSender(9)));
  });

  test("CK-109 whose key we lost", async () => {
    await world.propose(1, { update: true });
    const { message } = await world.makeCommit(0);
    const forgetful = { ...stateOf(world.group(1)), pendingUpdates: new Map() };
    await refuses("CK-109", new Group(forgetful, anyone), message);
  });
});

test("CK-075 members do not propose to join from outside", async () => {
  await refuses("CK-075", world.group(1), await forge(world.group(0), EXTERNAL_INIT));
});

describe("paths", () => {
  test("CK-100 are demanded", async () => {
    for (const proposals of [[], [remove(3)], [context()], [remove(3), psk()]]) {
      const message = await commitWith(world.group(0), proposals, { path: false });
      await refuses("CK-100", world.group(1), message);
    }
    const update = await world.group(2).propose({ rng: world.rng, now: NOW, update: true });
    for (const who of [0, 1]) await world.group(who).process(update, { now: NOW });
    const held = stateOf(world.group(0)).pending;
    const proposals = [...held.keys()].map((key) => reference(fromHex(key)));
    const pending = [...held.values()];
    const message = await commitWith(world.group(0), proposals, { pending, path: false });
    await refuses("CK-100", world.group(1), message);
    for (const allowed of [[psk()], [await addOf("x")]]) {
      const twin = twinOf(world.group(1));
      await twin.process(await commitWith(world.group(0), allowed, { path: false }), { now: NOW });
    }
  });

  test("CK-100 by the removed member, too", async () => {
    const message = await commitWith(world.group(0), [remove(3)], { path: false });
    await refuses("CK-100", world.group(3), message);
  });

  function withNode(path: UpdatePath, at: number, changes: Partial<UpdatePathNode>): UpdatePath {
    const nodes = path.nodes.map((node, index) => (index === at ? { ...node, ...changes } : node));
    return { ...path, nodes };
  }

  async function withLeaf(path: UpdatePath, changes: Partial<LeafNode>): Promise<UpdatePath> {
    const leaf = { ...path.leafNode, ...changes };
    const place = { groupId: GROUP_ID, leafIndex: 0 };
    const key = stateOf(world.group(0)).signaturePrivate;
    return { ...path, leafNode: await signLeaf(SUITE, leaf, key, place) };
  }

  const secretsOf = (path: UpdatePath, at: number) => path.nodes[at]?.secrets ?? [];
  const sevens = new Uint8Array(32).fill(7);
  const zeros = new Uint8Array(32);

  const cases: [CheckId, string, (path: UpdatePath) => UpdatePath | Promise<UpdatePath>][] = [
    ["CK-101", "too short", (p) => ({ ...p, nodes: p.nodes.slice(0, -1) })],
    ["CK-101", "too long", (p) => ({ ...p, nodes: [...p.nodes, ...p.nodes.slice(-1)] })],
    ["CK-102", "no ciphertext", (p) => withNode(p, 0, { secrets: [] })],
    [
      "CK-102",
      "too many ciphertexts",
      (p) => withNode(p, 1, { secrets: [...secretsOf(p, 1), ...secretsOf(p, 1)] }),
    ],
    ["CK-103", "another parent hash", (p) => withLeaf(p, { parentHash: zeros })],
    ["CK-103", "another key", (p) => withNode(p, 1, { encryptionKey: sevens })],
    ["CK-104", "a member's key", (p) => withNode(p, 1, { encryptionKey: memberKey(2) })],
    ["CK-104", "a member's key as leaf", (p) => withLeaf(p, { encryptionKey: memberKey(2) })],
    [
      "CK-104",
      "a key twice",
      (p) => withNode(p, 1, { encryptionKey: p.nodes[0]?.encryptionKey ?? NOTHING }),
    ],
    ["CK-012", "small order", (p) => withNode(p, 1, { encryptionKey: zeros })],
    ["CK-011", "a short key", (p) => withNode(p, 1, { encryptionKey: utf8("short") })],
    [
      "CK-020",
      "an Update's leaf",
      (p) => withLeaf(p, { source: LeafSource.UPDATE, parentHash: null }),
    ],
    ["CK-028", "the old key", (p) => withLeaf(p, { encryptionKey: memberKey(0) })],
    [
      "CK-014",
      "a leaf that is not signed",
      (p) => ({ ...p, leafNode: { ...p.leafNode, signature: new Uint8Array(64) } }),
    ],
    ["CK-021", "an unlisted extension", (p) => withLeaf(p, { extensions: [UNKNOWN_EXTENSION] })],
    [
      "CK-015",
      "tampered ciphertexts",
      (p) => {
        const secrets = secretsOf(p, 0).map((sealed) => ({
          ...sealed,
          ciphertext: new Uint8Array(sealed.ciphertext.length),
        }));
        return withNode(p, 0, { secrets });
      },
    ],
  ];

  test.each(cases)("%s %s", async (ck, _, change) => {
    await refuses(ck, world.group(1), await commitWith(world.group(0), [], { change }));
  });

  /** Two leaves with one key: nobody could tell any more which of the two has spoken. */
  test("CK-026 with another member's signature key", async () => {
    const [state, victim] = [stateOf(world.group(0)), stateOf(world.group(2))];
    const tree = state.tree.copy();
    const { signatureKey } = tree.member(2);
    tree.setLeaf(0, { ...tree.member(0), signatureKey });
    const thief = { ...state, tree, signaturePrivate: victim.signaturePrivate };
    const options = { state: thief, key: state.signaturePrivate };
    await refuses("CK-026", world.group(1), await commitWith(world.group(0), [], options));
  });

  /** The committer seals a secret that does not belong to the key it published. */
  test("CK-105 with a secret that gives another key", async () => {
    const change = async (path: UpdatePath) => {
      const state = stateOf(world.group(0));
      const tree = state.tree.copy();
      await mergePath(tree, 0, path);
      const provisional = provisionalContext(state.context, [], tree.treeHash());
      const [kemOutput, ciphertext] = await SUITE.encryptWithLabel(
        memberKey(1),
        "UpdatePathNode",
        encodeGroupContext(provisional),
        sevens,
        stream("w"),
      );
      return withNode(path, 0, { secrets: [{ kemOutput, ciphertext }] });
    };
    await refuses("CK-105", world.group(1), await commitWith(world.group(0), [], { change }));
  });

  test("CK-109 without a key for us", async () => {
    const lost = { ...stateOf(world.group(1)), privates: new Map() };
    const { message } = await world.makeCommit(0);
    await refuses("CK-109", new Group(lost, anyone), message);
  });
});

describe("confirmation", () => {
  test("CK-106 a wrong tag", async () => {
    const changes = [
      (tag: Bytes) => new Uint8Array(tag.length),
      (tag: Bytes) => tag.slice(0, -1),
      () => NOTHING,
    ];
    for (const tag of changes) {
      for (const isPublic of [false, true]) {
        const message = await commitWith(world.group(0), [], { tag, public: isPublic });
        await refuses("CK-106", world.group(1), message);
      }
    }
  });

  test("CK-106 a PSK that we have otherwise", async () => {
    await world.group(1).addPsk(PSK_ID, utf8("another value"));
    const { message } = await world.makeCommit(0, { psks: [PSK_ID] });
    await refuses("CK-106", world.group(1), message);
  });

  test("CK-107 our own commit", async () => {
    const { message } = await world.makeCommit(0, { public: true });
    await refuses("CK-107", world.group(0), message);
  });
});

describe("external commits", () => {
  const joinerKey = new Uint8Array(32).fill(0x21);

  async function external(signaturePrivate = joinerKey): Promise<Bytes> {
    const [, commit] = await Group.externalJoin(await world.group(0).groupInfo(), {
      identity: utf8("joiner"),
      signaturePrivate,
      rng: stream("external"),
      now: NOW,
      validator: anyone,
    });
    return commit;
  }

  /** Change an external commit and sign it again. */
  async function reforge(
    message: Bytes,
    change: (commit: Commit) => Commit | Promise<Commit>,
    key?: Bytes,
  ): Promise<Bytes> {
    const { framed, auth } = codec.decode(message.slice(4), readPublicMessage);
    if (framed.content.kind !== "commit") throw new Error("no commit");
    return await forge(world.group(0), await change(framed.content), {
      public: true,
      sender: framed.sender,
      tag: auth.confirmationTag ?? NOTHING,
      ...(key === undefined ? {} : { key }),
    });
  }

  const plus =
    (...more: ProposalOrRef[]) =>
    (commit: Commit): Commit => ({ ...commit, proposals: [...commit.proposals, ...more] });

  const cases: [CheckId, string, (commit: Commit) => Commit | Promise<Commit>][] = [
    ["CK-075", "without ExternalInit", (c) => ({ ...c, proposals: [] })],
    ["CK-075", "with two", (c) => ({ ...c, proposals: [...c.proposals, ...c.proposals] })],
    ["CK-080", "that removes two", plus(remove(1), remove(2))],
    ["CK-080", "that brings a friend", async (c) => plus(await addOf("friend"))(c)],
    ["CK-080", "that changes the context", plus(context())],
    ["CK-081", "with a reference", plus(reference(new Uint8Array(32)))],
    ["CK-086", "that removes nobody", plus(remove(9))],
    ["CK-100", "without a path", (c) => ({ ...c, path: null })],
    ["CK-106", "with a PSK that was not mixed in", plus(psk())],
    [
      "CK-103",
      "with another parent hash",
      async (c) => {
        if (c.path === null) throw new Error("no path");
        const leaf = { ...c.path.leafNode, parentHash: new Uint8Array(32) };
        const place = { groupId: GROUP_ID, leafIndex: 4 };
        const leafNode = await signLeaf(SUITE, leaf, joinerKey, place);
        return { ...c, path: { ...c.path, leafNode } };
      },
    ],
  ];

  test.each(cases)("%s %s", async (ck, _, change) => {
    const message = await external();
    await refuses(ck, world.group(1), await reforge(message, change, joinerKey));
    await world.group(1).process(message, { now: NOW });
  });

  test("CK-014 signed by somebody else", async () => {
    const forged = await reforge(await external(), (same) => same);
    await refuses("CK-014", world.group(1), forged);
  });

  test("CK-026 with a member's key", async () => {
    await refused("CK-026", () => external(stateOf(world.group(2)).signaturePrivate));
  });

  test("CK-108 from a sender that cannot", async () => {
    const commit: Commit = { kind: "commit", proposals: [], path: null };
    for (const senderType of [SenderType.EXTERNAL, SenderType.NEW_MEMBER_PROPOSAL]) {
      const sender = { senderType, index: 0 };
      const framed = {
        groupId: GROUP_ID,
        epoch: 1n,
        sender,
        authenticatedData: NOTHING,
        content: commit,
      };
      const auth = { signature: NOTHING, confirmationTag: NOTHING };
      const signed = { wireFormat: WireFormat.PUBLIC_MESSAGE, framed, auth };
      const rules = { now: NOW, validator: anyone };
      const attempt = () => processCommit(stateOf(world.group(1)), signed, commit, rules);
      await refused("CK-108", attempt);
    }
  });
});

test("references are what the RFC says", async () => {
  const change = { rng: world.rng, now: NOW, remove: 3, public: true };
  const message = await world.group(0).propose(change);
  const { framed, auth } = codec.decode(message.slice(4), readPublicMessage);
  const wireFormat = WireFormat.PUBLIC_MESSAGE;
  const made = proposalReference(SUITE, { wireFormat, framed, auth });
  await world.group(1).process(message, { now: NOW });
  expect([...stateOf(world.group(1)).pending]).toEqual([
    [hex(made), { proposal: remove(3), sender: memberSender(0) }],
  ]);
});
