/** Who sends what does not open is known by the place at which it comes. */

import { beforeEach, expect, test } from "vitest";
import { type Bytes, copy } from "../../core/bytes.ts";
import { CallFrames } from "../../media/frames_keys.ts";
import { type EncodedFrame, ReceivePipe, SendPipe } from "../../media/frames_pipe.ts";
import { MANY } from "../../media/unopened.ts";

const KEY: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
const OTHER_KEY: Bytes = KEY.toReversed();
/** VP8: no key frame. */
const PICTURE: Bytes = Uint8Array.from({ length: 60 }, (_, i) => (2 * i + 1) % 256);

let ours: CallFrames;
/** Those of whoever has our leaf, and not the call's key. */
let other: CallFrames;
let theirs: CallFrames;
let pipe: ReceivePipe;

const nothing = () => {};
const named = () => [...theirs.counts.unopened];
const frame = (data: Bytes): EncodedFrame => ({ data: copy(data).buffer });

async function sealedBy(frames: CallFrames): Promise<EncodedFrame> {
  const one = frame(PICTURE);
  expect(await new SendPipe(frames, "video", nothing).pass(one)).toBe(true);
  return one;
}

beforeEach(() => {
  ours = new CallFrames(() => 100);
  other = new CallFrames(() => 100);
  theirs = new CallFrames(() => 100);
  ours.sendIn(1n, copy(KEY), 0);
  other.sendIn(1n, copy(OTHER_KEY), 0);
  theirs.install(1n, copy(KEY), [0]);
  theirs.places.set("1:0", [0]);
  pipe = new ReceivePipe(theirs, "video", nothing, "1:0");
});

/** So many frames that do not open. */
async function comes(frames: number, one?: EncodedFrame): Promise<void> {
  const sealed = new Uint8Array((one ?? (await sealedBy(other))).data);
  for (let n = 0; n < frames; n += 1) expect(await pipe.pass(frame(sealed))).toBe(false);
}

test.each([
  ["sealed with another key", false],
  ["in the clear", true],
] as const)("many in a row, %s", async (_, isClear) => {
  const one = isClear ? frame(PICTURE) : await sealedBy(other);
  await comes(MANY - 1, one);
  expect(named()).toEqual([]);
  await comes(1, one);
  expect(named()).toEqual([0]);
  theirs.install(2n, copy(KEY), [0]); // a change of keys alone says nothing of it
  expect(named()).toEqual([0]);
  ours.sendIn(2n, copy(KEY), 0);
  expect(await pipe.pass(await sealedBy(ours))).toBe(true);
  expect(named()).toEqual([]);
});

test("one that opens between, what comes again, a place of nobody: no", async () => {
  await comes(MANY - 1);
  const once = await sealedBy(ours);
  const again = frame(new Uint8Array(once.data));
  expect(await pipe.pass(once)).toBe(true);
  await comes(MANY - 1);
  // A relay that plays a member's own frames back does not speak for them.
  await comes(MANY, again);
  theirs.places.set("1:0", []);
  await comes(MANY);
  expect(named()).toEqual([]);
  theirs.places.set("1:0", [0]);
  await comes(1); // the control: it was the last that lacked
  expect(named()).toEqual([0]);
});

test("CK-890: what is in the place of another is not held against them", async () => {
  theirs.install(2n, copy(OTHER_KEY), [0, 2]);
  other.sendIn(2n, copy(OTHER_KEY), 2);
  const two = new SendPipe(other, "video", nothing);
  for (let n = 0; n < MANY; n += 1) {
    const one = frame(PICTURE);
    expect(await two.pass(one)).toBe(true);
    expect(await pipe.pass(one)).toBe(false);
  }
  expect(named()).toEqual([]);
  theirs.places.set("1:0", [2]);
  const one = frame(PICTURE);
  expect([await two.pass(one), await pipe.pass(one)]).toEqual([true, true]); // it is a member's
});

test("who is late, or early, or of no leaf, is slow and no liar", async () => {
  ours.sendIn(3n, copy(KEY), 0);
  other.sendIn(4n, copy(KEY), 5);
  theirs.install(4n, copy(KEY), [0]);
  await comes(MANY, await sealedBy(ours));
  await comes(MANY, await sealedBy(other));
  expect(named()).toEqual([]);
});

test("whoever has the leaf next is another", async () => {
  await comes(MANY);
  expect(named()).toEqual([0]);
  theirs.removeLeaf(0);
  expect(named()).toEqual([]);
  theirs.install(2n, copy(KEY), [0]);
  other.sendIn(2n, copy(OTHER_KEY), 0);
  await comes(MANY);
  expect(named()).toEqual([0]);
  theirs.install(3n, copy(KEY), [2]);
  expect(named()).toEqual([]);
});
