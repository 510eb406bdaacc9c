/**
 * What a person does about their data: see it, shorten it, delete one thing, freeze it, end it (twin
 * of `sdk/your_data.py`).
 *
 * Its code is loaded with the first `Client.yourData()`. Not for: what the answers look like
 * (`core/account_data.ts`).
 */

import {
  type DataChoices,
  DataClass,
  type DataRow,
  type DataTable,
  type Deletable,
  footprintOf,
  type LocalData,
  type ServerData,
} from "../core/account_data.ts";
import { type Bytes, copy } from "../core/bytes.ts";
import { Erased } from "../core/deletion_receipt.ts";
import { AuthorizationError, PeerError, VisavisError } from "../core/errors.ts";
import type { Proof } from "./account.ts";
import { ROTATE_KIND } from "./addresses.ts";
import { ROTATE_GROUP_KIND } from "./group_book.ts";
import { GroupKind } from "./groups.ts";
import { localData } from "./local_data.ts";
import { checked, type Deletion, NoReceipt, type Receipt, receiptKey } from "./receipts.ts";
import { rename } from "./rename.ts";
import { choicesFrom, readAccountId, readServerData, readValue } from "./server_data.ts";
import type { Session } from "./session.ts";
import type { AccountDataApi, Deleted } from "./transport/account_data.ts";
import { emptyVault } from "./vault_emptying.ts";
import { proved } from "./ways_in.ts";

/** What is deleted by one request, and has a receipt. */
const ERASED = {
  [DataClass.ENVELOPES]: Erased.ENVELOPES,
  [DataClass.KEY_PACKAGES]: Erased.KEY_PACKAGES,
  [DataClass.PUSH]: Erased.PUSH,
  [DataClass.HANDLE]: Erased.HANDLE,
} as const;

const NOTHING: Bytes = new Uint8Array();

