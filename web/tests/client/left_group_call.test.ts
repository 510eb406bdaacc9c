/** What is kept of a group's call for a page that is reloaded, and what of it stays in the history. */

import { beforeEach, expect, test } from "vitest";
import { dataIn } from "../../client/call_rows.ts";
import { GroupCallNotes } from "../../client/group_call_notes.ts";
import { keepCall, takeLeftCall } from "../../client/left_call.ts";
import { fieldsOf, type LeftGroupCall, leftGroupCallOf } from "../../client/left_group_call.ts";
import { compare } from "../../core/bytes.ts";
import { Direction, Outcome } from "../../core/call_entry.ts";
import { decode, encode, isList } from "../../core/cbor.ts";
import { Media } from "../../core/content_records.ts";
import {
  AccountId,
  CallId,
  DoorKey,
  GroupId,
  RoomId,
  random,
  SignatureKey,
} from "../../core/ids.ts";
import { type Party, World } from "./world.ts";

let world: World;
let anna: Party;
let left: LeftGroupCall;

beforeEach(async () => {
  world = new World();
  const [first, bob] = await world.pair();
  anna = first;
  const { rng } = anna.books;
  left = {
    group: random(GroupId, rng),
    call: random(CallId, rng),
    media: Media.VIDEO,
    outgoing: true,
    since: 1000 * (world.time - 60),
    met: {
      at: world.time - 40,
      people: [
        { account: bob.books.account, verified: true },
        { account: random(AccountId, rng), verified: true },
      ],
    },
    microphone: false,
    camera: true,
    recorded: true,
  };
});

const accounts = () => left.met.people.map(({ account }) => account).sort(compare);

test("it is given out once, as it was kept, in a row that is always as long", async () => {
  const row = () => anna.store.items("call.left").map(([, value]) => value)[0] ?? new Uint8Array();
  await keepCall(anna.books, left);
  const size = row().length;
  expect(await takeLeftCall(anna.books, { isRecent: true })).toEqual(left);
  expect([row().length, dataIn(row()).length]).toEqual([size, 0]);
  expect(await takeLeftCall(anna.books, { isRecent: true })).toBeUndefined();
  await keepCall(anna.books, left);
  await keepCall(anna.books, undefined); // it was left
  expect(await takeLeftCall(anna.books, { isRecent: true })).toBeUndefined();
});

test("no key of the call is in it", () => {
  const data = encode(fieldsOf(left));
  const kept = [left.group, left.call, ...accounts()].reduce((sum, one) => sum + one.length, 0);
  // The control: with a key more it would be longer than what is named and a few bytes each.
  expect(data.length).toBeLessThan(kept + 64);
  expect(data.length + DoorKey.LENGTH).toBeGreaterThan(kept + 64);
});

test("what does not read is not come back to", () => {
  const value = decode(encode(fieldsOf(left)));
  const fields = isList(value) ? value : [];
  expect(leftGroupCallOf(fields)).toEqual(left);
  for (const i of fields.keys()) {
    const isSwitch = typeof fields[i] === "boolean";
    const broken = leftGroupCallOf(fields.map((field, at) => (at === i ? null : field)));
    // What cannot be read of microphone and camera is off.
    if (isSwitch) expect(broken).toMatchObject(fields[i] === true ? {} : left);
    else expect(broken).toBeUndefined();
  }
  expect(leftGroupCallOf([])).toBeUndefined();
});

test("it is in the history, and how long it lasted, if that is known", async () => {
  await keepCall(anna.books, left);
  await takeLeftCall(anna.books, { isRecent: false });
  const facts = { outcome: Outcome.ANSWERED, verified: true, recorded: true };
  const entry = { call: left.call, members: accounts(), ...facts };
  const known = { ...entry, direction: Direction.OUTGOING, at: world.time - 60 };
  expect(anna.books.calls.entries()).toMatchObject([{ ...known, seconds: 0 }]);
  await keepCall(anna.books, left);
  await takeLeftCall(anna.books, { isRecent: true });
  expect(anna.books.calls.entries()).toMatchObject([{ ...known, seconds: 40 }]);
});

test("a call that was come back to is one call, with all who were met", async () => {
  const { account, rng } = anna.books;
  const noted: unknown[] = [];
  const ways = {
    account,
    now: () => world.time,
    note: async (entry: unknown) => void noted.push(entry),
    others: async () => [],
  };
  const secrets = { room: random(RoomId, rng), door: random(DoorKey, rng) };
  const going = { ...left, ...secrets, by: account, at: world.time - 60 };
  const whole = { call: left.call, outcome: Outcome.ANSWERED, at: world.time - 60 };

  // It came to nothing: it lasted until the page was reloaded.
  const inVain = new GroupCallNotes(ways, left);
  expect(inVain.met).toEqual(left.met);
  world.time += 20;
  await inVain.over(going, true);
  expect(noted).toMatchObject([{ ...whole, seconds: 40, members: accounts(), recorded: true }]);

  const back = new GroupCallNotes(ways, left);
  const [bob] = left.met.people;
  const key = random(SignatureKey, rng);
  const there = { leaf: 1, key, name: "bob", own: false, guest: false, shows: undefined };
  if (bob === undefined) throw new Error("nobody");
  back.show([{ ...there, ...bob }]);
  world.time += 20;
  await back.over(going, false);
  expect(noted[1]).toMatchObject({ ...whole, seconds: 80, members: accounts(), verified: true });
  expect(noted[1]).toMatchObject({ recorded: false });
});
