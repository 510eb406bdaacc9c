/** The rules a leaf node must keep (RFC 9420, 7.3), alone and together with the other leaves. */

import { type Bytes, compare, concat } from "../bytes.ts";
import { ensure } from "./checks.ts";
import type { Reader } from "./codec.ts";
import * as codec from "./codec.ts";
import {
  DEFAULT_EXTENSIONS,
  DEFAULT_PROPOSALS,
  type Extension,
  type Extensions,
  ExtensionType,
  findExtension,
  type LeafNode,
  type Lifetime,
  type MemberInfo,
  MLS10,
  memberInfo,
  verifyLeafSignature,
} from "./leaf_node.ts";
import type { Suite } from "./suite.ts";

/**
 * The authentication service: gets a new member and the one it replaces, throws to refuse. Members
 * are judged one after the other, each once everything else about all of them was checked.
 */
export type CredentialValidator = (
  member: MemberInfo,
  replaces: MemberInfo | null,
) => void | Promise<void>;

/**
 * Longest lifetime of a key package. Higher: an old stolen package stays useful for longer.
 * Lower: devices must publish more often.
 */
export const MAX_LIFETIME_S = 400 * 86_400;
/** How far a maker's clock may be ahead of ours. */
export const CLOCK_SKEW_S = 86_400;
/**
 * How long after its end a key package in a *received* Add is still accepted. A commit waits up
 * to 30 days in the sequencer (protocol.md P8), and a member who then refused it would be cut off;
 * the sender had to check the exact lifetime (RFC 9420, 7.3). Lower strands members, higher lets
 * a member who ignores the rule add a device with an older package.
 */
export const EXPIRED_GRACE_S = 31 * 86_400;

/** What the surroundings contribute to the checks. */
export type Rules = Readonly<{
  /** Unix seconds; null switches lifetimes off (official vectors, whose dates are fixed). */
  now: number | null;
  /** Judges credentials. */
  validator: CredentialValidator;
  /** We are about to send this ourselves: lifetimes hold exactly. */
  sending?: boolean;
  /**
   * Accept Add proposals that newcomers sign for themselves (12.1.8). The product never does:
   * whoever learned a group id could wait there for a careless committer.
   */
  outsiders?: boolean;
  /**
   * A leaf must list the version and suite that it uses, unless this is false. RFC 9420 leaves it
   * open and other implementations forget it, so official vectors are run without.
   */
  listed?: boolean;
}>;

/**
 * Wait until all checks have ended; the first in the list that refused is the one that counts.
 *
 * Unlike `Promise.all` this refuses the same way each time, and leaves nothing running behind.
 */
export async function allChecked(checks: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(checks)) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}

/** Check a key package's lifetime (CK-029, CK-030). */
export function checkLifetime(lifetime: Lifetime, rules: Rules): void {
  if (rules.now === null) return;
  const now = BigInt(rules.now);
  const span = lifetime.notAfter - lifetime.notBefore;
  ensure("CK-030", 0n <= span && span <= MAX_LIFETIME_S);
  const grace = BigInt(rules.sending ? 0 : EXPIRED_GRACE_S);
  const skew = BigInt(rules.sending ? 0 : CLOCK_SKEW_S);
  ensure("CK-029", lifetime.notBefore - skew <= now && now <= lifetime.notAfter + grace);
}

/** The context extension of RFC 9420, 11.1: what every member must support. */
export type RequiredCapabilities = Readonly<{
  extensions: readonly number[];
  proposals: readonly number[];
  credentials: readonly number[];
}>;

/** Encode required capabilities as an extension of the group context. */
export function requiredCapabilitiesExtension(required: RequiredCapabilities): Extension {
  const lists = [required.extensions, required.proposals, required.credentials];
  const data = concat(...lists.map((values) => codec.vector(values.map(codec.u16))));
  return { extensionType: ExtensionType.REQUIRED_CAPABILITIES, data };
}

function readRequiredCapabilities(reader: Reader): RequiredCapabilities {
  return {
    extensions: reader.items(codec.readU16),
    proposals: reader.items(codec.readU16),
    credentials: reader.items(codec.readU16),
  };
}

function covers(supported: readonly number[], wanted: readonly number[]): boolean {
  return wanted.every((value) => supported.includes(value));
}

