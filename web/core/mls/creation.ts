/** The first state of a new group (RFC 9420, 11). */

import { type Bytes, copy, type Rng, wipe } from "../bytes.ts";
import type { GroupContext } from "./group_context.ts";
import { newLeaf } from "./key_package.ts";
import { fromEpochSecret, interimHash } from "./key_schedule.ts";
import { checkTogether } from "./leaf_check.ts";
import type { Credential, Extensions, Lifetime } from "./leaf_node.ts";
import { RatchetTree } from "./ratchet_tree.ts";
import { SecretTree } from "./secret_tree.ts";
import { type GroupState, resumptionKey, Status } from "./state.ts";
import type { Suite } from "./suite.ts";

/** Who creates which group. */
type Creation = Readonly<{
  groupId: Bytes;
  suite: Suite;
  /** Of its creator. */
  credential: Credential;
  /** The creator's signature key. */
  signaturePrivate: Bytes;
  /** Of the creator's leaf. */
  lifetime: Lifetime;
  /** Of the group context. */
  extensions: Extensions;
  /** Extension types that the creator's leaf supports besides the ordinary. */
  supports: readonly number[];
  /** Of the creator's leaf, which supports their types too. */
  leafExtensions: Extensions;
  rng: Rng;
}>;

/**
 * Make epoch 0 with one member.
 *
 * @throws PeerError The creator's leaf does not support the extensions (CK-023, CK-025).
 */
export async function createState(creation: Creation): Promise<GroupState> {
  const { suite, extensions, rng } = creation;
  // Copies: whoever gave these may wipe or reuse them.
  const groupId = copy(creation.groupId);
  const signaturePrivate = copy(creation.signaturePrivate);
  const [privateKey, leaf] = await newLeaf(
    suite,
    creation.credential,
    signaturePrivate,
    creation.lifetime,
    rng,
    creation.supports,
    creation.leafExtensions,
  );
  checkTogether([leaf], extensions);
  const tree = new RatchetTree(suite, [leaf]);
  const nothing: Bytes = new Uint8Array(0);
  const context: GroupContext = {
    cipherSuite: suite.suiteId,
    groupId,
    epoch: 0n,
    treeHash: tree.treeHash(),
    confirmedTranscriptHash: nothing,
    extensions,
  };
  const epochSecret = rng(suite.nh);
  const secrets = fromEpochSecret(suite, epochSecret);
  const confirmationTag = suite.kdf.mac(secrets.confirmation, nothing);
  wipe(epochSecret, secrets.confirmation);
  return {
    suite,
    context,
    tree,
    keys: secrets.keys,
    interim: interimHash(suite, nothing, confirmationTag),
    confirmationTag,
    ownLeaf: 0,
    signaturePrivate,
    privates: new Map([[0, privateKey]]),
    secretTree: SecretTree.start(suite, secrets.encryption, 1),
    pending: new Map(),
    pendingUpdates: new Map(),
    past: [],
    resumption: new Map([[resumptionKey(groupId, 0n), secrets.keys.resumption]]),
    psks: new Map(),
    status: Status.ACTIVE,
  };
}
