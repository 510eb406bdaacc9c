/** Device lists, credentials and the validator: who may stand in a group (CK-260 to CK-267). */

import { describe, expect, test } from "vitest";
import { type Bytes, copy, fromHex, hex } from "../core/bytes.ts";
import {
  checkMember,
  credentialIdentity,
  makePresentValidator,
  makeValidator,
  type NewestList,
  UnverifiedCredential,
} from "../core/credential.ts";
import {
  acceptList,
  type DeviceList,
  type ListedDevice,
  MAX_DEVICES,
  signFirst,
  signSuccessor,
  UnverifiedDeviceList,
} from "../core/device_list.ts";
import { UsageError } from "../core/errors.ts";
import { signFarewell, verifyFarewell } from "../core/farewell.ts";
import * as identity from "../core/identity.ts";
import { AccountId, DeviceId, IdentityKey, SignatureKey } from "../core/ids.ts";
import type { MemberInfo } from "../core/mls/leaf_node.ts";
import { flipped, loadCore, outcome, plain, rows } from "./core_vectors.ts";
import { type Element, MismatchError } from "./vector_element.ts";

const VECTORS = loadCore("identity");
const IDENTITY = VECTORS.data("identity_private");
const LISTS = VECTORS.children("lists");
const FIRST = VECTORS.child("first");

/** Verify the lists that others refer to by number. */
const KNOWN: readonly DeviceList[] = await Promise.all(
  LISTS.map((e) => UnverifiedDeviceList.parse(e.data("data")).verify()),
);

function known(number: number): DeviceList {
  const found = KNOWN[number];
  if (found === undefined) throw new MismatchError("no such list");
  return found;
}

type Devices = readonly Readonly<{ device_id: string; signature_key: string }>[];

function listed(e: Element, key: string): readonly ListedDevice[] {
  return rows(e, key).map((row) => {
    const device = row as unknown as Devices[number];
    return {
      deviceId: new DeviceId(fromHex(device.device_id)),
      signatureKey: new SignatureKey(fromHex(device.signature_key)),
    };
  });
}

