/**
 * The call links that this device made and that are still good (docs/protocol/call-link.md).
 *
 * A link is of one group and of the device that made it: while that device is in the group's call,
 * guests are heard in its lobby. It ends here and nowhere else: when it expires, when a guest was let
 * in by a link for one, when the person withdraws it, or when we are out of the group.
 *
 * Not for: what happens in a lobby (`call_lobby.ts`).
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, compare, copy, equal, hex } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Code, FatalError } from "../core/errors.ts";
import { GroupId, LinkSecret } from "../core/ids.ts";
import { type Addresses, Purpose } from "./addresses.ts";
import type { Item, Reader, Unit, UnitStore } from "./unit.ts";

export const LINK_KIND = "call.link";
export const NAME_BYTES = 16;

/** A call link of ours. Never printed. */
export type OwnLink = Readonly<{
  /** 16 random bytes, our name for it. */
  name: Bytes;
  /** Whose call it leads to. */
  group: GroupId;
  /** The link's. */
  secret: LinkSecret;
  /** Of the lobby's key, 32 bytes; it leaves this device never. */
  lobbyPrivate: Bytes;
  /** Unix seconds. */
  expiresAt: number;
  /** It ends with the first guest who is let in. */
  once: boolean;
}>;

/** What is kept of our call links. */
export class LinkBook {
  readonly #store: UnitStore;
  readonly #addresses: Addresses;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  /** Names, in hex, of links whose address stays good while somebody is here by it. */
  readonly #held = new Set<string>();

  /**
   * @param store Of the profile.
   * @param addresses Each link has one, with which guests who were let in get a relay.
   * @param now Returns unix seconds.
   */
  constructor(store: UnitStore, addresses: Addresses, now: () => number) {
    this.#store = store;
    this.#addresses = addresses;
    this.#now = now;
  }

  /** Register who is told that a link was made or has ended; what it returns ends that. */
  onChange(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Return the links that are good, those that end first before others. */
  all(): readonly OwnLink[] {
    return kept(this.#store)
      .filter(({ expiresAt }) => this.#now() < expiresAt)
      .sort((a, b) => a.expiresAt - b.expiresAt || compare(a.name, b.name));
  }

  /** Say whether a link is good still. */
  isGood({ name, expiresAt }: OwnLink): boolean {
    return this.#store.get(LINK_KIND, name) !== undefined && this.#now() < expiresAt;
  }

  /**
   * Keep a new link.
   *
   * @throws UnavailableError QUOTA, no capability is left to hand out.
   */
  async make(link: OwnLink): Promise<void> {
    await this.#store.transaction((unit) => {
      this.#addresses.mint(unit, Purpose.LINK, link.name);
      unit.put(LINK_KIND, link.name, toBytes(link));
      this.#tellAfter(unit);
    });
  }

  /** Forget a link, with its keys and its address. Harmless when repeated. */
  async end(link: OwnLink): Promise<void> {
    this.#held.delete(hex(link.name));
    await this.spend(link);
  }

  /** Forget a link for one, who was let in: they keep its address while they are here. */
  async spend({ name }: OwnLink): Promise<void> {
    await this.#store.transaction((unit) => {
      this.#forget(unit, name);
      this.#tellAfter(unit);
    });
  }

  /**
   * Return a link's address, which stays good until it is released.
   *
   * @throws UnavailableError QUOTA, no capability is left to hand out.
   */
  async hold({ name }: OwnLink): Promise<ContactAddress> {
    this.#held.add(hex(name));
    const given = await this.#store.transaction((unit) =>
      this.#addresses.currentOrMint(unit, Purpose.LINK, name),
    );
    return this.#addresses.address(given);
  }

  /** Its lobby is left; if the link is over, its address ends, too. */
  async release({ name }: OwnLink): Promise<void> {
    this.#held.delete(hex(name));
    await this.purge();
  }

  /** Forget the links of a group that we are out of; inside a transaction. */
  drop(unit: Unit, group: GroupId): void {
    for (const link of kept(unit)) if (equal(link.group, group)) this.#forget(unit, link.name);
    this.#tellAfter(unit);
  }

  /** Forget links that have expired, and addresses whose link is gone. */
  async purge(): Promise<void> {
    await this.#store.transaction((unit) => {
      const now = this.#now();
      const needed = new Set(this.#held);
      for (const { name, expiresAt } of kept(unit)) {
        if (now < expiresAt) needed.add(hex(name));
        else this.#forget(unit, name);
      }
      for (const given of this.#addresses.all(unit, Purpose.LINK)) {
        if (!needed.has(hex(given.subject))) this.#addresses.revoke(unit, given, now);
      }
    });
  }

  #forget(unit: Unit, name: Bytes): void {
    unit.delete(LINK_KIND, name);
    const given = this.#addresses.current(unit, Purpose.LINK, name);
    if (given !== undefined && !this.#held.has(hex(name))) {
      this.#addresses.revoke(unit, given, this.#now());
    }
  }

  #tellAfter(unit: Unit): void {
    unit.after(() => {
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

function kept(reader: Reader): OwnLink[] {
  return reader.items(LINK_KIND).map(fromItem);
}

function toBytes({ group, secret, lobbyPrivate, expiresAt, once }: OwnLink): Bytes {
  return encode([group, secret, lobbyPrivate, expiresAt, once]);
}

function fromItem([name, data]: Item): OwnLink {
  const value = decode(data);
  const fields = isList(value) && value.length === 5 ? value : [];
  const [group, secret, lobbyPrivate, expiresAt, once] = fields;
  if (
    !isBytes(group) ||
    !isBytes(secret) ||
    !isBytes(lobbyPrivate) ||
    typeof expiresAt !== "number" ||
    typeof once !== "boolean"
  ) {
    throw new FatalError(Code.MALFORMED, "a call link cannot be read");
  }
  return {
    name: copy(name),
    group: new GroupId(group),
    secret: new LinkSecret(secret),
    lobbyPrivate,
    expiresAt,
    once,
  };
}
