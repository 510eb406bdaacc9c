/**
 * The seam between the session (identity, conversations, delivery) and the call service.
 *
 * `Session` (`session.ts`) implements `CallSeam`; the call service (`calls.ts`) is built on it and
 * knows nothing else of the client. Tests of the call service put a fake in its place.
 *
 * Not for applications: they use `Client` (`client.ts`).
 */

import type { ContactAddress } from "../core/address.ts";
import type { Bytes, Rng } from "../core/bytes.ts";
import type { Entry } from "../core/call_entry.ts";
import type { Inner } from "../core/content_inner.ts";
import type { Outer } from "../core/content_outer.ts";
import type { DeviceAddress, Media, Rules } from "../core/content_records.ts";
import type { Sibling } from "../core/content_self.ts";
import type { AccountId, CallId, DeviceId } from "../core/ids.ts";
import type { Bucket } from "../core/meter.ts";
import type { CredentialValidator, KeyPackageBundle } from "../core/mls/index.ts";
import type { OwnConsent } from "./consent_key.ts";

/** An MLS application message of a conversation, verified and decrypted. */
export type InnerReceived = Readonly<{
  kind: "inner";
  /** Whose conversation it came in. */
  contact: AccountId;
  /** The device that signed it; on its account's newest device list. */
  device: DeviceId;
  /** True if a sibling (another device of ours) sent it, false if the contact did. */
  own: boolean;
  /** The decoded content. */
  content: Inner;
  /** True if it came in the call class (at most 60 s old), false if durable. */
  live: boolean;
  /** The envelope it came in; undefined if it is handed on from the store. */
  envelope?: Bucket;
}>;

/** An opened envelope for a group that is no conversation: a call group. */
export type OuterReceived = Readonly<{
  /**
   * The account that was given the address it came in over; ours for siblings. Whoever holds the
   * address could have sent it, so this is a hint, never a proof.
   */
  contact: AccountId;
  /** `CallWelcome`, or `Mls` with the id of a group that is no conversation. */
  content: Outer;
  /** The envelope it came in. */
  envelope?: Bucket;
}>;

/** An application message of the self group, from another device of ours. */
export type SelfReceived = Readonly<{
  kind: "self";
  device: DeviceId;
  content: Sibling;
  /** The envelope it came in. */
  envelope?: Bucket;
}>;

/** TURN credentials (P12): memory only, good for `ttlS` seconds. */
export type TurnServer = Readonly<{
  urls: readonly string[];
  username: string;
  credential: string;
  ttlS: number;
}>;

/** What this device signs group membership with. Never printed, never leaves the device. */
export type KeyMaterial = Readonly<{
  account: AccountId;
  device: DeviceId;
  credential: Bytes;
  signaturePrivate: Bytes;
  validator: CredentialValidator;
}>;

export type InnerHandler = (received: InnerReceived) => Promise<void>;
export type OuterHandler = (received: OuterReceived) => Promise<void>;
export type SelfHandler = (received: SelfReceived) => Promise<void>;

/** Work in the session's scope. */
export type Spawned = Readonly<{
  /** Abort the signal that the work was given. */
  cancel: () => void;
  /** Ends when the work has ended; never rejects. */
  done: Promise<void>;
}>;

/** How one content is sent. */
export type Delivered = Readonly<{
  /**
   * Stored in the outbox first and resent until the server has it; the call returns once it is in
   * the outbox and one attempt was made. Otherwise live: one attempt, an error is thrown.
   */
  durable: boolean;
  /**
   * Called once what is sent live is on its way to every device, before the server has answered. What
   * is sent after that leaves after it.
   */
  onHanded?: () => void;
  /** Called with the size of each envelope as a connection takes it, while this program runs. */
  onLeft?: (size: number) => void;
}>;

/** What the call service may use of a session. */
export interface CallSeam {
  /** The source of random bytes. */
  readonly rng: Rng;
  /** Our account. */
  readonly account: AccountId;
  /** This device. */
  readonly device: DeviceId;

