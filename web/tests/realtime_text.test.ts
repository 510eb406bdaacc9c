/** Real-time text: as in Python, and the same text at both ends whatever the path does to blocks. */

import { describe, expect, test } from "vitest";
import { type Bytes, fromHex, hex } from "../core/bytes.ts";
import {
  BLOCK_EVERY_S,
  BLOCK_LENGTH,
  isText,
  type Line,
  MAX_LINE,
  RealtimeText,
} from "../core/realtime_text.ts";
import { Dice, loadCore, outcome, rows } from "./core_vectors.ts";

const VECTORS = loadCore("text");

type Step = readonly [who: number, what: string, ...rest: readonly unknown[]];

/** Do what Python did, and see that the outcome is Python's. */
async function follow(ends: readonly RealtimeText[], [who, what, ...rest]: Step): Promise<void> {
  const end = ends[who];
  if (end === undefined) throw new Error("there are two ends");
  const [first, second, ...heard] = rest;
  switch (what) {
    case "open":
      return end.open();
    case "close":
      return end.close();
    case "type":
      return expect(await outcome(() => end.type(String(first)))).toBe(second);
    case "erase":
      return expect(await outcome(() => end.erase(Number(first)))).toBe(second);
    case "rewrite":
      return expect(await outcome(() => end.rewrite(String(first)))).toBe(second);
    case "send": {
      const block = end.nextBlock();
      return expect(block === undefined ? null : hex(block)).toBe(first);
    }
    case "hear": {
      const found: unknown[] = [];
      const hear = () => {
        const { lines, opened } = end.receive(fromHex(String(first)));
        found.push(
          lines.map(({ number }) => number),
          opened,
        );
      };
      expect(await outcome(hear)).toBe(second);
      return expect(found).toEqual(heard);
    }
    default:
      throw new Error(`no such step: ${what}`);
  }
}

function shown(end: RealtimeText): unknown {
  return {
    open: [end.isOpen, end.isOpenThere, end.speaks],
    own: end.own,
    theirs: end.theirs,
    lines: end.lines.map(({ number, who, text }) => [number, who, text]),
    waiting: end.waiting,
  };
}

describe("as in Python", () => {
  test("CK-690 to CK-694: the same histories", async () => {
    for (const history of VECTORS.children("histories")) {
      const ends = [new RealtimeText(), new RealtimeText()];
      for (const step of rows<Step>(history, "steps")) await follow(ends, step);
      expect(ends.map(shown)).toEqual(history.values("ends"));
    }
  });

  test("CK-690 to CK-692: hostile blocks", async () => {
    for (const [block, expected] of rows<readonly [string, string]>(VECTORS, "hostile")) {
      const [one, other] = [new RealtimeText(), new RealtimeText()];
      for (const [who, text] of [
        [one, "ab"],
        [other, "cd"],
      ] as const) {
        who.open();
        who.type(text);
      }
      one.nextBlock();
      one.receive(other.nextBlock() ?? new Uint8Array(0));
      const before = shown(one);
      expect(await outcome(() => one.receive(fromHex(block)))).toBe(expected);
      if (expected !== "ok") expect(shown(one)).toEqual(before);
    }
  });

  test("CK-693: the same characters are text", () => {
    for (const [point, expected] of rows<readonly [number, boolean]>(VECTORS, "characters")) {
      expect([point, isText(String.fromCodePoint(point))]).toEqual([point, expected]);
    }
    VECTORS.finish();
  });
});

function beat(ends: readonly [RealtimeText, RealtimeText], times: number): void {
  const [anna, bob] = ends;
  for (let i = 0; i < times; i++) {
    for (const [from, to] of [
      [anna, bob],
      [bob, anna],
    ] as const) {
      const block = from.nextBlock();
      if (block !== undefined) to.receive(block);
    }
  }
}

const written = (lines: readonly Line[], who: string) =>
  lines.filter((line) => line.who === who).map((line) => line.text);

test.each([1, 2, 3, 4, 5, 6])("any edits over any path arrive the same (%i)", (seed) => {
  const dice = new Dice(seed);
  const pieces = ["a", "Hello", "é", "😀", "👩\u200d👧", "\n", " ", "\ud800", "x".repeat(150)];
  const ends = [new RealtimeText(), new RealtimeText()] as const;
  const wires: [Bytes[], Bytes[]] = [[], []];
  for (const end of ends) end.open();
  const pick = <T>(items: readonly T[]): T | undefined =>
    items.length === 0 ? undefined : dice.pick(items);
  for (let i = 0; i < 400; i++) {
    const who = dice.roll(2) as 0 | 1;
    const [end, arrived, sent] = [ends[who], wires[who], wires[1 - who] ?? []];
    switch (dice.roll(6)) {
      case 0:
        end.type(pick(pieces) ?? "");
        break;
      case 1:
        end.erase(dice.roll(4));
        break;
      case 2: {
        const line = [...end.own];
        line.splice(dice.roll(line.length + 1), dice.roll(3), pick(pieces) ?? "");
        end.rewrite(line.join(""));
        break;
      }
      case 3:
      case 4: {
        const block = end.nextBlock();
        expect(block?.length).toBe(BLOCK_LENGTH);
        if (block !== undefined) sent.push(block);
        break;
      }
      default: {
        const block = pick(arrived); // lost, doubled, swapped
        if (block !== undefined) end.receive(block);
      }
    }
  }
  beat(ends, 400);
  const [anna, bob] = ends;
  expect(anna.own).toBe(bob.theirs);
  expect(bob.own).toBe(anna.theirs);
  expect(written(anna.lines, "own")).toEqual(written(bob.lines, "theirs"));
  expect(written(bob.lines, "own")).toEqual(written(anna.lines, "theirs"));
  expect(anna.waiting + bob.waiting).toBe(0);
});

test("a lost block heals within half a second", () => {
  const [anna, bob] = [new RealtimeText(), new RealtimeText()];
  anna.open();
  anna.type("first");
  anna.nextBlock(); // lost
  anna.type(" second");
  bob.receive(anna.nextBlock() ?? new Uint8Array(0));
  expect(bob.theirs).toBe("first second");
  expect(2 * BLOCK_EVERY_S).toBeLessThanOrEqual(0.5);
});

test("forgetting leaves nothing", () => {
  const ends = [new RealtimeText(), new RealtimeText()] as const;
  ends[0].open();
  ends[0].type(`one\n${"x".repeat(MAX_LINE)}`);
  beat(ends, 20);
  for (const end of ends) {
    end.forget();
    expect(shown(end)).toEqual(shown(new RealtimeText()));
  }
});
