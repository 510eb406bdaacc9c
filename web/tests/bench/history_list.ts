/**
 * The list of 100,000 calls in a real browser: how long until its first rows stand there, how long a
 * key that is pressed in the search takes until what it changed is drawn, and whether the keyboard
 * goes through it. Bounds: 300 ms and 50 ms, on a machine that does nothing else.
 *
 * Usage: SCENES=1 tools/node.sh vite build && tools/node.sh node tests/bench/history_list.ts
 */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { serveFolder } from "../serve_folder.ts";

const { chromium } = createRequire(import.meta.url)("playwright-core");
const FOLDER = join(import.meta.dirname, "../../../build/scenes");
const ROUNDS = 7;
/** As long as somebody looks at the first screen before the first tap. */
const LOOKED_MS = 2000;
const TYPED = ["m", "mi", "mir", "mira", "mirax", "mira", "number 99", "", "e", "el"];
/** More nodes than this, and the list is not only what is seen of it. */
const NODES = 600;

function middle(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

/** From the tap on "Calls" until rows are drawn, in ms. */
async function open(page: Page): Promise<number> {
  return await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const begin = performance.now();
    document.querySelector<HTMLElement>(".home-calls")?.click();
    while (document.querySelector(".window-row button") === null) {
      if (performance.now() - begin > 10_000) throw new Error("no row came");
      await frame();
    }
    await frame();
    return performance.now() - begin;
  });
}

/** From a changed search until what it changed is drawn, in ms. */
async function type(page: Page, text: string): Promise<number> {
  return await page.evaluate(async (typed) => {
    const input = document.querySelector<HTMLInputElement>("input[type=search]");
    const begin = performance.now();
    // As React hears of it: through the prototype's own setter.
    const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value") ?? {};
    set?.call(input, typed);
    input?.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - begin;
  }, text);
}

/** Which row has the focus, of how many. */
async function where(page: Page): Promise<readonly (string | null | undefined)[]> {
  return await page.evaluate(() => {
    const row = document.activeElement?.closest("[role=listitem]");
    return [row?.getAttribute("aria-posinset"), row?.getAttribute("aria-setsize")];
  });
}

const [server, origin] = await serveFolder(FOLDER, { headers: {} });
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const page: Page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  await page.goto(`${origin}/scenes.html#calls-many-home,en`);
  await page.waitForSelector(".home-calls");
  await page.waitForTimeout(LOOKED_MS);
  const firsts: number[] = [];
  const keys: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    firsts.push(await open(page));
    const nodes = await page.evaluate(() => document.querySelectorAll(".calls *").length);
    assert.ok(nodes < NODES, `${nodes} nodes`);
    await page.waitForFunction(() => document.querySelector("[aria-setsize='100000']") !== null);
    for (const text of TYPED) {
      keys.push(await type(page, text));
      await page.waitForTimeout(250); // as fast as people type who look at what comes
    }
    await page.evaluate(() => document.querySelector<HTMLElement>(".calls .icon-btn")?.click());
    await page.waitForSelector(".calls", { state: "detached" });
  }
  await open(page);
  await page.waitForFunction(() => document.querySelector("[aria-setsize='100000']") !== null);
  await page.focus(".window-row[role=listitem] button");
  await page.keyboard.press("End");
  await page.waitForTimeout(100);
  assert.deepEqual(await where(page), ["100000", "100000"]);
  await page.keyboard.press("Home");
  for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowDown");
  await page.waitForTimeout(100);
  assert.deepEqual(await where(page), ["13", "100000"]);
  // Scrolled away, the row one was at is there still, and goes on from there.
  await page.mouse.move(200, 600);
  await page.mouse.wheel(0, 40_000);
  await page.waitForTimeout(200);
  assert.deepEqual(await where(page), ["13", "100000"]);
  await page.keyboard.press("ArrowUp");
  await page.waitForTimeout(100);
  assert.deepEqual(await where(page), ["12", "100000"]);
  const [first = 0] = firsts;
  const line = (name: string, values: readonly number[]) =>
    `${name}: median ${middle(values).toFixed(0)} ms, longest ${Math.max(...values).toFixed(0)} ms`;
  process.stdout.write(
    `${line("first rows", firsts)}; the very first: ${first.toFixed(0)} ms\n` +
      `${line("a key", keys)}\n`,
  );
} finally {
  await browser.close();
  server.close();
}
