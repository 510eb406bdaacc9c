/**
 * The first screen on a slow phone, and what is loaded later: how long, how large.
 *
 * Chromium's own brakes (CDP): the processor four times slower, 1.6 Mbit/s down, 750 kbit/s up,
 * 150 ms for an answer. Interactive is when the first button that leads on can be pressed and the
 * page answers: the end of the task in which it was drawn, with no task over 50 ms after it.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Page } from "puppeteer-core";
import { build, type Rollup } from "vite";
import { en } from "../../app/i18n/en.ts";
import { Stage } from "../e2e/stage.ts";

const WEB = join(import.meta.dirname, "../..");
const DIST = join(WEB, "dist");
const LOADS = 5;
const CALM_MS = 1000;

const PHONE = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};

/** Milliseconds from the start of the navigation. */
export type Loaded = Readonly<{ painted: number; interactive: number; bytes: number }>;

export type Size = Readonly<{ part: string; gzip: number; brotli: number }>;

export type Load = Readonly<{
  first: readonly Loaded[];
  again: readonly Loaded[];
  sizes: readonly Size[];
}>;

export async function measureLoad(say: (line: string) => void): Promise<Load> {
  const stage = new Stage();
  const [first, again]: [Loaded[], Loaded[]] = [[], []];
  try {
    await stage.startServer();
    const link = stage.signupLink();
    for (let i = 0; i < LOADS; i++) {
      const page = await stage.blank("chromium");
      first.push(await load(page, link));
      // From now on the service worker has the files.
      await page.evaluate(async () => {
        await navigator.serviceWorker.ready;
      });
      await page.goto("about:blank");
      again.push(await load(page, link));
      say(`load ${JSON.stringify([first.at(-1), again.at(-1)])}`);
      await page.browserContext().close();
    }
  } finally {
    await stage.close();
  }
  return { first, again, sizes: await sizes() };
}

/** Runs in the page from its first moment on. */
function watch(label: string): void {
  const times = { drawn: 0, painted: 0, busyUntil: 0 };
  Object.assign(globalThis, { loadTimes: times });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      times.busyUntil = Math.max(times.busyUntil, entry.startTime + entry.duration);
    }
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) {
      times.painted = entry.startTime;
    }
  }).observe({ type: "paint", buffered: true });
  new MutationObserver(() => {
    if (times.drawn > 0) return;
    for (const button of document.querySelectorAll("button")) {
      if (button.textContent?.includes(label) && !button.disabled) times.drawn = performance.now();
    }
  }).observe(document, { childList: true, subtree: true });
}

async function load(page: Page, link: string): Promise<Loaded> {
  const session = await page.createCDPSession();
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", PHONE);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  const script = await page.evaluateOnNewDocument(watch, en["signup.submit"]);
  await page.goto(link, { waitUntil: "load" });
  await page.waitForFunction(
    "loadTimes.drawn > 0 && performance.now() - Math.max(loadTimes.drawn, loadTimes.busyUntil) > " +
      CALM_MS,
  );
  const times = (await page.evaluate("loadTimes")) as {
    drawn: number;
    painted: number;
    busyUntil: number;
  };
  await page.removeScriptToEvaluateOnNewDocument(script.identifier);
  await session.detach();
  return { painted: times.painted, interactive: Math.max(times.drawn, times.busyUntil), bytes };
}

/** The files of each part, by the names that the build gives them. */
const FILES: readonly (readonly [part: string, pattern: RegExp])[] = [
  ["blur", /^(?:background_blur|blur_|selfie_|tflite)/],
  ["noise suppression", /^(?:noise_|rnnoise)/],
  ["reading QR codes", /^jsQR/],
  ["list of known passwords", /^blocklist/],
  ["the frames' worker", /^worker-/],
];

/** Parts that share a file with others, as bundles of their own with all they need. */
const BUNDLES: readonly (readonly [part: string, entry: string, without: readonly string[]])[] = [
  ["OPAQUE", module("@serenity-kit/opaque"), []],
  ["MLS, without X-Wing", join(WEB, "core/mls/index.ts"), ["@noble/post-quantum"]],
  ["ML-KEM of X-Wing", module("@noble/post-quantum/ml-kem.js"), []],
];

function module(name: string): string {
  return fileURLToPath(import.meta.resolve(name));
}

async function sizes(): Promise<readonly Size[]> {
  const found: Size[] = [sizeOf("until the first screen", firstScreen())];
  for (const [part, entry, without] of BUNDLES)
    found.push(sizeOf(part, [await bundle(entry, without)]));
  const names = readdirSync(join(DIST, "assets")).filter((name) => !/\.(?:br|gz)$/.test(name));
  for (const [part, pattern] of FILES) {
    const files = names.filter((name) => pattern.test(name));
    // A part that no page uses yet has no file.
    if (files.length > 0)
      found.push(
        sizeOf(
          part,
          files.map((name) => read(`assets/${name}`)),
        ),
      );
  }
  return found;
}

/** The page, what it names, and what those import at once. */
function firstScreen(): Buffer[] {
  const names = new Set<string>(["index.html"]);
  const visit = (text: string, pattern: RegExp) => {
    for (const [, name = ""] of text.matchAll(pattern)) {
      const path = `assets/${name}`;
      if (names.has(path)) continue;
      names.add(path);
      if (name.endsWith(".js"))
        visit(read(path).toString(), /(?:from|import)\s*"\.\/([\w.-]+\.js)"/g);
    }
  };
  visit(read("index.html").toString(), /\/assets\/([\w.-]+\.(?:js|css))"/g);
  return [...names].map(read);
}

function read(path: string): Buffer {
  return readFileSync(join(DIST, path));
}

async function bundle(entry: string, without: readonly string[]): Promise<Buffer> {
  const made = (await build({
    configFile: false,
    root: WEB,
    logLevel: "error",
    build: {
      write: false,
      target: "esnext",
      minify: true,
      assetsInlineLimit: 0,
      lib: {
        entry,
        formats: ["es"],
        fileName: "part",
      },
      rollupOptions: { external: (id: string) => without.some((name) => id.startsWith(name)) },
    },
  })) as Rollup.RollupOutput[];
  return Buffer.concat(
    made.flatMap(({ output }) =>
      output.map((file) => Buffer.from(file.type === "chunk" ? file.code : file.source)),
    ),
  );
}

function sizeOf(part: string, files: readonly Buffer[]): Size {
  const sum = (how: (data: Buffer) => Buffer) =>
    files.reduce((total, data) => total + how(data).length, 0);
  return {
    part,
    gzip: sum((data) => gzipSync(data)),
    brotli: sum((data) => brotliCompressSync(data)),
  };
}
