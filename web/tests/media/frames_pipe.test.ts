/** What becomes of a frame: sealed or dropped, opened or dropped, never passed on as it is. */

import { beforeEach, describe, expect, test } from "vitest";
import { type Bytes, copy, equal } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { FIRST_CTR, HEADER_LENGTH } from "../../core/frame_keys.ts";
import { OLD_EPOCH_S } from "../../core/frame_receiver.ts";
import { decodeHeader } from "../../core/sframe.ts";
import { CallFrames } from "../../media/frames_keys.ts";
import {
  type EncodedFrame,
  KEY_FRAME_REQUEST_INTERVAL_S,
  ReceivePipe,
  SendPipe,
} from "../../media/frames_pipe.ts";
import { padded, SIZES } from "../../media/picture_padding.ts";

const KEY: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
const OTHER_KEY: Bytes = KEY.toReversed();
const OPUS: Bytes = Uint8Array.from({ length: 80 }, (_, i) => i + 100);
/** VP8 by bit 0 of byte 0 (RFC 6386, 9.1). */
const KEY_FRAME: Bytes = Uint8Array.from({ length: 200 }, (_, i) => (2 * i) % 256);
const DELTA: Bytes = Uint8Array.from({ length: 60 }, (_, i) => (2 * i + 1) % 256);

let now = 0;
let ours: CallFrames;
let theirs: CallFrames;
let asked: string[];

beforeEach(() => {
  now = 100;
  asked = [];
  ours = new CallFrames(() => now);
  theirs = new CallFrames(() => now);
});

function keyed(epoch = 1n, key = KEY): void {
  ours.install(epoch, copy(key), [1]);
  theirs.install(epoch, copy(key), [0]);
  ours.sendIn(epoch, copy(key), 0);
  theirs.sendIn(epoch, copy(key), 1);
}

const frame = (data: Bytes): EncodedFrame => ({ data: copy(data).buffer });
const dataOf = (one: EncodedFrame) => new Uint8Array(one.data);
const sending = (kind: "audio" | "video") => new SendPipe(ours, kind, () => asked.push("encoder"));
const receiving = (kind: "audio" | "video") =>
  new ReceivePipe(theirs, kind, () => asked.push("sender"));

async function sealed(pipe: SendPipe, data: Bytes): Promise<EncodedFrame> {
  const one = frame(data);
  expect(await pipe.pass(one)).toBe(true);
  return one;
}

test.each([
  ["audio", OPUS, 0],
  ["video", KEY_FRAME, 10],
  ["video", DELTA, 1],
] as const)("%s goes through, sealed on its way", async (kind, plain, clear) => {
  keyed();
  const one = await sealed(sending(kind), plain);
  const wire = dataOf(one);
  expect(wire.length).toBe(plain.length + 24);
  expect(equal(wire.subarray(0, clear), plain.subarray(0, clear))).toBe(true);
  expect(equal(wire.subarray(clear + 8, clear + 28), plain.subarray(clear, clear + 20))).toBe(
    false,
  );
  const header = decodeHeader(wire.subarray(clear));
  expect(header).toEqual({ kid: (1n << 20n) | 1n, ctr: BigInt(FIRST_CTR), length: HEADER_LENGTH });
  expect(await receiving(kind).pass(one)).toBe(true);
  expect(dataOf(one)).toEqual(plain);
  expect(ours.counts.sealed[kind]).toBe(1);
  expect(theirs.counts.opened[kind]).toBe(1);
});

test("pictures of a confidential call are filled up to one size, sound is not touched", async () => {
  keyed();
  ours.steady = true;
  const pictures = sending("video");
  for (const plain of [KEY_FRAME, DELTA]) {
    const one = await sealed(pictures, plain);
    expect(one.data.byteLength).toBe(SIZES[0] + 24);
    expect(await receiving("video").pass(one)).toBe(true);
    expect(dataOf(one).subarray(0, plain.length)).toEqual(plain);
    expect(
      dataOf(one)
        .subarray(plain.length)
        .every((byte) => byte === 0),
    ).toBe(true);
  }
  expect([...ours.counts.pictureSizes]).toEqual([[SIZES[0] + 24, 2]]);
  expect(dataOf(await sealed(sending("audio"), OPUS)).length).toBe(OPUS.length + 24);
});

