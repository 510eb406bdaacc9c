/** A camera of 320x240 at 15 pictures a second: small enough for several of them on two cores. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stage } from "./stage.ts";

const [WIDTH, HEIGHT, RATE, PICTURES] = [320, 240, 15, 30];

/** Have every Chromium of a stage see a bar that wanders. Before its first page. */
export function useSmallCamera(stage: Stage): void {
  const chunks = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${RATE}:1 Ip A1:1 C420\n`)];
  for (let n = 0; n < PICTURES; n++) {
    const luma = Buffer.alloc(WIDTH * HEIGHT, 60);
    for (let y = 40; y < 200; y++) luma.fill(200, y * WIDTH + n * 8, y * WIDTH + n * 8 + 60);
    chunks.push(Buffer.from("FRAME\n"), luma, Buffer.alloc((WIDTH * HEIGHT) / 2, 128));
  }
  const path = join(stage.folder, "camera.y4m");
  writeFileSync(path, Buffer.concat(chunks));
  stage.chromiumFlags.push(`--use-file-for-fake-video-capture=${path}`);
}

/** The same of a Firefox, which draws its own. */
export const SMALL_FIREFOX = {
  name: "firefox",
  kind: "firefox",
  prefs: {
    "media.navigator.video.default_width": WIDTH,
    "media.navigator.video.default_height": HEIGHT,
    "media.navigator.video.default_fps": RATE,
  },
} as const;
