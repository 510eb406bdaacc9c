/**
 * Call links: who has one may ask to come into a call as a guest (docs/protocol/call-link.md, P15).
 *
 *     ORIGIN/#call=BASE64URL(deterministic CBOR)
 *
 * All of it is in the fragment, which browsers do not send to the server. The link names no call and
 * no person: it holds the secret from which the lobby's place at the server and its seal come, the
 * lobby's public key, the hash that pins whose account lets guests in, and when that account will let
 * nobody in any more. What ends a link (expiry, one use, withdrawing) its maker's device sees to; the
 * time in it only spares a guest the asking.
 *
 * Not for: what is said in the lobby (`lobby.ts`), or invite links between people (`invite.ts`).
 */

import { checkOrigin } from "./address.ts";
import * as base64url from "./base64url.ts";
import { equal } from "./bytes.ts";
import { decodeVersioned, encode, exactly, isBytes } from "./cbor.ts";
import { Code, PeerError } from "./errors.ts";
import { identityHash } from "./identity.ts";
import { Digest, type IdentityKey, LinkSecret, LobbyKey } from "./ids.ts";

/** Seconds a link is good for at most. */
export const MAX_LIFETIME_S = 30 * 86_400;

export const MAX_LINK_CHARS = 1024;

const MARK = "/#call=";
const MAX_TIME = 2 ** 40;

/** What a call link holds. Never printed. */
export type CallLink = Readonly<{
  /** The server. */
  origin: string;
  /** Known to whoever has the link, and to no server. */
  secret: LinkSecret;
  /** The lobby's public key (X25519); what guests say there only its maker can read. */
  lobby: LobbyKey;
  /** `identityHash` of the account whose device lets guests in. */
  host: Digest;
  /** Unix seconds after which nobody is let in. */
  expiresAt: number;
}>;

/** Return the link to show or send. */
export function callLinkToText({ origin, secret, lobby, host, expiresAt }: CallLink): string {
  const body = encode({ v: 1, s: secret, k: lobby, h: host, e: expiresAt });
  return `${origin}${MARK}${base64url.encode(body)}`;
}

/**
 * Read a link, with white space around it forgiven.
 *
 * @throws PeerError `MISTYPED`, it is not a whole call link (CK-900).
 */
export function callLinkFromText(link: string): CallLink {
  const whole = link.trim();
  const at = whole.indexOf(MARK);
  if (at < 0 || link.length > MAX_LINK_CHARS) throw mistyped("form");
  try {
    const body = decodeVersioned(base64url.decode(whole.slice(at + MARK.length)));
    const { s, k, h, e } = exactly(body, "s", "k", "h", "e");
    const isTime = typeof e === "number" && e >= 0 && e <= MAX_TIME;
    if (!isBytes(s) || !isBytes(k) || !isBytes(h) || !isTime) throw mistyped("fields");
    return {
      origin: checkOrigin(whole.slice(0, at)),
      secret: new LinkSecret(s),
      lobby: new LobbyKey(k),
      host: new Digest(h),
      expiresAt: e,
    };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    // A person pasted this: cut off, wrapped by a mail program, or something else entirely.
    throw mistyped(error.detail);
  }
}

/**
 * Return the link if it has not expired.
 *
 * @param now Unix seconds.
 * @throws PeerError `EXPIRED` (CK-901).
 */
export function requireFreshLink(link: CallLink, now: number): CallLink {
  if (now >= link.expiresAt) {
    throw new PeerError(Code.EXPIRED, "CK-901 the call link has expired");
  }
  return link;
}

/** Say whether an account is the one that made the link. */
export function isHostOf({ host }: Pick<CallLink, "host">, identityKey: IdentityKey): boolean {
  return equal(identityHash(identityKey), host);
}

function mistyped(why: string): PeerError {
  return new PeerError(Code.MISTYPED, `CK-900 not a whole call link: ${why}`);
}
