/** Group calls in Chromium with the product's own media: mesh, SFU, and the change between them. */

import assert from "node:assert/strict";
import { fromHex } from "../../../core/bytes.ts";
import type { GroupCallAnswer, GroupCallOffer } from "../../../core/content_group_call.ts";
import { decodeFromRoom, decodeToRoom } from "../../../core/content_room.ts";
import { CHANGE_S } from "../../../media/group_change.ts";
import type { TurnServer } from "../../../media/interfaces.ts";
import type { Tile } from "../../../media/tiles_wanted.ts";
import {
  type Bench,
  type Ends,
  elapsed,
  KEY,
  LOUD,
  OTHER_KEY,
  PythonEnd,
  type PythonStats,
  until,
} from "./harness.ts";
import type { GroupApi } from "./page/group.ts";
import type { Tests } from "./tests.ts";

export type Figures = Awaited<ReturnType<GroupApi["figures"]>>;

/** Members by leaf; "b" is on a page of its own. */
const NAMES = ["a", "b", "c", "d"] as const;

/** Seconds for whatever two cores have to encode four times. */
export const SLOW_S = 90;

/** Milliseconds between two looks: looking costs what the call needs itself. */
const LOOK_MS = 400;

/** Credentials for the relay that a member has: as many as connections are made in a test. */
const RELAYS = 20;

/** Lines of a camera: of this size a browser sends one layer. */
const HEIGHT = 120;

/** A call: what its group and its room do, but for keys that change and people who may not come in. */
export class Call {
  readonly ends: Ends;
  readonly bridge: PythonEnd | undefined;
  readonly #servers: () => Promise<TurnServer[]>;
  /** What went to and from the room, for a test that fails. */
  readonly #log: string[] = [];
  readonly #began = Date.now();
  readonly feeds = new Map<number, string>();
  /** Who is in it, by leaf; a leaf without a name is not on our pages. */
  leaves: number[] = [];
  /** Who seals with another key than the call's. */
  liar: number | undefined;
  /** Takes what is said to a leaf that is on no page. */
  elsewhere: (from: number, content: GroupCallOffer | GroupCallAnswer) => Promise<void>;
  #epoch = 0;
  #height: number;
  #isOver = false;
  #pumping: Promise<void>;
  /** What is carried at this moment. */
  #round: Promise<unknown> = Promise.resolve();

  constructor({ ends, relay }: Bench, { sfu = false, height = HEIGHT } = {}) {
    this.ends = ends;
    this.bridge = sfu ? new PythonEnd("room_bridge.py") : undefined;
    this.#servers = async () => (await this.bridge?.do<TurnServer[]>("relay")) ?? relay.servers();
    this.#height = height;
    this.elsewhere = async () => {};
    this.#pumping = this.#pump();
  }

