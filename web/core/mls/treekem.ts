/**
 * Update paths (RFC 9420, 7.4 to 7.6): giving a subtree new keys, and learning them.
 *
 * `newPath` makes one for a committer, `mergePath` puts a received one into a tree, `openPath` finds
 * the secret in it that is for us.
 */

import { type Bytes, equal, type Rng, wipe } from "../bytes.ts";
import { ensure, refusal } from "./checks.ts";
import { signLeaf } from "./key_package.ts";
import { areDistinct } from "./leaf_check.ts";
import { type LeafNode, LeafSource } from "./leaf_node.ts";
import type { HpkeCiphertext, UpdatePath } from "./proposals.ts";
import type { PathStep, RatchetTree } from "./ratchet_tree.ts";
import type { Suite } from "./suite.ts";
import * as treeMath from "./tree_math.ts";

const LABEL = "UpdatePathNode";

/** Derive a parent's [private, public] key from its path secret (7.4). */
export async function nodeKeyPair(suite: Suite, pathSecret: Bytes): Promise<[Bytes, Bytes]> {
  const [privateKey, publicKey] = await suite.kem.deriveKeyPair(
    suite.deriveSecret(pathSecret, "node"),
  );
  return [privateKey, publicKey];
}

/** Derive the path secret of the next node up, or the commit secret above the root. */
function nextPathSecret(suite: Suite, pathSecret: Bytes): Bytes {
  return suite.deriveSecret(pathSecret, "path");
}

/** The secrets of a chain of nodes: one each, and what follows above the last. */
type Chain = Readonly<{ nodes: readonly ChainNode[]; commitSecret: Bytes }>;
type ChainNode = Readonly<{ node: number; pathSecret: Bytes; privateKey: Bytes; publicKey: Bytes }>;

/** Derive secrets and keys of nodes upward from the path secret of the first. */
async function deriveChain(suite: Suite, nodes: readonly number[], first: Bytes): Promise<Chain> {
  let secret = first;
  const secrets: [number, Bytes][] = [];
  for (const node of nodes) {
    secrets.push([node, secret]);
    secret = nextPathSecret(suite, secret);
  }
  const derived = secrets.map(async ([node, pathSecret]) => {
    const [privateKey, publicKey] = await nodeKeyPair(suite, pathSecret);
    return { node, pathSecret, privateKey, publicKey };
  });
  return { nodes: await Promise.all(derived), commitSecret: secret };
}

/** A path we made. */
export type NewPath = Readonly<{
  /** What is sent. */
  path: UpdatePath;
  /** The secret above the root. */
  commitSecret: Bytes;
  /** Private keys of our leaf and the nodes above it, by node index. */
  privates: ReadonlyMap<number, Bytes>;
  /** Path secrets by node index, for the Welcome. */
  pathSecrets: ReadonlyMap<number, Bytes>;
}>;

/** Put public keys on a filtered direct path, root first; returns the leaf's parent hash. */
function setPath(tree: RatchetTree, path: readonly PathStep[], keys: readonly Bytes[]): Bytes {
  let parentHash: Bytes = new Uint8Array(0);
  for (const [index, { node, copath }] of [...path.entries()].reverse()) {
    const encryptionKey = keys[index];
    ensure("CK-101", encryptionKey !== undefined);
    const parent = { kind: "parent", encryptionKey, parentHash, unmergedLeaves: [] } as const;
    tree.setParent(node, parent);
    parentHash = tree.parentHash(parent, copath);
  }
  return parentHash;
}

/** Who makes a path, for which group. */
type PathMaker = Readonly<{
  /** The committer, whose leaf is in the tree. */
  leafIndex: number;
  /** Its signature key. */
  signaturePrivate: Bytes;
  groupId: Bytes;
  /** Encodes the provisional group context for a tree hash (12.4.1). */
  contextOf: (treeHash: Bytes) => Bytes;
  /**
   * Leaf indices of members that this commit adds: they learn their secret from the Welcome
   * instead.
   */
  added: readonly number[];
  rng: Rng;
}>;

