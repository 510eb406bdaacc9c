/** The ratchet tree and the checks of trees that others built. */

import { describe, expect, test } from "vitest";
import { type Bytes, hex } from "../../core/bytes.ts";
import * as codec from "../../core/mls/codec.ts";
import { encodeLeafNode } from "../../core/mls/leaf_node.ts";
import { encodeParentNode, type ParentNode, RatchetTree } from "../../core/mls/ratchet_tree.ts";
import { suiteOf } from "../../core/mls/suite.ts";
import {
  checkParentHashes,
  checkTree,
  checkUniqueKeys,
  checkUnmerged,
} from "../../core/mls/tree_check.ts";
import { refused } from "./refusals.ts";
import { anyone, GROUP_ID, NOTHING, NOW, stateOf, World } from "./world.ts";

const SUITE = suiteOf(1);
const SEVENS: Bytes = new Uint8Array(32).fill(7);

function treeOf(world: World): RatchetTree {
  return stateOf(world.group(0)).tree;
}

/** A group in which everybody has committed once: no blank parents. */
async function warm(members: number): Promise<World> {
  const world = await World.make(members);
  for (let who = 0; who < members; who++) await world.commit(who);
  return world;
}

function parentAt(tree: RatchetTree, node: number): ParentNode {
  const parent = tree.parentNode(node);
  if (parent === null) throw new Error("blank");
  return parent;
}

describe("a tree", () => {
  test("fills the leftmost hole and shrinks", async () => {
    const tree = treeOf(await World.make(5));
    expect(tree.leafCount).toBe(8);
    const leaf = tree.member(4);
    tree.remove(4);
    expect(tree.leafCount).toBe(4);
    tree.remove(1);
    expect(tree.leafCount).toBe(4);
    expect([tree.add(leaf), tree.add(leaf)]).toEqual([1, 4]);
    expect(tree.leafCount).toBe(8);
    for (const index of [4, 3, 2, 1]) tree.remove(index);
    expect([tree.leafCount, tree.width, tree.root]).toEqual([1, 1, 0]);
  });

  test("remembers no hash that is not true any more", async () => {
    const tree = treeOf(await warm(6));
    const hashes = (of: RatchetTree) =>
      Array.from({ length: of.width }, (_, node) => hex(of.treeHash(node)));
    const leaf = tree.member(5);
    const changes = [
      () => tree.setParent(3, { ...parentAt(tree, 3), encryptionKey: SEVENS }),
      () => tree.setLeaf(0, leaf),
      () => tree.update(2, leaf),
      () => tree.remove(1),
      () => tree.add(leaf),
      () => tree.blankPath(3),
      () => [6, 7, 8].map(() => tree.add(leaf)),
      () => [8, 7, 6, 5, 4].map((index) => tree.remove(index)),
    ];
    for (const change of changes) {
      hashes(tree); // so that there is something to forget
      change();
      expect(hashes(tree)).toEqual(hashes(RatchetTree.decode(SUITE, tree.encode())));
    }
    expect(tree.width).toBe(7);
  });

  test("is not changed through its copy", async () => {
    const tree = treeOf(await World.make(3));
    const before = tree.encode();
    const twin = tree.copy();
    twin.remove(1);
    expect(tree.encode()).toEqual(before);
    expect(twin.treeHash()).not.toEqual(tree.treeHash());
  });

  test("CK-047 has leaves of members only", async () => {
    const tree = treeOf(await World.make(3));
    expect(tree.member(2).kind).toBe("leaf");
    expect(tree.leaf(-1)).toBeNull();
    for (const index of [3, 4, 2 ** 31, 2 ** 32 - 1]) {
      await refused("CK-047", () => tree.member(index));
    }
  });
});

