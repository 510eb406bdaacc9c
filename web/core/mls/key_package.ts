/**
 * Key packages (RFC 9420, 10): how a device lets others add it to groups while it is away.
 *
 * What comes from outside is an `UnverifiedKeyPackage` until `verify` returns a `KeyPackage`. What
 * we make ourselves is a `KeyPackageBundle`: the package and its private keys, used once and then
 * wiped.
 */

import { type Bytes, concat, copy, equal, hex, type Rng, wipe } from "../bytes.ts";
import { Code, FatalError, PeerError, UsageError } from "../errors.ts";
import { ensure, refusal } from "./checks.ts";
import * as codec from "./codec.ts";
import { Reader } from "./codec.ts";
import { type CredentialValidator, checkLeafItself, type Rules } from "./leaf_check.ts";
import {
  basicCredential,
  type Credential,
  type Extensions,
  ExtensionType,
  encodeExtensions,
  encodeLeafNode,
  type LeafNode,
  type LeafPlace,
  LeafSource,
  type Lifetime,
  leafToBeSigned,
  type MemberInfo,
  MLS10,
  memberInfo,
  NO_PLACE,
  ownCapabilities,
  readExtensions,
  readLeafNode,
} from "./leaf_node.ts";
import { SUITE_ID, type Suite, suiteOf } from "./suite.ts";
import { readMessageOf, WireFormat, wrapMessage } from "./wire.ts";

const BUNDLE_VERSION = 1;

/** The structure KeyPackage of RFC 9420, 10, unchecked. */
export type KeyPackageStruct = Readonly<{
  version: number;
  cipherSuite: number;
  initKey: Bytes;
  leafNode: LeafNode;
  extensions: Extensions;
  signature: Bytes;
}>;

/** Return KeyPackageTBS. */
export function keyPackageToBeSigned(keyPackage: KeyPackageStruct): Bytes {
  return concat(
    codec.u16(keyPackage.version),
    codec.u16(keyPackage.cipherSuite),
    codec.opaque(keyPackage.initKey),
    encodeLeafNode(keyPackage.leafNode),
    encodeExtensions(keyPackage.extensions),
  );
}

/** Encode a key package. */
export function encodeKeyPackage(keyPackage: KeyPackageStruct): Bytes {
  return concat(keyPackageToBeSigned(keyPackage), codec.opaque(keyPackage.signature));
}

/** Decode a key package. */
export function readKeyPackage(reader: Reader): KeyPackageStruct {
  return {
    version: reader.uint(2),
    cipherSuite: reader.uint(2),
    initKey: reader.opaque(),
    leafNode: readLeafNode(reader),
    extensions: readExtensions(reader),
    signature: reader.opaque(),
  };
}

/** Return the KeyPackageRef (RFC 9420, 5.2). */
export function keyPackageReference(keyPackage: KeyPackageStruct, suite: Suite): Bytes {
  return suite.refHash("MLS 1.0 KeyPackage Reference", encodeKeyPackage(keyPackage));
}

/**
 * Make the checks of RFC 9420, 10.1, those of the leaf included, all but its credential.
 *
 * @throws PeerError CK-020 to CK-036.
 */
export async function checkKeyPackageItself(
  keyPackage: KeyPackageStruct,
  suite: Suite,
  rules: Rules,
): Promise<void> {
  const leaf = keyPackage.leafNode;
  ensure("CK-035", keyPackage.version === MLS10 && keyPackage.cipherSuite === suite.suiteId);
  ensure("CK-020", leaf.source === LeafSource.KEY_PACKAGE);
  // One key for both would let a leaked Welcome key open later path secrets.
  ensure("CK-036", !equal(keyPackage.initKey, leaf.encryptionKey));
  await suite.kem.checkPublicKey(keyPackage.initKey);
  await checkLeafItself(leaf, suite, rules);
  await suite.verifyWithLabel(
    leaf.signatureKey,
    "KeyPackageTBS",
    keyPackageToBeSigned(keyPackage),
    keyPackage.signature,
  );
}

/**
 * Make the checks of RFC 9420, 10.1, those of the leaf included, and let the credential be judged.
 *
 * @param keyPackage What was received.
 * @param suite The suite it must be for.
 * @param rules Time and credential validation.
 * @throws PeerError CK-020 to CK-036.
 * @throws VisavisError Whatever the validator throws.
 */
export async function checkKeyPackage(
  keyPackage: KeyPackageStruct,
  suite: Suite,
  rules: Rules,
): Promise<void> {
  await checkKeyPackageItself(keyPackage, suite, rules);
  await rules.validator(memberOf(keyPackage), null);
}

