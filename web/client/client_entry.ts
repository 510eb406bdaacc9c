/**
 * How a client comes to be: by sign-up, by login on one more device, or by opening what is there.
 *
 * Twin of `src/visavis/sdk/client_entry.py`; what a page uses is `client.ts`.
 */

import { AuthorizationError, Code, PeerError, VisavisError } from "../core/errors.ts";
import { RecoveryCode } from "../core/recovery.ts";
import type { GroupMediaFactory } from "../media/group_interfaces.ts";
import { Accounts, setPassword } from "./account.ts";
import type { Means } from "./books.ts";
import {
  type Joined,
  type Register,
  registerDevice,
  removeProfile,
  requirePassword,
  takeBack,
} from "./enrol.ts";
import { enter, queueRejoins } from "./entering.ts";
import type { Login } from "./login.ts";
import { NewSide } from "./pairing.ts";
import { Profile } from "./profile.ts";
import type { RecordingMeans } from "./recording_means.ts";
import { Session } from "./session.ts";
import { type Begins, signUp } from "./sign_up.ts";
import { Snapshots, WatchedStore } from "./snapshots.ts";
import { Store, type StoreOptions } from "./store.ts";
import { requireSecure } from "./transport/origin.ts";

/** What every way in needs. */
export type OpenOptions = Omit<StoreOptions, "onLost"> &
  Readonly<{
    /** The name of the IndexedDB database. */
    profile: string;
    /** Calls may use relays on this machine (demo and tests). */
    allowLoopback?: boolean;
    /** Time and chance, for tests. */
    means?: Means;
    /** Makes the media of group calls, for tests. */
    groupMedia?: GroupMediaFactory;
    /** What calls are given for recordings, beside where shares lie. */
    recording?: RecordingMeans;
  }>;

export type SignupOptions = OpenOptions &
  Readonly<{
    /** The server's origin, for example `location.origin`. */
    origin: string;
    /** The sign-up link, as the server's operator gave it out. */
    link: string;
    /** Lower-case letters, digits, - and _; the server adds digits to make the handle. */
    name: string;
    /** 15 characters or more, not a known one; none: the account begins with a passkey. */
    password?: string;
  }>;

export type PasskeyLoginOptions = OpenOptions &
  Readonly<{
    /** The server's origin. */
    origin: string;
  }>;

export type LoginOptions = OpenOptions &
  Readonly<{
    /** The server's origin. */
    origin: string;
    /** The full handle, for example anna.48213. */
    handle: string;
    /** The account's; with a recovery code it becomes the account's. */
    password: string;
    /** As written down at sign-up. */
    recoveryCode?: string;
    /** All other devices are lost: they are shut out (needs the recovery code). */
    lostDevices?: boolean;
    /** Shows the pairing link. */
    onPairing?: (link: string) => void;
    /** Shows six digits to compare. */
    onDigits?: (digits: string) => void;
    /** Gives the pairing up when it is aborted: all is taken back, and its reason is thrown. */
    signal?: AbortSignal;
  }>;

/** What a `Client` is made of. */
export type Entered = Readonly<{
  session: Session;
  snapshots: Snapshots;
  allowLoopback: boolean;
  /** The product's, if undefined. */
  groupMedia: GroupMediaFactory | undefined;
  /** What calls are given for recordings, beside where shares lie. */
  recording: RecordingMeans;
  recovery: RecoveryCode | undefined;
}>;

/** Make an account; see `Client.signup` and `Client.moveIn`. */
export async function enterBySignup(options: SignupOptions, begins?: Begins): Promise<Entered> {
  const loss = new Loss();
  const kind = begins === undefined ? {} : { begins };
  const { store, recovery } = await signUp({ ...options, ...kind, onLost: loss.happened });
  const entered = await atWork(store, options, loss, recovery);
  const { session } = entered;
  await session.books.store.transaction((unit) => session.vault.writeSoon(unit));
  await housekeepingMay(async () => {
    await session.housekeeping.uploadKeyPackages();
    await session.vault.write({ ifDue: true });
  });
  return entered;
}

/** Make this browser another device of an account; see `Client.login`. */
export async function enterByLogin(options: LoginOptions): Promise<Entered> {
  const { profile, origin, handle, password, recoveryCode } = options;
  requireSecure(origin);
  if (await Store.exists(profile, options)) {
    throw new AuthorizationError(Code.STORE_LOCKED, "there is a profile of this name already");
  }
  if (recoveryCode === undefined && options.onPairing === undefined) {
    throw new AuthorizationError(Code.LOGIN_FAILED, "needs a recovery code or another device");
  }
  const accounts = new Accounts(origin);
  const code = recoveryCode === undefined ? undefined : RecoveryCode.fromText(recoveryCode);
  const alone = options.lostDevices === true && code !== undefined;
  const who = { origin, handle, alone };
  const entered =
    code === undefined
      ? await accounts.login(handle, password, (login) => join(options, login, who, options))
      : await accounts.recover(handle, code, async (login) => {
          await requirePassword(password, handle);
          await setPassword(login, password);
          return await join(options, login, who);
        });
  return await afterLogin(entered);
}

