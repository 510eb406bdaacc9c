/**
 * Being found by one's exact handle, and asking for somebody by theirs (P2).
 *
 * An account is hidden until its owner says otherwise: until then the server answers for its handle
 * as for one that nobody has. One device receives such requests, the one on which `setFindable` was
 * called last: the server keeps one mailbox and one sealing key for a handle, and the private half
 * never leaves the device that made it.
 *
 * To whoever asks, a person, a hidden person and nobody at all are alike: the same look-up, the same
 * work, one envelope of the same size, no error that could tell, and then silence until a tap.
 *
 * Not for: deciding about requests (`first_contact.ts`).
 */

import { type Bytes, copy, equal } from "../core/bytes.ts";
import { step } from "../core/contact.ts";
import { encodeOuter } from "../core/content.ts";
import { Code, FatalError, PeerError, UnavailableError } from "../core/errors.ts";
import { isHandle } from "../core/handle.ts";
import {
  type HandleAddress,
  handleDestination,
  openRequest,
  pay,
  SEED_BYTES,
  sealingKeyOf,
} from "../core/handle_request.ts";
import { identityHash } from "../core/identity.ts";
import { RequestToken, random } from "../core/ids.ts";
import { REQUEST_BITS } from "../core/work.ts";
import { type Given, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import { allPending, forgetMade, Pending } from "./contact_records.ts";
import { makeRequest } from "./new_conversation.ts";
import type { Outbox } from "./outbox.ts";
import { choicesFrom } from "./server_data.ts";
import { PublicApi } from "./transport/api.ts";
import type { DeviceApi } from "./transport/device_api.ts";
import { Http } from "./transport/http.ts";
import { solveInSlices } from "./transport/work.ts";
import type { Reader, Unit } from "./unit.ts";

/** By our name for the address: the private sealing key. */
const SEED_KIND = "handle.seed";

/** Requests by handle, both ways. */
export class ByHandle {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #api: DeviceApi;

  /**
   * @param books What this device keeps.
   * @param outbox For our requests.
   * @param api To show or hide our handle.
   */
  constructor(books: Books, outbox: Outbox, api: DeviceApi) {
    this.#books = books;
    this.#outbox = outbox;
    this.#api = api;
  }

  // Asking

  /**
   * Ask whoever has this handle to become a contact.
   *
   * Asking again while the first request is pending repeats that request.
   *
   * @returns The request's token, for `FirstContact.answered`.
   * @throws PeerError MISTYPED, this is no whole handle; UNEXPECTED, it is our own.
   * @throws UnavailableError The server cannot be reached. Nothing was sent.
   */
  async ask(handle: string): Promise<RequestToken> {
    const books = this.#books;
    if (!isHandle(handle)) throw new PeerError(Code.MISTYPED, "not a whole handle");
    if (handle === books.profile.handle) {
      throw new PeerError(Code.UNEXPECTED, "this is our own handle");
    }
    const [address, bits] = await this.#lookUp(handle);
    const destined = handleDestination(address.mailbox, address.sealingKey);
    const { token, content } = await books.store.transaction(async (unit) => {
      const asked = this.#pending(unit, handle);
      const request = await makeRequest(unit, books, asked, destined);
      return { token: asked, content: encodeOuter(request) };
    });
    const paid = await pay(address, content, bits, solveInSlices);
    const row = await books.store.transaction((unit) => this.#outbox.putFixed(unit, address, paid));
    await this.#outbox.attempt();
    // CK-293: a refusal (the handle was hidden a moment ago) is not told: for a decoy there is none,
    // so it would say that there was somebody.
    if (this.#outbox.refused([row])) {
      await books.store.transaction((unit) => this.#outbox.drop(unit, [row]));
    }
    return token;
  }

  /** Note the request, or its renewal. */
  #pending(unit: Unit, handle: string): RequestToken {
    const books = this.#books;
    const before = allPending(unit).find((ours) => ours.handle === handle);
    if (before !== undefined) forgetMade(unit, before.state.token);
    const token = before?.state.token ?? random(RequestToken, books.rng);
    const own = identityHash(books.ownList(unit).identityKey);
    const now = books.now();
    const followed = { kind: "inviteFollowed", inviter: null, own, token, now } as const;
    const { state } = step({ kind: "stranger" }, followed);
    if (state.kind === "requested") new Pending(state, undefined, handle).save(unit);
    return token;
  }

  async #lookUp(handle: string): Promise<readonly [HandleAddress, bits: number]> {
    // CK-294: on a connection of its own. On the one that shows a contact's capability to a
    // sequencer or relay, the server would see which mailbox's contact looks for this handle.
    const http = new Http(this.#books.profile.origin, undefined, { named: true });
    try {
      return await new PublicApi(http).lookUp(handle);
    } finally {
      await http.close();
    }
  }

  // Being found

  /**
   * Let requests by our handle come to this device, or hide the handle of the account.
   *
   * Repeating it is harmless. Turned on here, it is off on any other device of ours.
   *
   * @throws UnavailableError The server cannot be reached; say it again. QUOTA, no capability is left
   *   until the pool is refilled.
   */
  async setFindable(findable: boolean): Promise<Bytes | undefined> {
    const books = this.#books;
    if (!findable) {
      const receipt = await this.#api.putRequestAddress(undefined, 0);
      await this.#forget();
      return receipt;
    }
    const given = await books.store.transaction((unit) => {
      const present = this.#given(unit);
      if (present !== undefined) return present;
      const made = books.addresses.mint(unit, Purpose.HANDLE, books.account);
      unit.put(SEED_KIND, made.name, books.rng(SEED_BYTES));
      return made;
    });
    await this.#api.putRequestAddress(await this.#address(given), REQUEST_BITS);
    return undefined;
  }

  /**
   * Say whether requests by our handle come to this device.
   *
   * The server is asked the way a stranger would ask. If it shows another address (another device of
   * ours took over, or hid the handle), what this device had is given up: strangers may still hold
   * it.
   *
   * @throws UnavailableError The server cannot be reached.
   */
  async findable(): Promise<boolean> {
    const given = this.#given(this.#books.store);
    if (given === undefined) return false;
    const [shown] = await this.#lookUp(this.#books.profile.handle);
    if (isSame(shown, await this.#address(given))) return true;
    // Hidden for as long as that lasts, and nobody took over.
    if (choicesFrom(await this.#api.accountData.settings()).restricted) return false;
    await this.#forget();
    return false;
  }

  async #forget(): Promise<void> {
    const { store, addresses, now } = this.#books;
    const isForgotten = await store.transaction((unit) => {
      const given = this.#given(unit);
      if (given === undefined) return false;
      unit.delete(SEED_KIND, given.name);
      addresses.revoke(unit, given, now());
      return true;
    });
    if (!isForgotten) return;
    // At once: until the capability dies, a stranger who looked it up earlier could take key packages
    // with it, for the server no longer knows that it was for strangers (CK-485).
    try {
      await addresses.flush(store, this.#api);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error; // housekeeping does it later
    }
  }

  #given(reader: Reader): Given | undefined {
    return this.#books.addresses.current(reader, Purpose.HANDLE, this.#books.account);
  }

  async #address(given: Given): Promise<HandleAddress> {
    const { origin, mailbox } = this.#books.profile;
    const sealingKey = await sealingKeyOf(seedOf(this.#books.store, given));
    return { origin, mailbox, capability: given.capability, sealingKey };
  }

  /**
   * Open an envelope that no seal key fits: perhaps a request by our handle.
   *
   * @returns The address it came over, and the content.
   * @throws PeerError As `openRequest`; DECRYPTION also while the handle is hidden.
   */
  async open(envelope: Bytes): Promise<Readonly<{ given: Given; content: Bytes }>> {
    const { store, profile } = this.#books;
    const given = this.#given(store);
    if (given === undefined) throw new PeerError(Code.DECRYPTION, "CK-290 our handle is hidden");
    const content = await openRequest(profile.mailbox, seedOf(store, given), envelope);
    return { given, content };
  }
}

/** Return what a request that came over this address must be signed for (CK-273). */
export async function destination(reader: Reader, books: Books, given: Given): Promise<Bytes> {
  const { mailbox } = books.profile;
  if (given.purpose !== Purpose.HANDLE) return copy(mailbox);
  return handleDestination(mailbox, await sealingKeyOf(seedOf(reader, given)));
}

function seedOf(reader: Reader, given: Given): Bytes {
  const seed = reader.get(SEED_KIND, given.name);
  if (seed === undefined) {
    throw new FatalError(Code.UNEXPECTED, "an address of our handle without its key");
  }
  return seed;
}

function isSame(one: HandleAddress, other: HandleAddress): boolean {
  return (
    one.origin === other.origin &&
    equal(one.mailbox, other.mailbox) &&
    equal(one.capability, other.capability) &&
    equal(one.sealingKey, other.sealingKey)
  );
}
