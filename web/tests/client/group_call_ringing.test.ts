/** Which group calls ring, for how long, and who makes them stop; on a virtual clock. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CLOCKS_DIFFER_S } from "../../client/call_terms.ts";
import type { GoingOn } from "../../client/group_call_book.ts";
import type { IncomingGroupCall } from "../../client/group_call_incoming.ts";
import type { GroupCall } from "../../client/group_call_objects.ts";
import { RING_S, Ringing, type RingingWays } from "../../client/group_call_ringing.ts";
import { Tasks } from "../../client/tasks.ts";
import { equal, hex } from "../../core/bytes.ts";
import type { Entry } from "../../core/call_entry.ts";
import { Media } from "../../core/content_records.ts";
import { AccountId, CallId, DoorKey, GroupId, RoomId, random } from "../../core/ids.ts";
import { ends } from "./group_call_ends.ts";
import { rng } from "./people.ts";
import { VirtualClock } from "./virtual_clock.ts";

const NOW = 1_800_000_000;

let clock: VirtualClock;

beforeEach(() => {
  clock = new VirtualClock();
  clock.install();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A device at which group calls ring. */
class Device implements RingingWays {
  readonly account = random(AccountId, rng);
  readonly group = random(GroupId, rng);
  readonly caller = random(AccountId, rng);
  readonly noted: Entry[] = [];
  readonly handled: string[] = [];
  readonly rung: IncomingGroupCall[] = [];
  readonly accepted: unknown[] = [];
  readonly ringing: Ringing;
  readonly #tasks = new Tasks((error) => {
    throw error;
  });
  /** As what it may ring. */
  may: Media | undefined = Media.VIDEO;
  standing: GoingOn | undefined;
  isLive = false;
  /** Seconds since the first call began. */
  later = 0;
  /** How long it takes to look up who calls. */
  lookS = 0;
  #sibling: (call: CallId) => void = () => undefined;

  constructor() {
    const accept = async (going: GoingOn, media: Media): Promise<GroupCall> => {
      this.accepted.push([hex(going.call), media]);
      return {} as GroupCall; // it is not looked at
    };
    this.ringing = new Ringing(this, () => this.isLive, accept);
    this.ringing.start();
    this.spawn(async (signal) => {
      for await (const one of this.ringing.incoming(signal)) this.rung.push(one);
    });
  }

  /** A member begins a call. */
  begin({ by = this.caller, at = NOW } = {}): GoingOn {
    const call = random(CallId, rng);
    const secrets = { room: random(RoomId, rng), door: random(DoorKey, rng) };
    this.standing = { group: this.group, call, ...secrets, media: Media.VIDEO, by, at };
    this.ringing.begins(this.standing);
    return this.standing;
  }

  /** Another device of ours deals with it. */
  sibling(call: CallId): void {
    this.#sibling(call);
  }

  goingOn(group: GroupId) {
    return equal(group, this.group) ? this.standing : undefined;
  }

  groupName() {
    return "Choir";
  }

  async mayRing() {
    return this.may;
  }

  async nameOf() {
    await clock.wait(this.lookS);
    return "anna.1";
  }

  now() {
    return NOW + this.later;
  }

  onHandled(listener: (call: CallId) => void) {
    this.#sibling = listener;
  }

  async others() {
    return [this.caller];
  }

  async note(entry: Entry) {
    this.noted.push(entry);
  }

  async sayHandled(_: CallId, how: string) {
    this.handled.push(how);
  }

  spawn(work: (signal: AbortSignal) => Promise<void>) {
    return this.#tasks.spawn(work);
  }

  get outcomes() {
    return this.noted.map(({ outcome }) => outcome);
  }

  async end() {
    this.#tasks.abort();
    await this.#tasks.ended();
  }
}

function story(title: string, tell: (device: Device) => Promise<void>): void {
  test(title, () =>
    clock.run(
      (async () => {
        const device = new Device();
        await tell(device);
        await device.end();
      })(),
    ),
  );
}

const first = (device: Device): IncomingGroupCall => {
  const [one] = device.rung;
  if (one === undefined) throw new Error("it does not ring");
  return one;
};

