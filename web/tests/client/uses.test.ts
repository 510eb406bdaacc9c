/** When camera and microphone were used: kept here, bounded, and gone when wanted. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UseKind, Uses, WRITE_AFTER_S } from "../../client/uses.ts";
import { MemoryStore } from "./memory_store.ts";

const DAY = 86_400;
let now: number;
let count: number;
let store: MemoryStore;
let uses: Uses;

beforeEach(() => {
  now = 1_000_000_000;
  count = 0;
  store = new MemoryStore();
  const rng = (length: number) => new Uint8Array(length).fill(count++ % 256);
  uses = new Uses({ store, now: () => now, rng });
});

afterEach(() => vi.useRealTimers());

test("a use has its beginning at once and its length at its end, newest first", async () => {
  const call = uses.begin(UseKind.MICROPHONE);
  now += 60;
  const picture = uses.begin(UseKind.CAMERA);
  await picture.end();
  expect(uses.list()).toEqual([
    { kind: "camera", at: now, seconds: 0 },
    { kind: "microphone", at: now - 60, seconds: undefined },
  ]);
  now += 30;
  await call.end();
  expect(uses.list()[1]).toEqual({ kind: "microphone", at: now - 90, seconds: 90 });
});

test("a use is written a while after it began: what begins with it does not wait", async () => {
  vi.useFakeTimers();
  const call = uses.begin(UseKind.MICROPHONE);
  await vi.advanceTimersByTimeAsync(WRITE_AFTER_S * 1000 - 1);
  expect(store.items("use")).toHaveLength(0);
  expect(uses.list()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(store.items("use")).toHaveLength(1); // a page that dies from here on leaves this line
  expect(uses.list()).toEqual([{ kind: "microphone", at: now, seconds: undefined }]);
  now += 5;
  await call.end();
  expect(uses.list()).toEqual([{ kind: "microphone", at: now - 5, seconds: 5 }]);
});

test.each([0, WRITE_AFTER_S])(
  "what leaves no trace leaves none, whatever comes first, after %d s",
  async (passed) => {
    vi.useFakeTimers();
    const orders = [
      (one: ReturnType<Uses["begin"]>) => Promise.all([one.forget(), one.end()]),
      (one: ReturnType<Uses["begin"]>) => Promise.all([one.end(), one.forget()]),
      async (one: ReturnType<Uses["begin"]>) => {
        await one.end();
        await one.forget();
      },
    ];
    for (const order of orders) {
      const one = uses.begin(UseKind.CAMERA);
      await vi.advanceTimersByTimeAsync(passed * 1000);
      await order(one);
      await vi.advanceTimersByTimeAsync(2 * WRITE_AFTER_S * 1000);
      expect(uses.list()).toEqual([]);
    }
  },
);

test("a list that was deleted gets nothing of before back", async () => {
  const one = uses.begin(UseKind.CAMERA);
  await uses.clear();
  await one.end();
  expect(uses.list()).toEqual([]);
});

test("the newest hundred of thirty days are kept", async () => {
  await uses.begin(UseKind.CAMERA).end();
  now += 31 * DAY;
  for (let i = 0; i < 120; i++) {
    now += 1;
    await uses.begin(UseKind.MICROPHONE).end();
  }
  const kept = uses.list();
  expect(kept).toHaveLength(100);
  expect(kept[0]?.at).toBe(now);
  expect(kept.every(({ kind }) => kind === "microphone")).toBe(true);
  now += 31 * DAY;
  await uses.begin(UseKind.CAMERA).end();
  expect(uses.list()).toHaveLength(1);
});

test("a full disk loses the line and nothing else", async () => {
  store.transaction = () => Promise.reject(new Error("full"));
  const one = uses.begin(UseKind.CAMERA);
  await one.end();
  await one.forget();
  expect(uses.list()).toEqual([]);
});