test("each encoder and transport has a context of its own, in each epoch", async () => {
  keyed();
  const pipes = [sending("audio"), sending("video"), sending("audio")];
  const kids = async () => {
    const wires = [];
    for (const pipe of pipes) wires.push(dataOf(await sealed(pipe, OPUS)).slice(-104));
    return wires.map((wire) => decodeHeader(wire).kid);
  };
  pipes[1] = sending("audio");
  expect((await kids()).map((kid) => kid >> 20n)).toEqual([1n, 2n, 3n]);
  expect((await kids()).map((kid) => kid >> 20n)).toEqual([1n, 2n, 3n]);
  keyed(2n);
  expect((await kids()).map((kid) => [kid >> 20n, kid & 255n])).toEqual([
    [1n, 2n],
    [2n, 2n],
    [3n, 2n],
  ]);
});

test("while the call is held nothing passes, either way, and nobody is blamed", async () => {
  keyed();
  for (const kind of ["audio", "video"] as const) {
    const [out, into] = [sending(kind), receiving(kind)];
    const before = await sealed(out, kind === "audio" ? OPUS : KEY_FRAME);
    const during = await sealed(out, kind === "audio" ? OPUS : DELTA);
    expect(await into.pass(before)).toBe(true);
    ours.held = theirs.held = true;
    const plain = frame(OPUS);
    expect(await out.pass(plain)).toBe(false);
    expect(dataOf(plain)).toEqual(OPUS); // not even sealed
    expect(await into.pass(during)).toBe(false);
    ours.held = theirs.held = false;
    const after = await sealed(out, kind === "audio" ? OPUS : DELTA);
    expect(await into.pass(after)).toBe(true);
    // Whoever missed a picture needs a whole one.
    expect(asked).toEqual(kind === "audio" ? [] : ["encoder", "sender"]);
    expect(ours.counts.refused[kind]).toBe(0);
    expect(theirs.counts.failed[kind]).toBe(0);
    expect([ours.counts.sealed[kind], theirs.counts.opened[kind]]).toEqual([3, 2]);
  }
  expect(theirs.counts.unopened.size).toBe(0);
});

test("what was being sealed or opened when it was held does not come out", async () => {
  keyed();
  const [out, into] = [sending("audio"), receiving("audio")];
  const one = await sealed(out, OPUS);
  const [leaves, comes] = [out.pass(frame(OPUS)), into.pass(one)];
  ours.held = theirs.held = true;
  expect([await leaves, await comes]).toEqual([false, false]);
});

describe("CK-650: what cannot be sealed is dropped", () => {
  test("CK-655: before the keys and after the end", async () => {
    const pipe = sending("audio");
    const early = frame(OPUS);
    expect(await pipe.pass(early)).toBe(false);
    keyed();
    expect(await pipe.pass(frame(OPUS))).toBe(true);
    ours.wipe();
    expect(await pipe.pass(frame(OPUS))).toBe(false);
    expect(ours.counts).toMatchObject({
      refused: { audio: 2, video: 0 },
      sealed: { audio: 1, video: 0 },
    });
  });

  test("too short for its codec, and empty", async () => {
    keyed();
    const pipe = sending("video");
    expect(await pipe.pass(frame(new Uint8Array()))).toBe(false);
    expect(await pipe.pass(frame(KEY_FRAME.slice(0, 9)))).toBe(false);
    expect(ours.counts.refused.video).toBe(2);
  });

  test("a frame that keeps its bytes", async () => {
    keyed();
    const stubborn: EncodedFrame = {
      get data() {
        return copy(OPUS).buffer;
      },
      set data(_: ArrayBuffer) {},
    };
    expect(await sending("audio").pass(stubborn)).toBe(false);
    const broken = {
      get data(): ArrayBuffer {
        throw new TypeError("detached");
      },
      set data(_: ArrayBuffer) {},
    };
    expect(await sending("audio").pass(broken)).toBe(false);
  });

  test("no context is left", async () => {
    keyed();
    for (let context = 1; context <= 15; context++) await sealed(sending("audio"), OPUS);
    const pipe = sending("audio");
    expect(await pipe.pass(frame(OPUS))).toBe(false);
    keyed(2n);
    expect(await pipe.pass(frame(OPUS))).toBe(true);
  });

  test("then a key frame is owed, and asked for every 0.3 s until it comes", async () => {
    const pipe = sending("video");
    expect(await pipe.pass(frame(KEY_FRAME))).toBe(false);
    keyed();
    for (const step of [0, 0.1, KEY_FRAME_REQUEST_INTERVAL_S]) {
      now += step;
      await sealed(pipe, DELTA);
    }
    expect(asked).toEqual(["encoder", "encoder"]);
    await sealed(pipe, KEY_FRAME);
    now += 1;
    await sealed(pipe, DELTA);
    expect(asked).toEqual(["encoder", "encoder"]);
  });
});

