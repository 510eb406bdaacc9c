/**
 * Server origins that a client may connect to.
 *
 * Everything is end-to-end encrypted above TLS; TLS keeps tokens and capabilities from the wire
 * . Plain http is accepted for this very machine only: trying the product out, tests, demo.
 *
 * Not for: TLS itself, which is the browser's.
 */

import { checkOrigin } from "../../core/address.ts";
import { AuthorizationError, Code } from "../../core/errors.ts";

const LOOPBACK = /^(?:localhost|(?:.+\.)localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Return the origin, if what is sent there cannot be read or changed on the way.
 *
 * @throws PeerError `MALFORMED`, it is no origin.
 * @throws AuthorizationError `NOT_ENCRYPTED`, http to another machine (CK-553: a person in the
 *   middle could take device tokens and capabilities).
 */
export function requireSecure(origin: string): string {
  checkOrigin(origin);
  const { protocol, hostname } = new URL(origin);
  if (protocol === "http:" && !LOOPBACK.test(hostname)) {
    throw new AuthorizationError(Code.NOT_ENCRYPTED, "CK-553: http is for this machine only");
  }
  return origin;
}

/** Return the WebSocket address of a path on the origin. */
export function websocketUrl(origin: string, path: string): string {
  return `${origin.replace(/^http/, "ws")}${path}`;
}

/** Return the host of an origin, as a person would put it into a password. */
export function hostOf(origin: string): string {
  return new URL(origin).hostname;
}
