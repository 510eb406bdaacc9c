/** The two connections to the SFU: published, announced, watched, and begun again. */

import { beforeEach, expect, test } from "vitest";
import { hex } from "../../core/bytes.ts";
import type { FromRoom, ToRoom } from "../../core/content_room.ts";
import type { Refusal } from "../../core/content_room_fields.ts";
import { Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { AGAIN_S, GroupSfu, PATIENCE_S, STAND_S } from "../../media/group_sfu.ts";
import { GroupWatching } from "../../media/group_watching.ts";
import type { SentTracks } from "../../media/sfu_publish.ts";
import type { Shown } from "../../media/sfu_watch.ts";
import { FakeDown, FakeUp, feedOf, track } from "./group_fakes.ts";

const OTHERS = new Set([1, 2]);

let ups: FakeUp[];
let downs: FakeDown[];
let sent: ToRoom[];
let announced: string[];
let shown: readonly Shown[];
let tracks: SentTracks;
let watching: GroupWatching;
let nowS: number;
let noDevice: Error | undefined;
let sfu: GroupSfu;

beforeEach(() => {
  ups = [];
  downs = [];
  sent = [];
  announced = [];
  shown = [];
  tracks = { audio: track("mic", "audio"), camera: track("camera"), screen: undefined };
  watching = new GroupWatching();
  nowS = 1000;
  noDevice = undefined;
  sfu = new GroupSfu({
    up: () => made(ups, new FakeUp()),
    down: (onShown) => made(downs, new FakeDown(onShown)),
    start: async () => {
      if (noDevice !== undefined) throw noDevice;
    },
    turn: async () => [],
    send: (message) => sent.push(message),
    announce: (feed) => announced.push(hex(feed)),
    tracks: () => tracks,
    onShown: (now) => {
      shown = now;
    },
    watching,
    nowS: () => nowS,
    pixelRatio: () => 1,
  });
  sfu.entered(true);
});

function made<T>(list: T[], one: T): T {
  list.push(one);
  return one;
}

const keep = () => sfu.keep(OTHERS);
const kinds = () => sent.map(({ kind }) => kind);
const published = (feed = 9, sdp = "answer"): FromRoom => {
  return { kind: "room.published", sdp, feed: feedOf(feed) };
};
const feeds = (...numbers: number[]): FromRoom => {
  return { kind: "room.feeds", feeds: numbers.map((one) => ({ feed: feedOf(one), member: one })) };
};
const offered = (feed: number, ufrag = "u1"): FromRoom => ({
  kind: "room.offer",
  sdp: `v=0\r\na=ice-ufrag:${ufrag}\r\n`,
  streams: [
    { mid: "0", feed: feedOf(feed), source: "0" },
    { mid: "1", feed: feedOf(feed), source: "1" },
  ],
});
const refused = (asked: string): FromRoom => {
  return { kind: "room.refused", code: "unavailable" satisfies Refusal, asked };
};

async function standing(): Promise<FakeUp> {
  await keep();
  await sfu.says(published());
  return ups.at(-1) as FakeUp;
}

async function watched(): Promise<FakeDown> {
  watching.announced(1, feedOf(1));
  await sfu.says(feeds(1, 9));
  await keep();
  await sfu.says(offered(1));
  return downs.at(-1) as FakeDown;
}

test("what is sent is published, and announced once it is accepted", async () => {
  await keep();
  expect(sent).toEqual([{ kind: "room.publish", sdp: "offer 1" }]);
  expect(announced).toEqual([]);
  await keep();
  expect(sent).toHaveLength(1);
  await sfu.says(published());
  expect(ups[0]?.accepted).toEqual(["answer"]);
  expect(ups[0]?.used).toEqual([tracks]);
  expect(announced).toEqual([hex(feedOf(9))]);
  expect(watching.own).toEqual(feedOf(9));
});

test("a screen is a section of the same connection, and announced by nothing new", async () => {
  const up = await standing();
  tracks = { ...tracks, screen: track("screen") };
  await sfu.use(tracks);
  await keep();
  expect(kinds()).toEqual(["room.publish", "room.publish"]);
  await keep();
  expect(sent).toHaveLength(2);
  await sfu.says(published());
  expect(up.accepted).toHaveLength(2);
  expect(announced).toHaveLength(1);
  expect(ups).toHaveLength(1);
});

test("what members announced is watched, and what else there is not", async () => {
  await standing();
  await sfu.says(feeds(1, 2, 9));
  await keep();
  expect(downs).toEqual([]);
  const down = await watched();
  expect(sent.slice(1)).toEqual([
    { kind: "room.watch", feeds: [{ feed: feedOf(1), mids: null }] },
    { kind: "room.answer", sdp: expect.stringContaining("answer to") },
  ]);
  expect([...(down.announced[0] ?? [])]).toEqual([[hex(feedOf(1)), [1]]]);
  expect(shown.map(({ leaf, source }) => [leaf, source])).toEqual([
    [1, "0"],
    [1, "1"],
  ]);
});

test("asked again after each list of feeds: there may be a screen now", async () => {
  await watched();
  const before = kinds().filter((kind) => kind === "room.watch").length;
  await keep();
  expect(kinds().filter((kind) => kind === "room.watch")).toHaveLength(before);
  await sfu.says(feeds(1, 9));
  await keep();
  expect(kinds().filter((kind) => kind === "room.watch")).toHaveLength(before + 1);
});

test("layers are asked for by tile, and again if they do not come", async () => {
  const down = await watched();
  down.lines.set("1", 720);
  const layers = () => sent.filter(({ kind }) => kind === "room.layers");
  watching.look([{ leaf: 1, role: "camera", width: 160, height: 120, visible: true }]);
  await keep();
  expect(layers()).toEqual([{ kind: "room.layers", mid: "1", substream: 0, temporal: 2 }]);
  nowS += 2;
  await keep();
  expect(layers()).toHaveLength(2);
  down.lines.set("1", 180);
  nowS += 2;
  await keep();
  expect(layers()).toHaveLength(2);
});

test("CK-892: an answer that does not fit ends it; another one is made later", async () => {
  await keep();
  (ups[0] as FakeUp).failing = new PeerError(Code.MALFORMED, "CK-892");
  await expect(sfu.says(published())).rejects.toThrow("CK-892");
  expect(ups[0]?.closed).toBe(true);
  expect(announced).toEqual([]);
  await keep();
  expect(ups).toHaveLength(1);
  nowS += AGAIN_S;
  await keep();
  await sfu.says(published(8));
  expect(announced).toEqual([hex(feedOf(8))]);
});

test("refused: again, each time later, and not for ever later", async () => {
  const began: number[] = [];
  for (let at = 0; at < 4000 && began.length < 8; at++) {
    await keep();
    if (ups.length > began.length) {
      began.push(nowS);
      await sfu.says(refused("room.publish"));
    }
    nowS += 1;
  }
  const gaps = began.slice(1).map((at, index) => at - (began[index] ?? 0));
  expect(gaps).toEqual([2, 4, 8, 16, 32, 32, 32]);
});

test("no device: nothing is connected, and it is tried again", async () => {
  noDevice = new UnavailableError(Code.NO_DEVICE);
  await expect(keep()).rejects.toThrow();
  expect(ups).toEqual([]);
  noDevice = undefined;
  nowS += AGAIN_S;
  await keep();
  expect(kinds()).toEqual(["room.publish"]);
});

test("the room answers in order: a late answer is not taken for the next one's", async () => {
  await keep();
  nowS += PATIENCE_S;
  await keep();
  nowS += AGAIN_S;
  await keep();
  expect(ups.map(({ closed }) => closed)).toEqual([true, false]);
  await sfu.says(published(5, "late"));
  expect(ups[1]?.accepted).toEqual([]);
  await sfu.says(published(6, "right"));
  expect(ups[1]?.accepted).toEqual(["right"]);
  expect(announced).toEqual([hex(feedOf(6))]);
});

test("a way that was lost is looked for on the same connection first", async () => {
  const up = await standing();
  up.state = "failed";
  await keep();
  expect(up.offers).toEqual([{ restart: false }, { restart: true }]);
  await sfu.says(published());
  up.state = "failed";
  await keep();
  expect(ups).toHaveLength(1);
  nowS += PATIENCE_S;
  await keep(); // in vain
  nowS += AGAIN_S;
  await keep();
  expect(ups).toHaveLength(2);

  // The control: where it helped, nothing is made anew.
  await sfu.says(published(7));
  (ups[1] as FakeUp).state = "failed";
  await keep();
  await sfu.says(published(7)); // connected again
  nowS += 2 * PATIENCE_S;
  await keep();
  expect(ups).toHaveLength(2);
});

test("a connection that never comes to stand is made anew, in either direction", async () => {
  const up = await standing();
  const down = await watched();
  down.state = "connected";
  nowS += STAND_S - 1;
  await keep();
  [up.state, down.state] = ["connecting", "new"];
  nowS += STAND_S - 1;
  await keep();
  expect([up.closed, down.closed]).toEqual([false, false]); // the control
  nowS += 2;
  await keep();
  expect([up.closed, down.closed]).toEqual([true, true]);
  nowS += AGAIN_S;
  await keep();
  expect([ups.length, downs.length]).toEqual([2, 2]);
});

test("watching anew: the room's end of it, too, and its late offers are not taken", async () => {
  const down = await watched();
  down.state = "failed";
  await keep();
  expect(down.closed).toBe(true);
  expect(shown).toEqual([]);
  expect(sent.at(-1)).toEqual({ kind: "room.watch", feeds: [] });
  nowS += AGAIN_S;
  await keep();
  expect(downs).toHaveLength(2);
  await sfu.says(offered(1, "u1"));
  expect(downs[1]?.answered).toEqual([]);
  await sfu.says(offered(1, "u2"));
  expect(downs[1]?.answered).toHaveLength(1);
});

test.each(["an offer that does not fit", "an answer that is refused"])(
  "%s: watched anew",
  async (what) => {
    const down = await watched();
    if (what === "an offer that does not fit") {
      down.failing = new PeerError(Code.MALFORMED, "CK-892");
      await expect(sfu.says(offered(1))).rejects.toThrow("CK-892");
    } else {
      await sfu.says(refused("room.answer"));
    }
    expect(down.closed).toBe(true);
    nowS += AGAIN_S;
    await keep();
    expect(downs).toHaveLength(2);
  },
);

test("a refused watch is asked again", async () => {
  await watched();
  const watches = () => kinds().filter((kind) => kind === "room.watch").length;
  const before = watches();
  await sfu.says(refused("room.watch"));
  await keep();
  expect(watches()).toBe(before);
  nowS += AGAIN_S;
  await keep();
  expect(watches()).toBe(before + 1);
});

test("what is refused because the SFU was lost holds up nothing once it is back", async () => {
  await keep(); // Published, and not answered yet.
  await sfu.says({ kind: "room.sfu_lost" });
  for (const asked of ["room.publish", "room.answer", "room.watch"]) await sfu.says(refused(asked));
  await sfu.says({ kind: "room.sfu_back" });
  await keep();
  expect(ups).toHaveLength(2);
  await sfu.says(published(8));
  await watched();
  expect([downs.length, kinds().includes("room.answer")]).toEqual([1, true]);
});

test("lost and back: everything ends, and is published, announced and watched anew", async () => {
  const up = await standing();
  const down = await watched();
  await sfu.says({ kind: "room.sfu_lost" });
  expect([up.closed, down.closed, sfu.isThere]).toEqual([true, true, false]);
  const before = sent.length;
  await keep();
  expect(sent).toHaveLength(before);
  await sfu.says({ kind: "room.sfu_back" });
  await keep();
  await sfu.says(published(4));
  expect(announced).toEqual([hex(feedOf(9)), hex(feedOf(4))]);
  await keep();
  expect(downs).toHaveLength(1); // its feed is not there yet
  await sfu.says(feeds(1));
  await keep();
  expect(downs).toHaveLength(2);
});

test("the room entered anew ends what was of whom we were; closed, nothing begins any more", async () => {
  const up = await standing();
  sfu.entered(true);
  expect(up.closed).toBe(true);
  await keep();
  await sfu.says(published(3));
  expect(ups).toHaveLength(2);
  sfu.close();
  await keep();
  expect(ups.map(({ closed }) => closed)).toEqual([true, true]);
});
