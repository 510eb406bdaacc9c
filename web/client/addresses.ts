/**
 * Addresses this device gives out: one capability and one seal key for each taker (P1, P7).
 *
 * Capabilities come from a pool of 256 that was registered at sign-up, so that handing one out tells
 * the server nothing; the pool is refilled at a random hour. The seal key of an address is random,
 * and what opened an envelope tells over which address it came, hence what it may contain (CK-570).
 *
 * A revoked address leaves by way of the `revoke` list: kept until the server has deleted the
 * capability, so that a crash cannot leave it alive. Its seal key stays a month more, because
 * envelopes sealed with it may still lie in the mailbox.
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, copy, equal, type Rng, utf8 } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Code, FatalError, UnavailableError } from "../core/errors.ts";
import { Capability, type MailboxId, SealKey } from "../core/ids.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { Lock } from "./lock.ts";
import type { Item, Reader, Unit, UnitStore } from "./unit.ts";

export const POOL = 256;
/** Accounts that must get a new address of ours: one of their devices, or ours, was removed. */
export const ROTATE_KIND = "rotate";
/** Value of such a row: they were unblocked, and are told the address they have not heard of yet. */
export const LOOK = utf8("look");
export const REFILL_BELOW = 64;
export const KEEP_RETIRED_S = 31 * 86_400;

const POOL_KIND = "pool";
const FRESH_KIND = "pool.fresh";
const ADDRESS_KIND = "address";
const REVOKE_KIND = "revoke";
const NOTHING: Bytes = new Uint8Array();

/** Whom an address was given to. */
export const Purpose = {
  INVITE: "invite",
  HANDLE: "handle",
  REQUEST: "request",
  CONTACT: "contact",
  SIBLING: "sibling",
  PAIRING: "pairing",
  GROUP: "group",
  /** The one that a group had before somebody was removed, for as long as it is still good. */
  GROUP_BEFORE: "group.before",
  /** Of a call link: guests who were let in get a relay with it, and say nothing over it. */
  LINK: "link",
  OWN: "own",
} as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/** Say whether an address was given to the members of a group of people. */
export function isOfGroup(purpose: Purpose): boolean {
  return purpose === Purpose.GROUP || purpose === Purpose.GROUP_BEFORE;
}

const PURPOSES: readonly string[] = Object.values(Purpose);

/** One address we gave out. */
export type Given = Readonly<{
  /** 16 random bytes, our name for it. */
  name: Bytes;
  /** Whom it is for. */
  purpose: Purpose;
  /** The invite id, request token, account id (our own for HANDLE) or device id. */
  subject: Bytes;
  /** What the taker shows to the server. */
  capability: Capability;
  /** What the taker seals under. */
  sealKey: SealKey;
  /** Unix seconds when it was revoked, 0 while it is good. */
  retiredAt: number;
}>;

/** What this module asks of the server (`DeviceApi` has it). */
export type CapabilityApi = Readonly<{
  addCapabilities(hashes: readonly Bytes[]): Promise<void>;
  revokeCapabilities(hashes: readonly Bytes[]): Promise<void>;
}>;

/** Return what the server stores of a capability. */
export function capabilityHash(capability: Uint8Array): Bytes {
  return SHA256.hash(capability);
}

/** The addresses of this device's mailbox. */
export class Addresses {
  readonly #origin: string;
  readonly #mailbox: MailboxId;
  readonly #rng: Rng;
  /**
   * Two at once would register the same capabilities, and the second to end would put them back into
   * the pool after one was handed out: two takers would hold one.
   */
  readonly #registering = new Lock();

  constructor(origin: string, mailbox: MailboxId, rng: Rng) {
    this.#origin = origin;
    this.#mailbox = mailbox;
    this.#rng = rng;
  }

  /** Put fresh capabilities into the pool of a new device; returns their hashes. */
  static makePool(unit: Unit, rng: Rng, count = POOL): Bytes[] {
    const fresh = Array.from({ length: count }, () => rng(Capability.LENGTH));
    for (const capability of fresh) unit.put(POOL_KIND, capability, NOTHING);
    return fresh.map(capabilityHash);
  }

  /** Our names for the seal keys, and the keys: what `openEnvelope` tries. */
  sealKeys(reader: Reader): ReadonlyMap<Bytes, Bytes> {
    return new Map(all(reader).map((given) => [given.name, copy(given.sealKey)]));
  }

  /**
   * Return the address of a name.
   *
   * @throws FatalError UNEXPECTED, there is none.
   */
  given(reader: Reader, name: Bytes): Given {
    const data = reader.get(ADDRESS_KIND, name);
    if (data === undefined) throw new FatalError(Code.UNEXPECTED, "no address of this name");
    return givenOf([name, data]);
  }

  /** Return the good address for this subject, or undefined. */
  current(reader: Reader, purpose: Purpose, subject: Uint8Array): Given | undefined {
    return this.all(reader, purpose).find((given) => equal(given.subject, subject));
  }

  /** Return the good addresses for a purpose. */
  all(reader: Reader, purpose: Purpose): Given[] {
    return all(reader).filter((given) => given.purpose === purpose && given.retiredAt === 0);
  }

