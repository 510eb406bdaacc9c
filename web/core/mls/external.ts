/** Joining without being added: the external commit (RFC 9420, 12.4.3.2). */

import { type Bytes, copy, type Rng, wipe } from "../bytes.ts";
import { refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import { withTag } from "./commit_create.ts";
import { EXTERNAL_INIT_LABEL } from "./commit_process.ts";
import { SenderType } from "./framing.ts";
import { encodeGroupContext, type GroupInfo, readGroupInfo } from "./group_context.ts";
import { verifyGroupInfo } from "./joining.ts";
import { interimHash } from "./key_schedule.ts";
import type { Rules } from "./leaf_check.ts";
import {
  basicCredential,
  ExtensionType,
  findExtension,
  type LeafNode,
  LeafSource,
  ownCapabilities,
} from "./leaf_node.ts";
import { applyProposals } from "./proposal_list.ts";
import type { Commit, Proposal } from "./proposals.ts";
import { protectPublic, signContent } from "./protection.ts";
import type { RatchetTree } from "./ratchet_tree.ts";
import {
  advance,
  emptySecretTree,
  type GroupState,
  NO_KEYS,
  provisionalContext,
  Status,
  viewOf,
} from "./state.ts";
import { type Suite, suiteOf } from "./suite.ts";
import { newPath } from "./treekem.ts";
import { readMessageOf, WireFormat } from "./wire.ts";

const NOTHING: Bytes = new Uint8Array(0);

/** Who joins: its identity, its signature key, and the leaf of its old self, if any. */
export type Joiner = Readonly<{
  identity: Bytes;
  signaturePrivate: Bytes;
  resyncLeaf: number | null;
}>;

/**
 * Join a group by an external commit.
 *
 * @param groupInfo MLSMessage with a GroupInfo that has external_pub.
 * @param joiner Who joins.
 * @param rules Time and credential validation.
 * @param rng Source of randomness.
 * @param ratchetTree The tree, if it is not in the GroupInfo.
 * @returns The state after the commit, and the commit as a PublicMessage.
 * @throws PeerError The GroupInfo or its tree fails a check, or has no external_pub (CK-126).
 * @throws VisavisError Whatever the validator throws.
 */
export async function externalState(
  groupInfo: Bytes,
  joiner: Joiner,
  rules: Rules,
  rng: Rng,
  ratchetTree: Bytes | null = null,
): Promise<readonly [GroupState, commit: Bytes]> {
  const info = readMessageOf(groupInfo, WireFormat.GROUP_INFO, readGroupInfo);
  const { context } = info;
  const suite = suiteOf(context.cipherSuite);
  const tree = await verifyGroupInfo(info, suite, ratchetTree, rules);
  const data = findExtension(info.extensions, ExtensionType.EXTERNAL_PUB);
  if (data === null) throw refusal("CK-126");
  const externalPub = codec.decode(data, codec.readOpaque);
  const [kemOutput, init] = await suite.hpke.sendExport(
    externalPub,
    NOTHING,
    EXTERNAL_INIT_LABEL,
    suite.nh,
    rng,
  );
  const { resyncLeaf } = joiner;
  const proposals: readonly Proposal[] = [
    { kind: "external init", kemOutput },
    ...(resyncLeaf === null ? [] : [{ kind: "remove", removed: resyncLeaf } as const]),
  ];
  const sender = { senderType: SenderType.NEW_MEMBER_COMMIT, index: 0 };
  const items = proposals.map((proposal) => ({ proposal, sender }));
  const applied = await applyProposals(items, tree, context, null, rules);
  const { extensions } = applied;
  const ownLeaf = applied.tree.add(await bareLeaf(suite, joiner));
  const path = await newPath(applied.tree, {
    leafIndex: ownLeaf,
    signaturePrivate: joiner.signaturePrivate,
    groupId: context.groupId,
    contextOf: (treeHash) => encodeGroupContext(provisionalContext(context, extensions, treeHash)),
    added: [],
    rng,
  });
  const outside = outsideState(info, tree, joiner);
  const view = viewOf(outside);
  const commit: Commit = { kind: "commit", proposals, path: path.path };
  const statement = { wireFormat: WireFormat.PUBLIC_MESSAGE, sender, content: commit };
  const untagged = await signContent(view, statement, joiner.signaturePrivate);
  const [state, secrets] = await advance(outside, untagged, {
    tree: applied.tree,
    extensions,
    ownLeaf,
    privates: path.privates,
    init,
    commitSecret: path.commitSecret,
    psks: [],
    reinit: false,
  });
  wipe(init, path.commitSecret, ...path.pathSecrets.values());
  wipe(secrets.joiner, secrets.member, secrets.welcome);
  const signed = withTag(untagged, state.confirmationTag);
  return [state, protectPublic(suite, signed, view.context, NOTHING)];
}

/** Return the joiner's leaf before `newPath` gives it a key and a signature. */
async function bareLeaf(suite: Suite, joiner: Joiner): Promise<LeafNode> {
  return {
    kind: "leaf",
    encryptionKey: NOTHING,
    signatureKey: await suite.signature.publicKey(joiner.signaturePrivate),
    credential: basicCredential(joiner.identity),
    capabilities: ownCapabilities(suite.suiteId),
    source: LeafSource.COMMIT,
    lifetime: null,
    parentHash: NOTHING,
    extensions: [],
    signature: NOTHING,
  };
}

/** Return the old epoch as an outsider knows it: no secrets, no past. */
function outsideState(info: GroupInfo, tree: RatchetTree, joiner: Joiner): GroupState {
  const { suite } = tree;
  const { context, confirmationTag } = info;
  return {
    suite,
    context,
    tree,
    keys: NO_KEYS,
    interim: interimHash(suite, context.confirmedTranscriptHash, confirmationTag),
    confirmationTag,
    ownLeaf: 0,
    signaturePrivate: copy(joiner.signaturePrivate),
    privates: new Map(),
    secretTree: emptySecretTree(suite, tree.leafCount),
    pending: new Map(),
    pendingUpdates: new Map(),
    past: [],
    resumption: new Map(),
    psks: new Map(),
    status: Status.OUTSIDE,
  };
}
