/** The MLS group of a group call, with real keys; and who is answered when somebody comes. */

import { beforeAll, describe, expect, it } from "vitest";
import type { OwnConsent } from "../../client/consent_key.ts";
import { Joiners } from "../../client/group_call_joiners.ts";
import { type Began, GroupCallKeys } from "../../client/group_call_keys.ts";
import type { KeyMaterial } from "../../client/seam.ts";
import { type Bytes, copy, equal, hex, utf8 } from "../../core/bytes.ts";
import { Code, PeerError, UsageError } from "../../core/errors.ts";
import { SendingEpoch } from "../../core/frame_keys.ts";
import { FrameReceiver } from "../../core/frame_receiver.ts";
import { guestIdentity, signPass, withGuests } from "../../core/guest.ts";
import { identityPublicKey } from "../../core/identity.ts";
import { SignatureKey } from "../../core/ids.ts";
import { Group, SUITE_ID } from "../../core/mls/index.ts";
import { PRODUCT_SUITE } from "../../core/sframe.ts";
import { NOW, rng } from "./call_seam.ts";
import { consentFor, consenting, newConsent } from "./consents.ts";
import { anybody, CALL, Crew, commit, noteAll } from "./group_call_crew.ts";

const AT = { now: NOW };
let crew: Crew;

beforeAll(async () => {
  crew = await Crew.make();
});

type Four = readonly [GroupCallKeys, GroupCallKeys, GroupCallKeys, GroupCallKeys];
type Three = readonly [GroupCallKeys, GroupCallKeys, GroupCallKeys];
const four = async () => (await crew.members(4)) as unknown as Four;
const three = async () => (await crew.members(3)) as unknown as Three;

const refusedAs = (code: Code, detail: string) =>
  expect.objectContaining({ code, detail: expect.stringContaining(detail) });

const FRAME = utf8("a frame of sound");

async function sealed(member: GroupCallKeys): Promise<Bytes> {
  const { baseKey, epoch, own } = await member.frameKeys();
  const sending = new SendingEpoch(PRODUCT_SUITE, baseKey, BigInt(epoch), own);
  return (await sending.newSender()).encrypt(FRAME, "audio");
}

async function receiver(member: GroupCallKeys): Promise<FrameReceiver> {
  const { baseKey, epoch, others } = await member.frameKeys();
  const opened = new FrameReceiver();
  opened.install(BigInt(epoch), baseKey, others);
  return opened;
}

/** What Python's `Began` compares by. */
function changes(began: Began | null) {
  if (began === null) return null;
  const { epoch, came, went, admitted } = began;
  return { epoch, came: [...came], went: [...went], admitted };
}

