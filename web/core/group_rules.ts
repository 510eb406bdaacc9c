/**
 * What a commit of a group of people may do: one rule, which every member applies alike (ADR 24).
 *
 *     accounts   anybody brings in a contact that said yes; a keeper removes whom it wants; whoever
 *                leaves is removed by the others, on its signed word
 *     terms      anybody changes name and picture; keepers name keepers
 *     keepers    there is always one: when the last one goes, the member in the lowest leaf is it
 *
 * A commit is judged by the epoch that it leads from, by what it changes, and by nothing that one
 * member knows and another does not: not by contacts, blocks, newest lists elsewhere, or clocks. What
 * one refuses all refuse, so a member that breaks a rule can stop the group (P8) but never split it.
 *
 * Twin of `src/visavis/core/group_rules.py`. Not for: whether somebody may invite us
 * (`contact_rules.ts`), or who sends what to whom (`client`).
 */

import { type Bytes, compare, equal, hex } from "./bytes.ts";
import { encode } from "./cbor.ts";
import { decodeRecord, encodeRecord } from "./content.ts";
import { type Departure, type GroupChange, GroupTerms } from "./content_group.ts";
import { MAX_LEAVES } from "./content_records.ts";
import type { DeviceList } from "./device_list.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { sign, verify } from "./identity.ts";
import { type AccountId, type DeviceId, Digest, type GroupId } from "./ids.ts";

/** Type of the group context extension with the terms: private use (RFC 9420, 17.3). */
export const EXTENSION = 0xf0a1;
/** Seconds for which a yes to an invite is taken. Longer lets an old yes come as a surprise. */
export const INVITE_S = 7 * 86_400;

const LABEL = "visavis group.leave v1\0";

/** One device in the group. */
export type Leaf = Readonly<{
  /** Its place in the tree. */
  index: number;
  account: AccountId;
  device: DeviceId;
  /** The device list that its credential carries. */
  list: DeviceList;
  /** SHA-256 of its encryption key; null where it need not be known. */
  key: Digest | null;
}>;

/** What a commit leads from, or to. */
export type Epoch = Readonly<{
  /** What was agreed on; null for us whom the commit removes: we cannot read it. */
  terms: GroupTerms | null;
  /** In the order of their places. */
  leaves: readonly Leaf[];
}>;

/** A commit that is to be judged. */
export type Judged = Readonly<{
  /** The epoch that it leads from; its terms are known. */
  before: Epoch;
  /** What it leads to. */
  after: Epoch;
  /** Leaf of whoever made it. */
  committer: number;
  /** Leaves that it removes: a place may have another device in it at once. */
  removed: ReadonlySet<number>;
  /** What it says beside its proposals. */
  change: Pick<GroupChange, "joined" | "left">;
}>;

type Named = Pick<Leaf, "account" | "device">;

/**
 * Return the extension's data.
 *
 * @throws UsageError Out of bounds, or keepers that are not sorted or stand twice.
 */
export function encodeTerms(terms: GroupTerms): Bytes {
  try {
    const data = encodeRecord(GroupTerms, terms);
    decodeTerms(data);
    return data;
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`terms that others refuse: ${error.detail}`);
  }
}

/**
 * Decode the extension's data.
 *
 * @throws PeerError MALFORMED (CK-250, CK-271); also for keepers out of order, so that terms have one
 *   form (CK-830).
 */
export function decodeTerms(data: Bytes): GroupTerms {
  const terms = decodeRecord(GroupTerms, data);
  const isSorted = terms.keepers.every((one, i) => {
    const before = terms.keepers[i - 1];
    return before === undefined || compare(before, one) < 0;
  });
  if (!isSorted) throw new PeerError(Code.MALFORMED, "CK-830 keepers out of order, or twice");
  return terms;
}

/**
 * Return the terms in the extensions of a group context.
 *
 * @throws PeerError UNEXPECTED for anything but the one extension that a group has (CK-830);
 *   MALFORMED.
 */
export function termsOf(
  extensions: readonly Readonly<{ extensionType: number; data: Bytes }>[],
): GroupTerms {
  // CK-830: `external_senders` would let outsiders speak, and a group without terms has no keeper.
  const [only, second] = extensions;
  if (only?.extensionType !== EXTENSION || second !== undefined) {
    throw refused("CK-830 a group has its terms and no other extension");
  }
  return decodeTerms(only.data);
}

/**
 * Say that an account leaves.
 *
 * @param word.account Ours.
 * @param word.device This one.
 * @param word.leaf SHA-256 of the encryption key in its leaf.
 * @param privateKey Its signature key, 32 bytes.
 */
export async function signDeparture(
  group: GroupId,
  word: Omit<Departure, "signature">,
  privateKey: Bytes,
): Promise<Departure> {
  return { ...word, signature: await sign(privateKey, LABEL, departureBytes(group, word)) };
}

/**
 * Check that a device which is in the group says that its account leaves (CK-834).
 *
 * The word is bound to the key in the leaf, which no later leaf of the same device has: said before
 * somebody came back, it does not remove them again.
 *
 * @throws PeerError BAD_CREDENTIAL, no such leaf; BAD_SIGNATURE.
 */
export async function checkDeparture(
  group: GroupId,
  word: Departure,
  leaves: readonly Leaf[],
): Promise<void> {
  const leaf = leaves.find(
    (one) => isSame(one, word) && one.key !== null && equal(one.key, word.leaf),
  );
  const listed = leaf?.list.find(leaf.device);
  if (!listed) {
    throw new PeerError(
      Code.BAD_CREDENTIAL,
      "CK-834 the word of a device that is not in the group",
    );
  }
  await verify(listed.signatureKey, LABEL, departureBytes(group, word), word.signature);
}

