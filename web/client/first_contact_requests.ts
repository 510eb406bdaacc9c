/**
 * Requests that come over our links, or by our handle: second half of `first_contact.ts`.
 *
 * Towards a requester every refusal is silence. Each request is judged and carried out in one unit
 * of work: of two that come at the same moment, the second sees what the first has changed.
 */

import { requireServer } from "../core/address.ts";
import { type Bytes, copy, equal } from "../core/bytes.ts";
import { step } from "../core/contact.ts";
import { LinkUse, type RequestReceived, type State } from "../core/contact_types.ts";
import type { ContactRequest } from "../core/content_outer.ts";
import { verifyRequest } from "../core/content_signed.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { AuthorizationError, Code, PeerError } from "../core/errors.ts";
import { identityHash } from "../core/identity.ts";
import { type AccountId, RequestToken } from "../core/ids.ts";
import { type Given, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import { destination } from "./by_handle.ts";
import { ContactBook } from "./contact_book.ts";
import type { Waiting } from "./contact_records.ts";
import * as records from "./contact_records.ts";
import { NoticeKind } from "./history.ts";
import type { NewConversations } from "./new_conversation.ts";
import type { Outbox } from "./outbox.ts";
import { Profile } from "./profile.ts";
import type { Reader, Unit } from "./unit.ts";

const STRANGER = { kind: "stranger" } as const;

type How = Readonly<{ byHandle: boolean }>;

/** What others ask of us. */
export class IncomingRequests {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #conversations: NewConversations;
  readonly #resolve: (token: RequestToken, account: AccountId) => void;

  /**
   * @param resolve Told, once it is on disk, that a request of ours was answered by another's.
   */
  constructor(
    books: Books,
    outbox: Outbox,
    conversations: NewConversations,
    resolve: (token: RequestToken, account: AccountId) => void,
  ) {
    this.#books = books;
    this.#outbox = outbox;
    this.#conversations = conversations;
    this.#resolve = resolve;
  }

  /**
   * Take a request over one of our links, or by our handle.
   *
   * @throws PeerError It is refused; nothing goes back to the requester.
   */
  async receive(given: Given, request: ContactRequest): Promise<void> {
    const books = this.#books;
    if (given.purpose !== Purpose.INVITE && given.purpose !== Purpose.HANDLE) {
      throw new PeerError(Code.UNEXPECTED, "CK-581: a request over no invite");
    }
    await books.store.transaction(async (unit) => {
      const offered = await verifyRequest(request, await destination(unit, books, given));
      if (equal(offered.accountId, books.account)) {
        throw new PeerError(Code.UNEXPECTED, "a request of our own account");
      }
      books.awaited.require(unit, offered);
      for (const { address } of request.devices) requireServer(address, books.profile.origin);
      await this.#judge(unit, given, request, offered);
      unit.after(() => this.#outbox.kick());
    });
  }

  async #judge(
    unit: Unit,
    given: Given,
    request: ContactRequest,
    offered: DeviceList,
  ): Promise<void> {
    const event: RequestReceived = {
      kind: "requestReceived",
      person: records.personOf(offered),
      token: request.token,
      waiting: unit.count(records.ASKED_KIND),
      now: this.#books.now(),
    };
    const byHandle = given.purpose === Purpose.HANDLE;
    const state = byHandle
      ? this.#machineByHandle(unit, offered, event)
      : this.#machine(unit, given, offered, request);
    const done = step(state, event);
    records.raiseRejection(done);
    for (const effect of done.effects) {
      switch (effect.kind) {
        case "revokeLink":
          endLink(unit, this.#books, given.subject);
          break;
        case "beginContact": {
          const begun = step(STRANGER, event);
          records.raiseRejection(begun);
          this.#ask(unit, request, begun.state, { byHandle });
          break;
        }
        case "createConversation":
          await this.#conversations.create(unit, offered, request, { byHandle });
          break;
        default:
          break;
      }
    }
    if (done.state.kind === "asked") this.#ask(unit, request, done.state, { byHandle });
    if (done.state.kind === "accepted" && !byHandle) {
      this.#spendSingleUse(unit, given);
      this.#endCrossed(unit, offered);
    }
  }

  /** End a single-use link that a contact came back by (CK-282). */
  #spendSingleUse(unit: Unit, given: Given): void {
    const data = unit.get(records.LINK_KIND, given.subject);
    if (data !== undefined && records.linkOf(data).use === LinkUse.SINGLE) {
      endLink(unit, this.#books, given.subject);
    }
  }

  /** End our own requests to somebody whose request we have just accepted. */
  #endCrossed(unit: Unit, offered: DeviceList): void {
    const hashed = identityHash(offered.identityKey);
    if (this.#books.contacts.get(unit, offered.accountId) === undefined) return;
    for (const { state } of records.allPending(unit)) {
      if (state.inviter === null || !equal(state.inviter, hashed)) continue;
      endRequest(unit, this.#books, state.token);
      unit.after(() => this.#resolve(state.token, offered.accountId));
    }
  }

  /** Return who waits for a tap. */
  waiting(reader: Reader): readonly Waiting[] {
    const { awaited, contacts } = this.#books;
    const waiting = records.allAsked(reader);
    return waiting.map(({ state, request, byHandle }) => {
      const account = state.person.accountId;
      const { name } = request;
      // CK-587: of several that claim one name, a person must be able to pick one.
      const isAlone = waiting.filter((other) => other.request.name === name).length === 1;
      const shown = isAlone
        ? contacts.nameFor(reader, account, name)
        : ContactBook.markedName(account, name);
      const safetyHint = identityHash(state.person.identityKey);
      const was = awaited.get(reader, account)?.name ?? "";
      return { account, name: shown, safetyHint, byHandle, was };
    });
  }

  /**
   * Accept somebody who waits.
   *
   * @throws AuthorizationError REFUSED, nobody of that account waits.
   */
  async approve(account: AccountId): Promise<void> {
    await this.#books.store.transaction(async (unit) => {
      const asked = requireAsked(unit, account);
      const done = step(asked.state, { kind: "requestApproved" });
      unit.delete(records.ASKED_KIND, copy(account));
      if (done.state.kind === "accepted") {
        const offered = await UnverifiedDeviceList.parse(asked.request.list).verify();
        const { byHandle, handle: askedFor } = asked;
        const how = { byHandle, askedFor };
        await this.#conversations.create(unit, offered, asked.request, how);
      }
      unit.after(() => this.#outbox.kick());
    });
  }

  /**
   * Drop somebody's request. They are not told.
   *
   * @throws AuthorizationError REFUSED, nobody of that account waits.
   */
  async decline(account: AccountId): Promise<void> {
    await this.#books.store.transaction((unit) => {
      step(requireAsked(unit, account).state, { kind: "requestDeclined" });
      unit.delete(records.ASKED_KIND, copy(account));
    });
  }

  /** Return the machine that a request goes to; see `core/contact.ts`. */
  #machine(reader: Reader, given: Given, offered: DeviceList, request: ContactRequest): State {
    const books = this.#books;
    const account = offered.accountId;
    const known = books.contacts.get(reader, account);
    const token = reader.get(records.ACCEPTED_KIND, copy(account));
    const newest = books.lists.newest(reader, account);
    const link = reader.get(records.LINK_KIND, given.subject);
    // CK-282: over a link that is no more nothing begins. A server could keep a contact's first
    // request and bring it after a later one: its key packages are spent, and we would go on in a
    // group that the contact can never join. (The one we accepted last may come twice.)
    const isLast = known !== undefined && token !== undefined && equal(token, request.token);
    if (link === undefined && !isLast) throw linkIsGone();
    if (known !== undefined && newest !== undefined) return this.#contact(reader, account, newest);
    const asked = records.asked(reader, account);
    if (asked !== undefined) return asked.state;
    const hashed = identityHash(offered.identityKey);
    for (const { state } of records.allPending(reader)) {
      if (state.inviter !== null && equal(state.inviter, hashed)) return state;
    }
    if (link === undefined) throw linkIsGone();
    return records.linkOf(link);
  }

  /**
   * Return the machine that a request by our handle goes to.
   *
   * CK-291: it waits for a tap, whoever it is from. Over a link a contact that lost its conversation
   * gets a new one at once; an address that anybody can look up, and that lasts as long as the handle
   * is shown, would let the server bring an old request at any time and put an end to the
   * conversation that works.
   */
  #machineByHandle(reader: Reader, offered: DeviceList, event: RequestReceived): State {
    const books = this.#books;
    const account = offered.accountId;
    const newest = books.lists.newest(reader, account);
    if (books.contacts.get(reader, account) !== undefined && newest !== undefined) {
      const state = this.#contact(reader, account, newest);
      if (state.kind === "blocked") return state;
      const done = step(state, event);
      records.raiseRejection(done);
      if (done.effects.length === 0) return state; // the request that made it, once more
    }
    return records.asked(reader, account)?.state ?? STRANGER;
  }

  /** Return the machine of a contact of ours. */
  #contact(reader: Reader, account: AccountId, newest: DeviceList): State {
    const token = reader.get(records.ACCEPTED_KIND, copy(account)) ?? new Uint8Array(16);
    const person = records.personOf(newest);
    const accepted = { kind: "accepted", person, token: new RequestToken(token) } as const;
    const isBlocked = this.#books.contacts.get(reader, account)?.state === "blocked";
    return isBlocked ? { kind: "blocked", former: accepted } : accepted;
  }

  #ask(unit: Unit, request: ContactRequest, state: State, { byHandle }: How): void {
    if (state.kind !== "asked") return;
    const { history, now } = this.#books;
    const askedFor = byHandle ? Profile.load(unit).handle : "";
    new records.Asked(state, request, byHandle, askedFor).save(unit);
    const { accountId } = state.person;
    history.notice(unit, NoticeKind.REQUEST_WAITING, accountId, undefined, now());
  }
}

function requireAsked(reader: Reader, account: AccountId): records.Asked {
  const asked = records.asked(reader, account);
  if (asked === undefined) {
    throw new AuthorizationError(Code.REFUSED, "nobody of this account waits");
  }
  return asked;
}

function linkIsGone(): PeerError {
  return new PeerError(Code.REFUSED, "CK-282: the link was used or withdrawn");
}

/** End a link of ours: its capability dies, and nothing begins over it any more. */
export function endLink(unit: Unit, books: Books, inviteId: Bytes): void {
  const given = books.addresses.current(unit, Purpose.INVITE, inviteId);
  if (given !== undefined) books.addresses.revoke(unit, given, books.now());
  unit.delete(records.LINK_KIND, inviteId);
}

/** End a request of ours, and the address that came with it. */
export function endRequest(unit: Unit, books: Books, token: RequestToken): void {
  const given = books.addresses.current(unit, Purpose.REQUEST, token);
  if (given !== undefined) books.addresses.revoke(unit, given, books.now());
  records.endPending(unit, token);
}
