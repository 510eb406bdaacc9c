/**
 * Durable contents on their way: stored first, resent until the server has them.
 *
 * A row holds the content, not the envelope: if an address was replaced meanwhile, the content is
 * sealed again for the new one. Sending twice is harmless, receivers drop what they have seen. A row
 * goes when the server has said "stored"; one that is refused waits for another address, at most 30
 * days, then it is dropped and counted.
 */

import { addressToCbor, type ContactAddress } from "../core/address.ts";
import { type Bytes, equal, hex, uint } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import {
  AuthorizationError,
  Code,
  FatalError,
  UnavailableError,
  VisavisError,
} from "../core/errors.ts";
import { type AnyAddress, anyAddress, handleAddressToCbor } from "../core/handle_request.ts";
import { AccountId, DeviceId } from "../core/ids.ts";
import { capabilityHash } from "./addresses.ts";
import { Lock, Signal, withTimeout } from "./lock.ts";
import type { Reader, Unit, UnitStore } from "./unit.ts";

export const KIND = "outbox";
export const KEEP_S = 30 * 86_400;
/** Pauses between attempts while the server is away. Shorter delivers sooner, at more cost. */
export const RETRY_S: readonly number[] = [1, 2, 5, 15, 60];

const NO_HASH: Bytes = new Uint8Array();

/** One content for one device. */
type Row = Readonly<{
  /** Order of sending. */
  number: number;
  /** Whose device; zeros when `fixed` is given. */
  account: AccountId;
  /** Which device. */
  device: DeviceId;
  /** Encoded outer content. */
  content: Bytes;
  /** Unix seconds when it was queued. */
  at: number;
  /** Hash of the capability that the server refused, empty if none. */
  refused: Bytes;
  /** An address that stands in no contact record (an invite, a handle, a pairing). */
  fixed: AnyAddress | undefined;
}>;

function rowToBytes(row: Row): Bytes {
  const { account, device, content, at, refused, fixed } = row;
  return encode([account, device, content, at, refused, fixed ? anyAddressToCbor(fixed) : null]);
}

function anyAddressToCbor(address: AnyAddress) {
  return "sealingKey" in address ? handleAddressToCbor(address) : addressToCbor(address);
}

function rowFromBytes(number: number, data: Bytes): Row {
  const value = decode(data);
  const fields = isList(value) && value.length === 6 ? value : [];
  const [account, device, content, at, refused, fixed] = fields;
  const isWhole = isBytes(account) && isBytes(device) && isBytes(content) && isBytes(refused);
  if (!isWhole || typeof at !== "number" || fixed === undefined) {
    throw new FatalError(Code.MALFORMED, "a row of the outbox cannot be read");
  }
  return {
    number,
    account: new AccountId(account),
    device: new DeviceId(device),
    content,
    at,
    refused,
    fixed: fixed === null ? undefined : anyAddress(fixed),
  };
}

function keyOf(number: number): Bytes {
  return uint(number, 8);
}

function numberOf(key: Bytes): number {
  return Number(new DataView(key.buffer, key.byteOffset).getBigUint64(0));
}

/** Return the present address of a device, or nothing. */
export type Resolve = (
  reader: Reader,
  account: AccountId,
  device: DeviceId,
) => ContactAddress | undefined | Promise<ContactAddress | undefined>;

/** Seal and send one content in the durable class; throws as `SendSocket.send`. */
export type Send = (
  address: AnyAddress,
  content: Bytes,
  onLeft?: (size: number) => void,
) => Promise<void>;

/** An address that the server refused. */
export type Refusal = Readonly<{
  /** Whose address; zeros for one that stands in no record. */
  account: AccountId;
  /** Hash of its capability. */
  capability: Bytes;
}>;

/** The queue of durable contents. */
export class Outbox {
  /** How many contents were given up. */
  dropped = 0;
  readonly #store: UnitStore;
  readonly #resolve: Resolve;
  readonly #send: Send;
  readonly #now: () => number;
  /** The next row's number at least: none is given out twice while somebody may ask for it. */
  #next = 1;
  /** Who counts what leaves, by row; of this program's run only. */
  readonly #counted = new Map<number, (size: number) => void>();
  readonly #wake = new Signal();
  readonly #pass = new Lock();

  constructor(store: UnitStore, resolve: Resolve, send: Send, now: () => number) {
    this.#store = store;
    this.#resolve = resolve;
    this.#send = send;
    this.#now = now;
  }

  /** Queue a content for a device; inside the transaction of what it belongs to. */
  put(unit: Unit, account: AccountId, device: DeviceId, content: Bytes): number {
    return this.#put(unit, { account, device, content, fixed: undefined });
  }

  /** Queue a content for an address that stands in no record. */
  putFixed(unit: Unit, address: AnyAddress, content: Bytes): number {
    const account = new AccountId(new Uint8Array(16));
    const device = new DeviceId(new Uint8Array(16));
    return this.#put(unit, { account, device, content, fixed: address });
  }

