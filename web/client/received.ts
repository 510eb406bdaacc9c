/**
 * What a message that was verified and decrypted changes: history, device lists, addresses.
 *
 * Everything here happens in the transaction that also keeps the group's new state, so a message is
 * taken as a whole or not at all. Not for decrypting it, nor for handing it on (`conversation.ts`).
 */

import { addressToCbor, type ContactAddress, requireServer } from "../core/address.ts";
import { type Bytes, concat, equal, hex, uint } from "../core/bytes.ts";
import { encode } from "../core/cbor.ts";
import { encodeInner } from "../core/content.ts";
import type {
  CallMissed,
  CallsForget,
  ContactDevices,
  GroupInvite,
  GroupJoin,
  Inner,
  RecordingNever,
} from "../core/content_inner.ts";
import { type DeviceAddress, Standing } from "../core/content_records.ts";
import type { SelfDevices, SelfVault, Sibling } from "../core/content_self.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { Code, PeerError } from "../core/errors.ts";
import { requireRenamed } from "../core/handle.ts";
import type { AccountId, DeviceId } from "../core/ids.ts";
import type { Books } from "./books.ts";
import { missedCall } from "./call_notes.ts";
import type { Known } from "./contact_book.ts";
import { takeName, takeToldName } from "./contact_names.ts";
import { isVerified, takeDecision } from "./decisions.ts";
import { ANNOUNCED_KIND, type GroupRecord } from "./groups.ts";
import { entryOf, missedMessage, NoticeKind } from "./history.ts";
import { noteTold, takeNever, takeToldNever } from "./never_record.ts";
import type { Outbox } from "./outbox.ts";
import type { InnerReceived, SelfReceived } from "./seam.ts";
import type { Unit } from "./unit.ts";

/** A word that is older was not kept by any server: its sender's clock is wrong. */
const LATEST_S = 31 * 86_400;
/** By random key: contents for the call service that it has not dealt with yet. */
export const PENDING_INNER_KIND = "inner.pending";

/** What is handed on once the transaction is on disk. */
export type HandedOn = Readonly<{
  received: InnerReceived | SelfReceived;
  /** Its row in the store, if it is kept until it was dealt with. */
  key: Bytes | undefined;
}>;

/** Who said it, and in what order. */
export type Said = Readonly<{
  account: AccountId;
  device: DeviceId;
  /** Its sender's count in this group. */
  count: number;
}>;

/** What is asked of `GroupInvites`, inside the transaction. */
export type TakesInvites = Readonly<{
  receiveInvite(unit: Unit, record: GroupRecord, content: GroupInvite): Promise<void>;
  receiveJoin(unit: Unit, said: Said, content: GroupJoin): Promise<void>;
}>;

/** Who is told of what a message changed. */
export type ReceivedOptions = Readonly<{
  /** Told which group may need a commit or an announcement. */
  dirty: (record: GroupRecord) => void;
  /** Told which vault counter a sibling has seen; inside the transaction. */
  vaultSeen: (unit: Unit, said: SelfVault) => void;
  /** Told when a contact cannot be reached any more by what the vault says; likewise. */
  vaultStale: (unit: Unit) => void;
  /** Told when a contact or we have another name; likewise. */
  vaultChanged: (unit: Unit) => void;
  /** Who takes invites into groups, and the answers; made later: it sends, and this does not. */
  groupInvites: () => TakesInvites;
}>;

/** Contents of conversations and of the self group. */
export class ReceivedContents {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #told: ReceivedOptions;

  constructor(books: Books, outbox: Outbox, told: ReceivedOptions) {
    this.#books = books;
    this.#outbox = outbox;
    this.#told = told;
  }

