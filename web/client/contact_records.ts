/**
 * What the store keeps of first contacts: links of ours, requests of ours, requests that wait.
 *
 * One kind of row each, by invite id, request token and account. Not for contacts themselves: those
 * are in `contact_book.ts`.
 */

import { type Bytes, concat, copy, equal } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import * as c from "../core/contact_types.ts";
import { decodeOuter, encodeOuter } from "../core/content.ts";
import type { ContactRequest } from "../core/content_outer.ts";
import type { DeviceList } from "../core/device_list.ts";
import { Code, FatalError, PeerError } from "../core/errors.ts";
import { AccountId, Digest, IdentityKey, RequestToken } from "../core/ids.ts";
import { type Invite, inviteFromLink, inviteToLink } from "../core/invite.ts";
import type { Reader, Unit } from "./unit.ts";

export const LINK_KIND = "link";
export const REQUEST_KIND = "request";
export const ASKED_KIND = "asked";
/** By account: the token of the request that made the conversation. */
export const ACCEPTED_KIND = "accepted";
/** Token of a request of ours || account whose conversation we made while it was pending. */
const MADE_KIND = "made";

const USES: readonly string[] = Object.values(c.LinkUse);

/** Somebody who followed our multi-use link, or asked for our handle, and waits for a tap. */
export type Waiting = Readonly<{
  /** Their account. */
  account: AccountId;
  /** What they call themselves; nobody vouches for it. */
  name: string;
  /** `identityHash` of their identity key. */
  safetyHint: Digest;
  /** They asked by handle, not over a link of ours. */
  byHandle: boolean;
  /** The name of the contact of before our move whose account and key they have; "" if none. */
  was: string;
}>;

/** A request of ours that waits for its answer. */
export class Pending {
  /** Of its machine. */
  readonly state: c.Requested;
  /** The link that was followed; undefined if we asked by handle. */
  readonly invite: Invite | undefined;
  /** The handle that was asked for, "" for a link. */
  readonly handle: string;

  constructor(state: c.Requested, invite: Invite | undefined, handle = "") {
    this.state = state;
    this.invite = invite;
    this.handle = handle;
  }

  /** Write it. */
  save(unit: Unit): void {
    const { own, expiresAt, token } = this.state;
    const link = this.invite === undefined ? "" : inviteToLink(this.invite);
    unit.put(REQUEST_KIND, copy(token), encode([link, own, expiresAt, token, this.handle]));
  }
}

/** A request that waits for a tap: its machine's state, what was asked, and how it came. */
export class Asked {
  readonly state: c.Asked;
  readonly request: ContactRequest;
  readonly byHandle: boolean;
  /** Ours when it came by handle, for the answer (CK-289); "" for a link. */
  readonly handle: string;

  constructor(state: c.Asked, request: ContactRequest, byHandle: boolean, handle: string) {
    this.state = state;
    this.request = request;
    this.byHandle = byHandle;
    this.handle = handle;
  }

  /** Write it, with who asks: so it is read without another look at the list's signature. */
  save(unit: Unit): void {
    const { person, expiresAt } = this.state;
    const { accountId, identityKey, listVersion } = person;
    const who = [identityKey, listVersion];
    const value = [encodeOuter(this.request), expiresAt, this.byHandle, who, this.handle];
    unit.put(ASKED_KIND, copy(accountId), encode(value));
  }
}

/** Return who a verified device list shows. */
export function personOf(deviceList: DeviceList): c.Person {
  const { accountId, identityKey, version } = deviceList;
  return { accountId, identityKey, listVersion: version };
}

/**
 * Raise what the machine rejected, if it did.
 *
 * @throws PeerError With the machine's code.
 */
export function raiseRejection(done: c.Step): void {
  for (const effect of done.effects) {
    if (effect.kind === "reject") {
      throw new PeerError(effect.code, "the contact machine refused it");
    }
  }
}

/**
 * Read a link of ours.
 *
 * @throws FatalError MALFORMED.
 */
export function linkOf(data: Bytes): c.Invited {
  const value = decode(data);
  const [use, expiresAt] = isList(value) && value.length === 2 ? value : [];
  if (!isLinkUse(use) || typeof expiresAt !== "number") {
    throw new FatalError(Code.MALFORMED, "an invite of the store cannot be read");
  }
  return { kind: "invited", use, expiresAt };
}

