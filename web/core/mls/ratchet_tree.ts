/**
 * The ratchet tree (RFC 9420, 4 and 7): nodes, resolutions, hashes, adding and removing.
 *
 * A tree is changed only while it is being built from another: whoever applies proposals works on a
 * `copy()`, so a refused commit leaves no trace. Hashes are cached per node and forgotten along the
 * direct path of what changes: at 100 members a commit then hashes 8 nodes instead of 255.
 *
 * Checks of a whole tree are in `tree_check.ts`, paths in `treekem.ts`.
 */

import { type Bytes, concat } from "../bytes.ts";
import { ensure, refusal } from "./checks.ts";
import type { Reader } from "./codec.ts";
import * as codec from "./codec.ts";
import { encodeLeafNode, type LeafNode, readLeafNode } from "./leaf_node.ts";
import type { Suite } from "./suite.ts";
import * as treeMath from "./tree_math.ts";

/** A parent: the key shared by the leaves below it, except the unmerged ones (7.1). */
export type ParentNode = Readonly<{
  kind: "parent";
  encryptionKey: Bytes;
  parentHash: Bytes;
  unmergedLeaves: readonly number[];
}>;

/** Encode a parent node. */
export function encodeParentNode(parent: ParentNode): Bytes {
  return concat(
    codec.opaque(parent.encryptionKey),
    codec.opaque(parent.parentHash),
    codec.vector(parent.unmergedLeaves.map(codec.u32)),
  );
}

/** Decode a parent node (CK-046: one order, so one encoding and one hash). */
function readParentNode(reader: Reader): ParentNode {
  const encryptionKey = reader.opaque();
  const parentHash = reader.opaque();
  const unmergedLeaves = reader.items(codec.readU32);
  let last = -1;
  for (const leaf of unmergedLeaves) {
    ensure("CK-046", last < leaf);
    last = leaf;
  }
  return { kind: "parent", encryptionKey, parentHash, unmergedLeaves };
}

export type Node = LeafNode | ParentNode;

function encodeNode(node: Node): Bytes {
  return node.kind === "leaf"
    ? concat(codec.u8(1), encodeLeafNode(node))
    : concat(codec.u8(2), encodeParentNode(node));
}

function readNode(reader: Reader): Node {
  switch (reader.uint(1)) {
    case 1:
      return readLeafNode(reader);
    case 2:
      return readParentNode(reader);
    default:
      throw refusal("CK-005");
  }
}

/** A node of a filtered direct path, and its child on the copath. */
export type PathStep = Readonly<{ node: number; copath: number }>;

/** A full binary tree of optional nodes, leaves at even indices. */
export class RatchetTree {
  readonly suite: Suite;
  #nodes: (Node | null)[];
  #hashes = new Map<number, Bytes>();

  constructor(suite: Suite, nodes: (Node | null)[]) {
    this.suite = suite;
    this.#nodes = nodes;
  }

  /**
   * Decode the ratchet_tree extension's data (7.4.1).
   *
   * @throws PeerError Empty or blank at the end (CK-040), a node of the wrong kind (CK-041).
   */
  static decode(suite: Suite, data: Bytes): RatchetTree {
    const slots = [
      ...codec.decode(data, (reader) => reader.items((inner) => inner.optional(readNode))),
    ];
    ensure("CK-040", slots.length > 0 && slots.at(-1) !== null);
    for (const [index, node] of slots.entries()) {
      ensure("CK-041", node === null || (node.kind === "leaf") === (index % 2 === 0));
    }
    let width = 1;
    while (width < slots.length) width = 2 * width + 1;
    while (slots.length < width) slots.push(null);
    return new RatchetTree(suite, slots);
  }

  /** Encode as the ratchet_tree extension's data: without blanks at the end. */
  encode(): Bytes {
    const end = this.#nodes.findLastIndex((node) => node !== null) + 1;
    const slots = this.#nodes.slice(0, end);
    return codec.vector(
      slots.map((node) => codec.optional(node === null ? null : encodeNode(node))),
    );
  }

