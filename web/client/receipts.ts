/**
 * The server's receipt for a deletion, checked before anybody is told that there is one (R-76; twin of
 * `src/visavis/sdk/receipts.py`).
 *
 * Checked against the key that the server published *before* the deletion, so that it cannot choose
 * one afterwards, and against what was asked: this server, this kind, this account or device, today.
 * A receipt that does not hold undoes nothing: the deletion is done as far as the server says.
 */

import type { Bytes } from "../core/bytes.ts";
import {
  type DeletionReceipt,
  type Erased,
  isAbout,
  UnverifiedReceipt,
} from "../core/deletion_receipt.ts";
import { Code, PeerError } from "../core/errors.ts";
import { PublicApi } from "./transport/api.ts";
import { Http } from "./transport/http.ts";

/** Days by which the server's day and ours may differ: midnight lies between, or a wrong clock. */
const CLOCK_DAYS = 1;
const DAY_S = 86_400;

/** Why there is no receipt that counts: the server gave none, or one that does not hold. */
export const NoReceipt = { NONE: "none", BAD: "bad" } as const;
export type NoReceipt = (typeof NoReceipt)[keyof typeof NoReceipt];

/** A receipt that was checked: its bytes to keep, the key that checks them, what it says. */
export type Receipt = Readonly<{ data: Bytes; key: Bytes; says: DeletionReceipt }>;

/** What was deleted, as the server says. */
export type Deletion = Readonly<{ rows: number; receipt: Receipt | NoReceipt }>;

/** What was asked to be deleted. */
export type Asked = Readonly<{
  origin: string;
  /** The server's receipt key, from before; undefined: it has none. */
  key: Bytes | undefined;
  what: Erased;
  /** Id of account or device; undefined: not known, and so not compared. */
  subject: Bytes | undefined;
  /** Unix seconds. */
  now: number;
}>;

/**
 * Return the receipt if it is about what was asked.
 *
 * @param data What the server gave.
 * @param rows How many it says it deleted.
 */
export async function checked(
  asked: Asked,
  data: Bytes | undefined,
  rows: number,
): Promise<Receipt | NoReceipt> {
  const { key } = asked;
  if (data === undefined || key === undefined) return NoReceipt.NONE;
  try {
    const says = await UnverifiedReceipt.parse(data).verify(key);
    requireFor(asked, says, rows);
    return { data, key, says };
  } catch (error) {
    if (error instanceof PeerError) return NoReceipt.BAD;
    throw error;
  }
}

function requireFor(asked: Asked, says: DeletionReceipt, rows: number): void {
  // CK-745: a true receipt for another deletion is no receipt for this one.
  const isSame = says.origin === asked.origin && says.what === asked.what && says.rows === rows;
  const isNear = Math.abs(says.day - Math.floor(asked.now / DAY_S)) <= CLOCK_DAYS;
  if (!isSame || !isNear) throw new PeerError(Code.UNEXPECTED, "CK-745: for something else");
  if (asked.subject !== undefined && !isAbout(says, asked.subject)) {
    throw new PeerError(Code.UNEXPECTED, "CK-745: for somebody else");
  }
}

/**
 * Return the key that a server publishes for its receipts, asked without any credential.
 *
 * @returns 32 bytes; undefined if it publishes none.
 * @throws UnavailableError It cannot be reached.
 */
export async function receiptKey(origin: string): Promise<Bytes | undefined> {
  const http = new Http(origin);
  try {
    return await new PublicApi(http).receiptKey();
  } catch (error) {
    if (error instanceof PeerError) return undefined;
    throw error;
  } finally {
    await http.close();
  }
}
