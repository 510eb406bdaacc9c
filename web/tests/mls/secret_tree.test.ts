/** One key per message: order, bounds, and that spent keys are gone. */

import { describe, expect, test } from "vitest";
import { type Bytes, concat, fromHex, hex } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import {
  MAX_FORWARD,
  MAX_KEPT,
  MessageKey,
  Ratchet,
  SecretTree,
} from "../../core/mls/secret_tree.ts";
import { suiteOf } from "../../core/mls/suite.ts";
import * as trees from "../../core/mls/tree_math.ts";
import { refused, stream } from "./refusals.ts";

const SUITE = suiteOf(1);
const APPLICATION = { handshake: false };
const HANDSHAKE = { handshake: true };

const start = (leaves = 4) => SecretTree.start(SUITE, new Uint8Array(32).fill(7), leaves);

/** Return the keys that a sender uses first. */
function sent(count: number): readonly MessageKey[] {
  let tree = start();
  return Array.from({ length: count }, (_, generation) => {
    const [number, key, after] = tree.nextKey(0, APPLICATION);
    expect(number).toBe(generation);
    tree = after;
    return key;
  });
}

/** Return everything secret in a tree as text. */
function contents(tree: SecretTree): string {
  const bytes = (map: ReadonlyMap<number, Bytes>) => [...map].map(([at, b]) => [at, hex(b)]);
  const ratchets = (map: ReadonlyMap<number, Ratchet>) =>
    [...map].map(([leaf, { secret, generation, kept }]) => {
      const keys = [...kept].map(([at, key]) => [at, hex(key.key), hex(key.nonce)]);
      return [leaf, hex(secret), generation, keys];
    });
  return JSON.stringify([
    bytes(tree.secrets),
    ratchets(tree.handshake),
    ratchets(tree.application),
  ]);
}

function shuffled(count: number, seed: string): readonly number[] {
  const weights = stream(seed)(count);
  return [...Array(count).keys()].sort((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0));
}

test.each([...Array(20).keys()])("any order gives the sender's keys once: %d", async (seed) => {
  const keys = sent(12);
  const order = shuffled(12, `order ${seed}`);
  let tree = start();
  for (const generation of order) {
    const [key, after] = tree.keyAt(0, generation, APPLICATION);
    expect(key).toEqual(keys[generation]);
    tree = after;
  }
  for (const generation of order) {
    await refused("CK-055", () => tree.keyAt(0, generation, APPLICATION));
  }
});

test("asking changes nothing, neither in a fresh tree nor in one that was used", () => {
  let tree = start(8);
  for (const [leaf, generation] of [
    [3, 5],
    [3, 9],
    [3, 2],
    [6, 0],
  ] as const) {
    const before = contents(tree);
    const [first] = tree.keyAt(leaf, generation, HANDSHAKE);
    const [again, after] = tree.keyAt(leaf, generation, HANDSHAKE);
    expect(again).toEqual(first);
    expect(contents(tree)).toBe(before);
    expect(contents(after)).not.toBe(before);
    expect(contents(after)).not.toMatch(/"0{64}"/); // nothing wiped that is still in use
    tree = after;
  }
});

test("kinds and leaves have keys of their own", () => {
  const tree = start();
  const keys = [0, 1, 2, 3].flatMap((leaf) =>
    [HANDSHAKE, APPLICATION].map((kind) => hex(tree.keyAt(leaf, 0, kind)[0].key)),
  );
  expect(new Set(keys).size).toBe(8);
});

