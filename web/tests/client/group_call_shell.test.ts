/** Group calls with real keys on a virtual clock: devices, their shells and a room. */

import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { GroupCallKeys } from "../../client/group_call_keys.ts";
import { ABSENT_S, CUT_AGAIN_S, UNLISTED_S } from "../../client/group_call_presence.ts";
import type { Watcher } from "../../client/group_call_seam.ts";
import { GroupCallShell, LOOK_S } from "../../client/group_call_shell.ts";
import { type Bytes, equal, utf8 } from "../../core/bytes.ts";
import { encodeInGroupCall } from "../../core/content.ts";
import { type GroupCallState, Reaction, type Sign } from "../../core/content_group_call.ts";
import { Refusal, Why } from "../../core/content_room_fields.ts";
import { Code, PeerError, UsageError } from "../../core/errors.ts";
import { GATHER_S, type Inside, LeftReason, SWITCH_S } from "../../core/group_call_types.ts";
import { FeedId } from "../../core/ids.ts";
import type { KeyPackageBundle, MemberInfo } from "../../core/mls/index.ts";
import type { GroupMedia } from "../../media/group_interfaces.ts";
import { flipped } from "../core_vectors.ts";
import { NOW } from "./call_seam.ts";
import { Crew, NOT_RECORDING } from "./group_call_crew.ts";
import { TestFrames } from "./group_call_frames.ts";
import { Hub, NOTICED_S, Room } from "./group_call_room.ts";
import { VirtualClock } from "./virtual_clock.ts";

let crew: Crew;
let clock: VirtualClock;

