/**
 * Proposals and commits as they travel (RFC 9420, 12.1 and 12.4). Structures only, unchecked.
 *
 * The rules for lists of proposals are in `proposal_list.ts`.
 */

import { type Bytes, concat } from "../bytes.ts";
import { refusal } from "./checks.ts";
import type { Reader } from "./codec.ts";
import * as codec from "./codec.ts";
import { encodeKeyPackage, type KeyPackageStruct, readKeyPackage } from "./key_package.ts";
import {
  type Extensions,
  encodeExtensions,
  encodeLeafNode,
  type LeafNode,
  readExtensions,
  readLeafNode,
} from "./leaf_node.ts";

/** Proposal types (RFC 9420, 17.4). */
export const ProposalType = {
  ADD: 1,
  UPDATE: 2,
  REMOVE: 3,
  PSK: 4,
  REINIT: 5,
  EXTERNAL_INIT: 6,
  GROUP_CONTEXT_EXTENSIONS: 7,
} as const;

export type ProposalType = (typeof ProposalType)[keyof typeof ProposalType];

/** Kinds of pre-shared keys (RFC 9420, 8.4). */
const PskType = { EXTERNAL: 1, RESUMPTION: 2 } as const;

/** What a resumption PSK is used for. */
export const ResumptionUsage = { APPLICATION: 1, REINIT: 2, BRANCH: 3 } as const;

export type ResumptionUsage = (typeof ResumptionUsage)[keyof typeof ResumptionUsage];

/** PreSharedKeyID of a key that the application supplied under a name. */
export type ExternalPsk = Readonly<{ kind: "external"; pskId: Bytes; nonce: Bytes }>;

/** PreSharedKeyID of the resumption secret of a group's epoch. */
export type ResumptionPsk = Readonly<{
  kind: "resumption";
  usage: ResumptionUsage;
  groupId: Bytes;
  epoch: bigint;
  nonce: Bytes;
}>;

export type PskId = ExternalPsk | ResumptionPsk;

/** Encode a PreSharedKeyID. */
export function encodePskId(psk: PskId): Bytes {
  if (psk.kind === "external") {
    return concat(codec.u8(PskType.EXTERNAL), codec.opaque(psk.pskId), codec.opaque(psk.nonce));
  }
  return concat(
    codec.u8(PskType.RESUMPTION),
    codec.u8(psk.usage),
    codec.opaque(psk.groupId),
    codec.u64(psk.epoch),
    codec.opaque(psk.nonce),
  );
}

/** Decode a PreSharedKeyID. */
export function readPskId(reader: Reader): PskId {
  if (codec.readTag(reader, 1, PskType) === PskType.EXTERNAL) {
    return { kind: "external", pskId: reader.opaque(), nonce: reader.opaque() };
  }
  return {
    kind: "resumption",
    usage: codec.readTag(reader, 1, ResumptionUsage),
    groupId: reader.opaque(),
    epoch: reader.uint64(),
    nonce: reader.opaque(),
  };
}

/** Add the device with this key package (12.1.1). */
export type Add = Readonly<{ kind: "add"; keyPackage: KeyPackageStruct }>;

/** Replace the sender's leaf (12.1.2). */
export type Update = Readonly<{ kind: "update"; leafNode: LeafNode }>;

/** Remove the member at a leaf (12.1.3). */
export type Remove = Readonly<{ kind: "remove"; removed: number }>;

/** Mix a pre-shared key into the next epoch (12.1.4). */
export type PreSharedKey = Readonly<{ kind: "psk"; psk: PskId }>;

/** End this group and begin one with other parameters (12.1.5). */
export type ReInit = Readonly<{
  kind: "reinit";
  groupId: Bytes;
  version: number;
  cipherSuite: number;
  extensions: Extensions;
}>;

/** The joiner's contribution to the next epoch's secret (12.1.6). */
export type ExternalInit = Readonly<{ kind: "external init"; kemOutput: Bytes }>;

/** Replace the extensions of the group context (12.1.7). */
export type GroupContextExtensions = Readonly<{
  kind: "group context extensions";
  extensions: Extensions;
}>;

export type Proposal =
  | Add
  | Update
  | Remove
  | PreSharedKey
  | ReInit
  | ExternalInit
  | GroupContextExtensions;

const TYPE_OF = {
  add: ProposalType.ADD,
  update: ProposalType.UPDATE,
  remove: ProposalType.REMOVE,
  psk: ProposalType.PSK,
  reinit: ProposalType.REINIT,
  "external init": ProposalType.EXTERNAL_INIT,
  "group context extensions": ProposalType.GROUP_CONTEXT_EXTENSIONS,
} as const satisfies Record<Proposal["kind"], ProposalType>;

/** Encode a proposal without its type. */
export function encodeProposalBody(proposal: Proposal): Bytes {
  switch (proposal.kind) {
    case "add":
      return encodeKeyPackage(proposal.keyPackage);
    case "update":
      return encodeLeafNode(proposal.leafNode);
    case "remove":
      return codec.u32(proposal.removed);
    case "psk":
      return encodePskId(proposal.psk);
    case "reinit":
      return concat(
        codec.opaque(proposal.groupId),
        codec.u16(proposal.version),
        codec.u16(proposal.cipherSuite),
        encodeExtensions(proposal.extensions),
      );
    case "external init":
      return codec.opaque(proposal.kemOutput);
    case "group context extensions":
      return encodeExtensions(proposal.extensions);
  }
}

