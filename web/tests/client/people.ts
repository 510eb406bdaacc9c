/** Accounts for tests of the records: keys, device lists, a profile in a store. */

import { Addresses } from "../../client/addresses.ts";
import { Books, type Means, systemRng } from "../../client/books.ts";
import { DeviceLists } from "../../client/lists.ts";
import { Profile } from "../../client/profile.ts";
import type { UnitStore } from "../../client/unit.ts";
import type { ContactAddress } from "../../core/address.ts";
import { type Bytes, concat } from "../../core/bytes.ts";
import { type DeviceList, signFirst, signSuccessor } from "../../core/device_list.ts";
import { generateIdentityKey } from "../../core/identity.ts";
import {
  AccountId,
  Capability,
  DeviceId,
  MailboxId,
  random,
  SealKey,
  SignatureKey,
} from "../../core/ids.ts";
import { generateSignatureKey, SUITE_ID, signaturePublicKey } from "../../core/mls/index.ts";

export const ORIGIN = "https://example.org";
export const rng = systemRng;

/** An account with some devices. */
export class Person {
  readonly account: AccountId;
  readonly identity = generateIdentityKey(rng);
  readonly devices: readonly Readonly<{ id: DeviceId; key: Bytes }>[];

  constructor(devices = 1, account = random(AccountId, rng)) {
    this.account = account;
    this.devices = Array.from({ length: devices }, () => ({
      id: random(DeviceId, rng),
      key: generateSignatureKey(SUITE_ID, rng),
    }));
  }

  device(index = 0): Readonly<{ id: DeviceId; key: Bytes }> {
    const found = this.devices[index];
    if (found === undefined) throw new Error("no such device");
    return found;
  }

  /** Sign a list of the first so many devices. */
  async list(count = this.devices.length, after?: DeviceList): Promise<DeviceList> {
    const listed = await Promise.all(
      this.devices.slice(0, count).map(async ({ id, key }) => ({
        deviceId: id,
        signatureKey: new SignatureKey(await signaturePublicKey(SUITE_ID, key)),
      })),
    );
    return after === undefined
      ? signFirst(this.account, this.identity, listed)
      : signSuccessor(after, this.identity, listed);
  }
}

export function address(): ContactAddress {
  return {
    origin: ORIGIN,
    mailbox: random(MailboxId, rng),
    capability: random(Capability, rng),
    sealKey: random(SealKey, rng),
  };
}

/** Open the books of the person's first device, which is on this list. */
export async function booksOf(
  store: UnitStore,
  person: Person,
  list: DeviceList,
  means: Means = {},
): Promise<Books> {
  const { id, key } = person.device();
  const token = concat(id, rng(32));
  const mailbox = random(MailboxId, rng);
  const lists = await DeviceLists.load(store);
  await store.transaction((unit) => {
    new Profile(ORIGIN, "me", person.account, id, key, token, mailbox, rng(32)).save(unit);
    lists.learn(unit, list);
    Addresses.makePool(unit, rng);
  });
  return Books.open(store, means);
}
