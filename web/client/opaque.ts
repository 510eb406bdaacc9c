/**
 * OPAQUE's client side (RFC 9807, ristretto255-SHA512-3DH), loaded when it is needed.
 *
 * The library is opaque-ke in WebAssembly, the one that the server and the Python client have: the
 * same suite, the same key stretching (Argon2id, 19 MiB, 2 passes, 1 lane), no identifiers of our
 * own. So an account made by either client opens in the other, with the same export key.
 *
 * The stretching takes a moment, on the page's own thread: twice in the life of a profile.
 *
 * Not for: what is done with the keys (`account.ts`).
 */

import * as base64url from "../core/base64url.ts";
import type { Bytes } from "../core/bytes.ts";
import { AuthorizationError, Code, PeerError } from "../core/errors.ts";
import { normalize } from "../core/passwords.ts";

/** opaque-ke's Argon2 defaults, which `opaque-ke-py` has too. Another value is another export key. */
const STRETCHING = {
  "argon2id-custom": { iterations: 2, memory: 19_456, parallelism: 1 },
} as const;

type Library = typeof import("@serenity-kit/opaque");

let loading: Promise<Library> | undefined;

/** Load the library, once. */
function load(): Promise<Library> {
  loading ??= loadFresh();
  return loading;
}

async function loadFresh(): Promise<Library> {
  try {
    const library = await import("@serenity-kit/opaque");
    await library.ready;
    return library;
  } catch (error) {
    loading = undefined; // the network may be back at the next try
    throw error;
  }
}

/** What the client says first, and how it goes on with the server's answer. */
export type Begun<T> = Readonly<{ request: Bytes; finish: (response: Bytes) => T }>;

export type Registered = Readonly<{ record: Bytes; exportKey: Bytes }>;
export type Finished = Readonly<{ finalization: Bytes; exportKey: Bytes }>;

/**
 * Begin a registration (RFC 9807, 5).
 *
 * @param password As typed.
 * @returns `finish` throws PeerError `MALFORMED`, the server's response is none.
 */
export async function beginRegistration(password: string): Promise<Begun<Registered>> {
  const { client } = await load();
  const secret = normalize(password);
  const started = client.startRegistration({ password: secret });
  return {
    request: base64url.decode(started.registrationRequest),
    finish(response) {
      try {
        const done = client.finishRegistration({
          password: secret,
          registrationResponse: base64url.encode(response),
          clientRegistrationState: started.clientRegistrationState,
          keyStretching: STRETCHING,
        });
        return {
          record: base64url.decode(done.registrationRecord),
          exportKey: base64url.decode(done.exportKey),
        };
      } catch {
        throw new PeerError(Code.MALFORMED, "OPAQUE registration");
      }
    },
  };
}

/**
 * Begin a login (RFC 9807, 6).
 *
 * @param password As typed.
 * @returns `finish` throws AuthorizationError `LOGIN_FAILED` (CK-562): wrong password, unknown
 *   handle (a decoy) and a lying server all end there, alike.
 */
export async function beginLogin(password: string): Promise<Begun<Finished>> {
  const { client } = await load();
  const secret = normalize(password);
  const started = client.startLogin({ password: secret });
  return {
    request: base64url.decode(started.startLoginRequest),
    finish(response) {
      const done = finishLogin(client, {
        password: secret,
        loginResponse: base64url.encode(response),
        clientLoginState: started.clientLoginState,
        keyStretching: STRETCHING,
      });
      if (done === undefined) {
        throw new AuthorizationError(Code.LOGIN_FAILED, "CK-562: OPAQUE did not finish");
      }
      return {
        finalization: base64url.decode(done.finishLoginRequest),
        exportKey: base64url.decode(done.exportKey),
      };
    },
  };
}

type LoginEnd = Parameters<Library["client"]["finishLogin"]>[0];

/** A wrong password gives nothing, a response that is none throws: one answer for both. */
function finishLogin(client: Library["client"], end: LoginEnd) {
  try {
    return client.finishLogin(end);
  } catch {
    return undefined;
  }
}
