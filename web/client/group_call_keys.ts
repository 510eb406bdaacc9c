/**
 * The MLS group of a group call: who is in it, its commits, and the keys that hang on it.
 *
 * The group lives in memory, as long as the call. Anybody in it may commit; the call room keeps the
 * order (P8). A commit brings members in and out and does nothing else; who may be in the call is
 * asked of `MayBeIn` for everybody, also for those who are there when we come.
 *
 * Its calls take no turns of their own: who uses it makes them one after another.
 *
 * Not for: when to commit and when to switch keys (`core/group_call.ts`), or sending.
 */

import { type Bytes, equal, hex, type Rng } from "../core/bytes.ts";
import { Code, PeerError, UsageError } from "../core/errors.ts";
import { isGuest } from "../core/guest.ts";
import { type CallId, Digest } from "../core/ids.ts";
import {
  type CredentialValidator,
  Group,
  type KeyPackageBundle,
  type MemberInfo,
  type PendingCommit,
  SUITE_ID,
  UnverifiedKeyPackage,
} from "../core/mls/index.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { consentOf, requireOwnKeys } from "../core/recording_leaf.ts";
import { BASE_KEY_BYTES, EXPORTER_LABEL, LIFETIME_S, type Surroundings } from "./call_group.ts";
import type { OwnConsent } from "./consent_key.ts";

/** What opens the call room, and writes to it, in an epoch (P14). */
export const ROOM_LABEL = "visavis call room";

const ROOM_KEY_BYTES = 32;

/** Judges whoever is or comes in the call, beside the credential; throws PeerError. */
export type MayBeIn = (member: MemberInfo) => void | Promise<void>;

/** What a member of a group call brings with it. */
export type GroupSurroundings = Surroundings & Readonly<{ mayBeIn: MayBeIn }>;

/** What joining takes of it: how leaves are judged, and nothing to sign with. */
export type JoinSurroundings = Omit<GroupSurroundings, "keys"> &
  Readonly<{ keys: Pick<Surroundings["keys"], "validator"> }>;

/** A joiner that was added: how it is called (`joinerOf`), and where it is now. */
export type Admitted = Readonly<{ joiner: Digest; leaf: number }>;

/** An epoch that began here; what the call's machine is told, and the Welcome. */
export type Began = Readonly<{
  epoch: number;
  /** Our leaf. */
  own: number;
  /** Its members. */
  leaves: ReadonlySet<number>;
  /** Leaves that were added. */
  came: ReadonlySet<number>;
  /** Leaves that were removed. */
  went: ReadonlySet<number>;
  /** Key packages that were added. */
  admitted: readonly Admitted[];
  /** For those who were added, if the commit was ours. */
  welcome: Bytes | null;
}>;

/** A commit for the room: compare-and-set on (n, key). Never printed. */
export type Offer = Readonly<{ n: number; key: Bytes; commit: Bytes; nextKeyHash: Digest }>;

/** What SFrame needs of an epoch (RFC 9605, 5.2). Never printed; who asked for it wipes it. */
export type GroupFrameKeys = Readonly<{
  epoch: number;
  baseKey: Bytes;
  /** Our leaf. */
  own: number;
  /** Those of the other members. */
  others: ReadonlySet<number>;
}>;

/** What a member said. */
export type Said = Readonly<{
  leaf: number;
  /** Whose the leaf was then. */
  who: MemberInfo;
  content: Bytes;
}>;

type Seated = MemberInfo & Readonly<{ leafIndex: number }>;
type Person = Pick<MemberInfo, "identity" | "signatureKey" | "extensions">;
type Noted = Readonly<{ joiner: Digest; keyPackage: Bytes; person: Person }>;
type Pending = Readonly<{ made: PendingCommit; remove: ReadonlySet<number> }>;
const NOTHING = new Uint8Array(0);
const NO_LEAVES: ReadonlySet<number> = new Set();

/** Return how a joiner is called in this call: the hash of its key package. */
export function joinerOf(keyPackage: Bytes): Digest {
  return new Digest(SHA256.hash(keyPackage));
}

