/** The official vectors about trees, messages and whole groups, ours for 0xF04D, and changed ones. */

import { type Bytes, concat, equal, hex } from "../../core/bytes.ts";
import * as codec from "../../core/mls/codec.ts";
import {
  type AuthenticatedContent,
  type Content,
  encodeContent,
  encodePrivateMessage,
  encodePublicMessage,
  memberSender,
  type PublicMessage,
  readPrivateMessage,
  readPublicMessage,
} from "../../core/mls/framing.ts";
import {
  encodeGroupContext,
  encodeGroupInfo,
  encodeGroupSecrets,
  encodeWelcome,
  type GroupContext,
  groupInfoToBeSigned,
  readGroupInfo,
  readGroupSecrets,
  readWelcome,
} from "../../core/mls/group_context.ts";
import { joinState } from "../../core/mls/joining.ts";
import {
  checkKeyPackage,
  encodeKeyPackage,
  KeyPackageBundle,
  keyPackageReference,
  keyPackageToBeSigned,
  readKeyPackage,
} from "../../core/mls/key_package.ts";
import { epochSecrets, mixPsk, welcomeKey } from "../../core/mls/key_schedule.ts";
import type { Rules } from "../../core/mls/leaf_check.ts";
import { LeafSource, verifyLeafSignature } from "../../core/mls/leaf_node.ts";
import {
  type Add,
  encodeCommit,
  encodeProposalBody,
  encodeUpdatePath,
  type Proposal,
  ProposalType,
  readCommit,
  readProposal,
  readProposalBody,
  readUpdatePath,
  type UpdatePath,
} from "../../core/mls/proposals.ts";
import {
  checkPublic,
  type EpochView,
  openPrivate,
  protectPrivate,
  protectPublic,
  signContent,
  verifyContent,
} from "../../core/mls/protection.ts";
import { RatchetTree } from "../../core/mls/ratchet_tree.ts";
import { receive } from "../../core/mls/receive.ts";
import { SecretTree } from "../../core/mls/secret_tree.ts";
import { type Suite, suiteOf } from "../../core/mls/suite.ts";
import { checkParentHashes } from "../../core/mls/tree_check.ts";
import { mergePath, newPath, nodeKeyPair, openPath } from "../../core/mls/treekem.ts";
import { readMessageOf, WireFormat, wrapMessage } from "../../core/mls/wire.ts";
import { type Element, MismatchError, must, same } from "../vector_element.ts";
import { describeVectors } from "../vectors.ts";

/** Vectors are checked, not protected. */
const fixedRng = (size: number) => new Uint8Array(size).fill(0x5a);

/** The dates in vectors are long over, and nobody vouches for their members. */
const INSECURE_RULES: Rules = {
  now: null,
  validator: () => undefined,
  outsiders: true,
  listed: false,
};

/** Read a private key; some generators strip the leading zeros of a P-curve's scalar. */
function privateKey(e: Element, key: string, suite: Suite): Bytes {
  const data = e.data(key);
  if (![2, 5, 7].includes(suite.suiteId)) return data;
  return concat(new Uint8Array(Math.max(0, suite.kem.nsk - data.length)), data);
}

const hexes = (list: readonly (Bytes | null)[]) => list.map((data) => data && hex(data));

function readTree(e: Element, name: string, suite: Suite): RatchetTree {
  const tree = RatchetTree.decode(suite, e.data(name));
  same(name, tree.encode(), e.data(name));
  return tree;
}

// Trees.

async function treeOperations(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const tree = readTree(e, "tree_before", suite);
  same("tree_hash_before", tree.treeHash(), e.data("tree_hash_before"));
  const sender = e.number("proposal_sender");
  tree.member(sender);
  for (const [, leaf] of tree.leaves()) {
    // The others are bound to a group id that is not given.
    if (leaf.source === LeafSource.KEY_PACKAGE) await verifyLeafSignature(leaf, suite);
  }
  const proposal = codec.decode(e.data("proposal"), readProposal);
  switch (proposal.kind) {
    case "add":
      await checkKeyPackage(proposal.keyPackage, suite, INSECURE_RULES);
      tree.add(proposal.keyPackage.leafNode);
      break;
    case "update":
      tree.update(sender, proposal.leafNode);
      break;
    case "remove":
      must("nobody removes itself", proposal.removed !== sender);
      tree.remove(proposal.removed);
      break;
    default:
      throw new MismatchError("a proposal that does not change the tree");
  }
  same("tree_after", tree.encode(), e.data("tree_after"));
  same("tree_hash_after", tree.treeHash(), e.data("tree_hash_after"));
}

