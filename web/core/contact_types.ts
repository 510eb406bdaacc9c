/**
 * States, events and effects of the contact machine (`contact.ts`).
 *
 * Times are unix seconds: these things outlive a process. What peers sent has been verified before
 * it becomes an event here: a `Person` is read from a signed device list.
 */

import { Code } from "./errors.ts";
import type { AccountId, Digest, IdentityKey, RequestToken } from "./ids.ts";

/** How often an invite link may be used. */
export const LinkUse = { SINGLE: "single", MULTI: "multi" } as const;

export type LinkUse = (typeof LinkUse)[keyof typeof LinkUse];

/** Why nothing came, or remained, of a contact. */
export const EndReason = {
  EXPIRED: "expired",
  WITHDRAWN: "withdrawn",
  DECLINED: "declined",
  REMOVED: "removed",
} as const;

export type EndReason = (typeof EndReason)[keyof typeof EndReason];

/** Who somebody is, as a verified device list shows it. */
export type Person = Readonly<{
  accountId: AccountId;
  /** What signed the list. */
  identityKey: IdentityKey;
  /** The list's version. */
  listVersion: number;
}>;

// States

/** Nothing has happened yet. */
export type Stranger = Readonly<{ kind: "stranger" }>;

/** A link of ours is out. */
export type Invited = Readonly<{ kind: "invited"; use: LinkUse; expiresAt: number }>;

/** We followed somebody's link, or asked for a handle, and wait for the answer. */
export type Requested = Readonly<{
  kind: "requested";
  /** `identityHash` that the link pinned; a handle pins nobody. */
  inviter: Digest | null;
  /** Our own, to settle who answers when both followed each other's link. */
  own: Digest;
  token: RequestToken;
  expiresAt: number;
}>;

/** Somebody followed our multi-use link, or asked for our handle, and waits for a tap. */
export type Asked = Readonly<{
  kind: "asked";
  person: Person;
  token: RequestToken;
  expiresAt: number;
}>;

/** A contact: the conversation exists or is being made. */
export type Accepted = Readonly<{
  kind: "accepted";
  person: Person;
  /** Of the request that made the conversation, to know a repeated one. */
  token: RequestToken;
}>;

/** The contact spoke under another identity key: nothing goes out until the person decides. */
export type Suspended = Readonly<{
  kind: "suspended";
  person: Person;
  offered: Person;
  token: RequestToken;
}>;

/** The person does not want to hear from them; `former` comes back on unblocking. */
export type Blocked = Readonly<{ kind: "blocked"; former: Asked | Accepted | Suspended }>;

/** Final. */
export type Ended = Readonly<{ kind: "ended"; reason: EndReason }>;

export type State = Stranger | Invited | Requested | Asked | Accepted | Suspended | Blocked | Ended;

// Events: what the person did

/** The person made a link. */
export type InviteCreated = Readonly<{ kind: "inviteCreated"; use: LinkUse; expiresAt: number }>;

/** The person took the link back. */
export type InviteWithdrawn = Readonly<{ kind: "inviteWithdrawn" }>;

/** The person opened somebody's link, which was whole and fresh, or asked for a handle. */
export type InviteFollowed = Readonly<{
  kind: "inviteFollowed";
  inviter: Digest | null;
  own: Digest;
  token: RequestToken;
  now: number;
}>;

/** The person tapped "accept". */
export type RequestApproved = Readonly<{ kind: "requestApproved" }>;

/** The person tapped "no". */
export type RequestDeclined = Readonly<{ kind: "requestDeclined" }>;

/** The person compared safety numbers and goes on with this very key. */
export type IdentityTrusted = Readonly<{ kind: "identityTrusted"; identityKey: IdentityKey }>;

/** The person blocked them. */
export type ContactBlocked = Readonly<{ kind: "contactBlocked" }>;

/** The person took that back. */
export type ContactUnblocked = Readonly<{ kind: "contactUnblocked" }>;

/** The person removed the contact, or gave up a request of their own. */
export type ContactRemoved = Readonly<{ kind: "contactRemoved" }>;

// Events: what peers did, verified

/** Somebody followed a link of ours or asked for our handle; the request is verified. */
export type RequestReceived = Readonly<{
  kind: "requestReceived";
  /** The requester. */
  person: Person;
  /** To go into the answer. */
  token: RequestToken;
  /** Requests that wait for a tap already, over the whole account. */
  waiting: number;
  /** Unix seconds. */
  now: number;
}>;

