/** Starts the thread of a call room's connection. Apart, so that tests without workers can leave it out. */

import { scriptUrl } from "../../media/trusted.ts";
import type { Dialled, Dialling } from "./connection.ts";
import workerUrl from "./room_worker.ts?worker&url";
import type { FromThread, ToThread } from "./room_worker_protocol.ts";

/** As `Dial`, with a WebSocket in a thread of its own. */
export function dialInThread(url: string, on: Dialling): Dialled {
  const worker = new Worker(scriptUrl(workerUrl), { type: "module", name: "visavis-room" });
  const tell = (message: ToThread) => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
    if ("opened" in data) on.opened();
    else if ("came" in data) on.came(data.came);
    else if ("failed" in data) on.ended();
    else on.ended(data.closed);
  };
  // The script could not be fetched, or is at fault: what it holds open ends with it.
  worker.onerror = () => {
    worker.terminate();
    on.ended();
  };
  tell({ open: url });
  return {
    isOpen: () => true,
    // Not handed over: whoever sends may send the same bytes again.
    send: (frame) => tell({ send: frame }),
    close: (code) => tell({ close: code }),
  };
}
