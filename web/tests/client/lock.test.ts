/** Locks, signals, feeds and time limits. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { Feed, Lock, Signal, sleep, withTimeout } from "../../client/lock.ts";
import { Code, UnavailableError } from "../../core/errors.ts";

afterEach(() => {
  vi.useRealTimers();
});

const turn = () => sleep(0);

describe("Lock", () => {
  it("lets one work at a time, in order, whatever becomes of it", async () => {
    const lock = new Lock();
    const said: string[] = [];
    const gate = new Signal();
    const one = lock.run(async () => {
      said.push("one begins");
      await gate.wait();
      said.push("one ends");
      throw new Error("one");
    });
    const two = lock.run(() => said.push("two"));
    const three = lock.run(() => said.push("three"));
    await turn();
    expect(said).toEqual(["one begins"]);
    expect(lock.locked).toBe(true);
    gate.set();
    await expect(one).rejects.toThrow("one");
    await Promise.all([two, three]);
    expect(said).toEqual(["one begins", "one ends", "two", "three"]);
    expect(lock.locked).toBe(false);
  });
});

describe("Signal", () => {
  it("lets everybody on once it is set, until it is cleared", async () => {
    const signal = new Signal();
    const waiting = Promise.all([signal.wait(), signal.wait()]);
    expect(signal.isSet).toBe(false);
    signal.set();
    await waiting;
    await signal.wait();
    signal.clear();
    let came = false;
    const late = signal.wait().then(() => {
      came = true;
    });
    await turn();
    expect(came).toBe(false);
    signal.set();
    await late;
  });

  it("ends a wait with the reason of who aborts it", async () => {
    const stop = new AbortController();
    const signal = new Signal();
    const wait = signal.wait(stop.signal);
    stop.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
    await expect(signal.wait(stop.signal)).rejects.toThrow("enough");
    signal.set();
    await expect(signal.wait(stop.signal)).rejects.toThrow("enough");
  });
});

describe("Feed", () => {
  it("gives every reader everything, what came before too", async () => {
    const feed = new Feed<number>();
    feed.push(1);
    const read = async (heard: (item: number) => void = () => undefined) => {
      const found: number[] = [];
      for await (const item of feed.read()) {
        found.push(item);
        heard(item);
      }
      return found;
    };
    const first = read((item) => {
      if (item === 2) feed.push(3); // while it is read
    });
    await turn();
    feed.push(2);
    await turn();
    feed.close();
    expect(await first).toEqual([1, 2, 3]);
    expect(await read()).toEqual([1, 2, 3]);
  });

  it("stops where it is told to", async () => {
    const feed = new Feed<number>();
    const stop = new AbortController();
    const next = feed.read(stop.signal).next();
    stop.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
  });
});

describe("time", () => {
  it("counts longer than a timer can", async () => {
    vi.useFakeTimers();
    const days = 86_400;
    let isOver = false;
    const wait = sleep(60 * days).then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(59 * days * 1000);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(2 * days * 1000);
    await wait;
  });

  it("ends a sleep that is aborted", async () => {
    const stop = new AbortController();
    const wait = sleep(1000, stop.signal);
    stop.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
  });

  it("limits work, and tells it", async () => {
    vi.useFakeTimers();
    let heard = false;
    const late = withTimeout(
      5,
      (signal) => sleep(10, signal).finally(() => (heard = signal.aborted)),
      { code: Code.NO_ANSWER },
    ).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5000);
    const error = await late;
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({ code: Code.NO_ANSWER });
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives what came in time, and leaves no timer", async () => {
    vi.useFakeTimers();
    expect(await withTimeout(5, Promise.resolve("there"))).toBe("there");
    await expect(withTimeout(5, Promise.reject(new Error("its own")))).rejects.toThrow("its own");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends by the caller's signal with its reason", async () => {
    const stop = new AbortController();
    const wait = withTimeout(1000, (signal) => sleep(1000, signal), { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
  });
});