describe("CK-651: what does not open is dropped", () => {
  test("a wrong key, a flipped bit, plain bytes", async () => {
    keyed();
    const pipe = receiving("audio");
    const flipped = await sealed(sending("audio"), OPUS);
    dataOf(flipped)[50] = (dataOf(flipped)[50] ?? 0) ^ 1;
    expect(await pipe.pass(flipped)).toBe(false);
    expect(await pipe.pass(frame(OPUS))).toBe(false);
    expect(await pipe.pass(frame(new Uint8Array()))).toBe(false);
    ours.sendIn(2n, copy(OTHER_KEY), 0);
    theirs.install(2n, copy(KEY), [0]);
    expect(await pipe.pass(await sealed(sending("audio"), OPUS))).toBe(false);
    expect(theirs.counts).toMatchObject({ failed: { audio: 4 }, opened: { audio: 0 } });
  });

  test("a key frame is asked for at most every 0.3 s, and for sound never", async () => {
    const [video, audio] = [receiving("video"), receiving("audio")];
    for (let step = 0; step <= 10; step++) {
      expect(await video.pass(frame(DELTA))).toBe(false);
      expect(await audio.pass(frame(OPUS))).toBe(false);
      now += 1 / 16; // exact
    }
    expect(asked).toEqual(["sender", "sender", "sender"]);
  });

  test("CK-210: a picture that comes twice is shown once, and needs no key frame", async () => {
    keyed();
    const pipe = receiving("video");
    const one = await sealed(sending("video"), KEY_FRAME);
    const again = frame(dataOf(one));
    expect(await pipe.pass(one)).toBe(true);
    expect(await pipe.pass(again)).toBe(false);
    expect(asked).toEqual([]);
    expect(theirs.counts).toMatchObject({ failed: { video: 0 }, repeated: { video: 1 } });
  });

  test("our own frames played back to us", async () => {
    keyed();
    const one = await sealed(sending("audio"), OPUS);
    expect(await new ReceivePipe(ours, "audio", () => {}).pass(one)).toBe(false);
  });
});

describe("epochs", () => {
  test("no frame is lost at a change, whichever of its steps comes first", async () => {
    keyed();
    const [out, into] = [sending("audio"), receiving("audio")];
    const wires: EncodedFrame[] = [];
    const wanted = 30;
    for (let at = 0; at < wanted; at++) {
      const one = frame(OPUS);
      const passing = out.pass(one);
      // In the middle of sealing: the receivers hold the next epoch's keys, then we send in it.
      if (at % 3 === 0) {
        const epoch = BigInt(2 + at);
        theirs.install(epoch, copy(OTHER_KEY), [0]);
        ours.sendIn(epoch, copy(OTHER_KEY), 0);
      }
      expect(await passing).toBe(true);
      wires.push(one);
      now += 0.02;
    }
    for (const one of wires) expect(await into.pass(one)).toBe(true);
    expect(theirs.counts.failed.audio).toBe(0);
  });

  test("CK-212: an old epoch's keys die 2 s later by the clock alone", async () => {
    keyed();
    const old = await sealed(sending("audio"), OPUS);
    const later = await sealed(sending("audio"), OPUS);
    theirs.install(2n, copy(OTHER_KEY), [0]);
    now += OLD_EPOCH_S - 0.01;
    theirs.tick();
    expect(await receiving("audio").pass(old)).toBe(true);
    now += 0.02;
    theirs.tick();
    expect(await receiving("audio").pass(later)).toBe(false);
  });

  test("CK-672: an epoch is sent in once, and CK-214: installed once", () => {
    keyed(5n);
    for (const epoch of [4n, 5n]) {
      expect(() => ours.sendIn(epoch, copy(OTHER_KEY), 0)).toThrow(UsageError);
      expect(() => ours.install(epoch, copy(OTHER_KEY), [1])).toThrow(UsageError);
    }
    ours.wipe();
    expect(() => ours.sendIn(5n, copy(OTHER_KEY), 0)).toThrow("CK-672");
  });

  test("base keys are overwritten, also if they are refused", () => {
    for (const epoch of [1n, 1n]) {
      const [installed, sent] = [copy(KEY), copy(KEY)];
      try {
        ours.install(epoch, installed, [1]);
      } catch {}
      try {
        ours.sendIn(epoch, sent, 0);
      } catch {}
      expect([...installed, ...sent].every((byte) => byte === 0)).toBe(true);
    }
  });
});

