/**
 * Standing at the door of a call room: knocking, and what those inside answer.
 *
 *     room.knock ->   ... room.answered <-   (docs/protocol/call-room.md)
 *
 * As nobody, like a member of the room (`call_room.ts`). A connection that ends is made anew with the
 * next knock. Not for: what is in a knock or an answer (`core/room_door.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import { encodeToRoom } from "../core/content_room.ts";
import type { Refusal } from "../core/content_room_fields.ts";
import type { RoomId } from "../core/ids.ts";
import { heard, roomOpener } from "./call_room.ts";
import { Inbox } from "./group_call_happenings.ts";
import type { Connection, Opener } from "./transport/connection.ts";

/** What comes at a door: an answer, or why the server does not pass the knock on. */
export type AtDoor =
  | Readonly<{ kind: "answer"; body: Bytes }>
  | Readonly<{ kind: "refusal"; code: Refusal }>;

/** The door of one room; end with `close`. */
export class CallDoor {
  readonly #opener: Opener;
  readonly #room: RoomId;
  readonly #answers = new Inbox<AtDoor>();
  #connection: Connection | undefined;

  /**
   * @param origin The server.
   * @param room Which room.
   */
  constructor(origin: string, room: RoomId) {
    this.#opener = roomOpener(origin);
    this.#room = room;
  }

  /**
   * Knock, or knock again; for one at a time.
   *
   * @throws UnavailableError The server cannot be reached.
   * @throws The signal's reason.
   */
  async knock(body: Bytes, signal?: AbortSignal): Promise<void> {
    if (this.#connection?.isOpen !== true) {
      this.close();
      const connection = await this.#opener.open(signal);
      this.#connection = connection;
      void this.#read(connection);
    }
    this.#connection?.send(encodeToRoom({ kind: "room.knock", room: this.#room, body }));
  }

  /**
   * Return what comes within some seconds.
   *
   * @throws The signal's reason.
   */
  within(seconds: number, signal: AbortSignal): Promise<AtDoor | undefined> {
    return this.#answers.within(seconds, signal);
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #read(connection: Connection): Promise<void> {
    for (;;) {
      const frame = await connection.next();
      if (frame === "closed") return;
      const said = heard(frame);
      // Nothing else is said to who is outside.
      if (said?.kind === "room.answered") this.#answers.push({ kind: "answer", body: said.body });
      if (said?.kind === "room.refused") this.#answers.push({ kind: "refusal", code: said.code });
    }
  }
}
