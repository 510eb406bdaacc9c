/** Welcomes, GroupInfos and trees that must be refused by whoever joins. */

import { beforeEach, describe, expect, test } from "vitest";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import type { CheckId } from "../../core/mls/checks.ts";
import * as codec from "../../core/mls/codec.ts";
import {
  encodeGroupInfo,
  encodeGroupSecrets,
  encodeWelcome,
  type GroupInfo,
  type GroupSecrets,
  groupInfoToBeSigned,
  readGroupInfo,
  readGroupSecrets,
  readWelcome,
} from "../../core/mls/group_context.ts";
import { ExtensionType, Group, type KeyPackageBundle } from "../../core/mls/index.ts";
import { KeyPackageBundle as Bundle } from "../../core/mls/key_package.ts";
import { mixPsk, welcomeKey } from "../../core/mls/key_schedule.ts";
import { basicCredential, type LeafNode } from "../../core/mls/leaf_node.ts";
import { type PskId, ResumptionUsage } from "../../core/mls/proposals.ts";
import { RatchetTree } from "../../core/mls/ratchet_tree.ts";
import { suiteOf } from "../../core/mls/suite.ts";
import { WireFormat, wrapMessage } from "../../core/mls/wire.ts";
import { refused, stream } from "./refusals.ts";
import {
  anyone,
  GROUP_ID,
  makeFounder,
  makePackage,
  NOTHING,
  NOW,
  stateOf,
  World,
} from "./world.ts";

const SUITE = suiteOf(1);

/** A Welcome, taken apart so that a test can change any layer of it. */
class Invitation {
  readonly bundle: KeyPackageBundle;
  readonly message: Bytes;
  readonly info: GroupInfo;
  readonly secrets: GroupSecrets;
  readonly #signerKey: Bytes;

  private constructor(parts: {
    bundle: KeyPackageBundle;
    message: Bytes;
    info: GroupInfo;
    secrets: GroupSecrets;
    signerKey: Bytes;
  }) {
    this.bundle = parts.bundle;
    this.message = parts.message;
    this.info = parts.info;
    this.secrets = parts.secrets;
    this.#signerKey = parts.signerKey;
  }

  static async make(members: number, path = true): Promise<Invitation> {
    const world = await World.make(members);
    const bundle = await world.package("joiner");
    const { welcome } = await world.makeCommit(0, { add: [bundle.keyPackage], path });
    const message = welcome ?? NOTHING;
    const { secrets: sealed, encryptedGroupInfo } = codec.decode(message.slice(4), readWelcome);
    const { kemOutput = NOTHING, ciphertext = NOTHING } = sealed[0]?.sealed ?? {};
    const pair = [kemOutput, ciphertext] as const;
    const { initPrivate } = bundle;
    const opened = await SUITE.decryptWithLabel(initPrivate, "Welcome", encryptedGroupInfo, pair);
    const secrets = codec.decode(opened, readGroupSecrets);
    const [key, nonce] = infoKey(secrets);
    const plaintext = await SUITE.aead.open(key, nonce, NOTHING, encryptedGroupInfo);
    const info = codec.decode(plaintext, readGroupInfo);
    const signerKey = stateOf(world.group(0)).signaturePrivate;
    return new Invitation({ bundle, message, info, secrets, signerKey });
  }

  /** Put it together again, signed by its signer. */
  async seal(
    changes: Partial<GroupInfo> = {},
    secrets: Partial<GroupSecrets> = {},
    signerKey: Bytes | null = this.#signerKey,
  ): Promise<Bytes> {
    const unsigned = { ...this.info, ...changes };
    const content = groupInfoToBeSigned(unsigned);
    const signature =
      signerKey === null
        ? unsigned.signature
        : await SUITE.signWithLabel(signerKey, "GroupInfoTBS", content);
    const [key, nonce] = infoKey(this.secrets);
    const encoded = encodeGroupInfo({ ...unsigned, signature });
    const encryptedGroupInfo = await SUITE.aead.seal(key, nonce, NOTHING, encoded);
    const [kemOutput, ciphertext] = await SUITE.encryptWithLabel(
      this.bundle.struct().initKey,
      "Welcome",
      encryptedGroupInfo,
      encodeGroupSecrets({ ...this.secrets, ...secrets }),
      stream("seal"),
    );
    const entry = { newMember: this.bundle.reference, sealed: { kemOutput, ciphertext } };
    const welcome = encodeWelcome({ cipherSuite: 1, secrets: [entry], encryptedGroupInfo });
    return wrapMessage(WireFormat.WELCOME, welcome);
  }

  tree(): RatchetTree {
    const inside = this.info.extensions.find(({ extensionType }) => extensionType === 2);
    return RatchetTree.decode(SUITE, inside?.data ?? NOTHING);
  }