beforeAll(async () => {
  crew = await Crew.make();
});
beforeEach(() => {
  clock = new VirtualClock();
  clock.install();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const monotonic = () => clock.now;

const HAND: GroupCallState = {
  kind: "groupcall.state",
  ...{ hand: true, microphone: false, camera: false, screen: false },
};

/** One device in the call, and what its person was shown. */
class Person implements Watcher {
  readonly number: number;
  readonly room: Room;
  readonly frames = new TestFrames(monotonic);
  readonly seen: [came: readonly number[], went: readonly number[]][] = [];
  readonly strangers: number[] = [];
  readonly ended: LeftReason[] = [];
  readonly signs: [leaf: number, sign: Sign][] = [];
  readonly keys: GroupCallKeys;
  readonly shell: GroupCallShell;
  /** How `run` ended. */
  readonly done: Promise<unknown>;
  readonly #stop = new AbortController();

  constructor(number: number, keys: GroupCallKeys, hub: Hub, media?: GroupMedia) {
    this.number = number;
    this.keys = keys;
    this.room = new Room(hub, () => keys.roomKey());
    const { room, frames } = this;
    const parts = { keys, room, frames, watcher: this, unix: () => NOW, monotonic };
    this.shell = new GroupCallShell({ ...parts, recording: NOT_RECORDING });
    if (media !== undefined) this.shell.attach(media);
    this.done = this.shell.run(this.#stop.signal).catch((error: unknown) => error);
  }

  changed(came: readonly MemberInfo[], went: readonly MemberInfo[]): void {
    this.seen.push([came.map(who), went.map(who)]);
  }

  said(leaf: number, sign: Sign): void {
    this.signs.push([leaf, sign]);
  }

  unlisted(count: number): void {
    this.strangers.push(count);
  }

  over(reason: LeftReason): void {
    this.ended.push(reason);
  }

  get state(): Inside {
    const { state } = this.shell;
    if (state.kind !== "inside") throw new Error(`${this.number} is ${state.kind}`);
    return state;
  }

  /** End the program, without a word. */
  kill(): void {
    this.room.die();
    this.#stop.abort(new Error("killed"));
  }
}

function who({ identity }: MemberInfo): number {
  return crew.people.findIndex((keys) => equal(keys.credential, identity));
}

/** A call and whoever is in it. */
class Call {
  readonly hub: Hub;
  people: Person[];

  constructor(first: GroupCallKeys, key: Bytes, media?: GroupMedia) {
    this.hub = new Hub(clock, key);
    this.people = [new Person(0, first, this.hub, media)];
  }

  /** Have somebody ask all members, as often as it takes. */
  async join(number: number): Promise<Person> {
    const bundle = await crew.keyPackage(number);
    const welcomes: Bytes[] = [];
    while (welcomes.length === 0) {
      this.wish(bundle.keyPackage, welcomes);
      const again = clock.now + 3;
      await clock.until(() => welcomes.length > 0 || clock.now > again);
    }
    return await this.enter(number, welcomes[0] ?? null, bundle);
  }

  wish(keyPackage: Bytes, welcomes: Bytes[] = []): void {
    for (const { shell } of this.people) shell.wish(keyPackage, (one) => void welcomes.push(one));
  }

  async enter(number: number, welcome: Bytes | null, bundle: KeyPackageBundle): Promise<Person> {
    const person = new Person(number, await crew.join(number, welcome, bundle), this.hub);
    this.people.push(person);
    return person;
  }

  drop(person: Person): Person {
    this.people = this.people.filter((one) => one !== person);
    return person;
  }

  at(place: number): Person {
    const person = this.people[place];
    if (person === undefined) throw new Error("nobody there");
    return person;
  }

  /** All have the same keys, send with them, and open each other's frames. */
  async expectOne(): Promise<void> {
    expect(new Set(this.people.map(({ state }) => state.epoch)).size).toBe(1);
    for (const person of this.people) {
      expect(person.state.sending).toBe(person.state.epoch);
      expect(person.state.leaves.size).toBe(this.people.length);
      const frame = await person.frames.sealed();
      for (const other of this.people) {
        if (other === person) continue;
        const hears = await other.frames.opens(frame);
        expect([person.number, other.number, hears]).toEqual([person.number, other.number, true]);
      }
    }
  }
}

async function begun(media?: GroupMedia): Promise<Call> {
  const first = await crew.found();
  return new Call(first, await first.roomKey(), media);
}

async function started(count: number): Promise<Call> {
  const call = await begun();
  await Promise.all(Array.from({ length: count - 1 }, (_, i) => call.join(i + 1)));
  call.people.sort((one, other) => one.number - other.number);
  await clock.wait(2);
  await call.expectOne();
  return call;
}

/** Tell a story on the clock; whoever is still in a call at its end is put out of it. */
function story(title: string, tell: () => Promise<Call>): void {
  test(title, () =>
    clock.run(
      (async () => {
        const { people } = await tell();
        for (const person of people) person.kill();
        await Promise.all(people.map(({ done }) => done));
      })(),
    ),
  );
}

story("people come, and everybody hears everybody", async () => {
  const call = await started(4);
  expect(call.hub.commits.length).toBeLessThanOrEqual(2);
  const came = call.at(0).seen.flatMap(([numbers]) => numbers);
  expect(came.toSorted()).toEqual([1, 2, 3]);
  for (const { frames } of call.people) {
    expect(frames.given.length).toBeGreaterThan(1);
    for (const key of frames.given) expect(key).toEqual(new Uint8Array(32));
  }
  return call;
});

story("what members show reaches all, and whoever comes later", async () => {
  const call = await started(3);
  const [anna, bob, carla] = [call.at(0), call.at(1), call.at(2)];
  const shown = HAND;
  anna.shell.show(shown);
  bob.shell.react(Reaction.CLAP);
  expect(bob.shell.tell(carla.state.own, { kind: "groupcall.please_mute" })).toBe(true);
  await clock.wait(1);
  const [isAnna, isBob] = [anna.state.own, bob.state.own];
  const clapped = { kind: "groupcall.reaction", reaction: Reaction.CLAP };
  expect(anna.signs).toEqual([[isBob, clapped]]);
  expect(bob.signs).toEqual([[isAnna, shown]]);
  // What was said to one alone nobody else is told.
  expect(carla.signs).toContainEqual([isAnna, shown]);
  expect(carla.signs.filter(([leaf]) => leaf === isBob)).toEqual([
    [isBob, clapped],
    [isBob, { kind: "groupcall.please_mute" }],
  ]);
  const later = await call.join(3);
  await clock.wait(1);
  expect(later.signs).toEqual([[isAnna, shown]]);
  return call;
});

story("what changed while one was away is said again", async () => {
  const call = await started(2);
  const [anna, bob] = [call.at(0), call.at(1)];
  anna.room.cut(1);
  anna.shell.show(HAND);
  await clock.wait(0.5);
  expect(bob.signs).toEqual([]);
  await clock.wait(2);
  expect(bob.signs).toContainEqual([anna.state.own, HAND]);
  return call;
});

story("who leaves is out in under a second, and opens nothing more", async () => {
  const call = await started(4);
  const leaver = call.at(2);
  const stolen = await leaver.keys.frameKeys(); // Kept, whatever the program says.
  const kept = new TestFrames(monotonic);
  await kept.install(BigInt(stolen.epoch), stolen.baseKey, stolen.others);
  expect(await kept.opens(await call.at(0).frames.sealed())).toBe(true); // The control.
  call.drop(leaver);
  leaver.shell.leave();
  const { epoch } = call.at(0).state;
  const leftAt = clock.now;
  await clock.until(() => call.people.every(({ state }) => state.sending !== epoch));
  expect(clock.now - leftAt).toBeLessThanOrEqual(GATHER_S + SWITCH_S + 0.2);
  expect(leaver.ended).toEqual([LeftReason.LEFT]);
  expect(await leaver.done).toBeUndefined();
  expect([leaver.frames.wiped, leaver.shell.wasLast]).toEqual([true, false]);
  await expect(leaver.keys.roomKey()).rejects.toMatchObject({
    detail: expect.stringContaining("CK-062"),
  });
  expect(call.at(0).seen.at(-1)).toEqual([[], [2]]);
  for (const { frames } of call.people) {
    expect(await kept.opens(await frames.sealed())).toBe(false);
  }
  await call.expectOne();
  return call;
});

story("the last one who leaves knows it", async () => {
  const call = await started(2);
  const [first, last] = [call.drop(call.at(0)), call.at(0)];
  first.shell.leave();
  await first.done;
  await clock.wait(2);
  call.drop(last).shell.leave();
  await last.done;
  expect([first.shell.wasLast, last.shell.wasLast]).toEqual([false, true]);
  return call;
});

story("who vanishes is removed and cut off", async () => {
  const call = await started(4);
  call.drop(call.at(0)).kill(); // Whose turn it would have been.
  await clock.wait(NOTICED_S + 2);
  await call.expectOne();
  expect(call.at(0).seen.at(-1)).toEqual([[], [0]]);
  return call;
});

story("a short cut removes nobody", async () => {
  const call = await started(3);
  const before = call.hub.commits.length;
  call.at(1).room.cut(1);
  await clock.wait(3);
  await call.expectOne();
  // Its old number went and it has another: it was back before its turn was over.
  expect(call.hub.commits.length).toBe(before);
  return call;
});

story("who was away too long is told, and comes back as another member", async () => {
  const call = await started(3);
  const away = call.at(1);
  away.room.cut(8);
  await clock.wait(10);
  expect(away.ended).toEqual([LeftReason.REMOVED]);
  call.drop(away);
  await call.expectOne();
  await call.join(1);
  await clock.wait(2);
  await call.expectOne();
  return call;
});

story("who comes back finds the commits that it lacks", async () => {
  const call = await started(3);
  const away = call.at(2);
  away.room.cut(1.5); // Shorter than it takes to be missed.
  await call.join(3);
  await clock.wait(4);
  await call.expectOne();
  expect(away.ended).toEqual([]);
  return call;
});

story("who lost its state takes its own old place", async () => {
  const call = await started(3);
  const old = call.drop(call.at(2));
  old.kill();
  await call.join(2);
  await clock.wait(2);
  await call.expectOne();
  expect(call.at(0).seen.at(-1)).toEqual([[2], [2]]);
  return call;
});

story("who is removed at once is not kept by its first word", async () => {
  const call = await started(2);
  const anna = call.at(0);
  const carla = await call.join(2);
  // Known as a member, and not yet by its number in the room.
  anna.shell.remove(Math.max(...anna.state.leaves));
  await clock.wait(1);
  call.drop(carla);
  expect(carla.ended).toEqual([LeftReason.REMOVED]);
  await call.expectOne();
  return call;
});

story(
  "a stranger in the room is seen (R-25): the server lets in whom no member added",
  async () => {
    const call = await started(3);
    const room = new Room(call.hub, () => call.at(0).keys.roomKey());
    await clock.wait(UNLISTED_S + 2 * LOOK_S + 0.5);
    expect(call.people.map(({ strangers }) => strangers)).toEqual([[1], [1], [1]]);
    await room.leave();
    await clock.wait(2 * LOOK_S);
    expect(call.people.map(({ strangers }) => strangers)).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    return call;
  },
);

story("a member who never enters the room is removed", async () => {
  const call = await started(2);
  call.wish((await crew.keyPackage(5)).keyPackage);
  await clock.wait(2);
  expect(call.at(0).state.leaves.size).toBe(3);
  await clock.wait(ABSENT_S + 2);
  await call.expectOne();
  return call;
});

story("who is removed is cut off, though the one that did it vanished", async () => {
  const call = await started(4);
  const author = call.people.toSorted((one, other) => one.state.own - other.state.own)[0];
  const removed = call.people.find((person) => person !== author);
  if (author === undefined || removed === undefined) throw new Error("nobody there");
  const { number } = removed.room;
  author.room.swallows = ({ kind }) => kind === "room.evict";
  removed.room.stays = true; // A hostile one stays.
  author.shell.remove(removed.state.own);
  call.drop(removed);
  await clock.wait(0.3);
  expect(removed.ended).toEqual([LeftReason.REMOVED]);
  call.drop(author).kill();
  expect(call.hub.inside.has(number)).toBe(true);
  await clock.wait(CUT_AGAIN_S + 2 * LOOK_S + 0.5);
  expect(call.hub.inside.has(number)).toBe(false);
  await clock.wait(NOTICED_S);
  await call.expectOne();
  return call;
});

story("who asks again before it has read its Welcome is not added twice", async () => {
  const call = await started(2);
  const bundle = await crew.keyPackage(5);
  const welcomes: Bytes[] = [];
  call.wish(bundle.keyPackage, welcomes);
  await clock.wait(1);
  const before = call.hub.commits.length;
  call.wish(bundle.keyPackage, welcomes);
  await clock.wait(1);
  expect(call.hub.commits.length).toBe(before);
  expect(welcomes).toHaveLength(2);
  expect(welcomes[0]).toEqual(welcomes[1]);
  await call.enter(5, welcomes[1] ?? null, bundle);
  await clock.wait(2);
  await call.expectOne();
  return call;
});

story("CK-867: nobody speaks for another's number", async () => {
  const call = await started(3);
  const [liar, victim] = [call.at(1), call.at(2)];
  const claim = {
    kind: "groupcall.ready",
    epoch: liar.state.epoch,
    member: victim.room.number,
    feed: null,
    asks: [],
  } as const;
  const body = await liar.keys.encrypt(encodeInGroupCall(claim));
  liar.room.send({ kind: "room.say", body, to: null });
  await clock.wait(1);
  call.drop(liar).shell.leave();
  await clock.wait(2);
  await call.expectOne();
  expect(call.hub.evicted).not.toContain(victim.room.number);
  return call;
});

story("a bad key package holds up nobody", async () => {
  const call = await started(2);
  const { keyPackage } = await crew.keyPackage(5);
  call.wish(flipped(keyPackage, keyPackage.length - 1));
  await call.join(3);
  await clock.wait(2);
  await call.expectOne();
  return call;
});

story("who refuses what the room has taken is out, and knows it", async () => {
  const call = await started(3);
  const stubborn = call.people.pop();
  if (stubborn === undefined) throw new Error("three people are in it");
  stubborn.keys.apply = async () => {
    throw new PeerError(Code.BAD_CREDENTIAL, "not in the group of this call");
  };
  await call.join(3);
  await clock.wait(2);
  expect(stubborn.shell.state).toMatchObject({ kind: "outside", reason: "removed" });
  await clock.wait(15); // it is not in the room any more either
  await call.expectOne();
  return call;
});

story("rubbish from the room ends nothing", async () => {
  const call = await started(3);
  const rubbish = utf8("rubbish");
  for (const { room, state } of call.people) {
    const { epoch: n } = state;
    room.hear({ kind: "room.said", member: 1, body: rubbish });
    room.hear({ kind: "room.pulled", n: n + 5 });
    room.hear({ kind: "room.ordered", n, body: rubbish });
    room.hear({ kind: "room.committed", n, accepted: true });
    room.hear({ kind: "room.committed", n, accepted: false });
    room.hear({ kind: "room.refused", code: Refusal.QUOTA, asked: "room.commit" });
    room.hear({ kind: "room.gone", member: 77, why: Why.LOST });
    room.hear({ kind: "room.came", member: 78 });
    room.hear({ kind: "room.gone", member: 78, why: Why.EVICTED });
  }
  await clock.wait(2);
  await call.expectOne();
  return call;
});

story("media is told who is there, what they send and what they say; and of the room", async () => {
  const told: unknown[] = [];
  const media: GroupMedia = {
    roomSays: ({ kind }) => void told.push(kind),
    members: (own, others) => void told.push({ own, others: [...others] }),
    announced: (leaf, feed) => void told.push({ leaf, feed: feed && [...feed] }),
    told: (leaf, { attempt, sdp }) => void told.push({ leaf, attempt, sdp }),
  };
  const call = await begun(media);
  const bob = await call.join(1);
  await clock.wait(2);
  call.at(0).room.hear({ kind: "room.sfu_lost" });
  await clock.wait(0.1);
  const feed = new FeedId(utf8("what bob sends: "));
  bob.shell.announce(feed);
  const offer = {
    kind: "groupcall.offer",
    attempt: 1,
    sdp: "v=0",
    candidates: ["a candidate"],
  } as const;
  expect(bob.shell.tell(0, offer)).toBe(true);
  expect(bob.shell.tell(7, offer)).toBe(false);
  expect(() => bob.shell.tell(0, { ...offer, candidates: [] })).toThrow(UsageError);
  await clock.wait(1);
  expect(told[0]).toEqual({ own: 0, others: [] });
  for (const expected of [
    "room.entered",
    "room.sfu_lost",
    { own: 0, others: [1] },
    { leaf: 1, feed: null },
    { leaf: 1, feed: [...feed] },
    { leaf: 1, attempt: 1, sdp: "v=0" },
  ]) {
    expect(told).toContainEqual(expected);
  }
  return call;
});

story(
  "when its frame keys are gone a device leaves at once, though nobody comes or goes",
  async () => {
    const call = await started(3);
    const broken = call.drop(call.at(1));
    broken.frames.dead = true;
    broken.shell.lostFrameKeys();
    expect(await broken.done).toMatchObject({ code: "not_encrypted" });
    expect(broken.ended).toEqual([LeftReason.LEFT]);
    await clock.wait(2);
    await call.expectOne();
    return call;
  },
);

story("without its frame keys a device leaves, and the others see it", async () => {
  const call = await started(3);
  const broken = call.drop(call.at(1));
  broken.frames.dead = true;
  await call.join(3); // An epoch whose keys cannot be put in place.
  expect(await broken.done).toMatchObject({ code: "not_encrypted" });
  expect(broken.ended).toEqual([LeftReason.LEFT]);
  await clock.wait(2);
  await call.expectOne();
  expect(call.at(0).seen.at(-1)).toEqual([[], [1]]);
  return call;
});
