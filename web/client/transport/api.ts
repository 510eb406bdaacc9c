/**
 * The server's HTTP API, typed: what a client asks, with which credential.
 *
 * `PublicApi` needs none (sign-up, login, recovery), `AccountApi` the account token of a login
 * (15 minutes, memory only), `DeviceApi` the device token. What is asked anonymously, presenting a
 * capability, is in `anonymous.ts`.
 */

import * as base64url from "../../core/base64url.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Code, PeerError } from "../../core/errors.ts";
import { type HandleAddress, MAX_WORK_BITS, SEALING_KEY_BYTES } from "../../core/handle_request.ts";
import { Capability, MailboxId } from "../../core/ids.ts";
import { bytesField, type Http, intField, listField, memberOf, textField } from "./http.ts";
import {
  AccountPasskeys,
  deviceJson,
  PublicPasskeys,
  type StoredWays,
  storedWays,
} from "./passkey_api.ts";

export const API_VERSION = 1;

const b64 = base64url.encode;

/** What the server learns of a device: hashes and random ids. */
export type DeviceRegistration = Readonly<{
  /** 16 bytes. */
  deviceId: Uint8Array;
  /** SHA-256 of the 48-byte device token. */
  tokenHash: Uint8Array;
  /** 16 bytes. */
  mailboxId: Uint8Array;
  /** 256 of 32 bytes (P7). */
  capabilityHashes: readonly Uint8Array[];
}>;

/** First answer of a sign-up: the handle the server chose, and OPAQUE's response. */
export type SignupStarted = Readonly<{ handle: string; opaqueResponse: Bytes; session: string }>;

/** First answer of a login; a decoy looks the same. */
export type LoginStarted = Readonly<{ opaqueResponse: Bytes; session: string }>;

/** A finished login: a token for 15 minutes, and the wrapped keys of the account. */
export type LoggedIn = Readonly<{ accountToken: string; keystore: Bytes }>;

/** A device as the server knows it; days are ISO dates. */
export type ServerDevice = Readonly<{ deviceId: Bytes; createdDay: string; lastSeenDay: string }>;

/** The vault's manifest and slot ids as stored now. */
export type VaultState = Readonly<{ counter: number; manifest: Bytes; slots: readonly Bytes[] }>;

/** Contents of a vault slot by its id. */
export type Slot = readonly [slot: Bytes, data: Bytes];

