/**
 * The account's keys and its newest device list, sealed here and opaque on the server (P3, P4).
 *
 * The account root is random. It is wrapped by the OPAQUE export key, if there is a password, and by
 * the recovery code (by passkeys too, beside the keystore). It seals the account's *state*: identity
 * key, vault data key, the newest device list and a revision that only rises. Root and identity key
 * exist in memory only between `open` and `wipe` of an `UnlockedAccount`: to add or revoke a device,
 * or to change a way in. A stolen device holds neither (CK-560).
 *
 * The state is one ciphertext, so that a server cannot show the list of one keystore with the vault
 * key of another. Every part has one length: neither a rotation nor the number of devices shows.
 *
 * Byte for byte what `src/visavis/sdk/keystore.py` writes and reads: one account has devices of both.
 *
 * Not for: who may replace a keystore when (`login.ts`).
 */

import { type Bytes, concat, copy, equal, type Rng, wipe } from "../core/bytes.ts";
import { decodeVersioned, encode, exactly, isBytes, isList, type Value } from "../core/cbor.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { AuthorizationError, Code, PeerError, UsageError } from "../core/errors.ts";
import { type Renamed, renamedFromCbor, renamedToCbor } from "../core/handle.ts";
import { identityPublicKey } from "../core/identity.ts";
import { AccountId, Digest, type IdentityKey } from "../core/ids.ts";
import { Purpose, unwrap, wrap } from "../core/keywrap.ts";
import type { RecoveryCode } from "../core/recovery.ts";

/** Bytes of a stored keystore, whatever is in it: its length must not tell which wraps exist. */
export const SIZE = 4096;

/**
 * Bytes of the state before it is sealed. A list of `MAX_DEVICES` takes about 1,100 of them; the
 * rest of the keystore is for more wraps of the root.
 */
export const STATE_BYTES = 2048;

const PAD = 0x80;
/** In the place of a password's wrap where there is no password. It opens with nothing. */
const NO_WRAP: Bytes = new Uint8Array();
const KEY_BYTES = 32;

/** The account's own keys, unwrapped. Whoever has them wipes them at the end. */
export class UnlockedAccount {
  readonly accountId: AccountId;
  readonly root: Bytes;
  readonly identityPrivate: Bytes;
  /**
   * The vault data key, newest first: the one before stays readable, in case a rotation was cut
   * short between keystore and vault.
   */
  vaultKeys: readonly Bytes[];
  revision: number;
  ownList: DeviceList | undefined;
  /** The account's handle, if it is not the one of its sign-up. */
  handle: Renamed | undefined;

  constructor(
    accountId: AccountId,
    root: Bytes,
    identityPrivate: Bytes,
    vaultKeys: readonly Bytes[],
    state: Readonly<{
      revision?: number;
      ownList?: DeviceList | undefined;
      handle?: Renamed | undefined;
    }> = {},
  ) {
    this.accountId = accountId;
    this.root = root;
    this.identityPrivate = identityPrivate;
    this.vaultKeys = vaultKeys;
    this.revision = state.revision ?? 0;
    this.ownList = state.ownList;
    this.handle = state.handle;
  }

  /** Make the keys of a new account; it has no device list yet. */
  static generate(accountId: AccountId, rng: Rng): UnlockedAccount {
    return new UnlockedAccount(accountId, rng(KEY_BYTES), rng(KEY_BYTES), [rng(KEY_BYTES)]);
  }

  /** Say whose they are, and no key. */
  toString(): string {
    return `UnlockedAccount(${this.accountId})`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Return the account's public identity key. */
  identityKey(): Promise<IdentityKey> {
    return identityPublicKey(this.identityPrivate);
  }

  /**
   * The newest device list, as the keystore has it: what a successor is signed on top of.
   *
   * @throws UsageError The account is being made and has none yet.
   */
  get head(): DeviceList {
    if (this.ownList === undefined) throw new UsageError("a new account has no device list yet");
    return this.ownList;
  }

  /** Return the vault data key that is in use. */
  get vaultKey(): Bytes {
    const [newest] = this.vaultKeys;
    if (newest === undefined) throw new UsageError("an account has a vault data key");
    return newest;
  }

  /** Overwrite root and identity key. */
  wipe(): void {
    wipe(this.root, this.identityPrivate);
  }
}

type KeystoreFields = Readonly<{
  accountId: AccountId;
  byPassword: Bytes;
  byRecovery: Bytes;
  state: Bytes;
}>;

/** What a successor has instead; what is not given stays. */
export type Changes = Readonly<{
  /** The successor of its device list. */
  ownList?: DeviceList;
  /** Another vault data key (after a revocation). */
  vaultKey?: Bytes;
  /** Of the new password, or of the same one under another handle. */
  exportKey?: Bytes;
  /** Another handle. */
  handle?: Renamed;
}>;

/** The wrapped root and the sealed state, as stored on the server. */
export class Keystore {
  readonly accountId: AccountId;
  readonly #fields: KeystoreFields;

