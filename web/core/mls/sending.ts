/** Making and sending proposals, and application messages; commits are in `commit_create.ts`. */

import { type Bytes, hex, type Rng } from "../bytes.ts";
import { memberSender } from "./framing.ts";
import { signLeaf, UnverifiedKeyPackage } from "./key_package.ts";
import type { Rules } from "./leaf_check.ts";
import { type Extensions, LeafSource } from "./leaf_node.ts";
import { checkProposal } from "./proposal_list.ts";
import { type Add, type Proposal, type PskId, ResumptionUsage, type Update } from "./proposals.ts";
import { protectPrivate, protectPublic, signContent } from "./protection.ts";
import { remember } from "./receive.ts";
import { type GroupState, viewOf } from "./state.ts";
import { WireFormat } from "./wire.ts";

/** What is sent, and how. */
type Letter = Readonly<{
  /** The plaintext. */
  content: Bytes;
  /** Travels in the clear. */
  authenticatedData: Bytes;
  padTo: number;
}>;

/**
 * Sign and encrypt an application message.
 *
 * @param state The current state.
 * @param letter What to send.
 * @param rng Source of randomness.
 * @returns The state without the key it used, and the MLSMessage.
 */
export async function sendApplication(
  state: GroupState,
  letter: Letter,
  rng: Rng,
): Promise<readonly [GroupState, message: Bytes]> {
  const view = viewOf(state);
  const statement = {
    wireFormat: WireFormat.PRIVATE_MESSAGE,
    sender: memberSender(state.ownLeaf),
    content: { kind: "application", data: letter.content } as const,
    authenticatedData: letter.authenticatedData,
  };
  const signed = await signContent(view, statement, state.signaturePrivate);
  const [message, secretTree] = await protectPrivate(view, signed, rng, letter.padTo);
  return [{ ...state, secretTree }, message];
}

/**
 * Frame a proposal of ours and make it pending.
 *
 * @param state The current state.
 * @param proposal The proposal.
 * @param rules Time and credential validation.
 * @param rng Source of randomness.
 * @param options.public As PublicMessage.
 * @returns The state with it pending, and the MLSMessage.
 * @throws PeerError It is not valid.
 * @throws VisavisError Whatever the validator throws.
 */
export async function sendProposal(
  state: GroupState,
  proposal: Proposal,
  rules: Rules,
  rng: Rng,
  options: Readonly<{ public: boolean }>,
): Promise<readonly [GroupState, message: Bytes]> {
  const { suite, keys, signaturePrivate } = state;
  const sender = memberSender(state.ownLeaf);
  const proposed = { proposal, sender };
  await checkProposal(proposed, state.tree, state.context, rules);
  const wireFormat = options.public ? WireFormat.PUBLIC_MESSAGE : WireFormat.PRIVATE_MESSAGE;
  const view = viewOf(state);
  const signed = await signContent(
    view,
    { wireFormat, sender, content: proposal },
    signaturePrivate,
  );
  if (options.public) {
    const message = protectPublic(suite, signed, view.context, keys.membership);
    return [remember(state, signed, proposed), message];
  }
  const [message, secretTree] = await protectPrivate(view, signed, rng);
  return [remember({ ...state, secretTree }, signed, proposed), message];
}

/** A PSK to mix in: the id of an external one, or an epoch of this group (resumption). */
export type PskChoice = Bytes | bigint;

/** What shall change. */
export type Changes = Readonly<{
  /** Key packages (MLSMessages) to add. */
  add?: readonly Bytes[];
  /** Leaf indices to remove. */
  remove?: readonly number[];
  /** PSKs to mix in. */
  psks?: readonly PskChoice[];
  /** New extensions of the group context, if they are to change. */
  extensions?: Extensions | undefined;
}>;

/**
 * Make proposals of what shall change.
 *
 * @param state The current state.
 * @param changes The changes.
 * @param rng Source of randomness.
 * @returns The proposals; they are not checked yet.
 * @throws PeerError A key package cannot be read.
 */
export function newProposals(state: GroupState, changes: Changes, rng: Rng): Proposal[] {
  const { add = [], remove = [], psks = [], extensions } = changes;
  return [
    ...remove.map((removed) => ({ kind: "remove", removed }) as const),
    ...add.map(proposeAdd),
    ...psks.map((psk) => ({ kind: "psk", psk: pskIdOf(state, psk, rng) }) as const),
    ...(extensions ? [{ kind: "group context extensions", extensions } as const] : []),
  ];
}

function proposeAdd(keyPackage: Bytes): Add {
  return { kind: "add", keyPackage: UnverifiedKeyPackage.parse(keyPackage).struct };
}

function pskIdOf(state: GroupState, psk: PskChoice, rng: Rng): PskId {
  const nonce = rng(state.suite.nh);
  if (typeof psk !== "bigint") return { kind: "external", pskId: psk, nonce };
  const usage = ResumptionUsage.APPLICATION;
  return { kind: "resumption", usage, groupId: state.context.groupId, epoch: psk, nonce };
}

/** Make an Update of our leaf and keep its private key until a commit takes it up. */
export async function newUpdate(
  state: GroupState,
  rng: Rng,
): Promise<readonly [Update, GroupState]> {
  const { suite, ownLeaf } = state;
  const [privateKey, encryptionKey] = await suite.kem.deriveKeyPair(rng(suite.kem.nsk));
  const unsigned = {
    ...state.tree.member(ownLeaf),
    encryptionKey,
    source: LeafSource.UPDATE,
    lifetime: null,
    parentHash: null,
  };
  const place = { groupId: state.context.groupId, leafIndex: ownLeaf };
  const leafNode = await signLeaf(suite, unsigned, state.signaturePrivate, place);
  const pendingUpdates = new Map(state.pendingUpdates).set(hex(encryptionKey), privateKey);
  return [
    { kind: "update", leafNode },
    { ...state, pendingUpdates },
  ];
}
