/**
 * Commits of conversations and the self group, in the one order that the server keeps (P8).
 *
 * A commit is stored at the server by compare-and-set before any member applies it; so there is one
 * winner per epoch, it survives its author, and members pull what they lack. What is stored is
 * sealed with a key of the epoch it leads from; the key to write is of that epoch too, so a removed
 * member can do neither.
 *
 * Our own commit is written down before it is offered (`pending_commit.ts`). After a crash, or an
 * answer that never came, the next pull tells whether it won: equal bytes are ours.
 *
 * Whoever calls holds the group's lock, for a commit takes several transactions with the server in
 * between. Each transaction reads the record and the state anew: a contact may be forgotten, and
 * its groups with it, while we wait for the server.
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, concat, equal, hex, type Rng, uint } from "../core/bytes.ts";
import { decodeChange, encodeOuter } from "../core/content.ts";
import { openBytes, sealBytes } from "../core/envelope.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../core/errors.ts";
import type { AccountId } from "../core/ids.ts";
import type { Extension, Group, MemberInfo } from "../core/mls/index.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { processCommit } from "./commit_check.ts";
import { judgeOwn } from "./group_tree.ts";
import { deviceOf, GroupKind, type GroupRecord, type Groups } from "./groups.ts";
import type { Outbox } from "./outbox.ts";
import {
  deletePending,
  type PendingCommit,
  readPending,
  type Send,
  savePending,
  type Target,
} from "./pending_commit.ts";
import type { AnonymousApi, StoredCommit } from "./transport/anonymous.ts";
import type { Reader, Unit, UnitStore } from "./unit.ts";

export type { Send, Target } from "./pending_commit.ts";

/** How often a commit is made again after another member was first. */
export const ATTEMPTS = 8;

const WRITE_LABEL = "visavis sequencer";
const SEAL_LABEL = "visavis sequencer seal";
const NOTHING: Bytes = new Uint8Array();

/** What a commit shall do, and what its author then sends to whom. */
export type Plan = Readonly<{
  /** Verified key packages, as MLSMessage bytes. */
  add?: readonly Bytes[];
  /** Leaves. */
  remove?: readonly number[];
  /** Makes the outer contents that bring the Welcome. */
  welcome?: (unit: Unit, welcome: Bytes) => Promise<readonly Send[]>;
  /** What shall stand in the group context, if that changes. */
  extensions?: readonly Extension[] | undefined;
  /** What is said beside it (`GroupChange`); nothing but in groups of people. */
  data?: Bytes;
}>;

/** Looks at the newest state and says what to do, or nothing if nothing is left to do. */
export type Planner = (unit: Unit, group: Group) => Plan | undefined | Promise<Plan | undefined>;

/** A commit that took effect here: who came, who went, and whose account did it. */
export type Applied = Readonly<{
  record: GroupRecord;
  own: boolean;
  added: readonly Target[];
  removed: readonly Target[];
  selfRemoved: boolean;
  by: AccountId;
  /** Who is in the group now; nobody if we are out of it. */
  members: readonly MemberInfo[];
  /** What it says beside its proposals. */
  data: Bytes;
}>;

/** What the sequencers work with. */
export type SequencersOptions = Readonly<{
  /** Where pending commits are. */
  store: UnitStore;
  groups: Groups;
  /** For Welcomes and hints. */
  outbox: Outbox;
  /** Anonymous requests. */
  api: Pick<AnonymousApi, "createSequencer" | "commit" | "pull">;
  /** The addresses whose capabilities may be shown for a group, the preferred first. */
  present: (record: GroupRecord) => Promise<readonly ContactAddress[]>;
  /** Told inside the transaction of each commit that took effect. */
  applied: (unit: Unit, change: Applied) => Promise<void>;
  /** All devices to hint after a commit of ours. */
  targets: (reader: Reader, record: GroupRecord) => readonly Target[] | Promise<readonly Target[]>;
  /** Told of a group in which a member's commit breaks the rules: it goes no further. */
  refused: (record: GroupRecord) => Promise<void>;
  /** Unix seconds. */
  now: () => number;
  rng: Rng;
}>;

/** Pull and commit, for every group that has a sequencer; callers hold `groups.lock(record)`. */
export class Sequencers {
  readonly #given: SequencersOptions;

  constructor(options: SequencersOptions) {
    this.#given = options;
  }

  /**
   * Create the group's sequencer if its creator has not yet. Safe to repeat.
   *
   * @throws UnavailableError Later.
   */
  async ensure(record: GroupRecord): Promise<void> {
    const { store, groups, api } = this.#given;
    if (this.#newest(store, record).sequenced) return;
    const state = await groups.state(store, record);
    const [first, firstN] = [await writeKeyHash(state), Number(state.epoch)];
    try {
      await this.#ask(record, (address) =>
        api.createSequencer(address, record.sequencer, first, { firstN }),
      );
    } catch (error) {
      // The answer to our first attempt was lost. The handle is random, so it is ours.
      if (!(error instanceof PeerError && error.code === Code.CONFLICT)) throw error;
    }
    await store.transaction((unit) => {
      const newest = this.#newest(unit, record);
      newest.sequenced = true;
      groups.save(unit, newest);
    });
  }

