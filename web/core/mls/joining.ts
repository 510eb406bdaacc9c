/** Joining by Welcome (RFC 9420, 12.4.3.1), and what it shares with external joins. */

import { type Bytes, copy, equal, wipe } from "../bytes.ts";
import { ensure, refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import {
  encodeGroupContext,
  type GroupInfo,
  type GroupSecrets,
  groupInfoToBeSigned,
  readGroupInfo,
  readGroupSecrets,
  readWelcome,
  type Welcome,
} from "./group_context.ts";
import { isLastResort, type KeyPackageBundle, keyPackageReference } from "./key_package.ts";
import {
  epochSecrets,
  interimHash,
  mixPsk,
  type NamedPsk,
  pskSecret,
  welcomeKey,
} from "./key_schedule.ts";
import { checkLifetime, type Rules } from "./leaf_check.ts";
import {
  ExtensionType,
  encodeLeafNode,
  findExtension,
  type MemberInfo,
  memberInfo,
} from "./leaf_node.ts";
import { encodePskId, type PskId, ResumptionUsage } from "./proposals.ts";
import { RatchetTree } from "./ratchet_tree.ts";
import { SecretTree } from "./secret_tree.ts";
import {
  type ExternalPsks,
  findPsk,
  type GroupState,
  type ResumptionPsks,
  resumptionKey,
  Status,
} from "./state.ts";
import { type Suite, suiteOf } from "./suite.ts";
import { checkTree } from "./tree_check.ts";
import * as treeMath from "./tree_math.ts";
import { climb } from "./treekem.ts";
import { readMessageOf, WireFormat } from "./wire.ts";

/** PSKs a joiner holds. */
type KnownPsks = Readonly<{ external: ExternalPsks; resumption: ResumptionPsks }>;

/** Look a joiner's PSK up (CK-084, CK-125). */
function findKnown(psk: PskId, known: KnownPsks): Bytes {
  ensure("CK-125", psk.kind === "external" || psk.usage === ResumptionUsage.APPLICATION);
  return findPsk(psk, known.external, known.resumption);
}

/**
 * Check a GroupInfo and the tree it stands for.
 *
 * @param info The GroupInfo.
 * @param suite The suite we expect.
 * @param ratchetTree The tree, if it is not inside.
 * @param rules Credential validation.
 * @returns The tree.
 * @throws PeerError CK-014, CK-020 to CK-027, CK-040 to CK-045, CK-121 to CK-123.
 * @throws VisavisError Whatever the validator throws.
 */
export async function verifyGroupInfo(
  info: GroupInfo,
  suite: Suite,
  ratchetTree: Bytes | null,
  rules: Rules,
): Promise<RatchetTree> {
  const { context } = info;
  ensure("CK-121", context.cipherSuite === suite.suiteId);
  const data = findExtension(info.extensions, ExtensionType.RATCHET_TREE) ?? ratchetTree;
  ensure("CK-122", data !== null);
  const tree = RatchetTree.decode(suite, data);
  const signer = tree.leaf(info.signer);
  ensure("CK-123", signer !== null);
  const content = groupInfoToBeSigned(info);
  await suite.verifyWithLabel(signer.signatureKey, "GroupInfoTBS", content, info.signature);
  ensure("CK-042", equal(tree.treeHash(), context.treeHash));
  await checkTree(tree, context.groupId, context.extensions, rules);
  return tree;
}

/** Open the secrets sealed to our key package (CK-120, CK-127). */
async function openSecrets(
  welcome: Welcome,
  suite: Suite,
  bundle: KeyPackageBundle,
): Promise<GroupSecrets> {
  const keyPackage = bundle.struct();
  const [initKey, encryptionKey, signatureKey] = await Promise.all([
    suite.kem.publicKey(bundle.initPrivate),
    suite.kem.publicKey(bundle.encryptionPrivate),
    suite.signature.publicKey(bundle.signaturePrivate),
  ]);
  const leaf = keyPackage.leafNode;
  ensure("CK-127", equal(initKey, keyPackage.initKey));
  ensure("CK-127", equal(encryptionKey, leaf.encryptionKey));
  ensure("CK-127", equal(signatureKey, leaf.signatureKey));
  const reference = keyPackageReference(keyPackage, suite);
  const mine = welcome.secrets.find((secret) => equal(secret.newMember, reference));
  if (mine === undefined) throw refusal("CK-120");
  const plaintext = await suite.decryptWithLabel(
    bundle.initPrivate,
    "Welcome",
    welcome.encryptedGroupInfo,
    [mine.sealed.kemOutput, mine.sealed.ciphertext],
  );
  const secrets = codec.decode(plaintext, readGroupSecrets);
  wipe(plaintext);
  return secrets;
}

/**
 * Join a group by a Welcome.
 *
 * The group id may be one we already have: whether that is a rejoin is the caller's to judge.
 *
 * @param message The MLSMessage.
 * @param bundle The key package it was made for, with its private keys.
 * @param rules Time and credential validation.
 * @param known The PSKs we hold.
 * @param ratchetTree The tree, if it is not inside the Welcome.
 * @returns The state in the epoch that the Welcome leads into, and the member who signed it.
 * @throws PeerError Any of CK-010 to CK-047, CK-084, CK-105, CK-106 and CK-120 to CK-128.
 * @throws VisavisError Whatever the validator throws.
 */
export async function joinState(
  message: Bytes,
  bundle: KeyPackageBundle,
  rules: Rules,
  known: KnownPsks,
  ratchetTree: Bytes | null = null,
): Promise<readonly [GroupState, signer: MemberInfo]> {
  const welcome = readMessageOf(message, WireFormat.WELCOME, readWelcome);
  const keyPackage = bundle.struct();
  const { leafNode, cipherSuite } = keyPackage;
  const suite = suiteOf(cipherSuite);
  ensure("CK-121", welcome.cipherSuite === cipherSuite);
  if (leafNode.lifetime !== null && !isLastResort(keyPackage)) {
    checkLifetime(leafNode.lifetime, rules);
  }
  const secrets = await openSecrets(welcome, suite, bundle);
  const named = secrets.psks.map((id): NamedPsk => [encodePskId(id), findKnown(id, known)]);
  const joiner = mixPsk(suite, secrets.joinerSecret, pskSecret(suite, named));
  const [key, nonce] = welcomeKey(suite, joiner.welcome);
  const nothing: Bytes = new Uint8Array(0);
  const plaintext = await suite.aead.open(key, nonce, nothing, welcome.encryptedGroupInfo);
  const info = codec.decode(plaintext, readGroupInfo);
  const { context, confirmationTag } = info;
  const tree = await verifyGroupInfo(info, suite, ratchetTree, rules);
  const ownLeaf = findLeaf(tree, encodeLeafNode(leafNode));
  const privates = new Map([[2 * ownLeaf, copy(bundle.encryptionPrivate)]]);
  if (secrets.pathSecret !== null) {
    const above = await pathPrivates(tree, ownLeaf, info.signer, secrets.pathSecret);
    for (const [node, privateKey] of above) privates.set(node, privateKey);
  }
  const epoch = epochSecrets(suite, joiner, encodeGroupContext(context));
  const confirmed = context.confirmedTranscriptHash;
  suite.verifyMac("CK-106", epoch.confirmation, confirmed, confirmationTag);
  wipe(secrets.joinerSecret, joiner.member, joiner.welcome, epoch.confirmation);
  const resumption = new Map(known.resumption);
  resumption.set(resumptionKey(context.groupId, context.epoch), epoch.keys.resumption);
  const state: GroupState = {
    suite,
    context,
    tree,
    keys: epoch.keys,
    interim: interimHash(suite, confirmed, confirmationTag),
    confirmationTag,
    ownLeaf,
    signaturePrivate: copy(bundle.signaturePrivate),
    privates,
    secretTree: SecretTree.start(suite, epoch.encryption, tree.leafCount),
    pending: new Map(),
    pendingUpdates: new Map(),
    past: [],
    resumption,
    psks: new Map(known.external),
    status: Status.ACTIVE,
  };
  // CK-123 has seen to it that there is somebody at the signer's leaf.
  return [state, memberInfo(tree.member(info.signer), info.signer)];
}

/** Find the leaf that is exactly as we made it (CK-124). */
function findLeaf(tree: RatchetTree, encoded: Bytes): number {
  const found = tree.leaves().find(([, leaf]) => equal(encodeLeafNode(leaf), encoded));
  if (found === undefined) throw refusal("CK-124");
  return found[0];
}

/** Derive our private keys above the place where the committer's path meets ours (CK-128). */
async function pathPrivates(
  tree: RatchetTree,
  own: number,
  signer: number,
  pathSecret: Bytes,
): Promise<ReadonlyMap<number, Bytes>> {
  ensure("CK-128", own !== signer);
  const meeting = treeMath.commonAncestor(2 * own, 2 * signer);
  ensure("CK-128", tree.node(meeting) !== null);
  const above = [meeting, ...tree.directPath(meeting)].filter((node) => tree.node(node) !== null);
  const { privates, commitSecret } = await climb(tree, above, pathSecret);
  wipe(commitSecret, pathSecret);
  return privates;
}