  /**
   * Make an address from the pool.
   *
   * @throws UnavailableError QUOTA, the pool is empty until it is refilled.
   */
  mint(unit: Unit, purpose: Purpose, subject: Uint8Array): Given {
    const pool = unit.items(POOL_KIND);
    // By chance, not in order: the order of handing out must not follow that of registration.
    const chance = this.#rng(4).reduce((sum, byte) => sum * 256 + byte, 0);
    const [capability] = pool[chance % pool.length] ?? [];
    if (capability === undefined) {
      throw new UnavailableError(Code.QUOTA, "no capability is left to hand out");
    }
    unit.delete(POOL_KIND, capability);
    return save(unit, {
      name: this.#rng(16),
      purpose,
      subject: copy(subject),
      capability: new Capability(capability),
      sealKey: new SealKey(this.#rng(SealKey.LENGTH)),
      retiredAt: 0,
    });
  }

  /** Return the good address for this subject, made if there is none; throws as `mint`. */
  currentOrMint(unit: Unit, purpose: Purpose, subject: Uint8Array): Given {
    return this.current(unit, purpose, subject) ?? this.mint(unit, purpose, subject);
  }

  /** Return what is handed to the taker. */
  address(given: Given): ContactAddress {
    const { capability, sealKey } = given;
    return { origin: this.#origin, mailbox: this.#mailbox, capability, sealKey };
  }

  /** Note that the taker is now known (a request became a contact). */
  rebind(unit: Unit, given: Given, purpose: Purpose, subject: Uint8Array): Given {
    return save(unit, { ...given, purpose, subject: copy(subject) });
  }

  /** Retire an address; its capability dies at the server with the next `flush`. */
  revoke(unit: Unit, given: Given, now: number): Given {
    unit.put(REVOKE_KIND, capabilityHash(given.capability), NOTHING);
    return save(unit, { ...given, retiredAt: now });
  }

  /** Drop the seal keys of addresses that were revoked long ago. */
  purge(unit: Unit, now: number): void {
    for (const { name, retiredAt } of all(unit)) {
      if (retiredAt !== 0 && retiredAt + KEEP_RETIRED_S < now) unit.delete(ADDRESS_KIND, name);
    }
  }

  /**
   * Tell the server which capabilities are no more. Safe to repeat; outside of a unit.
   *
   * As many new ones are registered as die (CK-589): the number of a mailbox's rows stays the same,
   * so it does not tell how many contacts came and went (P7).
   */
  async flush(store: UnitStore, api: CapabilityApi): Promise<void> {
    await this.#registering.run(async () => {
      const hashes = store.items(REVOKE_KIND).map(([key]) => key);
      if (hashes.length === 0) return;
      const fresh = await this.#register(store, api, hashes.length);
      await api.revokeCapabilities(hashes);
      await store.transaction((unit) => {
        for (const key of hashes) unit.delete(REVOKE_KIND, key);
        intoPool(unit, fresh);
      });
    });
  }

  /** Say whether the pool runs low. */
  needsRefill(reader: Reader): boolean {
    return reader.count(POOL_KIND) < REFILL_BELOW;
  }

  /**
   * Register another 256; outside of a unit. The caller chooses a random hour (P7).
   *
   * A whole block at a time, so that the server learns no more than this: beyond some two hundred
   * contacts there is a second block.
   */
  async refill(store: UnitStore, api: CapabilityApi): Promise<void> {
    await this.#registering.run(async () => {
      const fresh = await this.#register(store, api, POOL);
      await store.transaction((unit) => intoPool(unit, fresh));
    });
  }

  /** Register fresh capabilities, the same ones again after a crash. */
  async #register(store: UnitStore, api: CapabilityApi, count: number): Promise<Bytes[]> {
    const fresh = await store.transaction((unit) => {
      const kept = unit.items(FRESH_KIND).map(([key]) => key);
      while (kept.length < count) {
        const capability = this.#rng(Capability.LENGTH);
        unit.put(FRESH_KIND, capability, NOTHING);
        kept.push(capability);
      }
      return kept;
    });
    await api.addCapabilities(fresh.map(capabilityHash));
    return fresh;
  }
}

function intoPool(unit: Unit, fresh: readonly Bytes[]): void {
  for (const capability of fresh) {
    unit.delete(FRESH_KIND, capability);
    unit.put(POOL_KIND, capability, NOTHING);
  }
}

function all(reader: Reader): Given[] {
  return reader.items(ADDRESS_KIND).map(givenOf);
}

function save(unit: Unit, given: Given): Given {
  const { name, purpose, subject, capability, sealKey, retiredAt } = given;
  unit.put(ADDRESS_KIND, name, encode([purpose, subject, capability, sealKey, retiredAt]));
  return given;
}

function givenOf([name, data]: Item): Given {
  const value = decode(data);
  const fields = isList(value) && value.length === 5 ? value : [];
  const [purpose, subject, capability, sealKey, retiredAt] = fields;
  if (
    !isPurpose(purpose) ||
    !isBytes(subject) ||
    !isBytes(capability) ||
    !isBytes(sealKey) ||
    typeof retiredAt !== "number"
  ) {
    throw new FatalError(Code.MALFORMED, "an address of the store cannot be read");
  }
  return {
    name,
    purpose,
    subject,
    capability: new Capability(capability),
    sealKey: new SealKey(sealKey),
    retiredAt,
  };
}

function isPurpose(value: unknown): value is Purpose {
  return typeof value === "string" && PURPOSES.includes(value);
}
