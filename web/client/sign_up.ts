/**
 * Sign-up: a new account, with this profile as its first device.
 *
 * The profile is on disk, with all that the account brings along, before the server learns of it; what
 * fails before that leaves nothing. Root and identity key live in memory for the length of this and are
 * wiped (`UnlockedAccount`).
 *
 * Not for: one more device of an account (`enrol.ts`).
 */

import { type Bytes, wipe } from "../core/bytes.ts";
import { type DeviceList, type ListedDevice, signFirst } from "../core/device_list.ts";
import { AuthorizationError, Code } from "../core/errors.ts";
import { AccountId, random } from "../core/ids.ts";
import { wrapRoot } from "../core/passkey.ts";
import { RecoveryCode } from "../core/recovery.ts";
import { Accounts, registerPassword, signupToken } from "./account.ts";
import { systemRng } from "./books.ts";
import { makeDevice, orDestroy, type Place } from "./enrol.ts";
import { Keystore, UnlockedAccount } from "./keystore.ts";
import { DeviceLists } from "./lists.ts";
import { createPasskey, forgetIfRefused } from "./passkeys.ts";
import { requirePassword } from "./password_check.ts";
import { Store } from "./store.ts";
import type { DeviceRegistration, PublicApi, SignupStarted } from "./transport/api.ts";
import { hostOf, requireSecure } from "./transport/origin.ts";

export type SignUp = Place &
  Readonly<{
    origin: string;
    /** As the server's operator gave it out. */
    link: string;
    name: string;
    /** None: the account begins with a passkey. */
    password?: string;
    /** As what the account begins; a new one if left out. */
    begins?: Begins;
  }>;

/** As what an account begins. One that comes from another server is another kind (`move.ts`). */
export interface Begins {
  /** Make the account's keys. */
  keys(): UnlockedAccount;
  /** Sign the list with which it begins. */
  sign(keys: UnlockedAccount, first: ListedDevice): Promise<DeviceList>;
  /** Write what the account brings along, before the server learns of it. */
  fill(store: Store): Promise<void>;
}

const NEW: Begins = {
  keys: () => UnlockedAccount.generate(random(AccountId, systemRng), systemRng),
  sign: ({ accountId, identityPrivate }, first) => signFirst(accountId, identityPrivate, [first]),
  fill: async () => undefined,
};

/** How an account begins: its handle, the password's key if it has one, and what makes it. */
type Beginning = Readonly<{
  handle: string;
  exportKey?: Bytes;
  finish: (keys: UnlockedAccount, made: Made) => Promise<void>;
}>;

/** What every new account has. */
type Made = Readonly<{ keystore: Bytes; recoveryKey: Bytes; device: DeviceRegistration }>;

/** An account's first device: its store, active, and the code to show to the person, this once. */
export type SignedUp = Readonly<{ store: Store; recovery: RecoveryCode }>;

/**
 * Make an account with this profile as its first device.
 *
 * @throws AuthorizationError `SIGNUP_LINK`, `STORE_LOCKED`, `NOT_ENCRYPTED`; with a passkey
 *   `PASSKEY_NO_KEY`, `PASSKEY_CANCELLED`, `PASSKEY_REFUSED`.
 * @throws PeerError `WEAK_PASSWORD`.
 * @throws UnavailableError The server cannot be reached. Nothing was made.
 */
export async function signUp(options: SignUp): Promise<SignedUp> {
  const { origin, name, password } = options;
  requireSecure(origin);
  if (password !== undefined) await requirePassword(password, name, hostOf(origin));
  const token = signupToken(options.link, origin);
  if (await Store.exists(options.profile, options)) {
    throw new AuthorizationError(Code.STORE_LOCKED, "there is a profile of this name already");
  }
  const recovery = RecoveryCode.generate(systemRng);
  return new Accounts(origin).public(async (api) => {
    if (password === undefined) {
      return withNewPasskey(api, token, name, (begun) => makeAccount(options, recovery, begun));
    }
    return makeAccount(options, recovery, await beginWithPassword(api, token, name, password));
  });
}

async function makeAccount(
  options: SignUp,
  recovery: RecoveryCode,
  { handle, exportKey, finish }: Beginning,
): Promise<SignedUp> {
  const { origin, begins = NEW } = options;
  const keys = begins.keys();
  try {
    const { accountId: account, vaultKey: vaultKeys } = keys;
    const device = await makeDevice(options, { origin, handle, account, vaultKeys });
    const { store, registration } = device;
    return await orDestroy(store, async () => {
      const own = await begins.sign(keys, await device.listed());
      const keystore = await Keystore.make(keys, own, exportKey, recovery, systemRng);
      await learnOwn(store, own);
      await begins.fill(store);
      const recoveryKey = await recovery.loginPublicKey();
      await finish(keys, { keystore: keystore.toBytes(), recoveryKey, device: registration });
      await store.transaction((unit) => device.profile.activate(unit));
      return { store, recovery };
    });
  } finally {
    keys.wipe();
  }
}

async function beginWithPassword(
  api: PublicApi,
  token: string,
  name: string,
  password: string,
): Promise<Beginning> {
  let started: SignupStarted | undefined;
  const { record, exportKey } = await registerPassword(password, async (request) => {
    started = await api.signupStart(token, name, request);
    return started.opaqueResponse;
  });
  const { handle = "", session = "" } = started ?? {};
  return {
    handle,
    exportKey,
    finish: (_keys, { keystore, recoveryKey, device }) =>
      api.signupFinish(session, record, keystore, recoveryKey, device),
  };
}

/** Make a passkey, and an account with it; the passkey is taken back if the account fails. */
async function withNewPasskey<T>(
  api: PublicApi,
  token: string,
  name: string,
  work: (begun: Beginning) => Promise<T>,
): Promise<T> {
  const asked = await api.passkeys.signupStart(token, name);
  const { handle, session } = asked;
  const { passkey, prf } = await createPasskey(asked, handle);
  const finish = async ({ root, accountId }: UnlockedAccount, made: Made) => {
    const rootWrap = await wrapRoot(prf, accountId, { root, handle }, systemRng);
    await api.passkeys.signupFinish({ ...made, session, passkey, rootWrap });
  };
  try {
    return await work({ handle, finish });
  } catch (error) {
    await forgetIfRefused(passkey.credentialId, error);
    throw error;
  } finally {
    wipe(prf);
  }
}

async function learnOwn(store: Store, own: DeviceList): Promise<void> {
  const lists = await DeviceLists.load(store);
  await store.transaction((unit) => lists.learn(unit, own));
}
