/** Frame keys (protocol P10): who can open which frame, and until when. CK-204 to CK-219. */

import { describe, expect, test } from "vitest";
import { type Bytes, fromHex, hex, utf8 } from "../core/bytes.ts";
import { PeerError, UsageError } from "../core/errors.ts";
import {
  clearBytes,
  FIRST_CTR,
  type FrameKind,
  FrameSender,
  LAST_CTR,
  SendingEpoch,
} from "../core/frame_keys.ts";
import { FrameReceiver, OLD_EPOCH_S, type Opened, REPLAY_WINDOW } from "../core/frame_receiver.ts";
import {
  decodeHeader,
  encodeHeader,
  mlsKid,
  PRODUCT_SUITE,
  SframeKey,
  SUITES,
} from "../core/sframe.ts";
import { flipped, loadCore, outcome, rows } from "./core_vectors.ts";
import { MismatchError } from "./vector_element.ts";

const VECTORS = loadCore("frames");
const KEY: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
const OTHER_KEY: Bytes = KEY.toReversed();
const [ALICE, BOB] = [0, 1];
const OPUS = utf8("opus");
const BITS = { epochBits: 8, leafBits: 12 };

describe("as in Python", () => {
  test("the same frames for the same base keys", async () => {
    for (const e of VECTORS.children("senders")) {
      const [baseKey, epoch] = [e.data("base_key"), BigInt(e.text("epoch"))];
      const [leaf, context] = [e.number("leaf"), e.number("context")];
      const sender = await FrameSender.create(PRODUCT_SUITE, baseKey, epoch, leaf, context);
      const receiver = new FrameReceiver();
      receiver.install(epoch, baseKey, [leaf]);
      const frames = rows<readonly [FrameKind, string, string]>(e, "frames");
      for (const [number, [kind, frame, wire]] of frames.entries()) {
        if (number === 6) sender.insecureForTestsSkipTo(LAST_CTR - 1);
        expect(hex(await sender.encrypt(fromHex(frame), kind))).toBe(wire);
        const opened = await receiver.decrypt(fromHex(wire), kind, 0);
        expect(opened).toEqual({ leaf, frame: fromHex(frame) });
      }
      expect(await outcome(() => sender.encrypt(OPUS, "audio"))).toBe(e.text("used_up"));
    }
  });

  test("CK-204, CK-207: arguments", async () => {
    type Row = readonly [suite: number, size: number, string, number, number, outcome: string];
    for (const [suite, size, epoch, leaf, context, expected] of rows<Row>(VECTORS, "arguments")) {
      const key = new Uint8Array(size);
      const create = () => FrameSender.create(suite, key, BigInt(epoch), leaf, context);
      expect(await outcome(create)).toBe(expected);
      if (suite === PRODUCT_SUITE || !SUITES.has(suite)) continue;
      expect(await outcome(() => new FrameReceiver(suite))).toBe(expected);
      expect(await outcome(() => new SendingEpoch(suite, key, 1n, 0))).toBe(expected);
    }
  });

  test("CK-215: clear bytes", async () => {
    type Row = readonly [kind: FrameKind, frame: string, count: number | string];
    for (const [kind, frame, count] of rows<Row>(VECTORS, "clear")) {
      const clear = () => clearBytes(kind, fromHex(frame));
      if (typeof count === "number") expect(clear()).toBe(count);
      else expect(await outcome(clear)).toBe(count);
    }
  });

  type Step =
    | readonly ["install", epoch: string, key: string, leaves: number[], outcome: string]
    | readonly ["remove", leaf: number, outcome: string]
    | readonly ["tick", nowS: number, outcome: string]
    | readonly ["decrypt", FrameKind, wire: string, nowS: number, outcome: string, number?, string?]
    | readonly [
        "picture",
        wire: string,
        nowS: number,
        outcome: string,
        number?,
        FrameKind?,
        string?,
      ];

  async function take(receiver: FrameReceiver, step: Step): Promise<void> {
    switch (step[0]) {
      case "install": {
        const [, epoch, key, leaves, expected] = step;
        const install = () => receiver.install(BigInt(epoch), fromHex(key), leaves);
        return expect(await outcome(install)).toBe(expected);
      }
      case "remove":
        return receiver.removeLeaf(step[1]);
      case "tick":
        return receiver.tick(step[1]);
      case "decrypt": {
        const [, kind, wire, nowS, expected, leaf, frame] = step;
        const opened: Opened[] = [];
        const decrypt = async () => opened.push(await receiver.decrypt(fromHex(wire), kind, nowS));
        expect(await outcome(decrypt)).toBe(expected);
        const wanted = expected === "ok" ? [{ leaf, frame }] : [];
        return expect(opened.map((o) => ({ leaf: o.leaf, frame: hex(o.frame) }))).toEqual(wanted);
      }
      case "picture": {
        const [, wire, nowS, expected, ...found] = step;
        const opened: unknown[] = [];
        const decrypt = async () => {
          const { leaf, kind, frame } = await receiver.decryptPicture(fromHex(wire), nowS);
          opened.push(leaf, kind, hex(frame));
        };
        expect(await outcome(decrypt)).toBe(expected);
        return expect(opened).toEqual(found);
      }
    }
  }

  test("histories", async () => {
    let steps = 0;
    for (const e of VECTORS.children("histories")) {
      const receiver = new FrameReceiver();
      for (const step of rows<Step>(e, "steps")) {
        await take(receiver, step);
        steps++;
      }
      expect(receiver.epochs.map(String)).toEqual(e.values("epochs"));
      expect(receiver.kids).toBe(e.number("kids"));
    }
    expect(steps).toBeGreaterThan(1000);
  });

  test("every element was read", () => VECTORS.finish());
});

