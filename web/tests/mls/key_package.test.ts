/** Key packages: RFC 9420, 10.1 and 7.3, each rule broken by a signer who keeps the others. */

import { describe, expect, test } from "vitest";
import { type Bytes, hex, utf8 } from "../../core/bytes.ts";
import { FatalError, UsageError } from "../../core/errors.ts";
import type { CheckId } from "../../core/mls/checks.ts";
import {
  Group,
  type KeyPackage,
  KeyPackageBundle,
  newKeyPackage,
  UnverifiedKeyPackage,
} from "../../core/mls/index.ts";
import { type KeyPackageStruct, signLeaf } from "../../core/mls/key_package.ts";
import {
  CLOCK_SKEW_S,
  checkLeaf,
  EXPIRED_GRACE_S,
  MAX_LIFETIME_S,
} from "../../core/mls/leaf_check.ts";
import { type LeafNode, LeafSource, ownCapabilities } from "../../core/mls/leaf_node.ts";
import { suiteOf } from "../../core/mls/suite.ts";
import { refused, stream } from "./refusals.ts";
import {
  ALL_SUITES,
  anyone,
  DAY,
  makePackage,
  NOTHING,
  NOW,
  refusedBy,
  repackage,
  resign,
  World,
} from "./world.ts";

async function verify(data: Bytes, now = NOW, suiteId = 1): Promise<KeyPackage> {
  return await UnverifiedKeyPackage.parse(data).verify({ now, validator: anyone, suiteId });
}

const OWN = ownCapabilities(1);
const UNKNOWN = { extensionType: 0x7777, data: NOTHING };
const ZEROS: Bytes = new Uint8Array(32);
const lifetime = (from: number, to: number): Partial<LeafNode> => ({
  lifetime: { notBefore: BigInt(NOW + from), notAfter: BigInt(NOW + to) },
});

test.each(ALL_SUITES)("a good one in suite %i", async (suiteId) => {
  const bundle = await makePackage("anna", { suiteId });
  expect(await verify(bundle.keyPackage, NOW, suiteId)).toMatchObject({
    identity: utf8("anna"),
    notAfter: NOW + 30 * DAY,
    reference: bundle.reference,
    data: bundle.keyPackage,
    lastResort: false,
  });
});

test("last resort", async () => {
  const { keyPackage } = await makePackage("b", { lastResort: true });
  expect((await verify(keyPackage)).lastResort).toBe(true);
});

type Changes = { leaf?: Partial<LeafNode>; outside?: Partial<KeyPackageStruct> };

const RULES: [CheckId, string, Changes][] = [
  ["CK-020", "an Update's leaf", { leaf: { source: LeafSource.UPDATE, lifetime: null } }],
  ["CK-021", "an unlisted extension", { leaf: { extensions: [UNKNOWN] } }],
  ["CK-022", "no credential type", { leaf: { capabilities: { ...OWN, credentials: [] } } }],
  ["CK-022", "another version", { leaf: { capabilities: { ...OWN, versions: [2] } } }],
  ["CK-022", "another suite listed", { leaf: { capabilities: { ...OWN, cipherSuites: [2] } } }],
  ["CK-011", "a short leaf key", { leaf: { encryptionKey: utf8("short") } }],
  ["CK-012", "a leaf key of small order", { leaf: { encryptionKey: ZEROS } }],
  ["CK-011", "a short init key", { outside: { initKey: utf8("short") } }],
  ["CK-012", "an init key of small order", { outside: { initKey: ZEROS } }],
  ["CK-029", "over", { leaf: lifetime(-10, -1) }],
  ["CK-029", "not yet", { leaf: lifetime(1, 10) }],
  ["CK-030", "for too long", { leaf: lifetime(-1, MAX_LIFETIME_S) }],
  ["CK-030", "ends before it begins", { leaf: lifetime(0, -1) }],
  ["CK-030", "for ever", { leaf: { lifetime: { notBefore: 0n, notAfter: 2n ** 64n - 1n } } }],
  ["CK-035", "another version of the package", { outside: { version: 2 } }],
  ["CK-035", "another suite", { outside: { cipherSuite: 2 } }],
];

describe("each rule", () => {
  test.each(RULES)("%s %s", async (ck, _, { leaf, outside }) => {
    const bundle = await makePackage("x");
    const control = { extensions: [{ extensionType: 1, data: utf8("app") }] };
    await verify((await repackage(bundle, {}, control)).keyPackage);
    const bad = await repackage(bundle, outside, leaf);
    await refused(ck, () => verify(bad.keyPackage));
  });

  test("CK-022 is ours: where it is switched off, the same leaf is accepted", async () => {
    const capabilities = { ...OWN, cipherSuites: [] };
    const { leafNode } = (await repackage(await makePackage("x"), {}, { capabilities })).struct();
    const rules = { now: NOW, validator: anyone };
    await refused("CK-022", () => checkLeaf(leafNode, suiteOf(1), rules));
    await checkLeaf(leafNode, suiteOf(1), { ...rules, listed: false });
  });

  test("CK-036 one key for both", async () => {
    const bundle = await makePackage("x");
    const initKey = bundle.struct().leafNode.encryptionKey;
    const bad = await repackage(bundle, { initKey });
    await refused("CK-036", () => verify(bad.keyPackage));
  });

  test("CK-014 both signatures", async () => {
    const bundle = await makePackage("x");
    const struct = bundle.struct();
    const unsigned = { ...struct.leafNode, signature: new Uint8Array(64) };
    const key = bundle.signaturePrivate;
    const stolen = (await makePackage("y")).signaturePrivate;
    const foreign = await signLeaf(suiteOf(1), struct.leafNode, stolen);
    for (const leafNode of [unsigned, foreign]) {
      const bad = await resign({ ...struct, leafNode }, key);
      await refused("CK-014", () => verify(bad));
    }
    const last = bundle.keyPackage.length - 1;
    const damaged = bundle.keyPackage.map((byte, at) => (at === last ? byte ^ 1 : byte));
    await refused("CK-014", () => verify(damaged));
  });
});

