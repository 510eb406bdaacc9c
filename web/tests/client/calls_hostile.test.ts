/**
 * What a hostile server, sibling or caller tries in a call, and what it gets.
 *
 * Each has its control: the same story without the attack connects.
 */

import { describe, expect, it } from "vitest";
import { MAX_EARLY } from "../../client/call_secrets.ts";
import type { Call } from "../../client/calls.ts";
import { type Bytes, copy, utf8 } from "../../core/bytes.ts";
import type { CallInvite } from "../../core/content_inner.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { CallId, MessageId, Nonce32, random } from "../../core/ids.ts";
import {
  Group,
  generateSignatureKey,
  type KeyPackageBundle,
  type newKeyPackage,
  SUITE_ID,
} from "../../core/mls/index.ts";
import { commit } from "../../core/sas.ts";
import { type FakeSeam, rng } from "./call_seam.ts";
import { once, play, type World } from "./call_world.ts";
import { consenting, newConsent } from "./consents.ts";

type Changes = Partial<Parameters<typeof newKeyPackage>[0]>;

function keyPackage(seam: FakeSeam, changes: Changes = {}): Promise<KeyPackageBundle> {
  return consenting({
    identity: seam.keys.credential,
    signaturePrivate: seam.keys.signaturePrivate,
    notBefore: seam.now() - 9,
    notAfter: seam.now() + 9000,
    ...changes,
  });
}

/** Return a group that calls itself by a call's id, or by any other. */
async function forged(seam: FakeSeam, id: Uint8Array): Promise<Group> {
  const { keys } = seam;
  return await Group.create({
    leafExtensions: [(await newConsent()).extension()],
    groupId: copy(id),
    suiteId: SUITE_ID,
    identity: keys.credential,
    signaturePrivate: keys.signaturePrivate,
    rng,
    validator: keys.validator,
    lifetime: [seam.now() - 9, seam.now() + 9000],
  });
}

