/** Serves built pages to a browser: for tests, benches and pictures, never for people. */

import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

type Headers = Readonly<Record<string, string>>;

/** Return the path of a request, without its query; of the folder itself, its index. */
export function pathOf(url: string | undefined): string {
  const { pathname } = new URL(url ?? "/", "http://x");
  return pathname === "/" ? "/index.html" : pathname;
}

/** Answer with a file of a folder, or say that there is none. */
export function answerFile(
  folder: string,
  path: string,
  response: ServerResponse,
  headers: Headers = {},
): void {
  try {
    const body = readFileSync(join(folder, path));
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    response.writeHead(200, { ...headers, "content-type": type });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

/**
 * Serve a folder on 127.0.0.1.
 *
 * @param options.port Any that is free, if not given.
 * @param options.headers Go with every file.
 * @returns The server and its address, without a slash at the end.
 */
export async function serveFolder(
  folder: string,
  { port = 0, headers = {} }: Readonly<{ port?: number; headers?: Headers }> = {},
): Promise<readonly [server: Server, origin: string]> {
  const server = createServer((request, response) => {
    answerFile(folder, pathOf(request.url), response, headers);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return [server, `http://127.0.0.1:${address.port}`];
}