/** A key package that passed every check. */
export type KeyPackage = Readonly<{
  /** Identity of its basic credential. */
  identity: Bytes;
  /** Public signature key of the device. */
  signatureKey: Bytes;
  /** Last second of its lifetime, unix seconds. */
  notAfter: number;
  /** Extension types that its leaf lists. */
  supports: readonly number[];
  /** It may be used more than once. */
  lastResort: boolean;
  /** Its KeyPackageRef. */
  reference: Bytes;
  /** The MLSMessage as received. */
  data: Bytes;
}>;

/** A key package that parses; nothing else is known about it. */
export class UnverifiedKeyPackage {
  readonly struct: KeyPackageStruct;
  readonly data: Bytes;

  private constructor(struct: KeyPackageStruct, data: Bytes) {
    this.struct = struct;
    this.data = data;
  }

  /**
   * Parse an MLSMessage that holds a key package.
   *
   * @throws PeerError Malformed, or a message of another kind (CK-008).
   */
  static parse(data: Bytes): UnverifiedKeyPackage {
    const struct = readMessageOf(data, WireFormat.KEY_PACKAGE, readKeyPackage);
    return new UnverifiedKeyPackage(struct, data);
  }

  /**
   * Make all checks of RFC 9420, 10.1.
   *
   * @param options.now Unix seconds.
   * @param options.validator Throws for a credential it does not accept.
   * @param options.suiteId The suite that the package must be for.
   * @returns The checked package.
   * @throws PeerError A check failed.
   * @throws VisavisError Whatever the validator throws.
   */
  async verify(
    options: Readonly<{ now: number; validator: CredentialValidator; suiteId?: number }>,
  ): Promise<KeyPackage> {
    const { now, validator, suiteId = SUITE_ID } = options;
    const suite = suiteOf(suiteId);
    await checkKeyPackage(this.struct, suite, { now, validator, sending: true });
    const leaf = this.struct.leafNode;
    if (leaf.lifetime === null) throw refusal("CK-020"); // a key package's leaf has one
    return {
      identity: leaf.credential.body,
      signatureKey: leaf.signatureKey,
      notAfter: Number(leaf.lifetime.notAfter), // exact: CK-029 and CK-030 bound it
      supports: leaf.capabilities.extensions,
      lastResort: isLastResort(this.struct),
      reference: keyPackageReference(this.struct, suite),
      data: this.data,
    };
  }
}

/** Tell whether the package may be used more than once. */
export function isLastResort(keyPackage: KeyPackageStruct): boolean {
  return keyPackage.extensions.some((e) => e.extensionType === ExtensionType.LAST_RESORT);
}

/** What a bundle consists of. */
type KeyPackageParts = Readonly<{
  /** The MLSMessage to publish. */
  keyPackage: Bytes;
  /** Opens the Welcome; spent by the first join unless last resort. */
  initPrivate: Bytes;
  /** Private key of the leaf. */
  encryptionPrivate: Bytes;
  /** Private signature key of the device. */
  signaturePrivate: Bytes;
  /** KeyPackageRef, by which a Welcome names it. */
  reference: Bytes;
}>;

/** A key package of ours with its private keys. The keys are copies of its own, so it may wipe. */
export class KeyPackageBundle implements KeyPackageParts {
  readonly keyPackage: Bytes;
  readonly reference: Bytes;
  readonly #privates: Bytes[];

  constructor(parts: KeyPackageParts) {
    this.keyPackage = parts.keyPackage;
    this.reference = parts.reference;
    this.#privates = [
      copy(parts.initPrivate),
      copy(parts.encryptionPrivate),
      copy(parts.signaturePrivate),
    ];
  }

  #private(place: number): Bytes {
    return this.#privates[place] ?? new Uint8Array(0);
  }

  get initPrivate(): Bytes {
    return this.#private(0);
  }

  get encryptionPrivate(): Bytes {
    return this.#private(1);
  }

  get signaturePrivate(): Bytes {
    return this.#private(2);
  }

  toString(): string {
    return `KeyPackageBundle(${hex(this.reference.subarray(0, 3))})`;
  }

  /** What a log or an error report would print. */
  toJSON(): string {
    return this.toString();
  }

  /** Return the package as a structure. */
  struct(): KeyPackageStruct {
    return readMessageOf(this.keyPackage, WireFormat.KEY_PACKAGE, readKeyPackage);
  }

  /** Serialise: a version byte, then the five fields. */
  toBytes(): Bytes {
    const fields = [
      this.keyPackage,
      this.initPrivate,
      this.encryptionPrivate,
      this.signaturePrivate,
      this.reference,
    ];
    return concat(codec.u8(BUNDLE_VERSION), ...fields.map(codec.opaque));
  }

  /**
   * Restore what `toBytes` wrote.
   *
   * @throws FatalError Another version, or damaged.
   */
  static fromBytes(data: Bytes): KeyPackageBundle {
    const reader = new Reader(data);
    try {
      if (reader.uint(1) !== BUNDLE_VERSION) {
        throw new FatalError(Code.MALFORMED, "a stored key package has an unknown version");
      }
      const parts = {
        keyPackage: reader.opaque(),
        initPrivate: reader.opaque(),
        encryptionPrivate: reader.opaque(),
        signaturePrivate: reader.opaque(),
        reference: reader.opaque(),
      };
      reader.finish();
      return new KeyPackageBundle(parts);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      throw new FatalError(Code.MALFORMED, "a stored key package is damaged");
    }
  }

  /** Overwrite and drop the private keys. */
  wipe(): void {
    wipe(...this.#privates);
    this.#privates.length = 0;
  }
}

