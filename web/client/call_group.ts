/**
 * The MLS group of one call: two devices, one epoch, gone when the call is.
 *
 * The group id is the call id. The caller creates the group from the key package in `call.accept`
 * and sends a Welcome to that one device; a 1:1 call group has no sequencer because only the caller
 * ever commits. Frame keys, the short authentication string and the messages after the answer all
 * hang on it (protocol P9, P10, P11).
 *
 * Its calls take no turns of their own: who uses it makes them one after another (`call_shell.ts`).
 *
 * Not for: deciding when (the call machine), or sending (`call_shell.ts`).
 */

import { type Bytes, concat, copy, equal, type Rng, wipe } from "../core/bytes.ts";
import type { Event } from "../core/call_events.ts";
import { decodeInCall, encodeInCall } from "../core/content.ts";
import type { InCall } from "../core/content_call.ts";
import { UnverifiedCredential } from "../core/credential.ts";
import { Code, PeerError, UsageError } from "../core/errors.ts";
import { type AccountId, CallId, type DeviceId, Nonce32 } from "../core/ids.ts";
import {
  type CredentialValidator,
  Group,
  type KeyPackage,
  type KeyPackageBundle,
  type MemberInfo,
  peek,
  type Received,
  SUITE_ID,
  UnverifiedKeyPackage,
  welcomeReferences,
} from "../core/mls/index.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { assertNever } from "../core/never.ts";
import { consentOf, requireOwnKeys } from "../core/recording_leaf.ts";
import { callWords } from "../core/sas.ts";
import type { Said } from "./call_consents.ts";
import type { OwnConsent } from "./consent_key.ts";
import type { KeyMaterial } from "./seam.ts";

/** RFC 9605, 5.2. */
export const EXPORTER_LABEL = "SFrame 1.0 Base Key";

export const BASE_KEY_BYTES = 32;

/**
 * Seconds for which our leaf in a call group is good, either way. A longer one forgives clocks that
 * are further off; the group itself lives no longer than the call.
 */
export const LIFETIME_S = 3600;

/** One device of one account. */
export type Device = Readonly<{ account: AccountId; device: DeviceId }>;

/** What SFrame needs of an epoch (RFC 9605, 5.2). Never printed; who asked for it wipes it. */
export type FrameSecrets = Readonly<{
  epoch: bigint;
  baseKey: Bytes;
  ownLeaf: number;
  otherLeaf: number;
}>;

/** What a message was if it said nothing: the caller moved the group to fresh keys. */
export type Rekeyed = Readonly<{ kind: "rekeyed" }>;

/** What `CallGroup.create` makes. */
export type Created = Readonly<{ group: CallGroup; welcome: Bytes }>;

/** What both ends of a call group bring with them. */
export type Surroundings = Readonly<{
  keys: KeyMaterial;
  now: number;
  rng: Rng;
  /** Our consent key of this call; of whoever joins, the one in their key package. */
  consent: OwnConsent;
}>;

/**
 * Check the key package in a `call.accept`.
 *
 * @param data An MLSMessage.
 * @param sender The device that MLS says sent the accept.
 * @param options.now Unix seconds.
 * @param options.validator Refuses leaves that are not on the newest device list.
 * @throws PeerError WRONG_SUITE (CK-364), BAD_CREDENTIAL (CK-362, CK-937), or what MLS and the
 *   validator throw.
 */
export async function checkKeyPackage(
  data: Bytes,
  sender: Device,
  { now, validator }: Readonly<{ now: number; validator: CredentialValidator }>,
): Promise<KeyPackage> {
  const unverified = UnverifiedKeyPackage.parse(data);
  const keyPackage = await unverified.verify({ now, suiteId: SUITE_ID, validator });
  // CK-362: else a sibling, or whoever can put words in its mouth, could have the caller add a
  // device that nobody picked up.
  if (!sameDevice(await deviceOf(keyPackage), sender)) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-362 the key package is another device's");
  }
  consentOf(unverified.struct.leafNode); // CK-937
  return keyPackage;
}

/** Our membership in one call group. */
export class CallGroup {
  #group: Group;
  readonly #other: MemberInfo;
  readonly #validator: CredentialValidator;
  readonly #rng: Rng;
  readonly #commits: boolean;
  /** Our consent key of this call. */
  readonly consent: OwnConsent;

  /**
   * @param group With exactly two members.
   * @param other The one that is not us.
   * @param validator With which the group judges leaves.
   * @param rng Source of random bytes.
   * @param options.commits Whether we are the caller, the only one who commits.
   * @param options.consent Our consent key.
   */
  private constructor(
    group: Group,
    other: MemberInfo,
    validator: CredentialValidator,
    rng: Rng,
    { commits, consent }: Readonly<{ commits: boolean; consent: OwnConsent }>,
  ) {
    this.#group = group;
    this.#other = other;
    this.#validator = validator;
    this.#rng = rng;
    this.#commits = commits;
    this.consent = consent;
  }

