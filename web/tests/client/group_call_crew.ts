/** Devices with real credentials for tests of group calls: one account each, no server. */

import { expect } from "vitest";
import type { OwnConsent } from "../../client/consent_key.ts";
import {
  type Began,
  GroupCallKeys,
  type MayBeIn,
  type Offer,
} from "../../client/group_call_keys.ts";
import type { GroupRecordingParts } from "../../client/group_call_recording.ts";
import type { KeyMaterial } from "../../client/seam.ts";
import { type Bytes, hex, utf8 } from "../../core/bytes.ts";
import { credentialIdentity, makeValidator } from "../../core/credential.ts";
import type { DeviceList } from "../../core/device_list.ts";
import { CallId, type Digest } from "../../core/ids.ts";
import type { KeyPackageBundle } from "../../core/mls/index.ts";
import { NOW, rng } from "./call_seam.ts";
import { consentFor, consenting, newConsent } from "./consents.ts";
import { Person } from "./people.ts";

export const CALL = new CallId(utf8("a group call, 16"));
const MOST = 6;

/** What a call is given that nobody records. */
export const NOT_RECORDING: GroupRecordingParts = {
  ...{ call: CALL, means: {}, rng },
  media: () => "voice",
  spawn: () => {
    throw new Error("nothing is asked");
  },
};

export const anybody: MayBeIn = () => undefined;

/** Devices, and the calls that they begin and come into. */
export class Crew {
  readonly people: readonly KeyMaterial[];
  /** Everybody's, as they travel. */
  readonly lists: readonly Bytes[];

  private constructor(people: readonly KeyMaterial[], lists: readonly Bytes[]) {
    this.people = people;
    this.lists = lists;
  }

  static async make(): Promise<Crew> {
    const lists = new Map<string, DeviceList>();
    const validator = makeValidator((account) => lists.get(hex(account)) ?? null);
    const people: KeyMaterial[] = [];
    for (const person of Array.from({ length: MOST }, () => new Person())) {
      const list = await person.list();
      const { account } = person;
      const { id: device, key: signaturePrivate } = person.device();
      lists.set(hex(account), list);
      const credential = credentialIdentity(device, list);
      people.push({ account, device, credential, signaturePrivate, validator });
    }
    return new Crew(
      people,
      [...lists.values()].map(({ data }) => data),
    );
  }

  keys(number: number): KeyMaterial {
    const found = this.people[number];
    if (found === undefined) throw new Error("nobody there");
    return found;
  }

  /** Make a fresh key package of one of the people. */
  keyPackage(number: number, own?: OwnConsent): Promise<KeyPackageBundle> {
    const { credential: identity, signaturePrivate } = this.keys(number);
    const lifetime = { notBefore: NOW - 9, notAfter: NOW + 9000 };
    return consenting({ identity, signaturePrivate, ...lifetime }, own);
  }

  around(number: number, mayBeIn: MayBeIn = anybody) {
    return { keys: this.keys(number), now: NOW, rng, mayBeIn };
  }

  /** Begin the call as the first of the people. */
  async found(consent?: OwnConsent): Promise<GroupCallKeys> {
    const own = consent ?? (await newConsent());
    return await GroupCallKeys.found(CALL, { ...this.around(0), consent: own });
  }

  join(number: number, welcome: Bytes | null, bundle: KeyPackageBundle, mayBeIn = anybody) {
    if (welcome === null) throw new Error("no Welcome");
    const around = { ...this.around(number, mayBeIn), consent: consentFor(bundle) };
    return GroupCallKeys.join(welcome, bundle, CALL, around);
  }

  /** Return a call with as many members, in the order of their leaves. */
  async members(count: number): Promise<readonly GroupCallKeys[]> {
    const first = await this.found();
    const numbers = Array.from({ length: count - 1 }, (_, i) => i + 1);
    const bundles = await Promise.all(numbers.map((number) => this.keyPackage(number)));
    const joiners: Digest[] = [];
    for (const bundle of bundles) joiners.push(await noteAll([first], bundle));
    await first.offer(joiners, [], { now: NOW });
    const { welcome } = await first.won();
    const others = bundles.map((bundle, i) => this.join(i + 1, welcome, bundle));
    return [first, ...(await Promise.all(others))];
  }
}

/** Have all members know of a joiner. */
export async function noteAll(
  members: readonly GroupCallKeys[],
  { keyPackage }: KeyPackageBundle,
): Promise<Digest> {
  const noted = await Promise.all(members.map((one) => one.note(keyPackage, { now: NOW })));
  const [joiner] = noted;
  if (joiner === undefined) throw new Error("nobody noted it");
  for (const other of noted) expect(other).toEqual(joiner);
  return joiner;
}

/** Have the room take a commit. */
export async function commit(
  author: GroupCallKeys,
  others: readonly GroupCallKeys[],
  offer: Offer,
): Promise<readonly [Began, readonly (Began | null)[]]> {
  const began = await author.won();
  return [began, await Promise.all(others.map((one) => one.apply(offer.commit, { now: NOW })))];
}
