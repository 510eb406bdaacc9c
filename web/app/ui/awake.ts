/** Keeps the screen on while a component is there, where the browser can. */

import { useEffect } from "react";

export function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let over = false;
    const take = async () => {
      if (document.visibilityState !== "visible") return;
      // Refused when power is low: then the screen goes dark as it always does.
      const taken = await navigator.wakeLock?.request("screen").catch(() => undefined);
      if (over) await taken?.release();
      else lock = taken;
    };
    void take();
    document.addEventListener("visibilitychange", take); // a hidden page loses it
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", take);
      void lock?.release();
    };
  }, []);
}