test("CK-369: a picture that was closed passes in neither direction, and sound goes on", async () => {
  keyed();
  const out = sending("video");
  const one = await sealed(out, KEY_FRAME);
  ours.closeVideo();
  theirs.closeVideo();
  expect(await out.pass(frame(KEY_FRAME))).toBe(false);
  expect(await receiving("video").pass(one)).toBe(false);
  expect(theirs.counts.failed.video).toBe(0);
  expect(await receiving("audio").pass(await sealed(sending("audio"), OPUS))).toBe(true);
});

test("CK-369: closed while a frame is being sealed or opened", async () => {
  keyed();
  const one = await sealed(sending("video"), KEY_FRAME);
  const opening = receiving("video").pass(one);
  const sealing = sending("video").pass(frame(KEY_FRAME));
  ours.closeVideo();
  theirs.closeVideo();
  expect(await opening).toBe(false);
  expect(await sealing).toBe(false);
});

test("the sizes of sealed sound are counted; they grow with the encoder's, but never shrink", async () => {
  keyed();
  const pipe = sending("audio");
  for (const length of [80, 80, 81, 20]) await sealed(pipe, new Uint8Array(length));
  expect(ours.counts.audioSizes).toEqual(
    new Map([
      [104, 2],
      [184, 2],
    ]),
  );
});

test.each([1, 4_095, 4_096, 4_097, 65_536, 65_537, 200_000])("%i bytes grow to a size", (size) => {
  const filled = padded(new Uint8Array(size).fill(1));
  expect(filled.indexOf(0) === -1 ? filled.length : filled.indexOf(0)).toBe(size);
  expect(SIZES.some((each) => each === filled.length) || filled.length % SIZES[2] === 0).toBe(true);
  expect(padded(filled)).toEqual(filled);
});

