/**
 * Asking somebody into a group, and being asked: nobody stands in one who did not say yes (ADR 24).
 *
 * Everything goes through the conversation of two: the invite, and the yes with a key package and an
 * address for this group (P13). A no is silence. Who said yes is added by the one who asked
 * (`group_membership.ts`), and takes the Welcome of nobody else.
 *
 *     inviter     given(token) --join--> joiner, added by the next commit
 *     invited     asked --accept--> joining(unsent) --sent--> joining --Welcome--> member
 */

import { requireServer } from "../core/address.ts";
import { type Bytes, compare, concat, copy, equal, hex } from "../core/bytes.ts";
import type { GroupInvite, GroupJoin, Inner } from "../core/content_inner.ts";
import { MayAdd } from "../core/content_records.ts";
import { UnverifiedCredential } from "../core/credential.ts";
import { AuthorizationError, Code, PeerError, UsageError } from "../core/errors.ts";
import { EXTENSION, INVITE_S } from "../core/group_rules.ts";
import { AccountId, DeviceId, type GroupId, MessageId, RequestToken, random } from "../core/ids.ts";
import { UnverifiedKeyPackage } from "../core/mls/index.ts";
import { Purpose } from "./addresses.ts";
import type { Books } from "./books.ts";
import type { Conversations } from "./conversation.ts";
import {
  ASKED_IN_KIND,
  type Asked,
  askedOf,
  askedToBytes,
  GIVEN_KIND,
  type Invited,
  invitedOf,
  invitedToBytes,
  JOINING_GROUP_KIND,
  type Joiner,
} from "./group_asking.ts";
import { deviceKey, itemsOf, JOINER_KIND } from "./group_book.ts";
import type { Mark } from "./group_changes.ts";
import { GroupKind, type GroupRecord } from "./groups.ts";
import { NoticeKind } from "./history.ts";
import type { Target } from "./pending_commit.ts";
import { Profile } from "./profile.ts";
import type { Said } from "./received.ts";
import type { Reader, Unit } from "./unit.ts";

/** Invites of one contact that wait at once. More are dropped; the contact may ask again. */
export const MAX_OPEN = 16;

/** Who is told of invites. */
type InvitesOptions = Readonly<{
  /** Has a group looked at soon. */
  mark: Mark;
  /** Told when something is to be sent. */
  after: () => void;
}>;

/** Whom to ask, and into what. */
type Asking = Readonly<{
  /** What the group is called. */
  name: string;
  /** Who is in it. */
  members: readonly AccountId[];
  /** Whom to ask. */
  contact: AccountId;
}>;

/** Invites of ours, and invites to us. */
export class GroupInvites {
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "require" | "sendInnerMade">;
  readonly #told: InvitesOptions;

  constructor(
    books: Books,
    conversations: Pick<Conversations, "require" | "sendInnerMade">,
    told: InvitesOptions,
  ) {
    this.#books = books;
    this.#conversations = conversations;
    this.#told = told;
  }

  // Asking

  /**
   * Ask a contact into a group that we are in. An earlier invite to them into it holds no more.
   *
   * @throws UsageError They are in it.
   * @throws AuthorizationError As `Conversations.require`.
   * @throws UnavailableError Likewise.
   */
  async invite(group: GroupId, { name, members, contact }: Asking): Promise<void> {
    const { now, rng } = this.#books;
    if (members.some((one) => equal(one, contact))) throw new UsageError("they are in this group");
    const made = (unit: Unit): Inner => {
      for (const given of this.given(unit, group)) {
        if (equal(given.account, contact)) unit.delete(GIVEN_KIND, copy(given.token));
      }
      const [token, at] = [random(RequestToken, rng), now()];
      unit.put(GIVEN_KIND, copy(token), invitedToBytes({ group, account: contact, at }));
      const id = random(MessageId, rng);
      return { kind: "group.invite", id, at, group, name, members: members.length, token };
    };
    await this.#conversations.sendInnerMade(contact, made, { durable: true });
  }

  /** Return our invites into a group that nobody said yes to yet. */
  given(reader: Reader, group: GroupId): Invited[] {
    return reader
      .items(GIVEN_KIND)
      .map(invitedOf)
      .filter((one) => equal(one.group, group));
  }

