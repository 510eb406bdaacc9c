/**
 * `Group`: one member's view of one group. The public face of this package.
 *
 * A group is a small mutable shell around an immutable `GroupState`: every method makes a new state
 * and keeps it only if nothing was refused. Randomness and time are arguments.
 *
 * Calls that change a group take turns: each begins when the one before has ended, in the order in
 * which they were made. Otherwise two of them would start from one state, and the second to end
 * would undo the first, spent keys included. What only reads (`exporter`, `toBytes`, the properties)
 * sees the state at the moment of the call. A validator must not wait for its own group.
 */

import { type Bytes, copy, hex, type Rng } from "../bytes.ts";
import { UsageError } from "../errors.ts";
import { ensure } from "./checks.ts";
import { type CommitOptions, createCommit, makeGroupInfo } from "./commit_create.ts";
import { createState } from "./creation.ts";
import { externalState } from "./external.ts";
import { encodeGroupInfo } from "./group_context.ts";
import { joinState } from "./joining.ts";
import { type KeyPackageBundle, UnverifiedKeyPackage } from "./key_package.ts";
import { mlsExporter } from "./key_schedule.ts";
import type { CredentialValidator, Rules } from "./leaf_check.ts";
import { basicCredential, type Extensions, type MemberInfo } from "./leaf_node.ts";
import { decodeState, encodeState } from "./persist.ts";
import { choose } from "./proposal_list.ts";
import { type Add, type Proposal, type PskId, ResumptionUsage } from "./proposals.ts";
import { PAD_BLOCK } from "./protection.ts";
import { type Received, receive } from "./receive.ts";
import { newUpdate, sendApplication, sendProposal } from "./sending.ts";
import {
  afterRemoval,
  type ExternalPsks,
  type GroupState,
  membersOf,
  pastAfter,
  type ResumptionPsks,
  Status,
} from "./state.ts";
import { suiteOf } from "./suite.ts";
import { WireFormat, wrapMessage } from "./wire.ts";

/** A PSK to mix in: the id of an external one, or an epoch of this group (resumption). */
export type PskChoice = Bytes | bigint;

/** Who creates which group. */
export type CreateOptions = Readonly<{
  /** Its id; unique among our groups. */
  groupId: Bytes;
  /** Its suite; the product uses `SUITE_ID`. */
  suiteId: number;
  /** Identity for our basic credential. */
  identity: Bytes;
  /** Our signature key. */
  signaturePrivate: Bytes;
  rng: Rng;
  /** Judges credentials. */
  validator: CredentialValidator;
  /** Of our leaf: first and last second, unix time. */
  lifetime: readonly [notBefore: number, notAfter: number];
  /** Of the group context. */
  extensions?: Extensions;
}>;

/** What a joiner brings to a Welcome. */
export type JoinOptions = Readonly<{
  /** Unix seconds. */
  now: number;
  /** Judges credentials from now on. */
  validator: CredentialValidator;
  /** Judges those of the members that are in the group, if not the same. */
  presentValidator?: CredentialValidator;
  /** The tree, if the Welcome has none. */
  ratchetTree?: Bytes;
  /** External PSKs by the hex of their id. */
  psks?: ExternalPsks;
  /** Resumption PSKs by `resumptionKey`. */
  resumptionPsks?: ResumptionPsks;
}>;

/** Who joins without being added. */
export type ExternalJoinOptions = Readonly<{
  /** Identity for our basic credential. */
  identity: Bytes;
  /** Our signature key. */
  signaturePrivate: Bytes;
  rng: Rng;
  /** Unix seconds. */
  now: number;
  /** Judges credentials. */
  validator: CredentialValidator;
  /** The tree, if the GroupInfo has none. */
  ratchetTree?: Bytes;
  /** Leaf of our own old self, to be replaced. */
  resyncLeaf?: number;
}>;