  /** What the GroupInfo says for another tree, tree hash included. */
  withTree(tree: RatchetTree): Partial<GroupInfo> {
    const context = { ...this.info.context, treeHash: tree.treeHash() };
    const extension = { extensionType: ExtensionType.RATCHET_TREE, data: tree.encode() };
    return { context, extensions: [extension] };
  }

  async join(message: Bytes, bundle = this.bundle, ratchetTree?: Bytes): Promise<Group> {
    const options = { now: NOW, validator: anyone };
    return await Group.join(
      message,
      bundle,
      ratchetTree === undefined ? options : { ...options, ratchetTree },
    );
  }

  async refuses(ck: CheckId, message: Bytes): Promise<void> {
    await refused(ck, () => this.join(message));
  }
}

function infoKey(secrets: GroupSecrets) {
  const joiner = mixPsk(SUITE, secrets.joinerSecret, new Uint8Array(32));
  return welcomeKey(SUITE, joiner.welcome);
}

const SEVENS: Bytes = new Uint8Array(32).fill(7);

describe("Welcomes", () => {
  let invitation: Invitation;

  beforeEach(async () => {
    invitation = await Invitation.make(3);
  });

  test("taken apart and put together still work: the control of everything below", async () => {
    expect((await invitation.join(invitation.message)).epoch).toBe(2n);
    expect((await invitation.join(await invitation.seal())).epoch).toBe(2n);
    expect(invitation.secrets.pathSecret).not.toBeNull();
    const same = await invitation.seal(invitation.withTree(invitation.tree()));
    expect((await invitation.join(same)).epoch).toBe(2n);
  });

  test("CK-120 not for us", async () => {
    const other = await makePackage("somebody else");
    await refused("CK-120", () => invitation.join(invitation.message, other));
  });

  test("CK-121 another suite", async () => {
    const body = invitation.message.slice();
    body[5] = 2;
    await invitation.refuses("CK-121", body);
    const context = { ...invitation.info.context, cipherSuite: 3 };
    await invitation.refuses("CK-121", await invitation.seal({ context }));
  });

  test("CK-008 a message of another kind", async () => {
    await invitation.refuses("CK-008", invitation.bundle.keyPackage);
  });

  test("CK-122 no tree", async () => {
    const bare = await invitation.seal({ extensions: [] });
    await invitation.refuses("CK-122", bare);
    const tree = invitation.tree().encode();
    expect((await invitation.join(bare, invitation.bundle, tree)).epoch).toBe(2n);
  });

  test("CK-042 another tree", async () => {
    const tree = invitation.tree();
    tree.remove(2);
    const bare = await invitation.seal({ extensions: [] });
    await refused("CK-042", () => invitation.join(bare, invitation.bundle, tree.encode()));
  });

  test("CK-123 a signer that is no member", async () => {
    for (const signer of [9, 2 ** 32 - 1]) {
      await invitation.refuses("CK-123", await invitation.seal({ signer }));
    }
  });

  test("CK-014 not signed by the signer", async () => {
    await invitation.refuses("CK-014", await invitation.seal({ signer: 1 }));
    const unsigned = await invitation.seal({ signature: new Uint8Array(64) }, {}, null);
    await invitation.refuses("CK-014", unsigned);
  });

  test("CK-124 our leaf is not as we made it", async () => {
    const tree = invitation.tree();
    tree.remove(3);
    tree.add((await makePackage("impostor")).struct().leafNode);
    await invitation.refuses("CK-124", await invitation.seal(invitation.withTree(tree)));
  });

  test.each(["initPrivate", "encryptionPrivate", "signaturePrivate"] as const)(
    "CK-127 the %s of another package",
    async (field) => {
      const { keyPackage, initPrivate, encryptionPrivate, signaturePrivate, reference } =
        invitation.bundle;
      const own = { keyPackage, initPrivate, encryptionPrivate, signaturePrivate, reference };
      const other = await makePackage("other");
      const mixed = new Bundle({ ...own, [field]: other[field] });
      await refused("CK-127", () => invitation.join(invitation.message, mixed));
    },
  );

  test("CK-106 a confirmation tag that does not fit", async () => {
    const confirmationTag = new Uint8Array(32);
    await invitation.refuses("CK-106", await invitation.seal({ confirmationTag }));
  });

  test("CK-105 a path secret for other keys", async () => {
    await invitation.refuses("CK-105", await invitation.seal({}, { pathSecret: SEVENS }));
  });

  test("CK-128 a path secret for a blank node", async () => {
    const alone = await Invitation.make(1, false);
    expect((await alone.join(await alone.seal())).epoch).toBe(1n);
    await alone.refuses("CK-128", await alone.seal({}, { pathSecret: SEVENS }));
  });

  test("CK-128 we did not invite ourselves", async () => {
    const own = invitation.bundle.signaturePrivate;
    await invitation.refuses("CK-128", await invitation.seal({ signer: 3 }, {}, own));
  });

  test("CK-084, CK-125 PSKs we do not have, or do not do", async () => {
    const nonce = new Uint8Array(32);
    const resumption = (usage: ResumptionUsage): PskId => {
      return { kind: "resumption", usage, groupId: GROUP_ID, epoch: 1n, nonce };
    };
    const cases: [CheckId, PskId][] = [
      ["CK-084", { kind: "external", pskId: utf8("unknown"), nonce }],
      ["CK-084", resumption(ResumptionUsage.APPLICATION)],
      ["CK-125", resumption(ResumptionUsage.BRANCH)],
      ["CK-125", resumption(ResumptionUsage.REINIT)],
    ];
    for (const [ck, psk] of cases) {
      await invitation.refuses(ck, await invitation.seal({}, { psks: [psk] }));
    }
  });

  test("CK-015 damage", async () => {
    const last = invitation.message.length - 1;
    const damaged = invitation.message.map((byte, at) => (at === last ? byte ^ 1 : byte));
    await invitation.refuses("CK-015", damaged);
  });
});

