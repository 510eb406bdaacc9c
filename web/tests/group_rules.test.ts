/** What a commit of a group may do: every rule by a commit that keeps it and one that breaks it. */

import { describe, expect, test } from "vitest";
import { systemRng as rng } from "../client/books.ts";
import { type Bytes, compare, concat, uint, utf8 } from "../core/bytes.ts";
import type { Departure, GroupChange, GroupTerms } from "../core/content_group.ts";
import { MAX_LEAVES, type MemberDevice } from "../core/content_records.ts";
import {
  type DeviceList,
  type ListedDevice,
  signFirst,
  signSuccessor,
} from "../core/device_list.ts";
import { Code, PeerError, UsageError } from "../core/errors.ts";
import {
  checkCommit,
  checkDeparture,
  decodeTerms,
  type Epoch,
  EXTENSION,
  encodeTerms,
  keepersAfter,
  type Leaf,
  leafDigest,
  signDeparture,
  termsOf,
} from "../core/group_rules.ts";
import {
  AccountId,
  Capability,
  DeviceId,
  type Digest,
  GroupId,
  MailboxId,
  random,
  SealKey,
  SignatureKey,
} from "../core/ids.ts";
import { SUITE_ID, signaturePublicKey } from "../core/mls/index.ts";

const GROUP = random(GroupId, rng);
const NOTHING = { joined: [], left: [] };

type Device = ListedDevice & Readonly<{ privateKey: Bytes }>;

/** An account with two devices, the second of which is used only where a test says so. */
class Person {
  readonly account: AccountId;
  readonly identity: Bytes;
  readonly devices: readonly Device[];
  readonly list: DeviceList;

  private constructor(
    account: AccountId,
    identity: Bytes,
    devices: readonly Device[],
    list: DeviceList,
  ) {
    this.account = account;
    this.identity = identity;
    this.devices = devices;
    this.list = list;
  }

  static async make(count = 2, account = random(AccountId, rng)): Promise<Person> {
    const identity = rng(32);
    const devices: Device[] = [];
    for (let i = 0; i < count; i++) {
      const privateKey = rng(32);
      const signatureKey = new SignatureKey(await signaturePublicKey(SUITE_ID, privateKey));
      devices.push({ deviceId: random(DeviceId, rng), signatureKey, privateKey });
    }
    const list = await signFirst(account, identity, devices);
    return new Person(account, identity, devices, list);
  }

  #device(at: number): Device {
    const found = this.devices[at];
    if (found === undefined) throw new Error("no such device");
    return found;
  }

  leaf(index: number, at = 0, list = this.list): Leaf {
    const device = this.#device(at).deviceId;
    const key = leafDigest(concat(uint(index, 2), device));
    return { index, account: this.account, device, list, key };
  }

  async leaves({ device, key }: Leaf, group = GROUP): Promise<Departure> {
    const listed = this.devices.find((one) => compare(one.deviceId, device) === 0);
    if (listed === undefined || key === null) throw new Error("no leaf of ours");
    const word = { account: this.account, device, leaf: key };
    return await signDeparture(group, word, listed.privateKey);
  }

  at(which = 0): MemberDevice {
    const address = {
      origin: "https://host.example:8443",
      mailbox: random(MailboxId, rng),
      capability: random(Capability, rng),
      sealKey: random(SealKey, rng),
    };
    return { account: this.account, device: this.#device(which).deviceId, name: "x", address };
  }

  async without(at: number): Promise<DeviceList> {
    const left = this.devices.filter((_, i) => i !== at);
    return await signSuccessor(this.list, this.identity, left);
  }
}

const [ANNA, BOB, CARL, DORA] = [
  await Person.make(),
  await Person.make(),
  await Person.make(),
  await Person.make(),
];
const TERMS: GroupTerms = { name: "Hikes", keepers: [ANNA.account], picture: null };
const [A, B, C] = [ANNA.leaf(0), BOB.leaf(1), CARL.leaf(2)];
const BEFORE: Epoch = { terms: TERMS, leaves: [A, B, C] };

function terms(keepers: readonly Person[], more: Partial<GroupTerms> = {}): GroupTerms {
  return { ...TERMS, keepers: keepers.map(({ account }) => account).sort(compare), ...more };
}

type Commit = Readonly<{
  by: number;
  after?: GroupTerms | null;
  removed?: readonly number[];
  change?: Pick<GroupChange, "joined" | "left">;
  before?: Epoch;
}>;

async function commit(
  leaves: readonly Leaf[],
  { by, after = TERMS, removed = [], change = NOTHING, before = BEFORE }: Commit,
): Promise<string> {
  try {
    const to = { terms: after, leaves };
    const judged = { before, after: to, committer: by, removed: new Set(removed), change };
    await checkCommit(GROUP, judged);
    return "good";
  } catch (error) {
    if (error instanceof UsageError) return "usage";
    if (!(error instanceof PeerError)) throw error;
    return error.detail.startsWith("CK-") ? error.detail.slice(0, 6) : error.code;
  }
}