/** What a commit does, and how it is made. */
export type GroupCommitOptions = CommitOptions &
  Readonly<{
    rng: Rng;
    /** Unix seconds. */
    now: number;
    /** Key packages (MLSMessages) to add. */
    add?: readonly Bytes[];
    /** Leaf indices to remove. */
    remove?: readonly number[];
    /** PSKs to mix in. */
    psks?: readonly PskChoice[];
    /** New extensions of the group context. */
    extensions?: Extensions;
    /** Take up the pending proposals that fit, unless this is false. */
    includePending?: boolean;
  }>;

/** One change to propose. */
export type ProposeOptions = Readonly<{
  rng: Rng;
  /** Unix seconds. */
  now: number;
  /** A key package to add. */
  add?: Bytes;
  /** A leaf index to remove; our own to leave. */
  remove?: number;
  /** Fresh keys for our leaf. */
  update?: boolean;
  /** A PSK to mix in. */
  psk?: PskChoice;
  /** New extensions of the group context. */
  extensions?: Extensions;
  /** As PublicMessage. */
  public?: boolean;
}>;

/** How an application message is encrypted. */
export type EncryptOptions = Readonly<{
  rng: Rng;
  /** Travels in the clear, authenticated. */
  authenticatedData?: Bytes;
  /** Pad to a multiple of this many bytes; 0 for no padding. */
  padTo?: number;
}>;

/** A commit that waits for the sequencer. */
export type PendingCommit = Readonly<{
  /** The MLSMessage to send. */
  message: Bytes;
  /** The MLSMessage for those it adds, null if it adds nobody. */
  welcome: Bytes | null;
  /**
   * The group after it. The caller replaces its group by this one when the sequencer took the
   * commit, and drops it when another was first.
   */
  group: Group;
  /** The tree after it, for joiners whose Welcome has none. */
  ratchetTree: Bytes;
}>;

/** One member's view of one group. */
export class Group {
  /**
   * After `join`, the member who signed the Welcome: who speaks for what came with it. Null
   * otherwise; it is not stored.
   */
  readonly welcomedBy: MemberInfo | null;
  #state: GroupState;
  readonly #validator: CredentialValidator;
  /** Ends, never rejects, when the last call that changes this group has ended. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  /** Wrap a state; use `create`, `join`, `externalJoin` or `fromBytes`. */
  constructor(
    state: GroupState,
    validator: CredentialValidator,
    welcomedBy: MemberInfo | null = null,
  ) {
    this.#state = state;
    this.#validator = validator;
    this.welcomedBy = welcomedBy;
  }

  toString(): string {
    const { context, ownLeaf } = this.#state;
    return `Group(${hex(context.groupId.subarray(0, 3))}, epoch=${context.epoch}, leaf=${ownLeaf})`;
  }

  /** What a log or an error report would print: no identity, no secret. */
  toJSON(): string {
    return this.toString();
  }

  /**
   * Create a group with one member, us, in epoch 0 (RFC 9420, 11).
   *
   * @throws PeerError Unknown suite (CK-010), or extensions that our own leaf does not support.
   */
  static async create(options: CreateOptions): Promise<Group> {
    const [notBefore, notAfter] = options.lifetime;
    const state = await createState({
      groupId: options.groupId,
      suite: suiteOf(options.suiteId),
      credential: basicCredential(options.identity),
      signaturePrivate: options.signaturePrivate,
      lifetime: { notBefore: BigInt(notBefore), notAfter: BigInt(notAfter) },
      extensions: options.extensions ?? [],
      rng: options.rng,
    });
    return new Group(state, options.validator);
  }

