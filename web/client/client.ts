/**
 * The client: one device of one account, for pages (twin of `src/visavis/sdk/client.py`).
 *
 *     const client = await Client.open({ profile: "default" });
 *     const stop = client.subscribe((topic) => render(topic));
 *     await client.sendMessage(client.findContact("bob"), "Hello");
 *
 * A profile is one IndexedDB database, and one page at a time has it. What it shows it takes from
 * snapshots (`contacts()`, `history(contact)`, `notices()`, `requests()`, `connection`): they
 * are synchronous, and stay the same object until their topic is told to the subscribers. Every
 * call is end-to-end encrypted; there is no setting that turns it off. Errors are
 * `VisavisError`s; their `describe()` is the sentence for the person.
 *
 * Not for: how a profile comes to be (`client_entry.ts`); calls (`client_calling.ts`), whose code is loaded
 * when it is asked for.
 */

import type { Rules } from "../core/contact_rules.ts";
import { Standing } from "../core/content_records.ts";
import type { SafetyNumber } from "../core/safety_number.ts";
import type { Proof } from "./account.ts";
import { Calling } from "./client_calling.ts";
import {
  type Entered,
  enterByLogin,
  enterByOpening,
  enterByPasskey,
  enterBySignup,
  type LoginOptions,
  type OpenOptions,
  type PasskeyLoginOptions,
  type SignupOptions,
} from "./client_entry.ts";
import { changePassword, type Device, listDevices, revoke } from "./devices.ts";
import { removeProfile } from "./enrol.ts";
import { keepIdentity, safetyNumberWith } from "./knowing.ts";
import type { Moved, Moving } from "./move.ts";
import { approve, type Confirm } from "./pairing.ts";
import type { Push, Subscriber } from "./push.ts";
import type { Contact } from "./snapshots.ts";
import { type Platform, Store } from "./store.ts";
import { Uses } from "./uses.ts";
import type { YourData } from "./your_data.ts";

export type { Proof } from "./account.ts";
export type { AwaitedContact } from "./awaited.ts";
export type { CallLinkOptions, ShownLink } from "./call_links.ts";
export type {
  LoginOptions,
  OpenOptions,
  PasskeyLoginOptions,
  SignupOptions,
} from "./client_entry.ts";
export type { GroupInvitation, Member, PeopleGroup } from "./client_groups.ts";
export type { Diagnostics, InviteOptions, WaitOptions } from "./client_options.ts";
export type { Waiting } from "./contact_records.ts";
export type { Device } from "./devices.ts";
export type { FileOptions, FileProgress, PreparedFile, SendFileOptions } from "./files.ts";
export { type CallFacts, type Message, MessageKind, type Notice, NoticeKind } from "./history.ts";
export type { Moved, MoveFile, Moving } from "./move.ts";
export type { Confirm } from "./pairing.ts";
export type { Connection, Contact, Topic } from "./snapshots.ts";
export type { Passkey, WaysIn } from "./ways_in.ts";
export type { YourData } from "./your_data.ts";

/** One device at work; made by `signup`, `login` or `open`. */
export class Client extends Calling {
  readonly #recovery: string | undefined;
  /** When this device's camera and microphone were used. */
  readonly uses: Uses;
  #closing: Promise<void> | undefined;

  private constructor(entered: Entered) {
    super(entered);
    this.#recovery = entered.recovery?.toText();
    this.uses = new Uses(entered.session.books);
  }

  // Making a profile and opening it

  /** Say whether there is a profile of this name, and whether it needs its passphrase ("locked"). */
  static async profileState(
    profile: string,
    platform: Platform = {},
  ): Promise<"none" | "open" | "locked"> {
    if (!(await Store.exists(profile, platform))) return "none";
    return (await Store.asksForPassphrase(profile, platform)) ? "locked" : "open";
  }

  /** Remove a profile from this browser, with all it holds. It must not be open. */
  static async removeProfile(profile: string, platform: Platform = {}): Promise<void> {
    await removeProfile(profile, platform.databases);
  }

