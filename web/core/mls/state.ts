/**
 * A member's state in one epoch, and the step into the next (RFC 9420, 8 and 12.4).
 *
 * A `GroupState` is immutable. Everything that receives or sends makes a new one from the old, so a
 * refused message changes nothing by construction. States share their byte strings, hence no state
 * overwrites a secret when it is dropped: another one may still need it.
 */

import { type Bytes, concat, hex, wipe } from "../bytes.ts";
import { refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import { type AuthenticatedContent, encodeFramedContent } from "./framing.ts";
import { encodeGroupContext, type GroupContext } from "./group_context.ts";
import {
  confirmedHash,
  type EpochKeys,
  epochSecrets,
  interimHash,
  type JoinerSecrets,
  joinerSecret,
  mixPsk,
  type NamedPsk,
  pskSecret,
} from "./key_schedule.ts";
import { checkTogether } from "./leaf_check.ts";
import { type Extensions, type MemberInfo, memberInfo } from "./leaf_node.ts";
import type { Proposed } from "./proposal_list.ts";
import { encodePskId, type PskId } from "./proposals.ts";
import type { EpochView } from "./protection.ts";
import type { RatchetTree } from "./ratchet_tree.ts";
import { SecretTree } from "./secret_tree.ts";
import type { Suite } from "./suite.ts";

/**
 * Epochs whose application messages can still be read. Higher: messages that come later than more
 * commits are read, and stolen state opens them for longer. Lower: the reverse.
 */
export const PAST_EPOCHS = 4;
/**
 * Epochs whose resumption PSK is kept, the current one included. They open no messages.
 */
export const RESUMPTION_EPOCHS = 32;

/**
 * Whether the group can be used; `OUTSIDE` is an external joiner's view of the epoch before. The
 * numbers are those of the stored state.
 */
export const Status = { OUTSIDE: 0, ACTIVE: 1, REMOVED: 2, REINITIALISED: 3 } as const;

export type Status = (typeof Status)[keyof typeof Status];

/** What remains of an epoch that is over: enough to read its late application messages. */
export type PastEpoch = Readonly<{
  epoch: bigint;
  /** Encoded GroupContext. */
  context: Bytes;
  members: readonly MemberInfo[];
  senderData: Bytes;
  secretTree: SecretTree;
}>;

/** Find who was at a leaf in an epoch that is over. */
export function pastMember(past: PastEpoch, leafIndex: number): MemberInfo | null {
  return past.members.find((member) => member.leafIndex === leafIndex) ?? null;
}

/** Return what opening a late message needs. */
export function pastView(past: PastEpoch, suite: Suite, groupId: Bytes): EpochView {
  const { epoch, context, senderData, secretTree } = past;
  const signatureKey = (leaf: number) => pastMember(past, leaf)?.signatureKey ?? null;
  return { suite, groupId, epoch, context, senderData, secretTree, signatureKey };
}

/** External PSKs by the hex of their id. */
export type ExternalPsks = ReadonlyMap<string, Bytes>;
/** Resumption PSKs by `resumptionKey`. */
export type ResumptionPsks = ReadonlyMap<string, Bytes>;

/** Name the resumption PSK of a group's epoch, as a key of a map. */
export function resumptionKey(groupId: Bytes, epoch: bigint): string {
  return `${hex(groupId)}:${epoch}`;
}

/** Everything a member holds. */
export type GroupState = Readonly<{
  suite: Suite;
  /** Group context of the epoch. */
  context: GroupContext;
  /** Ratchet tree of the epoch; never changed in place. */
  tree: RatchetTree;
  /** Secrets of the epoch. */
  keys: EpochKeys;
  /** Interim transcript hash. */
  interim: Bytes;
  /** Tag of the commit that began the epoch. */
  confirmationTag: Bytes;
  ownLeaf: number;
  signaturePrivate: Bytes;
  /** Private keys of our leaf and parents above it, by node index. */
  privates: ReadonlyMap<number, Bytes>;
  /** Message keys. */
  secretTree: SecretTree;
  /** Proposals of this epoch by the hex of their reference, in order of arrival. */
  pending: ReadonlyMap<string, Proposed>;
  /** Private keys of Updates we proposed, by the hex of the public key. */
  pendingUpdates: ReadonlyMap<string, Bytes>;
  /** Ended epochs, oldest first, at most `PAST_EPOCHS`. */
  past: readonly PastEpoch[];
  resumption: ResumptionPsks;
  /** External PSKs, as the application supplied them. */
  psks: ExternalPsks;
  /** Whether the group can be used. */
  status: Status;
}>;

/** Return what sending and opening messages of the current epoch needs. */
export function viewOf(state: GroupState): EpochView {
  const { suite, context, tree, keys, secretTree } = state;
  return {
    suite,
    groupId: context.groupId,
    epoch: context.epoch,
    context: encodeGroupContext(context),
    senderData: keys.senderData,
    secretTree,
    signatureKey: (leaf) => tree.leaf(leaf)?.signatureKey ?? null,
  };
}

/** Return all members in the order of their leaves. */
export function membersOf(tree: RatchetTree): MemberInfo[] {
  return tree.leaves().map(([leafIndex, leaf]) => memberInfo(leaf, leafIndex));
}

/** Look a PSK up among those we hold (CK-084). */
export function findPsk(psk: PskId, external: ExternalPsks, resumption: ResumptionPsks): Bytes {
  const value =
    psk.kind === "external"
      ? external.get(hex(psk.pskId))
      : resumption.get(resumptionKey(psk.groupId, psk.epoch));
  if (value === undefined) throw refusal("CK-084");
  return value;
}

/** Return what is kept of a state's epoch once it is over. */
function endedEpoch(state: GroupState): PastEpoch {
  return {
    epoch: state.context.epoch,
    context: encodeGroupContext(state.context),
    members: membersOf(state.tree),
    senderData: state.keys.senderData,
    secretTree: state.secretTree.forPastEpoch(state.ownLeaf),
  };
}

/** Return the ended epochs once that of a state is over, too. */
export function pastAfter(state: GroupState): PastEpoch[] {
  return [...state.past, endedEpoch(state)].slice(-PAST_EPOCHS);
}

const NOTHING: Bytes = new Uint8Array(0);

/** The keys of whoever has none. */
export const NO_KEYS: EpochKeys = {
  init: NOTHING,
  senderData: NOTHING,
  exporter: NOTHING,
  external: NOTHING,
  membership: NOTHING,
  resumption: NOTHING,
  epochAuthenticator: NOTHING,
};

/** Return a secret tree without any secret. */
export function emptySecretTree(suite: Suite, leafCount: number): SecretTree {
  const none = { secrets: new Map(), handshake: new Map(), application: new Map() };
  return new SecretTree({ suite, leafCount, ...none });
}

/** Return the state of a removed member: no key but those of ended epochs. */
export function afterRemoval(state: GroupState): GroupState {
  const isOver = state.status === Status.REMOVED; // already: its keys are gone
  return {
    ...state,
    keys: NO_KEYS,
    signaturePrivate: NOTHING,
    privates: new Map(),
    secretTree: emptySecretTree(state.suite, state.tree.leafCount),
    pending: new Map(),
    pendingUpdates: new Map(),
    past: isOver ? state.past : pastAfter(state),
    resumption: new Map(),
    psks: new Map(),
    status: Status.REMOVED,
  };
}

/** What goes into the next epoch (12.4.2). */
type NextEpoch = Readonly<{
  /** Ratchet tree with proposals and path applied. */
  tree: RatchetTree;
  /** Extensions of its context. */
  extensions: Extensions;
  /** Our leaf index in it. */
  ownLeaf: number;
  /** Our private keys in it. */
  privates: ReadonlyMap<number, Bytes>;
  /** Init secret of the old epoch, or the one of an external commit. */
  init: Bytes;
  /** From the path; zeros without one. */
  commitSecret: Bytes;
  /** PSKs in order. */
  psks: readonly PskId[];
  /** The group ends here. */
  reinit: boolean;
}>;

/** Return the context that path secrets are sealed under (12.4.1). */
export function provisionalContext(
  context: GroupContext,
  extensions: Extensions,
  treeHash: Bytes,
): GroupContext {
  return { ...context, epoch: context.epoch + 1n, treeHash, extensions };
}

/** Return ConfirmedTranscriptHashInput (8.2). */
function confirmedInput(signed: AuthenticatedContent): Bytes {
  return concat(
    codec.u16(signed.wireFormat),
    encodeFramedContent(signed.framed),
    codec.opaque(signed.auth.signature),
  );
}

/**
 * Enter the next epoch.
 *
 * @param state The state in the old epoch.
 * @param signed The commit; its confirmation tag is not looked at.
 * @param after What the commit leads to.
 * @returns The new state, whose `confirmationTag` a receiver compares with the commit's, and the
 *   secrets a Welcome needs.
 * @throws PeerError CK-023 to CK-026 about the members together, CK-084.
 */
export async function advance(
  state: GroupState,
  signed: AuthenticatedContent,
  after: NextEpoch,
): Promise<readonly [GroupState, JoinerSecrets]> {
  const { suite } = state;
  checkTogether(
    after.tree.leaves().map(([, leaf]) => leaf),
    after.extensions,
  );
  const confirmed = await confirmedHash(suite, state.interim, confirmedInput(signed));
  const context: GroupContext = {
    ...provisionalContext(state.context, after.extensions, after.tree.treeHash()),
    confirmedTranscriptHash: confirmed,
  };
  const encoded = encodeGroupContext(context);
  const named = after.psks.map(
    (id): NamedPsk => [encodePskId(id), findPsk(id, state.psks, state.resumption)],
  );
  const psk = pskSecret(suite, named);
  const joiner = mixPsk(suite, joinerSecret(suite, after.init, after.commitSecret, encoded), psk);
  const secrets = epochSecrets(suite, joiner, encoded);
  const confirmationTag = suite.kdf.mac(secrets.confirmation, confirmed);
  wipe(psk, secrets.confirmation);
  const resumption = new Map(state.resumption);
  resumption.set(resumptionKey(context.groupId, context.epoch), secrets.keys.resumption);
  const following: GroupState = {
    ...state,
    context,
    tree: after.tree,
    keys: secrets.keys,
    interim: interimHash(suite, confirmed, confirmationTag),
    confirmationTag,
    ownLeaf: after.ownLeaf,
    privates: after.privates,
    secretTree: SecretTree.start(suite, secrets.encryption, after.tree.leafCount),
    pending: new Map(),
    pendingUpdates: new Map(),
    past: state.status === Status.OUTSIDE ? [] : pastAfter(state),
    resumption: new Map([...resumption].slice(-RESUMPTION_EPOCHS)),
    status: after.reinit ? Status.REINITIALISED : Status.ACTIVE,
  };
  return [following, joiner];
}
