/**
 * Lists of proposals: which a commit may hold, and what they do to the tree (RFC 9420, 12.2, 12.3).
 *
 * One function for sending and receiving alike, so that we never send what we would refuse.
 */

import { type Bytes, hex } from "../bytes.ts";
import { ensure } from "./checks.ts";
import { type Sender, SenderType } from "./framing.ts";
import type { GroupContext } from "./group_context.ts";
import { checkKeyPackageItself, type KeyPackageStruct, memberOf } from "./key_package.ts";
import { allChecked, checkLeafItself, checkTogether, type Rules } from "./leaf_check.ts";
import {
  type Extensions,
  ExtensionType,
  LeafSource,
  type MemberInfo,
  MLS10,
  memberInfo,
} from "./leaf_node.ts";
import { encodePskId, type Proposal, type PskId, ResumptionUsage } from "./proposals.ts";
import type { RatchetTree } from "./ratchet_tree.ts";
import { suiteOf } from "./suite.ts";
import { checkUniqueKeys } from "./tree_check.ts";
import { checkReplacement } from "./treekem.ts";

const NOT_IN_CONTEXT: ReadonlySet<number> = new Set([
  ExtensionType.APPLICATION_ID,
  ExtensionType.RATCHET_TREE,
  ExtensionType.EXTERNAL_PUB,
  ExtensionType.LAST_RESORT,
]);

/** A proposal and who made it; for those in a commit by value, the committer. */
export type Proposed<P extends Proposal = Proposal> = Readonly<{ proposal: P; sender: Sender }>;

/** A member that a commit adds: its place and its key package. */
type Added = Readonly<{ leafIndex: number; keyPackage: KeyPackageStruct }>;

/** The result of a list of proposals. */
export type Applied = Readonly<{
  /** The tree after them. */
  tree: RatchetTree;
  /** Extensions of the new group context. */
  extensions: Extensions;
  /** PSKs in the order of the list. */
  psks: readonly PskId[];
  /** New members in the order of the list. */
  added: readonly Added[];
  /** Members as they were. */
  removed: readonly MemberInfo[];
  /** Leaf indices whose members updated themselves. */
  updated: readonly number[];
  /** KEM output of an external commit. */
  externalInit: Bytes | null;
  /** The group ends with this commit. */
  reinit: boolean;
  /** The commit must have a path (12.4). */
  pathRequired: boolean;
}>;

type Kind = Proposal["kind"];
type OfKind<K extends Kind> = Extract<Proposal, { kind: K }>;

function isOf<K extends Kind>(item: Proposed, kind: K): item is Proposed<OfKind<K>> {
  return item.proposal.kind === kind;
}

function ofKind<K extends Kind>(items: readonly Proposed[], kind: K): Proposed<OfKind<K>>[] {
  return items.filter((item) => isOf(item, kind));
}

/**
 * Check one proposal by itself (RFC 9420, 12.1), on receipt and again in a commit.
 *
 * @param proposed The proposal, and who made it.
 * @param tree The tree of the current epoch.
 * @param context The current group context.
 * @param rules Time and credential validation.
 * @throws PeerError CK-011 to CK-036, CK-077 to CK-079, CK-083, CK-085, CK-086.
 * @throws VisavisError Whatever the validator throws.
 */
export async function checkProposal(
  proposed: Proposed,
  tree: RatchetTree,
  context: GroupContext,
  rules: Rules,
): Promise<void> {
  await checkProposalItself(proposed, tree, context, rules);
  await judge(proposed, tree, rules);
}

/** Check all but the credential of the member that a proposal brings in. */
async function checkProposalItself(
  { proposal, sender }: Proposed,
  tree: RatchetTree,
  context: GroupContext,
  rules: Rules,
): Promise<void> {
  const { suite } = tree;
  switch (proposal.kind) {
    case "add":
      return await checkKeyPackageItself(proposal.keyPackage, suite, rules);
    case "update": {
      const leaf = proposal.leafNode;
      ensure("CK-083", sender.senderType === SenderType.MEMBER);
      ensure("CK-020", leaf.source === LeafSource.UPDATE);
      const old = tree.leaf(sender.index);
      ensure("CK-086", old !== null);
      checkReplacement(old, leaf);
      const place = { groupId: context.groupId, leafIndex: sender.index };
      return await checkLeafItself(leaf, suite, rules, place);
    }
    case "remove":
      return ensure("CK-086", tree.leaf(proposal.removed) !== null);
    case "psk": {
      const { psk } = proposal;
      ensure("CK-077", psk.nonce.length === suite.nh);
      return ensure("CK-078", psk.kind === "external" || psk.usage === ResumptionUsage.APPLICATION);
    }
    case "reinit":
      ensure("CK-079", proposal.version >= MLS10);
      suiteOf(proposal.cipherSuite);
      return;
    case "external init":
      return ensure("CK-075", sender.senderType === SenderType.NEW_MEMBER_COMMIT);
    case "group context extensions":
      return ensure(
        "CK-085",
        proposal.extensions.every((e) => !NOT_IN_CONTEXT.has(e.extensionType)),
      );
  }
}

/** Let the credential that a proposal brings in be judged. */
async function judge(
  { proposal, sender }: Proposed,
  tree: RatchetTree,
  rules: Rules,
): Promise<void> {
  if (proposal.kind === "add") {
    await rules.validator(memberOf(proposal.keyPackage), null);
  } else if (proposal.kind === "update") {
    const place = sender.index;
    await rules.validator(
      memberInfo(proposal.leafNode, place),
      memberInfo(tree.member(place), place),
    );
  }
}

function areDistinct(values: readonly (number | string)[]): boolean {
  return new Set(values).size === values.length;
}