/**
 * Make a key package with fresh init and encryption keys.
 *
 * @param options.identity Identity for the basic credential.
 * @param options.signaturePrivate The device's private signature key.
 * @param options.notBefore First second of its lifetime, unix seconds.
 * @param options.notAfter Last second of its lifetime.
 * @param options.rng Source of randomness.
 * @param options.suiteId The suite.
 * @param options.supports Extension types that the leaf supports besides the ordinary.
 * @param options.leafExtensions Of the leaf, which supports their types too.
 * @param options.lastResort Mark it as usable more than once, for when all others are used up.
 * @returns The package and its private keys.
 * @throws UsageError The lifetime ends before it begins.
 * @throws PeerError Unknown suite (CK-010) or signature key of another one (CK-016).
 */
export async function newKeyPackage(
  options: Readonly<{
    identity: Bytes;
    signaturePrivate: Bytes;
    notBefore: number;
    notAfter: number;
    rng: Rng;
    suiteId?: number;
    supports?: readonly number[];
    leafExtensions?: Extensions;
    lastResort?: boolean;
  }>,
): Promise<KeyPackageBundle> {
  const { identity, signaturePrivate, notBefore, notAfter, rng, suiteId = SUITE_ID } = options;
  if (notAfter < notBefore) {
    throw new UsageError("a key package's lifetime ends before it begins");
  }
  const suite = suiteOf(suiteId);
  const [initPrivate, initKey] = await suite.kem.deriveKeyPair(rng(suite.kem.nsk));
  const [encryptionPrivate, leafNode] = await newLeaf(
    suite,
    basicCredential(identity),
    signaturePrivate,
    { notBefore: BigInt(notBefore), notAfter: BigInt(notAfter) },
    rng,
    options.supports,
    options.leafExtensions,
  );
  const lastResort = { extensionType: ExtensionType.LAST_RESORT, data: new Uint8Array(0) };
  const unsigned: KeyPackageStruct = {
    version: MLS10,
    cipherSuite: suiteId,
    initKey,
    leafNode,
    extensions: options.lastResort ? [lastResort] : [],
    signature: new Uint8Array(0),
  };
  const content = keyPackageToBeSigned(unsigned);
  const signature = await suite.signWithLabel(signaturePrivate, "KeyPackageTBS", content);
  const struct = { ...unsigned, signature };
  return new KeyPackageBundle({
    keyPackage: wrapMessage(WireFormat.KEY_PACKAGE, encodeKeyPackage(struct)),
    initPrivate,
    encryptionPrivate,
    signaturePrivate,
    reference: keyPackageReference(struct, suite),
  });
}

/** Make a signed key-package leaf; returns [encryption private key, leaf]. */
export async function newLeaf(
  suite: Suite,
  credential: Credential,
  signaturePrivate: Bytes,
  lifetime: Lifetime,
  rng: Rng,
  supports: readonly number[] = [],
  leafExtensions: Extensions = [],
): Promise<[Bytes, LeafNode]> {
  const types = leafExtensions.map(({ extensionType }) => extensionType);
  const [encryptionPrivate, encryptionKey] = await suite.kem.deriveKeyPair(rng(suite.kem.nsk));
  const leaf: LeafNode = {
    kind: "leaf",
    encryptionKey,
    signatureKey: await suite.signature.publicKey(signaturePrivate),
    credential,
    capabilities: ownCapabilities(suite.suiteId, [...supports, ...types]),
    source: LeafSource.KEY_PACKAGE,
    lifetime,
    parentHash: null,
    extensions: leafExtensions,
    signature: new Uint8Array(0),
  };
  return [encryptionPrivate, await signLeaf(suite, leaf, signaturePrivate)];
}

/** Return the leaf with a fresh signature for its place. */
export async function signLeaf(
  suite: Suite,
  leaf: LeafNode,
  signaturePrivate: Bytes,
  place: LeafPlace = NO_PLACE,
): Promise<LeafNode> {
  const content = leafToBeSigned(leaf, place);
  const signature = await suite.signWithLabel(signaturePrivate, "LeafNodeTBS", content);
  return { ...leaf, signature };
}

/** Describe the device a key package belongs to. */
export function memberOf(keyPackage: KeyPackageStruct): MemberInfo {
  return memberInfo(keyPackage.leafNode, null);
}
