/** Browsers and a Python device in one call room of a real server: keys, and who is there. */

import {
  type AddressInfo,
  createServer,
  connect as dial,
  type Server,
  type Socket,
} from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CallRoomSocket, type Ticket } from "../../client/call_room.ts";
import type { OwnConsent } from "../../client/consent_key.ts";
import { CallGoneError, Doorkeeper, enterGroupCall } from "../../client/group_call_entry.ts";
import type { GroupCallKeys } from "../../client/group_call_keys.ts";
import type { Watcher } from "../../client/group_call_seam.ts";
import { GroupCallShell } from "../../client/group_call_shell.ts";
import { type Bytes, fromHex, hex } from "../../core/bytes.ts";
import type { LeftReason } from "../../core/group_call_types.ts";
import {
  Capability,
  DoorKey,
  type FixedBytes,
  MailboxId,
  RoomId,
  RoomKey,
  random,
} from "../../core/ids.ts";
import type { KeyPackageBundle } from "../../core/mls/index.ts";
import { NOW, rng } from "./call_seam.ts";
import { consentFor, consenting, newConsent } from "./consents.ts";
import { anybody, CALL, Crew, NOT_RECORDING } from "./group_call_crew.ts";
import { TestFrames } from "./group_call_frames.ts";
import { startServer, type TestServer } from "./server.ts";

const WAIT_S = 40;
const PYTHON = 5;

const monotonic = () => performance.now() / 1000;
const unix = () => NOW;

let server: TestServer;
let crew: Crew;
let ticket: Ticket;

