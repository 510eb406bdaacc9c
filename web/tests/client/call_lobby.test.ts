/** A lobby at the host's device: who is heard, let in, refused; what is asked in vain. */

import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { OwnLink } from "../../client/call_link_book.ts";
import {
  type Host,
  Lobby,
  MAX_WAITING,
  type Meeting,
  SILENT_S,
  type Visit,
} from "../../client/call_lobby.ts";
import type { RoomEvent } from "../../client/call_room.ts";
import { Inbox } from "../../client/group_call_happenings.ts";
import type { CallRoom } from "../../client/group_call_seam.ts";
import { type Bytes, equal, utf8 } from "../../core/bytes.ts";
import {
  decodeToGuest,
  encodeToHost,
  type LobbyAsk,
  type LobbyEnd,
  type ToGuest,
  type ToHost,
} from "../../core/content_lobby.ts";
import type { ToRoom } from "../../core/content_room.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import {
  Capability,
  GroupId,
  LinkSecret,
  MailboxId,
  RoomId,
  random,
  SealKey,
} from "../../core/ids.ts";
import { guestSeal, LobbySeal, lobbyPublicKey, WORK_BITS } from "../../core/lobby.ts";
import { solve } from "../../core/work.ts";
import { NOW, rng } from "./call_seam.ts";
import { CALL, Crew } from "./group_call_crew.ts";
import { material, Stranger } from "./group_call_guests.ts";
import { until } from "./live_people.ts";

/** The lobby's room: notes what is answered. */
class TestRoom implements CallRoom {
  readonly events = new Inbox<RoomEvent>();
  readonly sent: ToRoom[] = [];
  isLeft = false;

  next(signal?: AbortSignal): Promise<RoomEvent> {
    return this.events.next(signal);
  }

  send(message: ToRoom): void {
    this.sent.push(message);
  }

  async leave(): Promise<void> {
    this.isLeft = true;
  }
}

/** The call, as a lobby sees it. */
class TestHost implements Host {
  readonly wishes: Bytes[] = [];
  readonly news: (Visit | undefined)[] = [];
  readonly usedUp: OwnLink[] = [];
  isDiskFull = false;
  good = true;

  async meeting(): Promise<Meeting> {
    const wish: Meeting["wish"] = (keyPackage, reply) => {
      this.wishes.push(keyPackage);
      reply(utf8("a Welcome"));
    };
    return { call: CALL, room: random(RoomId, rng), media: "voice", names: [], wish };
  }

  changed(came?: Visit): void {
    this.news.push(came);
  }

  isGood(): boolean {
    return this.good;
  }

  async used(link: OwnLink): Promise<void> {
    if (this.isDiskFull) throw new UnavailableError(Code.DISK_FULL);
    this.usedUp.push(link);
  }
}

let crew: Crew;
let clock = 0;
let worlds: World[] = [];

beforeAll(async () => {
  crew = await Crew.make();
});
beforeEach(() => {
  clock = 1000;
  // Asking without working; that work is asked for has a test of its own.
  vi.spyOn(LobbySeal.prototype, "checkWork").mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(worlds.map((one) => one.end()));
  worlds = [];
});

const WAITING = { kind: "lobby.waiting" };
const ended = (why: LobbyEnd) => ({ kind: "lobby.ended", why });
const stranger = (name: string) => Stranger.make(name, crew.keys(0));

function ask({ key, name }: Stranger, work: Bytes = new Uint8Array(8)): LobbyAsk {
  return { kind: "lobby.ask", key, name, work };
}

async function opened(seal: LobbySeal, body: Bytes): Promise<ToGuest | undefined> {
  try {
    return decodeToGuest(await seal.openAnswer(body));
  } catch {
    return undefined; // It was said to another one.
  }
}

/** A lobby that runs; guests knock with seals of their own. */
class World {
  readonly link: OwnLink;
  readonly room = new TestRoom();
  readonly host = new TestHost();
  readonly lobby: Lobby;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #witness: readonly [LobbySeal, LobbyAsk] | undefined;
  #knocks = 0;

  constructor({ once = false } = {}) {
    this.link = {
      ...{ name: rng(16), group: random(GroupId, rng), secret: random(LinkSecret, rng) },
      ...{ lobbyPrivate: rng(32), expiresAt: NOW + 900, once },
    };
    const [mailbox, capability] = [random(MailboxId, rng), random(Capability, rng)];
    const address = { origin: "https://x.org", mailbox, capability, sealKey: random(SealKey, rng) };
    const desk = {
      ...{ keys: material(crew, 0), deviceList: utf8("a device list"), address, rng },
      now: () => NOW,
      monotonic: () => clock,
    };
    this.lobby = new Lobby(this.link, this.room, desk, this.host);
    this.#running = this.lobby.run(this.#stop.signal);
    worlds.push(this);
  }

