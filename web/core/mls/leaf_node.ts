/**
 * Leaf nodes and what they are made of: credentials, capabilities, lifetimes, extensions.
 *
 * RFC 9420, sections 5.3, 7.2 and 13. Structures only; the rules of 7.3 are in `leaf_check.ts`.
 */

import { type Bytes, concat } from "../bytes.ts";
import { ensure } from "./checks.ts";
import * as codec from "./codec.ts";
import { Reader } from "./codec.ts";
import type { Suite } from "./suite.ts";

/** The only protocol version. */
export const MLS10 = 1;

/** The extension types of RFC 9420, 17.3, and `last_resort`. */
export const ExtensionType = {
  APPLICATION_ID: 1,
  RATCHET_TREE: 2,
  REQUIRED_CAPABILITIES: 3,
  EXTERNAL_PUB: 4,
  EXTERNAL_SENDERS: 5,
  LAST_RESORT: 0x000a,
} as const;

export type ExtensionType = (typeof ExtensionType)[keyof typeof ExtensionType];

/** Types that every client supports and that are not listed in capabilities (RFC 9420, 7.2). */
export const DEFAULT_EXTENSIONS: readonly number[] = [1, 2, 3, 4, 5];
/** Proposal types that are not listed in capabilities. */
export const DEFAULT_PROPOSALS: readonly number[] = [1, 2, 3, 4, 5, 6, 7];

/** One extension: a type and its opaque data. */
export type Extension = Readonly<{ extensionType: number; data: Bytes }>;

export type Extensions = readonly Extension[];

function encodeExtension(extension: Extension): Bytes {
  return concat(codec.u16(extension.extensionType), codec.opaque(extension.data));
}

function readExtension(reader: Reader): Extension {
  return { extensionType: reader.uint(2), data: reader.opaque() };
}

/** Encode a list of extensions. */
export function encodeExtensions(extensions: Extensions): Bytes {
  return codec.vector(extensions.map(encodeExtension));
}

/** Decode a list of extensions, each type at most once (CK-007). */
export function readExtensions(reader: Reader): Extensions {
  const extensions = reader.items(readExtension);
  ensure("CK-007", new Set(extensions.map((e) => e.extensionType)).size === extensions.length);
  return extensions;
}

/** Return the data of the extension of one type, if it is there. */
export function findExtension(extensions: Extensions, wanted: ExtensionType): Bytes | null {
  return extensions.find((e) => e.extensionType === wanted)?.data ?? null;
}

/** Credential types (RFC 9420, 17.5). */
export const CredentialType = { BASIC: 1, X509: 2 } as const;

export type CredentialType = (typeof CredentialType)[keyof typeof CredentialType];

/** A credential: what the authentication service vouches for. */
export type Credential = Readonly<{
  /** The product uses `BASIC`; `X509` is parsed, never issued. */
  credentialType: CredentialType;
  /** The identity of a basic credential; the certificates' encoding of an X.509 one. */
  body: Bytes;
}>;

/** Make a basic credential. */
export function basicCredential(identity: Bytes): Credential {
  return { credentialType: CredentialType.BASIC, body: identity };
}

/** Encode a credential. */
export function encodeCredential(credential: Credential): Bytes {
  return concat(codec.u16(credential.credentialType), codec.opaque(credential.body));
}

/** Decode a credential; other types have no known shape and are refused (CK-005). */
export function readCredential(reader: Reader): Credential {
  const credentialType = codec.readTag(reader, 2, CredentialType);
  const body = reader.opaque();
  if (credentialType === CredentialType.X509) {
    const certificates = new Reader(body);
    while (certificates.left > 0) certificates.opaque();
  }
  return { credentialType, body };
}

/** What a client supports beyond the defaults (RFC 9420, 7.2). */
export type Capabilities = Readonly<{
  versions: readonly number[];
  cipherSuites: readonly number[];
  extensions: readonly number[];
  proposals: readonly number[];
  credentials: readonly number[];
}>;

function encodeCapabilities(own: Capabilities): Bytes {
  const lists = [own.versions, own.cipherSuites, own.extensions, own.proposals, own.credentials];
  return concat(...lists.map((values) => codec.vector(values.map(codec.u16))));
}

function readCapabilities(reader: Reader): Capabilities {
  return {
    versions: reader.items(codec.readU16),
    cipherSuites: reader.items(codec.readU16),
    extensions: reader.items(codec.readU16),
    proposals: reader.items(codec.readU16),
    credentials: reader.items(codec.readU16),
  };
}

/**
 * Return what our own leaves say: one suite, basic credentials, `last_resort`.
 *
 * @param supports Further extension types.
 */