  /**
   * Make an account, with this browser as its first device.
   *
   * @returns The client; `recoveryCode` holds the code to show to the person, this once.
   * @throws AuthorizationError SIGNUP_LINK, WEAK_PASSWORD, STORE_LOCKED (the profile is in use);
   *   with a passkey PASSKEY_NO_KEY, PASSKEY_CANCELLED.
   * @throws UnavailableError The server cannot be reached. Nothing was made.
   */
  static async signup(options: SignupOptions): Promise<Client> {
    return new Client(await enterBySignup(options));
  }

  /**
   * Go on at another server with what a file of `moving().out` held (`readFile` of `move.ts`).
   *
   * As `signup`: all that the file holds is here before the server learns of the account, or nothing.
   */
  static async moveIn(options: SignupOptions, moved: Moved): Promise<Client> {
    const { Arriving } = await import("./move.ts");
    return new Client(await enterBySignup(options, await Arriving.of(moved)));
  }

  /**
   * Make this browser another device of an account.
   *
   * Either with the recovery code, or by pairing: `onPairing` is given a link to show as text and as
   * QR code, which another device approves (`approveDevice`); `onDigits` six digits to compare.
   *
   * @throws AuthorizationError LOGIN_FAILED, STORE_LOCKED, WEAK_PASSWORD, TOO_MANY_DEVICES.
   * @throws PeerError MISTYPED; DECRYPTION, BAD_SIGNATURE or ROLLED_BACK if the server altered the
   *   account.
   * @throws UnavailableError The server cannot be reached; NO_ANSWER, no device approved.
   */
  static async login(options: LoginOptions): Promise<Client> {
    return new Client(await enterByLogin(options));
  }

  /**
   * Make this browser another device of the account that a passkey opens; the passkey knows which.
   *
   * As with the recovery code no other device has to help; all of them are told.
   *
   * @throws AuthorizationError PASSKEY_REFUSED, PASSKEY_NO_KEY, PASSKEY_CANCELLED, STORE_LOCKED,
   *   TOO_MANY_DEVICES.
   * @throws PeerError and UnavailableError as `login`.
   */
  static async loginWithPasskey(options: PasskeyLoginOptions): Promise<Client> {
    return new Client(await enterByPasskey(options));
  }

  /**
   * Open a profile. The server need not be there.
   *
   * @throws AuthorizationError STORE_LOCKED, the passphrase is wrong or there is no profile.
   * @throws UnavailableError STORE_BUSY, another page has the profile.
   */
  static async open(options: OpenOptions): Promise<Client> {
    return new Client(await enterByOpening(options));
  }

  /** End calls, connections and tasks, and lock the profile. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.endCalls();
    this.snapshots.close();
    await this.session.close();
  }

  // Who we are

  /** The recovery code, right after `signup` only: it is kept nowhere. */
  get recoveryCode(): string | undefined {
    return this.#recovery;
  }

  // Receiving

  /**
   * Receive and process all that is waiting, and send all that can be sent.
   *
   * @throws UnavailableError The server cannot be reached; nothing is lost.
   * @throws AuthorizationError SHUT_OUT, our account has shut this device out: what it held is
   *   erased. REFUSED, the server says that there is no such device.
   */
  async sync(timeoutS = 30): Promise<void> {
    await this.session.sync(timeoutS);
  }

  // Contacts

  /** Return the safety number with a contact: digits, and what a QR code of it says. */
  async safetyNumber(contact: Contact): Promise<SafetyNumber> {
    return safetyNumberWith(this.session, contact.account);
  }

  /** Note that the safety number was compared and is the same, or take that back. */
  async setVerified(contact: Contact, verified: boolean): Promise<void> {
    await this.session.decisions.setVerified(contact.account, verified);
  }

  /**
   * Compare what the QR code on a contact's screen says; if it is the same, note that.
   *
   * @throws PeerError MALFORMED, it is no such text; IDENTITY_CHANGED, it is one and does not match
   *   (CK-278). Nothing was changed.
   */
  async verifyByText(contact: Contact, text: string): Promise<void> {
    await this.session.decisions.verifyByText(contact.account, text);
  }

  /**
   * Say which calls of a contact ring, and when; our other devices do the same.
   *
   * To the caller a call that may not ring is one that nobody answers. It stands in the history as a
   * missed call.
   *
   * @throws UsageError The rules are out of bounds.
   */
  async setRules(contact: Contact, rules: Rules): Promise<void> {
    await this.session.decisions.setRules(contact.account, rules);
  }