/** Sign-up, login and recovery: requests that stand before any credential. */
export class PublicApi {
  readonly passkeys: PublicPasskeys;
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
    this.passkeys = new PublicPasskeys(http);
  }

  /**
   * Check that the server speaks our protocol.
   *
   * @throws PeerError `UNEXPECTED`, another API version.
   * @throws UnavailableError It cannot be reached.
   */
  async requireCompatible(): Promise<void> {
    if (intField(await this.#http.get("/v1/server"), "api") !== API_VERSION) {
      throw new PeerError(Code.UNEXPECTED, "the server speaks another version of the protocol");
    }
  }

  /**
   * Begin a sign-up (RFC 9807, 5.1.1: registration request).
   *
   * @throws AuthorizationError `SIGNUP_LINK`.
   */
  async signupStart(linkToken: string, name: string, request: Bytes): Promise<SignupStarted> {
    const answer = await this.#http.post("/v1/signup/start", {
      link_token: linkToken,
      name,
      opaque_request: b64(request),
    });
    return {
      handle: textField(answer, "handle"),
      opaqueResponse: bytesField(answer, "opaque_response"),
      session: textField(answer, "session"),
    };
  }

  /** Finish a sign-up: the account and its first device exist when this returns. */
  async signupFinish(
    session: string,
    record: Bytes,
    keystore: Bytes,
    recoveryKey: Bytes,
    device: DeviceRegistration,
  ): Promise<void> {
    await this.#http.post("/v1/signup/finish", {
      session,
      opaque_record: b64(record),
      keystore: b64(keystore),
      recovery_key: b64(recoveryKey),
      device: deviceJson(device),
    });
  }

  /** Begin a login (RFC 9807, 6: KE1). */
  async loginStart(handle: string, request: Bytes): Promise<LoginStarted> {
    const asked = { handle, opaque_request: b64(request) };
    const answer = await this.#http.post("/v1/login/start", asked);
    return {
      opaqueResponse: bytesField(answer, "opaque_response"),
      session: textField(answer, "session"),
    };
  }

  /**
   * Finish a login (KE3).
   *
   * @throws AuthorizationError `LOGIN_FAILED`.
   */
  async loginFinish(session: string, finalization: Bytes): Promise<LoggedIn> {
    const asked = { session, opaque_finalization: b64(finalization) };
    return loggedIn(await this.#http.post("/v1/login/finish", asked));
  }

  /** Ask for a challenge to sign with the recovery key. */
  async recoveryStart(handle: string): Promise<readonly [session: string, challenge: Bytes]> {
    const answer = await this.#http.post("/v1/recovery/start", { handle });
    return [textField(answer, "session"), bytesField(answer, "challenge")];
  }

  /**
   * Log in by the recovery key's signature.
   *
   * @throws AuthorizationError `LOGIN_FAILED`.
   */
  async recoveryFinish(session: string, signature: Bytes): Promise<LoggedIn> {
    const asked = { session, signature: b64(signature) };
    return loggedIn(await this.#http.post("/v1/recovery/finish", asked));
  }

  /**
   * Return where requests to an exact handle go, and the work they must carry, in bits (P2).
   *
   * The answer for a handle that nobody has, or nobody shows, is a decoy.
   *
   * @throws PeerError `MALFORMED`; `REFUSED` (CK-292), it asks for more work than anybody should do:
   *   a hostile server must not be able to keep a client busy for ever.
   * @throws UnavailableError The server cannot be reached.
   */
  async lookUp(handle: string): Promise<readonly [address: HandleAddress, bits: number]> {
    const answer = await this.#http.get(`/v1/handles/${encodeURIComponent(handle)}`);
    const bits = intField(answer, "pow_bits");
    if (bits < 0 || bits > MAX_WORK_BITS) {
      throw new PeerError(Code.REFUSED, "CK-292: more work than a request is worth");
    }
    const address = {
      origin: this.#http.origin,
      mailbox: new MailboxId(bytesField(answer, "mailbox_id")),
      capability: new Capability(bytesField(answer, "capability")),
      sealingKey: bytesField(answer, "sealing_key", SEALING_KEY_BYTES),
    };
    return [address, bits];
  }
}

function loggedIn(answer: unknown): LoggedIn {
  return {
    accountToken: textField(answer, "account_token"),
    keystore: bytesField(answer, "keystore"),
  };
}

/** What needs a fresh login: devices, password, wrapped keys. */
export class AccountApi {
  readonly passkeys: AccountPasskeys;
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
    this.passkeys = new AccountPasskeys(http);
  }

  /** Register one more device. */
  async addDevice(device: DeviceRegistration): Promise<void> {
    await this.#http.post("/v1/devices", deviceJson(device));
  }

  /** Delete a device with its token, mailbox, capabilities and key packages. */
  async deleteDevice(deviceId: Uint8Array): Promise<void> {
    await this.#http.request("DELETE", `/v1/devices/${b64(deviceId)}`);
  }

  /** Begin a change of password; return OPAQUE's registration response. */
  async passwordStart(request: Bytes): Promise<Bytes> {
    const answer = await this.#http.post("/v1/password/start", { opaque_request: b64(request) });
    return bytesField(answer, "opaque_response");
  }

  /**
   * Replace OPAQUE record and keystore in one transaction (P4).
   *
   * @throws PeerError `CONFLICT`, the stored keystore's hash is not `replaces` (CK-680).
   */
  async passwordFinish(record: Bytes, keystore: Bytes, replaces: Uint8Array): Promise<void> {
    await this.#http.post("/v1/password/finish", {
      opaque_record: b64(record),
      keystore: b64(keystore),
      replaces: b64(replaces),
    });
  }

  /** Return the keystore that is stored now. */
  async keystore(): Promise<Bytes> {
    return bytesField(await this.#http.get("/v1/keystore"), "keystore");
  }

  /**
   * Replace the keystore whose SHA-256 is `replaces`.
   *
   * @throws PeerError `CONFLICT`, another one is stored by now (CK-680).
   */
  async putKeystore(keystore: Bytes, replaces: Uint8Array): Promise<void> {
    const body = { keystore: b64(keystore), replaces: b64(replaces) };
    await this.#http.request("PUT", "/v1/keystore", body);
  }

  /** Delete the account and everything of it. */
  async deleteAccount(): Promise<void> {
    await this.#http.request("DELETE", "/v1/account");
  }
}

