/**
 * Passkeys: the ceremony with the authenticator (WebAuthn Level 3), and the key it gives (PRF).
 *
 * A passkey must be discoverable (a sign-in names nobody), verify its user, and give a key; one that
 * gives none could log in and open nothing, so it is refused at once. The key is kept by nobody: it
 * comes with each use, is taken out of what the library returns before anything else sees it, and
 * whoever got it from here wipes it.
 *
 * The library is loaded when the first passkey is asked for.
 *
 * Not for: what the key opens (`core/passkey.ts`), and when one is asked for (`account.ts`).
 */

import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/browser";
import * as base64url from "../core/base64url.ts";
import { type Bytes, copy, wipe } from "../core/bytes.ts";
import { AuthorizationError, Code, UsageError } from "../core/errors.ts";
import { PRF_BYTES, PRF_SALT } from "../core/passkey.ts";
import { systemRng } from "./books.ts";
import type { Making } from "./transport/passkey_api.ts";

const NAME = "Visavis";
/** EdDSA, ECDSA with P-256, and RSA for Windows Hello: what the server takes. */
const ALGORITHMS = [-8, -7, -257] as const;
const CHALLENGE_BYTES = 32;

/** A passkey that was just made: what the server is told of it. */
export type CreatedPasskey = Readonly<{
  credentialId: Bytes;
  clientData: Bytes;
  attestation: Bytes;
}>;

/** An authenticator's answer to a challenge: what the server is told of it. */
export type UsedPasskey = Readonly<{
  credentialId: Bytes;
  clientData: Bytes;
  authenticatorData: Bytes;
  signature: Bytes;
  userHandle: Bytes | undefined;
}>;

/** And the key, which no server is told. Whoever has it wipes it. */
export type WithKey<T> = Readonly<{ passkey: T; prf: Bytes }>;

type Answered = RegistrationResponseJSON | AuthenticationResponseJSON;
type Prf = { enabled?: boolean; results?: { first?: BufferSource } };

/**
 * Make a passkey.
 *
 * @param asked The server's question.
 * @param handle What the person will see it under.
 * @param known Passkeys of the account: their authenticators make no second one.
 * @throws AuthorizationError `PASSKEY_NO_KEY`, `PASSKEY_EXISTS`, `PASSKEY_CANCELLED`.
 */
export async function createPasskey(
  asked: Making,
  handle: string,
  known: readonly Bytes[] = [],
): Promise<WithKey<CreatedPasskey>> {
  const { startRegistration } = await import("@simplewebauthn/browser");
  const optionsJSON: PublicKeyCredentialCreationOptionsJSON = {
    rp: { name: NAME },
    user: { id: base64url.encode(asked.userHandle), name: handle, displayName: handle },
    challenge: base64url.encode(asked.challenge),
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: {
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    },
    attestation: "none",
    excludeCredentials: descriptors(known),
    extensions: prfExtension(),
  };
  const made = await ceremony(() => startRegistration({ optionsJSON }));
  const { prf, enabled } = takeKey(made);
  const credentialId = base64url.decode(made.id);
  return {
    passkey: {
      credentialId,
      clientData: base64url.decode(made.response.clientDataJSON),
      attestation: base64url.decode(made.response.attestationObject),
    },
    // Some authenticators say that they have the key, and give it only when they are used.
    prf: prf ?? (enabled ? await keyOf(credentialId) : await withoutKey(credentialId)),
  };
}

/**
 * Have a passkey answer a challenge.
 *
 * @param challenge The server's.
 * @param among Only these passkeys; none given: any that the person has for this server.
 * @throws AuthorizationError `PASSKEY_NO_KEY`, `PASSKEY_CANCELLED`.
 */