  /**
   * Apply every commit that the sequencer holds and we lack.
   *
   * @returns How many there were.
   * @throws UnavailableError The server cannot answer now.
   * @throws PeerError A stored commit is not acceptable: the group stays at its epoch.
   */
  async pull(record: GroupRecord): Promise<number> {
    const { store } = this.#given;
    await this.ensure(record);
    let count = 0;
    let epoch = await this.#epoch(record);
    while (epoch !== undefined) {
      const before: number = epoch;
      for (const commit of await this.#pull(record, before - 1)) {
        if (commit.n !== epoch) continue;
        await this.#apply(record, commit);
        count += 1;
        epoch = await this.#epoch(record);
      }
      if (epoch === before) break;
    }
    if (epoch !== undefined && readPending(store, record.groupId) !== undefined) {
      // Nothing at the server for our epoch: the offer never got there.
      await this.#offer(record);
      count += 1;
    }
    return count;
  }

  /**
   * Make a commit and get it stored; made again as long as another member is first.
   *
   * @returns Whether a commit of ours was stored.
   * @throws UnavailableError It is written down and goes on with the next pull; CONFLICT after
   *   `ATTEMPTS` lost races.
   */
  async commit(record: GroupRecord, plan: Planner): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await this.pull(record);
      if (!(await this.#make(record, plan))) return false;
      try {
        await this.#offer(record);
      } catch (error) {
        if (!(error instanceof PeerError && error.code === Code.CONFLICT)) throw error;
        continue; // the pull finds out who won
      }
      return true;
    }
    throw new UnavailableError(Code.CONFLICT, "other members kept being first");
  }

  /** The epoch we are in, or nothing once the group is over. */
  async #epoch(record: GroupRecord): Promise<number | undefined> {
    const { store, groups } = this.#given;
    const state = await groups.state(store, this.#newest(store, record));
    return state.isActive ? Number(state.epoch) : undefined;
  }

