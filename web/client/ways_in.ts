/**
 * How the account is opened: its password and its passkeys, listed, added and removed (P3, P4).
 *
 * Whoever changes them proves anew that the account is theirs. The recovery code always stays.
 */

import { type Bytes, hex, wipe } from "../core/bytes.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { wrapRoot } from "../core/passkey.ts";
import { Accounts, type Proof } from "./account.ts";
import { systemRng } from "./books.ts";
import type { Login } from "./login.ts";
import { createPasskey, forgetIfRefused, forgetPasskey } from "./passkeys.ts";
import type { Session } from "./session.ts";

const SHORT_BYTES = 3;

/** A passkey, for the person. */
export type Passkey = Readonly<{
  /** Six hex digits of a hash: authenticators begin their ids alike. */
  shortId: string;
  /** ISO day. */
  created: string;
}>;

/** How the account is opened, beside the recovery code. */
export type WaysIn = Readonly<{ password: boolean; passkeys: readonly Passkey[] }>;

/**
 * Log in anew to the account of this device.
 *
 * @throws AuthorizationError `LOGIN_FAILED`, `PASSKEY_REFUSED`, `PASSKEY_CANCELLED`.
 */
export async function proved<T>(
  { books, deviceApi }: Pick<Session, "books" | "deviceApi">,
  proof: Proof,
  work: (login: Login) => Promise<T>,
): Promise<T> {
  const { origin, handle } = books.profile;
  const offered = books.ownHandle.offered(books.store);
  const passkeys = async () => {
    const ways = await deviceApi.waysIn();
    return ways.passkeys.map(({ credentialId }) => credentialId);
  };
  const owner = { handle, account: books.account, passkeys };
  const accounts = new Accounts(origin);
  let isIn = false;
  try {
    return await accounts.prove(owner, proof, async (login) => {
      isIn = true;
      return await work(login);
    });
  } catch (error) {
    // A change of handle whose answer never came may have been made (`own_handle.ts`).
    const isRefused = error instanceof AuthorizationError && error.code === Code.LOGIN_FAILED;
    if (isIn || !isRefused || offered === undefined || offered === handle) throw error;
    return await accounts.prove({ ...owner, handle: offered }, proof, work);
  }
}

/** Return how the account is opened, the oldest passkey first; throws UnavailableError. */
export async function waysIn({ deviceApi }: Pick<Session, "deviceApi">): Promise<WaysIn> {
  const { password, passkeys } = await deviceApi.waysIn();
  const listed = passkeys.map(({ credentialId, createdDay }) => ({
    shortId: shortIdOf(credentialId),
    created: createdDay,
  }));
  const byAge = (one: Passkey) => `${one.created} ${one.shortId}`;
  listed.sort((a, b) => (byAge(a) < byAge(b) ? -1 : 1));
  return { password, passkeys: listed };
}

/**
 * Add a passkey to the account.
 *
 * @returns Its short id.
 * @throws AuthorizationError As `proved` and `createPasskey`; `TOO_MANY_PASSKEYS`.
 */
export async function addPasskey(session: Session, proof: Proof): Promise<string> {
  const { handle } = session.books.profile;
  return await proved(session, proof, async (login) => {
    const asked = await login.ask((api) => api.passkeys.start());
    const { passkey, prf } = await createPasskey(asked, handle, asked.known);
    try {
      const { root, accountId } = login.keys;
      const wrapped = await wrapRoot(prf, accountId, { root, handle }, systemRng);
      await login.ask((api) => api.passkeys.finish(asked.session, passkey, wrapped));
    } catch (error) {
      await forgetIfRefused(passkey.credentialId, error);
      throw error;
    } finally {
      wipe(prf);
    }
    return shortIdOf(passkey.credentialId);
  });
}

/**
 * Remove a passkey; never the last way in.
 *
 * @throws AuthorizationError As `proved`; `LAST_WAY_IN`; `REFUSED`, there is none of this id.
 */
export async function removePasskey(
  session: Session,
  shortId: string,
  proof: Proof,
): Promise<void> {
  const { passkeys } = await session.deviceApi.waysIn();
  const matches = passkeys.filter((one) => shortIdOf(one.credentialId) === shortId);
  const [match] = matches;
  if (match === undefined || matches.length !== 1) {
    throw new AuthorizationError(Code.REFUSED, "no such passkey of this account");
  }
  const { credentialId } = match;
  await proved(session, proof, (login) => login.ask((api) => api.passkeys.remove(credentialId)));
  await forgetPasskey(credentialId);
}

function shortIdOf(credentialId: Bytes): string {
  return hex(SHA256.hash(credentialId).subarray(0, SHORT_BYTES));
}