/** What a device asks for itself: its capabilities, key packages, the vault. */
export class DeviceApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Return the account's devices as the server knows them. */
  async devices(): Promise<readonly ServerDevice[]> {
    const answer = await this.#http.get("/v1/devices");
    const rows: readonly unknown[] = Array.isArray(answer) ? answer : listField(answer, "devices");
    return rows.map((row) => ({
      deviceId: bytesField(row, "device_id", 16),
      createdDay: textField(row, "created_day"),
      lastSeenDay: textField(row, "last_seen_day"),
    }));
  }

  /** Return how the account is opened, beside the recovery code. */
  waysIn(): Promise<StoredWays> {
    return storedWays(this.#http);
  }

  /** Register more capability hashes for this device's mailbox. */
  async addCapabilities(hashes: readonly Uint8Array[]): Promise<void> {
    await this.#http.post("/v1/capabilities", { add: hashes.map(b64) });
  }

  /** Delete capability hashes of this device's mailbox. */
  async revokeCapabilities(hashes: readonly Uint8Array[]): Promise<void> {
    await this.#http.post("/v1/capabilities/revoke", { hashes: hashes.map(b64) });
  }

  /** Show this account's handle, with requests to this device's mailbox; undefined hides it. */
  async putRequestAddress(address: HandleAddress | undefined, bits: number): Promise<void> {
    const shown = address && {
      mailbox_id: b64(address.mailbox),
      capability: b64(address.capability),
      sealing_key: b64(address.sealingKey),
      pow_bits: bits,
    };
    await this.#http.request("PUT", "/v1/request-address", shown);
  }

  /** Upload at most 64 one-time key packages, and replace the last resort. */
  async putKeyPackages(oneTime: readonly Uint8Array[], lastResort: Uint8Array): Promise<void> {
    await this.#http.post("/v1/key-packages", {
      one_time: oneTime.map(b64),
      last_resort: b64(lastResort),
    });
  }

  /** Return the server's key for push subscriptions, if it uses any, and whether we have one. */
  async pushState(): Promise<{ publicKey: Bytes | undefined; on: boolean }> {
    const answer = await this.#http.get("/v1/push");
    const isOffered = memberOf(answer, "public_key") !== null;
    return {
      publicKey: isOffered ? bytesField(answer, "public_key", 65) : undefined,
      on: memberOf(answer, "on") === true,
    };
  }

  /**
   * Say where the browser's push service rings this device, in place of what was said before.
   *
   * @throws AuthorizationError `REFUSED`, the operator does not allow this push service.
   */
  async putPush(endpoint: string, p256dh: Uint8Array, auth: Uint8Array): Promise<void> {
    const body = { endpoint, p256dh: b64(p256dh), auth: b64(auth) };
    await this.#http.request("PUT", "/v1/push", body);
  }

  /** Be rung through no push service any more. */
  async deletePush(): Promise<void> {
    await this.#http.request("DELETE", "/v1/push");
  }

  /** Return how many one-time key packages are left. */
  async countKeyPackages(): Promise<number> {
    return intField(await this.#http.get("/v1/key-packages"), "count");
  }

  /** Return the vault's counter, manifest and slot ids. */
  async vault(): Promise<VaultState> {
    const answer = await this.#http.get("/v1/vault");
    const isWritten = Boolean(memberOf(answer, "manifest"));
    return {
      counter: intField(answer, "counter"),
      manifest: isWritten ? bytesField(answer, "manifest") : new Uint8Array(),
      slots: listField(answer, "slots").map((slot) => base64url.decode(String(slot))),
    };
  }

  /** Return the contents of slots, each with its id. */
  async readVault(slots: readonly Uint8Array[]): Promise<readonly Slot[]> {
    const answer = await this.#http.post("/v1/vault/read", { slots: slots.map(b64) });
    return listField(answer, "slots").map((row) => [
      bytesField(row, "slot"),
      bytesField(row, "data"),
    ]);
  }

  /**
   * Compare-and-set the vault (P6).
   *
   * @throws PeerError `CONFLICT`, another device wrote first.
   */
  async writeVault(
    expectedCounter: number,
    manifest: Uint8Array,
    put: readonly Slot[],
    del: readonly Uint8Array[] = [],
  ): Promise<void> {
    await this.#http.post("/v1/vault", {
      expected_counter: expectedCounter,
      manifest: b64(manifest),
      put: put.map(([slot, data]) => ({ slot: b64(slot), data: b64(data) })),
      delete: del.map(b64),
    });
  }
}