/**
 * Make a fresh path for a member and put it into the tree.
 *
 * @param tree The tree after the proposals; it is changed.
 * @param maker Who makes it.
 * @returns The path and its secrets.
 */
export async function newPath(tree: RatchetTree, maker: PathMaker): Promise<NewPath> {
  const { suite } = tree;
  const { leafIndex, rng } = maker;
  const filtered = tree.filteredDirectPath(leafIndex);
  tree.blankPath(leafIndex);
  const first = rng(suite.nh);
  const [[leafPrivate, leafKey], chain] = await Promise.all([
    suite.kem.deriveKeyPair(rng(suite.kem.nsk)),
    deriveChain(
      suite,
      filtered.map(({ node }) => node),
      first,
    ),
  ]);
  const keys = chain.nodes.map(({ publicKey }) => publicKey);
  const unsigned: LeafNode = {
    ...tree.member(leafIndex),
    encryptionKey: leafKey,
    source: LeafSource.COMMIT,
    lifetime: null,
    parentHash: setPath(tree, filtered, keys),
  };
  const place = { groupId: maker.groupId, leafIndex };
  const leafNode = await signLeaf(suite, unsigned, maker.signaturePrivate, place);
  tree.setLeaf(leafIndex, leafNode);
  const context = maker.contextOf(tree.treeHash());
  const sealed = filtered.map(async ({ copath }, index) => {
    const made = chain.nodes[index];
    if (made === undefined) throw refusal("CK-101");
    const secrets = await seal(tree, copath, maker, context, made.pathSecret);
    return { encryptionKey: made.publicKey, secrets };
  });
  return {
    path: { leafNode, nodes: await Promise.all(sealed) },
    commitSecret: chain.commitSecret,
    privates: new Map([
      ...chain.nodes.map(({ node, privateKey }) => [node, privateKey] as const),
      [2 * leafIndex, leafPrivate],
    ]),
    pathSecrets: new Map(chain.nodes.map(({ node, pathSecret }) => [node, pathSecret])),
  };
}

/** Seal a path secret to every node of the copath's resolution, all at once. */
async function seal(
  tree: RatchetTree,
  copath: number,
  { added, rng }: PathMaker,
  context: Bytes,
  pathSecret: Bytes,
): Promise<HpkeCiphertext[]> {
  const sealed = receivers(tree, copath, added).map(async (index) => {
    const node = tree.node(index);
    if (node === null) throw refusal("CK-102"); // a resolution holds no blanks
    const [kemOutput, ciphertext] = await tree.suite.encryptWithLabel(
      node.encryptionKey,
      LABEL,
      context,
      pathSecret,
      rng,
    );
    return { kemOutput, ciphertext };
  });
  return await Promise.all(sealed);
}

/** Return the nodes a path secret is sealed to: the copath's resolution without the new members. */
function receivers(tree: RatchetTree, copath: number, added: readonly number[]): number[] {
  const skipped = new Set(added.map((leaf) => 2 * leaf));
  return tree.resolution(copath).filter((index) => !skipped.has(index));
}

/**
 * Put a received path into the tree.
 *
 * The checks of the leaf itself (7.3) are the caller's.
 *
 * @param tree The tree after the proposals; it is changed.
 * @param leafIndex The committer.
 * @param path What was received.
 * @returns The filtered direct path.
 * @throws PeerError CK-011, CK-012, CK-101, CK-103, CK-104.
 */
export async function mergePath(
  tree: RatchetTree,
  leafIndex: number,
  path: UpdatePath,
): Promise<PathStep[]> {
  const filtered = tree.filteredDirectPath(leafIndex);
  ensure("CK-101", path.nodes.length === filtered.length);
  const keys = path.nodes.map((node) => node.encryptionKey);
  // A key already in the tree belongs to somebody else, who could then read these secrets.
  // (The old leaf is compared by CK-028; an external joiner's new one is there already.)
  const known = tree.encryptionKeys(2 * leafIndex);
  ensure("CK-104", areDistinct([...known, ...keys, path.leafNode.encryptionKey]));
  for (const key of keys) await tree.suite.kem.checkPublicKey(key);
  tree.blankPath(leafIndex);
  // The chain of parent hashes proves that the committer's leaf stands for all these keys.
  const { parentHash } = path.leafNode;
  ensure("CK-103", parentHash !== null && equal(setPath(tree, filtered, keys), parentHash));
  tree.setLeaf(leafIndex, path.leafNode);
  return filtered;
}