const left = (...words: Departure[]) => ({ joined: [], left: words });
const joined = (...members: MemberDevice[]) => ({ joined: members, left: [] });

describe("terms", () => {
  test("have one form: keepers sorted, and nothing else in the context (CK-830)", () => {
    const both = terms([ANNA, BOB]);
    const data = encodeTerms(both);
    expect(decodeTerms(data)).toEqual(both);
    const extension = { extensionType: EXTENSION, data };
    expect(termsOf([extension])).toEqual(both);
    const keepers = [...both.keepers];
    for (const bad of [keepers.toReversed(), [ANNA.account, ANNA.account], []]) {
      expect(() => encodeTerms({ ...both, keepers: bad })).toThrow(UsageError);
    }
    const other = { extensionType: 3, data: new Uint8Array() };
    const unnamed = { extensionType: 5, data };
    for (const extensions of [[], [extension, other], [unnamed], [other, extension]]) {
      expect(() => termsOf(extensions)).toThrow("CK-830");
    }
    const longer = { extensionType: EXTENSION, data: concat(data, uint(0, 1)) };
    expect(() => termsOf([longer])).toThrow(expect.objectContaining({ code: Code.MALFORMED }));
  });
});

test.each([0, 1, 2])("anybody renames, and brings in who said yes (%d)", async (by) => {
  const after = terms([ANNA], { name: "Climbs", picture: leafDigest(utf8("x")) });
  expect(await commit([A, B, C], { by, after })).toBe("good");
  const more = [A, B, C, DORA.leaf(3)];
  expect(await commit(more, { by, change: joined(DORA.at()) })).toBe("good");
  expect(await commit(more, { by })).toBe("good"); // who does not know the address need not say it
});

test.each([1, 2])("who is no keeper removes nobody (CK-832, %d)", async (by) => {
  for (const gone of [0, 1, 2].filter((at) => at !== by)) {
    const rest = [A, B, C].filter(({ index }) => index !== gone);
    expect(await commit(rest, { by, removed: [gone] })).toBe("CK-832");
  }
});

test("a keeper removes, and only whole people (CK-832, CK-833)", async () => {
  expect(await commit([A, C], { by: 0, removed: [1] })).toBe("good");
  expect(await commit([A], { by: 0, removed: [1, 2] })).toBe("good");
  const before = { terms: TERMS, leaves: [A, B, C, BOB.leaf(3, 1)] };
  expect(await commit([A, C], { by: 0, removed: [1, 3], before })).toBe("good");
  for (const only of [1, 3]) {
    const rest = before.leaves.filter(({ index }) => index !== only);
    expect(await commit(rest, { by: 0, removed: [only], before })).toBe("CK-833");
  }
});

test("a leaf in the place of another of the same device is a removal (CK-832, CK-833)", async () => {
  const leaves = [A, BOB.leaf(1), C];
  expect(await commit(leaves, { by: 2, removed: [1] })).toBe("CK-832");
  expect(await commit(leaves, { by: 0, removed: [1] })).toBe("CK-833");
});

test("everybody removes devices of their own", async () => {
  const second = BOB.leaf(3, 1);
  const before = { terms: TERMS, leaves: [A, B, C, second] };
  expect(await commit([A, B, C], { by: 1, removed: [3], before })).toBe("good");
  expect(await commit([A, C, second], { by: 3, removed: [1], before })).toBe("good");
});

test("who left is removed by anybody on their word (CK-833, CK-834)", async () => {
  const word = await BOB.leaves(B);
  expect(await commit([A, C], { by: 2, removed: [1], change: left(word) })).toBe("good");
  const second = BOB.leaf(3, 1);
  const before = { terms: TERMS, leaves: [A, B, C, second] };
  const change = left(word);
  expect(await commit([A, C], { by: 2, removed: [1, 3], change, before })).toBe("good");
  // All their devices or none; and not twice.
  expect(await commit([A, C, second], { by: 2, removed: [1], change, before })).toBe("CK-833");
  expect(await commit([A, B, C, second], { by: 2, change, before })).toBe("CK-833");
  const twice = left(word, word);
  expect(await commit([A, C], { by: 2, removed: [1], change: twice })).toBe("CK-833");
});

test("the word is of this device in this leaf of this group (CK-834)", async () => {
  const word = await BOB.leaves(B);
  const { signature } = await CARL.leaves(C);
  await checkDeparture(GROUP, word, BEFORE.leaves);
  const wrong: readonly (readonly [Departure, string])[] = [
    [{ ...word, leaf: leafDigest(utf8("a later leaf")) }, "CK-834"],
    [{ ...word, account: CARL.account }, "CK-834"],
    [{ ...word, device: BOB.leaf(3, 1).device }, "CK-834"],
    [await BOB.leaves(B, random(GroupId, rng)), Code.BAD_SIGNATURE],
    [{ ...word, signature }, Code.BAD_SIGNATURE],
  ];
  for (const [one, code] of wrong) {
    expect(await commit([A, C], { by: 2, removed: [1], change: left(one) })).toBe(code);
  }
});

