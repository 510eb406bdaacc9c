/**
 * Consent to a recording as a browser shows it: the red bar stays whatever is done to it, and no and
 * yes are alike to the pixel. On the scenes, so that each state stands still; with calls, see
 * `recording.e2e.ts`.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { SETTLE_MS } from "../../app/ui/settled.ts";
import { serveFolder } from "../serve_folder.ts";

const WEB = resolve(import.meta.dirname, "../..");
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };
const BAR = ".recorded-bar";
/** The bar is looked at once a second, if nothing says that it changed. */
const LOOKED_MS = 2500;

const folder = mkdtempSync(join(tmpdir(), "visavis-scenes-"));
let server: Server;
let origin: string;
let browser: Browser;

before(async () => {
  process.env["SCENES"] = "1";
  const configFile = join(WEB, "vite.config.ts");
  await build({ configFile, logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
  [server, origin] = await serveFolder(folder);
  browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
});
after(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function scene(name: string, viewport = DESKTOP): Promise<Page> {
  const page = await browser.newPage({ viewport, reducedMotion: "reduce" });
  page.setDefaultTimeout(10_000);
  await page.goto(`${origin}/scenes.html#${name}`);
  await page.waitForSelector("#root h1, [role=alertdialog]", { state: "attached" });
  return page;
}

/** Say whether the bar is seen: drawn, opaque, and what lies at its middle and both its ends. */
function barIsSeen(selector: string): boolean {
  const bar = document.querySelector<HTMLElement>(selector);
  if (!bar?.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
  const box = bar.getBoundingClientRect();
  const at = [box.left + 2, box.left + box.width / 2, box.right - 2];
  const isTop = at.every((x) => {
    const found = document.elementFromPoint(x, box.top + box.height / 2);
    return found !== null && (found === bar || bar.contains(found));
  });
  const { opacity, backgroundColor } = getComputedStyle(bar);
  return isTop && opacity === "1" && backgroundColor !== "rgba(0, 0, 0, 0)" && box.width > 300;
}

const seen = (page: Page) => page.evaluate(barIsSeen, BAR);

/** Do something to the bar, see it gone as a control, and see it come back. */
const ATTACKS: Readonly<Record<string, string>> = {
  removed: "bar.remove()",
  "put elsewhere": "document.querySelector('#root').prepend(bar)",
  emptied: "bar.replaceChildren()",
  "taken its class": "bar.className = ''",
  hidden: "bar.hidden = true",
  "hidden by style": "bar.style.setProperty('display', 'none', 'important')",
  "made clear": "bar.setAttribute('style', 'opacity: 0 !important')",
  "moved away": "bar.style.setProperty('transform', 'translateY(-900px)', 'important')",
  "closed as a popover": "bar.hidePopover()",
  "made no popover": "bar.removeAttribute('popover')",
  "made inert": "bar.inert = true",
  "said to be no part of the page": "bar.setAttribute('aria-hidden', 'true')",
};

/** Rules that a style sheet of somebody else may have; they never take effect. */
const RULES = [
  ".recorded-bar { display: none !important }",
  "[popover] { opacity: 0 !important; visibility: hidden !important }",
  "body > div { transform: scale(0) !important; clip-path: inset(50%) !important }",
  "div { position: static !important; max-height: 0 !important; filter: opacity(0) !important }",
] as const;

test("the bar comes back, whatever is done to it", async () => {
  const page = await scene("recorded");
  await page.waitForFunction(barIsSeen, BAR);
  const before = await page.locator(BAR).innerText();
  assert.match(before, /mira\.20417 records: Sound and Picture\s+Withdraw my yes/);
  for (const [name, attack] of Object.entries(ATTACKS)) {
    await page.evaluate(`{ const bar = document.querySelector("${BAR}"); ${attack} }`);
    await page.waitForFunction(barIsSeen, BAR, { timeout: LOOKED_MS });
    const whole = (text: string) =>
      document.querySelector<HTMLElement>(".recorded-bar")?.innerText === text;
    await page.waitForFunction(whole, before, { timeout: LOOKED_MS });
    const rest = await page.locator(BAR).evaluate((bar) => bar.getAttributeNames().toSorted());
    assert.deepEqual(rest, ["class", "data-react-aria-top-layer", "popover", "style"], name);
  }
  for (const rule of RULES) {
    await page.evaluate((text) => document.styleSheets[0]?.insertRule(text), rule);
    await page.waitForFunction(barIsSeen, BAR, { timeout: LOOKED_MS });
  }
  await page.close();
});

test("two who undo each other do not stop the page", async () => {
  const page = await scene("recorded");
  await page.waitForFunction(barIsSeen, BAR);
  const ticks = await page.evaluate(async () => {
    const bar = document.querySelector(".recorded-bar");
    new MutationObserver(() => bar?.remove()).observe(document.body, { childList: true });
    bar?.remove();
    let count = 0;
    for (; count < 5; count++) await new Promise((resolve) => setTimeout(resolve, 100));
    return count;
  });
  assert.equal(ticks, 5);
  await page.close();
});

test("it stays above a sheet, and one tap there ends the recording and nothing else", async () => {
  const page = await scene("recorded-more", PHONE);
  await page.waitForFunction(barIsSeen, BAR);
  await page.getByRole("heading", { name: "More" }).waitFor();
  await page.getByRole("button", { name: "Withdraw my yes" }).click();
  await page.waitForSelector(BAR, { state: "detached" });
  await page.getByRole("heading", { name: "More" }).waitFor();
  assert.equal(await page.locator(".room").count(), 1);
  await page.getByText("Nothing is recorded any more.").waitFor({ state: "attached" });
  await page.close();
});

test("it stays in full screen, in each theme, and says so in the tab", async () => {
  const page = await scene("recorded");
  await page.waitForFunction(barIsSeen, BAR);
  assert.equal(await page.title(), "● Recording");
  await page.getByRole("button", { name: "Hang up" }).hover(); // the call is there, and hears keys
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await page.waitForFunction(barIsSeen, BAR, { timeout: LOOKED_MS });
  await page.evaluate(`document.querySelector("${BAR}").remove()`);
  await page.waitForFunction(barIsSeen, BAR, { timeout: LOOKED_MS });
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement === null);
  await page.waitForFunction(barIsSeen, BAR, { timeout: LOOKED_MS });
  assert.equal(await page.locator(BAR).evaluate((bar) => bar.parentElement?.tagName), "BODY");
  for (const theme of ["light", "dark"]) {
    await page.evaluate((name) => {
      document.documentElement.dataset["theme"] = name;
      document.documentElement.dataset["motion"] = "reduced";
    }, theme);
    assert.ok(await seen(page), theme);
  }
  await page.close();
});

test("in full screen one is asked, and sheets lie above the room", async () => {
  for (const name of ["record-request-all", "record-request-group"]) {
    const page = await scene(name);
    await page.getByRole("button", { name: "Security", exact: true }).hover();
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement !== null);
    const onTop = (selector: string) => {
      const box = document.querySelector(selector)?.getBoundingClientRect();
      const found = box && document.elementFromPoint(box.left + box.width / 2, box.top + 8);
      return found?.closest(selector) instanceof Element;
    };
    await page.waitForFunction(onTop, ".request");
    await page.keyboard.press("i");
    await page.waitForFunction(onTop, ".sheet");
    await page.close();
  }
});

test("nothing of a call lies under it", async () => {
  for (const name of ["recorded-both", "recorded-group", "recorded-hostile"]) {
    for (const viewport of [PHONE, DESKTOP]) {
      const page = await scene(name, viewport);
      await page.waitForFunction(barIsSeen, BAR);
      await page.waitForFunction(() => {
        const bar = document.querySelector(".recorded-bar")?.getBoundingClientRect();
        const top = document.querySelector(".room-bar")?.getBoundingClientRect();
        return bar && top && top.top >= bar.bottom - 1;
      });
      await page.close();
    }
  }
});

test("where nothing is recorded there is no bar", async () => {
  const page = await scene("record-request");
  await page.waitForTimeout(2 * SETTLE_MS);
  assert.equal(await page.locator(BAR).count(), 0);
  assert.notEqual(await page.title(), "● Recording");
  await page.close();
});

/** All that makes a button look as it does, and its size. */
function looksOf(answers: Element): readonly string[] {
  return [...answers.querySelectorAll("button")].map((button) => {
    const style = getComputedStyle(button);
    const own = [...style]
      .filter((name) => !/^(?:perspective|transform)-origin$/.test(name))
      .map((name) => `${name}: ${style.getPropertyValue(name)}`);
    const { width, height } = button.getBoundingClientRect();
    return [`${width} x ${height}`, ...own].join("\n");
  });
}

for (const language of ["en", "de", "es"]) {
  for (const [size, viewport] of Object.entries({ PHONE, DESKTOP })) {
    test(`no and yes are alike to the pixel: ${language}, ${size}`, async () => {
      for (const name of ["record-request-all", "record-request-group", "record-held-asked"]) {
        const page = await scene(`${name},${language}`, viewport);
        await page.waitForSelector(".answers:not([inert])");
        const looks = await page.locator(".answers").evaluate(looksOf);
        assert.equal(looks.length, 2);
        assert.equal(looks[0], looks[1], name);
        assert.equal(await page.locator(".request [data-selected]").count(), 0);
        assert.equal(await page.locator(".request input:checked").count(), 0);
        // That it can be filmed is seen at once, without scrolling.
        const isWarned = await page.locator(".request-cannot span").evaluate((words) => {
          const { left, top, bottom } = words.getBoundingClientRect();
          const at = [top + 4, bottom - 4].map((y) => document.elementFromPoint(left + 4, y));
          return at.every((found) => found === words);
        });
        assert.ok(isWarned, name);
        // Whoever hangs up does so over no question: the button lies free.
        const isFree = await page.locator(".round.end").evaluate((button) => {
          const { x, y, width } = button.getBoundingClientRect();
          return button.contains(document.elementFromPoint(x + width / 2, y + 20));
        });
        assert.ok(isFree, name);
        await page.close();
      }
    });
  }
}

test("the first half second takes no tap, and silence is no answer", async () => {
  const page = await scene("record-request");
  const first = await page.waitForSelector(".answers");
  assert.equal(await first.evaluate((one) => one.hasAttribute("inert")), true);
  await page.waitForSelector(".answers:not([inert])");
  await page.waitForTimeout(3000);
  assert.equal(await page.getByRole("button", { name: "Yes", exact: true }).count(), 1);
  await page.close();
});

test("a no ends the question and not the call; so does Escape, as no yes", async () => {
  const page = await scene("record-request");
  await page.waitForSelector(".answers:not([inert])");
  await page.getByRole("button", { name: "No", exact: true }).click();
  await page.waitForSelector(".asked", { state: "detached" });
  assert.equal(await page.getByRole("button", { name: "Hang up" }).count(), 1);
  await page.close();
  const other = await scene("record-request");
  await other.waitForSelector(".answers:not([inert])");
  await other.getByRole("button", { name: "Yes", exact: true }).focus();
  await other.keyboard.press("Escape");
  await other.getByRole("button", { name: "Answer", exact: true }).waitFor();
  assert.match(await other.locator(".asked").innerText(), /Silence counts as no/);
  await other.close();
});

test("a yes is to what was chosen, by keyboard alone, and withdrawn by one tap", async () => {
  const page = await scene("record-request-all");
  await page.waitForSelector(".answers:not([inert])");
  const yes = page.getByRole("button", { name: "Yes", exact: true });
  await yes.click();
  await page.getByText("First choose what you agree to.").waitFor();
  const reached = new Set<string>();
  await page.getByRole("button", { name: "Close" }).focus();
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const now = document.activeElement;
      const labels = now?.getAttribute("aria-labelledby") ?? "";
      return document.getElementById(labels)?.textContent ?? now?.textContent ?? "";
    });
    reached.add(name);
    if (name === "Sound") await page.keyboard.press("Space");
  }
  for (const name of ["Sound", "Picture", "Shared screen", "Transcript", "No", "Yes"]) {
    assert.ok(reached.has(name), `${name}: ${[...reached].join(", ")}`);
  }
  await yes.focus();
  await page.keyboard.press("Enter");
  await page.getByText("You said yes to").waitFor();
  await page.getByRole("button", { name: "Withdraw my yes" }).click();
  await page.waitForSelector(".asked", { state: "detached" });
  assert.equal(await page.getByRole("button", { name: "Hang up" }).count(), 1);
  await page.close();
});

