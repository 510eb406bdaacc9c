/** What changes beside the model: time, the page in front or behind, the size of a place. */

import { type RefObject, useEffect, useLayoutEffect, useState } from "react";

/** Return the seconds since a moment, in milliseconds since the epoch; counted on once a second. */
export function useSeconds(since: number | undefined): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return since === undefined ? 0 : Math.max(0, (now - since) / 1000);
}

/** Say whether the page lies behind another one, or its window is put away. */
export function useHidden(): boolean {
  const [hidden, setHidden] = useState(false);
  useEffect(() => {
    const look = () => setHidden(document.visibilityState === "hidden");
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return hidden;
}

type Size = Readonly<{ width: number; height: number }>;

/** Return the inner size of an element, in CSS pixels; undefined before it is there. */
export function useSize(place: RefObject<HTMLElement | null>): Size | undefined {
  const [size, setSize] = useState<Size>();
  useLayoutEffect(() => {
    const { current } = place;
    if (current === null) return;
    const look = () => {
      const { clientWidth: width, clientHeight: height } = current;
      setSize((before) =>
        before?.width === width && before.height === height ? before : { width, height },
      );
    };
    look(); // before anything is drawn
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => observer.disconnect();
  }, [place]);
  return size;
}
