/**
 * What a device asks about its account's data: rows, single values, choices, deletions.
 *
 * Part of `device_api.ts`; the device token goes with every request. Answers about rows and choices stay JSON
 * here: `server_data.ts` checks and types them.
 */

import * as base64url from "../../core/base64url.ts";
import type { Bytes } from "../../core/bytes.ts";
import { bytesField, type Http, intField, type Json, receiptField } from "./http.ts";

/** How many rows there were, and the receipt, unchecked. */
export type Deleted = Readonly<{ rows: number; receipt: Bytes | undefined }>;

/** The account's own data at the server. */
export class AccountDataApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Return one page of `GET /v1/account/data` (docs/protocol/server-api.md). */
  page(inDays: number, skip: number): Promise<unknown> {
    return this.#http.get(`/v1/account/data?in_days=${inDays}&skip=${skip}`);
  }

  /**
   * Return one stored value whole.
   *
   * @throws AuthorizationError `REFUSED`, there is no such value any more.
   */
  async value(table: string, column: string, key: readonly Bytes[]): Promise<Bytes> {
    const body = { table, column, key: key.map(base64url.encode) };
    return bytesField(await this.#http.post("/v1/account/data/value", body), "value");
  }

  /** Return what the owner chose, and the operator's days. */
  settings(): Promise<unknown> {
    return this.#http.get("/v1/account/settings");
  }

  /**
   * Replace what the owner chose.
   *
   * @throws PeerError `MALFORMED`, more days than the operator's.
   */
  putSettings(settings: Json): Promise<unknown> {
    return this.#http.request("PUT", "/v1/account/settings", settings);
  }

  /** Delete what waits for this device. */
  deleteEnvelopes(): Promise<Deleted> {
    return this.#delete("/v1/envelopes");
  }

  /** Delete this device's key packages. */
  deleteKeyPackages(): Promise<Deleted> {
    return this.#delete("/v1/key-packages");
  }

  /** Delete this device's push subscription. */
  deletePush(): Promise<Deleted> {
    return this.#delete("/v1/push");
  }

  async #delete(path: string): Promise<Deleted> {
    const answer = await this.#http.request("DELETE", path);
    return { rows: intField(answer, "deleted"), receipt: receiptField(answer) };
  }
}
