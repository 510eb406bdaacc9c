/**
 * Emptying the vault: the owner wants what it holds gone from the server (twin of
 * `sdk/vault_emptying.py`).
 *
 * Deleting its rows outright would be, to our other devices, a server that lost them or shows an
 * older state, and they would raise the alarm (CK-591). So it is emptied by what they accept: a signed
 * write with a higher counter, in which only the account's own item is left. All slots are fresh ones
 * and the old ones are deleted, 64 with each write, which is as many as one takes.
 *
 * It is not kept empty: whichever device next has a change to write puts all that it knows there anew.
 *
 * Not for: what a write is otherwise (`vault.ts`).
 */

import { type Bytes, compare, copy } from "../core/bytes.ts";
import { emptyPage } from "../core/call_entry.ts";
import { encodePage } from "../core/call_page.ts";
import * as cbor from "../core/cbor.ts";
import { Code, PeerError } from "../core/errors.ts";
import { sign } from "../core/identity.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { Books } from "./books.ts";
import type { Session } from "./session.ts";
import {
  type Contents,
  LABEL,
  manifestContext,
  PAGE_BUCKET,
  sealItem,
  vaultKeys,
} from "./vault_read.ts";
import { FIRST_SLOTS } from "./vault_slots.ts";
import { set } from "./vault_state.ts";

export const DELETED_PER_WRITE = 64;
const SLOT_BYTES = 16;
const EMPTY = cbor.encode({ k: "empty" });

type Sealed = readonly (readonly [slot: Bytes, data: Bytes])[];

/**
 * Empty the vault; return how many slots it had.
 *
 * @throws PeerError As `Vault.refresh`, nothing was changed; `CONFLICT`, another device wrote at the
 *   same moment: say it again.
 * @throws UnavailableError The server cannot be reached; say it again.
 */
export async function emptyVault(
  session: Pick<Session, "books" | "deviceApi" | "vault">,
): Promise<number> {
  return await session.vault.alone(async () => {
    const { books, deviceApi, vault } = session;
    if ((await deviceApi.vault()).counter === 0) return 0;
    const contents = await vault.refresh(); // checks that nobody shows us an older one
    let put: Sealed = await freshSlots(books, accountItem(contents));
    const listed = put.map(([slot, data]) => [slot, SHA256.hash(data)]);
    const state = await deviceApi.vault();
    let { slots: old, counter } = state;
    while (put.length > 0 || old.length > 0) {
      const gone = old.slice(0, DELETED_PER_WRITE);
      old = old.slice(DELETED_PER_WRITE);
      const next = counter + 1;
      const manifest = await sealManifest(books, next, listed);
      await books.store.transaction((unit) => set(unit, "intent", next));
      await deviceApi.writeVault(counter, manifest, put, gone);
      await books.store.transaction((unit) => vault.seen(unit, next));
      counter = next;
      put = [];
    }
    return state.slots.length;
  });
}

function accountItem({ payloads }: Contents): Bytes {
  for (const payload of payloads.values()) {
    if (cbor.decodeMap(payload).get("k") === "account") return payload;
  }
  throw new PeerError(Code.UNEXPECTED, "the vault has no item of the account");
}

/** Return a new vault's slots, in order, with the account's own item in one of them. */
async function freshSlots(books: Books, account: Bytes): Promise<Sealed> {
  const { rng } = books;
  const key = newestKey(books);
  const put: (readonly [Bytes, Bytes])[] = [];
  for (let at = 0; at < FIRST_SLOTS; at++) {
    const slot = rng(SLOT_BYTES);
    put.push([slot, await sealItem(key, slot, at === 0 ? account : EMPTY, rng)]);
  }
  const page = rng(SLOT_BYTES); // a vault has a page of calls, be it an empty one
  put.push([page, await sealItem(key, page, encodePage(emptyPage()), rng, PAGE_BUCKET)]);
  return put.sort(([one], [other]) => compare(one, other));
}

async function sealManifest(
  books: Books,
  counter: number,
  listed: readonly (readonly Bytes[])[],
): Promise<Bytes> {
  const { device, profile, rng } = books;
  const slots = listed.map((one) => [...one]);
  const body = cbor.encode({ v: 1, counter, device, slots });
  const signature = await sign(profile.signaturePrivate, LABEL, body);
  return sealItem(newestKey(books), manifestContext(counter), cbor.encode([body, signature]), rng);
}

function newestKey({ profile }: Books): Bytes {
  const [key = new Uint8Array()] = vaultKeys(profile.vaultKeys);
  return copy(key);
}