  /**
   * Keep what a message of a conversation says.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async inner(
    unit: Unit,
    record: GroupRecord,
    said: Said,
    content: Inner,
    { durable }: Readonly<{ durable: boolean }>,
  ): Promise<HandedOn | undefined> {
    const books = this.#books;
    const own = equal(said.account, books.account);
    const known = books.contacts.get(unit, record.account);
    if (content.kind === "recording.withdrawn") {
      // Also of who is blocked: taking a yes back takes nobody's leave.
      await books.recordings.withdrawn(unit, content.statement);
      return undefined;
    }
    if (known !== undefined && known.standing === Standing.BLOCKED && !own) return undefined;
    if (content.kind === "message.text" || content.kind === "message.file") {
      const message = entryOf(record.account, content, { outgoing: own });
      books.history.add(unit, message, content.id, said.count);
      return undefined;
    }
    if (content.kind === "contact.devices") {
      if (known !== undefined && !own) {
        await this.#learnDevices(unit, record, known, said, content);
      }
      return undefined;
    }
    if (content.kind === "contact.name") {
      // CK-763: a name is changed by the account that has it and nobody else: in its own conversation
      // (CK-571), by its own devices, while it stands as a contact.
      const isByIt = equal(said.account, record.account);
      if (known?.state !== "contact" || !isByIt) return undefined;
      const newest = requireRenamed(content.name, content.count);
      if (takeName(unit, books, known, newest)) this.#told.vaultChanged(unit);
      return undefined;
    }
    if (content.kind === "recording.never") {
      this.#heardNever(unit, record, said, content);
      return undefined;
    }
    if (content.kind === "calls.forget") {
      if (!own) this.#askedToForget(unit, record, content);
      return undefined;
    }
    if (content.kind === "group.invite") {
      if (!own) await this.#told.groupInvites().receiveInvite(unit, record, content);
      return undefined;
    }
    if (content.kind === "group.join") {
      if (!own) await this.#told.groupInvites().receiveJoin(unit, said, content);
      return undefined;
    }
    if (content.kind === "call.missed" && !own) this.#noteMissed(unit, record, content);
    const { device } = said;
    const contact = record.account;
    const received = { kind: "inner", contact, device, own, content, live: !durable } as const;
    if (!durable) return { received, key: undefined };
    const key = books.rng(16);
    const head = concat(contact, device, uint(own ? 1 : 0, 1));
    unit.put(PENDING_INNER_KIND, key, concat(head, encodeInner(content)));
    return { received, key };
  }

  /**
   * Keep what a message of the self group says.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async sibling(
    unit: Unit,
    record: GroupRecord,
    said: Said,
    content: Sibling,
  ): Promise<HandedOn | undefined> {
    switch (content.kind) {
      case "self.devices":
        await this.#learnOwn(unit, record, said, content);
        return undefined;
      case "self.vault":
        this.#told.vaultSeen(unit, content);
        return undefined;
      case "self.calls_gone":
        this.#books.calls.bury(unit, content.gone);
        return undefined;
      case "self.calls_cut":
        this.#books.calls.cut(unit, { count: content.count, at: content.at });
        return undefined;
      case "self.settings":
        this.#books.calls.takeSettings(unit, content.settings);
        return undefined;
      case "self.handle": {
        const newest = requireRenamed(content.handle, content.count);
        const isNews = this.#books.ownHandle.take(unit, newest, { notice: true });
        if (isNews) this.#told.vaultChanged(unit);
        return undefined;
      }
      case "self.contacts":
        for (const contact of content.records) {
          await takeDecision(unit, this.#books, contact);
          await takeToldName(unit, this.#books, contact);
          await takeToldNever(unit, this.#books, contact);
        }
        unit.after(() => this.#outbox.kick());
        return undefined;
      default:
        return { received: { kind: "self", device: said.device, content }, key: undefined };
    }
  }

  #heardNever(unit: Unit, record: GroupRecord, said: Said, { never, at }: RecordingNever): void {
    const { account } = record;
    if (equal(said.account, this.#books.account)) {
      noteTold(unit, account, { never, at });
      return;
    }
    const known = this.#books.contacts.get(unit, account);
    // CK-990: as with names (CK-763), an account speaks for itself and nobody else.
    if (known?.state !== "contact" || !equal(said.account, account)) return;
    if (takeNever(unit, this.#books, known, { never, at })) this.#told.vaultChanged(unit);
  }

  /** Keep a missed call, once however often it is told, and tell who reads along. */
  #noteMissed(unit: Unit, record: GroupRecord, said: CallMissed): void {
    const { calls, contacts, history, now } = this.#books;
    const { account } = record;
    if (calls.get(unit, said.call) !== undefined) return;
    const latest = now();
    // The caller's clock says when; one that is wrong must not put the call out of sight.
    const at = said.at >= latest - LATEST_S && said.at <= latest ? said.at : latest;
    const verified = isVerified(this.#books, contacts.get(unit, account));
    calls.note(unit, missedCall(said.call, account, said.media, { at, verified }));
    history.tell(unit, missedMessage(account, at, said.media));
  }

