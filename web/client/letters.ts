/**
 * Letters: what was encrypted for a group and how it leaves this device, through the outbox or at once.
 *
 * Not for: what is said, and what is received (`conversation.ts`), or resending (`outbox.ts`).
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, uint } from "../core/bytes.ts";
import { encodeOuter } from "../core/content.ts";
import type { Mls, Outer } from "../core/content_outer.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { AccountId } from "../core/ids.ts";
import type { Books } from "./books.ts";
import type { GroupRecord } from "./groups.ts";
import type { Outbox } from "./outbox.ts";
import type { Delivered } from "./seam.ts";
import type { Target } from "./sequencer.ts";
import type { Reader, Unit } from "./unit.ts";

/** Seals one content for one device and sends it live; throws as `SendSocket.send`. */
export type SendOuter = (
  address: ContactAddress,
  content: Outer,
  onLeft?: (size: number) => void,
) => Promise<void>;

/** What was encrypted, and for whom. */
export type Letter = Readonly<{
  content: Mls;
  targets: readonly Target[];
  /** Rows of the outbox, one for each target; none if it is live. */
  rows: readonly number[];
}>;

/** Return the devices of a contact that have an address. */
export function devicesOf(books: Books, reader: Reader, account: AccountId): Target[] {
  const found = [...books.contacts.addresses(reader, account).values()];
  return found.map(({ device }) => ({ account, device }));
}

/** Return our other devices that have an address. */
export function ownOthers({ account, siblings }: Books, reader: Reader): Target[] {
  return [...siblings.addresses(reader).values()].map(({ device }) => ({ account, device }));
}

/** Writes letters and sends them. */
export class Letters {
  readonly #books: Books;
  readonly #outbox: Outbox;
  readonly #sendLive: SendOuter;

  constructor(books: Books, outbox: Outbox, sendLive: SendOuter) {
    this.#books = books;
    this.#outbox = outbox;
    this.#sendLive = sendLive;
  }

  /** Encrypt a content; inside the transaction that keeps the group's new state. */
  async write(
    unit: Unit,
    record: GroupRecord,
    plain: Bytes,
    { targets, durable }: Readonly<{ targets: readonly Target[]; durable: boolean }>,
  ): Promise<Letter> {
    const { groups, rng } = this.#books;
    const state = await groups.state(unit, record);
    record.count += 1;
    const authenticatedData = uint(record.count, 8);
    const message = await state.encrypt(plain, { authenticatedData, rng });
    groups.save(unit, record, state);
    const content: Mls = { kind: "mls", message };
    if (!durable) return { content, targets, rows: [] };
    const data = encodeOuter(content);
    const rows = targets.map(({ account, device }) =>
      this.#outbox.put(unit, account, device, data),
    );
    return { content, targets, rows };
  }

  /**
   * Send a live one.
   *
   * @param how.onHanded Called once it is on its way to every device.
   * @param how.onLeft Called with the size of each envelope that is on its way.
   * @throws VisavisError As `SendOuter`, if no device could be sent to.
   */
  async sendNow(
    { content, targets }: Letter,
    { onHanded, onLeft }: Omit<Delivered, "durable"> = {},
  ): Promise<void> {
    const { store } = this.#books;
    const addresses = targets.map((to) => this.#books.resolve(store, to.account, to.device));
    const known = addresses.filter((address) => address !== undefined);
    if (known.length === 0) {
      throw new UnavailableError(Code.UNAVAILABLE, "no device to send to is known");
    }
    let waiting = known.length;
    const handed = (size: number) => {
      onLeft?.(size);
      waiting -= 1;
      if (waiting === 0) onHanded?.();
    };
    const sends = known.map((address) => this.#sendLive(address, content, handed));
    const results = await Promise.allSettled(sends);
    const [failed] = results.filter((result) => result.status === "rejected");
    const isSent = results.some((result) => result.status === "fulfilled");
    if (failed !== undefined && !isSent) throw failed.reason;
  }
}
