/**
 * Login, recovery and change of password: OPAQUE (RFC 9807), passkeys and the wrapped keys.
 *
 * The server never sees the password nor anything it could be guessed from without the OPAQUE server
 * setup. A login gives an account token (15 minutes, memory only) and the keystore; root and
 * identity key are unwrapped for the moment they are needed and wiped (`UnlockedAccount`).
 *
 * What Python does in an `async with` is done here in a function that is given the login: it ends
 * when the function does.
 */

import { type Bytes, equal, wipe } from "../core/bytes.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import type { AccountId } from "../core/ids.ts";
import { openRoot } from "../core/passkey.ts";
import type { RecoveryCode } from "../core/recovery.ts";
import { systemRng } from "./books.ts";
import { Keystore } from "./keystore.ts";
import { Login, type Opened, type Put } from "./login.ts";
import { beginLogin, beginRegistration, type Registered } from "./opaque.ts";
import { askPasskey } from "./passkeys.ts";
import { type LoggedIn, PublicApi } from "./transport/api.ts";
import { Http } from "./transport/http.ts";

/** Sends the registration request and returns the server's response. */
export type Exchange = (request: Bytes) => Promise<Bytes>;

/** How a person proves anew that an account is theirs: its password, or one of its passkeys. */
export type Proof = string | Readonly<{ passkey: true }>;

/** Whose account it must be, and which passkeys it has. */
export type Owner = Readonly<{
  handle: string;
  account: AccountId;
  passkeys: () => Promise<readonly Bytes[]>;
}>;

export const SIGNUP_MARK = "/signup#";

/**
 * Return the token of a sign-up link (`ORIGIN/signup#TOKEN`), or of a bare token.
 *
 * @throws AuthorizationError `SIGNUP_LINK`, it is a link for another server.
 */
export function signupToken(link: string, origin: string): string {
  const whole = link.trim();
  if (!whole.includes("://")) return whole;
  const at = whole.indexOf(SIGNUP_MARK);
  const token = at < 0 ? "" : whole.slice(at + SIGNUP_MARK.length);
  if (whole.slice(0, Math.max(at, 0)) !== origin || token === "") {
    throw new AuthorizationError(Code.SIGNUP_LINK, "not a sign-up link of this server");
  }
  return token;
}

/**
 * Run OPAQUE registration (RFC 9807, 5).
 *
 * @param password As typed.
 * @throws PeerError `MALFORMED`, the server's response is none.
 */
export async function registerPassword(password: string, exchange: Exchange): Promise<Registered> {
  const begun = await beginRegistration(password);
  return begun.finish(await exchange(begun.request));
}

/** The account operations of one server. */
export class Accounts {
  readonly #origin: string;

