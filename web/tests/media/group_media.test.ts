/** Which way a group call's media goes, and what is shown meanwhile. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hex } from "../../core/bytes.ts";
import type { FromRoom, ToRoom } from "../../core/content_room.ts";
import type { WorkerKeys } from "../../media/call_frames.ts";
import { CHANGE_S } from "../../media/group_change.ts";
import type { MemberTrack } from "../../media/group_interfaces.ts";
import { FakeDown, FakePair, FakeUp, feedOf, track } from "./group_fakes.ts";

vi.mock("../../media/frame_worker.ts", () => ({ startFrameWorker: () => ({}) }));
const { BrowserGroupMedia } = await import("../../media/group_media.ts");

/** The worker's keys: what was heard is what the test says. */
class FakeKeys {
  onKeyFrameWanted = () => {};
  onDeath = () => {};
  said: string[] = [];
  heard = new Map<string, { leaf: number; audio: number; video: number }>();
  byLeaf = new Map<number, { audio: number; video: number }>();
  unopened = new Set<number>();
  /** What the worker is asked waits for this, once it was answered there. */
  slow: Promise<void> | undefined;
  async counts() {
    const none = { audio: 0, video: 0 };
    const failed = { audio: 1, video: 2 };
    const unopened = new Set(this.unopened);
    await this.slow;
    return { heard: this.heard, byLeaf: this.byLeaf, unopened, failed, opened: none };
  }
  async install() {}
  async sendIn() {}
  async removeLeaf(leaf: number) {
    this.said.push(`remove ${leaf}`);
  }
  async closeVideo() {
    this.said.push("close video");
  }
  async wipe() {}
  async dispose() {
    this.said.push("dispose");
  }
}

let keys: FakeKeys;
let pairs: Map<number, FakePair>;
let ups: FakeUp[];
let downs: FakeDown[];
let sent: ToRoom[];
let shown: readonly MemberTrack[];
let announced: string[];
let failures: number;
let media: InstanceType<typeof BrowserGroupMedia>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  make(true);
});
afterEach(async () => {
  await media.close();
  vi.useRealTimers();
});

function make(video: boolean): void {
  keys = new FakeKeys();
  pairs = new Map();
  [ups, downs, sent, shown, announced] = [[], [], [], [], []];
  failures = 0;
  const tracks = { audio: track("m", "audio"), camera: track("c"), screen: track("s") };
  media = new BrowserGroupMedia(
    {
      local: {
        tracks,
        start: async () => {},
        onTracks: () => () => {},
        closeVideo() {},
        close() {},
      },
      remote: {
        onTracks: (now) => {
          shown = now;
        },
        close() {},
      },
      video,
      turn: async () => [],
      send: (message) => sent.push(message),
      announce: (feed) => announced.push(feed === null ? "none" : hex(feed)),
      tell: () => true,
      failed: () => {
        failures += 1;
      },
    },
    {
      keys: keys as unknown as WorkerKeys,
      pair: (leaf, _local, onTracks) => {
        const pair = new FakePair(leaf, onTracks);
        pairs.set(leaf, pair);
        return pair;
      },
      up: () => {
        const up = new FakeUp();
        ups.push(up);
        return up;
      },
      down: (onShown) => {
        const down = new FakeDown(onShown);
        downs.push(down);
        return down;
      },
    },
  );
  media.start();
}

const settle = (seconds = 1) => vi.advanceTimersByTimeAsync(seconds * 1000);
const entered = (hasSfu: boolean): FromRoom => {
  return { kind: "room.entered", member: 0, members: [], n: 1, hasSfu, most: 200 };
};
const heardAt = () => shown.filter(({ role }) => role === "audio").map(({ leaf }) => leaf);
const connected = () => [...pairs].filter(([, { closed }]) => !closed).map(([leaf]) => leaf);

