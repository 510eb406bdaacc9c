/**
 * What this device is: its ids, keys and server, kept in the profile's store.
 *
 * Of the account it holds the vault data key and no more: never the root, never the identity key
 * (P3, CK-560).
 */

import type { Bytes } from "../core/bytes.ts";
import { utf8 } from "../core/bytes.ts";
import { decode, encode, exactly, isBytes } from "../core/cbor.ts";
import { AuthorizationError, Code, FatalError } from "../core/errors.ts";
import { AccountId, DeviceId, MailboxId } from "../core/ids.ts";
import type { Reader, Unit } from "./unit.ts";

export const KIND = "profile";
const KEY = utf8("device");

/** One device of one account, as it stood when it was read; a change is a new one that is saved. */
export class Profile {
  /** The account's server. */
  readonly origin: string;
  /** The account's handle there; also its name towards contacts. */
  readonly handle: string;
  readonly accountId: AccountId;
  readonly deviceId: DeviceId;
  /** This device's MLS signature key, private half. */
  readonly signaturePrivate: Bytes;
  /** device id(16) || secret(32): what the server knows the hash of. */
  readonly token: Bytes;
  /** This device's mailbox. */
  readonly mailbox: MailboxId;
  /** The vault data key (32 bytes), and after a rotation the one before (64). */
  readonly vaultKeys: Bytes;
  /** False until the server has the device; a crash in between is seen at the next start. */
  readonly active: boolean;

  constructor(
    origin: string,
    handle: string,
    accountId: AccountId,
    deviceId: DeviceId,
    signaturePrivate: Bytes,
    token: Bytes,
    mailbox: MailboxId,
    vaultKeys: Bytes,
    active = false,
  ) {
    this.origin = origin;
    this.handle = handle;
    this.accountId = accountId;
    this.deviceId = deviceId;
    this.signaturePrivate = signaturePrivate;
    this.token = token;
    this.mailbox = mailbox;
    this.vaultKeys = vaultKeys;
    this.active = active;
  }

  /** Say whose it is, and none of its keys. */
  toString(): string {
    return `Profile(${this.accountId}, ${this.deviceId})`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Return the same with other values in it, not saved yet. */
  with(changed: Readonly<Partial<Pick<Profile, "handle" | "vaultKeys" | "active">>>): Profile {
    return new Profile(
      this.origin,
      changed.handle ?? this.handle,
      this.accountId,
      this.deviceId,
      this.signaturePrivate,
      this.token,
      this.mailbox,
      changed.vaultKeys ?? this.vaultKeys,
      changed.active ?? this.active,
    );
  }

  /** Write it to the store. */
  save(unit: Unit): void {
    const value = {
      v: 1,
      origin: this.origin,
      handle: this.handle,
      account: this.accountId,
      device: this.deviceId,
      signature: this.signaturePrivate,
      token: this.token,
      mailbox: this.mailbox,
      vault: this.vaultKeys,
      active: this.active,
    };
    unit.put(KIND, KEY, encode(value));
  }

  /** Note that the server has the device and others can learn of it. */
  activate(unit: Unit): Profile {
    const active = this.with({ active: true });
    active.save(unit);
    return active;
  }

  /**
   * Refuse a profile whose making was cut short.
   *
   * @throws AuthorizationError STORE_LOCKED.
   */
  requireActive(): void {
    if (!this.active) {
      throw new AuthorizationError(
        Code.STORE_LOCKED,
        "making this profile was cut short: remove it, start again",
      );
    }
  }

  /**
   * Read it from the store.
   *
   * @throws FatalError MALFORMED, there is none or it cannot be read.
   */
  static load(reader: Reader): Profile {
    const data = reader.get(KIND, KEY);
    const fields = exactly(data === undefined ? undefined : decode(data), ...NAMES);
    const { v, origin, handle, account, device, signature, token, mailbox, vault, active } = fields;
    if (
      v !== 1 ||
      typeof origin !== "string" ||
      typeof handle !== "string" ||
      !isBytes(account) ||
      !isBytes(device) ||
      !isBytes(signature) ||
      !isBytes(token) ||
      !isBytes(mailbox) ||
      !isBytes(vault) ||
      typeof active !== "boolean"
    ) {
      throw new FatalError(Code.MALFORMED, "the profile holds no device");
    }
    return new Profile(
      origin,
      handle,
      new AccountId(account),
      new DeviceId(device),
      signature,
      token,
      new MailboxId(mailbox),
      vault,
      active,
    );
  }
}

const NAMES = [
  "v",
  "origin",
  "handle",
  "account",
  "device",
  "signature",
  "token",
  "mailbox",
  "vault",
  "active",
] as const;
