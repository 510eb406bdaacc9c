/**
 * A consent key stands in the leaf: signed by the device, seen by members. How it is read is held to
 * Python's in `recording.test.ts`.
 */

import { expect, test } from "vitest";
import { utf8 } from "../core/bytes.ts";
import { ConsentKey } from "../core/ids.ts";
import { Group, generateSignatureKey, newKeyPackage, SUITE_ID } from "../core/mls/index.ts";
import {
  type ConsentLeaf,
  consentExtension,
  consentOf,
  requireOwnKeys,
} from "../core/recording_leaf.ts";
import { outcome } from "./core_vectors.ts";
import { stream } from "./mls/refusals.ts";
import { anyone, NOW } from "./mls/world.ts";

function consent(n: number, never = false): ConsentLeaf {
  return { key: new ConsentKey(new Uint8Array(32).fill(n)), never };
}

test("stands in everybody's tree, and stays when keys change", async () => {
  const rng = stream("a call");
  const own = { rng, suiteId: SUITE_ID } as const;
  const anna = await Group.create({
    ...own,
    groupId: utf8("a call"),
    identity: utf8("anna"),
    signaturePrivate: generateSignatureKey(SUITE_ID, rng),
    validator: anyone,
    lifetime: [NOW - 1, NOW + 3600],
    leafExtensions: [consentExtension(consent(1))],
  });
  const bundle = await newKeyPackage({
    ...own,
    identity: utf8("bob"),
    signaturePrivate: generateSignatureKey(SUITE_ID, rng),
    notBefore: NOW - 1,
    notAfter: NOW + 3600,
    leafExtensions: [consentExtension(consent(2, true))],
  });
  const added = await anna.commit({ rng, now: NOW, add: [bundle.keyPackage] });
  if (added.welcome === null) throw new Error("no Welcome");
  const bob = await Group.join(added.welcome, bundle, { now: NOW, validator: anyone });
  const updated = await bob.commit({ rng, now: NOW });
  await added.group.process(updated.message, { now: NOW });
  for (const group of [added.group, updated.group]) {
    const members = group.members();
    expect(members.map(consentOf)).toEqual([consent(1), consent(2, true)]);
    requireOwnKeys(members);
  }
});

test("CK-938: one key is no two members'", async () => {
  const [one, other] = [1, 2].map((n) => ({ extensions: [consentExtension(consent(n))] }));
  if (one === undefined || other === undefined) throw new Error("none");
  requireOwnKeys([one, other]);
  expect(await outcome(async () => requireOwnKeys([one, other, one]))).toBe(
    "bad_credential CK-938",
  );
});