  /**
   * Create the group, add the accepting device, and return the group and its Welcome.
   *
   * @throws PeerError As `checkKeyPackage`.
   */
  static async create(
    call: CallId,
    accepter: Device,
    keyPackage: Bytes,
    { keys, now, rng, consent }: Surroundings,
  ): Promise<Created> {
    const validator = onlyThese(keys, accepter);
    await checkKeyPackage(keyPackage, accepter, { now, validator });
    const alone = await Group.create({
      groupId: plain(call),
      suiteId: SUITE_ID,
      identity: keys.credential,
      signaturePrivate: keys.signaturePrivate,
      rng,
      validator,
      lifetime: [now - LIFETIME_S, now + LIFETIME_S],
      leafExtensions: [consent.extension()],
    });
    const pending = await alone.commit({ add: [keyPackage], rng, now });
    await alone.wipe();
    const { group, welcome } = pending;
    if (welcome === null) throw new UsageError("an Add makes a Welcome");
    try {
      const other = await onlyOther(group, call, accepter);
      const made = new CallGroup(group, other, validator, rng, { commits: true, consent });
      return { group: made, welcome };
    } catch (error) {
      await group.wipe();
      throw error;
    }
  }

  /**
   * Process a Welcome.
   *
   * @throws PeerError WRONG_SUITE (CK-364), WRONG_GROUP or BAD_CREDENTIAL (CK-363, CK-937, CK-938),
   *   or what MLS and the validator throw. Nothing was changed; the key package is still good.
   */
  static async join(
    welcome: Bytes,
    bundle: KeyPackageBundle,
    call: CallId,
    caller: Device,
    { keys, now, rng, consent }: Surroundings,
  ): Promise<CallGroup> {
    const validator = onlyThese(keys, caller);
    const group = await Group.join(welcome, bundle, { now, validator });
    try {
      const other = await onlyOther(group, call, caller);
      return new CallGroup(group, other, validator, rng, { commits: false, consent });
    } catch (error) {
      await group.wipe();
      throw error;
    }
  }

  /** The group's epoch: one more with each `rekey`. */
  get epoch(): bigint {
    return this.#group.epoch;
  }

  /** Return the other device, with what its leaf says now. */
  get other(): MemberInfo {
    const { leafIndex } = this.#other;
    const other = this.#group.members().find((member) => member.leafIndex === leafIndex);
    if (other === undefined) throw new UsageError("a call group has two members");
    return other;
  }

  /** Return an MLSMessage for the other device. */
  encrypt(content: InCall): Promise<Bytes> {
    return this.#group.encrypt(encodeInCall(content), { rng: this.#rng });
  }

