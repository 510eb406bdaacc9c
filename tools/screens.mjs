/**
 * `make screens`: a picture of every screen, phone and desktop, light and dark, in build/screens/,
 * and axe-core on each. A violation, a page error or anything the strict policy refuses fails it.
 *
 * Usage: tools/screens.sh [NAME...]   only these scenes; LANG_SCENES=de for another language
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { violationsOn } from "../web/tests/axe.ts";
import { serveFolder } from "../web/tests/serve_folder.ts";

const root = path.resolve(import.meta.dirname, "..");
const require = createRequire(path.join(root, "web/package.json"));
const { chromium } = require("playwright-core");

const SCENES = path.join(root, "build/scenes");
const OUT = path.join(root, "build/screens");
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
/** As the server sends it; axe and our own style hash excepted, nothing is loosened. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types visavis",
].join("; ");
const SETTLE_MS = 200;

async function look(page, origin, scene, size, scheme, language) {
  const troubles = [];
  page.removeAllListeners();
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console: ${message.text()}`);
  });
  await page.goto("about:blank");
  await page.goto(`${origin}/scenes.html#${scene.scene},${language}`);
  await page.waitForSelector("#root h1, [role=alertdialog]", { state: "attached" });
  if (scene.scene !== "starting") {
    // All of it is there, and takes taps (`ui/settled.ts`).
    const unsettled = "[data-loading], .settling[inert]";
    await page.waitForFunction((wanted) => document.querySelector(wanted) === null, unsettled);
  }
  if (scene.press) await page.getByRole("button", { name: scene.press, exact: true }).first().click();
  else if (scene.press === "") await typeIn(page);
  await page.waitForTimeout(SETTLE_MS);
  const suffix = language === "en" ? "" : `-${language}`;
  await page.screenshot({ path: path.join(OUT, `${scene.name}-${size}-${scheme}${suffix}.png`) });
  const spill = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? `${scrollWidth} > ${clientWidth}` : "";
  });
  if (spill) troubles.push(`scrolls sideways: ${spill}`);
  if (size === "phone") troubles.push(...(await page.evaluate(tooSmall)));
  troubles.push(...(await violationsOn(page)));
  return troubles;
}

async function open({ size, viewport, colorScheme, language }) {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    deviceScaleFactor: size === "phone" ? 2 : 1,
    hasTouch: size === "phone",
    reducedMotion: "reduce",
    locale: language,
    permissions: ["camera", "microphone"],
  });
  return context.newPage();
}

async function typeIn(page) {
  await page.getByRole("textbox").first().fill("anna");
  await page.locator("input[type=password]").fill("moss lantern ferry");
}

/** What a finger must hit is 44 px at least, words in a sentence excepted. */
function tooSmall() {
  const found = [];
  for (const one of document.querySelectorAll("button, input:not([type=radio], [type=checkbox]), textarea, label:has(input)")) {
    const { width, height } = one.getBoundingClientRect();
    const unseen = one.closest("[inert], [aria-hidden=true], .unseen, [tabindex='-1']") || width <= 1;
    if (!unseen && (width < 43.5 || height < 43.5)) {
      found.push(`small target ${Math.round(width)}x${Math.round(height)}: ${one.outerHTML.slice(0, 100)}`);
    }
  }
  return found;
}

/** People's systems have a good system font; where Debian has Roboto, pictures are taken with it. */
async function fonts() {
  const file = path.join(root, "build/fonts.conf");
  const prefer = (family) =>
    `<alias binding="same"><family>${family}</family><prefer><family>Roboto</family></prefer></alias>`;
  const body = ["system-ui", "sans", "sans-serif", "DejaVu Sans"].map(prefer).join("");
  await writeFile(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>` +
      `<include>/etc/fonts/fonts.conf</include>${body}</fontconfig>`,
  );
  return file;
}

const [server, origin] = await serveFolder(SCENES, {
  headers: {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  env: { ...process.env, FONTCONFIG_FILE: await fonts() },
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream=fps=5",
    "--use-fake-ui-for-media-stream",
  ],
});
let failures = 0;
try {
  const index = await browser.newPage();
  await index.goto(`${origin}/scenes.html`);
  const { scenes, pressed } = JSON.parse(
    await index.locator("#root").getAttribute("data-scenes", { timeout: 10_000 }),
  );
  await index.close();
  const all = [
    ...scenes.map((name) => ({ name, scene: name })),
    ...Object.entries(pressed).map(([name, [scene, press]]) => ({ name, scene, press })),
  ];
  const wanted = process.argv.slice(2);
  const chosen = wanted.length > 0 ? all.filter(({ name }) => wanted.includes(name)) : all;
  const language = process.env.LANG_SCENES ?? "en";
  if (wanted.length === 0 && language === "en") await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  for (const [size, viewport] of Object.entries(SIZES)) {
    await Promise.all(
      ["light", "dark"].map(async (colorScheme) => {
        const page = await open({ size, viewport, colorScheme, language });
        for (const scene of chosen) {
          const troubles = await look(page, origin, scene, size, colorScheme, language).catch(
            // A screen that does not come is named like any other trouble, and the rest is still looked at.
            (error) => [`did not come: ${error.message.split("\n")[0]}`],
          );
          for (const trouble of new Set(troubles)) {
            failures += 1;
            process.stdout.write(`${scene.name} ${size} ${colorScheme}: ${trouble}\n`);
          }
        }
        await page.context().close();
      }),
    );
  }
  process.stdout.write(`${chosen.length} screens, ${failures} troubles, pictures in build/screens/\n`);
} finally {
  await browser.close();
  server.close();
}
process.exitCode = failures > 0 ? 1 : 0;
