/** The mesh of a small group call: who offers, which answers count, and what is said. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { GroupCallAnswer, GroupCallOffer } from "../../core/content_group_call.ts";
import { Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { GroupMesh, type Pair, STAND_S } from "../../media/group_mesh.ts";
import { AGAIN_S, OFFERS_AT_ONCE } from "../../media/group_offers.ts";

type Said = readonly [leaf: number, content: GroupCallOffer | GroupCallAnswer];

/** A connection that is never made: it ends when the test says so, or when patience does. */
class FakePair implements Pair {
  readonly place: string;
  readonly leaf: number;
  tracks: readonly MediaStreamTrack[] = [];
  closed = false;
  accepted: string[] = [];
  lose: () => void = () => {};
  readonly onTracks: () => void;

  constructor(leaf: number, onTracks: () => void, number: number) {
    this.leaf = leaf;
    this.place = `${leaf}:${number}`;
    this.onTracks = onTracks;
  }
  async offer() {
    if (failing !== undefined) throw failing;
    return { sdp: `offer ${this.place}`, candidates: ["line"] };
  }
  async answer({ sdp }: { sdp: string }) {
    if (failing !== undefined) throw failing;
    return { sdp: `answer to ${sdp}`, candidates: ["line"] };
  }
  async accept({ sdp }: { sdp: string }) {
    if (sdp === "bad") throw new PeerError(Code.MALFORMED, "CK-666");
    this.accepted.push(sdp);
  }
  over(patienceS: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceS * 1000);
      this.lose = resolve;
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
  async sound() {
    return { totalAudioEnergy: this.leaf, totalSamplesDuration: 1 };
  }
  async forceKeyFrame() {}
  close() {
    this.closed = true;
    this.tracks = [];
  }
}

let failing: Error | undefined;
let pairs: FakePair[];
let said: Said[];
let isThere: boolean;
let changed: number;

beforeEach(() => {
  vi.useFakeTimers();
  failing = undefined;
  pairs = [];
  said = [];
  isThere = true;
  changed = 0;
});
afterEach(() => vi.useRealTimers());

function meshOf(own: number, others: readonly number[]): GroupMesh {
  const mesh = new GroupMesh({
    connect: (leaf, onTracks) => {
      const pair = new FakePair(leaf, onTracks, pairs.length);
      pairs.push(pair);
      return pair;
    },
    turn: async () => [],
    tell: (leaf, content) => {
      said.push([leaf, content]);
      return isThere;
    },
    onTracks: () => {
      changed += 1;
    },
  });
  mesh.members(own, new Set(others));
  return mesh;
}

const settle = (seconds = 0) => vi.advanceTimersByTimeAsync(seconds * 1000);
const answer = (attempt: number, sdp = "answer"): GroupCallAnswer => {
  return { kind: "groupcall.answer", attempt, sdp, candidates: ["line"] };
};
const offer = (attempt: number, sdp = "offer"): GroupCallOffer => {
  return { kind: "groupcall.offer", attempt, sdp, candidates: ["line"] };
};

test("the lower leaf offers; the higher one waits, and answers", async () => {
  const mesh = meshOf(3, [1, 5]);
  await settle();
  expect(said).toEqual([
    [5, { kind: "groupcall.offer", attempt: 1, sdp: "offer 5:0", candidates: ["line"] }],
  ]);
  mesh.told(5, answer(1));
  mesh.told(1, offer(7));
  await settle();
  expect(pairs[0]?.accepted).toEqual(["answer"]);
  expect(said[1]).toEqual([1, answer(7, "answer to offer")]);
  expect([...mesh.leaves]).toEqual([1, 5]);
});

test("CK-872: an offer of the higher leaf; another attempt's answer; one of a stranger", async () => {
  const mesh = meshOf(3, [1, 5]);
  await settle();
  mesh.told(5, offer(1));
  mesh.told(5, answer(2));
  mesh.told(9, answer(1));
  mesh.told(1, answer(0));
  await settle();
  expect(said).toHaveLength(1);
  expect(pairs.map(({ accepted }) => accepted)).toEqual([[]]);
  mesh.told(5, answer(1)); // the control
  await settle();
  expect(pairs[0]?.accepted).toEqual(["answer"]);
});

test("an offer that comes to nothing is made again, and what stood and was lost", async () => {
  meshOf(1, [2]);
  await settle(STAND_S + AGAIN_S);
  expect(said.map(([, { attempt }]) => attempt)).toEqual([1, 2]);
  expect(pairs.map(({ closed }) => closed)).toEqual([true, false]);
  pairs[1]?.lose();
  await settle(AGAIN_S);
  expect(said.map(([, { attempt }]) => attempt)).toEqual([1, 2, 3]);
});

