/**
 * Passes connections to a port on to the same port of another address, byte for byte.
 *
 * As a program: `node pipe.ts PORT TO` listens on 127.0.0.1 and says so with a line.
 */

import { once } from "node:events";
import { createConnection, createServer, type Server } from "node:net";

/** Listen at `port` of `address`, and pass what comes on to `port` of `to`. */
export async function pipe(port: number, address: string, to: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = createConnection({ port, host: to, allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  server.listen(port, address);
  await once(server, "listening");
  server.unref();
  return server;
}

if (import.meta.main) {
  const [port, to] = process.argv.slice(2);
  const server = await pipe(Number(port), "127.0.0.1", String(to));
  server.ref();
  process.stdout.write("listening\n");
}
