/** Calls go on ringing in a page that could not listen at first. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepListening, PAUSE_MS, TRIES } from "../../app/listening.ts";

const reported: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
});

afterEach(() => {
  reported.length = 0;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function failing(times: number) {
  let asked = 0;
  const listen = async () => {
    asked += 1;
    if (asked <= times) throw new Error(`failure ${asked}`);
  };
  return { listen, asked: () => asked };
}

test("what could not be fetched once is fetched a moment later, and nobody is bothered", async () => {
  const calls = failing(1);
  const listening = keepListening(calls, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  await listening;
  expect(calls.asked()).toBe(2);
  expect(reported).toEqual([]);
});

test("what goes on failing is reported, and given up", async () => {
  const calls = failing(1000);
  const listening = keepListening(calls, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(TRIES * PAUSE_MS);
  await listening;
  expect(calls.asked()).toBe(TRIES);
  expect(reported).toHaveLength(TRIES - 1);
});

test("who locks up is not listened for again, nor complained about", async () => {
  const ended = new AbortController();
  const calls = failing(1000);
  const listening = keepListening(calls, ended.signal);
  await vi.advanceTimersByTimeAsync(PAUSE_MS / 2);
  ended.abort();
  await listening;
  expect(calls.asked()).toBe(1);
  expect(reported).toEqual([]);
});
