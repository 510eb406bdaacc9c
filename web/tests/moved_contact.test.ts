/** Device lists that go on at another server, and who of before has moved (CK-733). */

import { expect, test } from "vitest";
import { encode } from "../core/cbor.ts";
import { ALL_RING } from "../core/contact_rules.ts";
import { decodeRecord, encodeRecord } from "../core/content.ts";
import { Standing } from "../core/content_records.ts";
import {
  acceptList,
  type DeviceList,
  ERA_VERSIONS,
  eraOf,
  type ListedDevice,
  MAX_VERSION,
  signFirst,
  signMoved,
  signSuccessor,
} from "../core/device_list.ts";
import { UsageError } from "../core/errors.ts";
import { AccountId, DeviceId, IdentityKey, SignatureKey } from "../core/ids.ts";
import { hasMovedWith, MovedContact } from "../core/moved_contact.ts";

const ACCOUNT = new AccountId(new Uint8Array(16).fill(97));
const PRIVATE = new Uint8Array(32).fill(5);
const OTHER = new Uint8Array(32).fill(6);
const HEAD = await signFirst(ACCOUNT, PRIVATE, [device(1)]);

function device(number: number): ListedDevice {
  return {
    deviceId: new DeviceId(new Uint8Array(16).fill(number)),
    signatureKey: new SignatureKey(new Uint8Array(32).fill(number)),
  };
}

const movedList = (head: DeviceList, number: number) => signMoved(head, PRIVATE, [device(number)]);

const PERSON: MovedContact = {
  account: ACCOUNT,
  identity: HEAD.identityKey,
  version: HEAD.version,
  name: "anna.1",
  standing: Standing.CONTACT,
  verified: null,
  rules: null,
  decided: null,
};

test("a move is ahead of all that the old server signs", async () => {
  const here = await movedList(HEAD, 9);
  expect([here.era, here.version, here.previous]).toEqual([1, ERA_VERSIONS, HEAD.digest]);
  expect(acceptList(HEAD, here)).toBe(here);
  let later = HEAD;
  for (const number of [2, 3, 4, 5]) {
    later = await signSuccessor(later, PRIVATE, [device(number)]);
    expect(acceptList(later, here)).toBe(here);
    expect(acceptList(here, later)).toBe(here);
  }
  const again = await movedList(here, 10);
  expect(again.era).toBe(2);
  expect(acceptList(here, again)).toBe(again);
});

test("CK-263: two lines of one identity are refused, not forked", async () => {
  const one = await movedList(HEAD, 8);
  const other = await movedList(HEAD, 9);
  const fork = expect.objectContaining({ code: "bad_credential" });
  expect(() => acceptList(one, other)).toThrow(fork);
  expect(() => acceptList(other, one)).toThrow(fork);
});

test("moves come to an end, and are the owner's", async () => {
  expect([eraOf(ERA_VERSIONS - 1), eraOf(ERA_VERSIONS), eraOf(MAX_VERSION)]).toEqual([0, 1, 65535]);
  const last = Object.create(HEAD, { version: { value: MAX_VERSION } }) as DeviceList;
  await expect(signMoved(last, PRIVATE, [device(9)])).rejects.toThrow(UsageError);
  await expect(signMoved(HEAD, OTHER, [device(9)])).rejects.toThrow(UsageError);
});

test("CK-733: the same account, the same key, a later era", async () => {
  const here = await movedList(HEAD, 9);
  expect(hasMovedWith(PERSON, here)).toBe(true);
  // A revoked device has these.
  expect(hasMovedWith(PERSON, HEAD)).toBe(false);
  const next = await signSuccessor(HEAD, PRIVATE, [device(2)]);
  expect(hasMovedWith(PERSON, next)).toBe(false);
  expect(hasMovedWith({ ...PERSON, version: here.version }, here)).toBe(false);
  const foreign = await signMoved(await signFirst(ACCOUNT, OTHER, [device(1)]), OTHER, [device(9)]);
  expect(hasMovedWith(PERSON, foreign)).toBe(false);
  const otherAccount = new AccountId(new Uint8Array(16).fill(98));
  expect(hasMovedWith({ ...PERSON, account: otherAccount }, here)).toBe(false);
  const otherKey = new IdentityKey(new Uint8Array(32));
  expect(hasMovedWith({ ...PERSON, identity: otherKey }, here)).toBe(false);
});

test("one encoding, and nothing else is read", () => {
  const full: MovedContact = {
    ...PERSON,
    standing: Standing.BLOCKED,
    verified: HEAD.identityKey,
    rules: ALL_RING,
    decided: { standing: 1, verified: 2, rules: 3 },
  };
  for (const one of [PERSON, full]) {
    const data = encodeRecord(MovedContact, one);
    expect(decodeRecord(MovedContact, data)).toEqual(one);
  }
  const plain: Record<string, string | number | Uint8Array> = {
    account: ACCOUNT,
    identity: HEAD.identityKey,
    version: 1,
    name: "anna.1",
    standing: "contact",
  };
  expect(encodeRecord(MovedContact, PERSON)).toEqual(encode(plain));
  const bad = [
    { version: 0 },
    { version: MAX_VERSION + 1 },
    { name: "" },
    { name: "a\nb" },
    { name: "a".repeat(129) },
    { standing: "stranger" },
    { identity: ACCOUNT },
    { origin: "https://left.example" },
  ];
  for (const change of bad) {
    const data = encode({ ...plain, ...change });
    expect(() => decodeRecord(MovedContact, data)).toThrow(
      expect.objectContaining({ code: "malformed" }),
    );
  }
});