/** Encode a proposal. */
export function encodeProposal(proposal: Proposal): Bytes {
  return concat(codec.u16(TYPE_OF[proposal.kind]), encodeProposalBody(proposal));
}

/** Decode a proposal whose type is already known. */
export function readProposalBody(reader: Reader, type: ProposalType): Proposal {
  switch (type) {
    case ProposalType.ADD:
      return { kind: "add", keyPackage: readKeyPackage(reader) };
    case ProposalType.UPDATE:
      return { kind: "update", leafNode: readLeafNode(reader) };
    case ProposalType.REMOVE:
      return { kind: "remove", removed: reader.uint(4) };
    case ProposalType.PSK:
      return { kind: "psk", psk: readPskId(reader) };
    case ProposalType.REINIT:
      return {
        kind: "reinit",
        groupId: reader.opaque(),
        version: reader.uint(2),
        cipherSuite: reader.uint(2),
        extensions: readExtensions(reader),
      };
    case ProposalType.EXTERNAL_INIT:
      return { kind: "external init", kemOutput: reader.opaque() };
    case ProposalType.GROUP_CONTEXT_EXTENSIONS:
      return { kind: "group context extensions", extensions: readExtensions(reader) };
  }
}

/** Decode a proposal; a type we do not know has no length, so it is refused (CK-005). */
export function readProposal(reader: Reader): Proposal {
  return readProposalBody(reader, codec.readTag(reader, 2, ProposalType));
}

/** A proposal named by its hash (RFC 9420, 5.2). */
export type ProposalRef = Readonly<{ kind: "reference"; reference: Bytes }>;

export type ProposalOrRef = Proposal | ProposalRef;

function encodeProposalOrRef(item: ProposalOrRef): Bytes {
  return item.kind === "reference"
    ? concat(codec.u8(2), codec.opaque(item.reference))
    : concat(codec.u8(1), encodeProposal(item));
}

function readProposalOrRef(reader: Reader): ProposalOrRef {
  switch (reader.uint(1)) {
    case 1:
      return readProposal(reader);
    case 2:
      return { kind: "reference", reference: reader.opaque() };
    default:
      throw refusal("CK-005");
  }
}

/** A path secret sealed to one node (RFC 9420, 7.6). */
export type HpkeCiphertext = Readonly<{ kemOutput: Bytes; ciphertext: Bytes }>;

/** Encode an HPKE ciphertext. */
export function encodeHpkeCiphertext(sealed: HpkeCiphertext): Bytes {
  return concat(codec.opaque(sealed.kemOutput), codec.opaque(sealed.ciphertext));
}

/** Decode an HPKE ciphertext. */
export function readHpkeCiphertext(reader: Reader): HpkeCiphertext {
  return { kemOutput: reader.opaque(), ciphertext: reader.opaque() };
}

/** A new key for one parent, and its secret for each node of the copath's resolution. */
export type UpdatePathNode = Readonly<{
  encryptionKey: Bytes;
  secrets: readonly HpkeCiphertext[];
}>;

function encodeUpdatePathNode(node: UpdatePathNode): Bytes {
  return concat(
    codec.opaque(node.encryptionKey),
    codec.vector(node.secrets.map(encodeHpkeCiphertext)),
  );
}

function readUpdatePathNode(reader: Reader): UpdatePathNode {
  return { encryptionKey: reader.opaque(), secrets: reader.items(readHpkeCiphertext) };
}

/** New keys for the committer's leaf and the parents above it (RFC 9420, 7.6). */
export type UpdatePath = Readonly<{ leafNode: LeafNode; nodes: readonly UpdatePathNode[] }>;

/** Encode an update path. */
export function encodeUpdatePath(path: UpdatePath): Bytes {
  return concat(encodeLeafNode(path.leafNode), codec.vector(path.nodes.map(encodeUpdatePathNode)));
}

/** Decode an update path. */
export function readUpdatePath(reader: Reader): UpdatePath {
  return { leafNode: readLeafNode(reader), nodes: reader.items(readUpdatePathNode) };
}

/** A list of proposals, by value or by reference, and perhaps a path (RFC 9420, 12.4). */
export type Commit = Readonly<{
  kind: "commit";
  proposals: readonly ProposalOrRef[];
  path: UpdatePath | null;
}>;

/** Encode a commit. */
export function encodeCommit(commit: Commit): Bytes {
  return concat(
    codec.vector(commit.proposals.map(encodeProposalOrRef)),
    codec.optional(commit.path && encodeUpdatePath(commit.path)),
  );
}

/** Decode a commit. */
export function readCommit(reader: Reader): Commit {
  return {
    kind: "commit",
    proposals: reader.items(readProposalOrRef),
    path: reader.optional(readUpdatePath),
  };
}
