/** Guests in the group of a call: what they may do, whom members take for one, what guests believe. */

import { beforeAll, describe, expect, test } from "vitest";
import { GroupCallKeys } from "../../client/group_call_keys.ts";
import { checkPass, isHost, joinCall, judge } from "../../client/guest_admission.ts";
import { checkedName } from "../../client/guest_entry.ts";
import { type Bytes, hex, utf8 } from "../../core/bytes.ts";
import type { CallLink } from "../../core/call_link.ts";
import type { LobbyPass } from "../../core/content_lobby.ts";
import { type DeviceList, signFirst, UnverifiedDeviceList } from "../../core/device_list.ts";
import { Code } from "../../core/errors.ts";
import { guestOf, isGuest, signPass } from "../../core/guest.ts";
import { generateIdentityKey, identityHash } from "../../core/identity.ts";
import {
  CallId,
  Capability,
  LinkSecret,
  LobbyKey,
  MailboxId,
  RoomId,
  random,
  SignatureKey,
} from "../../core/ids.ts";
import type { KeyPackageBundle } from "../../core/mls/index.ts";
import { SUITE_ID, signaturePublicKey } from "../../core/mls/index.ts";
import { NOW, rng } from "./call_seam.ts";
import { consentFor, newConsent } from "./consents.ts";
import { CALL, Crew } from "./group_call_crew.ts";
import { material, mayBeInWith, Stranger } from "./group_call_guests.ts";

const AT = { now: NOW };
const refusedAs = (detail: RegExp) =>
  expect.objectContaining({ detail: expect.stringMatching(detail) });

let crew: Crew;

beforeAll(async () => {
  crew = await Crew.make();
});

const stranger = (name: string) => Stranger.make(name, crew.keys(0));

/** The founder adds these; returns its keys, and the Welcome. */
async function founded(
  bundles: readonly KeyPackageBundle[],
  mayBeIn = mayBeInWith(crew),
): Promise<readonly [GroupCallKeys, Bytes]> {
  const consent = await newConsent();
  const around = { consent, keys: material(crew, 0), now: NOW, rng, mayBeIn };
  const first = await GroupCallKeys.found(CALL, around);
  const joiners = [];
  for (const { keyPackage } of bundles) joiners.push(await first.note(keyPackage, AT));
  await first.offer(joiners, [], AT);
  const { welcome } = await first.won();
  if (welcome === null) throw new Error("no Welcome");
  return [first, welcome];
}

const memberJoins = (welcome: Bytes, bundle: KeyPackageBundle) => {
  const consent = consentFor(bundle);
  const around = { consent, keys: material(crew, 1), now: NOW, rng, mayBeIn: mayBeInWith(crew) };
  return GroupCallKeys.join(welcome, bundle, CALL, around);
};

/** A call of its host, a second member, and guests. */
async function callWith(...guests: readonly Stranger[]) {
  const member = await crew.keyPackage(1);
  const bundles = await Promise.all(guests.map((one) => one.bundle()));
  const [first, welcome] = await founded([member, ...bundles]);
  const around = { keys: { validator: judge }, now: NOW, rng, mayBeIn: () => undefined };
  const inside: GroupCallKeys[] = [];
  for (const bundle of bundles) {
    const ours = { ...around, consent: consentFor(bundle) };
    inside.push(await GroupCallKeys.join(welcome, bundle, CALL, ours));
  }
  return { host: first, member: await memberJoins(welcome, member), inside };
}

describe("in the group of a call", () => {
  test("CK-907: whoever comes later checks guests by the tree", async () => {
    const { host, member, inside } = await callWith(await stranger("Dana"));
    const guests = [...member.members().values()].filter(isGuest);
    expect(guests.map((one) => guestOf(one).name)).toEqual(["Dana"]);
    const said = await inside[0]?.encrypt(utf8("hello"));
    if (said === undefined) throw new Error("no guest");
    for (const one of [host, member]) {
      expect((await one.decrypt(said, AT)).content).toEqual(utf8("hello"));
    }
    // As the tree would be if the host were one who lets in whom it likes without a pass.
    const eve = await stranger("Eve");
    const bad = await eve.bundle(await eve.guest(eve.signaturePrivate));
    const [own, control] = [await crew.keyPackage(1), await crew.keyPackage(1)];
    const [, forged] = await founded([own, bad], () => undefined);
    await expect(memberJoins(forged, own)).rejects.toEqual(refusedAs(/^CK-907/));
    const [, good] = await founded([control, await eve.bundle()], () => undefined);
    expect((await memberJoins(good, control)).members().size).toBe(3);
  });

  test.each([true, false])("CK-908: a guest brings in nobody (let in: %s)", async (letIn) => {
    const { host, member, inside } = await callWith(await stranger("Dana"), await stranger("Dan"));
    const [dana, dan] = inside;
    if (dana === undefined || dan === undefined) throw new Error("no guests");
    const friend = await stranger("Eve");
    const own = letIn ? undefined : await friend.guest(friend.signaturePrivate);
    const { keyPackage } = await friend.bundle(own);
    const { commit } = await dana.offer([await dana.note(keyPackage, AT)], [], AT);
    for (const other of [host, member, dan]) {
      await expect(other.apply(commit, AT)).rejects.toEqual(refusedAs(/^CK-90[78]/));
      expect(other.epoch).toBe(1);
    }
    await dana.lost();
    // The control: it may take out who is gone, as anybody in the call may.
    const leaf = dan.began().own;
    const removing = await dana.offer([], [leaf], AT);
    for (const other of [host, member]) {
      expect((await other.apply(removing.commit, AT))?.went).toEqual(new Set([leaf]));
    }
  });

  test("CK-907: nobody but the group lets guests in", async () => {
    const { host, member } = await callWith();
    const eve = await stranger("Eve");
    const outsider = crew.keys(5);
    const signature = await signPass(CALL, eve.key, eve.name, outsider.signaturePrivate);
    const { account, device } = outsider;
    const right = await eve.guest();
    const wrong = [
      { ...right, account, device, signature },
      await eve.guest(eve.signaturePrivate),
      { ...right, name: "Anna" },
    ];
    for (const one of [host, member]) {
      for (const guest of wrong) {
        const { keyPackage } = await eve.bundle(guest);
        await expect(one.note(keyPackage, AT)).rejects.toEqual(refusedAs(/^CK-907/));
      }
      await one.note((await eve.bundle()).keyPackage, AT); // The control.
    }
  });
});