describe("bounds", () => {
  test("CK-056: how far ahead", async () => {
    const tree = start();
    const [key, after] = tree.keyAt(0, MAX_FORWARD, APPLICATION);
    expect(key.key.length).toBe(16);
    await refused("CK-056", () => tree.keyAt(0, MAX_FORWARD + 1, APPLICATION));
    expect(after.keyAt(0, MAX_FORWARD + 1, APPLICATION)[0].nonce.length).toBe(12);
  });

  test("how many skipped keys are kept, and that they are the right ones", async () => {
    const oldest = MAX_FORWARD - MAX_KEPT;
    const [, early] = start().keyAt(0, 3, APPLICATION);
    const [, tree] = early.keyAt(0, MAX_FORWARD, APPLICATION);
    const kept = [...(tree.application.get(0)?.kept.keys() ?? [])];
    expect(kept).toEqual(Array.from({ length: MAX_KEPT }, (_, i) => oldest + i));
    await refused("CK-055", () => tree.keyAt(0, oldest - 1, APPLICATION));
    const [late] = tree.keyAt(0, oldest, APPLICATION);
    expect(late).toEqual(start().keyAt(0, oldest, APPLICATION)[0]);
  });

  test("the oldest kept key goes first, however the keys were stored", async () => {
    const [, tree] = start().keyAt(0, MAX_KEPT, APPLICATION);
    const full = tree.application.get(0);
    if (full === undefined) throw new Error("no ratchet");
    const reversed = new Map([...full.kept].reverse());
    const [, after] = new Ratchet(full.secret, full.generation, reversed).keyAt(
      SUITE,
      full.generation + 2,
    );
    expect([...after.kept.keys()]).toEqual(
      [...Array(MAX_KEPT - 2).keys()]
        .map((g) => g + 2)
        .concat([full.generation, full.generation + 1]),
    );
  });

  test("CK-047: a leaf outside the tree", () =>
    refused("CK-047", () => start().keyAt(4, 0, APPLICATION)));

  test("the last generation", async () => {
    const last = 2 ** 32 - 1;
    const ratchet = new Ratchet(new Uint8Array(32).fill(1), last, new Map());
    const tree = new SecretTree({
      suite: SUITE,
      leafCount: 1,
      secrets: new Map(),
      handshake: new Map(),
      application: new Map([[0, ratchet]]),
    });
    expect(() => tree.nextKey(0, APPLICATION)).toThrow(UsageError);
    await refused("CK-056", () => tree.keyAt(0, last, APPLICATION));
  });
});

test("secrets above a used leaf are spent: only the copath remains", () => {
  const [, , tree] = start().nextKey(0, APPLICATION);
  expect([...tree.secrets.keys()].sort()).toEqual([2, 5]);
});

test("past epochs keep others' application keys only", async () => {
  const [, one] = start().keyAt(2, 1, APPLICATION);
  const [, two] = one.keyAt(1, 0, HANDSHAKE);
  const past = two.forPastEpoch(0);
  expect(past.keyAt(2, 0, APPLICATION)[0]).toEqual(start().keyAt(2, 0, APPLICATION)[0]);
  expect(past.keyAt(3, 0, APPLICATION)[0]).toEqual(start().keyAt(3, 0, APPLICATION)[0]);
  await refused("CK-055", () => past.keyAt(1, 1, HANDSHAKE));
  await refused("CK-055", () => past.keyAt(0, 0, APPLICATION));
});

test("the reuse guard changes the nonce and nothing else", () => {
  const key = new MessageKey(new Uint8Array(16), new Uint8Array(12).fill(1));
  const guarded = key.guardedNonce(fromHex("01020304"));
  expect(guarded).toEqual(concat(fromHex("00030205"), new Uint8Array(8).fill(1)));
  expect(key.nonce).toEqual(new Uint8Array(12).fill(1));
});

test("no secret in a representation", () => {
  expect(JSON.stringify({ tree: start() })).toBe('{"tree":"SecretTree(leafCount=4)"}');
});

test("tree arithmetic beyond 32 bits", () => {
  const leaf = 2 * (2 ** 32 - 1);
  const root = trees.root(2 ** 32);
  expect(trees.directPath(leaf, root).length).toBe(32);
  expect(trees.commonAncestor(0, leaf)).toBe(root);
  expect(trees.sibling(leaf)).toBe(leaf - 2);
  expect(trees.isBelow(leaf, trees.right(root))).toBe(true);
  expect(() => trees.left(4)).toThrow(UsageError);
});
