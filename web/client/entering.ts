/**
 * What a device does that has just been registered: it takes over the vault, and asks to be added.
 *
 * The second half of `src/visavis/sdk/enrol.py`.
 */

import { requireServer } from "../core/address.ts";
import { type Bytes, equal } from "../core/bytes.ts";
import { encodeOuter } from "../core/content.ts";
import { UNSIGNED } from "../core/content_records.ts";
import { signRejoin } from "../core/content_signed.ts";
import { UnverifiedDeviceList } from "../core/device_list.ts";
import type { AccountId } from "../core/ids.ts";
import type { Given } from "./addresses.ts";
import { knownFromRecord } from "./contact_book.ts";
import type { Joined } from "./enrol.ts";
import type { Login } from "./login.ts";
import type { Session } from "./session.ts";
import type { Unit } from "./unit.ts";
import { UNREADABLE } from "./vault_read.ts";

/** Write what the vault held into the new profile's books. */
export async function enter(
  session: Pick<Session, "books">,
  joined: Joined,
  { keys }: Pick<Login, "keys">,
): Promise<void> {
  const { books } = session;
  const { contents, ownList } = joined;
  await books.store.transaction(async (unit) => {
    books.lists.learn(unit, ownList);
    // CK-767: whatever was typed, or lies under the passkey.
    books.ownHandle.take(unit, keys.handle, { notice: false });
    if (contents === undefined) return;
    for (let i = 0; i < contents.unreadable; i++) books.counters.drop(UNREADABLE);
    for (const record of contents.contacts) {
      const known = await knownFromRecord(record, { member: false });
      known.thread ??= known.group;
      books.lists.learn(unit, await UnverifiedDeviceList.parse(record.list).verify());
      books.contacts.save(unit, known);
    }
    for (const [device, address] of contents.siblings.values()) {
      const isOurs = books.lists.stands(unit, books.account, device);
      if (isOurs && !equal(device, books.device)) {
        books.siblings.save(unit, device, requireServer(address, books.profile.origin));
      }
    }
  });
}

/**
 * Ask every contact, and our other devices, to add this device (P5). The caller kicks the outbox.
 *
 * Signed by the identity key, so it is done while the login is open.
 */
export async function queueRejoins(
  unit: Unit,
  session: Pick<Session, "books" | "outbox">,
  login: Login,
): Promise<void> {
  const { books, outbox } = session;
  const rejoin = async (account: AccountId, given: Given): Promise<Bytes> => {
    const keyPackage = await books.keepKeyPackage(unit);
    const address = books.addresses.address(given);
    const content = {
      kind: "contact.rejoin",
      list: books.ownList(unit).data,
      devices: [{ device: books.device, keyPackage, address }],
      signature: UNSIGNED,
    } as const;
    return encodeOuter(await signRejoin(content, login.keys.identityPrivate, account));
  };
  for (const { account } of books.contacts.all(unit)) {
    const content = await rejoin(account, books.contactAddress(unit, account));
    for (const { device } of books.contacts.addresses(unit, account).values()) {
      outbox.put(unit, account, device, content);
    }
  }
  const siblings = [...books.siblings.addresses(unit).values()].filter(({ device }) =>
    books.lists.stands(unit, books.account, device),
  );
  if (siblings.length === 0) return;
  const content = await rejoin(books.account, books.siblingAddress(unit));
  for (const { device } of siblings) outbox.put(unit, books.account, device, content);
}