  /** Let members in, all of them in one epoch. */
  async come(leaves: readonly number[], hasSfu = this.bridge !== undefined): Promise<void> {
    for (const leaf of leaves) {
      const relays: TurnServer[][] = [];
      while (relays.length < RELAYS) relays.push(await this.#servers());
      await this.ends.group("make", nameOf(leaf), relays, this.#height);
      await this.bridge?.do("join");
    }
    await this.epoch([...this.leaves, ...leaves]);
    for (const leaf of leaves) {
      await this.ends.group("entered", nameOf(leaf), hasSfu);
      for (const [of, feed] of this.feeds) {
        await this.ends.group("announced", nameOf(leaf), of, feed);
      }
    }
  }

  /** Have a member go; those who stay are told by the next epoch. */
  async goes(leaf: number): Promise<void> {
    this.leaves = this.leaves.filter((one) => one !== leaf);
    await this.#round; // what is carried now may still be theirs
    await this.ends.group("close", nameOf(leaf));
  }

  /** Begin an epoch with these members, of whom some are on no page. */
  async epoch(leaves: readonly number[], elsewhere: readonly number[] = []): Promise<void> {
    const all = [...leaves, ...elsewhere];
    const [key, other] = ++this.#epoch % 2 === 0 ? [OTHER_KEY, KEY] : [KEY, OTHER_KEY];
    for (const leaf of leaves) {
      const others = all.filter((one) => one !== leaf);
      await this.ends.group("epoch", nameOf(leaf), this.#epoch, key, leaf, others);
    }
    for (const leaf of leaves) {
      const sealing = leaf === this.liar ? other : key;
      await this.ends.group("sendIn", nameOf(leaf), this.#epoch, sealing);
    }
    this.leaves = [...leaves];
  }

  async figures(leaf: number): Promise<Figures> {
    await elapsed(LOOK_MS / 2);
    return await this.ends.group("figures", nameOf(leaf));
  }

  /** Wait until a member sees and hears all of these, by more than it did. */
  async flows(leaf: number, others: readonly number[]): Promise<Figures> {
    const before = await this.figures(leaf);
    const grew = (now: Figures, of: number, role: string, what: "decoded" | "energy") => {
      const find = ({ tracks }: Figures) => tracks.find((t) => t.leaf === of && t.role === role);
      const [then = 0, since] = [find(before)?.[what], find(now)?.[what]];
      // Another connection counts from nought.
      return since === undefined ? 0 : since < then ? since : since - then;
    };
    let seen = before;
    return await until(
      `pictures and sound of ${others} at ${leaf}`,
      async () => {
        seen = await this.figures(leaf);
        const is = others.every(
          (of) =>
            grew(seen, of, "camera", "decoded") > 5 && grew(seen, of, "audio", "energy") > LOUD,
        );
        return is && seen;
      },
      SLOW_S,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; ${JSON.stringify(seen)}\n${this.#log.join("\n")}`);
    });
  }

  async everybodyFlows(): Promise<void> {
    for (const leaf of this.leaves) {
      await this.flows(
        leaf,
        this.leaves.filter((one) => one !== leaf),
      );
    }
  }

  /** Wait until everybody's media goes one way. */
  async allBy(way: string): Promise<void> {
    let seen: Figures[] = [];
    await until(
      way,
      async () => {
        seen = await Promise.all(this.leaves.map((leaf) => this.figures(leaf)));
        return seen.every(({ path }) => path === way);
      },
      SLOW_S,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; ${JSON.stringify(seen)}\n${this.#log.join("\n")}`);
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#pumping;
    for (const leaf of this.leaves) await this.ends.group("close", nameOf(leaf)).catch(() => {});
    await this.bridge?.end();
  }

  /** Carry what members say to where it belongs, for as long as there is a call. */
  async #pump(): Promise<void> {
    while (!this.#isOver) {
      this.#round = Promise.all(this.leaves.map((leaf) => this.#carry(leaf)));
      await this.#round;
      await elapsed(50);
    }
  }

  async #carry(from: number): Promise<void> {
    const name = nameOf(from);
    const [{ room, announce, tell }, heard] = await Promise.all([
      this.ends.group("take", name),
      this.bridge?.do<string[]>("hear", from) ?? [],
    ]);
    for (const message of heard) this.#note(`${from} hears`, decodeFromRoom(fromHex(message)).kind);
    for (const message of room) this.#note(`${from} says`, decodeToRoom(fromHex(message)).kind);
    if (heard.length > 0) await this.ends.group("said", name, heard);
    for (const message of room) await this.bridge?.do("say", from, message);
    for (const feed of announce) {
      if (feed === null) this.feeds.delete(from);
      else this.feeds.set(from, feed);
      const others = this.leaves.filter((leaf) => leaf !== from);
      await Promise.all(
        others.map((leaf) => this.ends.group("announced", nameOf(leaf), from, feed)),
      );
    }
    for (const [to, content] of tell) {
      if (this.leaves.includes(to)) await this.ends.group("told", nameOf(to), from, content);
      else await this.elsewhere(from, content);
    }
  }

  #note(who: string, kind: string): void {
    this.#log.push(`${((Date.now() - this.#began) / 1000).toFixed(1)} ${who} ${kind}`);
  }
}

/** Sees at how many of the first three "a" hears, all the while. */
class Watch {
  #least = Number.POSITIVE_INFINITY;
  #isOver = false;
  readonly #watching: Promise<void>;

  constructor(call: Call) {
    this.#watching = this.#watch(call);
    this.#watching.catch(() => {}); // whoever ends it is told
  }

  async end(): Promise<number> {
    this.#isOver = true;
    await this.#watching;
    return this.#least;
  }

  async #watch(call: Call): Promise<void> {
    while (!this.#isOver) {
      const { tracks } = await call.figures(0);
      const heard = tracks.filter(({ leaf, role }) => leaf < 3 && role === "audio");
      this.#least = Math.min(this.#least, heard.length);
      await elapsed(LOOK_MS);
    }
  }
}

function nameOf(leaf: number): string {
  return NAMES[leaf] ?? "";
}

export function inCall(
  options: { sfu?: boolean; height?: number },
  run: (call: Call, bench: Bench) => Promise<Record<string, unknown>>,
) {
  return async (bench: Bench) => {
    const call = new Call(bench, options);
    try {
      return await run(call, bench);
    } finally {
      await call.close();
    }
  };
}

function paths(figures: readonly Figures[]): string[] {
  return figures.map(({ path }) => path);
}

const tileOf = (leaf: number, height: number): Tile => {
  return { leaf, role: "camera", width: height, height, visible: true };
};

export const tests: Tests = {
  "a group by mesh: two, then three; who is removed opens nowhere": inCall({}, async (call) => {
    await call.come([0, 1], true);
    await call.everybodyFlows();
    const before = await call.ends.group("connections", "a");
    await call.come([2], true);
    await call.everybodyFlows();
    const figures = await Promise.all([0, 1, 2].map((leaf) => call.figures(leaf)));
    assert.deepEqual(paths(figures), ["mesh", "mesh", "mesh"]);
    assert.ok(figures.every(({ refused }) => refused === 0));
    await until("who speaks", async () => (await call.figures(0)).speaking.length === 2);
    await call.ends.group("mute", "b", true);
    await until("nobody speaks", async () => !(await call.figures(0)).speaking.includes(1));

    // At b alone: whoever is removed still sends, and is still heard at a, the control.
    await call.ends.group("removeLeaf", "b", 2);
    const after = await call.figures(1);
    assert.ok(after.tracks.every(({ leaf }) => leaf !== 2));
    await call.flows(0, [2]);
    const later = await call.figures(1);
    assert.ok(!later.opened.some(([leaf]) => leaf === 2), "nothing of it opened");
    const made = (await call.ends.group("connections", "a")) - before;
    return { made, speaking: figures[0]?.speaking };
  }),

  "a group by mesh with Python": inCall({}, async (call, { relay }) => {
    const python = new PythonEnd();
    try {
      await python.do("make", true);
      await python.do("install", 1, KEY, [0]);
      await python.do("send_in", 1, KEY, 1);
      call.elsewhere = async (_from, content) => {
        const sdp = await python.do<string>("accept_offer", content.sdp);
        const candidates = await python.do<string[]>("gather", relay.servers());
        await python.do("candidates", content.candidates);
        const answer = { kind: "groupcall.answer", attempt: content.attempt, sdp, candidates };
        await call.ends.group("told", "a", 1, answer as GroupCallAnswer);
      };
      await call.ends.group("make", "a", [relay.servers()], HEIGHT);
      await call.epoch([0], [1]);
      await call.ends.group("entered", "a", true);
      const figures = await call.flows(0, [1]);
      const there = await until("the browser in Python", async () => {
        const stats = await python.do<PythonStats>("stats");
        return stats.framesDecoded > 5 && stats.energy > LOUD && stats;
      });
      assert.equal(there.decryptFailures, 0);
      return { opened: figures.opened, there: there.framesDecoded };
    } finally {
      await python.end();
    }
  }),

  "a fourth comes, and all are on the SFU without a redial": inCall({ sfu: true }, async (call) => {
    await call.come([0, 1, 2]);
    await call.everybodyFlows();
    assert.deepEqual(paths([await call.figures(0)]), ["mesh"]);

    const watch = new Watch(call);
    const began = Date.now();
    await call.come([3]);
    await call.allBy("sfu");
    const tookMs = Date.now() - began;
    const least = await watch.end();
    // On a slow machine the mesh ends before the SFU brings everybody, as it should.
    if (tookMs < CHANGE_S * 1000) assert.equal(least, 2, "somebody was not there for a moment");
    await call.everybodyFlows();

    // Fewer again: it stays with the SFU.
    await call.goes(3);
    await call.epoch([0, 1, 2]);
    await call.everybodyFlows();
    assert.deepEqual(paths([await call.figures(1)]), ["sfu"]);
    const { opened, refused } = await call.figures(0);
    return { opened, refused, least, tookMs };
  }),

  "what is looked at comes by the SFU; a screen comes whoever looks": inCall(
    { sfu: true },
    async (call) => {
      await call.come([0, 1, 2, 3]);
      await call.everybodyFlows();
      const cameras = async () => {
        const shown = (await call.figures(0)).tracks.filter(({ role }) => role === "camera");
        return shown.map(({ leaf }) => leaf).sort();
      };
      assert.deepEqual(await cameras(), [1, 2, 3], "the control: all of them, at first");
      await call.ends.group("look", "a", [tileOf(2, 180)]);
      await until("one camera", async () => String(await cameras()) === "2", SLOW_S);
      await call.ends.group("share", "b", true);
      const screen = () => call.figures(0).then(({ tracks }) => tracks.find(isScreen));
      await until("the screen", async () => (await screen())?.width === 800, SLOW_S);
      assert.equal((await screen())?.leaf, 1);
      assert.deepEqual(await cameras(), [2]);
      await call.ends.group("share", "b", false);
      await until("no screen", async () => (await screen()) === undefined, SLOW_S);
      await call.ends.group("look", "a", [tileOf(1, 180), tileOf(3, 180)]);
      await until("other cameras", async () => String(await cameras()) === "1,3", SLOW_S);
      return { opened: (await call.figures(0)).opened };
    },
  ),

  "the SFU is killed, and everybody is back": inCall({ sfu: true }, async (call) => {
    await call.come([0, 1, 2, 3]);
    await call.everybodyFlows();
    const before = new Map(call.feeds);
    const startedAt = Date.now();
    await call.bridge?.do("kill_sfu");
    await until("nobody", async () => (await call.figures(0)).tracks.length === 0, SLOW_S);
    const lostMs = Date.now() - startedAt;
    const isAnew = () => [...before].every(([leaf, feed]) => call.feeds.get(leaf) !== feed);
    await until("all announced anew", async () => isAnew(), SLOW_S);
    const announcedMs = Date.now() - startedAt;
    // All pages are looked at together: one after the other would add up their looks.
    const allHave = async (what: string, has: (track: Figures["tracks"][number]) => boolean) => {
      await until(
        what,
        async () => {
          const all = await Promise.all(call.leaves.map((leaf) => call.figures(leaf)));
          return all.every(({ tracks }) => tracks.filter(has).length === 3);
        },
        SLOW_S,
      );
      return Date.now() - startedAt;
    };
    const [heardMs, seenMs] = await Promise.all([
      allHave("all heard", ({ energy }) => energy > LOUD),
      allHave("all seen", ({ decoded, role }) => role === "camera" && decoded > 0),
    ]);
    await call.everybodyFlows();
    assert.equal(before.size, 4);
    assert.ok(isAnew());
    assert.equal((await call.figures(0)).lacksSfu, false);
    return { lostMs, announcedMs, heardMs, seenMs };
  }),

  "without an SFU the three lowest leaves have a mesh, and it is said": inCall(
    { height: 0 },
    async (call) => {
      await call.come([0, 1, 2, 3], false);
      const heard = async (leaf: number) => {
        const { tracks } = await call.figures(leaf);
        return tracks.filter(({ energy }) => energy > LOUD).map((one) => one.leaf);
      };
      for (const leaf of [0, 1, 2]) {
        await until(`two at ${leaf}`, async () => (await heard(leaf)).length === 2, SLOW_S);
      }
      const all = await Promise.all([0, 1, 2, 3].map((leaf) => call.figures(leaf)));
      assert.ok(all.every(({ lacksSfu }) => lacksSfu));
      assert.deepEqual(all[3]?.tracks, []);
      return { paths: paths(all) };
    },
  ),
};

function isScreen({ role }: Figures["tracks"][number]): boolean {
  return role === "screen";
}
