/** Durable contents: stored first, sent in order, kept until the server has them. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { systemRng as rng } from "../../client/books.ts";
import { KEEP_S, Outbox, RETRY_S } from "../../client/outbox.ts";
import type { ContactAddress } from "../../core/address.ts";
import { hex, utf8 } from "../../core/bytes.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../../core/errors.ts";
import type { AnyAddress } from "../../core/handle_request.ts";
import { AccountId, Capability, DeviceId, MailboxId, random, SealKey } from "../../core/ids.ts";
import { MemoryStore } from "./memory_store.ts";

const account = random(AccountId, rng);
const [phone, tablet] = [random(DeviceId, rng), random(DeviceId, rng)];

function newAddress(): ContactAddress {
  const capability = random(Capability, rng);
  const [mailbox, sealKey] = [random(MailboxId, rng), random(SealKey, rng)];
  return { origin: "https://visavis.test", mailbox, capability, sealKey };
}

let store: MemoryStore;
let time: number;
let addresses: Map<string, ContactAddress>;
let send: ReturnType<typeof vi.fn<(address: AnyAddress, content: Uint8Array) => Promise<void>>>;
let outbox: Outbox;

function open(): Outbox {
  return new Outbox(
    store,
    (_, __, device) => addresses.get(hex(device)),
    send,
    () => time,
  );
}

function put(device: DeviceId, ...texts: string[]): Promise<number[]> {
  return store.transaction((unit) =>
    texts.map((text) => outbox.put(unit, account, device, utf8(text))),
  );
}

function sent(): string[] {
  return send.mock.calls.map(([, content]) => new TextDecoder().decode(content));
}

beforeEach(() => {
  store = new MemoryStore();
  time = 1000;
  addresses = new Map([
    [hex(phone), newAddress()],
    [hex(tablet), newAddress()],
  ]);
  send = vi.fn(async () => {});
  outbox = open();
});

test("sent in order, and gone once the server has them", async () => {
  await put(phone, "one", "two", "three");
  expect(outbox.waiting()).toBe(3);
  expect(await outbox.flush()).toBe(true);
  expect(sent()).toEqual(["one", "two", "three"]);
  expect(outbox.waiting()).toBe(0);
});

test("a unit that fails leaves no row, and no number is given out twice", async () => {
  const [first] = await put(phone, "one");
  await expect(
    store.transaction((unit) => {
      outbox.put(unit, account, phone, utf8("never"));
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  await outbox.flush();
  const [later] = await put(phone, "two");
  expect(later).toBeGreaterThan(Number(first));
  await outbox.flush();
  expect(sent()).toEqual(["one", "two"]);
});

test("what was queued before a restart goes out after it, in its order", async () => {
  await put(phone, ...Array.from({ length: 12 }, (_, i) => `${i}`));
  outbox = open();
  await put(phone, "last");
  await outbox.flush();
  expect(sent()).toEqual([...Array.from({ length: 12 }, (_, i) => `${i}`), "last"]);
});

test("a server that is away: nothing else is tried, nothing is lost", async () => {
  await put(phone, "one", "two");
  send.mockRejectedValueOnce(new UnavailableError(Code.UNAVAILABLE, "away"));
  expect(await outbox.flush()).toBe(false);
  expect(sent()).toEqual(["one"]);
  expect(outbox.waiting()).toBe(2);
  expect(await outbox.flush()).toBe(true);
  expect(sent()).toEqual(["one", "one", "two"]);
});

test("a quota that is used up holds back one device only", async () => {
  await put(phone, "one");
  await put(tablet, "two");
  send.mockRejectedValueOnce(new UnavailableError(Code.QUOTA, "used up"));
  expect(await outbox.flush()).toBe(false);
  expect(sent()).toEqual(["one", "two"]);
  expect(outbox.waiting()).toBe(1);
});

describe("an address that is refused", () => {
  const refused = new AuthorizationError(Code.REFUSED, "gone");

  test("is not tried again, another one is", async () => {
    const numbers = await put(phone, "one");
    send.mockRejectedValueOnce(refused);
    expect(await outbox.flush()).toBe(true);
    expect(outbox.refused(numbers)).toBe(true);
    expect(outbox.refusals()).toHaveLength(1);
    expect(hex(outbox.refusals()[0]?.account ?? rng(1))).toBe(hex(account));
    await outbox.flush();
    expect(sent()).toEqual(["one"]);
    addresses.set(hex(phone), newAddress());
    await outbox.flush();
    expect(sent()).toEqual(["one", "one"]);
    expect(outbox.waiting()).toBe(0);
    expect(outbox.refused(numbers)).toBe(false);
  });

  test("counts for all rows or none", async () => {
    const numbers = [...(await put(phone, "one")), ...(await put(tablet, "two"))];
    send.mockRejectedValueOnce(refused);
    await outbox.flush();
    expect(outbox.refused(numbers)).toBe(false);
    expect(outbox.refused([])).toBe(false);
  });

  test("does not bring back a row that was taken back on the way", async () => {
    const numbers = await put(phone, "one");
    send.mockImplementationOnce(async () => {
      await store.transaction((unit) => outbox.drop(unit, numbers));
      throw refused;
    });
    await outbox.flush();
    expect(outbox.waiting()).toBe(0);
  });

  test("is remembered over a restart", async () => {
    const numbers = await put(phone, "one");
    send.mockRejectedValueOnce(refused);
    await outbox.flush();
    outbox = open();
    expect(outbox.refused(numbers)).toBe(true);
    await outbox.flush();
    expect(sent()).toEqual(["one"]);
  });
});

test("what can never be sent is dropped and counted", async () => {
  await put(phone, "too large", "fine");
  send.mockRejectedValueOnce(new PeerError(Code.TOO_LARGE, "no"));
  expect(await outbox.flush()).toBe(true);
  expect(outbox.dropped).toBe(1);
  expect(outbox.waiting()).toBe(0);
});

test("after thirty days it is given up", async () => {
  await put(phone, "one");
  time += KEEP_S;
  addresses.clear();
  await outbox.flush();
  expect(outbox.waiting()).toBe(1);
  time += 1;
  await outbox.flush();
  expect([outbox.waiting(), outbox.dropped, sent().length]).toEqual([0, 1, 0]);
});

test("an address that stands in no record is kept with the content", async () => {
  const invited = newAddress();
  const byHandle = { ...invited, sealingKey: rng(1216) };
  await store.transaction((unit) => {
    outbox.putFixed(unit, invited, utf8("by link"));
    outbox.putFixed(unit, { ...byHandle }, utf8("by handle"));
  });
  outbox = open();
  await outbox.flush();
  expect(send.mock.calls.map(([to]) => hex(to.capability))).toEqual([
    hex(invited.capability),
    hex(invited.capability),
  ]);
  expect("sealingKey" in (send.mock.calls[1]?.[0] ?? {})).toBe(true);
});

test("a full disk stops the round; the row is still there", async () => {
  await put(phone, "one");
  store.failing = new UnavailableError(Code.DISK_FULL, "full");
  await expect(outbox.flush()).rejects.toThrow(UnavailableError);
  store.failing = undefined;
  await outbox.flush();
  expect(sent()).toEqual(["one", "one"]); // twice is harmless
  expect(outbox.waiting()).toBe(0);
});

describe("running", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  test("it sends when it is kicked, tries again with pauses, and ends when told", async () => {
    const stop = new AbortController();
    const running = outbox.run(stop.signal);
    const ended = expect(running).rejects.toThrow("closed");
    await vi.advanceTimersByTimeAsync(0);
    await put(phone, "one");
    send.mockRejectedValueOnce(new UnavailableError(Code.UNAVAILABLE, "away"));
    send.mockRejectedValueOnce(new UnavailableError(Code.UNAVAILABLE, "away"));
    outbox.kick();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000 * (RETRY_S[0] ?? 0));
    expect(sent()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1000 * (RETRY_S[0] ?? 0));
    expect(sent()).toHaveLength(2); // the second pause is longer
    await vi.advanceTimersByTimeAsync(1000 * (RETRY_S[1] ?? 0));
    expect(sent()).toHaveLength(3);
    expect(outbox.waiting()).toBe(0);
    stop.abort(new Error("closed"));
    await ended;
  });
});
