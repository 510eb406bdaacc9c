/**
 * What is shown and heard of the others, by whichever way it comes.
 *
 * While the mesh and the SFU both stand, what comes one way is shown and the other dropped: else
 * everybody would be heard twice for some seconds (twin: `src/visavis/sdk/group_call_sink.py`). A
 * picture is shown for as long as frames of it come: nobody says that a camera is off or that a screen
 * is shared no more, and a picture that stands still would look like one that is there.
 */

import type { GroupRemote, MemberTrack } from "./group_interfaces.ts";
import type { Heard } from "./heard_places.ts";

/** Seconds without a frame after which a picture is gone. A screen that stands still has one a second. */
export const PICTURE_S = 4;

export type Way = "mesh" | "sfu";

/** Something that may be shown, and where it is heard. */
export type PlacedTrack = MemberTrack & Readonly<{ place: string }>;

/** The pictures of one place. */
type Pictures = Readonly<{ count: number; atS: number }>;

/** Hands on what is to be shown, each time that changes. */
export class GroupShown {
  readonly #remote: GroupRemote;
  readonly #ways: Record<Way, readonly PlacedTrack[]> = { mesh: [], sfu: [] };
  readonly #pictures = new Map<string, Pictures>();
  #chosen: Way = "mesh";
  #nowS = 0;
  #members: ReadonlySet<number> = new Set();
  #shown: readonly MemberTrack[] = [];

  /** @param remote Where it goes in the end. */
  constructor(remote: GroupRemote) {
    this.#remote = remote;
  }

  /** The way that is taken. */
  get chosen(): Way {
    return this.#chosen;
  }

  /** Take what comes this way from now on. */
  choose(way: Way): void {
    this.#chosen = way;
    this.#tell();
  }

  /** Take all that may be shown by one way; what is not in it any more is off the page on return. */
  of(way: Way, tracks: readonly PlacedTrack[]): void {
    this.#ways[way] = tracks;
    this.#tell();
  }

  /** Show these members alone; others are off the page on return. */
  members(leaves: ReadonlySet<number>): void {
    this.#members = leaves;
    this.#tell();
  }

  /** Take what was heard at each place so far (`frames_keys.ts`). */
  heard(heard: ReadonlyMap<string, Heard>, nowS: number): void {
    this.#nowS = nowS;
    for (const place of this.#pictures.keys()) if (!heard.has(place)) this.#pictures.delete(place);
    for (const [place, { video }] of heard) {
      if (video === 0) this.#pictures.delete(place);
      else if (this.#pictures.get(place)?.count !== video) {
        this.#pictures.set(place, { count: video, atS: nowS });
      }
    }
    this.#tell();
  }

  #comes(place: string): boolean {
    const pictures = this.#pictures.get(place);
    return pictures !== undefined && this.#nowS - pictures.atS < PICTURE_S;
  }

  #tell(): void {
    const shown = this.#ways[this.#chosen]
      .filter(({ leaf }) => this.#members.has(leaf))
      .filter(({ role, place }) => role === "audio" || this.#comes(place))
      .map(({ leaf, role, track }): MemberTrack => ({ leaf, role, track }));
    const before = this.#shown;
    const isSame = shown.every(
      ({ leaf, role, track }, at) =>
        before[at]?.leaf === leaf && before[at]?.role === role && before[at]?.track === track,
    );
    if (isSame && shown.length === before.length) return;
    this.#shown = shown;
    this.#remote.onTracks(shown);
  }
}