  /**
   * Queue a content for such an address, and try to send it.
   *
   * @throws AuthorizationError REFUSED, and it waits no longer.
   */
  async sendFixed(address: AnyAddress, content: Bytes): Promise<void> {
    const row = await this.#store.transaction((unit) => this.putFixed(unit, address, content));
    await this.attempt();
    if (!this.refused([row])) return;
    await this.#store.transaction((unit) => this.drop(unit, [row]));
    throw new AuthorizationError(Code.REFUSED, "the address is not good any more");
  }

  #put(unit: Unit, what: Pick<Row, "account" | "device" | "content" | "fixed">): number {
    const stored = unit.items(KIND).at(-1);
    const number = Math.max(this.#next, stored === undefined ? 0 : numberOf(stored[0]) + 1);
    this.#next = number + 1;
    const row = { ...what, number, at: this.#now(), refused: NO_HASH };
    unit.put(KIND, keyOf(number), rowToBytes(row));
    return number;
  }

  /** Tell somebody the size of each envelope in which these rows leave. */
  count(numbers: readonly number[], onLeft: (size: number) => void): void {
    for (const number of numbers) this.#counted.set(number, onLeft);
  }

  /** Send soon. */
  kick(): void {
    this.#wake.set();
  }

  /** Say whether each of these rows was refused by the server. */
  refused(numbers: readonly number[]): boolean {
    const rows = numbers.map((number) => this.#row(this.#store, number));
    return rows.length > 0 && rows.every((row) => row !== undefined && row.refused.length > 0);
  }

  /** Return whose addresses the server refused, each once. */
  refusals(): readonly Refusal[] {
    const found = new Map<string, Refusal>();
    for (const [key, data] of this.#store.items(KIND)) {
      const { account, refused } = rowFromBytes(numberOf(key), data);
      if (refused.length === 0) continue;
      found.set(`${hex(account)} ${hex(refused)}`, { account, capability: refused });
    }
    return [...found.values()];
  }

  /** Return how many rows are not with the server yet. */
  waiting(): number {
    return this.#store.count(KIND);
  }

  /** Take rows back. */
  drop(unit: Unit, numbers: readonly number[]): void {
    for (const number of numbers) {
      unit.delete(KIND, keyOf(number));
      this.#counted.delete(number);
    }
  }

  /** Send what is queued whenever there is something, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      this.#wake.clear();
      const complete = await this.#flushed();
      failures = complete ? 0 : Math.min(failures + 1, RETRY_S.length);
      await this.#pause(complete ? undefined : RETRY_S[failures - 1], signal);
    }
  }

  async #flushed(): Promise<boolean> {
    try {
      return await this.flush();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return false;
    }
  }

  async #pause(seconds: number | undefined, signal: AbortSignal): Promise<void> {
    if (seconds === undefined) {
      await this.#wake.wait(signal);
      return;
    }
    try {
      await withTimeout(seconds, (stop) => this.#wake.wait(stop), { signal });
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }

  /** Try each row once, and go on soon with what could not be sent. Throws as `flush`. */
  async attempt(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.kick();
    }
  }

  /**
   * Try each row once, in order; say whether none is left that time could help.
   *
   * @throws UnavailableError DISK_FULL on our side.
   */
  async flush(): Promise<boolean> {
    return await this.#pass.run(async () => {
      let complete = true;
      const numbers = this.#store.items(KIND).map(([key]) => numberOf(key));
      for (const number of numbers) {
        const row = this.#row(this.#store, number);
        if (row === undefined) continue; // taken back meanwhile
        if (row.at + KEEP_S < this.#now()) {
          await this.#remove(row);
          this.dropped += 1;
          continue;
        }
        const failure = await this.#try(row);
        if (failure === undefined) continue;
        complete = false;
        if (failure.code !== Code.QUOTA) return false; // it is away: the rest would fail alike
      }
      return complete;
    });
  }

  /** Try to send a row; return what the server lacks now, if it does. */
  async #try(row: Row): Promise<UnavailableError | undefined> {
    const address = row.fixed ?? (await this.#resolve(this.#store, row.account, row.device));
    // No address (yet): it comes with the contact's next announcement, or never.
    if (address === undefined) return undefined;
    const capability = capabilityHash(address.capability);
    if (equal(row.refused, capability)) return undefined;
    try {
      await this.#send(address, row.content, this.#counted.get(row.number));
    } catch (error) {
      if (error instanceof UnavailableError) return error;
      if (!(error instanceof VisavisError)) throw error;
      if (error.code === Code.REFUSED) {
        await this.#mark(row, capability);
        return undefined;
      }
      this.dropped += 1; // malformed or too large: no retry will help
    }
    await this.#remove(row);
    return undefined;
  }

  #row(reader: Reader, number: number): Row | undefined {
    const data = reader.get(KIND, keyOf(number));
    return data === undefined ? undefined : rowFromBytes(number, data);
  }

  async #mark(row: Row, refused: Bytes): Promise<void> {
    await this.#store.transaction((unit) => {
      // It may have been taken back while it was on its way: then it stays away.
      if (this.#row(unit, row.number) === undefined) return;
      unit.put(KIND, keyOf(row.number), rowToBytes({ ...row, refused }));
    });
  }

  async #remove(row: Row): Promise<void> {
    this.#counted.delete(row.number);
    await this.#store.transaction((unit) => {
      unit.delete(KIND, keyOf(row.number));
    });
  }
}
