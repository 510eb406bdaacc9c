/** One device's session as the call service sees it, over the fake network; and who there is. */

import type { OwnConsent } from "../../client/consent_key.ts";
import type {
  CallSeam,
  Delivered,
  InnerHandler,
  KeyMaterial,
  OuterHandler,
  SelfHandler,
  Spawned,
} from "../../client/seam.ts";
import type { ContactAddress } from "../../core/address.ts";
import { type Bytes, equal, type Rng } from "../../core/bytes.ts";
import type { Entry } from "../../core/call_entry.ts";
import { ALL_RING, decide, type Rules } from "../../core/contact_rules.ts";
import {
  decodeInner,
  decodeOuter,
  decodeSibling,
  encodeInner,
  encodeOuter,
  encodeSibling,
} from "../../core/content.ts";
import type { Inner } from "../../core/content_inner.ts";
import type { Outer } from "../../core/content_outer.ts";
import type { DeviceAddress, Media } from "../../core/content_records.ts";
import type { Sibling } from "../../core/content_self.ts";
import { credentialIdentity, makeValidator } from "../../core/credential.ts";
import { type DeviceList, signFirst } from "../../core/device_list.ts";
import { bucketFor } from "../../core/envelope.ts";
import { AuthorizationError, Code } from "../../core/errors.ts";
import { generateIdentityKey } from "../../core/identity.ts";
import {
  AccountId,
  type CallId,
  Capability,
  DeviceId,
  MailboxId,
  random,
  SealKey,
  SignatureKey,
} from "../../core/ids.ts";
import type { Bucket } from "../../core/meter.ts";
import {
  generateSignatureKey,
  type KeyPackageBundle,
  newKeyPackage,
  SUITE_ID,
  signaturePublicKey,
} from "../../core/mls/index.ts";
import type { FakeNetwork } from "./call_network.ts";
import type { VirtualClock } from "./virtual_clock.ts";

export const NOW = 1_800_000_000;

export const rng: Rng = (size) => crypto.getRandomValues(new Uint8Array(size));

export type Person = "anna" | "ben";

/** Who there is. */
export type Cast = Readonly<{
  lists: Readonly<Record<Person, DeviceList>>;
  devices: readonly Readonly<{
    person: Person;
    name: string;
    device: DeviceId;
    signaturePrivate: Bytes;
  }>[];
}>;

export async function makeCast(annas: number, bens: number): Promise<Cast> {
  const one = async (person: Person, count: number) => {
    const devices = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const signaturePrivate = generateSignatureKey(SUITE_ID, rng);
        const device = random(DeviceId, rng);
        return { person, name: `${person}${i + 1}`, device, signaturePrivate };
      }),
    );
    const listed = await Promise.all(
      devices.map(async ({ device, signaturePrivate }) => {
        const key = await signaturePublicKey(SUITE_ID, signaturePrivate);
        return { deviceId: device, signatureKey: new SignatureKey(key) };
      }),
    );
    const list = await signFirst(random(AccountId, rng), generateIdentityKey(rng), listed);
    return { devices, list };
  };
  const [anna, ben] = [await one("anna", annas), await one("ben", bens)];
  return {
    lists: { anna: anna.list, ben: ben.list },
    devices: [...anna.devices, ...ben.devices],
  };
}

/** What the seams of one story share. */
export type Stage = Readonly<{
  clock: VirtualClock;
  network: FakeNetwork;
  seams: readonly FakeSeam[];
  /** Who asked for TURN credentials. */
  turnAsked: string[];
}>;

