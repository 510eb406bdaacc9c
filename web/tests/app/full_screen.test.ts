/** A call in full screen: the whole page is, so that whatever opens beside the room is seen. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type FullScreenPage,
  leaveFullScreen,
  toggleFullScreen,
} from "../../app/ui/full_screen.ts";

const APP = join(import.meta.dirname, "../../app");

/** A page whose browser says yes to everything, or to nothing. */
class Page implements FullScreenPage {
  fullscreenElement: Element | null = null;
  readonly documentElement: HTMLElement;

  constructor(refuses = false) {
    const element = {
      requestFullscreen: async () => {
        if (refuses) throw new TypeError("refused");
        this.fullscreenElement = element as unknown as HTMLElement;
      },
    };
    this.documentElement = element as unknown as HTMLElement;
  }

  async exitFullscreen(): Promise<void> {
    if (this.fullscreenElement === null) throw new TypeError("not in full screen");
    this.fullscreenElement = null;
  }
}

test("the whole page goes into full screen, and out of it", async () => {
  const page = new Page();
  await toggleFullScreen(page);
  expect(page.fullscreenElement).toBe(page.documentElement);
  await toggleFullScreen(page);
  expect(page.fullscreenElement).toBeNull();
});

test("a browser that refuses changes nothing, and nothing breaks", async () => {
  const page = new Page(true);
  await toggleFullScreen(page);
  expect(page.fullscreenElement).toBeNull();
});

test("the end of a call ends it; but not what somebody put there besides", async () => {
  const page = new Page();
  await leaveFullScreen(page);
  expect(page.fullscreenElement).toBeNull();
  await toggleFullScreen(page);
  await leaveFullScreen(page);
  expect(page.fullscreenElement).toBeNull();
  const film = {} as Element;
  page.fullscreenElement = film;
  await leaveFullScreen(page);
  expect(page.fullscreenElement).toBe(film);
});

test("nothing in the product puts one element alone there", () => {
  const asks = /requestFullscreen/;
  const who = readdirSync(APP, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .filter((name) => asks.test(readFileSync(join(APP, name), "utf8")));
  expect(who).toEqual([join("ui", "full_screen.ts")]);
});