  /**
   * Join by a Welcome (RFC 9420, 12.4.3.1).
   *
   * @param welcome The MLSMessage.
   * @param bundle The key package it was made for; wipe it afterwards unless last resort.
   * @param options What we know.
   * @returns The group in the epoch that the Welcome leads into; it knows who it was `welcomedBy`.
   * @throws PeerError A check failed.
   * @throws VisavisError Whatever the validator throws.
   */
  static async join(
    welcome: Bytes,
    bundle: KeyPackageBundle,
    options: JoinOptions,
  ): Promise<Group> {
    const { now, validator, presentValidator = validator, ratchetTree = null } = options;
    const known = {
      external: options.psks ?? new Map(),
      resumption: options.resumptionPsks ?? new Map(),
    };
    const rules = { now, validator: presentValidator };
    const [state, signer] = await joinState(welcome, bundle, rules, known, ratchetTree);
    return new Group(state, validator, signer);
  }

  /**
   * Join without being added (RFC 9420, 12.4.3.2).
   *
   * @param groupInfo MLSMessage from `groupInfo`.
   * @param options Who joins.
   * @returns The group after the commit, and the commit (a PublicMessage) for the others. Both
   *   count only once the sequencer took the commit.
   * @throws PeerError A check failed.
   * @throws VisavisError Whatever the validator throws.
   */
  static async externalJoin(
    groupInfo: Bytes,
    options: ExternalJoinOptions,
  ): Promise<readonly [Group, commit: Bytes]> {
    const { identity, signaturePrivate, resyncLeaf = null, now, validator, rng } = options;
    const joiner = { identity, signaturePrivate, resyncLeaf };
    const rules = { now, validator, sending: true };
    const ratchetTree = options.ratchetTree ?? null;
    const [state, commit] = await externalState(groupInfo, joiner, rules, rng, ratchetTree);
    return [new Group(state, validator), commit];
  }

  /**
   * Restore what `toBytes` wrote.
   *
   * @throws FatalError Another version, or damaged.
   */
  static async fromBytes(
    data: Bytes,
    options: Readonly<{ validator: CredentialValidator }>,
  ): Promise<Group> {
    return new Group(decodeState(data), options.validator);
  }

  /** Serialise everything, secrets included: for the encrypted local store only (P5). */
  toBytes(): Bytes {
    return encodeState(this.#state);
  }

  /** The group's id. */
  get groupId(): Bytes {
    return this.#state.context.groupId;
  }

  /** The current epoch. */
  get epoch(): bigint {
    return this.#state.context.epoch;
  }

  /** The group's suite. */
  get suiteId(): number {
    return this.#state.suite.suiteId;
  }

  /** Our leaf index. */
  get ownLeaf(): number {
    return this.#state.ownLeaf;
  }

  /** False once we were removed, or the group ended by a ReInit. */
  get isActive(): boolean {
    return this.#state.status === Status.ACTIVE;
  }

  /** A secret that is equal for all who agree on the epoch (RFC 9420, 8.7). */
  get epochAuthenticator(): Bytes {
    return copy(this.#activeState().keys.epochAuthenticator);
  }

  /** The epoch's resumption PSK, to link another group to this one (RFC 9420, 8.6). */
  get resumptionPsk(): Bytes {
    return copy(this.#activeState().keys.resumption);
  }

  /** Extensions of the group context. */
  get extensions(): Extensions {
    return this.#state.context.extensions;
  }

  /** Whether proposals wait for a commit. */
  get hasPending(): boolean {
    return this.#state.pending.size > 0;
  }

  /** Return the members in the order of their leaves. */
  members(): MemberInfo[] {
    return membersOf(this.#state.tree);
  }

  /** Return the state, unless the group is over (CK-062). */
  #activeState(): GroupState {
    ensure("CK-062", this.isActive);
    return this.#state;
  }

  /** Run a step once all steps asked for earlier have ended. */
  #inTurn<T>(step: () => T | Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(step);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  /** Supply an external PSK; it stays until `forgetPsk`. */
  async addPsk(pskId: Bytes, psk: Bytes): Promise<void> {
    const own = copy(psk);
    await this.#inTurn(() => {
      this.#state = { ...this.#state, psks: new Map(this.#state.psks).set(hex(pskId), own) };
    });
  }

  /** Drop an external PSK. */
  async forgetPsk(pskId: Bytes): Promise<void> {
    await this.#inTurn(() => {
      const psks = new Map(this.#state.psks);
      psks.delete(hex(pskId));
      this.#state = { ...this.#state, psks };
    });
  }