  /**
   * Take a yes; inside the transaction of the message that brought it.
   *
   * @throws PeerError It is refused and changes nothing.
   */
  async receiveJoin(unit: Unit, said: Said, content: GroupJoin): Promise<void> {
    const { groupBook, groups, now, profile } = this.#books;
    const token = copy(content.token);
    const data = unit.get(GIVEN_KIND, token);
    const given = data === undefined ? undefined : invitedOf([token, data]);
    // CK-842: a yes pairs with one invite of this device, to this contact, and is taken once.
    if (given === undefined || !equal(given.account, said.account)) {
      throw new PeerError(Code.UNEXPECTED, "CK-842: a yes to no invite of ours");
    }
    if (given.at + INVITE_S < now()) {
      throw new PeerError(Code.EXPIRED, "CK-842: a yes to an invite that has expired");
    }
    const record = groups.get(unit, given.group);
    if (record === undefined || !(await groups.state(unit, record)).isActive) {
      throw new PeerError(Code.WRONG_GROUP, "CK-842: a yes to a group that we are out of");
    }
    // CK-576: a device speaks for itself, so that a stolen one cannot bring in more than itself.
    const [entry, second] = content.devices;
    if (entry === undefined || second !== undefined || !equal(entry.device, said.device)) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-576: a yes of another device than the sender");
    }
    const address = requireServer(entry.address, profile.origin);
    await requireFit(this.#books, unit, said, entry.keyPackage);
    const { account, device } = said;
    groupBook.putMember(unit, given.group, { account, device, name: content.name, address });
    unit.put(JOINER_KIND, deviceKey(given.group, said), entry.keyPackage);
    unit.delete(GIVEN_KIND, token);
    unit.after(() => this.#told.mark(record));
  }

  /** Return who said yes and is not in yet. */
  joiners(reader: Reader, group: GroupId): Joiner[] {
    return itemsOf(reader, JOINER_KIND, group).flatMap(([key, keyPackage]) => {
      const account = new AccountId(copy(key.subarray(16, 32)));
      const device = new DeviceId(copy(key.subarray(32)));
      const member = this.#books.groupBook.member(reader, group, { account, device });
      return member === undefined ? [] : [{ member, keyPackage }];
    });
  }

  /** Forget who said yes and is not in yet. */
  async dropJoiners(group: GroupId): Promise<void> {
    await this.#books.store.transaction((unit) => {
      for (const { member } of this.joiners(unit, group)) {
        unit.delete(JOINER_KIND, deviceKey(group, member));
        this.#books.groupBook.forgetDevice(unit, group, member);
      }
    });
  }

  // Being asked

  /**
   * Take an invite; inside the transaction of the message that brought it.
   *
   * What the person said about this contact decides: at once, after a question, never.
   * Whatever it is, nothing goes back but a yes.
   */
  async receiveInvite(unit: Unit, record: GroupRecord, content: GroupInvite): Promise<void> {
    const { contacts, groups, history } = this.#books;
    const { account: inviter } = record;
    const { group, name, members, token } = content;
    const known = contacts.get(unit, inviter);
    if (known?.state !== "contact") return;
    const present = groups.get(unit, group);
    // CK-843: the id of a group of ours is not taken twice, and an invite stands for a week.
    const isTaken =
      present !== undefined &&
      (present.kind !== GroupKind.GROUP || (await groups.state(unit, present)).isActive);
    const now = this.#books.now();
    if (isTaken || content.at + INVITE_S < now || known.rules.adds === MayAdd.NEVER) return;
    // CK-846: else one contact could fill our store with groups, and use up our addresses.
    if (this.#openOf(unit, inviter, group) >= MAX_OPEN) return;
    const asked = { group, inviter, name, members, token, at: now, sent: false };
    if (known.rules.adds === MayAdd.AT_ONCE) {
      unit.put(JOINING_GROUP_KIND, copy(group), askedToBytes(asked));
      unit.after(() => this.#told.after());
      return;
    }
    unit.put(ASKED_IN_KIND, askedKey(asked), askedToBytes(asked));
    const about = { count: now, name, by: known.name };
    history.groupNotice(unit, NoticeKind.GROUP_INVITED, group, about, now);
  }

  /** Return how many invites of a contact wait for the person, or for us to be let in. */
  #openOf(reader: Reader, inviter: AccountId, but: GroupId): number {
    const joining = reader.items(JOINING_GROUP_KIND).map(askedOf);
    return [...this.asked(reader), ...joining].filter(
      (one) => equal(one.inviter, inviter) && !equal(one.group, but),
    ).length;
  }

  /** Return the invites that wait for the person, the newest last. */
  asked(reader: Reader): Asked[] {
    return reader
      .items(ASKED_IN_KIND)
      .map(askedOf)
      .sort((one, other) => one.at - other.at || compare(one.group, other.group));
  }

  /**
   * Say yes to an invite. We are in once the other side has let us in.
   *
   * @throws AuthorizationError EXPIRED, the invite is a week old; REFUSED, it is not there any more, or
   *   its sender is no contact.
   * @throws UnavailableError QUOTA, no address is left to give; we wait to be let into the
   *   conversation with them.
   */
  async accept(asked: Asked): Promise<void> {
    const { now, store } = this.#books;
    const key = askedKey(asked);
    if (store.get(ASKED_IN_KIND, key) === undefined) {
      throw new AuthorizationError(Code.REFUSED, "no such invite waits");
    }
    if (asked.at + INVITE_S < now()) {
      await this.decline(asked);
      throw new AuthorizationError(Code.EXPIRED, "the invite is a week old");
    }
    this.#conversations.require(asked.inviter);
    await store.transaction((unit) => {
      unit.put(JOINING_GROUP_KIND, copy(asked.group), askedToBytes(asked));
      forgetAsked(unit, asked.group);
    });
    await this.tell();
  }

  /** Say nothing to an invite, and forget it. They are not told. */
  async decline(asked: Asked): Promise<void> {
    await this.#books.store.transaction((unit) => unit.delete(ASKED_IN_KIND, askedKey(asked)));
  }

  /** Return the invite into a group that we said yes to, if we did and are not in yet. */
  joining(reader: Reader, group: Uint8Array): Asked | undefined {
    const key = copy(group);
    const data = reader.get(JOINING_GROUP_KIND, key);
    return data === undefined ? undefined : askedOf([key, data]);
  }

  /** Note that we were let in, by whomever; inside a transaction. */
  isIn(unit: Unit, group: GroupId): void {
    unit.delete(JOINING_GROUP_KIND, copy(group));
    forgetAsked(unit, group);
  }

  /**
   * Send what was said yes to and not sent yet; again after a crash.
   *
   * @throws UnavailableError It goes on later.
   */
  async tell(): Promise<void> {
    const { store } = this.#books;
    for (const { group, inviter, sent } of store.items(JOINING_GROUP_KIND).map(askedOf)) {
      if (sent) continue;
      const yes = (unit: Unit) => this.#yes(unit, group);
      try {
        await this.#conversations.sendInnerMade(inviter, yes, { durable: true });
      } catch (error) {
        if (!(error instanceof AuthorizationError)) throw error;
        // No contact any more, or it refuses us.
        await store.transaction((unit) => unit.delete(JOINING_GROUP_KIND, copy(group)));
      }
    }
  }

  async #yes(unit: Unit, group: GroupId): Promise<Inner | undefined> {
    const books = this.#books;
    const asked = this.joining(unit, group);
    if (asked === undefined || asked.sent) return undefined;
    const given = books.groupAddress(unit, group);
    const keyPackage = await books.keepKeyPackage(unit);
    unit.put(JOINING_GROUP_KIND, copy(group), askedToBytes({ ...asked, sent: true }));
    const address = books.addresses.address(given);
    const devices = [{ device: books.device, keyPackage, address }];
    const id = random(MessageId, books.rng);
    const { handle: name } = Profile.load(unit);
    return { kind: "group.join", id, at: books.now(), token: asked.token, name, devices };
  }

  // Time

  /** Drop what is a week old. */
  async expire(): Promise<void> {
    const { addresses, groups, now, store } = this.#books;
    const before = now() - INVITE_S;
    const isOld = ({ at }: Readonly<{ at: number }>) => at < before;
    const some = [
      ...store.items(GIVEN_KIND).map(invitedOf),
      ...store.items(ASKED_IN_KIND).map(askedOf),
      ...store.items(JOINING_GROUP_KIND).map(askedOf),
    ];
    if (!some.some(isOld)) return; // nothing is written each minute
    await store.transaction((unit) => {
      for (const { token } of unit.items(GIVEN_KIND).map(invitedOf).filter(isOld)) {
        unit.delete(GIVEN_KIND, copy(token));
      }
      for (const asked of this.asked(unit).filter(isOld)) {
        unit.delete(ASKED_IN_KIND, askedKey(asked));
      }
      for (const { group } of unit.items(JOINING_GROUP_KIND).map(askedOf).filter(isOld)) {
        unit.delete(JOINING_GROUP_KIND, copy(group));
        const given = addresses.current(unit, Purpose.GROUP, group);
        const isNone = groups.get(unit, group) === undefined;
        if (given !== undefined && isNone) addresses.revoke(unit, given, now());
      }
    });
  }
}

function askedKey({ group, inviter }: Asked): Bytes {
  return concat(group, inviter);
}

function forgetAsked(unit: Unit, group: GroupId): void {
  for (const [key] of itemsOf(unit, ASKED_IN_KIND, group)) unit.delete(ASKED_IN_KIND, key);
}

/**
 * Check a key package that shall come into a group.
 *
 * @throws PeerError It is not good, is of another device (CK-579), or of software that knows no groups
 *   (CK-845): with it no commit would be valid.
 */
export async function requireFit(
  { lists, now }: Books,
  reader: Reader,
  who: Target,
  data: Bytes,
): Promise<void> {
  const validator = lists.validator(reader);
  const checked = await UnverifiedKeyPackage.parse(data).verify({ now: now(), validator });
  const identity = UnverifiedCredential.parse(checked.identity);
  const { accountId, device } = await identity.verify(checked.signatureKey);
  if (hex(accountId) + hex(device.deviceId) !== hex(who.account) + hex(who.device)) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-579: another device's key package");
  }
  if (!checked.supports.includes(EXTENSION)) {
    throw new PeerError(Code.UNEXPECTED, "CK-845: a device that knows no groups");
  }
}
