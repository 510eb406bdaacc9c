/**
 * Invite links (protocol.md P2, docs/protocol/contact.md).
 *
 *     ORIGIN/i#BASE64URL(deterministic CBOR)
 *
 * The secrets are in the fragment, which browsers do not send to the server. The link holds what a
 * stranger needs to put one request into the inviter's mailbox, and the hash that pins whose
 * identity must answer. It holds no name: a link that goes astray says nothing about anybody.
 *
 * A pairing link (`/d#`) is what a new device shows to be linked by an existing one.
 */

import { type ContactAddress, checkOrigin } from "./address.ts";
import * as base64url from "./base64url.ts";
import { equal } from "./bytes.ts";
import {
  type CborMap,
  decodeVersioned,
  type Encodable,
  encode,
  exactly,
  isBytes,
  type Value,
} from "./cbor.ts";
import { Code, PeerError } from "./errors.ts";
import { identityHash } from "./identity.ts";
import { Capability, Digest, type IdentityKey, MailboxId, SealKey } from "./ids.ts";

/** Seconds an invite is good for unless told otherwise. Longer is handier and leaks for longer. */
export const LIFETIME_S = 7 * 86_400;
export const MAX_LIFETIME_S = 30 * 86_400;
export const MAX_LINK_CHARS = 1024;

const MARK = "/i#";
const PAIR_MARK = "/d#";
const MAX_TIME = 2 ** 40;

/** What an invite link holds. */
export type Invite = Readonly<{
  /** The inviter's request mailbox with a capability and seal key made for this link. */
  address: ContactAddress;
  /** `identityHash` of the inviter's account identity key. */
  inviter: Digest;
  /** Unix seconds after which the inviter drops requests. */
  expiresAt: number;
}>;

/** What a new device shows to be linked by an existing one (P3). */
export type PairingLink = Readonly<{
  /** The new device's mailbox, with a capability and seal key made for this pairing. */
  address: ContactAddress;
  /** SHA-256 of the new device's MLS signature key. */
  deviceKeyHash: Digest;
}>;

/** Return the link to show, send or print as a QR code. */
export function inviteToLink({ address, inviter, expiresAt }: Invite): string {
  return toLink(MARK, address, { h: inviter, e: expiresAt });
}

/**
 * Read an invite link, with white space around it forgiven.
 *
 * @throws PeerError `MISTYPED`, it is not a whole invite link (CK-268).
 */
export function inviteFromLink(link: string): Invite {
  const { address, fields } = fromLink(MARK, link, "h", "e");
  const { h, e } = fields;
  if (!isBytes(h) || typeof e !== "number" || e < 0 || e > MAX_TIME) throw mistyped("fields");
  return { address, inviter: digest(h), expiresAt: e };
}

/** Return the link that the new device shows as a QR code. */
export function pairingToLink({ address, deviceKeyHash }: PairingLink): string {
  return toLink(PAIR_MARK, address, { h: deviceKeyHash });
}

/**
 * Read a pairing link, with white space around it forgiven.
 *
 * @throws PeerError `MISTYPED`, it is not a whole pairing link (CK-268).
 */
export function pairingFromLink(link: string): PairingLink {
  const { address, fields } = fromLink(PAIR_MARK, link, "h");
  if (!isBytes(fields.h)) throw mistyped("fields");
  return { address, deviceKeyHash: digest(fields.h) };
}

/**
 * Return the invite if it has not expired.
 *
 * @param now Unix seconds.
 * @throws PeerError `EXPIRED` (CK-269).
 */
export function requireFresh(invite: Invite, now: number): Invite {
  if (now >= invite.expiresAt) throw new PeerError(Code.EXPIRED, "CK-269 the invite has expired");
  return invite;
}

/**
 * Require the identity that the link pinned.
 *
 * @throws PeerError `IDENTITY_CHANGED` (CK-270): whoever answers is not who made the link. This is
 *   all that stands between a first contact and a server that answers in the middle.
 */
export function checkInviter(invite: Invite, identityKey: IdentityKey): void {
  if (!equal(identityHash(identityKey), invite.inviter)) {
    throw new PeerError(Code.IDENTITY_CHANGED, "CK-270 another identity than the link pinned");
  }
}

function toLink(
  mark: string,
  address: ContactAddress,
  fields: Readonly<Record<string, Encodable>>,
): string {
  const { origin, mailbox, capability, sealKey } = address;
  const body = encode({ v: 1, m: mailbox, c: capability, s: sealKey, ...fields });
  return `${origin}${mark}${base64url.encode(body)}`;
}

type Parts<N extends string> = Readonly<{
  address: ContactAddress;
  fields: Readonly<Partial<Record<N, Value>>>;
}>;

function fromLink<N extends string>(mark: string, link: string, ...names: N[]): Parts<N> {
  const whole = link.trim();
  const at = whole.indexOf(mark);
  if (at < 0 || link.length > MAX_LINK_CHARS) throw mistyped("form");
  try {
    const body = decodeVersioned(base64url.decode(whole.slice(at + mark.length)));
    const address = addressOf(whole.slice(0, at), body);
    return { address, fields: exactly<N | "m" | "c" | "s">(body, "m", "c", "s", ...names) };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    // A person pasted this: cut off, wrapped by a mail program, or from something else entirely.
    throw mistyped(error.detail);
  }
}

function addressOf(origin: string, body: CborMap): ContactAddress {
  const [m, c, s] = [body.get("m"), body.get("c"), body.get("s")];
  if (!isBytes(m) || !isBytes(c) || !isBytes(s)) throw mistyped("fields");
  return {
    origin: checkOrigin(origin),
    mailbox: new MailboxId(m),
    capability: new Capability(c),
    sealKey: new SealKey(s),
  };
}

function digest(value: Uint8Array): Digest {
  if (value.length !== Digest.LENGTH) throw mistyped("hash");
  return new Digest(value);
}

function mistyped(why: string): PeerError {
  return new PeerError(Code.MISTYPED, `CK-268 not a whole link: ${why}`);
}
