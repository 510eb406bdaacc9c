/**
 * One member's connection to a call room (`/v1/call-room`), entered again by itself when it ends.
 *
 *     room.create | room.enter ->   <- room.entered   <- what others say, commits, who comes and goes
 *
 * As nobody: no account and no token goes over it (P12). Whoever knows the present key of the call's
 * group may enter. A server that was started anew knows no rooms; the first member to come back makes
 * the room again, if it holds a capability, and the others enter it.
 *
 * Not for: what is said, or who a number is (`group_call_shell.ts`).
 */

import { decodeFromRoom, encodeToRoom, type FromRoom, type ToRoom } from "../core/content_room.ts";
import { Refusal } from "../core/content_room_fields.ts";
import { UnavailableError, VisavisError } from "../core/errors.ts";
import { type Capability, Digest, type MailboxId, type RoomId, type RoomKey } from "../core/ids.ts";
import { Inbox } from "./group_call_happenings.ts";
import { Signal, sleep, withTimeout } from "./lock.ts";
import {
  type Connection,
  type Dial,
  type Frame,
  OPEN_TIMEOUT_S,
  Opener,
} from "./transport/connection.ts";
import { PONG } from "./transport/prompt.ts";
import { onWaking } from "./transport/waking.ts";

const PATH = "/v1/call-room";

export const FIRST_BACKOFF_S = 0.1;
/** Between two attempts to enter. A call waits for it, so it is short. */
export const MAX_BACKOFF_S = 2;

/** How often a room that refuses us is asked again: another member may be making it anew. */
export const TRIES = 3;

/**
 * Seconds without a word of the room after which the connection is taken for dead: a page cannot
 * ping, and the room says something to whoever is silent for a second. Lower doubts connections that
 * are only slow.
 */
const QUIET_S = 10;

/** With what a room is made: any address of ours that the server knows (P12). Never printed. */
export type Ticket = Readonly<{ mailbox: MailboxId; capability: Capability }>;

/** Where we are in the call's group: what opens the room. Never printed. */
export type Place = Readonly<{ n: number; key: RoomKey }>;

/** The connection ended; it is made anew. */
export type RoomLost = Readonly<{ kind: "roomLost" }>;

/** The room is not there, or does not let us in: nothing comes any more. */
export type RoomShut = Readonly<{ kind: "roomShut" }>;

export type RoomEvent = FromRoom | RoomLost | RoomShut;

/** A room, and how it is made. */
export type RoomOptions = Readonly<{
  /** To make the room; without one it can only be entered. */
  ticket?: Ticket;
  /** Whether the room is not made yet. */
  isNew?: boolean;
  /** Makes the WebSockets; unless given, on this thread. */
  dial?: Dial;
}>;

/** Return an opener of connections to the call rooms of a server. */
export function roomOpener(origin: string, dial?: Dial): Opener {
  return new Opener(origin, PATH, dial);
}

/** Return what the room said; undefined: what no room says. */
export function heard(frame: Frame): FromRoom | undefined {
  if (frame === undefined) return undefined;
  try {
    return decodeFromRoom(frame);
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
    return undefined;
  }
}

/** A member's connection. Begin with `start`; end with `leave`. */
export class CallRoomSocket {
  readonly #opener: Opener;
  readonly #room: RoomId;
  readonly #place: () => Promise<Place>;
  readonly #ticket: Ticket | undefined;
  readonly #events = new Inbox<RoomEvent>();
  readonly #ended = new AbortController();
  readonly #hurry = new Signal();
  #make: boolean;
  /** While we are in the room. */
  #inside: Connection | undefined;
  #refused = 0;
  #running: Promise<void> | undefined;

  /**
   * @param origin The server.
   * @param room Which room.
   * @param place Tells where we are now.
   */
  constructor(
    origin: string,
    room: RoomId,
    place: () => Promise<Place>,
    { ticket, isNew = false, dial }: RoomOptions = {},
  ) {
    this.#opener = roomOpener(origin, dial);
    this.#room = room;
    this.#place = place;
    this.#ticket = ticket;
    this.#make = isNew && ticket !== undefined;
  }

