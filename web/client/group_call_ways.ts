/**
 * What group calls need of the session: who is in the group, what is said there, keys, a ticket.
 *
 * Not for: the calls themselves (`group_calls.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import { compare, equal, hex, type Rng } from "../core/bytes.ts";
import type { Entry } from "../core/call_entry.ts";
import type { GroupCallBegan, InGroup } from "../core/content_group.ts";
import type { Media } from "../core/content_records.ts";
import type { Handled } from "../core/content_self.ts";
import { makeTreeValidator } from "../core/credential.ts";
import { Code, PeerError, VisavisError } from "../core/errors.ts";
import { guestOf, isGuest, requirePass, withGuests } from "../core/guest.ts";
import {
  type AccountId,
  CallId,
  type DeviceId,
  DoorKey,
  type GroupId,
  MessageId,
  RoomId,
  random,
} from "../core/ids.ts";
import type { KeyPackageBundle, MemberInfo } from "../core/mls/index.ts";
import type { TurnServer } from "../media/interfaces.ts";
import type { LinkBook } from "./call_link_book.ts";
import type { Ticket } from "./call_room.ts";
import type { OwnConsent } from "./consent_key.ts";
import type { BeganListener, GoingOn } from "./group_call_book.ts";
import type { MayBeIn } from "./group_call_keys.ts";
import { isContact, nameInGroup, UNNAMED } from "./group_names.ts";
import { deviceOf, GroupKind, type GroupRecord, type Seat, seatKey, seatsOf } from "./groups.ts";
import type { KeyMaterial, Spawned } from "./seam.ts";
import type { Session } from "./session.ts";

/**
 * Seconds for which all connections of a call use the same relay credentials. A capability may ask
 * sixty times a day, and calls of two ask with it, too.
 */
export const RELAY_S = 60;

/** Devices by `seatKey`. */
export type Devices = ReadonlyMap<string, Seat>;

const NOBODY: Devices = new Map();

/** The session, as group calls see it. */
export class Ways {
  readonly #session: Session;
  /** The devices of one group, as they are in one epoch. */
  #tree: Readonly<{ group: GroupId; epoch: bigint; devices: Devices }> | undefined;
  #relay: Readonly<{ until: number; server: TurnServer }> | undefined;

  /** @param session Open. */
  constructor(session: Session) {
    this.#session = session;
  }

  get rng(): Rng {
    return this.#session.rng;
  }

  /** The server. */
  get origin(): string {
    return this.#session.books.profile.origin;
  }

  /** Ours. */
  get account(): AccountId {
    return this.#session.account;
  }

  /** This one. */
  get device(): DeviceId {
    return this.#session.device;
  }

  /** Our call links. */
  get links(): LinkBook {
    return this.#session.books.callLinks;
  }

  /** Return unix seconds. */
  now(): number {
    return this.#session.now();
  }

  /** Return seconds that never go backwards. */
  monotonic(): number {
    return this.#session.monotonic();
  }

  /** Run work in the session's scope. */
  spawn(work: (signal: AbortSignal) => Promise<void>): Spawned {
    return this.#session.spawn(work);
  }

  // What goes on

  /** Return the call that goes on in a group, as far as we know. */
  goingOn(group: GroupId): GoingOn | undefined {
    const { groupCalls, store } = this.#session.books;
    return groupCalls.get(store, group);
  }

  /** Forget a call that is over. */
  async forget({ group, call }: GoingOn): Promise<void> {
    const { groupCalls, store } = this.#session.books;
    await store.transaction((unit) => groupCalls.forget(unit, group, call));
  }

  // Who is in the group

  /**
   * Return a group that we are in.
   *
   * @throws AuthorizationError REFUSED.
   */
  async require(group: GroupId): Promise<GroupRecord> {
    return await this.#session.people.actions.require(group);
  }

  /** Say whether we are in a group. */
  async isMember(group: GroupId): Promise<boolean> {
    const { groups, store } = this.#session.books;
    const record = groups.get(store, group);
    if (record?.kind !== GroupKind.GROUP) return false;
    // After our removal the tree is still the one of before.
    if (!(await groups.state(store, record)).isActive) return false;
    return (await this.devices(group)).has(seatKey(this.account, this.device));
  }