describe("the group of a group call", () => {
  it("gives all members the same keys, and each hears what another says", async () => {
    const members = await four();
    const rooms = await Promise.all(members.map((one) => one.roomKey()));
    expect(new Set(rooms.map((key) => hex(key))).size).toBe(1);
    const frames = await Promise.all(members.map((one) => one.frameKeys()));
    expect(frames.map(({ own }) => own)).toEqual([0, 1, 2, 3]);
    expect(frames.map(({ others }) => others.size)).toEqual([3, 3, 3, 3]);
    expect(new Set(frames.map(({ baseKey }) => hex(baseKey))).size).toBe(1);
    expect(frames[0]?.baseKey).not.toEqual(rooms[0]);
    const said = await members[2].encrypt(utf8("ready"));
    for (const other of [members[0], members[1], members[3]]) {
      const { leaf, who, content } = await other.decrypt(said, AT);
      expect([leaf, content]).toEqual([2, utf8("ready")]);
      expect(equal(who.identity, crew.keys(2).credential)).toBe(true);
    }
  });

  it("tells everybody the same of a commit", async () => {
    const [a, b, c, d] = await four();
    const bundle = await crew.keyPackage(4);
    const joiner = await noteAll([a, b, c, d], bundle);
    const offer = await b.offer([joiner], [3], AT);
    expect(offer.n).toBe(1);
    expect(offer.key).toEqual(await a.roomKey());
    const [began, [toA, toC, toD]] = await commit(b, [a, c, d], offer);
    // The leaf of the one that went is the joiner's now: it came and went.
    const expected = { epoch: 2, came: [3], went: [3], admitted: [{ joiner, leaf: 3 }] };
    expect(changes(began)).toEqual(expected);
    expect([changes(toA ?? null), changes(toC ?? null)]).toEqual([expected, expected]);
    expect(toD).toBeNull();
    const newest = await crew.join(4, began.welcome, bundle);
    expect(newest.began().leaves).toEqual(began.leaves);
    expect(await newest.roomKey()).toEqual(await a.roomKey());
  });

  it("leaves no keys to who is removed, and gives new ones to the others", async () => {
    const [a, b, c] = await three();
    const before = await a.roomKey();
    // The control: while it is in, it has what the others have.
    expect(await c.roomKey()).toEqual(before);
    const offer = await a.offer([], [2], AT);
    const [, told] = await commit(a, [b], offer);
    expect(told[0]?.went).toEqual(new Set([2]));
    expect(await a.roomKey()).not.toEqual(before);
    const after = await b.encrypt(utf8("said without them"));
    await expect(c.decrypt(after, AT)).rejects.toThrow(PeerError);
    expect((await a.decrypt(after, AT)).content).toEqual(utf8("said without them"));
    expect(await c.apply(offer.commit, AT)).toBeNull();
    for (const use of [() => c.roomKey(), () => c.frameKeys(), () => c.encrypt(utf8("x"))]) {
      await expect(use()).rejects.toThrow(PeerError);
    }
  });

  it("opens no frame to who left, and those of before still", async () => {
    const [a, b, c] = await three();
    const leaver = await receiver(c);
    const before = await sealed(b);
    await commit(a, [b], await a.offer([], [2], AT));
    const after = await sealed(b);
    // The control: the same keys open what was sealed before.
    expect((await leaver.decrypt(before, "audio", 0)).leaf).toBe(1);
    await expect(leaver.decrypt(after, "audio", 0)).rejects.toEqual(refusedAs(Code.DECRYPTION, ""));
    expect((await (await receiver(a)).decrypt(after, "audio", 0)).frame).toEqual(FRAME);
  });

  it("lets a device come back as a new member in one commit", async () => {
    const [a, b] = await three();
    const again = await crew.keyPackage(2);
    const joiner = await noteAll([a, b], again);
    expect(a.leavesOf(joiner)).toEqual([2]);
    const offer = await a.offer([joiner], [2], AT);
    const [began, [told]] = await commit(a, [b], offer);
    const expected = { epoch: 2, came: [2], went: [2], admitted: [{ joiner, leaf: 2 }] };
    expect([changes(began), changes(told ?? null)]).toEqual([expected, expected]);
    const back = await crew.join(2, began.welcome, again);
    expect((await back.frameKeys()).baseKey).toEqual((await b.frameKeys()).baseKey);
  });

  it("counts only the first commit of an epoch", async () => {
    const [a, b] = await four();
    const first = await a.offer([], [3], AT);
    const second = await b.offer([], [2], AT);
    await a.won();
    expect((await b.apply(first.commit, AT))?.went).toEqual(new Set([3]));
    await expect(b.won()).rejects.toThrow(UsageError);
    await expect(a.apply(second.commit, AT)).rejects.toThrow(PeerError);
    expect(await a.roomKey()).toEqual(await b.roomKey());
  });

  it("reads messages of the epoch before still, once", async () => {
    const [a, , c] = await three();
    const late = await c.encrypt(utf8("said before it knew"));
    await commit(a, [c], await a.offer([], [1], AT));
    expect((await a.decrypt(late, AT)).content).toEqual(utf8("said before it knew"));
    await expect(a.decrypt(late, AT)).rejects.toThrow(PeerError);
  });
});