function isLinkUse(value: unknown): value is c.LinkUse {
  return typeof value === "string" && USES.includes(value);
}

/** Write a link of ours. */
export function saveLink(unit: Unit, inviteId: Uint8Array, state: c.State): void {
  if (state.kind === "invited") {
    unit.put(LINK_KIND, copy(inviteId), encode([state.use, state.expiresAt]));
  }
}

/** Return the request of ours with this token, or undefined. */
export function pending(reader: Reader, token: Uint8Array): Pending | undefined {
  const data = reader.get(REQUEST_KIND, copy(token));
  return data === undefined ? undefined : pendingOf(data);
}

/** Return all requests of ours that wait for an answer. */
export function allPending(reader: Reader): Pending[] {
  return reader.items(REQUEST_KIND).map(([, data]) => pendingOf(data));
}

function pendingOf(data: Bytes): Pending {
  const value = decode(data);
  const [link, own, expiresAt, token, handle] = isList(value) && value.length === 5 ? value : [];
  if (
    typeof link !== "string" ||
    !isBytes(own) ||
    typeof expiresAt !== "number" ||
    !isBytes(token) ||
    typeof handle !== "string"
  ) {
    throw new FatalError(Code.MALFORMED, "a request of the store cannot be read");
  }
  const invite = link === "" ? undefined : inviteFromLink(link);
  const state: c.Requested = {
    kind: "requested",
    inviter: invite?.inviter ?? null,
    own: new Digest(own),
    token: new RequestToken(token),
    expiresAt,
  };
  return new Pending(state, invite, handle);
}

/** Delete a request of ours. */
export function endPending(unit: Unit, token: RequestToken): void {
  unit.delete(REQUEST_KIND, copy(token));
  forgetMade(unit, token);
}

/** Note that we made this account's conversation while requests of ours were pending. */
export function noteMade(unit: Unit, account: AccountId): void {
  for (const ours of allPending(unit)) {
    unit.put(MADE_KIND, concat(ours.state.token, account), new Uint8Array());
  }
}

/** Say whether we made this account's conversation since our request was sent. */
export function madeMeanwhile(reader: Reader, token: RequestToken, account: AccountId): boolean {
  return reader.get(MADE_KIND, concat(token, account)) !== undefined;
}

/** Forget what was made since a request of ours was sent: it is over, or is sent anew. */
export function forgetMade(unit: Unit, token: RequestToken): void {
  for (const [key] of unit.items(MADE_KIND)) {
    if (equal(key.subarray(0, token.length), token)) unit.delete(MADE_KIND, key);
  }
}

/** Return the request of this account that waits, or undefined. */
export function asked(reader: Reader, account: Uint8Array): Asked | undefined {
  const data = reader.get(ASKED_KIND, copy(account));
  return data === undefined ? undefined : askedOf(new AccountId(account), data);
}

/** Return all requests that wait for a tap. */
export function allAsked(reader: Reader): Asked[] {
  return reader.items(ASKED_KIND).map(([key, data]) => askedOf(new AccountId(key), data));
}

function askedOf(accountId: AccountId, data: Bytes): Asked {
  const value = decode(data);
  // Those written before a handle could be changed have one field less.
  const fields = isList(value) && (value.length === 4 || value.length === 5) ? value : [];
  const [encoded, expiresAt, byHandle, who, handle = ""] = fields;
  const [identityKey, listVersion] = isList(who) && who.length === 2 ? who : [];
  const request = isBytes(encoded) ? decodeOuter(encoded) : undefined;
  if (
    request?.kind !== "contact.request" ||
    typeof expiresAt !== "number" ||
    typeof byHandle !== "boolean" ||
    !isBytes(identityKey) ||
    typeof listVersion !== "number" ||
    typeof handle !== "string"
  ) {
    throw new FatalError(Code.MALFORMED, "a waiting request of the store cannot be read");
  }
  const person = { accountId, identityKey: new IdentityKey(identityKey), listVersion };
  const state: c.Asked = { kind: "asked", person, token: request.token, expiresAt };
  return new Asked(state, request, byHandle, handle);
}