  /** Say whether we left a group ourselves. */
  hasLeft(group: GroupId): boolean {
    const { groupBook, store } = this.#session.books;
    return groupBook.past(store).some((past) => equal(past.group, group) && past.why === "left");
  }

  /** Return the devices in a group now; read from its tree once in each epoch. */
  async devices(group: GroupId): Promise<Devices> {
    const { groups, store } = this.#session.books;
    const record = groups.get(store, group);
    if (record === undefined) return NOBODY;
    const state = await groups.state(store, record);
    const { epoch } = state;
    const known = this.#tree;
    if (known !== undefined && known.epoch === epoch && equal(known.group, group)) {
      return known.devices;
    }
    const devices = await seatsOf(state);
    this.#tree = { group, epoch, devices };
    return devices;
  }

  /** Return the other accounts of a group that we are in. */
  async others(group: GroupId): Promise<readonly AccountId[]> {
    const seats = [...(await this.devices(group)).values()];
    const others = seats.map(({ account }) => account).filter((one) => !equal(one, this.account));
    return [...new Map(others.map((one) => [hex(one), one])).values()].sort(compare);
  }

  /** Say whether a device is in a group now; of a guest, whether who let it in is. */
  async isIn(group: GroupId, member: MemberInfo): Promise<boolean> {
    const { account, device } = isGuest(member) ? guestOf(member) : await deviceOf(member);
    return (await this.devices(group)).has(seatKey(account, device));
  }

  /** Return the judge of who may be in a call of a group. */
  mayBeIn(group: GroupId, call: CallId): MayBeIn {
    return async (member) => {
      if (isGuest(member)) {
        const guest = guestOf(member);
        const seat = (await this.devices(group)).get(seatKey(guest.account, guest.device));
        return await requirePass(guest, call, seat?.signatureKey);
      }
      // CK-851: devices of the group's members, as its tree has them now, and whom one of them let in
      // as a guest of this call; nobody else.
      if (await this.isIn(group, member)) return;
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-851: not in the group of this call");
    };
  }

  /** Return what this device signs with; its validator knows the members of the group. */
  async keyMaterial(group: GroupId): Promise<KeyMaterial> {
    const { groupBook, store } = this.#session.books;
    const ours = await this.#session.keyMaterial();
    const newest = async (account: AccountId) =>
      (await groupBook.newest(store, group, account)) ?? null;
    return { ...ours, validator: withGuests(makeTreeValidator(newest)) };
  }

  /** Return a fresh key package with our consent key, kept by the caller in memory only. */
  newKeyPackage(consent: OwnConsent): Promise<KeyPackageBundle> {
    return this.#session.newKeyPackage(consent);
  }

  /** Return with what a room is made: an address that this device alone has of itself. */
  async ticket(): Promise<Ticket> {
    const { mailbox, capability } = await this.#session.ownTurnAddress();
    return { mailbox, capability };
  }

  /**
   * Fetch relay credentials (P12).
   *
   * @throws UnavailableError NO_RELAY, UNAVAILABLE, QUOTA.
   */
  async turn(): Promise<readonly TurnServer[]> {
    const now = this.monotonic();
    let relay = this.#relay;
    if (relay === undefined || now >= relay.until) {
      const session = this.#session;
      const { ttlS, ...server } = await session.turn(await session.ownTurnAddress());
      relay = { until: now + Math.min(RELAY_S, ttlS / 2), server };
      this.#relay = relay;
    }
    return [relay.server];
  }

  /** Return the device list of our account, signed. */
  deviceList(): Bytes {
    const { books } = this.#session;
    return books.ownList(books.store).data;
  }

  /** Return what a group is called. */
  groupName(group: GroupId): string {
    const { groupBook, store } = this.#session.books;
    return groupBook.terms(store, group)?.name ?? "";
  }

  /** Return the name to show for a member. */
  async nameOf(group: GroupId, account: AccountId): Promise<string> {
    const { books } = this.#session;
    return await nameInGroup(books, books.store, group, account);
  }

  /** Return what a member calls itself: what guests are told, and not what it is to us. */
  saidName(group: GroupId, account: AccountId): string {
    const { groupBook, profile, store } = this.#session.books;
    if (equal(account, this.account)) return profile.handle;
    return groupBook.nameOf(store, group, account) || UNNAMED;
  }