  /** Return a tree that can be changed without changing this one. */
  copy(): RatchetTree {
    const twin = new RatchetTree(this.suite, [...this.#nodes]);
    twin.#hashes = new Map(this.#hashes);
    return twin;
  }

  /** Number of nodes, blank ones included. */
  get width(): number {
    return this.#nodes.length;
  }

  /** Number of leaf places: a power of two. */
  get leafCount(): number {
    return (this.#nodes.length + 1) / 2;
  }

  /** Index of the root. */
  get root(): number {
    return (this.#nodes.length - 1) / 2;
  }

  /** Return a node by node index. */
  node(index: number): Node | null {
    return this.#nodes[index] ?? null;
  }

  /** Return a parent by node index (odd). */
  parentNode(index: number): ParentNode | null {
    const node = this.node(index);
    return node?.kind === "parent" ? node : null;
  }

  /** Return a leaf by leaf index, null if blank or outside the tree. */
  leaf(leafIndex: number): LeafNode | null {
    const node = this.node(2 * leafIndex);
    return node?.kind === "leaf" ? node : null;
  }

  /** Return a member's leaf (CK-047). */
  member(leafIndex: number): LeafNode {
    const leaf = this.leaf(leafIndex);
    if (leaf === null) throw refusal("CK-047");
    return leaf;
  }

  /** Return [leaf index, leaf] of all members, in the order of their leaves. */
  leaves(): [number, LeafNode][] {
    return this.#nodes.flatMap((node, index) =>
      node?.kind === "leaf" ? [[index / 2, node] satisfies [number, LeafNode]] : [],
    );
  }

  /** Return [node index, parent] of all parents that are not blank. */
  parents(): [number, ParentNode][] {
    return this.#nodes.flatMap((node, index) =>
      node?.kind === "parent" ? [[index, node] satisfies [number, ParentNode]] : [],
    );
  }

  /** Return the public keys of all nodes, `without` one node index. */
  encryptionKeys(without?: number): Bytes[] {
    return this.#nodes.flatMap((node, index) =>
      node === null || index === without ? [] : [node.encryptionKey],
    );
  }

  /** Return the nodes above `node`. */
  directPath(node: number): number[] {
    return treeMath.directPath(node, this.root);
  }

  #forget(node: number): void {
    this.#hashes.delete(node);
    for (const above of this.directPath(node)) this.#hashes.delete(above);
  }

  /** Put a leaf in its place; parents stay as they are. */
  setLeaf(leafIndex: number, leaf: LeafNode): void {
    this.#nodes[2 * leafIndex] = leaf;
    this.#forget(2 * leafIndex);
  }

  /** Put a parent in its place. */
  setParent(node: number, parent: ParentNode): void {
    this.#nodes[node] = parent;
    this.#forget(node);
  }

  /** Blank all parents above a leaf. */
  blankPath(leafIndex: number): void {
    for (const above of this.directPath(2 * leafIndex)) this.#nodes[above] = null;
    this.#forget(2 * leafIndex);
  }

  /** Return the leaf index that the next Add gets (12.1.1). */
  freeLeaf(): number {
    const place = this.#nodes.findIndex((node, index) => index % 2 === 0 && node === null);
    return place < 0 ? this.leafCount : place / 2;
  }