function departureBytes(
  group: GroupId,
  { account, device, leaf }: Omit<Departure, "signature">,
): Bytes {
  return encode([group, account, device, leaf]);
}

/** Return what a departure names a leaf by. */
export function leafDigest(encryptionKey: Bytes): Digest {
  return Digest.sha256(encryptionKey);
}

/**
 * Return who keeps the group when nobody else is named: those that stay, or the longest there.
 *
 * @param keepers Of the epoch before.
 * @param staying Leaves that were there before and still are, in the order of their places.
 */
export function keepersAfter(
  keepers: readonly AccountId[],
  staying: readonly Leaf[],
): readonly AccountId[] {
  const present = accountsOf(staying);
  const left = sortedAccounts(keepers.filter((one) => present.has(hex(one))));
  const [longest] = staying;
  return left.length > 0 || longest === undefined ? left : [longest.account];
}

/** Return accounts in the order in which terms name them, each once. */
export function sortedAccounts(accounts: readonly AccountId[]): AccountId[] {
  return [...new Map(accounts.map((one) => [hex(one), one])).values()].sort(compare);
}

/**
 * Check a commit before anything of it is kept.
 *
 * @throws PeerError UNEXPECTED, a rule is broken (CK-832 to CK-839); as `checkDeparture`.
 */
export async function checkCommit(group: GroupId, judged: Judged): Promise<void> {
  const { before, after, removed, change } = judged;
  const author = before.leaves.find(({ index }) => index === judged.committer);
  if (before.terms === null || author === undefined) {
    throw new UsageError("a commit is judged by an epoch that is known, and made by a member");
  }
  const gone = before.leaves.filter(({ index }) => removed.has(index));
  const stays = new Set(before.leaves.map(({ index }) => index).filter((at) => !removed.has(at)));
  checkRoster(after);
  const left = await departed(group, judged);
  const isKeeper = before.terms.keepers.some((one) => equal(one, author.account));
  const present = accountsOf(after.leaves);
  for (const leaf of gone) {
    const isOwn = equal(leaf.account, author.account);
    if (isOwn || left.has(hex(leaf.account)) || isUnlisted(leaf, after)) continue;
    // CK-832: who is in the group is not for everybody to say.
    if (!isKeeper) throw refused("CK-832 removed by somebody who is no keeper");
    // CK-833: a person is in a group or is not; one device of them alone is not removed.
    if (present.has(hex(leaf.account))) {
      throw refused("CK-833 one device removed, and others of its account left in");
    }
  }
  // CK-839: what a commit says is of what it does; else it could move the address of a member.
  const added = new Set(after.leaves.filter(({ index }) => !stays.has(index)).map(nameOf));
  if (!change.joined.every((one) => added.has(nameOf(one)))) {
    throw refused("CK-839 an address of a device that is not added");
  }
  if (after.terms === null) return;
  const staying = after.leaves.filter(({ index }) => stays.has(index));
  // CK-836: a group without a keeper could never remove anybody again.
  if (!after.terms.keepers.every((one) => present.has(hex(one)))) {
    throw refused("CK-836 a keeper who is no member");
  }
  // CK-835: keepers name keepers; for anybody else it follows from who stays.
  const follows = keepersAfter(before.terms.keepers, staying);
  if (!isKeeper && !equal(encode(after.terms.keepers), encode(follows))) {
    throw refused("CK-835 keepers named by somebody who is none");
  }
}

/**
 * Check the devices of an epoch by themselves (CK-837, CK-838).
 *
 * @throws PeerError UNEXPECTED.
 */
export function checkRoster({ leaves }: Epoch): void {
  // CK-838: with more the Welcome would not fit an envelope, and nobody could be let in any more.
  if (leaves.length > MAX_LEAVES) throw refused("CK-838 more devices than a group may have");
  if (new Set(leaves.map(nameOf)).size !== leaves.length) {
    throw refused("CK-837 one device in two leaves");
  }
  const keys = new Set(leaves.map(({ account, list }) => hex(account) + hex(list.identityKey)));
  // CK-837: else somebody could stand in the roster as a device of somebody else.
  if (keys.size !== accountsOf(leaves).size) {
    throw refused("CK-837 devices of one account under two identity keys");
  }
}

/** Return, as hex, the accounts that leave by their own word. */
async function departed(
  group: GroupId,
  { before, after, change }: Judged,
): Promise<ReadonlySet<string>> {
  const left = new Set(change.left.map(({ account }) => hex(account)));
  for (const word of change.left) await checkDeparture(group, word, before.leaves);
  // CK-833: all their devices go, and nobody's word is used for anything less.
  const present = accountsOf(after.leaves);
  if (left.size !== change.left.length || [...left].some((one) => present.has(one))) {
    throw refused("CK-833 somebody left, and a device of theirs is still there");
  }
  return left;
}

/** Say whether the account itself shows, inside the group, that it has shut the device out. */
function isUnlisted(leaf: Leaf, after: Epoch): boolean {
  return after.leaves.some(
    ({ account, list }) =>
      equal(account, leaf.account) &&
      list.version > leaf.list.version &&
      list.find(leaf.device) === null,
  );
}

function accountsOf(leaves: readonly Leaf[]): ReadonlySet<string> {
  return new Set(leaves.map(({ account }) => hex(account)));
}

function nameOf({ account, device }: Named): string {
  return hex(account) + hex(device);
}

function isSame(one: Named, other: Named): boolean {
  return nameOf(one) === nameOf(other);
}

function refused(why: string): PeerError {
  return new PeerError(Code.UNEXPECTED, why);
}