function sender(epoch = 1n, leaf = ALICE, key = KEY, context = 1): Promise<FrameSender> {
  return FrameSender.create(PRODUCT_SUITE, key, epoch, leaf, context);
}

function receiver(leaves: Iterable<number> = [ALICE], epoch = 1n): FrameReceiver {
  const made = new FrameReceiver();
  made.install(epoch, KEY, leaves);
  return made;
}

async function refused(
  target: FrameReceiver,
  frame: Bytes,
  check: string,
  kind: FrameKind = "audio",
  nowS = 0,
): Promise<void> {
  expect(await outcome(() => target.decrypt(frame, kind, nowS))).toBe(`decryption ${check}`);
}

test("CK-219: a picture tells what it is of, and what is neither changes nothing", async () => {
  const [made, target] = [await sender(), receiver()];
  const frames = [0x10, 0x11].map((first) => new Uint8Array(40).fill(first));
  for (const kind of ["video", "screen", "screen", "video"] as const) {
    for (const frame of frames) {
      const wire = await made.encrypt(frame, kind);
      await refused(target, wire, "CK-203", kind === "video" ? "screen" : "video");
      const neither = flipped(wire, wire.length - 1);
      await expect(target.decryptPicture(neither, 0)).rejects.toThrow(PeerError);
      expect(await target.decryptPicture(wire, 0)).toEqual({ leaf: ALICE, kind, frame });
      await refused(target, wire, "CK-210", kind);
    }
  }
  for (const kind of ["text", "audio"] as const) {
    const wire = await made.encrypt(OPUS, kind);
    await expect(target.decryptPicture(wire, 0)).rejects.toThrow(PeerError);
  }
});