describe("what is refused", () => {
  it("a message again that was read while our commit waited for the room", async () => {
    const [a, , c] = await three();
    const said = await c.encrypt(utf8("once"));
    await a.offer([], [1], AT);
    expect((await a.decrypt(said, AT)).content).toEqual(utf8("once"));
    await a.won();
    await expect(a.decrypt(said, AT)).rejects.toThrow(PeerError);
  });

  it("a commit among what members say (CK-866); from the room it is taken", async () => {
    const [a, b] = await three();
    const { commit: made } = await a.offer([], [2], AT);
    await expect(b.decrypt(made, AT)).rejects.toEqual(refusedAs(Code.UNEXPECTED, "CK-866"));
    expect(b.epoch).toBe(1);
    expect((await b.apply(made, AT))?.epoch).toBe(2);
  });

  it("a message as a commit (CK-865); among what members say it is heard", async () => {
    const [a, b] = await three();
    const said = await a.encrypt(utf8("hello"));
    await expect(b.apply(said, AT)).rejects.toEqual(refusedAs(Code.UNEXPECTED, "CK-865"));
    expect((await b.decrypt(said, AT)).content).toEqual(utf8("hello"));
  });

  it("keeps what was spent while a message was refused", async () => {
    const [a, b, c] = await three();
    const { commit: made } = await a.offer([], [2], AT);
    // Both at once: refusing the commit must not give back the key of what we said meanwhile.
    const [refused, one] = await Promise.allSettled([b.decrypt(made, AT), b.encrypt(utf8("1"))]);
    expect(refused.status).toBe("rejected");
    const two = await b.encrypt(utf8("2"));
    if (one.status === "rejected") throw one.reason;
    expect((await c.decrypt(one.value, AT)).content).toEqual(utf8("1"));
    expect((await c.decrypt(two, AT)).content).toEqual(utf8("2"));
  });

  it("a Welcome to another group (CK-864)", async () => {
    const { credential: identity, signaturePrivate, validator } = crew.keys(0);
    const group = await Group.create({
      groupId: utf8("another call, 16"),
      suiteId: SUITE_ID,
      identity,
      signaturePrivate,
      rng,
      validator,
      lifetime: [NOW - 9, NOW + 9],
      leafExtensions: [(await newConsent()).extension()],
    });
    const bundle = await crew.keyPackage(1);
    const { welcome } = await group.commit({ add: [bundle.keyPackage], rng, now: NOW });
    const joined = crew.join(1, welcome, bundle);
    await expect(joined).rejects.toEqual(refusedAs(Code.WRONG_GROUP, "CK-864"));
  });

  it("whoever may not be in the call, by whomever they come", async () => {
    const first = await crew.found();
    const bundles = [await crew.keyPackage(1), await crew.keyPackage(2)] as const;
    const joiners = [await noteAll([first], bundles[0]), await noteAll([first], bundles[1])];
    await first.offer(joiners, [], AT);
    const known = [0, 1, 2].map((number) => hex(crew.keys(number).credential));
    const mayBeIn = (member: Readonly<{ identity: Bytes }>) => {
      if (!known.includes(hex(member.identity))) {
        throw new PeerError(Code.BAD_CREDENTIAL, "not of this conversation");
      }
    };
    const strict = await crew.join(1, (await first.won()).welcome, bundles[0], mayBeIn);
    const stranger = await crew.keyPackage(5);
    await expect(strict.note(stranger.keyPackage, AT)).rejects.toThrow(PeerError);
    const offer = await first.offer([await noteAll([first], stranger)], [], AT);
    await expect(strict.apply(offer.commit, AT)).rejects.toEqual(
      refusedAs(Code.BAD_CREDENTIAL, "not of this conversation"),
    );
    expect(strict.began().leaves).toEqual(new Set([0, 1, 2]));
    // Nor is a call entered in which somebody is who may not be.
    await first.won();
    const late = await crew.keyPackage(3);
    await first.offer([await noteAll([first], late)], [], AT);
    const { welcome } = await first.won();
    await expect(crew.join(3, welcome, late, mayBeIn)).rejects.toThrow(PeerError);
  });

  it("whom a guest adds: it brings in nobody (CK-908)", async () => {
    const host = crew.keys(0);
    const validator = withGuests(host.validator);
    const around = (keys: KeyMaterial, consent: OwnConsent) => {
      return { consent, keys: { ...keys, validator }, now: NOW, rng, mayBeIn: anybody };
    };
    const privateKey = rng(32);
    const key = new SignatureKey(new Uint8Array(await identityPublicKey(privateKey)));
    const signature = await signPass(CALL, key, "Dana", host.signaturePrivate);
    const dana = { key, name: "Dana", account: host.account, device: host.device, signature };
    const credential = guestIdentity(dana);
    const own = { ...host, credential, signaturePrivate: privateKey };
    const bundle = await consenting({
      identity: credential,
      signaturePrivate: privateKey,
      notBefore: NOW - 9,
      notAfter: NOW + 9000,
    });
    const second = await crew.keyPackage(1);
    const first = await GroupCallKeys.found(CALL, around(host, await newConsent()));
    const joiners = [await noteAll([first], bundle), await noteAll([first], second)];
    await first.offer(joiners, [], AT);
    const { welcome } = await first.won();
    if (welcome === null) throw new Error("no Welcome");
    const ofGuest = around(own, consentFor(bundle));
    const guest = await GroupCallKeys.join(welcome, bundle, CALL, ofGuest);
    const ofMember = around(crew.keys(1), consentFor(second));
    const member = await GroupCallKeys.join(welcome, second, CALL, ofMember);
    const friend = await crew.keyPackage(4);
    const adds = await guest.offer([await noteAll([guest], friend)], [], AT);
    for (const one of [first, member]) {
      await expect(one.apply(adds.commit, AT)).rejects.toEqual(
        refusedAs(Code.UNEXPECTED, "CK-908"),
      );
      expect(one.epoch).toBe(1);
    }
    // The control: it may take out who is gone, as anybody in the call may.
    await guest.lost();
    const removes = await guest.offer([], [member.began().own], AT);
    const began = await first.apply(removes.commit, AT);
    expect([...(began?.went ?? [])]).toEqual([member.began().own]);
  });

  it("a leaf without a consent key (CK-937), or with another's (CK-938)", async () => {
    const [a, b] = await three();
    const { credential: identity, signaturePrivate } = crew.keys(4);
    const facts = { identity, signaturePrivate, notBefore: NOW - 9, notAfter: NOW + 9000 };
    const none = await consenting({ ...facts, leafExtensions: [] });
    const another = [4, 5].map((name) => ({ extensionType: 0xf0a2, data: new Uint8Array(name) }));
    const odd = await consenting({ ...facts, leafExtensions: another.slice(0, 1) });
    const copied = await consenting(facts, b.consent);
    const control = await consenting(facts);
    for (const bundle of [none, odd]) {
      await expect(a.note(bundle.keyPackage, AT)).rejects.toEqual(
        refusedAs(Code.BAD_CREDENTIAL, "CK-937"),
      );
    }
    const same = refusedAs(Code.BAD_CREDENTIAL, "CK-938");
    await expect(a.note(copied.keyPackage, AT)).rejects.toEqual(same);
    await a.note(control.keyPackage, AT);
    // Two who wait, with one key: the second is not noted. The first may come again, with it or not.
    const friend = crew.keys(5);
    const waits = { ...facts, identity: friend.credential };
    const second = { ...waits, signaturePrivate: friend.signaturePrivate };
    const doubled = await consenting(second, consentFor(control));
    await expect(a.note(doubled.keyPackage, AT)).rejects.toEqual(same);
    await a.note((await consenting(facts, consentFor(control))).keyPackage, AT);
    await a.note((await consenting(second)).keyPackage, AT);
  });

  it.each(["no consent key", "another's consent key", "its own"])(
    "a commit that brings in somebody with %s, and a Welcome to them",
    async (which) => {
      const leafOf = async (own: OwnConsent) => (which.startsWith("no") ? [] : [own.extension()]);
      const { credential: identity, signaturePrivate, validator } = crew.keys(0);
      const [founder, joiner] = [await newConsent(), await newConsent()];
      // MLS alone: whoever makes it has no rules of ours.
      const bare = await Group.create({
        groupId: new Uint8Array(CALL),
        suiteId: SUITE_ID,
        ...{ identity, signaturePrivate, rng, validator },
        lifetime: [NOW - 9, NOW + 9000],
        leafExtensions: [founder.extension()],
      });
      const second = await crew.keyPackage(1);
      const made = await bare.commit({ add: [second.keyPackage], rng, now: NOW });
      const member = await crew.join(1, made.welcome, second);
      const { credential, signaturePrivate: signs } = crew.keys(4);
      const own = which.startsWith("another") ? founder : joiner;
      const bundle = await consenting(
        {
          ...{ identity: credential, signaturePrivate: signs },
          ...{ notBefore: NOW - 9, notAfter: NOW + 9000 },
          leafExtensions: await leafOf(own),
        },
        own,
      );
      const hostile = await made.group.commit({ add: [bundle.keyPackage], rng, now: NOW });
      const third = await crew.keyPackage(2);
      const late = await hostile.group.commit({ add: [third.keyPackage], rng, now: NOW });
      const applied = member.apply(hostile.message, AT);
      const joined = crew.join(2, late.welcome, third);
      for (const one of [applied, joined]) one.catch(() => undefined); // each is looked at below
      if (which === "its own") {
        expect((await applied)?.leaves.size).toBe(3);
        expect((await joined).members().size).toBe(4);
        return;
      }
      const check = which.startsWith("no") ? "CK-937" : "CK-938";
      await expect(applied).rejects.toEqual(refusedAs(Code.BAD_CREDENTIAL, check));
      await expect(joined).rejects.toEqual(refusedAs(Code.BAD_CREDENTIAL, check));
      expect(member.began().leaves).toEqual(new Set([0, 1]));
    },
  );

  it("a joiner that was forgotten, and a damaged key package", async () => {
    const first = await crew.found();
    const bundle = await crew.keyPackage(1);
    const joiner = await noteAll([first], bundle);
    first.forget(joiner);
    await expect(first.offer([joiner], [], AT)).rejects.toThrow(UsageError);
    const data = copy(bundle.keyPackage);
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    await expect(first.note(data, AT)).rejects.toThrow(PeerError);
  });

  it.each(["external", "proposal"])(
    "what does more than bring members in and out: %s (CK-865)",
    async (what) => {
      const { credential: identity, signaturePrivate, validator } = crew.keys(5);
      // A group of MLS alone, into which the same people came: it has no rules of ours.
      const bare = await Group.create({
        groupId: new Uint8Array(CALL),
        suiteId: SUITE_ID,
        identity: crew.keys(0).credential,
        signaturePrivate: crew.keys(0).signaturePrivate,
        rng,
        validator,
        lifetime: [NOW - 9, NOW + 9000],
        leafExtensions: [(await newConsent()).extension()],
      });
      const bundle = await crew.keyPackage(1);
      const made = await bare.commit({ add: [bundle.keyPackage], rng, now: NOW });
      const member = await crew.join(1, made.welcome, bundle);
      const hostile =
        what === "proposal"
          ? await made.group.propose({ rng, now: NOW, remove: 1 })
          : (
              await Group.externalJoin(await made.group.groupInfo(), {
                identity,
                signaturePrivate,
                rng,
                now: NOW,
                validator,
              })
            )[1];
      // Whoever lets themselves in has no consent key, either, and that is seen first.
      const why: [Code, string] =
        what === "external" ? [Code.BAD_CREDENTIAL, "CK-937"] : [Code.UNEXPECTED, "CK-865"];
      await expect(member.apply(hostile, AT)).rejects.toEqual(refusedAs(...why));
      expect(member.began().leaves).toEqual(new Set([0, 1]));
      const said = await made.group.encrypt(utf8("as before"), { rng });
      expect((await member.decrypt(said, AT)).content).toEqual(utf8("as before"));
    },
  );
});

