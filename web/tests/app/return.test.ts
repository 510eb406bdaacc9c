/** When a page that was reloaded comes back into a group's call: only as it was, just now, in this tab. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  COME_BACK_MS,
  Keeper,
  leftGroupCallOf,
  noteLeaving,
  wasLeftJustNow,
} from "../../app/live_return.ts";
import { DESK } from "../../app/scenes/fixtures.ts";
import type { GroupCall } from "../../client/group_call_objects.ts";
import type { LeftGroupCall } from "../../client/left_group_call.ts";
import { AccountId, CallId, GroupId } from "../../core/ids.ts";

const id = <T>(Kind: { new (bytes: Uint8Array<ArrayBuffer>): T; LENGTH: number }, byte: number) =>
  new Kind(new Uint8Array(Kind.LENGTH).fill(byte, Kind.LENGTH - 1)); // alike in how they are printed
const [OWN, OTHER] = [id(AccountId, 1), id(AccountId, 2)];
const MET = { at: 1_800_000_000, people: [{ account: OTHER, verified: false }] };
const DESK_ON = { ...DESK, micOn: true, cameraOn: true };

type Fields = Partial<Record<"met" | "isInside" | "members" | "endReason" | "going", unknown>>;

function call(fields: Fields = {}): GroupCall {
  const going = { group: id(GroupId, 3), call: id(CallId, 4), by: OWN };
  const members = [
    { own: true, guest: false },
    { own: false, guest: false },
  ];
  const recording = { wasRecorded: true };
  return { going, members, met: MET, isInside: true, recording, ...fields } as unknown as GroupCall;
}

function left(fields: Fields = {}, more: Partial<Parameters<typeof leftGroupCallOf>[0]> = {}) {
  const talk = { account: OWN, connectedAt: 5000, media: "video", isLeaving: false } as const;
  return leftGroupCallOf({ ...talk, call: call(fields), ...more }, DESK_ON);
}

describe("what is kept", () => {
  test("is which call, what was on, and whom the history has to name", () => {
    expect(left()).toEqual({
      ...{ group: id(GroupId, 3), call: id(CallId, 4), media: "video", outgoing: true },
      ...{ since: 5000, met: MET, microphone: true, camera: true, recorded: true },
    });
    const { call: same } = { call: call() };
    const talk = { account: OTHER, connectedAt: 5000, media: "voice", isLeaving: false } as const;
    const muted = { ...DESK_ON, micOn: false, cameraOn: false };
    expect(leftGroupCallOf({ ...talk, call: same }, muted)).toMatchObject({
      ...{ media: "voice", outgoing: false, microphone: false, camera: false },
    });
  });

  test("is nothing before there was anybody, after the end, and of who is leaving", () => {
    expect(left({ met: undefined })).toBeUndefined();
    expect(left({}, { connectedAt: undefined })).toBeUndefined();
    expect(left({ endReason: "left" })).toBeUndefined();
    expect(left({}, { isLeaving: true })).toBeUndefined();
  });

  test("is nothing while only guests are there, who let nobody in; cut off, it is what it was", () => {
    const guests = [
      { own: true, guest: false },
      { own: false, guest: true },
    ];
    expect(left({ members: guests })).toBeUndefined();
    expect(left({ members: guests.slice(0, 1) })).toBeUndefined();
    expect(left({ members: [], isInside: false })).toBeDefined();
  });
});

describe("the keeper", () => {
  const some = left() as LeftGroupCall;

  test("has what is written, just so, and nothing that is on its way", async () => {
    const writes: (() => void)[] = [];
    const keeper = new Keeper(() => new Promise<void>((done) => writes.push(done)));
    keeper.keep(some);
    expect(keeper.has(some)).toBe(false);
    writes[0]?.();
    await vi.waitFor(() => expect(keeper.has(some)).toBe(true));
    keeper.keep({ ...some });
    expect(writes).toHaveLength(1); // it has it
    // Muted a moment ago: until that is written, the page does not count as left in a call.
    const muted = { ...some, microphone: false };
    expect(keeper.has(muted)).toBe(false);
    keeper.keep(muted);
    expect([keeper.has(some), keeper.has(muted)]).toEqual([false, false]);
    keeper.keep(undefined);
    writes[1]?.();
    writes[2]?.();
    await Promise.resolve();
    expect([some, muted, undefined].map((one) => keeper.has(one))).toEqual([false, false, false]);
  });

  test("tells one call from another by all that is kept of it, of calls of two as well", async () => {
    const two = {
      ...{ contact: OTHER, call: id(CallId, 4), noted: id(CallId, 4), media: "voice" as const },
      ...{ outgoing: true, since: 5000, microphone: true, camera: false },
      recorded: false,
    };
    for (const [one, other] of [
      [two, { ...two, microphone: false }],
      [two, { ...two, recorded: true }],
      [two, { ...two, contact: OWN }],
      [two, { ...two, call: id(CallId, 5) }],
      [some, { ...some, group: id(GroupId, 5) }],
      [some, { ...some, met: { ...MET, people: [{ account: OWN, verified: false }] } }],
      [some, two],
    ] as const) {
      const keeper = new Keeper(async () => undefined);
      keeper.keep(one);
      await vi.waitFor(() => expect(keeper.has({ ...one })).toBe(true));
      expect(keeper.has(other)).toBe(false);
    }
  });

  test("has nothing if the store takes nothing", async () => {
    const keeper = new Keeper(() => Promise.reject(new Error("full")));
    keeper.keep(some);
    await Promise.resolve();
    expect(keeper.has(some)).toBe(false);
  });
});

describe("leaving a page", () => {
  let tab: Map<string, string>;
  let listeners: (() => void)[];

  const storage = () => ({
    getItem: (key: string) => tab.get(key) ?? null,
    setItem: (key: string, value: string) => void tab.set(key, value),
    removeItem: (key: string) => void tab.delete(key),
  });
  const leave = () => {
    for (const listener of listeners) listener();
  };

  beforeEach(() => {
    [tab, listeners] = [new Map(), []];
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    vi.stubGlobal("sessionStorage", storage());
    vi.stubGlobal("addEventListener", (kind: string, listener: () => void) => {
      if (kind === "pagehide") listeners.push(listener);
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("in a call counts for half a minute, once", () => {
    noteLeaving(() => true);
    leave();
    vi.setSystemTime(Date.now() + COME_BACK_MS - 1);
    expect([wasLeftJustNow(), wasLeftJustNow()]).toEqual([true, false]);
    leave();
    vi.setSystemTime(Date.now() + COME_BACK_MS);
    expect(wasLeftJustNow()).toBe(false);
  });

  test("in no call, or in another tab, does not count", () => {
    noteLeaving(() => false);
    leave();
    expect(wasLeftJustNow()).toBe(false);
    noteLeaving(() => true);
    leave();
    tab = new Map(); // another tab has a storage of its own
    expect(wasLeftJustNow()).toBe(false);
  });

  test("says when, and nothing else", () => {
    noteLeaving(() => true);
    leave();
    expect([...tab.values()]).toEqual([String(Date.now())]);
  });
});
