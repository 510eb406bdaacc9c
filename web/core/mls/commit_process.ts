/** Receiving a commit (RFC 9420, 12.4.2). */

import { type Bytes, equal, hex, wipe } from "../bytes.ts";
import { ensure, refusal } from "./checks.ts";
import { type AuthenticatedContent, type Sender, SenderType } from "./framing.ts";
import { encodeGroupContext } from "./group_context.ts";
import { checkLeaf, type Rules } from "./leaf_check.ts";
import { LeafSource, type MemberInfo, memberInfo } from "./leaf_node.ts";
import { type Applied, applyProposals, type Proposed } from "./proposal_list.ts";
import type { Commit, UpdatePath } from "./proposals.ts";
import type { RatchetTree } from "./ratchet_tree.ts";
import { advance, afterRemoval, type GroupState, provisionalContext } from "./state.ts";
import type { Suite } from "./suite.ts";
import { checkReplacement, mergePath, openPath } from "./treekem.ts";

export const EXTERNAL_INIT_LABEL = "MLS 1.0 external init secret";

/** A commit began a new epoch. */
export type CommitApplied = Readonly<{
  kind: "commit";
  /** The new epoch; for a removed member the one it was removed in. */
  epoch: bigint;
  /** Who committed; an external joiner with its new place. */
  committer: MemberInfo;
  /** New members with their places, an external joiner included. */
  added: readonly MemberInfo[];
  /** Members that are gone, with the places they had. */
  removed: readonly MemberInfo[];
  /** We are one of them. */
  selfRemoved: boolean;
  /** Data that travelled in the clear, authenticated. */
  authenticatedData: Bytes;
}>;

/** Find the proposals a commit refers to (CK-081, CK-082). */
function resolve(state: GroupState, commit: Commit, sender: Sender): Proposed[] {
  return commit.proposals.map((item) => {
    if (item.kind !== "reference") return { proposal: item, sender };
    ensure("CK-081", sender.senderType === SenderType.MEMBER);
    const found = state.pending.get(hex(item.reference));
    if (found === undefined) throw refusal("CK-082");
    return found;
  });
}

/**
 * Apply a commit whose signature (and membership tag or encryption) was already verified.
 *
 * @param state The state it arrived in.
 * @param signed The commit as it was framed.
 * @param commit Its content.
 * @param rules Time and credential validation.
 * @returns The state after it, and what it did.
 * @throws PeerError Any of CK-011 to CK-047 and CK-070 to CK-109.
 * @throws VisavisError Whatever the validator throws.
 */
export async function processCommit(
  state: GroupState,
  signed: AuthenticatedContent,
  commit: Commit,
  rules: Rules,
): Promise<readonly [GroupState, CommitApplied]> {
  const { sender } = signed.framed;
  const { suite, ownLeaf } = state;
  const isExternal = sender.senderType === SenderType.NEW_MEMBER_COMMIT;
  ensure("CK-108", isExternal || sender.senderType === SenderType.MEMBER);
  const place = isExternal ? null : sender.index;
  ensure("CK-107", place !== ownLeaf);
  const items = resolve(state, commit, sender);
  const applied = await applyProposals(items, state.tree, state.context, place, rules);
  ensure("CK-100", commit.path !== null || !applied.pathRequired);
  const [committer, leafIndex] = await checkCommitter(state, place, commit.path, applied, rules);
  const added = applied.added.map((add) => memberInfo(add.keyPackage.leafNode, add.leafIndex));
  if (isExternal) added.push(committer);
  const { removed } = applied;
  const { authenticatedData } = signed.framed;
  const told = { kind: "commit", committer, added, removed, authenticatedData } as const;
  if (removed.some((member) => member.leafIndex === ownLeaf)) {
    return [afterRemoval(state), { ...told, epoch: state.context.epoch, selfRemoved: true }];
  }
  const privates = ownPrivates(state, applied);
  const commitSecret = commit.path
    ? await receivePath(state, applied, commit.path, leafIndex, privates)
    : new Uint8Array(suite.nh);
  const init = applied.externalInit
    ? await receiveExternalInit(suite, state.keys.external, applied.externalInit)
    : state.keys.init;
  const { tree, extensions, psks, reinit } = applied;
  const after = { tree, extensions, ownLeaf, privates, init, commitSecret, psks, reinit };
  const [following, joiner] = await advance(state, signed, after);
  wipe(commitSecret, joiner.joiner, joiner.member, joiner.welcome);
  // The tag proves that the committer reached the same epoch secret for the same transcript.
  const { confirmationTag } = signed.auth;
  ensure("CK-106", confirmationTag && equal(following.confirmationTag, confirmationTag));
  return [following, { ...told, epoch: following.context.epoch, selfRemoved: false }];
}