function checkRequired(leaf: LeafNode, required: RequiredCapabilities): void {
  const own = leaf.capabilities;
  ensure("CK-023", covers([...own.extensions, ...DEFAULT_EXTENSIONS], required.extensions));
  ensure("CK-023", covers([...own.proposals, ...DEFAULT_PROPOSALS], required.proposals));
  ensure("CK-023", covers(own.credentials, required.credentials));
}

/** Where a leaf stands, and what about it is asked. */
type LeafOptions = Readonly<{
  /** The group, for leaves that are bound to one. */
  groupId?: Bytes;
  /** Its place, if it has one. */
  leafIndex?: number;
  /** The member whose leaf it replaces. */
  replaces?: MemberInfo | null;
  /**
   * Check the lifetime; false for trees we join, where an old member's key package may have ended
   * long ago (RFC 9420, 7.3).
   */
  lifetimes?: boolean;
}>;

/**
 * Check what one leaf shows by itself, all but its credential.
 *
 * @throws PeerError CK-011, CK-012, CK-014, CK-021, CK-022, CK-029, CK-030.
 */
export async function checkLeafItself(
  leaf: LeafNode,
  suite: Suite,
  rules: Rules,
  options: LeafOptions = {},
): Promise<void> {
  const own = leaf.capabilities;
  ensure("CK-022", own.credentials.includes(leaf.credential.credentialType));
  if (rules.listed ?? true) {
    ensure("CK-022", own.versions.includes(MLS10) && own.cipherSuites.includes(suite.suiteId));
  }
  const carried = leaf.extensions.map((e) => e.extensionType);
  ensure("CK-021", covers([...own.extensions, ...DEFAULT_EXTENSIONS], carried));
  await suite.kem.checkPublicKey(leaf.encryptionKey);
  // Only leaves of key packages have a lifetime, and those always do.
  if (leaf.lifetime !== null && (options.lifetimes ?? true)) checkLifetime(leaf.lifetime, rules);
  const { groupId = new Uint8Array(0), leafIndex = 0 } = options;
  await verifyLeafSignature(leaf, suite, { groupId, leafIndex });
}

/**
 * Check what one leaf shows by itself, and let its credential be judged.
 *
 * @param leaf The leaf.
 * @param suite The group's suite.
 * @param rules Time and credential validation.
 * @param options Where it stands.
 * @throws PeerError CK-011, CK-012, CK-014, CK-021, CK-022, CK-029, CK-030.
 * @throws VisavisError Whatever the validator throws.
 */
export async function checkLeaf(
  leaf: LeafNode,
  suite: Suite,
  rules: Rules,
  options: LeafOptions = {},
): Promise<void> {
  await checkLeafItself(leaf, suite, rules, options);
  await rules.validator(memberInfo(leaf, options.leafIndex ?? null), options.replaces ?? null);
}

/** Tell whether no two public keys are the same; not for secrets, its time depends on them. */
export function areDistinct(keys: readonly Bytes[]): boolean {
  // Sorted, because keys of 1,216 bytes as text in a set cost milliseconds per commit.
  const sorted = keys.toSorted(compare);
  return sorted.every((key, index) => {
    const next = sorted[index + 1];
    return next === undefined || compare(key, next) !== 0;
  });
}

/**
 * Check what the members' leaves must have in common.
 *
 * @param members All leaves of the tree.
 * @param contextExtensions Extensions of the group context.
 * @throws PeerError CK-023 to CK-026.
 */
export function checkTogether(members: readonly LeafNode[], contextExtensions: Extensions): void {
  // Two leaves with one signature key: a signature would no longer say who sent something.
  ensure("CK-026", areDistinct(members.map((leaf) => leaf.signatureKey)));
  const inUse = [...new Set(members.map((leaf) => leaf.credential.credentialType))];
  for (const leaf of members) ensure("CK-024", covers(leaf.capabilities.credentials, inUse));
  const special = contextExtensions
    .map((e) => e.extensionType)
    .filter((type) => !DEFAULT_EXTENSIONS.includes(type));
  for (const leaf of members) ensure("CK-025", covers(leaf.capabilities.extensions, special));
  const data = findExtension(contextExtensions, ExtensionType.REQUIRED_CAPABILITIES);
  if (data === null) return;
  const required = codec.decode(data, readRequiredCapabilities);
  for (const leaf of members) checkRequired(leaf, required);
}
