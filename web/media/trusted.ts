/**
 * The page's one Trusted Types policy: a script may be loaded from our own built files, and from
 * nowhere else. Where a browser has no Trusted Types, the same check is made and a text goes on.
 *
 * Our pages are served with `trusted-types visavis`, which lets a page make this policy once: whoever
 * starts a worker imports this module.
 */

import { Code, FatalError } from "../core/errors.ts";

type Policy = { createScriptURL(url: string): string };
type Factory = {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy;
};

/** What `vite dev` serves; no server of ours has it. */
const IN_DEV: ReadonlySet<string> = new Set([
  "/media/worker.ts",
  "/client/transport/room_worker.ts",
]);

let policy: Policy | undefined;

/** Return what `new Worker` and `serviceWorker.register` take, for a script of ours. */
export function scriptUrl(url: string): string {
  policy ??= factory()?.createPolicy("visavis", { createScriptURL: ours }) ?? {
    createScriptURL: ours,
  };
  return policy.createScriptURL(url);
}

function factory(): Factory | undefined {
  return (globalThis as { trustedTypes?: Factory }).trustedTypes;
}

function ours(url: string): string {
  const { origin, pathname } = new URL(url, location.href);
  const known = pathname === "/sw.js" || pathname.startsWith("/assets/") || IN_DEV.has(pathname);
  if (origin !== location.origin || !known) throw new FatalError(Code.REFUSED, "no script of ours");
  return url;
}