  /**
   * Make a commit (RFC 9420, 12.4.1).
   *
   * This group stays in its epoch, so losing the race for the epoch costs nothing; only the message
   * key that a private commit used is spent, so that it is never used twice.
   *
   * @param options What it does. `path: false` makes a bulk addition small.
   * @returns The commit and the group after it.
   * @throws PeerError Something in it is not valid; also a pending proposal that has become so: then
   *   commit with `includePending: false`.
   * @throws VisavisError Whatever the validator throws.
   */
  async commit(options: GroupCommitOptions): Promise<PendingCommit> {
    return await this.#inTurn(async () => {
      const state = this.#activeState();
      const { rng, add = [], remove = [], psks = [], extensions } = options;
      const byValue: Proposal[] = [
        ...remove.map((removed) => ({ kind: "remove", removed }) as const),
        ...add.map(proposeAdd),
        ...psks.map((psk) => ({ kind: "psk", psk: pskIdOf(state, psk, rng) }) as const),
        ...(extensions ? [{ kind: "group context extensions", extensions } as const] : []),
      ];
      const pending = (options.includePending ?? true) ? [...state.pending] : [];
      const chosen = choose(pending, state.ownLeaf, byValue);
      const rules = this.#sendingRules(options.now);
      const created = await createCommit(state, chosen, byValue, options, rules, rng);
      this.#state = created.before;
      const { message, welcome, after } = created;
      const group = new Group(after, this.#validator);
      return { message, welcome, group, ratchetTree: group.ratchetTree() };
    });
  }

  /**
   * Propose one change, for any member to commit (RFC 9420, 12.1).
   *
   * @param options The change.
   * @returns The MLSMessage; the proposal is pending here, too.
   * @throws UsageError Not exactly one change.
   * @throws PeerError It is not valid.
   * @throws VisavisError Whatever the validator throws.
   */
  async propose(options: ProposeOptions): Promise<Bytes> {
    return await this.#inTurn(async () => {
      let state = this.#activeState();
      const { rng, add, remove, update, psk, extensions } = options;
      const proposals: Proposal[] = [];
      if (add !== undefined) proposals.push(proposeAdd(add));
      if (remove !== undefined) proposals.push({ kind: "remove", removed: remove });
      if (update) {
        const [proposal, withKey] = await newUpdate(state, rng);
        proposals.push(proposal);
        state = withKey;
      }
      if (psk !== undefined) proposals.push({ kind: "psk", psk: pskIdOf(state, psk, rng) });
      if (extensions) proposals.push({ kind: "group context extensions", extensions });
      const [proposal, second] = proposals;
      if (proposal === undefined || second !== undefined) {
        throw new UsageError("propose exactly one change at a time");
      }
      const rules = this.#sendingRules(options.now);
      const how = { public: options.public ?? false };
      const [after, message] = await sendProposal(state, proposal, rules, rng, how);
      this.#state = after;
      return message;
    });
  }

  #sendingRules(now: number): Rules {
    return { now, validator: this.#validator, sending: true };
  }

  /**
   * Encrypt an application message (RFC 9420, 15).
   *
   * @param content The plaintext.
   * @param options How.
   * @returns The MLSMessage. The new state must be stored before it is sent: its key is spent.
   * @throws PeerError The group is over (CK-062).
   * @throws UsageError All keys of the epoch are used up.
   */
  async encrypt(content: Bytes, options: EncryptOptions): Promise<Bytes> {
    const { rng, authenticatedData = new Uint8Array(0), padTo = PAD_BLOCK } = options;
    return await this.#inTurn(async () => {
      const letter = { content, authenticatedData, padTo };
      const [after, message] = await sendApplication(this.#activeState(), letter, rng);
      this.#state = after;
      return message;
    });
  }

  /**
   * Process a message to the group: an application message, a proposal or a commit.
   *
   * @param message An MLSMessage.
   * @param options.now Unix seconds.
   * @returns What it was.
   * @throws PeerError A check failed; the group is exactly as before.
   * @throws VisavisError Whatever the validator throws; likewise.
   */
  async process(message: Bytes, options: Readonly<{ now: number }>): Promise<Received> {
    return await this.#inTurn(async () => {
      const rules = { now: options.now, validator: this.#validator };
      const [after, received] = await receive(this.#state, message, rules);
      this.#state = after;
      return received;
    });
  }

  /**
   * Return MLS-Exporter(label, context, length) (RFC 9420, 8.5).
   *
   * @param label What the secret is for.
   * @param context Anything it should be bound to.
   * @param length Bytes wanted.
   * @throws PeerError The group is over (CK-062).
   */
  async exporter(label: string, context: Bytes, length: number): Promise<Bytes> {
    const { suite, keys } = this.#activeState();
    return mlsExporter(suite, keys.exporter, label, context, length);
  }

  /**
   * Return a signed GroupInfo with external_pub, for external joins.
   *
   * @param options.withTree Include the ratchet tree, unless this is false.
   * @returns The MLSMessage.
   * @throws PeerError The group is over (CK-062).
   */
  async groupInfo(options: Readonly<{ withTree?: boolean }> = {}): Promise<Bytes> {
    const withTree = options.withTree ?? true;
    const info = await makeGroupInfo(this.#activeState(), { withTree, external: true });
    return wrapMessage(WireFormat.GROUP_INFO, encodeGroupInfo(info));
  }

  /** Return the tree, for joiners whose Welcome or GroupInfo has none. */
  ratchetTree(): Bytes {
    return this.#state.tree.encode();
  }

  /**
   * Take over which message keys of ended epochs were spent since this state was made.
   *
   * A commit may wait for the sequencer while `before` goes on reading messages of the epoch it
   * leads from. Without this their keys would come back with the commit: messages could be replayed
   * (CK-055), and stolen state would open them (RFC 9420, 9.2).
   *
   * @param before The same member's group, still in the epoch that ended.
   * @throws UsageError It is not that.
   */
  async adoptPast(before: Group): Promise<void> {
    if (before === this) throw new UsageError("a group does not come before itself");
    await this.#inTurn(() =>
      before.#inTurn(() => {
        const old = before.#state;
        const { context } = this.#state;
        const isSame = hex(old.context.groupId) === hex(context.groupId);
        if (!isSame || old.context.epoch + 1n !== context.epoch) {
          throw new UsageError("not the epoch before this one");
        }
        this.#state = { ...this.#state, past: pastAfter(old) };
      }),
    );
  }

  /**
   * Drop every secret; afterwards the group is over.
   *
   * What this ends is our references to them: their bytes may be shared with another state, such as
   * the one after a commit.
   */
  async wipe(): Promise<void> {
    await this.#inTurn(() => {
      this.#state = { ...afterRemoval(this.#state), past: [] };
    });
  }
}

function proposeAdd(keyPackage: Bytes): Add {
  return { kind: "add", keyPackage: UnverifiedKeyPackage.parse(keyPackage).struct };
}

function pskIdOf(state: GroupState, psk: PskChoice, rng: Rng): PskId {
  const nonce = rng(state.suite.nh);
  if (typeof psk !== "bigint") return { kind: "external", pskId: psk, nonce };
  const usage = ResumptionUsage.APPLICATION;
  return { kind: "resumption", usage, groupId: state.context.groupId, epoch: psk, nonce };
}