describe("decoding", () => {
  test("CK-040 empty or blank at the end", async () => {
    const encoded = treeOf(await World.make(2)).encode();
    expect(RatchetTree.decode(SUITE, encoded).encode()).toEqual(encoded);
    const nodes = codec.decode(encoded, codec.readOpaque);
    for (const bad of [NOTHING, Uint8Array.of(...nodes, 0)]) {
      await refused("CK-040", () => RatchetTree.decode(SUITE, codec.opaque(bad)));
    }
  });

  test("CK-041 nodes of the wrong kind", async () => {
    const leaf = Uint8Array.of(1, 1, ...encodeLeafNode(treeOf(await World.make(1)).member(0)));
    const node = { kind: "parent", encryptionKey: SEVENS, parentHash: NOTHING } as const;
    const encoded = encodeParentNode({ ...node, unmergedLeaves: [] });
    const parent = Uint8Array.of(1, 2, ...encoded);
    const decode = (slots: Bytes[]) => RatchetTree.decode(SUITE, codec.vector(slots));
    for (const bad of [[parent], [leaf, leaf], [leaf, Uint8Array.of(0), parent]]) {
      await refused("CK-041", () => decode(bad));
    }
    expect(decode([leaf, parent, leaf]).width).toBe(3);
    await refused("CK-005", () => decode([Uint8Array.of(1, 3)]));
  });

  test("CK-046 unmerged leaves in another order", async () => {
    const tree = treeOf(await warm(4));
    for (const unmergedLeaves of [
      [1, 0],
      [1, 1],
    ]) {
      tree.setParent(1, { ...parentAt(tree, 1), unmergedLeaves });
      await refused("CK-046", () => RatchetTree.decode(SUITE, tree.encode()));
    }
  });
});

describe("checks", () => {
  test("let good trees pass", async () => {
    for (const world of [await World.make(1), await World.make(5), await warm(6)]) {
      const { tree, context } = stateOf(world.group(0));
      await checkTree(tree, GROUP_ID, context.extensions, { now: NOW, validator: anyone });
    }
  });

  test("CK-043 a parent key that nobody below made", async () => {
    const tree = treeOf(await warm(4));
    checkParentHashes(tree);
    for (const [node, parent] of tree.parents()) {
      const forged = tree.copy();
      forged.setParent(node, { ...parent, encryptionKey: SEVENS });
      await refused("CK-043", () => checkParentHashes(forged));
    }
  });

  test("CK-043 holds with unmerged leaves and holes", async () => {
    const world = await warm(6);
    await world.commit(0, { remove: [2] });
    await world.add(4, [await world.package("late")], { path: false });
    await world.add(5, [await world.package("later")], { path: false });
    const tree = treeOf(world);
    expect(tree.parents().some(([, parent]) => parent.unmergedLeaves.length > 0)).toBe(true);
    checkParentHashes(tree);
    checkUnmerged(tree);
  });

  test("CK-044 unmerged leaves that are not members", async () => {
    const tree = treeOf(await warm(5));
    expect(tree.leafCount).toBe(8);
    for (const blank of [5, 7]) {
      const forged = tree.copy();
      const parent = parentAt(tree, tree.root);
      forged.setParent(tree.root, { ...parent, unmergedLeaves: [blank] });
      await refused("CK-044", () => checkUnmerged(forged));
    }
  });

  test("CK-044 unmerged leaves that are not below", async () => {
    const tree = treeOf(await warm(4));
    for (const wrong of [3, 200]) {
      const forged = tree.copy();
      forged.setParent(1, { ...parentAt(tree, 1), unmergedLeaves: [wrong] });
      await refused("CK-044", () => checkUnmerged(forged));
    }
  });

  test("CK-045 unmerged leaves that the nodes between do not list", async () => {
    const tree = treeOf(await warm(4));
    const unmergedLeaves = [0];
    tree.setParent(tree.root, { ...parentAt(tree, tree.root), unmergedLeaves });
    await refused("CK-045", () => checkUnmerged(tree));
    tree.setParent(1, { ...parentAt(tree, 1), unmergedLeaves });
    checkUnmerged(tree);
  });

  test("CK-027 a key twice", async () => {
    const tree = treeOf(await World.make(3));
    checkUniqueKeys(tree);
    const { encryptionKey } = tree.member(1);
    tree.setLeaf(2, { ...tree.member(2), encryptionKey });
    await refused("CK-027", () => checkUniqueKeys(tree));
  });

  test("CK-043 before CK-012: a parent's key of small order", async () => {
    const tree = treeOf(await warm(2));
    tree.setParent(1, { ...parentAt(tree, 1), encryptionKey: new Uint8Array(32) });
    await refused("CK-043", () => checkTree(tree, GROUP_ID, [], { now: NOW, validator: anyone }));
  });
});
