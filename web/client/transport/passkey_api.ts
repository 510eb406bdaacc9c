/**
 * What is asked of the server about passkeys: three small parts of its API, for those who ask.
 *
 * The key that a passkey gives (PRF) is in none of it: only what it wrapped.
 */

import * as base64url from "../../core/base64url.ts";
import type { Bytes } from "../../core/bytes.ts";
import { ROOT_WRAP_BYTES } from "../../core/passkey.ts";
import type { CreatedPasskey, UsedPasskey } from "../passkeys.ts";
import type { DeviceRegistration, LoggedIn } from "./api.ts";
import { bytesField, type Http, listField, memberOf, textField } from "./http.ts";

const b64 = base64url.encode;

/** What an authenticator is asked, and what to bring back with its answer. */
export type Ceremony = Readonly<{ challenge: Bytes; session: string }>;

/** A ceremony that makes a passkey: for whom, by WebAuthn's user handle. */
export type Making = Ceremony & Readonly<{ userHandle: Bytes }>;

export type PasskeySignup = Readonly<{
  session: string;
  passkey: CreatedPasskey;
  rootWrap: Bytes;
  keystore: Bytes;
  recoveryKey: Bytes;
  device: DeviceRegistration;
}>;

/** How an account is opened, beside the recovery code. */
export type StoredWays = Readonly<{
  password: boolean;
  passkeys: readonly Readonly<{ credentialId: Bytes; createdDay: string }>[];
}>;

/** Sign-up and login, before any credential. */
export class PublicPasskeys {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * Begin a sign-up.
   *
   * @throws AuthorizationError `SIGNUP_LINK`; `REFUSED`, the server has no name for passkeys.
   */
  async signupStart(
    linkToken: string,
    name: string,
  ): Promise<Making & Readonly<{ handle: string }>> {
    const asked = { link_token: linkToken, name };
    const answer = await this.#http.post("/v1/passkeys/signup/start", asked);
    return { ...making(answer), handle: textField(answer, "handle") };
  }

  /**
   * Finish a sign-up: the account and its first device exist when this returns.
   *
   * @throws AuthorizationError `PASSKEY_REFUSED`.
   */
  async signupFinish({ device, ...signup }: PasskeySignup): Promise<void> {
    await this.#http.post("/v1/passkeys/signup/finish", {
      session: signup.session,
      passkey: createdJson(signup.passkey, signup.rootWrap),
      keystore: b64(signup.keystore),
      recovery_key: b64(signup.recoveryKey),
      device: deviceJson(device),
    });
  }

  /** Begin a login; it names nobody. */
  async loginStart(): Promise<Ceremony> {
    return ceremony(await this.#http.post("/v1/passkeys/login/start", {}));
  }

  /**
   * Finish a login.
   *
   * @throws AuthorizationError `PASSKEY_REFUSED`.
   */
  async loginFinish(
    session: string,
    used: UsedPasskey,
  ): Promise<LoggedIn & Readonly<{ rootWrap: Bytes }>> {
    const answer = await this.#http.post("/v1/passkeys/login/finish", {
      session,
      credential_id: b64(used.credentialId),
      client_data: b64(used.clientData),
      authenticator_data: b64(used.authenticatorData),
      signature: b64(used.signature),
      user_handle: used.userHandle === undefined ? null : b64(used.userHandle),
    });
    return {
      accountToken: textField(answer, "account_token"),
      keystore: bytesField(answer, "keystore"),
      rootWrap: bytesField(answer, "root_wrap", ROOT_WRAP_BYTES),
    };
  }
}

/** Adding and removing, with the account token of a login. */
export class AccountPasskeys {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Begin to add a passkey; `known` must not be made a second time. */
  async start(): Promise<Making & Readonly<{ known: readonly Bytes[] }>> {
    const answer = await this.#http.post("/v1/passkeys/start", {});
    const known = listField(answer, "credential_ids").map((id) => base64url.decode(String(id)));
    return { ...making(answer), known };
  }

  /**
   * Add the passkey.
   *
   * @throws AuthorizationError `PASSKEY_REFUSED`, `TOO_MANY_PASSKEYS`.
   */
  async finish(session: string, passkey: CreatedPasskey, rootWrap: Bytes): Promise<void> {
    const body = { session, passkey: createdJson(passkey, rootWrap) };
    await this.#http.post("/v1/passkeys/finish", body);
  }

  /**
   * Remove a passkey.
   *
   * @throws AuthorizationError `LAST_WAY_IN` (CK-444); `REFUSED`, the account has none of this id.
   */
  async remove(credentialId: Uint8Array): Promise<void> {
    await this.#http.post("/v1/passkeys/remove", { credential_id: b64(credentialId) });
  }
}

/** Ask how the account is opened, with the token of a device or of a login. */
export async function storedWays(http: Http): Promise<StoredWays> {
  const answer = await http.get("/v1/passkeys");
  return {
    password: memberOf(answer, "password") === true,
    passkeys: listField(answer, "passkeys").map((row) => ({
      credentialId: bytesField(row, "credential_id"),
      createdDay: textField(row, "created_day"),
    })),
  };
}

/** Say what the server learns of a device, as JSON. */
export function deviceJson(device: DeviceRegistration) {
  return {
    device_id: b64(device.deviceId),
    token_hash: b64(device.tokenHash),
    mailbox_id: b64(device.mailboxId),
    capability_hashes: device.capabilityHashes.map(b64),
  };
}

function ceremony(answer: unknown): Ceremony {
  return { challenge: bytesField(answer, "challenge", 32), session: textField(answer, "session") };
}

function making(answer: unknown): Making {
  return { ...ceremony(answer), userHandle: bytesField(answer, "user_handle", 32) };
}

function createdJson(passkey: CreatedPasskey, rootWrap: Bytes) {
  return {
    credential_id: b64(passkey.credentialId),
    client_data: b64(passkey.clientData),
    attestation_object: b64(passkey.attestation),
    root_wrap: b64(rootWrap),
  };
}
