/**
 * The privacy pages as people see them: on a phone and a desktop, light and dark, in three languages,
 * printed, without a script, and from a browser that opts out of sale and sharing. axe-core finds
 * nothing, and nothing is wider than its window.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Page } from "puppeteer-core";
import { violationsOn } from "../axe.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

const LANGUAGES = ["en", "de", "es"];
const PARTS = ["", "/details", "/recipients", "/record"];
const SIZES = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1180 },
  desktop: { width: 1280, height: 800 },
};
/** All push services that the operator's page names: as long as the list gets. */
const PUSH = ["fcm.googleapis.com", "updates.push.services.mozilla.com", "*.push.apple.com"];

const stage = new Stage({
  more: {
    operator: "Verein der Freundinnen und Freunde des Fernsprechens e. V.",
    contact: "mailto:datenschutz@example.org",
    push_services: PUSH,
  },
});
before(() => stage.startServer());
after(() => stage.close());

async function open(page: Page, path: string): Promise<void> {
  const answer = await page.goto(`${stage.origin}${path}`);
  assert.equal(answer?.status(), 200, path);
}

/** What the policy refused, or the page complained about. */
function troublesOf(page: Page): string[] {
  const troubles: string[] = [];
  page.on("console", (message) => {
    // The icon comes with the built pages, which need not be there.
    if (message.type() === "error" && !message.location().url?.endsWith("/icon.svg")) {
      troubles.push(message.text());
    }
  });
  page.on("pageerror", (error) => troubles.push(String(error)));
  return troubles;
}

story(stage, "every page is clean and fits, light and dark, on three sizes", async () => {
  const page = await stage.blank("chromium");
  const troubles = troublesOf(page);
  for (const language of LANGUAGES) {
    for (const part of PARTS) {
      const path = `/privacy/${language}${part}`;
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewport(viewport);
        for (const value of ["light", "dark"]) {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
          await open(page, path);
          const where = `${path}, ${size}, ${value}`;
          const wide = await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement;
            return scrollWidth > clientWidth;
          });
          assert.ok(!wide, `${where}: scrolls sideways`);
          assert.deepEqual(await violationsOn(page), [], where);
        }
      }
    }
  }
  assert.deepEqual(troubles, []);
});

/** Pages that a document takes on paper. */
async function printed(page: Page, path: string): Promise<number> {
  await open(page, path);
  const pdf = Buffer.from(await page.pdf({ format: "A4", preferCSSPageSize: true }));
  return pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
}

story(stage, "each short page prints on one page", async () => {
  const page = await stage.blank("chromium");
  for (const language of LANGUAGES) {
    assert.equal(await printed(page, `/privacy/${language}`), 1, language);
  }
  // The control: a long one is counted as such.
  assert.ok((await printed(page, "/privacy/en/details")) > 2);
});

story(stage, "without a script all of it is there, and links lead on", async () => {
  const page = await stage.blank("chromium");
  await page.setJavaScriptEnabled(false);
  await open(page, "/privacy");
  const answer = page.waitForNavigation();
  await page.click("a[hreflang=de]");
  await answer;
  assert.equal(new URL(page.url()).pathname, "/privacy/de");
  const text = await page.$eval("main", (main) => main.textContent);
  assert.match(text ?? "", /Was bleibt, warum und wie lange/);
  assert.match(text ?? "", /datenschutz@example\.org/);
});

story(stage, "the notice is there before anything is given, in a tab of its own", async () => {
  const page = await stage.blank("chromium");
  await page.goto(stage.signupLink());
  const link = await page.waitForSelector("a[href='/privacy/en']");
  await page.type("input[autocomplete=username]", "anna");
  const opened = new Promise<Page | null>((resolve) => page.once("popup", resolve));
  await link?.click();
  const notice = await opened;
  await notice?.waitForSelector("h1");
  assert.equal(await notice?.$eval("html", (html) => html.lang), "en");
  assert.match((await notice?.$eval("main", (main) => main.textContent)) ?? "", /Your rights/);
  const typed = await page.$eval("input[autocomplete=username]", (input) => input.value);
  assert.equal(typed, "anna", "nothing that was typed is lost");
});

story(stage, "who opts out is told that it counts", async () => {
  const page = await stage.blank("firefox");
  const badge = () => page.$eval("#gpc", (one) => one.textContent);
  await open(page, "/privacy/en");
  assert.equal(await badge(), "Nothing is sold or shared; there is nothing to opt out of.");
  await page.setExtraHTTPHeaders({ "Sec-GPC": "1" });
  await open(page, "/privacy/en");
  assert.equal(await badge(), "Opt-out request honoured: nothing is sold or shared.");
  const cookies = await page.evaluate(() => document.cookie);
  assert.equal(cookies, "");
});
