/**
 * Our own commit between being made and being known to have won or lost: how it is kept.
 *
 * Not for deciding which: that is `sequencer.ts`.
 */

import type { Bytes } from "../core/bytes.ts";
import { decode, encode, isBytes, isList, type Value } from "../core/cbor.ts";
import { Code, FatalError } from "../core/errors.ts";
import { AccountId, DeviceId } from "../core/ids.ts";
import type { Reader, Unit } from "./unit.ts";

export const PENDING_KIND = "group.pending";

/** A device of an account: whom something is for, or who came and went. */
export type Target = Readonly<{ account: AccountId; device: DeviceId }>;

/** An encoded outer content for a device. */
export type Send = Target & Readonly<{ content: Bytes }>;

/** A commit of ours. */
export type PendingCommit = Readonly<{
  /** The epoch it leads from. */
  n: number;
  /** As it is offered; equal bytes at the server are ours. */
  sealed: Bytes;
  writeKey: Bytes;
  nextHash: Bytes;
  /** The group after it. */
  after: Bytes;
  /** What is sent once it has won. */
  sends: readonly Send[];
  added: readonly Target[];
  removed: readonly Target[];
  /** What it says beside its proposals; nothing but in groups of people. */
  data: Bytes;
}>;

/** Write a group's pending commit. */
export function savePending(unit: Unit, groupId: Bytes, pending: PendingCommit): void {
  const { n, sealed, writeKey, nextHash, after, sends, added, removed, data } = pending;
  const value = [
    n,
    sealed,
    writeKey,
    nextHash,
    after,
    sends.map(({ account, device, content }) => [account, device, content]),
    added.map(({ account, device }) => [account, device]),
    removed.map(({ account, device }) => [account, device]),
    data,
  ];
  unit.put(PENDING_KIND, groupId, encode(value));
}

/** Forget a group's pending commit: it has won or lost. */
export function deletePending(unit: Unit, groupId: Bytes): void {
  unit.delete(PENDING_KIND, groupId);
}

/** Return a group's pending commit, if it has one. */
export function readPending(reader: Reader, groupId: Bytes): PendingCommit | undefined {
  const data = reader.get(PENDING_KIND, groupId);
  if (data === undefined) return undefined;
  const value = decode(data);
  // Eight fields: written before there were groups of people.
  const fields = isList(value) && (value.length === 8 || value.length === 9) ? value : [];
  const [n, sealed, writeKey, nextHash, after, sends, added, removed] = fields;
  const [said = new Uint8Array()] = fields.slice(8);
  const areWhole = isBytes(sealed) && isBytes(writeKey) && isBytes(nextHash) && isBytes(after);
  if (typeof n !== "number" || !areWhole) throw unreadable();
  return {
    n,
    sealed,
    writeKey,
    nextHash,
    after,
    sends: rows(sends, 3).map((row) => ({ ...target(row), content: bytes(row[2]) })),
    added: rows(added, 2).map(target),
    removed: rows(removed, 2).map(target),
    data: bytes(said),
  };
}

function rows(value: Value | undefined, length: number): (readonly Value[])[] {
  if (!isList(value)) throw unreadable();
  return value.map((row) => {
    if (!isList(row) || row.length !== length) throw unreadable();
    return row;
  });
}

function target(row: readonly Value[]): Target {
  return { account: new AccountId(bytes(row[0])), device: new DeviceId(bytes(row[1])) };
}

function bytes(value: Value | undefined): Bytes {
  if (!isBytes(value)) throw unreadable();
  return value;
}

function unreadable(): FatalError {
  return new FatalError(Code.MALFORMED, "a pending commit cannot be read");
}
