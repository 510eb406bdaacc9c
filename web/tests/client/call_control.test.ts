/** What a person decides about their history reaches their other devices at once; wishes of contacts. */

import { beforeEach, describe, expect, test } from "vitest";
import { CallControl } from "../../client/call_control.ts";
import { missedCall } from "../../client/call_notes.ts";
import { dataIn } from "../../client/call_rows.ts";
import { moveCalls } from "../../client/call_rows_before.ts";
import { MESSAGE_KIND, MessageKind, NoticeKind } from "../../client/history.ts";
import { keepCall, type LeftCall, takeLeftCall } from "../../client/left_call.ts";
import { concat, hex, uint } from "../../core/bytes.ts";
import { Direction, Outcome } from "../../core/call_entry.ts";
import { type Encodable, encode } from "../../core/cbor.ts";
import { Media } from "../../core/content_records.ts";
import { CallId, MessageId, random } from "../../core/ids.ts";
import { PRESETS, Preset } from "../../core/keeping.ts";
import { type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

const control = ({ books, conversations }: Party) =>
  new CallControl(books, conversations, () => undefined);
const id = () => random(CallId, anna.books.rng);
const calls = ({ books }: Party) => books.calls.entries().map(({ call }) => call);

async function note(party: Party, other: Party, call = id()): Promise<CallId> {
  const { account } = other.books;
  const entry = missedCall(call, account, Media.VOICE, { at: world.time - 60, verified: false });
  const answered = { ...entry, outcome: Outcome.ANSWERED, seconds: 5 };
  await party.store.transaction((unit) => party.books.calls.note(unit, answered));
  return call;
}

describe("our other devices", () => {
  let laptop: Party;

  beforeEach(async () => {
    laptop = await world.link(anna);
    await settle(anna, laptop, bob);
  });

  test("are told at once what was deleted, and what goes first is not there later", async () => {
    const [one, two] = [await note(anna, bob), await note(anna, bob)];
    for (const call of [one, two]) await note(laptop, bob, call);
    await control(anna).delete([one]);
    expect(calls(laptop)).toHaveLength(2); // the control: it has not heard of it
    await settle(anna, laptop);
    expect([calls(anna), calls(laptop)]).toEqual([[two], [two]]);
    await note(laptop, bob, one);
    expect(calls(laptop)).toEqual([two]);
  });

  test("are told at once that all was deleted, and what comes after stays", async () => {
    await note(anna, bob);
    await note(laptop, bob);
    await control(anna).deleteAll();
    await settle(anna, laptop);
    expect([calls(anna), calls(laptop)]).toEqual([[], []]);
    world.time += 120;
    const later = await note(laptop, bob);
    expect(calls(laptop)).toEqual([later]);
  });

  test("follow the settings at once", async () => {
    await note(laptop, bob);
    const chosen = await control(anna).choose(Preset.NOTHING_KEPT);
    await settle(anna, laptop);
    expect(laptop.books.calls.settings(laptop.store)).toEqual(chosen);
    expect(chosen).toMatchObject({ keep: PRESETS[Preset.NOTHING_KEPT].keep, count: 1 });
    expect(calls(laptop)).toEqual([]);
  });

  test("are told after a crash what they were not told before", async () => {
    const call = await note(anna, bob);
    await note(laptop, bob, call);
    const silent = { sendInner: () => new Promise<void>(() => {}) };
    const dead = new CallControl(
      anna.books,
      { ...silent, sendSelfMade: silent.sendInner },
      () => undefined,
    );
    void dead.delete([call]);
    await expect.poll(() => calls(anna)).toEqual([]);
    const again = await anna.restarted();
    await settle(again, laptop);
    expect(calls(laptop)).toEqual([call]); // the control
    await control(again).tell();
    await settle(again, laptop);
    expect(calls(laptop)).toEqual([]);
    expect(again.store.count("calls.untold")).toBe(0);
  });
});

test("who has no other device has nothing left to tell", async () => {
  await control(anna).delete([await note(anna, bob)]);
  expect(anna.store.count("calls.untold")).toBe(0);
});

test("what is not said of a mark stays", async () => {
  const call = await note(anna, bob);
  await control(anna).mark(call, { note: "about the roof" });
  await control(anna).mark(call, { pinned: true });
  expect(anna.books.calls.get(anna.store, call)?.mark).toMatchObject({
    note: "about the roof",
    pinned: true,
  });
});

describe("a request to forget (R-11)", () => {
  test("is a request: the other side decides, and who asked learns nothing", async () => {
    const [one, two] = [id(), id()];
    for (const call of [one, two]) await note(bob, anna, call);
    await control(anna).askToForget(bob.books.account, [one]);
    await settle(anna, bob);
    expect(calls(bob)).toHaveLength(2);
    expect(bob.books.calls.wishes(bob.store)).toEqual(new Map([[hex(one), anna.books.account]]));
    expect(bob.notices).toContain(NoticeKind.ASKED_TO_FORGET);
    const sent = bob.sent.mock.calls.length;
    expect(await control(bob).answerWish(anna.books.account, { delete: true })).toBe(1);
    expect([calls(bob), bob.books.calls.wishes(bob.store).size]).toEqual([[two], 0]);
    expect(bob.notices).not.toContain(NoticeKind.ASKED_TO_FORGET);
    await control(anna).askToForget(bob.books.account, [two]);
    await settle(anna, bob);
    expect(await control(bob).answerWish(anna.books.account, { delete: false })).toBe(1);
    expect([calls(bob), bob.books.calls.wishes(bob.store).size]).toEqual([[two], 0]);
    expect(bob.sent.mock.calls.length).toBe(sent);
  });

  test("cannot wish away calls with others, nor what is not there", async () => {
    const carol = await world.signUp("carol");
    await world.befriend(bob, carol);
    const call = await note(bob, carol);
    await control(anna).askToForget(bob.books.account, [call, id()]);
    await settle(anna, bob);
    expect(bob.books.calls.wishes(bob.store).size).toBe(0);
    expect(bob.notices).not.toContain(NoticeKind.ASKED_TO_FORGET);
  });

  test("goes with the call", async () => {
    const call = await note(bob, anna);
    await control(anna).askToForget(bob.books.account, [call]);
    await settle(anna, bob);
    expect(bob.store.count("calls.asked")).toBe(1);
    await control(bob).deleteAll();
    expect(bob.store.count("calls.asked")).toBe(0);
  });
});

describe("a missed call", () => {
  async function missed(call: CallId, at: number): Promise<void> {
    const content = { kind: "call.missed", call, at, media: Media.VIDEO } as const;
    const more = { id: random(MessageId, anna.books.rng) };
    const { account } = bob.books;
    await anna.conversations.sendInner(account, { ...more, ...content }, { durable: true });
    await settle(anna, bob);
  }

  test("is noted once however often it is told, and whoever reads along is told (R-02)", async () => {
    const call = id();
    for (let i = 0; i < 2; i++) await missed(call, world.time - 30);
    expect(bob.books.calls.entries()).toMatchObject([
      { call, outcome: Outcome.MISSED, media: Media.VIDEO, at: world.time - 30 },
    ]);
    bob.books.history.incoming.close();
    const told: string[] = [];
    for await (const { text } of bob.books.history.incoming.read()) told.push(text);
    expect(told).toEqual(["Missed video call"]);
    expect(bob.texts(anna)).toEqual([]); // it is no message
  });

  test.each([
    ["ahead", 86_400],
    ["behind", -32 * 86_400],
  ])("of a clock that is far %s counts from now", async (_, by) => {
    await missed(id(), world.time + by);
    expect(bob.books.calls.entries()).toMatchObject([{ at: world.time }]);
  });
});

describe("a call that a page was in", () => {
  const left = (call: CallId): LeftCall => ({
    contact: bob.books.account,
    call,
    noted: call,
    media: Media.VIDEO,
    outgoing: true,
    since: 1000 * (world.time - 40),
    microphone: true,
    camera: false,
    recorded: false,
  });

  test("is in the history when the page comes back, and goes on as one", async () => {
    const first = left(id());
    await keepCall(anna.books, first);
    expect(calls(anna)).toEqual([]);
    expect(await takeLeftCall(anna.books, { isRecent: true })).toEqual(first);
    expect(anna.books.calls.entries()).toMatchObject([
      { call: first.call, direction: Direction.OUTGOING, outcome: Outcome.ANSWERED, seconds: 40 },
    ]);
    // It is reloaded once more: another call for the protocol, the same one for a person.
    world.time += 20;
    const second = { ...first, call: id(), recorded: true };
    await keepCall(anna.books, second);
    expect(await takeLeftCall(anna.books, { isRecent: true })).toEqual(second);
    expect(anna.books.calls.entries()).toMatchObject([
      { call: first.call, seconds: 60, recorded: true },
    ]);
    expect(await takeLeftCall(anna.books, { isRecent: true })).toBeUndefined();
  });

  test("leaves a row of one size that holds nothing", async () => {
    const row = () => anna.store.items("call.left").map(([, value]) => value);
    await keepCall(anna.books, undefined);
    expect(row()).toEqual([]); // there was none
    await keepCall(anna.books, left(id()));
    const [before] = row();
    expect(dataIn(before ?? new Uint8Array()).length).toBeGreaterThan(0);
    await keepCall(anna.books, undefined);
    const [after, ...more] = row();
    expect([after?.length, more]).toEqual([before?.length, []]);
    expect(dataIn(after ?? new Uint8Array())).toHaveLength(0);
    expect(await takeLeftCall(anna.books, { isRecent: true })).toBeUndefined();
    expect(calls(anna)).toEqual([]);
  });

  test("and that nobody came back into, was there; how long, nobody knows", async () => {
    await keepCall(anna.books, left(id()));
    await takeLeftCall(anna.books, { isRecent: false });
    expect(anna.books.calls.entries()).toMatchObject([{ outcome: Outcome.ANSWERED, seconds: 0 }]);
  });
});

test("calls that a profile kept among its messages are moved into the history, once", async () => {
  const kind = MESSAGE_KIND + hex(bob.books.account);
  const missed = id();
  const old = async (call: CallId, ...fields: Encodable[]) => {
    const key = concat(uint(world.time, 8), uint(0, 8), call);
    await anna.store.transaction((unit) => unit.put(kind, key, encode(fields)));
  };
  const at = world.time - 600;
  await old(missed, at, false, "Missed video call", MessageKind.MISSED_CALL);
  await old(id(), at + 90, true, "", MessageKind.CALL_ENDED, Media.VIDEO, 80);
  await old(id(), at + 5, true, "", MessageKind.CALL_UNANSWERED, Media.VOICE, 0);
  await anna.conversations.sendText(bob.books.account, "hello");
  expect(anna.texts(bob)).toEqual(["hello"]); // they are no error meanwhile
  for (let i = 0; i < 2; i++) await anna.store.transaction((unit) => moveCalls(unit, anna.books));
  expect(anna.books.calls.entries()).toMatchObject([
    { outcome: Outcome.ANSWERED, direction: Direction.OUTGOING, at: at + 10, seconds: 80 },
    { outcome: Outcome.UNANSWERED, direction: Direction.OUTGOING, at: at + 5, media: Media.VOICE },
    { call: missed, outcome: Outcome.MISSED, direction: Direction.INCOMING, at },
  ]);
  expect(anna.store.count(kind)).toBe(1);
  expect(anna.texts(bob)).toEqual(["hello"]);
});