  private constructor(fields: KeystoreFields) {
    this.accountId = fields.accountId;
    this.#fields = fields;
  }

  /**
   * Seal the keys and the first device list of a new account.
   *
   * @param exportKey Of its password; undefined if it has none: a passkey wraps the root elsewhere.
   */
  static async make(
    keys: UnlockedAccount,
    ownList: DeviceList,
    exportKey: Bytes | undefined,
    recovery: RecoveryCode,
    rng: Rng,
  ): Promise<Keystore> {
    const { accountId, root } = keys;
    const bound = { context: accountId };
    const wrapKey = recovery.wrapKey();
    const byPassword =
      exportKey === undefined
        ? NO_WRAP
        : await wrap(Purpose.ROOT_BY_PASSWORD, exportKey, root, rng, bound);
    const byRecovery = await wrap(Purpose.ROOT_BY_RECOVERY, wrapKey, root, rng, bound);
    wipe(wrapKey);
    const first = { vaultKeys: keys.vaultKeys, ownList, revision: 1, handle: undefined };
    const state = await sealState(keys, first, rng);
    return new Keystore({ accountId, byPassword, byRecovery, state });
  }

  /** Whether the account has a password; without one it opens with none. */
  get hasPassword(): boolean {
    return this.#fields.byPassword.length > 0;
  }

  /** SHA-256 of the stored form: what a successor names as the one it replaces. */
  get digest(): Digest {
    return Digest.sha256(this.toBytes());
  }

  /**
   * Unwrap with the OPAQUE export key of a login.
   *
   * @throws AuthorizationError `LOGIN_FAILED`; also when a server gave us a keystore that is not the
   *   one wrapped for this account (CK-561).
   * @throws PeerError As `UnverifiedDeviceList.verify`, for the list in it.
   */
  openWithPassword(exportKey: Bytes): Promise<UnlockedAccount> {
    return this.#open(Purpose.ROOT_BY_PASSWORD, exportKey, this.#fields.byPassword);
  }

  /** Unwrap with the recovery code. Errors as in `openWithPassword`. */
  async openWithRecovery(recovery: RecoveryCode): Promise<UnlockedAccount> {
    const wrapKey = recovery.wrapKey();
    try {
      return await this.#open(Purpose.ROOT_BY_RECOVERY, wrapKey, this.#fields.byRecovery);
    } finally {
      wipe(wrapKey);
    }
  }

