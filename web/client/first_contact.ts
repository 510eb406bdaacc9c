/**
 * First contact: invites, requests and their answers (P2), as the shell of `core/contact.ts`.
 *
 * The machine decides; this file persists what it decided together with everything that follows from
 * it, and sends afterwards. What others ask of us is in `first_contact_requests.ts`, how a
 * conversation is made in `new_conversation.ts`, requests by handle in `by_handle.ts`.
 */

import { requireServer } from "../core/address.ts";
import { copy, equal, hex } from "../core/bytes.ts";
import { step } from "../core/contact.ts";
import { LinkUse, type Requested } from "../core/contact_types.ts";
import { encodeOuter } from "../core/content.ts";
import type { ContactAccept, ContactRequest } from "../core/content_outer.ts";
import { verifyAccept } from "../core/content_signed.ts";
import type { DeviceList } from "../core/device_list.ts";
import {
  AuthorizationError,
  Code,
  PeerError,
  UnavailableError,
  UsageError,
} from "../core/errors.ts";
import { identityHash } from "../core/identity.ts";
import { AccountId, type DeviceId, RequestToken, random } from "../core/ids.ts";
import { inviteFromLink, inviteToLink, requireFresh } from "../core/invite.ts";
import { type Given, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import type { Waiting } from "./contact_records.ts";
import * as records from "./contact_records.ts";
import { endLink, endRequest, IncomingRequests } from "./first_contact_requests.ts";
import { GroupKind, GroupRecord } from "./groups.ts";
import { Signal, withTimeout } from "./lock.ts";
import type { Membership } from "./membership.ts";
import { makeRequest, NewConversations } from "./new_conversation.ts";
import type { Outbox } from "./outbox.ts";
import type { Reader, Unit } from "./unit.ts";
import { join } from "./welcomes.ts";

const DAY_S = 86_400;
const STRANGER = { kind: "stranger" } as const;

/** What a request of ours came to. */
class Answer {
  readonly came = new Signal();
  account: AccountId | undefined;
}

/** Invites, requests and answers. */
export class FirstContact {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #conversations: NewConversations;
  readonly #requests: IncomingRequests;
  /** Who waits for an answer, by the hex of the request's token. */
  readonly #waiting = new Map<string, Answer>();

  /**
   * @param books What this device keeps.
   * @param outbox For requests and answers.
   * @param membership To mark new groups.
   * @param changed Told when contacts have changed (the vault should be written).
   */
  constructor(books: Books, outbox: Outbox, membership: Membership, changed: (unit: Unit) => void) {
    this.#books = books;
    this.#outbox = outbox;
    this.#conversations = new NewConversations(books, outbox, membership, changed);
    this.#requests = new IncomingRequests(books, outbox, this.#conversations, (token, account) =>
      this.#resolve(token, account),
    );
  }

  // Our links

  /**
   * Make an invite link.
   *
   * @throws UsageError Not 1 to 30 days.
   * @throws UnavailableError QUOTA, no capability is left until the pool is refilled.
   */
  async createInvite(options: Readonly<{ singleUse: boolean; days: number }>): Promise<string> {
    const { singleUse, days } = options;
    if (!(days >= 1 && days <= 30)) throw new UsageError("an invite is good for 1 to 30 days");
    const books = this.#books;
    const use = singleUse ? LinkUse.SINGLE : LinkUse.MULTI;
    const expiresAt = books.now() + days * DAY_S;
    const { state } = step(STRANGER, { kind: "inviteCreated", use, expiresAt });
    const inviteId = books.rng(16);
    return await books.store.transaction((unit) => {
      const given = books.addresses.mint(unit, Purpose.INVITE, inviteId);
      records.saveLink(unit, inviteId, state);
      const inviter = identityHash(books.ownList(unit).identityKey);
      return inviteToLink({ address: books.addresses.address(given), inviter, expiresAt });
    });
  }

  /** End links and requests whose time has passed. */
  async expire(): Promise<void> {
    const { store, now } = this.#books;
    const reached = { kind: "deadlineReached", now: now() } as const;
    await store.transaction((unit) => {
      for (const [inviteId, data] of unit.items(records.LINK_KIND)) {
        if (step(records.linkOf(data), reached).state.kind === "ended") {
          endLink(unit, this.#books, inviteId);
        }
      }
      for (const ours of records.allPending(unit)) {
        if (step(ours.state, reached).state.kind !== "ended") continue;
        endRequest(unit, this.#books, ours.state.token);
      }
      for (const asked of records.allAsked(unit)) {
        if (step(asked.state, reached).state.kind !== "ended") continue;
        unit.delete(records.ASKED_KIND, copy(asked.state.person.accountId));
      }
    });
  }

  // Following a link

  /**
   * Ask the maker of a link to become a contact.
   *
   * @returns The request's token, for `answered`.
   * @throws PeerError MISTYPED; EXPIRED; REFUSED, it is for another server; UNEXPECTED, our own.
   * @throws AuthorizationError REFUSED, the link was used or withdrawn; nobody got anything.
   */
  async follow(link: string): Promise<RequestToken> {
    const books = this.#books;
    const invite = requireFresh(inviteFromLink(link), books.now());
    const address = requireServer(invite.address, books.profile.origin);
    const own = identityHash(books.ownList(books.store).identityKey);
    const { inviter } = invite;
    if (equal(inviter, own)) {
      throw new PeerError(Code.UNEXPECTED, "this is an invite of your own account");
    }
    const token = random(RequestToken, books.rng);
    const followed = { kind: "inviteFollowed", inviter, own, token, now: books.now() } as const;
    const { state } = step(STRANGER, followed);
    const row = await books.store.transaction(async (unit) => {
      const signed = await makeRequest(unit, books, token, copy(address.mailbox));
      if (state.kind === "requested") new records.Pending(state, invite).save(unit);
      return this.#outbox.putFixed(unit, address, encodeOuter(signed));
    });
    await this.#outbox.attempt();
    if (this.#outbox.refused([row])) {
      await books.store.transaction((unit) => {
        this.#outbox.drop(unit, [row]);
        endRequest(unit, books, token);
      });
      throw new AuthorizationError(Code.REFUSED, "the invite was used, withdrawn or has expired");
    }
    return token;
  }

  /** Wait for the answer to a request; undefined if it does not come in time. */
  async answered(token: RequestToken, timeoutS: number): Promise<AccountId | undefined> {
    const { store } = this.#books;
    if (store.get(records.REQUEST_KIND, copy(token)) === undefined) return accountOf(store, token);
    const name = hex(token);
    const answer = this.#waiting.get(name) ?? new Answer();
    this.#waiting.set(name, answer);
    try {
      await withTimeout(timeoutS, (stop) => answer.came.wait(stop));
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
    return answer.account;
  }

  /**
   * Take the answer to a request of ours: join the conversation.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async receiveAccept(given: Given, accept: ContactAccept): Promise<void> {
    const { store } = this.#books;
    await store.transaction(async (unit) => {
      const [token, account] = await this.#accept(unit, given, accept);
      unit.after(() => this.#resolve(token, account));
    });
  }

  async #accept(
    unit: Unit,
    given: Given,
    accept: ContactAccept,
  ): Promise<readonly [RequestToken, AccountId]> {
    const books = this.#books;
    const ours = records.pending(unit, given.subject);
    if (given.purpose !== Purpose.REQUEST || ours === undefined) {
      throw new PeerError(Code.UNEXPECTED, "CK-581: an answer to no request");
    }
    const { token } = ours.state;
    const offered = await verifyAccept(accept, ours.invite ?? null, token, books.profile.mailbox);
    // CK-289: we asked for one handle. Another name in the answer is no slip of a person's: it would
    // stand in the list of contacts as somebody we never asked.
    if (ours.handle !== "" && accept.name !== ours.handle) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-289: an answer under another handle");
    }
    books.awaited.require(unit, offered);
    const person = records.personOf(offered);
    const at = { token: accept.token, now: books.now() };
    records.raiseRejection(step(ours.state, { kind: "acceptReceived", person, ...at }));
    const account = offered.accountId;
    if (this.#oursStands(unit, ours.state, offered)) {
      endRequest(unit, books, token);
      return [token, account];
    }
    books.lists.learn(unit, offered);
    const group = await join(unit, books, accept.message, accept.group, [account, books.account]);
    const record = new GroupRecord(
      accept.group,
      GroupKind.CONVERSATION,
      account,
      accept.sequencer,
      { announced: given.name },
    );
    const byHandle = ours.invite === undefined;
    const how = { byHandle };
    const known = await this.#conversations.stand(
      unit,
      record,
      group,
      accept.name,
      given,
      token,
      how,
    );
    for (const { device, address } of accept.devices) {
      const checked = requireServer(address, books.profile.origin);
      known.addresses.set(hex(device), { device, address: checked });
    }
    books.contacts.save(unit, known);
    records.endPending(unit, token);
    this.#conversations.finish(unit, record);
    return [token, account];
  }

  /**
   * Say whether the group that we made for them stands, and not the one they made for us.
   *
   * Both asked the other, and both tapped before they heard of it. As with links that cross, the one
   * whose identity hash is lower makes the group; without a rule each side would join the other's
   * group, and revoke the address that the other has just been given.
   */
  #oursStands(reader: Reader, state: Requested, offered: DeviceList): boolean {
    const made = records.madeMeanwhile(reader, state.token, offered.accountId);
    return made && hex(state.own) < hex(identityHash(offered.identityKey));
  }

  #resolve(token: RequestToken, account: AccountId): void {
    const name = hex(token);
    const answer = this.#waiting.get(name);
    this.#waiting.delete(name);
    if (answer === undefined) return;
    answer.account = account;
    answer.came.set();
  }

  // Requests that follow our links, or ask for our handle

  /**
   * Take a request over one of our links, or by our handle.
   *
   * @throws PeerError It is refused; nothing goes back to the requester.
   */
  async receiveRequest(given: Given, request: ContactRequest): Promise<void> {
    await this.#requests.receive(given, request);
  }

  /** Return who waits for a tap. */
  waiting(reader: Reader = this.#books.store): readonly Waiting[] {
    return this.#requests.waiting(reader);
  }

  /**
   * Accept somebody who waits.
   *
   * @throws AuthorizationError REFUSED, nobody of that account waits.
   */
  async approve(account: AccountId): Promise<void> {
    await this.#requests.approve(account);
  }

  /**
   * Drop somebody's request. They are not told.
   *
   * @throws AuthorizationError REFUSED, nobody of that account waits.
   */
  async decline(account: AccountId): Promise<void> {
    await this.#requests.decline(account);
  }
}

function accountOf(reader: Reader, token: RequestToken): AccountId | undefined {
  const found = reader.items(records.ACCEPTED_KIND).find(([, value]) => equal(value, token));
  return found && new AccountId(found[0]);
}

/** Return the devices on a contact's newest list. */
export function knownDevices(reader: Reader, books: Books, account: AccountId): DeviceId[] {
  const newest = books.lists.newest(reader, account);
  return newest === undefined ? [] : newest.devices.map(({ deviceId }) => deviceId);
}
