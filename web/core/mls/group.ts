/**
 * `Group`: one member's view of one group. The public face of this package.
 *
 * A group is a small mutable shell around an immutable `GroupState`: every method makes a new state
 * and keeps it only if nothing was refused. Randomness and time are arguments.
 *
 * Calls that change a group take turns: each begins when the one before has ended, in the order in
 * which they were made. Otherwise two of them would start from one state, and the second to end
 * would undo the first, spent keys included. What only reads (`group_view.ts`) sees the state at
 * the moment of the call. A validator must not wait for its own group.
 */

import { type Bytes, copy, hex } from "../bytes.ts";
import { UsageError } from "../errors.ts";
import { createCommit } from "./commit_create.ts";
import { createState } from "./creation.ts";
import { externalState } from "./external.ts";
import type {
  CreateOptions,
  EncryptOptions,
  ExternalJoinOptions,
  GroupCommitOptions,
  JoinOptions,
  ProposeOptions,
} from "./group_options.ts";
import { GroupView, type Held } from "./group_view.ts";
import { joinState } from "./joining.ts";
import type { KeyPackageBundle } from "./key_package.ts";
import type { CredentialValidator, Rules } from "./leaf_check.ts";
import { basicCredential, type MemberInfo } from "./leaf_node.ts";
import { decodeState } from "./persist.ts";
import { choose } from "./proposal_list.ts";
import { PAD_BLOCK } from "./protection.ts";
import { type Received, receive } from "./receive.ts";
import { newProposals, newUpdate, sendApplication, sendProposal } from "./sending.ts";
import { afterRemoval, type GroupState, pastAfter } from "./state.ts";
import { suiteOf } from "./suite.ts";

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

export type ProcessOptions = Readonly<{
  /** Unix seconds. */
  now: number;
  /**
   * Rules beyond those of MLS about what may be said: is shown what the message was and the group
   * after it, and throws to refuse it. In the message's own turn, so that nothing is undone that
   * another call did meanwhile, such as spending a key.
   */
  judge?: (received: Received, after: GroupView) => void;
}>;

/** One member's view of one group. */
export class Group extends GroupView {
  /**
   * After `join`, the member who signed the Welcome: who speaks for what came with it. Null
   * otherwise; it is not stored.
   */
  readonly welcomedBy: MemberInfo | null;
  readonly #held: Held;
  readonly #validator: CredentialValidator;
  /** Ends, never rejects, when the last call that changes this group has ended. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  /** Wrap a state; use `create`, `join`, `externalJoin` or `fromBytes`. */
  constructor(
    state: GroupState,
    validator: CredentialValidator,
    welcomedBy: MemberInfo | null = null,
  ) {
    const held = { state };
    super(held);
    this.#held = held;
    this.#validator = validator;
    this.welcomedBy = welcomedBy;
  }

  get #state(): GroupState {
    return this.#held.state;
  }

  set #state(state: GroupState) {
    this.#held.state = state;
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
      supports: options.supports ?? [],
      leafExtensions: options.leafExtensions ?? [],
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
      const state = this.activeState();
      const { rng } = options;
      const byValue = newProposals(state, options, rng);
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
      let state = this.activeState();
      const { rng, add, remove, update, psk, extensions } = options;
      const changes = { add: some(add), remove: some(remove), psks: some(psk), extensions };
      const proposals = newProposals(state, changes, rng);
      if (update) {
        const [proposal, withKey] = await newUpdate(state, rng);
        proposals.push(proposal);
        state = withKey;
      }
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
      const [after, message] = await sendApplication(this.activeState(), letter, rng);
      this.#state = after;
      return message;
    });
  }

  /**
   * Process a message to the group: an application message, a proposal or a commit.
   *
   * @param message An MLSMessage.
   * @param options How.
   * @returns What it was.
   * @throws PeerError A check failed; the group is exactly as before.
   * @throws VisavisError Whatever the validator throws, or `judge`; likewise.
   */
  async process(message: Bytes, options: ProcessOptions): Promise<Received> {
    return await this.#inTurn(async () => {
      const rules = { now: options.now, validator: this.#validator };
      const [after, received] = await receive(this.#state, message, rules);
      options.judge?.(received, new GroupView({ state: after }));
      this.#state = after;
      return received;
    });
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

function some<T>(given: T | undefined): readonly T[] {
  return given === undefined ? [] : [given];
}
