/**
 * Anna and Ben with any number of devices, an in-memory server and a virtual clock.
 *
 * Real: identities, device lists, contents, the call group's MLS, the call machine and its shell.
 * Faked: the conversation (contents travel encoded, without a group), the server and the network,
 * media (`call_fakes.ts`).
 */

import { vi } from "vitest";
import { CallSecrets } from "../../client/call_secrets.ts";
import { CallShell } from "../../client/call_shell.ts";
import { type Call, CallService, type IncomingCall, type MissedCall } from "../../client/calls.ts";
import { equal } from "../../core/bytes.ts";
import { Media } from "../../core/call_effects.ts";
import type { Code } from "../../core/errors.ts";
import { FakeEnds, FakeMedia, FakeRelay } from "./call_fakes.ts";
import { FakeNetwork, type Fault, type Parcel } from "./call_network.ts";
import { type Cast, FakeSeam, makeCast } from "./call_seam.ts";
import { FakeRecorder, FakeShares } from "./recording_fakes.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** One device as a story sees it. */
export class Device {
  readonly seam: FakeSeam;
  readonly service: CallService;
  readonly rung: IncomingCall[] = [];
  readonly missed: MissedCall[] = [];
  readonly ends: FakeEnds[] = [];
  readonly recorder = new FakeRecorder();
  /** The person is never to be recorded. */
  never = false;
  readonly #world: World;

  constructor(world: World, seam: FakeSeam) {
    this.#world = world;
    this.seam = seam;
    const makeMedia = (options: ConstructorParameters<typeof FakeMedia>[1]) =>
      new FakeMedia(world.relay, options);
    const { shares } = world;
    const recorder = () => this.recorder;
    const recording = { shares, recorder, never: () => this.never };
    this.service = new CallService(seam, { makeMedia, recording });
    seam.spawn(async (signal) => {
      for await (const ringing of this.service.incoming(signal)) this.rung.push(ringing);
    });
    seam.spawn(async (signal) => {
      for await (const missed of this.service.missed(signal)) this.missed.push(missed);
    });
  }

  call(media: Media = Media.VIDEO): Promise<Call> {
    return this.service.call(this.seam.contact, media, this.media());
  }

  accept(ringing: IncomingCall, media?: Media): Promise<Call> {
    return ringing.accept({ ...this.media(), ...(media && { media }) });
  }

  media(): { local: FakeEnds; remote: FakeEnds } {
    const ends = { local: new FakeEnds(), remote: new FakeEnds() };
    this.ends.push(ends.local, ends.remote);
    return ends;
  }

  async rings(count = 1): Promise<IncomingCall> {
    await this.#world.clock.until(() => this.rung.length >= count);
    const ringing = this.rung[count - 1];
    if (ringing === undefined) throw new Error("it does not ring");
    return ringing;
  }

  /** What this device sent to the other person, not to its siblings. */
  get toContact(): string[] {
    const { log } = this.#world.network;
    const own = log.filter(({ from, label }) => from === this.seam.name && !/^self/.test(label));
    return own.map(({ label }) => label);
  }

  dropped(code: Code): number {
    return this.service.dropped.get(code) ?? 0;
  }
}

export type WorldOptions = Readonly<{
  annas?: number;
  bens?: number;
  rule?: (parcel: Parcel) => Fault | undefined;
}>;

/** A story's stage. */
export class World {
  readonly clock = new VirtualClock();
  readonly relay = new FakeRelay(this.clock);
  readonly network: FakeNetwork;
  /** Of recording keys, at the server. */
  readonly shares = new FakeShares();
  readonly seams: FakeSeam[] = [];
  readonly turnAsked: string[] = [];
  readonly #devices = new Map<string, Device>();
  #cast: Cast | undefined;
  readonly #acting = vi.spyOn(CallShell.prototype, "carryOut");
  readonly #erasing = vi.spyOn(CallSecrets.prototype, "erase");