/** Make this browser another device of the account of a passkey; see `Client.loginWithPasskey`. */
export async function enterByPasskey(options: PasskeyLoginOptions): Promise<Entered> {
  const { profile, origin } = options;
  requireSecure(origin);
  if (await Store.exists(profile, options)) {
    throw new AuthorizationError(Code.STORE_LOCKED, "there is a profile of this name already");
  }
  const work = (login: Login, handle: string) =>
    join(options, login, { origin, handle, alone: false });
  return await afterLogin(await new Accounts(origin).passkey(work));
}

/** Write the vault, and read what came meanwhile. */
async function afterLogin(entered: Entered): Promise<Entered> {
  const { session } = entered;
  await session.books.store.transaction((unit) => session.vault.writeSoon(unit));
  await housekeepingMay(async () => {
    await session.vault.write({ ifDue: true });
    await session.sync();
  });
  return entered;
}

/** Open a profile; see `Client.open`. */
export async function enterByOpening(options: OpenOptions): Promise<Entered> {
  const loss = new Loss();
  const store = await Store.open(options.profile, { ...options, onLost: loss.happened });
  try {
    Profile.load(store).requireActive();
  } catch (error) {
    await store.close();
    throw error;
  }
  return await atWork(store, options, loss);
}

/** How another device lets this one in: the ways to show what a person carries between the two. */
type Pairing = Pick<LoginOptions, "onPairing" | "onDigits" | "signal">;

/**
 * Register, and become a device that others know. What fails is taken back on both sides.
 *
 * @param pairing After a password: it may have been guessed or told, so another device looks on. A
 *   recovery code or a passkey is as good as that device; then this one asks by itself (ADR 16).
 */
async function join(
  options: OpenOptions,
  login: Login,
  who: Register,
  pairing?: Pairing,
): Promise<Entered> {
  const loss = new Loss();
  const joined = await registerDevice({ ...options, onLost: loss.happened }, login, who);
  try {
    const entered = await atWork(joined.device.store, options, loss);
    try {
      await becomeKnown(entered.session, login, joined, pairing);
    } catch (error) {
      entered.snapshots.close();
      await entered.session.close();
      throw error;
    }
    return entered;
  } catch (error) {
    await takeBack(login, joined.device.profile.deviceId, joined.before);
    await removeProfile(options.profile, options.databases);
    throw error;
  }
}

/** Become a device that others know: by pairing, or by asking to be added again. */
async function becomeKnown(
  session: Session,
  login: Login,
  joined: Joined,
  pairing: Pairing | undefined,
): Promise<void> {
  const { store } = session.books;
  await enter(session, joined, login);
  // First, because who hears of us adds us at once, with the key packages found at the server.
  await housekeepingMay(() => session.housekeeping.uploadKeyPackages());
  if (pairing !== undefined && joined.contents !== undefined) {
    const { onPairing, onDigits, signal } = pairing;
    if (onPairing === undefined) {
      throw new PeerError(Code.UNEXPECTED, "pairing without a way to show the link");
    }
    const side = await NewSide.open(session, joined.ownList, joined.before);
    onPairing(side.link);
    await side.run(onDigits ?? (() => undefined), signal);
    await store.transaction((unit) => session.books.profile.activate(unit));
    return;
  }
  await store.transaction(async (unit) => {
    await queueRejoins(unit, session, login);
    Profile.load(unit).activate(unit);
  });
  session.outbox.kick();
  for (const lost of joined.lost) await login.shutOut(lost);
}

async function atWork(
  store: Store,
  { allowLoopback = false, groupMedia, means = {}, recording = {} }: OpenOptions,
  loss: Loss,
  recovery?: RecoveryCode,
): Promise<Entered> {
  try {
    const watched = new WatchedStore(store);
    const session = await Session.open(store, watched, means);
    const snapshots = new Snapshots(session, watched);
    await session.start();
    loss.listen((why) => session.lose(why));
    return { session, snapshots, allowLoopback, groupMedia, recording, recovery };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** That another tab takes the store over may happen before there is a session to stop. */
class Loss {
  #why: VisavisError | undefined;
  #tell: ((why: VisavisError) => void) | undefined;

  readonly happened = (why: VisavisError): void => {
    this.#why = why;
    this.#tell?.(why);
  };

  /** Have somebody told, at once if it has happened. */
  listen(tell: (why: VisavisError) => void): void {
    this.#tell = tell;
    if (this.#why !== undefined) tell(this.#why);
  }
}

/** Try what housekeeping does later if it fails now. */
async function housekeepingMay(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
  }
}
