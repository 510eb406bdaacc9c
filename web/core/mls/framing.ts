/**
 * Message framing (RFC 9420, 6): content, senders, PublicMessage and PrivateMessage as structures.
 *
 * Signing, sealing and opening are in `protection.ts`.
 */

import { type Bytes, concat } from "../bytes.ts";
import { refusal } from "./checks.ts";
import type { Reader } from "./codec.ts";
import * as codec from "./codec.ts";
import { MLS10 } from "./leaf_node.ts";
import {
  type Commit,
  encodeCommit,
  encodeProposal,
  type Proposal,
  readCommit,
  readProposal,
} from "./proposals.ts";
import { WireFormat } from "./wire.ts";

/** What a message carries. */
export const ContentType = { APPLICATION: 1, PROPOSAL: 2, COMMIT: 3 } as const;

export type ContentType = (typeof ContentType)[keyof typeof ContentType];

/** Who may send a message. */
export const SenderType = {
  MEMBER: 1,
  EXTERNAL: 2,
  NEW_MEMBER_PROPOSAL: 3,
  NEW_MEMBER_COMMIT: 4,
} as const;

export type SenderType = (typeof SenderType)[keyof typeof SenderType];

/** A sender; `index` is a leaf index, or an index into the external senders, or 0. */
export type Sender = Readonly<{ senderType: SenderType; index: number }>;

/** Name the member at a leaf as a sender. */
export function memberSender(leafIndex: number): Sender {
  return { senderType: SenderType.MEMBER, index: leafIndex };
}

function hasIndex(senderType: SenderType): boolean {
  return senderType === SenderType.MEMBER || senderType === SenderType.EXTERNAL;
}

/** Encode a sender. */
export function encodeSender(sender: Sender): Bytes {
  const kind = codec.u8(sender.senderType);
  return hasIndex(sender.senderType) ? concat(kind, codec.u32(sender.index)) : kind;
}

/** Decode a sender. */
export function readSender(reader: Reader): Sender {
  const senderType = codec.readTag(reader, 1, SenderType);
  return { senderType, index: hasIndex(senderType) ? reader.uint(4) : 0 };
}

/** The plaintext of an application message. */
export type ApplicationData = Readonly<{ kind: "application"; data: Bytes }>;

export type Content = ApplicationData | Proposal | Commit;

/** Tell what kind of content this is. */
export function contentType(content: Content): ContentType {
  switch (content.kind) {
    case "application":
      return ContentType.APPLICATION;
    case "commit":
      return ContentType.COMMIT;
    default:
      return ContentType.PROPOSAL;
  }
}

/** Encode content without its type. */
export function encodeContent(content: Content): Bytes {
  switch (content.kind) {
    case "application":
      return codec.opaque(content.data);
    case "commit":
      return encodeCommit(content);
    default:
      return encodeProposal(content);
  }
}

/** Decode content of a known type. */
export function readContent(reader: Reader, type: ContentType): Content {
  switch (type) {
    case ContentType.APPLICATION:
      return { kind: "application", data: reader.opaque() };
    case ContentType.PROPOSAL:
      return readProposal(reader);
    case ContentType.COMMIT:
      return readCommit(reader);
  }
}

/** Content with its group, epoch, sender and authenticated data (RFC 9420, 6). */
export type FramedContent = Readonly<{
  groupId: Bytes;
  epoch: bigint;
  sender: Sender;
  authenticatedData: Bytes;
  content: Content;
}>;

/** Encode framed content. */
export function encodeFramedContent(framed: FramedContent): Bytes {
  return concat(
    codec.opaque(framed.groupId),
    codec.u64(framed.epoch),
    encodeSender(framed.sender),
    codec.opaque(framed.authenticatedData),
    codec.u8(contentType(framed.content)),
    encodeContent(framed.content),
  );
}

/** Decode framed content. */
function readFramedContent(reader: Reader): FramedContent {
  return {
    groupId: reader.opaque(),
    epoch: reader.uint64(),
    sender: readSender(reader),
    authenticatedData: reader.opaque(),
    content: readContent(reader, codec.readTag(reader, 1, ContentType)),
  };
}

/**
 * Return FramedContentTBS (RFC 9420, 6.1).
 *
 * Members and external joiners sign the group context too, which ties a message to the exact state
 * of the group; outsiders cannot know it.
 */
export function framedToBeSigned(
  framed: FramedContent,
  wireFormat: WireFormat,
  groupContext: Bytes,
): Bytes {
  const { senderType } = framed.sender;
  const knows = senderType === SenderType.MEMBER || senderType === SenderType.NEW_MEMBER_COMMIT;
  const head = [codec.u16(MLS10), codec.u16(wireFormat), encodeFramedContent(framed)];
  return knows ? concat(...head, groupContext) : concat(...head);
}

