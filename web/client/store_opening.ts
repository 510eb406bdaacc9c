/**
 * What opens a store: keys that the browser holds, or a passphrase. Part of `store.ts`.
 */

import { type Bytes, equal, wipe } from "../core/bytes.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import type { Unlock } from "./database.ts";
import { StoreKeys } from "./sealing.ts";
import { type Kdf, KeyWrap } from "./unlock.ts";

const STORE_KEY_BYTES = 32;

/** What opens a store, and the keys that it gave. */
export type Opened = Readonly<{ unlock: Unlock; keys: StoreKeys }>;

function random(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

/** Make keys, and what opens them. */
export async function newUnlock(passphrase: string | undefined, kdf: Kdf): Promise<Opened> {
  if (passphrase === undefined) {
    const keys = await StoreKeys.generate();
    return { unlock: { kind: "device", seal: keys.seal, index: keys.index }, keys };
  }
  const storeKey = random(STORE_KEY_BYTES);
  try {
    const wrap = await KeyWrap.make(passphrase, storeKey, random, kdf);
    const keys = await StoreKeys.derive(storeKey);
    return { unlock: { kind: "passphrase", wrap: wrap.toBytes() }, keys };
  } finally {
    wipe(storeKey);
  }
}

/**
 * Return the keys that open a store.
 *
 * @throws AuthorizationError STORE_LOCKED (CK-552), it opens with another passphrase.
 */
export async function openUnlock(unlock: Unlock, passphrase: string | undefined): Promise<Opened> {
  if (unlock.kind === "device") {
    return { unlock, keys: new StoreKeys(unlock.seal, unlock.index) };
  }
  const storeKey = await KeyWrap.fromBytes(unlock.wrap).unwrap(passphrase ?? "");
  if (storeKey === undefined) {
    throw new AuthorizationError(Code.STORE_LOCKED, "CK-552: the wrap opens with another");
  }
  try {
    return { unlock, keys: await StoreKeys.derive(storeKey) };
  } finally {
    wipe(storeKey);
  }
}

/** Say whether two unlocks are surely the same; CryptoKeys cannot be compared, and cost nothing. */
export function isSameUnlock(one: Unlock, other: Unlock): boolean {
  return one.kind === "passphrase" && other.kind === "passphrase" && equal(one.wrap, other.wrap);
}
