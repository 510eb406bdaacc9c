/**
 * Contact address: where and how one contact may reach one device (docs/protocol/envelope.md).
 *
 * It is (server origin, mailbox id, capability, seal key), minted afresh for each contact, so that
 * blocking somebody is revoking one capability, and no two contacts hold anything in common.
 */

import { type CborMap, exactly, isBytes, type Value } from "./cbor.ts";
import { Code, PeerError } from "./errors.ts";
import { Capability, MailboxId, SealKey } from "./ids.ts";

export const MAX_ORIGIN_BYTES = 255;
const ORIGIN =
  /^(?<scheme>https?):\/\/(?<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(?::(?<port>[1-9][0-9]{0,4}))?$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;

/**
 * Return the origin if it is one, in the one spelling we use (RFC 6454, 6.1; lower case).
 *
 * @param origin `https://host[:port]` or, for a server on this machine or network, `http://...`.
 * @throws PeerError `MALFORMED` for user names, paths, queries, upper case, a port that goes
 *   without saying, or a host that is none (CK-251). Different spellings of one origin would let a
 *   foreign server pass for ours, or ours for a foreign one.
 */
export function checkOrigin(origin: string): string {
  const { scheme, host, port } = ORIGIN.exec(origin)?.groups ?? {};
  if (host === undefined || origin.length > MAX_ORIGIN_BYTES) throw notAnOrigin("form");
  const goesWithoutSaying = scheme === "http" ? "80" : "443";
  if (port !== undefined && (port === goesWithoutSaying || Number(port) > 65_535)) {
    throw notAnOrigin("port");
  }
  if (!isHost(host)) throw notAnOrigin("host");
  return origin;
}

function notAnOrigin(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-251 not an origin: ${why}`);
}

function isHost(host: string): boolean {
  if (host.startsWith("[")) {
    const url = `http://${host}`;
    return URL.canParse(url) && new URL(url).hostname === host; // RFC 5952 is the URL's own spelling
  }
  const labels = host.split(".");
  // Not by `URL`: it reads 1.2.3, 0x7f and 127.1 as addresses too.
  if (labels.every((label) => /^[0-9]+$/.test(label))) {
    return labels.length === 4 && labels.every((label) => OCTET.test(label) && Number(label) < 256);
  }
  return labels.every((label) => LABEL.test(label));
}

/** Where to put envelopes for one device, and the key to seal them under. */
export type ContactAddress = Readonly<{
  /** The server's origin, as `checkOrigin` spells it. */
  origin: string;
  /** The device's mailbox. */
  mailbox: MailboxId;
  /** Shown to the server with each envelope. */
  capability: Capability;
  /** AES-256 key for `envelope.seal`; the server never sees it. */
  sealKey: SealKey;
}>;

/** Return the map that goes into sealed content. */
export function addressToCbor(address: ContactAddress): CborMap {
  return new Map<string, Value>([
    ["o", address.origin],
    ["m", address.mailbox],
    ["c", address.capability],
    ["s", address.sealKey],
  ]);
}

/**
 * Read the map of `addressToCbor`, strictly.
 *
 * @throws PeerError `MALFORMED`.
 */
export function addressFromCbor(value: Value): ContactAddress {
  const { o, m, c, s } = exactly(value, "o", "m", "c", "s");
  if (typeof o !== "string" || !isBytes(m) || !isBytes(c) || !isBytes(s)) {
    throw new PeerError(Code.MALFORMED, "CK-251 not a contact address");
  }
  return {
    origin: checkOrigin(o),
    mailbox: new MailboxId(m),
    capability: new Capability(c),
    sealKey: new SealKey(s),
  };
}

/**
 * Return the address if it lies on our own server.
 *
 * @throws PeerError `REFUSED`, it points elsewhere (CK-252). Sending to an origin that a contact
 *   chose would show that contact our IP address, and let it aim our requests at hosts of its
 *   choice. Until servers relay for one another, only our own is used.
 */
export function requireServer<A extends Readonly<{ origin: string }>>(
  address: A,
  ownOrigin: string,
): A {
  if (address.origin !== ownOrigin) {
    throw new PeerError(Code.REFUSED, "CK-252 address on another server");
  }
  return address;
}