async function external(info: Bytes): Promise<Group> {
  const [group] = await Group.externalJoin(info, {
    identity: utf8("x"),
    signaturePrivate: new Uint8Array(32).fill(0x21),
    rng: stream("x"),
    now: NOW,
    validator: anyone,
  });
  return group;
}

/** Let member 0 sign for a tree of its choice. */
async function infoFor(world: World, change: (tree: RatchetTree) => void): Promise<Bytes> {
  const state = stateOf(world.group(0));
  const tree = state.tree.copy();
  tree.blankPath(0); // without a path no parent hash stands in the way of the change
  change(tree);
  const context = { ...state.context, treeHash: tree.treeHash() };
  return await new Group({ ...state, tree, context }, anyone).groupInfo();
}

describe("trees", () => {
  const cases: [CheckId, string, (member: LeafNode, next: LeafNode) => Partial<LeafNode>][] = [
    ["CK-014", "another credential", () => ({ credential: basicCredential(utf8("root")) })],
    ["CK-014", "no signature", () => ({ signature: new Uint8Array(64) })],
    ["CK-011", "a short key", () => ({ encryptionKey: utf8("short") })],
    ["CK-012", "a key of small order", () => ({ encryptionKey: new Uint8Array(32) })],
    ["CK-027", "another's key", (_, next) => ({ encryptionKey: next.encryptionKey })],
  ];

  /** A signer who is a member may lie about the others; their signatures are theirs. */
  test.each(cases)("%s a leaf with %s", async (ck, _, change) => {
    const world = await World.make(3);
    const info = await infoFor(world, (tree) => {
      const member = tree.member(1);
      tree.setLeaf(1, { ...member, ...change(member, tree.member(2)) });
    });
    await refused(ck, () => external(info));
    expect(await external(await infoFor(world, () => undefined))).toBeInstanceOf(Group);
  });

  test("CK-026 a signature key twice", async () => {
    const world = await World.make(2);
    const key = stateOf(world.group(1)).signaturePrivate;
    const { leafNode } = (await makePackage("again", { key })).struct();
    const info = await infoFor(world, (tree) => void tree.add(leafNode));
    await refused("CK-026", () => external(info));
  });
});

describe("GroupInfos", () => {
  async function resigned(change: (info: GroupInfo) => Partial<GroupInfo>): Promise<Bytes> {
    const group = await makeFounder();
    const info = codec.decode((await group.groupInfo()).slice(4), readGroupInfo);
    const changed = { ...info, ...change(info) };
    const content = groupInfoToBeSigned(changed);
    const key = stateOf(group).signaturePrivate;
    const signature = await SUITE.signWithLabel(key, "GroupInfoTBS", content);
    return wrapMessage(WireFormat.GROUP_INFO, encodeGroupInfo({ ...changed, signature }));
  }

  test("CK-126 without external_pub", async () => {
    expect(await external(await resigned(() => ({})))).toBeInstanceOf(Group);
    const bare = await resigned(({ extensions }) => ({ extensions: extensions.slice(0, 1) }));
    await refused("CK-126", () => external(bare));
  });

  test("CK-006 of another version", async () => {
    const message = await (await makeFounder()).groupInfo();
    for (const at of [1, 5]) {
      const other = message.map((byte, index) => (index === at ? 2 : byte));
      await refused("CK-006", () => external(other));
    }
  });

  test("CK-012 with an external_pub of small order", async () => {
    const data = codec.opaque(new Uint8Array(32));
    const small = { extensionType: ExtensionType.EXTERNAL_PUB, data };
    const bad = await resigned(({ extensions }) => ({
      extensions: [...extensions.slice(0, 1), small],
    }));
    await refused("CK-012", () => external(bad));
  });
});
