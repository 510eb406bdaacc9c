/**
 * What a device asks of the server for itself, with its device token: part of the typed API.
 *
 * Not for: logging in, or changing the account (`api.ts`).
 */

import * as base64url from "../../core/base64url.ts";
import type { Bytes } from "../../core/bytes.ts";
import { AuthorizationError } from "../../core/errors.ts";
import { FAREWELL_BYTES } from "../../core/farewell.ts";
import type { HandleAddress } from "../../core/handle_request.ts";
import { AccountDataApi } from "./account_data.ts";
import {
  bytesField,
  type Http,
  intField,
  listField,
  memberOf,
  receiptField,
  textField,
} from "./http.ts";
import { type StoredWays, storedWays } from "./passkey_api.ts";

const b64 = base64url.encode;

/** A device as the server knows it; days are ISO dates. */
export type ServerDevice = Readonly<{ deviceId: Bytes; createdDay: string; lastSeenDay: string }>;

/** The vault's manifest and slot ids as stored now. */
export type VaultState = Readonly<{ counter: number; manifest: Bytes; slots: readonly Bytes[] }>;

/** Contents of a vault slot by its id. */
export type Slot = readonly [slot: Bytes, data: Bytes];

/** What a device asks for itself: its capabilities, key packages, the vault. */
export class DeviceApi {
  readonly accountData: AccountDataApi;
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
    this.accountData = new AccountDataApi(http);
  }

  /** Return what the account has left for this device, if it was shut out; not verified. */
  async farewell(): Promise<Bytes | undefined> {
    try {
      return bytesField(await this.#http.get("/v1/farewell"), "farewell", FAREWELL_BYTES);
    } catch (error) {
      if (error instanceof AuthorizationError) return undefined;
      throw error;
    }
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
  async putRequestAddress(
    address: HandleAddress | undefined,
    bits: number,
  ): Promise<Bytes | undefined> {
    const shown = address && {
      mailbox_id: b64(address.mailbox),
      capability: b64(address.capability),
      sealing_key: b64(address.sealingKey),
      pow_bits: bits,
    };
    return receiptField(await this.#http.request("PUT", "/v1/request-address", shown));
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
    await this.accountData.deletePush();
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