/** One device's session: `CallSeam` over the fake network. */
export class FakeSeam implements CallSeam {
  readonly rng = rng;
  readonly account: AccountId;
  readonly contact: AccountId;
  readonly device: DeviceId;
  readonly name: string;
  readonly person: Person;
  readonly address: ContactAddress;
  keys: KeyMaterial;
  /** Whether the contact may ring. */
  may = true;
  verified = false;
  changed = false;
  rules: Rules = ALL_RING;
  weekday = 0;
  minute = 600;
  /** What went into the history. */
  readonly noted: Readonly<{ entry: Entry; goesOn: CallId | null }>[] = [];
  /** Whether those who are called in vain are told. */
  tells = true;
  failures: unknown[] = [];
  turnDelayS = 0;
  /** How often the connections to the server were thought dead. */
  doubts = 0;
  inner: InnerHandler = async () => {};
  outer: OuterHandler = async () => {};
  self: SelfHandler = async () => {};
  readonly #world: Stage;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  readonly #contactListeners: ((contact: AccountId) => void)[] = [];
  readonly #closing = new AbortController();
  readonly #tasks = new Set<Promise<void>>();

  constructor(world: Stage, cast: Cast, number: number) {
    const entry = cast.devices[number];
    if (entry === undefined) throw new Error("no such device");
    const { person, name, device, signaturePrivate } = entry;
    const { lists } = cast;
    this.#world = world;
    this.person = person;
    this.name = name;
    this.device = device;
    this.account = lists[person].accountId;
    this.contact = lists[person === "anna" ? "ben" : "anna"].accountId;
    this.keys = {
      account: this.account,
      device,
      credential: credentialIdentity(device, lists[person]),
      signaturePrivate,
      validator: makeValidator(
        (account) => Object.values(lists).find((list) => equal(list.accountId, account)) ?? null,
      ),
    };
    this.address = {
      origin: "http://127.0.0.1:1",
      mailbox: random(MailboxId, rng),
      capability: random(Capability, rng),
      sealKey: random(SealKey, rng),
    };
  }

  async keyMaterial(): Promise<KeyMaterial> {
    return this.keys;
  }

  now(): number {
    return NOW + Math.floor(this.monotonic());
  }

  monotonic(): number {
    return this.#world.clock.now;
  }

  newKeyPackage(consent: OwnConsent): Promise<KeyPackageBundle> {
    return newKeyPackage({
      leafExtensions: [consent.extension()],
      identity: this.keys.credential,
      signaturePrivate: this.keys.signaturePrivate,
      notBefore: this.now() - 60,
      notAfter: this.now() + 600,
      rng,
    });
  }

  mayRing(contact: AccountId, media: Media, { called = false } = {}): Media | undefined {
    if (!this.may || !equal(contact, this.contact)) return undefined;
    if (called) return media;
    const decision = decide(this.rules, media, this.weekday, this.minute);
    return decision.kind === "ring" ? decision.media : undefined;
  }

  granted(contact: AccountId): Rules {
    return this.may && equal(contact, this.contact) ? this.rules : ALL_RING;
  }

  isChanged(contact: AccountId): boolean {
    return this.changed && equal(contact, this.contact);
  }

  isVerified(contact: AccountId): boolean {
    return this.verified && equal(contact, this.contact);
  }

  async noteCall(entry: Entry, goesOn: CallId | null): Promise<void> {
    this.noted.push({ entry, goesOn });
  }

  tellsMissed(): boolean {
    return this.tells;
  }

  contactName(): string {
    return this.person === "anna" ? "ben" : "anna";
  }

