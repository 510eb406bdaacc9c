/**
 * A login: the account's keys, unwrapped, and the one way to change its keystore.
 *
 * Several devices of an account may log in at once. Each change of the keystore (password, vault key,
 * device list) is made from the one before and stored by compare-and-set (CK-680): who comes second
 * reads what the first one wrote and makes the change again, on top of it. So nothing is overwritten
 * unseen, and what is in the keystore has one order that every device agrees on.
 *
 * A change of password ends the account tokens of all other logins (P4). One that is still at work
 * logs in again with what it has (`ask`).
 *
 * Not for: how the keys are unwrapped (`account.ts`), what a change may be (`device_chain.ts`).
 */

import { type Bytes, copy, equal } from "../core/bytes.ts";
import { acceptList, type DeviceList } from "../core/device_list.ts";
import { Code, PeerError, UnavailableError, VisavisError } from "../core/errors.ts";
import { signFarewell } from "../core/farewell.ts";
import type { DeviceId } from "../core/ids.ts";
import { Keystore, type UnlockedAccount } from "./keystore.ts";
import { AccountApi } from "./transport/api.ts";
import { Http, TokenEndedError } from "./transport/http.ts";

/**
 * How often a change is made again after another device was first. More lets more devices change
 * the account at the same moment; a server that answers "conflict" for ever is given up sooner.
 */
export const ATTEMPTS = 8;

/** How often one question logs in again. Each change of password elsewhere costs one. */
export const RENEWALS = 4;

/** Makes the successor of the login's present keystore; undefined if there is nothing to change. */
export type Change = () => Promise<Keystore | undefined>;

/** Stores the new keystore; `replaces` is the SHA-256 of the one before. */
export type Put = (api: AccountApi, keystore: Bytes, replaces: Bytes) => Promise<void>;

/** What a server gave for password or recovery code, opened with it. */
export type Opened = Readonly<{ token: string; keystore: Keystore; keys: UnlockedAccount }>;

/** A fresh login. `Accounts` (`account.ts`) makes it, and closes it when the work is done. */
export class Login {
  readonly keys: UnlockedAccount;
  keystore: Keystore;
  readonly #origin: string;
  readonly #again: () => Promise<Opened>;
  #http: Http;

  /**
   * @param origin The server.
   * @param opened Token, keystore and keys.
   * @param again Logs in once more, with what the person typed.
   */
  constructor(origin: string, opened: Opened, again: () => Promise<Opened>) {
    this.keys = opened.keys;
    this.keystore = opened.keystore;
    this.#origin = origin;
    this.#again = again;
    this.#http = new Http(origin, opened.token);
  }

  /** Wipe the keys and forget the token. */
  async close(): Promise<void> {
    this.keys.wipe();
    await this.#http.close();
  }