  constructor({ rule = () => undefined }: WorldOptions) {
    this.network = new FakeNetwork(this.clock, rule);
  }

  device(name: string): Device {
    const device = this.#devices.get(name);
    if (device === undefined) throw new Error("no such device");
    return device;
  }

  /** Return the shell of this device's newest call. */
  shell(name: string): CallShell {
    const { contact } = this.device(name).seam;
    const acting = this.#acting.mock.contexts.filter((shell) => shell instanceof CallShell);
    const shell = acting.findLast((one) => equal(one.contact, contact));
    if (shell === undefined) throw new Error("no call yet");
    return shell;
  }

  /** Stop looking on. */
  leave(): void {
    this.#acting.mockRestore();
    this.#erasing.mockRestore();
    vi.unstubAllGlobals();
  }

  /** A device's page is loaded again: what it had in memory is gone, and nobody is told. */
  async reload(name: string): Promise<Device> {
    const number = this.seams.findIndex((seam) => seam.name === name);
    const [old, cast] = [this.seams[number], this.#cast];
    if (old === undefined || cast === undefined) throw new Error("no such device");
    await old.close();
    const device = new Device(this, new FakeSeam(this, cast, number));
    // What its page had lent is closed with the page.
    device.ends.push(...this.device(name).ends);
    this.seams[number] = device.seam;
    this.#devices.set(name, device);
    await device.service.start();
    device.seam.connect();
    return device;
  }

  async open({ annas = 1, bens = 1 }: WorldOptions): Promise<void> {
    const cast = await makeCast(annas, bens);
    this.#cast = cast;
    for (const number of cast.devices.keys()) this.seams.push(new FakeSeam(this, cast, number));
    for (const seam of this.seams) {
      const device = new Device(this, seam);
      this.#devices.set(seam.name, device);
      await device.service.start();
      seam.connect();
    }
  }

  async close(): Promise<void> {
    for (const device of this.#devices.values()) await device.service.close();
    await this.clock.wait(1);
    for (const seam of this.seams) await seam.close();
  }

  /** What must be so whatever the story was. */
  check(): void {
    const failures = this.seams.flatMap((seam) => seam.failures);
    if (failures.length > 0) throw failures[0];
    for (const { ends } of this.#devices.values()) {
      if (ends.some(({ closed }) => closed !== 1)) throw new Error("a camera was left on");
    }
    const { contexts } = this.#erasing.mock;
    const erased = contexts.filter((secrets) => secrets instanceof CallSecrets);
    const used = this.relay.made.filter(({ isUsed }) => isUsed);
    if (erased.length < used.length) throw new Error("a call was not erased");
    if (!erased.every((secrets) => secrets.isEmpty)) throw new Error("a secret was left");
    for (const { keys, closed, isUsed } of this.relay.made) {
      if (!closed) throw new Error("a connection was left open");
      const isWiped = keys.wiped || !isUsed; // nobody had keys for what nobody used
      if (!isWiped || keys.canSend || keys.canReceive) throw new Error("a key was left");
      if (keys.given.flatMap((key) => [...key]).some((byte) => byte !== 0)) {
        throw new Error("a base key was left on this side of the worker");
      }
    }
  }
}

type Story<T> = (world: World) => Promise<T>;

/** Return a test that plays a story: on a virtual clock, with nothing left behind at its end. */
export function play<T>(story: Story<T>, options: WorldOptions = {}): () => Promise<T> {
  return async () => {
    const world = new World(options);
    world.clock.install();
    try {
      const told = await world.clock.run(
        (async () => {
          await world.open(options);
          const result = await story(world);
          await world.close();
          return result;
        })(),
      );
      world.check();
      return told;
    } finally {
      world.leave();
    }
  };
}

/** Return a rule that does a fault to the first envelope with this label. */
export function once(label: string, fault: Fault): (parcel: Parcel) => Fault | undefined {
  let done = false;
  return (parcel) => {
    if (done || parcel.label !== label) return undefined;
    done = true;
    return fault;
  };
}
