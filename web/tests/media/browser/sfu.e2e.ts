/** Group calls in Chromium through a real SFU, over the server's own relay. */

import assert from "node:assert/strict";
import type { TurnServer } from "../../../media/interfaces.ts";
import { roleOf } from "../../../media/sections.ts";
import type { OfferedSection } from "../../../media/sfu_watch.ts";
import { MANY } from "../../../media/unopened.ts";
import {
  type Bench,
  type Ends,
  elapsed,
  KEY,
  LOUD,
  OTHER_KEY,
  PythonEnd,
  until,
} from "./harness.ts";
import type { Tests } from "./tests.ts";

type Published = Readonly<{ sdp: string; feed: string }>;
type Offer = Readonly<{ sdp: string; sections: OfferedSection[] }>;

/** Two members: "a" is leaf 0, "b" leaf 1, each also that number in the bridge. */
const NAMES = ["a", "b"] as const;

/** Milliseconds after which a layer that did not come is asked for again. */
const ASK_AGAIN_MS = 2000;

/** Seconds until a layer has come: on a slow machine its sender gets faster but slowly. */
const LAYER_S = 90;

/** A room with members, of which nobody publishes yet. */
class Room {
  readonly ends: Ends;
  readonly bridge = new PythonEnd("room_bridge.py");
  readonly feeds: string[] = [];

  constructor({ ends }: Bench) {
    this.ends = ends;
  }

  servers(): Promise<TurnServer[]> {
    return this.bridge.do<TurnServer[]>("relay");
  }

  async enter(keys: readonly string[]): Promise<void> {
    for (const [leaf, key] of keys.entries()) {
      const others = [0, 1].filter((one) => one !== leaf);
      await this.ends.sfu("make", NAMES[leaf] ?? "", leaf, others, key);
      await this.bridge.do("join");
    }
  }

  async publish(leaf: number): Promise<string> {
    const name = NAMES[leaf] ?? "";
    const offer = await this.ends.sfu("offer", name, await this.servers());
    assert.ok(!offer.includes("a=candidate"), "an address of ours in the offer");
    const { sdp, feed } = await this.bridge.do<Published>("publish", leaf, offer);
    await this.ends.sfu("accept", name, sdp);
    await this.ends.sfu("keepSize", name); // before the first picture: later it does not grow again
    this.feeds[leaf] = feed;
    return feed;
  }

  /** Wait until a member is told of these feeds. */
  async told(leaf: number, feeds: readonly string[]): Promise<void> {
    for (;;) {
      const listed = await this.bridge.do<string[]>("feeds", leaf);
      if (feeds.every((feed) => listed.includes(feed))) return;
    }
  }

  async watch(leaf: number, feeds: readonly string[]): Promise<OfferedSection[]> {
    const offer = await this.bridge.do<Offer>("watch", leaf, feeds);
    const [name, servers] = [NAMES[leaf] ?? "", await this.servers()];
    const answer = await this.ends.sfu("answer", name, offer.sdp, offer.sections, servers);
    assert.ok(!answer.includes("a=candidate"), "an address of ours in the answer");
    await this.bridge.do("answer", leaf, answer);
    return offer.sections;
  }

  announce(leaf: number): Promise<void> {
    const feeds = this.feeds.map((feed, of): [string, number] => [feed, of]);
    return this.ends.sfu("announce", NAMES[leaf] ?? "", feeds);
  }
}

function inRoom(keys: readonly string[], run: (room: Room) => Promise<Record<string, unknown>>) {
  return async (bench: Bench) => {
    const room = new Room(bench);
    try {
      await room.enter(keys);
      return await run(room);
    } finally {
      for (const [leaf] of keys.entries()) {
        await bench.ends.sfu("close", NAMES[leaf] ?? "").catch(() => {});
      }
      await room.bridge.end();
    }
  };
}

/** Both publish, and both watch each other, as announced. */
async function connected(room: Room): Promise<void> {
  for (const leaf of [0, 1]) await room.publish(leaf);
  for (const leaf of [0, 1]) {
    await room.told(leaf, room.feeds);
    await room.announce(leaf);
    await room.watch(leaf, [room.feeds[1 - leaf] ?? ""]);
  }
}

function flows({ ends }: Room, name: string, least = 10) {
  return until(
    `picture and sound at ${name}`,
    async () => {
      const [decoded, figures] = [await ends.sfu("decoded", name), await ends.sfu("figures", name)];
      const loud = figures.energy.some(({ energy }) => energy > LOUD);
      return decoded >= least && loud && { decoded, ...figures };
    },
    30,
  );
}