describe("a call of several", () => {
  const at = (place: string) => new ReceivePipe(theirs, "video", () => asked.push("sender"), place);
  const from = (source: number, data: Bytes): EncodedFrame => ({
    ...frame(data),
    getMetadata: () => ({ synchronizationSource: source }),
  });
  const kidOf = (one: EncodedFrame, clear: number) => decodeHeader(dataOf(one).subarray(clear)).kid;

  test("CK-890: at a place one member alone is heard, and nobody before it was told of", async () => {
    keyed();
    theirs.install(2n, copy(OTHER_KEY), [0, 2]);
    const third = new CallFrames(() => now);
    third.sendIn(2n, copy(OTHER_KEY), 2);
    ours.sendIn(2n, copy(OTHER_KEY), 0);
    const [zero, two] = [sending("video"), new SendPipe(third, "video", () => {})];
    const pipe = at("1:0");

    expect(await pipe.pass(await sealed(zero, KEY_FRAME))).toBe(false);
    theirs.places.set("1:0", [0]);
    expect(await pipe.pass(await sealed(zero, DELTA))).toBe(true); // the control: it opens
    expect(theirs.counts.heard.get("1:0")).toEqual({ leaf: 0, audio: 0, video: 1 });
    const other = await sealed(two, KEY_FRAME);
    const before = copy(dataOf(other));
    expect(await pipe.pass(other)).toBe(false);
    expect(dataOf(other)).toEqual(before); // nothing of it came out
    theirs.places.set("1:0", [2]);
    expect(theirs.counts.heard.get("1:0")).toBeUndefined();
    expect(await pipe.pass(await sealed(two, DELTA))).toBe(true);
    expect(await pipe.pass(await sealed(zero, DELTA))).toBe(false);
    theirs.places.set("1:0", []);
    expect(await pipe.pass(await sealed(two, DELTA))).toBe(false);
    expect(theirs.counts.misplaced.video).toBe(4);
    expect(theirs.counts.failed.video).toBe(4);
    expect(theirs.counts.opened.video).toBe(2);
  });

  test("CK-890: of two who say that a place is theirs, it is whose frame opens there", async () => {
    keyed();
    theirs.install(2n, copy(OTHER_KEY), [0, 2]);
    const third = new CallFrames(() => now);
    third.sendIn(2n, copy(OTHER_KEY), 2);
    ours.sendIn(2n, copy(OTHER_KEY), 0);
    const [zero, two] = [sending("video"), new SendPipe(third, "video", () => {})];
    theirs.places.set("1:0", [2, 0]);
    expect(await at("1:0").pass(await sealed(zero, KEY_FRAME))).toBe(true);
    expect(await at("1:0").pass(await sealed(two, KEY_FRAME))).toBe(false);
    theirs.places.set("1:0", [0, 2, 5]); // one more who says so changes nothing
    expect(theirs.counts.heard.get("1:0")).toEqual({ leaf: 0, audio: 0, video: 1 });
    expect(await at("1:0").pass(await sealed(two, DELTA))).toBe(false);
    theirs.places.set("1:0", [2]);
    expect(await at("1:0").pass(await sealed(two, DELTA))).toBe(true); // the control: it opens
  });

  test("CK-861: a leaf that was removed opens in no epoch any more, the others go on", async () => {
    keyed();
    theirs.install(2n, copy(OTHER_KEY), [0, 2]);
    const third = new CallFrames(() => now);
    third.sendIn(2n, copy(OTHER_KEY), 2);
    const two = new SendPipe(third, "video", () => {});
    theirs.places.set("1:0", [0]);
    theirs.places.set("1:1", [2]);
    const old = sending("video");
    expect(await at("1:0").pass(await sealed(old, KEY_FRAME))).toBe(true); // the control
    expect(theirs.counts.byLeaf.get(0)).toEqual({ audio: 0, video: 1 });
    const [early, other] = [await sealed(old, DELTA), await sealed(two, KEY_FRAME)];
    ours.sendIn(2n, copy(OTHER_KEY), 0);
    const late = await sealed(sending("video"), KEY_FRAME);
    const opening = at("1:0").pass(await sealed(old, DELTA));
    theirs.removeLeaf(0); // while one is being opened
    expect(await opening).toBe(false);
    expect(await at("1:0").pass(early)).toBe(false);
    expect(await at("1:0").pass(late)).toBe(false);
    expect(theirs.counts.byLeaf.get(0)).toBeUndefined();
    expect(await at("1:1").pass(other)).toBe(true);
    // Whoever has the leaf next is heard, in the next epoch.
    theirs.install(3n, copy(KEY), [0]);
    ours.sendIn(3n, copy(KEY), 0);
    expect(await at("1:0").pass(await sealed(sending("video"), KEY_FRAME))).toBe(true);
  });

  test("every encoder of a sender has a context of its own", async () => {
    keyed();
    const pipe = sending("video");
    const kids: bigint[] = [];
    for (const source of [71, 72, 73, 71]) {
      const one = from(source, KEY_FRAME);
      expect(await pipe.pass(one)).toBe(true);
      kids.push(kidOf(one, 10));
      expect(await receiving("video").pass(one)).toBe(true);
    }
    expect(new Set(kids).size).toBe(3);
    expect(kids[3]).toBe(kids[0]);
  });

  test("CK-891: a sender has three encoders at most", async () => {
    keyed();
    const pipe = sending("video");
    for (const source of [71, 72, 73]) expect(await pipe.pass(from(source, DELTA))).toBe(true);
    expect(await pipe.pass(from(74, DELTA))).toBe(false);
    expect(await pipe.pass(from(72, DELTA))).toBe(true);
  });

  test("the encoder that dropped a picture owes a key frame, not the others", async () => {
    const pipe = sending("video");
    expect(await pipe.pass(from(71, KEY_FRAME))).toBe(false);
    keyed();
    expect(await pipe.pass(from(72, DELTA))).toBe(true);
    expect(asked).toEqual([]);
    expect(await pipe.pass(from(71, DELTA))).toBe(true);
    expect(asked).toEqual(["encoder"]);
    now += 1;
    expect(await pipe.pass(from(72, KEY_FRAME))).toBe(true);
    expect(await pipe.pass(from(71, DELTA))).toBe(true);
    expect(asked).toEqual(["encoder", "encoder"]);
    now += 1;
    expect(await pipe.pass(from(71, KEY_FRAME))).toBe(true);
    expect(await pipe.pass(from(71, DELTA))).toBe(true);
    expect(asked).toHaveLength(2);
  });
});
