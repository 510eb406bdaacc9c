/** What a member can tell of its group, changing nothing: the base of `Group` (`group.ts`). */

import { type Bytes, copy, hex } from "../bytes.ts";
import { ensure } from "./checks.ts";
import { makeGroupInfo } from "./commit_create.ts";
import { encodeGroupInfo } from "./group_context.ts";
import { mlsExporter } from "./key_schedule.ts";
import type { Extensions, MemberInfo } from "./leaf_node.ts";
import { encodeState } from "./persist.ts";
import { type GroupState, membersOf, Status } from "./state.ts";
import { WireFormat, wrapMessage } from "./wire.ts";

/** Where the present state is; `Group` replaces it. */
export type Held = { state: GroupState };

/** One member's view of one group, to read. */
export class GroupView {
  readonly #held: Held;

  constructor(held: Held) {
    this.#held = held;
  }

  get #state(): GroupState {
    return this.#held.state;
  }

  toString(): string {
    const { context, ownLeaf } = this.#state;
    return `Group(${hex(context.groupId.subarray(0, 3))}, epoch=${context.epoch}, leaf=${ownLeaf})`;
  }

  /** What a log or an error report would print: no identity, no secret. */
  toJSON(): string {
    return this.toString();
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
    return copy(this.activeState().keys.epochAuthenticator);
  }

  /** The epoch's resumption PSK, to link another group to this one (RFC 9420, 8.6). */
  get resumptionPsk(): Bytes {
    return copy(this.activeState().keys.resumption);
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

  /**
   * Return the encryption key in a member's leaf.
   *
   * @throws PeerError There is none.
   */
  encryptionKey(leafIndex: number): Bytes {
    return copy(this.#state.tree.member(leafIndex).encryptionKey);
  }

  /** Return the state, unless the group is over (CK-062). */
  protected activeState(): GroupState {
    ensure("CK-062", this.isActive);
    return this.#state;
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
    const { suite, keys } = this.activeState();
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
    const info = await makeGroupInfo(this.activeState(), { withTree, external: true });
    return wrapMessage(WireFormat.GROUP_INFO, encodeGroupInfo(info));
  }

  /** Return the tree, for joiners whose Welcome or GroupInfo has none. */
  ratchetTree(): Bytes {
    return this.#state.tree.encode();
  }

  /** Serialise everything, secrets included: for the encrypted local store only (P5). */
  toBytes(): Bytes {
    return encodeState(this.#state);
  }
}
