/**
 * CK-219: a screen takes the camera's place on a track, and no frame of the one is ever sealed as the
 * other's, whatever an encoder still has under way.
 */

import { beforeEach, expect, test } from "vitest";
import { type Bytes, copy } from "../../core/bytes.ts";
import type { PictureKind } from "../../core/frame_keys.ts";
import { FrameTap, type Track } from "../../media/frame_tap.ts";
import { CallFrames } from "../../media/frames_keys.ts";
import { type EncodedFrame, ReceivePipe, SendPipe } from "../../media/frames_pipe.ts";
import { PictureTrack } from "../../media/picture_track.ts";
import { TURN_S } from "../../media/pictures_sent.ts";

const KEY: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);

/** Which source a frame is of stands behind its clear bytes. */
const MARKS = { video: 100, screen: 200 } as const;
const TRACKS = { video: {}, screen: {} } as Readonly<Record<PictureKind, MediaStreamTrack>>;

let now: number;
let asked: number;
let ours: CallFrames;
let theirs: CallFrames;
/** What a recording at the receiver takes: of what, and whose mark it has. */
let taken: [track: Track, mark: number | undefined][];

beforeEach(() => {
  [now, asked, taken] = [100, 0, []];
  ours = new CallFrames(() => now);
  theirs = new CallFrames(() => now);
  ours.sendIn(1n, copy(KEY), 0);
  theirs.install(1n, copy(KEY), [0]);
  theirs.tap = new FrameTap(
    (_, track, __, data) => {
      taken.push([track, data.at(-1)]);
      return false;
    },
    () => now,
  );
});

function frame(of: PictureKind, isKey: boolean): EncodedFrame {
  const data = new Uint8Array(40).fill(MARKS[of]);
  data[0] = isKey ? 0x10 : 0x11; // RFC 6386, 9.1
  return { data: data.buffer };
}

function sending(way: string): SendPipe {
  return new SendPipe(ours, "video", () => asked++, { way });
}

/** Send a frame and receive it; whether it came through. */
async function through(out: SendPipe, into: ReceivePipe, one: EncodedFrame): Promise<boolean> {
  return (await out.pass(one)) && (await into.pass(one));
}

test("nothing is sent before it is said what it is, nor from then on before a key frame", async () => {
  const [out, into] = [sending("a"), new ReceivePipe(theirs, "video", () => {})];
  expect(await through(out, into, frame("video", true))).toBe(false);
  ours.pictures.begin("a", "video");
  expect(await through(out, into, frame("video", false))).toBe(false);
  expect(asked).toBe(1);
  expect(await through(out, into, frame("video", true))).toBe(true);
  expect(await through(out, into, frame("video", false))).toBe(true);
  expect(ours.counts.refused.video).toBe(0); // nobody is told that it went wrong
  ours.pictures.begin("b", "screen"); // another way
  expect(await through(out, into, frame("video", false))).toBe(true);
  expect(taken.map(([track]) => track)).toEqual(["video", "video", "video"]);
});

test("between a camera and a screen nothing is sent until what was under way has come", async () => {
  const [out, into] = [sending("a"), new ReceivePipe(theirs, "video", () => {})];
  ours.pictures.begin("a", "video");
  expect(await through(out, into, frame("video", true))).toBe(true);
  for (const [was, is] of [
    ["video", "screen"],
    ["screen", "video"],
  ] as const) {
    ours.pictures.turn("a");
    expect(await through(out, into, frame(was, true))).toBe(false);
    now += 60; // however long it takes to put the other track
    expect(await through(out, into, frame(was, true))).toBe(false);
    ours.pictures.begin("a", is);
    expect(await through(out, into, frame(was, true))).toBe(false);
    now += TURN_S - 0.001;
    expect(await through(out, into, frame(was, true))).toBe(false);
    now += 0.002;
    asked = 0;
    ours.pictures.askKeyFrame("a"); // what stands still is asked, too
    expect(asked).toBe(1);
    expect(await through(out, into, frame(is, false))).toBe(false);
    taken = [];
    expect(await through(out, into, frame(is, true))).toBe(true);
    expect(await through(out, into, frame(is, false))).toBe(true);
    expect(taken).toEqual([
      [is, MARKS[is]],
      [is, MARKS[is]],
    ]);
    now += 1;
    ours.pictures.askKeyFrame("a"); // nobody waits for one any more
    expect(asked).toBe(1);
  }
  expect(theirs.counts.failed.video).toBe(0);
});