  /** Write down the commit that is wanted; say whether one is. */
  async #make(record: GroupRecord, planner: Planner): Promise<boolean> {
    const { store, groups, rng, now } = this.#given;
    return await store.transaction(async (unit) => {
      const newest = this.#newest(unit, record);
      const state = await groups.state(unit, newest);
      const plan = state.isActive ? await planner(unit, state) : undefined;
      if (plan === undefined) return false;
      const { add = [], remove = [], welcome, extensions, data = NOTHING } = plan;
      const how = { authenticatedData: data, ...(extensions && { extensions: [...extensions] }) };
      const made = await state.commit({ add, remove, ...how, rng, now: now() });
      if (newest.kind === GroupKind.GROUP) {
        const change = decodeChange(data);
        await judgeOwn(newest.groupId, state, made.group, { removed: remove, change });
      }
      const n = Number(state.epoch);
      const key = await state.exporter(SEAL_LABEL, NOTHING, 32);
      const [before, after] = [await targetsOf(state), await targetsOf(made.group)];
      savePending(unit, record.groupId, {
        n,
        sealed: await sealBytes(key, contextOf(record, n), made.message, rng),
        writeKey: await state.exporter(WRITE_LABEL, NOTHING, 32),
        nextHash: await writeKeyHash(made.group),
        after: made.group.toBytes(),
        sends: welcome && made.welcome ? await welcome(unit, made.welcome) : [],
        added: without(after, before),
        removed: without(before, after),
        data,
      });
      // With the message key that the commit used spent: a second commit of this epoch, made after
      // a crash, must not be sealed with it again (P5).
      groups.save(unit, newest, state);
      return true;
    });
  }

  async #offer(record: GroupRecord): Promise<void> {
    const { store, api } = this.#given;
    const pending = readPending(store, record.groupId);
    if (pending === undefined) return;
    const { n, writeKey, sealed, nextHash } = pending;
    const offered = { writeKey, sealed, nextWriteKeyHash: nextHash };
    try {
      await this.#ask(record, (address) => api.commit(address, record.sequencer, n, offered));
    } catch (error) {
      const isLost = error instanceof PeerError && error.code !== Code.CONFLICT;
      if (isLost) await this.#forget(record); // no retry will help
      throw error;
    }
    await this.#won(record, pending);
  }

  async #forget(record: GroupRecord): Promise<void> {
    await this.#given.store.transaction((unit) => deletePending(unit, record.groupId));
  }

  async #won(record: GroupRecord, pending: PendingCommit): Promise<void> {
    const { store, groups, outbox, targets, applied } = this.#given;
    await store.transaction(async (unit) => {
      const newest = this.#newest(unit, record);
      const before = await groups.state(unit, newest);
      const after = await groups.open(unit, newest.kind, pending.after);
      await after.adoptPast(before);
      const own = before.members().find((member) => member.leafIndex === before.ownLeaf);
      if (own === undefined) throw new PeerError(Code.UNEXPECTED, "a group that we are not in");
      deletePending(unit, record.groupId);
      groups.save(unit, newest, after);
      for (const { account, device, content } of pending.sends) {
        outbox.put(unit, account, device, content);
      }
      const hint = { kind: "commit", group: record.groupId, epoch: Number(after.epoch) } as const;
      const encoded = encodeOuter(hint);
      for (const { account, device } of without(await targets(unit, newest), pending.sends)) {
        outbox.put(unit, account, device, encoded);
      }
      await applied(unit, {
        record: newest,
        own: true,
        added: pending.added,
        removed: pending.removed,
        selfRemoved: false,
        by: (await deviceOf(own)).account,
        members: after.members(),
        data: pending.data,
      });
      unit.after(() => outbox.kick());
    });
  }

  async #apply(record: GroupRecord, commit: StoredCommit): Promise<void> {
    const { store, refused } = this.#given;
    const pending = readPending(store, record.groupId);
    if (pending !== undefined && pending.n === commit.n) {
      if (equal(pending.sealed, commit.sealed)) return await this.#won(record, pending);
      await this.#forget(record); // another member was first
    }
    let isOpened = false;
    try {
      await store.transaction((unit) =>
        this.#applyIn(unit, record, commit, () => {
          isOpened = true;
        }),
      );
    } catch (error) {
      if (isOpened && error instanceof PeerError) await refused(record);
      throw error;
    }
  }

  async #applyIn(
    unit: Unit,
    record: GroupRecord,
    commit: StoredCommit,
    onOpened: () => void,
  ): Promise<void> {
    const { groups, applied, now } = this.#given;
    const newest = this.#newest(unit, record);
    const state = await groups.state(unit, newest);
    const key = await state.exporter(SEAL_LABEL, NOTHING, 32);
    const message = await openBytes(key, contextOf(record, commit.n), commit.sealed);
    onOpened();
    const result = await processCommit(newest, state, message, now());
    groups.save(unit, newest, state);
    await applied(unit, {
      record: newest,
      own: false,
      added: await Promise.all(result.added.map(deviceOf)),
      removed: await Promise.all(result.removed.map(deviceOf)),
      selfRemoved: result.selfRemoved,
      by: (await deviceOf(result.committer)).account,
      members: result.selfRemoved ? [] : state.members(),
      data: result.authenticatedData,
    });
  }

  async #pull(record: GroupRecord, after: number): Promise<readonly StoredCommit[]> {
    const { api } = this.#given;
    const [commits] = await this.#ask(record, (address) =>
      api.pull(address, record.sequencer, after),
    );
    return commits;
  }

  /**
   * Ask with one capability after another.
   *
   * A contact that has just shut a device out has replaced its addresses, and the new ones lie
   * behind the very commit that we are about to pull. A sequencer that its creator has still to make
   * is refused like an unknown one. So a refusal means: later.
   */
  async #ask<T>(record: GroupRecord, request: (address: ContactAddress) => Promise<T>): Promise<T> {
    for (const address of await this.#given.present(record)) {
      try {
        return await request(address);
      } catch (error) {
        const isRefused = error instanceof AuthorizationError && error.code === Code.REFUSED;
        if (!isRefused) throw error;
      }
    }
    throw new UnavailableError(Code.UNAVAILABLE, "the sequencer is not there (yet)");
  }

  #newest(reader: Reader, record: GroupRecord): GroupRecord {
    return newestRecord(this.#given.groups, reader, record);
  }
}

/**
 * Return the record as it is now; the caller's may be from before other transactions.
 *
 * @throws PeerError WRONG_GROUP, it was forgotten meanwhile.
 */
export function newestRecord(
  groups: Groups,
  reader: Reader,
  record: Pick<GroupRecord, "groupId">,
): GroupRecord {
  const newest = groups.get(reader, record.groupId);
  if (newest === undefined) throw new PeerError(Code.WRONG_GROUP, "no group of ours any more");
  return newest;
}

async function writeKeyHash(state: Group): Promise<Bytes> {
  return SHA256.hash(await state.exporter(WRITE_LABEL, NOTHING, 32));
}

function contextOf(record: GroupRecord, n: number): Bytes {
  return concat(record.sequencer, uint(n, 8));
}

async function targetsOf(state: Group): Promise<Target[]> {
  return await Promise.all(state.members().map(deviceOf));
}

function nameOf({ account, device }: Target): string {
  return hex(concat(account, device));
}

/** Return those of `all` that are not in `others`, in the order of their ids. */
function without(all: readonly Target[], others: readonly Target[]): Target[] {
  const gone = new Set(others.map(nameOf));
  const left = new Map(all.map((target) => [nameOf(target), target] as const));
  const inOrder = [...left].sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.filter(([name]) => !gone.has(name)).map(([, target]) => target);
}
