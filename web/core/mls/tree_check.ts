/** Checks of a whole ratchet tree that somebody else built (RFC 9420, 7.9.2 and 12.4.3.1). */

import { type Bytes, equal } from "../bytes.ts";
import { ensure } from "./checks.ts";
import {
  allChecked,
  areDistinct,
  checkLeafItself,
  checkTogether,
  type Rules,
} from "./leaf_check.ts";
import { type Extensions, memberInfo } from "./leaf_node.ts";
import type { ParentNode, RatchetTree } from "./ratchet_tree.ts";
import * as treeMath from "./tree_math.ts";

/**
 * Check everything about a tree except its hash against a group context.
 *
 * @param tree The tree to join.
 * @param groupId Its group; leaves are signed for it.
 * @param contextExtensions Extensions of the group context.
 * @param rules Credential validation; lifetimes are not checked here (7.3).
 * @throws PeerError CK-011 to CK-027 and CK-043 to CK-045.
 * @throws VisavisError Whatever the validator throws.
 */
export async function checkTree(
  tree: RatchetTree,
  groupId: Bytes,
  contextExtensions: Extensions,
  rules: Rules,
): Promise<void> {
  checkUnmerged(tree);
  checkParentHashes(tree);
  checkUniqueKeys(tree);
  const { suite } = tree;
  for (const [, parent] of tree.parents()) await suite.kem.checkPublicKey(parent.encryptionKey);
  const leaves = tree.leaves();
  const lifetimes = false;
  await allChecked(
    leaves.map(([leafIndex, leaf]) =>
      checkLeafItself(leaf, suite, rules, { groupId, leafIndex, lifetimes }),
    ),
  );
  for (const [leafIndex, leaf] of leaves) await rules.validator(memberInfo(leaf, leafIndex), null);
  checkTogether(
    leaves.map(([, leaf]) => leaf),
    contextExtensions,
  );
}

/**
 * Refuse a tree in which two nodes share an encryption key (CK-027).
 *
 * A copied key lets its owner read path secrets meant for another part of the tree.
 */
export function checkUniqueKeys(tree: RatchetTree): void {
  ensure("CK-027", areDistinct(tree.encryptionKeys()));
}

/**
 * Check the lists of unmerged leaves (CK-044, CK-045).
 *
 * A leaf that is listed wrongly would get path secrets of a subtree it is not in, or none of its
 * own.
 */
export function checkUnmerged(tree: RatchetTree): void {
  for (const [index, parent] of tree.parents()) {
    for (const unmerged of parent.unmergedLeaves) {
      ensure("CK-044", tree.leaf(unmerged) !== null);
      ensure("CK-044", treeMath.isBelow(2 * unmerged, index));
      let between = treeMath.parent(2 * unmerged);
      while (between !== index) {
        const listed = tree.parentNode(between)?.unmergedLeaves;
        ensure("CK-045", listed === undefined || listed.includes(unmerged));
        between = treeMath.parent(between);
      }
    }
  }
}

/**
 * Check that each parent's key was made by a member below it (CK-043, RFC 9420, 7.9.2).
 *
 * Without this whoever sends the tree could put a key of their own into a parent and read what is
 * sealed to it.
 */
export function checkParentHashes(tree: RatchetTree): void {
  for (const [index, parent] of tree.parents()) {
    const left = treeMath.left(index);
    const right = treeMath.right(index);
    const vouched =
      isVouchedFor(tree, parent, left, right) || isVouchedFor(tree, parent, right, left);
    ensure("CK-043", vouched);
  }
}

/** Tell whether a node in the resolution of `child` vouches for the parent. */
function isVouchedFor(
  tree: RatchetTree,
  parent: ParentNode,
  child: number,
  copath: number,
): boolean {
  const unmerged = parent.unmergedLeaves.map((leaf) => 2 * leaf);
  const below = new Set(unmerged.filter((node) => treeMath.isBelow(node, child)));
  const resolution = tree.resolution(child);
  let expected: Bytes | null = null;
  for (const descendant of resolution) {
    const shown = tree.node(descendant)?.parentHash;
    const others = resolution.filter((node) => node !== descendant);
    const areUnmerged = others.length === below.size && others.every((node) => below.has(node));
    if (!shown?.length || !areUnmerged) continue;
    expected ??= tree.parentHash(parent, copath);
    if (equal(shown, expected)) return true;
  }
  return false;
}