  /** Enter, and enter again whenever the connection ends. */
  start(): void {
    this.#running ??= this.#run(this.#ended.signal);
  }

  /**
   * Return what comes next.
   *
   * @throws The signal's reason.
   */
  next(signal?: AbortSignal): Promise<RoomEvent> {
    return this.#events.next(signal);
  }

  /**
   * Say something to the room; dropped while we are not in it.
   *
   * @throws PeerError `TOO_LARGE`.
   */
  send(message: ToRoom): void {
    this.#inside?.send(encodeToRoom(message));
  }

  /** Leave, after what was said before, and close the connection. */
  async leave(): Promise<void> {
    this.send({ kind: "room.leave" });
    this.#ended.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const stopWatching = onWaking(() => this.#refresh());
    try {
      for (let failures = 0; !signal.aborted; ) {
        this.#hurry.clear();
        failures = (await this.#wasIn(signal)) ? 0 : Math.min(failures + 1, 8);
        if (this.#refused > TRIES) break;
        const pause = Math.min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** failures);
        await this.#pause(pause * (0.5 + Math.random() / 2), signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      // There is no way to such a server, or our keys are gone.
      if (!(error instanceof VisavisError)) throw error;
    } finally {
      stopWatching();
      this.#events.push({ kind: "roomShut" });
    }
  }

  /** Be in the room until the connection ends; say whether it let us in. */
  async #wasIn(signal: AbortSignal): Promise<boolean> {
    try {
      const connection = await this.#opener.open(signal);
      try {
        return await this.#session(connection, signal);
      } finally {
        connection.close();
      }
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return false;
    }
  }

  async #session(connection: Connection, signal: AbortSignal): Promise<boolean> {
    connection.send(encodeToRoom(await this.#first()));
    const first = await withTimeout(OPEN_TIMEOUT_S, (stop) => connection.next(stop), { signal });
    const answer = first === "closed" ? undefined : heard(first);
    if (answer?.kind !== "room.entered") {
      this.#notLetIn(answer);
      return false;
    }
    this.#refused = 0;
    this.#make = false;
    this.#inside = connection;
    this.#events.push(answer);
    try {
      await this.#read(connection, signal);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    } finally {
      this.#inside = undefined;
      this.#events.push({ kind: "roomLost" });
    }
    return true;
  }

  async #first(): Promise<ToRoom> {
    const { n, key } = await this.#place();
    if (!this.#make || this.#ticket === undefined) {
      return { kind: "room.enter", room: this.#room, key };
    }
    return {
      kind: "room.create",
      room: this.#room,
      ...this.#ticket,
      n,
      key: Digest.sha256(key),
    };
  }

  #notLetIn(answer: FromRoom | undefined): void {
    if (answer?.kind !== "room.refused" || answer.code === Refusal.UNAVAILABLE) return;
    this.#refused += 1;
    // A room that is not there can be made; one that another member made can be entered.
    this.#make = !this.#make && this.#ticket !== undefined;
  }

  /** @throws UnavailableError The room says nothing any more. */
  async #read(connection: Connection, signal: AbortSignal): Promise<void> {
    for (;;) {
      const frame = await withTimeout(QUIET_S, (stop) => connection.next(stop), { signal });
      if (frame === "closed") return;
      const said = heard(frame);
      if (said?.kind === "room.ping") connection.send(PONG);
      else if (said !== undefined) this.#events.push(said);
    }
  }

  #refresh(): void {
    this.#hurry.set();
    this.#opener.hurry();
    this.#inside?.close();
  }

  /** Wait, but not when there is reason to try at once. */
  async #pause(seconds: number, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const stop = AbortSignal.any([ended.signal, signal]);
    try {
      await Promise.race([sleep(seconds, stop), this.#hurry.wait(stop)]);
    } finally {
      ended.abort();
    }
  }
}