/** FramedContentAuthData: a signature, and for commits a confirmation tag (RFC 9420, 6.1). */
export type AuthData = Readonly<{ signature: Bytes; confirmationTag: Bytes | null }>;

/** Encode authentication data. */
export function encodeAuthData(auth: AuthData): Bytes {
  const signature = codec.opaque(auth.signature);
  if (auth.confirmationTag === null) return signature;
  return concat(signature, codec.opaque(auth.confirmationTag));
}

/** Decode authentication data for a content type. */
export function readAuthData(reader: Reader, type: ContentType): AuthData {
  const signature = reader.opaque();
  return { signature, confirmationTag: type === ContentType.COMMIT ? reader.opaque() : null };
}

/** What signatures, references and transcripts are computed over (RFC 9420, 6). */
export type AuthenticatedContent = Readonly<{
  wireFormat: WireFormat;
  framed: FramedContent;
  auth: AuthData;
}>;

/** Encode authenticated content. */
export function encodeAuthenticatedContent(signed: AuthenticatedContent): Bytes {
  return concat(
    codec.u16(signed.wireFormat),
    encodeFramedContent(signed.framed),
    encodeAuthData(signed.auth),
  );
}

/** Decode authenticated content. */
export function readAuthenticatedContent(reader: Reader): AuthenticatedContent {
  const wireFormat = codec.readTag(reader, 2, WireFormat);
  const framed = readFramedContent(reader);
  return { wireFormat, framed, auth: readAuthData(reader, contentType(framed.content)) };
}

/** A signed message in the clear (RFC 9420, 6.2); members add a MAC. */
export type PublicMessage = Readonly<{
  kind: "public";
  framed: FramedContent;
  auth: AuthData;
  membershipTag: Bytes | null;
}>;

/** Encode a PublicMessage. */
export function encodePublicMessage(message: PublicMessage): Bytes {
  const body = [encodeFramedContent(message.framed), encodeAuthData(message.auth)];
  if (message.membershipTag !== null) body.push(codec.opaque(message.membershipTag));
  return concat(...body);
}

/** Decode a PublicMessage. */
export function readPublicMessage(reader: Reader): PublicMessage {
  const framed = readFramedContent(reader);
  const auth = readAuthData(reader, contentType(framed.content));
  const isMember = framed.sender.senderType === SenderType.MEMBER;
  return { kind: "public", framed, auth, membershipTag: isMember ? reader.opaque() : null };
}

/** What a PrivateMessage shows. */
type PrivateHead = Readonly<{
  groupId: Bytes;
  epoch: bigint;
  contentType: ContentType;
  authenticatedData: Bytes;
}>;

/** An encrypted message (RFC 9420, 6.3). */
export type PrivateMessage = PrivateHead &
  Readonly<{ kind: "private"; encryptedSenderData: Bytes; ciphertext: Bytes }>;

/** Return SenderDataAAD. */
export function senderDataAad(head: PrivateHead): Bytes {
  return concat(codec.opaque(head.groupId), codec.u64(head.epoch), codec.u8(head.contentType));
}

/** Return PrivateContentAAD. */
export function contentAad(head: PrivateHead): Bytes {
  return concat(senderDataAad(head), codec.opaque(head.authenticatedData));
}

/** Encode a PrivateMessage. */
export function encodePrivateMessage(message: PrivateMessage): Bytes {
  return concat(
    contentAad(message),
    codec.opaque(message.encryptedSenderData),
    codec.opaque(message.ciphertext),
  );
}

/** Decode a PrivateMessage. */
export function readPrivateMessage(reader: Reader): PrivateMessage {
  return {
    kind: "private",
    groupId: reader.opaque(),
    epoch: reader.uint64(),
    contentType: codec.readTag(reader, 1, ContentType),
    authenticatedData: reader.opaque(),
    encryptedSenderData: reader.opaque(),
    ciphertext: reader.opaque(),
  };
}

/** Decode the body of a message to a group; other kinds are refused (CK-008). */
export function readGroupMessage(
  reader: Reader,
  wireFormat: WireFormat,
): PublicMessage | PrivateMessage {
  switch (wireFormat) {
    case WireFormat.PUBLIC_MESSAGE:
      return readPublicMessage(reader);
    case WireFormat.PRIVATE_MESSAGE:
      return readPrivateMessage(reader);
    default:
      throw refusal("CK-008");
  }
}
