/** Receiving a message to a group (RFC 9420, 6): which epoch, which sender, what it may say. */

import { type Bytes, concat, equal, hex } from "../bytes.ts";
import { ensure, refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import { Reader } from "./codec.ts";
import { type CommitApplied, processCommit } from "./commit_process.ts";
import {
  type ApplicationData,
  type AuthenticatedContent,
  ContentType,
  encodeAuthenticatedContent,
  type PrivateMessage,
  type PublicMessage,
  readGroupMessage,
  type Sender,
  SenderType,
} from "./framing.ts";
import { encodeGroupContext } from "./group_context.ts";
import type { Rules } from "./leaf_check.ts";
import {
  type Credential,
  ExtensionType,
  encodeCredential,
  findExtension,
  type MemberInfo,
  memberInfo,
  readCredential,
} from "./leaf_node.ts";
import { checkProposal, type Proposed } from "./proposal_list.ts";
import type { Proposal } from "./proposals.ts";
import { checkPublic, openPrivate, verifyContent } from "./protection.ts";
import { type GroupState, pastMember, pastView, Status, viewOf } from "./state.ts";
import type { Suite } from "./suite.ts";
import { readWireFormat } from "./wire.ts";

/**
 * Proposals kept per epoch. Higher: more memory for a member who floods; lower: a busy group of
 * hundreds could refuse honest ones.
 */
export const MAX_PENDING = 4096;

/** An application message. */
export type ApplicationMessage = Readonly<{
  kind: "application";
  /** The member that signed it, as it was in that epoch. */
  sender: MemberInfo;
  /** The plaintext. */
  content: Bytes;
  /** Data that travelled in the clear, authenticated. */
  authenticatedData: Bytes;
  /** The epoch it was sent in. */
  epoch: bigint;
}>;

/** A proposal is pending until a commit takes it up or ends the epoch. */
export type ProposalReceived = Readonly<{
  kind: "proposal";
  /** The member that proposed, null for an outsider. */
  sender: MemberInfo | null;
  /** What it proposed. */
  proposal: Proposal;
}>;

export type Received = ApplicationMessage | ProposalReceived | CommitApplied;

type Outcome = Promise<readonly [GroupState, Received]>;

/**
 * Process one message to the group.
 *
 * @param state The current state.
 * @param message An MLSMessage with a PublicMessage or PrivateMessage.
 * @param rules Time and credential validation.
 * @returns The new state, and what the message was.
 * @throws PeerError A check failed.
 * @throws VisavisError Whatever the validator throws.
 */
export async function receive(state: GroupState, message: Bytes, rules: Rules): Outcome {
  const reader = new Reader(message);
  const body = readGroupMessage(reader, readWireFormat(reader));
  reader.finish();
  return body.kind === "private"
    ? await receivePrivate(state, body, rules)
    : await receivePublic(state, body, rules);
}

async function receivePrivate(state: GroupState, message: PrivateMessage, rules: Rules): Outcome {
  const { context, suite, past } = state;
  ensure("CK-050", equal(message.groupId, context.groupId));
  if (message.epoch === context.epoch && state.status !== Status.REMOVED) {
    ensure("CK-062", state.status === Status.ACTIVE);
    const [signed, secretTree] = await openPrivate(viewOf(state), message);
    return await dispatch({ ...state, secretTree }, signed, rules);
  }
  const old = past.find((ended) => ended.epoch === message.epoch);
  if (old === undefined) throw refusal("CK-051");
  ensure("CK-058", message.contentType === ContentType.APPLICATION);
  const [signed, secretTree] = await openPrivate(pastView(old, suite, context.groupId), message);
  const sender = pastMember(old, signed.framed.sender.index);
  const { content } = signed.framed;
  // openPrivate found the sender's key, and read content of this type.
  if (sender === null || content.kind !== "application") throw refusal("CK-054");
  const changed = past.map((ended) => (ended === old ? { ...old, secretTree } : ended));
  return [{ ...state, past: changed }, applicationMessage(signed, content, sender)];
}

function applicationMessage(
  { framed }: AuthenticatedContent,
  { data }: ApplicationData,
  sender: MemberInfo,
): ApplicationMessage {
  const { authenticatedData, epoch } = framed;
  return { kind: "application", sender, content: data, authenticatedData, epoch };
}

async function receivePublic(state: GroupState, message: PublicMessage, rules: Rules): Outcome {
  const { framed } = message;
  const { suite } = state;
  ensure("CK-050", equal(framed.groupId, state.context.groupId));
  ensure("CK-051", framed.epoch === state.context.epoch);
  ensure("CK-062", state.status === Status.ACTIVE);
  const context = encodeGroupContext(state.context);
  const signed = checkPublic(suite, message, context, state.keys.membership);
  await verifyContent(suite, signed, context, signatureKeyFor(state, signed, rules));
  return await dispatch(state, signed, rules);
}

/** An entry of the external_senders extension (RFC 9420, 12.1.8.1). */
type ExternalSender = Readonly<{ signatureKey: Bytes; credential: Credential }>;

/** Encode the data of an external_senders extension. */
export function encodeExternalSenders(senders: readonly ExternalSender[]): Bytes {
  return codec.vector(
    senders.map((sender) =>
      concat(codec.opaque(sender.signatureKey), encodeCredential(sender.credential)),
    ),
  );
}

function readExternalSenders(reader: Reader): readonly ExternalSender[] {
  return reader.items((inner) => ({
    signatureKey: inner.opaque(),
    credential: readCredential(inner),
  }));
}

/** Find the key a PublicMessage must be signed with, and refuse senders out of place. */
function signatureKeyFor(state: GroupState, signed: AuthenticatedContent, rules: Rules): Bytes {
  const { content, sender } = signed.framed;
  switch (sender.senderType) {
    case SenderType.MEMBER:
      return state.tree.member(sender.index).signatureKey;
    case SenderType.EXTERNAL: {
      // Outsiders may not touch what only members can know (12.1.8).
      ensure("CK-061", !["commit", "update", "external init"].includes(content.kind));
      const data = findExtension(state.context.extensions, ExtensionType.EXTERNAL_SENDERS);
      const senders = data === null ? [] : codec.decode(data, readExternalSenders);
      const listed = senders[sender.index];
      ensure("CK-060", listed !== undefined);
      return listed.signatureKey;
    }
    case SenderType.NEW_MEMBER_PROPOSAL:
      ensure("CK-061", content.kind === "add" && (rules.outsiders ?? false));
      return content.keyPackage.leafNode.signatureKey;
    case SenderType.NEW_MEMBER_COMMIT:
      ensure("CK-059", content.kind === "commit");
      ensure("CK-100", content.path !== null);
      return content.path.leafNode.signatureKey;
  }
}

/** Return the ProposalRef (RFC 9420, 5.2). */
export function proposalReference(suite: Suite, signed: AuthenticatedContent): Bytes {
  return suite.refHash("MLS 1.0 Proposal Reference", encodeAuthenticatedContent(signed));
}

async function dispatch(state: GroupState, signed: AuthenticatedContent, rules: Rules): Outcome {
  const { content, sender } = signed.framed;
  switch (content.kind) {
    case "commit":
      return await processCommit(state, signed, content, rules);
    case "application":
      return [state, applicationMessage(signed, content, memberAt(state, sender))];
    default: {
      const proposed = { proposal: content, sender };
      await checkProposal(proposed, state.tree, state.context, rules);
      const isMember = sender.senderType === SenderType.MEMBER;
      const member = isMember ? memberAt(state, sender) : null;
      const after = remember(state, signed, proposed);
      return [after, { kind: "proposal", sender: member, proposal: content }];
    }
  }
}

function memberAt(state: GroupState, sender: Sender): MemberInfo {
  return memberInfo(state.tree.member(sender.index), sender.index);
}

/** Return the state with one more pending proposal (CK-063); a repetition changes nothing. */
export function remember(
  state: GroupState,
  signed: AuthenticatedContent,
  proposed: Proposed,
): GroupState {
  const reference = hex(proposalReference(state.suite, signed));
  if (state.pending.has(reference)) return state;
  ensure("CK-063", state.pending.size < MAX_PENDING);
  return { ...state, pending: new Map(state.pending).set(reference, proposed) };
}
