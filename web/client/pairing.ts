/**
 * Linking a new device by its QR code or link (P3).
 *
 *     existing                                   new
 *        |        <- link: address, hash of key   |     shown as QR
 *        |  pair.offer: commitment, key, address ->
 *        |  <- pair.answer: key, nonce            |
 *        |  pair.reveal: nonce ->                 |     both show six digits
 *        |  <- pair.request: signed list, key packages, address
 *        |  device.link: Welcome to the self group ->
 *
 * The existing device commits before it sees the other's nonce, so somebody in the middle has one try
 * in a million to show equal digits. The person confirms on the existing device; before that nothing
 * of the account goes to the new one.
 */

import { type ContactAddress, requireServer } from "../core/address.ts";
import { type Bytes, equal, hex, utf8 } from "../core/bytes.ts";
import { encodeOuter } from "../core/content.ts";
import type { PairAnswer, PairRequest } from "../core/content_outer.ts";
import { acceptList, type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { AuthorizationError, Code, PeerError } from "../core/errors.ts";
import { Digest, Nonce32, random, SignatureKey } from "../core/ids.ts";
import { pairingFromLink, pairingToLink } from "../core/invite.ts";
import { SUITE_ID, signaturePublicKey } from "../core/mls/index.ts";
import * as sas from "../core/sas.ts";
import { type Given, Purpose } from "./addresses.ts";
import { GroupKind } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import type { PairMessage } from "./inbox.ts";
import { Signal, withTimeout } from "./lock.ts";
import type { Session } from "./session.ts";

/**
 * Seconds one device waits for the other's next message. The person's comparing has no limit but
 * the next.
 */
export const ANSWER_S = 30;
export const PERSON_S = 300;
/** Key packages in one request: as many as fit the largest envelope with room to spare. */
export const KEY_PACKAGES = 40;

const MOST = 4; // messages of a whole pairing
const SHORT_BYTES = 3;

/** Is asked with six digits; true if the person saw the same on the new device. */
export type Confirm = (digits: string) => boolean | Promise<boolean>;

type Of<K extends PairMessage["kind"]> = Extract<PairMessage, Readonly<{ kind: K }>>;

/** The messages that come over one pairing address. */
class Line {
  readonly given: Given;
  readonly #session: Session;
  readonly #arrived: PairMessage[] = [];
  readonly #seen = new Set<string>();
  readonly #news = new Signal();
  readonly #handler = (given: Given, message: PairMessage) => this.#take(given, message);

  private constructor(session: Session, given: Given) {
    this.#session = session;
    this.given = given;
    session.inbox.pairHandlers.push(this.#handler);
  }

  static async open(session: Session, subject: Uint8Array): Promise<Line> {
    const { addresses, store } = session.books;
    const given = await store.transaction((unit) => addresses.mint(unit, Purpose.PAIRING, subject));
    return new Line(session, given);
  }

  /** The address that the other device is told. */
  get address(): ContactAddress {
    return this.#session.books.addresses.address(this.given);
  }

  /**
   * Wait for the next message.
   *
   * @throws UnavailableError `NO_ANSWER`.
   * @throws PeerError `UNEXPECTED` (CK-596).
   */
  async next<K extends PairMessage["kind"]>(
    wanted: K,
    seconds: number,
    signal?: AbortSignal,
  ): Promise<Of<K>> {
    const limit = { code: Code.NO_ANSWER, ...(signal === undefined ? {} : { signal }) };
    await withTimeout(seconds, (stop) => this.#wait(stop), limit);
    const message = this.#arrived.shift();
    // CK-596: the steps come in order; anything else ends the pairing.
    if (message === undefined || !isOf(message, wanted)) {
      throw new PeerError(Code.UNEXPECTED, "CK-596: a pairing message out of turn");
    }
    return message;
  }

  send(address: ContactAddress, content: PairMessage): Promise<void> {
    return this.#session.sendOuter(address, content, { durable: true });
  }

  /** Do the work of a pairing; the line is closed at its end. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    let done: T;
    try {
      done = await work();
    } catch (error) {
      await this.#close().catch(() => undefined); // must not hide why it failed
      throw error;
    }
    await this.#close();
    return done;
  }

  async #close(): Promise<void> {
    const { books, housekeeping, inbox } = this.#session;
    const at = inbox.pairHandlers.indexOf(this.#handler);
    if (at >= 0) inbox.pairHandlers.splice(at, 1);
    await books.store.transaction((unit) => {
      books.addresses.revoke(unit, this.given, books.now());
      unit.after(() => housekeeping.kick());
    });
  }

  #take(given: Given, message: PairMessage): void {
    if (!equal(given.name, this.given.name)) return;
    // A durable envelope may come twice; the second one says nothing and breaks nothing.
    const name = hex(encodeOuter(message));
    if (this.#seen.has(name)) return;
    if (this.#seen.size < MOST) this.#seen.add(name);
    this.#arrived.push(message);
    this.#news.set();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    while (this.#arrived.length === 0) {
      this.#news.clear();
      await this.#news.wait(signal);
    }
  }
}

function isOf<K extends PairMessage["kind"]>(message: PairMessage, kind: K): message is Of<K> {
  return message.kind === kind;
}

async function ownKey(session: Session): Promise<SignatureKey> {
  const { signaturePrivate } = session.books.profile;
  return new SignatureKey(await signaturePublicKey(SUITE_ID, signaturePrivate));
}

/**
 * Let a new device in: the existing device's side.
 *
 * @param session Receiving.
 * @param link As the new device shows it.
 * @param confirm Asked with the six digits.
 * @param signal Gives up when it is aborted.
 * @returns The new device's short id.
 * @throws PeerError `MISTYPED`; `REFUSED`, it is for another server; `BAD_SIGNATURE`, the keys are
 *   not those of the link.
 * @throws AuthorizationError `REFUSED`, the person said no. Nothing was given away.
 * @throws UnavailableError `NO_ANSWER`.
 */
export async function approve(
  session: Session,
  link: string,
  confirm: Confirm,
  signal?: AbortSignal,
): Promise<string> {
  const { books } = session;
  const pairing = pairingFromLink(link);
  const there = requireServer(pairing.address, books.profile.origin);
  const key = await ownKey(session);
  const line = await Line.open(session, pairing.deviceKeyHash);
  const answer = await line.during(async () => {
    const nonce = random(Nonce32, books.rng);
    await line.send(there, {
      kind: "pair.offer",
      commitment: sas.commit(nonce),
      device: books.device,
      key,
      address: line.address,
    });
    const answered = await line.next("pair.answer", ANSWER_S, signal);
    // CK-597: the key must be the one whose hash the person carried over by hand.
    if (!equal(Digest.sha256(answered.key), pairing.deviceKeyHash)) {
      throw new PeerError(Code.BAD_SIGNATURE, "CK-597: not the key of the link");
    }
    const transcript = sas.pairingTranscript({
      link: utf8(link.trim()),
      existingDevice: books.device,
      existingKey: key,
      newDevice: answered.device,
      newKey: answered.key,
    });
    const groups = groupsToJoin(books);
    await line.send(there, { kind: "pair.reveal", nonce, groups });
    if (!(await confirm(sas.pairingDigits(transcript, nonce, answered.nonce)))) {
      throw new AuthorizationError(Code.REFUSED, "the digits were not the same");
    }
    await admit(session, answered, await line.next("pair.request", ANSWER_S, signal));
    return answered;
  });
  await session.sync();
  return hex(answer.device.subarray(0, SHORT_BYTES));
}

/** Return how many groups a new device is added to: it makes as many key packages. */
function groupsToJoin({ contacts, groups, store }: Session["books"]): number {
  const people = groups.all(store).filter(({ kind }) => kind === GroupKind.GROUP);
  return contacts.all(store).length + people.length + 1;
}

async function admit(session: Session, answer: PairAnswer, request: PairRequest): Promise<void> {
  const { books, membership } = session;
  const offered = await UnverifiedDeviceList.parse(request.list).verify();
  // CK-597: the device on the newest list is the one whose digits were compared. A device that was
  // revoked still holds a list that shows it.
  const listed = acceptList(books.ownList(books.store), offered).find(answer.device);
  if (listed === null || !equal(listed.signatureKey, answer.key)) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-597: the list does not show the paired device");
  }
  const address = requireServer(request.address, books.profile.origin);
  await books.store.transaction((unit) => {
    const { account, history } = books;
    books.lists.learn(unit, offered);
    books.siblings.save(unit, answer.device, address);
    const joining = { account, keyPackages: request.keyPackages, paired: true };
    books.joining.put(unit, answer.device, joining);
    history.notice(unit, NoticeKind.OWN_DEVICE_ADDED, account, answer.device, books.now());
  });
  await books.store.transaction(async (unit) => {
    await session.welcomes.ensureSelfGroup(unit);
    session.vault.writeSoon(unit);
    const records = books.groups.all(unit);
    unit.after(() => {
      for (const record of records) membership.mark(record);
      session.housekeeping.kick();
    });
  });
}

/** The new device's side; `NewSide.open` makes one. */
export class NewSide {
  /** To show as text and as QR code. */
  readonly link: string;
  readonly #session: Session;
  readonly #ownList: DeviceList;
  readonly #before: DeviceList;
  readonly #key: SignatureKey;
  readonly #line: Line;

  private constructor(
    session: Session,
    ownList: DeviceList,
    before: DeviceList,
    key: SignatureKey,
    line: Line,
  ) {
    this.#session = session;
    this.#ownList = ownList;
    this.#before = before;
    this.#key = key;
    this.#line = line;
    this.link = pairingToLink({ address: line.address, deviceKeyHash: hashOf(key) });
  }

  /**
   * Begin to wait for an existing device.
   *
   * @param session Receiving, of the profile that was just made.
   * @param ownList The list with this device on it, signed and not yet shown to anybody.
   * @param before The list before it, from the vault.
   */
  static async open(session: Session, ownList: DeviceList, before: DeviceList): Promise<NewSide> {
    const key = await ownKey(session);
    const line = await Line.open(session, hashOf(key));
    return new NewSide(session, ownList, before, key, line);
  }

  /**
   * Pair; returns when the existing device has let this one into the self group.
   *
   * @param onDigits Shows the six digits.
   * @param signal Gives up when it is aborted.
   * @throws PeerError `BAD_CREDENTIAL`, who answered is no device of the account (CK-595);
   *   `UNEXPECTED`, the commitment does not open (CK-277), or a message out of turn (CK-596).
   * @throws UnavailableError `NO_ANSWER`, nobody approved in time.
   */
  async run(onDigits: (digits: string) => void, signal?: AbortSignal): Promise<void> {
    await this.#line.during(() => this.#pair(onDigits, signal));
  }

  async #pair(onDigits: (digits: string) => void, signal?: AbortSignal): Promise<void> {
    const line = this.#line;
    const { books, welcomes } = this.#session;
    const offer = await line.next("pair.offer", PERSON_S, signal);
    const listed = this.#before.find(offer.device);
    // CK-595: only a device that stands on our account's own list may take us in.
    if (listed === null || !equal(listed.signatureKey, offer.key)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-595: not a device of this account");
    }
    const there = requireServer(offer.address, books.profile.origin);
    const nonce = random(Nonce32, books.rng);
    await line.send(there, { kind: "pair.answer", device: books.device, key: this.#key, nonce });
    const reveal = await line.next("pair.reveal", ANSWER_S, signal);
    sas.checkReveal(offer.commitment, reveal.nonce);
    const transcript = sas.pairingTranscript({
      link: utf8(this.link),
      existingDevice: offer.device,
      existingKey: offer.key,
      newDevice: books.device,
      newKey: this.#key,
    });
    onDigits(sas.pairingDigits(transcript, reveal.nonce, nonce));
    await line.send(there, await this.#request(reveal.groups));
    const limit = { code: Code.NO_ANSWER, ...(signal === undefined ? {} : { signal }) };
    await withTimeout(PERSON_S, (stop) => welcomes.linked.wait(stop), limit);
  }

  #request(groups: number): Promise<PairRequest> {
    const { books } = this.#session;
    return books.store.transaction(async (unit): Promise<PairRequest> => {
      const keyPackages: Bytes[] = [];
      while (keyPackages.length < Math.min(groups, KEY_PACKAGES)) {
        keyPackages.push(await books.keepKeyPackage(unit));
      }
      const address = books.addresses.address(books.siblingAddress(unit));
      return { kind: "pair.request", list: this.#ownList.data, address, keyPackages };
    });
  }
}

function hashOf(key: SignatureKey): Digest {
  return Digest.sha256(key);
}