describe("joiners", () => {
  it("are answered by whoever let them in, and once more if they ask again", async () => {
    const [a, b] = await three();
    const bundle = await crew.keyPackage(4);
    const joiner = await noteAll([a, b], bundle);
    const [ofA, ofB] = [new Joiners(), new Joiners()];
    const sent: string[] = [];
    const reply = (by: string) => (welcome: Bytes) => void sent.push(`${by} ${welcome.length}`);
    expect(ofA.isIn(bundle.keyPackage, reply("a"))).toBe(false);
    ofA.asks(joiner, reply("a"));
    ofB.asks(joiner, reply("b"));
    const [began, [told]] = await commit(a, [b], await a.offer([joiner], [], AT));
    if (told === null || told === undefined) throw new Error("it removed nobody");
    ofA.epoch(began);
    ofB.epoch(told);
    const answer = `a ${began.welcome?.length}`;
    expect(sent).toEqual([answer]);
    // Both know that it is in: only who has the Welcome sends it.
    expect(ofB.isIn(bundle.keyPackage, reply("b"))).toBe(true);
    expect(ofA.isIn(bundle.keyPackage, reply("a"))).toBe(true);
    expect(sent).toEqual([answer, answer]);
    // Once it is out it may be let in anew.
    const [after] = await commit(a, [b], await a.offer([], [3], AT));
    ofA.epoch(after);
    expect(ofA.isIn(bundle.keyPackage, reply("a"))).toBe(false);
    expect(sent).toHaveLength(2);
  });

  it("that cannot be let in are not answered", async () => {
    const [a] = await three();
    const bundle = await crew.keyPackage(4);
    const joiner = await noteAll([a], bundle);
    const joiners = new Joiners();
    joiners.asks(joiner, () => {
      throw new Error("answered");
    });
    joiners.forget(joiner);
    await a.offer([joiner], [], AT);
    joiners.epoch(await a.won());
    expect(joiners.isIn(bundle.keyPackage, () => undefined)).toBe(true);
  });
});
