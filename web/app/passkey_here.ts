/**
 * Whether this page can ask for passkeys: browsers give them to pages with a name, over TLS or at
 * `localhost`, and never to an address in numbers (WebAuthn Level 3, 5.1.3).
 */

import type { PasskeysHere } from "./model.ts";

const NUMBERS = /^(?:\d+\.){3}\d+$|^\[.*\]$/;

/** Say whether passkeys are possible, or what is missing: an address with a name, or the browser. */
export function passkeysHere(
  { hostname }: Pick<Location, "hostname"> = location,
  { PublicKeyCredential, isSecureContext }: Partial<typeof globalThis> = globalThis,
): PasskeysHere {
  if (NUMBERS.test(hostname)) return "address";
  return isSecureContext && PublicKeyCredential !== undefined ? "possible" : "browser";
}