/** Everybody published, and the room offers all of it. */
async function offered(...leaves: number[]): Promise<void> {
  for (const leaf of leaves) media.announced(leaf, feedOf(leaf));
  media.roomSays({ kind: "room.published", sdp: "answer", feed: feedOf(99) });
  const feeds = leaves.map((leaf) => ({ feed: feedOf(leaf), member: leaf }));
  media.roomSays({ kind: "room.feeds", feeds });
  await settle(0.5);
  const streams = leaves.map((leaf) => ({ mid: `${leaf}`, feed: feedOf(leaf), source: "0" }));
  media.roomSays({ kind: "room.offer", sdp: "offer", streams });
  await settle(0.5);
}

test("nothing before the room; up to three by mesh, whoever else there is", async () => {
  media.members(1, new Set([2, 3]));
  await settle();
  expect(connected()).toEqual([]);
  media.roomSays(entered(true));
  await settle();
  expect(connected()).toEqual([2, 3]);
  expect(heardAt()).toEqual([2, 3]);
  expect(ups).toEqual([]);
  media.members(1, new Set([3]));
  expect(heardAt()).toEqual([3]);
  expect(connected()).toEqual([3]);
  expect(media.stats()).toMatchObject({ lacksSfu: false, refused: 3, path: "none" });
});

describe("the fourth comes", () => {
  beforeEach(async () => {
    media.members(1, new Set([2, 3]));
    media.roomSays(entered(true));
    await settle();
    media.members(1, new Set([2, 3, 4]));
    await settle(0.3);
    await offered(2, 3, 4);
  });

  test("the mesh is shown until everybody was heard by the SFU, then that alone", async () => {
    expect(announced).toEqual([hex(feedOf(99))]);
    const down = downs[0] as FakeDown;
    down.hears = new Set([2, 4]);
    await settle(0.5);
    expect(heardAt()).toEqual([2, 3]);
    expect(shown.map((one) => one.track.id)).toEqual(["sound 2", "sound 3"]);
    down.hears = new Set([2, 3, 4]);
    await settle(0.5);
    expect(heardAt()).toEqual([2, 3, 4]);
    expect(connected()).toEqual([]);
    keys.byLeaf.set(2, { audio: 1, video: 0 });
    await settle(0.5);
    expect(media.stats().path).toBe("sfu");
  });

  test("or for five seconds, whoever is missing", async () => {
    (downs[0] as FakeDown).hears = new Set([2]);
    await settle(CHANGE_S - 2);
    expect(connected()).toEqual([2, 3]);
    await settle(2);
    expect(connected()).toEqual([]);
    expect(heardAt()).toEqual([2, 3, 4]);
  });

  test("fewer again: it stays there, and whoever comes goes there", async () => {
    (downs[0] as FakeDown).hears = new Set([2, 3, 4]);
    await settle(0.5);
    media.members(1, new Set([2]));
    await settle();
    expect(connected()).toEqual([]);
    expect(heardAt()).toEqual([2]);
    media.members(1, new Set([2, 5]));
    await settle();
    expect(connected()).toEqual([]);
    expect(ups.filter(({ closed }) => !closed)).toHaveLength(1);
  });

  test("the SFU is lost and back: nobody is heard meanwhile, and it is said", async () => {
    media.roomSays({ kind: "room.sfu_lost" });
    await settle();
    expect(media.stats().lacksSfu).toBe(true);
    media.roomSays({ kind: "room.sfu_back" });
    await settle();
    await offered(2, 3, 4);
    expect(media.stats().lacksSfu).toBe(false);
    expect(ups.filter(({ closed }) => !closed)).toHaveLength(1);
  });

  test("a server that has none any more: who fits into a mesh has one", async () => {
    (downs[0] as FakeDown).hears = new Set([2, 3, 4]);
    await settle(0.5);
    media.roomSays(entered(false));
    await settle();
    expect(connected()).toEqual([2, 3]);
    expect(heardAt()).toEqual([2, 3]);
    expect(media.stats().lacksSfu).toBe(true);
  });
});

test("whoever comes into a call by the SFU publishes at once, and has no mesh", async () => {
  media.members(5, new Set([1]));
  media.announced(1, feedOf(1));
  media.roomSays(entered(true));
  await settle(0.3);
  expect(ups).toHaveLength(1);
  await offered(1);
  expect(connected()).toEqual([]);
  expect(heardAt()).toEqual([1]);
});

