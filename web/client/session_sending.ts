/**
 * How contents leave this device: sealed for an address, and by whose capability asked for.
 *
 * Wiring of the session. Not for deciding what is sent to whom (`conversation.ts`, `outbox.ts`).
 */

import type { ContactAddress } from "../core/address.ts";
import { requireServer } from "../core/address.ts";
import { type Bytes, compare } from "../core/bytes.ts";
import { encodeOuter } from "../core/content.ts";
import type { Outer } from "../core/content_outer.ts";
import { seal } from "../core/envelope.ts";
import { type AnyAddress, sealRequest } from "../core/handle_request.ts";
import { Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import { presentedInGroup, toldInGroup } from "./group_targets.ts";
import { GroupKind, type GroupRecord } from "./groups.ts";
import { devicesOf, ownOthers } from "./letters.ts";
import type { Target } from "./sequencer.ts";
import type { SendSocket } from "./transport/send_socket.ts";
import type { Reader } from "./unit.ts";

/** Seals and sends. */
export class Sending {
  readonly #books: Books;
  readonly #socket: SendSocket;

  constructor(books: Books, socket: SendSocket) {
    this.#books = books;
    this.#socket = socket;
  }

  /** Send one content so that the server has stored it when this returns. */
  async durable(
    address: AnyAddress,
    content: Bytes,
    onLeft?: (size: number) => void,
  ): Promise<void> {
    const sealed = await this.#seal(address, content);
    const onHanded = () => onLeft?.(sealed.length);
    await this.#socket.send(address, sealed, { durable: true, onHanded });
  }

  /** Send one content in the call class; `onLeft` is called with its size once it is on its way. */
  async live(
    address: ContactAddress,
    content: Outer,
    onLeft?: (size: number) => void,
  ): Promise<void> {
    const sealed = await this.#seal(address, encodeOuter(content));
    const onHanded = () => onLeft?.(sealed.length);
    await this.#socket.send(address, sealed, { durable: false, onHanded });
  }

  #seal(address: AnyAddress, content: Bytes): Promise<Bytes> {
    const { profile, rng } = this.#books;
    requireServer(address, profile.origin);
    if ("sealingKey" in address) return sealRequest(address, content, rng);
    return seal(address.mailbox, address.sealKey, content, rng);
  }
}

/** Return an address of this device itself, to present when asking for TURN or a sequencer. */
export async function ownAddress(books: Books): Promise<ContactAddress> {
  const { addresses, store } = books;
  const nobody = new Uint8Array();
  const given =
    addresses.current(store, Purpose.OWN, nobody) ??
    (await store.transaction((unit) => addresses.currentOrMint(unit, Purpose.OWN, nobody)));
  return addresses.address(given);
}

/**
 * Return the addresses whose capabilities may be shown to a group's sequencer.
 *
 * Both sides of a conversation show capabilities of the same account's mailboxes, the one with the
 * lower id, so that the server does not see two accounts at one sequencer (P8). Only if all of those
 * are refused does the other side show its own.
 */
export async function presented(books: Books, record: GroupRecord): Promise<ContactAddress[]> {
  if (record.kind === GroupKind.SELF) return [await ownAddress(books)];
  if (record.kind === GroupKind.GROUP) return await presentedInGroup(books, record);
  const { addresses, contacts, store } = books;
  const given =
    addresses.current(store, Purpose.CONTACT, record.account) ??
    (await store.transaction((unit) => books.contactAddress(unit, record.account)));
  const own = addresses.address(given);
  if (compare(books.account, record.account) < 0) return [own];
  const theirs = [...contacts.addresses(store, record.account).values()];
  return [...theirs.map(({ address }) => address), own];
}

/** Return who is told of a group's commits: the contact's devices and our other ones. */
export async function toldOfCommits(
  books: Books,
  reader: Reader,
  record: GroupRecord,
): Promise<Target[]> {
  if (record.kind === GroupKind.GROUP) return await toldInGroup(books, reader, record);
  const own = ownOthers(books, reader);
  if (record.kind === GroupKind.SELF) return own;
  return [...devicesOf(books, reader, record.account), ...own];
}
