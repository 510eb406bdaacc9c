/** Groups and members for the MLS tests: everything from one seed, plus the tools of a forger. */

import { expect } from "vitest";
import { type Bytes, hex, type Rng, utf8 } from "../../core/bytes.ts";
import { PeerError } from "../../core/errors.ts";
import type { CheckId } from "../../core/mls/checks.ts";
import { withTag } from "../../core/mls/commit_create.ts";
import { type Content, memberSender, type Sender } from "../../core/mls/framing.ts";
import type { PendingCommit } from "../../core/mls/group.ts";
import { encodeGroupContext } from "../../core/mls/group_context.ts";
import type { GroupCommitOptions, ProposeOptions } from "../../core/mls/group_options.ts";
import {
  type Extension,
  Group,
  generateSignatureKey,
  type KeyPackageBundle,
  newKeyPackage,
  SUITE_ID,
} from "../../core/mls/index.ts";
import {
  KeyPackageBundle as Bundle,
  encodeKeyPackage,
  type KeyPackageStruct,
  keyPackageToBeSigned,
  signLeaf,
} from "../../core/mls/key_package.ts";
import type { LeafNode } from "../../core/mls/leaf_node.ts";
import { decodeState } from "../../core/mls/persist.ts";
import { type Applied, applyProposals, type Proposed } from "../../core/mls/proposal_list.ts";
import type { Commit, ProposalOrRef, UpdatePath } from "../../core/mls/proposals.ts";
import { protectPrivate, protectPublic, signContent } from "../../core/mls/protection.ts";
import { advance, type GroupState, provisionalContext, viewOf } from "../../core/mls/state.ts";
import { suiteOf } from "../../core/mls/suite.ts";
import { type NewPath, newPath } from "../../core/mls/treekem.ts";
import { WireFormat, wrapMessage } from "../../core/mls/wire.ts";
import { refused, stream } from "./refusals.ts";

export const NOW = 1_800_000_000;
export const DAY = 86_400;
export const ALL_SUITES = [1, 2, 3, 4, 5, 6, 7, SUITE_ID];
export const NOTHING: Bytes = new Uint8Array(0);

/** Accept every credential. */
export function anyone(): void {}

export const GROUP_ID = utf8("a group");

export type PackageOptions = Readonly<{
  suiteId?: number;
  rng?: Rng;
  key?: Bytes;
  notBefore?: number;
  notAfter?: number;
  lastResort?: boolean;
}>;

export async function makePackage(
  name: string,
  options: PackageOptions = {},
): Promise<KeyPackageBundle> {
  const { suiteId = 1, rng = stream(`package ${name}`) } = options;
  return await newKeyPackage({
    suiteId,
    identity: utf8(name),
    signaturePrivate: options.key ?? generateSignatureKey(suiteId, rng),
    notBefore: options.notBefore ?? NOW - DAY,
    notAfter: options.notAfter ?? NOW + 30 * DAY,
    rng,
    lastResort: options.lastResort ?? false,
  });
}

export type FounderOptions = Readonly<{
  suiteId?: number;
  extensions?: readonly Extension[];
  rng?: Rng;
}>;

export async function makeFounder(options: FounderOptions = {}): Promise<Group> {
  const { suiteId = 1, extensions = [], rng = stream("founder") } = options;
  return await Group.create({
    groupId: GROUP_ID,
    suiteId,
    identity: utf8("member 0"),
    signaturePrivate: generateSignatureKey(suiteId, rng),
    rng,
    validator: anyone,
    lifetime: [NOW - DAY, NOW + 30 * DAY],
    extensions,
  });
}

type CommitChanges = Omit<GroupCommitOptions, "rng" | "now">;

/** All members of one group; `groups[i]` is at leaf i until somebody is removed. */
export class World {
  readonly suiteId: number;
  readonly rng: Rng;
  groups: Group[];

  private constructor(suiteId: number, rng: Rng, founder: Group) {
    this.suiteId = suiteId;
    this.rng = rng;
    this.groups = [founder];
  }

  static async make(
    members: number,
    options: Readonly<{ suiteId?: number; extensions?: readonly Extension[] }> = {},
  ): Promise<World> {
    const { suiteId = 1, extensions = [] } = options;
    const rng = stream(`world ${members} ${suiteId}`);
    const founder = await makeFounder({ suiteId, extensions, rng });
    const world = new World(suiteId, rng, founder);
    const bundles: KeyPackageBundle[] = [];
    for (let i = 1; i < members; i++) bundles.push(await world.package(`member ${i}`));
    if (members > 1) await world.add(0, bundles);
    return world;
  }

