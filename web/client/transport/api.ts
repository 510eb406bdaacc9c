/**
 * The server's HTTP API, typed: what a client asks, with which credential.
 *
 * `PublicApi` needs none (sign-up, login, recovery), `AccountApi` the account token of a login
 * (15 minutes, memory only). What a device asks with its own token is in `device_api.ts`; what is asked
 * anonymously, presenting a capability, in `anonymous.ts`.
 */

import * as base64url from "../../core/base64url.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Code, PeerError } from "../../core/errors.ts";
import { requireRenamed } from "../../core/handle.ts";
import { type HandleAddress, MAX_WORK_BITS, SEALING_KEY_BYTES } from "../../core/handle_request.ts";
import { Capability, MailboxId } from "../../core/ids.ts";
import { bytesField, type Http, intField, memberOf, receiptField, textField } from "./http.ts";
import { AccountPasskeys, deviceJson, PublicPasskeys } from "./passkey_api.ts";

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

/** Sign-up, login and recovery: requests that stand before any credential. */
export class PublicApi {
  readonly passkeys: PublicPasskeys;
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
    this.passkeys = new PublicPasskeys(http);
  }

  /** Return the key with which the server signs deletion receipts; undefined: it gives none. */
  async receiptKey(): Promise<Bytes | undefined> {
    const answer = await this.#http.get("/.well-known/privacy.json");
    const given = memberOf(answer, "receipt_key");
    return given === undefined || given === null
      ? undefined
      : bytesField(answer, "receipt_key", 32);
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

  /**
   * Delete a device with its token, mailbox, capabilities and key packages.
   *
   * @param farewell What the device finds in their place (`core/farewell.ts`), 64 bytes.
   */
  async revokeDevice(deviceId: Uint8Array, farewell: Uint8Array): Promise<void> {
    const body = { device_id: b64(deviceId), farewell: b64(farewell) };
    await this.#http.post("/v1/devices/revoke", body);
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

  /**
   * Begin a change of handle, with OPAQUE's request if the account has a password.
   *
   * @throws PeerError `QUOTA`, it was begun often today (CK-762); `MALFORMED`, no server hands out such
   *   a handle (CK-764).
   */
  async handleStart(name: string, request?: Bytes): Promise<SignupStarted> {
    const body = { name, opaque_request: request === undefined ? null : b64(request) };
    const answer = await this.#http.post("/v1/handle/start", body);
    const { handle } = requireRenamed(textField(answer, "handle"), 1);
    const opaqueResponse =
      request === undefined ? new Uint8Array() : bytesField(answer, "opaque_response");
    return { handle, opaqueResponse, session: textField(answer, "session") };
  }

  /**
   * Replace handle, OPAQUE record and keystore in one transaction.
   *
   * @throws PeerError `CONFLICT` as in `passwordFinish`; `EXPIRED`, begin again.
   */
  async handleFinish(
    session: string,
    record: Bytes | undefined,
    keystore: Bytes,
    replaces: Uint8Array,
  ): Promise<void> {
    await this.#http.post("/v1/handle/finish", {
      session,
      opaque_record: record === undefined ? null : b64(record),
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

  /** Delete the account and everything of it; returns the receipt, unchecked. */
  async deleteAccount(): Promise<Bytes | undefined> {
    return receiptField(await this.#http.request("DELETE", "/v1/account"));
  }
}