beforeAll(async () => {
  server = await startServer();
  crew = await Crew.make();
  await server.signup("tess"); // Whose address makes the rooms.
  const [mailbox = "", capability = ""] = await server.ask<string[]>("room_ticket", {
    who: "tess",
  });
  ticket = {
    mailbox: new MailboxId(fromHex(mailbox)),
    capability: new Capability(fromHex(capability)),
  };
});
afterAll(() => server.stop());

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = monotonic() + WAIT_S;
  while (!(await holds())) {
    if (monotonic() > limit) throw new Error("it did not come to be");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What is compared of a member: where it is in the call. */
type Standing = Readonly<{
  epoch: number;
  sending: number | null;
  leaves: readonly number[];
  in_room: boolean;
  strangers: number;
  ended: readonly string[];
}>;

/** One device in the call, of either language. */
interface Member {
  standing(): Promise<Standing>;
  sealed(): Promise<Bytes>;
  opens(frame: Bytes): Promise<boolean>;
  leave(): Promise<void>;
}

class Browser implements Member, Watcher {
  readonly frames = new TestFrames(monotonic);
  readonly keys: GroupCallKeys;
  readonly shell: GroupCallShell;
  readonly done: Promise<void>;
  readonly #room: CallRoomSocket;
  readonly #ended: string[] = [];
  #strangers = 0;

  constructor(keys: GroupCallKeys, origin: string, { room, door }: Where, isNew = false) {
    this.keys = keys;
    const place = async () => ({ n: keys.epoch, key: new RoomKey(await keys.roomKey()) });
    this.#room = new CallRoomSocket(origin, room, place, { ticket, isNew });
    this.#room.start();
    this.shell = new GroupCallShell({
      keys,
      room: this.#room,
      frames: this.frames,
      recording: NOT_RECORDING,
      watcher: this,
      unix,
      monotonic,
      door: new Doorkeeper(room, door, rng),
    });
    this.done = this.shell.run();
  }

  async standing(): Promise<Standing> {
    const { state } = this.shell;
    const facts = { strangers: this.#strangers, ended: this.#ended };
    if (state.kind !== "inside") {
      return { epoch: -1, sending: -1, leaves: [], in_room: false, ...facts };
    }
    const { epoch, sending, inRoom } = state;
    return { epoch, sending, leaves: [...state.leaves].sort(), in_room: inRoom, ...facts };
  }

  sealed(): Promise<Bytes> {
    return this.frames.sealed();
  }

  opens(frame: Bytes): Promise<boolean> {
    return this.frames.opens(frame);
  }

  async leave(): Promise<void> {
    this.shell.leave();
    await this.done;
  }

  changed(): void {
    // Who is there is asked for (`standing`).
  }

  said(): void {}

  unlisted(count: number): void {
    this.#strangers = count;
  }

  over(reason: LeftReason): void {
    this.#ended.push(reason);
  }
}

class Python implements Member {
  readonly #who: string;

  constructor(who: string) {
    this.#who = who;
  }

  standing(): Promise<Standing> {
    return server.ask<Standing>("room_state", { who: this.#who });
  }

  async sealed(): Promise<Bytes> {
    return fromHex(await server.ask<string>("room_seal", { who: this.#who }));
  }

  opens(frame: Bytes): Promise<boolean> {
    return server.ask<boolean>("room_opens", { who: this.#who, frame: hex(frame) });
  }

  async leave(): Promise<void> {
    await server.ask("room_leave", { who: this.#who });
  }
}

type Where = Readonly<{ room: RoomId; door: DoorKey }>;

/** A call at the server, and whoever is in it. */
class Call {
  readonly where: Where;
  members: readonly Member[] = [];

  constructor(where: Where = { room: random(RoomId, rng), door: random(DoorKey, rng) }) {
    this.where = where;
  }

  /** Begin it as the first of the people. */
  async begin(): Promise<Browser> {
    return this.#add(new Browser(await crew.found(), server.origin, this.where, true));
  }

  /** Knock as one of the people, and come in. */
  async enter(number: number, origin = server.origin, signal?: AbortSignal): Promise<Browser> {
    return await this.knock(number, await crew.keyPackage(number), origin, signal);
  }

  /** The same with a key package of theirs. */
  async knock(
    number: number,
    bundle: KeyPackageBundle,
    origin = server.origin,
    signal?: AbortSignal,
  ): Promise<Browser> {
    const around = { ...this.where, keys: crew.keys(number), mayBeIn: anybody, rng };
    const consent = consentFor(bundle);
    const entering = { ...around, consent, origin, call: CALL, unix, monotonic };
    const keys = await enterGroupCall(entering, bundle, signal);
    return this.#add(new Browser(keys, origin, this.where));
  }

  /** A device's key package with this consent key; without one if there is none. */
  async package(number: number, own?: OwnConsent): Promise<KeyPackageBundle> {
    const { credential: identity, signaturePrivate } = crew.keys(number);
    const facts = { identity, signaturePrivate, notBefore: NOW - 9, notAfter: NOW + 9000 };
    return await consenting(own === undefined ? { ...facts, leafExtensions: [] } : facts, own);
  }

  /** Have the Python device knock, and come in. */
  async enterPython(who: string): Promise<Python> {
    const { account, device, credential, signaturePrivate } = crew.keys(PYTHON);
    await server.ask("room_enter", {
      who,
      account: hex(account),
      device: hex(device),
      credential: hex(credential),
      private: hex(signaturePrivate),
      lists: crew.lists.map((list) => hex(list)),
      call: hex(CALL),
      room: hex(this.where.room),
      door: hex(this.where.door),
      ticket: [ticket.mailbox, ticket.capability].map((part: FixedBytes) => hex(part)),
      now: NOW,
    });
    return this.#add(new Python(who));
  }

  drop<T extends Member>(member: T): T {
    this.members = this.members.filter((one) => one !== member);
    return member;
  }

  /** Wait until all are in one epoch, with nobody else in it, and hear each other. */
  async settled(): Promise<number> {
    await until(async () => (await this.#epoch()) !== undefined);
    for (const member of this.members) {
      const frame = await member.sealed();
      for (const other of this.members) {
        if (other !== member) expect(await other.opens(frame)).toBe(true);
      }
    }
    return (await this.#epoch()) ?? -1;
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.leave()));
    const ends = await Promise.all(this.members.map((member) => member.standing()));
    for (const { ended } of ends) expect(ended).toEqual(["left"]);
  }

  async #epoch(): Promise<number | undefined> {
    const all = await Promise.all(this.members.map((member) => member.standing()));
    const [first] = all;
    const isOne = all.every(
      ({ epoch, sending, leaves, in_room }) =>
        in_room &&
        epoch === first?.epoch &&
        sending === epoch &&
        leaves.length === this.members.length &&
        `${leaves}` === `${first.leaves}`,
    );
    if (!isOne) return undefined;
    for (const { strangers } of all) expect(strangers).toBe(0);
    return first?.epoch;
  }

  #add<T extends Member>(member: T): T {
    this.members = [...this.members, member];
    return member;
  }
}

/** A way to the server that can fall silent without ending any connection. */
class Way {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #isSilent = false;

  constructor() {
    const { hostname, port } = new URL(server.origin);
    this.#server = createServer((near) => {
      const far = dial(Number(port), hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.push(one);
        one.on("data", (data) => {
          if (!this.#isSilent) other.write(data);
        });
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  fallSilent(): void {
    this.#isSilent = true;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

test("browsers and a Python device come, leave and vanish", async () => {
  const call = new Call();
  const first = await call.begin();
  await Promise.all([call.enter(1), call.enter(2), call.enterPython("mixed")]);
  await call.settled();

  // Who left opens nothing more, whatever it kept.
  const leaver = await call.enter(3);
  await call.settled();
  const { epoch, baseKey, others } = await leaver.keys.frameKeys();
  const thief = new TestFrames(monotonic);
  await thief.install(BigInt(epoch), baseKey, others);
  for (const member of call.members) {
    if (member !== leaver) expect(await thief.opens(await member.sealed())).toBe(true); // Control.
  }
  await call.drop(leaver).leave();
  expect((await leaver.standing()).ended).toEqual(["left"]);
  await call.settled();
  for (const member of call.members) expect(await thief.opens(await member.sealed())).toBe(false);

  // The one who began it goes; the others let people in.
  await call.drop(first).leave();
  await call.settled();

  const way = new Way();
  try {
    const vanished = call.drop(await call.enter(4, await way.open()));
    await until(async () => (await vanished.standing()).in_room);
    way.fallSilent();
    await call.settled();
    vanished.shell.leave();
    await vanished.done;
  } finally {
    way.close();
  }
  await call.end();
});

test("Python leaves and another Python device comes, let in by a browser", async () => {
  const call = new Call();
  await call.begin();
  const python = await call.enterPython("one");
  await call.settled();
  await call.drop(python).leave();
  await call.settled();
  await call.enterPython("two");
  await call.settled();
  // And a browser, let in by whoever of the two is first.
  await call.enter(1);
  await call.settled();
  await call.end();
});

test("the server is started anew in the middle", async () => {
  const call = new Call();
  const anna = await call.begin();
  await Promise.all([call.enter(1), call.enterPython("restarted")]);
  const epoch = await call.settled();
  await server.ask("stop_server");
  await until(async () => !(await anna.standing()).in_room);
  // Sound goes on: keys need no server.
  for (const member of call.members) {
    const frame = await member.sealed();
    for (const other of call.members) {
      if (other !== member) expect(await other.opens(frame)).toBe(true);
    }
  }
  await server.ask("start_server");
  expect(await call.settled()).toBe(epoch);
  await call.enter(2);
  await call.settled();
  await call.end();
});

test("nobody comes into a call that is not there", async () => {
  const entering = new Call().enter(1);
  await expect(entering).rejects.toBeInstanceOf(CallGoneError);
});

test("who does not know the door key is not let in", async () => {
  const call = new Call();
  await call.begin();
  const stranger = new Call({ ...call.where, door: random(DoorKey, rng) });
  const entering = stranger.enter(1, server.origin, AbortSignal.timeout(4000));
  await expect(entering).rejects.toMatchObject({ name: "TimeoutError" });
  await call.enter(1); // The control.
  await call.settled();
  await call.end();
});

test("CK-937, CK-938: nobody without a consent key, or with a member's, is let in, by either language", async () => {
  const call = new Call();
  const first = await call.begin();
  await call.enterPython("pia");
  const signal = () => AbortSignal.timeout(4000);
  for (const bad of [await call.package(1), await call.package(1, first.keys.consent)]) {
    const entering = call.knock(1, bad, server.origin, signal());
    await expect(entering).rejects.toMatchObject({ name: "TimeoutError" });
  }
  await call.knock(1, await call.package(1, await newConsent())); // The control.
  await call.settled();
  await call.end();
});
