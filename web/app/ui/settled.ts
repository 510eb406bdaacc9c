/** What has just come up takes no tap: it was meant for what stood there before. */

import { useEffect, useState } from "react";

/** Longer than it takes from seeing a place to tapping it, shorter than anybody needs to read. */
export const SETTLE_MS = 500;

/** Whether this has stood on the screen long enough; `inert` until then. */
export function useSettled(what: unknown): boolean {
  const [settled, setSettled] = useState<unknown>(NOTHING);
  useEffect(() => {
    const settle = setTimeout(() => setSettled(what), SETTLE_MS);
    return () => clearTimeout(settle);
  }, [what]);
  return settled === what;
}

/** Equal to nothing that can be asked for. */
const NOTHING = Symbol();