  /**
   * Ask the server with the account token; log in again if the token has ended.
   *
   * @throws AuthorizationError `LOGIN_FAILED`, the password was changed meanwhile.
   */
  async ask<T>(question: (api: AccountApi) => Promise<T>): Promise<T> {
    for (let renewed = 0; renewed < RENEWALS; renewed++) {
      try {
        return await question(new AccountApi(this.#http));
      } catch (error) {
        if (!(error instanceof TokenEndedError)) throw error;
        await this.#renew();
      }
    }
    return question(new AccountApi(this.#http));
  }

  /**
   * Delete a device's rows, and leave it the farewell on which it erases itself.
   *
   * One that is gone already is no error.
   */
  async shutOut(device: DeviceId): Promise<void> {
    const { identityPrivate, accountId } = this.keys;
    const farewell = await signFarewell(identityPrivate, accountId, device);
    try {
      await this.ask((api) => api.revokeDevice(device, farewell));
    } catch (error) {
      if (!(error instanceof VisavisError) || error.code !== Code.REFUSED) throw error;
    }
  }

  /**
   * Read the keystore that is stored now.
   *
   * @throws PeerError `ROLLED_BACK` or `IDENTITY_CHANGED`, see `#take`.
   */
  async reread(): Promise<void> {
    const stored = Keystore.fromBytes(await this.ask((api) => api.keystore()));
    this.#take(stored, await stored.openWithRoot(this.keys.root));
  }

  /**
   * Change the keystore, on top of whatever others have written by then.
   *
   * @param change Called again, with the keystore read anew, each time another device was first.
   * @param put Stores it, if something else must be stored together with it.
   * @throws UnavailableError It is not known to be stored.
   */
  async amend(change: Change, put?: Put): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const made = await change();
      if (made === undefined) return;
      // Taken now: to log in again on the way reads a newer keystore, and `made` is not its
      // successor.
      const replaces = copy(this.keystore.digest);
      const failed = await this.#store(made, replaces, put);
      if (failed === undefined) {
        this.#take(made, await made.openWithRoot(this.keys.root));
        return;
      }
      // The answer to a change that *was* stored may have been lost: then it is ours.
      await this.reread();
      if (this.keystore.equals(made)) return;
      if (failed instanceof UnavailableError) throw failed;
    }
    throw new UnavailableError(Code.UNAVAILABLE, "the account keeps changing");
  }

  /** Store it; returns an error after which it may be stored all the same, throws others. */
  async #store(made: Keystore, replaces: Bytes, put?: Put): Promise<VisavisError | undefined> {
    const data = made.toBytes();
    try {
      await this.ask((api) =>
        put === undefined ? api.putKeystore(data, replaces) : put(api, data, replaces),
      );
    } catch (error) {
      if (error instanceof UnavailableError) return error;
      if (error instanceof VisavisError && error.code === Code.CONFLICT) return error;
      throw error;
    }
    return undefined;
  }

  async #renew(): Promise<void> {
    const opened = await this.#again();
    this.#take(opened.keystore, opened.keys);
    await this.#http.close();
    this.#http = new Http(this.#origin, opened.token);
  }

  /**
   * Go on with a keystore that was read later.
   *
   * @throws PeerError `IDENTITY_CHANGED`, it is another account's (CK-594); `ROLLED_BACK`, it is
   *   older than the one before, or not of its line (CK-682).
   */
  #take(keystore: Keystore, fresh: UnlockedAccount): void {
    const { keys } = this;
    try {
      const isSame =
        equal(fresh.root, keys.root) && equal(fresh.identityPrivate, keys.identityPrivate);
      if (!isSame) {
        throw new PeerError(Code.IDENTITY_CHANGED, "CK-594: the keystore is of another account");
      }
      requireNewer(keys.head, fresh.head);
      if (fresh.revision < keys.revision) {
        throw new PeerError(Code.ROLLED_BACK, "CK-682: the server shows an older keystore");
      }
      keys.vaultKeys = fresh.vaultKeys;
      keys.ownList = fresh.ownList;
      keys.handle = fresh.handle;
      keys.revision = fresh.revision;
      this.keystore = keystore;
    } finally {
      fresh.wipe();
    }
  }
}

/**
 * Check that the keystore's list is `known` or follows it.
 *
 * CK-682: every list is in the keystore before anybody sees it. One that we know and the keystore
 * does not means that the server shows an old keystore; a successor signed on top of that would be
 * a second list with a version that is out already.
 *
 * @param known A list of the account, from anywhere.
 * @param head The keystore's, read after `known`.
 * @param check Whose check it is.
 * @throws PeerError `ROLLED_BACK`; `IDENTITY_CHANGED` as `acceptList`.
 */
export function requireNewer(known: DeviceList, head: DeviceList, check = "CK-682"): void {
  if (newestOf(known, head, check).version > head.version) {
    throw new PeerError(
      Code.ROLLED_BACK,
      `${check}: the keystore's list is older than one we know`,
    );
  }
}

function newestOf(known: DeviceList, head: DeviceList, check: string): DeviceList {
  try {
    return acceptList(known, head);
  } catch (error) {
    if (!(error instanceof PeerError) || error.code !== Code.BAD_CREDENTIAL) throw error;
    throw new PeerError(Code.ROLLED_BACK, `${check}: the keystore's list forks`);
  }
}
