/**
 * What the shell of a group call needs from around it: the call room, frames, media, people.
 *
 * `group_call_shell.ts` is built on these and knows nothing else of the client.
 */

import type { Bytes } from "../core/bytes.ts";
import type { Sign } from "../core/content_group_call.ts";
import type { ToRoom } from "../core/content_room.ts";
import type { LeftReason } from "../core/group_call_types.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import type { GroupFrames } from "../media/group_interfaces.ts";
import type { RoomEvent } from "./call_room.ts";
import type { GroupCallKeys } from "./group_call_keys.ts";
import type { GroupRecordingParts } from "./group_call_recording.ts";

/**
 * A call room; `CallRoomSocket` (`call_room.ts`) is one.
 *
 * What comes is in the order in which the room had it. What is sent while the connection is away is
 * dropped.
 */
export interface CallRoom {
  /**
   * Return what comes next.
   *
   * @throws The signal's reason.
   */
  next(signal?: AbortSignal): Promise<RoomEvent>;
  /** Say something to the room. */
  send(message: ToRoom): void;
  /** Leave and close the connection. */
  leave(): Promise<void>;
}

/** What is said at the room's door; `Doorkeeper` (`group_call_entry.ts`) is one. */
export interface Door {
  /**
   * Return the key package of somebody who knocks.
   *
   * @throws PeerError It is none for us.
   */
  keyPackage(knock: Bytes): Promise<Bytes>;
  /**
   * Seal a Welcome for who knocked with this key package.
   *
   * @throws PeerError TOO_LARGE.
   */
  answer(keyPackage: Bytes, welcome: Bytes): Promise<Bytes>;
}

/** Whoever shows the call to a person. */
export interface Watcher {
  /** Somebody came or went. */
  changed(came: readonly MemberInfo[], went: readonly MemberInfo[]): void;
  /** A member shows something of itself, or asks us for something. */
  said(leaf: number, sign: Sign): void;
  /** So many are in the room who are no members of the call: they hear nothing. */
  unlisted(count: number): void;
  /** This device is in the call no longer. */
  over(reason: LeftReason): void;
}

/** What a shell is built from. */
export type ShellParts = Readonly<{
  /** Our membership. */
  keys: GroupCallKeys;
  /** Entered, or on the way. */
  room: CallRoom;
  /** Where frame keys go. */
  frames: GroupFrames;
  /** Told what a person should see. */
  watcher: Watcher;
  /** Returns unix seconds. */
  unix: () => number;
  /** Returns seconds that never go backwards. */
  monotonic: () => number;
  /** What it gives for recordings. */
  recording: GroupRecordingParts;
  /** Reads who knocks at the room's door, and answers; without it nobody does. */
  door?: Door;
}>;