test.each([
  ["a relay that does not answer", new UnavailableError(Code.NO_RELAY)],
  ["a browser that refuses", new DOMException("no", "InvalidStateError")],
])("%s: again, later", async (_what, error) => {
  failing = error;
  const mesh = meshOf(2, [1, 5]);
  mesh.told(1, offer(1));
  await settle();
  expect(said).toEqual([]);
  failing = undefined;
  mesh.told(1, offer(2));
  await settle(AGAIN_S);
  expect(said.map(([leaf, { attempt }]) => [leaf, attempt])).toEqual([
    [1, 2],
    [5, 2],
  ]);
});

test("who is not in the room is told again soon, without waiting for an answer", async () => {
  isThere = false;
  meshOf(1, [2]);
  await settle(2 * AGAIN_S + 0.1);
  expect(said).toHaveLength(3);
});

test("an answer that does not fit is not the end", async () => {
  const mesh = meshOf(1, [2]);
  await settle();
  mesh.told(2, answer(1, "bad"));
  await settle();
  mesh.told(2, answer(1));
  await settle();
  expect(pairs[0]?.accepted).toEqual(["answer"]);
});

test("a later offer takes the place of one that is being answered", async () => {
  const mesh = meshOf(5, [1]);
  mesh.told(1, offer(1, "first"));
  mesh.told(1, offer(2, "second"));
  await settle();
  expect(said.map(([, { attempt }]) => attempt)).toEqual([2]);
  expect(pairs.map(({ closed }) => closed)).toEqual([true, false]);
});

test("CK-874: offers without end make few connections, of whoever offers them", async () => {
  const mesh = meshOf(5, [1, 2]);
  const made = (leaf: number) => pairs.filter((pair) => pair.leaf === leaf).length;
  for (let attempt = 1; attempt <= 100; attempt++) mesh.told(1, offer(attempt));
  await settle();
  expect(made(1)).toBe(OFFERS_AT_ONCE);
  mesh.told(2, offer(1)); // the control: somebody else is heard
  await settle();
  expect(made(2)).toBe(1);
  await settle(AGAIN_S * 0.9);
  mesh.told(1, offer(101));
  expect(made(1)).toBe(OFFERS_AT_ONCE);
  await settle(AGAIN_S * 0.1);
  mesh.told(1, offer(102));
  mesh.told(1, offer(103));
  await settle();
  expect(made(1)).toBe(OFFERS_AT_ONCE + 1);
  expect(said.at(-1)).toEqual([1, answer(102, "answer to offer")]);
  // Whoever has the leaf next is asked nothing of what its last one did.
  mesh.members(5, new Set([2]));
  mesh.members(5, new Set([1, 2]));
  mesh.told(1, offer(1));
  expect(made(1)).toBe(OFFERS_AT_ONCE + 2);
});

test("CK-874: who offers again as often as it may is always heard", async () => {
  const mesh = meshOf(5, [1]);
  for (let attempt = 1; attempt <= 40; attempt++) {
    mesh.told(1, offer(attempt));
    await settle(AGAIN_S);
  }
  expect(pairs).toHaveLength(40);
});

test("who goes is connected no more, and counts go on for who has the leaf next", async () => {
  const mesh = meshOf(1, [2, 3]);
  await settle();
  const [two] = pairs;
  if (two) two.tracks = [{ id: "x" } as MediaStreamTrack];
  two?.onTracks();
  expect(mesh.tracks.map(({ leaf, place }) => [leaf, place])).toEqual([[2, "2:0"]]);
  expect([...(await mesh.sounds()).keys()]).toEqual([2, 3]);
  const before = changed;
  mesh.members(1, new Set([3]));
  expect(two?.closed).toBe(true);
  expect(mesh.tracks).toEqual([]);
  expect(changed).toBeGreaterThan(before);
  await settle(2 * STAND_S);
  expect(said.filter(([leaf]) => leaf === 2)).toHaveLength(1);
  mesh.members(1, new Set([2, 3]));
  await settle();
  expect(said.findLast(([leaf]) => leaf === 2)?.[1].attempt).toBe(2);
  mesh.close();
  expect(pairs.every(({ closed }) => closed)).toBe(true);
  const count = said.length;
  await settle(2 * STAND_S);
  expect(said).toHaveLength(count);
});
