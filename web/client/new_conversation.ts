/**
 * How a conversation begins: the group made from a request, and the contact written with it (P2).
 *
 * Everything here happens inside the caller's transaction. Not for deciding whether it may begin:
 * that is the contact machine, whose shell is `first_contact.ts`.
 */

import { type Bytes, copy, equal, hex } from "../core/bytes.ts";
import { encodeOuter } from "../core/content.ts";
import type { ContactAccept, ContactRequest } from "../core/content_outer.ts";
import { UNSIGNED } from "../core/content_records.ts";
import { signAccept, signRequest } from "../core/content_signed.ts";
import { UnverifiedCredential } from "../core/credential.ts";
import type { DeviceList } from "../core/device_list.ts";
import { Code, PeerError, UsageError } from "../core/errors.ts";
import { GroupId, type RequestToken, random, SequencerHandle } from "../core/ids.ts";
import { type Group, type PendingCommit, UnverifiedKeyPackage } from "../core/mls/index.ts";
import { type Given, Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import { Known } from "./contact_book.ts";
import { ACCEPTED_KIND, ASKED_KIND, noteMade } from "./contact_records.ts";
import { restore } from "./decisions.ts";
import { GroupKind, GroupRecord } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import type { Membership } from "./membership.ts";
import { tellAnew } from "./never_record.ts";
import type { Outbox } from "./outbox.ts";
import { Profile } from "./profile.ts";
import type { Unit } from "./unit.ts";

/**
 * Make and sign a request with an address of its own.
 *
 * Made again for the same token it has the same address and a fresh key package: a repeated request
 * must not use up another capability.
 */
export async function makeRequest(
  unit: Unit,
  books: Books,
  token: RequestToken,
  destination: Bytes,
): Promise<ContactRequest> {
  const { device, addresses } = books;
  const given = addresses.currentOrMint(unit, Purpose.REQUEST, token);
  const address = addresses.address(given);
  const { handle: name, signaturePrivate } = Profile.load(unit);
  const request: ContactRequest = {
    kind: "contact.request",
    token,
    list: books.ownList(unit).data,
    name,
    devices: [{ device, keyPackage: await books.keepKeyPackage(unit), address }],
    device,
    signature: UNSIGNED,
  };
  return await signRequest(request, signaturePrivate, destination);
}

/** How a request came. */
export type How = Readonly<{
  /** By our handle or theirs, not over a link. */
  byHandle: boolean;
  /** Our handle when it came, if it came by handle. */
  askedFor?: string;
}>;

/** Makes conversations. */
export class NewConversations {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #membership: Pick<Membership, "mark">;
  readonly #changed: (unit: Unit) => void;

  /**
   * @param books What this device keeps.
   * @param outbox For answers.
   * @param membership To mark new groups.
   * @param changed Told when contacts have changed (the vault should be written).
   */
  constructor(
    books: Books,
    outbox: Outbox,
    membership: Pick<Membership, "mark">,
    changed: (unit: Unit) => void,
  ) {
    this.#books = books;
    this.#outbox = outbox;
    this.#membership = membership;
    this.#changed = changed;
  }

  /**
   * Make the group from the request's key packages and queue the answers.
   *
   * @throws PeerError A key package is refused.
   */
  async create(unit: Unit, offered: DeviceList, request: ContactRequest, how: How): Promise<void> {
    const books = this.#books;
    const account = offered.accountId;
    books.lists.learn(unit, offered);
    for (const entry of request.devices) await this.#checkPackage(unit, offered, entry);
    const made = await this.#makeGroup(unit, request);
    const given = books.contactAddress(unit, account);
    const record = new GroupRecord(
      new GroupId(made.group.groupId),
      GroupKind.CONVERSATION,
      account,
      random(SequencerHandle, books.rng),
      { sequenced: false, announced: given.name },
    );
    const known = this.stand(unit, record, made.group, request.name, given, request.token, how);
    const name = books.ownHandle.towards(unit, account, how.askedFor ?? "");
    await this.#answer(unit, record, made, given, request, name);
    for (const { device, address } of request.devices) {
      known.addresses.set(hex(device), { device, address });
    }
    books.contacts.save(unit, known);
    noteMade(unit, account);
    this.finish(unit, record);
  }

  async #checkPackage(
    unit: Unit,
    offered: DeviceList,
    { device, keyPackage }: ContactRequest["devices"][number],
  ): Promise<void> {
    const { lists, now } = this.#books;
    const validator = lists.validator(unit);
    const checked = await UnverifiedKeyPackage.parse(keyPackage).verify({ now: now(), validator });
    const stands = await UnverifiedCredential.parse(checked.identity).verify(checked.signatureKey);
    // CK-579: the key package must be of the very device it is sent as.
    const isOf = equal(stands.accountId, offered.accountId);
    if (!isOf || !equal(stands.device.deviceId, device)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-579: another device's key package");
    }
  }

  async #makeGroup(unit: Unit, request: ContactRequest): Promise<PendingCommit> {
    const { rng, now } = this.#books;
    const first = await this.#books.createGroup(unit);
    const add = request.devices.map(({ keyPackage }) => keyPackage);
    const made = await first.commit({ add, rng, now: now() });
    await first.wipe();
    return made;
  }

  /** Queue the Welcome for each device that asked, signed for its mailbox. */
  async #answer(
    unit: Unit,
    record: GroupRecord,
    made: PendingCommit,
    given: Given,
    request: ContactRequest,
    name: string,
  ): Promise<void> {
    const { device, addresses } = this.#books;
    const { signaturePrivate } = Profile.load(unit);
    if (made.welcome === null) throw new UsageError("a commit that adds has a Welcome");
    const accept: ContactAccept = {
      kind: "contact.accept",
      token: request.token,
      list: this.#books.ownList(unit).data,
      name,
      devices: [{ device, address: addresses.address(given) }],
      message: made.welcome,
      group: record.groupId,
      sequencer: record.sequencer,
      device,
      signature: UNSIGNED,
    };
    for (const entry of request.devices) {
      const signed = await signAccept(accept, signaturePrivate, entry.address.mailbox);
      this.#outbox.put(unit, record.account, entry.device, encodeOuter(signed));
    }
  }

  /** Write the contact and its conversation; an earlier conversation is linked to (P5). */
  stand(
    unit: Unit,
    record: GroupRecord,
    state: Group,
    name: string,
    given: Given,
    token: RequestToken,
    { byHandle }: How,
  ): Known {
    const { groups, contacts, addresses, history, now } = this.#books;
    const { account, groupId, sequencer } = record;
    const before = contacts.get(unit, account);
    const shown = before?.name ?? contacts.nameFor(unit, account, name);
    const known = before ?? new Known(account, shown, groupId, sequencer);
    if (before !== undefined) {
      record.thread = known.thread ?? known.group;
      known.thread = record.thread;
      // So that the thread's order goes on (see `GroupRecord.count`).
      record.count = groups.get(unit, known.group)?.count ?? record.count;
    }
    known.group = groupId;
    known.sequencer = sequencer;
    known.member = true;
    const old = addresses.current(unit, Purpose.CONTACT, account);
    if (old !== undefined && !equal(old.name, given.name)) addresses.revoke(unit, old, now());
    if (given.purpose !== Purpose.CONTACT) {
      addresses.rebind(unit, given, Purpose.CONTACT, account);
    }
    groups.save(unit, record, state);
    contacts.save(unit, known);
    if (before === undefined) restore(unit, this.#books, known);
    tellAnew(unit, this.#books, account);
    unit.put(ACCEPTED_KIND, copy(account), copy(token));
    unit.delete(ASKED_KIND, copy(account)); // what they asked for, they have
    const kind = byHandle ? NoticeKind.CONTACT_BY_HANDLE : NoticeKind.CONTACT_ADDED;
    history.notice(unit, kind, account, undefined, now());
    return known;
  }

  /** Have everything else follow. */
  finish(unit: Unit, record: GroupRecord): void {
    this.#changed(unit);
    unit.after(() => this.#membership.mark(record));
  }
}