  async seal(): Promise<LobbySeal> {
    return guestSeal(this.link.secret, await lobbyPublicKey(this.link.lobbyPrivate), rng(32));
  }

  /** Have somebody knock; return what they are answered, or undefined. */
  async knock(seal: LobbySeal, said: ToHost): Promise<ToGuest | undefined> {
    const number = await this.#send(seal, said);
    await this.#heardAll();
    const body = this.#answered(number);
    return body && (await opened(seal, body));
  }

  /** What a guest was answered last. */
  async last(seal: LobbySeal): Promise<ToGuest | undefined> {
    for (const sent of this.room.sent.toReversed()) {
      const said = sent.kind === "room.let_in" ? await opened(seal, sent.body) : undefined;
      if (said !== undefined) return said;
    }
    return undefined;
  }

  /** Knocks are dealt with in order: once who knocks now is answered, those before were heard. */
  async #heardAll(): Promise<void> {
    this.#witness ??= await this.#refusedOne();
    const number = await this.#send(...this.#witness);
    await until(() => this.#answered(number) !== undefined);
  }

  /** Somebody who was refused, and is told so each time. */
  async #refusedOne(): Promise<readonly [LobbySeal, LobbyAsk]> {
    const [seal, said] = [await this.seal(), ask(await stranger("Witness"))];
    await this.#send(seal, said);
    const find = () => this.lobby.waiting().find(({ name }) => name === "Witness");
    await until(() => find() !== undefined);
    const found = find();
    if (found !== undefined) await this.lobby.refuse(found);
    return [seal, said];
  }

  async #send(seal: LobbySeal, said: ToHost): Promise<number> {
    this.#knocks += 1;
    const knock = this.#knocks;
    const body = await seal.knock(encodeToHost(said), rng);
    this.room.events.push({ kind: "room.knocked", knock, body });
    return knock;
  }

  #answered(number: number): Bytes | undefined {
    const sent = this.room.sent.find((one) => one.kind === "room.let_in" && one.knock === number);
    return sent?.kind === "room.let_in" ? sent.body : undefined;
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.lobby.end();
  }
}

async function waitsIn(
  world: World,
  name = "Dana",
): Promise<readonly [LobbySeal, LobbyAsk, Visit]> {
  const [seal, said] = [await world.seal(), ask(await stranger(name))];
  expect(await world.knock(seal, said)).toEqual(WAITING);
  const visit = world.lobby.waiting().find(({ key }) => equal(key, said.key));
  if (visit === undefined) throw new Error("they do not wait");
  return [seal, said, visit];
}

test("CK-904: who asks without work is not heard", async () => {
  const world = new World();
  const [seal, dana] = [await world.seal(), await stranger("Dana")];
  expect(await world.knock(await world.seal(), ask(dana))).toEqual(WAITING); // The control.
  vi.restoreAllMocks();
  const number = world.room.sent.length;
  const lazy = await seal.knock(encodeToHost(ask(dana, utf8("no work!"))), rng);
  world.room.events.push({ kind: "room.knocked", knock: 99, body: lazy });
  const diligent = ask(dana, solve(seal.work, WORK_BITS));
  const body = await seal.knock(encodeToHost(diligent), rng);
  world.room.events.push({ kind: "room.knocked", knock: 100, body });
  await until(() => world.room.sent.length > number);
  expect(world.room.sent.slice(number)).toMatchObject([{ kind: "room.let_in", knock: 100 }]);
});

