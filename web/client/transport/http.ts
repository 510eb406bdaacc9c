/**
 * HTTP to a Visavis server: one request at a time, typed by `api.ts`.
 *
 * Two kinds of `Http` exist and are never mixed: one that presents a token of the account or device
 * (or names a handle), and an anonymous one. An anonymous request must not travel on a connection
 * that carried an account credential (P12, CK-554). A browser has no connections to hold on to, but
 * keeps those with and without credentials apart (Fetch, 2.5 "Connections"): what is ours goes out
 * with `same-origin`, what is anonymous with `omit`. No cookies are set by our server (CK-555), and
 * anonymous requests would not carry one; no redirects (a redirect would carry requests to hosts
 * that nobody chose); nothing is cached.
 */

import * as base64url from "../../core/base64url.ts";
import { type Bytes, concat, copy, utf8 } from "../../core/bytes.ts";
import {
  AuthorizationError,
  Code,
  PeerError,
  UnavailableError,
  VisavisError,
} from "../../core/errors.ts";
import { requireSecure } from "./origin.ts";
import { solveInSlices } from "./work.ts";

/**
 * Bytes of an answer that are read. Higher lets a hostile server fill more memory; the largest
 * honest answer is a batch of sequencer commits or vault slots. Blobs have a bound of their own.
 */
export const MAX_ANSWER = 8 * 1024 * 1024;

/** Seconds without a byte of answer after which the server counts as away. */
export const TIMEOUT_S = 20;

/** Bytes a second that an upload is expected to make at least; slower ones time out. */
const SLOWEST_UPLOAD = 32 * 1024;

/** Highest proof of work done for a server: about half a minute. More lets it cost us more. */
export const MAX_WORK_BITS = 24;

const RETRY: ReadonlySet<Code> = new Set<Code>([
  Code.UNAVAILABLE,
  Code.QUOTA,
  Code.DISK_FULL,
  Code.NO_RELAY,
]);
const PEER: ReadonlySet<Code> = new Set<Code>([Code.MALFORMED, Code.TOO_LARGE, Code.CONFLICT]);
const CODES: ReadonlySet<string> = new Set(Object.values(Code));
const BY_STATUS: ReadonlyMap<number, Code> = new Map<number, Code>([
  [400, Code.MALFORMED],
  [401, Code.REFUSED],
  [403, Code.REFUSED],
  [404, Code.REFUSED],
  [409, Code.CONFLICT],
  [410, Code.REFUSED],
  [413, Code.TOO_LARGE],
  [422, Code.MALFORMED],
  [429, Code.QUOTA],
  [507, Code.DISK_FULL],
]);

export type Json = Readonly<Record<string, unknown>>;
export type Headers = Readonly<Record<string, string>>;
export type Answer = readonly [status: number, data: Bytes];

/** How much of an answer is read, and who is told of it. */
export type Reading = Readonly<{
  /** Bytes of an answer that are read (CK-556); `MAX_ANSWER` unless told otherwise. */
  longest?: number;
  /** Told how many bytes have come. */
  onProgress?: (done: number) => void;
  /** Breaks the request off; its reason is thrown. */
  signal?: AbortSignal;
}>;