  /**
   * Return what the other device said, or that it moved the group to fresh keys.
   *
   * @throws PeerError What MLS throws (a doubled message: REPLAYED or DECRYPTION), MALFORMED, or
   *   UNEXPECTED for anything that the other leaf may not do (CK-367). Nothing changed.
   */
  async decrypt(message: Bytes, { now }: Readonly<{ now: number }>): Promise<InCall | Rekeyed> {
    const before = this.#group.toBytes();
    try {
      const received = await this.#group.process(message, { now });
      if (received.kind === "application" && this.#isOther(received.sender)) {
        return decodeInCall(received.content);
      }
      if (this.#isRekeying(received)) return { kind: "rekeyed" };
      // CK-367: an own message sent back, a commit of the callee, a removal, a proposal. MLS allows
      // them to members; a call of two has no use for them.
      this.#group = await Group.fromBytes(copy(before), { validator: this.#validator });
      throw new PeerError(Code.UNEXPECTED, "CK-367 not for a member of a call of two");
    } finally {
      wipe(before);
    }
  }

  /**
   * Move the group to fresh keys and return the commit for the other device.
   *
   * Only the caller does. SFrame has 15 contexts in an epoch and each transport takes two, so a call
   * that reconnects often needs a new epoch; it also locks out whoever stole the keys.
   *
   * @throws UsageError We are the callee.
   */
  async rekey({ now }: Readonly<{ now: number }>): Promise<Bytes> {
    if (!this.#commits) throw new UsageError("only the caller commits in a call group");
    const pending = await this.#group.commit({ rng: this.#rng, now });
    await this.#group.wipe();
    this.#group = pending.group;
    return pending.message;
  }

  /** Return the SFrame base key of the epoch (RFC 9605, 5.2). */
  async frameKeys(): Promise<FrameSecrets> {
    const { leafIndex } = this.#other;
    if (leafIndex === null) throw new UsageError("a member has a leaf");
    const { epoch, ownLeaf } = this.#group;
    const nothing = new Uint8Array(0);
    const baseKey = await this.#group.exporter(EXPORTER_LABEL, nothing, BASE_KEY_BYTES);
    return { epoch, baseKey, ownLeaf, otherLeaf: leafIndex };
  }

  /**
   * Return the short authentication string (P11).
   *
   * @param callerNonce Committed to in the invite, revealed last.
   * @param calleeNonces From the accept, and from `call.reveal` after the Welcome. Both count, so
   *   that the callee's part is unknown while the caller makes the group (ADR 0008).
   */
  words(callerNonce: Nonce32, calleeNonces: readonly [first: Nonce32, late: Nonce32]): string {
    const calleeNonce = new Nonce32(SHA256.hash(concat(...calleeNonces)));
    return callWords(this.#group.epochAuthenticator, callerNonce, calleeNonce).join(" ");
  }

  /** Erase all keys of the group. */
  wipe(): Promise<void> {
    this.consent.wipe();
    return this.#group.wipe();
  }

  #isOther(member: MemberInfo): boolean {
    return member.leafIndex === this.#other.leafIndex;
  }

  #isRekeying(received: Received): boolean {
    if (received.kind !== "commit" || this.#commits) return false;
    const { committer, added, removed, selfRemoved } = received;
    const changesNobody = added.length === 0 && removed.length === 0 && !selfRemoved;
    return changesNobody && this.#isOther(committer) && hasOwnKeys(this.#group);
  }
}

/** Say whether a Welcome was made for this key package; throws PeerError MALFORMED. */
export function isFor(welcome: Bytes, bundle: KeyPackageBundle): boolean {
  return welcomeReferences(welcome).some((reference) => equal(reference, bundle.reference));
}

/** Return the call whose group a message claims to be for; throws PeerError MALFORMED. */
export function callOf(message: Bytes): CallId | undefined {
  const { groupId } = peek(message);
  return groupId?.length === CallId.LENGTH ? new CallId(groupId) : undefined;
}

/**
 * Return what the other device said as an event of the call machine.
 *
 * @param now Monotonic seconds.
 */
export function eventOf(content: Exclude<InCall, Said>, now: number): Event {
  switch (content.kind) {
    case "call.reveal":
      return { kind: "revealReceived", nonce: content.nonce };
    case "call.candidates":
      return { kind: "candidatesReceived", candidates: content.candidates };
    case "call.ready":
      return { kind: "readyReceived" };
    case "call.hangup":
      return { kind: "hangupReceived" };
    case "call.path":
      return { kind: "pathReceived", now, path: content.path };
    case "call.offer":
      return { kind: "offerReceived", now, sdp: content.sdp, path: content.path };
    case "call.answer":
      return { kind: "answerReceived", sdp: content.sdp, offer: content.offer };
    default:
      return assertNever(content);
  }
}

/** Return a validator that lets these two devices in and nobody else, ever (CK-363). */
function onlyThese(keys: KeyMaterial, other: Device): CredentialValidator {
  return async (member, replaces) => {
    await keys.validator(member, replaces);
    const device = await deviceOf(member);
    if (!sameDevice(device, keys) && !sameDevice(device, other)) {
      const why = "CK-363 not one of the two devices of this call";
      throw new PeerError(Code.BAD_CREDENTIAL, why);
    }
    consentOf(member); // CK-937
  };
}

async function deviceOf(leaf: Pick<MemberInfo, "identity" | "signatureKey">): Promise<Device> {
  const credential = await UnverifiedCredential.parse(leaf.identity).verify(leaf.signatureKey);
  return { account: credential.accountId, device: credential.device.deviceId };
}

function sameDevice(one: Device, other: Device): boolean {
  return equal(one.account, other.account) && equal(one.device, other.device);
}

/** Say whether no two members have one consent key (CK-938); of those who have one each (CK-937). */
function hasOwnKeys(group: Group): boolean {
  try {
    requireOwnKeys(group.members());
    return true;
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return false;
  }
}

/** Return the other member of a call group that is exactly what it should be. */
async function onlyOther(group: Group, call: CallId, expected: Device): Promise<MemberInfo> {
  if (group.suiteId !== SUITE_ID) {
    throw new PeerError(Code.WRONG_SUITE, "CK-364 a call group of another suite");
  }
  if (!equal(group.groupId, call)) {
    throw new PeerError(Code.WRONG_GROUP, "CK-363 the Welcome is to another call's group");
  }
  const [other, ...more] = group.members().filter((m) => m.leafIndex !== group.ownLeaf);
  // CK-363: a third leaf would hear everything and show nowhere.
  if (other === undefined || more.length > 0) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-363 a call group has two members");
  }
  if (!sameDevice(await deviceOf(other), expected)) {
    const why = "CK-363 the other member is not the device we talk to";
    throw new PeerError(Code.BAD_CREDENTIAL, why);
  }
  requireOwnKeys(group.members()); // CK-937, CK-938
  return other;
}

/** Return the id as plain bytes, as MLS takes a group's. */
function plain(id: CallId): Bytes {
  return concat(id);
}