  /** Keep a contact's wish that calls be taken out of our history, until it is decided. */
  #askedToForget(unit: Unit, record: GroupRecord, said: CallsForget): void {
    const { calls, history, now } = this.#books;
    const { account } = record;
    for (const call of said.calls) {
      const found = calls.get(unit, call);
      if (!found?.members.some((member) => equal(member, account))) continue;
      calls.askedToForget(unit, account, call);
      history.notice(unit, NoticeKind.ASKED_TO_FORGET, account, undefined, now());
    }
  }

  async #learnDevices(
    unit: Unit,
    record: GroupRecord,
    known: Known,
    said: Said,
    content: ContactDevices,
  ): Promise<void> {
    const books = this.#books;
    books.lists.learn(unit, await listOf(content.list, record.account));
    const before = known.addresses.get(hex(said.device))?.address;
    const wasKnown = known.addresses.size > 0;
    const news = this.#newAddress(unit, record, said, content.devices);
    if (news !== undefined) known.addresses.set(hex(said.device), news);
    books.contacts.save(unit, known);
    const now = known.addresses.get(hex(said.device))?.address;
    // The vault says where it was reached before, or knows no way to the contact at all.
    const isNews = before === undefined ? !wasKnown && now !== undefined : !isSame(before, now);
    if (isNews) this.#told.vaultStale(unit);
    unit.after(() => {
      this.#told.dirty(record);
      this.#outbox.kick();
    });
  }

  async #learnOwn(
    unit: Unit,
    record: GroupRecord,
    said: Said,
    content: SelfDevices,
  ): Promise<void> {
    const books = this.#books;
    const isNewer = books.lists.learn(unit, await listOf(content.list, books.account));
    const dirty = isNewer ? books.groups.all(unit) : [];
    const news = this.#newAddress(unit, record, said, content.devices);
    if (news !== undefined) books.siblings.save(unit, news.device, news.address);
    unit.after(() => {
      for (const other of dirty) this.#told.dirty(other);
      this.#outbox.kick();
    });
  }

  /**
   * Return the address that a device announces of itself, if this is its newest announcement.
   *
   * CK-576: a device speaks for its own address only, so that one stolen device cannot draw what is
   * meant for the others to itself.
   */
  #newAddress(
    unit: Unit,
    record: GroupRecord,
    said: Said,
    devices: readonly DeviceAddress[],
  ): DeviceAddress | undefined {
    if (!isNews(unit, record, said)) return undefined;
    const own = devices.findLast((entry) => equal(entry.device, said.device));
    if (own === undefined) return undefined;
    const { origin } = this.#books.profile;
    return { device: own.device, address: requireServer(own.address, origin) };
  }
}

async function listOf(data: Bytes, account: AccountId): Promise<DeviceList> {
  const offered = await UnverifiedDeviceList.parse(data).verify();
  if (!equal(offered.accountId, account)) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-576: another account's device list");
  }
  return offered;
}

/**
 * Say whether a device announces its address later than it last did here, and note it.
 *
 * CK-588: what waited at the server comes in any order, for its ids are random. An address that was
 * replaced is revoked; taken for the present one, it would end the conversation.
 */
function isNews(unit: Unit, record: GroupRecord, { device, count }: Said): boolean {
  const key = concat(record.groupId, device);
  const last = unit.get(ANNOUNCED_KIND, key);
  const now = uint(count, 8);
  if (last !== undefined && hex(now) <= hex(last)) return false;
  unit.put(ANNOUNCED_KIND, key, now);
  return true;
}

/** Tell whether two addresses are the same in every part; nothing is like nothing only. */
export function isSame(one: ContactAddress, other: ContactAddress | undefined): boolean {
  if (other === undefined) return false;
  return equal(encode(addressToCbor(one)), encode(addressToCbor(other)));
}
