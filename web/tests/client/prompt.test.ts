/** Who answers a call room's pings. */

import { expect, test } from "vitest";
import { MOST_ANSWERED, PONG, Prompt } from "../../client/transport/prompt.ts";
import { encodeFromRoom, encodeToRoom } from "../../core/content_room.ts";

const PING = encodeFromRoom({ kind: "room.ping" });
const BACK = encodeFromRoom({ kind: "room.sfu_back" });
const LEAVE = encodeToRoom({ kind: "room.leave" });

test("a ping is due at once, and nothing else is", () => {
  const prompt = new Prompt();
  expect(prompt.isDue(BACK)).toBe(false);
  expect(prompt.isDue(PING)).toBe(true);
});

test("the page's own answer is not sent a second time; what else it says is", () => {
  const prompt = new Prompt();
  prompt.isDue(PING);
  expect(prompt.passes(PONG)).toBe(false);
  prompt.isDue(PING);
  expect(prompt.passes(LEAVE)).toBe(true);
});

test("a page that says nothing for long answers for itself, or is lost", () => {
  const prompt = new Prompt();
  for (let n = 0; n < MOST_ANSWERED; n++) expect(prompt.isDue(PING)).toBe(true);
  expect(prompt.isDue(PING), "a dead page is not kept in the call").toBe(false);
  expect(prompt.passes(PONG), "nobody has answered that one").toBe(true);
  expect(prompt.isDue(PING)).toBe(true);
});

test("an answer that nobody gave in the page's name is passed on", () => {
  expect(new Prompt().passes(PONG)).toBe(true);
});
