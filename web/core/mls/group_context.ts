/** Group context, GroupInfo and Welcome as structures (RFC 9420, 8.1, 12.4.3). */

import { type Bytes, concat } from "../bytes.ts";
import { ensure } from "./checks.ts";
import type { Reader } from "./codec.ts";
import * as codec from "./codec.ts";
import { type Extensions, encodeExtensions, MLS10, readExtensions } from "./leaf_node.ts";
import {
  encodeHpkeCiphertext,
  encodePskId,
  type HpkeCiphertext,
  type PskId,
  readHpkeCiphertext,
  readPskId,
} from "./proposals.ts";

/** What all members of an epoch agree on. */
export type GroupContext = Readonly<{
  cipherSuite: number;
  groupId: Bytes;
  epoch: bigint;
  treeHash: Bytes;
  confirmedTranscriptHash: Bytes;
  extensions: Extensions;
}>;

/** Encode a group context. */
export function encodeGroupContext(context: GroupContext): Bytes {
  return concat(
    codec.u16(MLS10),
    codec.u16(context.cipherSuite),
    codec.opaque(context.groupId),
    codec.u64(context.epoch),
    codec.opaque(context.treeHash),
    codec.opaque(context.confirmedTranscriptHash),
    encodeExtensions(context.extensions),
  );
}

/** Decode a group context (CK-006). */
export function readGroupContext(reader: Reader): GroupContext {
  ensure("CK-006", reader.uint(2) === MLS10);
  return {
    cipherSuite: reader.uint(2),
    groupId: reader.opaque(),
    epoch: reader.uint64(),
    treeHash: reader.opaque(),
    confirmedTranscriptHash: reader.opaque(),
    extensions: readExtensions(reader),
  };
}

/** What a joiner needs to know about a group, signed by a member (12.4.3). */
export type GroupInfo = Readonly<{
  context: GroupContext;
  extensions: Extensions;
  confirmationTag: Bytes;
  signer: number;
  signature: Bytes;
}>;

/** Return GroupInfoTBS. */
export function groupInfoToBeSigned(info: GroupInfo): Bytes {
  return concat(
    encodeGroupContext(info.context),
    encodeExtensions(info.extensions),
    codec.opaque(info.confirmationTag),
    codec.u32(info.signer),
  );
}

/** Encode a GroupInfo. */
export function encodeGroupInfo(info: GroupInfo): Bytes {
  return concat(groupInfoToBeSigned(info), codec.opaque(info.signature));
}

/** Decode a GroupInfo. */
export function readGroupInfo(reader: Reader): GroupInfo {
  return {
    context: readGroupContext(reader),
    extensions: readExtensions(reader),
    confirmationTag: reader.opaque(),
    signer: reader.uint(4),
    signature: reader.opaque(),
  };
}

/** The secrets a joiner gets, sealed to its init key (12.4.3.1). */
export type GroupSecrets = Readonly<{
  joinerSecret: Bytes;
  pathSecret: Bytes | null;
  psks: readonly PskId[];
}>;

/** Encode group secrets. */
export function encodeGroupSecrets(secrets: GroupSecrets): Bytes {
  return concat(
    codec.opaque(secrets.joinerSecret),
    codec.optional(secrets.pathSecret && codec.opaque(secrets.pathSecret)),
    codec.vector(secrets.psks.map(encodePskId)),
  );
}

/** Decode group secrets. */
export function readGroupSecrets(reader: Reader): GroupSecrets {
  return {
    joinerSecret: reader.opaque(),
    pathSecret: reader.optional(codec.readOpaque),
    psks: reader.items(readPskId),
  };
}

/** GroupSecrets for the key package with this reference. */
type EncryptedGroupSecrets = Readonly<{ newMember: Bytes; sealed: HpkeCiphertext }>;

function encodeEncryptedGroupSecrets(secrets: EncryptedGroupSecrets): Bytes {
  return concat(codec.opaque(secrets.newMember), encodeHpkeCiphertext(secrets.sealed));
}

function readEncryptedGroupSecrets(reader: Reader): EncryptedGroupSecrets {
  return { newMember: reader.opaque(), sealed: readHpkeCiphertext(reader) };
}

/** The invitation into an epoch, for all members added by one commit. */
export type Welcome = Readonly<{
  cipherSuite: number;
  secrets: readonly EncryptedGroupSecrets[];
  encryptedGroupInfo: Bytes;
}>;

/** Encode a Welcome. */
export function encodeWelcome(welcome: Welcome): Bytes {
  return concat(
    codec.u16(welcome.cipherSuite),
    codec.vector(welcome.secrets.map(encodeEncryptedGroupSecrets)),
    codec.opaque(welcome.encryptedGroupInfo),
  );
}

/** Decode a Welcome. */
export function readWelcome(reader: Reader): Welcome {
  return {
    cipherSuite: reader.uint(2),
    secrets: reader.items(readEncryptedGroupSecrets),
    encryptedGroupInfo: reader.opaque(),
  };
}
