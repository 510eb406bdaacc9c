/** The call group: two devices, one suite, and words that a middle man cannot steer. */

import { describe, expect, it } from "vitest";
import { CallGroup, callOf, checkKeyPackage, type Device, isFor } from "../../client/call_group.ts";
import type { OwnConsent } from "../../client/consent_key.ts";
import { type Bytes, equal, utf8 } from "../../core/bytes.ts";
import { Code } from "../../core/errors.ts";
import { CallId, Nonce32 } from "../../core/ids.ts";
import { Group, type KeyPackageBundle, SUITE_ID } from "../../core/mls/index.ts";
import { type FakeSeam, NOW, rng } from "./call_seam.ts";
import { World } from "./call_world.ts";
import { consentFor, consenting, newConsent } from "./consents.ts";

const CALL = new CallId(utf8("the call's own i"));
const [ONE, TWO, THREE] = ["1", "2", "3"].map((c) => new Nonce32(utf8(c.repeat(32)))) as [
  Nonce32,
  Nonce32,
  Nonce32,
];

async function seams(bens = 1): Promise<readonly [FakeSeam, FakeSeam, FakeSeam]> {
  const world = new World({});
  await world.open({ bens });
  world.leave();
  const [anna, ben, sibling = ben] = world.seams;
  if (!anna || !ben || !sibling) throw new Error("nobody there");
  return [anna, ben, sibling];
}

function keyPackage({ keys }: FakeSeam, suiteId: number = SUITE_ID): Promise<KeyPackageBundle> {
  const { credential: identity, signaturePrivate } = keys;
  const lifetime = { notBefore: NOW, notAfter: NOW + 9000 };
  return consenting({ identity, signaturePrivate, ...lifetime, suiteId });
}

const device = ({ account, device }: FakeSeam): Device => ({ account, device });
const around = ({ keys }: FakeSeam, consent: OwnConsent) => ({ keys, now: NOW, rng, consent });

function join(ben: FakeSeam, anna: FakeSeam, welcome: Bytes, bundle: KeyPackageBundle) {
  const ours = around(ben, consentFor(bundle));
  return CallGroup.join(welcome, bundle, CALL, device(anna), ours);
}

async function create(anna: FakeSeam, ben: FakeSeam, { keyPackage }: KeyPackageBundle) {
  const ours = around(anna, await newConsent());
  return await CallGroup.create(CALL, device(ben), keyPackage, ours);
}

async function pair() {
  const [anna, ben] = await seams();
  const bundle = await keyPackage(ben);
  const made = await create(anna, ben, bundle);
  expect(isFor(made.welcome, bundle)).toBe(true);
  expect(isFor(made.welcome, await keyPackage(ben))).toBe(false);
  return [made.group, await join(ben, anna, made.welcome, bundle)] as const;
}

/** What a caller makes that breaks its own rules. */
async function hostile(
  anna: FakeSeam,
  add: readonly Bytes[],
  { groupId = CALL as Bytes | CallId, suiteId = SUITE_ID as number, consent = "own" } = {},
): Promise<Bytes> {
  const leafExtensions = consent === "none" ? [] : [(await newConsent()).extension()];
  const group = await Group.create({
    groupId: new Uint8Array(groupId),
    suiteId,
    identity: anna.keys.credential,
    signaturePrivate: anna.keys.signaturePrivate,
    rng,
    validator: anna.keys.validator,
    lifetime: [NOW - 9, NOW + 9000],
    leafExtensions,
  });
  const { welcome } = await group.commit({ add, rng, now: NOW });
  if (welcome === null) throw new Error("an Add makes a Welcome");
  return welcome;
}

