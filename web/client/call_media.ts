/**
 * What goes between a call and its media connection: picture and voice that outlive the connection.
 *
 * In a glare they pass on to the call that stands, so a connection gets them lent: it may close what
 * it was lent, and closes nothing once they were taken back. The connection itself is
 * `MediaConnection` of `media/interfaces.ts`.
 */

import { UsageError } from "../core/errors.ts";
import type { LocalMedia, LocalTracks, RemoteMedia } from "../media/interfaces.ts";

/** What a person shows and says, and where the other side's goes. */
export type Ends = Readonly<{ local: LocalMedia; remote: RemoteMedia }>;

/** Close both: the call ends, or never began. */
export function closeEnds({ local, remote }: Ends): void {
  local.close();
  remote.close();
}

/** What is sent, as a connection may close it without ending it for the next one. */
export class LentLocal implements LocalMedia {
  #local: LocalMedia | undefined;
  #lent = true;

  /** @param local Undefined for a connection that is made before there is anything to send. */
  constructor(local?: LocalMedia) {
    this.#local = local;
  }

  /** Lend it what is sent, if it had nothing. */
  lend(local: LocalMedia): void {
    this.#local = local;
  }

  /** Take it back: this lender closes nothing any more. */
  keep(): LocalMedia {
    this.#lent = false;
    return needed(this.#local);
  }

  get tracks(): LocalTracks {
    return this.#local?.tracks ?? { audio: undefined, video: undefined, isScreen: false };
  }

  start(): Promise<void> {
    return needed(this.#local).start();
  }

  onTracks(listener: (tracks: LocalTracks) => void): () => void {
    return needed(this.#local).onTracks(listener);
  }

  closeVideo(): void {
    if (this.#lent) this.#local?.closeVideo();
  }

  /** Free the devices, unless they were kept. */
  close(): void {
    if (this.#lent) this.#local?.close();
  }
}

/** Where the other side's stream goes, as a connection may close it without ending it for the next. */
export class LentRemote implements RemoteMedia {
  #remote: RemoteMedia | undefined;
  #lent = true;

  /** @param remote Undefined for a connection that is made before there is anybody to see. */
  constructor(remote?: RemoteMedia) {
    this.#remote = remote;
  }

  /** Lend it where the stream goes, if it had nothing. */
  lend(remote: RemoteMedia): void {
    this.#remote = remote;
  }

  /** Take it back: this lender closes nothing any more. */
  keep(): RemoteMedia {
    this.#lent = false;
    return needed(this.#remote);
  }

  onStream(stream: MediaStream): void {
    if (this.#lent) this.#remote?.onStream(stream);
  }

  /** Show nothing any more, unless it was kept. */
  close(): void {
    if (this.#lent) this.#remote?.close();
  }
}

function needed<T>(end: T | undefined): T {
  if (end === undefined) throw new UsageError("nothing was lent");
  return end;
}