/** A sender whose encoder gives frames of the source it had a while ago. */
class SlowEncoder {
  readonly #put: { at: number; of: PictureKind | undefined }[] = [];
  readonly track: PictureTrack;
  readonly #pipe: SendPipe;
  readonly #lateS: number;

  constructor(lateS: number) {
    this.#lateS = lateS;
    this.track = new PictureTrack(
      async (way, of) => {
        now += 0.01;
        if (of === undefined) ours.pictures.turn(way);
        else ours.pictures.begin(way, of);
      },
      async (put) => {
        const of = put && (put === TRACKS.screen ? "screen" : "video");
        this.#put.push({ at: now, of });
        now += 0.01;
      },
    );
    this.#pipe = sending(this.track.way);
  }

  /** Have frames pass for some seconds: all are key frames, which is the worst. */
  async run(into: ReceivePipe, seconds: number): Promise<void> {
    const end = now + seconds;
    while (now < end) {
      now += 0.03;
      const of = this.#put.findLast(({ at }) => at <= now - this.#lateS)?.of;
      if (of !== undefined) await through(this.#pipe, into, frame(of, true));
    }
  }
}

test("a screen comes and goes, again and again, and each frame is taken as what it is", async () => {
  const [encoder, into] = [new SlowEncoder(0.4), new ReceivePipe(theirs, "video", () => {})];
  const kinds = ["video", "screen", "video", "screen", "screen", "video"] as const;
  for (const [number, of] of kinds.entries()) {
    encoder.track.put(TRACKS[of], of);
    if (number === 2) encoder.track.put(undefined, "video"); // and at once nothing, then the camera
    if (number === 2) encoder.track.put(TRACKS.video, "video");
    await encoder.run(into, number === 3 ? 0.1 : 2);
  }
  const seen = new Set(taken.map(([track, mark]) => `${track} ${mark}`));
  expect(seen).toEqual(new Set(["video 100", "screen 200"]));
  // Each began anew: camera, screen, camera, and once more.
  const turns = taken.filter(([track], at) => track !== taken[at - 1]?.[0]);
  expect(turns.map(([track]) => track)).toEqual(["video", "screen", "video", "screen", "video"]);
});

test("the control: an encoder slower than that is not kept apart", async () => {
  const [encoder, into] = [
    new SlowEncoder(TURN_S + 0.3),
    new ReceivePipe(theirs, "video", () => {}),
  ];
  encoder.track.put(TRACKS.video, "video");
  await encoder.run(into, 2);
  encoder.track.put(TRACKS.screen, "screen");
  await encoder.run(into, 2);
  expect(taken).toContainEqual(["screen", MARKS.video]);
});

test("while one takes the other's place, the worker is asked first, and waited for", async () => {
  const order: string[] = [];
  let answer = () => {};
  const track = new PictureTrack(
    (_, of) => {
      order.push(`say ${of}`);
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    async (put) => {
      order.push(put === undefined ? "nothing" : put === TRACKS.screen ? "screen" : "camera");
    },
  );
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  track.put(TRACKS.video, "video");
  await settle();
  answer();
  await settle();
  track.put(TRACKS.screen, "screen");
  await settle();
  expect(order.splice(0)).toEqual(["camera", "say video", "say undefined"]);
  track.put(undefined, "video"); // what is to stop waits for nobody
  expect(order.splice(0)).toEqual(["nothing"]);
  answer();
  await settle();
  expect(order).toEqual([]); // nor is the screen put then
  track.put(TRACKS.screen, "screen");
  await settle();
  expect(order).toEqual(["screen", "say screen"]);
});

test("CK-894: a screen is not taken where a camera belongs, and nobody is accused", async () => {
  const camera = new SendPipe(ours, "video", () => {});
  const screen = new SendPipe(ours, "video", () => {}, { screen: true });
  const into = new ReceivePipe(theirs, "video", () => {}, "1:1");
  for (const [pictures, cameraPasses, screenPasses] of [
    ["video", true, false],
    ["screen", false, true],
    [undefined, true, true],
  ] as const) {
    theirs.places.set("1:1", [0], pictures);
    for (let count = 0; count < 120; count++) {
      expect(await through(camera, into, frame("video", true))).toBe(cameraPasses);
      expect(await through(screen, into, frame("screen", true))).toBe(screenPasses);
    }
    expect(theirs.counts.unopened.size).toBe(0);
  }
  expect(theirs.counts.misplaced.video).toBe(240);
  expect(theirs.counts.byLeaf.get(0)?.video).toBe(480);
});
