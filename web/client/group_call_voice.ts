/**
 * What one member says in the group of a call, over its room.
 *
 * Not for: when it is said (`group_call_shell.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import { encodeInGroupCall } from "../core/content.ts";
import { type GroupCallState, type InGroupCall, MAX_ASKED } from "../core/content_group_call.ts";
import type { FeedId } from "../core/ids.ts";
import type { GroupCallKeys } from "./group_call_keys.ts";
import type { Presence } from "./group_call_presence.ts";
import type { GroupRecording } from "./group_call_recording.ts";
import type { CallRoom } from "./group_call_seam.ts";

/** Seals what a member says for all the others, or for one. */
export class Voice {
  /** What we send to the SFU. */
  feed: FeedId | null = null;
  /** What we show of ourselves; undefined: nothing was said of it yet. */
  state: GroupCallState | undefined;
  readonly #keys: GroupCallKeys;
  readonly #room: CallRoom;
  readonly #presence: Presence;
  readonly #recording: GroupRecording;

  /**
   * @param keys Our membership.
   * @param room Passes it on.
   * @param presence Knows our number, and those of the others.
   * @param recording Knows what is asked.
   */
  constructor(keys: GroupCallKeys, room: CallRoom, presence: Presence, recording: GroupRecording) {
    this.#recording = recording;
    this.#keys = keys;
    this.#room = room;
    this.#presence = presence;
  }

  /** Say that we can open frames of an epoch; nothing before the room gave us a number. */
  async ready(epoch: number, to: number | null = null): Promise<void> {
    const { own: member } = this.#presence;
    if (member === null) return;
    const asks = this.#recording.shell.asks.slice(0, MAX_ASKED);
    await this.#say({ kind: "groupcall.ready", epoch, member, feed: this.feed, asks }, to);
  }

  /** Say that we leave. */
  leaving(): Promise<void> {
    return this.#say({ kind: "groupcall.leaving" });
  }

  /** Say what we show of ourselves, and what we signed last. */
  async shows(to: number | null = null): Promise<void> {
    if (this.state !== undefined) await this.#say(this.state, to);
    for (const said of this.#recording.recent) await this.#say(said, to);
  }

  /** Say what is encoded to all. */
  say(encoded: Bytes): Promise<void> {
    return this.#send(encoded, null);
  }

  /** Say what is encoded to one member; nothing if it is not in the room, as far as we know. */
  async tell(leaf: number, encoded: Bytes): Promise<void> {
    const number = this.#presence.numberOf(leaf);
    if (number !== undefined) await this.#send(encoded, number);
  }

  #say(content: InGroupCall, to: number | null = null): Promise<void> {
    return this.#send(encodeInGroupCall(content), to);
  }

  async #send(encoded: Bytes, to: number | null): Promise<void> {
    const body = await this.#keys.encrypt(encoded);
    this.#room.send({ kind: "room.say", body, to });
  }
}
