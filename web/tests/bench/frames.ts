/** The worker's cost per frame, in Chromium; see `frames_page/worker.ts`. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import puppeteer from "puppeteer-core";
import { build } from "vite";
import type { FrameFigures, Task } from "./frames_page/worker.ts";

const PORT = 8422;
const TASKS: readonly Task[] = [
  { kind: "audio", bytes: 100, rounds: 30, repeat: 200 },
  { kind: "video", bytes: 1_000, rounds: 30, repeat: 200 },
  { kind: "video", bytes: 10_000, rounds: 30, repeat: 100 },
  { kind: "video", bytes: 50_000, rounds: 30, repeat: 50 },
];

export type Frames = readonly (Task & FrameFigures)[];

export async function measureFrames(say: (line: string) => void): Promise<Frames> {
  const folder = mkdtempSync(join(tmpdir(), "visavis-frames-"));
  const server = createServer((request, response) => {
    const path = request.url === "/" ? "/index.html" : (request.url ?? "");
    try {
      const body = readFileSync(join(folder, path));
      const type = extname(path) === ".html" ? "text/html" : "text/javascript";
      // As the product's server does: the clock is finer so.
      response.writeHead(200, {
        "content-type": `${type}; charset=utf-8`,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  try {
    await build({
      configFile: false,
      root: join(import.meta.dirname, "frames_page"),
      logLevel: "error",
      worker: { format: "es" },
      build: { outDir: folder, emptyOutDir: true, target: "esnext", modulePreload: false },
    });
    await new Promise<void>((resolve) => server.listen(PORT, "127.0.0.1", resolve));
    const browser = await puppeteer.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
      protocolTimeout: 300_000,
    });
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${PORT}/`);
      await page.waitForFunction("globalThis.measureFrames !== undefined");
      const figures = [];
      for (const task of TASKS) {
        const found = await page.evaluate(`measureFrames(${JSON.stringify(task)})`);
        figures.push({ ...task, ...(found as FrameFigures) });
        say(`frames of ${task.bytes} bytes: done`);
      }
      return figures;
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