  /** Return this device's credential, with the newest list, and its signature key. */
  keyMaterial(): Promise<KeyMaterial>;
  /** Return the time in whole unix seconds. */
  now(): number;
  /** Return seconds that never go backwards. */
  monotonic(): number;
  /**
   * Return a fresh key package of this device for a call, kept by the caller in memory only.
   *
   * @param consent Our consent key of that call; it stands in the leaf.
   */
  newKeyPackage(consent: OwnConsent): Promise<KeyPackageBundle>;
  /**
   * Return as what a call of this contact may ring now; undefined: nothing rings.
   *
   * Only an accepted contact that is not blocked and has the same identity, and only as its rules
   * say (CK-370).
   *
   * @param media What it offers.
   * @param options.called We are calling it at this moment, or it goes on with a call after a reload.
   *   Then nothing rings, and its rules do not matter: the person has said that they want to talk.
   */
  mayRing(
    contact: AccountId,
    media: Media,
    options?: Readonly<{ called?: boolean }>,
  ): Media | undefined;
  /**
   * Return the contact's rules, for what they grant beyond ringing (CK-383, CK-384). Nothing is granted
   * to whoever may not ring at all.
   */
  granted(contact: AccountId): Rules;
  /** Say whether the contact has another identity key, and the person has not decided yet. */
  isChanged(contact: AccountId): boolean;
  /** Say whether the contact's safety number was compared, with the key it has now. */
  isVerified(contact: AccountId): boolean;
  /**
   * Keep a call that is over in the history, as far as the person wants one kept; never rejects.
   *
   * @param goesOn The call that it went on with, after a program or page had ended.
   */
  noteCall(entry: Entry, goesOn: CallId | null): Promise<void>;
  /** Say whether those we call in vain are told (`Settings.trace`). */
  tellsMissed(): boolean;
  /** Return the contact's name as the person sees it. */
  contactName(contact: AccountId): string;
  /** Return the addresses of the contact's devices that are on its newest list, in their order. */
  contactDevices(contact: AccountId): Promise<readonly DeviceAddress[]>;
  /** Return the addresses of our other devices, in their order. */
  siblingDevices(): Promise<readonly DeviceAddress[]>;

  /**
   * Send one MLS message in the conversation to every device of the contact.
   *
   * @throws AuthorizationError IDENTITY_CHANGED until the person decided; REFUSED if no device of
   *   the contact can be reached any more.
   * @throws UnavailableError UNAVAILABLE or QUOTA (live only).
   */
  sendInner(
    contact: AccountId,
    content: Inner,
    options: Delivered & Readonly<{ toSiblings?: boolean }>,
  ): Promise<void>;
  /** Seal one content for one device and send it. Throws as `sendInner`. */
  sendOuter(address: ContactAddress, content: Outer, options: Delivered): Promise<void>;
  /** Send one message to all our other devices; nothing happens when there are none. */
  sendSelf(content: Sibling, options: Delivered): Promise<void>;

  /**
   * Fetch TURN credentials, without account credentials, presenting this address.
   *
   * @throws UnavailableError NO_RELAY if the server has none, UNAVAILABLE, QUOTA.
   * @throws AuthorizationError REFUSED.
   */
  turn(address: ContactAddress): Promise<TurnServer>;
  /** Return an address of this device itself, to present when asking for TURN. */
  ownTurnAddress(): Promise<ContactAddress>;

  /** Register who gets `call.*` contents. Durable ones come at least once. */
  onInner(handler: InnerHandler): void;
  /** Register who gets envelopes of call groups. */
  onUnknownGroup(handler: OuterHandler): void;
  /** Register who gets what calls need of the self group. */
  onSelf(handler: SelfHandler): void;
  /** Register who is told when the receiving socket comes (true) and goes (false). */
  onConnection(handler: (connected: boolean) => void): void;
  /**
   * Something suggests that the connections to the server are dead, such as media that fell silent:
   * make new ones. `onConnection` hears of it only if that takes long.
   */
  doubtConnections(): void;
  /** Register who is told, once it is on disk, that something about a contact was written. */
  onContact(handler: (contact: AccountId) => void): void;
  /** Run work in the session's scope: its signal is aborted, and it is awaited, on close. */
  spawn(work: (signal: AbortSignal) => Promise<void>): Spawned;
}