  /**
   * Block a contact: what it holds of ours is refused, by all our devices.
   *
   * What is under way with them ends. They can learn that they are refused, as anybody is whose
   * address of ours was replaced, and not why.
   */
  async block(contact: Contact): Promise<void> {
    await this.leaveCallWith(contact);
    await this.session.decisions.setStanding(contact.account, Standing.BLOCKED);
  }

  /**
   * Unblock a contact: fresh addresses of ours are announced in the conversation.
   *
   * @returns The contact as it stands now. "rejoining": this device came to the account while they
   *   were blocked, and another device of ours or of theirs has to let it in. If none does, or if
   *   they replaced their own address meanwhile, only a new invite brings the two together; it goes
   *   on with the same thread.
   */
  async unblock(contact: Contact): Promise<Contact> {
    await this.session.decisions.setStanding(contact.account, Standing.CONTACT);
    this.session.outbox.kick();
    return this.snapshots.contact(contact.account);
  }

  /** Go on with the key we know, after an identity change was shown and found to be false. */
  async keepIdentity(contact: Contact): Promise<void> {
    await keepIdentity(this.session, contact.account);
  }

  /**
   * Remove a contact: keys and addresses go, and what it holds of ours is refused.
   *
   * After an identity change that is real, this and a new invite is the way on.
   */
  async forgetContact(contact: Contact): Promise<void> {
    await this.session.forgetContact(contact.account);
  }

  // Messages

  /**
   * Send a text message: kept here, and resent until the server has it.
   *
   * @throws AuthorizationError IDENTITY_CHANGED, the person has to decide first; REFUSED.
   * @throws UnavailableError We wait to be let into the conversation again.
   */
  async sendMessage(contact: Contact, text: string): Promise<void> {
    await this.session.conversations.sendText(contact.account, text);
  }

  // What is loaded when it is asked for

  /** Return what rings this device while no page is open; its code is loaded with the first ask. */
  async push(browser: Subscriber): Promise<Push> {
    return new (await import("./push.ts")).Push(this.session.deviceApi, browser);
  }

  /** Return what can be done about our data; its code is loaded with the first ask. */
  async yourData(): Promise<YourData> {
    return new (await import("./your_data.ts")).YourData(this.session);
  }

  /** Return what a person does who goes to another server; its code is loaded with the first ask. */
  async moving(): Promise<Moving> {
    return new (await import("./move.ts")).Moving(this.session);
  }

  // Devices and password

  /** Return the account's devices; throws UnavailableError. Topic "devices" says to ask again. */
  async devices(): Promise<readonly Device[]> {
    return await listDevices(this.session);
  }

  /** Let a new device in; `confirm` is asked with six digits, `signal` gives up. Returns its short id. */
  async approveDevice(link: string, confirm: Confirm, signal?: AbortSignal): Promise<string> {
    return await approve(this.session, link, confirm, signal);
  }

  /**
   * Shut a device out, everywhere.
   *
   * @param proof The password, or a passkey of the account.
   * @throws AuthorizationError LOGIN_FAILED, PASSKEY_REFUSED; UNKNOWN_DEVICE, also for this one.
   */
  async revoke(device: Device | string, proof: Proof): Promise<void> {
    const shortId = typeof device === "string" ? device : device.shortId;
    await revoke(this.session, shortId, proof);
  }

  /**
   * Change the account's password, or set one. The recovery code stays, and so does the passphrase of this
   * profile, if it has one.
   *
   * @param proof The old one, or a passkey of the account.
   * @throws AuthorizationError LOGIN_FAILED, the old one is wrong; PASSKEY_REFUSED; WEAK_PASSWORD.
   */
  async changePassword(proof: Proof, fresh: string): Promise<void> {
    await changePassword(this.session, proof, fresh);
  }

  /** Lock this profile with a passphrase from now on; with undefined, no longer. */
  async setPassphrase(passphrase: string | undefined): Promise<void> {
    await this.session.store.setPassphrase(passphrase);
  }
}