describe("a key package", () => {
  type Make = (w: World) => Promise<KeyPackageBundle>;
  const cases: readonly (readonly [string, Make, Code])[] = [
    ["of a sibling", (w) => keyPackage(w.device("ben2").seam), Code.BAD_CREDENTIAL],
    [
      "with a key that is on no list",
      (w) =>
        keyPackage(w.device("ben1").seam, {
          signaturePrivate: generateSignatureKey(SUITE_ID, rng),
        }),
      Code.BAD_CREDENTIAL,
    ],
    [
      "of another suite",
      (w) => keyPackage(w.device("ben1").seam, { suiteId: 1 }),
      Code.WRONG_SUITE,
    ],
    [
      "that is over",
      (w) => {
        const { seam } = w.device("ben1");
        return keyPackage(seam, { notBefore: seam.now() - 900, notAfter: seam.now() - 800 });
      },
      Code.EXPIRED,
    ],
    [
      "without a consent key (CK-937)",
      (w) => keyPackage(w.device("ben1").seam, { leafExtensions: [] }),
      Code.BAD_CREDENTIAL,
    ],
  ];

  async function callWith(w: World, make: Make): Promise<readonly [Call, Call]> {
    const [anna, ben] = [w.device("anna1"), w.device("ben1")];
    ben.seam.newKeyPackage = () => make(w);
    const call = await anna.call();
    const theirs = await ben.accept(await ben.rings());
    try {
      await call.connected();
      await call.hangUp();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
    await theirs.ended();
    return [call, theirs];
  }

  it.each(cases)("%s is refused: no Welcome, no frame, and the person is told (CK-362)", (...row) =>
    play(
      async (w) => {
        const [, make, code] = row;
        const [call, theirs] = await callWith(w, make);
        expect(call.endCode).toBe(code);
        expect(w.device("anna1").toContact).not.toContain("welcome.call");
        expect(w.relay.made.map(({ sent }) => sent)).toEqual([0, 0]);
        expect(w.relay.gathered).toBe(0);
        expect(theirs.endCode).toBe(Code.UNAVAILABLE);
      },
      { bens: 2 },
    )(),
  );

  it(
    "of its own is taken: the control",
    play(
      async (w) => {
        const [call] = await callWith(w, () => keyPackage(w.device("ben1").seam));
        expect(call.endCode).toBeUndefined();
        expect(w.relay.made.some(({ sent }) => sent > 0)).toBe(true);
      },
      { bens: 2 },
    ),
  );
});

describe("a Welcome", () => {
  it(
    "that comes too late starts nothing (P9)",
    play(
      async (w) => {
        w.network.lateS = 6;
        const [anna, ben] = [w.device("anna1"), w.device("ben1")];
        const call = await anna.call();
        const theirs = await ben.accept(await ben.rings());
        expect(await theirs.ended()).toBe("no_welcome");
        expect(await call.ended()).toBe("withdrawn");
        await w.clock.wait(10);
        expect(ben.dropped(Code.UNEXPECTED)).toBe(1);
        expect(w.relay.made.map(({ sent }) => sent)).toEqual([0, 0]);
      },
      { rule: once("welcome.call", "late") },
    ),
  );

  it(
    "makes nobody answer (CK-354)",
    play(async (w) => {
      const ben = w.device("ben1");
      const call = await w.device("anna1").call();
      await ben.rings();
      const message = new Uint8Array(64);
      await w
        .device("anna1")
        .seam.sendOuter(ben.seam.address, { kind: "welcome.call", message }, { durable: false });
      await w.clock.wait(0.1);
      expect(ben.dropped(Code.UNEXPECTED)).toBe(1);
      expect(ben.toContact).toEqual([]);
      await call.hangUp();
    }),
  );

  it(
    "and messages that are rubbish end no call and fill no memory (CK-363, CK-365, CK-366)",
    play(
      async (w) => {
        const [anna, ben] = [w.device("anna1"), w.device("ben1")];
        const live = { durable: false };
        const put = (kind: "mls" | "welcome.call", message: Bytes) =>
          anna.seam.sendOuter(ben.seam.address, { kind, message }, live);
        const call = await anna.call();
        const theirs = await ben.accept(await ben.rings());
        await w.clock.wait(0.2);
        const shell = w.shell("ben1");
        const group = await forged(anna.seam, shell.call);
        for (let i = 0; i < MAX_EARLY + 10; i++) {
          await put("mls", await group.encrypt(utf8("rubbish"), { rng }));
        }
        await w.clock.wait(0.2);
        expect(shell.secrets.waiting).toBe(MAX_EARLY);
        // A well-formed Welcome for Ben's key package, to a group that is not this call's.
        const { bundle } = shell.secrets;
        if (bundle === undefined) throw new Error("Ben has accepted");
        const other = await forged(anna.seam, utf8("another-group-id"));
        const { welcome } = await other.commit({
          add: [bundle.keyPackage],
          rng,
          now: anna.seam.now(),
        });
        if (welcome === null) throw new Error("an Add makes a Welcome");
        await put("welcome.call", welcome);
        await w.clock.wait(0.1);
        expect(shell.refusal).toBe(Code.WRONG_GROUP);
        await put("welcome.call", new Uint8Array(64));
        await w.clock.wait(0.1);
        expect(shell.secrets.epoch).toBeUndefined();
        await Promise.all([call.connected(), theirs.connected()]);
        expect(await call.sas()).toBe(await theirs.sas());
        await call.hangUp();
      },
      { rule: once("welcome.call", "late") },
    ),
  );
});

describe("an invite", () => {
  function invite(seam: FakeSeam, ageS: number): CallInvite {
    return {
      kind: "call.invite",
      again: null,
      id: random(MessageId, rng),
      at: seam.now() - ageS,
      call: random(CallId, rng),
      media: "voice",
      offer: "offer 0 0 false",
      commit: commit(random(Nonce32, rng)),
      expiresS: 45,
      confidential: false,
    };
  }

  it(
    "that was stored rings nobody (CK-368)",
    play(async (w) => {
      const [{ seam }, ben] = [w.device("anna1"), w.device("ben1")];
      await seam.sendInner(seam.contact, invite(seam, 0), { durable: true });
      await w.clock.wait(1);
      expect(ben.rung).toEqual([]);
      expect(ben.dropped(Code.REFUSED)).toBe(1);
      await seam.sendInner(seam.contact, invite(seam, 0), { durable: false });
      await (await ben.rings()).ended(); // The control: the same, live.
    }),
  );

  it(
    "that was held back rings nobody (CK-368)",
    play(async (w) => {
      const [{ seam }, ben] = [w.device("anna1"), w.device("ben1")];
      for (const ageS of [90_000, -90_000]) {
        await seam.sendInner(seam.contact, invite(seam, ageS), { durable: false });
        await w.clock.wait(1);
      }
      expect(ben.rung).toEqual([]);
      expect(ben.dropped(Code.REFUSED)).toBe(2);
      // The control: a clock that is hours off keeps nobody from calling.
      for (const [i, ageS] of [80_000, -80_000].entries()) {
        await seam.sendInner(seam.contact, invite(seam, ageS), { durable: false });
        await (await ben.rings(i + 1)).ended();
      }
    }),
  );

  it(
    "with hostile SDP: nothing is gathered, and the caller learns nothing",
    play(async (w) => {
      const ben = w.device("ben1");
      const call = await w.device("anna1").call();
      const ringing = await ben.rings();
      const { secrets } = w.shell("ben1");
      if (secrets.invite === undefined) throw new Error("it rings");
      secrets.invite = { ...secrets.invite, offer: "v=0 and so on" };
      const theirs = await ben.accept(ringing);
      expect(await theirs.ended()).toBe("failed");
      expect(theirs.endCode).toBe(Code.MALFORMED);
      expect(w.relay.gathered).toBe(0);
      expect(await call.ended()).toBe("no_answer");
    }),
  );
});

describe("in a call", () => {
  it(
    "a caller that changes its nonce gets no call (CK-359)",
    play(async (w) => {
      const call = await w.device("anna1").call();
      const ringing = await w.device("ben1").rings();
      w.shell("anna1").secrets.nonce = new Nonce32(utf8("chosen after seeing Ben's nonce!"));
      const theirs = await w.device("ben1").accept(ringing);
      await theirs.ended();
      expect(theirs.endCode).toBe(Code.BAD_COMMITMENT);
      expect(theirs.security().words).toBeUndefined();
      await expect(theirs.connected()).rejects.toThrow();
      await call.ended();
    }),
  );

  it(
    "hostile candidates change nothing",
    play(async (w) => {
      const call = await w.device("anna1").call();
      const theirs = await w.device("ben1").accept(await w.device("ben1").rings());
      await Promise.all([call.connected(), theirs.connected()]);
      const candidates = ["gopher://10.0.0.1"];
      await w.shell("anna1").tell({ kind: "call.candidates", mid: "", candidates });
      await w.clock.wait(1);
      expect(w.shell("ben1").refusal).toBe(Code.MALFORMED);
      expect(theirs.state).toBe("in_call");
      await call.hangUp();
    }),
  );

  it(
    "a voice answer to a video call is a voice call on both sides (CK-369)",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call("video");
      const theirs = await ben.accept(await ben.rings(), "voice");
      await Promise.all([call.connected(), theirs.connected()]);
      expect([call.media, theirs.media]).toEqual(["voice", "voice"]);
      expect(w.relay.made.map(({ video }) => video)).toEqual([false, false]);
      expect(anna.ends.map(({ videoClosed }) => videoClosed)).toEqual([1, 0]);
      await call.hangUp();
    }),
  );

  it(
    "a voice accept with a picture in its answer ends the call (CK-369)",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call("video");
      const ringing = await ben.rings();
      w.relay.nextAnswersVideo = true;
      const theirs = await ben.accept(ringing, "voice");
      await expect(call.connected()).rejects.toMatchObject({ code: Code.MALFORMED });
      await theirs.ended();
      expect(w.relay.made.map(({ sent }) => sent)).toEqual([0, 0]);
      expect(w.relay.gathered).toBeLessThan(2);
    }),
  );
});
