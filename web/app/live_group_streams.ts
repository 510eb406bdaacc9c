/** Members' tracks as streams that a page can show: the same stream as long as it is the same track. */

import type { GroupRemote, MemberTrack } from "../media/group_interfaces.ts";

/** What comes of one member. */
export type Streams = Readonly<{
  sound: MediaStream | undefined;
  camera: MediaStream | undefined;
  screen: MediaStream | undefined;
}>;

const NOTHING: Streams = { sound: undefined, camera: undefined, screen: undefined };

/** Where the others' pictures and sound go. */
export class MemberStreams implements GroupRemote {
  /** Told of each change. */
  onChange: () => void = () => undefined;
  #streams: ReadonlyMap<number, Streams> = new Map();

  /** What comes of a member. */
  of(leaf: number): Streams {
    return this.#streams.get(leaf) ?? NOTHING;
  }

  onTracks(tracks: readonly MemberTrack[]): void {
    const found = new Map<number, Streams>();
    for (const { leaf, role, track } of tracks) {
      const name = role === "audio" ? "sound" : role;
      const before = this.of(leaf)[name];
      const isSame = before?.getTracks()[0] === track;
      const stream = before !== undefined && isSame ? before : new MediaStream([track]);
      found.set(leaf, { ...(found.get(leaf) ?? NOTHING), [name]: stream });
    }
    this.#streams = found;
    this.onChange();
  }

  close(): void {
    this.#streams = new Map();
    this.onChange();
  }
}