  group(who: number): Group {
    const group = this.groups[who];
    if (group === undefined) throw new Error("nobody there");
    return group;
  }

  async package(name: string, options: PackageOptions = {}): Promise<KeyPackageBundle> {
    return await makePackage(name, { suiteId: this.suiteId, rng: this.rng, ...options });
  }

  async add(
    who: number,
    bundles: readonly KeyPackageBundle[],
    options: CommitChanges = {},
  ): Promise<PendingCommit> {
    const add = bundles.map((bundle) => bundle.keyPackage);
    const pending = await this.commit(who, { add, ...options });
    const { welcome, ratchetTree } = pending;
    if (welcome === null) throw new Error("no Welcome");
    for (const bundle of bundles) {
      const joined = await Group.join(welcome, bundle, {
        now: NOW,
        validator: anyone,
        ratchetTree,
      });
      expect(joined.epochAuthenticator).toEqual(this.group(who).epochAuthenticator);
      this.groups.push(joined);
    }
    return pending;
  }

  async makeCommit(who: number, options: CommitChanges = {}): Promise<PendingCommit> {
    return await this.group(who).commit({ rng: this.rng, now: NOW, ...options });
  }

  /** Commit, deliver, and check that all who remain agree. */
  async commit(who: number, options: CommitChanges = {}): Promise<PendingCommit> {
    const pending = await this.makeCommit(who, options);
    await this.deliver(pending.message, who);
    this.groups[who] = pending.group;
    await this.agree();
    return pending;
  }

  async propose(who: number, change: Omit<ProposeOptions, "rng" | "now">): Promise<Bytes> {
    const message = await this.group(who).propose({ rng: this.rng, now: NOW, ...change });
    await this.deliver(message, who);
    return message;
  }

  async encrypt(who: number, text: string): Promise<Bytes> {
    return await this.group(who).encrypt(utf8(text), { rng: this.rng });
  }

  async deliver(message: Bytes, sender: number): Promise<void> {
    for (const [index, group] of this.groups.entries()) {
      if (index !== sender && group.isActive) await group.process(message, { now: NOW });
    }
  }

  async agree(): Promise<void> {
    const views = new Set<string>();
    for (const group of this.groups.filter((each) => each.isActive)) {
      const exported = await group.exporter("test", utf8("context"), 32);
      const view = [group.epochAuthenticator, group.ratchetTree(), exported].map(hex);
      views.add(`${group.epoch} ${view.join(" ")}`);
    }
    expect(views.size).toBe(1);
  }
}

/** Expect one check to refuse, with its code, and groups to be exactly as before. */
export async function refusedBy(
  ck: CheckId,
  unchanged: readonly Group[],
  attempt: () => unknown,
): Promise<void> {
  const before = unchanged.map((group) => hex(group.toBytes()));
  await refused(ck, attempt);
  expect(unchanged.map((group) => hex(group.toBytes()))).toEqual(before);
}

/** Expect a group to refuse a message and to be exactly as before. */
export async function refuses(ck: CheckId, group: Group, message: Bytes): Promise<void> {
  await refusedBy(ck, [group], () => group.process(message, { now: NOW }));
}

/** Return a copy of a group's state. */
export function stateOf(group: Group): GroupState {
  return decodeState(group.toBytes());
}

/** Return another group in the same state. */
export function twinOf(group: Group): Group {
  return new Group(stateOf(group), anyone);
}

export type ForgeOptions = Readonly<{
  public?: boolean;
  sender?: Sender;
  tag?: Bytes;
  state?: GroupState;
  key?: Bytes;
}>;

/** Frame any content as a member would who follows no rules but signs properly. */
export async function forge(
  group: Group,
  content: Content,
  options: ForgeOptions = {},
): Promise<Bytes> {
  const { state = stateOf(group), tag } = options;
  const view = viewOf(state);
  const sender = options.sender ?? memberSender(state.ownLeaf);
  const wireFormat = options.public ? WireFormat.PUBLIC_MESSAGE : WireFormat.PRIVATE_MESSAGE;
  const statement = { wireFormat, sender, content };
  const untagged = await signContent(view, statement, options.key ?? state.signaturePrivate);
  const signed = tag === undefined ? untagged : withTag(untagged, tag);
  if (options.public) {
    return protectPublic(state.suite, signed, view.context, state.keys.membership);
  }
  const [message] = await protectPrivate(view, signed, stream("forge"));
  return message;
}