/** Ask for a window of the picture's own, as the browser's button would, and say whether it stays. */
async function hasOwnWindow(page: Page): Promise<boolean> {
  await page.getByRole("button", { name: "Hang up" }).waitFor();
  await page.locator(".room-who").click(); // browsers open it only for somebody who is there
  return page.locator("video.remote").evaluate(async (video: HTMLVideoElement) => {
    video.disablePictureInPicture = false;
    await video.requestPictureInPicture();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return document.pictureInPictureElement === video;
  });
}

test("while something is recorded, picture-in-picture ends at once", async () => {
  const control = await scene("call");
  assert.equal(await hasOwnWindow(control), true);
  await control.close();
  const page = await scene("recorded");
  await page.waitForFunction(barIsSeen, BAR);
  assert.equal(await hasOwnWindow(page), false);
  await page.close();
});

test("a recording plays from its parts, stops, and goes where one wants", async () => {
  const page = await scene("recordings-player");
  const at = () => page.locator(".player-at input").inputValue().then(Number);
  assert.equal(await at(), 0);
  const player = page.locator(".player");
  await player.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(
    () => Number(document.querySelector<HTMLInputElement>(".player-at input")?.value) >= 1,
  );
  const playing = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLMediaElement>(".player audio")].some(
      (one) => !one.paused && one.currentTime > 0.3,
    ),
  );
  assert.ok(playing);
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll<HTMLVideoElement>(".player video")].filter(
        ({ hidden, videoWidth }) => !hidden && videoWidth > 0,
      ).length === 2,
  );
  await player.getByRole("button", { name: "Pause" }).click();
  const stood = await at();
  await page.waitForTimeout(600);
  assert.equal(await at(), stood);
  // By keyboard: a second on; and to the end, where it plays from the beginning again.
  await page.locator(".player-at input").focus();
  await page.keyboard.press("ArrowRight");
  assert.ok((await at()) > stood);
  await page.keyboard.press("End");
  assert.equal(await at(), 8);
  await page.keyboard.press("Home");
  assert.equal(await at(), 0);
  await page.close();
});