describe("while WebCrypto works", () => {
  test("CK-210: the same frame twice at once opens once", async () => {
    const wire = await (await sender()).encrypt(OPUS, "audio");
    for (const target of [receiver(), receiver()]) {
      const tries = Array.from({ length: 5 }, () =>
        outcome(() => target.decrypt(wire, "audio", 0)),
      );
      const outcomes = await Promise.all(tries);
      expect(outcomes.filter((found) => found === "ok").length).toBe(1);
      expect(new Set(outcomes)).toEqual(new Set(["ok", "decryption CK-210"]));
      expect(target.kids).toBe(1);
    }
  });

  test("frames that arrive at once share one window", async () => {
    const made = await sender();
    const wires = await Promise.all(Array.from({ length: 8 }, () => made.encrypt(OPUS, "audio")));
    const counters = wires.map((wire) => Number(decodeHeader(wire).ctr));
    expect(counters).toEqual(wires.map((_, i) => FIRST_CTR + i));
    const target = receiver();
    await Promise.all(wires.map((wire) => target.decrypt(wire, "audio", 0)));
    for (const wire of wires) await refused(target, wire, "CK-210");
  });

  test("CK-208, CK-209: what ended meanwhile stays shut", async () => {
    const wire = await (await sender()).encrypt(OPUS, "audio");
    const ends: readonly (readonly [string, (target: FrameReceiver) => void])[] = [
      ["CK-209", (target) => target.removeLeaf(ALICE)],
      ["CK-208", (target) => target.wipe()],
      ["CK-208", (target) => target.install(257n, OTHER_KEY, [ALICE])],
    ];
    for (const [check, end] of ends) {
      const target = receiver();
      const opening = outcome(() => target.decrypt(wire, "audio", 0));
      end(target);
      expect(await opening).toBe(`decryption ${check}`);
      expect(target.kids).toBe(0);
    }
  });

  test("CK-216, CK-217: contexts are given in the order of calls; a wiped epoch gives none", async () => {
    const epoch = new SendingEpoch(PRODUCT_SUITE, KEY, 1n, ALICE);
    const senders = await Promise.all(Array.from({ length: 15 }, () => epoch.newSender()));
    const wires = await Promise.all(senders.map((made) => made.encrypt(OPUS, "audio")));
    const contexts = wires.map((wire) => Number(decodeHeader(wire).kid >> 20n));
    expect(contexts).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(await outcome(() => epoch.newSender())).toBe("usage CK-207");
    const other = new SendingEpoch(PRODUCT_SUITE, KEY, 1n, ALICE);
    const making = outcome(() => other.newSender());
    other.wipe();
    expect(await making).toBe("usage CK-216");
    expect(await outcome(() => other.newSender())).toBe("usage CK-216");
    epoch.wipe();
    for (const made of senders) {
      expect(await outcome(() => made.encrypt(OPUS, "audio"))).toBe("usage CK-216");
    }
  });
});

