/** A layer that does not come is asked for again, and not for ever. */

import { beforeEach, expect, test } from "vitest";
import { AGAIN_S, type Layer, LayersAsked } from "../../media/layers_asked.ts";

let asked: LayersAsked;
let nowS: number;

beforeEach(() => {
  asked = new LayersAsked();
  nowS = 50;
});

const layer = (substream: 0 | 1 | 2, temporal: 0 | 1 | 2 = 2): Layer => ({ substream, temporal });

/** What is said of one section, with a picture of so many lines. */
function say(wanted: Layer, lines?: number, feed = "f", mid = "4") {
  const seen = new Map(lines === undefined ? [] : [[mid, lines]]);
  return asked.say(new Map([[mid, { feed, layer: wanted }]]), seen, nowS);
}

test("the largest is what comes anyway; a smaller one is asked for once it is wanted", () => {
  expect(say(layer(2), 720)).toEqual([]);
  expect(say(layer(0), 720)).toEqual([{ mid: "4", substream: 0, temporal: 2 }]);
  expect(say(layer(0), 720)).toEqual([]);
});

test("again after two seconds, until the picture is smaller", () => {
  say(layer(0), 720);
  nowS += AGAIN_S - 0.1;
  expect(say(layer(0), 720)).toEqual([]);
  nowS += 0.1;
  expect(say(layer(0), 720)).toHaveLength(1);
  nowS += AGAIN_S;
  expect(say(layer(0), 180)).toEqual([]);
  nowS += 10 * AGAIN_S;
  expect(say(layer(0), 720)).toEqual([]); // the sender's camera is another one now
});

test("a larger one has come once the picture is larger", () => {
  say(layer(0), 720);
  say(layer(2), 180);
  nowS += AGAIN_S;
  expect(say(layer(2), 180)).toHaveLength(1);
  nowS += AGAIN_S;
  expect(say(layer(2), 720)).toEqual([]);
});

test("a sender that does not have it is not asked for ever", () => {
  let said = 0;
  for (let at = 0; at < 50; at++) {
    said += say(layer(0), 720).length;
    nowS += AGAIN_S;
  }
  expect(said).toBe(5);
});

test("before anything is seen nobody knows that it came", () => {
  say(layer(0));
  nowS += AGAIN_S;
  expect(say(layer(0), 180)).toHaveLength(1);
});

test("frames alone need no key frame: said once", () => {
  expect(say(layer(2, 0), 720)).toEqual([{ mid: "4", substream: 2, temporal: 0 }]);
  nowS += AGAIN_S;
  expect(say(layer(2, 0), 720)).toEqual([]);
});

test("a section that another feed has begins with the largest", () => {
  say(layer(0), 720);
  expect(say(layer(0), 720, "g")).toHaveLength(1);
  expect(say(layer(2), 720, "h")).toEqual([]);
});

test("not too many at once: the rest comes next", () => {
  const wanted = new Map(
    Array.from({ length: 10 }, (_, at) => [`${at}`, { feed: "f", layer: layer(0) }] as const),
  );
  const first = asked.say(wanted, new Map(), nowS);
  const second = asked.say(wanted, new Map(), nowS);
  expect([first.length, second.length]).toEqual([6, 4]);
  expect(new Set([...first, ...second].map(({ mid }) => mid)).size).toBe(10);
});
