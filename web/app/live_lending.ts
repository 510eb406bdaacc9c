/** What a call has of the desk (`live_desk.ts`), from when it is lent to it until it closes it. */

import type { SentTracks } from "../media/sfu_publish.ts";

/** What lending needs of a desk. */
export type Lender = Readonly<{
  tracks: () => SentTracks;
  start: () => Promise<void>;
  listeners: Set<(tracks: SentTracks) => void>;
  closeVideo: () => void;
  /** It is not lent any more. */
  close: () => void;
}>;

/** What a call has, in its own shape: `LocalMedia` of a call of two, `GroupLocal`. */
export type Lent<T> = Readonly<{
  tracks: T;
  start: () => Promise<void>;
  onTracks: (listener: (tracks: T) => void) => () => void;
  closeVideo: () => void;
  close: () => void;
}>;

/**
 * Return what a call sends.
 *
 * @param shape Of what is open, what this call has a place for.
 */
export function lent<T>(desk: Lender, shape: (tracks: SentTracks) => T): Lent<T> {
  let closed = false;
  const own = new Set<(tracks: SentTracks) => void>();
  return {
    get tracks() {
      return shape(desk.tracks());
    },
    start: desk.start,
    onTracks(listener) {
      const shaped = (tracks: SentTracks) => listener(shape(tracks));
      desk.listeners.add(shaped);
      own.add(shaped);
      return () => desk.listeners.delete(shaped);
    },
    closeVideo: desk.closeVideo,
    close() {
      if (closed) return;
      closed = true;
      for (const listener of own) desk.listeners.delete(listener);
      desk.close();
    },
  };
}