export function ownCapabilities(suiteId: number, supports: readonly number[] = []): Capabilities {
  return {
    versions: [MLS10],
    cipherSuites: [suiteId],
    extensions: [ExtensionType.LAST_RESORT, ...supports],
    proposals: [],
    credentials: [CredentialType.BASIC],
  };
}

/** When a key package may be used, in unix seconds, both ends included. */
export type Lifetime = Readonly<{ notBefore: bigint; notAfter: bigint }>;

/** Where a leaf node came from (RFC 9420, 7.2). */
export const LeafSource = { KEY_PACKAGE: 1, UPDATE: 2, COMMIT: 3 } as const;

export type LeafSource = (typeof LeafSource)[keyof typeof LeafSource];

/** A member's leaf: its keys, its credential, and its signature over both. */
export type LeafNode = Readonly<{
  kind: "leaf";
  /** HPKE public key. */
  encryptionKey: Bytes;
  /** Public key its messages are signed with. */
  signatureKey: Bytes;
  /** Who this is. */
  credential: Credential;
  /** What it supports. */
  capabilities: Capabilities;
  /** How the leaf got here; it decides which of the next two is there. */
  source: LeafSource;
  /** Only with source key package. */
  lifetime: Lifetime | null;
  /** Only with source commit. */
  parentHash: Bytes | null;
  extensions: Extensions;
  /**
   * Over all the above, and for update and commit over group id and leaf index, so that a leaf
   * cannot be moved to another group or place.
   */
  signature: Bytes;
}>;

function encodeUnsigned(leaf: LeafNode): Bytes {
  return concat(
    codec.opaque(leaf.encryptionKey),
    codec.opaque(leaf.signatureKey),
    encodeCredential(leaf.credential),
    encodeCapabilities(leaf.capabilities),
    codec.u8(leaf.source),
    ...(leaf.lifetime
      ? [codec.u64(leaf.lifetime.notBefore), codec.u64(leaf.lifetime.notAfter)]
      : []),
    ...(leaf.parentHash ? [codec.opaque(leaf.parentHash)] : []),
    encodeExtensions(leaf.extensions),
  );
}

/** Encode a leaf node. */
export function encodeLeafNode(leaf: LeafNode): Bytes {
  return concat(encodeUnsigned(leaf), codec.opaque(leaf.signature));
}

/** Decode a leaf node. */
export function readLeafNode(reader: Reader): LeafNode {
  const encryptionKey = reader.opaque();
  const signatureKey = reader.opaque();
  const credential = readCredential(reader);
  const capabilities = readCapabilities(reader);
  const source = codec.readTag(reader, 1, LeafSource);
  const lifetime =
    source === LeafSource.KEY_PACKAGE
      ? { notBefore: reader.uint64(), notAfter: reader.uint64() }
      : null;
  const parentHash = source === LeafSource.COMMIT ? reader.opaque() : null;
  return {
    kind: "leaf",
    encryptionKey,
    signatureKey,
    credential,
    capabilities,
    source,
    lifetime,
    parentHash,
    extensions: readExtensions(reader),
    signature: reader.opaque(),
  };
}

/** The group and the leaf index that a leaf is signed for, once it has a place. */
export type LeafPlace = Readonly<{ groupId: Bytes; leafIndex: number }>;

/** What key-package leaves have instead of a place. */
export const NO_PLACE: LeafPlace = { groupId: new Uint8Array(0), leafIndex: 0 };

/** Return LeafNodeTBS (RFC 9420, 7.2); key-package leaves ignore group and place. */
export function leafToBeSigned(leaf: LeafNode, place: LeafPlace = NO_PLACE): Bytes {
  if (leaf.source === LeafSource.KEY_PACKAGE) return encodeUnsigned(leaf);
  return concat(encodeUnsigned(leaf), codec.opaque(place.groupId), codec.u32(place.leafIndex));
}

/** Throw unless the leaf's own signature is good (CK-014). */
export async function verifyLeafSignature(
  leaf: LeafNode,
  suite: Suite,
  place: LeafPlace = NO_PLACE,
): Promise<void> {
  const content = leafToBeSigned(leaf, place);
  await suite.verifyWithLabel(leaf.signatureKey, "LeafNodeTBS", content, leaf.signature);
}

/** A member as applications see it. */
export type MemberInfo = Readonly<{
  /** Its place in the tree; null while it is only proposed. */
  leafIndex: number | null;
  /** The basic credential's identity. */
  identity: Bytes;
  /** Its public signature key. */
  signatureKey: Bytes;
  /** Of its leaf, which that key signs; none known of an epoch that is over. */
  extensions?: Extensions;
}>;

/** Describe the member with this leaf. */
export function memberInfo(leaf: LeafNode, leafIndex: number | null): MemberInfo {
  const { credential, extensions, signatureKey } = leaf;
  return { leafIndex, identity: credential.body, signatureKey, extensions };
}