export type HttpOptions = Readonly<{
  /** Whether requests say who asks although they carry no token: a login names the handle. */
  named?: boolean;
  /** For tests: stands in for the network. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}>;

/** The bearer token is not good (any more): whoever can log in again may ask again. */
export class TokenEndedError extends AuthorizationError {}

/** A client for one origin, with or without one bearer token. */
export class Http {
  readonly origin: string;
  readonly #headers: Headers;
  readonly #credentials: RequestCredentials;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly #closing = new AbortController();

  /**
   * @param origin The server.
   * @param token Bearer token; none for anonymous requests.
   * @throws As `requireSecure`.
   */
  constructor(origin: string, token?: string, options: HttpOptions = {}) {
    this.origin = requireSecure(origin);
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    this.#headers = { Accept: "application/json", ...authorization };
    const named = options.named ?? token !== undefined;
    this.#credentials = named ? "same-origin" : "omit";
    this.#fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  }

  /** Break off what is under way, and ask nothing more. */
  async close(): Promise<void> {
    this.#closing.abort();
  }

  /** GET a JSON answer. Errors as in `request`. */
  get(path: string): Promise<unknown> {
    return this.request("GET", path);
  }

  /** POST JSON and return the JSON answer. Errors as in `request`. */
  post(path: string, body: Json): Promise<unknown> {
    return this.request("POST", path, body);
  }

  /**
   * Send a request and return the parsed JSON answer; `{}` for an empty one.
   *
   * @throws AuthorizationError `REFUSED`, `LOGIN_FAILED`, `SIGNUP_LINK`...: the code the server gave.
   * @throws PeerError `CONFLICT`, `TOO_LARGE`, `MALFORMED` (also for an answer that is no JSON).
   * @throws UnavailableError The server cannot be reached or is busy; `QUOTA`, `DISK_FULL`,
   *   `NO_RELAY`.
   */
  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const content = body === undefined ? undefined : utf8(JSON.stringify(body));
    const headers: Headers = content === undefined ? {} : { "Content-Type": "application/json" };
    const [, data] = await this.exchange(method, path, content, headers);
    return data.length === 0 ? {} : parseJson(data);
  }

  /** Send bytes and return status and bytes of a successful answer. Errors as in `request`. */
  async exchange(
    method: string,
    path: string,
    content: Bytes | undefined,
    headers: Headers,
    reading: Reading = {},
  ): Promise<Answer> {
    let [status, data] = await this.#once(method, path, content, headers, reading);
    if (status === 429) {
      // The server throttles by work, not by who asks (P4): do it once and ask again.
      const proof = await this.#proofOfWork(data);
      if (proof !== undefined) {
        const more = { ...headers, "Visavis-Work": proof };
        [status, data] = await this.#once(method, path, content, more, reading);
      }
    }
    if (status >= 200 && status < 300) return [status, data];
    throw problem(status, data);
  }

  async #once(
    method: string,
    path: string,
    content: Bytes | undefined,
    headers: Headers,
    reading: Reading,
  ): Promise<Answer> {
    const given = reading.signal ?? this.#closing.signal;
    const patience = new Patience(TIMEOUT_S + (content?.length ?? 0) / SLOWEST_UPLOAD);
    try {
      const response = await this.#fetch(`${this.origin}${path}`, {
        method,
        headers: { ...this.#headers, ...headers },
        ...(content === undefined ? {} : { body: content }),
        credentials: this.#credentials,
        cache: "no-store",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.any([this.#closing.signal, given, patience.signal]),
      });
      return [response.status, await readBounded(response, patience, reading)];
    } catch (error) {
      reading.signal?.throwIfAborted();
      if (error instanceof VisavisError) throw error;
      // A browser tells nobody why: away, another certificate and a redirect are one TypeError.
      throw new UnavailableError(Code.UNAVAILABLE, "the server cannot be reached");
    } finally {
      patience.end();
    }
  }

  /** Solve the work (CK-412) a throttled answer asks for; undefined if it is none, or too much. */
  async #proofOfWork(data: Bytes): Promise<string | undefined> {
    const asked = memberOf(jsonOrNothing(data), "work");
    const [challenge, bits] = [memberOf(asked, "challenge"), memberOf(asked, "bits")];
    if (typeof challenge !== "string" || typeof bits !== "number") return undefined;
    // CK-559: a hostile server must not be able to keep the client busy for ever.
    if (!Number.isInteger(bits) || bits < 0 || bits > MAX_WORK_BITS) return undefined;
    let raw: Bytes;
    try {
      raw = base64url.decode(challenge);
    } catch {
      return undefined;
    }
    const { signal } = this.#closing;
    try {
      return `${challenge}.${base64url.encode(await solveInSlices(raw, bits, signal))}`;
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new UnavailableError(Code.UNAVAILABLE, "the connection was closed meanwhile");
    }
  }
}

