/** Consent to recordings in a group call: shells with real keys on a virtual clock, and a room. */

import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { GroupCallKeys } from "../../client/group_call_keys.ts";
import type { Watcher } from "../../client/group_call_seam.ts";
import { GroupCallShell } from "../../client/group_call_shell.ts";
import { CallRecording } from "../../client/recording_objects.ts";
import type { RecordingShell } from "../../client/recording_shell.ts";
import { type Bytes, hex } from "../../core/bytes.ts";
import { verifyFile } from "../../core/call_receipt_file.ts";
import { encodeInGroupCall } from "../../core/content.ts";
import { Code } from "../../core/errors.ts";
import { consentOf } from "../../core/recording_leaf.ts";
import { HOLD_S } from "../../core/recording_types.ts";
import { NOW, rng } from "./call_seam.ts";
import { CALL, Crew } from "./group_call_crew.ts";
import { TestFrames } from "./group_call_frames.ts";
import { Hub, Room } from "./group_call_room.ts";
import { FakeRecorder, FakeShares, TERMS } from "./recording_fakes.ts";
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

/** Frame keys that note when they were put in place. */
class NotedFrames extends TestFrames {
  readonly diary: string[];

  constructor(diary: string[]) {
    super(() => clock.now);
    this.diary = diary;
  }

  override async install(epoch: bigint, key: Bytes, members: ReadonlySet<number>): Promise<void> {
    this.diary.push(`installs ${epoch}${this.held ? ", held" : ""}`);
    await super.install(epoch, key, members);
  }
}

/** One device in the call. */
class Person implements Watcher {
  readonly diary: string[] = [];
  readonly room: Room;
  readonly frames = new NotedFrames(this.diary);
  readonly recorder = new FakeRecorder((line) => void this.diary.push(line));
  readonly recording = new CallRecording(() => undefined);
  readonly shell: GroupCallShell;
  readonly done: Promise<unknown>;
  readonly keys: GroupCallKeys;
  consent: RecordingShell | undefined;

  constructor(keys: GroupCallKeys, call: Call) {
    this.keys = keys;
    this.room = new Room(call.hub, () => keys.roomKey());
    const { room, frames, recorder } = this;
    this.shell = new GroupCallShell({
      ...{ keys, room, frames, watcher: this, unix: () => NOW, monotonic: () => clock.now },
      recording: {
        ...{ call: CALL, rng, means: { shares: call.shares, recorder: () => recorder } },
        spawn: (work) => void work(new AbortController().signal).catch(() => undefined),
        media: () => "voice",
        bind: (shell, receipting) => {
          this.consent = shell;
          this.recording.bind(shell, receipting);
        },
        changed: () => this.recording.changed(),
      },
    });
    this.done = this.shell.run().catch((error: unknown) => error);
  }

  get kinds(): readonly string[] {
    return this.recording.recorded.flatMap(({ kinds }) => kinds);
  }

  get request(): string {
    const open = this.recording.requests.find(({ answer }) => answer === null);
    if (open === undefined) throw new Error("nothing is asked");
    return open.id;
  }

  changed(): void {
    for (const { keys, recording } of everybody) {
      for (const [leaf, member] of keys.members()) {
        recording.learn(consentOf(member).key, `at ${leaf}`);
      }
    }
  }

  said(): void {}
  unlisted(): void {}
  over(): void {}
}

let everybody: Person[] = [];

class Call {
  readonly hub: Hub;
  readonly shares = new FakeShares();
  people: Person[] = [];

  constructor(first: GroupCallKeys, key: Bytes) {
    this.hub = new Hub(clock, key);
    this.#add(first);
  }

  #add(keys: GroupCallKeys): Person {
    const person = new Person(keys, this);
    this.people.push(person);
    everybody = this.people;
    return person;
  }

  /** Let somebody in by whoever is there. */
  async join(number: number, own?: Parameters<Crew["found"]>[0]): Promise<Person> {
    const bundle = await crew.keyPackage(number, own);
    const welcomes: Bytes[] = [];
    for (const { shell } of this.people) {
      shell.wish(bundle.keyPackage, (welcome) => void welcomes.push(welcome));
    }
    await clock.until(() => welcomes.length > 0);
    return this.#add(await crew.join(number, welcomes[0] ?? null, bundle));
  }
}

