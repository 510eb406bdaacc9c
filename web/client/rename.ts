/**
 * Another handle for our account (R-82, GDPR 16; twin of `src/visavis/sdk/rename.py`).
 *
 *     fresh login -> start: the server chooses the digits -> note the handle that was offered
 *       -> finish: handle, OPAQUE record and keystore in one transaction (CK-680)
 *       -> profile, our other devices, contacts
 *
 * OPAQUE's record hangs on the handle, so the password is registered anew; a password that the person
 * has not typed cannot be. Whether a change whose answer never came was made, the next login finds
 * out: it tries the handle that was offered too (`proved`), and the keystore says which holds.
 *
 * Not for: who is told, and when (`own_handle.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import { AuthorizationError, Code, PeerError } from "../core/errors.ts";
import { isName, nameOf, requireRenamed } from "../core/handle.ts";
import { type Proof, registerPassword } from "./account.ts";
import { systemRng } from "./books.ts";
import { remember } from "./device_chain.ts";
import { refresh } from "./devices.ts";
import type { Login, Put } from "./login.ts";
import { haveAllTold } from "./own_handle.ts";
import type { Session } from "./session.ts";
import { proved } from "./ways_in.ts";

/**
 * Change our handle; see `YourData.rename`.
 *
 * @returns The new handle.
 */
export async function rename(session: Session, name: string, proof: Proof): Promise<string> {
  if (!isName(name)) throw new PeerError(Code.MISTYPED, "not a name that a server gives out");
  const { books } = session;
  const { ownHandle, store } = books;
  const offered = ownHandle.offered(store);
  await proved(session, proof, async (login) => {
    await refresh(session, login);
    const holds = login.keys.handle?.handle;
    const isMade = holds !== undefined && holds === offered && nameOf(holds) === name;
    // Else this very change was made before, and its answer did not come.
    if (!isMade) await change(session, login, name, proof);
    await store.transaction((unit) => {
      ownHandle.take(unit, login.keys.handle, { notice: false });
      haveAllTold(unit, books);
      ownHandle.offer(unit, undefined);
      remember(unit, login);
      session.vault.writeSoon(unit);
    });
  });
  await session.handleTelling.tell();
  session.housekeeping.kick();
  return books.profile.handle;
}

async function change(session: Session, login: Login, name: string, proof: Proof): Promise<void> {
  const { books } = session;
  const { handle, session: begun, record, exportKey } = await begin(login, name, proof);
  // CK-768: a server that hands out another name would have contacts read it as our choice.
  if (nameOf(handle) !== name) {
    const what = "CK-768: the server offers a handle of another name";
    throw new PeerError(Code.MALFORMED, what);
  }
  await books.store.transaction((unit) => books.ownHandle.offer(unit, handle));
  const put: Put = (api, keystore, replaces) => api.handleFinish(begun, record, keystore, replaces);
  await login.amend(() => {
    const renamed = requireRenamed(handle, (login.keys.handle?.count ?? 0) + 1);
    const changes = { handle: renamed, ...(exportKey === undefined ? {} : { exportKey }) };
    return login.keystore.successor(login.keys, changes, systemRng);
  }, put);
}

type Begun = Readonly<{
  handle: string;
  session: string;
  /** Both undefined without a password. */
  record: Bytes | undefined;
  exportKey: Bytes | undefined;
}>;

/** Have the server choose a handle; register the password under it, if there is one. */
async function begin(login: Login, name: string, proof: Proof): Promise<Begun> {
  if (!login.keystore.hasPassword) {
    const { handle, session } = await login.ask((api) => api.handleStart(name));
    return { handle, session, record: undefined, exportKey: undefined };
  }
  if (typeof proof !== "string") {
    throw new AuthorizationError(Code.LOGIN_FAILED, "the account's password is needed");
  }
  let begun = { handle: "", session: "" };
  const { record, exportKey } = await registerPassword(proof, async (request) => {
    const { opaqueResponse, ...answer } = await login.ask((api) => api.handleStart(name, request));
    begun = answer;
    return opaqueResponse;
  });
  return { ...begun, record, exportKey };
}
