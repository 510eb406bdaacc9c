/** Starts the worker in which frames are measured, as the product starts its own. */

import type { FrameFigures, Task } from "./worker.ts";

function measure(task: Task): Promise<FrameFigures> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data as FrameFigures);
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(task);
  });
}

Object.assign(globalThis, { measureFrames: measure });
