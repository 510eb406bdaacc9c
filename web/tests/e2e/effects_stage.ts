/**
 * What the tests of blur and noise filter stand on: a camera that sees the drawn person before a
 * chequered wall, a look at what a page shows of it, and the browser's own record of all requests.
 */

import { readFileSync, writeFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { drawPerson } from "../media/drawn_person.ts";

const [WIDTH, HEIGHT] = [640, 360];
const FRAMES = 4;

/** Differences of brightness: of squares on the wall, and of an eye and what is around it. */
export type Look = Readonly<{ wall: number; face: number }>;

/** Write the drawn person as a film that Chromium takes for a camera. */
export function writeCamera(path: string): void {
  const rgba = drawPerson(WIDTH, HEIGHT);
  const luma = new Uint8Array(WIDTH * HEIGHT);
  const chroma = [new Uint8Array(luma.length / 4), new Uint8Array(luma.length / 4)] as const;
  for (let at = 0; at < luma.length; at++) {
    const [r = 0, g = 0, b = 0] = rgba.subarray(at * 4, at * 4 + 3);
    // ITU-R BT.601, studio swing.
    luma[at] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    if (x % 2 !== 0 || y % 2 !== 0) continue;
    const half = (y / 2) * (WIDTH / 2) + x / 2;
    chroma[0][half] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
    chroma[1][half] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
  }
  const frame = [Buffer.from("FRAME\n"), luma, ...chroma];
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F15:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(path, Buffer.concat([head, ...Array.from({ length: FRAMES }, () => frame).flat()]));
}

/** Look at what a `<video>` shows; undefined while it shows nothing. */
export function look(page: Page, selector: string): Promise<Look | undefined> {
  return page.evaluate((wanted) => {
    const video = document.querySelector<HTMLVideoElement>(wanted);
    if (video === null || video.readyState < 2) return undefined;
    const { videoWidth: width, videoHeight: height } = video;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    if (context === null) return undefined;
    context.drawImage(video, 0, 0);
    const contrast = (x: number, y: number, w: number, h: number) => {
      const [left, top] = [Math.floor(x * width), Math.floor(y * height)];
      const [columns, rows] = [Math.floor(w * width), Math.floor(h * height)];
      const { data } = context.getImageData(left, top, columns, rows);
      const reds = Array.from({ length: columns * rows }, (_, i) => data[i * 4] ?? 0);
      return Math.max(...reds) - Math.min(...reds);
    };
    return { wall: contrast(0.03, 0.05, 0.2, 0.4), face: contrast(0.5, 0.36, 0.07, 0.06) };
  }, selector);
}

/**
 * Every address that pages of an origin asked for, workers included: the browser's own record
 * (`--log-net-log`, one event a line). What the browser asks for itself has no page's origin.
 */
export function requestsIn(record: string, origin: string): readonly string[] {
  const found = readFileSync(record, "utf8")
    .split("\n")
    .filter((line) => line.includes(`"initiator":"${origin}"`))
    .map((line) => /"url":"([^"]*)"/.exec(line)?.[1] ?? "");
  return [...new Set(found)];
}