test("without an SFU the three lowest leaves, and a fourth hears nobody", async () => {
  media.members(9, new Set([1, 2, 3]));
  media.roomSays(entered(false));
  await settle();
  expect(connected()).toEqual([]);
  expect(media.stats().lacksSfu).toBe(true);
  media.members(1, new Set([2, 3, 9])); // the lowest one, who offers
  await settle();
  expect(connected()).toEqual([2, 3]);
});

test("CK-861: a leaf that is removed is gone at once, whoever has it next", async () => {
  media.members(1, new Set([2, 3]));
  media.roomSays(entered(true));
  await settle();
  const before = pairs.get(2);
  await media.frames.removeLeaf(2);
  expect(keys.said).toEqual(["remove 2"]);
  expect(before?.closed).toBe(true);
  expect(heardAt()).toEqual([3]);
  media.members(1, new Set([2, 3])); // another one, in the same epoch
  await settle();
  expect(heardAt()).toEqual([3, 2]);
  expect(pairs.get(2)).not.toBe(before);
});

test("of whom nothing opens is told, and of nobody who has the leaf later", async () => {
  const named = () => [...media.stats().unopened];
  media.members(1, new Set([2, 3]));
  media.roomSays(entered(true));
  await settle();
  expect(named()).toEqual([]);
  keys.unopened = new Set([2, 3, 7]); // and of who is no member
  await settle();
  expect(named()).toEqual([2, 3]);
  await media.frames.removeLeaf(2);
  expect(named()).toEqual([3]);
  keys.unopened = new Set([3]);
  media.members(1, new Set([2, 3])); // another one at once
  await settle();
  expect(named()).toEqual([3]);
  // It is let go after the worker has answered, and before that is read.
  let answer = () => {};
  keys.slow = new Promise((resolve) => {
    answer = resolve;
  });
  await settle();
  await media.frames.removeLeaf(3);
  media.members(1, new Set([2, 3]));
  keys.unopened = new Set();
  answer();
  await settle(0.01);
  expect(named()).toEqual([]);
  keys.unopened = new Set([3]);
  await settle();
  expect(named()).toEqual([3]); // the control
});

test("CK-894: a section whose name does not fit its kind is not shown", async () => {
  media.members(5, new Set([1]));
  media.announced(1, feedOf(1));
  media.roomSays(entered(true));
  await settle(0.3);
  await offered(1);
  const show = (source: string, kind: string) =>
    downs[0]?.onShown([
      { mid: "1", feed: "f", source, leaf: 1, place: "p", track: track("x", kind) },
    ]);
  show("0", "audio");
  expect(heardAt()).toEqual([1]); // the control
  show("0", "video");
  expect(shown).toEqual([]);
  keys.heard.set("p", { leaf: 1, audio: 0, video: 5 });
  await settle(0.5);
  show("2", "video");
  expect(shown.map(({ role }) => role)).toEqual(["screen"]);
  for (const [source, kind] of [
    ["1", "audio"],
    ["7", "video"],
  ] as const) {
    show(source, kind);
    expect(shown).toEqual([]);
  }
});

test("CK-369: in a voice call no picture passes, and none is offered", async () => {
  await media.close();
  make(false);
  expect(keys.said).toEqual(["close video"]);
  media.members(5, new Set([1]));
  media.announced(1, feedOf(1));
  media.roomSays(entered(true));
  await settle(0.3);
  expect(ups[0]?.used.at(-1)).toMatchObject({ camera: undefined, screen: undefined });
  expect(ups[0]?.hasScreen).toBe(false);
});

test("a worker that died, and the end: every connection ends, and nothing begins", async () => {
  media.members(1, new Set([2, 3]));
  media.roomSays(entered(true));
  await settle();
  keys.onDeath();
  expect(failures).toBe(1); // And the call is left.
  expect(connected()).toEqual([]);
  expect(heardAt()).toEqual([]);
  media.members(1, new Set([2, 3, 4]));
  media.roomSays(entered(true));
  await settle(10);
  expect([connected(), ups]).toEqual([[], []]);
  await media.close();
  expect(keys.said).toEqual(["dispose"]);
});
