/**
 * As what pictures are sealed that are sent where a camera or a screen may be: in a call of two and in
 * a mesh a shared screen takes the camera's place. To record one is agreed to apart from the other, so
 * no frame may be sealed as what it is not (CK-219), and an encoder has frames under way when its
 * source changes. So in between nothing is sent:
 *
 *     the page   turn(way)   puts the other track   begin(way, kind)
 *     frames     dropped     dropped                dropped; TURN_S later from a key frame on: as `kind`
 *
 * A *way* is one sender, by the name that the page gave it. Not for: sealing (`frames_pipe.ts`).
 */

import type { PictureKind } from "../core/frame_keys.ts";

/**
 * Seconds for which frames of the source before may still come out of an encoder. Lower: a shared screen
 * is there sooner; higher: a slower machine keeps one apart from the other.
 */
export const TURN_S = 0.5;

/** What is sent there; `from` when: null once it is. */
type Sent = { readonly kind: PictureKind; from: number | null };

/** All ways of one call. */
export class PicturesSent {
  readonly #sent = new Map<string, Sent>();
  /** On which something was sent as something else before. */
  readonly #turned = new Set<string>();
  readonly #asks = new Map<string, () => void>();
  readonly #monotonic: () => number;

  /** @param monotonic Seconds that never go back. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** @param askKeyFrame Makes the next picture of this way a key frame. */
  add(way: string, askKeyFrame: () => void): void {
    this.#asks.set(way, askKeyFrame);
  }

  /** Send nothing there: its track is about to be another. */
  turn(way: string): void {
    this.#sent.delete(way);
    this.#turned.add(way);
  }

  /** Its track is of this kind now. */
  begin(way: string, kind: PictureKind): void {
    const waitS = this.#turned.delete(way) ? TURN_S : 0;
    this.#sent.set(way, { kind, from: this.#monotonic() + waitS });
  }

  /** What is waited for does not come by itself where a picture stands still. */
  askKeyFrame(way: string): void {
    if (this.#sent.get(way)?.from != null) this.#asks.get(way)?.();
  }

  /**
   * Return as what a frame is sealed that has come out of the encoder now; undefined: it is dropped.
   * Before anything was said of a way, so is all of it.
   */
  kindOf(way: string, isKeyFrame: boolean): PictureKind | undefined {
    const sent = this.#sent.get(way);
    if (sent === undefined) return undefined;
    if (sent.from !== null) {
      if (this.#monotonic() < sent.from) return undefined;
      if (!isKeyFrame) {
        this.askKeyFrame(way);
        return undefined;
      }
      sent.from = null;
    }
    return sent.kind;
  }
}