async function treeValidation(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const groupId = e.data("group_id");
  const tree = readTree(e, "tree", suite);
  const nodes = Array.from({ length: tree.width }, (_, node) => node);
  same(
    "resolutions",
    nodes.map((node) => tree.resolution(node)),
    e.numberLists("resolutions"),
  );
  const hashes = nodes.map((node) => tree.treeHash(node));
  same("tree_hashes", hexes(hashes), hexes(e.datas("tree_hashes")));
  checkParentHashes(tree);
  await Promise.all(
    tree
      .leaves()
      .map(([leafIndex, leaf]) => verifyLeafSignature(leaf, suite, { groupId, leafIndex })),
  );
}

/** A treekem element: the tree, the context, and each leaf's private keys. */
class TreekemCase {
  readonly tree: RatchetTree;
  readonly #context: GroupContext;
  readonly privates = new Map<number, ReadonlyMap<number, Bytes>>();

  constructor(tree: RatchetTree, context: GroupContext) {
    this.tree = tree;
    this.#context = context;
  }

  get groupId(): Bytes {
    return this.#context.groupId;
  }

  encoded(treeHash: Bytes): Bytes {
    return encodeGroupContext({ ...this.#context, treeHash });
  }

  /** Put a path into a copy of the tree; returns how a leaf then opens it. */
  async merge(sender: number, path: UpdatePath) {
    const tree = this.tree.copy();
    const filtered = await mergePath(tree, sender, path);
    const stale = new Set(tree.directPath(2 * sender));
    const treeHash = tree.treeHash();
    const context = this.encoded(treeHash);
    const open = async (leaf: number) => {
      const own = [...(this.privates.get(leaf) ?? [])].filter(([node]) => !stale.has(node));
      const opener = { ownLeaf: leaf, privates: new Map(own), context, added: [] };
      return await openPath(tree, filtered, path, opener);
    };
    return { treeHash, open };
  }
}

async function treekem(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const tree = readTree(e, "ratchet_tree", suite);
  const given = new TreekemCase(tree, {
    cipherSuite: suite.suiteId,
    groupId: e.data("group_id"),
    epoch: BigInt(e.number("epoch")),
    treeHash: new Uint8Array(0),
    confirmedTranscriptHash: e.data("confirmed_transcript_hash"),
    extensions: [],
  });
  const signatureKeys = new Map<number, Bytes>();
  for (const leaf of e.children("leaves_private")) {
    const index = leaf.number("index");
    signatureKeys.set(index, privateKey(leaf, "signature_priv", suite));
    given.privates.set(index, await leafPrivates(leaf, tree, index));
  }
  const leaves = tree.leaves().map(([index]) => index);
  const ascending = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
  same("leaves_private", ascending(given.privates.keys()), leaves);
  const senders: number[] = [];
  for (const path of e.children("update_paths")) {
    senders.push(await updatePath(path, given, signatureKeys));
  }
  same("update_paths", senders, leaves);
}

/** Check one leaf's private keys against the tree. */
async function leafPrivates(e: Element, tree: RatchetTree, index: number) {
  const { suite } = tree;
  const leaf = tree.member(index);
  const own = privateKey(e, "encryption_priv", suite);
  same("encryption_priv", await suite.kem.publicKey(own), leaf.encryptionKey);
  const signer = await suite.signature.publicKey(privateKey(e, "signature_priv", suite));
  same("signature_priv", signer, leaf.signatureKey);
  const privates = new Map([[2 * index, own]]);
  for (const secret of e.children("path_secrets")) {
    const node = secret.number("node");
    const [made, shown] = await nodeKeyPair(suite, secret.secret("path_secret", suite.nh));
    privates.set(node, made);
    same("path_secret", shown, tree.node(node)?.encryptionKey);
  }
  const known = tree
    .directPath(2 * index)
    .filter((node) => tree.parentNode(node)?.unmergedLeaves.includes(index) === false);
  const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
  same("path_secrets", ascending([...privates.keys()]), ascending([2 * index, ...known]));
  return privates;
}

/** Check one path and return its sender. */
async function updatePath(
  e: Element,
  given: TreekemCase,
  signatureKeys: ReadonlyMap<number, Bytes>,
): Promise<number> {
  const { suite } = given.tree;
  const { groupId } = given;
  const sender = e.number("sender");
  const path = codec.decode(e.data("update_path"), readUpdatePath);
  same("update_path", encodeUpdatePath(path), e.data("update_path"));
  await verifyLeafSignature(path.leafNode, suite, { groupId, leafIndex: sender });
  const pathSecrets = e.maybeDatas("path_secrets");
  const expected = pathSecrets.map((): Bytes | null => null);
  const receivers = [...given.privates.keys()].filter((leaf) => leaf !== sender);
  const merged = await given.merge(sender, path);
  same("tree_hash_after", merged.treeHash, e.data("tree_hash_after"));
  for (const leaf of receivers) {
    const opened = await merged.open(leaf);
    expected[leaf] = opened.pathSecret;
    same("commit_secret", opened.commitSecret, e.data("commit_secret"));
  }
  same("path_secrets", hexes(expected), hexes(pathSecrets));
  const [first = sender, last = sender] = [receivers.at(0), receivers.at(-1)];
  // Outermost members only: the curves that runtimes lack would take minutes with all of them.
  if (first < sender && sender < last) return sender;
  const made = await newPath(given.tree.copy(), {
    leafIndex: sender,
    signaturePrivate: signatureKeys.get(sender) ?? new Uint8Array(0),
    groupId,
    contextOf: (treeHash) => given.encoded(treeHash),
    added: [],
    rng: fixedRng,
  });
  const ours = await given.merge(sender, made.path);
  for (const leaf of new Set([first, last])) {
    const opened = await ours.open(leaf);
    same("our own path", opened.commitSecret, made.commitSecret);
  }
  return sender;
}

// Messages.

const readPrivate = (data: Bytes) =>
  readMessageOf(data, WireFormat.PRIVATE_MESSAGE, readPrivateMessage);
const readPublic = (data: Bytes) =>
  readMessageOf(data, WireFormat.PUBLIC_MESSAGE, readPublicMessage);
const plain = (content: Content) =>
  content.kind === "application" ? content.data : encodeContent(content);

async function messageProtection(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const signer = e.data("signature_pub");
  const signaturePrivate = privateKey(e, "signature_priv", suite);
  same("signature_pub", await suite.signature.publicKey(signaturePrivate), signer);
  const context: GroupContext = {
    cipherSuite: suite.suiteId,
    groupId: e.data("group_id"),
    epoch: BigInt(e.number("epoch")),
    treeHash: e.data("tree_hash"),
    confirmedTranscriptHash: e.data("confirmed_transcript_hash"),
    extensions: [],
  };
  const view: EpochView = {
    suite,
    groupId: context.groupId,
    epoch: context.epoch,
    context: encodeGroupContext(context),
    senderData: e.secret("sender_data_secret", suite.nh),
    secretTree: SecretTree.start(suite, e.secret("encryption_secret", suite.nh), 2),
    signatureKey: (leaf) => (leaf === 1 ? signer : null),
  };
  const membership = e.secret("membership_key", suite.nh);
  for (const name of ["proposal", "commit", "application"]) {
    const given = e.data(name);
    const [signed] = await openPrivate(view, readPrivate(e.data(`${name}_priv`)));
    same(name, plain(signed.framed.content), given);
    await privateAgain(view, signed, signaturePrivate, given);
    if (name === "application") continue;
    const opened = await openPublic(view, readPublic(e.data(`${name}_pub`)), membership, signer);
    same(name, plain(opened.framed.content), given);
    const ours = await signAgain(view, opened, signaturePrivate);
    const message = protectPublic(suite, ours, view.context, membership);
    const again = await openPublic(view, readPublic(message), membership, signer);
    same("our own PublicMessage", plain(again.framed.content), given);
  }
}

async function openPublic(
  view: EpochView,
  message: PublicMessage,
  membership: Bytes,
  signer: Bytes,
): Promise<AuthenticatedContent> {
  const { framed } = message;
  same("group_id", framed.groupId, view.groupId);
  same("epoch", framed.epoch, view.epoch);
  same("sender", JSON.stringify(framed.sender), JSON.stringify(memberSender(1)));
  const signed = checkPublic(view.suite, message, view.context, membership);
  await verifyContent(view.suite, signed, view.context, signer);
  return signed;
}

async function signAgain(
  view: EpochView,
  signed: AuthenticatedContent,
  signaturePrivate: Bytes,
): Promise<AuthenticatedContent> {
  const { wireFormat, framed, auth } = signed;
  const { sender, content, authenticatedData } = framed;
  const statement = { wireFormat, sender, content, authenticatedData };
  const ours = await signContent(view, statement, signaturePrivate);
  return { ...ours, auth: { ...ours.auth, confirmationTag: auth.confirmationTag } };
}

async function privateAgain(
  view: EpochView,
  signed: AuthenticatedContent,
  signaturePrivate: Bytes,
  given: Bytes,
) {
  same("group_id", signed.framed.groupId, view.groupId);
  same("epoch", signed.framed.epoch, view.epoch);
  const ours = await signAgain(view, signed, signaturePrivate);
  const [message] = await protectPrivate(view, ours, fixedRng);
  const [opened] = await openPrivate(view, readPrivate(message));
  same("our own PrivateMessage", plain(opened.framed.content), given);
}

/** Read a structure of a field and check that it re-encodes to the same bytes. */
function again<T>(e: Element, name: string, read: codec.Read<T>, encode: (value: T) => Bytes): T {
  const value = codec.decode(e.data(name), read);
  same(name, encode(value), e.data(name));
  return value;
}

/** Likewise an MLSMessage of one kind. */
function framedAgain<T>(
  e: Element,
  name: string,
  wireFormat: WireFormat,
  read: codec.Read<T>,
  encode: (value: T) => Bytes,
): T {
  const value = readMessageOf(e.data(name), wireFormat, read);
  same(name, wrapMessage(wireFormat, encode(value)), e.data(name));
  return value;
}

function proposalAgain(e: Element, name: string, type: ProposalType): Proposal {
  return again(e, name, (reader) => readProposalBody(reader, type), encodeProposalBody);
}

/**
 * Check that every structure re-encodes to the same bytes, and what they say of each other.
 *
 * The format asks only for the first; random bytes in a signature would then pass. Where fields of
 * an element vouch for each other (signatures, tree hash, references, the same content in two
 * frames), that is checked too.
 */
async function messages(e: Element) {
  const keyPackage = framedAgain(
    e,
    "mls_key_package",
    WireFormat.KEY_PACKAGE,
    readKeyPackage,
    encodeKeyPackage,
  );
  const suite = suiteOf(keyPackage.cipherSuite);
  const added = proposalAgain(e, "add_proposal", ProposalType.ADD);
  if (added.kind !== "add") throw new MismatchError("add_proposal is none");
  for (const one of [keyPackage, added.keyPackage]) {
    same("cipher_suite", one.cipherSuite, suite.suiteId);
    await verifyLeafSignature(one.leafNode, suite);
    const content = keyPackageToBeSigned(one);
    const { signatureKey } = one.leafNode;
    await suite.verifyWithLabel(signatureKey, "KeyPackageTBS", content, one.signature);
  }
  const tree = readTree(e, "ratchet_tree", suite);
  const info = framedAgain(
    e,
    "mls_group_info",
    WireFormat.GROUP_INFO,
    readGroupInfo,
    encodeGroupInfo,
  );
  same("cipher_suite", info.context.cipherSuite, suite.suiteId);
  same("ratchet_tree", tree.treeHash(), info.context.treeHash);
  const signer = tree.member(info.signer).signatureKey;
  await suite.verifyWithLabel(signer, "GroupInfoTBS", groupInfoToBeSigned(info), info.signature);
  const { groupId } = info.context;
  for (const [leafIndex, leaf] of tree.leaves()) {
    await verifyLeafSignature(leaf, suite, { groupId, leafIndex });
  }
  await messagesToGroup(e, info.context, tree, added);
  const invitation = framedAgain(e, "mls_welcome", WireFormat.WELCOME, readWelcome, encodeWelcome);
  same("mls_welcome.cipher_suite", invitation.cipherSuite, suite.suiteId);
  const known = hexes([keyPackage, added.keyPackage].map((k) => keyPackageReference(k, suite)));
  must(
    "mls_welcome",
    invitation.secrets.every((secret) => known.includes(hex(secret.newMember))),
  );
  again(e, "group_secrets", readGroupSecrets, encodeGroupSecrets);
  const update = proposalAgain(e, "update_proposal", ProposalType.UPDATE);
  if (update.kind !== "update") throw new MismatchError("update_proposal is none");
  same("update_proposal.signature_key", update.leafNode.signatureKey, signer);
  proposalAgain(e, "remove_proposal", ProposalType.REMOVE);
  proposalAgain(e, "pre_shared_key_proposal", ProposalType.PSK);
  proposalAgain(e, "re_init_proposal", ProposalType.REINIT);
  proposalAgain(e, "external_init_proposal", ProposalType.EXTERNAL_INIT);
  const type = ProposalType.GROUP_CONTEXT_EXTENSIONS;
  proposalAgain(e, "group_context_extensions_proposal", type);
}

async function messagesToGroup(e: Element, context: GroupContext, tree: RatchetTree, added: Add) {
  const contents = new Map<string, Content>();
  for (const name of ["application", "proposal", "commit"]) {
    const field = `public_message_${name}`;
    const wireFormat = WireFormat.PUBLIC_MESSAGE;
    const message = framedAgain(e, field, wireFormat, readPublicMessage, encodePublicMessage);
    const { framed } = message;
    same(`${field}.group_id`, framed.groupId, context.groupId);
    const { signatureKey } = tree.member(framed.sender.index);
    contents.set(name, framed.content);
    if (name === "application") continue; // from an epoch whose context is not given
    await verifyEither(tree.suite, message, context, signatureKey);
  }
  const encoded = (name: string) => {
    const content = contents.get(name);
    return content && encodeContent(content);
  };
  same("public_message_proposal", encoded("proposal"), encodeContent(added));
  again(e, "commit", readCommit, encodeCommit);
  same("commit", e.data("commit"), encoded("commit"));
  const sealed = framedAgain(
    e,
    "private_message",
    WireFormat.PRIVATE_MESSAGE,
    readPrivateMessage,
    encodePrivateMessage,
  );
  same("private_message.group_id", sealed.groupId, context.groupId);
}

/** The official files sign these as PrivateMessages and frame them as PublicMessages. */
async function verifyEither(
  suite: Suite,
  { framed, auth }: PublicMessage,
  context: GroupContext,
  signatureKey: Bytes,
) {
  const encoded = encodeGroupContext(context);
  const attempts = [WireFormat.PRIVATE_MESSAGE, WireFormat.PUBLIC_MESSAGE].map((wireFormat) =>
    verifyContent(suite, { wireFormat, framed, auth }, encoded, signatureKey),
  );
  await Promise.any(attempts);
}

// Groups.

async function welcome(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const keyPackage = readMessageOf(e.data("key_package"), WireFormat.KEY_PACKAGE, readKeyPackage);
  const message = readMessageOf(e.data("welcome"), WireFormat.WELCOME, readWelcome);
  same("key_package.cipher_suite", keyPackage.cipherSuite, suite.suiteId);
  same("welcome.cipher_suite", message.cipherSuite, suite.suiteId);
  const init = privateKey(e, "init_priv", suite);
  same("init_priv", await suite.kem.publicKey(init), keyPackage.initKey);
  const reference = keyPackageReference(keyPackage, suite);
  const mine = message.secrets.find((secret) => equal(secret.newMember, reference));
  if (mine === undefined) throw new MismatchError("welcome is not for key_package");
  const { encryptedGroupInfo } = message;
  const sealed = [mine.sealed.kemOutput, mine.sealed.ciphertext] as const;
  const opened = await suite.decryptWithLabel(init, "Welcome", encryptedGroupInfo, sealed);
  const secrets = codec.decode(opened, readGroupSecrets);
  const joiner = mixPsk(suite, secrets.joinerSecret, new Uint8Array(suite.nh));
  const [key, nonce] = welcomeKey(suite, joiner.welcome);
  const plaintext = await suite.aead.open(key, nonce, new Uint8Array(0), encryptedGroupInfo);
  const info = codec.decode(plaintext, readGroupInfo);
  const content = groupInfoToBeSigned(info);
  await suite.verifyWithLabel(e.data("signer_pub"), "GroupInfoTBS", content, info.signature);
  const epoch = epochSecrets(suite, joiner, encodeGroupContext(info.context));
  const confirmed = info.context.confirmedTranscriptHash;
  suite.verifyMac("CK-106", epoch.confirmation, confirmed, info.confirmationTag);
}

/** Join by a Welcome, then follow the group through its epochs. */
async function passiveClient(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const keyPackage = readMessageOf(e.data("key_package"), WireFormat.KEY_PACKAGE, readKeyPackage);
  same("cipher_suite", keyPackage.cipherSuite, suite.suiteId);
  const bundle = new KeyPackageBundle({
    keyPackage: e.data("key_package"),
    initPrivate: privateKey(e, "init_priv", suite),
    encryptionPrivate: privateKey(e, "encryption_priv", suite),
    signaturePrivate: privateKey(e, "signature_priv", suite),
    reference: keyPackageReference(keyPackage, suite),
  });
  const external = new Map(
    e.children("external_psks").map((psk) => [hex(psk.data("psk_id")), psk.data("psk")]),
  );
  const known = { external, resumption: new Map() };
  const tree = e.maybeData("ratchet_tree");
  let [state] = await joinState(e.data("welcome"), bundle, INSECURE_RULES, known, tree);
  if (tree !== null) same("ratchet_tree", state.tree.encode(), tree);
  const initial = e.data("initial_epoch_authenticator");
  same("initial_epoch_authenticator", state.keys.epochAuthenticator, initial);
  for (const epoch of e.children("epochs")) {
    for (const message of [...epoch.datas("proposals"), epoch.data("commit")]) {
      [state] = await receive(state, message, INSECURE_RULES);
    }
    const ours = state.keys.epochAuthenticator;
    same("epoch_authenticator", ours, epoch.data("epoch_authenticator"));
  }
}

describeVectors({
  name: "tree-operations",
  own: "tree-operations",
  least: 5,
  run: treeOperations,
  // The sender of an Add or Remove leaves no trace in the tree.
  exceptions: { unbound: ["proposal_sender"] },
});
describeVectors({
  name: "tree-validation",
  own: "tree-validation",
  least: 98,
  run: treeValidation,
});
describeVectors({ name: "treekem", own: "treekem", least: 77, run: treekem });
describeVectors({
  name: "message-protection",
  own: "message-protection",
  least: 7,
  run: messageProtection,
});
describeVectors({
  name: "messages",
  least: 300,
  run: messages,
  exceptions: {
    // Structures of random bytes: only their form can be wrong.
    partial: [
      "mls_welcome",
      "group_secrets",
      "update_proposal",
      "remove_proposal",
      "pre_shared_key_proposal",
      "re_init_proposal",
      "external_init_proposal",
      "public_message_application",
      "public_message_commit",
      "private_message",
      "public_message_proposal",
    ],
  },
});
describeVectors({ name: "welcome", own: "welcome", least: 7, run: welcome });
describeVectors({
  name: "passive-client-welcome",
  own: "passive-client",
  least: 56,
  run: passiveClient,
  // Without it the element is a smaller one, as good as before.
  exceptions: { repeated: ["epochs.#", "epochs.#.proposals.#"] },
});