story("it rings for 45 seconds; then it was missed, and cannot be accepted", async (device) => {
  const { call } = device.begin();
  await clock.wait(RING_S - 1);
  const ringing = first(device);
  expect([ringing.groupName, ringing.caller, ringing.media]).toEqual(["Choir", "anna.1", "video"]);
  expect([ringing.isRinging, device.outcomes]).toEqual([true, []]);
  await clock.wait(2);
  await ringing.ended();
  expect(device.outcomes).toEqual(["missed"]);
  expect(device.noted[0]).toMatchObject({ direction: "incoming", media: "video", seconds: 0 });
  expect(device.noted[0]?.members.map((one) => hex(one))).toEqual([hex(device.caller)]);
  expect(hex(device.noted[0]?.call ?? new Uint8Array())).toBe(hex(call));
  const own = ends();
  await expect(ringing.accept(own)).rejects.toMatchObject({ code: "refused" });
  expect([own.local.isClosed, own.remote.isClosed]).toEqual([true, true]);
  expect([device.handled, device.accepted]).toEqual([[], []]);
});

story("who accepts comes in, with less than was offered if they like", async (device) => {
  const { call } = device.begin();
  await clock.wait(1);
  await first(device).accept({ ...ends(), media: Media.VOICE });
  expect(device.accepted).toEqual([[hex(call), "voice"]]);
  await clock.wait(RING_S + 1);
  expect([device.handled, device.outcomes, first(device).isRinging]).toEqual([
    ...[["accepted"], [], false],
  ]);
});

story("who may be rung by voice alone does not come in with a picture", async (device) => {
  device.may = Media.VOICE;
  device.begin();
  await clock.wait(1);
  expect(first(device).media).toBe("voice");
  await first(device).accept({ ...ends(), media: Media.VIDEO });
  expect(device.accepted).toMatchObject([[expect.anything(), "voice"]]);
});

story("who declines is not asked again, and nobody but our devices is told", async (device) => {
  device.begin();
  await clock.wait(1);
  await first(device).decline();
  await first(device).decline();
  await clock.wait(RING_S + 1);
  expect(device.outcomes).toEqual(["declined"]);
  expect(device.handled).toEqual(["declined", "declined"]);
});

story("our other devices are told of who comes in only while it may ring there", async (device) => {
  // What they are told live wakes a closed page that is rung by push.
  const going = device.begin({ by: device.account }); // rings nowhere here
  device.later = RING_S + 1;
  device.ringing.answered(going);
  await clock.wait(1);
  expect(device.handled).toEqual([]);
  device.later = RING_S;
  device.ringing.answered(going);
  await clock.wait(1);
  expect(device.handled).toEqual(["accepted"]);
  // However late it is by a clock that is wrong: it does ring.
  device.begin({ at: NOW - 3600 });
  await clock.wait(1);
  await first(device).accept(ends());
  expect(device.handled).toEqual(["accepted", "accepted"]);
});

story("another device of ours, and whoever says that it is over, stop it", async (device) => {
  device.sibling(device.begin().call); // comes after it
  await clock.wait(1);
  device.ringing.over(device.begin().call);
  await clock.wait(1);
  expect(device.rung.map(({ isRinging }) => isRinging)).toEqual([false, false]);
  expect(device.outcomes).toEqual(["missed"]);
});

story("what is over while it is looked up who calls does not ring", async (device) => {
  device.lookS = 5;
  device.begin();
  device.standing = undefined;
  await clock.wait(6);
  expect(device.rung).toEqual([]);
});

story(
  "what does not stand, or is said twice, or is ours, rings no more than once",
  async (device) => {
    const lost = device.begin();
    const stands = device.begin();
    device.ringing.begins(lost);
    device.ringing.begins(stands);
    await clock.wait(1);
    expect(device.rung).toHaveLength(1);
    device.begin({ by: device.account });
    await clock.wait(1);
    expect(device.rung).toHaveLength(1);
  },
);

story("against the rules, or while there is a call, nothing rings (CK-853)", async (device) => {
  device.may = undefined;
  device.begin();
  await clock.wait(1);
  expect([device.rung, device.outcomes]).toEqual([[], []]);
  device.may = Media.VIDEO;
  device.isLive = true;
  device.begin();
  await clock.wait(1);
  expect([device.rung, device.outcomes]).toEqual([[], ["missed"]]);
  device.isLive = false;
  device.begin(); // The control.
  await clock.wait(1);
  expect(device.rung).toHaveLength(1);
});

story("CK-852: what was held back for a day does not ring", async (device) => {
  for (const at of [NOW - CLOCKS_DIFFER_S - 1, NOW + CLOCKS_DIFFER_S + 1]) device.begin({ at });
  await clock.wait(1);
  expect(device.rung).toEqual([]);
  device.begin({ at: NOW - CLOCKS_DIFFER_S });
  await clock.wait(1);
  expect(device.rung).toHaveLength(1);
});