/** Our membership in the group of one group call. */
export class GroupCallKeys {
  /** Our consent key of this entry into the call. */
  readonly consent: OwnConsent;
  #group: Group;
  readonly #validator: CredentialValidator;
  readonly #rng: Rng;
  /** By the joiner's name in hex. */
  readonly #noted = new Map<string, Noted>();
  /** Our own commit that the room has not answered yet. */
  #pending: Pending | null = null;

  private constructor(
    group: Group,
    validator: CredentialValidator,
    { rng, consent }: Pick<GroupSurroundings, "rng" | "consent">,
  ) {
    this.consent = consent;
    this.#group = group;
    this.#validator = validator;
    this.#rng = rng;
  }

  /** Make the group, with us alone in it; its id is the call's. */
  static async found(call: CallId, around: GroupSurroundings): Promise<GroupCallKeys> {
    const { consent, keys, now, rng } = around;
    const validator = both(around);
    const group = await Group.create({
      groupId: new Uint8Array(call),
      suiteId: SUITE_ID,
      identity: keys.credential,
      signaturePrivate: keys.signaturePrivate,
      rng,
      validator,
      lifetime: [now - LIFETIME_S, now + LIFETIME_S],
      leafExtensions: [consent.extension()],
    });
    return new GroupCallKeys(group, validator, around);
  }

  /**
   * Process a Welcome.
   *
   * @param around.consent The one whose key is in the key package.
   * @throws PeerError WRONG_GROUP (CK-864), BAD_CREDENTIAL (CK-937, CK-938), or what MLS, the
   *   validator or `mayBeIn` throw. Nothing was changed; the key package is still good.
   */
  static async join(
    welcome: Bytes,
    bundle: KeyPackageBundle,
    call: CallId,
    around: JoinSurroundings,
  ): Promise<GroupCallKeys> {
    const validator = both(around);
    const group = await Group.join(welcome, bundle, { now: around.now, validator });
    try {
      if (!equal(group.groupId, call) || group.extensions.length > 0) {
        throw new PeerError(Code.WRONG_GROUP, "CK-864 the Welcome is to another group");
      }
      requireOwnKeys(group.members()); // CK-937, CK-938
      return new GroupCallKeys(group, validator, around);
    } catch (error) {
      await group.wipe();
      throw error;
    }
  }

  /** Return the epoch that we are in, as it is where we come in. */
  began(): Began {
    return this.#began({ came: NO_LEAVES, went: NO_LEAVES, admitted: [], welcome: null });
  }