  /** Add a member at the leftmost free leaf and return its index (12.1.1). */
  add(leaf: LeafNode): number {
    const leafIndex = this.freeLeaf();
    if (leafIndex === this.leafCount) {
      const wider = 2 * this.#nodes.length + 1;
      while (this.#nodes.length < wider) this.#nodes.push(null);
    }
    for (const above of this.directPath(2 * leafIndex)) {
      const parent = this.parentNode(above);
      if (parent === null) continue;
      const unmergedLeaves = [...parent.unmergedLeaves, leafIndex].sort((a, b) => a - b);
      this.#nodes[above] = { ...parent, unmergedLeaves };
    }
    this.setLeaf(leafIndex, leaf);
    return leafIndex;
  }

  /** Replace a leaf and blank the parents above it (12.1.2). */
  update(leafIndex: number, leaf: LeafNode): void {
    this.setLeaf(leafIndex, leaf);
    this.blankPath(leafIndex);
  }

  /** Blank a leaf and its path, then halve the tree while its right half is empty (12.1.3). */
  remove(leafIndex: number): void {
    this.#nodes[2 * leafIndex] = null;
    this.blankPath(leafIndex);
    while (this.width > 1 && this.#nodes.slice(this.root + 1).every((node) => node === null)) {
      this.#nodes.length = this.root;
    }
    for (const index of [...this.#hashes.keys()]) {
      if (index >= this.width) this.#hashes.delete(index);
    }
  }

  /** Return the node indices that together cover all members below (4.1.1). */
  resolution(node: number): number[] {
    const value = this.node(node);
    if (value?.kind === "leaf") return [node];
    if (value?.kind === "parent") return [node, ...value.unmergedLeaves.map((leaf) => 2 * leaf)];
    if (node % 2 === 0) return [];
    return [...this.resolution(treeMath.left(node)), ...this.resolution(treeMath.right(node))];
  }

  /** Tell whether the resolution of a node is empty, without building it. */
  isEmptyBelow(node: number): boolean {
    const reach = 2 ** treeMath.level(node) - 1;
    return this.#nodes.slice(node - reach, node + reach + 1).every((below) => below === null);
  }

  /** Return the nodes above a leaf that need a key, lowest first (4.1.2). */
  filteredDirectPath(leafIndex: number): PathStep[] {
    const path: PathStep[] = [];
    let child = 2 * leafIndex;
    for (const node of this.directPath(child)) {
      const copath = treeMath.sibling(child);
      if (!this.isEmptyBelow(copath)) path.push({ node, copath });
      child = node;
    }
    return path;
  }

  /** Return the tree hash of a node, the root's by default (7.8). */
  treeHash(node = this.root): Bytes {
    const cached = this.#hashes.get(node);
    if (cached !== undefined) return cached;
    const made = this.#hash(node, []);
    this.#hashes.set(node, made);
    return made;
  }

  /** Return the hash of a subtree as it was before the leaves `without` were added (7.9). */
  originalHash(node: number, without: readonly number[]): Bytes {
    const inside = without.filter((leaf) => treeMath.isBelow(2 * leaf, node));
    return inside.length > 0 ? this.#hash(node, inside) : this.treeHash(node);
  }

  #hash(node: number, without: readonly number[]): Bytes {
    const { kdf } = this.suite;
    if (node % 2 === 0) {
      const leaf = without.includes(node / 2) ? null : this.leaf(node / 2);
      const encoded = codec.optional(leaf && encodeLeafNode(leaf));
      return kdf.hash(concat(codec.u8(1), codec.u32(node / 2), encoded));
    }
    const parent = this.parentNode(node);
    const original = parent && {
      ...parent,
      unmergedLeaves: parent.unmergedLeaves.filter((leaf) => !without.includes(leaf)),
    };
    return kdf.hash(
      concat(
        codec.u8(2),
        codec.optional(original && encodeParentNode(original)),
        codec.opaque(this.originalHash(treeMath.left(node), without)),
        codec.opaque(this.originalHash(treeMath.right(node), without)),
      ),
    );
  }

  /** Return the parent hash of a parent with the given child on the copath (7.9). */
  parentHash(parent: ParentNode, copath: number): Bytes {
    const original = this.originalHash(copath, parent.unmergedLeaves);
    return this.suite.kdf.hash(
      concat(
        codec.opaque(parent.encryptionKey),
        codec.opaque(parent.parentHash),
        codec.opaque(original),
      ),
    );
  }
}