export async function askPasskey(
  challenge: Uint8Array,
  among: readonly Bytes[] = [],
): Promise<WithKey<UsedPasskey>> {
  const { startAuthentication } = await import("@simplewebauthn/browser");
  const optionsJSON: PublicKeyCredentialRequestOptionsJSON = {
    challenge: base64url.encode(challenge),
    allowCredentials: descriptors(among),
    userVerification: "required",
    extensions: prfExtension(),
  };
  const used = await ceremony(() => startAuthentication({ optionsJSON }));
  const { prf } = takeKey(used);
  if (prf === undefined) throw noKey();
  const { response } = used;
  return {
    passkey: {
      credentialId: base64url.decode(used.id),
      clientData: base64url.decode(response.clientDataJSON),
      authenticatorData: base64url.decode(response.authenticatorData),
      signature: base64url.decode(response.signature),
      userHandle: response.userHandle ? base64url.decode(response.userHandle) : undefined,
    },
    prf,
  };
}

/**
 * Tell the person's passkey manager that the server does not know a passkey (any more).
 *
 * A courtesy: most browsers cannot, then the person finds it in a list and may delete it.
 */
export async function forgetPasskey(credentialId: Uint8Array): Promise<void> {
  type Signalling = Readonly<{
    signalUnknownCredential?: (of: { rpId: string; credentialId: string }) => Promise<void>;
  }>;
  const { PublicKeyCredential, location } = globalThis;
  const { signalUnknownCredential } = (PublicKeyCredential ?? {}) as unknown as Signalling;
  if (signalUnknownCredential === undefined) return;
  const of = { rpId: location.hostname, credentialId: base64url.encode(credentialId) };
  await signalUnknownCredential.call(PublicKeyCredential, of).catch(() => undefined);
}

/**
 * After a failure: forget a passkey that the server refused. Where its answer was lost the passkey may
 * be the way into the account, and stays.
 */
export async function forgetIfRefused(credentialId: Uint8Array, error: unknown): Promise<void> {
  if (error instanceof AuthorizationError) await forgetPasskey(credentialId);
}

/** Ask a passkey for its key and nothing else: its answer goes nowhere. */
async function keyOf(credentialId: Bytes): Promise<Bytes> {
  return (await askPasskey(systemRng(CHALLENGE_BYTES), [credentialId])).prf;
}

async function withoutKey(credentialId: Bytes): Promise<never> {
  await forgetPasskey(credentialId);
  throw noKey();
}

function noKey(): AuthorizationError {
  return new AuthorizationError(Code.PASSKEY_NO_KEY, "no PRF");
}

function descriptors(ids: readonly Bytes[]) {
  return ids.map((id) => ({ id: base64url.encode(id), type: "public-key" as const }));
}

/** The library's types do not know PRF, and it converts nothing in extensions: bytes stay bytes. */
function prfExtension() {
  return { prf: { eval: { first: copy(PRF_SALT) } } } as AuthenticationExtensionsClientInputs;
}

/** Take the key out of an answer: it is in there no longer when this returns (CK-449). */
function takeKey(answer: Answered): Readonly<{ prf: Bytes | undefined; enabled: boolean }> {
  const results = answer.clientExtensionResults as { prf?: Prf };
  const given = results.prf;
  delete results.prf;
  const enabled = given?.enabled === true;
  const first = given?.results?.first;
  if (first === undefined) return { prf: undefined, enabled };
  const view =
    first instanceof ArrayBuffer
      ? new Uint8Array(first)
      : new Uint8Array(first.buffer, first.byteOffset, first.byteLength);
  const prf = copy(view);
  wipe(view);
  if (prf.length !== PRF_BYTES) throw noKey();
  return { prf, enabled };
}

const CODES: Readonly<Record<string, Code>> = {
  // All that a browser says when the person, a timeout or the device itself ended it.
  NotAllowedError: Code.PASSKEY_CANCELLED,
  AbortError: Code.PASSKEY_CANCELLED,
  TimeoutError: Code.PASSKEY_CANCELLED,
  NotReadableError: Code.PASSKEY_CANCELLED,
  UnknownError: Code.PASSKEY_CANCELLED,
  InvalidStateError: Code.PASSKEY_EXISTS,
  NotSupportedError: Code.PASSKEY_NO_KEY,
  ConstraintError: Code.PASSKEY_NO_KEY,
};

/** Do what asks the person; browsers have few words for why it came to nothing. */
async function ceremony<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { name } = error as Error;
    const code = CODES[name];
    if (code === undefined) throw new UsageError(`passkeys are not possible here: ${name}`);
    throw new AuthorizationError(code, name);
  }
}
