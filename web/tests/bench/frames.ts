/** The worker's cost per frame, in Chromium; see `frames_page/worker.ts`. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { buildPage } from "../build_page.ts";
import { serveFolder } from "../serve_folder.ts";
import type { FrameFigures, Task } from "./frames_page/worker.ts";

/** As the product's server does: the clock is finer so. */
const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const TASKS: readonly Task[] = [
  { kind: "audio", bytes: 100, rounds: 30, repeat: 200 },
  { kind: "video", bytes: 1_000, rounds: 30, repeat: 200 },
  { kind: "video", bytes: 10_000, rounds: 30, repeat: 100 },
  { kind: "video", bytes: 50_000, rounds: 30, repeat: 50 },
];

export type Frames = readonly (Task & FrameFigures)[];

export async function measureFrames(say: (line: string) => void): Promise<Frames> {
  const folder = mkdtempSync(join(tmpdir(), "visavis-frames-"));
  await buildPage(join(import.meta.dirname, "frames_page"), folder);
  const [server, origin] = await serveFolder(folder, { headers: HEADERS });
  try {
    const browser = await puppeteer.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
      protocolTimeout: 300_000,
    });
    try {
      const page = await browser.newPage();
      await page.goto(origin);
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