  /** @param origin The server. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Do something with a public API on connections of its own, closed at the end. */
  async public<T>(work: (api: PublicApi) => Promise<T>): Promise<T> {
    const http = new Http(this.#origin, undefined, { named: true });
    try {
      const api = new PublicApi(http);
      await api.requireCompatible();
      return await work(api);
    } finally {
      await http.close();
    }
  }

  /**
   * Log in with the password; the keys are wiped and the token forgotten when the work is done.
   *
   * @throws AuthorizationError `LOGIN_FAILED`: wrong handle, wrong password, or a server that does
   *   not know the password's record (CK-562: OPAQUE authenticates the server too).
   */
  login<T>(handle: string, password: string, work: (login: Login) => Promise<T>): Promise<T> {
    const attempt = async () => {
      const [loggedIn, exportKey] = await this.public((api) => opaqueLogin(api, handle, password));
      return openWithPassword(loggedIn, exportKey);
    };
    const begin = async () => {
      try {
        return await attempt();
      } catch (error) {
        // The password was right, and set anew between the two halves of the login (a recovery
        // does so, and be it the same one). Once more; a server that swaps keystores (CK-561) gains
        // nothing by it.
        if (error instanceof PasswordSetAnewError) return await attempt();
        throw error;
      }
    };
    return this.#opened(begin, work);
  }

  /** Log in with the recovery code. Errors as in `login`. */
  recover<T>(handle: string, code: RecoveryCode, work: (login: Login) => Promise<T>): Promise<T> {
    const begin = async () => {
      const loggedIn = await this.public(async (api) => {
        const [session, challenge] = await api.recoveryStart(handle);
        return api.recoveryFinish(session, await code.signChallenge(challenge));
      });
      const keystore = Keystore.fromBytes(loggedIn.keystore);
      const keys = await keystore.openWithRecovery(code);
      return { token: loggedIn.accountToken, keystore, keys };
    };
    return this.#opened(begin, work);
  }

  /**
   * Log in with a passkey of this server, whosever it is; the work is told the handle.
   *
   * @param among Only these passkeys.
   * @throws AuthorizationError `PASSKEY_REFUSED`: the server does not know it, or what it sent does
   *   not open with it (CK-446); and as `askPasskey`.
   */
  async passkey<T>(
    work: (login: Login, handle: string) => Promise<T>,
    among: readonly Bytes[] = [],
  ): Promise<T> {
    let handle = "";
    const begin = async () => {
      const asked = await this.public((api) => api.passkeys.loginStart());
      const { passkey, prf } = await askPasskey(asked.challenge, among);
      try {
        const done = await this.public((api) => api.passkeys.loginFinish(asked.session, passkey));
        const opened = await openWithPasskey(done, prf);
        handle = opened.handle;
        return opened;
      } finally {
        wipe(prf);
      }
    };
    return await this.#opened(begin, (login) => work(login, handle));
  }

  /**
   * Log in to an account that this device belongs to, with what its owner gives.
   *
   * @throws AuthorizationError `LOGIN_FAILED`, `PASSKEY_REFUSED`: not this account's.
   */
  async prove<T>(owner: Owner, proof: Proof, work: (login: Login) => Promise<T>): Promise<T> {
    if (typeof proof === "string") return await this.login(owner.handle, proof, work);
    const among = await owner.passkeys();
    if (among.length === 0) throw refused("the account has no passkey");
    return await this.passkey(async (login) => {
      // CK-448: a passkey names its account itself; another one's must change nothing here.
      if (!equal(login.keys.accountId, owner.account)) throw refused("CK-448: of another account");
      return await work(login);
    }, among);
  }

  async #opened<T>(begin: () => Promise<Opened>, work: (login: Login) => Promise<T>): Promise<T> {
    const login = new Login(this.#origin, await begin(), begin);
    try {
      return await work(login);
    } finally {
      await login.close();
    }
  }
}

/**
 * Make this the account's password: OPAQUE record and wrap in one transaction (P4).
 *
 * A device added or revoked meanwhile stays so: only the wrap is replaced, in the keystore as it is
 * by then (CK-680).
 */
export async function setPassword(login: Login, password: string): Promise<void> {
  const { record, exportKey } = await registerPassword(password, (request) =>
    login.ask((api) => api.passwordStart(request)),
  );
  const put: Put = (api, keystore, replaces) => api.passwordFinish(record, keystore, replaces);
  const change = () => login.keystore.successor(login.keys, { exportKey }, systemRng);
  await login.amend(change, put);
}

/** OPAQUE finished here, and the server does not take it, or its keystore does not open. */
class PasswordSetAnewError extends AuthorizationError {}

async function openWithPassword(loggedIn: LoggedIn, exportKey: Bytes): Promise<Opened> {
  const keystore = Keystore.fromBytes(loggedIn.keystore);
  try {
    const keys = await keystore.openWithPassword(exportKey);
    return { token: loggedIn.accountToken, keystore, keys };
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    throw new PasswordSetAnewError(error.code, error.detail);
  }
}

async function openWithPasskey(
  { keystore: stored, accountToken: token, rootWrap }: LoggedIn & Readonly<{ rootWrap: Bytes }>,
  prf: Bytes,
): Promise<Opened & Readonly<{ handle: string }>> {
  const keystore = Keystore.fromBytes(stored);
  try {
    const { root, handle } = await openRoot(prf, keystore.accountId, rootWrap);
    try {
      return { token, keystore, keys: await keystore.openWithRoot(root), handle };
    } finally {
      wipe(root);
    }
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    throw refused(error.detail);
  }
}

function refused(detail: string): AuthorizationError {
  return new AuthorizationError(Code.PASSKEY_REFUSED, detail);
}

async function opaqueLogin(
  api: PublicApi,
  handle: string,
  password: string,
): Promise<readonly [LoggedIn, exportKey: Bytes]> {
  const begun = await beginLogin(password);
  const began = await api.loginStart(handle, begun.request);
  const { finalization, exportKey } = begun.finish(began.opaqueResponse);
  try {
    return [await api.loginFinish(began.session, finalization), exportKey];
  } catch (error) {
    if (error instanceof AuthorizationError && error.code === Code.LOGIN_FAILED) {
      throw new PasswordSetAnewError(error.code, error.detail); // CK-687
    }
    throw error;
  }
}