describe("time", () => {
  test("CK-029 a receiver is patient, a sender is not", async () => {
    const world = await World.make(2);
    const bundle = await world.package("old");
    const add = [bundle.keyPackage];
    const pending = await world.makeCommit(0, { add });
    const receiver = world.group(1);
    const ends = NOW + 30 * DAY;
    for (const [limit, patience, step] of [
      [ends, EXPIRED_GRACE_S, 1],
      [NOW - DAY, -CLOCK_SKEW_S, -1],
    ] as const) {
      const tooFar = limit + patience + step;
      await refused("CK-029", () => verify(bundle.keyPackage, limit + step));
      await refusedBy("CK-029", [receiver], () =>
        receiver.commit({ add, rng: world.rng, now: limit + step }),
      );
      await refusedBy("CK-029", [receiver], () =>
        receiver.process(pending.message, { now: tooFar }),
      );
    }
    const join = { now: ends + EXPIRED_GRACE_S + 1, validator: anyone };
    await refused("CK-029", () => Group.join(pending.welcome ?? NOTHING, bundle, join));
    await receiver.process(pending.message, { now: ends + EXPIRED_GRACE_S });
  });

  test("a last resort package lets join late", async () => {
    const world = await World.make(1);
    const bundle = await world.package("late", { lastResort: true });
    const { welcome } = await world.makeCommit(0, { add: [bundle.keyPackage] });
    const options = { now: NOW + 1000 * DAY, validator: anyone };
    expect(await Group.join(welcome ?? NOTHING, bundle, options)).toBeInstanceOf(Group);
  });

  /** RFC 9420, 7.3: lifetimes in a tree that one joins are not checked. */
  test("members whose packages ended long ago are no obstacle", async () => {
    const world = await World.make(2);
    const later = NOW + 300 * DAY;
    const span = { notBefore: later - DAY, notAfter: later + DAY };
    const bundle = await world.package("new", span);
    const options = { add: [bundle.keyPackage], rng: world.rng, now: later };
    const { welcome } = await world.group(0).commit(options);
    const joined = Group.join(welcome ?? NOTHING, bundle, { now: later, validator: anyone });
    expect(await joined).toBeInstanceOf(Group);
  });

  test("a lifetime ends after it begins", async () => {
    const attempt = newKeyPackage({
      identity: utf8("x"),
      signaturePrivate: ZEROS,
      notBefore: 2,
      notAfter: 1,
      rng: stream("x"),
    });
    await expect(attempt).rejects.toThrow(UsageError);
  });
});

describe("bundles", () => {
  test("round trip, and keep no key once wiped", async () => {
    const bundle = await makePackage("x");
    const data = bundle.toBytes();
    const restored = KeyPackageBundle.fromBytes(data);
    expect(restored.toBytes()).toEqual(data);
    const [version, ...rest] = data;
    expect(version).toBe(1);
    for (const bad of [
      NOTHING,
      Uint8Array.of(2, ...rest),
      data.slice(0, -1),
      Uint8Array.of(...data, 0),
    ]) {
      expect(() => KeyPackageBundle.fromBytes(bad)).toThrow(FatalError);
    }
    const secrets = [bundle.initPrivate, bundle.encryptionPrivate, bundle.signaturePrivate];
    const shown = secrets.map(hex);
    bundle.wipe();
    for (const secret of shown) expect(hex(bundle.toBytes())).not.toContain(secret);
    for (const secret of secrets) expect(secret.every((byte) => byte === 0)).toBe(true);
    expect(bundle.reference).toEqual(restored.reference);
  });

  test("wiping one after joining leaves the group and the device's key alone", async () => {
    const world = await World.make(1);
    const key = new Uint8Array(32).fill(9);
    const bundle = await world.package("joiner", { key });
    await world.add(0, [bundle]);
    bundle.wipe();
    expect(key).toEqual(new Uint8Array(32).fill(9));
    await world.commit(0);
    await world.commit(1);
  });

  test("have fresh keys each time", async () => {
    const options = { rng: stream("fresh"), key: new Uint8Array(32).fill(1) };
    const one = await makePackage("x", options);
    const two = await makePackage("x", options);
    expect(one.initPrivate).not.toEqual(two.initPrivate);
    expect(one.encryptionPrivate).not.toEqual(two.encryptionPrivate);
    expect(one.initPrivate).not.toEqual(one.encryptionPrivate);
    expect(one.struct().extensions).toEqual([]);
  });
});