  /** Return the members by their leaves, us among them. */
  members(): ReadonlyMap<number, MemberInfo> {
    return new Map(seated(this.#group.members()).map((member) => [member.leafIndex, member]));
  }

  // ---- Who wants to come

  /**
   * Check a joiner's key package and keep it until it is added or withdrawn.
   *
   * @param keyPackage An MLSMessage.
   * @param options.now Unix seconds.
   * @throws PeerError It is not good, or its owner may not be in this call; BAD_CREDENTIAL (CK-937,
   *   CK-938).
   */
  async note(keyPackage: Bytes, { now }: Readonly<{ now: number }>): Promise<Digest> {
    const unverified = UnverifiedKeyPackage.parse(keyPackage);
    const options = { now, suiteId: SUITE_ID, validator: this.#validator };
    const { identity, signatureKey } = await unverified.verify(options);
    const joiner = joinerOf(keyPackage);
    const { extensions } = unverified.struct.leafNode;
    const person = { identity, signatureKey, extensions };
    // CK-938: also among those who wait, who may come in one commit. What its device has already goes
    // in that commit.
    const waiting = [...this.#noted.values()].map((one) => one.person);
    const others = [...this.#group.members(), ...waiting].filter((one) => !samePerson(one, person));
    for (const other of others) requireOwnKeys([other, person]);
    this.#noted.set(hex(joiner), { joiner, keyPackage, person });
    return joiner;
  }

  /**
   * Return the leaves that a joiner's device has already.
   *
   * @throws UsageError Nobody noted it.
   */
  leavesOf(joiner: Digest): readonly number[] {
    const { person } = this.#find(joiner);
    return [...this.members()].filter(([, one]) => samePerson(one, person)).map(([leaf]) => leaf);
  }

  /** Drop a joiner's key package. */
  forget(joiner: Digest): void {
    this.#noted.delete(hex(joiner));
  }

  // ---- Commits

  /**
   * Make a commit of this epoch; it counts once the room took it (`won`).
   *
   * @throws PeerError A key package is good no longer.
   * @throws UsageError A joiner that nobody noted.
   */
  async offer(
    add: readonly Digest[],
    remove: readonly number[],
    { now }: Readonly<{ now: number }>,
  ): Promise<Offer> {
    const packages = add.map((joiner) => this.#find(joiner).keyPackage);
    const key = await this.roomKey();
    const made = await this.#group.commit({ add: packages, remove, rng: this.#rng, now });
    try {
      requireOwnKeys(made.group.members()); // CK-938: nobody would follow us.
    } catch (error) {
      await made.group.wipe();
      throw error;
    }
    await this.lost();
    this.#pending = { made, remove: new Set(remove) };
    const nextKey = await roomKeyOf(made.group);
    const nextKeyHash = new Digest(SHA256.hash(nextKey));
    return { n: this.epoch, key, commit: made.message, nextKeyHash };
  }

  /**
   * Enter the epoch that our own commit leads to.
   *
   * @throws UsageError No commit of ours was offered.
   */
  async won(): Promise<Began> {
    const pending = this.#pending;
    if (pending === null) throw new UsageError("no commit of ours was offered");
    const { made, remove } = pending;
    const stayed = new Set([...this.members().keys()].filter((leaf) => !remove.has(leaf)));
    await made.group.adoptPast(this.#group);
    const before = this.#group;
    this.#group = made.group;
    this.#pending = null;
    await before.wipe();
    // A leaf may have gone and come in one commit: it is another member then.
    const added = seated(this.#group.members()).filter(({ leafIndex }) => !stayed.has(leafIndex));
    return this.#began({
      came: leavesOf(added),
      went: remove,
      admitted: this.#admitted(added),
      welcome: made.welcome,
    });
  }

  /** Drop our own commit: another was first. */
  async lost(): Promise<void> {
    const pending = this.#pending;
    this.#pending = null;
    await pending?.made.group.wipe();
  }

  /**
   * Apply the commit that the room has for this epoch.
   *
   * @returns The epoch that began, or null: it removed us, and our keys are wiped.
   * @throws PeerError What MLS, the validator or `mayBeIn` throw; UNEXPECTED for a commit that does
   *   more than bring members in and out (CK-865); BAD_CREDENTIAL (CK-937, CK-938). Nothing changed.
   */
  async apply(commit: Bytes, { now }: Readonly<{ now: number }>): Promise<Began | null> {
    const received = await this.#group.process(commit, {
      now,
      judge(said, after) {
        if (said.kind === "commit") {
          if (said.selfRemoved) return;
          // CK-908: a guest brings in nobody, not even whom a member let in before: they may have
          // been removed since.
          if (said.added.length > 0 && isGuest(said.committer)) {
            throw new PeerError(Code.UNEXPECTED, "CK-908 somebody added by a guest");
          }
          requireOwnKeys(after.members()); // CK-937, CK-938
          const letsItselfIn = said.added.some((one) => one.leafIndex === said.committer.leafIndex);
          if (!letsItselfIn && after.extensions.length === 0 && after.isActive) return;
        }
        // CK-865: somebody who lets themselves in, extensions, another group, a proposal.
        throw new PeerError(Code.UNEXPECTED, "CK-865 not for a member of a group call");
      },
    });
    if (received.kind !== "commit") throw new UsageError("judged to be a commit");
    if (received.selfRemoved) {
      await this.wipe();
      return null;
    }
    await this.lost();
    const added = seated(received.added);
    return this.#began({
      came: leavesOf(added),
      went: leavesOf(seated(received.removed)),
      admitted: this.#admitted(added),
      welcome: null,
    });
  }

  /** Return which of the joiners we know were added, and where; forget them. */
  #admitted(added: readonly Seated[]): readonly Admitted[] {
    const admitted: Admitted[] = [];
    for (const { joiner, person } of [...this.#noted.values()]) {
      const found = added.find((member) => samePerson(member, person));
      if (found === undefined) continue;
      admitted.push({ joiner, leaf: found.leafIndex });
      this.forget(joiner);
    }
    return admitted;
  }

  #began(change: Pick<Began, "came" | "went" | "admitted" | "welcome">): Began {
    const leaves = new Set(this.members().keys());
    return { epoch: this.epoch, own: this.#group.ownLeaf, leaves, ...change };
  }

  #find(joiner: Digest): Noted {
    const noted = this.#noted.get(hex(joiner));
    if (noted === undefined) throw new UsageError("a joiner that nobody noted");
    return noted;
  }

  // ---- What hangs on the group

  /** The epoch that we are in. */
  get epoch(): number {
    return Number(this.#group.epoch);
  }

  /** Return the room's key of this epoch, 32 bytes. */
  roomKey(): Promise<Bytes> {
    return roomKeyOf(this.#group);
  }

  /** Return the SFrame base key of this epoch (RFC 9605, 5.2). */
  async frameKeys(): Promise<GroupFrameKeys> {
    const { epoch } = this;
    const { ownLeaf: own } = this.#group;
    const others = new Set(this.members().keys());
    others.delete(own);
    const baseKey = await this.#group.exporter(EXPORTER_LABEL, NOTHING, BASE_KEY_BYTES);
    return { epoch, baseKey, own, others };
  }

  /** Return an MLSMessage for the other members. */
  encrypt(content: Bytes): Promise<Bytes> {
    return this.#group.encrypt(content, { rng: this.#rng });
  }

  /**
   * Return which leaf said something, whose it was then, and what.
   *
   * @throws PeerError What MLS throws; UNEXPECTED for our own message, or what is no application
   *   message (CK-866). Nothing changed.
   */
  async decrypt(message: Bytes, { now }: Readonly<{ now: number }>): Promise<Said> {
    const { ownLeaf } = this.#group;
    const received = await this.#group.process(message, {
      now,
      judge(said) {
        if (said.kind === "application") {
          const { leafIndex } = said.sender;
          if (leafIndex !== null && leafIndex !== ownLeaf) return;
        }
        // CK-866: commits come from the room, in its order, and not among what members say.
        throw new PeerError(Code.UNEXPECTED, "CK-866 not a message of another member");
      },
    });
    if (received.kind !== "application" || received.sender.leafIndex === null) {
      throw new UsageError("judged to be a member's message");
    }
    return { leaf: received.sender.leafIndex, who: received.sender, content: received.content };
  }

  /** Erase all keys of the group. */
  async wipe(): Promise<void> {
    await this.lost();
    this.#noted.clear();
    this.consent.wipe();
    await this.#group.wipe();
  }
}

function roomKeyOf(group: Group): Promise<Bytes> {
  return group.exporter(ROOM_LABEL, NOTHING, ROOM_KEY_BYTES);
}

function both({ keys, mayBeIn }: JoinSurroundings): CredentialValidator {
  return async (member, replaces) => {
    await keys.validator(member, replaces);
    consentOf(member); // CK-937
    // Whoever is in may commit until it is removed: were its commits refused, the one that removes
    // it could not follow them.
    if (replaces === null) await mayBeIn(member);
  };
}

function seated(members: readonly MemberInfo[]): readonly Seated[] {
  return members.filter((member): member is Seated => member.leafIndex !== null);
}

function leavesOf(members: readonly Seated[]): ReadonlySet<number> {
  return new Set(members.map(({ leafIndex }) => leafIndex));
}

function samePerson(one: Person, other: Person): boolean {
  return equal(one.identity, other.identity) && equal(one.signatureKey, other.signatureKey);
}
