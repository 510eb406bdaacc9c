/**
 * How an account moves to another server: out into a file, and in from one (twin of
 * `src/visavis/sdk/move.py` and `client_move.py`).
 *
 * The account stays who it is: the same id, the same identity key, so the same safety numbers. Its
 * device list goes on with a higher version, one device on it, and no two lists of one version
 * (`signMoved`). Everything else that a server has a part in begins anew: handle, password, recovery
 * code, mailbox, addresses, conversations.
 *
 * There is no federation. Who is to stay a contact needs an account at the other server.
 *
 * Its code is loaded when somebody moves. Not for: the form of the file (`core/move_file.ts`), or
 * contacts who are not there yet (`awaited.ts`).
 */

import { type Bytes, compare, copy, equal, hex, wipe } from "../core/bytes.ts";
import type { Entry } from "../core/call_entry.ts";
import { Standing } from "../core/content_records.ts";
import { type DeviceList, type ListedDevice, signMoved } from "../core/device_list.ts";
import { AuthorizationError, Code, FatalError, PeerError } from "../core/errors.ts";
import { identityHash } from "../core/identity.ts";
import { inviteFromLink, requireFresh } from "../core/invite.ts";
import {
  callsOf,
  headOf,
  type Moved,
  openMove,
  pagesOf,
  readWork,
  SALT_BYTES,
  sealMove,
} from "../core/move_file.ts";
import type { MovedContact } from "../core/moved_contact.ts";
import { generatePassphrase } from "../core/passwords.ts";
import type { Proof } from "./account.ts";
import { Books, systemRng } from "./books.ts";
import type { Known } from "./contact_book.ts";
import { refresh } from "./devices.ts";
import { UnlockedAccount } from "./keystore.ts";
import { requirePassword } from "./password_check.ts";
import type { Session } from "./session.ts";
import type { Begins } from "./sign_up.ts";
import type { Contact } from "./snapshots.ts";
import type { Store } from "./store.ts";
import { derive, KDF, type Kdf } from "./unlock.ts";
import { proved } from "./ways_in.ts";

export { callsOf, LARGEST, type Moved, MoveFileError, readWork } from "../core/move_file.ts";

/** What contacts read; `{origin}` and `{link}` stand for what they say. */
export const TOLD =
  "I am moving to another server: {origin}\n" +
  "If you want to stay in touch, make an account there and use this link. It is good for a few " +
  "days.\n{link}";

/** A file to carry to another server. */
export type MoveFile = Readonly<{
  /** The file's bytes; they tell nothing without the passphrase. */
  data: Bytes;
  /** To show to the person, this once. */
  passphrase: string;
  /** How many contacts are in it. */
  contacts: number;
  /** How many calls are in it. */
  calls: number;
}>;

export type MoveOutOptions = Readonly<{
  /** For the file; one of six words is made if left out. */
  passphrase?: string;
  /** For tests; leave it out. */
  kdf?: Kdf;
}>;

