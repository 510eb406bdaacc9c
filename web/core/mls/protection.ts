/**
 * Signing, sealing and opening messages (RFC 9420, 6): framing's structures put to work.
 *
 * Pure: functions take an `EpochView` and give back what changed. Not for deciding whether a
 * message's content makes sense: that is `proposal_list.ts` and `commit_process.ts`.
 */

import { type Bytes, concat, type Rng, wipe } from "../bytes.ts";
import { ensure, refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import { Reader } from "./codec.ts";
import {
  type AuthData,
  type AuthenticatedContent,
  type Content,
  ContentType,
  contentAad,
  contentType,
  encodeAuthData,
  encodeContent,
  encodePrivateMessage,
  encodePublicMessage,
  type FramedContent,
  framedToBeSigned,
  memberSender,
  type PrivateMessage,
  type PublicMessage,
  readAuthData,
  readContent,
  type Sender,
  SenderType,
  senderDataAad,
} from "./framing.ts";
import { senderDataKey } from "./key_schedule.ts";
import type { SecretTree } from "./secret_tree.ts";
import type { Suite } from "./suite.ts";
import { WireFormat, wrapMessage } from "./wire.ts";

/**
 * Plaintexts are padded to a multiple of this. Envelopes hide sizes in buckets anyway (P1); this
 * keeps lengths coarse where there is no envelope. Higher hides more and costs bytes.
 */
export const PAD_BLOCK = 32;

const NOTHING: Bytes = new Uint8Array(0);

/** What is needed to open a message of an epoch. */
export type EpochView = Readonly<{
  suite: Suite;
  groupId: Bytes;
  epoch: bigint;
  /** Encoded GroupContext. */
  context: Bytes;
  /** Sender data secret. */
  senderData: Bytes;
  /** Message keys. */
  secretTree: SecretTree;
  /** Looks up the signature key of a leaf, null if there is no such member. */
  signatureKey: (leafIndex: number) => Bytes | null;
}>;

/** What somebody says, and in which frame. */
type Statement = Readonly<{
  wireFormat: WireFormat;
  sender: Sender;
  content: Content;
  authenticatedData?: Bytes;
}>;

/** Frame and sign content; a commit's confirmation tag is put in later. */
export async function signContent(
  view: EpochView,
  statement: Statement,
  signaturePrivate: Bytes,
): Promise<AuthenticatedContent> {
  const { wireFormat, sender, content, authenticatedData = NOTHING } = statement;
  const { groupId, epoch } = view;
  const framed: FramedContent = { groupId, epoch, sender, authenticatedData, content };
  const signature = await view.suite.signWithLabel(
    signaturePrivate,
    "FramedContentTBS",
    framedToBeSigned(framed, wireFormat, view.context),
  );
  return { wireFormat, framed, auth: { signature, confirmationTag: null } };
}

/** Throw unless the sender's signature is good (CK-014). */
export async function verifyContent(
  suite: Suite,
  signed: AuthenticatedContent,
  context: Bytes,
  signatureKey: Bytes,
): Promise<void> {
  await suite.verifyWithLabel(
    signatureKey,
    "FramedContentTBS",
    framedToBeSigned(signed.framed, signed.wireFormat, context),
    signed.auth.signature,
  );
}

function membershipInput(framed: FramedContent, auth: AuthData, context: Bytes): Bytes {
  return concat(framedToBeSigned(framed, WireFormat.PUBLIC_MESSAGE, context), encodeAuthData(auth));
}

/** Encode a PublicMessage; members' messages get a membership tag (6.2). */
export function protectPublic(
  suite: Suite,
  { framed, auth }: AuthenticatedContent,
  context: Bytes,
  membershipKey: Bytes,
): Bytes {
  const isMember = framed.sender.senderType === SenderType.MEMBER;
  const membershipTag = isMember
    ? suite.kdf.mac(membershipKey, membershipInput(framed, auth, context))
    : null;
  const message: PublicMessage = { kind: "public", framed, auth, membershipTag };
  return wrapMessage(WireFormat.PUBLIC_MESSAGE, encodePublicMessage(message));
}

/**
 * Check a PublicMessage's form and membership tag; the signature is the caller's to check.
 *
 * @throws PeerError CK-052: whoever lacks the epoch's keys cannot speak as a member. CK-053.
 */
export function checkPublic(
  suite: Suite,
  message: PublicMessage,
  context: Bytes,
  membershipKey: Bytes,
): AuthenticatedContent {
  const { framed, auth, membershipTag } = message;
  ensure("CK-053", framed.content.kind !== "application");
  if (membershipTag !== null) {
    suite.verifyMac("CK-052", membershipKey, membershipInput(framed, auth, context), membershipTag);
  }
  return { wireFormat: WireFormat.PUBLIC_MESSAGE, framed, auth };
}

/**
 * Encrypt a member's message (6.3).
 *
 * @param view The epoch.
 * @param signed The signed content; its sender is a member.
 * @param rng For the reuse guard.
 * @param padTo Pad the plaintext to a multiple of this many bytes; 0 for no padding.
 * @returns The MLSMessage, and the secret tree without the key that was used.
 */
export async function protectPrivate(
  view: EpochView,
  { framed, auth }: AuthenticatedContent,
  rng: Rng,
  padTo: number = PAD_BLOCK,
): Promise<readonly [message: Bytes, after: SecretTree]> {
  const { suite } = view;
  const { groupId, epoch, authenticatedData, content } = framed;
  const leaf = framed.sender.index;
  const handshake = content.kind !== "application";
  const [generation, key, after] = view.secretTree.nextKey(leaf, { handshake });
  const encoded = concat(encodeContent(content), encodeAuthData(auth));
  const padding = padTo > 0 ? Math.ceil(encoded.length / padTo) * padTo - encoded.length : 0;
  const plaintext = concat(encoded, new Uint8Array(padding));
  const guard = rng(4);
  const head = { groupId, epoch, contentType: contentType(content), authenticatedData };
  const nonce = key.guardedNonce(guard);
  const ciphertext = await suite.aead.seal(key.key, nonce, contentAad(head), plaintext);
  const [sdKey, sdNonce] = senderDataKey(suite, view.senderData, ciphertext);
  const senderData = concat(codec.u32(leaf), codec.u32(generation), guard);
  const encryptedSenderData = await suite.aead.seal(
    sdKey,
    sdNonce,
    senderDataAad(head),
    senderData,
  );
  wipe(sdKey);
  const body: PrivateMessage = { kind: "private", ...head, encryptedSenderData, ciphertext };
  return [wrapMessage(WireFormat.PRIVATE_MESSAGE, encodePrivateMessage(body)), after];
}

/**
 * Decrypt a PrivateMessage and check everything about it, the signature included.
 *
 * @param view The epoch it belongs to.
 * @param message What was received.
 * @returns The content, and the secret tree without the key that opened it. The caller keeps that
 *   tree only if it accepts the content.
 * @throws PeerError CK-014, CK-015, CK-054 to CK-057, or malformed inside.
 */
export async function openPrivate(
  view: EpochView,
  message: PrivateMessage,
): Promise<readonly [signed: AuthenticatedContent, after: SecretTree]> {
  const { suite } = view;
  const [leaf, generation, guard] = await openSenderData(view, message);
  const signatureKey = view.signatureKey(leaf);
  if (signatureKey === null) throw refusal("CK-054");
  const type = message.contentType;
  const handshake = type !== ContentType.APPLICATION;
  const [key, after] = view.secretTree.keyAt(leaf, generation, { handshake });
  const nonce = key.guardedNonce(guard);
  const reader = new Reader(
    await suite.aead.open(key.key, nonce, contentAad(message), message.ciphertext),
  );
  const content = readContent(reader, type);
  const auth = readAuthData(reader, type);
  ensure(
    "CK-057",
    reader.rest().every((byte) => byte === 0),
  );
  const { groupId, epoch, authenticatedData } = message;
  const framed = { groupId, epoch, sender: memberSender(leaf), authenticatedData, content };
  const signed = { wireFormat: WireFormat.PRIVATE_MESSAGE, framed, auth };
  await verifyContent(suite, signed, view.context, signatureKey);
  return [signed, after];
}

async function openSenderData(
  view: EpochView,
  message: PrivateMessage,
): Promise<readonly [leaf: number, generation: number, guard: Bytes]> {
  const { suite } = view;
  const [key, nonce] = senderDataKey(suite, view.senderData, message.ciphertext);
  const aad = senderDataAad(message);
  const reader = new Reader(await suite.aead.open(key, nonce, aad, message.encryptedSenderData));
  wipe(key);
  const opened = [reader.uint(4), reader.uint(4), reader.take(4)] as const;
  reader.finish();
  return opened;
}