describe("receiving", () => {
  test("every changed byte is refused and changes nothing", async () => {
    const frame = Uint8Array.from({ length: 60 }, (_, i) => i * 4);
    for (const kind of ["audio", "video"] as const) {
      const wire = await (await sender()).encrypt(frame, kind);
      const target = receiver();
      for (let at = 0; at < wire.length; at++) {
        await expect(target.decrypt(flipped(wire, at), kind, 0)).rejects.toThrow(PeerError);
        await expect(target.decrypt(wire.slice(0, at), kind, 0)).rejects.toThrow(PeerError);
      }
      expect(target.kids).toBe(0);
      expect(await target.decrypt(wire, kind, 0)).toEqual({ leaf: ALICE, frame });
    }
  });

  test("CK-211: forged frames move no window and cost no memory", async () => {
    const target = receiver(Array.from({ length: 4096 }, (_, i) => i));
    const body = new Uint8Array(40);
    for (let leaf = 0; leaf < 4096; leaf += 128) {
      const forged = encodeHeader(mlsKid(1n, leaf, 15, BITS), BigInt(LAST_CTR));
      await refused(target, Uint8Array.of(...forged, ...body), "CK-203");
    }
    expect(target.kids).toBe(0);
    const made = await sender();
    await target.decrypt(await made.encrypt(OPUS, "audio"), "audio", 0);
    const heard = encodeHeader(mlsKid(1n, ALICE, 1, BITS), BigInt(LAST_CTR));
    await refused(target, Uint8Array.of(...heard, ...body), "CK-203");
    await target.decrypt(await made.encrypt(OPUS, "audio"), "audio", 0);
  });

  test("CK-207: context 0 is refused even from a member", async () => {
    const key = await SframeKey.derive(PRODUCT_SUITE, mlsKid(1n, 4000, 0, BITS), KEY);
    const wire = await key.encrypt(BigInt(FIRST_CTR), new Uint8Array(), OPUS);
    expect(decodeHeader(wire).length).toBe(8);
    await refused(receiver([4000]), wire, "CK-207");
  });

  test("CK-210: each frame opens exactly once, in any order", async () => {
    const made = await sender();
    const target = receiver();
    const wires: Bytes[] = [];
    for (let i = 0; i < REPLAY_WINDOW; i += 7)
      wires.push(await made.encrypt(utf8(`${i}`), "audio"));
    for (const wire of wires.toReversed()) await target.decrypt(wire, "audio", 0);
    for (const wire of wires) await refused(target, wire, "CK-210");
  });

  test("CK-212: an old epoch lives two seconds from the first tick or frame on", async () => {
    const [old, fresh] = [await sender(), await sender(2n, ALICE, OTHER_KEY)];
    const target = receiver();
    const frame = () => old.encrypt(OPUS, "audio");
    await target.decrypt(await frame(), "audio", 200);
    target.install(2n, OTHER_KEY, [ALICE]);
    target.tick(300);
    await target.decrypt(await frame(), "audio", 300 + OLD_EPOCH_S - 0.001);
    await refused(target, await frame(), "CK-208", "audio", 300 + OLD_EPOCH_S);
    expect(target.epochs).toEqual([2n]);
    await target.decrypt(await fresh.encrypt(OPUS, "audio"), "audio", 10_000);
  });

  test("CK-209: a removed leaf is gone at once, and may come back in a later epoch", async () => {
    const target = receiver([ALICE, BOB]);
    target.install(2n, OTHER_KEY, [ALICE, BOB]);
    const bobs = [await sender(1n, BOB), await sender(2n, BOB, OTHER_KEY)];
    for (const bob of bobs) await target.decrypt(await bob.encrypt(OPUS, "audio"), "audio", 0);
    expect(target.kids).toBe(2);
    target.removeLeaf(BOB);
    expect(target.kids).toBe(0);
    for (const bob of bobs) await refused(target, await bob.encrypt(OPUS, "audio"), "CK-209");
    target.install(3n, KEY, [ALICE, BOB]);
    const again = await (await sender(3n, BOB)).encrypt(OPUS, "audio");
    expect((await target.decrypt(again, "audio", 0)).leaf).toBe(BOB);
  });

  test("CK-214, and leaves that do not fit", () => {
    const target = receiver([ALICE], 7n);
    for (const epoch of [7n, 6n, -1n]) {
      expect(() => target.install(epoch, KEY, [ALICE])).toThrow(UsageError);
    }
    for (const leaf of [4096, -1, 0.5]) {
      expect(() => target.install(8n, KEY, [leaf])).toThrow(UsageError);
    }
    expect(() => target.install(8n, KEY.slice(1), [])).toThrow(UsageError);
    target.install(8n, KEY, []);
  });

  test("keys and leaves are copies of the caller's", async () => {
    const [key, leaves] = [KEY.slice(), new Set([ALICE])];
    const target = new FrameReceiver();
    target.install(1n, key, leaves);
    const sending = new SendingEpoch(PRODUCT_SUITE, key, 1n, ALICE);
    key.fill(0);
    leaves.add(BOB);
    const wire = await (await sending.newSender()).encrypt(OPUS, "audio");
    await target.decrypt(wire, "audio", 0);
    await refused(target, await (await sender(1n, BOB)).encrypt(OPUS, "audio"), "CK-209");
    expect(wire.length).toBe(OPUS.length + 24);
    if (target.kids !== 1) throw new MismatchError("one KID was heard");
  });
});
