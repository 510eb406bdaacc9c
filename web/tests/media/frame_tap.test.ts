/** What a recording takes of the frames that pass: whose, of what, when, and which of our encoders. */

import { beforeEach, expect, test } from "vitest";
import { type Bytes, copy } from "../../core/bytes.ts";
import { FrameClock, FrameTap, OFF_S, SILENT_S, type Track } from "../../media/frame_tap.ts";
import { CallFrames } from "../../media/frames_keys.ts";
import { type EncodedFrame, ReceivePipe, SendPipe } from "../../media/frames_pipe.ts";

const KEY: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
const OPUS: Bytes = Uint8Array.from({ length: 80 }, (_, i) => i + 100);
const DELTA = Uint8Array.from({ length: 60 }, (_, i) => (2 * i + 1) % 256);

/** A key frame of VP8 (RFC 6386, 9.1) of this size. */
function keyFrame(width: number, height: number): Bytes {
  const frame = new Uint8Array(60);
  frame.set([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a]);
  frame.set([width & 255, width >> 8, height & 255, height >> 8], 6);
  return frame;
}

let now: number;
let taken: [leaf: number | undefined, track: Track, at: number, size: number][];
let wants: boolean;
let tap: FrameTap;

beforeEach(() => {
  [now, taken, wants] = [100, [], false];
  tap = new FrameTap(
    (leaf, track, at, data) => {
      taken.push([leaf, track, at, data.length]);
      return wants;
    },
    () => now,
  );
});

test("a clock goes by the timestamps, also when they wrap, and begins anew when they are off", () => {
  const clock = new FrameClock(48_000);
  const before = 2 ** 32 - 480;
  expect(clock.at(before, 10)).toBe(10);
  expect(clock.at(480, 10.1)).toBeCloseTo(10.02, 6);
  expect(clock.at(before, 10.1)).toBeCloseTo(10, 6);
  expect(clock.at(960, 10.1)).toBeCloseTo(10.03, 6);
  expect(clock.at(960 + 48_000 * 3, 10.2)).toBe(10.2);
  expect(clock.at(960 + 48_000 * 3 + 480, 10.2 + OFF_S)).toBeCloseTo(10.21, 6);
  expect(clock.at(undefined, 11)).toBe(11);
});

test("of our encoders of sound one counts, until it is silent", () => {
  const [one, other] = [{}, {}];
  tap.sent(one, "audio", 0, OPUS);
  tap.sent(other, "audio", 0, OPUS);
  expect(taken).toHaveLength(1);
  now += SILENT_S + 0.1;
  tap.sent(other, "audio", 960, OPUS);
  tap.sent(one, "audio", 960, OPUS);
  expect(taken).toHaveLength(2);
});

test("of our encoders of pictures the largest counts, from a key frame on", () => {
  const [small, large] = [{}, {}];
  expect(tap.sent(small, "video", 0, DELTA)).toBe(true);
  expect(taken).toHaveLength(0);
  tap.sent(small, "video", 0, keyFrame(320, 180));
  tap.sent(small, "video", 3000, DELTA);
  expect(taken).toHaveLength(2);
  tap.sent(large, "video", 3000, DELTA);
  expect(taken).toHaveLength(2);
  tap.sent(large, "video", 6000, keyFrame(640, 360));
  tap.sent(small, "video", 6000, keyFrame(320, 180));
  expect(taken).toHaveLength(3);
  now += SILENT_S + 0.1;
  expect(tap.sent(small, "video", 9000, DELTA)).toBe(true);
  tap.sent(small, "video", 9000, keyFrame(320, 180));
  expect(taken).toHaveLength(4);
});

const frame = (data: Bytes): EncodedFrame => ({ data: copy(data).buffer, timestamp: 7 });

test("what is sealed is taken as it was made, what is opened as its sender's", async () => {
  const [ours, theirs] = [new CallFrames(() => now), new CallFrames(() => now)];
  ours.sendIn(1n, copy(KEY), 3);
  theirs.install(1n, copy(KEY), [3]);
  const asked: string[] = [];
  const pipe = (screen: boolean) =>
    new SendPipe(ours, "video", () => asked.push("encoder"), { screen });
  const pipes = { camera: pipe(false), screen: pipe(true) };
  const receiving = new ReceivePipe(theirs, "video", () => asked.push("sender"), "place");
  const picture = keyFrame(320, 180);
  theirs.places.set("place", [3]);
  const pass = async (isScreen: boolean) => {
    const one = frame(picture);
    expect(await pipes[isScreen ? "screen" : "camera"].pass(one)).toBe(true);
    expect(await receiving.pass(one)).toBe(true);
  };
  await pass(false);
  expect(taken).toEqual([]); // The control: nothing is recorded.
  [ours.tap, theirs.tap, wants] = [tap, tap, true];
  await pass(false);
  expect(taken.map(([leaf, track, , size]) => [leaf, track, size])).toEqual([
    [undefined, "video", picture.length],
    [3, "video", picture.length],
  ]);
  expect(asked).toEqual(["encoder", "sender"]);
  taken.length = 0;
  await pass(true);
  expect(taken.map(([leaf, track]) => [leaf, track])).toEqual([
    [undefined, "screen"],
    [3, "screen"],
  ]);
});

test("what is in another's place is not taken, nor what is held", async () => {
  const [ours, theirs] = [new CallFrames(() => now), new CallFrames(() => now)];
  ours.sendIn(1n, copy(KEY), 3);
  theirs.install(1n, copy(KEY), [3, 4]);
  theirs.tap = tap;
  theirs.places.set("place", [4]);
  const sending = new SendPipe(ours, "audio", () => {});
  const receiving = new ReceivePipe(theirs, "audio", () => {}, "place");
  const one = frame(OPUS);
  await sending.pass(one);
  expect(await receiving.pass(one)).toBe(false);
  theirs.places.set("place", [3]);
  theirs.held = true;
  const other = frame(OPUS);
  await sending.pass(other);
  expect(await receiving.pass(other)).toBe(false);
  expect(taken).toEqual([]);
});
