/** A call room without a server: numbers, messages and commits in one order, on a virtual clock. */

import type { RoomEvent } from "../../client/call_room.ts";
import { Inbox } from "../../client/group_call_happenings.ts";
import type { CallRoom } from "../../client/group_call_seam.ts";
import { type Bytes, equal } from "../../core/bytes.ts";
import {
  decodeFromRoom,
  decodeToRoom,
  encodeFromRoom,
  encodeToRoom,
  type RoomCommit,
  type ToRoom,
} from "../../core/content_room.ts";
import { Refusal, Why } from "../../core/content_room_fields.ts";
import { Digest } from "../../core/ids.ts";
import { Dice } from "../core_vectors.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** After so many seconds the server sees that a connection ended without a word. */
export const NOTICED_S = 3;

/** For how many seconds the key of the epoch before lets in (CK-804). */
const GRACE_S = 5;

const LATENCY_S = 0.03;

/** The server's side. */
export class Hub {
  readonly clock: VirtualClock;
  readonly commits: Bytes[] = [];
  readonly inside = new Map<number, Room>();
  readonly evicted: number[] = [];
  #n = 0;
  #keyHash: Digest;
  #before: Readonly<{ keyHash: Digest; until: number }> | undefined;
  #next = 1;
  readonly #dice = new Dice(1);
  readonly #busyUntil = new Map<Room, number>();

  constructor(clock: VirtualClock, key: Bytes) {
    this.clock = clock;
    this.#keyHash = Digest.sha256(key);
  }

  delay(): number {
    return 0.001 + (this.#dice.roll(1000) / 1000) * LATENCY_S;
  }

  enter(room: Room, key: Bytes): void {
    if (!this.#opens(key) && !this.#opened(key)) {
      this.#to(room, { kind: "roomShut" });
      return;
    }
    room.number = this.#next;
    this.#next += 1;
    const { number: member } = room;
    const members = [...this.inside.keys()];
    this.inside.set(member, room);
    const facts = { n: this.#n, hasSfu: false, most: 200 };
    this.#to(room, { kind: "room.entered", member, members, ...facts });
    this.#toOthers(member, { kind: "room.came", member });
  }

  gone(member: number): void {
    if (!this.inside.delete(member)) return;
    this.#toOthers(member, { kind: "room.gone", member, why: Why.LEFT });
  }

  /** Do what a member asks. */
  hears(room: Room, message: ToRoom): void {
    if (!room.connected) return;
    if (message.kind === "room.say") {
      const said = { kind: "room.said", member: room.number, body: message.body } as const;
      const other = message.to === null ? undefined : this.inside.get(message.to);
      if (message.to === null) this.#toOthers(room.number, said);
      else if (other !== undefined) this.#to(other, said);
    }
    if (message.kind === "room.commit") this.#commit(room, message);
    if (message.kind === "room.pull") this.#pull(room, message.first);
    if (message.kind === "room.evict" && this.#opens(message.key)) {
      this.#before = undefined; // CK-804: at once after an eviction.
      this.evicted.push(message.member);
      this.gone(message.member);
    }
  }

  #pull(room: Room, first: number): void {
    const end = Math.min(first + 2, this.#n);
    for (const [i, body] of this.commits.slice(first, end).entries()) {
      this.#to(room, { kind: "room.ordered", n: first + i, body });
    }
    this.#to(room, { kind: "room.pulled", n: end });
  }

  #commit(room: Room, { n, key, body, next }: RoomCommit): void {
    if (!this.#opens(key)) {
      this.#to(room, { kind: "room.refused", code: Refusal.REFUSED, asked: "room.commit" });
      return;
    }
    const accepted = n === this.#n;
    if (accepted) {
      this.#n += 1;
      this.#before = { keyHash: this.#keyHash, until: this.clock.now + GRACE_S };
      this.#keyHash = next;
      this.commits.push(body);
    }
    this.#to(room, { kind: "room.committed", n, accepted });
    if (accepted) this.#toOthers(room.number, { kind: "room.ordered", n, body });
  }

  #opens(key: Bytes): boolean {
    return equal(Digest.sha256(key), this.#keyHash);
  }

  /** Whether it was the key until a moment ago. */
  #opened(key: Bytes): boolean {
    const before = this.#before;
    if (before === undefined || this.clock.now > before.until) return false;
    return equal(Digest.sha256(key), before.keyHash);
  }

  /** Deliver in the room's order, however long each takes. */
  #to(room: Room, event: RoomEvent): void {
    const { now } = this.clock;
    const at = Math.max(now + this.delay(), this.#busyUntil.get(room) ?? 0);
    this.#busyUntil.set(room, at + 1e-6);
    this.clock.later(at - now, () => room.hear(event));
  }

  #toOthers(number: number, event: RoomEvent): void {
    for (const [other, room] of [...this.inside]) if (other !== number) this.#to(room, event);
  }
}

/** One member's connection. */
export class Room implements CallRoom {
  number = 0;
  connected = true;
  /** What is not sent though it was said. */
  swallows: (message: ToRoom) => boolean = () => false;
  /** Whether it stays when it should leave. */
  stays = false;
  readonly #hub: Hub;
  readonly #key: () => Promise<Bytes>;
  readonly #events = new Inbox<RoomEvent>();

  constructor(hub: Hub, key: () => Promise<Bytes>) {
    this.#hub = hub;
    this.#key = key;
    hub.clock.later(hub.delay(), () => void this.#enter());
  }

  hear(event: RoomEvent): void {
    if (!this.connected) return;
    const isOurs = event.kind === "roomLost" || event.kind === "roomShut";
    this.#events.push(isOurs ? event : decodeFromRoom(encodeFromRoom(event)));
  }

  /** Lose the connection, and come back after so many seconds. */
  cut(seconds: number): void {
    const { number } = this;
    this.connected = false;
    this.#events.push({ kind: "roomLost" });
    this.#hub.clock.later(NOTICED_S, () => this.#hub.gone(number));
    this.#hub.clock.later(seconds, () => {
      this.#hub.gone(number);
      this.connected = true;
      void this.#enter();
    });
  }

  /** Vanish without a word. */
  die(): void {
    this.connected = false;
    const { number } = this;
    this.#hub.clock.later(NOTICED_S, () => this.#hub.gone(number));
  }

  next(signal?: AbortSignal): Promise<RoomEvent> {
    return this.#events.next(signal);
  }

  send(message: ToRoom): void {
    if (!this.connected || this.swallows(message)) return;
    const sent = decodeToRoom(encodeToRoom(message)); // As it goes over the wire.
    this.#hub.clock.later(this.#hub.delay(), () => this.#hub.hears(this, sent));
  }

  async leave(): Promise<void> {
    if (!this.connected || this.stays) return;
    this.connected = false;
    this.#hub.gone(this.number);
  }

  async #enter(): Promise<void> {
    this.#hub.enter(this, await this.#key());
  }
}
