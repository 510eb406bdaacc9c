/** Devices that wait to be added to groups, with the key packages they sent for that. */

import { type Bytes, copy, equal } from "../core/bytes.ts";
import { decode, encode, isBytes, isList, type Value } from "../core/cbor.ts";
import { Code, FatalError } from "../core/errors.ts";
import { AccountId, type DeviceId, type GroupId } from "../core/ids.ts";
import type { Reader, Unit } from "./unit.ts";

export const JOINING_KIND = "joining";

/** A device that waits to be added to groups, with the key packages it sent for that. */
export type Joining = Readonly<{
  /** Whose device. */
  account: AccountId;
  /** Not used yet. */
  keyPackages: readonly Bytes[];
  /** It came by pairing. */
  paired: boolean;
  /** The key package set aside for a group, until it is in. */
  taken: readonly (readonly [group: Bytes, keyPackage: Bytes])[];
}>;

type NewJoining = Pick<Joining, "account" | "keyPackages"> & Partial<Joining>;

/** Key packages that came with a rejoin or a pairing; each is used once. */
export class JoiningDevices {
  /** Keep key packages of a device; not paired and none taken, unless it says otherwise. */
  put(unit: Unit, device: DeviceId, joining: NewJoining): void {
    const { account, keyPackages, paired = false, taken = [] } = joining;
    unit.put(JOINING_KIND, copy(device), encode([account, keyPackages, paired, taken]));
  }

  /** Return what a device sent, or undefined. */
  get(reader: Reader, device: DeviceId): Joining | undefined {
    const data = reader.get(JOINING_KIND, copy(device));
    return data === undefined ? undefined : joiningOf(data);
  }

  /**
   * Return the key package set aside for this group, setting one aside if there is none.
   *
   * It stays this group's until it is spent: a commit that hangs half-way may have used it, and a
   * second Welcome for one key package opens nothing.
   */
  take(unit: Unit, device: DeviceId, account: AccountId, group: GroupId): Bytes | undefined {
    const joining = this.get(unit, device);
    if (joining === undefined || !equal(joining.account, account)) return undefined;
    const mine = joining.taken.find(([of]) => equal(of, group));
    if (mine !== undefined) return mine[1];
    const [first, ...rest] = joining.keyPackages;
    if (first !== undefined) {
      const taken = [...joining.taken, [copy(group), first] as const];
      this.put(unit, device, { ...joining, keyPackages: rest, taken });
    }
    return first;
  }

  /** Drop one key package: it was used, or is no good. */
  spend(unit: Unit, device: DeviceId, keyPackage: Bytes): void {
    const joining = this.get(unit, device);
    if (joining === undefined) return;
    const taken = joining.taken.filter(([, other]) => !equal(other, keyPackage));
    this.put(unit, device, { ...joining, taken });
  }

  /** Drop what is left (the device is in, or was revoked). */
  forget(unit: Unit, device: DeviceId): void {
    unit.delete(JOINING_KIND, copy(device));
  }
}

function joiningOf(data: Bytes): Joining {
  const value = decode(data);
  const [account, packages, paired, taken] = isList(value) && value.length === 4 ? value : [];
  if (
    !isBytes(account) ||
    !isList(packages) ||
    !packages.every(isBytes) ||
    typeof paired !== "boolean" ||
    !isList(taken) ||
    !taken.every(isPair)
  ) {
    throw new FatalError(Code.MALFORMED, "a joining device cannot be read");
  }
  return { account: new AccountId(account), keyPackages: packages, paired, taken };
}

function isPair(value: Value): value is readonly [Bytes, Bytes] {
  return isList(value) && value.length === 2 && value.every(isBytes);
}
