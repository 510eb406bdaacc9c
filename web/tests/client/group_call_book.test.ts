/** What this device keeps of calls that go on in its groups. */

import { beforeEach, describe, expect, test } from "vitest";
import {
  AT_ONCE_S,
  GOING_ON_KIND,
  type GoingOn,
  GroupCallBook,
} from "../../client/group_call_book.ts";
import { copy, hex } from "../../core/bytes.ts";
import { encode } from "../../core/cbor.ts";
import { Media } from "../../core/content_records.ts";
import { AccountId, CallId, DoorKey, GroupId, RoomId, random } from "../../core/ids.ts";
import { MemoryStore } from "./memory_store.ts";
import { rng } from "./people.ts";

const GROUP = random(GroupId, rng);
const AT = 1_800_000_000;

let store: MemoryStore;
let book: GroupCallBook;
let now: number;

beforeEach(() => {
  store = new MemoryStore();
  now = AT;
  book = new GroupCallBook(() => now);
});

/** A call; the lower the number, the lower its id. */
function call(number: number, at = AT, group = GROUP): GoingOn {
  const id = new CallId(new Uint8Array(CallId.LENGTH).fill(number));
  const secrets = { room: random(RoomId, rng), door: random(DoorKey, rng) };
  return { group, call: id, ...secrets, media: Media.VIDEO, by: random(AccountId, rng), at };
}

const note = (going: GoingOn) => store.transaction((unit) => book.note(unit, going));
const began = (going: GoingOn, live: boolean) =>
  store.transaction((unit) => book.began(unit, going, { live }));
const standing = (group = GROUP) => book.get(store, group)?.call;

describe("of two calls of one group", () => {
  test("that begin at once the one with the lower id stands, whichever comes first", async () => {
    for (const [first, second] of [
      [call(1), call(2, AT + AT_ONCE_S)],
      [call(2), call(1, AT + AT_ONCE_S)],
      [call(2), call(1, AT - AT_ONCE_S)],
    ] as const) {
      await store.transaction((unit) => book.drop(unit, GROUP));
      expect(await note(first)).toBe(true);
      expect(await note(second)).toBe(second.call[0] === 1);
      expect(standing()?.[0]).toBe(1);
    }
  });

  test("that begin apart the later one stands", async () => {
    await note(call(1));
    expect(await note(call(2, AT + AT_ONCE_S + 1))).toBe(true);
    expect(await note(call(1))).toBe(false);
    expect(standing()?.[0]).toBe(2);
  });

  test("the same one said again stands, and is no news", async () => {
    const first = call(1);
    expect(await began(first, false)).toBe(true);
    expect(await began(first, true)).toBe(false);
    expect(await note(first)).toBe(true);
  });
});

test("what is kept is read as it was, group by group", async () => {
  const [one, other] = [call(1), call(2, AT, random(GroupId, rng))];
  await note(one);
  await note(other);
  const facts = (going: GoingOn | undefined) =>
    going && [going.media, going.at, ...[going.room, going.door, going.by].map((id) => hex(id))];
  expect(facts(book.get(store, one.group))).toEqual(facts(one));
  expect(facts(book.get(store, other.group))).toEqual(facts(other));
});

test("it is forgotten when it is over, and no other one with it", async () => {
  const over: string[] = [];
  book.onOver((group, id) => over.push(hex(group) + hex(id)));
  await note(call(1));
  await store.transaction((unit) => book.over(unit, GROUP, call(2).call));
  expect(standing()?.[0]).toBe(1);
  await store.transaction((unit) => book.over(unit, GROUP, call(1).call));
  expect(standing()).toBeUndefined();
  expect(over).toEqual([call(2), call(1)].map((one) => hex(GROUP) + hex(one.call)));
});

test("who is out of the group keeps nothing of its call, and is told", async () => {
  const dropped: string[] = [];
  book.onDropped((group) => dropped.push(hex(group)));
  await note(call(1));
  await store.transaction((unit) => book.drop(unit, GROUP));
  expect([standing(), dropped, store.count(GOING_ON_KIND)]).toEqual([undefined, [hex(GROUP)], 0]);
});

test("listeners hear of it once it is on disk, and never if that fails", async () => {
  const heard: unknown[] = [];
  book.onBegan((going, live) => heard.push([going.call[0], live, standing()?.[0]]));
  await began(call(1), true);
  await began(call(1), false);
  const failing = store.transaction((unit) => {
    book.began(unit, call(3, AT + 1000), { live: true });
    throw new Error("the disk is full");
  });
  await expect(failing).rejects.toThrow("the disk is full");
  expect(heard).toEqual([
    [1, true, 1],
    [1, false, 1],
  ]);
});

test("what came live before anybody listened rings as long as it would have", async () => {
  const heard = () => {
    const found: unknown[] = [];
    book.onBegan((going, live) => found.push([going.call[0], live]));
    return found;
  };
  await began(call(1), true);
  await began(call(2, AT, random(GroupId, rng)), false);
  await began(call(3, AT, random(GroupId, rng)), true);
  await store.transaction((unit) => book.over(unit, random(GroupId, rng), call(3).call));
  now += 44;
  expect(heard()).toEqual([[1, true]]);
  expect(heard()).toEqual([]); // once
  book = new GroupCallBook(() => now);
  await began(call(1), true);
  now += 46;
  expect(heard()).toEqual([]);
});

test("a row that cannot be read says so", async () => {
  for (const row of [encode([1]), encode([call(1).call, 1, 2, 3, "video", AT])]) {
    await store.transaction((unit) => unit.put(GOING_ON_KIND, copy(GROUP), row));
    expect(() => book.get(store, GROUP)).toThrow("malformed");
  }
});