test("CK-910, CK-915: what only who was let in may ask", async () => {
  const world = new World();
  const [dana, eve] = [await stranger("Dana"), await stranger("Eve")];
  const { keyPackage } = await dana.bundle();
  const [seal, come] = [await world.seal(), { kind: "lobby.come", keyPackage } as const];
  const said = ask(dana);
  expect(await world.knock(seal, come)).toBeUndefined();
  expect(await world.knock(seal, said)).toEqual(WAITING);
  expect(await world.knock(seal, come)).toBeUndefined();
  for (const other of [
    { ...said, name: "Anna" },
    { ...said, key: eve.key },
  ]) {
    expect(await world.knock(seal, other)).toBeUndefined();
  }
  expect(world.lobby.waiting().map(({ name }) => name)).toEqual(["Dana"]);
  const [visit] = world.lobby.waiting();
  if (visit === undefined) throw new Error("nobody waits");
  expect(await world.lobby.admit(visit)).toBe(true);
  const given = await world.last(seal);
  const { signature } = await dana.guest();
  expect(given).toMatchObject({ kind: "lobby.pass", call: CALL, signature });
  // Whoever has the link and saw Dana's key in the call gets nothing by it.
  const thief = await world.seal();
  expect(await world.knock(thief, said)).toEqual(WAITING);
  expect(await world.knock(thief, come)).toBeUndefined();
  for (const guest of [await eve.guest(), await eve.guest(eve.signaturePrivate)]) {
    const bundle = await eve.bundle(guest);
    const theirs = { kind: "lobby.come", keyPackage: bundle.keyPackage } as const;
    expect(await world.knock(seal, theirs)).toBeUndefined();
  }
  expect(world.host.wishes).toEqual([]);
  const welcome = utf8("a Welcome");
  expect(await world.knock(seal, come)).toEqual({ kind: "lobby.welcome", welcome });
  expect(world.host.wishes).toEqual([keyPackage]);
  expect(world.lobby.guest(dana.key)).toBe(visit);
  await world.lobby.refuse(visit);
  expect(await world.last(seal)).toEqual(ended("refused"));
  expect(await world.knock(seal, come)).toBeUndefined();
  expect(await world.knock(seal, said)).toEqual(ended("refused"));
});

test("CK-911: a lobby is full at some time", async () => {
  const world = new World();
  for (let count = 0; count < MAX_WAITING; count++) {
    expect(await world.knock(await world.seal(), ask(await stranger("Dana")))).toEqual(WAITING);
  }
  const [seal, said] = [await world.seal(), ask(await stranger("Eve"))];
  expect(await world.knock(seal, said)).toEqual(ended("full"));
  expect(world.lobby.waiting()).toHaveLength(MAX_WAITING);
  const [first] = world.lobby.waiting();
  if (first !== undefined) await world.lobby.refuse(first);
  expect(await world.knock(seal, said)).toEqual(WAITING);
});

test("CK-914: a link that is over lets nobody in", async () => {
  const world = new World();
  const [waits, said, visit] = await waitsIn(world);
  world.host.good = false;
  expect(await world.lobby.admit(visit)).toBe(false);
  expect(await world.knock(await world.seal(), ask(await stranger("Late")))).toEqual(
    ended("closed"),
  );
  for (let times = 0; times < 2; times++) {
    expect(await world.knock(waits, said)).toEqual(ended("closed"));
  }
  const once = new World({ once: true });
  const [, , first] = await waitsIn(once);
  const [other, , second] = await waitsIn(once, "Eve");
  expect(await Promise.all([once.lobby.admit(first), once.lobby.admit(second)])).toEqual([
    ...[true, false],
  ]);
  expect([once.lobby.isUsed, once.host.usedUp]).toEqual([true, [once.link]]);
  expect(await once.last(other)).toEqual(ended("closed"));
  expect(await once.knock(await once.seal(), ask(await stranger("Late")))).toEqual(ended("closed"));
});

test("a link for one is not used up for nobody", async () => {
  const world = new World({ once: true });
  const [seal, , visit] = await waitsIn(world);
  // It cannot be noted that the link is used: nobody is let in by it then.
  world.host.isDiskFull = true;
  await expect(world.lobby.admit(visit)).rejects.toMatchObject({ code: "disk_full" });
  expect([world.lobby.isUsed, await world.last(seal)]).toEqual([false, WAITING]);
  world.host.isDiskFull = false;
  // Who has gone meanwhile is not let in, nor anybody once the lobby is left.
  clock += SILENT_S;
  await until(() => world.lobby.waiting().length === 0);
  expect([await world.lobby.admit(visit), world.host.usedUp]).toEqual([false, []]);
  const [other, , waits] = await waitsIn(world, "Eve");
  await world.lobby.end();
  expect(await world.last(other)).toEqual(ended("closed"));
  expect([await world.lobby.admit(waits), world.host.usedUp]).toEqual([false, []]);
  expect(world.room.isLeft).toBe(true);
});

test("a lobby that the server has no place for", async () => {
  const world = new World();
  const heard = world.host.news.length;
  world.room.events.push({ kind: "roomLost" });
  world.room.events.push({ kind: "roomShut" });
  await until(() => world.lobby.isShut);
  expect(world.host.news.length).toBe(heard + 1);
});