/** Change a key package, and perhaps its leaf, and sign it again. */
export async function repackage(
  bundle: KeyPackageBundle,
  changes: Partial<KeyPackageStruct> = {},
  leafChanges: Partial<LeafNode> = {},
): Promise<KeyPackageBundle> {
  const struct = bundle.struct();
  const suite = suiteOf(struct.cipherSuite);
  const key = bundle.signaturePrivate;
  const leafNode = await signLeaf(suite, { ...struct.leafNode, ...leafChanges }, key);
  const { initPrivate, encryptionPrivate, reference } = bundle;
  return new Bundle({
    keyPackage: await resign({ ...struct, leafNode, ...changes }, key),
    initPrivate,
    encryptionPrivate,
    signaturePrivate: key,
    reference,
  });
}

export async function resign(struct: KeyPackageStruct, key: Bytes): Promise<Bytes> {
  const suite = suiteOf(ALL_SUITES.includes(struct.cipherSuite) ? struct.cipherSuite : 1);
  const content = keyPackageToBeSigned(struct);
  const signature = await suite.signWithLabel(key, "KeyPackageTBS", content);
  return wrapMessage(WireFormat.KEY_PACKAGE, encodeKeyPackage({ ...struct, signature }));
}

export type ForgedCommit = Readonly<{
  /** Put a path in; by default if the rules ask for one. */
  path?: boolean;
  /** As PublicMessage. */
  public?: boolean;
  /** Changes the path before it is signed. */
  change?: (path: UpdatePath) => UpdatePath | Promise<UpdatePath>;
  /** Changes the confirmation tag. */
  tag?: (tag: Bytes) => Bytes;
  /** What the references among the proposals stand for. */
  pending?: readonly Proposed[];
  /** Signs the message instead of the key in the state. */
  key?: Bytes;
  /** The committer's state. */
  state?: GroupState;
}>;

/**
 * Make a commit as a member would who checks nothing.
 *
 * @returns The MLSMessage. Its secrets are right as long as the proposals are valid.
 */
export async function commitWith(
  group: Group,
  proposals: readonly ProposalOrRef[],
  options: ForgedCommit = {},
): Promise<Bytes> {
  const { state = stateOf(group), tag = (made: Bytes) => made } = options;
  const { suite, context, ownLeaf } = state;
  const rng = stream("commit with");
  const sender = memberSender(ownLeaf);
  const byValue = proposals.flatMap((proposal) =>
    proposal.kind === "reference" ? [] : [{ proposal, sender }],
  );
  const items = [...(options.pending ?? []), ...byValue];
  const applied = await applyLeniently(items, state);
  const { tree, extensions, psks, reinit } = applied;
  let made: NewPath | null = null;
  if (options.path ?? applied.pathRequired) {
    made = await newPath(tree, {
      leafIndex: ownLeaf,
      signaturePrivate: state.signaturePrivate,
      groupId: context.groupId,
      contextOf: (treeHash) =>
        encodeGroupContext(provisionalContext(context, extensions, treeHash)),
      added: applied.added.map(({ leafIndex }) => leafIndex),
      rng,
    });
  }
  const path = made && (await (options.change ?? ((same) => same))(made.path));
  const content: Commit = { kind: "commit", proposals, path };
  const wireFormat = options.public ? WireFormat.PUBLIC_MESSAGE : WireFormat.PRIVATE_MESSAGE;
  const view = viewOf(state);
  const signer = options.key ?? state.signaturePrivate;
  const untagged = await signContent(view, { wireFormat, sender, content }, signer);
  const after = {
    tree,
    extensions,
    ownLeaf,
    privates: new Map(),
    init: state.keys.init,
    commitSecret: made?.commitSecret ?? new Uint8Array(suite.nh),
    psks,
    reinit,
  };
  const confirmationTag = await orIfRefused(
    async () => (await advance(state, untagged, after))[0].confirmationTag,
    new Uint8Array(suite.nh),
  );
  const signed = withTag(untagged, tag(confirmationTag));
  if (options.public) {
    return protectPublic(suite, signed, view.context, state.keys.membership);
  }
  const [message] = await protectPrivate(view, signed, rng);
  return message;
}

async function applyLeniently(items: readonly Proposed[], state: GroupState): Promise<Applied> {
  const nothing: Applied = {
    tree: state.tree.copy(),
    extensions: state.context.extensions,
    psks: [],
    added: [],
    removed: [],
    updated: [],
    externalInit: null,
    reinit: false,
    pathRequired: true,
  };
  const rules = { now: null, validator: anyone };
  return await orIfRefused(
    () => applyProposals(items, state.tree, state.context, state.ownLeaf, rules),
    nothing,
  );
}

async function orIfRefused<T>(attempt: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof PeerError) return otherwise;
    throw error;
  }
}