/** Play a story among some, who hear each other at its beginning, and leave at its end. */
async function among(count: number, story: (call: Call) => Promise<void>): Promise<void> {
  await clock.run(
    (async () => {
      const first = await crew.found();
      const call = new Call(first, await first.roomKey());
      for (let number = 1; number < count; number++) {
        await clock.wait(2);
        await call.join(number);
      }
      await clock.wait(HOLD_S + 1);
      for (const person of call.people) person.diary.length = 0;
      await story(call);
      for (const { shell } of call.people) shell.leave();
      const ends = await Promise.all(call.people.map(({ done }) => done));
      expect(ends.map((end) => end)).toEqual(call.people.map(() => undefined));
    })(),
  );
}

/** Return somebody of a call. */
function at({ people }: Call, place: number): Person {
  const person = people[place];
  if (person === undefined) throw new Error("nobody there");
  return person;
}

async function agreed(call: Call): Promise<string> {
  const id = await at(call, 0).recording.ask(TERMS);
  await clock.wait(1);
  for (const one of call.people.slice(1)) {
    await one.recording.agree(one.request, TERMS.kinds, false);
  }
  await clock.wait(1);
  return id;
}

test("what is asked, answered and taken back is known to all", () =>
  among(3, async (call) => {
    const id = await agreed(call);
    const [anna, ben, carla] = [at(call, 0), at(call, 1), at(call, 2)];
    for (const one of call.people) expect(one.kinds).toEqual(["audio", "video"]);
    expect(ben.recording.recorded).toMatchObject([{ by: "at 0", own: false }]);
    expect(anna.recorder.shares.size).toBe(3);
    await carla.recording.withdraw(id);
    await clock.wait(1);
    for (const one of call.people) expect(one.kinds).toEqual([]);
    expect(anna.recorder.kinds.size).toBe(0);
    expect(call.shares.lying.size).toBe(2);
    expect(ben.recording.ended).toMatchObject([{ id, reason: "withdrawn", by: "at 2" }]);
  }));

test("a receipt of the call is signed by all who are there, and who comes ends the next", () =>
  among(3, async (call) => {
    const [anna, ben, carla] = [at(call, 0), at(call, 1), at(call, 2)];
    const id = await anna.recording.receipts.ask();
    await clock.wait(1);
    for (const one of [ben, carla]) await one.recording.receipts.sign(id);
    await clock.wait(1);
    for (const { recording } of call.people) {
      expect(recording.receipts.ended).toMatchObject([{ id, why: "complete" }]);
      const { terms } = await verifyFile(await recording.receipts.file(id, ["since"]));
      expect(terms.members.size).toBe(3);
    }
    await ben.recording.receipts.ask();
    await clock.wait(1);
    expect(carla.recording.receipts.asked).toMatchObject({ by: "at 1", haveSigned: false });
    const elif = await call.join(3);
    await clock.wait(1);
    expect(carla.recording.receipts.ended.at(-1)).toMatchObject({ why: "changed" });
    expect(elif.recording.receipts.asked).toBeNull();
  }));

test("of an epoch in which somebody came no frame is opened before the recording has stopped", () =>
  among(2, async (call) => {
    await agreed(call);
    const anna = at(call, 0);
    anna.diary.length = 0;
    const carla = await call.join(2);
    await clock.wait(1);
    const stops = anna.diary.indexOf("record nothing");
    const installs = anna.diary.findIndex((line) => line.startsWith("installs"));
    expect([stops >= 0, stops < installs]).toEqual([true, true]);
    expect([anna.kinds, at(call, 1).kinds]).toEqual([[], []]);
    // She came into the room after it was asked anew, and was told all the same.
    await clock.wait(2 * HOLD_S);
    expect([carla.recording.held, carla.frames.held, carla.frames.isSending]).toEqual([
      true,
      true,
      false,
    ]);
    expect(carla.diary[0]).toMatch(/^installs \d+, held$/);
    for (const one of [at(call, 1), carla]) {
      await one.recording.agree(one.request, TERMS.kinds, false);
    }
    await clock.wait(1);
    expect(carla.frames.held).toBe(false);
    for (const one of call.people) expect(one.kinds).toEqual(["audio", "video"]);
    const frame = await carla.frames.sealed();
    expect(await anna.frames.opens(frame)).toBe(true);
  }));

