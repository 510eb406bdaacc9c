/**
 * The hands of a group call's shell: they carry out one effect of the machine after the other.
 *
 * Not for: what happens, and in which order (`group_call_shell.ts`).
 */

import { PeerError, UsageError } from "../core/errors.ts";
import type { Effect, State } from "../core/group_call_types.ts";
import { isGuest } from "../core/guest.ts";
import { type Digest, RoomKey } from "../core/ids.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import { assertNever } from "../core/never.ts";
import type { Happening, Inbox } from "./group_call_happenings.ts";
import type { GroupCallKeys } from "./group_call_keys.ts";
import type { Presence } from "./group_call_presence.ts";
import type { CallRoom, Watcher } from "./group_call_seam.ts";
import type { ShellFrames } from "./group_call_shell_frames.ts";
import type { Voice } from "./group_call_voice.ts";

type Around = Readonly<{
  keys: GroupCallKeys;
  room: CallRoom;
  frames: ShellFrames;
  watcher: Watcher;
  presence: Presence;
  voice: Voice;
  inbox: Inbox<Happening>;
  /** Returns unix seconds. */
  unix: () => number;
}>;

/** Carries out what the machine says. */
export class Hands {
  /** When the machine wants to be told of the time; null: never. */
  deadline: number | null = null;
  /** Who was in the call before the epoch that begins now, by leaf. */
  members: ReadonlyMap<number, MemberInfo> = new Map();
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
  }

  /** Say whether nobody but guests stays when we leave, as far as we know. */
  isLast(state: State): boolean {
    if (state.kind !== "inside") return false;
    const { going, leaves, own } = state;
    const stay = [...leaves].filter((leaf) => leaf !== own && !going.has(leaf));
    return stay.every((leaf) => {
      const member = this.members.get(leaf);
      return member !== undefined && isGuest(member);
    });
  }

  /** Carry out one effect to its end. */
  async carryOut(effect: Effect): Promise<void> {
    const { frames, keys, presence, voice, watcher } = this.#around;
    switch (effect.kind) {
      case "setDeadline":
        this.deadline = effect.at;
        return;
      case "commit":
        return await this.#commit(effect.add, effect.remove);
      case "dropLeaves":
        return await frames.drop(effect.leaves);
      case "installKeys":
        return await frames.install();
      case "sendReady":
        // Not if it is not so: nobody is to count on us to hear them.
        if (frames.isWhole) await voice.ready(effect.epoch);
        return;
      case "switchSending":
        return await frames.send();
      case "evict":
        for (const leaf of effect.leaves) {
          const number = presence.numberOf(leaf);
          if (number !== undefined) await this.evict(number);
        }
        return;
      case "sayLeaving":
        return await voice.leaving();
      case "wipeKeys":
        await frames.wipe();
        return await keys.wipe();
      case "reportOutside":
        return watcher.over(effect.reason);
      case "announce":
        return this.#announce(effect.came, effect.went);
      case "askToJoin": // A joiner asks before it has a shell.
      case "reject":
        return;
      default:
        return assertNever(effect);
    }
  }

  /** Have the room cut a number off. */
  async evict(number: number): Promise<void> {
    const { keys, room } = this.#around;
    const key = new RoomKey(await keys.roomKey());
    room.send({ kind: "room.evict", member: number, key });
  }

  /** Who went is known by the members of before, who came by those of now. */
  #announce(came: readonly number[], went: readonly number[]): void {
    const { keys, watcher } = this.#around;
    const present = keys.members();
    watcher.changed(
      came.map((leaf) => memberAt(present, leaf)),
      went.map((leaf) => memberAt(this.members, leaf)),
    );
  }

  async #commit(add: readonly Digest[], remove: readonly number[]): Promise<void> {
    const { inbox, keys, room, unix } = this.#around;
    try {
      const { n, key, commit, nextKeyHash } = await keys.offer(add, remove, { now: unix() });
      const [present, next] = [new RoomKey(key), nextKeyHash];
      room.send({ kind: "room.commit", n, key: present, body: commit, next });
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      // A key package that was good is no longer: without the joiners it will do. Not here: the
      // machine's step is still being carried out.
      inbox.push({ kind: "cannotAdd", n: keys.epoch, joiners: add });
    }
  }
}

function memberAt(members: ReadonlyMap<number, MemberInfo>, leaf: number): MemberInfo {
  const found = members.get(leaf);
  if (found === undefined) throw new UsageError("a leaf that nobody has");
  return found;
}