/** What a person does who goes to another server; see `Client.moving`. */
export class Moving {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Put the account into a file for another server; here it stays as it is.
   *
   * In it: the identity key, contacts with what was decided about them, the history of calls,
   * settings. Not in it: messages, files, anything of this server.
   *
   * @param proof The password, or a passkey of the account: the identity key lies in the keystore,
   *   and no device has it.
   * @throws AuthorizationError LOGIN_FAILED, PASSKEY_REFUSED, PASSKEY_CANCELLED; REFUSED, this device
   *   was shut out.
   * @throws PeerError WEAK_PASSWORD, the passphrase; ROLLED_BACK, the server shows an old keystore.
   * @throws UnavailableError The server cannot be reached.
   */
  async out(proof: Proof, options: MoveOutOptions = {}): Promise<MoveFile> {
    const passphrase = options.passphrase ?? generatePassphrase(systemRng);
    await requirePassword(passphrase, this.#session.books.profile.handle);
    const moved = await takeOut(this.#session, proof);
    try {
      const data = await sealFile(moved, passphrase, options.kdf);
      return { data, passphrase, contacts: moved.contacts.length, calls: callsOf(moved).length };
    } finally {
      wipe(moved.identity);
    }
  }

  /**
   * Return what contacts are told when this account has moved.
   *
   * @param link An invite that the account made at the other server.
   * @param words In them `{origin}` and `{link}` are filled in.
   * @throws PeerError MISTYPED, EXPIRED; UNEXPECTED, it leads to this very server.
   * @throws AuthorizationError REFUSED, it is not of this account (CK-735).
   */
  message(link: string, words: string = TOLD): string {
    return messageFor(this.#session.books, link, words);
  }

  /**
   * Send a contact the link to the account at the other server, inside the conversation.
   *
   * @throws As `message`, and as `Client.sendMessage`; AuthorizationError REFUSED, they are blocked.
   */
  async tell({ account, state }: Contact, link: string, words: string = TOLD): Promise<void> {
    const text = this.message(link, words);
    if (state === Standing.BLOCKED) {
      throw new AuthorizationError(Code.REFUSED, "a blocked contact is told nothing");
    }
    await this.#session.conversations.sendText(account, text);
  }
}

/** Gather what goes along. The account stays as it is. Errors as in `Moving.out`. */
async function takeOut(session: Session, proof: Proof): Promise<Moved> {
  const { books } = session;
  return await proved(session, proof, async (login) => {
    await refresh(session, login);
    const settings = books.calls.settings(books.store);
    return {
      identity: copy(login.keys.identityPrivate),
      listed: login.keys.head.data,
      handle: books.profile.handle,
      contacts: movingContacts(books),
      pages: pagesOf(books.calls.entries(), books.rng),
      settings: settings.count > 0 ? settings : null,
    };
  });
}

/** Return the contacts as they go along, by account: those who are awaited still, too. */
function movingContacts(books: Books): readonly MovedContact[] {
  const { awaited, contacts, store } = books;
  const going = new Map(awaited.all(store).map((one) => [hex(one.account), one]));
  for (const known of contacts.all(store)) going.set(hex(known.account), moving(books, known));
  return [...going.values()].sort((one, other) => compare(one.account, other.account));
}

function moving({ contacts, lists, store }: Books, known: Known): MovedContact {
  const newest = lists.newest(store, known.account);
  if (newest === undefined) {
    throw new FatalError(Code.UNEXPECTED, "a contact without a device list");
  }
  const { name, standing, verified, rules, decided } = contacts.record(store, known);
  const { identityKey: identity, version } = newest;
  return { account: known.account, identity, version, name, standing, verified, rules, decided };
}

/**
 * Return the file under a passphrase; takes the time of the hash.
 *
 * @throws PeerError TOO_LARGE.
 */
export async function sealFile(moved: Moved, passphrase: string, kdf: Kdf = KDF): Promise<Bytes> {
  const salt = systemRng(SALT_BYTES);
  const secret = await derive(passphrase, salt, kdf);
  try {
    return await sealMove(moved, { ...kdf, salt }, secret, systemRng);
  } finally {
    wipe(secret);
  }
}

/**
 * Open a file from outside; takes the time of the hash.
 *
 * @throws MoveFileError Its `why` says why. Nothing was changed.
 */
export async function readFile(data: Bytes, passphrase: string): Promise<Moved> {
  const { salt, ...kdf } = readWork(data);
  const secret = await derive(passphrase, salt, kdf);
  try {
    return await openMove(data, secret);
  } finally {
    wipe(secret);
  }
}

/** An account that comes from another server. */
export class Arriving implements Begins {
  readonly #moved: Moved;
  readonly #head: DeviceList;
  readonly #calls: readonly Entry[];

  private constructor(moved: Moved, head: DeviceList) {
    this.#moved = moved;
    this.#head = head;
    this.#calls = callsOf(moved);
  }

  /** Read it all before the server is asked for anything. */
  static async of(moved: Moved): Promise<Arriving> {
    return new Arriving(moved, await headOf(moved));
  }

  /** Return the account's keys: its identity, under a root and vault key made for here. */
  keys(): UnlockedAccount {
    const { accountId, root, vaultKeys } = UnlockedAccount.generate(
      this.#head.accountId,
      systemRng,
    );
    return new UnlockedAccount(accountId, root, copy(this.#moved.identity), vaultKeys);
  }

  /** Sign the list that follows the one of before, with this device alone on it. */
  sign(keys: UnlockedAccount, first: ListedDevice): Promise<DeviceList> {
    return signMoved(this.#head, keys.identityPrivate, [first]);
  }

  /** Write settings, who is awaited, and the history, all or nothing. */
  async fill(store: Store): Promise<void> {
    const books = await Books.open(store);
    const { device } = books;
    const { contacts, settings } = this.#moved;
    // A call's mark is of this device from now on: the one that made it is no more.
    const ofHere = (entry: Entry): Entry =>
      entry.mark.count > 0 ? { ...entry, mark: { ...entry.mark, device } } : entry;
    await store.transaction((unit) => {
      if (settings !== null) books.calls.takeSettings(unit, { ...settings, device });
      // Before the calls: their rules say what is kept.
      for (const contact of contacts) books.awaited.save(unit, contact);
      books.calls.noteAll(unit, this.#calls.map(ofHere));
    });
  }
}

function messageFor(books: Books, link: string, words: string): string {
  const { inviter, address } = requireFresh(inviteFromLink(link), books.now());
  // CK-735: the person tells everybody they know to follow it. Their own identity key moved along, so
  // that theirs is known from any other, pasted by mistake or by somebody's advice.
  if (!equal(inviter, identityHash(books.ownList(books.store).identityKey))) {
    throw new AuthorizationError(Code.REFUSED, "CK-735: an invite of another account");
  }
  if (address.origin === books.profile.origin) {
    throw new PeerError(Code.UNEXPECTED, "an invite to this very server");
  }
  const said = { origin: address.origin, link: link.trim() };
  return words.replace(/\{(origin|link)\}/g, (_, name: keyof typeof said) => said[name]);
}