/** The answer to a request of ours, verified. */
export type AcceptReceived = Readonly<{
  kind: "acceptReceived";
  person: Person;
  token: RequestToken;
  now: number;
}>;

/** A verified device list came over this contact's own address or conversation. */
export type DevicesChanged = Readonly<{ kind: "devicesChanged"; person: Person }>;

/** The contact lost its state and asks to be added again, over its own address (P5). */
export type RejoinReceived = Readonly<{ kind: "rejoinReceived"; person: Person }>;

// Events: time

/** A deadline set earlier may have come. */
export type DeadlineReached = Readonly<{ kind: "deadlineReached"; now: number }>;

export type Event =
  | InviteCreated
  | InviteWithdrawn
  | InviteFollowed
  | RequestApproved
  | RequestDeclined
  | IdentityTrusted
  | ContactBlocked
  | ContactUnblocked
  | ContactRemoved
  | RequestReceived
  | AcceptReceived
  | DevicesChanged
  | RejoinReceived
  | DeadlineReached;

// Effects

/** Send `deadlineReached` at this time, also after a restart. */
export type SetDeadline = Readonly<{ kind: "setDeadline"; at: number }>;

/** Revoke the link's capability at the server: further requests are refused there. */
export type RevokeLink = Readonly<{ kind: "revokeLink" }>;

/** Send `contact.request` with this token to the link's address. */
export type SendRequest = Readonly<{ kind: "sendRequest"; token: RequestToken }>;

/** Start a machine of its own at `stranger` for this request and give it the same event. */
export type BeginContact = Readonly<{ kind: "beginContact"; person: Person; token: RequestToken }>;

/** Show the request; nothing goes back to the requester until a tap. */
export type AskPerson = Readonly<{ kind: "askPerson"; person: Person }>;

/** Make the group from the request's key packages and send `contact.accept`. */
export type CreateConversation = Readonly<{
  kind: "createConversation";
  person: Person;
  token: RequestToken;
}>;

/** Pin the identity and join the group by the Welcome in the answer. */
export type JoinConversation = Readonly<{ kind: "joinConversation"; person: Person }>;

/** Keep the newer device list, and drop addresses of devices that are not on it. */
export type RecordDevices = Readonly<{ kind: "recordDevices"; person: Person }>;

/** Tell the person in the conversation that the contact's devices changed. */
export type AnnounceDevices = Readonly<{ kind: "announceDevices"; person: Person }>;

/** Commit the Add of the rejoining devices and the removal of leaves off the list. */
export type ReaddDevices = Readonly<{ kind: "readdDevices"; person: Person }>;

/** Show both keys' safety numbers; hold everything that would go out to the contact. */
export type WarnIdentityChanged = Readonly<{ kind: "warnIdentityChanged"; offered: Person }>;

/** Replace the pinned identity by this one; a "compared" mark for the old one lapses. */
export type PinIdentity = Readonly<{ kind: "pinIdentity"; person: Person }>;

/** Feed what was held because of the identity change again. */
export type RetryHeld = Readonly<{ kind: "retryHeld" }>;

/** Revoke every capability this contact holds: it cannot put anything into our mailboxes. */
export type RevokeAddresses = Readonly<{ kind: "revokeAddresses" }>;

/** Give the contact fresh addresses (`contact.devices`). */
export type MintAddresses = Readonly<{ kind: "mintAddresses" }>;

/** Delete keys, addresses and record of this contact on this device and in the vault. */
export type ForgetContact = Readonly<{ kind: "forgetContact" }>;

/** A peer broke the rules or came too late; the state is unchanged and nothing is sent. */
export type Reject = Readonly<{ kind: "reject"; code: Code }>;

export type Effect =
  | SetDeadline
  | RevokeLink
  | SendRequest
  | BeginContact
  | AskPerson
  | CreateConversation
  | JoinConversation
  | RecordDevices
  | AnnounceDevices
  | ReaddDevices
  | WarnIdentityChanged
  | PinIdentity
  | RetryHeld
  | RevokeAddresses
  | MintAddresses
  | ForgetContact
  | Reject;

/** What `step` returns: persist `state`, then carry out `effects` in order. */
export type Step = Readonly<{ state: State; effects: readonly Effect[] }>;

/** Go on in this state. */
export function goOn(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

/** Refuse what a peer did. */
export function reject(state: State, code: Code = Code.UNEXPECTED): Step {
  return { state, effects: [{ kind: "reject", code }] };
}

/** Come to the end. */
export function end(reason: EndReason, ...effects: readonly Effect[]): Step {
  return { state: { kind: "ended", reason }, effects };
}
