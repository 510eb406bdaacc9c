/**
 * Handles: their form, and which of two words about one is the newer (R-82; twin of
 * `src/visavis/core/handle.py`).
 *
 * A server hands out the name that somebody wished, a dot, and five digits. A handle that was changed
 * has a number: a clock cannot tell which is the newer, for two devices may change it in one second,
 * and a message may lie at a server for a month. The keystore is replaced by compare-and-set (CK-680),
 * so there is one chain of handles, and the place in it is a number that only rises.
 *
 * Not for: the handle of an account that never changed it. It has no number; any number is newer.
 */

import { isList, type Value } from "./cbor.ts";
import { Code, PeerError } from "./errors.ts";

export const MAX_CHANGES = 2 ** 32 - 1;

const NAME = /^[a-z][a-z0-9_-]{1,23}$/;
const HANDLE = new RegExp(`${NAME.source.slice(0, -1)}\\.[0-9]{5}$`);

/** Return whether a server takes this as a name; it adds a dot and five digits. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Return whether this is a whole handle, as servers hand them out. */
export function isHandle(text: string): boolean {
  return HANDLE.test(text);
}

/** Return the name in a handle. */
export function nameOf(handle: string): string {
  return handle.split(".")[0] ?? "";
}

export type Renamed = Readonly<{
  /** For example maria.10077. */
  handle: string;
  /** 1 for the first that took another's place, and one more each time. */
  count: number;
}>;

/**
 * Return it if it is a handle with a count.
 *
 * @throws PeerError `MALFORMED`: CK-764: no server hands out such a name. Look-alikes and spaces would
 *   come into lists of contacts by this door.
 */
export function requireRenamed(handle: string, count: number): Renamed {
  const isCount = Number.isInteger(count) && count > 0 && count <= MAX_CHANGES;
  if (!isHandle(handle) || !isCount) {
    throw new PeerError(Code.MALFORMED, "CK-764: not a handle that a server hands out");
  }
  return { handle, count };
}

/** Return the form for keystore, vault and store. */
export function renamedToCbor({ handle, count }: Renamed): readonly [string, number] {
  return [handle, count];
}

/**
 * Read the form of `renamedToCbor`.
 *
 * @throws PeerError `MALFORMED`, also as `requireRenamed`.
 */
export function renamedFromCbor(value: Value | undefined): Renamed {
  const [handle, count] = isList(value) && value.length === 2 ? value : [];
  if (typeof handle !== "string" || typeof count !== "number") {
    throw new PeerError(Code.MALFORMED, "not a handle with its count");
  }
  return requireRenamed(handle, count);
}

/** Say whether a word about a handle is newer than another (CK-765). */
export function isNewer(one: Renamed | undefined, than: Renamed | undefined): boolean {
  return one !== undefined && (than === undefined || one.count > than.count);
}
