/** Starts the worker of one call's frames. Apart, so that tests without workers can leave it out. */

import { scriptUrl } from "./trusted.ts";
import workerUrl from "./worker.ts?worker&url";

/** Return a fresh worker that runs `worker.ts`. */
export function startFrameWorker(): Worker {
  return new Worker(scriptUrl(workerUrl), { type: "module", name: "visavis-frames" });
}