test("whoever comes where nothing is asked hears and is heard at once", () =>
  among(2, async (call) => {
    const carla = await call.join(2);
    await clock.until(() => carla.frames.isSending);
    expect([carla.recording.held, carla.recording.mayNotAsk]).toEqual([false, null]);
    expect(carla.diary[0]).toMatch(/, held$/);
  }));

test("CK-981: what one member said is no word of another who says it again", () =>
  among(3, async (call) => {
    await at(call, 0).recording.ask(TERMS);
    await clock.wait(1);
    const [anna, ben, carla] = [at(call, 0), at(call, 1), at(call, 2)];
    // Carla repeats whatever Ben says, as her own, before his own word comes.
    const said: Bytes[] = [];
    ben.room.swallows = (message) => {
      if (message.kind === "room.say") said.push(message.body);
      return message.kind === "room.say";
    };
    await ben.recording.agree(ben.request, TERMS.kinds, false);
    await clock.wait(1);
    const [his] = ben.consent?.recent ?? [];
    if (his === undefined) throw new Error("he said nothing");
    const body = await carla.keys.encrypt(encodeInGroupCall(his));
    carla.room.send({ kind: "room.say", body, to: null });
    await clock.wait(1);
    expect(anna.consent?.dropped.get(Code.UNEXPECTED)).toBe(1);
    expect(anna.recording.own?.answers.map(({ answer }) => answer)).toEqual([null, null]);
    // The control: his own word, in his own name.
    ben.room.swallows = () => false;
    const own = await ben.keys.encrypt(encodeInGroupCall(his));
    ben.room.send({ kind: "room.say", body: own, to: null });
    await clock.wait(1);
    const answers = anna.recording.own?.answers.filter(({ answer }) => answer === "given");
    expect(answers).toHaveLength(1);
    expect(said.length).toBeGreaterThan(0);
  }));

test("a yes that is taken back while the network is away is heard once it is back", () =>
  among(3, async (call) => {
    const id = await agreed(call);
    const [anna, ben] = [at(call, 0), at(call, 1)];
    ben.room.cut(2); // Shorter than it takes for them to let him go.
    await clock.wait(0.1);
    await ben.recording.withdraw(id);
    await clock.wait(1);
    expect(anna.kinds).toEqual(["audio", "video"]); // Nobody could tell her yet.
    await clock.wait(8);
    expect([anna.kinds, at(call, 2).kinds, anna.recorder.kinds.size]).toEqual([[], [], 0]);
  }));

test("whoever is never to be recorded says so in their leaf, and nobody is asked", () =>
  among(2, async (call) => {
    const { OwnConsent } = await import("../../client/consent_key.ts");
    const id = await agreed(call);
    const carla = await call.join(2, await OwnConsent.make({ never: true }, rng));
    await clock.wait(1);
    const [anna, ben] = [at(call, 0), at(call, 1)];
    expect([anna.kinds, ben.kinds, carla.frames.held]).toEqual([[], [], false]);
    expect(anna.recording.ended).toMatchObject([{ id, reason: "refused" }]);
    expect([anna.recording.mayNotAsk, anna.recording.neverNames]).toEqual(["never", ["at 2"]]);
    await expect(ben.recording.ask(TERMS)).rejects.toMatchObject({ code: Code.CONFLICT });
    expect(new Set(call.people.map(({ keys }) => hex(keys.consent.key))).size).toBe(3);
  }));