/**
 * Check the path's leaf (7.3) and say who committed, and where; puts an external joiner into the
 * tree.
 */
async function checkCommitter(
  state: GroupState,
  committer: number | null,
  path: UpdatePath | null,
  applied: Applied,
  rules: Rules,
): Promise<readonly [MemberInfo, leafIndex: number]> {
  if (path === null) {
    if (committer === null) throw refusal("CK-100"); // an external commit requires a path
    return [memberInfo(state.tree.member(committer), committer), committer];
  }
  const leaf = path.leafNode;
  ensure("CK-020", leaf.source === LeafSource.COMMIT);
  const { groupId } = state.context;
  if (committer === null) {
    const leafIndex = applied.tree.add(leaf);
    // A joiner that replaces its old self must be acceptable in its place (12.2).
    const replaces = applied.removed[0] ?? null;
    await checkLeaf(leaf, state.suite, rules, { groupId, leafIndex, replaces });
    return [memberInfo(leaf, leafIndex), leafIndex];
  }
  const old = state.tree.member(committer);
  checkReplacement(old, leaf);
  const replaces = memberInfo(old, committer);
  await checkLeaf(leaf, state.suite, rules, { groupId, leafIndex: committer, replaces });
  return [memberInfo(leaf, committer), committer];
}

/** Return the private keys without those of nodes that the proposals blanked. */
export function keepPrivates(
  privates: ReadonlyMap<number, Bytes>,
  tree: RatchetTree,
): Map<number, Bytes> {
  return new Map([...privates].filter(([index]) => tree.node(index) !== null));
}

function ownPrivates(state: GroupState, applied: Applied): Map<number, Bytes> {
  const { ownLeaf } = state;
  const privates = keepPrivates(state.privates, applied.tree);
  if (applied.updated.includes(ownLeaf)) {
    const key = state.pendingUpdates.get(hex(applied.tree.member(ownLeaf).encryptionKey));
    ensure("CK-109", key !== undefined);
    privates.set(2 * ownLeaf, key);
  }
  return privates;
}

/** Merge and open the path; updates `privates` and returns the commit secret. */
async function receivePath(
  state: GroupState,
  { tree, extensions, added }: Applied,
  path: UpdatePath,
  committer: number,
  privates: Map<number, Bytes>,
): Promise<Bytes> {
  const filtered = await mergePath(tree, committer, path);
  for (const node of tree.directPath(2 * committer)) privates.delete(node);
  const opened = await openPath(tree, filtered, path, {
    ownLeaf: state.ownLeaf,
    privates,
    context: encodeGroupContext(provisionalContext(state.context, extensions, tree.treeHash())),
    added: added.map(({ leafIndex }) => leafIndex),
  });
  for (const [node, privateKey] of opened.privates) privates.set(node, privateKey);
  wipe(opened.pathSecret);
  return opened.commitSecret;
}

/** Recover the init secret of an external commit (RFC 9420, 8.3). */
async function receiveExternalInit(
  suite: Suite,
  external: Bytes,
  kemOutput: Bytes,
): Promise<Bytes> {
  const [privateKey] = await suite.kem.deriveKeyPair(external);
  const nothing = new Uint8Array(0);
  return await suite.hpke.receiveExport(
    privateKey,
    kemOutput,
    nothing,
    EXTERNAL_INIT_LABEL,
    suite.nh,
  );
}
