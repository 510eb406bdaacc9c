/**
 * The thread of one connection to a call room: passes on what comes and goes, and answers pings at
 * once, however busy the page is (`prompt.ts`). It holds no key, and sees what the room sees.
 */

import { PONG, Prompt } from "./prompt.ts";
import type { FromThread, ToThread } from "./room_worker_protocol.ts";

/** The worker's global object, as far as it is used. */
declare const self: {
  onmessage: ((event: MessageEvent<ToThread>) => void) | null;
  postMessage(message: FromThread, transfer?: Transferable[]): void;
  close(): void;
};

/** Until what was said last has left, or can be given up, once the page closed the connection. */
const LINGER_MS = 5_000;

const prompt = new Prompt();
let socket: WebSocket | undefined;

function open(url: string): void {
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => self.postMessage({ opened: true });
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!(data instanceof ArrayBuffer)) return self.postMessage({ came: null });
    if (prompt.isDue(new Uint8Array(data))) socket?.send(PONG);
    self.postMessage({ came: data }, [data]);
  };
  // The close event follows.
  socket.onerror = () => self.postMessage({ failed: true });
  socket.onclose = ({ code }) => {
    self.postMessage({ closed: code });
    self.close();
  };
}

self.onmessage = ({ data }) => {
  if ("open" in data) open(data.open);
  else if ("send" in data) {
    if (prompt.passes(data.send) && socket?.readyState === WebSocket.OPEN) socket.send(data.send);
  } else {
    socket?.close(data.close);
    setTimeout(() => self.close(), LINGER_MS);
  }
};
