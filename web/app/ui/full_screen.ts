/**
 * Full screen, for a call.
 *
 * The whole page goes there, not the room of the call alone: a browser shows nothing that lies beside
 * the element in full screen, and sheets, whoever rings, and the red bar of a recording all do.
 */

import { useCallback, useEffect, useState } from "react";

/** What of a document it takes. */
export type FullScreenPage = Pick<Document, "fullscreenElement" | "exitFullscreen"> &
  Readonly<{ documentElement: Pick<HTMLElement, "requestFullscreen"> }>;

/** Put the whole page in full screen; or out of it, whatever is in it. */
export async function toggleFullScreen(page: FullScreenPage): Promise<void> {
  const done =
    page.fullscreenElement === null
      ? page.documentElement.requestFullscreen()
      : page.exitFullscreen();
  await done.catch(() => undefined); // the browser refuses: all stays as it is
}

/** Leave it, if the whole page is in it. */
export async function leaveFullScreen(page: FullScreenPage): Promise<void> {
  if (page.fullscreenElement === page.documentElement) await toggleFullScreen(page);
}

/** Say whether something is in full screen, and return what changes that. It ends with the call. */
export function useFullScreen(): readonly [boolean, () => void] {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    look();
    document.addEventListener("fullscreenchange", look);
    return () => {
      document.removeEventListener("fullscreenchange", look);
      void leaveFullScreen(document);
    };
  }, []);
  return [full, useCallback(() => void toggleFullScreen(document), [])];
}