  /** Say whether a member is a contact whose safety number was compared; we are. */
  async isVerified(group: GroupId, account: AccountId): Promise<boolean> {
    if (equal(account, this.account)) return true;
    return (await this.#isContact(group, account)) && this.#session.isVerified(account);
  }

  /** Return as what a call may ring: by the rules of the contact who began it (CK-853). */
  async mayRing({ group, by, media }: GoingOn): Promise<Media | undefined> {
    if (!(await this.#isContact(group, by))) return undefined;
    return this.#session.mayRing(by, media);
  }

  async #isContact(group: GroupId, account: AccountId): Promise<boolean> {
    const { books } = this.#session;
    return await isContact(books, books.store, group, account);
  }

  // What is said

  /** Return a call that we are about to begin; nobody knows of it yet. */
  newCall(group: GroupId, media: Media): GoingOn {
    const { rng } = this;
    const [call, room, door] = [random(CallId, rng), random(RoomId, rng), random(DoorKey, rng)];
    return { group, call, room, door, media, by: this.account, at: this.now() };
  }

  /** Tell the group of a call that we began: at once, and kept for who is not there. */
  async sayBegan(going: GoingOn): Promise<void> {
    const { groupCalls, store } = this.#session.books;
    await store.transaction((unit) => groupCalls.note(unit, going));
    const said = this.#began(going);
    await calmly(this.#say(going.group, said, { durable: false })); // nobody is there: it is kept
    await this.#say(going.group, said, { durable: true });
  }

  /** Tell whoever came into the group meanwhile of a call that goes on. */
  async sayAgain(going: GoingOn): Promise<void> {
    // If that fails, they hear of the next one.
    await calmly(this.#say(going.group, this.#began(going), { durable: true }));
  }

  #began({ call, room, door, media, at }: GoingOn): GroupCallBegan {
    const id = random(MessageId, this.rng);
    return { kind: "groupcall.began", id, at, call, room, door, media };
  }

  /**
   * Tell the group that nobody is in a call any more.
   *
   * @param options.live At once, too: another one is about to begin, and would not stand beside it.
   */
  async sayOver(going: GoingOn, { live = false } = {}): Promise<void> {
    await this.forget(going);
    const { group, call } = going;
    if (!(await this.isMember(group))) return;
    const [id, at] = [random(MessageId, this.rng), this.now()];
    const said = { kind: "groupcall.over", id, at, call } as const;
    if (live) await calmly(this.#say(group, said, { durable: false }));
    // If that fails, who comes later hears it at the door.
    await calmly(this.#say(group, said, { durable: true }));
  }

  async #say(
    group: GroupId,
    said: InGroup,
    options: Readonly<{ durable: boolean }>,
  ): Promise<void> {
    const record = await this.require(group);
    await this.#session.conversations.sendInGroup(record, () => said, options);
  }

  /** Have our other devices stop ringing. */
  async sayHandled(call: CallId, how: Handled): Promise<void> {
    const said = { kind: "self.call_handled", call, how } as const;
    // If that fails, they stop by themselves after a while.
    await calmly(this.#session.sendSelf(said, { durable: false }));
  }

  /** Keep a call in the history, as far as the person wants one kept. */
  async note(entry: Entry): Promise<void> {
    await this.#session.noteCall(entry, null);
  }

  // What is heard

  /** Register who is told of a call that a member began, once that is on disk. */
  onBegan(listener: BeganListener): void {
    this.#session.books.groupCalls.onBegan(listener);
  }

  /** Register who is told that a call is over. */
  onOver(listener: (group: GroupId, call: CallId) => void): void {
    this.#session.books.groupCalls.onOver(listener);
  }

  /** Register who is told that the members of a group changed, or that we are out of it. */
  onGroup(listener: (group: GroupId) => void): void {
    this.#session.people.onChanged(listener);
    this.#session.books.groupCalls.onDropped(listener);
  }

  /** Register who is told that another device of ours took or declined a call. */
  onHandled(listener: (call: CallId) => void): void {
    this.#session.onSelf(async ({ content }) => {
      if (content.kind === "self.call_handled") listener(content.call);
    });
  }
}

/** Wait for what may fail, for a reason of the world. */
async function calmly(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
  }
}