  /**
   * Open a newer keystore of an account whose root is unwrapped already.
   *
   * Errors as in `openWithPassword`.
   */
  async openWithRoot(root: Bytes): Promise<UnlockedAccount> {
    const context = this.accountId;
    const payload = await unwrap(Purpose.ACCOUNT_BY_ROOT, root, this.#fields.state, { context });
    return readState(this.accountId, copy(root), payload);
  }

  /**
   * Return the keystore that follows this one.
   *
   * @param keys This keystore's, unwrapped.
   */
  async successor(keys: UnlockedAccount, changes: Changes, rng: Rng): Promise<Keystore> {
    const { vaultKey, exportKey } = changes;
    const next = {
      vaultKeys: vaultKey === undefined ? keys.vaultKeys : [vaultKey, keys.vaultKey],
      ownList: changes.ownList ?? keys.head,
      handle: changes.handle ?? keys.handle,
      revision: keys.revision + 1,
    };
    const state = await sealState(keys, next, rng);
    const { accountId: context, root } = keys;
    const byPassword =
      exportKey === undefined
        ? this.#fields.byPassword
        : await wrap(Purpose.ROOT_BY_PASSWORD, exportKey, root, rng, { context });
    return new Keystore({ ...this.#fields, byPassword, state });
  }

  /** Return the stored form, `SIZE` bytes. */
  toBytes(): Bytes {
    const { accountId, byPassword, byRecovery, state } = this.#fields;
    const fields = { account: accountId, password: byPassword, recovery: byRecovery, state };
    return padded(encode({ v: 2, ...fields }), SIZE);
  }

  /** Say whether it is the same, byte for byte. */
  equals(other: Keystore): boolean {
    return equal(this.toBytes(), other.toBytes());
  }

  /**
   * Read the stored form.
   *
   * @throws PeerError `MALFORMED`.
   */
  static fromBytes(data: Bytes): Keystore {
    const body = unpadded(data);
    if (data.length !== SIZE || body === undefined) throw malformed();
    const names = ["account", "password", "recovery", "state"] as const;
    const { account, password, recovery, state } = exactly(decodeVersioned(body, 2), ...names);
    if (!isBytes(account) || !isBytes(password) || !isBytes(recovery) || !isBytes(state)) {
      throw malformed();
    }
    const accountId = new AccountId(account);
    return new Keystore({ accountId, byPassword: password, byRecovery: recovery, state });
  }

  async #open(purpose: Purpose, secret: Bytes, wrapped: Bytes): Promise<UnlockedAccount> {
    const root = await unwrap(purpose, secret, wrapped, { context: this.accountId });
    try {
      return await this.openWithRoot(root);
    } finally {
      wipe(root);
    }
  }
}

function malformed(): PeerError {
  return new PeerError(Code.MALFORMED, "keystore");
}

type State = Readonly<{
  vaultKeys: readonly Bytes[];
  ownList: DeviceList;
  revision: number;
  handle: Renamed | undefined;
}>;

async function sealState(keys: UnlockedAccount, next: State, rng: Rng): Promise<Bytes> {
  const payload = encode({
    v: 1,
    identity: keys.identityPrivate,
    vault: next.vaultKeys,
    revision: next.revision,
    list: next.ownList.data,
    ...(next.handle === undefined ? {} : { handle: renamedToCbor(next.handle) }),
  });
  if (payload.length >= STATE_BYTES) {
    // `MAX_DEVICES` keeps it from growing so far; a longer one would show how many there are.
    throw new UsageError("the account's state is longer than its one size");
  }
  const whole = padded(payload, STATE_BYTES);
  wipe(payload);
  try {
    const context = keys.accountId;
    return await wrap(Purpose.ACCOUNT_BY_ROOT, keys.root, whole, rng, { context });
  } finally {
    wipe(whole);
  }
}

async function readState(account: AccountId, root: Bytes, whole: Bytes): Promise<UnlockedAccount> {
  const fields = decodeVersioned(unpadded(whole) ?? whole);
  const names = ["identity", "vault", "revision", "list"] as const;
  const all = fields.has("handle") ? ([...names, "handle"] as const) : names;
  const { identity, vault, revision, list } = exactly<(typeof all)[number]>(fields, ...all);
  if (!isBytes(identity) || !isList(vault) || typeof revision !== "number" || !isBytes(list)) {
    throw notWhole();
  }
  const ownList = await UnverifiedDeviceList.parse(list).verify();
  const vaultKeys = vault.filter(isVaultKey);
  const isWhole =
    identity.length === KEY_BYTES && vault.length > 0 && vaultKeys.length === vault.length;
  if (!isWhole || !equal(ownList.accountId, account)) throw notWhole();
  const handle = fields.has("handle") ? renamedFromCbor(fields.get("handle")) : undefined;
  const state = { revision, ownList, handle };
  const keys = new UnlockedAccount(account, root, identity, vaultKeys, state);
  if (!equal(ownList.identityKey, await keys.identityKey())) throw notWhole();
  return keys;
}

function isVaultKey(value: Value): value is Bytes {
  return isBytes(value) && value.length === KEY_BYTES;
}

function notWhole(): AuthorizationError {
  return new AuthorizationError(Code.LOGIN_FAILED, "CK-561: the keystore is not whole");
}

/** Return the data, a one bit, and zeros up to the size. */
function padded(data: Bytes, size: number): Bytes {
  return concat(data, Uint8Array.of(PAD), new Uint8Array(size - data.length - 1));
}

/** Return what was padded; undefined if it was not. */
function unpadded(data: Bytes): Bytes | undefined {
  const end = data.findLastIndex((byte) => byte !== 0);
  return data[end] === PAD ? copy(data.subarray(0, end)) : undefined;
}