describe("a call group", () => {
  it("gives both sides the same keys and words", async () => {
    const [caller, callee] = await pair();
    const [ours, theirs] = [await caller.frameKeys(), await callee.frameKeys()];
    expect(ours.baseKey).toEqual(theirs.baseKey);
    expect(ours.baseKey).toHaveLength(32);
    expect([ours.ownLeaf, ours.otherLeaf]).toEqual([theirs.otherLeaf, theirs.ownLeaf]);
    expect(caller.words(ONE, [TWO, THREE])).toBe(callee.words(ONE, [TWO, THREE]));
  });

  it("lets every part count in the words (P11, ADR 0008)", async () => {
    const [[caller], [other]] = [await pair(), await pair()];
    const same = caller.words(ONE, [TWO, THREE]);
    const changed = [
      caller.words(TWO, [TWO, THREE]),
      caller.words(ONE, [ONE, THREE]),
      caller.words(ONE, [TWO, ONE]),
      caller.words(ONE, [THREE, TWO]),
      other.words(ONE, [TWO, THREE]),
    ];
    expect(changed).not.toContain(same);
  });

  it("carries messages both ways, once", async () => {
    const [caller, callee] = await pair();
    const message = await caller.encrypt({ kind: "call.hangup", reason: "ended" });
    expect(callOf(message)).toEqual(CALL);
    const said = await callee.decrypt(message, { now: NOW });
    expect(said).toEqual({ kind: "call.hangup", reason: "ended" });
    await expect(callee.decrypt(message, { now: NOW })).rejects.toThrow(); // Doubled.
    const answer = await callee.encrypt({ kind: "call.ready" });
    expect(await caller.decrypt(answer, { now: NOW })).toEqual({ kind: "call.ready" });
  });

  it("refuses our own message sent back (CK-367)", async () => {
    const [caller] = await pair();
    const own = await caller.encrypt({ kind: "call.ready" });
    await expect(caller.decrypt(own, { now: NOW })).rejects.toThrow();
  });

  it("is moved to fresh keys by the caller, and by nobody else", async () => {
    const [caller, callee] = await pair();
    const before = await caller.frameKeys();
    const commit = await caller.rekey({ now: NOW });
    expect(await callee.decrypt(commit, { now: NOW })).toEqual({ kind: "rekeyed" });
    const [ours, theirs] = [await caller.frameKeys(), await callee.frameKeys()];
    expect(ours.baseKey).toEqual(theirs.baseKey);
    expect(ours.baseKey).not.toEqual(before.baseKey);
    expect([ours.epoch, theirs.epoch]).toEqual([before.epoch + 1n, before.epoch + 1n]);
    await expect(callee.rekey({ now: NOW })).rejects.toMatchObject({ code: Code.USAGE });
    const answer = await callee.encrypt({ kind: "call.ready" });
    expect(await caller.decrypt(answer, { now: NOW })).toEqual({ kind: "call.ready" });
  });

  it("takes no commit of the callee's, and is as before (CK-367)", async () => {
    const [anna, ben] = await seams();
    const bundle = await keyPackage(ben);
    const made = await create(anna, ben, bundle);
    // A callee that broke its own rule: the same Welcome, without the strict shell around it.
    const { validator } = ben.keys;
    const loose = await Group.join(made.welcome, bundle, { now: NOW, validator });
    const { message } = await loose.commit({ rng, now: NOW });
    const before = await made.group.frameKeys();
    const refused = made.group.decrypt(message, { now: NOW });
    await expect(refused).rejects.toMatchObject({ code: Code.UNEXPECTED });
    expect(await made.group.frameKeys()).toEqual(before);
  });

  it("refuses a third member, in the Welcome and later (CK-363, R-25)", async () => {
    const [anna, ben, sibling] = await seams(2);
    const [bundle, other] = [await keyPackage(ben), await keyPackage(sibling)];
    const welcome = await hostile(anna, [bundle.keyPackage, other.keyPackage]);
    const refused = join(ben, anna, welcome, bundle);
    await expect(refused).rejects.toMatchObject({ code: Code.BAD_CREDENTIAL });
    // The control: without the third it is taken, and the key package is still good for it.
    await join(ben, anna, await hostile(anna, [bundle.keyPackage]), bundle);
  });

  it("refuses the group of another call, device or suite (CK-363, CK-364)", async () => {
    const [anna, ben, sibling] = await seams(2);
    const bundle = await keyPackage(ben);
    const add = [bundle.keyPackage];
    const elsewhere = await hostile(anna, add, { groupId: new Uint8Array(16) });
    const wrongGroup = join(ben, anna, elsewhere, bundle);
    await expect(wrongGroup).rejects.toMatchObject({ code: Code.WRONG_GROUP });
    const wrongDevice = join(ben, anna, await hostile(sibling, add), bundle);
    await expect(wrongDevice).rejects.toMatchObject({ code: Code.BAD_CREDENTIAL });
    const weak = await keyPackage(ben, 1);
    const weakWelcome = await hostile(anna, [weak.keyPackage], { suiteId: 1 });
    const wrongSuite = join(ben, anna, weakWelcome, weak);
    await expect(wrongSuite).rejects.toMatchObject({ code: Code.WRONG_SUITE });
    const made = create(anna, ben, weak);
    await expect(made).rejects.toMatchObject({ code: Code.WRONG_SUITE });
  });

  it("takes the accepting device's own key package only (CK-362)", async () => {
    const [anna, ben, sibling] = await seams(2);
    const { keyPackage: own } = await keyPackage(ben);
    const rules = { now: NOW, validator: anna.keys.validator };
    const checked = await checkKeyPackage(own, device(ben), rules);
    expect(equal(checked.data, own)).toBe(true);
    const refused = checkKeyPackage(own, device(sibling), rules);
    await expect(refused).rejects.toMatchObject({ code: Code.BAD_CREDENTIAL });
  });

  it("takes nobody without a consent key (CK-937), or with ours (CK-938)", async () => {
    const [anna, ben] = await seams();
    const { credential: identity, signaturePrivate } = ben.keys;
    const facts = { identity, signaturePrivate, notBefore: NOW, notAfter: NOW + 9000 };
    const none = await consenting({ ...facts, leafExtensions: [] });
    const rules = { now: NOW, validator: anna.keys.validator };
    const lacks = { code: Code.BAD_CREDENTIAL, detail: expect.stringContaining("CK-937") };
    const same = { code: Code.BAD_CREDENTIAL, detail: expect.stringContaining("CK-938") };
    const checked = checkKeyPackage(none.keyPackage, device(ben), rules);
    await expect(checked).rejects.toMatchObject(lacks);
    await expect(create(anna, ben, none)).rejects.toMatchObject(lacks);
    const own = await newConsent();
    const copied = await consenting(facts, own);
    const ours = around(anna, own);
    const made = CallGroup.create(CALL, device(ben), copied.keyPackage, ours);
    await expect(made).rejects.toMatchObject(same);
    // The same of whoever calls.
    const bundle = await keyPackage(ben);
    const welcome = await hostile(anna, [bundle.keyPackage], { consent: "none" });
    await expect(join(ben, anna, welcome, bundle)).rejects.toMatchObject(lacks);
    const { group } = await create(anna, ben, bundle); // The control.
    expect(group.other.extensions).toEqual([consentFor(bundle).extension()]);
  });

  it("does nothing any more once it is wiped (R-22)", async () => {
    const [caller, callee] = await pair();
    const captured = await caller.encrypt({ kind: "call.ready" });
    await callee.wipe();
    await expect(callee.decrypt(captured, { now: NOW })).rejects.toThrow();
    await expect(callee.frameKeys()).rejects.toThrow();
  });
});