/** Aborts when nothing has come for a while. */
class Patience {
  readonly #control = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(seconds: number) {
    this.again(seconds);
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  again(seconds: number = TIMEOUT_S): void {
    this.end();
    this.#timer = setTimeout(() => this.#control.abort(), 1000 * seconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

async function readBounded(
  response: Response,
  patience: Patience,
  { longest = MAX_ANSWER, onProgress }: Reading,
): Promise<Bytes> {
  if (response.body === null) return new Uint8Array();
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    patience.again();
    const { done, value } = await reader.read();
    if (done) return concat(...chunks);
    chunks.push(value);
    size += value.length;
    if (size > longest) {
      // Not awaited: a hostile stream might never say that it has ended.
      reader.cancel().catch(() => undefined);
      throw new PeerError(Code.TOO_LARGE, "CK-556: the answer is too large");
    }
    onProgress?.(size);
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Read a server's JSON.
 *
 * @throws PeerError `MALFORMED`, it is none.
 */
export function parseJson(data: Uint8Array): unknown {
  try {
    const parsed: unknown = JSON.parse(UTF8.decode(copy(data)));
    return parsed;
  } catch {
    throw new PeerError(Code.MALFORMED, "the server's answer is no JSON");
  }
}

function jsonOrNothing(data: Uint8Array): unknown {
  try {
    return parseJson(data);
  } catch {
    return undefined;
  }
}

/**
 * Return the error for an unsuccessful answer (RFC 9457).
 *
 * Only a code we know is taken from the body: the server's words never reach a person or a log.
 */
export function problem(status: number, data: Uint8Array): VisavisError {
  const said = memberOf(jsonOrNothing(data), "code");
  const fallback = status >= 500 ? Code.UNAVAILABLE : Code.MALFORMED;
  const code = isCode(said) ? said : (BY_STATUS.get(status) ?? fallback);
  const detail = `status ${status}`;
  if (RETRY.has(code)) return new UnavailableError(code, detail);
  if (PEER.has(code)) return new PeerError(code, detail);
  if (status === 401 && code === Code.REFUSED) return new TokenEndedError(code, detail);
  return new AuthorizationError(code, detail);
}

function isCode(said: unknown): said is Code {
  return typeof said === "string" && CODES.has(said);
}

/** Return a member of a JSON object; undefined if it is none, or has none of this name. */
export function memberOf(answer: unknown, name: string): unknown {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return undefined;
  return new Map<string, unknown>(Object.entries(answer)).get(name);
}

/**
 * Return a text member of a JSON object.
 *
 * @throws PeerError `MALFORMED`.
 */
export function textField(answer: unknown, name: string): string {
  const value = memberOf(answer, name);
  if (typeof value === "string") return value;
  throw new PeerError(Code.MALFORMED, `the answer has no text ${name}`);
}

/**
 * Return a member of a JSON object that is base64url text, as bytes.
 *
 * @throws PeerError `MALFORMED`.
 */
export function bytesField(answer: unknown, name: string, length?: number): Bytes {
  return base64url.decode(textField(answer, name), length);
}

/**
 * Return the receipt in an answer, unchecked; undefined if there is none.
 *
 * What is no bytes counts as none: the deletion is done, and must not look as if it had failed.
 */
export function receiptField(answer: unknown): Bytes | undefined {
  try {
    return bytesField(answer, "receipt");
  } catch (error) {
    if (error instanceof PeerError) return undefined;
    throw error;
  }
}

/**
 * Return an integer member of a JSON object.
 *
 * @throws PeerError `MALFORMED`.
 */
export function intField(answer: unknown, name: string): number {
  const value = memberOf(answer, name);
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new PeerError(Code.MALFORMED, `the answer has no integer ${name}`);
}

/**
 * Return an array member of a JSON object.
 *
 * @throws PeerError `MALFORMED`.
 */
export function listField(answer: unknown, name: string): readonly unknown[] {
  const value = memberOf(answer, name);
  if (Array.isArray(value)) return value;
  throw new PeerError(Code.MALFORMED, `the answer has no list ${name}`);
}
