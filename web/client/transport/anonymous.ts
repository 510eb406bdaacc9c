/**
 * What is asked without any account credential, presenting a capability (P12).
 *
 * TURN credentials, key packages of contacts, blobs, shares and sequencers. The connection behind
 * this class never carried a token (CK-554), and nothing in a request tells the account.
 */

import type { ContactAddress } from "../../core/address.ts";
import * as base64url from "../../core/base64url.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Digest, Secret32, type ShareKey, type ShareSlot } from "../../core/ids.ts";
import {
  bytesField,
  type Http,
  intField,
  type Json,
  listField,
  parseJson,
  type Reading,
  textField,
} from "./http.ts";

const b64 = base64url.encode;

/** TURN credentials as the server gave them. */
export type TurnCredentials = Readonly<{
  urls: readonly string[];
  username: string;
  credential: string;
  ttlS: number;
}>;

/** One sealed commit: `n` is the epoch it leads from (P8). */
export type StoredCommit = Readonly<{ n: number; sealed: Bytes }>;

/** A share of a recording's key, as it is laid (P16). */
export type NewShare = Readonly<{
  slot: ShareSlot;
  share: Secret32;
  /** What reads it; the server is told its SHA-256. */
  read: ShareKey;
  /** What deletes it; the server is told its SHA-256. */
  delete: ShareKey;
  /** First day on which it is gone, in days since 1970: tomorrow, or up to 31 days from now. */
  expires: number;
}>;

/** Requests that present a capability and no account. */
export class AnonymousApi {
  readonly #http: Http;

  /** @param http One without a token. */
  constructor(http: Http) {
    this.#http = http;
  }

  /** Fetch TURN credentials. Throws `NO_RELAY`, `QUOTA`, `REFUSED`. */
  async turn(address: ContactAddress): Promise<TurnCredentials> {
    const answer = await this.#http.post("/v1/turn", presented(address));
    return {
      urls: listField(answer, "urls").map(String),
      username: textField(answer, "username"),
      credential: textField(answer, "credential"),
      ttlS: intField(answer, "ttl_s"),
    };
  }

  /** Take one key package of a device: a one-time one, or its last resort. Unverified. */
  async fetchKeyPackage(address: ContactAddress): Promise<Bytes> {
    const answer = await this.#http.post("/v1/key-packages/fetch", presented(address));
    return bytesField(answer, "key_package");
  }

  /** Store an encrypted blob; return its id. */
  async putBlob(address: ContactAddress, data: Bytes, reading: Reading = {}): Promise<string> {
    const headers = {
      "Content-Type": "application/octet-stream",
      "Visavis-Mailbox": b64(address.mailbox),
      "Visavis-Capability": b64(address.capability),
    };
    const [, answer] = await this.#http.exchange("POST", "/v1/blobs", data, headers, reading);
    return textField(parseJson(answer), "blob_id");
  }

  /** Fetch a blob by its id; one longer than `reading.longest` bytes is TOO_LARGE (CK-556). */
  async getBlob(blobId: string, reading: Reading = {}): Promise<Bytes> {
    base64url.decode(blobId); // an id is one path segment and nothing else
    const path = `/v1/blobs/${blobId}`;
    const [, data] = await this.#http.exchange("GET", path, undefined, {}, reading);
    return data;
  }

  /**
   * Lay a share of a recording's key (P16). Repeating it with the same values is harmless.
   *
   * @param address Whose capability pays.
   * @throws AuthorizationError `REFUSED`, not a capability of this mailbox.
   * @throws PeerError `MALFORMED`, the day; `CONFLICT`, something else lies there.
   * @throws UnavailableError `QUOTA`; the server cannot be reached or is busy.
   */
  async layShare(address: ContactAddress, laid: NewShare): Promise<void> {
    await this.#http.post("/v1/shares", {
      ...presented(address),
      slot: b64(laid.slot),
      share: b64(laid.share),
      read: b64(Digest.sha256(laid.read)),
      delete: b64(Digest.sha256(laid.delete)),
      expires: laid.expires,
    });
  }

  /**
   * Return a share; whose it is, only its digest in the member's yes can say (unverified).
   *
   * @throws AuthorizationError `REFUSED`, it is not there (any more), or not its read key.
   * @throws PeerError `MALFORMED` (CK-975), the answer is no share.
   * @throws UnavailableError `QUOTA`, too many were refused; the server cannot be reached or is busy.
   */
  async readShare(slot: ShareSlot, key: ShareKey): Promise<Secret32> {
    const answer = await this.#http.post("/v1/shares/read", { slot: b64(slot), key: b64(key) });
    return new Secret32(bytesField(answer, "share")); // CK-975: of its length
  }

  /**
   * Delete a share; done as well if there is none.
   *
   * @throws AuthorizationError `REFUSED`, not its delete key.
   * @throws UnavailableError `QUOTA`, too many were refused; the server cannot be reached or is busy.
   */
  async deleteShare(slot: ShareSlot, key: ShareKey): Promise<void> {
    await this.#http.post("/v1/shares/delete", { slot: b64(slot), key: b64(key) });
  }

  /**
   * Create a sequencer (P8). Repeating it with the same values is harmless.
   *
   * @throws PeerError `CONFLICT`, the handle is taken.
   */
  async createSequencer(
    address: ContactAddress,
    handle: Uint8Array,
    writeKeyHash: Uint8Array,
    { firstN, forCall = false }: Readonly<{ firstN: number; forCall?: boolean }>,
  ): Promise<void> {
    await this.#http.post("/v1/sequencers", {
      ...presented(address),
      handle: b64(handle),
      write_key_hash: b64(writeKeyHash),
      first_n: firstN,
      life: forCall ? "call" : "conversation",
    });
  }

  /**
   * Store the commit that leads from epoch n.
   *
   * @throws PeerError `CONFLICT`, another member's commit is stored for n.
   */
  async commit(
    address: ContactAddress,
    handle: Uint8Array,
    n: number,
    commit: Readonly<{ writeKey: Uint8Array; sealed: Uint8Array; nextWriteKeyHash: Uint8Array }>,
  ): Promise<void> {
    await this.#http.post("/v1/sequencers/commit", {
      ...presented(address),
      handle: b64(handle),
      n,
      write_key: b64(commit.writeKey),
      commit: b64(commit.sealed),
      next_write_key_hash: b64(commit.nextWriteKeyHash),
    });
  }

  /** Return commits numbered above `after` in order (a page of them), and the next n. */
  async pull(
    address: ContactAddress,
    handle: Uint8Array,
    after: number,
  ): Promise<readonly [commits: readonly StoredCommit[], next: number]> {
    const asked = { ...presented(address), handle: b64(handle), after };
    const answer = await this.#http.post("/v1/sequencers/pull", asked);
    const commits = listField(answer, "commits").map((row) => ({
      n: intField(row, "n"),
      sealed: bytesField(row, "commit"),
    }));
    return [commits.sort((a, b) => a.n - b.n), intField(answer, "next")];
  }

  /** Close the connections. */
  close(): Promise<void> {
    return this.#http.close();
  }
}

function presented(address: ContactAddress): Json {
  return { mailbox: b64(address.mailbox), capability: b64(address.capability) };
}
