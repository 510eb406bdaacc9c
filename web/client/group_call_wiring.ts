/**
 * What whoever is in a call of many has of it, put together: media, the call's room, the shell.
 *
 * Not for: who may be in it, or what a person is shown (`group_call_stay.ts`, `guest.ts`).
 */

import { Media } from "../core/content_records.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import { type RoomId, RoomKey } from "../core/ids.ts";
import type { GroupMediaFactory, StayMedia, StayMediaParts } from "../media/group_interfaces.ts";
import { CallRoomSocket, type RoomOptions } from "./call_room.ts";
import type { GroupCallKeys } from "./group_call_keys.ts";
import type { ShellParts } from "./group_call_seam.ts";
import { GroupCallShell } from "./group_call_shell.ts";
import type { Dial } from "./transport/connection.ts";

/** What somebody has of a call while they are in it. */
export type Wired = Readonly<{ media: StayMedia; room: CallRoomSocket; shell: GroupCallShell }>;

/** What it is made from. Never printed. */
export type WiringParts = Omit<ShellParts, "room" | "frames"> &
  Pick<StayMediaParts, "local" | "remote" | "turn"> &
  Readonly<{
    keys: GroupCallKeys;
    /** The server. */
    origin: string;
    /** The call's room, and how it is made. */
    room: RoomId;
    options?: Omit<RoomOptions, "dial">;
    /** As what the call began. */
    media: Media;
    /** The person wants to be seen, if it is a call with pictures. */
    picture: boolean;
    makeMedia: GroupMediaFactory;
    /** Makes the room's WebSockets; unless given, on this thread. */
    dial?: Dial | undefined;
  }>;

/** Put it together; nothing runs before `takePart`. */
export function wire(parts: WiringParts): Wired {
  const { keys, local, media: began, origin, picture, remote, turn } = parts;
  const place = async () => ({ n: keys.epoch, key: new RoomKey(await keys.roomKey()) });
  const dial = parts.dial === undefined ? {} : { dial: parts.dial };
  const room = new CallRoomSocket(origin, parts.room, place, { ...parts.options, ...dial });
  if (began === Media.VOICE) local.closeVideo();
  const media = parts.makeMedia({
    ...{ local, remote, turn },
    video: picture && began === Media.VIDEO,
    send: (message) => room.send(message),
    announce: (feed) => shell.announce(feed),
    tell: (leaf, content) => shell.tell(leaf, content),
    failed: () => shell.lostFrameKeys(),
  });
  const { door, monotonic, recording, unix, watcher } = parts;
  const around = { keys, recording, room, frames: media.frames, watcher, unix, monotonic };
  const shell = new GroupCallShell(door === undefined ? around : { ...around, door });
  shell.attach(media);
  return { media, room, shell };
}

/**
 * Be in the call until we are out.
 *
 * @param inside Done once we take part.
 * @param signal Ends it without a word.
 * @throws UnavailableError NOT_ENCRYPTED, it was left.
 * @throws What `inside` throws, and the signal's reason.
 */
export async function takePart(
  { media, room, shell }: Wired,
  inside: () => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  media.start();
  room.start();
  const running = shell.run(AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]));
  running.catch(() => undefined); // It is waited for below.
  try {
    await inside();
    await running;
  } finally {
    ended.abort(new UnavailableError(Code.UNAVAILABLE, "this stay is over"));
    await running.catch(() => undefined);
    await media.close();
  }
}