/** Check what 12.2 says about the list as a whole; `committer` is null for an external joiner. */
function checkList(items: readonly Proposed[], committer: number | null): void {
  const updating = ofKind(items, "update").map(({ sender }) => sender.index);
  const removing = ofKind(items, "remove").map(({ proposal }) => proposal.removed);
  ensure("CK-070", committer === null || !updating.includes(committer));
  ensure("CK-071", committer === null || !removing.includes(committer));
  ensure("CK-072", areDistinct([...updating, ...removing]));
  ensure("CK-073", ofKind(items, "group context extensions").length <= 1);
  ensure("CK-074", ofKind(items, "reinit").length === 0 || items.length === 1);
  ensure("CK-075", ofKind(items, "external init").length === (committer === null ? 1 : 0));
  ensure(
    "CK-076",
    areDistinct(ofKind(items, "psk").map(({ proposal }) => hex(encodePskId(proposal.psk)))),
  );
  if (committer !== null) return;
  const rest = items.filter((item) => !isOf(item, "external init") && !isOf(item, "psk"));
  ensure("CK-080", rest.every((item) => isOf(item, "remove")) && rest.length <= 1);
}

const DEMAND_PATH: ReadonlySet<Kind> = new Set<Kind>([
  "update",
  "remove",
  "external init",
  "group context extensions",
]);

/**
 * Check a commit's proposals and apply them to a copy of the tree.
 *
 * @param items The proposals in the commit's order.
 * @param tree The tree of the current epoch; it stays as it is.
 * @param context The current group context.
 * @param committer Leaf index of the committer, null for an external joiner.
 * @param rules Time and credential validation.
 * @returns What comes of them, before any path.
 * @throws PeerError CK-011 to CK-036, CK-070 to CK-086.
 * @throws VisavisError Whatever the validator throws.
 */
export async function applyProposals(
  items: readonly Proposed[],
  tree: RatchetTree,
  context: GroupContext,
  committer: number | null,
  rules: Rules,
): Promise<Applied> {
  checkList(items, committer);
  await allChecked(items.map((item) => checkProposalItself(item, tree, context, rules)));
  for (const item of items) await judge(item, tree, rules);
  const after = tree.copy();
  const extensions =
    ofKind(items, "group context extensions")[0]?.proposal.extensions ?? context.extensions;
  const updates = ofKind(items, "update");
  for (const { proposal, sender } of updates) after.update(sender.index, proposal.leafNode);
  const removals = ofKind(items, "remove").map(({ proposal }) => proposal.removed);
  for (const removed of removals) after.remove(removed);
  const added = ofKind(items, "add").map(({ proposal: { keyPackage } }) => ({
    leafIndex: after.add(keyPackage.leafNode),
    keyPackage,
  }));
  if (items.length > 0) {
    checkUniqueKeys(after);
    checkTogether(
      after.leaves().map(([, leaf]) => leaf),
      extensions,
    );
  }
  return {
    tree: after,
    extensions,
    psks: ofKind(items, "psk").map(({ proposal }) => proposal.psk),
    added,
    removed: removals.map((removed) => memberInfo(tree.member(removed), removed)),
    updated: updates.map(({ sender }) => sender.index),
    externalInit: ofKind(items, "external init")[0]?.proposal.kemOutput ?? null,
    reinit: ofKind(items, "reinit").length > 0,
    pathRequired: items.length === 0 || items.some((i) => DEMAND_PATH.has(i.proposal.kind)),
  };
}

/** A pending proposal with its reference in hex. */
export type Pending = readonly [reference: string, proposed: Proposed];

/**
 * Pick the pending proposals that one commit can hold together with our own.
 *
 * @param pending The pending proposals in the order of arrival.
 * @param committer Our leaf index.
 * @param byValue What we add ourselves; it takes precedence.
 * @returns What to include: no Update of ours, a Remove before an Update of the same leaf, the
 *   newest Update, the first of what may occur once (RFC 9420, 12.2).
 */
export function choose(
  pending: readonly Pending[],
  committer: number,
  byValue: readonly Proposal[],
): Pending[] {
  const me = { senderType: SenderType.MEMBER, index: committer };
  const own = byValue.map((proposal) => ({ proposal, sender: me }));
  const all = [...own, ...pending.map(([, proposed]) => proposed)];
  const removed = new Set(ofKind(all, "remove").map(({ proposal }) => proposal.removed));
  const newest = new Map<number, string>();
  for (const [reference, { proposal, sender }] of pending) {
    if (proposal.kind === "update") newest.set(sender.index, reference);
  }
  /** What the commit holds already and may hold once, as text. */
  const taken = new Set([removal(committer)]);
  for (const proposal of byValue) taken.add(identity(proposal) ?? "");
  return pending.filter(([reference, { proposal, sender }]) => {
    if (proposal.kind === "update") {
      const leaf = sender.index;
      return leaf !== committer && !removed.has(leaf) && newest.get(leaf) === reference;
    }
    const once = identity(proposal);
    if (once === null || taken.has(once)) return false;
    taken.add(once);
    return true;
  });
}

function removal(leaf: number): string {
  return `remove ${leaf}`;
}

/** Name what a proposal does that a commit can do once; null for what we never take up. */
function identity(proposal: Proposal): string | null {
  switch (proposal.kind) {
    case "remove":
      return removal(proposal.removed);
    case "add":
      return `add ${hex(memberOf(proposal.keyPackage).signatureKey)}`;
    case "psk":
      return `psk ${hex(encodePskId(proposal.psk))}`;
    case "group context extensions":
      return "context";
    case "update":
    case "reinit":
    case "external init":
      return null;
  }
}
