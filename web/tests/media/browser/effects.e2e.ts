/** Background blur and noise suppression in Chromium, under the product's own headers. */

import assert from "node:assert/strict";
import { EffectsPage, type Withheld } from "./effects_bench.ts";
import { elapsed, until } from "./harness.ts";
import type { Tests } from "./tests.ts";

type Figures = Record<string, unknown>;

/** Files that must not come before an effect is wanted. */
const LARGE = /tflite|rnnoise|blur_worker|noise_worklet/;

/** A wall is sharp above one and blurred below the other; likewise an eye. */
const SHARP = 100;
const BLURRED = 35;

/** A test on a page of its own, after which it must have asked nobody else and broken no policy. */
function onPage(test: (page: EffectsPage) => Promise<Figures>, withheld?: () => Withheld) {
  return async (): Promise<Figures> => {
    const page = await EffectsPage.open(withheld?.());
    try {
      assert.deepEqual(
        page.asked.filter((path) => LARGE.test(path)),
        [],
      );
      const figures = await test(page);
      assert.deepEqual(page.strange, []);
      assert.deepEqual(await page.do("violations"), []);
      // Chromium writes a line for what we made the server leave out.
      assert.deepEqual(
        page.complaints.filter((line) => !line.includes("404")),
        [],
      );
      return figures;
    } finally {
      await page.close();
    }
  };
}

/** The person is clear and the wall is not, whichever way the pictures go. */
function blurs(byCanvas: boolean) {
  let release = () => {};
  const held = () => {
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    return { name: ".tflite", until };
  };
  return onPage(async (page) => {
    assert.equal((await page.do("support")).blur, "own");
    await page.do("drawnCamera");
    const bare = await page.do("look", true);
    assert.ok(bare.wall > SHARP && bare.face > SHARP, `control: ${JSON.stringify(bare)}`);
    assert.equal(await page.do("blur", byCanvas), "own");
    await until("pictures", async () => ((await page.do("figures"))?.pictures ?? 0) > 5);
    const whole = await page.do("look", false);
    assert.ok(whole.wall < BLURRED && whole.face < BLURRED, `no mask: ${JSON.stringify(whole)}`);
    assert.equal((await page.do("figures"))?.masked, 0);
    release();
    await until("a mask", async () => (await page.do("events")).includes("clear"));
    const began = Date.now();
    const clear = await page.do("look", false);
    assert.ok(clear.wall < BLURRED && clear.face > SHARP, `masked: ${JSON.stringify(clear)}`);
    assert.deepEqual([clear.width, clear.height], [bare.width, bare.height]);
    assert.deepEqual(await page.do("troubles"), []);
    const bytes = page.bytesOf("tflite") + page.bytesOf("blur_worker");
    return { bare, whole, clear, bytes, lookMs: Date.now() - began };
  }, held);
}

/** How fast it is, with the browser's fake camera. */
function measured(width: number, height: number, byCanvas: boolean) {
  return onPage(async (page) => {
    await page.do("realCamera", width, height);
    const without = await page.do("pictures", true, 3);
    await page.do("blur", byCanvas);
    await until("a mask", async () => (await page.do("events")).includes("clear"));
    await elapsed(1500);
    const perSecond = await page.do("pictures", false, 5);
    const figures = await page.do("figures");
    assert.ok(perSecond > 1, `${perSecond} pictures in a second`);
    assert.ok((figures?.masked ?? 0) > 5);
    assert.equal(figures?.dropped, 0);
    return { without, perSecond, ...figures };
  });
}

function ends(byCanvas: boolean) {
  return onPage(async (page) => {
    await page.do("drawnCamera");
    await page.do("blur", byCanvas);
    await until("pictures", async () => ((await page.do("figures"))?.pictures ?? 0) > 2);
    await page.do("stopBlur");
    assert.equal(await page.do("isBlurredOpen"), false);
    assert.equal(await page.do("isCameraOpen"), true);
    await page.do("stopBlur");
    // And once more on the same camera.
    await page.do("blur", false);
    await until("pictures", async () => ((await page.do("figures"))?.pictures ?? 0) > 2);
    return {};
  });
}