describe("as in Python", () => {
  test("signatures", async () => {
    for (const e of VECTORS.children("signatures")) {
      const [label, message, signature] = [e.text("label"), e.data("message"), e.data("signature")];
      const publicKey = e.data("public");
      const check = () => identity.verify(publicKey, label, message, signature);
      expect(await outcome(check)).toBe(e.text("outcome"));
      const privateKey = e.maybeData("private");
      if (privateKey === null) continue;
      expect(hex(await identity.identityPublicKey(privateKey))).toBe(hex(publicKey));
      expect(hex(await identity.sign(privateKey, label, message))).toBe(hex(signature));
    }
  });

  test("the farewell of a device that is shut out", async () => {
    const account = new AccountId(FIRST.data("account"));
    const device = known(0).devices[0]?.deviceId ?? new DeviceId(new Uint8Array(16));
    const farewell = await signFarewell(IDENTITY, account, device);
    expect(hex(farewell)).toBe(VECTORS.text("farewell"));
    const { identityKey } = known(0);
    await verifyFarewell(identityKey, account, device, farewell);
    const others = [
      [account, new DeviceId(copy(account)), farewell],
      [new AccountId(copy(device)), device, farewell],
      [account, device, new Uint8Array(64)],
    ] as const;
    for (const [whose, which, body] of others) {
      const checked = verifyFarewell(identityKey, whose, which, body);
      await expect(checked).rejects.toMatchObject({ code: "bad_signature" });
    }
  });

  test("the first list and its successor are signed alike", async () => {
    const account = new AccountId(FIRST.data("account"));
    const one = await signFirst(account, IDENTITY, listed(FIRST, "devices"));
    expect(hex(one.data)).toBe(hex(known(0).data));
    const devices = listed(VECTORS, "successor").toReversed(); // any order
    const two = await signSuccessor(one, IDENTITY, devices);
    expect(hex(two.data)).toBe(hex(known(1).data));
    expect(two).toEqual(known(1));
  });

  test("lists say the same", () => {
    for (const [number, e] of LISTS.entries()) {
      const list = known(number);
      expect(hex(list.accountId)).toBe(e.text("account_id"));
      expect(hex(list.identityKey)).toBe(e.text("identity_key"));
      expect(list.version).toBe(e.number("version"));
      expect(hex(list.previous)).toBe(e.text("previous"));
      expect(plain(list.devices)).toEqual(e.values("devices"));
      expect(hex(list.digest)).toBe(e.text("digest"));
      expect(hex(identity.identityHash(list.identityKey))).toBe(e.text("hash"));
      for (const device of list.devices) expect(list.find(device.deviceId)).toEqual(device);
      expect(list.find(new DeviceId(new Uint8Array(16)))).toBeNull();
    }
  });

  const verify = (data: Bytes) => outcome(() => UnverifiedDeviceList.parse(data).verify());

  test("CK-260: signed lists that break the form", async () => {
    for (const [data, expected] of rows<readonly [string, string]>(VECTORS, "others")) {
      expect(await verify(fromHex(data)), data.slice(0, 200)).toBe(expected);
    }
  });

  test("CK-261: every changed byte is noticed", async () => {
    const { data } = known(1);
    const outcomes = await Promise.all(Array.from(data, (_, at) => verify(flipped(data, at))));
    expect(outcomes).toEqual(VECTORS.values("flips"));
  });

  test("CK-262, CK-263: which list follows which", async () => {
    type Row = readonly [known: number, offered: number, held: number | string];
    for (const [one, other, held] of rows<Row>(VECTORS, "accepts")) {
      const accept = () => acceptList(known(one), known(other));
      if (typeof held === "string") expect(await outcome(accept)).toBe(held);
      else expect(accept()).toBe(known(held));
    }
  });

  test("CK-264: credentials", async () => {
    const [device] = listed(FIRST, "devices");
    if (device === undefined) throw new MismatchError("a device");
    const own = credentialIdentity(device.deviceId, known(1));
    expect(hex(own)).toBe(VECTORS.text("credential"));
    const good = await UnverifiedCredential.parse(own).verify(device.signatureKey);
    expect(good).toEqual({ accountId: known(1).accountId, device, deviceList: known(1) });
    type Row = readonly [identity: string, signatureKey: string, outcome: string];
    for (const [data, key, expected] of rows<Row>(VECTORS, "credentials")) {
      const check = () => UnverifiedCredential.parse(fromHex(data)).verify(fromHex(key));
      expect(await outcome(check)).toBe(expected);
    }
  });

  test("CK-265 to CK-267: members", async () => {
    const members = VECTORS.children("members").map((e) => {
      const leaf = e.child("leaf");
      const info: MemberInfo = {
        leafIndex: null,
        identity: leaf.data("identity"),
        signatureKey: leaf.data("signature_key"),
      };
      return { e, info };
    });
    const bobs = KNOWN.find((list) => !equalTo(list.accountId, known(0).accountId));
    for (const { e, info } of members) {
      const [number = null] = e.maybeNumbers("newest");
      const held = new Map(
        [bobs, number === null ? undefined : known(number)]
          .filter((list) => list !== undefined)
          .map((list) => [hex(list.accountId), list]),
      );
      const newest: NewestList = (account) => held.get(hex(account)) ?? null;
      const validate = makeValidator(newest);
      expect(await outcome(() => checkMember(newest, info))).toBe(e.text("checked"));
      const present = makePresentValidator(newest);
      expect(await outcome(() => present(info, null))).toBe(e.text("present"));
      expect(await outcome(() => validate(info, null))).toBe(e.text("coming"));
      // The leaves are the same ones for every newest list.
      const leaves = members.slice(0, e.values("replacing").length);
      const replacing = leaves.map(({ info: old }) => outcome(() => validate(info, old)));
      expect(await Promise.all(replacing)).toEqual(e.values("replacing"));
    }
  });

  test("every element was read", () => VECTORS.finish());
});

function equalTo(one: Uint8Array, other: Uint8Array): boolean {
  return hex(one) === hex(other);
}

describe("our own mistakes", () => {
  const account = known(0).accountId;
  const device = (n: number): ListedDevice => ({
    deviceId: new DeviceId(new Uint8Array(16).fill(n)),
    signatureKey: new SignatureKey(new Uint8Array(32).fill(n)),
  });

  test("lists that others would refuse", async () => {
    const many = Array.from({ length: MAX_DEVICES + 1 }, (_, i) => device(i));
    const renamed = { ...device(2), signatureKey: device(1).signatureKey };
    for (const devices of [[], many, [device(1), device(1)], [device(1), renamed]]) {
      await expect(signFirst(account, IDENTITY, devices)).rejects.toThrow(UsageError);
    }
    const evil = new Uint8Array(32).fill(6);
    await expect(signSuccessor(known(0), evil, [device(1)])).rejects.toThrow(UsageError);
  });

  test("keys, labels and devices that are none", async () => {
    const short = new Uint8Array(31);
    await expect(identity.identityPublicKey(short)).rejects.toThrow(UsageError);
    const sign = identity.sign(short, "visavis x\0", new Uint8Array());
    await expect(sign).rejects.toThrow(UsageError);
    for (const label of ["other\0", "visavis x", "visavis \0x\0", "visavis x\0y"]) {
      const signed = identity.sign(IDENTITY, label, new Uint8Array());
      await expect(signed).rejects.toThrow(UsageError);
    }
    const { deviceId } = device(9);
    expect(() => credentialIdentity(deviceId, known(0))).toThrow(UsageError);
  });
});

test("the identity hash is labelled, a generated key is what the source gave", () => {
  const key = new IdentityKey(new Uint8Array(32).fill(1));
  expect(identity.identityHash(key)).toEqual(identity.identityHash(new IdentityKey(key)));
  expect(identity.generateIdentityKey((size) => new Uint8Array(size).fill(3))).toEqual(
    new Uint8Array(32).fill(3),
  );
});