  #others(isWanted: (seam: FakeSeam) => boolean): DeviceAddress[] {
    return this.#world.seams
      .filter((seam) => seam !== this && isWanted(seam))
      .map(({ device, address }) => ({ device, address }));
  }

  async contactDevices(contact: AccountId): Promise<readonly DeviceAddress[]> {
    return this.#others((seam) => equal(seam.account, contact));
  }

  async siblingDevices(): Promise<readonly DeviceAddress[]> {
    return this.#others((seam) => seam.person === this.person);
  }

  async sendInner(_: AccountId, content: Inner, how: Delivered): Promise<void> {
    if (this.changed) throw new AuthorizationError(Code.IDENTITY_CHANGED);
    const data = encodeInner(content);
    const { durable } = how;
    for (const to of this.#world.seams.filter((seam) => seam.person !== this.person)) {
      // A doubled one is dropped by the conversation's MLS: its key is spent.
      let taken = false;
      const envelope = this.#put(to, content.kind, data.length, how, async () => {
        if (taken) return;
        taken = true;
        await to.inner({
          kind: "inner",
          contact: this.account,
          device: this.device,
          own: false,
          content: decodeInner(data),
          live: !durable,
          envelope,
        });
      });
    }
  }

  async sendOuter(address: ContactAddress, content: Outer, how: Delivered) {
    const to = this.#world.seams.find((seam) => equal(seam.address.mailbox, address.mailbox));
    if (to === undefined) throw new Error("nobody's address");
    const label = content.kind === "mls" ? `${this.person} group` : content.kind;
    const data = encodeOuter(content);
    const envelope = this.#put(to, label, data.length, how, () =>
      to.outer({ contact: this.account, content: decodeOuter(data), envelope }),
    );
  }

  async sendSelf(content: Sibling, how: Delivered): Promise<void> {
    const data = encodeSibling(content);
    const { device } = this;
    for (const to of this.#world.seams) {
      if (to === this || to.person !== this.person) continue;
      const envelope = this.#put(to, content.kind, data.length, how, () =>
        to.self({ kind: "self", device, content: decodeSibling(data), envelope }),
      );
    }
  }

  #put(
    to: FakeSeam,
    label: string,
    size: number,
    { durable, onLeft }: Delivered,
    take: () => Promise<void>,
  ): Bucket {
    const deliver = () => take().catch((error: unknown) => void this.failures.push(error));
    const sentAt = this.monotonic();
    this.#world.network.send({
      from: this.name,
      to: to.name,
      durable,
      label,
      size,
      sentAt,
      deliver,
    });
    const envelope = { size: bucketFor(size), durable };
    onLeft?.(envelope.size);
    return envelope;
  }

  async turn() {
    this.#world.turnAsked.push(this.name);
    await this.#world.clock.wait(this.turnDelayS);
    return {
      urls: ["turn:127.0.0.1:3478"],
      username: `u${this.#world.turnAsked.length}`,
      credential: "c",
      ttlS: 600,
    };
  }

  async ownTurnAddress(): Promise<ContactAddress> {
    return this.address;
  }

  onInner(handler: InnerHandler): void {
    this.inner = handler;
  }

  onUnknownGroup(handler: OuterHandler): void {
    this.outer = handler;
  }

  onSelf(handler: SelfHandler): void {
    this.self = handler;
  }

  onContact(handler: (contact: AccountId) => void): void {
    this.#contactListeners.push(handler);
  }

  /** The person decides: what the session tells of afterwards. */
  decide(rules: Rules): void {
    this.rules = rules;
    for (const listener of this.#contactListeners) listener(this.contact);
  }

  /** Let another identity key of the contact turn up. */
  changeKey(): void {
    this.changed = true;
    this.may = false;
    for (const listener of this.#contactListeners) listener(this.contact);
  }

  onConnection(handler: (connected: boolean) => void): void {
    this.#listeners.push(handler);
  }

  doubtConnections(): void {
    this.doubts += 1;
  }

  spawn(work: (signal: AbortSignal) => Promise<void>): Spawned {
    const cancelling = new AbortController();
    const signal = AbortSignal.any([cancelling.signal, this.#closing.signal]);
    const done = work(signal).catch((error: unknown) => {
      if (!signal.aborted) this.failures.push(error);
    });
    this.#tasks.add(done);
    void done.then(() => this.#tasks.delete(done));
    return { cancel: () => cancelling.abort(), done };
  }

  // For the world.

  connect(): void {
    this.#world.network.attach(this.name, (here) => {
      for (const listener of this.#listeners) listener(here);
    });
  }

  disconnect(): void {
    this.#world.network.detach(this.name);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#tasks);
  }
}