/** The account's own data, at the server and here. */
export class YourData {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get #api(): AccountDataApi {
    return this.#session.deviceApi.accountData;
  }

  // Seeing

  /**
   * Return the literal rows that the server has of our account.
   *
   * @param inDays 0 for now; else what would be left by then if nothing else happened.
   * @throws UnavailableError The server cannot be reached.
   */
  async server(inDays = 0): Promise<ServerData> {
    return await readServerData(this.#api, inDays);
  }

  /**
   * Return the bytes of a value, also of one that came as length and hash.
   *
   * @throws PeerError UNEXPECTED, they are not those of the hash.
   * @throws AuthorizationError REFUSED, the row is gone by now.
   */
  async value(table: DataTable, row: DataRow, column: string): Promise<Bytes> {
    return await readValue(this.#api, table, row, column);
  }

  /** Return how much this device itself keeps. */
  async local(): Promise<LocalData> {
    return await localData(this.#session.store);
  }

  // Mending

  /**
   * Take another handle: the wished name, and digits that the server chooses.
   *
   * Contacts are told in their conversations, each when it is next there, and see which name took the
   * place of which; our other devices too. From then on the handle of before is anybody's: it finds
   * nobody, and may be given to whoever signs up.
   *
   * @param proof The password; a passkey, if the account has no password.
   * @returns The new handle, for example maria.10077.
   * @throws AuthorizationError LOGIN_FAILED, PASSKEY_REFUSED, PASSKEY_CANCELLED; REFUSED, this device was
   *   shut out.
   * @throws PeerError MISTYPED; QUOTA, it was changed often today; ROLLED_BACK. Nothing was changed.
   * @throws UnavailableError It is not known whether it was changed. Asking for the same name again
   *   settles it.
   */
  async rename(name: string, proof: Proof): Promise<string> {
    return await rename(this.#session, name, proof);
  }

  // Having less kept, or nothing done with it

  /** Return what we chose, and the operator's days; throws UnavailableError. */
  async choices(): Promise<DataChoices> {
    return choicesFrom(await this.#api.settings());
  }

  /**
   * Have the account end after so many days without use; undefined: as the operator has it.
   *
   * @param days 7 at least, and no more than `choices().mostAccountDays`.
   * @throws PeerError MALFORMED, it is neither. Nothing was changed.
   */
  async setAccountDays(days: number | undefined): Promise<DataChoices> {
    return await this.#choose({ ...(await this.choices()), accountDays: days });
  }

  /**
   * Have what no device of ours fetches end after so many days; undefined: as the operator has it.
   *
   * @param days 1 at least, and no more than `choices().mostEnvelopeDays`.
   * @throws PeerError MALFORMED, it is neither. Nothing was changed.
   */
  async setEnvelopeDays(days: number | undefined): Promise<DataChoices> {
    return await this.#choose({ ...(await this.choices()), envelopeDays: days });
  }

  /**
   * Freeze what the server does with our account (GDPR 18), or take that back.
   *
   * While it is frozen, the account does not exist to others: nobody reaches us, also not our other
   * devices, and no call goes through the relay. Taken back, contacts get fresh addresses in place of
   * those that were refused to them; each of our devices says it for its own.
   *
   * @throws UnavailableError The server cannot be reached; say it again.
   */
  async setRestricted(restricted: boolean): Promise<DataChoices> {
    const chosen = await this.#choose({ ...(await this.choices()), restricted });
    if (!restricted) await this.#renewAddresses();
    return chosen;
  }

  /**
   * Delete one kind of data that the server has of us; returns how many rows it was, and the receipt.
   *
   * - "push": this device's subscription. A closed app does not ring until that is switched on.
   * - "handle": our handle is hidden, as before `setFindable`.
   * - "key-packages": this device's. Contacts cannot let it in until it uploads some (in a day).
   * - "envelopes": what waits for this device and did not come yet, unread. Senders do not know.
   * - "vault": emptied. A device that logs in then starts without contacts, until one that has them
   *   writes the vault anew, as it does with its next change. No receipt: to the server these are
   *   writes like any other.
   *
   * @throws UnavailableError The server cannot be reached; say it again.
   */
  async remove(what: Deletable): Promise<Deletion> {
    if (what === DataClass.VAULT) {
      return { rows: await emptyVault(this.#session), receipt: NoReceipt.NONE };
    }
    const { books } = this.#session;
    const { origin } = books.profile;
    const asked = { origin, key: await receiptKey(origin), subject: copy(books.device) };
    const { rows, receipt } = await this.#delete(what);
    const now = books.now();
    return { rows, receipt: await checked({ ...asked, what: ERASED[what], now }, receipt, rows) };
  }

  async #delete(what: keyof typeof ERASED): Promise<Deleted> {
    switch (what) {
      case DataClass.ENVELOPES:
        return await this.#api.deleteEnvelopes();
      case DataClass.KEY_PACKAGES:
        return await this.#api.deleteKeyPackages();
      case DataClass.PUSH:
        return await this.#api.deletePush();
      case DataClass.HANDLE: {
        const rows = await this.#rowsOf(what);
        return { rows, receipt: await this.#session.byHandle.setFindable(false) };
      }
    }
  }

  /**
   * Have the server delete the account. What is here stays until the profile is closed and removed: in
   * this order, for the other way round a server that cannot be reached would leave an account that
   * nobody can close.
   *
   * @param proof The password, or a passkey of the account.
   * @throws AuthorizationError LOGIN_FAILED, PASSKEY_REFUSED; nothing was changed.
   * @throws UnavailableError It is not known whether the account is deleted.
   */
  async closeAccount(proof: Proof): Promise<Receipt | NoReceipt> {
    const { books } = this.#session;
    const { origin } = books.profile;
    const asked = { origin, key: await receiptKey(origin), subject: await this.#accountId() };
    const receipt = await proved(this.#session, proof, async (login) => {
      await leaveGroups(this.#session);
      return await login.ask((api) => api.deleteAccount());
    });
    return await checked({ ...asked, what: Erased.ACCOUNT, now: books.now() }, receipt, 1);
  }

  /** Return the account's id at the server; undefined if this device is not let in any more. */
  async #accountId(): Promise<Bytes | undefined> {
    try {
      return await readAccountId(this.#api);
    } catch (error) {
      if (error instanceof AuthorizationError || error instanceof PeerError) return undefined;
      throw error;
    }
  }

  async #rowsOf(what: DataClass): Promise<number> {
    return footprintOf(await this.server()).get(what)?.rows ?? 0;
  }

  async #choose(wanted: DataChoices): Promise<DataChoices> {
    const { accountDays = null, envelopeDays = null, restricted } = wanted;
    const body = { account_days: accountDays, envelope_days: envelopeDays, restricted };
    return choicesFrom(await this.#api.putSettings(body));
  }

  /** Have every contact, and our other devices, get a fresh address of this device. */
  async #renewAddresses(): Promise<void> {
    const { books, membership, housekeeping } = this.#session;
    await books.store.transaction((unit) => {
      const others = books.contacts.all(unit).map(({ account }) => account);
      for (const account of [books.account, ...others]) {
        unit.put(ROTATE_KIND, copy(account), NOTHING);
      }
      const records = books.groups.all(unit);
      for (const { kind, groupId } of records) {
        if (kind === GroupKind.GROUP) unit.put(ROTATE_GROUP_KIND, copy(groupId), NOTHING);
      }
      unit.after(() => {
        for (const record of records) membership.mark(record);
      });
    });
    housekeeping.kick();
  }
}

/**
 * Say to every group that we leave: else we would stand in their rosters until a keeper looks.
 *
 * One that cannot be told does not keep the account open.
 */
async function leaveGroups({ books, people }: Session): Promise<void> {
  for (const { kind, groupId } of books.groups.all(books.store)) {
    if (kind !== GroupKind.GROUP) continue;
    try {
      await people.actions.leave(groupId);
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
    }
  }
}
