/**
 * The track of pictures on one transport: a camera's, or a screen's in its place. It has the worker send
 * nothing while one takes the other's place, so that no frame of the one is sealed as the other's
 * (`pictures_sent.ts`). Not for: SFUs, to which each has a section of its own.
 */

import type { PictureKind } from "../core/frame_keys.ts";

/** Tells the worker what a way sends from now on; undefined: its track is about to be another. */
export type SayPictures = (way: string, of: PictureKind | undefined) => Promise<void>;

/** A name of its own for each transport. */
let ways = 0;

/** What one transport sends of pictures. */
export class PictureTrack {
  /** Its name in the worker. */
  readonly way = `way:${ways++}`;
  readonly #say: SayPictures;
  readonly #replace: (track: MediaStreamTrack | undefined) => Promise<void>;
  #wanted: Readonly<{ track: MediaStreamTrack; of: PictureKind }> | undefined;
  /** What the worker seals it as; undefined: it sends nothing. */
  #said: PictureKind | undefined;
  #last = Promise.resolve();

  /** @param replace Puts a track in place of the one that is sent. */
  constructor(say: SayPictures, replace: (track: MediaStreamTrack | undefined) => Promise<void>) {
    this.#say = say;
    this.#replace = replace;
  }

  /** Send this from now on; undefined: nothing, and that at once. */
  put(track: MediaStreamTrack | undefined, of: PictureKind): void {
    this.#wanted = track && { track, of };
    const step = track === undefined ? this.#replace(undefined) : this.#next();
    // Refused only if the connection closed, or the worker died: then nothing is sent anyway.
    step.catch(() => {});
  }

  #next(): Promise<void> {
    const done = this.#last.then(() => this.#put());
    this.#last = done.catch(() => {});
    return done;
  }

  async #put(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    if (this.#said !== undefined && this.#said !== wanted.of) {
      this.#said = undefined;
      await this.#say(this.way, undefined);
      if (this.#wanted !== wanted) return; // what is wanted now comes next
    }
    await this.#replace(wanted.track);
    if (this.#said !== undefined) return;
    await this.#say(this.way, wanted.of);
    this.#said = wanted.of;
  }
}
