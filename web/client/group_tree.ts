/**
 * A group of people as its MLS state shows it: terms, roster, and whether a commit keeps the rules.
 *
 * Not for: the rules themselves (`core/group_rules.ts`), or what we keep beside the state
 * (`group_book.ts`).
 */

import { hex } from "../core/bytes.ts";
import { decodeChange } from "../core/content.ts";
import type { GroupChange, GroupTerms } from "../core/content_group.ts";
import {
  checkCommit,
  type Epoch,
  EXTENSION,
  encodeTerms,
  type Leaf,
  leafDigest,
  termsOf,
} from "../core/group_rules.ts";
import type { AccountId, GroupId } from "../core/ids.ts";
import type { CommitApplied, Extension, Group, MemberInfo } from "../core/mls/index.ts";
import { credentialOf } from "./groups.ts";

/** Return terms as the extensions of a group context. */
export function extensionOf(terms: GroupTerms): readonly Extension[] {
  return [{ extensionType: EXTENSION, data: encodeTerms(terms) }];
}

/**
 * Return the terms of a group.
 *
 * @throws PeerError There are none, or there is something else (CK-830).
 */
export function termsIn(state: Group): GroupTerms {
  return termsOf(state.extensions);
}

/** Return who is in the group, in the order of their places. */
export async function leavesOf(state: Group): Promise<readonly Leaf[]> {
  const leaves = await Promise.all(state.members().map((member) => leafOf(member, state)));
  return leaves.flat();
}

/** Return the accounts of these leaves, each once, the one in the lowest leaf first. */
export function accountsIn(leaves: readonly Leaf[]): readonly AccountId[] {
  const found = new Map<string, AccountId>();
  for (const { account } of leaves) if (!found.has(hex(account))) found.set(hex(account), account);
  return [...found.values()];
}

/** Return what a commit is judged by; throws as `termsIn`. */
export async function epochOf(state: Group): Promise<Epoch> {
  return { terms: termsIn(state), leaves: await leavesOf(state) };
}

/**
 * Judge a commit that somebody else made, before anything of it is kept.
 *
 * @param before What it led from.
 * @param state After it; if it removed us, only its roster is known.
 * @param result What it did.
 * @throws PeerError A rule is broken; nobody goes along.
 */
export async function judge(
  group: GroupId,
  before: Epoch,
  state: Group,
  result: CommitApplied,
): Promise<void> {
  const removed = new Set(result.removed.flatMap(({ leafIndex }) => leafIndex ?? []));
  const committer = result.committer.leafIndex ?? -1; // a member (CK-585)
  const change = decodeChange(result.authenticatedData);
  const after = result.selfRemoved
    ? await withoutUs(before, removed, result)
    : await epochOf(state);
  await checkCommit(group, { before, after, committer, removed, change });
}

async function withoutUs(
  { leaves }: Epoch,
  removed: ReadonlySet<number>,
  { added }: CommitApplied,
): Promise<Epoch> {
  const came = await Promise.all(added.map((member) => leafOf(member)));
  const stay = leaves.filter(({ index }) => !removed.has(index));
  return { terms: null, leaves: [...stay, ...came.flat()] };
}

/** Judge a commit of ours: we never offer what others would refuse. Throws as `judge`. */
export async function judgeOwn(
  group: GroupId,
  before: Group,
  after: Group,
  { removed, change }: Readonly<{ removed: readonly number[]; change: GroupChange }>,
): Promise<void> {
  await checkCommit(group, {
    before: await epochOf(before),
    after: await epochOf(after),
    committer: before.ownLeaf,
    removed: new Set(removed),
    change,
  });
}

/** Return a member's leaf; none if it stands in no tree yet. */
async function leafOf(member: MemberInfo, state?: Group): Promise<readonly Leaf[]> {
  const { leafIndex: index } = member;
  if (index === null) return [];
  const { accountId, device, deviceList } = await credentialOf(member);
  const key = state === undefined ? null : leafDigest(state.encryptionKey(index));
  return [{ index, account: accountId, device: device.deviceId, list: deviceList, key }];
}