test("a device that its account shut out goes when the account shows it (CK-832)", async () => {
  const newer = await BOB.without(0);
  const by = 2;
  expect(await commit([A, C, BOB.leaf(3, 1, newer)], { by, removed: [1] })).toBe("good");
  // The list that it carries itself still shows it; and so does one that is only newer.
  expect(await commit([A, C, BOB.leaf(3, 1)], { by, removed: [1] })).toBe("CK-832");
  const stays = await signSuccessor(BOB.list, BOB.identity, BOB.devices);
  expect(await commit([A, C, BOB.leaf(3, 1, stays)], { by, removed: [1] })).toBe("CK-832");
});

test("keepers name keepers (CK-835), who are members (CK-836)", async () => {
  expect(await commit([A, B, C], { by: 0, after: terms([ANNA, BOB]) })).toBe("good");
  expect(await commit([A, B, C], { by: 0, after: terms([BOB]) })).toBe("good");
  for (const hostile of [[ANNA, BOB], [BOB], [BOB, CARL]]) {
    expect(await commit([A, B, C], { by: 1, after: terms(hostile) })).toBe("CK-835");
  }
  expect(await commit([A, B, C], { by: 0, after: terms([ANNA, DORA]) })).toBe("CK-836");
  const removed = { by: 0, removed: [1], after: terms([ANNA, BOB]) };
  expect(await commit([A, C], removed)).toBe("CK-836");
});

test("there is always a keeper: whoever is in the lowest leaf, and nobody else", async () => {
  const change = left(await ANNA.leaves(A));
  const how = { by: 2, removed: [0], change };
  expect(await commit([B, C], { ...how, after: terms([BOB]) })).toBe("good");
  expect(await commit([B, C], { ...how, after: terms([CARL]) })).toBe("CK-835");
  expect(await commit([B, C], { ...how, after: terms([BOB, CARL]) })).toBe("CK-835");
  expect(await commit([B, C], how)).toBe("CK-836");
  // Whoever comes in by the same commit, into the place that became free, is not it.
  const newcomer = { ...how, change: { ...change, joined: [DORA.at()] } };
  const leaves = [DORA.leaf(0), B, C];
  expect(await commit(leaves, { ...newcomer, after: terms([BOB]) })).toBe("good");
  expect(await commit(leaves, { ...newcomer, after: terms([DORA]) })).toBe("CK-835");
  // One of two leaves: the other goes on alone.
  const before = { terms: terms([ANNA, CARL]), leaves: [A, B, C] };
  const alone = { ...how, by: 1, before, after: terms([CARL]) };
  expect(await commit([B, C], alone)).toBe("good");
  expect(keepersAfter([ANNA.account], [B, C])).toEqual([BOB.account]);
  expect(keepersAfter([ANNA.account, CARL.account], [B, C])).toEqual([CARL.account]);
});

test("nobody stands in the roster as somebody else (CK-837), and it has bounds (CK-838)", async () => {
  const impostor = await Person.make(2, BOB.account);
  expect(await commit([A, B, C, impostor.leaf(3)], { by: 0 })).toBe("CK-837");
  expect(await commit([A, B, C, BOB.leaf(3)], { by: 0 })).toBe("CK-837");
  const crowd: Leaf[] = [];
  for (let index = 3; index < MAX_LEAVES; index++) {
    crowd.push((await Person.make(1)).leaf(index));
  }
  expect(await commit([A, B, C, ...crowd], { by: 0 })).toBe("good");
  const more = [A, B, C, ...crowd, DORA.leaf(MAX_LEAVES)];
  expect(await commit(more, { by: 0 })).toBe("CK-838");
});

test("a commit gives addresses of those it adds only (CK-839)", async () => {
  for (const hostile of [BOB.at(), DORA.at()]) {
    expect(await commit([A, B, C], { by: 0, change: joined(hostile) })).toBe("CK-839");
  }
  const other = { by: 0, change: joined(DORA.at(1)) };
  expect(await commit([A, B, C, DORA.leaf(3)], other)).toBe("CK-839");
});

test("whom it removes judges as far as it can read; what is judged is known", async () => {
  expect(await commit([A, C], { by: 0, removed: [1], after: null })).toBe("good");
  expect(await commit([A, C], { by: 2, removed: [1], after: null })).toBe("CK-832");
  expect(await commit([A, B, C], { by: 7 })).toBe("usage");
  const before = { ...BEFORE, terms: null };
  expect(await commit([A, B, C], { by: 0, before })).toBe("usage");
  const picture: Digest = leafDigest(utf8("y"));
  expect(await commit([A, B, C], { by: 1, after: terms([ANNA], { picture }) })).toBe("good");
});
