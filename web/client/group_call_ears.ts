/**
 * What one member hears in the group of a call: opened, and handed to whom it concerns.
 *
 * Not for: when it is heard, or what the machine makes of it (`group_call_shell.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import { decodeInGroupCall } from "../core/content.ts";
import type { Event } from "../core/group_call_types.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import { assertNever } from "../core/never.ts";
import type { GroupMedia } from "../media/group_interfaces.ts";
import type { GroupCallKeys } from "./group_call_keys.ts";
import type { Presence } from "./group_call_presence.ts";
import type { GroupRecording } from "./group_call_recording.ts";
import type { Watcher } from "./group_call_seam.ts";

/** Opens what members say. */
export class Ears {
  /** Whoever sends and gets media, once there is one. */
  media: GroupMedia | undefined;
  readonly #keys: GroupCallKeys;
  readonly #presence: Presence;
  readonly #watcher: Watcher;
  readonly #recording: GroupRecording;
  readonly #unix: () => number;

  /**
   * @param keys Our membership.
   * @param presence Learns which number in the room is whose.
   * @param watcher Told what members show.
   * @param recording Told what is signed in the call.
   * @param unix Returns unix seconds.
   */
  constructor(
    keys: GroupCallKeys,
    presence: Presence,
    watcher: Watcher,
    recording: GroupRecording,
    unix: () => number,
  ) {
    this.#keys = keys;
    this.#presence = presence;
    this.#watcher = watcher;
    this.#recording = recording;
    this.#unix = unix;
  }

  /**
   * Hand on what a member said; return what the machine has to know of it, in order.
   *
   * @throws PeerError It is not to be opened, malformed, or says another's number (CK-867).
   */
  async hear(
    number: number,
    body: Bytes,
    members: ReadonlyMap<number, MemberInfo>,
    now: number,
  ): Promise<readonly Event[]> {
    const { leaf, who, content } = await this.#keys.decrypt(body, { now: this.#unix() });
    const said = decodeInGroupCall(content);
    if (!members.has(leaf)) return [];
    switch (said.kind) {
      case "groupcall.ready": {
        this.media?.announced(leaf, said.feed);
        await this.#recording.ready(leaf, who, said.asks);
        const isBack = this.#presence.isHere(leaf, said.member, number);
        const ready: Event = { kind: "readyReceived", now, leaf, epoch: said.epoch };
        return isBack ? [{ kind: "memberBack", now, leaf }, ready] : [ready];
      }
      case "recording.said":
      case "receipt.ask":
      case "receipt.signed":
      case "receipt.refused":
        await this.#recording.hear(leaf, who, said);
        return [];
      case "groupcall.leaving":
        return [{ kind: "memberGoing", now, leaf }];
      case "groupcall.offer":
      case "groupcall.answer":
        this.media?.told(leaf, said);
        return [];
      case "groupcall.state":
      case "groupcall.reaction":
      case "groupcall.please_mute":
        this.#watcher.said(leaf, said);
        return [];
      default:
        return assertNever(said);
    }
  }
}