export const tests: Tests = {
  "two browsers through the SFU; the layer of a picture is chosen": inRoom(
    [KEY, KEY],
    async (room) => {
      const { ends, bridge } = room;
      await connected(room);
      const [a, b] = [await flows(room, "a"), await flows(room, "b")];
      assert.equal(a.misplaced.video + b.misplaced.video, 0);
      assert.deepEqual([a.unopened, b.unopened], [[], []], "nobody is accused");
      const camera = b.sections.find(({ kind }) => kind === "video");
      assert.equal(camera?.leaf, 0);
      const sent = async (rid: string) =>
        (await ends.sfu("layers", "a")).find((one) => one.rid === rid)?.width ?? 0;
      const width = async () =>
        (await ends.sfu("figures", "b")).sections.find(({ kind }) => kind === "video")?.width ?? 0;
      const widths: number[] = [];
      for (const [substream, rid] of [
        [0, "l"],
        [2, "h"],
        [1, "m"],
      ] as const) {
        // The SFU asks the sender for a key frame once; if that is lost nothing changes until it is
        // asked again. A slow sender makes all its pictures smaller, each layer half of the next.
        const shown = await until(
          `layer ${rid}`,
          async () => {
            await bridge.do("layers", 1, camera?.mid, substream, 2);
            const askedAt = Date.now();
            while (Date.now() - askedAt < ASK_AGAIN_MS) {
              const [now, wanted] = [await width(), await sent(rid)];
              if (now > 0 && now === wanted) return now;
              await elapsed(50);
            }
            return undefined;
          },
          LAYER_S,
        ).catch(async (error: unknown) => {
          const layers = JSON.stringify(await ends.sfu("layers", "a"));
          throw new Error(`${String(error)}; ${await width()} wide; sent: ${layers}`);
        });
        widths.push(shown);
      }
      const [low = 0, high = 0, middle = 0] = widths;
      assert.ok(low < middle && middle < high, `no three layers: ${widths}`);
      const spoke = await ends.sfu("listen", "b", 3);
      assert.deepEqual(spoke, [0]);
      return { a: a.decoded, b: b.decoded, widths, opened: b.opened };
    },
  ),

  "a wrong key through the SFU: nothing is decoded": inRoom([KEY, OTHER_KEY], async (room) => {
    await connected(room);
    const figures = await until(
      "frames that do not open",
      async () => {
        const now = await room.ends.sfu("figures", "b");
        return now.failed.video > 3 && now.unopened.length > 0 && now;
      },
      30,
    );
    assert.equal(await room.ends.sfu("decoded", "b"), 0);
    assert.deepEqual(figures.opened, { audio: 0, video: 0 });
    assert.deepEqual(figures.unopened, [0], "who sends so is named");
    assert.ok(figures.failed.audio + figures.failed.video >= MANY, "and not before");
    return { failed: figures.failed };
  }),

  "a feed that nobody announced is not shown, until it is": inRoom([KEY, KEY], async (room) => {
    const { ends } = room;
    const feed = await room.publish(0);
    await room.told(1, [feed]);
    await room.watch(1, [feed]);
    const before = await until(
      "frames that are dropped",
      async () => {
        const now = await ends.sfu("figures", "b");
        return now.misplaced.audio > 50 && now.misplaced.video > 3 && now;
      },
      30,
    );
    assert.deepEqual(before.sections, []);
    assert.deepEqual(before.opened, { audio: 0, video: 0 });
    await room.announce(1);
    const after = await flows(room, "b", 3);
    return { misplaced: before.misplaced, opened: after.opened };
  }),

  "a screen is a section of its own": inRoom([KEY, KEY], async (room) => {
    const { ends } = room;
    await connected(room);
    await flows(room, "b", 3);
    assert.equal(await ends.sfu("share", "a"), true);
    assert.equal(await room.publish(0), room.feeds[0], "the feed is the same");
    await room.told(1, room.feeds);
    await room.watch(1, [room.feeds[0] ?? ""]);
    const sections = await until(
      "the screen",
      async () => {
        const now = (await ends.sfu("figures", "b")).sections;
        return now.some(({ width }) => width === 800) && now;
      },
      30,
    );
    const roles = sections.map(({ source, kind, width }) => {
      return [roleOf(source), kind, width === 800];
    });
    assert.deepEqual(roles, [
      ["audio", "audio", false],
      ["camera", "video", false],
      ["screen", "video", true],
    ]);
    return { roles };
  }),

  "without keys nothing goes to the SFU": inRoom([KEY, KEY], async (room) => {
    const { ends } = room;
    await ends.sfu("close", "a");
    await ends.sfu("make", "a", -1, [1], KEY);
    await room.publish(0);
    const waiting = await until(
      "frames that are refused",
      async () => {
        const now = await ends.sfu("figures", "a");
        return now.refused.audio > 50 && now.refused.video > 3 && now;
      },
      30,
    );
    assert.deepEqual(waiting.sealed, { audio: 0, video: 0 });
    await ends.sfu("sendIn", "a", 0, KEY);
    await elapsed(500);
    const sealed = await until("frames", async () => {
      const now = (await ends.sfu("figures", "a")).sealed;
      return now.audio > 10 && now.video > 3 && now;
    });
    return { refused: waiting.refused, sealed };
  }),
};