describe("what a guest believes", () => {
  let link: CallLink;
  let list: DeviceList;
  let dana: Stranger;

  beforeAll(async () => {
    const [data] = crew.lists;
    list = await UnverifiedDeviceList.parse(data ?? new Uint8Array(0)).verify();
    link = {
      origin: "https://x.org",
      secret: random(LinkSecret, rng),
      lobby: new LobbyKey(rng(32)),
      host: identityHash(list.identityKey),
      expiresAt: NOW + 900,
    };
    dana = await stranger("Dana");
  });

  async function passed(changes: Partial<LobbyPass> = {}): Promise<LobbyPass> {
    const { account, device } = crew.keys(0);
    const { signature } = await dana.guest();
    return {
      kind: "lobby.pass",
      ...{ call: CALL, room: random(RoomId, rng), media: "voice", device, signature },
      list: list.data,
      names: [{ account, name: "anna.48213" }],
      mailbox: random(MailboxId, rng),
      capability: random(Capability, rng),
      ...changes,
    };
  }

  test("a pass of the account that the link names", async () => {
    const admission = await checkPass(link, dana, await passed());
    const { account } = crew.keys(0);
    expect([...admission.names]).toEqual([[hex(account), "anna.48213"]]);
    expect([admission.call, admission.relay.origin]).toEqual([CALL, link.origin]);
    const mine = guestOf({ identity: admission.identity, signatureKey: new Uint8Array(dana.key) });
    expect([mine.name, hex(mine.account)]).toEqual(["Dana", hex(account)]);
  });

  test("CK-905, CK-907: a pass of anybody else is none", async () => {
    const other = crew.keys(1);
    const listed = {
      deviceId: other.device,
      signatureKey: new SignatureKey(await signaturePublicKey(SUITE_ID, other.signaturePrivate)),
    };
    const { account } = crew.keys(0);
    const forged = await signFirst(account, generateIdentityKey(rng), [listed]);
    const signed = (by: Bytes, name = "Dana", call = CALL) => signPass(call, dana.key, name, by);
    const own = crew.keys(0).signaturePrivate;
    const theirs = { device: other.device, signature: await signed(other.signaturePrivate) };
    const wrong: readonly (readonly [Partial<LobbyPass>, RegExp])[] = [
      [{ ...theirs, list: crew.lists[1] ?? forged.data }, /^CK-905/],
      [{ ...theirs, list: forged.data }, /^CK-905/],
      [{ device: other.device }, /^CK-905/],
      [{ signature: await signed(other.signaturePrivate) }, /^CK-907/],
      [{ signature: await signed(own, "Anna") }, /^CK-907/],
      [{ signature: await signed(own, "Dana", random(CallId, rng)) }, /^CK-907/],
      [{ list: utf8("x") }, /^CK-2/],
    ];
    for (const [changes, check] of wrong) {
      await expect(checkPass(link, dana, await passed(changes))).rejects.toEqual(refusedAs(check));
    }
  });

  test("CK-912: a call without the host is not entered", async () => {
    const admission = await checkPass(link, dana, await passed());
    const bundle = await dana.bundle();
    const time = (own: KeyPackageBundle) => ({ now: NOW, rng, consent: consentFor(own) });
    const keys = material(crew, 1);
    const consent = await newConsent();
    const around = { consent, keys, now: NOW, rng, mayBeIn: () => undefined };
    const elsewhere = await GroupCallKeys.found(CALL, around);
    await elsewhere.offer([await elsewhere.note(bundle.keyPackage, AT)], [], AT);
    const { welcome } = await elsewhere.won();
    const trying = joinCall(link, admission, welcome ?? new Uint8Array(0), bundle, time(bundle));
    await expect(trying).rejects.toMatchObject({ code: Code.IDENTITY_CHANGED });
    await expect(trying).rejects.toEqual(refusedAs(/^CK-912/));
    const again = await dana.bundle();
    const [, right] = await founded([again, await crew.keyPackage(4)]);
    const inside = await joinCall(link, admission, right, again, time(again)); // The control.
    const hosts = [...inside.members().values()].map((one) => isHost(link, one));
    expect((await Promise.all(hosts)).filter((is) => is)).toHaveLength(1);
    expect(inside.members().size).toBe(3);
  });

  test.each(["", "   ", "a\nb", "x".repeat(65), "\u202eanna", "\ud800"])(
    "no name of a guest: %j",
    (name) => {
      expect(() => checkedName(name)).toThrow("one line");
      expect(checkedName("  Da\u0301na ")).toBe("D\u00e1na"); // The control.
    },
  );
});
