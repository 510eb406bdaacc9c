/** Making a commit and the Welcome for those it adds (RFC 9420, 12.4.1, 12.4.3). */

import { type Bytes, fromHex, type Rng, wipe } from "../bytes.ts";
import { refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import { keepPrivates } from "./commit_process.ts";
import { type AuthenticatedContent, memberSender } from "./framing.ts";
import {
  encodeGroupContext,
  encodeGroupInfo,
  encodeGroupSecrets,
  encodeWelcome,
  type GroupInfo,
  type GroupSecrets,
  groupInfoToBeSigned,
} from "./group_context.ts";
import { keyPackageReference } from "./key_package.ts";
import { type JoinerSecrets, welcomeKey } from "./key_schedule.ts";
import type { Rules } from "./leaf_check.ts";
import { type Extension, ExtensionType } from "./leaf_node.ts";
import { type Applied, applyProposals, type Pending } from "./proposal_list.ts";
import type { Commit, Proposal } from "./proposals.ts";
import { protectPrivate, protectPublic, signContent } from "./protection.ts";
import { advance, type GroupState, provisionalContext, viewOf } from "./state.ts";
import * as treeMath from "./tree_math.ts";
import { type NewPath, newPath } from "./treekem.ts";
import { WireFormat, wrapMessage } from "./wire.ts";

/** How a commit is made. */
export type CommitOptions = Readonly<{
  /** As PublicMessage instead of PrivateMessage. */
  public?: boolean;
  /**
   * With a path even where none is required, unless this is false; every path heals the group from
   * earlier compromise, so only tests and bulk additions leave it out.
   */
  path?: boolean;
  /** Put the ratchet tree into the Welcome, unless this is false. */
  welcomeWithTree?: boolean;
  /** Padding of a PrivateMessage. */
  padTo?: number;
  /** Travels in the clear, authenticated; whoever stores the commit may seal it whole. */
  authenticatedData?: Bytes;
}>;

/** A commit and its consequences. */
type CreatedCommit = Readonly<{
  /** The MLSMessage. */
  message: Bytes;
  /** The MLSMessage for new members, if there are any. */
  welcome: Bytes | null;
  /** The state in the old epoch, without the message key the commit used. */
  before: GroupState;
  /** The state in the new epoch. */
  after: GroupState;
}>;

/**
 * Make a commit.
 *
 * @param state The current state.
 * @param chosen Pending proposals to include by reference.
 * @param byValue Proposals of ours to include.
 * @param options How.
 * @param rules Time and credential validation; lifetimes hold exactly, we are sending.
 * @param rng Source of randomness.
 * @returns The commit with the states before and after it.
 * @throws PeerError A proposal is not valid.
 */
export async function createCommit(
  state: GroupState,
  chosen: readonly Pending[],
  byValue: readonly Proposal[],
  options: CommitOptions,
  rules: Rules,
  rng: Rng,
): Promise<CreatedCommit> {
  const { suite, ownLeaf } = state;
  const sender = memberSender(ownLeaf);
  const items = [
    ...chosen.map(([, proposed]) => proposed),
    ...byValue.map((proposal) => ({ proposal, sender })),
  ];
  const applied = await applyProposals(items, state.tree, state.context, ownLeaf, rules);
  const { tree, extensions, psks, reinit } = applied;
  let privates = keepPrivates(state.privates, tree);
  let path: NewPath | null = null;
  if (applied.pathRequired || ((options.path ?? true) && !reinit)) {
    path = await makeOwnPath(state, applied, rng);
    // Where the path went, our keys for the old nodes are of no use any more.
    privates = new Map([...keepPrivates(privates, tree), ...path.privates]);
  }
  const commit: Commit = {
    kind: "commit",
    proposals: [
      ...chosen.map(([ref]) => ({ kind: "reference", reference: fromHex(ref) }) as const),
      ...byValue,
    ],
    path: path?.path ?? null,
  };
  const wireFormat = options.public ? WireFormat.PUBLIC_MESSAGE : WireFormat.PRIVATE_MESSAGE;
  const view = viewOf(state);
  const { authenticatedData = new Uint8Array(0) } = options;
  const statement = { wireFormat, sender, content: commit, authenticatedData };
  const untagged = await signContent(view, statement, state.signaturePrivate);
  const commitSecret = path?.commitSecret ?? new Uint8Array(suite.nh);
  const { init } = state.keys;
  const next = { tree, extensions, ownLeaf, privates, init, commitSecret, psks, reinit };
  const [after, joiner] = await advance(state, untagged, next);
  const signed = withTag(untagged, after.confirmationTag);
  let message: Bytes;
  let before = state;
  if (options.public) {
    message = protectPublic(suite, signed, view.context, state.keys.membership);
  } else {
    const [sealed, secretTree] = await protectPrivate(view, signed, rng, options.padTo);
    message = sealed;
    before = { ...state, secretTree };
  }
  const isWelcome = applied.added.length > 0;
  const welcome = isWelcome ? await makeWelcome(after, joiner, applied, path, options, rng) : null;
  wipe(commitSecret, joiner.joiner, joiner.member, joiner.welcome);
  wipe(...(path?.pathSecrets.values() ?? []));
  return { message, welcome, before, after };
}

/** Return a commit with its confirmation tag. */
export function withTag(
  signed: AuthenticatedContent,
  confirmationTag: Bytes,
): AuthenticatedContent {
  return { ...signed, auth: { ...signed.auth, confirmationTag } };
}

async function makeOwnPath(state: GroupState, applied: Applied, rng: Rng): Promise<NewPath> {
  const { context, ownLeaf, signaturePrivate } = state;
  return await newPath(applied.tree, {
    leafIndex: ownLeaf,
    signaturePrivate,
    groupId: context.groupId,
    contextOf: (treeHash) =>
      encodeGroupContext(provisionalContext(context, applied.extensions, treeHash)),
    added: applied.added.map(({ leafIndex }) => leafIndex),
    rng,
  });
}

/** What goes into a GroupInfo. */
type GroupInfoOptions = Readonly<{
  /** The ratchet tree. */
  withTree: boolean;
  /** external_pub, so that it can be joined by an external commit. */
  external: boolean;
}>;

/** Make and sign a GroupInfo that describes a state (12.4.3). */
export async function makeGroupInfo(
  state: GroupState,
  { withTree, external }: GroupInfoOptions,
): Promise<GroupInfo> {
  const { suite, context, confirmationTag, ownLeaf } = state;
  const extensions: Extension[] = [];
  if (withTree) {
    extensions.push({ extensionType: ExtensionType.RATCHET_TREE, data: state.tree.encode() });
  }
  if (external) {
    const [, publicKey] = await suite.kem.deriveKeyPair(state.keys.external);
    const data = codec.opaque(publicKey);
    extensions.push({ extensionType: ExtensionType.EXTERNAL_PUB, data });
  }
  const signature = new Uint8Array(0);
  const unsigned = { context, extensions, confirmationTag, signer: ownLeaf, signature };
  const content = groupInfoToBeSigned(unsigned);
  const made = await suite.signWithLabel(state.signaturePrivate, "GroupInfoTBS", content);
  return { ...unsigned, signature: made };
}

/**
 * Make the Welcome for the members a commit adds (12.4.3.1).
 *
 * @param state The state after the commit.
 * @param joiner Its joiner secrets.
 * @param applied The commit's proposals.
 * @param path The commit's path, if it has one.
 * @param options Whether the tree goes inside.
 * @param rng Source of randomness.
 * @returns The MLSMessage.
 */
async function makeWelcome(
  state: GroupState,
  joiner: JoinerSecrets,
  applied: Applied,
  path: NewPath | null,
  options: CommitOptions,
  rng: Rng,
): Promise<Bytes> {
  const { suite } = state;
  const withTree = options.welcomeWithTree ?? true;
  const info = await makeGroupInfo(state, { withTree, external: false });
  const [key, nonce] = welcomeKey(suite, joiner.welcome);
  const nothing = new Uint8Array(0);
  const encryptedGroupInfo = await suite.aead.seal(key, nonce, nothing, encodeGroupInfo(info));
  const secrets = applied.added.map(async ({ leafIndex, keyPackage }) => {
    const opened: GroupSecrets = {
      joinerSecret: joiner.joiner,
      pathSecret: path && pathSecretFor(path, state.ownLeaf, leafIndex),
      psks: applied.psks,
    };
    const [kemOutput, ciphertext] = await suite.encryptWithLabel(
      keyPackage.initKey,
      "Welcome",
      encryptedGroupInfo,
      encodeGroupSecrets(opened),
      rng,
    );
    const newMember = keyPackageReference(keyPackage, suite);
    return { newMember, sealed: { kemOutput, ciphertext } };
  });
  const welcome = {
    cipherSuite: suite.suiteId,
    secrets: await Promise.all(secrets),
    encryptedGroupInfo,
  };
  return wrapMessage(WireFormat.WELCOME, encodeWelcome(welcome));
}

/** Return the secret of the lowest node that is above both the committer and a new member. */
function pathSecretFor(path: NewPath, committer: number, added: number): Bytes {
  const meeting = treeMath.commonAncestor(2 * committer, 2 * added);
  const secret = path.pathSecrets.get(meeting);
  if (secret === undefined) throw refusal("CK-128"); // the path has every node above a member
  return secret;
}