function endsWithCamera(byCanvas: boolean) {
  return onPage(async (page) => {
    await page.do("realCamera", 320, 240);
    await page.do("blur", byCanvas);
    await until("pictures", async () => ((await page.do("figures"))?.pictures ?? 0) > 2);
    await page.do("closeCamera");
    await until("the end", async () => (await page.do("events")).includes("ended"));
    return {};
  });
}

export const tests: Tests = {
  "effects: a page that asks a stranger would be noticed": async () => {
    const page = await EffectsPage.open();
    try {
      await page.do("misbehave");
      assert.match(String(await page.do("violations")), /connect-src https:\/\/elsewhere.test/);
      assert.ok(page.complaints.length > 0);
      return { strange: page.strange.length };
    } finally {
      await page.close();
    }
  },

  "blur: the wall is blurred and the person is not; before the mask both are": blurs(false),
  "blur, without streams: the same through a canvas": blurs(true),

  "blur: without its files everything stays blurred, and the page is told": onPage(
    async (page) => {
      await page.do("drawnCamera");
      await page.do("blur", false);
      await until("trouble", async () => (await page.do("troubles")).includes("whole"));
      const look = await page.do("look", false);
      assert.ok(look.wall < BLURRED && look.face < BLURRED, JSON.stringify(look));
      assert.deepEqual(await page.do("events"), []);
      return { look };
    },
    () => ({ name: ".wasm", missing: true }),
  ),

  "blur: without its worker no picture comes, and the page is told": onPage(
    async (page) => {
      await page.do("drawnCamera");
      await page.do("blur", false);
      await until("trouble", async () => (await page.do("troubles")).includes("no_picture"));
      return {};
    },
    () => ({ name: "blur_worker", missing: true }),
  ),

  "blur: its track ends with the camera's": endsWithCamera(false),
  "blur, without streams: its track ends with the camera's": endsWithCamera(true),

  "blur: stop frees it and leaves the camera open": ends(false),
  "blur, without streams: stop frees it and leaves the camera open": ends(true),

  "blur: speed at 640 x 480": measured(640, 480, false),
  "blur: speed at 1280 x 720": measured(1280, 720, false),
  "blur, without streams: speed at 640 x 480": measured(640, 480, true),

  "noise: it falls, the switch works in a running call": onPage(async (page) => {
    await page.do("drawnMicrophone", "noise", 0.1);
    const bare = await page.do("loudness", true);
    assert.equal(await page.do("suppress"), "own");
    const on = await page.do("loudness", false);
    assert.equal(await page.do("setNoise", false), true);
    const off = await page.do("loudness", false);
    assert.equal(await page.do("setNoise", true), true);
    const again = await page.do("loudness", false);
    assert.ok(Math.abs(bare - off) < 1, `control: ${bare} bare, ${off} switched off`);
    assert.ok(on < bare - 20 && again < bare - 20, `${bare} bare, ${on} and ${again} filtered`);
    await page.do("stopNoise");
    assert.equal(await page.do("isQuietOpen"), false);
    assert.deepEqual(await page.do("troubles"), []);
    const bytes = page.bytesOf("rnnoise") + page.bytesOf("noise_worklet");
    return { bare, on, off, again, bytes };
  }),

  "noise: a voice stays": onPage(async (page) => {
    await page.do("drawnMicrophone", "voice", 0.3);
    const bare = await page.do("loudness", true);
    await page.do("suppress");
    const on = await page.do("loudness", false);
    assert.ok(Math.abs(bare - on) < 2, `${bare} bare, ${on} filtered`);
    return { bare, on };
  }),

  "noise: without its file the browser filters, and sound goes on": onPage(
    async (page) => {
      await page.do("realMicrophone");
      assert.equal(await page.do("suppress"), "browser");
      // Chromium changes nothing on a microphone that is open; what counts is that it says so.
      const isOff = await page.do("setNoise", false);
      assert.equal(isOff, (await page.do("microphoneSettings")) === false);
      assert.equal(await page.do("setNoise", true), true);
      const heard = await page.do("loudness", false);
      assert.ok(heard > -60, `${heard}`);
      return { heard, isOff };
    },
    () => ({ name: "rnnoise", missing: true }),
  ),
};