/** What a member learns from a path: the commit secret and the private keys it now has. */
type OpenedPath = Readonly<{
  pathSecret: Bytes;
  commitSecret: Bytes;
  privates: ReadonlyMap<number, Bytes>;
}>;

/** Who opens a path. */
type PathOpener = Readonly<{
  /** Our leaf index. */
  ownLeaf: number;
  /** Our private keys by node index, without those the path replaced. */
  privates: ReadonlyMap<number, Bytes>;
  /** Encoded provisional group context. */
  context: Bytes;
  /** Leaf indices added by this commit. */
  added: readonly number[];
}>;

/**
 * Decrypt the path secret that is for us and derive the keys above it.
 *
 * @param tree The tree with the path merged.
 * @param filtered From `mergePath`.
 * @param path What was received.
 * @param opener Who we are.
 * @returns The secrets.
 * @throws PeerError CK-015, CK-102, CK-105, CK-109.
 */
export async function openPath(
  tree: RatchetTree,
  filtered: readonly PathStep[],
  path: UpdatePath,
  opener: PathOpener,
): Promise<OpenedPath> {
  const { suite } = tree;
  const resolutions = filtered.map(({ copath }) => receivers(tree, copath, opener.added));
  for (const [index, resolution] of resolutions.entries()) {
    ensure("CK-102", path.nodes[index]?.secrets.length === resolution.length);
  }
  // The lowest node of the path that is above us: there is one, its copath child holds our leaf.
  const place = filtered.findIndex(({ node }) => treeMath.isBelow(2 * opener.ownLeaf, node));
  for (const [at, index] of resolutions[place]?.entries() ?? []) {
    const privateKey = opener.privates.get(index);
    const sealed = path.nodes[place]?.secrets[at];
    if (privateKey === undefined || sealed === undefined) continue;
    const pathSecret = await suite.decryptWithLabel(privateKey, LABEL, opener.context, [
      sealed.kemOutput,
      sealed.ciphertext,
    ]);
    const above = filtered.slice(place).map(({ node }) => node);
    return { pathSecret, ...(await climb(tree, above, pathSecret)) };
  }
  throw refusal("CK-109");
}

/**
 * Derive the private keys of nodes upward from a path secret.
 *
 * @param tree The tree.
 * @param nodes The nodes, lowest first, that the secrets are for.
 * @param pathSecret Path secret of the first.
 * @returns Private keys by node index, and the commit secret.
 * @throws PeerError A derived key is not the one in the tree (CK-105).
 */
export async function climb(
  tree: RatchetTree,
  nodes: readonly number[],
  pathSecret: Bytes,
): Promise<Readonly<{ privates: ReadonlyMap<number, Bytes>; commitSecret: Bytes }>> {
  const chain = await deriveChain(tree.suite, nodes, pathSecret);
  for (const { node, publicKey } of chain.nodes) {
    const shown = tree.node(node)?.encryptionKey;
    ensure("CK-105", shown !== undefined && equal(shown, publicKey));
  }
  wipe(...chain.nodes.slice(1).map((derived) => derived.pathSecret)); // the first is the caller's
  const privates = new Map(chain.nodes.map(({ node, privateKey }) => [node, privateKey]));
  return { privates, commitSecret: chain.commitSecret };
}

/** Refuse a new leaf that keeps the old encryption key (CK-028): it would heal nothing. */
export function checkReplacement(old: LeafNode | null, now: LeafNode): void {
  ensure("CK-028", old === null || !equal(old.encryptionKey, now.encryptionKey));
}
