/** Registers the service worker that keeps the pages, so that they open without a network. */

import { scriptUrl } from "./trusted.ts";

export function startOffline(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const register = () =>
    void navigator.serviceWorker.register(scriptUrl("/sw.js")).catch(() => undefined);
  // Not before the page has what it needs itself.
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register);
}
